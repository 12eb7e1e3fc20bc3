//! Lines, segments and rasters in plan (the scene's x–y plane), metres.

use crate::math::{Point2, Vec2};

/// The line n·p = offset with |n| = 1. `normal` may carry a meaning (towards the room).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanLine {
    /// Unit normal.
    pub normal: Vec2,
    /// Signed distance of the origin's foot, metres.
    pub offset: f64,
}

impl PlanLine {
    /// Line with a normal at `angle_rad`.
    #[must_use]
    pub fn from_angle(angle_rad: f64, offset: f64) -> Self {
        Self { normal: Vec2::new(angle_rad.cos(), angle_rad.sin()), offset }
    }

    /// The line through two points with its direction from the first to the second (along x when
    /// they are one point).
    #[must_use]
    pub fn through(a: Point2, b: Point2) -> Self {
        let direction = (b - a).try_normalize(1e-9).unwrap_or_else(Vec2::x);
        let normal = Vec2::new(direction.y, -direction.x);
        Self { normal, offset: normal.dot(&a.coords) }
    }

    /// Unit direction: the normal turned by +90°.
    #[must_use]
    pub fn direction(&self) -> Vec2 {
        Vec2::new(-self.normal.y, self.normal.x)
    }

    /// Signed distance of a point, positive on the normal's side.
    #[must_use]
    pub fn distance(&self, p: &Point2) -> f64 {
        self.normal.dot(&p.coords) - self.offset
    }

    /// Coordinate along the line.
    #[must_use]
    pub fn along(&self, p: &Point2) -> f64 {
        self.direction().dot(&p.coords)
    }

    /// Point at coordinate `t` along the line.
    #[must_use]
    pub fn at(&self, t: f64) -> Point2 {
        Point2::from(self.direction() * t + self.normal * self.offset)
    }

    /// The same line with the normal turned round.
    #[must_use]
    pub fn flipped(&self) -> Self {
        Self { normal: -self.normal, offset: -self.offset }
    }

    /// Angle of the normal, radians in [0, 2π).
    #[must_use]
    pub fn angle(&self) -> f64 {
        self.normal.y.atan2(self.normal.x).rem_euclid(std::f64::consts::TAU)
    }

    /// Crossing with another line; `None` when they are parallel within ~0.06°.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Point2> {
        /// Sine of the smallest crossing angle that gives a usable point.
        const MIN_SINE: f64 = 1e-3;
        let det = self.normal.x * other.normal.y - self.normal.y * other.normal.x;
        (det.abs() > MIN_SINE).then(|| {
            Point2::new(
                (self.offset * other.normal.y - other.offset * self.normal.y) / det,
                (self.normal.x * other.offset - other.normal.x * self.offset) / det,
            )
        })
    }
}

/// Smallest difference between two angles, radians in [0, period/2].
#[must_use]
pub fn angle_difference(a: f64, b: f64, period: f64) -> f64 {
    let d = (a - b).rem_euclid(period);
    d.min(period - d)
}

/// Length of the overlap of two intervals, metres (0 when apart).
#[must_use]
pub fn overlap(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.1.min(b.1) - a.0.max(b.0)).max(0.0)
}

/// Geometry of a raster in plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raster {
    /// Minimum corner, metres.
    pub origin: [f64; 2],
    /// Pixel edge, metres.
    pub pixel_m: f64,
    /// Pixels along x.
    pub width: usize,
    /// Pixels along y.
    pub height: usize,
}

impl Raster {
    /// Covers `min`..`max` with pixels of `pixel_m`.
    #[must_use]
    pub fn covering(min: [f64; 2], max: [f64; 2], pixel_m: f64) -> Self {
        let cells = |axis: usize| (((max[axis] - min[axis]) / pixel_m).ceil() as usize).max(1);
        Self { origin: min, pixel_m, width: cells(0), height: cells(1) }
    }

    /// Number of pixels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.width * self.height
    }

    /// True without pixels.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Column and row of a point; `None` outside.
    #[must_use]
    pub fn cell(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let cx = ((x - self.origin[0]) / self.pixel_m).floor();
        let cy = ((y - self.origin[1]) / self.pixel_m).floor();
        (cx >= 0.0 && cy >= 0.0 && cx < self.width as f64 && cy < self.height as f64)
            .then_some((cx as usize, cy as usize))
    }

    /// Row-major index of a point; `None` outside.
    #[must_use]
    pub fn index(&self, x: f64, y: f64) -> Option<usize> {
        self.cell(x, y).map(|(cx, cy)| cy * self.width + cx)
    }

    /// Centre of a pixel, metres.
    #[must_use]
    pub fn center(&self, cx: usize, cy: usize) -> Point2 {
        Point2::new(
            self.origin[0] + (cx as f64 + 0.5) * self.pixel_m,
            self.origin[1] + (cy as f64 + 0.5) * self.pixel_m,
        )
    }
}

/// Twice the signed area of a polygon, square metres (positive counter-clockwise).
#[must_use]
pub fn doubled_area(polygon: &[Point2]) -> f64 {
    let n = polygon.len();
    (0..n)
        .map(|i| {
            let (p, q) = (polygon[i], polygon[(i + 1) % n]);
            p.x * q.y - q.x * p.y
        })
        .sum()
}

/// True when the point lies in the polygon (even–odd rule).
#[must_use]
pub fn contains(polygon: &[Point2], p: &Point2) -> bool {
    let n = polygon.len();
    let mut inside = false;
    for i in 0..n {
        let (a, b) = (polygon[i], polygon[(i + 1) % n]);
        if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cross_where_they_should() {
        let a = PlanLine::from_angle(0.0, 2.0);
        let b = PlanLine::from_angle(std::f64::consts::FRAC_PI_2, -1.0);
        let p = a.intersection(&b).unwrap();
        assert!((p - Point2::new(2.0, -1.0)).norm() < 1e-12);
        assert!(a.intersection(&a.flipped()).is_none());
        assert!((a.at(a.along(&p)) - p).norm() < 1e-12);
    }

    #[test]
    fn square_contains_its_centre_only() {
        let square = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]].map(|p| Point2::new(p[0], p[1]));
        assert!(contains(&square, &Point2::new(1.0, 1.0)));
        assert!(!contains(&square, &Point2::new(3.0, 1.0)));
        assert!((doubled_area(&square) - 8.0).abs() < 1e-12);
    }
}
