//! A loaded network that is run on named tensors.

use super::{Error, Model, Tensor};
use std::path::PathBuf;

/// The execution provider that sessions ask for, and that must run them.
pub const PROVIDER: &str = "CPUExecutionProvider";

/// How a network is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOptions {
    /// Threads of one run.
    pub threads: usize,
    /// The ONNX Runtime library; searched for when `None`, see [`super::library`].
    pub library: Option<PathBuf>,
    /// The extents of the inputs change from run to run.
    pub varying_shapes: bool,
    /// Threads wait for work awake: faster on an idle machine, and a load for everything else on it.
    pub spinning: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { threads: 2, library: None, varying_shapes: false, spinning: true }
    }
}

/// A loaded network. One run at a time; runs with equal inputs give equal outputs.
pub struct Session {
    model: Model,
    #[cfg(feature = "onnx")]
    inner: super::runtime::Inner,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("model", &self.model.entry.id).finish_non_exhaustive()
    }
}

impl Session {
    /// Loads a model that the registry has found.
    ///
    /// # Errors
    /// When this build has no ONNX Runtime, the library is missing or too old, or it refuses the model.
    pub fn open(model: Model, options: &SessionOptions) -> Result<Self, Error> {
        #[cfg(feature = "onnx")]
        {
            let inner = super::runtime::Inner::open(&model, options)?;
            Ok(Self { model, inner })
        }
        #[cfg(not(feature = "onnx"))]
        {
            let _ = options;
            Err(Error::NotBuilt { id: model.entry.id })
        }
    }

    /// The model that runs.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The execution provider that runs it.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        PROVIDER
    }

    /// Runs the network; the outputs come in the order of the model file, with their names.
    ///
    /// # Errors
    /// When an input is missing or does not fit.
    pub fn run(&mut self, inputs: &[(&str, &Tensor)]) -> Result<Vec<(String, Tensor)>, Error> {
        #[cfg(feature = "onnx")]
        {
            self.inner.run(&self.model, inputs)
        }
        #[cfg(not(feature = "onnx"))]
        {
            let _ = inputs;
            Err(Error::NotBuilt { id: self.model.entry.id.clone() })
        }
    }
}
