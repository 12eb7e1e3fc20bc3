//! What the cameras saw to be empty: the difference between an opening and a wall nobody looked at.
//!
//! Frame: the scene frame, metres. Dense grid of voxels over the bounds of the observed volume.

use serde::{Deserialize, Serialize};

/// What is known of a voxel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum VoxelState {
    /// No ray came here.
    Unseen = 0,
    /// Rays passed through.
    Free = 1,
    /// A surface was seen here.
    Occupied = 2,
}

/// Dense voxel grid of observations.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeSpace {
    /// Minimum corner, metres, scene frame.
    pub origin_m: [f64; 3],
    /// Voxel edge, metres.
    pub voxel_m: f64,
    /// Voxels along x, y, z.
    pub size: [usize; 3],
    /// States, x fastest, then y, then z.
    pub states: Vec<VoxelState>,
}

impl FreeSpace {
    /// State at a point; `Unseen` outside the grid.
    #[must_use]
    pub fn at(&self, point: [f64; 3]) -> VoxelState {
        match [0, 1, 2].map(|axis| self.step(axis, point[axis])) {
            [Some(x), Some(y), Some(z)] => self.states[x + self.size[0] * (y + self.size[1] * z)],
            _ => VoxelState::Unseen,
        }
    }

    /// States above a place in plan, from the lowest voxel up; empty outside the grid.
    pub fn column(&self, [x, y]: [f64; 2]) -> impl Iterator<Item = VoxelState> + '_ {
        let foot = self.step(0, x).zip(self.step(1, y)).map(|(x, y)| x + self.size[0] * y);
        let layer = self.size[0] * self.size[1];
        let states = foot.map_or(&[][..], |foot| &self.states[foot..]);
        states.iter().step_by(layer.max(1)).copied()
    }

    /// Index along an axis of the voxel that holds a coordinate.
    fn step(&self, axis: usize, coordinate_m: f64) -> Option<usize> {
        let voxels = (coordinate_m - self.origin_m[axis]) / self.voxel_m;
        // Truncation is rounding down here, since nothing below zero is inside.
        (voxels >= 0.0 && voxels < self.size[axis] as f64).then_some(voxels as usize)
    }
}
