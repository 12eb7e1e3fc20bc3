//! Synthetic worlds with noise knobs: what the front end would have tracked, without pictures.
//!
//! Tests only. Points in the world, a path of poses, and knobs for pixel noise, outliers, track
//! length and gaps; gives a [`FrameSet`] without pixels, [`Tracked`] and descriptor matches.

use super::frontend::{Descriptors, Tracked, TrackedCorner, TrackedFrame, TrackedKeyframe};
use super::matching::PairMatches;
use crate::camera::Camera;
use crate::math::{Point3, Pose, Rotation, Vec3};
use crate::video::{FrameInfo, FrameSet, FrameSource};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What goes wrong, and how much.
#[derive(Debug, Clone, Copy)]
pub struct Knobs {
    /// Standard deviation of corners, pixels.
    pub noise_px: f64,
    /// Share of corner sights that are anywhere.
    pub outliers: f64,
    /// Frames that a track lives.
    pub track_frames: usize,
    /// Every how many frames a keyframe is made.
    pub keyframe_every: usize,
    /// Frames in which nothing is seen.
    pub gap: Option<(usize, usize)>,
    /// Descriptor matches between keyframes at least this far apart.
    pub matches_apart: Option<usize>,
    /// Seed.
    pub seed: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            noise_px: 0.0,
            outliers: 0.0,
            track_frames: 40,
            keyframe_every: 2,
            gap: None,
            matches_apart: None,
            seed: 1,
        }
    }
}

/// A world and a walk through it.
pub struct World {
    /// The camera.
    pub camera: Camera,
    /// Points.
    pub points: Vec<Point3>,
    /// `world_from_camera` per frame.
    pub path: Vec<Pose>,
}

/// Uniform in [-half, half].
pub fn uniform(rng: &mut ChaCha8Rng, half: f64) -> f64 {
    (rng.random::<f64>() * 2.0 - 1.0) * half
}

/// Roughly normal (sum of twelve uniforms).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// Points on the walls, floor and furniture of a 5 x 4 x 2.6 m room around the origin (y down).
pub fn room(count: usize, seed: u64) -> Vec<Point3> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|k| {
            let (x, y, z) = (uniform(&mut rng, 2.5), uniform(&mut rng, 1.3), uniform(&mut rng, 2.0));
            match k % 6 {
                0 => Point3::new(2.5, y, z),
                1 => Point3::new(-2.5, y, z),
                2 => Point3::new(x, y, 2.0),
                3 => Point3::new(x, y, -2.0),
                4 => Point3::new(x, 1.3, z),
                _ => Point3::new(0.6 * x, 0.5 + 0.5 * y, 1.4 + 0.2 * z),
            }
        })
        .collect()
}

/// A walk on an arc that looks about, `frames` long.
pub fn walk(frames: usize) -> Vec<Pose> {
    (0..frames)
        .map(|k| {
            let t = k as f64 / 100.0;
            let centre =
                Vec3::new(1.2 * (1.3 * t).sin() - 0.3, 0.1 * (5.0 * t).sin(), -0.9 + 0.5 * (2.1 * t).sin());
            let turn = Rotation::from_euler_angles(
                0.08 * (3.0 * t).sin(),
                0.9 * (1.1 * t).sin(),
                0.05 * (4.0 * t).cos(),
            );
            Pose::from_parts(centre.into(), turn)
        })
        .collect()
}

impl World {
    /// A frame set of this size and length, without pixels.
    pub fn frames(&self, camera: Option<Camera>) -> FrameSet {
        FrameSet {
            source: FrameSource::Images { paths: Vec::new() },
            width: self.camera.width,
            height: self.camera.height,
            frames: (0..self.path.len())
                .map(|k| FrameInfo {
                    source_idx: k,
                    time_s: 0.1 * k as f64,
                    sharpness: 100.0,
                    brightness: 120.0,
                })
                .collect(),
            camera,
            given: None,
            depth_unit_m: 0.001,
        }
    }

