//! Evidence in plan: where vertical surface stands and how tall, and what area was seen at all.
//!
//! Takes [`Samples`], gives [`WallGrid`]: one [`WallCell`] per occupied pixel with a bit mask of the
//! height slabs in which vertical surface was seen (counting slabs instead of points makes the
//! evidence independent of density), and [`Coverage`], the pixels over which floor, ceiling,
//! furniture, free space or the camera itself was seen. Frame: scene, plan.

use super::DetectorInput;
use super::heights::Heights;
use super::plan::Raster;
use super::samples::Samples;
use crate::cloud::{FreeSpace, VoxelState};
use crate::math::{Point2, Vec2};
use std::collections::BTreeMap;

/// Height of one slab, metres.
pub const SLAB_M: f64 = 0.1;
/// Pixel of the wall cells, metres.
const CELL_M: f64 = 0.03;
/// Pixel of the coverage, metres.
pub const COVERAGE_PIXEL_M: f64 = 0.05;
/// Vertical surface has |nz| below this (normals of noisy clouds tilt by up to 25°).
const VERTICAL_NZ: f32 = 0.45;
/// Lowest slab that counts as wall: below are skirting, floor noise and clutter.
const FIRST_SLAB: usize = 2;
/// The upper band of a wall: from this far below the top of what was seen, metres. Little furniture
/// reaches it.
const UPPER_BAND_M: f64 = 0.7;
/// Slabs next to the ceiling: above doors and wardrobes.
const TOP_SLABS: usize = 4;
/// Weight of a slab below the upper band in the votes for a wall.
const LOWER_WEIGHT: f64 = 0.35;
/// Distances at which the two sides of a surface are compared to find the room, metres.
const SIDE_PROBES_M: [f64; 6] = [0.06, 0.10, 0.14, 0.18, 0.24, 0.30];
/// Side difference (share of the probes) below which the side stays unknown.
const SIDE_MARGIN: f64 = 0.17;
/// Radius of certain free space round the camera, metres (half a person's width).
const CAMERA_RADIUS_M: f64 = 0.25;
/// Horizontal surface within this of the ceiling's height is ceiling, metres.
const CEILING_BAND_M: f64 = 0.15;
/// Radius of the closing of the coverage, pixels.
const CLOSING_PX: usize = 2;

/// The slabs that matter for walls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlabRange {
    /// First slab of the wall.
    pub first: usize,
    /// First slab of the upper band.
    pub upper: usize,
    /// One past the last slab.
    pub end: usize,
}

impl SlabRange {
    fn new(heights: &Heights) -> Self {
        let end = ((heights.top_m - 0.05) / SLAB_M).floor().clamp(6.0, 63.0) as usize;
        let upper = end.saturating_sub((UPPER_BAND_M / SLAB_M) as usize).max(FIRST_SLAB + 1);
        Self { first: FIRST_SLAB, upper, end }
    }

    fn mask(from: usize, to: usize) -> u64 {
        ((1u64 << to) - 1) & !((1u64 << from) - 1)
    }

    /// How much like a wall a column of slabs is, 0..1: half the share of all slabs, half the share
    /// of the upper band.
    #[must_use]
    pub fn score(&self, slabs: u64) -> f64 {
        0.5 * (self.share(slabs, self.first) + self.share(slabs, self.upper))
    }

    /// Share of the top of the wall, next to the ceiling.
    #[must_use]
    pub fn top_share(&self, slabs: u64) -> f64 {
        self.share(slabs, self.end.saturating_sub(TOP_SLABS).max(self.first))
    }

    fn share(&self, slabs: u64, from: usize) -> f64 {
        f64::from((slabs & Self::mask(from, self.end)).count_ones()) / (self.end - from) as f64
    }

    fn votes(&self, slabs: u64) -> f64 {
        let lower = f64::from((slabs & Self::mask(self.first, self.upper)).count_ones());
        f64::from((slabs & Self::mask(self.upper, self.end)).count_ones()) + LOWER_WEIGHT * lower
    }
}

