//! Simple polygons in plan: area, overlap, corners.

use crate::eval::overlap::signed_area;
use crate::math::Point2;
use geo::{Area, BooleanOps, Coord, LineString};

/// Corners of a simple polygon, no repeated end; metres, or pixels in the raster reading.
pub type Polygon = Vec<Point2>;

/// A turn smaller than this is no corner, degrees: a wall split by a partition leaves vertices on
/// straight lines, and detectors leave turns of a degree or two.
const MIN_TURN_DEG: f64 = 5.0;
/// Vertices closer than this are one, metres.
const MIN_EDGE_M: f64 = 1e-6;

/// Area of the polygon, whatever its orientation.
#[must_use]
pub fn area(polygon: &[Point2]) -> f64 {
    signed_area(polygon).abs()
}

/// Areas of intersection and union.
#[must_use]
pub fn overlap_areas(first: &[Point2], second: &[Point2]) -> (f64, f64) {
    if first.len() < 3 || second.len() < 3 {
        return (0.0, area(first) + area(second));
    }
    let intersection = geo_polygon(first).intersection(&geo_polygon(second)).unsigned_area();
    (intersection, area(first) + area(second) - intersection)
}

fn geo_polygon(polygon: &[Point2]) -> geo::Polygon<f64> {
    let ring: Vec<Coord<f64>> = polygon.iter().map(|p| Coord { x: p.x, y: p.y }).collect();
    geo::Polygon::new(LineString::from(ring), Vec::new())
}

/// The polygon counter-clockwise, without vertices that are no corners.
#[must_use]
pub fn simplified(polygon: &[Point2]) -> Polygon {
    let mut kept: Polygon = polygon.to_vec();
    if signed_area(&kept) < 0.0 {
        kept.reverse();
    }
    // One vertex at a time, the flattest first: a gentle curve keeps the corners that carry its turn.
    while kept.len() > 3 {
        let turn = |index: usize| {
            let (before, after) = edges_at(&kept, index);
            if before.norm() < MIN_EDGE_M { 0.0 } else { before.angle(&after).to_degrees() }
        };
        let flattest = (0..kept.len()).min_by(|&i, &j| turn(i).total_cmp(&turn(j)));
        match flattest {
            Some(index) if turn(index) < MIN_TURN_DEG => kept.remove(index),
            _ => break,
        };
    }
    kept
}

/// The edges that enter and leave a corner.
fn edges_at(polygon: &[Point2], index: usize) -> (crate::math::Vec2, crate::math::Vec2) {
    let n = polygon.len();
    let (before, here, after) = (polygon[(index + n - 1) % n], polygon[index], polygon[(index + 1) % n]);
    (here - before, after - here)
}

/// Interior angle at a corner of a polygon that runs `orientation` (+1 counter-clockwise, −1
/// clockwise), degrees in 0..360.
#[must_use]
pub fn interior_angle_deg(polygon: &[Point2], index: usize, orientation: f64) -> f64 {
    let (before, after) = edges_at(polygon, index);
    let turn = before.perp(&after).atan2(before.dot(&after)).to_degrees();
    180.0 - orientation * turn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(size: f64) -> Polygon {
        [[0.0, 0.0], [size, 0.0], [size, size], [0.0, size]].map(Point2::from).to_vec()
    }

    #[test]
    fn overlap_of_an_l_and_a_square() {
        let l: Polygon = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]]
            .map(Point2::from)
            .to_vec();
        let (intersection, union) = overlap_areas(&l, &square(2.0));
        assert!((intersection - 3.0).abs() < 1e-6 && (union - 4.0).abs() < 1e-6);
        assert!((interior_angle_deg(&l, 3, 1.0) - 270.0).abs() < 1e-9);
        assert!((interior_angle_deg(&l, 0, 1.0) - 90.0).abs() < 1e-9);
    }

    #[test]
    fn vertices_on_straight_lines_are_no_corners() {
        let mut split = square(2.0);
        split.insert(1, Point2::new(1.0, 0.001));
        split.reverse();
        let kept = simplified(&split);
        assert_eq!(kept.len(), 4);
        assert!(signed_area(&kept) > 0.0);
        assert_eq!(simplified(&[]).len(), 0);
    }
}
