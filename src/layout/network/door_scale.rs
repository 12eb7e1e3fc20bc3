//! The scale by the heights of doors: `(draft) -> LogScale`.
//!
//! Doors are made for people and nearly of one height everywhere. Passages without a leaf are not: what is wider than
//! a door is left out. Frame: scene, at the supposed scale.

use crate::align::LogScale;
use crate::layout::draft::Draft;
use crate::math::median;
use crate::scene::OpeningKind;

/// Usual clear height of a door, metres (DIN 18101: 2.01 and 2.11; British 1.98, American 2.03).
const DOOR_M: f64 = 2.04;
/// One standard deviation of it from home to home, logarithm.
const DOOR_LOG_SIGMA: f64 = 0.03;
/// ... and of the height of one door as it is found, logarithm (6 cm).
const FOUND_LOG_SIGMA: f64 = 0.03;
/// Wider ones are passages, metres.
const MAX_WIDTH_M: f64 = 1.3;
/// Doors less sure than this are not asked.
const MIN_CONFIDENCE: f64 = 0.35;

/// What the doors of a draft say of its scale; `None` without any.
pub fn judge(draft: &Draft) -> Option<LogScale> {
    let doors = draft.openings.iter().filter(|opening| {
        opening.kind == OpeningKind::Door
            && opening.width <= MAX_WIDTH_M
            && opening.confidence >= MIN_CONFIDENCE
    });
    let heights: Vec<f64> = doors.map(|door| door.height).collect();
    let own = FOUND_LOG_SIGMA / (heights.len() as f64).sqrt();
    let log_scale = (median(&heights)? / DOOR_M).ln();
    Some(LogScale { log_scale, log_sigma: DOOR_LOG_SIGMA.hypot(own) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::draft::DraftOpening;

    #[test]
    fn doors_tell_the_scale_and_passages_do_not() {
        let door = |height: f64, width: f64, confidence: f64| DraftOpening {
            kind: OpeningKind::Door,
            wall_idx: 0,
            center: [0.0; 3],
            width,
            height,
            sigma_m: 0.05,
            confidence,
            observed_fraction: 1.0,
        };
        let openings = vec![door(2.24, 0.9, 0.9), door(2.6, 2.0, 0.9), door(1.2, 0.9, 0.1)];
        let seen = judge(&Draft { openings, ..Draft::default() }).unwrap();
        assert!((seen.log_scale - (2.24f64 / 2.04).ln()).abs() < 1e-12, "{seen:?}");
        assert!(judge(&Draft::default()).is_none());
    }
}
