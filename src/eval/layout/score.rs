//! Scenes together: per-class F1, pooled rates, class means; as a table and as JSON.

use super::elements::{ClassKey, DroppedElement, Element, Side, elements};
use super::matching::{ClassMatch, Mode, match_class};
use crate::eval::error::{Error, Result};
use crate::eval::rates::Rates;
use crate::eval::table::{Table, percent};
use crate::scene::{ClassMap, Layout};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One scene to be scored.
#[derive(Debug, Clone, Copy)]
pub struct SceneInput<'a> {
    /// Name in tables.
    pub name: &'a str,
    /// The prediction.
    pub prediction: &'a Layout,
    /// The truth.
    pub truth: &'a Layout,
    /// Elements that may be predicted or not.
    pub ignored: Option<&'a Layout>,
}

/// One class of one scene in one mode at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SceneResult {
    /// Reading.
    pub mode: Mode,
    /// IoU threshold.
    pub threshold: f64,
    /// Class.
    pub class: ClassKey,
    /// Counts.
    #[serde(flatten)]
    pub rates: Rates,
    /// Who matched whom.
    #[serde(flatten)]
    pub matching: ClassMatch,
}

/// Everything about one scene.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SceneScore {
    /// Name.
    pub name: String,
    /// Results by mode, threshold, class.
    pub results: Vec<SceneResult>,
    /// Elements that could not be compared.
    pub dropped: Vec<DroppedElement>,
    /// Boxes whose class is not scored, by side and class.
    pub unscored: Vec<String>,
}

/// One class over all scenes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassSummary {
    /// Class.
    pub class: ClassKey,
    /// Scenes that have the class on either side.
    pub scenes: usize,
    /// Mean over those scenes of the per-scene F1; the class score.
    pub f1: Option<f64>,
    /// Pooled over all scenes.
    pub pooled: Rates,
}

/// One mode at one threshold over all scenes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModeSummary {
    /// Reading.
    pub mode: Mode,
    /// IoU threshold.
    pub threshold: f64,
    /// The classes.
    pub classes: Vec<ClassSummary>,
    /// Unweighted mean of the class scores of walls, doors and windows.
    pub architecture_f1: Option<f64>,
    /// Unweighted mean of the class scores of the objects.
    pub objects_f1: Option<f64>,
    /// Unweighted mean of all class scores.
    pub mean_f1: Option<f64>,
    /// Walls, doors and windows pooled.
    pub architecture_pooled: Rates,
    /// Scored objects pooled.
    pub objects_pooled: Rates,
    /// Everything pooled (micro).
    pub pooled: Rates,
    /// All boxes whatever their class (not part of any mean).
    pub any_object: ClassSummary,
}

/// The score of a set of scenes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayoutScore {
    /// Name of the class table's column.
    pub class_map: String,
    /// Over all scenes: strict then compat, thresholds in order.
    pub summaries: Vec<ModeSummary>,
    /// Scene by scene.
    pub scenes: Vec<SceneScore>,
    /// What a reader must know: lines and files that were not read as they stand.
    pub notes: Vec<String>,
}

