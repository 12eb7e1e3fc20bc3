//! Faces of the walls of a tile as elevations with what hangs on them, to train the elevation network.
//!
//! Faces are those that look into a room. They are moved a little against the true ones, since the
//! walls that will be looked at are found, not known. Frame: the tile's.

use super::super::scan_errors::gauss;
use super::tile::{Elements, Tile};
use crate::cloud::{Cloud, CloudPoint, SceneFrame};
use crate::layout::network::elevations::{BOTTOM_M, CELL_M, Face, ROWS, picture};
use crate::layout::network::pillars::{self, Beside};
use crate::layout::network::wall_things::{CLASSES as KINDS, DOOR, WINDOW};
use crate::layout::sample_index::SampleIndex;
use crate::layout::samples;
use crate::math::{Point2, Vec2};
use crate::scene::classes::CLASSES;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Columns of a picture: 4.8 m of a wall.
pub const COLUMNS: usize = 96;
/// One sigma of the offset of a face that is looked at, metres, ...
const OFFSET_M: f64 = 0.02;
/// ... of its turn, degrees, ...
const TURN_DEG: f64 = 0.4;
/// ... and largest error of its ends and of its height, metres.
const ENDS_M: (f64, f64) = (0.25, 0.08);
/// Shorter walls are not looked at, metres.
const MIN_LENGTH_M: f64 = 0.4;
/// A face looks into a room when so much of it does, this far before it, metres.
const ROOM_SHARE: f64 = 0.3;
const ROOM_M: f64 = 0.3;
/// A face is left out when fewer cells than this have surface in the first layers, up to frames and curtains.
const FEWEST_CELLS: usize = 120;
const LOOKED_LAYERS: usize = 5;
/// Openings are at most this far from the line of their wall's middle, metres.
const OPENING_M: f64 = 0.25;
/// What hangs on a wall is at most this far before it, metres; screens also stand before it.
const HANGING_M: f64 = 0.2;
const SCREEN_M: f64 = 0.6;
/// ... and at most this turned against it (sine of 12 degrees).
const PARALLEL_SIN: f64 = 0.21;
/// Share of the tiles whose normals do not say which face a sample belongs to.
const UNORIENTED_SHARE: f64 = 0.2;

/// One face.
pub struct Elevation {
    /// `[channels, ROWS, COLUMNS]`.
    pub input: Vec<u8>,
    /// Class, middle (columns from the left, rows from the bottom, in cells), width, height, distance of the middle
    /// from the face, depth (metres), seen share.
    pub things: Vec<[f64; 8]>,
}

/// The faces of a tile.
pub fn faces(
    points: Vec<CloudPoint>,
    beside: Beside<'_>,
    (cells, interior): (usize, &[u8]),
    elements: &Elements,
    seed: u64,
) -> Vec<Elevation> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0xFACE);
    let cloud: Cloud<SceneFrame> = Cloud::new(points);
    let Ok(samples) = samples::reduce(&cloud) else { return Vec::new() };
    let oriented = !rng.random_bool(UNORIENTED_SHARE);
    let index = SampleIndex::new(&samples.samples);
    let mut found = Vec::new();
    for &[ax, ay, bx, by, height, thickness, _] in &elements.walls {
        let (a, b) = (Point2::new(ax, ay), Point2::new(bx, by));
        if (b - a).norm() < MIN_LENGTH_M {
            continue;
        }
        for other_side in [false, true] {
            let face = Face::of(a, b, thickness, height, other_side);
            if room_share(&face, cells, interior) < ROOM_SHARE {
                continue;
            }
            let face = moved(&face, &mut rng);
            let columns = crop(&face, &mut rng);
            let input = picture(&face, (columns, COLUMNS), &index, beside, oriented);
            // The first layers come first; a face that nobody saw teaches nothing.
            if input[..LOOKED_LAYERS * ROWS * COLUMNS].iter().filter(|&&v| v > 0).count() < FEWEST_CELLS {
                continue;
            }
            found.push(Elevation { input, things: things(&face, columns, thickness, elements) });
        }
    }
    found
}

