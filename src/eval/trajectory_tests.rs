//! Tests of the trajectory metrics on paths whose errors are known in closed form.

use super::*;
use crate::math::Rotation;

/// A winding path with orientations, 30 poses a second.
fn path(count: usize) -> Vec<TimedPose> {
    (0..count)
        .map(|i| {
            let t = i as f64 / 30.0;
            let centre = Vec3::new(t, (0.7 * t).sin(), 0.2 * (1.3 * t).cos());
            let rotation = Rotation::from_scaled_axis(Vec3::new(0.1 * t, 0.4 * (0.5 * t).sin(), 0.3 * t));
            TimedPose { time_s: t, world_from_camera: Pose::from_parts(centre.into(), rotation) }
        })
        .collect()
}

fn moved(poses: &[TimedPose], by: &Sim3) -> Vec<TimedPose> {
    poses.iter().map(|p| TimedPose { world_from_camera: apply(by, &p.world_from_camera), ..*p }).collect()
}

#[test]
fn a_similarity_costs_nothing_in_sim3_and_shows_in_se3() {
    let truth = path(120);
    let motion = Sim3::from_parts(
        Vec3::new(3.0, -1.0, 2.0).into(),
        Rotation::from_scaled_axis(Vec3::new(0.3, 1.0, -2.0)),
        0.5,
    );
    let score = compare(&moved(&truth, &motion), &truth, &Options::default()).expect("comparable");
    let sim3 = score.sim3.expect("has extent");
    assert!(sim3.ate_m.rmse < 1e-9 && sim3.ate_rotation_deg.max < 1e-5);
    assert!((score.scale.expect("has extent") - 2.0).abs() < 1e-9);
    assert!((score.scale_log_error.expect("has extent") - 2.0_f64.ln()).abs() < 1e-9);
    assert!(score.se3.ate_m.rmse > 0.3, "halving a 4 m path must show: {}", score.se3.ate_m.rmse);
    let per_metre = score.se3.rpe_per_metre.expect("four metres");
    assert!(per_metre.translation_m.mean > 0.3 && per_metre.rotation_deg.max < 1e-5);
}

#[test]
fn the_up_error_is_the_tilt() {
    let truth = path(60);
    let tilt = 3.0_f64.to_radians();
    let motion =
        Sim3::from_parts(Vec3::zeros().into(), Rotation::from_scaled_axis(Vec3::new(tilt, 0.0, 0.0)), 1.0);
    let score = compare(&moved(&truth, &motion), &truth, &Options::default()).expect("comparable");
    assert!((score.up_error_deg - 3.0).abs() < 1e-6);
    assert!(score.notes.is_empty(), "{:?}", score.notes);
}

#[test]
fn association_is_one_to_one_and_within_reach() {
    let truth = path(10);
    let mut late = truth.clone();
    late.iter_mut().for_each(|p| p.time_s += 0.009);
    assert_eq!(associate(&late, &truth, 0.01).len(), 10);
    late.iter_mut().for_each(|p| p.time_s += 0.002);
    assert!(associate(&late, &truth, 0.01).is_empty());
    let crowd: Vec<TimedPose> =
        (0..5).map(|i| TimedPose { time_s: 1e-3 * f64::from(i), ..truth[0] }).collect();
    assert_eq!(associate(&crowd, &truth, 0.01), [(0, 0)]);
}

#[test]
fn lost_frames_lower_the_registered_share_only() {
    let truth = path(100);
    let half: Vec<TimedPose> = truth.iter().step_by(2).copied().collect();
    let score = compare(&half, &truth, &Options::default()).expect("comparable");
    assert!((score.registered_share - 0.5).abs() < 1e-12);
    assert!(score.se3.ate_m.rmse < 1e-12);
}

#[test]
fn what_cannot_be_compared_says_why() {
    let truth = path(50);
    let mut other = truth.clone();
    other.iter_mut().for_each(|p| p.time_s += 1000.0);
    let error = compare(&other, &truth, &Options::default()).expect_err("no common time").to_string();
    assert!(error.contains("0 of 50 predicted poses"), "{error}");
    assert!(compare(&[], &truth, &Options::default()).is_err());
}

#[test]
fn a_camera_that_stands_still_has_no_scale_and_no_panic() {
    let truth = path(50);
    let still: Vec<TimedPose> =
        truth.iter().map(|p| TimedPose { world_from_camera: Pose::identity(), ..*p }).collect();
    let score = compare(&still, &truth, &Options::default()).expect("comparable");
    assert!(score.sim3.is_none() && score.scale.is_none());
    assert!(score.notes.iter().any(|note| note.contains("straight")));
    assert!(score.table().contains("ATE RMSE"));
}