/// Scores scenes.
///
/// # Errors
/// [`Error::Incomparable`] for a threshold outside (0, 1].
pub fn score_layouts(
    scenes: &[SceneInput<'_>],
    class_map: &ClassMap,
    thresholds: &[f64],
) -> Result<LayoutScore> {
    if let Some(bad) = thresholds.iter().find(|t| !(**t > 0.0 && **t <= 1.0)) {
        return Err(Error::Incomparable(format!(
            "an IoU threshold lies in (0, 1], not {bad}; give e.g. 0.25"
        )));
    }
    let settings: Vec<(Mode, f64)> = [Mode::Strict, Mode::Compat]
        .into_iter()
        .flat_map(|mode| thresholds.iter().map(move |&t| (mode, t)))
        .collect();
    let scenes: Vec<SceneScore> =
        scenes.iter().map(|scene| score_scene(scene, class_map, &settings)).collect();
    let summaries = settings.iter().map(|&(mode, threshold)| summary(&scenes, mode, threshold)).collect();
    Ok(LayoutScore { class_map: class_map.name().to_owned(), summaries, scenes, notes: Vec::new() })
}

fn score_scene(scene: &SceneInput<'_>, class_map: &ClassMap, settings: &[(Mode, f64)]) -> SceneScore {
    let mut dropped = Vec::new();
    let predictions = elements(scene.prediction, class_map, Side::Prediction, &mut dropped);
    let truths = elements(scene.truth, class_map, Side::Truth, &mut dropped);
    let ignored =
        scene.ignored.map_or_else(Vec::new, |l| elements(l, class_map, Side::Ignored, &mut dropped));
    let mut classes: BTreeSet<ClassKey> =
        predictions.iter().chain(&truths).filter_map(|element| element.class.clone()).collect();
    classes.extend([ClassKey::Wall, ClassKey::Door, ClassKey::Window, ClassKey::AnyObject]);
    let mut results = Vec::new();
    for &(mode, threshold) in settings {
        for class in &classes {
            let matching = match_class(
                &of_class(&predictions, class),
                &of_class(&truths, class),
                &of_class(&ignored, class),
                mode,
                threshold,
            );
            let tp = matching.matched.len();
            let rates = Rates::of(tp, tp + matching.unfounded.len(), tp + matching.missed.len());
            results.push(SceneResult { mode, threshold, class: class.clone(), rates, matching });
        }
    }
    let mut unscored = unscored_boxes(&predictions, "predicted");
    unscored.extend(unscored_boxes(&truths, "true"));
    SceneScore { name: scene.name.to_owned(), results, dropped, unscored }
}

fn of_class<'a>(elements: &'a [Element], class: &ClassKey) -> Vec<&'a Element> {
    let is_box = |element: &Element| element.id.starts_with("bbox_");
    elements
        .iter()
        .filter(|e| if *class == ClassKey::AnyObject { is_box(e) } else { e.class.as_ref() == Some(class) })
        .collect()
}

fn unscored_boxes(elements: &[Element], side: &str) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for element in elements.iter().filter(|element| element.class.is_none()) {
        *counts.entry(&element.written_class).or_default() += 1;
    }
    counts.into_iter().map(|(class, count)| format!("{count} {side} {class}")).collect()
}

fn summary(scenes: &[SceneScore], mode: Mode, threshold: f64) -> ModeSummary {
    let mut rates_of: BTreeMap<&ClassKey, Vec<Rates>> = BTreeMap::new();
    for result in scenes.iter().flat_map(|scene| &scene.results) {
        if result.mode == mode && result.threshold == threshold {
            rates_of.entry(&result.class).or_default().push(result.rates);
        }
    }
    let mut classes: Vec<ClassSummary> =
        rates_of.into_iter().map(|(class, rates)| class_summary(class, &rates)).collect();
    let any_object = classes
        .pop_if(|class| class.class == ClassKey::AnyObject)
        .unwrap_or_else(|| class_summary(&ClassKey::AnyObject, &[]));
    let mean = |wanted: &dyn Fn(&ClassKey) -> bool| {
        let scores: Vec<f64> = classes.iter().filter(|c| wanted(&c.class)).filter_map(|c| c.f1).collect();
        (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
    };
    let pooled = |wanted: &dyn Fn(&ClassKey) -> bool| {
        Rates::pooled(classes.iter().filter(|c| wanted(&c.class)).map(|c| &c.pooled))
    };
    ModeSummary {
        mode,
        threshold,
        architecture_f1: mean(&ClassKey::is_architecture),
        objects_f1: mean(&|class| !class.is_architecture()),
        mean_f1: mean(&|_| true),
        architecture_pooled: pooled(&ClassKey::is_architecture),
        objects_pooled: pooled(&|class| !class.is_architecture()),
        pooled: pooled(&|_| true),
        any_object,
        classes,
    }
}

fn class_summary(class: &ClassKey, rates: &[Rates]) -> ClassSummary {
    let scored: Vec<f64> = rates.iter().filter(|r| !r.is_empty()).map(|r| r.f1).collect();
    let f1 = (!scored.is_empty()).then(|| scored.iter().sum::<f64>() / scored.len() as f64);
    ClassSummary { class: class.clone(), scenes: scored.len(), f1, pooled: Rates::pooled(rates) }
}

impl LayoutScore {
    /// The summary of a mode at a threshold.
    #[must_use]
    pub fn summary(&self, mode: Mode, threshold: f64) -> Option<&ModeSummary> {
        self.summaries.iter().find(|s| s.mode == mode && s.threshold == threshold)
    }

    /// The score as plain text: a table per mode (F1 is the mean over scenes, P and R are pooled).
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("{} scene(s), object classes: {}\n", self.scenes.len(), self.class_map);
        for (mode, title) in [
            (Mode::Strict, "strict (quote this)"),
            (Mode::Compat, "compat (public script; a wall on the wrong side matches)"),
        ] {
            let columns: Vec<&ModeSummary> = self.summaries.iter().filter(|s| s.mode == mode).collect();
            text.push_str(&format!("\n{title}, per cent\n{}", mode_table(&columns, mode)));
        }
        for scene in &self.scenes {
            for dropped in &scene.dropped {
                text.push_str(&format!(
                    "dropped: {} {:?} {}: {}\n",
                    scene.name, dropped.side, dropped.id, dropped.reason
                ));
            }
            if !scene.unscored.is_empty() {
                text.push_str(&format!("not scored: {} {}\n", scene.name, scene.unscored.join(", ")));
            }
        }
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        text
    }
}

