//! Options of the camera stage.

use serde::{Deserialize, Serialize};

/// Which estimator places the cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EstimatorKind {
    /// `given` when the input has poses, else `features`.
    #[default]
    Auto,
    /// Structure from motion on tracked features.
    Features,
    /// Poses of the input.
    Given,
}

/// Options of stage 2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which estimator.
    pub estimator: EstimatorKind,
    /// Focal length in pixels of the working image; 0 = from the input, else estimated.
    pub focal_px: f64,
    /// Adjust a focal length that was given, too.
    pub refine_given_focal: bool,
    /// Adjust radial distortion when it was not given.
    pub refine_distortion: bool,
    /// Corners followed from frame to frame.
    pub max_corners: usize,
    /// Descriptors per keyframe.
    pub max_descriptors: usize,
    /// Median image motion between keyframes, share of the longer side.
    pub keyframe_motion: f64,
    /// Close loops by place recognition.
    pub loop_closure: bool,
    /// Least share of frames that must be placed for the result to be handed on.
    pub min_registered_share: f64,
    /// Seed of the random samples.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            estimator: EstimatorKind::Auto,
            focal_px: 0.0,
            refine_given_focal: false,
            refine_distortion: true,
            max_corners: 700,
            max_descriptors: 1200,
            keyframe_motion: 0.045,
            loop_closure: true,
            min_registered_share: 0.25,
            seed: 0,
        }
    }
}
