//! Floor and ceiling among the horizontal surfaces.
//!
//! The floor is the lowest dominant horizontal plane under which (nearly) nothing lies; a little
//! below it is allowed, because glossy floors show reflections. The ceiling is its mirror. Heights
//! are coordinates along up, world units.

use super::evidence::Evidence;
use super::planes::{self, Plane, Search};
use crate::math::{Vec3, median};

/// Search for horizontal surfaces.
const SEARCH: Search = Search { min_cosine: 0.96, band_m: 0.04 };
/// A floor or ceiling has at least this area, assumed square metres.
const MIN_FLOOR_AREA_M2: f64 = 0.25;
/// ... and this share of the largest surface that faces the same way.
const MIN_FLOOR_SHARE: f64 = 0.08;
/// A ceiling has at least this area, assumed square metres: undersides of shelves are smaller.
const MIN_CEILING_AREA_M2: f64 = 0.5;
/// ... and this share of the floor's.
const MIN_CEILING_SHARE: f64 = 0.15;
/// Most of all samples that may lie beyond floor or ceiling (reflections, fliers, stairwells).
const MAX_BEYOND_SHARE: f64 = 0.03;
/// Nearer than this beyond the plane is the plane's own noise, assumed metres.
const BEYOND_M: f64 = 0.10;
/// Two levels nearer than this are one surface reconstructed twice (drift, carpets), assumed metres.
const TWIN_M: f64 = 0.12;
/// The larger twin is the floor when it is this much larger.
const TWIN_RATIO: f64 = 2.0;
/// Cameras are at least this far above the floor and below the ceiling, assumed metres.
const MIN_CAMERA_CLEARANCE_M: f64 = 0.12;
/// A ceiling is at least this far above the floor, assumed metres (the assumed metre may be wrong by
/// half).
const MIN_ROOM_HEIGHT_M: f64 = 1.3;
/// Quantile of the heights taken for the floor when no plane is.
const LOWEST_QUANTILE: f64 = 0.005;

/// A horizontal surface.
#[derive(Debug, Clone)]
pub struct Level {
    /// Height of its middle, world units.
    pub height: f64,
    /// Area, assumed square metres.
    pub area: f64,
    /// 1 faces up, −1 down (a guess when the cloud's normals are not oriented).
    pub facing: f64,
    /// Standard deviation of the height, world units.
    pub sigma: f64,
}

/// What is known of the heights of a scene.
#[derive(Debug, Clone)]
pub struct Levels {
    /// Height of the floor, world units.
    pub floor: f64,
    /// Its standard deviation, world units.
    pub floor_sigma: f64,
    /// The floor was seen; else `floor` is the lowest thing seen.
    pub floor_seen: bool,
    /// Height of the ceiling, world units, when seen.
    pub ceiling: Option<f64>,
    /// All horizontal surfaces, floor and ceiling included, largest first.
    pub levels: Vec<Level>,
}

/// Finds floor and ceiling.
pub fn find(evidence: &Evidence, up: &Vec3) -> Levels {
    let levels: Vec<Level> =
        planes::along(evidence, up, SEARCH).iter().map(|plane| level(evidence, plane, up)).collect();
    let mut heights: Vec<f64> = evidence.samples.iter().map(|sample| sample.position.dot(up)).collect();
    heights.sort_by(f64::total_cmp);
    let cameras = evidence.camera_heights(up);
    let lowest_camera = cameras.iter().copied().fold(f64::INFINITY, f64::min);
    let highest_camera = cameras.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let clearance = MIN_CAMERA_CLEARANCE_M * evidence.unit;
    let ups: Vec<&Level> = levels
        .iter()
        .filter(|level| level.facing > 0.0 || !evidence.oriented)
        .filter(|level| level.height < lowest_camera - clearance)
        .collect();
    let beyond = BEYOND_M * evidence.unit;
    let below =
        |height: f64| heights.partition_point(|&other| other < height - beyond) as f64 / heights.len() as f64;
    let floor = outermost(&ups, &below, evidence.unit, |level| level.height);
    let lowest = evidence.quantile(up, LOWEST_QUANTILE);
    let (floor_height, floor_sigma) =
        floor.map_or((lowest, 0.1 * evidence.unit), |level| (level.height, level.sigma));
    let floor_area = floor.map_or(0.0, |level| level.area);
    let downs: Vec<&Level> = levels
        .iter()
        .filter(|level| level.area >= MIN_CEILING_AREA_M2.max(MIN_CEILING_SHARE * floor_area))
        .filter(|level| level.facing < 0.0 || !evidence.oriented)
        .filter(|level| level.height > highest_camera + clearance)
        .filter(|level| level.height > floor_height + MIN_ROOM_HEIGHT_M * evidence.unit)
        .collect();
    let above = |height: f64| {
        1.0 - heights.partition_point(|&other| other <= height + beyond) as f64 / heights.len() as f64
    };
    let ceiling = outermost(&downs, &above, evidence.unit, |level| -level.height);
    Levels {
        floor: floor_height,
        floor_sigma,
        floor_seen: floor.is_some(),
        ceiling: ceiling.map(|level| level.height),
        levels: levels.clone(),
    }
}

fn level(evidence: &Evidence, plane: &Plane, up: &Vec3) -> Level {
    let heights: Vec<f64> =
        plane.samples.iter().map(|&index| evidence.samples[index].position.dot(up)).collect();
    let height = median(&heights).unwrap_or(0.0);
    let deviations: Vec<f64> = heights.iter().map(|other| (other - height).abs()).collect();
    // 1.4826 turns the median deviation to a standard deviation; a floor's own waviness stays.
    let spread = 1.4826 * median(&deviations).unwrap_or(0.0);
    Level { height, area: plane.area, facing: plane.facing, sigma: spread.max(0.003 * evidence.unit) }
}

/// The first dominant level in the order of `key` beyond which nearly nothing lies.
fn outermost<'a>(
    levels: &[&'a Level],
    beyond: &dyn Fn(f64) -> f64,
    unit: f64,
    key: impl Fn(&Level) -> f64,
) -> Option<&'a Level> {
    let largest = levels.iter().map(|level| level.area).fold(0.0, f64::max);
    let mut candidates: Vec<&Level> = levels
        .iter()
        .copied()
        .filter(|level| level.area >= MIN_FLOOR_AREA_M2.max(MIN_FLOOR_SHARE * largest))
        .filter(|level| beyond(level.height) <= MAX_BEYOND_SHARE)
        .collect();
    candidates.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let first = *candidates.first()?;
    let twin = candidates[1..]
        .iter()
        .filter(|level| (level.height - first.height).abs() <= TWIN_M * unit)
        .max_by(|a, b| a.area.total_cmp(&b.area));
    Some(match twin {
        Some(twin) if twin.area >= TWIN_RATIO * first.area => twin,
        _ => first,
    })
}
