//! One tile: a place in a scanned house with its pillars and its true elements.
//!
//! Drawn at random per tile: the place (a pose of the walk), the views near it, the strength of the
//! reconstruction's errors, the lens and the pitch, the turn against the axes, an error of scale.

use super::super::coverage::Coverage;
use super::super::house::{House, generate};
use super::super::path::{PathOptions, walk};
use super::super::plan::contains;
use super::super::scan::{Scan, ScanOptions, scan_with, with_people};
use super::super::scan_errors::ScanErrors;
use super::super::sight::Sight;
use super::DatasetOptions;
use crate::cloud::{CloudPoint, FreeSpace, VoxelState};
use crate::layout::network::pillars::{CELL_M, Window, pillars};
use crate::math::{Pose, wrap_angle};
use crate::scene::classes::CLASSES;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::FRAC_PI_2;

/// Frames per second of the walk that views are chosen from.
const VIEWS_PER_S: f64 = 2.0;
/// Views from farther away than this see little of a tile, metres.
const VIEW_REACH_M: f64 = 4.5;
/// Tiles that keep to the axes are off by up to this, degrees (what alignment leaves).
const LEFT_TURN_DEG: f64 = 2.0;
/// The fitted floor is off by up to this, metres (what alignment leaves).
const FLOOR_OFFSET_M: f64 = 0.02;
/// The middle of a tile is off the camera by up to this, metres.
const PLACE_JITTER_M: f64 = 0.7;

/// A tile with its truth, in the tile's own frame (its corner is the origin).
pub struct Tile {
    /// Cells along each side.
    pub cells: usize,
    /// Pillars, `[channels, y, x]`.
    pub input: Vec<u8>,
    /// Inside of rooms at half resolution, `[y, x]`.
    pub interior: Vec<u8>,
    /// Ends, height, thickness, seen share.
    pub walls: Vec<[f64; 7]>,
    /// Kind, centre, width, height, direction, seen share.
    pub openings: Vec<[f64; 9]>,
    /// Class, centre, yaw, sizes, seen share.
    pub boxes: Vec<[f64; 9]>,
    /// Logarithm of the cloud's scale over the true one.
    pub log_scale: f64,
}

/// The tiles of one house; none when nobody can walk in it.
pub fn tiles(seed: u64, options: &DatasetOptions) -> Vec<Tile> {
    let house = generate(seed, &options.house);
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x0DA7_A5E7);
    let path = PathOptions {
        fps: VIEWS_PER_S,
        waypoints: 4,
        pitch_deg: rng.random_range(2.0..18.0),
        ..PathOptions::default()
    };
    let Some(path) = walk(&house, seed, &path) else { return Vec::new() };
    let people = usize::from(rng.random_bool(0.08));
    let mesh = with_people(&house, people, &mut rng);
    (0..options.per_house as u64)
        .map(|k| {
            let draw = Draw::new(seed.wrapping_mul(31).wrapping_add(k), &path.poses, options);
            let sight = Sight::Raster(&mesh);
            let scan = scan_with(&house, &mesh, [sight, sight], draw.poses.clone(), draw.seed, &draw.scan);
            draw.cut(&house, &scan, options.cells)
        })
        .collect()
}

/// What is random about a tile.
struct Draw {
    seed: u64,
    poses: Vec<Pose>,
    scan: ScanOptions,
    middle: [f64; 2],
    yaw: f64,
    scale: f64,
    lift_m: f64,
}

