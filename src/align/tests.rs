//! Tests of the whole stage on the measured sequences, moved into random worlds.

use super::*;
use crate::cloud::boxes;
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
    for name in ["rendered_flat", "rendered_kitchen"] {
        let Some(folder) = crate::cloud::measured::folder(name) else { continue };
        for file in ["cloud.ply", "cloud_noisy.ply"] {
            let cloud = cloud::ply::read(&folder.join(file), &Reporter::default()).expect("cloud").cloud;
            let other_from_world = random_world(&mut rng);
            let moved = moved_cloud(&cloud, &other_from_world);
            let reporter = Reporter::default();
            let start = std::time::Instant::now();
            let (alignment, scene) =
                align(&moved, None, &Hints::default(), None, &Options::default(), &reporter)
                    .expect("aligned");
            println!("{} points, {:.2} s", moved.len(), start.elapsed().as_secs_f64());
            let truth = other_from_world.inverse();
            print(&format!("{name}/{file}"), &alignment, &truth, &reporter);
            let (gravity, log_scale, floor) = errors(&alignment, &truth);
            assert!(gravity < 1.0 && floor.abs() < 0.02, "{name}/{file}: {gravity} {floor}");
            assert!(log_scale.abs() < 2.0 * alignment.scale_log_sigma);
            assert!(alignment.manhattan_share > 0.5);
            let with_normal = scene.points.iter().filter(|point| point.normal != [0.0; 3]).count();
            assert!(with_normal * 10 > 9 * scene.len());
        }
    }
}

#[test]
fn sequences_in_random_worlds_are_set_upright() {
    for (index, name) in SEQUENCES.into_iter().enumerate() {
        let Some(sequence) = load(name) else { continue };
        let mut rng = ChaCha8Rng::seed_from_u64(20 + index as u64);
        let moved = sequence.moved(&random_world(&mut rng));
        let (alignment, _, _) = run(&moved, &Hints::default());
        let (gravity, log_scale, floor) = errors(&alignment, &moved.scene_from_world);
        assert!(gravity < if name.starts_with("rendered") { 1.0 } else { 1.5 }, "{name}: {gravity}");
        assert!(gravity.to_radians() < 2.0 * alignment.gravity_sigma_rad);
        assert!(floor.abs() < 0.02, "{name}: {floor}");
        assert!(log_scale.abs() < 2.0 * alignment.scale_log_sigma, "{name}: {log_scale}");
        // icl_living_room is rendered from 0.9 m height: nothing seen tells that from 1.45 m.
        assert!(log_scale.abs() < 0.10 || name == "icl_living_room", "{name}: {log_scale}");
    }
}

/// Aligns without hints; prints what was found.
fn run(sequence: &Sequence, hints: &Hints) -> (Alignment, Cloud<crate::cloud::SceneFrame>, Reporter) {
    let reporter = Reporter::default();
    let cloud = fused(sequence);
    let (alignment, scene) = align(
        &cloud,
        Some(Views { trajectory: &sequence.trajectory, edges: &[] }),
        hints,
        None,
        &Options::default(),
        &reporter,
    )
    .expect("aligned");
    print("boxes", &alignment, &sequence.scene_from_world, &reporter);
    (alignment, scene, reporter)
}

#[test]
fn a_room_of_boxes_is_aligned_whatever_its_world() {
    let exact = boxes::film(60, 0.0, 0.0, 11);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..2 {
        let moved = exact.moved(&random_world(&mut rng));
        let (alignment, scene, _) = run(&moved, &Hints::default());
        let (gravity, log_scale, floor) = errors(&alignment, &moved.scene_from_world);
        assert!(gravity < 0.3 && floor.abs() < 0.01, "gravity {gravity} floor {floor}");
        assert!(log_scale.abs() < 0.1 && log_scale.abs() < 2.0 * alignment.scale_log_sigma);
        assert!(alignment.manhattan_share > 0.9);
        // Long side along x, floor at zero, plan centred.
        let extent = |axis: usize| {
            let mut values: Vec<f32> = scene.points.iter().map(|point| point.position[axis]).collect();
            values.sort_by(f32::total_cmp);
            [values[values.len() / 100], values[values.len() * 99 / 100]]
        };
        let scale = f64::from(log_scale as f32).exp() as f32;
        let ([x0, x1], [y0, y1]) = (extent(0), extent(1));
        assert!((x1 - x0 - 4.6 * scale).abs() < 0.05 && (y1 - y0 - 3.4 * scale).abs() < 0.05);
        assert!((x0 + x1).abs() < 0.05 && (y0 + y1).abs() < 0.05);
    }
}

