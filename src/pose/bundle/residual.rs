//! Reprojection residual and its analytic derivatives.
//!
//! r = project(R X + t) − x, with OpenCV's Brown–Conrady model. The pose is perturbed on the left
//! (X_c' = exp(ω) X_c + υ), so ∂X_c/∂(ω, υ) = [−[X_c]× | I] and ∂X_c/∂X = R. Intrinsics are
//! (log focal, k1, k2), where both focal lengths share the logarithm. Limits: points at or behind
//! the image plane have no residual.

use crate::camera::Camera;
use crate::math::{Mat3, Point2, Point3, Pose, Vec2, Vec3};
use nalgebra::{Matrix2, Matrix2x3, Matrix2x6};

/// Depth below which a point counts as behind the camera, world units.
pub const MIN_DEPTH: f64 = 1e-6;

/// Derivatives of one residual.
#[derive(Debug, Clone, Copy)]
pub struct Linearized {
    /// Residual, pixels.
    pub residual: Vec2,
    /// By the pose perturbation (ω, υ).
    pub by_pose: Matrix2x6<f64>,
    /// By the point.
    pub by_point: Matrix2x3<f64>,
    /// By (log focal, k1, k2).
    pub by_intrinsics: Matrix2x3<f64>,
}

/// Residual alone; `None` behind the camera.
#[must_use]
pub fn residual(camera: &Camera, camera_from_world: &Pose, point: &Point3, pixel: &Point2) -> Option<Vec2> {
    let local = camera_from_world * point;
    if local.z <= MIN_DEPTH || !local.z.is_finite() {
        return None;
    }
    let xy = camera.distort(Vec2::new(local.x / local.z, local.y / local.z));
    Some(Vec2::new(camera.fx * xy.x + camera.cx - pixel.x, camera.fy * xy.y + camera.cy - pixel.y))
}

/// Derivative of the distorted by the undistorted normalised coordinates.
#[must_use]
pub fn distortion_jacobian(camera: &Camera, xy: &Vec2) -> Matrix2<f64> {
    let (x, y) = (xy.x, xy.y);
    let r2 = x * x + y * y;
    let gain = 1.0 + r2 * (camera.k1 + r2 * camera.k2);
    let slope = camera.k1 + 2.0 * r2 * camera.k2;
    let cross = 2.0 * x * y * slope + 2.0 * camera.p1 * x + 2.0 * camera.p2 * y;
    Matrix2::new(
        gain + 2.0 * x * x * slope + 2.0 * camera.p1 * y + 6.0 * camera.p2 * x,
        cross,
        cross,
        gain + 2.0 * y * y * slope + 6.0 * camera.p1 * y + 2.0 * camera.p2 * x,
    )
}

/// Residual and derivatives; `None` behind the camera.
#[must_use]
pub fn linearize(
    camera: &Camera,
    camera_from_world: &Pose,
    rotation: &Mat3,
    point: &Point3,
    pixel: &Point2,
) -> Option<Linearized> {
    let local = Point3::from(rotation * point.coords + camera_from_world.translation.vector);
    if local.z <= MIN_DEPTH || !local.z.is_finite() {
        return None;
    }
    let inverse = 1.0 / local.z;
    let xy = Vec2::new(local.x * inverse, local.y * inverse);
    let distorted = camera.distort(xy);
    let focal = Matrix2::new(camera.fx, 0.0, 0.0, camera.fy);
    let by_local = focal
        * distortion_jacobian(camera, &xy)
        * Matrix2x3::new(inverse, 0.0, -xy.x * inverse, 0.0, inverse, -xy.y * inverse);
    let mut by_pose = Matrix2x6::zeros();
    by_pose.fixed_columns_mut::<3>(0).copy_from(&(-by_local * skew(&local.coords)));
    by_pose.fixed_columns_mut::<3>(3).copy_from(&by_local);
    let r2 = xy.norm_squared();
    let by_intrinsics = Matrix2x3::new(
        camera.fx * distorted.x,
        camera.fx * xy.x * r2,
        camera.fx * xy.x * r2 * r2,
        camera.fy * distorted.y,
        camera.fy * xy.y * r2,
        camera.fy * xy.y * r2 * r2,
    );
    Some(Linearized {
        residual: Vec2::new(
            camera.fx * distorted.x + camera.cx - pixel.x,
            camera.fy * distorted.y + camera.cy - pixel.y,
        ),
        by_pose,
        by_point: by_local * rotation,
        by_intrinsics,
    })
}

/// The matrix of the cross product with `v`.
#[must_use]
pub fn skew(v: &Vec3) -> Mat3 {
    Mat3::new(0.0, -v.z, v.y, v.z, 0.0, -v.x, -v.y, v.x, 0.0)
}

/// Applies a left perturbation (ω, υ) to a pose.
#[must_use]
pub fn perturb(pose: &Pose, step: &nalgebra::Vector6<f64>) -> Pose {
    let turn = crate::math::Rotation::from_scaled_axis(Vec3::new(step[0], step[1], step[2]));
    let translation = turn * pose.translation.vector + Vec3::new(step[3], step[4], step[5]);
    Pose::from_parts(translation.into(), turn * pose.rotation)
}