    /// What a front end with these knobs would see.
    pub fn tracked(&self, knobs: &Knobs) -> (Tracked, Vec<PairMatches>) {
        let mut rng = ChaCha8Rng::seed_from_u64(knobs.seed);
        let mut out = Tracked { keyframe_flow_px: vec![20.0], ..Tracked::default() };
        let mut live: Vec<Option<(u32, usize)>> = vec![None; self.points.len()];
        let mut point_of_corner: Vec<Vec<u32>> = Vec::new();
        for (k, pose) in self.path.iter().enumerate() {
            let blind = knobs.gap.is_some_and(|(from, to)| (from..to).contains(&k));
            let is_keyframe = k % knobs.keyframe_every == 0 || k + 1 == self.path.len();
            let mut seen: Vec<(TrackedCorner, u32)> = Vec::new();
            for (p, point) in self.points.iter().enumerate() {
                let pixel = self.camera.project(&pose.inverse_transform_point(point));
                let Some(pixel) = pixel.filter(|pixel| !blind && self.camera.contains(pixel)) else {
                    live[p] = None;
                    continue;
                };
                let fresh = live[p].is_none_or(|(_, born)| k - born > knobs.track_frames);
                if fresh && !is_keyframe {
                    live[p] = None;
                    continue;
                }
                if fresh {
                    live[p] = Some((out.tracks, k));
                    out.tracks += 1;
                }
                let track = live[p].map_or(0, |l| l.0);
                let wild = rng.random::<f64>() < knobs.outliers;
                let (dx, dy) = if wild {
                    (uniform(&mut rng, 80.0), uniform(&mut rng, 80.0))
                } else {
                    (knobs.noise_px * normal(&mut rng), knobs.noise_px * normal(&mut rng))
                };
                let pixel = [(pixel.x + dx) as f32, (pixel.y + dy) as f32];
                seen.push((TrackedCorner { track, pixel }, p as u32));
            }
            seen.sort_by_key(|s| s.0.track);
            let corners: Vec<TrackedCorner> = seen.iter().map(|s| s.0).collect();
            let mut frame = TrackedFrame { corners: corners.clone(), keyframe: None };
            if is_keyframe && !blind {
                frame.keyframe = Some(out.keyframes.len());
                point_of_corner.push(seen.iter().map(|s| s.1).collect());
                out.keyframes.push(keyframe(k, corners, knobs.matches_apart.is_some()));
            }
            out.frames.push(frame);
        }
        let matches = knobs.matches_apart.map_or_else(Vec::new, |apart| matches(&point_of_corner, apart));
        (out, matches)
    }
}

fn keyframe(frame_idx: usize, corners: Vec<TrackedCorner>, described: bool) -> TrackedKeyframe {
    let pixels: Vec<[f32; 2]> =
        if described { corners.iter().map(|c| c.pixel).collect() } else { Vec::new() };
    TrackedKeyframe {
        frame_idx,
        corner_rgb: vec![[128; 3]; corners.len()],
        corners,
        descriptor_rgb: vec![[128; 3]; pixels.len()],
        descriptors: Descriptors { pixels, data: Vec::new() },
    }
}

/// Matches of the same points between keyframes that are far apart.
fn matches(points: &[Vec<u32>], apart: usize) -> Vec<PairMatches> {
    let mut found = Vec::new();
    for b in 0..points.len() {
        for a in (0..(b + 1).saturating_sub(apart)).step_by(3) {
            let mut order: Vec<(u32, u32)> =
                points[a].iter().enumerate().map(|(k, &p)| (p, k as u32)).collect();
            order.sort_unstable();
            let matches: Vec<(u32, u32)> = points[b]
                .iter()
                .enumerate()
                .filter_map(|(k, p)| {
                    let slot = order.binary_search_by_key(p, |o| o.0).ok()?;
                    Some((order[slot].1, k as u32))
                })
                .collect();
            if matches.len() >= 20 {
                found.push(PairMatches { a, b, matches });
            }
        }
    }
    found
}
