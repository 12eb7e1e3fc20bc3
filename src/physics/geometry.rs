//! Plane geometry that the repair of a scene needs: polygons, segments, turned rectangles.
//!
//! Frame: the plan (x, y) of the scene frame, metres, angles counter-clockwise. Separation of boxes
//! is the separating axis theorem (Gottschalk, Lin, Manocha 1996) restricted to upright boxes: five
//! axes, the four edge normals of the two footprints and z. Convex clipping is Sutherland–Hodgman.

use crate::math::{Vec2, wrap_angle};
use std::f64::consts::FRAC_PI_2;

/// The scalar z component of the cross product.
#[must_use]
pub(crate) fn cross(a: Vec2, b: Vec2) -> f64 {
    a.x * b.y - a.y * b.x
}

/// The vector turned by +90 degrees.
#[must_use]
pub(crate) fn perp(a: Vec2) -> Vec2 {
    Vec2::new(-a.y, a.x)
}

/// Unit vector at an angle.
#[must_use]
pub(crate) fn unit(angle_rad: f64) -> Vec2 {
    Vec2::new(angle_rad.cos(), angle_rad.sin())
}

/// An angle turned onto the nearest direction along or square to a reference, when that is within a
/// gate, radians.
#[must_use]
pub(crate) fn onto_directions(angle: f64, reference: f64, gate: f64) -> f64 {
    let off = (angle - reference).rem_euclid(FRAC_PI_2);
    let off = if off > 0.5 * FRAC_PI_2 { off - FRAC_PI_2 } else { off };
    if off.abs() <= gate { wrap_angle(angle - off) } else { angle }
}

/// Signed area, positive counter-clockwise, square metres.
#[must_use]
pub(crate) fn signed_area(polygon: &[Vec2]) -> f64 {
    let n = polygon.len();
    (0..n).map(|i| cross(polygon[i], polygon[(i + 1) % n])).sum::<f64>() * 0.5
}

/// True when the point is inside (crossing number; the boundary belongs to either side).
#[must_use]
pub(crate) fn contains(polygon: &[Vec2], point: Vec2) -> bool {
    let n = polygon.len();
    let mut inside = false;
    for i in 0..n {
        let (p, q) = (polygon[i], polygon[(i + 1) % n]);
        if (p.y > point.y) != (q.y > point.y) {
            let x = p.x + (point.y - p.y) / (q.y - p.y) * (q.x - p.x);
            if point.x < x {
                inside = !inside;
            }
        }
    }
    inside
}

/// The point of the segment nearest to `point`, as a parameter 0..1 along a → b.
#[must_use]
pub(crate) fn nearest_parameter(a: Vec2, b: Vec2, point: Vec2) -> f64 {
    let ab = b - a;
    let length2 = ab.norm_squared();
    if length2 <= 0.0 { 0.0 } else { ((point - a).dot(&ab) / length2).clamp(0.0, 1.0) }
}

/// Distance of a point to a segment, metres.
#[must_use]
pub(crate) fn segment_distance(a: Vec2, b: Vec2, point: Vec2) -> f64 {
    (a + (b - a) * nearest_parameter(a, b, point) - point).norm()
}

/// Distance of a point to the boundary of a polygon, metres.
#[must_use]
pub(crate) fn boundary_distance(polygon: &[Vec2], point: Vec2) -> f64 {
    let n = polygon.len();
    (0..n).map(|i| segment_distance(polygon[i], polygon[(i + 1) % n], point)).fold(f64::INFINITY, f64::min)
}

/// Parameters (along a → b, along c → d) of the crossing of two lines; `None` when parallel.
#[must_use]
pub(crate) fn line_crossing(a: Vec2, b: Vec2, c: Vec2, d: Vec2) -> Option<(f64, f64)> {
    let (r, s) = (b - a, d - c);
    let denominator = cross(r, s);
    if denominator.abs() <= 1e-12 * (r.norm() * s.norm()).max(f64::MIN_POSITIVE) {
        return None;
    }
    Some((cross(c - a, s) / denominator, cross(c - a, r) / denominator))
}

/// Minimum and maximum corner of points; infinite and inverted without any.
#[must_use]
pub(crate) fn bounds<'a>(points: impl IntoIterator<Item = &'a Vec2>) -> (Vec2, Vec2) {
    let start = (Vec2::repeat(f64::INFINITY), Vec2::repeat(f64::NEG_INFINITY));
    points.into_iter().fold(start, |(low, high), p| (low.inf(p), high.sup(p)))
}

/// True when two bounds share a point.
#[must_use]
pub(crate) fn bounds_meet(p: &(Vec2, Vec2), q: &(Vec2, Vec2)) -> bool {
    (0..2).all(|axis| p.0[axis] <= q.1[axis] && q.0[axis] <= p.1[axis])
}

/// Convex hull (Andrew's monotone chain), counter-clockwise, without collinear points.
#[must_use]
pub(crate) fn convex_hull(points: &[Vec2]) -> Vec<Vec2> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|p, q| p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y)));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let half = |points: &mut dyn Iterator<Item = Vec2>| {
        let mut chain: Vec<Vec2> = Vec::new();
        for point in points {
            while chain.len() >= 2
                && cross(chain[chain.len() - 1] - chain[chain.len() - 2], point - chain[chain.len() - 1])
                    <= 1e-12
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut sorted.iter().copied());
    hull.extend(half(&mut sorted.iter().rev().copied()));
    hull
}

