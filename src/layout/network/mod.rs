//! `network`: the detector that reads the cloud's pillars with a trained network.
//!
//! Straight line: reduce → turn to the walls' direction → [`pillars`] → [`inference`] → [`maps`] →
//! centre lines ([`wall_spans`]) → rooms closed on heat and interior ([`evidence`],
//! [`super::structure`]) → walls moved to their points → their faces seen from the front ([`elevations`],
//! [`wall_things`]) → [`doors_windows`] and [`boxes`] of both → evidence
//! and probability of each element ([`detect`]) → turned back. Frame: scene.

pub mod box_sides;
pub mod boxes;
pub mod detect;
mod door_scale;
pub mod doors_windows;
pub mod elevations;
pub mod evidence;
pub mod inference;
pub mod maps;
pub mod pillars;
pub mod turn;
pub mod wall_things;
pub mod wall_spans;
#[cfg(test)]
mod tests;

pub use detect::Detection;

use super::draft::Draft;
use super::{DetectorInput, Error, LayoutDetector};
use crate::align::Judgement;
use crate::nn::{ElevationMaps, LayoutMaps, Registry, Session, SessionOptions};
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
    elevation_spec: Option<ElevationMaps>,
    sessions: Mutex<Sessions>,
}

/// The networks that run.
#[derive(Debug)]
struct Sessions {
    plan: Session,
    elevation: Option<Session>,
}

impl Network {
    /// Loads the model that the options name.
    ///
    /// # Errors
    /// When it is missing, altered, not loadable or no layout network.
    pub fn open(options: &Options, registry: &Registry) -> Result<Self, Error> {
        let unfit = |id: &str| Error::UnfitModel { id: id.to_owned() };
        let spec = registry.manifest().entry(&options.model)?.layout_maps.clone();
        let spec = spec.ok_or_else(|| unfit(&options.model))?;
        let open = |id: &str| -> Result<Session, Error> {
            let running = SessionOptions {
                threads: options.threads,
                varying_shapes: true,
                ..SessionOptions::default()
            };
            Ok(Session::open(registry.find(id)?, &running)?)
        };
        let elevation = spec.elevation.as_deref();
        let elevation_spec = match elevation {
            Some(id) => Some(registry.manifest().entry(id)?.elevation_maps.clone().ok_or_else(|| unfit(id))?),
            None => None,
        };
        let sessions = Sessions { plan: open(&options.model)?, elevation: elevation.map(open).transpose()? };
        Ok(Self { options: options.clone(), spec, elevation_spec, sessions: Mutex::new(sessions) })
    }

    /// Detects, with the clues behind each confidence and the scale that the network votes for.
    ///
    /// # Errors
    /// When the cloud holds nothing to detect from or the network does not run.
    pub fn look(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Detection, Error> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let Sessions { plan, elevation } = &mut *sessions;
        let elevation = elevation.as_mut().zip(self.elevation_spec.as_ref());
        detect::detect((plan, &self.spec), elevation, &self.options, input, reporter)
    }
}

impl LayoutDetector for Network {
    fn name(&self) -> &'static str {
        NAME
    }

    fn models(&self) -> Vec<(String, String)> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::iter::once(&sessions.plan).chain(&sessions.elevation);
        all.map(|session| &session.model().entry).map(|e| (e.id.clone(), e.sha256.clone())).collect()
    }

    fn reads_semantics(&self) -> bool {
        true
    }

    fn judge_scale(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Judgement, Error> {
        let found = self.look(input, reporter)?;
        Ok(Judgement { scene: Some(found.scale), doors: door_scale::judge(&found.draft) })
    }

    fn detect(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Draft, Error> {
        Ok(self.look(input, reporter)?.draft)
    }
}