/// Vertical surface in one pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WallCell {
    /// Mean position, metres.
    pub position: Point2,
    /// Bit k: vertical surface was seen in slab k.
    pub slabs: u64,
    /// Unit normal in plan; towards the room when `oriented`.
    pub normal: Vec2,
    /// The side of the room is known.
    pub oriented: bool,
    /// Weight as evidence for a wall.
    pub votes: f64,
}

/// What was seen in plan, by pixel.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// Geometry.
    pub raster: Raster,
    /// Seen: floor, ceiling, furniture, free space or camera.
    pub seen: Vec<bool>,
    /// The camera was here: certainly inside.
    pub walked: Vec<bool>,
    /// The ceiling was seen.
    pub ceiling: Vec<bool>,
}

impl Coverage {
    /// The ceiling was seen at a point.
    #[must_use]
    pub fn has_ceiling(&self, p: &Point2) -> bool {
        self.raster.index(p.x, p.y).is_some_and(|i| self.ceiling[i])
    }

    fn at(&self, p: &Point2) -> bool {
        self.raster.index(p.x, p.y).is_some_and(|i| self.seen[i])
    }
}

/// Evidence in plan.
#[derive(Debug, Clone)]
pub struct WallGrid {
    /// Occupied pixels in row order.
    pub cells: Vec<WallCell>,
    /// Slabs that matter.
    pub slabs: SlabRange,
    /// What was seen.
    pub coverage: Coverage,
}

/// Builds the evidence.
#[must_use]
pub fn build(samples: &Samples, heights: &Heights, input: &DetectorInput<'_>) -> WallGrid {
    let slabs = SlabRange::new(heights);
    let coverage = coverage(samples, heights, input);
    let mut cells = wall_cells(samples, &slabs);
    for cell in cells.iter_mut().filter(|cell| !cell.oriented) {
        orient(cell, &coverage);
    }
    WallGrid { cells, slabs, coverage }
}

#[derive(Default)]
struct Accumulator {
    n: f64,
    sum: Vec2,
    slabs: u64,
    oriented: Vec2,
    /// Sum of (cos 2φ, sin 2φ): direction without sign.
    doubled: Vec2,
}

fn wall_cells(samples: &Samples, slabs: &SlabRange) -> Vec<WallCell> {
    let raster = Raster::covering([samples.min[0], samples.min[1]], [samples.max[0], samples.max[1]], CELL_M);
    let mut cells: BTreeMap<usize, Accumulator> = BTreeMap::new();
    for sample in &samples.samples {
        let [x, y, z] = sample.position.map(f64::from);
        if sample.normal[2].abs() >= VERTICAL_NZ || z < 0.0 {
            continue;
        }
        let Some(index) = raster.index(x, y) else { continue };
        let cell = cells.entry(index).or_default();
        cell.n += 1.0;
        cell.sum += Vec2::new(x, y);
        cell.slabs |= 1 << ((z / SLAB_M) as usize).min(63);
        let normal = Vec2::new(f64::from(sample.normal[0]), f64::from(sample.normal[1]));
        if sample.oriented {
            cell.oriented += normal;
        }
        cell.doubled += Vec2::new(normal.x * normal.x - normal.y * normal.y, 2.0 * normal.x * normal.y);
    }
    cells
        .values()
        .filter(|cell| cell.doubled.norm() > 0.0)
        .map(|cell| {
            let angle = 0.5 * cell.doubled.y.atan2(cell.doubled.x);
            let mut normal = Vec2::new(angle.cos(), angle.sin());
            // Both faces of a thin thing in one pixel: no side.
            let oriented = cell.oriented.norm() > 0.3 * cell.n;
            if oriented && cell.oriented.dot(&normal) < 0.0 {
                normal = -normal;
            }
            WallCell {
                position: Point2::from(cell.sum / cell.n),
                slabs: cell.slabs,
                normal,
                oriented,
                votes: slabs.votes(cell.slabs),
            }
        })
        .collect()
}

