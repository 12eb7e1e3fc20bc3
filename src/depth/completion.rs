//! Piecewise-planar completion of what matching leaves open.

use super::DepthMap;
use serde::{Deserialize, Serialize};

/// Options of the completion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Complete at all.
    pub enabled: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Completes the maps.
pub fn complete(_maps: &mut [DepthMap], _options: &Options) {}
