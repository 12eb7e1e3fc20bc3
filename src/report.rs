//! What a run has to say beside its outputs: warnings, progress, diagnostics.
//!
//! A [`Reporter`] is passed into every stage. Stages never print; the command line decides what
//! becomes of the events (a progress bar, JSON lines, nothing) by the [`Sink`] that it gives.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Something that the user should know and that did not stop the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Stage that raised it.
    pub stage: String,
    /// Stable identifier, kebab-case, e.g. `scale-uncertain`.
    pub code: String,
    /// Cause, measured value and remedy in words.
    pub message: String,
}

/// Events of a running pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// A stage begins.
    StageStarted {
        /// Stage name.
        stage: &'a str,
    },
    /// `done` of `total` units (frames, keyframes, views) of the stage are finished; `total` is 0
    /// when unknown.
    Progress {
        /// Stage name.
        stage: &'a str,
        /// Units finished.
        done: usize,
        /// Units in all.
        total: usize,
    },
    /// A stage ended.
    StageFinished {
        /// Stage name.
        stage: &'a str,
        /// Wall time, seconds.
        seconds: f64,
        /// Its result came from the run folder.
        cached: bool,
    },
    /// A warning was raised.
    Warning {
        /// The warning.
        #[serde(flatten)]
        warning: &'a Warning,
    },
}

/// Where events go.
pub trait Sink: Send + Sync {
    /// Receives one event.
    fn event(&self, event: &Event<'_>);
}

/// A sink that drops every event (tests, library use).
#[derive(Debug, Default, Clone, Copy)]
pub struct Quiet;

impl Sink for Quiet {
    fn event(&self, _event: &Event<'_>) {}
}

#[derive(Debug, Default)]
struct State {
    stage: String,
    warnings: Vec<Warning>,
    diagnostics: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

/// Collects warnings and diagnostics, forwards progress.
pub struct Reporter {
    sink: Box<dyn Sink>,
    state: Mutex<State>,
}

impl Default for Reporter {
    fn default() -> Self {
        Self::new(Box::new(Quiet))
    }
}

impl Reporter {
    /// A reporter that forwards to `sink`.
    #[must_use]
    pub fn new(sink: Box<dyn Sink>) -> Self {
        Self { sink, state: Mutex::new(State::default()) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Marks the beginning of a stage; what follows is attributed to it.
    pub fn stage_started(&self, stage: &str) {
        self.state().stage = stage.to_owned();
        self.sink.event(&Event::StageStarted { stage });
    }

    /// Marks the end of a stage.
    pub fn stage_finished(&self, stage: &str, seconds: f64, cached: bool) {
        self.sink.event(&Event::StageFinished { stage, seconds, cached });
    }

    /// `done` of `total` units of the running stage are finished (`total` 0 when unknown).
    pub fn progress(&self, done: usize, total: usize) {
        let stage = self.state().stage.clone();
        self.sink.event(&Event::Progress { stage: &stage, done, total });
    }

    /// Raises a warning: `code` is stable and kebab-case, `message` tells cause, value and remedy.
    pub fn warn(&self, code: &str, message: impl Into<String>) {
        let warning = {
            let mut state = self.state();
            let warning =
                Warning { stage: state.stage.clone(), code: code.to_owned(), message: message.into() };
            state.warnings.push(warning.clone());
            warning
        };
        self.sink.event(&Event::Warning { warning: &warning });
    }

    /// Records a per-stage figure for `report.json` (must not depend on the clock).
    pub fn diagnostic(&self, key: &str, value: impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(serde_json::Value::Null);
        let mut state = self.state();
        let stage = state.stage.clone();
        state.diagnostics.entry(stage).or_default().insert(key.to_owned(), value);
    }

    /// All warnings so far, in the order raised.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.state().warnings.clone()
    }

    /// All diagnostics so far: stage → key → value.
    #[must_use]
    pub fn diagnostics(&self) -> BTreeMap<String, BTreeMap<String, serde_json::Value>> {
        self.state().diagnostics.clone()
    }

    /// Puts back what a cached stage had said when it was computed.
    pub fn replay(&self, warnings: &[Warning], diagnostics: &BTreeMap<String, serde_json::Value>) {
        for warning in warnings {
            self.state().warnings.push(warning.clone());
            self.sink.event(&Event::Warning { warning });
        }
        let mut state = self.state();
        let stage = state.stage.clone();
        state.diagnostics.entry(stage).or_default().extend(diagnostics.clone());
    }
}
