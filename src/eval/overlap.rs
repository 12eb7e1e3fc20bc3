//! Overlap of the shapes that layouts are made of: convex polygons, upright rectangles, yaw boxes.
//!
//! Takes corners and sizes in metres, gives intersection over union in 0..1. Convex polygons are
//! clipped exactly in f64 by Sutherland and Hodgman (CACM 1974) instead of by a general polygon
//! library: all shapes here are convex, and a library that snaps to an integer grid would cost the
//! 1e-6 agreement with independent implementations that the metrics promise.

use crate::math::{Point2, Point3, Vec3};

/// A box turned about +Z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct YawBox {
    /// Centre, metres.
    pub center: [f64; 3],
    /// Counter-clockwise about +Z, radians.
    pub yaw: f64,
    /// Full sizes along the box's own axes, metres.
    pub size: [f64; 3],
}

impl YawBox {
    /// Corners of the footprint, counter-clockwise for positive sizes.
    #[must_use]
    pub fn footprint(&self) -> [Point2; 4] {
        let (sin, cos) = self.yaw.sin_cos();
        [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(u, v)| {
            let (x, y) = (u * self.size[0], v * self.size[1]);
            Point2::new(self.center[0] + cos * x - sin * y, self.center[1] + sin * x + cos * y)
        })
    }

    /// Volume, cubic metres.
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.size.iter().product()
    }
}

/// Twice the signed area of a polygon is positive when it runs counter-clockwise; this is the signed
/// area itself, square units. Summed relative to the first corner, so that far-off polygons keep
/// their digits.
#[must_use]
pub fn signed_area(polygon: &[Point2]) -> f64 {
    let Some(origin) = polygon.first() else { return 0.0 };
    let cross = |p: &Point2, q: &Point2| (p - origin).perp(&(q - origin));
    0.5 * polygon.windows(2).map(|edge| cross(&edge[0], &edge[1])).sum::<f64>()
}

/// Area of the intersection of two convex polygons in any orientation, square units.
#[must_use]
pub fn convex_intersection_area(first: &[Point2], second: &[Point2]) -> f64 {
    let mut subject = counter_clockwise(first);
    let clip = counter_clockwise(second);
    for (index, from) in clip.iter().enumerate() {
        let to = &clip[(index + 1) % clip.len()];
        subject = keep_left(&subject, from, to);
        if subject.len() < 3 {
            return 0.0;
        }
    }
    signed_area(&subject).max(0.0)
}

fn counter_clockwise(polygon: &[Point2]) -> Vec<Point2> {
    let mut polygon = polygon.to_vec();
    if signed_area(&polygon) < 0.0 {
        polygon.reverse();
    }
    polygon
}

/// The part of a convex polygon that lies left of the line from → to.
fn keep_left(polygon: &[Point2], from: &Point2, to: &Point2) -> Vec<Point2> {
    let side = |p: &Point2| (to - from).perp(&(p - from));
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (index, current) in polygon.iter().enumerate() {
        let next = &polygon[(index + 1) % polygon.len()];
        let (here, there) = (side(current), side(next));
        if here >= 0.0 {
            kept.push(*current);
        }
        if (here > 0.0 && there < 0.0) || (here < 0.0 && there > 0.0) {
            kept.push(current + (next - current) * (here / (here - there)));
        }
    }
    kept
}

/// Intersection over union of two convex polygons; 0 when both are empty.
#[must_use]
pub fn convex_iou(first: &[Point2], second: &[Point2]) -> f64 {
    let intersection = convex_intersection_area(first, second);
    ratio(intersection, signed_area(first).abs() + signed_area(second).abs() - intersection)
}

/// Exact intersection over union of two yaw boxes.
#[must_use]
pub fn box_iou(first: &YawBox, second: &YawBox) -> f64 {
    let (low, high) = (
        (first.center[2] - 0.5 * first.size[2]).max(second.center[2] - 0.5 * second.size[2]),
        (first.center[2] + 0.5 * first.size[2]).min(second.center[2] + 0.5 * second.size[2]),
    );
    let reach = |b: &YawBox| 0.5 * b.size[0].hypot(b.size[1]);
    let apart = (first.center[0] - second.center[0]).hypot(first.center[1] - second.center[1]);
    if high <= low || apart > reach(first) + reach(second) {
        return 0.0;
    }
    let intersection = (high - low) * convex_intersection_area(&first.footprint(), &second.footprint());
    ratio(intersection, first.volume() + second.volume() - intersection)
}

