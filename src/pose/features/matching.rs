//! Descriptor matches between keyframes, verified by epipolar geometry.
//!
//! Exhaustive nearest neighbours by a matrix product of RootSIFT descriptors, ratio test on angles and
//! mutual check (Lowe 2004), then the inliers of a fundamental matrix (MAGSAC).

use super::cv::fundamental_inliers;
use super::frontend::{Descriptors, TrackedKeyframe};
use super::sift::BYTE_SCALE;
use crate::math::Vec2;
use crate::pose::Error;
use nalgebra::DMatrix;
use rayon::prelude::*;

/// Largest ratio of the angles to the best and the second neighbour (Lowe 2004).
const MAX_RATIO: f32 = 0.8;
/// Largest angle between matching descriptors, radians (COLMAP's default).
const MAX_ANGLE_RAD: f32 = 0.7;
/// Epipolar distance of an inlier, pixels.
const EPIPOLAR_PX: f64 = 2.5;
/// Fewest verified matches of a pair.
const MIN_INLIERS: usize = 16;
/// Least share of verified matches of a pair.
const MIN_SHARE: f64 = 0.3;

/// Verified matches of a pair of keyframes.
#[derive(Debug, Clone)]
pub struct PairMatches {
    /// Earlier keyframe.
    pub a: usize,
    /// Later keyframe.
    pub b: usize,
    /// Descriptor indices in `a` and `b`.
    pub matches: Vec<(u32, u32)>,
}

fn rows(descriptors: &Descriptors) -> DMatrix<f32> {
    let count = descriptors.pixels.len();
    DMatrix::from_fn(count, Descriptors::LENGTH, |r, c| {
        f32::from(descriptors.data[r * Descriptors::LENGTH + c]) / BYTE_SCALE
    })
}

fn columns(descriptors: &Descriptors) -> DMatrix<f32> {
    let count = descriptors.pixels.len();
    DMatrix::from_iterator(
        Descriptors::LENGTH,
        count,
        descriptors.data.iter().map(|&v| f32::from(v) / BYTE_SCALE),
    )
}

/// Mutual nearest neighbours that pass the ratio test.
#[must_use]
pub fn nearest(a: &Descriptors, b: &Descriptors) -> Vec<(u32, u32)> {
    if a.pixels.len() < 2 || b.pixels.len() < 2 {
        return Vec::new();
    }
    let products = rows(a) * columns(b);
    let mut best_of_row = vec![(f32::MIN, f32::MIN, 0u32); products.nrows()];
    let mut best_of_column = vec![0u32; products.ncols()];
    for (j, column) in products.column_iter().enumerate() {
        let mut top = f32::MIN;
        for (i, &value) in column.iter().enumerate() {
            if value > top {
                top = value;
                best_of_column[j] = i as u32;
            }
            let row = &mut best_of_row[i];
            if value > row.0 {
                *row = (value, row.0, j as u32);
            } else if value > row.1 {
                row.1 = value;
            }
        }
    }
    let angle = |product: f32| product.clamp(-1.0, 1.0).acos();
    best_of_row
        .iter()
        .enumerate()
        .filter(|(i, (first, second, j))| {
            best_of_column[*j as usize] == *i as u32
                && angle(*first) < MAX_ANGLE_RAD
                && angle(*first) < MAX_RATIO * angle(*second)
        })
        .map(|(i, (_, _, j))| (i as u32, *j))
        .collect()
}

fn verified(a: &Descriptors, b: &Descriptors) -> Result<Vec<(u32, u32)>, Error> {
    let candidates = nearest(a, b);
    if candidates.len() < MIN_INLIERS {
        return Ok(Vec::new());
    }
    let pixel = |d: &Descriptors, k: u32| {
        let p = d.pixels[k as usize];
        Vec2::new(f64::from(p[0]), f64::from(p[1]))
    };
    let from: Vec<Vec2> = candidates.iter().map(|m| pixel(a, m.0)).collect();
    let to: Vec<Vec2> = candidates.iter().map(|m| pixel(b, m.1)).collect();
    let inliers = fundamental_inliers(&from, &to, EPIPOLAR_PX)?;
    let kept: Vec<(u32, u32)> =
        candidates.iter().zip(&inliers).filter_map(|(m, &ok)| ok.then_some(*m)).collect();
    let enough = kept.len() >= MIN_INLIERS && kept.len() as f64 >= MIN_SHARE * candidates.len() as f64;
    Ok(if enough { kept } else { Vec::new() })
}

/// Matches of the given pairs; pairs that fail the verification are left out.
///
/// # Errors
/// When an OpenCV routine fails.
pub fn match_pairs(
    keyframes: &[TrackedKeyframe],
    pairs: &[(usize, usize)],
) -> Result<Vec<PairMatches>, Error> {
    let found: Result<Vec<PairMatches>, Error> = pairs
        .par_iter()
        .map(|&(a, b)| {
            let matches = verified(&keyframes[a].descriptors, &keyframes[b].descriptors)?;
            Ok(PairMatches { a, b, matches })
        })
        .collect();
    Ok(found?.into_iter().filter(|pair| !pair.matches.is_empty()).collect())
}
