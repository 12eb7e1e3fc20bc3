//! One tile: a place in a scanned house with its pillars and its true elements.
//!
//! Drawn at random per tile: the place (a pose of the walk), the views near it, the strength of the
//! reconstruction's errors, the lens and the pitch, the turn against the axes, an error of scale. Some tiles
//! are filmed from one place, as people film a corner of a room.

use super::super::coverage::Coverage;
use super::super::house::{House, generate};
use super::super::path::{PathOptions, walk};
use super::super::plan::contains;
use super::super::scan::{Scan, ScanOptions, scan_with, with_people};
use super::super::scan_errors::{ScanErrors, gauss};
use super::super::sight::Sight;
use super::DatasetOptions;
use super::faces::{Elevation, faces};
use super::place::{Place, draw_scale, draw_yaw};
use crate::cloud::CloudPoint;
use crate::layout::network::pillars::{Beside, Window, pillars};
use crate::math::{Pose, Rotation, Vec3, wrap_angle};
use crate::scene::classes::CLASSES;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Frames per second of the walk that views are chosen from.
const VIEWS_PER_S: f64 = 2.0;
/// Views from farther away than this see little of a tile, metres.
const VIEW_REACH_M: f64 = 4.5;
/// The fitted floor is off by up to this, metres (what alignment leaves).
const FLOOR_OFFSET_M: f64 = 0.02;
/// A corner's film looks at what is so far ahead, metres.
const AHEAD_M: f64 = 1.8;
/// ... from a height between these, metres,
const CORNER_HEIGHT_M: (f64, f64) = (0.8, 1.8);
/// ... turning to either side by one of these at most, degrees,
const CORNER_YAW_DEG: (f64, f64) = (20.0, 70.0);
/// ... nodding by this (one sigma), degrees,
const CORNER_PITCH_DEG: f64 = 8.0;
/// ... and swaying by this (one sigma in plan), metres.
const CORNER_SWAY_M: f64 = 0.3;
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
    /// What is there.
    pub elements: Elements,
    /// Faces of its walls; none unless they are asked for.
    pub faces: Vec<Elevation>,
    /// Logarithm of the cloud's scale over the true one.
    pub log_scale: f64,
}

/// The true elements of a tile, in its frame, metres.
pub struct Elements {
    /// Ends, height, thickness, seen share.
    pub walls: Vec<[f64; 7]>,
    /// Kind, centre, width, height, direction, seen share.
    pub openings: Vec<[f64; 9]>,
    /// Class, centre, yaw, sizes, seen share.
    pub boxes: Vec<[f64; 9]>,
}

impl Tile {
    /// The tile of a cloud that was moved to its frame: its plan, or the faces of its walls.
    pub fn new(
        (points, beside): (Vec<CloudPoint>, Beside<'_>),
        (interior, elements): (Vec<u8>, Elements),
        (log_scale, seed): (f64, u64),
        options: &DatasetOptions,
    ) -> Self {
        let cells = options.cells;
        let window = Window { origin_m: [0.0, 0.0], size: [cells, cells] };
        let (input, faces) = if options.faces {
            (Vec::new(), faces(points, beside, (cells, &interior), &elements, seed))
        } else {
            (pillars(&points, beside, window).values, Vec::new())
        };
        Self { cells, input, interior, elements, faces, log_scale }
    }
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
            draw.cut(&house, &scan, options)
        })
        .collect()
}

/// What is random about a tile.
struct Draw {
    seed: u64,
    poses: Vec<Pose>,
    scan: ScanOptions,
    place: Place,
}

impl Draw {
    fn new(seed: u64, walk: &[Pose], options: &DatasetOptions) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let anchor = &walk[rng.random_range(0..walk.len())];
        let (at, poses) = if rng.random_bool(options.corner_share.clamp(0.0, 1.0)) {
            (ahead(anchor), corner(anchor, options.views, &mut rng))
        } else {
            let at = [anchor.translation.x, anchor.translation.y];
            (at, passing(walk, at, options.views))
        };
        let middle = at.map(|c| c + rng.random_range(-PLACE_JITTER_M..PLACE_JITTER_M));
        let strength = if rng.random_bool(options.perfect_share.clamp(0.0, 1.0)) {
            0.0
        } else {
            rng.random_range(0.2..options.max_errors.max(0.3))
        };
        let errors =
            if strength == 0.0 { ScanErrors::none() } else { ScanErrors::default().scaled(strength) };
        // The scale is this tile's own, not the scan's.
        let errors = ScanErrors { scale_log_sigma: 0.0, ..errors };
        let scale = draw_scale(&mut rng, options);
        let yaw = draw_yaw(&mut rng, options);
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
        let segmented = rng.random_bool(options.segmented_share.clamp(0.0, 1.0));
        let scan = ScanOptions { segmented, ..scan };
        let lift_m = if strength == 0.0 { 0.0 } else { rng.random_range(-FLOOR_OFFSET_M..FLOOR_OFFSET_M) };
        let place = Place { cells: options.cells, middle, yaw, scale, lift_m };
        Self { seed, poses, scan, place }
    }

    fn cut(&self, house: &House, scan: &Scan, options: &DatasetOptions) -> Tile {
        let place = &self.place;
        let moved: Vec<CloudPoint> = scan.cloud.points.iter().map(|p| place.moved(p)).collect();
        let free = place.turned(&scan.free);
        let truth = Truth { place, house, coverage: &scan.coverage };
        let elements = Elements { walls: truth.walls(), openings: truth.openings(), boxes: truth.boxes() };
        let truth = (truth.interior(), elements);
        let semantics = scan.semantics.as_ref().map(|semantics| place.scored(semantics));
        let beside = Beside { free: Some(&free), semantics: semantics.as_ref() };
        Tile::new((moved, beside), truth, (place.scale.ln(), self.seed), options)
    }
}