/// Rows are classes, columns thresholds. In compat mode objects are left out: they do not differ.
fn mode_table(columns: &[&ModeSummary], mode: Mode) -> String {
    let mut heads = vec!["class".to_owned(), "scenes".to_owned(), "truth".to_owned()];
    for column in columns {
        let t = format!("{:.2}", column.threshold);
        heads.extend([format!("F1@{t}"), format!("P@{t}"), format!("R@{t}")]);
    }
    let mut table = Table::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    let Some(first) = columns.first() else { return table.to_text() };
    let rows = first
        .classes
        .iter()
        .map(|class| &class.class)
        .filter(|c| mode == Mode::Strict || c.is_architecture());
    for class in rows {
        let of = |column: &ModeSummary| column.classes.iter().find(|c| c.class == *class).cloned();
        table.row(class_row(columns.iter().filter_map(|column| of(column))));
    }
    if mode == Mode::Strict {
        table.row(class_row(columns.iter().map(|column| column.any_object.clone())));
    }
    let mut mean_row = |name: &str, value: &dyn Fn(&ModeSummary) -> (Option<f64>, Rates)| {
        let mut cells = vec![name.to_owned(), String::new(), String::new()];
        for column in columns {
            let (f1, pooled) = value(column);
            cells.extend([percent(f1), percent(Some(pooled.precision)), percent(Some(pooled.recall))]);
        }
        table.row(cells);
    };
    mean_row("mean of architecture", &|c| (c.architecture_f1, c.architecture_pooled));
    if mode == Mode::Strict {
        mean_row("mean of objects", &|c| (c.objects_f1, c.objects_pooled));
        mean_row("mean of all classes", &|c| (c.mean_f1, c.pooled));
    }
    mean_row("pooled (micro)", &|c| (Some(c.pooled.f1), c.pooled));
    table.to_text()
}

fn class_row(summaries: impl Iterator<Item = ClassSummary>) -> Vec<String> {
    let mut cells = Vec::new();
    for summary in summaries {
        if cells.is_empty() {
            let count = summary.pooled.truth.to_string();
            cells.extend([summary.class.name().to_owned(), summary.scenes.to_string(), count]);
        }
        let (p, r) = (summary.pooled.precision, summary.pooled.recall);
        cells.extend([percent(summary.f1), percent(summary.f1.map(|_| p)), percent(summary.f1.map(|_| r))]);
    }
    cells
}