/// A convex polygon cut down to the inside of a convex counter-clockwise one.
#[must_use]
pub(crate) fn clip_convex(subject: &[Vec2], clip: &[Vec2]) -> Vec<Vec2> {
    let mut output = subject.to_vec();
    for i in 0..clip.len() {
        let (a, b) = (clip[i], clip[(i + 1) % clip.len()]);
        let side = |p: Vec2| cross(b - a, p - a);
        let input = std::mem::take(&mut output);
        for k in 0..input.len() {
            let (p, q) = (input[k], input[(k + 1) % input.len()]);
            let (sp, sq) = (side(p), side(q));
            if sp >= 0.0 {
                output.push(p);
            }
            if (sp >= 0.0) != (sq >= 0.0) {
                output.push(p + (q - p) * (sp / (sp - sq)));
            }
        }
    }
    output
}

/// An upright box: a turned rectangle in plan, an interval in height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct UprightBox {
    /// Centre, metres.
    pub center: [f64; 3],
    /// Full sizes along its own axes, metres.
    pub size: [f64; 3],
    /// Counter-clockwise about +Z, radians.
    pub yaw: f64,
}

impl UprightBox {
    /// Centre in plan.
    pub fn plan(&self) -> Vec2 {
        Vec2::new(self.center[0], self.center[1])
    }

    /// Unit vectors of its own x and y axes.
    pub fn axes(&self) -> [Vec2; 2] {
        let x = unit(self.yaw);
        [x, perp(x)]
    }

    /// Height of its bottom, metres.
    pub fn bottom(&self) -> f64 {
        self.center[2] - 0.5 * self.size[2]
    }

    /// Height of its top, metres.
    pub fn top(&self) -> f64 {
        self.center[2] + 0.5 * self.size[2]
    }

    /// Half of its extent along a unit direction in plan.
    pub fn reach(&self, direction: Vec2) -> f64 {
        let [x, y] = self.axes();
        0.5 * (self.size[0] * x.dot(&direction).abs() + self.size[1] * y.dot(&direction).abs())
    }

    /// Corners in plan, counter-clockwise.
    pub fn footprint(&self) -> [Vec2; 4] {
        let [x, y] = self.axes();
        let (x, y, c) = (x * (0.5 * self.size[0]), y * (0.5 * self.size[1]), self.plan());
        [c - x - y, c + x - y, c + x + y, c - x + y]
    }

    /// Half extents of the axis-aligned bounds in plan.
    pub fn bounds_half(&self) -> Vec2 {
        Vec2::new(self.reach(Vec2::x()), self.reach(Vec2::y()))
    }

    /// Volume, cubic metres.
    pub fn volume(&self) -> f64 {
        self.size[0] * self.size[1] * self.size[2]
    }

    /// Signed gap to another box along the best of the five separating axes, metres: positive when
    /// apart, else minus the penetration depth.
    pub fn gap(&self, other: &Self) -> f64 {
        let vertical = (self.center[2] - other.center[2]).abs() - 0.5 * (self.size[2] + other.size[2]);
        self.plan_gap(other).max(vertical)
    }

    /// The same in plan only.
    pub fn plan_gap(&self, other: &Self) -> f64 {
        let offset = other.plan() - self.plan();
        let [a, b] = self.axes();
        let [c, d] = other.axes();
        [a, b, c, d]
            .iter()
            .map(|&axis| offset.dot(&axis).abs() - self.reach(axis) - other.reach(axis))
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// Area shared by the two footprints, square metres.
    pub fn plan_overlap(&self, other: &Self) -> f64 {
        signed_area(&clip_convex(&self.footprint(), &other.footprint())).max(0.0)
    }

    /// Intersection over union of the two volumes.
    pub fn iou(&self, other: &Self) -> f64 {
        let height = (self.top().min(other.top()) - self.bottom().max(other.bottom())).max(0.0);
        let shared = height * self.plan_overlap(other);
        shared / (self.volume() + other.volume() - shared).max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube(x: f64, yaw: f64) -> UprightBox {
        UprightBox { center: [x, 0.0, 0.5], size: [1.0, 1.0, 1.0], yaw }
    }

    #[test]
    fn gap_of_turned_cubes() {
        assert!((cube(0.0, 0.0).gap(&cube(1.25, 0.0)) - 0.25).abs() < 1e-12);
        assert!((cube(0.0, 0.0).gap(&cube(0.9, 0.0)) + 0.1).abs() < 1e-12);
        let diagonal = cube(1.3, std::f64::consts::FRAC_PI_4);
        assert!((cube(0.0, 0.0).gap(&diagonal) - (1.3 - 0.5 - 0.5f64.sqrt())).abs() < 1e-12);
    }

    #[test]
    fn overlap_and_iou_of_shifted_cubes() {
        let (a, b) = (cube(0.0, 0.0), cube(0.5, 0.0));
        assert!((a.plan_overlap(&b) - 0.5).abs() < 1e-12);
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn hull_and_area_of_a_square_with_inner_points() {
        let points: Vec<Vec2> = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (1.0, 1.0), (1.0, 0.0)]
            .iter()
            .map(|&(x, y)| Vec2::new(x, y))
            .collect();
        let hull = convex_hull(&points);
        assert_eq!(hull.len(), 4);
        assert!((signed_area(&hull) - 4.0).abs() < 1e-12);
        assert!(contains(&hull, Vec2::new(1.0, 0.5)) && !contains(&hull, Vec2::new(2.5, 0.5)));
    }
}