/// Turns the normal to the side that was seen.
fn orient(cell: &mut WallCell, coverage: &Coverage) {
    let side = |sign: f64| {
        SIDE_PROBES_M.iter().filter(|&&d| coverage.at(&(cell.position + cell.normal * (sign * d)))).count()
            as f64
    };
    let difference = (side(1.0) - side(-1.0)) / SIDE_PROBES_M.len() as f64;
    cell.oriented = difference.abs() >= SIDE_MARGIN;
    if difference < 0.0 {
        cell.normal = -cell.normal;
    }
}

fn coverage(samples: &Samples, heights: &Heights, input: &DetectorInput<'_>) -> Coverage {
    let margin = 0.2;
    let raster = Raster::covering(
        [samples.min[0] - margin, samples.min[1] - margin],
        [samples.max[0] + margin, samples.max[1] + margin],
        COVERAGE_PIXEL_M,
    );
    let mut seen = vec![false; raster.len()];
    let mut ceiling = vec![false; raster.len()];
    for sample in &samples.samples {
        let [x, y, z] = sample.position.map(f64::from);
        if sample.normal[2].abs() > VERTICAL_NZ
            && z < heights.ceiling_m + 0.3
            && let Some(index) = raster.index(x, y)
        {
            seen[index] = true;
            ceiling[index] |= heights.ceiling_seen && (z - heights.ceiling_m).abs() < CEILING_BAND_M;
        }
    }
    if let Some(free) = input.free_space {
        mark_free(free, &raster, &mut seen);
    }
    let mut walked = vec![false; raster.len()];
    let reach = (CAMERA_RADIUS_M / COVERAGE_PIXEL_M).ceil() as i64;
    for camera in input.camera_path {
        let Some((cx, cy)) = raster.cell(camera.x, camera.y) else { continue };
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (x, y) = (cx as i64 + dx, cy as i64 + dy);
                let inside = x >= 0 && y >= 0 && x < raster.width as i64 && y < raster.height as i64;
                if inside && dx * dx + dy * dy <= reach * reach {
                    let index = y as usize * raster.width + x as usize;
                    walked[index] = true;
                    seen[index] = true;
                }
            }
        }
    }
    Coverage { seen: close(&seen, &raster), ceiling: close(&ceiling, &raster), raster, walked }
}

/// Marks the pixels over which at least a third of the seen voxels between knee and head height is
/// free.
fn mark_free(free: &FreeSpace, raster: &Raster, seen: &mut [bool]) {
    /// Heights at which free space is asked for, metres.
    const PROBES_M: [f64; 6] = [0.4, 0.7, 1.0, 1.3, 1.6, 1.9];
    for cy in 0..raster.height {
        for cx in 0..raster.width {
            let p = raster.center(cx, cy);
            let count = PROBES_M.iter().filter(|&&z| free.at([p.x, p.y, z]) == VoxelState::Free).count();
            if count >= 2 {
                seen[cy * raster.width + cx] = true;
            }
        }
    }
}

/// Morphological closing with a square.
fn close(mask: &[bool], raster: &Raster) -> Vec<bool> {
    let dilated = spread(mask, raster, true);
    let kept = spread(&dilated, raster, false);
    mask.iter().zip(kept).map(|(&a, b)| a || b).collect()
}

/// Separable dilation (`value` true) or erosion (`value` false) by [`CLOSING_PX`].
fn spread(mask: &[bool], raster: &Raster, value: bool) -> Vec<bool> {
    let (w, h) = (raster.width, raster.height);
    let mut rows = mask.to_vec();
    for y in 0..h {
        for x in 0..w {
            let (from, to) = (x.saturating_sub(CLOSING_PX), (x + CLOSING_PX).min(w - 1));
            if mask[y * w + from..=y * w + to].contains(&value) {
                rows[y * w + x] = value;
            }
        }
    }
    let mut out = rows.clone();
    for y in 0..h {
        let (from, to) = (y.saturating_sub(CLOSING_PX), (y + CLOSING_PX).min(h - 1));
        for x in 0..w {
            if (from..=to).any(|row| rows[row * w + x] == value) {
                out[y * w + x] = value;
            }
        }
    }
    out
}
