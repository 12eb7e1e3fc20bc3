//! Permanent failures of the camera stage: cause, measured value, what to film differently.

use thiserror::Error;

/// Why no camera path can be given.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Fewer frames than a reconstruction needs.
    #[error("too few frames: {frames}, at least {needed} are needed; film for longer or raise video.max_fps")]
    TooFewFrames {
        /// Frames in the set.
        frames: usize,
        /// Least number.
        needed: usize,
    },
    /// Nothing to follow in the pictures.
    #[error(
        "no texture to follow: {corners:.0} corners per frame (median), mean brightness {brightness:.0} of \
         255; film with more light, keep furniture and edges in view"
    )]
    NoTexture {
        /// Median number of corners per frame.
        corners: f64,
        /// Mean gray level of the clip.
        brightness: f64,
    },
    /// The camera stood still.
    #[error(
        "no parallax measured: median flow {flow_px:.2} px over the whole clip, the camera does not move; \
         walk sideways, at least a metre"
    )]
    StaticCamera {
        /// Largest median flow between keyframes, pixels.
        flow_px: f64,
    },
    /// The camera only turned on the spot.
    #[error(
        "no parallax measured: rotation alone explains {explained:.0} % of the flow, parallax \
         {parallax_deg:.2} deg; the camera only turns, walk while you turn"
    )]
    PureRotation {
        /// Share of matches that a rotation explains, percent.
        explained: f64,
        /// Median parallax that is left, degrees.
        parallax_deg: f64,
    },
    /// No pair of views gives a trustworthy start.
    #[error(
        "no two views give a trustworthy start: best pair has {points} points at {angle_deg:.1} deg; walk \
         slowly and sideways, keep furniture in view"
    )]
    NoStart {
        /// Triangulated points of the best pair.
        points: usize,
        /// Their median angle, degrees.
        angle_deg: f64,
    },
    /// The focal length cannot be told from the clip.
    #[error(
        "the focal length cannot be told from the clip (estimate {focal_px:.0} px, sigma {sigma_px:.0} px): \
         the view is too narrow or too flat; give pose.focal_px, or walk with turns past furniture"
    )]
    FocalUnknown {
        /// Best estimate, pixels.
        focal_px: f64,
        /// One standard deviation, pixels.
        sigma_px: f64,
    },
    /// Everything in view lies in one plane, so that an unknown focal length stays unknown.
    #[error(
        "all points lie in one plane (thickness {percent:.1} % of the extent), so the focal length cannot be \
         told; keep furniture and corners in view, or give pose.focal_px"
    )]
    PlanarScene {
        /// Thickness over extent, percent.
        percent: f64,
    },
    /// The reconstruction covers too little of the clip to be used.
    #[error(
        "only {registered} of {frames} frames could be placed ({share:.0} %), reprojection error \
         {error_px:.1} px; film slowly, with light, without turning on the spot"
    )]
    Lost {
        /// Placed frames.
        registered: usize,
        /// Frames in the set.
        frames: usize,
        /// Share, percent.
        share: f64,
        /// Reprojection error, pixels.
        error_px: f64,
    },
    /// `given` was asked for and the input has no poses.
    #[error("the input gives no poses; use pose.estimator = \"features\", or give a folder with poses")]
    NoGivenPoses,
    /// Given poses are unusable.
    #[error("the given pose of frame {frame_idx} is not finite; repair or drop that frame")]
    BadGivenPose {
        /// Index into the frame set.
        frame_idx: usize,
    },
    /// Given poses come without intrinsics.
    #[error("the input gives poses but no intrinsics; add fl_x, fl_y, cx, cy (or --focal-px)")]
    NoIntrinsics,
    /// The program was built without OpenCV.
    #[error(
        "camera poses from video need the `opencv` feature, which this build lacks; rebuild with it, or \
         give poses"
    )]
    NotBuilt,
    /// Reading frames failed.
    #[error("frames could not be read: {0}")]
    Frames(String),
    /// An OpenCV routine failed.
    #[error("OpenCV failed in {routine}: {cause}")]
    OpenCv {
        /// Which routine.
        routine: &'static str,
        /// Its message.
        cause: String,
    },
}

impl Error {
    /// Stable identifier, kebab-case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooFewFrames { .. } => "too-few-frames",
            Self::NoTexture { .. } => "no-texture",
            Self::StaticCamera { .. } => "static-camera",
            Self::PureRotation { .. } => "pure-rotation",
            Self::NoStart { .. } => "no-start",
            Self::PlanarScene { .. } => "planar-scene",
            Self::FocalUnknown { .. } => "focal-unknown",
            Self::Lost { .. } => "tracking-lost",
            Self::NoGivenPoses => "no-given-poses",
            Self::BadGivenPose { .. } => "bad-given-pose",
            Self::NoIntrinsics => "no-intrinsics",
            Self::NotBuilt => "opencv-missing",
            Self::Frames(_) => "frames-unreadable",
            Self::OpenCv { .. } => "opencv-failed",
        }
    }
}