#[test]
fn rigid_motions_of_the_input_change_nothing() {
    let exact = boxes::film(60, 0.01, 0.0, 12);
    let (_, reference, _) = run(&exact, &Hints { metric: true, ..Hints::default() });
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut world = random_world(&mut rng);
    world.set_scaling(1.0);
    let (_, scene, _) = run(&exact.moved(&world), &Hints { metric: true, ..Hints::default() });
    let positions = |cloud: &Cloud<crate::cloud::SceneFrame>| -> Vec<[f32; 3]> {
        cloud.points.iter().map(|point| point.position).collect()
    };
    let [precision, recall, _] =
        crate::cloud::measured::f_score(&positions(&scene), &positions(&reference), 0.03);
    assert!(precision > 0.98 && recall > 0.98, "{precision} {recall}");
}

#[test]
fn noise_gives_bounded_errors_and_honest_sigmas() {
    for (noise, seed, floor_bound) in [(0.01, 21, 0.01), (0.03, 22, 0.02), (0.05, 23, 0.06)] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let moved = boxes::film(60, noise, 0.02, seed).moved(&random_world(&mut rng));
        let (alignment, _, _) = run(&moved, &Hints::default());
        let (gravity, log_scale, floor) = errors(&alignment, &moved.scene_from_world);
        // At 5 % noise (10 cm, more than the truncation) the mean of truncated distances is biased.
        assert!(gravity < 1.0 && floor.abs() < floor_bound, "noise {noise}: gravity {gravity} floor {floor}");
        assert!(gravity < 3.0 * alignment.gravity_sigma_rad.to_degrees());
        assert!(log_scale.abs() < 2.0 * alignment.scale_log_sigma, "noise {noise}: {log_scale}");
    }
}

#[test]
fn hints_set_the_scale() {
    let exact = boxes::film(60, 0.0, 0.0, 13);
    let moved = exact.moved(&random_world(&mut ChaCha8Rng::seed_from_u64(9)));
    let known =
        |metres: f64, what: &str| Hints { known_length: Some((metres, what.to_owned())), ..Hints::default() };
    let ceiling = Hints { ceiling_height_m: Some(2.5), ..Hints::default() };
    for (hints, source) in [
        (ceiling, ScaleSource::CeilingHeight),
        (known(4.6, "room"), ScaleSource::KnownLength),
        (known(1.5, "camera"), ScaleSource::KnownLength),
    ] {
        let (alignment, _, _) = run(&moved, &hints);
        let (_, log_scale, _) = errors(&alignment, &moved.scene_from_world);
        assert_eq!(alignment.scale_source, source);
        assert!(log_scale.abs() < 0.02, "{hints:?}: {log_scale}");
        assert!(log_scale.abs() < 2.0 * alignment.scale_log_sigma);
    }
    let (alignment, _, reporter) = run(&moved, &known(2.0, "door"));
    assert_eq!(alignment.scale_source, ScaleSource::Fused);
    assert!(reporter.warnings().iter().any(|warning| warning.code == "hint-not-used"));
    let wrong = known(2.0, "banana");
    let cloud = fused(&moved);
    let result = align(&cloud, None, &wrong, None, &Options::default(), &Reporter::default());
    assert!(matches!(result, Err(Error::KnownLength { .. })));
}

/// Knows the true scale but sees no further than it was trained for.
struct Knows {
    world_units_per_metre: f64,
    says: fn(f64) -> LogScale,
    of_doors: bool,
}

