//! Plane geometry of floor plans: points, segments and simple polygons as lists of corners.
//!
//! Counter-clockwise polygons have positive area. Plan coordinates, metres.

/// Moves every edge of a counter-clockwise polygon inwards by `by` metres.
#[must_use]
pub fn inset(polygon: &[[f64; 2]], by: f64) -> Vec<[f64; 2]> {
    let count = polygon.len();
    (0..count)
        .map(|i| {
            let (p, c, q) = (polygon[(i + count - 1) % count], polygon[i], polygon[(i + 1) % count]);
            let (l0, l1) = (distance(p, c), distance(c, q));
            let n0 = [-(c[1] - p[1]) / l0, (c[0] - p[0]) / l0];
            let n1 = [-(q[1] - c[1]) / l1, (q[0] - c[0]) / l1];
            // The corner lies at c + by·(n0 + n1)/(1 + n0·n1).
            let k = by / (1.0 + n0[0] * n1[0] + n0[1] * n1[1]);
            [c[0] + k * (n0[0] + n1[0]), c[1] + k * (n0[1] + n1[1])]
        })
        .collect()
}

/// Area of a polygon, positive when counter-clockwise, square metres.
#[must_use]
pub fn signed_area(polygon: &[[f64; 2]]) -> f64 {
    let count = polygon.len();
    (0..count)
        .map(|i| {
            let (p, q) = (polygon[i], polygon[(i + 1) % count]);
            0.5 * (p[0] * q[1] - p[1] * q[0])
        })
        .sum()
}

/// Distance of two points.
#[must_use]
pub fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

pub(super) fn towards(from: [f64; 2], to: [f64; 2], by: f64) -> [f64; 2] {
    let k = by / distance(from, to);
    [from[0] + k * (to[0] - from[0]), from[1] + k * (to[1] - from[1])]
}

pub(super) fn corner_angle(at: [f64; 2], p: [f64; 2], q: [f64; 2]) -> f64 {
    let (u, v) = ([p[0] - at[0], p[1] - at[1]], [q[0] - at[0], q[1] - at[1]]);
    (u[0] * v[1] - u[1] * v[0]).abs().atan2(u[0] * v[0] + u[1] * v[1])
}

/// Distance of a point from a segment.
#[must_use]
pub fn point_segment_distance(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 {
        (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    distance(p, [a[0] + t * dx, a[1] + t * dy])
}

/// Products of cross products smaller than this are rounding, not a crossing (metres to the fourth).
const CROSS_EPS: f64 = 1e-12;

pub(super) fn segment_distance(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> f64 {
    let side =
        |p: [f64; 2], q: [f64; 2], r: [f64; 2]| (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
    if side(a, b, c) * side(a, b, d) < -CROSS_EPS && side(c, d, a) * side(c, d, b) < -CROSS_EPS {
        return 0.0;
    }
    point_segment_distance(a, c, d)
        .min(point_segment_distance(b, c, d))
        .min(point_segment_distance(c, a, b))
        .min(point_segment_distance(d, a, b))
}

/// True when the point lies inside the polygon (even–odd rule).
#[must_use]
pub fn contains(polygon: &[[f64; 2]], p: [f64; 2]) -> bool {
    let count = polygon.len();
    let mut inside = false;
    for i in 0..count {
        let (a, b) = (polygon[i], polygon[(i + 1) % count]);
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
            inside = !inside;
        }
    }
    inside
}
