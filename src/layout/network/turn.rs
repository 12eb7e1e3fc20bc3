//! The scene on the network's own axes: walls along x and y, the long side along x.
//!
//! A detector should give the same layout for a cloud however it is turned. The cloud is turned to
//! the dominant direction of its walls, then by quarter turns until it is wider than deep and its
//! points lean to greater x, before anything is cut into cells. What is found is turned back. Frame: scene to turned scene,
//! about Z.

use super::super::draft::Draft;
use super::super::{Error, samples};
use crate::cloud::{Cloud, CloudPoint, FreeSpace, SceneFrame, VoxelState};
use crate::math::{Point3, wrap_angle};
use crate::semantics::Semantics;
use rayon::prelude::*;
use std::f64::consts::FRAC_PI_2;

/// Surfaces whose normals rise less than this stand (27 degrees).
const STANDING_NZ: f32 = 0.45;
/// Bins over a quarter turn (half a degree).
const BINS: usize = 180;
/// Normals within this of the strongest bin give the direction, radians (6 degrees).
const WINDOW: f64 = 0.105;
/// Rounds of their mean: enough that it no longer matters which bin they began at.
const ROUNDS: usize = 12;

/// A turn about Z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    angle: f64,
    sin: f64,
    cos: f64,
}

impl Turn {
    /// By this angle, radians.
    #[must_use]
    pub fn by(angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { angle, sin, cos }
    }

    /// Onto the axes of the walls, by the normals of the points; where none has one, they are estimated.
    ///
    /// # Errors
    /// When the cloud holds nothing to estimate normals from.
    pub fn onto_walls(cloud: &Cloud<SceneFrame>) -> Result<Self, Error> {
        let has_normals = cloud.points.iter().any(|p| p.normal != [0.0; 3]);
        let surface: Vec<([f32; 3], [f32; 3])> = if has_normals {
            cloud.points.iter().map(|p| (p.position, p.normal)).collect()
        } else {
            samples::reduce(cloud)?.samples.iter().map(|s| (s.position, s.normal)).collect()
        };
        let straight = Self::by(-dominant(surface.iter().map(|s| s.1)));
        let turned: Vec<[f64; 2]> =
            surface.iter().map(|([x, y, _], _)| straight.plan([f64::from(*x), f64::from(*y)])).collect();
        let (lean, wide) = extent(&turned);
        let quarters = match (wide, lean[0] >= 0.0, lean[1] >= 0.0) {
            (true, true, _) => 0.0,
            (true, false, _) => 2.0,
            (false, _, true) => -1.0,
            (false, _, false) => 1.0,
        };
        Ok(Self::by(straight.angle + quarters * FRAC_PI_2))
    }

    fn inverse(&self) -> Self {
        Self::by(-self.angle)
    }

