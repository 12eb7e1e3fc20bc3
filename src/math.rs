//! The aliases and named tolerances that every stage shares.
//!
//! Frames: a transform `b_from_a` takes coordinates in frame `a` to frame `b`. The camera frame is
//! OpenCV's (x right, y down, z forward); the scene frame is right-handed, Z up, metres, floor at
//! z = 0. Angles are radians, counter-clockwise.

/// A point in three dimensions.
pub type Point3 = nalgebra::Point3<f64>;
/// A point in two dimensions (pixels, or metres in plan).
pub type Point2 = nalgebra::Point2<f64>;
/// A direction or displacement in three dimensions.
pub type Vec3 = nalgebra::Vector3<f64>;
/// A direction or displacement in two dimensions.
pub type Vec2 = nalgebra::Vector2<f64>;
/// A 3x3 matrix.
pub type Mat3 = nalgebra::Matrix3<f64>;
/// A 4x4 matrix (homogeneous transform).
pub type Mat4 = nalgebra::Matrix4<f64>;
/// A rotation.
pub type Rotation = nalgebra::UnitQuaternion<f64>;
/// A rigid motion.
pub type Pose = nalgebra::Isometry3<f64>;
/// A rigid motion with a uniform scale.
pub type Sim3 = nalgebra::Similarity3<f64>;

/// Two lengths closer than this are the same number, metres (far below any measurement here).
pub const LENGTH_EPS_M: f64 = 1e-9;

/// Wraps an angle to (−π, π].
#[must_use]
pub fn wrap_angle(angle_rad: f64) -> f64 {
    let two_pi = std::f64::consts::TAU;
    let wrapped = angle_rad.rem_euclid(two_pi);
    if wrapped > std::f64::consts::PI { wrapped - two_pi } else { wrapped }
}

/// Median of the values (mean of the middle two for an even count); `None` when empty.
/// NaN sorts last.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    Some(if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_wrap_into_half_open_interval() {
        use std::f64::consts::PI;
        assert!((wrap_angle(3.0 * PI) - PI).abs() < 1e-12);
        assert!((wrap_angle(-PI) - PI).abs() < 1e-12);
        assert!((wrap_angle(0.3 - 8.0 * PI) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn median_of_odd_even_and_empty() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
