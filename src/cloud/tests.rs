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

/// Truth cloud of a sequence in its world: the rendered ones bring it; of the others every
/// fifth depth pixel of all maps.
fn truth(name: &str, sequence: &Sequence) -> Vec<[f32; 3]> {
    let path = folder(name).expect("loaded before").join("cloud.ply");
    if path.exists() {
        return positions(&ply::read(&path, &Reporter::default()).expect("truth").cloud);
    }
    let maps = sequence.depths.maps.iter();
    maps.flat_map(|map| {
        (0..map.depth.len()).step_by(5).filter(|&i| map.depth[i] > 0.0).map(move |i| {
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

#[test]
fn exact_depth_gives_points_on_the_surface() {
    let sequence = boxes::film(60, 0.0, 0.0, 1);
    let cloud = fused(&sequence, &Options::default());
    assert!(cloud.len() > 60_000, "{}", cloud.len());
    let far = cloud.points.iter().filter(|p| boxes::distance_to_surface(p.position) > 0.012).count();
    assert!(far * 200 < cloud.len(), "{far} of {} points off the surface (edges aside)", cloud.len());
    let middle = [2.3, 1.7, 1.25];
    let floor: Vec<_> = cloud.points.iter().filter(|p| p.position[2] < 0.01).collect();
    assert!(floor.iter().filter(|p| p.normal[2] > 0.95).count() * 100 > 95 * floor.len());
    let walls = cloud.points.iter().filter(|p| p.position[0] < 0.01 && p.position[2] > 1.0);
    assert!(walls.clone().count() > 1000);
    assert!(walls.clone().filter(|p| p.normal[0] * (middle[0] - p.position[0]) > 0.9).count() > 1000);
}

#[test]
fn noise_and_wild_pixels_give_bounded_errors() {
    for (noise, wild, bound) in [(0.01, 0.0, 0.03), (0.02, 0.0, 0.10), (0.01, 0.1, 0.04)] {
        let cloud = fused(&boxes::film(60, noise, wild, 2), &Options::default());
        let mut errors: Vec<f64> =
            cloud.points.iter().map(|p| boxes::distance_to_surface(p.position)).collect();
        errors.sort_by(f64::total_cmp);
        let [median, p95] = [errors[errors.len() / 2], errors[errors.len() * 95 / 100]];
        println!("noise {noise} wild {wild}: {} points, median {median:.4}, p95 {p95:.4}", cloud.len());
        assert!(p95 < bound, "noise {noise}, wild {wild}: 95 % within {p95}");
        assert!(cloud.len() > 40_000);
    }
}

#[test]
fn the_memory_budget_and_the_threads_change_nothing() {
    let sequence = boxes::film(16, 0.01, 0.02, 3);
    let bytes = |options: &Options| {
        let mut bytes = Vec::new();
        ply::write_to(&mut bytes, &fused(&sequence, options)).expect("memory");
        bytes
    };
    let whole = bytes(&Options::default());
    assert!(whole == bytes(&Options { memory_mib: 2, ..Options::default() }), "runs of some hundred blocks");
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("pool");
    assert!(whole == one_thread.install(|| bytes(&Options::default())), "one thread");
}

#[test]
fn a_similarity_of_the_world_moves_the_cloud_with_it() {
    let sequence = boxes::film(40, 0.0, 0.0, 4);
    let rotation = crate::math::Rotation::from_euler_angles(0.4, -1.1, 2.0);
    let other = crate::math::Sim3::from_parts([3.0, -2.0, 7.0].into(), rotation, 0.3);
    let cloud = fused(&sequence.moved(&other), &Options::default());
    let back = cloud.to_scene(&other.inverse());
    let far = back.points.iter().filter(|p| boxes::distance_to_surface(p.position) > 0.015).count();
    assert!(cloud.len() > 40_000 && far * 100 < cloud.len(), "{far} of {}", cloud.len());
}

#[test]
fn bad_maps_are_errors_or_warnings() {
    let reporter = Reporter::default();
    let options = Options::default();
    let mut sequence = boxes::film(8, 0.0, 0.0, 5);
    let run = |sequence: &Sequence, reporter: &Reporter| {
        fuse(&sequence.trajectory, &sequence.depths, &options, reporter)
    };
    sequence.depths.maps[2].world_from_camera.translation.vector.x = f64::NAN;
    sequence.depths.maps[3].depth.fill(f32::NAN);
    sequence.depths.maps[4].depth.fill(1e30);
    assert!(run(&sequence, &reporter).is_ok());
    assert_eq!(reporter.warnings()[0].code, "view-not-usable");
    sequence.depths.maps[1].depth.pop();
    assert!(matches!(run(&sequence, &reporter), Err(Error::MapSize { frame_idx: 1, .. })));
    sequence.depths.maps.clear();
    assert!(matches!(run(&sequence, &reporter), Err(Error::NoDepth { maps: 0, .. })));
    let mut sequence = boxes::film(2, 0.0, 0.0, 5);
    for map in &mut sequence.depths.maps {
        map.confidence.fill(0);
    }
    assert!(matches!(run(&sequence, &reporter), Err(Error::NoDepth { maps: 2, .. })));
    let bad = Options { voxel_m: f64::NAN, ..Options::default() };
    let sequence = boxes::film(2, 0.0, 0.0, 5);
    let error = fuse(&sequence.trajectory, &sequence.depths, &bad, &reporter).expect_err("bad option");
    assert!(matches!(error, Error::Option { name: "voxel_m", .. }));
}
