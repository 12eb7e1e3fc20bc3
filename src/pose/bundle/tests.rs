use super::residual::{linearize, perturb, residual};
use super::*;
use crate::math::{Rotation, Vec3};
use nalgebra::Vector6;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn camera() -> Camera {
    Camera { k1: -0.05, k2: 0.01, p1: 1e-3, p2: -1e-3, ..Camera::centred(640, 480, 500.0) }
}

fn uniform(rng: &mut ChaCha8Rng, half: f64) -> f64 {
    (rng.random::<f64>() * 2.0 - 1.0) * half
}

/// Cameras on an arc that look at a box of points.
pub(crate) fn world(views: usize, points: usize, seed: u64) -> (Camera, Bundle) {
    let camera = camera();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let poses: Vec<Pose> = (0..views)
        .map(|k| {
            let angle = 0.9 * k as f64 / views as f64;
            let eye =
                Vec3::new(3.0 * angle.sin() + uniform(&mut rng, 0.1), uniform(&mut rng, 0.2), 0.5 - angle);
            let world_from_camera = Pose::from_parts(
                eye.into(),
                Rotation::from_euler_angles(uniform(&mut rng, 0.1), -0.5 * angle, 0.05),
            );
            world_from_camera.inverse()
        })
        .collect();
    let points: Vec<Point3> = (0..points)
        .map(|_| Point3::new(uniform(&mut rng, 2.0), uniform(&mut rng, 1.5), 4.0 + uniform(&mut rng, 1.0)))
        .collect();
    let mut observations = Vec::new();
    for (p, point) in points.iter().enumerate() {
        for (v, pose) in poses.iter().enumerate() {
            if let Some(pixel) = camera.project(&(pose * point)).filter(|pixel| camera.contains(pixel)) {
                observations.push(BundleObservation { view: v as u32, point: p as u32, pixel });
            }
        }
    }
    let mut fixed = vec![false; views];
    fixed[0] = true;
    fixed[1] = true;
    (camera, Bundle { poses, fixed, points, observations })
}

#[test]
fn analytic_derivatives_agree_with_differences() {
    let camera = camera();
    let pose =
        Pose::from_parts(Vec3::new(0.1, -0.2, 0.3).into(), Rotation::from_euler_angles(0.1, 0.2, -0.3));
    let point = Point3::new(0.4, -0.3, 2.5);
    let pixel = Point2::new(300.0, 200.0);
    let rotation = pose.rotation.to_rotation_matrix().into_inner();
    let lin = linearize(&camera, &pose, &rotation, &point, &pixel).unwrap();
    let eps = 1e-6;
    for k in 0..6 {
        let mut step = Vector6::zeros();
        step[k] = eps;
        let plus = residual(&camera, &perturb(&pose, &step), &point, &pixel).unwrap();
        let minus = residual(&camera, &perturb(&pose, &(-step)), &point, &pixel).unwrap();
        assert!(((plus - minus) / (2.0 * eps) - lin.by_pose.column(k)).norm() < 1e-4, "pose {k}");
    }
    for k in 0..3 {
        let mut step = Vec3::zeros();
        step[k] = eps;
        let plus = residual(&camera, &pose, &(point + step), &pixel).unwrap();
        let minus = residual(&camera, &pose, &(point - step), &pixel).unwrap();
        assert!(((plus - minus) / (2.0 * eps) - lin.by_point.column(k)).norm() < 1e-4, "point {k}");
        let with = |sign: f64| {
            let s = sign * eps;
            let mut c = camera;
            match k {
                0 => {
                    c.fx *= s.exp();
                    c.fy *= s.exp();
                }
                1 => c.k1 += s,
                _ => c.k2 += s,
            }
            residual(&c, &pose, &point, &pixel).unwrap()
        };
        let difference = (with(1.0) - with(-1.0)) / (2.0 * eps);
        assert!((difference - lin.by_intrinsics.column(k)).norm() < 1e-4, "intrinsic {k}");
    }
}

#[test]
fn exact_data_give_exact_poses_focal_and_radial_terms() {
    let (truth_camera, truth) = world(12, 200, 7);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut bundle = truth.clone();
    for (pose, fixed) in bundle.poses.iter_mut().zip(&truth.fixed) {
        if !fixed {
            *pose = perturb(pose, &Vector6::from_fn(|_, _| uniform(&mut rng, 0.02)));
        }
    }
    for point in &mut bundle.points {
        *point += Vec3::from_fn(|_, _| uniform(&mut rng, 0.05));
    }
    let start = Camera { fx: 530.0, fy: 530.0, k1: 0.0, k2: 0.0, ..truth_camera };
    let settings =
        Settings { refine: Refine::FocalK1K2, max_iterations: 80, tolerance: 1e-14, ..Settings::default() };
    let (camera, summary) = adjust(&mut bundle, &start, &settings);
    assert!((camera.fx - 500.0).abs() < 0.5, "{} {summary:?}", camera.fx);
    assert!((camera.k1 + 0.05).abs() < 5e-3, "{}", camera.k1);
    for (pose, exact) in bundle.poses.iter().zip(&truth.poses) {
        assert!((pose.translation.vector - exact.translation.vector).norm() < 5e-3);
    }
    assert!(summary.focal_sigma_px < 1.0);
}

#[test]
fn gross_outliers_do_not_move_the_result() {
    let (camera, truth) = world(10, 150, 11);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut bundle = truth.clone();
    for (k, obs) in bundle.observations.iter_mut().enumerate() {
        if k % 7 == 0 {
            obs.pixel += crate::math::Vec2::new(uniform(&mut rng, 60.0), uniform(&mut rng, 60.0));
        }
    }
    let settings =
        Settings { loss: Loss::Cauchy(1.0), max_iterations: 60, tolerance: 1e-12, ..Settings::default() };
    let _ = adjust(&mut bundle, &camera, &settings);
    for (pose, exact) in bundle.poses.iter().zip(&truth.poses) {
        assert!((pose.translation.vector - exact.translation.vector).norm() < 0.01);
    }
}

#[test]
fn iterative_and_dense_solvers_agree() {
    let (camera, truth) = world(200, 120, 2);
    let mut bundle = truth.clone();
    for (k, pose) in bundle.poses.iter_mut().enumerate().skip(2) {
        *pose = perturb(pose, &Vector6::repeat(1e-3 * (k % 5) as f64));
    }
    let settings = Settings { max_iterations: 30, tolerance: 1e-12, ..Settings::default() };
    let (_, summary) = adjust(&mut bundle, &camera, &settings);
    assert!(summary.final_cost < 1e-4 * summary.initial_cost, "{summary:?}");
}

#[test]
fn motion_only_refinement_recovers_a_pose() {
    let (camera, truth) = world(3, 60, 9);
    let pairs: Vec<_> = truth
        .observations
        .iter()
        .filter(|o| o.view == 1)
        .map(|o| (truth.points[o.point as usize], o.pixel))
        .collect();
    let start = perturb(&truth.poses[1], &Vector6::repeat(0.02));
    let found = motion::refine_pose(&camera, &start, &pairs, Loss::Huber(1.0));
    assert!((found.translation.vector - truth.poses[1].translation.vector).norm() < 1e-6);
}
