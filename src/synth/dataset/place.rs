//! Where a tile lies: plan of the scene to plan of the tile and back, with the tile's own scale.

use crate::cloud::{CloudPoint, FreeSpace, VoxelState};
use crate::layout::network::pillars::CELL_M;
use crate::semantics::Semantics;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::FRAC_PI_2;

use super::super::scan_errors::gauss;
use super::DatasetOptions;

/// Tiles that keep to the axes are off by up to this, degrees (what alignment leaves).
const LEFT_TURN_DEG: f64 = 2.0;

/// A similarity in plan with a lift: turn about Z, scale, the middle of the tile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Cells along each side of the tile.
    pub cells: usize,
    /// What lies in the middle of the tile, plan of the scene, metres.
    pub middle: [f64; 2],
    /// Counter-clockwise turn, radians.
    pub yaw: f64,
    /// Size of the tile's scene over the true one.
    pub scale: f64,
    /// The floor's height in the tile, metres.
    pub lift_m: f64,
}

/// Draws the error of scale of a tile.
pub fn draw_scale(rng: &mut ChaCha8Rng, options: &DatasetOptions) -> f64 {
    let jitter = (1.0 + options.scale_jitter).ln();
    let is_scaled = rng.random_bool(options.scale_share.clamp(0.0, 1.0)) && jitter > 0.0;
    let log = if is_scaled { rng.random_range(-jitter..jitter) } else { options.scale_sigma * gauss(rng) };
    log.exp()
}

/// Draws the turn of a tile.
pub fn draw_yaw(rng: &mut ChaCha8Rng, options: &DatasetOptions) -> f64 {
    let quarter = f64::from(rng.random_range(0..4)) * FRAC_PI_2;
    if rng.random_bool(options.turned_share.clamp(0.0, 1.0)) {
        rng.random_range(0.0..4.0 * FRAC_PI_2)
    } else {
        quarter + rng.random_range(-LEFT_TURN_DEG..LEFT_TURN_DEG).to_radians()
    }
}

impl Place {
    /// Plan of the scene to plan of the tile.
    pub fn place(&self, p: [f64; 2]) -> [f64; 2] {
        let (sin, cos) = self.yaw.sin_cos();
        let (x, y) = (self.scale * (p[0] - self.middle[0]), self.scale * (p[1] - self.middle[1]));
        let half = 0.5 * self.cells as f64 * CELL_M;
        [cos * x - sin * y + half, sin * x + cos * y + half]
    }

    /// Plan of the tile to plan of the scene.
    pub fn unplace(&self, q: [f64; 2]) -> [f64; 2] {
        let (sin, cos) = self.yaw.sin_cos();
        let half = 0.5 * self.cells as f64 * CELL_M;
        let (x, y) = ((q[0] - half) / self.scale, (q[1] - half) / self.scale);
        [cos * x + sin * y + self.middle[0], -sin * x + cos * y + self.middle[1]]
    }

    /// A direction of the scene's plan, turned.
    pub fn direction(&self, d: [f64; 2]) -> [f64; 2] {
        let (sin, cos) = self.yaw.sin_cos();
        [cos * d[0] - sin * d[1], sin * d[0] + cos * d[1]]
    }

    /// A point of the cloud.
    pub fn moved(&self, point: &CloudPoint) -> CloudPoint {
        let [x, y] = self.place([f64::from(point.position[0]), f64::from(point.position[1])]);
        let z = self.scale * f64::from(point.position[2]) + self.lift_m;
        let [nx, ny, nz] = point.normal.map(f64::from);
        let [nx, ny] = self.direction([nx, ny]);
        CloudPoint { position: [x, y, z].map(|v| v as f32), normal: [nx, ny, nz].map(|v| v as f32), ..*point }
    }

    /// The scored points.
    pub fn scored(&self, semantics: &Semantics) -> Semantics {
        semantics.moved(|[x, y, z]| {
            let [u, v] = self.place([f64::from(x), f64::from(y)]);
            [u, v, self.scale * f64::from(z) + self.lift_m].map(|c| c as f32)
        })
    }

    /// True within half a metre of the tile.
    pub fn is_near(&self, q: [f64; 2]) -> bool {
        let edge = self.cells as f64 * CELL_M + 0.5;
        q.iter().all(|&c| c > -0.5 && c < edge)
    }

    /// True when a segment of the tile's plan comes near it.
    pub fn passes_near(&self, a: [f64; 2], b: [f64; 2]) -> bool {
        let steps = 32;
        (0..=steps).any(|i| {
            let t = f64::from(i) / f64::from(steps);
            self.is_near([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])])
        })
    }

    /// Middles of the cells at half resolution in the scene's plan, row by row.
    pub fn half_cells(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        let half = self.cells / 2;
        let at = |k: usize| (k as f64 + 0.5) * 2.0 * CELL_M;
        (0..half * half).map(move |k| self.unplace([at(k % half), at(k / half)]))
    }

    /// The free space on the tile's own axes (nearest voxel).
    pub fn turned(&self, free: &FreeSpace) -> FreeSpace {
        let voxel_m = free.voxel_m;
        let across = (self.cells as f64 * CELL_M / voxel_m).ceil() as usize;
        let size = [across, across, free.size[2]];
        let mut states = vec![VoxelState::Unseen; size[0] * size[1] * size[2]];
        for j in 0..across {
            for i in 0..across {
                let q = [(i as f64 + 0.5) * voxel_m, (j as f64 + 0.5) * voxel_m];
                let column: Vec<VoxelState> = free.column(self.unplace(q)).collect();
                for k in 0..size[2] {
                    let z = (free.origin_m[2] + (k as f64 + 0.5) * voxel_m) / self.scale;
                    let level = (z - free.origin_m[2]) / voxel_m;
                    if level >= 0.0
                        && let Some(&state) = column.get(level as usize)
                    {
                        states[i + across * (j + across * k)] = state;
                    }
                }
            }
        }
        FreeSpace { origin_m: [0.0, 0.0, free.origin_m[2]], voxel_m, size, states }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let place = Place { cells: 160, middle: [2.0, -1.0], yaw: 0.7, scale: 1.2, lift_m: 0.01 };
        let q = place.place([3.1, 0.4]);
        let p = place.unplace(q);
        assert!((p[0] - 3.1).abs() < 1e-12 && (p[1] - 0.4).abs() < 1e-12);
        assert_eq!(place.place([2.0, -1.0]), [4.0, 4.0]);
        assert!(
            place.passes_near([-3.0, 1.0], [20.0, 1.0]) && !place.passes_near([-3.0, -1.0], [20.0, -1.0])
        );
        assert_eq!(place.half_cells().count(), 80 * 80);
    }
}
