//! `network`: the detector that reads the cloud's pillars with a trained network.
//!
//! Straight line: reduce → turn to the walls' direction → [`pillars`] → [`inference`] → [`maps`] →
//! centre lines ([`wall_spans`]) → rooms closed on heat and interior ([`evidence`],
//! [`super::structure`]) → walls moved to their points → [`doors_windows`] and [`boxes`] → evidence
//! and probability of each element ([`detect`]) → turned back. Frame: scene.

pub mod box_sides;
pub mod boxes;
pub mod detect;
pub mod doors_windows;
pub mod evidence;
pub mod hung;
pub mod inference;
pub mod maps;
pub mod pillars;
pub mod turn;
pub mod wall_spans;
#[cfg(test)]
mod tests;

pub use detect::Detection;

use super::draft::Draft;
use super::{DetectorInput, Error, LayoutDetector};
use crate::align::LogScale;
use crate::nn::{LayoutMaps, Registry, Session, SessionOptions};
use crate::report::Reporter;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// Name of this detector.
pub const NAME: &str = "network";

/// Options of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Model in the manifest.
    pub model: String,
    /// Threads of the network.
    pub threads: usize,
    /// Move the sides of boxes to the points near them.
    pub refine_boxes: bool,
    /// Report every element, however unsure (for calibration).
    pub keep_unsure: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { model: "roomwright_layout".to_owned(), threads: 2, refine_boxes: true, keep_unsure: false }
    }
}

/// The detector.
#[derive(Debug)]
pub struct Network {
    options: Options,
    spec: LayoutMaps,
    session: Mutex<Session>,
}

impl Network {
    /// Loads the model that the options name.
    ///
    /// # Errors
    /// When it is missing, altered, not loadable or no layout network.
    pub fn open(options: &Options, registry: &Registry) -> Result<Self, Error> {
        let spec = registry.manifest().entry(&options.model)?.layout_maps.clone();
        let spec = spec.ok_or_else(|| Error::UnfitModel { id: options.model.clone() })?;
        let model = registry.find(&options.model)?;
        let session = Session::open(
            model,
            &SessionOptions { threads: options.threads, varying_shapes: true, ..SessionOptions::default() },
        )?;
        Ok(Self { options: options.clone(), spec, session: Mutex::new(session) })
    }

    /// Detects, with the clues behind each confidence and the scale that the network votes for.
    ///
    /// # Errors
    /// When the cloud holds nothing to detect from or the network does not run.
    pub fn look(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Detection, Error> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        detect::detect(&mut session, &self.spec, &self.options, input, reporter)
    }
}

impl LayoutDetector for Network {
    fn name(&self) -> &'static str {
        NAME
    }

    fn models(&self) -> Vec<(String, String)> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = &session.model().entry;
        vec![(entry.id.clone(), entry.sha256.clone())]
    }

    fn log_scale(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Option<LogScale>, Error> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        detect::log_scale(&mut session, &self.spec, input, reporter).map(Some)
    }

    fn detect(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Draft, Error> {
        Ok(self.look(input, reporter)?.draft)
    }
}
