//! Points from two or more views: linear start, robust choice of views, Gauss–Newton.
//!
//! Takes normalised (undistorted) rays and `camera_from_world` poses, gives a world point. Hartley &
//! Zisserman, *Multiple View Geometry*, ch. 12; the robust part tries view pairs by baseline.

use crate::camera::Camera;
use crate::math::{Point2, Point3, Pose, Vec2, Vec3};
use crate::pose::bundle::residual::{linearize, residual};
use nalgebra::{Matrix3, Matrix4, Vector3};

/// One sight of a point.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// `camera_from_world`.
    pub pose: Pose,
    /// Normalised image coordinates (x/z, y/z).
    pub ray: Vec2,
    /// Measured pixel.
    pub pixel: Point2,
}

impl Sight {
    /// Unit direction of the ray in the world.
    #[must_use]
    pub fn direction(&self) -> Vec3 {
        (self.pose.rotation.inverse() * Vec3::new(self.ray.x, self.ray.y, 1.0)).normalize()
    }

    /// Camera centre in the world.
    #[must_use]
    pub fn centre(&self) -> Point3 {
        Point3::from(-(self.pose.rotation.inverse() * self.pose.translation.vector))
    }
}

/// Limits of a robust triangulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Largest reprojection error of an inlier, pixels.
    pub max_error_px: f64,
    /// Least angle between two inlier rays, radians.
    pub min_angle_rad: f64,
}

/// Angle between the rays to `point` from two centres, radians.
#[must_use]
pub fn parallax(point: &Point3, a: &Point3, b: &Point3) -> f64 {
    let (u, v) = (a - point, b - point);
    u.cross(&v).norm().atan2(u.dot(&v))
}

/// Direct linear transform over two sights; `None` when ill-posed or behind a camera.
#[must_use]
pub fn two_views(a: &Sight, b: &Sight) -> Option<Point3> {
    let mut system = Matrix4::zeros();
    for (k, sight) in [a, b].into_iter().enumerate() {
        let matrix = sight.pose.to_homogeneous();
        let rows = [matrix.row(2) * sight.ray.x - matrix.row(0), matrix.row(2) * sight.ray.y - matrix.row(1)];
        for (r, row) in rows.into_iter().enumerate() {
            system.row_mut(2 * k + r).copy_from(&(row / row.norm().max(1e-12)));
        }
    }
    let eigen = (system.transpose() * system).symmetric_eigen();
    let column = eigen.eigenvectors.column(eigen.eigenvalues.imin());
    if column[3].abs() < 1e-12 {
        return None;
    }
    let point = Point3::new(column[0] / column[3], column[1] / column[3], column[2] / column[3]);
    let in_front = [a, b].iter().all(|sight| (sight.pose * point).z > 1e-6);
    (in_front && point.coords.iter().all(|c| c.is_finite())).then_some(point)
}

fn error_px(camera: &Camera, sight: &Sight, point: &Point3) -> f64 {
    residual(camera, &sight.pose, point, &sight.pixel).map_or(f64::INFINITY, |r| r.norm())
}

/// Gauss–Newton on the reprojection error of a point.
#[must_use]
pub fn refine(camera: &Camera, start: Point3, sights: &[Sight]) -> Point3 {
    let mut point = start;
    for _ in 0..8 {
        let mut hessian = Matrix3::zeros();
        let mut gradient = Vector3::zeros();
        for sight in sights {
            let rotation = sight.pose.rotation.to_rotation_matrix().into_inner();
            if let Some(lin) = linearize(camera, &sight.pose, &rotation, &point, &sight.pixel) {
                hessian += lin.by_point.transpose() * lin.by_point;
                gradient += lin.by_point.transpose() * lin.residual;
            }
        }
        for k in 0..3 {
            hessian[(k, k)] *= 1.0 + 1e-6;
        }
        let Some(factor) = hessian.cholesky() else { break };
        let step = factor.solve(&gradient);
        point -= step;
        if step.norm() < 1e-7 * (1.0 + point.coords.norm()) {
            break;
        }
    }
    if point.coords.iter().all(|c| c.is_finite()) { point } else { start }
}

