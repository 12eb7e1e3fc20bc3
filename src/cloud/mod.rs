//! Stage 4: depth maps become one cloud. `(&Trajectory, &DepthMaps) -> Cloud<World>`.
//!
//! | file | what it does |
//! |---|---|
//! | [`fuse`] | truncated signed distance fusion in sparse blocks, block-wise within a memory budget |
//! | [`carve`] | which voxels were seen to be free, occupied, or not seen at all |
//! | [`moments`] | local planes of all places in linear time |
//! | [`normals`] | normals for clouds that come without |
//! | [`mod@downsample`] | one point a voxel |
//! | [`ply`] | reading anybody's point clouds, writing ours |

pub mod frame;
pub mod free_space;
pub mod options;
mod blocks;
mod view;
mod integrate;
mod surface;
mod outliers;
pub mod fuse;
pub mod carve;
pub mod downsample;
pub mod moments;
pub mod normals;
pub mod ply;
#[cfg(test)]
pub(crate) mod measured;
#[cfg(test)]
pub(crate) mod boxes;
#[cfg(test)]
mod tests;

pub use carve::free_space;
pub use downsample::downsample;
pub use frame::{Cloud, CloudPoint, Frame, SceneFrame, World};
pub use free_space::{FreeSpace, VoxelState};
pub use fuse::fuse;
pub use normals::{estimate_normals, refine_normals};
pub use options::{Error, Options};
