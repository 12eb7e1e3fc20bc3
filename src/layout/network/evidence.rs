//! What the maps say of walls and rooms, in the form in which the room closing takes evidence.
//!
//! [`support`] reads the heat along a line as wall evidence in bins; [`coverage`] reads the interior
//! as area that wants to be inside. Frame: plan of the maps.

use super::super::faces::PROFILE_BIN_M;
use super::super::interior::{BRIDGED, Support};
use super::super::plan::Raster;
use super::super::wall_grid::Coverage;
use super::super::wall_lines::{Profile, WallLine};
use super::maps::Maps;
use super::pillars::CELL_M;
use crate::math::{Point2, Vec2};

/// Heat from which a place on a line is wall (a Gaussian of one cell falls to it at 1.5 cells).
pub const WALL_HEAT: f64 = 0.3;
/// Places are looked at this far to either side of a line, metres.
const BESIDE_M: f64 = 0.05;
/// An axis shorter than this says nothing (at junctions the directions cancel).
const MIN_AXIS: f64 = 0.5;
/// Interior from which a place is inside.
const INSIDE: f64 = 0.5;
/// Radius of certain inside round the camera, metres (half a person's width).
const CAMERA_RADIUS_M: f64 = 0.25;

/// Heat of a wall that runs along `direction` at a place, 0..1.
#[must_use]
pub fn heat(maps: &Maps, p: &Point2, direction: &Vec2) -> f64 {
    let (x, y) = maps.in_cells(p);
    let (w, h) = (maps.raster.width as f64, maps.raster.height as f64);
    if !(x >= 0.0 && y >= 0.0 && x < w && y < h) {
        return 0.0;
    }
    let (c, s) = (maps.wall.smooth(2, x, y), maps.wall.smooth(3, x, y));
    let length = c.hypot(s);
    let agreement = if length < MIN_AXIS {
        1.0
    } else {
        let (dc, ds) =
            (direction.x * direction.x - direction.y * direction.y, 2.0 * direction.x * direction.y);
        ((c * dc + s * ds) / length).max(0.0)
    };
    maps.wall_heat.smooth(0, x, y) * agreement
}

/// The greatest heat at and beside a place of a line.
fn near_heat(maps: &Maps, p: &Point2, normal: &Vec2, direction: &Vec2) -> f64 {
    [-BESIDE_M, 0.0, BESIDE_M].iter().map(|d| heat(maps, &(p + normal * *d), direction)).fold(0.0, f64::max)
}

/// Mean heat along a segment.
#[must_use]
pub fn mean_heat(maps: &Maps, a: &Point2, b: &Point2) -> f64 {
    let along = b - a;
    let Some(direction) = along.try_normalize(1e-9) else { return 0.0 };
    let normal = Vec2::new(-direction.y, direction.x);
    let steps = (along.norm() / PROFILE_BIN_M).ceil().max(1.0);
    let at = |k: usize| a + along * ((k as f64 + 0.5) / steps);
    (0..steps as usize).map(|k| near_heat(maps, &at(k), &normal, &direction)).sum::<f64>() / steps
}

/// Wall evidence along a whole line.
#[must_use]
pub fn support(wall: &WallLine, maps: &Maps) -> Support {
    let line = &wall.line;
    let raster = &maps.raster;
    let far = |i: usize, j: usize| {
        let edge = |k: usize, n: usize| raster.origin[k] + n as f64 * raster.pixel_m;
        line.along(&Point2::new(edge(0, i), edge(1, j)))
    };
    let ends = [far(0, 0), far(raster.width, 0), far(0, raster.height), far(raster.width, raster.height)];
    let start = ends.iter().copied().fold(f64::INFINITY, f64::min);
    let end = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bins = ((end - start) / PROFILE_BIN_M).ceil().max(1.0) as usize;
    let direction = line.direction();
    let score: Vec<f64> = (0..bins)
        .map(|k| {
            let p = line.at(start + (k as f64 + 0.5) * PROFILE_BIN_M);
            near_heat(maps, &p, &line.normal, &direction)
        })
        .collect();
    let value = score.iter().map(|&heat| (heat * BRIDGED / WALL_HEAT).min(1.0)).collect();
    Support { profile: Profile { start, top: vec![None; bins], score }, value }
}

/// The interior as coverage: inside is `seen`, the camera's way is `walked`.
#[must_use]
pub fn coverage(maps: &Maps, camera_path: &[crate::math::Point3]) -> Coverage {
    let fine = (maps.raster.pixel_m / CELL_M).round().max(1.0) as usize;
    let raster = Raster {
        origin: maps.raster.origin,
        pixel_m: maps.raster.pixel_m / fine as f64,
        width: maps.raster.width * fine,
        height: maps.raster.height * fine,
    };
    let mut seen = vec![false; raster.len()];
    for y in 0..raster.height {
        for x in 0..raster.width {
            let at = |v: usize| (v as f64 + 0.5) / fine as f64;
            seen[y * raster.width + x] = maps.interior.smooth(0, at(x), at(y)) > INSIDE;
        }
    }
    let mut walked = vec![false; raster.len()];
    let reach = (CAMERA_RADIUS_M / raster.pixel_m).ceil() as i64;
    for camera in camera_path {
        for (dx, dy) in (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy))) {
            let p = Point2::new(camera.x + dx as f64 * raster.pixel_m, camera.y + dy as f64 * raster.pixel_m);
            if dx * dx + dy * dy <= reach * reach
                && let Some(index) = raster.index(p.x, p.y)
            {
                (walked[index], seen[index]) = (true, true);
            }
        }
    }
    Coverage { ceiling: vec![false; raster.len()], raster, seen, walked }
}
