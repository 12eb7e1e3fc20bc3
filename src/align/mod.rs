//! Stage 5: gravity, yaw, floor and metres.
//! `(&Cloud<World>, &Trajectory) -> (Alignment, Cloud<SceneFrame>)`.

pub mod alignment;

pub use alignment::{Alignment, Cue, Hints, ScaleSource};
