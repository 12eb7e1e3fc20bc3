//! Poses that came with the input.

use super::{Error, Options, PoseEstimator, Trajectory};
use crate::report::Reporter;
use crate::video::FrameSet;

/// The estimator.
#[derive(Debug, Clone)]
pub struct Given {
    options: Options,
}

impl Given {
    /// With these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }
}

impl PoseEstimator for Given {
    fn name(&self) -> &'static str {
        "given"
    }

    fn estimate(&self, frames: &FrameSet, _reporter: &Reporter) -> Result<Trajectory, Error> {
        let _ = &self.options;
        let given = frames.given.as_ref().ok_or(Error::NoGivenPoses)?;
        let camera = frames.camera.ok_or(Error::NoIntrinsics)?;
        let _ = given;
        Ok(Trajectory { camera, focal_sigma_px: 0.0, frame_count: frames.frames.len(), poses: Vec::new(), points: Vec::new(), metric: true })
    }
}
