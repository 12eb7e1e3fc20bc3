//! What the manifest says of a semantic segmentation network: its picture and what its classes stand for.

use super::ModelEntry;
use serde::{Deserialize, Serialize};

/// What a segmentation network needs: bytes `[1, size, size, 3]` of RGB in, logits `[1, classes, rows, columns]` out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemanticScores {
    /// Name of the picture's tensor; the whole picture is stretched to its size.
    pub image: String,
    /// Name of the output.
    pub logits: String,
    /// Edge of the square picture, pixels.
    pub size: u32,
    /// For each class, in the order of the output, the group that it stands for (see `semantics::GROUPS`); empty for
    /// what is no furniture.
    pub groups: Vec<String>,
}

/// Every named tensor exists, and something is looked for.
pub(super) fn check(model: &ModelEntry, scores: &SemanticScores) -> Result<(), String> {
    if !model.inputs.iter().any(|tensor| tensor.name == scores.image && tensor.value_type == "u8") {
        return Err(format!("no input `{}` of bytes", scores.image));
    }
    if !model.outputs.iter().any(|tensor| tensor.name == scores.logits) {
        return Err(format!("no output `{}`", scores.logits));
    }
    if scores.size == 0 || scores.groups.iter().all(String::is_empty) {
        return Err(format!("{} pixels, {} classes", scores.size, scores.groups.len()));
    }
    Ok(())
}
