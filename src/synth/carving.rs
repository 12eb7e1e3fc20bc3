//! Free space of a simulated scan: `(house, rays of its views) -> FreeSpace`.
//!
//! Rays are counted in the voxels that they pass and in those where they end; the errors of depth and pose are
//! in the rays. Frame: the cloud's, metres.

use super::house::House;
use super::mesh::{V3, add_scaled, length};
use super::placement;
use crate::cloud::{FreeSpace, VoxelState};

/// What is counted reaches so far beyond the walls, metres.
const MARGIN_M: f64 = 0.5;
/// ... and so far below the floor and above the ceiling, metres (errors of height and tilt).
const BELOW_AND_ABOVE_M: f64 = 0.3;
/// A voxel is occupied when more than one in so many of its rays ends there.
const RAYS_FOR_AN_END: u32 = 4;

/// The rays of one view.
#[derive(Debug)]
pub struct Rays {
    /// Believed eye.
    pub eye: V3,
    /// Believed end points, with whether a surface is there.
    pub ends: Vec<(V3, bool)>,
}

/// Counters of rays per voxel.
pub struct Grid {
    origin: [f64; 3],
    voxel: f64,
    size: [usize; 3],
}

impl Grid {
    /// Over the whole house and a margin.
    pub fn around(house: &House, voxel: f64) -> Self {
        let (low, high) = placement::bounds(&house.plan.nodes);
        let origin = [low[0] - MARGIN_M, low[1] - MARGIN_M, -BELOW_AND_ABOVE_M];
        let extent = [
            high[0] - low[0] + 2.0 * MARGIN_M,
            high[1] - low[1] + 2.0 * MARGIN_M,
            house.plan.ceiling_m + 2.0 * BELOW_AND_ABOVE_M,
        ];
        Self { origin, voxel, size: extent.map(|e| (e / voxel).ceil() as usize) }
    }

    /// A point in units of voxels from the corner.
    fn in_voxels(&self, p: V3) -> V3 {
        std::array::from_fn(|k| ((f64::from(p[k]) - self.origin[k]) / self.voxel) as f32)
    }

    /// The voxel that holds a point in units of voxels.
    fn cell(&self, p: V3) -> Option<usize> {
        // Truncation is rounding down here, since nothing below zero is inside.
        let [x, y, z] = p.map(|c| if c >= 0.0 { c as usize } else { usize::MAX });
        let inside = x < self.size[0] && y < self.size[1] && z < self.size[2];
        inside.then(|| x + self.size[0] * (y + self.size[1] * z))
    }

    /// Carves rays, moved to where the cloud lies.
    pub fn carve<'a>(&self, rays: impl Iterator<Item = &'a Rays>, moved: impl Fn(V3) -> V3) -> FreeSpace {
        let mut passed = vec![0u16; self.size.iter().product()];
        let mut struck = vec![0u16; passed.len()];
        let step = 0.5 * self.voxel as f32;
        for of_view in rays {
            let eye = moved(of_view.eye);
            let start = self.in_voxels(eye);
            for &(end, solid) in &of_view.ends {
                let end = moved(end);
                let way = [end[0] - eye[0], end[1] - eye[1], end[2] - eye[2]];
                let l = length(way);
                let stride = way.map(|c| c / l.max(1e-6) * step / self.voxel as f32);
                let mut last = usize::MAX;
                // The voxel before the surface stays open to doubt.
                for k in 1..((l - self.voxel as f32) / step).max(0.0) as usize {
                    if let Some(i) = self.cell(add_scaled(start, stride, k as f32))
                        && i != last
                    {
                        passed[i] = passed[i].saturating_add(1);
                        last = i;
                    }
                }
                if solid && let Some(i) = self.cell(self.in_voxels(end)) {
                    struck[i] = struck[i].saturating_add(1);
                }
            }
        }
        let states = passed
            .iter()
            .zip(&struck)
            .map(|(&free, &hit)| match (free, hit) {
                (0, 0) => VoxelState::Unseen,
                (f, h) if RAYS_FOR_AN_END * u32::from(h) > u32::from(f) => VoxelState::Occupied,
                _ => VoxelState::Free,
            })
            .collect();
        FreeSpace { origin_m: self.origin, voxel_m: self.voxel, size: self.size, states }
    }
}
