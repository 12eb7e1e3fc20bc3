//! Stage 1: a clip (video file, image folder, posed or depth-carrying folder) becomes a [`FrameSet`].
//!
//! A [`FrameSet`] holds the time stamps and the camera hints of all frames and knows how to stream
//! or fetch their pixels again; it never holds the pixels of a whole clip, so memory stays bounded
//! on long ones. Frames are upright (rotation metadata applied) and at the working resolution.

pub mod colmap;
#[cfg(feature = "opencv")]
pub mod decode;
pub mod error;
pub mod frames;
pub mod images;
pub mod input;
pub mod nerfstudio;
pub mod quality;
pub mod stream;
pub mod tum;

pub use error::Error;
pub use frames::{FrameInfo, FrameSet, FrameSource, GivenFrame, Options};
pub use input::{InputKind, open};
pub use stream::FrameStream;