    fn plan(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.cos * x - self.sin * y, self.sin * x + self.cos * y]
    }

    fn vector(&self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        let [u, v] = self.plan([f64::from(x), f64::from(y)]);
        [u as f32, v as f32, z]
    }

    /// The cloud.
    #[must_use]
    pub fn cloud(&self, cloud: &Cloud<SceneFrame>) -> Cloud<SceneFrame> {
        let turned = |point: &CloudPoint| CloudPoint {
            position: self.vector(point.position),
            normal: self.vector(point.normal),
            ..*point
        };
        Cloud::new(cloud.points.par_iter().map(turned).collect())
    }

    /// The scored points.
    #[must_use]
    pub fn semantics(&self, semantics: &Semantics) -> Semantics {
        semantics.moved(|position| self.vector(position))
    }

    /// Camera positions.
    #[must_use]
    pub fn path(&self, path: &[Point3]) -> Vec<Point3> {
        let turned = |p: &Point3| {
            let [x, y] = self.plan([p.x, p.y]);
            Point3::new(x, y, p.z)
        };
        path.iter().map(turned).collect()
    }

    /// The free space, nearest voxel.
    #[must_use]
    pub fn free(&self, free: &FreeSpace) -> FreeSpace {
        let [w, h, levels] = free.size;
        let edge = |cells: usize| cells as f64 * free.voxel_m;
        let (mut min, mut max) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for (i, j) in [(0, 0), (w, 0), (0, h), (w, h)] {
            let corner = self.plan([free.origin_m[0] + edge(i), free.origin_m[1] + edge(j)]);
            for axis in 0..2 {
                min[axis] = min[axis].min(corner[axis]);
                max[axis] = max[axis].max(corner[axis]);
            }
        }
        let cells = |axis: usize| ((max[axis] - min[axis]) / free.voxel_m - 1e-6).ceil().max(1.0) as usize;
        let size = [cells(0), cells(1), levels];
        let back = self.inverse();
        let mut states = vec![VoxelState::Unseen; size[0] * size[1] * levels];
        for j in 0..size[1] {
            for i in 0..size[0] {
                let q = [min[0] + edge(i) + 0.5 * free.voxel_m, min[1] + edge(j) + 0.5 * free.voxel_m];
                for (k, state) in free.column(back.plan(q)).enumerate() {
                    states[i + size[0] * (j + size[1] * k)] = state;
                }
            }
        }
        FreeSpace { origin_m: [min[0], min[1], free.origin_m[2]], voxel_m: free.voxel_m, size, states }
    }

    /// Turns what was found back to the scene.
    pub fn undo(&self, draft: &mut Draft) {
        let back = self.inverse();
        for wall in &mut draft.walls {
            (wall.a, wall.b) = (back.plan(wall.a), back.plan(wall.b));
        }
        let place = |center: &mut [f64; 3]| [center[0], center[1]] = back.plan([center[0], center[1]]);
        draft.openings.iter_mut().for_each(|opening| place(&mut opening.center));
        for object in &mut draft.objects {
            place(&mut object.center);
            object.yaw = wrap_angle(object.yaw + back.angle);
        }
        for room in &mut draft.rooms {
            room.polygon.iter_mut().for_each(|p| *p = back.plan(*p));
        }
    }
}

/// Direction of the walls, radians in [0, π/2): the strongest peak of standing surface by direction.
fn dominant(normals: impl Iterator<Item = [f32; 3]>) -> f64 {
    let mut bins = [0.0f64; BINS];
    let angles: Vec<f64> = normals
        .filter(|n| n[2].abs() < STANDING_NZ && (n[0] != 0.0 || n[1] != 0.0))
        .map(|n| f64::from(n[1]).atan2(f64::from(n[0])).rem_euclid(FRAC_PI_2))
        .collect();
    for angle in &angles {
        bins[((angle / FRAC_PI_2 * BINS as f64) as usize).min(BINS - 1)] += 1.0;
    }
    let around = |k: usize| (0..9).map(|d| bins[(k + BINS + d - 4) % BINS]).sum::<f64>();
    let best = (0..BINS).max_by(|&a, &b| around(a).total_cmp(&around(b)).then(b.cmp(&a))).unwrap_or(0);
    let mut direction = (best as f64 + 0.5) * FRAC_PI_2 / BINS as f64;
    for _ in 0..ROUNDS {
        let (mut sum, mut n) = (0.0, 0.0);
        for angle in &angles {
            let off = (angle - direction + 0.5 * FRAC_PI_2).rem_euclid(FRAC_PI_2) - 0.5 * FRAC_PI_2;
            if off.abs() < WINDOW {
                sum += off;
                n += 1.0;
            }
        }
        direction += if n > 0.0 { sum / n } else { 0.0 };
    }
    direction.rem_euclid(FRAC_PI_2)
}

/// Skew of the points along x and y, and whether they spread at least as far along x.
fn extent(points: &[[f64; 2]]) -> ([f64; 2], bool) {
    let finite: Vec<&[f64; 2]> = points.iter().filter(|p| p.iter().all(|c| c.is_finite())).collect();
    let n = finite.len().max(1) as f64;
    let moment = |axis: usize| {
        let values = || finite.iter().map(|p| p[axis]);
        let mean = values().sum::<f64>() / n;
        let power = |k: i32| values().map(|v| (v - mean).powi(k)).sum::<f64>() / n;
        (power(2), power(3))
    };
    let (x, y) = (moment(0), moment(1));
    ([x.1, y.1], x.0 >= y.0)
}
