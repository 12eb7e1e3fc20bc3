//! Stage 2: the camera path. `&FrameSet -> Trajectory`.
//!
//! Two estimators behind [`PoseEstimator`]: [`features`] (structure from motion on tracked features,
//! needs the `opencv` feature) and [`given`] (poses that came with the input). [`estimator`] chooses.

pub mod bundle;
pub mod error;
#[cfg(feature = "opencv")]
pub mod features;
pub mod given;
pub mod keyframes;
pub mod options;
pub mod pose_graph;
pub mod trajectory;
pub mod triangulate;

pub use error::Error;
pub use options::{EstimatorKind, Options};
pub use trajectory::{FramePose, Observation, SparsePoint, Trajectory};

use crate::camera::Camera;
use crate::report::Reporter;
use crate::video::FrameSet;

/// Something that places the cameras of a clip.
pub trait PoseEstimator {
    /// Name in options and reports.
    fn name(&self) -> &'static str;

    /// The camera path of the frames.
    ///
    /// # Errors
    /// [`Error`] when no trustworthy path can be given; a doubtful one comes with warnings.
    fn estimate(&self, frames: &FrameSet, reporter: &Reporter) -> Result<Trajectory, Error>;
}

/// The camera that the input or the options give at the working resolution.
#[must_use]
pub fn given_camera(frames: &FrameSet, options: &Options) -> Option<Camera> {
    if options.focal_px > 0.0 {
        let base =
            frames.camera.unwrap_or_else(|| Camera::centred(frames.width, frames.height, options.focal_px));
        return Some(Camera { fx: options.focal_px, fy: options.focal_px, ..base });
    }
    frames.camera
}

/// `given` when the input has poses, else `features`.
struct Auto {
    options: Options,
}

impl PoseEstimator for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn estimate(&self, frames: &FrameSet, reporter: &Reporter) -> Result<Trajectory, Error> {
        let kind = if frames.given.is_some() { EstimatorKind::Given } else { EstimatorKind::Features };
        estimator(&Options { estimator: kind, ..self.options.clone() }).estimate(frames, reporter)
    }
}

/// Stands in for `features` in a build without OpenCV.
#[cfg(not(feature = "opencv"))]
struct NotBuilt;

#[cfg(not(feature = "opencv"))]
impl PoseEstimator for NotBuilt {
    fn name(&self) -> &'static str {
        "features"
    }

    fn estimate(&self, _frames: &FrameSet, _reporter: &Reporter) -> Result<Trajectory, Error> {
        Err(Error::NotBuilt)
    }
}

/// The estimator that the options name.
#[must_use]
pub fn estimator(options: &Options) -> Box<dyn PoseEstimator> {
    match options.estimator {
        EstimatorKind::Auto => Box::new(Auto { options: options.clone() }),
        EstimatorKind::Given => Box::new(given::Given::new(options.clone())),
        #[cfg(feature = "opencv")]
        EstimatorKind::Features => Box::new(features::Features::new(options.clone())),
        #[cfg(not(feature = "opencv"))]
        EstimatorKind::Features => Box::new(NotBuilt),
    }
}
