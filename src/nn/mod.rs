//! Neural networks: the model registry and ONNX Runtime sessions. The only module that names `ort`.
//!
//! [`Manifest`] says what a model is (file, sha256, licence, tensors, geometry); [`Registry`] finds
//! its file in the folders given with `--models`, or among the [`shipped`] ones, and checks the digest; [`Session`] runs it on named
//! [`Tensor`]s. Manifest and registry work in builds without the feature `onnx`; a session then
//! says that the build has none.

mod error;
mod elevation_maps;
pub mod layout_maps;
pub mod library;
pub mod manifest;
pub mod point_language;
mod registry;
#[cfg(feature = "onnx")]
mod runtime;
mod semantic_scores;
mod session;
pub mod shipped;
mod tensor;

pub use elevation_maps::ElevationMaps;
pub use error::Error;
pub use layout_maps::{Calibration, Clues, LayoutMaps, Logistic, OfClass};
pub use manifest::{BesideFile, Layout, Manifest, ModelEntry, MultiViewDepth, ProjectionInput};
pub use point_language::{LayoutDecoder, PointEncoder};
pub use registry::{Model, Registry};
pub use semantic_scores::SemanticScores;
pub use session::{PROVIDER, Session, SessionOptions};
pub use tensor::{Data, Tensor};
