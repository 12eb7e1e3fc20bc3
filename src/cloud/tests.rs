//! Tests of the whole stage: on rendered rooms with exact depth, and on the measured sequences.

use super::measured::{SEQUENCES, Sequence, f_score, folder, load};
use super::*;
use crate::report::Reporter;
use std::path::Path;

fn fused(sequence: &Sequence, options: &Options) -> Cloud<World> {
    fuse(&sequence.trajectory, &sequence.depths, options, &Reporter::default()).expect("surface")
}

fn positions<F: Frame>(cloud: &Cloud<F>) -> Vec<[f32; 3]> {
    cloud.points.iter().map(|point| point.position).collect()
}

/// Truth cloud of a sequence in its world: the rendered ones bring it; of the others all depth
/// pixels of every fourth map.
fn truth(name: &str, sequence: &Sequence) -> Vec<[f32; 3]> {
    let path = folder(name).expect("loaded before").join("cloud.ply");
    if path.exists() {
        return positions(&ply::read(&path, &Reporter::default()).expect("truth").cloud);
    }
    let maps = sequence.depths.maps.iter().step_by(4);
    maps.flat_map(|map| {
        (0..map.depth.len()).step_by(3).filter(|&i| map.depth[i] > 0.0).map(move |i| {
            let width = map.camera.width as usize;
            let pixel = crate::math::Point2::new((i % width) as f64, (i / width) as f64);
            let point = map.world_from_camera * map.camera.unproject(pixel, f64::from(map.depth[i]));
            [point.x as f32, point.y as f32, point.z as f32]
        })
    })
    .collect()
}

#[test]
fn given_depth_gives_the_true_cloud() {
    for name in SEQUENCES {
        let Some(sequence) = load(name) else { continue };
        let start = std::time::Instant::now();
        let cloud = fused(&sequence, &Options::default());
        let seconds = start.elapsed().as_secs_f64();
        let [precision, recall, f] = f_score(&positions(&cloud), &truth(name, &sequence), 0.05);
        println!(
            "{name}: {} maps, {} points, {seconds:.2} s, precision {precision:.4} recall {recall:.4} F {f:.4}",
            sequence.depths.maps.len(),
            cloud.len()
        );
        let out = std::env::var("ROOMWRIGHT_TEST_OUT");
        if let Ok(out) = &out {
            ply::write(&Path::new(out).join(format!("{name}.ply")), &cloud).expect("written");
        }
        assert!(f >= 0.95, "{name}: F {f}");
    }
}