impl ScaleJudge for Knows {
    fn judge(&self, _: &Cloud<cloud::SceneFrame>, scene_from_world: &Sim3) -> Judgement {
        let says = Some((self.says)((scene_from_world.scaling() * self.world_units_per_metre).ln()));
        if self.of_doors {
            Judgement { doors: says, ..Judgement::default() }
        } else {
            Judgement { scene: says, ..Judgement::default() }
        }
    }
}

#[test]
fn a_judge_mends_the_scale_step_by_step_and_nonsense_of_it_is_not_heard() {
    let house = crate::synth::generate(5, &crate::synth::HouseOptions::default());
    let scan = crate::synth::scan(&house, 5, &crate::synth::ScanOptions::default()).expect("a walk");
    let world_from_scene = random_world(&mut ChaCha8Rng::seed_from_u64(4));
    let world = moved_cloud(&Cloud::new(scan.cloud.points), &world_from_scene);
    let truth = world_from_scene.inverse();
    let aligned = |judge: Option<&dyn ScaleJudge>| {
        let (hints, options) = (Hints::default(), Options::default());
        align(&world, None, &hints, judge, &options, &Reporter::default()).expect("aligned").0
    };
    let units = world_from_scene.scaling();
    let knows = |says| Knows { world_units_per_metre: units, says, of_doors: false };
    let measures = |says| Knows { of_doors: true, ..knows(says) };
    let sees = knows(|error| LogScale { log_scale: error.clamp(-0.25, 0.25), log_sigma: 0.04 });
    let alignment = aligned(Some(&sees));
    let (_, log_scale, _) = errors(&alignment, &truth);
    let (_, alone, _) = errors(&aligned(None), &truth);
    assert!(log_scale.abs() < alone.abs(), "{log_scale}, without a judge {alone}");
    assert!(log_scale.abs() < 2.0 * alignment.scale_log_sigma, "{log_scale}");
    assert!(alignment.scale_source == ScaleSource::Fused);
    assert!(alignment.scale_cues.iter().any(|cue| cue.name == "layout_network"));
    let nonsense = knows(|_| LogScale { log_scale: f64::NAN, log_sigma: 0.04 });
    assert_eq!(aligned(Some(&nonsense)), aligned(None));
    let nods = knows(|_| LogScale { log_scale: 0.01, log_sigma: 0.02 });
    assert_eq!(aligned(Some(&nods)), aligned(None));
    // Doors are measured: they decide. Doors of the usual height at any scale are none.
    let doors = aligned(Some(&measures(|error| LogScale { log_scale: error, log_sigma: 0.03 })));
    let (_, log_scale, _) = errors(&doors, &truth);
    assert!(log_scale.abs() < 0.05 && doors.scale_log_sigma < 0.1, "{log_scale} {doors:?}");
    assert!(doors.scale_cues.iter().any(|cue| cue.name == "door_height"));
    let drawn = measures(|error| LogScale { log_scale: 0.3 * error, log_sigma: 0.03 });
    assert_eq!(aligned(Some(&drawn)), aligned(None));
}

#[test]
fn degenerate_clouds_are_errors() {
    let point = |i: usize| cloud::CloudPoint {
        position: [i as f32 * 0.001, f32::NAN, 0.0],
        normal: [0.0; 3],
        rgb: [0; 3],
        weight: 1.0,
    };
    let same = cloud::CloudPoint { position: [1.0; 3], ..point(0) };
    let line = (0..5000).map(|i| cloud::CloudPoint { position: [0.01 * i as f32, 0.0, 0.0], ..point(0) });
    for points in [Vec::new(), (0..1000).map(point).collect(), vec![same; 5000], line.collect()] {
        let result = align(
            &Cloud::new(points),
            None,
            &Hints::default(),
            None,
            &Options::default(),
            &Reporter::default(),
        );
        assert!(matches!(result, Err(Error::TooSmall { .. })));
    }
}
