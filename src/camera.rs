//! Pinhole camera with Brown–Conrady distortion (OpenCV's model, the `OPENCV` camera of COLMAP).
//!
//! Pixel centres have integer coordinates plus nothing: the centre of the top-left pixel is (0, 0),
//! as in OpenCV. Depth is along the optical axis (z), not along the ray.

use crate::math::{Point2, Point3, Vec2};
use serde::{Deserialize, Serialize};

/// Iterations of the fixed-point inversion of the distortion; converges to < 1e-6 px for the
/// distortions of phone lenses (|k1| < 0.3) at image corners.
const UNDISTORT_ITERATIONS: usize = 20;

/// Intrinsics of an image of `width` x `height` pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Image width, pixels.
    pub width: u32,
    /// Image height, pixels.
    pub height: u32,
    /// Focal length along x, pixels.
    pub fx: f64,
    /// Focal length along y, pixels.
    pub fy: f64,
    /// Principal point x, pixels.
    pub cx: f64,
    /// Principal point y, pixels.
    pub cy: f64,
    /// First radial coefficient.
    #[serde(default)]
    pub k1: f64,
    /// Second radial coefficient.
    #[serde(default)]
    pub k2: f64,
    /// First tangential coefficient.
    #[serde(default)]
    pub p1: f64,
    /// Second tangential coefficient.
    #[serde(default)]
    pub p2: f64,
}

impl Camera {
    /// A camera without distortion, square pixels and a centred principal point.
    #[must_use]
    pub fn centred(width: u32, height: u32, focal_px: f64) -> Self {
        Self {
            width,
            height,
            fx: focal_px,
            fy: focal_px,
            cx: 0.5 * (f64::from(width) - 1.0),
            cy: 0.5 * (f64::from(height) - 1.0),
            k1: 0.0,
            k2: 0.0,
            p1: 0.0,
            p2: 0.0,
        }
    }

    /// True when any distortion coefficient is not zero.
    #[must_use]
    pub fn is_distorted(&self) -> bool {
        [self.k1, self.k2, self.p1, self.p2].iter().any(|&k| k != 0.0)
    }

    /// The same camera without its distortion.
    #[must_use]
    pub fn without_distortion(&self) -> Self {
        Self { k1: 0.0, k2: 0.0, p1: 0.0, p2: 0.0, ..*self }
    }

    /// The same camera for the image resized to `width` x `height`.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let sx = f64::from(width) / f64::from(self.width);
        let sy = f64::from(height) / f64::from(self.height);
        Self {
            width,
            height,
            fx: self.fx * sx,
            fy: self.fy * sy,
            cx: (self.cx + 0.5) * sx - 0.5,
            cy: (self.cy + 0.5) * sy - 0.5,
            ..*self
        }
    }

    /// Applies the distortion to a normalised image point (x/z, y/z).
    #[must_use]
    pub fn distort(&self, xy: Vec2) -> Vec2 {
        let r2 = xy.norm_squared();
        let radial = 1.0 + r2 * (self.k1 + r2 * self.k2);
        let cross = 2.0 * xy.x * xy.y;
        Vec2::new(
            xy.x * radial + self.p1 * cross + self.p2 * (r2 + 2.0 * xy.x * xy.x),
            xy.y * radial + self.p1 * (r2 + 2.0 * xy.y * xy.y) + self.p2 * cross,
        )
    }

    /// Normalised, undistorted coordinates (x/z, y/z) of a pixel.
    #[must_use]
    pub fn normalize(&self, pixel: Point2) -> Vec2 {
        let distorted = Vec2::new((pixel.x - self.cx) / self.fx, (pixel.y - self.cy) / self.fy);
        if !self.is_distorted() {
            return distorted;
        }
        let mut xy = distorted;
        for _ in 0..UNDISTORT_ITERATIONS {
            xy += distorted - self.distort(xy);
        }
        xy
    }

    /// Pixel of a point in the camera frame; `None` when it is not in front of the camera.
    #[must_use]
    pub fn project(&self, point: &Point3) -> Option<Point2> {
        if point.z <= 1e-9 {
            return None;
        }
        let xy = self.distort(Vec2::new(point.x / point.z, point.y / point.z));
        Some(Point2::new(self.fx * xy.x + self.cx, self.fy * xy.y + self.cy))
    }

    /// Point in the camera frame of a pixel at depth `z`.
    #[must_use]
    pub fn unproject(&self, pixel: Point2, z: f64) -> Point3 {
        let xy = self.normalize(pixel);
        Point3::new(xy.x * z, xy.y * z, z)
    }

    /// True when the pixel lies in the image.
    #[must_use]
    pub fn contains(&self, pixel: &Point2) -> bool {
        pixel.x >= -0.5
            && pixel.y >= -0.5
            && pixel.x < f64::from(self.width) - 0.5
            && pixel.y < f64::from(self.height) - 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unproject_inverts_project_with_distortion() {
        let camera = Camera { k1: -0.12, k2: 0.03, p1: 1e-3, p2: -5e-4, ..Camera::centred(640, 480, 520.0) };
        for pixel in [Point2::new(3.0, 5.0), Point2::new(320.0, 240.0), Point2::new(630.0, 470.0)] {
            let back = camera.project(&camera.unproject(pixel, 2.5)).expect("in front");
            assert!((back - pixel).norm() < 1e-6, "{back} against {pixel}");
        }
    }

    #[test]
    fn resizing_keeps_the_viewing_ray() {
        let camera = Camera::centred(640, 480, 500.0);
        let half = camera.resized(320, 240);
        let full_ray = camera.normalize(Point2::new(-0.5, -0.5));
        let half_ray = half.normalize(Point2::new(-0.5, -0.5));
        assert!((full_ray - half_ray).norm() < 1e-12);
    }
}
