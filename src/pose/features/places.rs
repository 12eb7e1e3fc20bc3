//! Which keyframes look alike: VLAD descriptors on a vocabulary of the clip's own.
//!
//! Jégou et al., *Aggregating local descriptors into a compact image representation*, CVPR 2010, with
//! per-word normalisation (Arandjelović & Zisserman 2013). The vocabulary comes from a deterministic
//! k-means on an even sample of the clip's descriptors.

use super::frontend::{Descriptors, TrackedKeyframe};
use nalgebra::DMatrix;
use rayon::prelude::*;

/// Words of the vocabulary.
const WORDS: usize = 48;
/// Descriptors that the vocabulary is learned from.
const SAMPLE: usize = 12_000;
/// Rounds of k-means.
const ROUNDS: usize = 5;

fn column_matrix(descriptors: impl ExactSizeIterator<Item = Vec<f32>>) -> DMatrix<f32> {
    let count = descriptors.len();
    DMatrix::from_iterator(Descriptors::LENGTH, count, descriptors.flatten())
}

fn descriptor(data: &[u8], k: usize) -> Vec<f32> {
    let bytes = &data[k * Descriptors::LENGTH..(k + 1) * Descriptors::LENGTH];
    bytes.iter().map(|&v| f32::from(v) / 256.0).collect()
}

/// Nearest word of every column of `points`.
fn assign(words: &DMatrix<f32>, points: &DMatrix<f32>) -> Vec<usize> {
    let products = words.transpose() * points;
    let norms: Vec<f32> = words.column_iter().map(|w| 0.5 * w.norm_squared()).collect();
    products
        .column_iter()
        .map(|column| {
            let mut best = 0;
            for k in 1..column.len() {
                if column[k] - norms[k] > column[best] - norms[best] {
                    best = k;
                }
            }
            best
        })
        .collect()
}

fn vocabulary(keyframes: &[TrackedKeyframe]) -> Option<DMatrix<f32>> {
    let total: usize = keyframes.iter().map(|k| k.descriptors.pixels.len()).sum();
    if total < 4 * WORDS {
        return None;
    }
    let stride = total.div_ceil(SAMPLE).max(1);
    let all = keyframes.iter().flat_map(|k| (0..k.descriptors.pixels.len()).map(move |i| (k, i)));
    let sample: Vec<Vec<f32>> =
        all.step_by(stride).map(|(k, i)| descriptor(&k.descriptors.data, i)).collect();
    let points = column_matrix(sample.into_iter());
    let step = points.ncols() / WORDS;
    let mut words = DMatrix::from_fn(Descriptors::LENGTH, WORDS, |r, c| points[(r, c * step)]);
    for _ in 0..ROUNDS {
        let nearest = assign(&words, &points);
        let mut sums = DMatrix::<f32>::zeros(Descriptors::LENGTH, WORDS);
        let mut counts = [0usize; WORDS];
        for (k, &word) in nearest.iter().enumerate() {
            let mut column = sums.column_mut(word);
            column += points.column(k);
            counts[word] += 1;
        }
        for (word, &count) in counts.iter().enumerate() {
            if count > 0 {
                words.set_column(word, &(sums.column(word) / count as f32));
            }
        }
    }
    Some(words)
}

fn vlad(words: &DMatrix<f32>, descriptors: &Descriptors) -> Vec<f32> {
    let count = descriptors.pixels.len();
    let points =
        column_matrix((0..count).map(|k| descriptor(&descriptors.data, k)).collect::<Vec<_>>().into_iter());
    let mut sums = DMatrix::<f32>::zeros(Descriptors::LENGTH, WORDS);
    for (k, word) in assign(words, &points).into_iter().enumerate() {
        let mut column = sums.column_mut(word);
        column += points.column(k) - words.column(word);
    }
    for mut column in sums.column_iter_mut() {
        let norm = column.norm();
        if norm > 0.0 {
            column /= norm;
        }
    }
    let norm = sums.norm().max(1e-9);
    sums.iter().map(|v| v / norm).collect()
}

/// For every described keyframe the up to `most` ones at least `apart` earlier (counted among the
/// described) that look most alike, as pairs (earlier, later).
#[must_use]
pub fn similar_pairs(
    keyframes: &[TrackedKeyframe],
    described: &[usize],
    (apart, most): (usize, usize),
) -> Vec<(usize, usize)> {
    let Some(words) = vocabulary(keyframes) else { return Vec::new() };
    let signatures: Vec<Vec<f32>> =
        described.par_iter().map(|&k| vlad(&words, &keyframes[k].descriptors)).collect();
    let lists: Vec<Vec<(usize, usize)>> = (0..described.len())
        .into_par_iter()
        .map(|later| {
            let mut scored: Vec<(f32, usize)> = (0..(later + 1).saturating_sub(apart))
                .map(|earlier| {
                    let score: f32 =
                        signatures[earlier].iter().zip(&signatures[later]).map(|(a, b)| a * b).sum();
                    (score, earlier)
                })
                .collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            scored.into_iter().take(most).map(|(_, earlier)| (described[earlier], described[later])).collect()
        })
        .collect();
    lists.into_iter().flatten().collect()
}
