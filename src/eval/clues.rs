//! What a detector said of each element, and whether it was right: the data of calibration.
//!
//! `(score of a scene, its draft) -> judged elements, lines of clues`. Elements that match only an
//! ignored one and boxes whose class is not scored count neither way.

use super::calibration::Judged;
use super::layout::{ClassKey, Mode, SceneScore, THRESHOLDS};
use crate::layout::Draft;
use crate::nn::Clues;
use crate::scene::OpeningKind;
use serde::Serialize;

/// One element with its clues, for fitting the calibration: one line of JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClueLine {
    /// Name of the scan (its seed for a drawn house).
    pub scan: String,
    /// `wall`, `door`, `window` or `object`.
    pub group: &'static str,
    /// Class.
    pub class: String,
    /// Clues.
    #[serde(flatten)]
    pub clues: Clues,
    /// Confidence.
    pub confidence: f64,
    /// It matches a true one at IoU 0.25.
    pub hit: bool,
    /// True ones of its class in the scan.
    pub truths: usize,
}

/// Confidence, hit and clues of every scored element of a scene.
pub fn judge_scene(
    scene: &SceneScore,
    scan: &str,
    draft: &Draft,
    clues: Option<&[Vec<Clues>; 3]>,
    judged: &mut Vec<Judged>,
    lines: &mut Vec<ClueLine>,
) {
    let of_kind = |kind: OpeningKind, nth: usize| {
        (0..draft.openings.len()).filter(|&k| draft.openings[k].kind == kind).nth(nth)
    };
    let results = scene
        .results
        .iter()
        .filter(|r| r.mode == Mode::Strict && r.threshold == THRESHOLDS[0] && r.class != ClassKey::AnyObject);
    for result in results {
        let truths = result.matching.matched.len() + result.matching.missed.len();
        let matched = result.matching.matched.iter().map(|pair| (&pair.prediction, true));
        let unfounded = result.matching.unfounded.iter().map(|id| (id, false));
        for (id, hit) in matched.chain(unfounded) {
            let Some(number) = id.rsplit_once('_').and_then(|(_, n)| n.parse::<usize>().ok()) else {
                continue;
            };
            let (group, list, index) = match &result.class {
                ClassKey::Wall => ("wall", 0, Some(number)),
                ClassKey::Door => ("door", 1, of_kind(OpeningKind::Door, number)),
                ClassKey::Window => ("window", 1, of_kind(OpeningKind::Window, number)),
                _ => ("object", 2, Some(number)),
            };
            let Some(index) = index else { continue };
            let confidence = match list {
                0 => draft.walls.get(index).map(|w| w.confidence),
                1 => draft.openings.get(index).map(|o| o.confidence),
                _ => draft.objects.get(index).map(|o| o.confidence),
            };
            let Some(confidence) = confidence else { continue };
            judged.push(Judged { group, confidence, hit });
            if let Some(clues) = clues.and_then(|clues| clues[list].get(index)) {
                let class = result.class.name().to_owned();
                let scan = scan.to_owned();
                lines.push(ClueLine { scan, group, class, clues: *clues, confidence, hit, truths });
            }
        }
    }
}
