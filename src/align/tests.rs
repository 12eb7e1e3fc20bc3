//! Tests of the whole stage on the measured sequences, moved into random worlds.

use super::*;
use crate::cloud::measured::{SEQUENCES, Sequence, load};
use crate::cloud::{self, Cloud, World};
use crate::math::{Rotation, Sim3, Vec3};
use crate::report::Reporter;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random_world(rng: &mut ChaCha8Rng) -> Sim3 {
    let mut normal = || rng.random_range(-1.0..1.0f64);
    let axis = Vec3::new(normal(), normal(), normal());
    let shift = Vec3::new(normal(), normal(), normal()) * 5.0;
    let rotation = Rotation::from_scaled_axis(axis.normalize() * normal() * 3.1);
    Sim3::from_parts(shift.into(), rotation, (normal() * 1.2).exp())
}

fn fused(sequence: &Sequence) -> Cloud<World> {
    cloud::fuse(&sequence.trajectory, &sequence.depths, &cloud::Options::default(), &Reporter::default())
        .expect("surface")
}

/// Errors against the true similarity: gravity (degrees), log scale, floor (metres, at the origin of
/// the estimated scene, in true metres).
fn errors(alignment: &Alignment, truth: &Sim3) -> (f64, f64, f64) {
    let up = alignment.scene_from_world.isometry.rotation.inverse() * Vec3::z();
    let true_up = truth.isometry.rotation.inverse() * Vec3::z();
    let log_scale = (alignment.scene_from_world.scaling() / truth.scaling()).ln();
    let origin = alignment.scene_from_world.inverse() * crate::math::Point3::origin();
    (up.angle(&true_up).to_degrees(), log_scale, (truth * origin).z)
}

/// The cloud moved by a similarity.
fn moved_cloud(cloud: &Cloud<World>, other_from_world: &Sim3) -> Cloud<World> {
    Cloud::new(cloud.to_scene(other_from_world).points)
}

fn print(name: &str, alignment: &Alignment, truth: &Sim3, reporter: &Reporter) {
    let (gravity, log_scale, floor) = errors(alignment, truth);
    println!(
        "{name}: gravity {gravity:.2} deg (sigma {:.2}), log scale {log_scale:+.3} (sigma {:.3}, {:?}), floor \
         {floor:+.3} m, manhattan {:.2}, ceiling {:?}, {:?}",
        alignment.gravity_sigma_rad.to_degrees(),
        alignment.scale_log_sigma,
        alignment.scale_source,
        alignment.manhattan_share,
        alignment.ceiling_height_m,
        alignment.gravity_sources,
    );
    for cue in &alignment.scale_cues {
        println!("    {} {:.3} of truth, sigma {:.3}", cue.name, cue.value / truth.scaling(), cue.log_sigma);
    }
    for warning in reporter.warnings() {
        println!("    warning {}: {}", warning.code, warning.message);
    }
}

#[test]
fn bare_clouds_in_random_worlds_are_set_upright() {
    let mut rng = ChaCha8Rng::seed_from_u64(77);
    for name in SEQUENCES {
        let Some(folder) = crate::cloud::measured::folder(name) else { continue };
        let mut clouds = Vec::new();
        for file in ["cloud.ply", "cloud_noisy.ply"] {
            if folder.join(file).exists() {
                let read = cloud::ply::read(&folder.join(file), &Reporter::default()).expect("cloud");
                clouds.push((file, read.cloud, Sim3::identity()));
            }
        }
        let sequence = load(name).expect("there");
        clouds.push(("fused", fused(&sequence), sequence.scene_from_world));
        for (file, cloud, scene_from_world) in &clouds {
            for _ in 0..3 {
                let other_from_world = random_world(&mut rng);
                let moved = moved_cloud(cloud, &other_from_world);
                let reporter = Reporter::default();
                let start = std::time::Instant::now();
                let (alignment, _) =
                    align(&moved, None, &Hints::default(), &Options::default(), &reporter).expect("aligned");
                print(
                    &format!("{name}/{file}"),
                    &alignment,
                    &(scene_from_world * other_from_world.inverse()),
                    &reporter,
                );
            }
        }
    }
}

#[test]
fn sequences_in_random_worlds_are_set_upright() {
    for (index, name) in SEQUENCES.into_iter().enumerate() {
        let Some(sequence) = load(name) else { continue };
        let mut rng = ChaCha8Rng::seed_from_u64(20 + index as u64);
        for _ in 0..3 {
            let moved = sequence.moved(&random_world(&mut rng));
            let cloud = fused(&moved);
            let reporter = Reporter::default();
            let (alignment, _) =
                align(&cloud, Some(&moved.trajectory), &Hints::default(), &Options::default(), &reporter)
                    .expect("aligned");
            print(name, &alignment, &moved.scene_from_world, &reporter);
        }
    }
}
