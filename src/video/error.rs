//! Errors of stage 1: the input cannot be used, why, and what to do about it.

use std::path::PathBuf;

/// Why an input could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing at the path.
    #[error("the input does not exist; check the spelling: {}", .0.display())]
    Missing(PathBuf),
    /// A clip cannot be written.
    #[error("the clip cannot be encoded ({cause}); check free space and rights of its folder: {}", path.display())]
    Encode {
        /// What the encoder says.
        cause: String,
        /// The clip.
        path: PathBuf,
    },
    /// The path is none of the kinds of input that are read.
    #[error(
        "this is no kind of input that is read ({found}); give a video file, a folder of images, a \
         transforms.json, a TUM RGB-D folder, a COLMAP text model or a point cloud .ply: {}",
        path.display()
    )]
    UnknownKind {
        /// What was found there.
        found: String,
        /// The input.
        path: PathBuf,
    },
    /// The decoder finds no video stream.
    #[error(
        "no video stream can be decoded ({cause}); the file is not a video or was cut off before its \
         index was written: copy it again, or repair it with `ffmpeg -i IN -c copy OUT`: {}",
        path.display()
    )]
    NoVideoStream {
        /// What the decoder says.
        cause: String,
        /// The input.
        path: PathBuf,
    },
    /// Too few frames to see depth.
    #[error(
        "{found} frames are too few to measure depth, {needed} are needed; film for at least five \
         seconds while walking: {}",
        path.display()
    )]
    TooFewFrames {
        /// Frames found.
        found: usize,
        /// Frames needed.
        needed: usize,
        /// The input.
        path: PathBuf,
    },
    /// The picture is black.
    #[error(
        "the picture is black: brightest frame has a mean gray level of {brightest:.1} of 255 (at least \
         {needed:.0} is needed); switch the lights on and film again: {}",
        path.display()
    )]
    Black {
        /// Mean gray level of the brightest frame.
        brightest: f64,
        /// The least that is usable.
        needed: f64,
        /// The input.
        path: PathBuf,
    },
    /// A file that the input names is unusable.
    #[error("{what} is unusable ({cause}); {remedy}: {}", path.display())]
    Malformed {
        /// Which part.
        what: String,
        /// Why.
        cause: String,
        /// What to do.
        remedy: String,
        /// The file.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("cannot read ({source}); check that the file exists and may be read: {}", path.display())]
    Io {
        /// Cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// This build has no decoder.
    #[error(
        "this build was made without OpenCV and decodes no video; build with the feature `opencv`, or \
         give a folder of images: {}",
        .0.display()
    )]
    NoDecoder(PathBuf),
}

impl Error {
    /// A file that the input names is unusable.
    pub(crate) fn malformed(
        what: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
        path: impl Into<PathBuf>,
    ) -> Self {
        Self::Malformed { what: what.into(), cause: cause.into(), remedy: remedy.into(), path: path.into() }
    }

    /// Reading failed.
    pub(crate) fn io(source: std::io::Error, path: impl Into<PathBuf>) -> Self {
        Self::Io { source, path: path.into() }
    }
}
