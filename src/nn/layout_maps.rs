//! What the manifest says of a layout network: its input, its strides, how sure its answers are.
//!
//! The outputs are found by name (`interior`, `wall_heat`, `wall`, `corner_heat`, `corner`,
//! `opening_heat`, `opening`, `box_heat`, `box`, `scale`; channels as in `train/layout/maps.py`).

use super::ModelEntry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Outputs that a layout network must have.
pub const OUTPUTS: [&str; 10] = [
    "interior",
    "wall_heat",
    "wall",
    "corner_heat",
    "corner",
    "opening_heat",
    "opening",
    "box_heat",
    "box",
    "scale",
];

/// What a layout network needs and how its figures are to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayoutMaps {
    /// Name of the input, `[1, channels, y, x]` in 0..1.
    pub pillars: String,
    /// Pillars along one side of an output cell.
    pub stride: usize,
    /// Sides of the input are multiples of this, pillars.
    pub multiple: usize,
    /// The stated sigma of the scale times this holds the error as often as a normal one does.
    pub scale_sigma_factor: f64,
    /// The elevation network that looks at the walls that this one found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elevation: Option<String>,
    /// From clues to probabilities, of both together.
    pub confidence: Calibration,
}

/// Logistic models by kind of element, fitted on houses that were never trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Walls.
    pub wall: Logistic,
    /// Doors.
    pub door: Logistic,
    /// Windows.
    pub window: Logistic,
    /// Objects.
    pub object: Logistic,
    /// What is different for single classes of objects, by their name in the benchmark.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, OfClass>,
}

/// How much surer or less sure the objects of one class are than the same clues say of others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfClass {
    /// Added to the constant.
    pub bias: f64,
    /// In place of the weight of the heat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heat: Option<f64>,
    /// In place of the weight of the expected overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<f64>,
    /// In place of the weight of the elevation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elevation: Option<f64>,
    /// In place of the weight of the observed share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
}

impl Calibration {
    /// The model for objects of a class.
    #[must_use]
    pub fn object_of(&self, class: Option<&str>) -> Logistic {
        match class.and_then(|class| self.classes.get(class)) {
            Some(own) => Logistic {
                bias: self.object.bias + own.bias,
                heat: own.heat.unwrap_or(self.object.heat),
                overlap: own.overlap.unwrap_or(self.object.overlap),
                elevation: own.elevation.unwrap_or(self.object.elevation),
                observed: own.observed.unwrap_or(self.object.observed),
                min_confidence: self.object.min_confidence,
            },
            None => self.object,
        }
    }
}

/// What speaks for an element.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clues {
    /// Heat of the element in the plan, 0..1.
    pub heat: f64,
    /// Overlap with the truth that the network expects, 0..1; 0.5 where it says nothing.
    pub overlap: f64,
    /// Heat of the element in the elevation of its wall, 0..1; 0.5 where none says anything.
    pub elevation: f64,
    /// Share of the element that was observed, 0..1.
    pub observed: f64,
}

impl Clues {
    /// Clues of the plan alone.
    #[must_use]
    pub fn of_plan(heat: f64, overlap: f64) -> Self {
        Self { heat, overlap, elevation: 0.5, observed: 0.0 }
    }

    /// What decides between elements that exclude each other: heats and overlap together.
    #[must_use]
    pub fn strength(&self) -> f64 {
        (self.heat * self.elevation).sqrt() * self.overlap
    }
}

/// p = 1 / (1 + exp(-(bias + heat · logit h + overlap · logit o + elevation · logit e + observed · s))).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    /// Constant.
    pub bias: f64,
    /// Weight of the logit of the heat.
    pub heat: f64,
    /// Weight of the logit of the expected overlap.
    pub overlap: f64,
    /// Weight of the logit of the heat in the elevation.
    #[serde(default)]
    pub elevation: f64,
    /// Weight of the observed share.
    pub observed: f64,
    /// Elements less sure than this are not reported, 0..1.
    pub min_confidence: f64,
}

impl Logistic {
    /// Probability that an element with these clues exists.
    #[must_use]
    pub fn probability(&self, clues: &Clues) -> f64 {
        /// Heats and overlaps are kept this far from 0 and 1.
        const MARGIN: f64 = 1e-3;
        let logit = |p: f64| {
            let p = if p.is_finite() { p.clamp(MARGIN, 1.0 - MARGIN) } else { MARGIN };
            (p / (1.0 - p)).ln()
        };
        let sum = self.bias
            + self.heat * logit(clues.heat)
            + self.overlap * logit(clues.overlap)
            + self.elevation * logit(clues.elevation)
            + self.observed * clues.observed;
        1.0 / (1.0 + (-sum).exp())
    }
}

/// Every named tensor exists, and the sizes make sense.
pub(super) fn check(model: &ModelEntry, maps: &LayoutMaps) -> Result<(), String> {
    check_tensors(model, &maps.pillars, &OUTPUTS, (maps.stride, maps.multiple))?;
    if !(maps.scale_sigma_factor > 0.0) {
        return Err(format!("a factor of {} for the scale's sigma", maps.scale_sigma_factor));
    }
    Ok(())
}

/// A network from a picture to maps has its input and outputs, and its stride divides the sides of the picture.
pub(super) fn check_tensors(
    model: &ModelEntry,
    input: &str,
    outputs: &[&str],
    (stride, multiple): (usize, usize),
) -> Result<(), String> {
    if !model.inputs.iter().any(|tensor| tensor.name == input) {
        return Err(format!("no input `{input}`"));
    }
    if let Some(name) = outputs.iter().find(|name| !model.outputs.iter().any(|t| t.name == **name)) {
        return Err(format!("no output `{name}`"));
    }
    if stride == 0 || multiple == 0 || !multiple.is_multiple_of(stride) {
        return Err(format!("stride {stride} and multiple {multiple}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_heat_is_more_probable_and_nonsense_is_improbable() {
        let logistic = Logistic {
            bias: 0.0,
            heat: 1.0,
            overlap: 0.5,
            elevation: 1.0,
            observed: 1.0,
            min_confidence: 0.3,
        };
        let p = |heat| logistic.probability(&Clues::of_plan(heat, 0.5));
        assert!((p(0.5) - 0.5).abs() < 1e-12 && (p(0.8) - 0.8).abs() < 1e-12);
        assert!(p(f64::NAN) < 0.01 && p(1.0) < 1.0);
        let seen = Clues { elevation: 0.8, ..Clues::of_plan(0.5, 0.5) };
        assert!((logistic.probability(&seen) - 0.8).abs() < 1e-12);
    }

    #[test]
    fn a_class_may_differ_from_the_others() {
        let plain = Logistic {
            bias: 1.0,
            heat: 2.0,
            overlap: 0.5,
            elevation: 0.0,
            observed: 0.0,
            min_confidence: 0.4,
        };
        let own = OfClass { bias: -0.5, elevation: Some(1.5), ..OfClass::default() };
        let classes = BTreeMap::from([("tv".to_owned(), own)]);
        let all = Calibration { wall: plain, door: plain, window: plain, object: plain, classes };
        assert_eq!(all.object_of(Some("tv")), Logistic { bias: 0.5, elevation: 1.5, ..plain });
        assert_eq!([all.object_of(Some("sofa")), all.object_of(None)], [plain, plain]);
    }
}
