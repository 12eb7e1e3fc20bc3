//! Whole reconstructions on synthetic worlds.

use super::reconstruct::reconstruct;
use super::result::finish;
use super::submaps::similarity;
use super::synthetic::{Knobs, World, room, walk};
use crate::camera::Camera;
use crate::math::{Point3, Pose, Rotation, Vec3};
use crate::pose::{Error, Options, Trajectory};
use crate::report::{Reporter, Warning};

fn camera() -> Camera {
    Camera::centred(640, 480, 520.0)
}

fn estimate(world: &World, knobs: &Knobs, known: bool) -> Result<(Trajectory, Vec<Warning>), Error> {
    let frames = world.frames(known.then_some(world.camera));
    let (tracked, matches) = world.tracked(knobs);
    let options = Options::default();
    let reporter = Reporter::default();
    let found = reconstruct(&frames, &tracked, &matches, &options)?;
    finish(&frames, &tracked, found, (&options, &reporter)).map(|t| (t, reporter.warnings()))
}

/// RMS distance of the camera centres after the best similarity.
fn ate(world: &World, trajectory: &Trajectory) -> f64 {
    let from: Vec<Point3> =
        trajectory.poses.iter().map(|p| p.world_from_camera.translation.vector.into()).collect();
    let to: Vec<Point3> =
        trajectory.poses.iter().map(|p| world.path[p.frame_idx].translation.vector.into()).collect();
    let sim = similarity(&from, &to).unwrap();
    let sum: f64 = from.iter().zip(&to).map(|(a, b)| (sim * a - b).norm_squared()).sum();
    (sum / from.len() as f64).sqrt()
}

#[test]
fn exact_tracks_give_exact_poses() {
    let world = World { camera: camera(), points: room(900, 4), path: walk(120) };
    let (trajectory, _) = estimate(&world, &Knobs::default(), true).unwrap();
    assert!((trajectory.registered_share() - 1.0).abs() < 1e-12);
    let error = ate(&world, &trajectory);
    assert!(error < 1e-3, "{error}");
}

#[test]
fn an_unknown_focal_length_is_found() {
    let world = World { camera: camera(), points: room(900, 8), path: walk(120) };
    let knobs = Knobs { noise_px: 0.4, ..Knobs::default() };
    let (trajectory, _) = estimate(&world, &knobs, false).unwrap();
    assert!((trajectory.camera.fx / 520.0 - 1.0).abs() < 0.02, "{}", trajectory.camera.fx);
    assert!(ate(&world, &trajectory) < 0.02);
}

#[test]
fn two_fifths_of_outliers_are_survived() {
    let world = World { camera: camera(), points: room(1200, 5), path: walk(80) };
    let knobs = Knobs { noise_px: 0.4, outliers: 0.4, ..Knobs::default() };
    let (trajectory, _) = estimate(&world, &knobs, true).unwrap();
    assert!(trajectory.registered_share() > 0.95, "{}", trajectory.registered_share());
    let error = ate(&world, &trajectory);
    assert!(error < 0.03, "{error}");
}

#[test]
fn a_gap_without_sight_is_bridged_by_descriptors() {
    let world = World { camera: camera(), points: room(900, 6), path: walk(120) };
    let knobs = Knobs { noise_px: 0.3, gap: Some((50, 62)), matches_apart: Some(4), ..Knobs::default() };
    let (trajectory, warnings) = estimate(&world, &knobs, true).unwrap();
    let after = trajectory.poses.iter().filter(|p| p.frame_idx >= 62).count();
    assert!(after > 50, "{after}");
    assert!(ate(&world, &trajectory) < 0.03);
    assert!(warnings.iter().any(|w| w.code == "frames-lost"));
}

#[test]
fn turning_on_the_spot_is_recognised() {
    let path = (0..80)
        .map(|k| {
            Pose::from_parts(Vec3::zeros().into(), Rotation::from_euler_angles(0.0, 0.02 * f64::from(k), 0.0))
        })
        .collect();
    let world = World { camera: camera(), points: room(900, 7), path };
    for known in [true, false] {
        let error = estimate(&world, &Knobs { noise_px: 0.3, ..Knobs::default() }, known).unwrap_err();
        assert_eq!(error.code(), "pure-rotation", "{error}");
    }
}

#[test]
fn a_camera_that_stands_still_is_recognised() {
    let world = World { camera: camera(), points: room(900, 7), path: vec![Pose::identity(); 40] };
    let frames = world.frames(None);
    let (mut tracked, matches) = world.tracked(&Knobs { noise_px: 0.1, ..Knobs::default() });
    tracked.keyframe_flow_px = vec![0.2, 0.3];
    let error = reconstruct(&frames, &tracked, &matches, &Options::default()).unwrap_err();
    assert_eq!(error.code(), "static-camera", "{error}");
}

