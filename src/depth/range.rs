//! How near and how far the surfaces of a keyframe are: the range that the planes must cover.
//!
//! Takes the sparse points of the trajectory; gives a range of inverse depth per keyframe, in the
//! trajectory's units. Without enough points the caller sweeps a wide range coarsely first.

use crate::camera::Camera;
use crate::math::Pose;
use crate::pose::Trajectory;

/// Fewer visible sparse points than this say nothing about a keyframe's range.
const MIN_POINTS: usize = 12;
/// Share of the points left out at either end, against outliers.
const TRIM: f64 = 0.02;
/// Surfaces without corners may be nearer than the nearest corner: factor on its depth.
const NEAR_MARGIN: f64 = 0.6;
/// The same for the farthest.
const FAR_MARGIN: f64 = 1.6;

/// Inverse depths between which all surfaces are looked for, 1 / world units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InverseRange {
    /// Of the farthest surface.
    pub far: f64,
    /// Of the nearest surface.
    pub near: f64,
}

impl InverseRange {
    /// The range that holds these depths, with margins; `None` for too few.
    #[must_use]
    pub fn of_depths(depths: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = depths.iter().copied().filter(|d| d.is_finite() && *d > 0.0).collect();
        if sorted.len() < MIN_POINTS {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let trimmed = (sorted.len() as f64 * TRIM) as usize;
        let near = NEAR_MARGIN * sorted[trimmed];
        let far = FAR_MARGIN * sorted[sorted.len() - 1 - trimmed];
        Some(Self { far: 1.0 / far, near: 1.0 / near })
    }

    /// Inverse depth in the middle.
    #[must_use]
    pub fn middle(&self) -> f64 {
        0.5 * (self.far + self.near)
    }
}

/// Range of what `camera` at `world_from_camera` sees of the sparse points; `None` for too few.
#[must_use]
pub fn of_view(trajectory: &Trajectory, camera: &Camera, world_from_camera: &Pose) -> Option<InverseRange> {
    let camera_from_world = world_from_camera.inverse();
    let depths: Vec<f64> = trajectory
        .points
        .iter()
        .map(|point| camera_from_world * point.position)
        .filter(|point| camera.project(point).is_some_and(|pixel| camera.contains(&pixel)))
        .map(|point| point.z)
        .collect();
    InverseRange::of_depths(&depths)
}
