//! What the manifest says of an elevation network: its input and its stride.
//!
//! The outputs are found by name (`heat`, `values`; channels as in `train/elevation/faces.py`).

use super::ModelEntry;
use super::layout_maps::check_tensors;
use serde::{Deserialize, Serialize};

/// Outputs that an elevation network must have.
pub const OUTPUTS: [&str; 2] = ["heat", "values"];

/// What an elevation network needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElevationMaps {
    /// Name of the input, `[1, channels, rows, columns]` in 0..1.
    pub faces: String,
    /// Cells of the picture along one side of an output cell.
    pub stride: usize,
    /// The number of columns is a multiple of this.
    pub multiple: usize,
}

/// Every named tensor exists, and the sizes make sense.
pub(super) fn check(model: &ModelEntry, maps: &ElevationMaps) -> Result<(), String> {
    check_tensors(model, &maps.faces, &OUTPUTS, (maps.stride, maps.multiple))
}