#[test]
fn nothing_to_follow_is_recognised() {
    let world = World { camera: camera(), points: room(12, 7), path: walk(40) };
    let error = estimate(&world, &Knobs::default(), true).unwrap_err();
    assert_eq!(error.code(), "no-texture", "{error}");
}

#[test]
fn a_plane_is_never_called_good() {
    let mut points = room(900, 9);
    points.iter_mut().for_each(|p| p.z = 2.0);
    let world = World { camera: camera(), points, path: walk(80) };
    let knobs = Knobs { noise_px: 0.3, ..Knobs::default() };
    for known in [false, true] {
        match estimate(&world, &knobs, known) {
            Err(error) => {
                assert!(["planar-scene", "no-start", "focal-unknown"].contains(&error.code()), "{error}");
            }
            // A plane seen from many sides can be solved; then the answer must be right or doubted.
            Ok((trajectory, warnings)) => assert!(
                ate(&world, &trajectory) < 0.05 || warnings.iter().any(|w| w.code == "planar-scene"),
                "known {known}, focal {}",
                trajectory.camera.fx
            ),
        }
    }
}

#[test]
fn a_telephoto_view_is_never_called_good() {
    let camera = Camera::centred(640, 480, 7300.0);
    let mut points = room(60_000, 10);
    points.retain(|p| p.z > 1.0 && p.x.abs() < 1.5 && p.y.abs() < 0.8);
    let path = (0..60)
        .map(|k| {
            let x = 0.004 * f64::from(k);
            Pose::from_parts(Vec3::new(x, 0.0, -2.0).into(), Rotation::from_euler_angles(0.0, -x / 3.6, 0.0))
        })
        .collect();
    let world = World { camera, points, path };
    match estimate(&world, &Knobs { noise_px: 0.3, ..Knobs::default() }, false) {
        Err(_) => {}
        Ok((trajectory, warnings)) => assert!(
            !warnings.is_empty(),
            "focal {} sigma {}",
            trajectory.camera.fx,
            trajectory.focal_sigma_px
        ),
    }
}

#[test]
fn three_frames_are_too_few() {
    use crate::pose::PoseEstimator;
    let world = World { camera: camera(), points: room(900, 4), path: walk(3) };
    let estimator = super::Features::new(Options::default());
    let error = estimator.estimate(&world.frames(None), &Reporter::default()).unwrap_err();
    assert_eq!(error.code(), "too-few-frames");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let world = World { camera: camera(), points: room(600, 4), path: walk(60) };
    let knobs = Knobs { noise_px: 0.4, outliers: 0.1, ..Knobs::default() };
    let text = || serde_json::to_string(&estimate(&world, &knobs, false).unwrap().0).unwrap();
    assert_eq!(text(), text());
}

/// A round walk along corridors: tracks are short, so that the map drifts; descriptors see the loop.
#[test]
fn a_drifted_loop_is_closed() {
    let points: Vec<Point3> = {
        let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(3);
        (0..5000)
            .map(|k| {
                let angle = rand::RngExt::random::<f64>(&mut rng) * std::f64::consts::TAU;
                let radius = if k % 2 == 0 { 9.0 } else { 6.0 } + super::synthetic::uniform(&mut rng, 0.3);
                Point3::new(
                    radius * angle.cos(),
                    super::synthetic::uniform(&mut rng, 1.2),
                    radius * angle.sin(),
                )
            })
            .collect()
    };
    let count = 260;
    let path: Vec<Pose> = (0..count)
        .map(|k| {
            let angle = std::f64::consts::TAU * f64::from(k) / 230.0;
            let centre = Vec3::new(7.5 * angle.cos(), 0.0, 7.5 * angle.sin());
            Pose::from_parts(centre.into(), Rotation::from_euler_angles(0.0, -angle, 0.0))
        })
        .collect();
    let world = World { camera: camera(), points, path };
    let knobs = Knobs { noise_px: 0.5, track_frames: 9, matches_apart: Some(60), ..Knobs::default() };
    let (trajectory, warnings) = estimate(&world, &knobs, true).unwrap();
    let error = ate(&world, &trajectory);
    assert!(trajectory.registered_share() > 0.95);
    assert!(error < 0.15, "{error} {:?}", warnings);
    let come_back = |world: &World| {
        let (tracked, matches) = world.tracked(&knobs);
        let frames = world.frames(Some(world.camera));
        super::loops::revisits(&reconstruct(&frames, &tracked, &matches, &Options::default()).unwrap().map)
    };
    assert!(come_back(&world) > 0);
    let half_way = World { path: world.path[..130].to_vec(), ..world };
    assert_eq!(come_back(&half_way), 0);
}
