//! The seam of stage 3: one trait, three estimators, chosen by name in the options.

use super::given::Given;
use super::network::Network;
use super::plane_sweep::PlaneSweep;
use super::{DepthMaps, Error, Options};
use crate::nn::Registry;
use crate::pose::Trajectory;
use crate::report::Reporter;
use crate::video::FrameSet;
use serde::{Deserialize, Serialize};

/// Which estimator computes depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// `given` when the input has depth, else `network`, whose clouds are the better ones on real clips
    /// (F at 5 cm, `models/README.md`); `plane_sweep` where ONNX Runtime is not built in.
    #[default]
    Auto,
    /// Multi-view plane sweep, semi-global aggregation, piecewise-planar completion. Needs no weights.
    PlaneSweep,
    /// A multi-view depth network described by the model manifest.
    Network,
    /// Depth images that came with the input.
    Given,
}

/// Computes depth maps of the keyframes.
pub trait DepthEstimator: Send + Sync {
    /// Name as in the options.
    fn name(&self) -> &'static str;

    /// Models that take part: id and SHA-256.
    fn models(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Depth of the keyframes of `trajectory`, in time order, in the units of its poses.
    ///
    /// # Errors
    /// When no depth at all can be computed; a keyframe without depth is only a warning.
    fn estimate(
        &self,
        frames: &FrameSet,
        trajectory: &Trajectory,
        reporter: &Reporter,
    ) -> Result<DepthMaps, Error>;
}

/// The estimator that the options name. `has_depth` says that the input brings depth images; `models`
/// is where a network is looked for.
///
/// # Errors
/// When the model is missing, altered or not a multi-view depth network.
pub fn estimator(
    options: &Options,
    has_depth: bool,
    models: &Registry,
) -> Result<Box<dyn DepthEstimator>, Error> {
    Ok(match options.method {
        Method::Auto if has_depth => Box::new(Given::new(options.clone())),
        Method::Auto if cfg!(feature = "onnx") => Box::new(Network::open(options.clone(), models)?),
        Method::Auto | Method::PlaneSweep => Box::new(PlaneSweep::new(options.clone())),
        Method::Network => Box::new(Network::open(options.clone(), models)?),
        Method::Given => Box::new(Given::new(options.clone())),
    })
}
