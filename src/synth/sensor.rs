//! From radiance to the picture of a phone: distortion, motion blur, exposure, noise.
//!
//! Takes a rendered [`Frame`], gives 8-bit sRGB. Motion blur follows each pixel's own motion during
//! the exposure (depth and the two poses give it); an automatic exposure follows the mean of the
//! picture with a lag, and drifts a little; the tone
//! curve is the filmic fit of Hable with a white point; noise is Gaussian with a signal-dependent
//! part (shot) and a constant part (read), as of small sensors in rooms. The noise is hashed from
//! frame, pixel and seed: the same input gives the same bytes.

use super::raster::View;
use super::render::Frame;
use crate::camera::Camera;
use crate::math::{Point2, Pose};
use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Most and fewest samples along the path of a blurred pixel; one a pixel in between.
const BLUR_TAPS: (usize, usize) = (7, 3);
/// Pixels that move less are not blurred.
const BLUR_FROM_PX: f32 = 0.6;
/// Mean of a well exposed frame, in units of the tone curve's input.
const MID_LEVEL: f32 = 0.30;
/// Share of a brightness difference (in stops) that automatic exposure takes away.
const EXPOSURE_SHARE: f32 = 0.7;
/// Time in which automatic exposure follows, seconds.
const EXPOSURE_LAG_S: f64 = 0.7;
/// Samples brighter than this multiple of the typical light do not count for the exposure (windows).
const METER_CLIP: f32 = 3.0;
/// Radiance that the tone curve maps to white, in units of the exposed mid level.
const WHITE: f32 = 3.6;

/// Steps of the table of sRGB codes: a fifth of a code where the curve is steepest.
const CODES: usize = 1 << 14;

/// Options of the camera simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SensorOptions {
    /// Exposure time as a share of the frame interval; 0 switches motion blur off.
    pub shutter: f64,
    /// Amplitude of slow exposure changes, stops.
    pub exposure_drift_stops: f64,
    /// Strength of sensor noise; 1 is a phone in a lit room.
    pub noise: f64,
    /// Darkening of the corners, share.
    pub vignette: f64,
    /// Radial distortion of the lens (Brown k1, k2).
    pub distortion: [f64; 2],
}

impl Default for SensorOptions {
    fn default() -> Self {
        Self { shutter: 0.25, exposure_drift_stops: 0.12, noise: 1.0, vignette: 0.12, distortion: [0.0, 0.0] }
    }
}

/// A camera with its exposure state.
pub struct Sensor {
    options: SensorOptions,
    /// Camera of the finished image.
    pub camera: Camera,
    /// Wider, undistorted camera to render with.
    pub render_camera: Camera,
    seed: u32,
    typical: f32,
    /// sRGB codes of linear values 0..1.
    codes: Vec<u8>,
    /// Mean level that the exposure follows, and when it was last updated, seconds.
    metered: Option<(f32, f64)>,
}

/// The two ends of the exposure of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Motion<'a> {
    /// Pose of the frame.
    pub here: &'a Pose,
    /// Pose one frame interval later.
    pub next: &'a Pose,
}

impl Sensor {
    /// A sensor; `typical_light` sets the exposure.
    #[must_use]
    pub fn new(camera: &Camera, options: &SensorOptions, typical_light: f32, seed: u64) -> Self {
        let camera = Camera { k1: options.distortion[0], k2: options.distortion[1], ..*camera };
        let mut render_camera = camera.without_distortion();
        if camera.is_distorted() {
            // Large enough to hold the undistorted rays of the border.
            let (w, h) = (f64::from(camera.width) - 1.0, f64::from(camera.height) - 1.0);
            let mut reach = [0.0f64; 2];
            for k in 0..=16 {
                let f = f64::from(k) / 16.0;
                for p in [[f * w, 0.0], [f * w, h], [0.0, f * h], [w, f * h]] {
                    let ray = camera.normalize(Point2::new(p[0], p[1]));
                    reach = [reach[0].max(ray.x.abs()), reach[1].max(ray.y.abs())];
                }
            }
            let half = [(reach[0] * camera.fx).ceil() + 2.0, (reach[1] * camera.fy).ceil() + 2.0];
            render_camera.width = (2.0 * half[0]) as u32 + 1;
            render_camera.height = (2.0 * half[1]) as u32 + 1;
            render_camera.cx = half[0];
            render_camera.cy = half[1];
        }
        Self {
            options: options.clone(),
            camera,
            render_camera,
            seed: seed as u32,
            typical: typical_light,
            codes: (0..=CODES).map(|i| (srgb(i as f32 / CODES as f32) * 255.0 + 0.5) as u8).collect(),
            metered: None,
        }
    }

