//! Layout scores from paths: a file against a file, or a folder of scenes against a folder.
//!
//! A file is a layout text or a `scene.json`; a run folder stands for the `layout.txt` in it. In a
//! folder of scenes each scene is `<name>.txt` or `<name>/layout.txt`. Texts are read leniently, and
//! every line that is not taken as it stands becomes a note of the score.

use super::Options;
use super::score::{LayoutScore, SceneInput, score_layouts};
use crate::eval::error::{Error, Result, read_text};
use crate::scene::{ClassMap, Layout, LineAction, ReadMode, Scene};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of the layout in a run folder.
const LAYOUT_FILE: &str = "layout.txt";

/// The files of one scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneFiles {
    /// Name in tables.
    pub name: String,
    /// The prediction; `None` when the scene was not predicted (scored as empty).
    pub prediction: Option<PathBuf>,
    /// The truth.
    pub truth: PathBuf,
    /// The ignore list.
    pub ignored: Option<PathBuf>,
}

/// Scores files or folders.
///
/// # Errors
/// When a path cannot be read, a folder of truths holds no scene, or an option is out of range.
pub fn run_layout(
    prediction: &Path,
    truth: &Path,
    ignored: Option<&Path>,
    options: &Options,
) -> Result<LayoutScore> {
    let class_map = load_class_map(&options.classes)?;
    let mut notes = Vec::new();
    let files = scene_files(prediction, truth, ignored, &mut notes)?;
    let mut layouts = Vec::new();
    for scene in &files {
        let mut load = |path: &Path| load_layout(path, &mut notes);
        let prediction = scene.prediction.as_deref().map(&mut load).transpose()?.unwrap_or_default();
        let truth = load(&scene.truth)?;
        layouts.push((prediction, truth, scene.ignored.as_deref().map(&mut load).transpose()?));
    }
    let scenes: Vec<SceneInput<'_>> = files
        .iter()
        .zip(&layouts)
        .map(|(files, (prediction, truth, ignored))| SceneInput {
            name: &files.name,
            prediction,
            truth,
            ignored: ignored.as_ref(),
        })
        .collect();
    let mut score = score_layouts(&scenes, &class_map, &options.thresholds)?;
    score.notes = notes;
    Ok(score)
}

/// The class table by name (`benchmark`, `coarse`), or from a file.
///
/// # Errors
/// When the file cannot be read or is no table of classes.
pub fn load_class_map(name: &str) -> Result<ClassMap> {
    match name {
        "benchmark" => Ok(ClassMap::benchmark()),
        "coarse" => Ok(ClassMap::coarse()),
        path => {
            let path = Path::new(path);
            ClassMap::parse(&read_text(path)?, None)
                .map_err(|error| Error::Content { reason: error.to_string(), path: path.to_owned() })
        }
    }
}

/// Pairs the files of prediction, truth and ignore list by scene.
///
/// # Errors
/// When a folder cannot be listed or the folder of truths holds no scene.
pub fn scene_files(
    prediction: &Path,
    truth: &Path,
    ignored: Option<&Path>,
    notes: &mut Vec<String>,
) -> Result<Vec<SceneFiles>> {
    if !truth.is_dir() || truth.join(LAYOUT_FILE).is_file() {
        let name = truth.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        return Ok(vec![SceneFiles {
            name,
            prediction: Some(layout_in(prediction)),
            truth: layout_in(truth),
            ignored: ignored.map(layout_in),
        }]);
    }
    let truths = list_scenes(truth)?;
    if truths.is_empty() {
        let reason = "no `<name>.txt` and no `<name>/layout.txt` in the folder of truths; give a layout or such a folder";
        return Err(Error::Content { reason: reason.to_owned(), path: truth.to_owned() });
    }
    let mut predictions = list_scenes(prediction)?;
    let mut ignore_lists = ignored.map_or_else(|| Ok(BTreeMap::new()), list_scenes)?;
    let files = truths
        .into_iter()
        .map(|(name, truth)| {
            let prediction = predictions.remove(&name);
            if prediction.is_none() {
                notes.push(format!("{name} was not predicted and scores as an empty layout"));
            }
            let ignored = ignore_lists.remove(&name);
            SceneFiles { name, prediction, truth, ignored }
        })
        .collect();
    for name in predictions.keys() {
        notes.push(format!("{name} has no truth and is left out"));
    }
    Ok(files)
}

/// The layout that a path stands for.
fn layout_in(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(LAYOUT_FILE) } else { path.to_owned() }
}

/// Scenes of a folder by name.
fn list_scenes(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let read_error = |source| Error::Read { path: folder.to_owned(), source };
    let mut scenes = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(read_error)? {
        let path = entry.map_err(read_error)?.path();
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        if path.is_dir() && path.join(LAYOUT_FILE).is_file() {
            let name = path.file_name().map_or(name, |name| name.to_string_lossy().into_owned());
            scenes.insert(name, path.join(LAYOUT_FILE));
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            scenes.insert(name, path);
        }
    }
    Ok(scenes)
}

/// Reads a layout text leniently, or the layout of a `scene.json`; what was not taken as it stands
/// goes to `notes`.
///
/// # Errors
/// When the file cannot be read or the JSON is not a scene.
pub fn load_layout(path: &Path, notes: &mut Vec<String>) -> Result<Layout> {
    if path.extension().is_some_and(|extension| extension == "json") {
        return Ok(load_scene(path)?.to_layout());
    }
    let text = read_text(path)?;
    let (layout, touched) = Layout::parse(&text, ReadMode::Lenient)
        .map_err(|error| Error::Content { reason: error.to_string(), path: path.to_owned() })?;
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    notes.extend(touched.iter().map(|line| {
        let action = match line.action {
            LineAction::Dropped => "dropped",
            LineAction::Mended => "mended",
        };
        format!("{file} line {}: {action}: {}", line.line, line.reason)
    }));
    Ok(layout)
}

/// Reads a `scene.json`.
///
/// # Errors
/// When the file cannot be read or is no scene of this version.
pub fn load_scene(path: &Path) -> Result<Scene> {
    Ok(crate::physics::load_scene(path)?)
}
