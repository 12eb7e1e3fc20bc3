//! Stage 3: dense depth of the keyframes. `(&FrameSet, &Trajectory) -> DepthMaps`.
//!
//! Three estimators stand behind [`DepthEstimator`], chosen by [`Options::method`]:
//! [`network`] (default: a multi-view depth model of the manifest, joined by matching), [`plane_sweep`]
//! (needs no weights) and [`given`] (depth images of the input). Depth and poses share one unit, which is
//! arbitrary unless the trajectory is metric; nothing here assumes metres except [`given`].

pub mod artefact;
pub mod completion;
pub mod consistency;
pub mod edges;
mod error;
mod estimator;
pub mod given;
pub mod maps;
mod matching;
pub mod network;
mod options;
pub mod plane_sweep;
pub mod range;
mod regions;
pub mod sources;
pub mod views;

pub use edges::{EdgePlane, edge_planes};
pub use error::Error;
pub use estimator::{DepthEstimator, Method, estimator};
pub use maps::{DepthMap, DepthMaps};
pub use options::Options;
