//! Whether confidences are what they say: the expected calibration error.
//!
//! Elements are sorted into ten bins by confidence; in each the mean confidence is compared with the
//! share of hits; the error is the mean difference weighted by the elements of the bins (Naeini et
//! al., AAAI 2015).

use serde::Serialize;
use std::collections::BTreeMap;

/// Bins over 0..1.
const BINS: usize = 10;

/// An element with its confidence and whether it was right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Kind of element.
    pub group: &'static str,
    /// Its confidence, 0..1.
    pub confidence: f64,
    /// It was right.
    pub hit: bool,
}

/// One bin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Elements.
    pub count: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// Their share of hits.
    pub hits: f64,
}

/// Calibration of a detector.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Expected calibration error over all elements.
    pub error: f64,
    /// ... by kind of element.
    pub by_group: BTreeMap<&'static str, f64>,
    /// Bins over all elements, from unsure to sure.
    pub bins: Vec<Bin>,
}

impl Calibration {
    /// Of these elements.
    #[must_use]
    pub fn of(judged: &[Judged]) -> Self {
        let mut groups: BTreeMap<&'static str, Vec<Judged>> = BTreeMap::new();
        for element in judged {
            groups.entry(element.group).or_default().push(*element);
        }
        let bins = bins(judged);
        let by_group = groups.iter().map(|(group, own)| (*group, error(&self::bins(own)))).collect();
        Self { error: error(&bins), by_group, bins }
    }
}

fn bins(judged: &[Judged]) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); BINS];
    for element in judged {
        let bin = &mut bins[((element.confidence.clamp(0.0, 1.0) * BINS as f64) as usize).min(BINS - 1)];
        bin.count += 1;
        bin.confidence += element.confidence;
        bin.hits += f64::from(u8::from(element.hit));
    }
    for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
        bin.confidence /= bin.count as f64;
        bin.hits /= bin.count as f64;
    }
    bins
}

fn error(bins: &[Bin]) -> f64 {
    let all: usize = bins.iter().map(|bin| bin.count).sum();
    let sum: f64 = bins.iter().map(|bin| bin.count as f64 * (bin.confidence - bin.hits).abs()).sum();
    if all == 0 { 0.0 } else { sum / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_confidence_has_no_error_and_boasting_has_its_own_size() {
        let of = |confidence, hits: usize| {
            (0..10).map(move |k| Judged { group: "wall", confidence, hit: k < hits })
        };
        let honest: Vec<Judged> = of(0.3, 3).chain(of(0.8, 8)).collect();
        assert!(Calibration::of(&honest).error < 1e-12);
        let boasting: Vec<Judged> = of(0.9, 5).collect();
        let found = Calibration::of(&boasting);
        assert!((found.error - 0.4).abs() < 1e-12 && (found.by_group["wall"] - 0.4).abs() < 1e-12);
        assert_eq!(Calibration::of(&[]).error, 0.0);
    }
}
