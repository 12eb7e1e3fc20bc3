//! Stage 4: depth maps become one cloud. `(&Trajectory, &DepthMaps) -> Cloud<World>`.

pub mod frame;
pub mod free_space;

pub use frame::{Cloud, CloudPoint, Frame, SceneFrame, World};
pub use free_space::{FreeSpace, VoxelState};