/// Views of a walk that come near a place, evenly chosen.
fn passing(walk: &[Pose], at: [f64; 2], views: usize) -> Vec<Pose> {
    let near: Vec<&Pose> = walk
        .iter()
        .filter(|p| (p.translation.x - at[0]).hypot(p.translation.y - at[1]) < VIEW_REACH_M)
        .collect();
    let step = (near.len() as f64 / views as f64).max(1.0);
    let count = ((near.len() as f64 / step) as usize).max(1).min(near.len());
    (0..count).map(|k| *near[(k as f64 * step) as usize]).collect()
}

/// The place in plan that a camera looks at.
fn ahead(pose: &Pose) -> [f64; 2] {
    let forward = pose.rotation * Vec3::z();
    let length = forward.x.hypot(forward.y).max(1e-6);
    [pose.translation.x + AHEAD_M * forward.x / length, pose.translation.y + AHEAD_M * forward.y / length]
}

/// Views of somebody who stands and sways: one side of a room is seen, from a height of his own.
fn corner(anchor: &Pose, views: usize, rng: &mut ChaCha8Rng) -> Vec<Pose> {
    let height_m = rng.random_range(CORNER_HEIGHT_M.0..CORNER_HEIGHT_M.1);
    let spread = rng.random_range(CORNER_YAW_DEG.0..CORNER_YAW_DEG.1).to_radians();
    (0..views)
        .map(|_| {
            let sway = Vec3::new(gauss(rng), gauss(rng), 0.5 * gauss(rng)) * CORNER_SWAY_M;
            let yaw = Rotation::from_axis_angle(&Vec3::z_axis(), spread * rng.random_range(-1.0..1.0));
            let pitch = CORNER_PITCH_DEG.to_radians() * gauss(rng);
            let nod = Rotation::from_axis_angle(&Vec3::x_axis(), pitch);
            let mut at = anchor.translation.vector + sway;
            at.z = height_m + sway.z;
            Pose::from_parts(at.into(), yaw * anchor.rotation * nod)
        })
        .collect()
}

/// The true elements of a tile.
struct Truth<'a> {
    place: &'a Place,
    house: &'a House,
    coverage: &'a Coverage,
}

impl Truth<'_> {
    fn walls(&self) -> Vec<[f64; 7]> {
        let (plan, k) = (&self.house.plan, self.place.scale);
        (0..plan.walls.len())
            .map(|wall| {
                let (a, b) = plan.wall_ends(wall);
                let ([ax, ay], [bx, by]) = (self.place.place(a), self.place.place(b));
                [ax, ay, bx, by, k * plan.ceiling_m, k * plan.thickness_m, self.coverage.walls[wall]]
            })
            .filter(|&[ax, ay, bx, by, ..]| self.place.passes_near([ax, ay], [bx, by]))
            .collect()
    }

    fn openings(&self) -> Vec<[f64; 9]> {
        let (plan, k) = (&self.house.plan, self.place.scale);
        let row = |(index, opening): (usize, &super::super::plan::PlanOpening)| {
            let center = self.house.opening_center(opening);
            let [x, y] = self.place.place([center[0], center[1]]);
            let (d, _) = plan.wall_axes(opening.wall);
            let direction = self.place.direction(d);
            let kind = f64::from(u8::from(opening.window));
            let size = [k * opening.width_m, k * opening.height_m];
            let seen = self.coverage.openings[index];
            [kind, x, y, k * center[2], size[0], size[1], direction[0], direction[1], seen]
        };
        plan.openings.iter().enumerate().map(row).filter(|o| self.place.is_near([o[1], o[2]])).collect()
    }

    fn boxes(&self) -> Vec<[f64; 9]> {
        let k = self.place.scale;
        let names: Vec<&str> = self.house.named_items().map(|(class, _)| class).collect();
        let shares = self.house.items.iter().zip(&self.coverage.items);
        let named = shares.filter(|(item, _)| item.class.is_some());
        named
            .zip(names)
            .map(|((item, &seen), class)| {
                let index = CLASSES.iter().position(|c| *c == class);
                let class = index.expect("because houses only name classes of the layout language");
                let [x, y] = self.place.place([item.center[0], item.center[1]]);
                let [w, d, h] = item.size.map(|s| k * s);
                let yaw = wrap_angle(item.yaw + self.place.yaw);
                [class as f64, x, y, k * item.center[2], yaw, w, d, h, seen]
            })
            .filter(|b| self.place.is_near([b[1], b[2]]))
            .collect()
    }

    fn interior(&self) -> Vec<u8> {
        let rooms: Vec<_> =
            (0..self.house.plan.rooms.len()).map(|r| self.house.plan.inner_polygon(r)).collect();
        self.place.half_cells().map(|p| u8::from(rooms.iter().any(|room| contains(room, p)))).collect()
    }
}
