//! The metric reading: rooms by exact polygon overlap, corners in metres, interior angles.

use super::polygon::{Polygon, area, interior_angle_deg, overlap_areas};
use crate::eval::overlap::signed_area;
use crate::eval::rates::Rates;
use serde::Serialize;

/// A room is found when its IoU exceeds this (floor-plan literature).
pub(super) const MIN_ROOM_IOU: f64 = 0.5;
/// Distances within which a corner counts, metres.
const CORNER_DISTANCES_M: [f64; 2] = [0.10, 0.20];
/// Largest difference of interior angles at a matched corner, degrees.
pub(super) const MAX_ANGLE_DIFFERENCE_DEG: f64 = 5.0;
/// Two predictions overlap when they share more than this part of the smaller one: rooms that share a
/// wall's centre line may cross it by a few centimetres (the raster reading erodes by 2 of 256 pixels,
/// which is about as much for a room of 4 m in a flat of 10 m).
const MAX_SHARED_PART: f64 = 0.04;

/// Corners and angles at one distance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CornerScore {
    /// The distance, with its unit.
    pub within: String,
    /// Corners.
    pub corners: Rates,
    /// Interior angles at matched corners.
    pub angles: Rates,
}

/// One reading of the floor-plan metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanReading {
    /// Rooms.
    pub rooms: Rates,
    /// Corners and angles at each distance.
    pub corners: Vec<CornerScore>,
}

/// Rooms, corners and angles in metres.
#[must_use]
pub fn score_rooms(predicted: &[Polygon], truth: &[Polygon]) -> PlanReading {
    let order = by_area(truth);
    let iou = |p: &Polygon, t: &Polygon| {
        let (intersection, union) = overlap_areas(p, t);
        if union > 0.0 { intersection / union } else { 0.0 }
    };
    let overlaps: Vec<Vec<f64>> =
        order.iter().map(|&t| predicted.iter().map(|p| iou(p, &truth[t])).collect()).collect();
    let overlapping = |i: usize| {
        (0..predicted.len()).any(|j| {
            let smaller = area(&predicted[i]).min(area(&predicted[j]));
            j != i && overlap_areas(&predicted[i], &predicted[j]).0 > MAX_SHARED_PART * smaller
        })
    };
    let partners = partners(&overlaps, predicted.len(), overlapping);
    let pairs: Vec<(&Polygon, &Polygon)> = partners
        .iter()
        .enumerate()
        .filter_map(|(p, partner)| partner.map(|row| (&predicted[p], &truth[order[row]])))
        .collect();
    let rooms = Rates::of(pairs.len(), predicted.len(), truth.len());
    let corners = CORNER_DISTANCES_M
        .iter()
        .map(|&distance| corner_score(&pairs, predicted, truth, distance, format!("{distance:.2} m")))
        .collect();
    PlanReading { rooms, corners }
}

/// Truths from large to small: the order in which they choose.
pub(super) fn by_area(truth: &[Polygon]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..truth.len()).collect();
    order.sort_by(|&i, &j| area(&truth[j]).total_cmp(&area(&truth[i])).then(i.cmp(&j)));
    order
}

/// For every prediction the row of `overlaps` (a truth) that it stands for: each truth chooses its best
/// prediction, the first truth to choose a prediction keeps it, and a prediction that overlaps another
/// one stands for none.
pub(super) fn partners(
    overlaps: &[Vec<f64>],
    predictions: usize,
    overlapping: impl Fn(usize) -> bool,
) -> Vec<Option<usize>> {
    let mut partner = vec![None; predictions];
    for (row, overlaps) in overlaps.iter().enumerate() {
        let mut best = (MIN_ROOM_IOU, None);
        for (index, &overlap) in overlaps.iter().enumerate() {
            if overlap > best.0 {
                best = (overlap, Some(index));
            }
        }
        if let (_, Some(index)) = best {
            partner[index] = partner[index].or(Some(row));
        }
    }
    (0..predictions).map(|index| partner[index].filter(|_| !overlapping(index))).collect()
}

/// Corners and angles of the found rooms. Each true corner asks for its nearest predicted one.
pub(super) fn corner_score(
    pairs: &[(&Polygon, &Polygon)],
    predicted: &[Polygon],
    truth: &[Polygon],
    distance: f64,
    within: String,
) -> CornerScore {
    let (mut corners, mut angles) = (0, 0);
    for (prediction, truth) in pairs {
        let mut corner_found = vec![false; prediction.len()];
        let mut angle_found = vec![false; prediction.len()];
        let orientations = (signed_area(prediction).signum(), signed_area(truth).signum());
        for (index, corner) in truth.iter().enumerate() {
            let to = |i: usize| (prediction[i] - corner).norm();
            let nearest = (0..prediction.len()).min_by(|&i, &j| to(i).total_cmp(&to(j)));
            let Some(nearest) = nearest.filter(|&i| to(i) <= distance) else { continue };
            corner_found[nearest] = true;
            let difference = interior_angle_deg(prediction, nearest, orientations.0)
                - interior_angle_deg(truth, index, orientations.1);
            angle_found[nearest] |= difference.abs() <= MAX_ANGLE_DIFFERENCE_DEG;
        }
        corners += corner_found.iter().filter(|found| **found).count();
        angles += angle_found.iter().filter(|found| **found).count();
    }
    let count = |rooms: &[Polygon]| rooms.iter().map(Vec::len).sum();
    let rates = |tp: usize| Rates::of(tp, count(predicted), count(truth));
    CornerScore { within, corners: rates(corners), angles: rates(angles) }
}
