//! One class of one scene: who matches whom.

use super::elements::{Element, Shape};
use crate::eval::assignment::assign;
use crate::eval::overlap::{Panel, box_iou, panel_iou, panel_normal};
use serde::{Deserialize, Serialize};

/// Largest angle between the planes of a matching pair, degrees (SpatialLM's evaluation).
const MAX_PLANE_ANGLE_DEG: f64 = 5.0;
/// Largest distance between the planes of a matching pair, metres (SpatialLM's evaluation).
const MAX_PLANE_DISTANCE_M: f64 = 0.2;

/// Reading of "the planes are close".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The distance is an absolute value.
    Strict,
    /// The distance keeps its sign, as in the public script.
    Compat,
}

/// A matched pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchedPair {
    /// Name of the prediction.
    pub prediction: String,
    /// Name of the truth.
    pub truth: String,
    /// Their overlap.
    pub iou: f64,
}

/// The outcome for one class.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ClassMatch {
    /// Matched pairs.
    pub matched: Vec<MatchedPair>,
    /// Names of truths without a prediction.
    pub missed: Vec<String>,
    /// Names of predictions without a truth.
    pub unfounded: Vec<String>,
    /// Names of predictions that match only an ignored element; they count as neither.
    pub ignored: Vec<String>,
}

/// Overlap of a prediction with a truth, 0 when they cannot match.
#[must_use]
pub fn overlap(prediction: &Shape, truth: &Shape, mode: Mode) -> f64 {
    match (prediction, truth) {
        (Shape::Panel(p), Shape::Panel(q)) if planes_agree(p, q, mode) => panel_iou(p, q),
        (Shape::Box(p), Shape::Box(q)) => box_iou(p, q),
        _ => 0.0,
    }
}

/// The normals' sine is below sin 5° and the planes are closer than 0.2 m in this reading.
fn planes_agree(prediction: &Panel, truth: &Panel, mode: Mode) -> bool {
    let (n, m) = (panel_normal(prediction), panel_normal(truth));
    let sine = n.cross(&m).norm() / (n.norm() * m.norm());
    let signed_distance = (truth[0] - prediction[0]).dot(&n) / n.norm();
    let distance = match mode {
        Mode::Strict => signed_distance.abs(),
        Mode::Compat => signed_distance,
    };
    sine < MAX_PLANE_ANGLE_DEG.to_radians().sin() && distance < MAX_PLANE_DISTANCE_M
}

/// Matches the predictions of one class with its truths. A prediction that finds no truth but overlaps
/// an ignored element by the threshold counts as neither.
#[must_use]
pub fn match_class(
    predictions: &[&Element],
    truths: &[&Element],
    ignored: &[&Element],
    mode: Mode,
    threshold: f64,
) -> ClassMatch {
    let iou: Vec<Vec<f64>> = predictions
        .iter()
        .map(|p| truths.iter().map(|q| overlap(&p.shape, &q.shape, mode)).collect())
        .collect();
    let needy: Vec<bool> = predictions
        .iter()
        .map(|p| !ignored.iter().any(|q| overlap(&p.shape, &q.shape, mode) >= threshold))
        .collect();
    let pairs = assign(&iou, &needy, threshold);
    let mut outcome = ClassMatch::default();
    let (mut used, mut found) = (vec![false; predictions.len()], vec![false; truths.len()]);
    for pair in pairs {
        (used[pair.prediction], found[pair.truth]) = (true, true);
        outcome.matched.push(MatchedPair {
            prediction: predictions[pair.prediction].id.clone(),
            truth: truths[pair.truth].id.clone(),
            iou: pair.iou,
        });
    }
    for (index, prediction) in predictions.iter().enumerate().filter(|(index, _)| !used[*index]) {
        let list = if needy[index] { &mut outcome.unfounded } else { &mut outcome.ignored };
        list.push(prediction.id.clone());
    }
    let missed = truths.iter().zip(&found).filter(|(_, found)| !**found);
    outcome.missed = missed.map(|(truth, _)| truth.id.clone()).collect();
    outcome
}
