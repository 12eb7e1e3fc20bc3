//! Motion-only adjustment: one pose against fixed points.
//!
//! Levenberg–Marquardt with 6 unknowns on Σ ρ(‖project(X) − x‖²); the last step of every resection.

use super::Loss;
use super::residual::{linearize, perturb, residual};
use crate::camera::Camera;
use crate::math::{Point2, Point3, Pose};
use nalgebra::{Matrix6, Vector6};

/// Most steps; a start within a few pixels converges in 4–6.
const MAX_ITERATIONS: usize = 15;
/// Stop when the cost falls by less than this share.
const TOLERANCE: f64 = 1e-5;
/// Cost of a point behind the camera, in squared loss scales: as bad as a gross outlier.
pub(super) const BEHIND_SQUARED_PX: f64 = 1e4;

fn cost(camera: &Camera, pose: &Pose, pairs: &[(Point3, Point2)], loss: Loss) -> f64 {
    pairs
        .iter()
        .map(|(point, pixel)| {
            let squared =
                residual(camera, pose, point, pixel).map_or(BEHIND_SQUARED_PX, |r| r.norm_squared());
            loss.evaluate(squared).0
        })
        .sum()
}

/// The `camera_from_world` that explains the point–pixel pairs best, from a start near it.
#[must_use]
pub fn refine_pose(camera: &Camera, start: &Pose, pairs: &[(Point3, Point2)], loss: Loss) -> Pose {
    let mut pose = *start;
    let mut current = cost(camera, &pose, pairs, loss);
    let mut damping = 1e-4;
    for _ in 0..MAX_ITERATIONS {
        let rotation = pose.rotation.to_rotation_matrix().into_inner();
        let mut hessian = Matrix6::zeros();
        let mut gradient = Vector6::zeros();
        for (point, pixel) in pairs {
            if let Some(lin) = linearize(camera, &pose, &rotation, point, pixel) {
                let weight = loss.evaluate(lin.residual.norm_squared()).1;
                let transposed = lin.by_pose.transpose() * weight;
                hessian += transposed * lin.by_pose;
                gradient += transposed * lin.residual;
            }
        }
        let mut improved = false;
        for _ in 0..6 {
            let mut damped = hessian;
            for i in 0..6 {
                damped[(i, i)] += damping * hessian[(i, i)].max(1e-9);
            }
            let Some(factor) = damped.cholesky() else {
                damping *= 10.0;
                continue;
            };
            let candidate = perturb(&pose, &(-factor.solve(&gradient)));
            let next = cost(camera, &candidate, pairs, loss);
            if next < current {
                let share = (current - next) / current.max(1e-12);
                pose = candidate;
                current = next;
                damping = (damping * 0.2).max(1e-9);
                improved = share > TOLERANCE;
                break;
            }
            damping *= 8.0;
        }
        if !improved {
            break;
        }
    }
    pose
}
