//! One-to-one assignment of predictions to truths by overlap.
//!
//! The metric's cost is −1 where IoU > t and 1e6 elsewhere, so the optimum is a matching with as many
//! pairs of IoU > t as possible. Several matchings may reach that. Among them the one that uses most
//! *needy* predictions is taken (those that would count as false if left alone, because no ignored
//! element excuses them), so that the counts do not depend on the solver's luck; then the one with the
//! largest total IoU, so that the pairs that are shown are the sensible ones. Solved exactly with integer
//! weights by the Hungarian algorithm (Kuhn 1955, Munkres 1957; crate `pathfinding`), one connected
//! component at a time, so that large scenes cost no more than their most crowded corner.

use pathfinding::prelude::{Matrix, kuhn_munkres};

/// Weight of a pair above the threshold; larger than any sum of the finer weights below for components
/// of up to 2^13 predictions.
const ABOVE: i64 = 1 << 48;
/// Weight of a needy prediction; larger than any sum of the IoU steps below.
const NEEDY: i64 = 1 << 34;
/// Steps of IoU that still decide between matchings of equal size.
const IOU_STEPS: f64 = (1_u32 << 20) as f64;

/// A pair of the assignment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Index of the prediction.
    pub prediction: usize,
    /// Index of the truth.
    pub truth: usize,
    /// Their overlap, at least the threshold.
    pub iou: f64,
}

/// Assigns predictions to truths; `iou[prediction][truth]`, `needy[prediction]`. Pairs have
/// IoU ≥ `threshold`, in order of the prediction.
#[must_use]
pub fn assign(iou: &[Vec<f64>], needy: &[bool], threshold: f64) -> Vec<Pair> {
    let truths = iou.first().map_or(0, Vec::len);
    let mut pairs = Vec::new();
    for (predictions, truths) in components(iou, truths, threshold) {
        let weight =
            |prediction: usize, truth: usize| weight(iou[prediction][truth], needy[prediction], threshold);
        let transposed = predictions.len() > truths.len();
        let (rows, columns) = if transposed { (&truths, &predictions) } else { (&predictions, &truths) };
        let matrix = Matrix::from_fn(rows.len(), columns.len(), |(row, column)| {
            if transposed { weight(columns[column], rows[row]) } else { weight(rows[row], columns[column]) }
        });
        let (_, columns_of_rows) = kuhn_munkres(&matrix);
        for (row, column) in columns_of_rows.into_iter().enumerate() {
            let (prediction, truth) =
                if transposed { (columns[column], rows[row]) } else { (rows[row], columns[column]) };
            if iou[prediction][truth] >= threshold {
                pairs.push(Pair { prediction, truth, iou: iou[prediction][truth] });
            }
        }
    }
    pairs.sort_by_key(|pair| (pair.prediction, pair.truth));
    pairs
}

/// A pair exactly on the threshold is taken only where it displaces nothing.
fn weight(iou: f64, is_needy: bool, threshold: f64) -> i64 {
    if iou > threshold {
        ABOVE + NEEDY * i64::from(is_needy) + (iou * IOU_STEPS) as i64
    } else {
        i64::from(iou >= threshold)
    }
}

/// Connected components of the graph of pairs with IoU ≥ threshold, as indices of predictions and of
/// truths; those without an edge are left out.
fn components(iou: &[Vec<f64>], truths: usize, threshold: f64) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut seen = vec![false; truths];
    let mut done = vec![false; iou.len()];
    let mut found = Vec::new();
    for start in 0..iou.len() {
        if done[start] {
            continue;
        }
        done[start] = true;
        let (mut members, mut partners) = (vec![start], Vec::new());
        let mut next = 0;
        while next < members.len() {
            let row = &iou[members[next]];
            next += 1;
            for truth in (0..truths).filter(|&t| row[t] >= threshold) {
                if std::mem::replace(&mut seen[truth], true) {
                    continue;
                }
                partners.push(truth);
                for other in 0..iou.len() {
                    if !done[other] && iou[other][truth] >= threshold {
                        done[other] = true;
                        members.push(other);
                    }
                }
            }
        }
        if !partners.is_empty() {
            members.sort_unstable();
            partners.sort_unstable();
            found.push((members, partners));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn more_pairs_win_over_better_pairs() {
        // Greedy by IoU would take (0, 0) and leave prediction 1 alone.
        let pairs = assign(&[vec![0.9, 0.6], vec![0.6, 0.0]], &[true; 2], 0.5);
        assert_eq!(pairs.iter().map(|p| (p.prediction, p.truth)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    }

    #[test]
    fn a_prediction_without_excuse_goes_first() {
        let pairs = assign(&[vec![0.9], vec![0.6]], &[false, true], 0.5);
        assert_eq!((pairs.len(), pairs[0].prediction), (1, 1));
    }

    #[test]
    fn a_pair_on_the_threshold_counts() {
        assert_eq!(assign(&[vec![0.5]], &[true], 0.5).len(), 1);
        assert!(assign(&[vec![0.499_999]], &[true], 0.5).is_empty());
        assert!(assign(&[], &[], 0.5).is_empty() && assign(&[vec![], vec![]], &[true; 2], 0.5).is_empty());
    }

    /// Largest matching by trying every order (reference for tiny cases).
    fn brute(iou: &[Vec<f64>], threshold: f64, row: usize, used: u32) -> usize {
        if row == iou.len() {
            return 0;
        }
        let taken = (0..iou[row].len())
            .filter(|&t| used & (1 << t) == 0 && iou[row][t] > threshold)
            .map(|t| 1 + brute(iou, threshold, row + 1, used | (1 << t)))
            .max()
            .unwrap_or(0);
        taken.max(brute(iou, threshold, row + 1, used))
    }

    proptest! {
        #[test]
        fn the_matching_is_as_large_as_can_be(
            iou in (1_usize..6, 1_usize..6).prop_flat_map(|(rows, columns)| {
                prop::collection::vec(prop::collection::vec(0.0..1.0_f64, columns), rows)
            })
        ) {
            let pairs = assign(&iou, &vec![true; iou.len()], 0.5);
            prop_assert_eq!(pairs.len(), brute(&iou, 0.5, 0, 0));
            let mut truths: Vec<_> = pairs.iter().map(|p| p.truth).collect();
            truths.sort_unstable();
            truths.dedup();
            prop_assert_eq!(truths.len(), pairs.len());
        }
    }
}
