//! Point cloud against true cloud.
//!
//! Both clouds are thinned to one point per 2 cm voxel (its centroid). Accuracy = mean distance from
//! prediction to truth, completeness = from truth to prediction, chamfer = their mean; precision,
//! recall and F at 5 cm. Nearest neighbours are exact (kd-tree). Source: Knapitsch et al. 2017 (Tanks
//! and Temples) for P/R/F. Both clouds are in one metric frame: nothing is aligned here.
//!
//! Limits: a truth that the camera never saw lowers completeness; give a truth cut to what was seen.

use super::error::{Error, Result};
use super::rates::Rates;
use super::table::{Table, percent};
use crate::cloud::ply;
use crate::math::Vec3;
use crate::report::Reporter;
use kiddo::{ImmutableKdTree, SquaredEuclidean};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Voxel of the thinning, metres (the metrics' definition).
const VOXEL_M: f64 = 0.02;
/// Distance within which a point counts as right, metres (the metrics' definition).
const THRESHOLD_M: f64 = 0.05;

/// Options of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Voxel of the thinning, metres; 0 keeps every point.
    pub voxel_m: f64,
    /// Distance within which a point counts as right, metres.
    pub threshold_m: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { voxel_m: VOXEL_M, threshold_m: THRESHOLD_M }
    }
}

/// What a cloud is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CloudScore {
    /// Points of the prediction after thinning.
    pub predicted: usize,
    /// Points of the truth after thinning.
    pub truth: usize,
    /// Mean distance prediction → truth, metres.
    pub accuracy_m: f64,
    /// Mean distance truth → prediction, metres.
    pub completeness_m: f64,
    /// Mean of the two, metres.
    pub chamfer_m: f64,
    /// Share of predicted points within the threshold of the truth.
    pub precision: f64,
    /// Share of true points within the threshold of the prediction.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f_score: f64,
    /// The threshold, metres.
    pub threshold_m: f64,
}

/// Compares two PLY files.
///
/// # Errors
/// When a file cannot be read, or as [`score_cloud`].
pub fn run_cloud(
    prediction: &Path,
    truth: &Path,
    options: &Options,
    reporter: &Reporter,
) -> Result<CloudScore> {
    score_cloud(&read_points(prediction, reporter)?, &read_points(truth, reporter)?, options)
}

/// Positions of a PLY file, metres.
///
/// # Errors
/// When the file cannot be read.
pub fn read_points(path: &Path, reporter: &Reporter) -> Result<Vec<Vec3>> {
    let contents = ply::read(path, reporter)?;
    let position = |p: &crate::cloud::CloudPoint| Vec3::from(p.position.map(f64::from)) + contents.offset;
    Ok(contents.cloud.points.iter().map(position).collect())
}

/// Compares two sets of points.
///
/// # Errors
/// [`Error::Incomparable`] when a side has no finite point.
pub fn score_cloud(prediction: &[Vec3], truth: &[Vec3], options: &Options) -> Result<CloudScore> {
    let (prediction, truth) = (thinned(prediction, options.voxel_m), thinned(truth, options.voxel_m));
    for (points, side) in [(&prediction, "prediction"), (&truth, "truth")] {
        if points.is_empty() {
            return Err(Error::Incomparable(format!(
                "the {side} has no finite point; give a cloud with points"
            )));
        }
    }
    let to_truth = distances(&prediction, &truth);
    let to_prediction = distances(&truth, &prediction);
    let mean = |d: &[f64]| d.iter().sum::<f64>() / d.len() as f64;
    let near = |d: &[f64]| d.iter().filter(|d| **d < options.threshold_m).count() as f64 / d.len() as f64;
    let (accuracy_m, completeness_m) = (mean(&to_truth), mean(&to_prediction));
    let (precision, recall) = (near(&to_truth), near(&to_prediction));
    Ok(CloudScore {
        predicted: prediction.len(),
        truth: truth.len(),
        accuracy_m,
        completeness_m,
        chamfer_m: 0.5 * (accuracy_m + completeness_m),
        precision,
        recall,
        f_score: Rates::harmonic_mean(precision, recall),
        threshold_m: options.threshold_m,
    })
}

