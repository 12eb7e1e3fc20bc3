//! What video geometry gets wrong, as knobs: noise, holes, fliers, drift, scale, tilt.
//!
//! Models and typical sizes: depth noise grows with the square of range (triangulation); smooth
//! per-view undulation (matching bias); mixed pixels at depth edges; no matches on blank, glossy or
//! steeply seen surfaces; glass and mirrors without or with wrong depth; camera drift as a random
//! walk (so that a surface seen again comes twice); one global scale and tilt error. All draws are
//! hashed or seeded: the same seed gives the same scan.

use super::material::{Kind, Pattern};
use crate::math::{Pose, Rotation, Vec3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Strengths of the errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanErrors {
    /// Depth noise at 1 m, metres; grows with the square of the range.
    pub noise_m: f64,
    /// Amplitude of smooth undulation, share of the depth.
    pub bias: f64,
    /// Share of samples at depth edges that hang between the surfaces.
    pub fliers: f64,
    /// Share of blank surface without depth.
    pub holes: f64,
    /// Drift of the camera, share of the way.
    pub drift: f64,
    /// Drift of the camera's yaw, degrees per metre of way (random walk).
    pub yaw_drift_deg: f64,
    /// One sigma of the logarithm of the scale.
    pub scale_log_sigma: f64,
    /// One sigma of the tilt of the whole cloud, degrees.
    pub tilt_deg: f64,
    /// One sigma of the colour error, 8-bit levels.
    pub color: f64,
    /// One sigma of the direction of normals, radians.
    pub normal_rad: f64,
}

impl Default for ScanErrors {
    fn default() -> Self {
        Self {
            noise_m: 0.0055,
            bias: 0.006,
            fliers: 0.35,
            holes: 0.45,
            drift: 0.004,
            yaw_drift_deg: 0.08,
            scale_log_sigma: 0.015,
            tilt_deg: 0.3,
            color: 5.0,
            normal_rad: 0.12,
        }
    }
}

impl ScanErrors {
    /// No errors at all: exact depth of everything that is seen.
    #[must_use]
    pub fn none() -> Self {
        Self {
            noise_m: 0.0,
            bias: 0.0,
            fliers: 0.0,
            holes: 0.0,
            drift: 0.0,
            yaw_drift_deg: 0.0,
            scale_log_sigma: 0.0,
            tilt_deg: 0.0,
            color: 0.0,
            normal_rad: 0.0,
        }
    }

    /// All strengths times `k` (training draws `k` at random).
    #[must_use]
    pub fn scaled(&self, k: f64) -> Self {
        Self {
            noise_m: k * self.noise_m,
            bias: k * self.bias,
            fliers: (k * self.fliers).min(0.9),
            holes: (k * self.holes).min(0.9),
            drift: k * self.drift,
            yaw_drift_deg: k * self.yaw_drift_deg,
            scale_log_sigma: k * self.scale_log_sigma,
            tilt_deg: k * self.tilt_deg,
            color: k * self.color,
            normal_rad: k * self.normal_rad,
        }
    }
}

/// A standard normal deviate (sum of four uniform ones of 16 bits each from one draw, variance 1;
/// light tails are enough here).
pub fn gauss(rng: &mut ChaCha8Rng) -> f64 {
    let bits: u64 = rng.random();
    let sum: f64 = (0..4).map(|k| f64::from((bits >> (16 * k)) as u16)).sum();
    (sum / 32_767.5 - 4.0) * 0.866_025
}

/// Where the reconstruction believes the cameras to be.
#[must_use]
pub fn drifted(poses: &[Pose], errors: &ScanErrors, seed: u64) -> Vec<Pose> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0xD81F);
    let mut shift = Vec3::zeros();
    let mut yaw = 0.0;
    let mut last: Option<Vec3> = None;
    poses
        .iter()
        .map(|pose| {
            let here = pose.translation.vector;
            let way = last.map_or(0.0, |p| (here - p).norm());
            last = Some(here);
            // A random walk whose step grows with the root of the way, and a little steady drift.
            let k = errors.drift * way.sqrt();
            shift += Vec3::new(gauss(&mut rng), gauss(&mut rng), 0.3 * gauss(&mut rng)) * k;
            yaw += errors.yaw_drift_deg.to_radians() * way.sqrt() * gauss(&mut rng);
            let turn = Rotation::from_axis_angle(&Vec3::z_axis(), yaw);
            Pose::from_parts((here + shift).into(), turn * pose.rotation)
        })
        .collect()
}

/// Scale and tilt of the whole cloud.
#[must_use]
pub fn global_error(errors: &ScanErrors, seed: u64) -> (f64, Rotation) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x61_0BA1);
    let scale = (errors.scale_log_sigma * gauss(&mut rng)).exp();
    let tilt = errors.tilt_deg.to_radians();
    let axis = Vec3::new(gauss(&mut rng) * tilt, gauss(&mut rng) * tilt, 0.0);
    (scale, Rotation::from_scaled_axis(axis))
}

/// How well a surface can be matched between views, 0 (blank) to 1.
#[must_use]
pub fn matchable(pattern: Pattern) -> f64 {
    match pattern {
        Pattern::Plain => 0.25,
        Pattern::Plaster(_) | Pattern::Metal => 0.4,
        Pattern::Wood(_) | Pattern::Marble(_) | Pattern::Fabric(_) => 0.75,
        Pattern::Tiles(_) | Pattern::Carpet(_) | Pattern::Wallpaper(_) | Pattern::Carton(_) => 0.85,
        _ => 1.0,
    }
}

/// Chance that a sample on a surface of this kind has any depth.
#[must_use]
pub fn kind_keeps(kind: Kind) -> f64 {
    match kind {
        Kind::Opaque => 1.0,
        Kind::Lamp(_) => 0.5,
        Kind::Glass => 0.15,
        Kind::Mirror => 0.5,
        Kind::Sky => 0.0,
    }
}

/// Smooth value noise in −1..1 on an integer lattice, for coherent holes and undulation.
#[must_use]
pub fn smooth_noise(x: f32, y: f32, seed: u32) -> f32 {
    let value = |i: i32, j: i32| {
        let mut h = (i as u32).wrapping_mul(0x85EB_CA6B)
            ^ (j as u32).wrapping_mul(0xC2B2_AE35)
            ^ seed.wrapping_mul(0x27D4_EB2F);
        h ^= h >> 15;
        h = h.wrapping_mul(0x2C1B_3C6D);
        h ^= h >> 13;
        (h >> 8) as f32 / 8_388_608.0 - 1.0
    };
    let (fx, fy) = (x.floor(), y.floor());
    let (i, j) = (fx as i32, fy as i32);
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (a, b) = (smooth(x - fx), smooth(y - fy));
    let top = value(i, j) + a * (value(i + 1, j) - value(i, j));
    let low = value(i, j + 1) + a * (value(i + 1, j + 1) - value(i, j + 1));
    top + b * (low - top)
}
