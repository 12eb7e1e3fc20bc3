//! Stage 6: what is in the cloud. `&Cloud<SceneFrame> (+ free space, camera path) -> Draft`.
//!
//! The seam is [`LayoutDetector`]; [`detector`] chooses one by the name in [`Options`]. Frame: the
//! scene frame (Z up, metres, floor z = 0).
//!
//! Shared by every detector: [`samples`] (reduced cloud with normals), [`wall_grid`] (evidence in
//! plan), [`structure`] (closing rooms: [`arrangement`], [`interior`], [`walls`]), [`refine`] (walls
//! against points) and [`drafting`] (openings, evidence on each wall: [`elevation`]).

pub mod arrangement;
pub mod class_rules;
pub mod clusters;
pub mod draft;
pub mod drafting;
pub mod elevation;
pub mod faces;
pub mod geometric;
pub mod heights;
pub mod interior;
pub mod labelled;
pub mod min_cut;
pub mod network;
pub mod objects;
pub mod openings;
pub mod panels;
pub mod picture;
pub mod plan;
pub mod refine;
pub mod samples;
pub mod sample_index;
pub mod spatiallm;
pub mod structure;
pub mod wall_grid;
pub mod wall_lines;
pub mod walls;
#[cfg(test)]
mod tests;

pub use draft::{Draft, DraftObject, DraftOpening, DraftRoom, DraftWall};

use crate::align::Judgement;
use crate::cloud::{Cloud, FreeSpace, SceneFrame};
use crate::math::Point3;
use crate::nn::Registry;
use crate::report::Reporter;
use crate::semantics::{self, Semantics};
use serde::{Deserialize, Serialize};

/// What a detector is given.
#[derive(Clone, Copy)]
pub struct DetectorInput<'a> {
    /// The aligned cloud.
    pub cloud: &'a Cloud<SceneFrame>,
    /// What the cameras saw to be empty, when known.
    pub free_space: Option<&'a FreeSpace>,
    /// What a segmentation network says of the surfaces, when one was asked.
    pub semantics: Option<&'a Semantics>,
    /// Camera positions in the scene frame in time order; may be empty.
    pub camera_path: &'a [Point3],
    /// Ceiling height, metres, when known from elsewhere.
    pub ceiling_height_m: Option<f64>,
}

impl<'a> DetectorInput<'a> {
    /// A cloud of which nothing else is known.
    #[must_use]
    pub fn of_cloud(cloud: &'a Cloud<SceneFrame>) -> Self {
        Self { cloud, free_space: None, semantics: None, camera_path: &[], ceiling_height_m: None }
    }
}

/// Finds walls, openings, objects and rooms in an aligned cloud.
pub trait LayoutDetector: Send + Sync {
    /// Name, as in [`Options::detector`].
    fn name(&self) -> &'static str;

    /// Models that take part: id and SHA-256 of each file.
    fn models(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// True when [`DetectorInput::semantics`] makes a difference.
    fn reads_semantics(&self) -> bool {
        false
    }

    /// Scale of the cloud over the true one, for a detector that can judge it.
    ///
    /// # Errors
    /// When the cloud holds nothing to judge by or the detector does not run.
    fn judge_scale(&self, _input: &DetectorInput<'_>, _reporter: &Reporter) -> Result<Judgement, Error> {
        Ok(Judgement::default())
    }

    /// Detects.
    ///
    /// # Errors
    /// When the cloud holds nothing to detect from.
    fn detect(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Draft, Error>;
}

/// Why no layout could be detected.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cloud is (almost) empty.
    #[error(
        "the cloud holds {finite} usable points of {total}, at least {needed} are needed: \
         check that the depth stage found surfaces, or give a denser cloud"
    )]
    TooFewPoints {
        /// Finite points inside the bounds.
        finite: usize,
        /// Points in the cloud.
        total: usize,
        /// Minimum.
        needed: usize,
    },
    /// The cloud is too large to be a building in metres.
    #[error(
        "the cloud is {extent_m:.0} m wide, at most {limit_m:.0} m are supported: \
         check that its unit is the metre (option `--ceiling-height` or `--known-length`)"
    )]
    TooLarge {
        /// Larger side of its bounding rectangle in plan, metres.
        extent_m: f64,
        /// Limit, metres.
        limit_m: f64,
    },
    /// A network cannot be loaded or run.
    #[error(transparent)]
    Model(#[from] crate::nn::Error),
    /// The model is no layout network.
    #[error(
        "the model `{id}` is no layout network: give `layout.network.model` one with a table `layout_maps`"
    )]
    UnfitModel {
        /// Id in the manifest.
        id: String,
    },
    /// SpatialLM's weights could not be run.
    #[error(transparent)]
    SpatialLm(#[from] spatiallm::Error),
    /// No such detector.
    #[error("there is no layout detector `{name}`: choose one of {known}")]
    UnknownDetector {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

impl Error {
    /// True when the request is at fault (a wrong name, a missing or unfit model), not the input.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::SpatialLm(error) => error.is_configuration(),
            Self::Model(_) | Self::UnfitModel { .. } | Self::UnknownDetector { .. } => true,
            Self::TooFewPoints { .. } | Self::TooLarge { .. } => false,
        }
    }
}

/// Options of this stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which detector: `network` (the default where ONNX Runtime is built in), `geometric`, or
    /// `spatiallm` with a model folder.
    pub detector: String,
    /// The geometric detector's own.
    pub geometric: geometric::Options,
    /// The network's own.
    pub network: network::Options,
    /// The options of SpatialLM's weights.
    pub spatiallm: spatiallm::Options,
    /// The segmentation network that helps detectors, if any.
    pub semantics: semantics::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            detector: if cfg!(feature = "onnx") { network::NAME } else { geometric::NAME }.to_owned(),
            geometric: geometric::Options::default(),
            network: network::Options::default(),
            spatiallm: spatiallm::Options::default(),
            semantics: semantics::Options::default(),
        }
    }
}

/// The detector that the options name; its models, if any, come from the registry.
///
/// # Errors
/// [`Error::UnknownDetector`], or when a model is missing or unfit.
pub fn detector(options: &Options, registry: &Registry) -> Result<Box<dyn LayoutDetector>, Error> {
    match options.detector.as_str() {
        geometric::NAME => Ok(Box::new(geometric::Geometric::new(options.geometric.clone()))),
        network::NAME => Ok(Box::new(network::Network::open(&options.network, registry)?)),
        spatiallm::NAME => Ok(Box::new(spatiallm::SpatialLm::open(options.spatiallm.clone(), registry)?)),
        other => {
            let known = format!("`{}`, `{}`, `{}`", geometric::NAME, network::NAME, spatiallm::NAME);
            Err(Error::UnknownDetector { name: other.to_owned(), known })
        }
    }
}