/// The point that most sights agree on, and which sights do; `None` when fewer than two agree or
/// their rays are too parallel.
#[must_use]
pub fn robust(camera: &Camera, sights: &[Sight], limits: Limits) -> Option<(Point3, Vec<usize>)> {
    let mut best: Option<(Point3, Vec<usize>)> = None;
    for (i, j) in candidate_pairs(sights, limits.min_angle_rad) {
        let Some(point) = two_views(&sights[i], &sights[j]) else { continue };
        let inliers = agreeing(camera, sights, &point, limits.max_error_px);
        if inliers.len() > best.as_ref().map_or(1, |(_, old)| old.len()) {
            let all = inliers.len() == sights.len();
            best = Some((point, inliers));
            if all {
                break;
            }
        }
    }
    let (point, inliers) = best?;
    let chosen: Vec<Sight> = inliers.iter().map(|&k| sights[k]).collect();
    let point = refine(camera, point, &chosen);
    let inliers = agreeing(camera, sights, &point, limits.max_error_px);
    (inliers.len() >= 2 && widest(sights, &inliers, &point) >= limits.min_angle_rad)
        .then_some((point, inliers))
}

fn agreeing(camera: &Camera, sights: &[Sight], point: &Point3, max_error_px: f64) -> Vec<usize> {
    (0..sights.len()).filter(|&k| error_px(camera, &sights[k], point) <= max_error_px).collect()
}

/// Largest parallax among the chosen sights.
#[must_use]
pub fn widest(sights: &[Sight], chosen: &[usize], point: &Point3) -> f64 {
    let centres: Vec<Point3> = chosen.iter().map(|&k| sights[k].centre()).collect();
    let mut best = 0.0_f64;
    for (k, a) in centres.iter().enumerate() {
        for b in &centres[k + 1..] {
            best = best.max(parallax(point, a, b));
        }
    }
    best
}

/// Pairs of sights worth a linear start: wide rays first, at most a dozen.
fn candidate_pairs(sights: &[Sight], min_angle_rad: f64) -> Vec<(usize, usize)> {
    const MOST: usize = 12;
    let directions: Vec<Vec3> = sights.iter().map(Sight::direction).collect();
    let mut pairs = Vec::new();
    for i in 0..sights.len() {
        for j in i + 1..sights.len() {
            let angle = directions[i].cross(&directions[j]).norm().atan2(directions[i].dot(&directions[j]));
            if angle >= 0.5 * min_angle_rad {
                pairs.push((angle, i, j));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    pairs.truncate(MOST);
    pairs.into_iter().map(|(_, i, j)| (i, j)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Rotation;

    fn sight(camera: &Camera, x: f64, point: &Point3, shift: Vec2) -> Sight {
        let pose =
            Pose::from_parts(Vec3::new(-x, 0.0, 0.0).into(), Rotation::from_euler_angles(0.0, 0.05 * x, 0.0));
        let pixel = camera.project(&(pose * point)).unwrap() + shift;
        Sight { pose, ray: camera.normalize(pixel), pixel }
    }

    #[test]
    fn exact_rays_meet_in_the_point_and_an_outlier_is_left_out() {
        let camera = Camera::centred(640, 480, 500.0);
        let point = Point3::new(0.2, -0.1, 3.0);
        let mut sights: Vec<Sight> =
            [0.0, 0.2, 0.4, 0.6].iter().map(|&x| sight(&camera, x, &point, Vec2::zeros())).collect();
        sights.push(sight(&camera, 0.5, &point, Vec2::new(25.0, -30.0)));
        let limits = Limits { max_error_px: 3.0, min_angle_rad: 0.02 };
        let (found, inliers) = robust(&camera, &sights, limits).unwrap();
        assert!((found - point).norm() < 1e-6);
        assert_eq!(inliers, vec![0, 1, 2, 3]);
    }

    #[test]
    fn parallel_rays_give_no_point() {
        let camera = Camera::centred(640, 480, 500.0);
        let point = Point3::new(0.2, -0.1, 500.0);
        let sights: Vec<Sight> =
            [0.0, 0.2].iter().map(|&x| sight(&camera, x, &point, Vec2::zeros())).collect();
        assert!(robust(&camera, &sights, Limits { max_error_px: 3.0, min_angle_rad: 0.02 }).is_none());
    }
}