    /// Gain for a frame at a time; remembers it for the next one.
    fn meter(&mut self, frame: &Frame, time_s: f64) -> f32 {
        let clip = METER_CLIP * self.typical;
        let sum: f32 = frame.radiance.iter().map(|c| c[1].min(clip)).sum();
        let mean = (sum / frame.radiance.len().max(1) as f32).max(0.05 * self.typical);
        let level = match self.metered {
            Some((old, then)) => {
                let k = 1.0 - (-(time_s - then).max(0.0) / EXPOSURE_LAG_S).exp() as f32;
                old * (mean / old).powf(k)
            }
            None => mean,
        };
        self.metered = Some((level, time_s));
        let usual = 0.6 * self.typical;
        MID_LEVEL / (usual * (level / usual).powf(EXPOSURE_SHARE))
    }

    /// The frame as the camera stores it, and its depth in the same pixels.
    #[must_use]
    pub fn expose(
        &mut self,
        frame: &Frame,
        motion: Motion<'_>,
        index: usize,
        time_s: f64,
    ) -> (RgbImage, Vec<f32>) {
        let drift = (0.37 * time_s).sin() * 0.6 + (0.91 * time_s + 1.3).sin() * 0.4;
        let gain = self.meter(frame, time_s) * (self.options.exposure_drift_stops * drift).exp2() as f32;
        let this = &*self;
        let blurred = this.blur(frame, motion);
        let radiance = blurred.as_deref().unwrap_or(&frame.radiance);
        let (w, h) = (this.camera.width as usize, this.camera.height as usize);
        let mut pixels = vec![0u8; w * h * 3];
        let mut depth = vec![0.0f32; w * h];
        let distorted = this.camera.is_distorted();
        pixels.par_chunks_mut(w * 3).zip(depth.par_chunks_mut(w)).enumerate().for_each(
            |(y, (row, depths))| {
                for x in 0..w {
                    let (color, d) = if distorted {
                        this.undistorted_at(frame, radiance, x, y)
                    } else {
                        (radiance[y * w + x], frame.depth[y * w + x])
                    };
                    depths[x] = d;
                    let shade = this.vignette(x, y, w, h);
                    for c in 0..3 {
                        row[3 * x + c] = this.develop(
                            color[c] * gain * shade,
                            hash(index as u32, (y * w + x) as u32, this.seed + c as u32),
                        );
                    }
                }
            },
        );
        let image = RgbImage::from_raw(w as u32, h as u32, pixels)
            .expect("because the buffer has width x height x 3 bytes");
        (image, depth)
    }

    fn vignette(&self, x: usize, y: usize, w: usize, h: usize) -> f32 {
        let (dx, dy) = (x as f32 / w as f32 - 0.5, y as f32 / h as f32 - 0.5);
        1.0 - self.options.vignette as f32 * 2.0 * (dx * dx + dy * dy)
    }

    fn undistorted_at(&self, frame: &Frame, radiance: &[[f32; 3]], x: usize, y: usize) -> ([f32; 3], f32) {
        let ray = self.camera.normalize(Point2::new(x as f64, y as f64));
        let u =
            (ray.x * self.render_camera.fx + self.render_camera.cx).clamp(0.0, frame.width as f64 - 1.001);
        let v =
            (ray.y * self.render_camera.fy + self.render_camera.cy).clamp(0.0, frame.height as f64 - 1.001);
        let color = bilinear(radiance, frame.width, u as f32, v as f32);
        let nearest = (v.round() as usize) * frame.width + u.round() as usize;
        (color, frame.depth[nearest])
    }