/// One point per voxel: the centroid of its points, in the order of the voxels.
fn thinned(points: &[Vec3], voxel_m: f64) -> Vec<[f64; 3]> {
    let finite = points.iter().filter(|p| p.iter().all(|c| c.is_finite()));
    if voxel_m <= 0.0 {
        return finite.map(|p| [p.x, p.y, p.z]).collect();
    }
    let mut voxels: BTreeMap<[i64; 3], (Vec3, f64)> = BTreeMap::new();
    for point in finite {
        let key = [point.x, point.y, point.z].map(|c| (c / voxel_m).floor() as i64);
        let (sum, count) = voxels.entry(key).or_default();
        *sum += point;
        *count += 1.0;
    }
    voxels.into_values().map(|(sum, count)| (sum / count).into()).collect()
}

/// Distance from every point of `from` to the nearest of `to`.
fn distances(from: &[[f64; 3]], to: &[[f64; 3]]) -> Vec<f64> {
    let tree: ImmutableKdTree<f64, 3> = ImmutableKdTree::new_from_slice(to);
    from.par_iter().map(|point| tree.nearest_one::<SquaredEuclidean>(point).distance.sqrt()).collect()
}

impl CloudScore {
    /// The score as a plain-text table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = Table::new(&["cloud", "value"]);
        let mut row = |name: String, value: String| table.row([name, value]);
        row("accuracy, cm".into(), format!("{:.2}", 100.0 * self.accuracy_m));
        row("completeness, cm".into(), format!("{:.2}", 100.0 * self.completeness_m));
        row("chamfer, cm".into(), format!("{:.2}", 100.0 * self.chamfer_m));
        let at = format!("at {:.0} cm, %", 100.0 * self.threshold_m);
        row(format!("precision {at}"), percent(Some(self.precision)));
        row(format!("recall {at}"), percent(Some(self.recall)));
        row(format!("F {at}"), percent(Some(self.f_score)));
        format!("{}{} points against {} (after thinning)\n", table.to_text(), self.predicted, self.truth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square of 1 m in the plane z = `height`, a point a centimetre: many equal coordinates.
    fn plane(height: f64) -> Vec<Vec3> {
        (0..100 * 100)
            .map(|i| Vec3::new(f64::from(i % 100) / 100.0, f64::from(i / 100) / 100.0, height))
            .collect()
    }

    #[test]
    fn parallel_planes_are_as_far_apart_as_they_are() {
        let score = score_cloud(&plane(0.03), &plane(0.0), &Options::default()).expect("has points");
        for distance in [score.accuracy_m, score.completeness_m, score.chamfer_m] {
            assert!((distance - 0.03).abs() < 1e-9);
        }
        assert_eq!((score.precision, score.recall, score.f_score), (1.0, 1.0, 1.0));
        assert_eq!(score.predicted, 2500);
        let far = score_cloud(&plane(0.06), &plane(0.0), &Options::default()).expect("has points");
        assert_eq!(far.f_score, 0.0);
    }

    #[test]
    fn half_a_plane_is_accurate_and_incomplete() {
        let half: Vec<Vec3> = plane(0.0).into_iter().filter(|p| p.x < 0.5).collect();
        let score = score_cloud(&half, &plane(0.0), &Options::default()).expect("has points");
        assert!(score.accuracy_m < 1e-9 && score.completeness_m > 0.1);
        assert!(score.precision == 1.0 && score.recall < 0.6);
    }

    #[test]
    fn the_tree_finds_the_nearest() {
        let noise = |i: u32, step: f64| f64::from(i.wrapping_mul(2_654_435_761) % 1000) * step;
        let cloud = |seed: u32| -> Vec<[f64; 3]> {
            (0..600)
                .map(|i| [noise(i + seed, 1e-3), noise(i * 7 + seed, 1e-2), f64::from((i + seed) % 3)])
                .collect()
        };
        let (from, to) = (cloud(1), cloud(1000));
        let brute = |p: &[f64; 3]| {
            to.iter().map(|q| (Vec3::from(*p) - Vec3::from(*q)).norm()).fold(f64::INFINITY, f64::min)
        };
        for (point, found) in from.iter().zip(distances(&from, &to)) {
            assert!((found - brute(point)).abs() < 1e-12);
        }
    }

    #[test]
    fn empty_or_broken_clouds_are_refused() {
        let error = score_cloud(&[Vec3::new(f64::NAN, 0.0, 0.0)], &plane(0.0), &Options::default());
        assert!(error.expect_err("nothing finite").to_string().contains("prediction has no finite point"));
    }
}
