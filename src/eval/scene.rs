//! A whole scene against truth: all that can be compared, in one report.
//!
//! Takes a `scene.json`, a layout text or a run folder, and the truth in any of these forms. Files are
//! compared as they stand. Of two folders everything is compared that both have: layout and floor plan,
//! the camera path (`trajectory.tum` against `groundtruth_scene.tum` or `trajectory.tum`), the cloud
//! (`cloud.ply`). When both have a path, the prediction is first brought into the truth's frame by turn
//! about Z and shift on the floor, never by scale, tilt or height (`registration`); the layout score
//! with the scale corrected stands beside, to tell a wrong metre from a wrong layout.
//!
//! The physical consistency of the scene needs no truth and is measured by `check`.

use super::cloud::{self, CloudScore, read_points, score_cloud};
use super::error::{Error, Result};
use super::layout::{self, LayoutScore, SceneInput, load_class_map, load_layout, score_layouts};
use super::plan::{PlanScore, load_rooms, score_plan};
use super::registration::{PlanarMotion, register};
use super::trajectory::{self, TrajectoryScore};
use super::tum::{self, TimedPose};
use crate::math::{Point2, Vec3};
use crate::report::Reporter;
use crate::scene::Layout;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Names that a layout has in folders, the first that exists counts.
const LAYOUT_FILES: [&str; 2] = ["scene.json", "layout.txt"];
/// Names that a camera path in the scene frame has.
const PATH_FILES: [&str; 2] = ["groundtruth_scene.tum", "trajectory.tum"];
/// Name of the cloud.
const CLOUD_FILE: &str = "cloud.ply";

/// What a scene is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SceneReport {
    /// How the prediction was brought into the truth's frame; absent when the frames are taken as one.
    pub registration: Option<PlanarMotion>,
    /// Walls, doors, windows, objects.
    pub layout: LayoutScore,
    /// The same after correcting the scale by the camera paths.
    pub layout_rescaled: Option<LayoutScore>,
    /// Rooms and corners; absent when the truth encloses no room.
    pub plan: Option<PlanScore>,
    /// The camera path, when both sides have one.
    pub trajectory: Option<TrajectoryScore>,
    /// The cloud, when both sides have one.
    pub cloud: Option<CloudScore>,
    /// What a reader must know about these figures.
    pub notes: Vec<String>,
}

/// Scores a scene; `ignored` is an ignore list in the truth's frame.
///
/// # Errors
/// When a file cannot be read or an option is out of range.
pub fn run_scene(
    prediction: &Path,
    truth: &Path,
    ignored: Option<&Path>,
    options: &layout::Options,
    reporter: &Reporter,
) -> Result<SceneReport> {
    let mut notes = Vec::new();
    let paths = paths_of_both(prediction, truth)?;
    let place = |with_scale: bool| {
        paths.as_ref().map(|(seen, true_path)| register(seen, true_path, with_scale)).transpose()
    };
    let (registration, rescaled) = (place(false)?, place(true)?);
    let motion = registration.unwrap_or(PlanarMotion::IDENTITY);
    let class_map = load_class_map(&options.classes)?;
    let predicted_layout = load_layout(&file_of(prediction, &LAYOUT_FILES), &mut notes)?;
    let true_layout = load_layout(&file_of(truth, &LAYOUT_FILES), &mut notes)?;
    let ignored = ignored.map(|path| load_layout(path, &mut notes)).transpose()?;
    let name = truth.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let score = |prediction: &Layout| {
        let input = SceneInput { name: &name, prediction, truth: &true_layout, ignored: ignored.as_ref() };
        score_layouts(&[input], &class_map, &options.thresholds)
    };
    let layout = score(&motion.layout(&predicted_layout))?;
    let layout_rescaled = rescaled.map(|motion| score(&motion.layout(&predicted_layout))).transpose()?;
    let trajectory = paths
        .map(|(seen, true_path)| trajectory::compare(&seen, &true_path, &trajectory::Options::default()))
        .transpose()?;
    let plan = score_plans(prediction, truth, &motion, &mut notes)?;
    let cloud = score_clouds(prediction, truth, &motion, reporter)?;
    Ok(SceneReport { registration, layout, layout_rescaled, plan, trajectory, cloud, notes })
}

