//! Layout F1: walls, doors, windows and objects against truth.
//!
//! Takes layouts (or their files), gives a [`LayoutScore`]: per scene, per class, at IoU thresholds
//! 0.25 and 0.50, in two readings of "the planes are close":
//!
//! - **strict**, the one to quote: |(q₁ − p₁)·n| / |n| < 0.2 m;
//! - **compat**, what the public SpatialLM script computes: the same without the absolute value, so
//!   that a wall on the wrong side of the truth, however far, still matches.
//!
//! n is the prediction's normal, p₁ and q₁ the first corners of prediction and truth. Class score =
//! mean over scenes of the per-scene F1, leaving out scenes where both sides have none; the pooled
//! (micro) rates and the unweighted class means stand beside it. Scene frame, metres, Z up.
//!
//! Limits: boxes turn about Z only; which truth a duplicate prediction was "meant" for is not asked,
//! all but one of the duplicates are false.

mod elements;
mod files;
mod matching;
mod score;

pub use elements::{ClassKey, DroppedElement, Element, Shape, Side, elements};
pub use files::{SceneFiles, load_class_map, load_layout, load_scene, run_layout, scene_files};
pub use matching::{ClassMatch, MatchedPair, Mode, match_class, overlap};
pub use score::{ClassSummary, LayoutScore, ModeSummary, SceneInput, SceneResult, SceneScore, score_layouts};

use serde::{Deserialize, Serialize};

/// IoU thresholds of the published benchmark.
pub const THRESHOLDS: [f64; 2] = [0.25, 0.50];

/// Options of the layout score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// IoU thresholds, each above 0 and at most 1.
    pub thresholds: Vec<f64>,
    /// `benchmark` (the 20 classes of the public benchmark), `coarse`, or the path of a table.
    pub classes: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { thresholds: THRESHOLDS.to_vec(), classes: "benchmark".to_owned() }
    }
}