impl Draw {
    fn new(seed: u64, walk: &[Pose], options: &DatasetOptions) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let at = walk[rng.random_range(0..walk.len())].translation.vector;
        let mut jitter = || rng.random_range(-PLACE_JITTER_M..PLACE_JITTER_M);
        let middle = [at.x + jitter(), at.y + jitter()];
        let near: Vec<Pose> = walk
            .iter()
            .filter(|p| (p.translation.x - middle[0]).hypot(p.translation.y - middle[1]) < VIEW_REACH_M)
            .copied()
            .collect();
        let step = (near.len() as f64 / options.views as f64).max(1.0);
        let count = ((near.len() as f64 / step) as usize).max(1).min(near.len());
        let poses = (0..count).map(|k| near[(k as f64 * step) as usize]).collect();
        let strength = if rng.random_bool(options.perfect_share.clamp(0.0, 1.0)) {
            0.0
        } else {
            rng.random_range(0.2..options.max_errors.max(0.3))
        };
        let errors =
            if strength == 0.0 { ScanErrors::none() } else { ScanErrors::default().scaled(strength) };
        // The scale is this tile's own, not the scan's.
        let errors = ScanErrors { scale_log_sigma: 0.0, ..errors };
        let jitter = (1.0 + options.scale_jitter).ln();
        let is_scaled = rng.random_bool(options.scale_share.clamp(0.0, 1.0)) && jitter > 0.0;
        let scale = if is_scaled { rng.random_range(-jitter..jitter).exp() } else { 1.0 };
        let quarter = f64::from(rng.random_range(0..4)) * FRAC_PI_2;
        let yaw = if rng.random_bool(options.turned_share.clamp(0.0, 1.0)) {
            rng.random_range(0.0..4.0 * FRAC_PI_2)
        } else {
            quarter + rng.random_range(-LEFT_TURN_DEG..LEFT_TURN_DEG).to_radians()
        };
        let scan = ScanOptions {
            width: options.width,
            height: options.width * 3 / 4,
            hfov_deg: rng.random_range(56.0..76.0),
            max_range_m: rng.random_range(3.5..6.5),
            voxel_m: 0.03,
            min_samples: if strength == 0.0 { 1 } else { rng.random_range(1..3) },
            errors,
            carve_every: 5,
            ..ScanOptions::default()
        };
        let lift_m = if strength == 0.0 { 0.0 } else { rng.random_range(-FLOOR_OFFSET_M..FLOOR_OFFSET_M) };
        Self { seed, poses, scan, middle, yaw, scale, lift_m }
    }

    /// Plan of the scene to plan of the tile.
    fn place(&self, p: [f64; 2], cells: usize) -> [f64; 2] {
        let (sin, cos) = self.yaw.sin_cos();
        let (x, y) = (self.scale * (p[0] - self.middle[0]), self.scale * (p[1] - self.middle[1]));
        let half = 0.5 * cells as f64 * CELL_M;
        [cos * x - sin * y + half, sin * x + cos * y + half]
    }

    /// Plan of the tile to plan of the scene.
    fn unplace(&self, q: [f64; 2], cells: usize) -> [f64; 2] {
        let (sin, cos) = self.yaw.sin_cos();
        let half = 0.5 * cells as f64 * CELL_M;
        let (x, y) = ((q[0] - half) / self.scale, (q[1] - half) / self.scale);
        [cos * x + sin * y + self.middle[0], -sin * x + cos * y + self.middle[1]]
    }

    fn cut(&self, house: &House, scan: &Scan, cells: usize) -> Tile {
        let moved: Vec<CloudPoint> = scan.cloud.points.iter().map(|p| self.moved(p, cells)).collect();
        let free = self.turned(&scan.free, cells);
        let window = Window { origin_m: [0.0, 0.0], size: [cells, cells] };
        let input = pillars(&moved, Some(&free), window).values;
        let truth = Truth { draw: self, house, coverage: &scan.coverage, cells };
        Tile {
            cells,
            input,
            interior: truth.interior(),
            walls: truth.walls(),
            openings: truth.openings(),
            boxes: truth.boxes(),
            log_scale: self.scale.ln(),
        }
    }

    fn moved(&self, point: &CloudPoint, cells: usize) -> CloudPoint {
        let [x, y] = self.place([f64::from(point.position[0]), f64::from(point.position[1])], cells);
        let z = self.scale * f64::from(point.position[2]) + self.lift_m;
        let (sin, cos) = self.yaw.sin_cos();
        let [nx, ny, nz] = point.normal.map(f64::from);
        let normal = [cos * nx - sin * ny, sin * nx + cos * ny, nz].map(|v| v as f32);
        CloudPoint { position: [x, y, z].map(|v| v as f32), normal, ..*point }
    }

    /// The free space on the tile's own axes (nearest voxel).
    fn turned(&self, free: &FreeSpace, cells: usize) -> FreeSpace {
        let voxel_m = free.voxel_m;
        let across = (cells as f64 * CELL_M / voxel_m).ceil() as usize;
        let size = [across, across, free.size[2]];
        let mut states = vec![VoxelState::Unseen; size[0] * size[1] * size[2]];
        for j in 0..across {
            for i in 0..across {
                let q = [(i as f64 + 0.5) * voxel_m, (j as f64 + 0.5) * voxel_m];
                let column: Vec<VoxelState> = free.column(self.unplace(q, cells)).collect();
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

/// The true elements of a tile.
struct Truth<'a> {
    draw: &'a Draw,
    house: &'a House,
    coverage: &'a Coverage,
    cells: usize,
}

impl Truth<'_> {
    fn place(&self, p: [f64; 2]) -> [f64; 2] {
        self.draw.place(p, self.cells)
    }

    /// True within half a metre of the tile.
    fn is_near(&self, q: [f64; 2]) -> bool {
        let edge = self.cells as f64 * CELL_M + 0.5;
        q.iter().all(|&c| c > -0.5 && c < edge)
    }

    fn walls(&self) -> Vec<[f64; 7]> {
        let (plan, k) = (&self.house.plan, self.draw.scale);
        (0..plan.walls.len())
            .map(|wall| {
                let (a, b) = plan.wall_ends(wall);
                let ([ax, ay], [bx, by]) = (self.place(a), self.place(b));
                [ax, ay, bx, by, k * plan.ceiling_m, k * plan.thickness_m, self.coverage.walls[wall]]
            })
            .filter(|&[ax, ay, bx, by, ..]| {
                let steps = 32;
                (0..=steps).any(|i| {
                    let t = f64::from(i) / f64::from(steps);
                    self.is_near([ax + t * (bx - ax), ay + t * (by - ay)])
                })
            })
            .collect()
    }

    fn openings(&self) -> Vec<[f64; 9]> {
        let (plan, k) = (&self.house.plan, self.draw.scale);
        let (sin, cos) = self.draw.yaw.sin_cos();
        let row = |(index, opening): (usize, &super::super::plan::PlanOpening)| {
            let center = self.house.opening_center(opening);
            let [x, y] = self.place([center[0], center[1]]);
            let (d, _) = plan.wall_axes(opening.wall);
            let direction = [cos * d[0] - sin * d[1], sin * d[0] + cos * d[1]];
            let kind = f64::from(u8::from(opening.window));
            let size = [k * opening.width_m, k * opening.height_m];
            let seen = self.coverage.openings[index];
            [kind, x, y, k * center[2], size[0], size[1], direction[0], direction[1], seen]
        };
        plan.openings.iter().enumerate().map(row).filter(|o| self.is_near([o[1], o[2]])).collect()
    }

    fn boxes(&self) -> Vec<[f64; 9]> {
        let k = self.draw.scale;
        let names: Vec<&str> = self.house.named_items().map(|(class, _)| class).collect();
        let shares = self.house.items.iter().zip(&self.coverage.items);
        let named = shares.filter(|(item, _)| item.class.is_some());
        named
            .zip(names)
            .map(|((item, &seen), class)| {
                let index = CLASSES.iter().position(|c| *c == class);
                let class = index.expect("because houses only name classes of the layout language");
                let [x, y] = self.place([item.center[0], item.center[1]]);
                let [w, d, h] = item.size.map(|s| k * s);
                let yaw = wrap_angle(item.yaw + self.draw.yaw);
                [class as f64, x, y, k * item.center[2], yaw, w, d, h, seen]
            })
            .filter(|b| self.is_near([b[1], b[2]]))
            .collect()
    }

    fn interior(&self) -> Vec<u8> {
        let half = self.cells / 2;
        let rooms: Vec<_> =
            (0..self.house.plan.rooms.len()).map(|r| self.house.plan.inner_polygon(r)).collect();
        let mut out = Vec::with_capacity(half * half);
        for j in 0..half {
            for i in 0..half {
                let q = [(i as f64 + 0.5) * 2.0 * CELL_M, (j as f64 + 0.5) * 2.0 * CELL_M];
                let p = self.draw.unplace(q, self.cells);
                out.push(u8::from(rooms.iter().any(|room| contains(room, p))));
            }
        }
        out
    }
}
