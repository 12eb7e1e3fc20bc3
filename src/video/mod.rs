//! Stage 1: a clip (video file, image folder, posed or depth-carrying folder) becomes a [`FrameSet`].
//!
//! A [`FrameSet`] holds the time stamps and the camera hints of all frames and knows how to stream
//! or fetch their pixels again; it never holds the pixels of a whole clip, so memory stays bounded
//! on long ones. Frames are upright (rotation metadata applied) and at the working resolution.

pub mod colmap;
#[cfg(feature = "opencv")]
pub mod decode;
#[cfg(feature = "opencv")]
pub mod encode;
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
pub use input::{InputKind, MIN_FRAMES, open};
pub use stream::FrameStream;

/// Version of the video decoder of this build, in words.
#[must_use]
pub fn decoder_version() -> String {
    #[cfg(feature = "opencv")]
    return format!("OpenCV {}", opencv::core::CV_VERSION);
    #[cfg(not(feature = "opencv"))]
    return "none: built without the feature `opencv`".to_owned();
}

/// Limits OpenCV's own threads; results do not depend on them. The decoder has its threads for itself.
pub fn limit_threads(threads: usize) {
    #[cfg(feature = "opencv")]
    // A number that OpenCV does not take leaves it as it was.
    let _ = opencv::core::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    #[cfg(not(feature = "opencv"))]
    let _ = threads;
}
