//! Bundle adjustment: cameras, points and shared intrinsics that explain all observations best.
//!
//! Takes a [`Bundle`] (poses, points, observations in distorted pixels), changes it in place and
//! gives a [`Summary`]. Levenberg–Marquardt on Σ ρ(‖project(X) − x‖²) with analytic Jacobians
//! ([`residual`]); points are eliminated by the Schur complement ([`schur`]) and the reduced camera
//! system is solved by Cholesky, or by preconditioned conjugate gradients when it is large
//! ([`reduced`]). Triggs et al., *Bundle Adjustment — A Modern Synthesis*, 2000; Agarwal et al.,
//! *Bundle Adjustment in the Large*, 2010.
//!
//! Poses here are `camera_from_world`. The result does not depend on the number of threads: points
//! are cut into a fixed number of chunks whose sums are added in order.

pub mod motion;
mod reduced;
pub mod residual;
mod schur;
mod solve;
#[cfg(test)]
mod tests;

pub use solve::adjust;

use crate::camera::Camera;
use crate::math::{Point2, Point3, Pose};

/// One observation of a point in a view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BundleObservation {
    /// Index into [`Bundle::poses`].
    pub view: u32,
    /// Index into [`Bundle::points`].
    pub point: u32,
    /// Measured pixel (distorted).
    pub pixel: Point2,
}

/// What is adjusted.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// `camera_from_world` of every view.
    pub poses: Vec<Pose>,
    /// Views that stay where they are (same length as `poses`).
    pub fixed: Vec<bool>,
    /// Points in the world frame.
    pub points: Vec<Point3>,
    /// Observations, grouped by point (ascending `point`).
    pub observations: Vec<BundleObservation>,
}

/// Robust loss ρ(s) of a squared residual s, scale in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// Quadratic up to the scale, linear beyond.
    Huber(f64),
    /// scale² · ln(1 + s / scale²).
    Cauchy(f64),
}

impl Loss {
    /// ρ(s) and ρ'(s).
    #[must_use]
    pub fn evaluate(self, squared: f64) -> (f64, f64) {
        match self {
            Self::Huber(scale) => {
                let root = squared.sqrt();
                if root <= scale { (squared, 1.0) } else { (scale * (2.0 * root - scale), scale / root) }
            }
            Self::Cauchy(scale) => {
                let ratio = squared / (scale * scale);
                (scale * scale * ratio.ln_1p(), 1.0 / (1.0 + ratio))
            }
        }
    }
}

/// Which intrinsics are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refine {
    /// None.
    #[default]
    Nothing,
    /// The focal length.
    Focal,
    /// The focal length and the first radial coefficient.
    FocalK1,
    /// The focal length and two radial coefficients.
    FocalK1K2,
}

impl Refine {
    /// Whether (focal, k1, k2) are free.
    #[must_use]
    pub fn free(self) -> [bool; 3] {
        match self {
            Self::Nothing => [false; 3],
            Self::Focal => [true, false, false],
            Self::FocalK1 => [true, true, false],
            Self::FocalK1K2 => [true; 3],
        }
    }
}

/// How to adjust.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Robust loss.
    pub loss: Loss,
    /// Intrinsics that are free.
    pub refine: Refine,
    /// Most Levenberg–Marquardt steps.
    pub max_iterations: usize,
    /// Stop when the cost falls by less than this share in a step.
    pub tolerance: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { loss: Loss::Huber(1.0), refine: Refine::Nothing, max_iterations: 20, tolerance: 1e-4 }
    }
}

/// What came of an adjustment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Steps tried.
    pub iterations: usize,
    /// Σ ρ before, px².
    pub initial_cost: f64,
    /// Σ ρ after, px².
    pub final_cost: f64,
    /// One standard deviation of the focal length from the covariance of the last step, pixels;
    /// 0 when it was not free. Scaled by the residual variance.
    pub focal_sigma_px: f64,
}

/// Adjusted camera and summary are returned together by [`adjust`].
pub type Adjusted = (Camera, Summary);
