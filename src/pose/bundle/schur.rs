//! Linearisation of a bundle and elimination of its points (Schur complement), in parallel chunks.

use super::reduced::{Reduced, Structure};
use super::residual::{linearize, residual};
use super::{Bundle, BundleObservation, Settings};
use crate::camera::Camera;
use crate::math::{Mat3, Point3, Vec3};
use nalgebra::{Matrix3, Matrix6x3, Vector3, Vector6};
use rayon::prelude::*;
use std::ops::Range;

/// Points are cut into this many chunks whatever the number of threads, so that sums do not depend
/// on it.
const CHUNKS: usize = 4;
/// Smallest diagonal entry that the damping multiplies; keeps points at infinity solvable.
const MIN_DIAGONAL: f64 = 1e-8;

/// Index structure of a bundle that stays the same over the iterations.
pub(super) struct Layout {
    /// Slot of each view among the free ones; `None` when fixed.
    pub slots: Vec<Option<u32>>,
    /// Range of observations per point.
    pub ranges: Vec<Range<usize>>,
    /// Block structure.
    pub structure: Structure,
}

impl Layout {
    pub fn new(bundle: &Bundle) -> Self {
        let mut free = 0;
        let slots: Vec<Option<u32>> = bundle
            .fixed
            .iter()
            .map(|&fixed| {
                (!fixed).then(|| {
                    free += 1;
                    free - 1
                })
            })
            .collect();
        let mut ranges = vec![0..0; bundle.points.len()];
        let mut start = 0;
        while start < bundle.observations.len() {
            let point = bundle.observations[start].point;
            let mut end = start;
            while end < bundle.observations.len() && bundle.observations[end].point == point {
                end += 1;
            }
            ranges[point as usize] = start..end;
            start = end;
        }
        let groups: Vec<Vec<u32>> = ranges
            .iter()
            .map(|range| {
                let mut group: Vec<u32> = bundle.observations[range.clone()]
                    .iter()
                    .filter_map(|o| slots[o.view as usize])
                    .collect();
                group.sort_unstable();
                group.dedup();
                group
            })
            .collect();
        let structure = Structure::new(free as usize, groups.iter().map(Vec::as_slice));
        Self { slots, ranges, structure }
    }

    fn chunks(&self) -> Vec<Range<usize>> {
        let total = self.ranges.len();
        (0..CHUNKS).map(|k| total * k / CHUNKS..total * (k + 1) / CHUNKS).collect()
    }
}

/// What back-substitution needs of one point.
struct Eliminated {
    inverse: Matrix3<f64>,
    gradient: Vector3<f64>,
    by_intrinsics: Matrix3<f64>,
    by_view: Vec<(u32, Matrix6x3<f64>)>,
}

/// The reduced system at the present estimate, and the parts to get the points back.
pub(super) struct Elimination {
    pub reduced: Reduced,
    points: Vec<Vec<Eliminated>>,
}

/// Σ ρ of the bundle, px².
pub(super) fn cost(bundle: &Bundle, camera: &Camera, layout: &Layout, settings: &Settings) -> f64 {
    let sums: Vec<f64> = layout
        .chunks()
        .into_par_iter()
        .map(|chunk| {
            let mut sum = 0.0;
            for point in chunk {
                for obs in &bundle.observations[layout.ranges[point].clone()] {
                    let squared =
                        residual(camera, &bundle.poses[obs.view as usize], &bundle.points[point], &obs.pixel)
                            .map_or(super::motion::BEHIND_SQUARED_PX, |r| r.norm_squared());
                    sum += settings.loss.evaluate(squared).0;
                }
            }
            sum
        })
        .collect();
    sums.iter().sum()
}

/// Builds the damped reduced system.
pub(super) fn eliminate(
    bundle: &Bundle,
    camera: &Camera,
    layout: &Layout,
    settings: &Settings,
    damping: f64,
) -> Elimination {
    let rotations: Vec<Mat3> =
        bundle.poses.iter().map(|pose| pose.rotation.to_rotation_matrix().into_inner()).collect();
    let parts: Vec<(Reduced, Vec<Eliminated>)> = layout
        .chunks()
        .into_par_iter()
        .map(|chunk| {
            let mut reduced = Reduced::zeros(&layout.structure);
            let points = chunk
                .map(|point| {
                    let observations = &bundle.observations[layout.ranges[point].clone()];
                    let ctx =
                        PointContext { bundle, camera, layout, settings, rotations: &rotations, damping };
                    ctx.eliminate(&bundle.points[point], observations, &mut reduced)
                })
                .collect();
            (reduced, points)
        })
        .collect();
    let mut reduced = Reduced::zeros(&layout.structure);
    let mut points = Vec::with_capacity(parts.len());
    for (part, eliminated) in parts {
        reduced.add(&part);
        points.push(eliminated);
    }
    Elimination { reduced, points }
}

