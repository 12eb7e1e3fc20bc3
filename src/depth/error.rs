//! Errors of stage 3: depth cannot be computed at all, why, and what to do about it.
//!
//! What only lowers the coverage (a missing view, bad pixels, one keyframe without a baseline) is a
//! warning of the reporter, not an error.

use std::path::PathBuf;

/// Why no depth maps could be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No frame has a pose.
    #[error(
        "the trajectory has {registered} registered frames and {keyframes} keyframes, depth needs at least \
         one keyframe and a second view of it; film with more sideways motion, or give poses"
    )]
    TooFewViews {
        /// Registered frames.
        registered: usize,
        /// Keyframes among them.
        keyframes: usize,
    },
    /// The cameras all stand at one place.
    #[error(
        "no keyframe has a second view with parallax (longest baseline {longest_baseline:.2e} world units, \
         of {keyframes} keyframes): depth cannot be triangulated; walk while filming, or give depth images"
    )]
    NoBaseline {
        /// Keyframes tried.
        keyframes: usize,
        /// Longest distance between two cameras, world units.
        longest_baseline: f64,
    },
    /// A pose, the camera or a point is not finite, or does not fit the frames.
    #[error("the trajectory does not fit the frames ({cause}); compute the camera path again")]
    BadTrajectory {
        /// What does not fit.
        cause: String,
    },
    /// `given` was asked for and the input has no depth.
    #[error(
        "the input brings no depth images for the {keyframes} keyframes; choose the depth estimator \
         `plane_sweep` or `network`, or give a folder with depth"
    )]
    NoGivenDepth {
        /// Keyframes in the trajectory.
        keyframes: usize,
    },
    /// The frames' pixels cannot be read.
    #[error(transparent)]
    Video(#[from] crate::video::Error),
    /// The network cannot be loaded or run.
    #[error(transparent)]
    Network(#[from] crate::nn::Error),
    /// The manifest entry does not describe a network that this stage can feed.
    #[error("the model `{model}` cannot be used for depth ({cause}); choose another with `depth.model`")]
    UnfitModel {
        /// Model id.
        model: String,
        /// Why.
        cause: String,
    },
    /// A stored depth artefact is unusable.
    #[error("the depth artefact is unusable ({cause}); delete the folder and run the stage again: {}", path.display())]
    Malformed {
        /// Why.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error("cannot read or write ({source}); check the permissions and the free space: {}", path.display())]
    Io {
        /// Cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// True when the request is at fault (a missing or wrong model), not the input.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::UnfitModel { .. } | Self::Network(_))
    }

    /// A stored file is unusable.
    pub(crate) fn malformed(cause: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self::Malformed { cause: cause.into(), path: path.into() }
    }

    /// Reading or writing failed.
    pub(crate) fn io(source: std::io::Error, path: impl Into<PathBuf>) -> Self {
        Self::Io { source, path: path.into() }
    }
}
