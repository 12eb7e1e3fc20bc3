//! Precision, recall and F1 from counts.

use serde::Serialize;

/// Counts and what follows from them; a rate that is not defined is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Rates {
    /// True positives.
    pub tp: usize,
    /// Predictions (without ignored ones).
    pub predicted: usize,
    /// Truths.
    pub truth: usize,
    /// tp / predicted.
    pub precision: f64,
    /// tp / truth.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

impl Rates {
    /// Rates of these counts.
    #[must_use]
    pub fn of(tp: usize, predicted: usize, truth: usize) -> Self {
        let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let precision = ratio(tp as f64, predicted as f64);
        let recall = ratio(tp as f64, truth as f64);
        let f1 = Self::harmonic_mean(precision, recall);
        Self { tp, predicted, truth, precision, recall, f1 }
    }

    /// Harmonic mean of two shares; 0 when both are.
    #[must_use]
    pub fn harmonic_mean(precision: f64, recall: f64) -> f64 {
        let sum = precision + recall;
        if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 }
    }

    /// Rates of the pooled counts.
    #[must_use]
    pub fn pooled<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let sum = parts
            .into_iter()
            .fold((0, 0, 0), |sum, part| (sum.0 + part.tp, sum.1 + part.predicted, sum.2 + part.truth));
        Self::of(sum.0, sum.1, sum.2)
    }

    /// Neither side has any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.predicted == 0 && self.truth == 0
    }
}
