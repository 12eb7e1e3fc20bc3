//! A whole scene against truth: layout and floor plan in one report.
//!
//! Takes a `scene.json`, a layout text or a run folder, and the truth in any of these forms; gives the
//! layout score and the plan score. The physical consistency of the scene by itself needs no truth and
//! is measured by `check`.

use super::error::Result;
use super::layout::{self, LayoutScore, run_layout};
use super::plan::{PlanScore, run_plan};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a scene is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SceneReport {
    /// Walls, doors, windows, objects.
    pub layout: LayoutScore,
    /// Rooms and corners; absent when the truth encloses no room.
    pub plan: Option<PlanScore>,
    /// What a reader must know about these figures.
    pub notes: Vec<String>,
}

/// Scores a scene.
///
/// # Errors
/// When a file cannot be read or an option is out of range.
pub fn run_scene(
    prediction: &Path,
    truth: &Path,
    ignored: Option<&Path>,
    options: &layout::Options,
) -> Result<SceneReport> {
    let layout = run_layout(&scene_or_layout(prediction), &scene_or_layout(truth), ignored, options)?;
    let (plan, notes) = match run_plan(prediction, truth) {
        Ok(plan) => (Some(plan), Vec::new()),
        Err(error) => (None, vec![format!("no floor-plan score: {error}")]),
    };
    Ok(SceneReport { layout, plan, notes })
}

/// The `scene.json` of a run folder when there is one; else the path as it is.
fn scene_or_layout(path: &Path) -> PathBuf {
    let scene = path.join("scene.json");
    if scene.is_file() { scene } else { path.to_owned() }
}

impl SceneReport {
    /// The scores as plain-text tables.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = self.layout.table();
        if let Some(plan) = &self.plan {
            text.push('\n');
            text.push_str(&plan.table());
        }
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        text
    }
}