/// The first of `names` in a folder; a file as it is.
fn file_of(path: &Path, names: &[&str]) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let mut candidates = names.iter().map(|name| path.join(name));
    candidates
        .clone()
        .find(|file| file.is_file())
        .or_else(|| candidates.next_back())
        .unwrap_or_else(|| path.to_owned())
}

/// How a run folder's scene lies in the frame of a folder of truth; `None` without a camera path on
/// both sides.
///
/// # Errors
/// When a path cannot be read or the two have no time in common.
pub fn placement(prediction: &Path, truth: &Path) -> Result<Option<PlanarMotion>> {
    let paths = paths_of_both(prediction, truth)?;
    paths.map(|(seen, true_path)| register(&seen, &true_path, false)).transpose()
}

fn paths_of_both(prediction: &Path, truth: &Path) -> Result<Option<(Vec<TimedPose>, Vec<TimedPose>)>> {
    if !prediction.is_dir() || !truth.is_dir() {
        return Ok(None);
    }
    let files = [file_of(prediction, &PATH_FILES), file_of(truth, &PATH_FILES)];
    if !files.iter().all(|file| file.is_file()) {
        return Ok(None);
    }
    Ok(Some((tum::read(&files[0])?, tum::read(&files[1])?)))
}

fn score_plans(
    prediction: &Path,
    truth: &Path,
    motion: &PlanarMotion,
    notes: &mut Vec<String>,
) -> Result<Option<PlanScore>> {
    let mut own_notes = Vec::new();
    let true_rooms = load_rooms(truth, &mut own_notes)?;
    if true_rooms.is_empty() {
        notes.push("no floor-plan score: the truth encloses no room".to_owned());
        return Ok(None);
    }
    let moved = |corner: &Point2| {
        let [x, y, _] = motion.point([corner.x, corner.y, 0.0]);
        Point2::new(x, y)
    };
    let rooms: Vec<_> = load_rooms(prediction, &mut own_notes)?
        .iter()
        .map(|room| room.iter().map(moved).collect::<Vec<Point2>>())
        .collect();
    Ok(Some(PlanScore { notes: own_notes, ..score_plan(&rooms, &true_rooms) }))
}

fn score_clouds(
    prediction: &Path,
    truth: &Path,
    motion: &PlanarMotion,
    reporter: &Reporter,
) -> Result<Option<CloudScore>> {
    let files = [prediction.join(CLOUD_FILE), truth.join(CLOUD_FILE)];
    if !files.iter().all(|file| file.is_file()) {
        return Ok(None);
    }
    let seen: Vec<Vec3> =
        read_points(&files[0], reporter)?.iter().map(|p| motion.point((*p).into()).into()).collect();
    match score_cloud(&seen, &read_points(&files[1], reporter)?, &cloud::Options::default()) {
        Err(Error::Incomparable(_)) => Ok(None),
        outcome => outcome.map(Some),
    }
}

impl SceneReport {
    /// The scores as plain-text tables.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        match &self.registration {
            Some(motion) => text.push_str(&format!(
                "placed by the camera paths: yaw {:.1} deg, shift {:.2} {:.2} m, residual {:.3} m\n\n",
                motion.yaw_rad.to_degrees(),
                motion.shift_m[0],
                motion.shift_m[1],
                motion.residual_m
            )),
            None => text.push_str("frames taken as one: no camera path on both sides\n\n"),
        }
        text.push_str(&self.layout.table());
        if let Some(summary) = self.layout_rescaled.as_ref().and_then(|score| score.summaries.first()) {
            let share = |f1: Option<f64>| super::table::percent(f1);
            text.push_str(&format!(
                "with the scale corrected, strict F1@{:.2}: architecture {}, objects {}\n",
                summary.threshold,
                share(summary.architecture_f1),
                share(summary.objects_f1)
            ));
        }
        let parts = [
            self.plan.as_ref().map(PlanScore::table),
            self.trajectory.as_ref().map(TrajectoryScore::table),
            self.cloud.as_ref().map(CloudScore::table),
        ];
        for part in parts.into_iter().flatten() {
            text.push('\n');
            text.push_str(&part);
        }
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        text
    }
}