    /// Radiance averaged along each pixel's motion during the exposure; `None` when nothing moves.
    fn blur(&self, frame: &Frame, motion: Motion<'_>) -> Option<Vec<[f32; 3]>> {
        if self.options.shutter <= 0.0 {
            return None;
        }
        let here = View::new(&self.render_camera, motion.here);
        let next = View::new(&self.render_camera, motion.next);
        let shutter = self.options.shutter as f32;
        let (w, h) = (frame.width, frame.height);
        let mut out = frame.radiance.clone();
        out.par_chunks_mut(w).enumerate().for_each(|(y, row)| {
            for (x, pixel) in row.iter_mut().enumerate() {
                let d = frame.depth[y * w + x];
                let d = if d > 0.0 { d } else { 50.0 };
                let ray = here.ray(x as f32, y as f32);
                let point = std::array::from_fn(|c| here.eye[c] + d * ray[c]);
                let q = next.to_camera(point);
                if q[2] < 0.05 {
                    continue;
                }
                let u = next.focal[0] * q[0] / q[2] + next.center[0];
                let v = next.focal[1] * q[1] / q[2] + next.center[1];
                let (dx, dy) = ((u - x as f32) * shutter, (v - y as f32) * shutter);
                if dx * dx + dy * dy < BLUR_FROM_PX * BLUR_FROM_PX {
                    continue;
                }
                let taps = (dx.hypot(dy) as usize + 1).clamp(BLUR_TAPS.1, BLUR_TAPS.0);
                let mut sum = [0.0f32; 3];
                for k in 0..taps {
                    let f = (k as f32 + 0.5) / taps as f32 - 0.5;
                    let px = (x as f32 + f * dx).clamp(0.0, w as f32 - 1.001);
                    let py = (y as f32 + f * dy).clamp(0.0, h as f32 - 1.001);
                    let c = bilinear(&frame.radiance, w, px, py);
                    for k in 0..3 {
                        sum[k] += c[k];
                    }
                }
                *pixel = sum.map(|s| s / taps as f32);
            }
        });
        Some(out)
    }

    fn develop(&self, exposed: f32, noise: u32) -> u8 {
        let signal = exposed.max(0.0);
        // Two uniform halves make a triangular deviate; scaled to unit variance by sqrt(6).
        let deviate = ((noise & 0xFFFF) as f32 + (noise >> 16) as f32) / 65_536.0 - 1.0;
        let sigma = self.options.noise as f32 * (0.000_020 + 0.000_35 * signal).sqrt();
        let toned = filmic(signal + sigma * deviate * 2.449);
        self.codes[(toned * CODES as f32 + 0.5) as usize]
    }
}

fn bilinear(values: &[[f32; 3]], width: usize, x: f32, y: f32) -> [f32; 3] {
    let (i, j) = (x as usize, y as usize);
    let (a, b) = (x - i as f32, y - j as f32);
    let at = j * width + i;
    let (p, q, r, s) = (values[at], values[at + 1], values[at + width], values[at + width + 1]);
    std::array::from_fn(|c| {
        let (top, low) = (p[c] + a * (q[c] - p[c]), r[c] + a * (s[c] - r[c]));
        top + b * (low - top)
    })
}

/// Hable's filmic curve, scaled so that [`WHITE`] becomes 1.
fn filmic(x: f32) -> f32 {
    let curve = |x: f32| ((x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.5) + 0.06)) - 0.066_666;
    (curve(2.0 * x.max(0.0)) / curve(2.0 * WHITE)).clamp(0.0, 1.0)
}

fn srgb(linear: f32) -> f32 {
    if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

fn hash(a: u32, b: u32, c: u32) -> u32 {
    let mut h = a.wrapping_mul(0x9E37_79B1) ^ b.wrapping_mul(0x85EB_CA77) ^ c.wrapping_mul(0xC2B2_AE3D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}
