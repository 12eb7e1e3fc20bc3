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
        let mut index = [0usize; 3];
        for axis in 0..3 {
            let cell = ((point[axis] - self.origin_m[axis]) / self.voxel_m).floor();
            if !(cell >= 0.0 && cell < self.size[axis] as f64) {
                return VoxelState::Unseen;
            }
            index[axis] = cell as usize;
        }
        self.states[index[0] + self.size[0] * (index[1] + self.size[1] * index[2])]
    }
}
