//! Stage 6: what is in the cloud. `&Cloud<SceneFrame> (+ free space) -> Draft`.

pub mod draft;

pub use draft::{Draft, DraftObject, DraftOpening, DraftRoom, DraftWall};