struct PointContext<'a> {
    bundle: &'a Bundle,
    camera: &'a Camera,
    layout: &'a Layout,
    settings: &'a Settings,
    rotations: &'a [Mat3],
    damping: f64,
}

impl PointContext<'_> {
    fn eliminate(
        &self,
        point: &Point3,
        observations: &[BundleObservation],
        reduced: &mut Reduced,
    ) -> Eliminated {
        let mut hessian = Matrix3::zeros();
        let mut gradient = Vector3::zeros();
        let mut by_intrinsics = Matrix3::zeros();
        let mut by_view: Vec<(u32, Matrix6x3<f64>)> = Vec::with_capacity(observations.len());
        let free = self.settings.refine.free();
        for obs in observations {
            let view = obs.view as usize;
            let Some(mut lin) =
                linearize(self.camera, &self.bundle.poses[view], &self.rotations[view], point, &obs.pixel)
            else {
                continue;
            };
            for (k, &is_free) in free.iter().enumerate() {
                if !is_free {
                    lin.by_intrinsics.column_mut(k).fill(0.0);
                }
            }
            let weight = self.settings.loss.evaluate(lin.residual.norm_squared()).1;
            let point_t = lin.by_point.transpose() * weight;
            hessian += point_t * lin.by_point;
            gradient += point_t * lin.residual;
            let intrinsics_t = lin.by_intrinsics.transpose() * weight;
            by_intrinsics += intrinsics_t * lin.by_point;
            reduced.corner += intrinsics_t * lin.by_intrinsics;
            reduced.rhs_corner -= intrinsics_t * lin.residual;
            if let Some(slot) = self.layout.slots[view] {
                let pose_t = lin.by_pose.transpose() * weight;
                reduced.blocks[self.layout.structure.block(slot, slot)] += pose_t * lin.by_pose;
                reduced.border[slot as usize] += pose_t * lin.by_intrinsics;
                reduced.rhs[slot as usize] -= pose_t * lin.residual;
                by_view.push((slot, pose_t * lin.by_point));
            }
        }
        for k in 0..3 {
            hessian[(k, k)] += self.damping * hessian[(k, k)].max(MIN_DIAGONAL) + MIN_DIAGONAL * MIN_DIAGONAL;
        }
        let inverse = hessian.cholesky().map_or_else(Matrix3::zeros, |factor| factor.inverse());
        subtract(&inverse, &gradient, &by_intrinsics, &mut by_view, (&self.layout.structure, reduced));
        Eliminated { inverse, gradient, by_intrinsics, by_view }
    }
}

/// Takes the point's share out of the reduced system: S −= W V⁻¹ Wᵀ, b += W V⁻¹ g.
fn subtract(
    inverse: &Matrix3<f64>,
    gradient: &Vector3<f64>,
    by_intrinsics: &Matrix3<f64>,
    by_view: &mut [(u32, Matrix6x3<f64>)],
    (structure, reduced): (&Structure, &mut Reduced),
) {
    by_view.sort_by_key(|(slot, _)| *slot);
    let moved = inverse * gradient;
    for k in 0..by_view.len() {
        let (slot, block) = by_view[k];
        let scaled = block * inverse;
        reduced.rhs[slot as usize] += block * moved;
        reduced.border[slot as usize] -= scaled * by_intrinsics.transpose();
        for (other, other_block) in &by_view[k..] {
            let product = scaled * other_block.transpose();
            let target = &mut reduced.blocks[structure.block(slot, *other)];
            *target -= product;
            if *other == slot && !std::ptr::eq(other_block, &by_view[k].1) {
                *target -= product.transpose();
            }
        }
    }
    reduced.corner -= by_intrinsics * inverse * by_intrinsics.transpose();
    reduced.rhs_corner += by_intrinsics * moved;
}

impl Elimination {
    /// Steps of the points for a step of views and intrinsics.
    pub fn back_substitute(&self, views: &[Vector6<f64>], intrinsics: &Vector3<f64>) -> Vec<Vec3> {
        self.points
            .iter()
            .flatten()
            .map(|point| {
                let mut rhs = -point.gradient - point.by_intrinsics.transpose() * intrinsics;
                for (slot, block) in &point.by_view {
                    rhs -= block.transpose() * views[*slot as usize];
                }
                point.inverse * rhs
            })
            .collect()
    }
}