/// Share of a face that looks into a room, within the tile.
fn room_share(face: &Face, cells: usize, interior: &[u8]) -> f64 {
    let (steps, half) = (32, cells / 2);
    let is_inside = |k: usize| {
        let along = face.span.0 + (face.span.1 - face.span.0) * (k as f64 + 0.5) / steps as f64;
        let p = face.line.at(along) + face.line.normal * ROOM_M;
        let cell = |v: f64| v / (2.0 * pillars::CELL_M);
        let (x, y) = (cell(p.x), cell(p.y));
        let is_tile = x >= 0.0 && y >= 0.0 && x < half as f64 && y < half as f64;
        is_tile && interior[y as usize * half + x as usize] == 1
    };
    (0..steps).filter(|&k| is_inside(k)).count() as f64 / steps as f64
}

/// The face as a detector may find it.
fn moved(face: &Face, rng: &mut ChaCha8Rng) -> Face {
    let middle = face.line.at(0.5 * (face.span.0 + face.span.1));
    let half = 0.5 * (face.span.1 - face.span.0);
    let mut line = face.line;
    let (sin, cos) = (TURN_DEG.to_radians() * gauss(rng)).sin_cos();
    let normal = line.normal;
    line.normal = Vec2::new(cos * normal.x - sin * normal.y, sin * normal.x + cos * normal.y);
    line.offset = line.normal.dot(&middle.coords) + OFFSET_M * gauss(rng);
    let along = line.along(&middle);
    let mut end = || rng.random_range(-ENDS_M.0..ENDS_M.0);
    let span = (along - half + end(), along + half + end());
    Face { line, span, height: face.height + rng.random_range(-ENDS_M.1..ENDS_M.1) }
}

/// Where the columns begin: within a long face, or so that a short one is whole.
fn crop(face: &Face, rng: &mut ChaCha8Rng) -> f64 {
    let (first, count) = face.columns(1);
    let spare = (count as f64 - COLUMNS as f64) * CELL_M;
    if spare == 0.0 { first } else { first + spare.signum() * rng.random_range(0.0..spare.abs()) }
}

/// What belongs to a face, in its picture.
fn things(face: &Face, first: f64, thickness: f64, elements: &Elements) -> Vec<[f64; 8]> {
    let mut found = Vec::new();
    let mut put =
        |class: usize, (x, y, z): (f64, f64, f64), [width, height, off, depth]: [f64; 4], seen: f64| {
            let column = (face.line.along(&Point2::new(x, y)) - first) / CELL_M;
            let row = (z - BOTTOM_M) / CELL_M;
            if column >= 0.0 && column < COLUMNS as f64 && row >= 0.0 && row < ROWS as f64 {
                found.push([class as f64, column, row, width, height, off, depth, seen]);
            }
        };
    for &[kind, x, y, z, width, height, dx, dy, seen] in &elements.openings {
        let off = face.line.distance(&Point2::new(x, y));
        let is_parallel = face.line.normal.dot(&Vec2::new(dx, dy)).abs() < PARALLEL_SIN;
        if is_parallel && (off + 0.5 * thickness).abs() < OPENING_M {
            let class = if kind == 0.0 { DOOR } else { WINDOW };
            put(class, (x, y, z), [width, height, -0.5 * thickness, thickness], seen);
        }
    }
    for &[class, x, y, z, yaw, w, d, h, seen] in &elements.boxes {
        let name = CLASSES[class as usize];
        let Some(kind) = KINDS.iter().position(|kind| *kind == name) else { continue };
        let axis = Vec2::new(yaw.cos(), yaw.sin());
        let (along, across) = (face.line.direction().dot(&axis).abs(), face.line.normal.dot(&axis).abs());
        if along.min(across) > PARALLEL_SIN {
            continue;
        }
        let (width, depth) = if along > across { (w, d) } else { (d, w) };
        let off = face.line.distance(&Point2::new(x, y));
        let reach = if name == "tv" { SCREEN_M } else { HANGING_M };
        if off > -HANGING_M && off - 0.5 * depth < reach && depth <= width {
            put(kind, (x, y, z), [width, h, off, depth], seen);
        }
    }
    found
}

impl Elevation {
    /// All faces of some tiles.
    pub fn all(tiles: &[Tile]) -> Vec<&Self> {
        tiles.iter().flat_map(|tile| &tile.faces).collect()
    }
}
