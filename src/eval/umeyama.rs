//! Least-squares similarity or rigid motion between two point sequences.
//!
//! Minimises Σ |y_i − (s R x_i + t)|² over rotation, translation and, when asked for, scale: the
//! problem of Umeyama (PAMI 1991, eqs. 40–43), solved by Horn's quaternion form (JOSA A 1987), in
//! which R is the eigenvector of the largest eigenvalue λ of a symmetric 4x4 matrix and
//! s = λ / Σ|x_i − x̄|². It never gives a reflection. Units: those of the points.
//!
//! Limits: for points on one line the rotation about that line is arbitrary (the residual is not).

use crate::math::{Point3, Rotation, Sim3, Vec3};
use nalgebra::{Matrix3, Matrix4, Quaternion, SymmetricEigen, UnitQuaternion};

/// Relative spread (second to first singular value of the points) below which they count as lying on
/// one line: rounding of files with six decimals stays below it.
const LINE_TOLERANCE: f64 = 1e-6;

/// What is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freedom {
    /// Rotation and translation; scale fixed at 1.
    Rigid,
    /// Rotation, translation and scale.
    Similarity,
}

/// The motion that takes `from` to `to` with the least squares; `None` without points, for sequences
/// of different length, and for a similarity between points that coincide (no scale exists).
#[must_use]
pub fn align(from: &[Point3], to: &[Point3], freedom: Freedom) -> Option<Sim3> {
    let finite = |points: &[Point3]| points.iter().all(|p| p.iter().all(|c| c.is_finite()));
    if from.is_empty() || from.len() != to.len() || !finite(from) || !finite(to) {
        return None;
    }
    let (mean_from, mean_to) = (mean(from), mean(to));
    let mut covariance = Matrix3::zeros();
    let mut spread = 0.0;
    for (x, y) in from.iter().zip(to) {
        let (x, y) = (x.coords - mean_from, y.coords - mean_to);
        covariance += x * y.transpose();
        spread += x.norm_squared();
    }
    let (rotation, eigenvalue) = horn_rotation(&covariance);
    let scale = match freedom {
        Freedom::Rigid => 1.0,
        Freedom::Similarity => eigenvalue / spread,
    };
    if !(scale.is_finite() && scale > 0.0) {
        return None;
    }
    let translation = mean_to - scale * (rotation * mean_from);
    Some(Sim3::from_parts(translation.into(), rotation, scale))
}

/// True when the points lie on one line (or in one point), so that a rotation about it is free.
#[must_use]
pub fn is_on_a_line(points: &[Point3]) -> bool {
    if points.len() < 3 {
        return true;
    }
    let center = mean(points);
    let scatter: Matrix3<f64> =
        points.iter().map(|p| (p.coords - center) * (p.coords - center).transpose()).sum();
    let mut values: Vec<f64> = SymmetricEigen::new(scatter).eigenvalues.iter().copied().collect();
    values.sort_by(f64::total_cmp);
    values[1].max(0.0).sqrt() <= LINE_TOLERANCE * values[2].max(0.0).sqrt()
}

fn mean(points: &[Point3]) -> Vec3 {
    points.iter().map(|p| p.coords).sum::<Vec3>() / points.len() as f64
}

/// Horn's rotation for the sum of x yᵀ, and its eigenvalue.
fn horn_rotation(s: &Matrix3<f64>) -> (Rotation, f64) {
    let n = Matrix4::new(
        s.m11 + s.m22 + s.m33,
        s.m23 - s.m32,
        s.m31 - s.m13,
        s.m12 - s.m21,
        s.m23 - s.m32,
        s.m11 - s.m22 - s.m33,
        s.m12 + s.m21,
        s.m31 + s.m13,
        s.m31 - s.m13,
        s.m12 + s.m21,
        -s.m11 + s.m22 - s.m33,
        s.m23 + s.m32,
        s.m12 - s.m21,
        s.m31 + s.m13,
        s.m23 + s.m32,
        -s.m11 - s.m22 + s.m33,
    );
    let eigen = SymmetricEigen::new(n);
    let best = eigen.eigenvalues.imax();
    let q = eigen.eigenvectors.column(best);
    (UnitQuaternion::from_quaternion(Quaternion::new(q[0], q[1], q[2], q[3])), eigen.eigenvalues[best])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point() -> impl Strategy<Value = Point3> {
        prop::array::uniform3(-5.0..5.0_f64).prop_map(Point3::from)
    }

    proptest! {
        #[test]
        fn a_known_similarity_is_recovered(
            points in prop::collection::vec(point(), 4..30),
            axis in prop::array::uniform3(-3.0..3.0_f64),
            shift in prop::array::uniform3(-9.0..9.0_f64),
            scale in 0.05..20.0_f64,
        ) {
            prop_assume!(!is_on_a_line(&points));
            let truth = Sim3::from_parts(Vec3::from(shift).into(), Rotation::from_scaled_axis(Vec3::from(axis)), scale);
            let moved: Vec<_> = points.iter().map(|p| truth * p).collect();
            let found = align(&points, &moved, Freedom::Similarity).expect("solvable");
            prop_assert!((found.scaling() / scale - 1.0).abs() < 1e-9);
            for (p, q) in points.iter().zip(&moved) {
                prop_assert!((found * p - q).norm() < 1e-8 * scale.max(1.0));
            }
        }
    }

    #[test]
    fn a_reflection_is_never_given() {
        let from: Vec<Point3> =
            [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]].map(Point3::from).to_vec();
        let to: Vec<Point3> = from.iter().map(|p| Point3::new(-p.x, p.y, p.z)).collect();
        let found = align(&from, &to, Freedom::Rigid).expect("solvable");
        let rotation = found.isometry.rotation.to_rotation_matrix();
        assert!((rotation.matrix().determinant() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn coinciding_points_have_no_scale() {
        let same = vec![Point3::new(1.0, 2.0, 3.0); 5];
        assert!(align(&same, &same, Freedom::Similarity).is_none());
        assert!(align(&same, &same, Freedom::Rigid).is_some());
        assert!(is_on_a_line(&same));
    }
}
