//! The raster reading: the plan drawn on 256 x 256 pixels, each axis scaled by itself.
//!
//! Bounds are those of the truth, wider by a tenth on each side (as Structured3D's density maps are
//! made). Rooms are filled with their border; IoU is intersection / (union + 1); two predictions
//! overlap when a pixel remains of both after eroding each by a 5 x 5 square. Corners are rounded to
//! pixels first. Source: the evaluator of Structured3D floor plans (Stekovic et al., MonteFloor) as
//! used by RoomFormer (Yue et al. 2023); there walls' pixels are left out of the count, here walls
//! have no pixels of their own.

use super::metric::{PlanReading, corner_score, partners};
use super::polygon::Polygon;
use crate::eval::rates::Rates;
use crate::math::Point2;

/// Side of the raster, pixels.
const SIDE: usize = 256;
/// Distance within which a corner counts, pixels.
const CORNER_DISTANCE_PX: f64 = 10.0;
/// Margin around the truth on each side, share of its extent.
const MARGIN: f64 = 0.1;
/// Half width of the eroding square, pixels.
const ERODE_PX: usize = 2;

/// Rooms, corners and angles on the raster.
#[must_use]
pub fn score_raster(predicted: &[Polygon], truth: &[Polygon]) -> PlanReading {
    let to_pixels = scaling(truth);
    let draw = |rooms: &[Polygon]| -> (Vec<Polygon>, Vec<Mask>) {
        let polygons: Vec<Polygon> = rooms.iter().map(|room| room.iter().map(&to_pixels).collect()).collect();
        let masks = polygons.iter().map(|polygon| Mask::filled(polygon)).collect();
        (polygons, masks)
    };
    let (predicted, masks) = draw(predicted);
    let (truth, true_masks) = draw(truth);
    let mut order: Vec<usize> = (0..truth.len()).collect();
    order.sort_by_key(|&t| (std::cmp::Reverse(true_masks[t].count()), t));
    let overlaps: Vec<Vec<f64>> =
        order.iter().map(|&t| masks.iter().map(|mask| mask.iou(&true_masks[t])).collect()).collect();
    let eroded: Vec<Mask> = masks.iter().map(Mask::eroded).collect();
    let overlapping = |i: usize| (0..eroded.len()).any(|j| j != i && eroded[i].meets(&eroded[j]));
    let pairs: Vec<(&Polygon, &Polygon)> = partners(&overlaps, predicted.len(), overlapping)
        .into_iter()
        .enumerate()
        .filter_map(|(p, partner)| partner.map(|row| (&predicted[p], &truth[order[row]])))
        .collect();
    PlanReading {
        rooms: Rates::of(pairs.len(), predicted.len(), truth.len()),
        corners: vec![corner_score(&pairs, &predicted, &truth, CORNER_DISTANCE_PX, "10 px".to_owned())],
    }
}

/// Metres to whole pixels, by the bounds of the truth.
fn scaling(truth: &[Polygon]) -> impl Fn(&Point2) -> Point2 + use<> {
    let mut low = Point2::new(f64::INFINITY, f64::INFINITY);
    let mut high = -low;
    for corner in truth.iter().flatten() {
        low = low.inf(corner);
        high = high.sup(corner);
    }
    let margin = (high - low) * MARGIN;
    let (low, extent) = (low - margin, high - low + 2.0 * margin);
    move |point| {
        let pixel = |axis: usize| {
            let share = (point[axis] - low[axis]) / extent[axis];
            (share * SIDE as f64).round().clamp(0.0, (SIDE - 1) as f64)
        };
        Point2::new(pixel(0), pixel(1))
    }
}

/// A room's pixels, row by row.
struct Mask {
    inside: Vec<bool>,
}

impl Mask {
    /// Pixels whose centre lies in the polygon (even-odd), and those of its border.
    fn filled(polygon: &[Point2]) -> Self {
        let mut mask = Self { inside: vec![false; SIDE * SIDE] };
        let edges = || polygon.iter().zip(polygon.iter().cycle().skip(1));
        for row in 0..SIDE {
            let y = row as f64;
            let mut crossings: Vec<f64> = edges()
                .filter(|(p, q)| (p.y <= y) != (q.y <= y))
                .map(|(p, q)| p.x + (y - p.y) / (q.y - p.y) * (q.x - p.x))
                .collect();
            crossings.sort_by(f64::total_cmp);
            for span in crossings.chunks_exact(2) {
                for column in (span[0].ceil() as usize)..=(span[1].floor() as usize).min(SIDE - 1) {
                    mask.inside[row * SIDE + column] = true;
                }
            }
        }
        for (p, q) in edges() {
            let steps = (q - p).amax().max(1.0);
            for step in 0..=(steps as usize) {
                let point = p + (q - p) * (step as f64 / steps);
                mask.inside[point.y.round() as usize * SIDE + point.x.round() as usize] = true;
            }
        }
        mask
    }

    fn count(&self) -> usize {
        self.inside.iter().filter(|inside| **inside).count()
    }

    fn iou(&self, other: &Self) -> f64 {
        let pixels = || self.inside.iter().zip(&other.inside);
        let intersection = pixels().filter(|(p, q)| **p && **q).count();
        let union = pixels().filter(|(p, q)| **p || **q).count();
        intersection as f64 / (union as f64 + 1.0)
    }

    fn meets(&self, other: &Self) -> bool {
        self.inside.iter().zip(&other.inside).any(|(p, q)| *p && *q)
    }

    /// Pixels whose whole 5 x 5 neighbourhood is inside; beyond the raster counts as inside.
    fn eroded(&self) -> Self {
        let along = |inside: &[bool], stride: usize, position: &dyn Fn(usize) -> usize| -> Vec<bool> {
            (0..inside.len())
                .map(|index| {
                    let here = position(index);
                    let (from, to) = (here.saturating_sub(ERODE_PX), (here + ERODE_PX).min(SIDE - 1));
                    (from..=to).all(|other| inside[index + other * stride - here * stride])
                })
                .collect()
        };
        let rows = along(&self.inside, 1, &|index| index % SIDE);
        Self { inside: along(&rows, SIDE, &|index| index / SIDE) }
    }
}