fn ratio(intersection: f64, union: f64) -> f64 {
    if union > 0.0 { (intersection / union).clamp(0.0, 1.0) } else { 0.0 }
}

/// An upright panel (wall or opening): corners a, b, b + height, a + height.
pub type Panel = [Point3; 4];

/// Normal of the panel, not normalised: (b − a) × (third corner − a).
#[must_use]
pub fn panel_normal(panel: &Panel) -> Vec3 {
    (panel[1] - panel[0]).cross(&(panel[2] - panel[0]))
}

/// Intersection over union of two panels, both projected on the second one's plane (basis: its base
/// edge and the perpendicular to it in the plane).
#[must_use]
pub fn panel_iou(first: &Panel, second: &Panel) -> f64 {
    let origin = second[0];
    let along = (second[1] - origin).normalize();
    let up = second[3] - origin;
    let across = (up - along * up.dot(&along)).normalize();
    let project =
        |panel: &Panel| panel.map(|p| Point2::new((p - origin).dot(&along), (p - origin).dot(&across)));
    convex_iou(&project(first), &project(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cube(x: f64, yaw: f64) -> YawBox {
        YawBox { center: [x, 0.0, 0.0], yaw, size: [1.0; 3] }
    }

    #[test]
    fn known_overlaps() {
        assert!((box_iou(&cube(0.0, 0.0), &cube(0.5, 0.0)) - 1.0 / 3.0).abs() < 1e-12);
        // A unit square against itself turned by 45 degrees: the octagon has area 2(√2 − 1).
        let octagon = 2.0 * (2.0_f64.sqrt() - 1.0);
        let turned = box_iou(&cube(0.0, 0.0), &cube(0.0, std::f64::consts::FRAC_PI_4));
        assert!((turned - octagon / (2.0 - octagon)).abs() < 1e-12);
        assert_eq!(box_iou(&cube(0.0, 0.0), &cube(1.0, 0.0)), 0.0);
        assert_eq!(convex_iou(&[], &[]), 0.0);
    }

    #[test]
    fn panels_in_shifted_planes_overlap_as_seen_along_the_normal() {
        let panel = |x: f64, y: f64| {
            let p = |u: f64, z: f64| Point3::new(x + u, y, z);
            [p(0.0, 0.0), p(2.0, 0.0), p(2.0, 3.0), p(0.0, 3.0)]
        };
        assert!((panel_iou(&panel(1.0, 0.1), &panel(0.0, 0.0)) - 1.0 / 3.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_bounded_and_rigid(
            a in prop::array::uniform3(-1.0..1.0_f64), b in prop::array::uniform3(-1.0..1.0_f64),
            s in prop::array::uniform3(0.1..2.0_f64), t in prop::array::uniform3(0.1..2.0_f64),
            yaw in -4.0..4.0_f64, turn in -4.0..4.0_f64, move_x in -100.0..100.0_f64,
        ) {
            let first = YawBox { center: a, yaw, size: s };
            let second = YawBox { center: b, yaw: 0.3 - yaw, size: t };
            let iou = box_iou(&first, &second);
            prop_assert!((0.0..=1.0).contains(&iou));
            prop_assert!((iou - box_iou(&second, &first)).abs() < 1e-9);
            prop_assert!((box_iou(&first, &first) - 1.0).abs() < 1e-9);
            let moved = |b: &YawBox| {
                let (sin, cos) = turn.sin_cos();
                let [x, y, z] = b.center;
                YawBox { center: [cos * x - sin * y + move_x, sin * x + cos * y, z + 1.0], yaw: b.yaw + turn, ..*b }
            };
            prop_assert!((box_iou(&moved(&first), &moved(&second)) - iou).abs() < 1e-9);
        }
    }
}
