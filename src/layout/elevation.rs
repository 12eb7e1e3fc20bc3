//! The front view of a wall: where its surface was seen, where one could see through it, what was
//! hidden. Counts the evidence of walls and openings; shared by every detector.
//!
//! Raster over (u along the wall from end a, z above the floor) in [`PIXEL_M`] pixels. Frame: scene.

use super::plan::PlanLine;
use super::sample_index::SampleIndex;
use crate::cloud::{FreeSpace, VoxelState};
use crate::math::Point2;

/// Pixel edge, metres.
pub const PIXEL_M: f64 = 0.05;
/// Surface within this of a face belongs to the wall, metres (noise of multi-view depth).
const FACE_BAND_M: f64 = 0.08;
/// Cosine of the largest angle between a wall sample's normal and the wall's (41°): leaves out
/// jambs and sills.
const MIN_NORMAL_COS: f64 = 0.75;
/// Things at most this far in front of a face hide it, metres.
const OCCLUDER_REACH_M: f64 = 0.9;
/// Distance from the face at which free space is asked for, metres.
const PROBE_M: f64 = 0.2;

/// What is known of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patch {
    /// Wall surface.
    Surface,
    /// Rays went through the wall.
    Through,
    /// No surface, though nothing hides it.
    Empty,
    /// Something stands before it.
    Hidden,
}

/// The front view of one wall.
#[derive(Debug, Clone)]
pub struct Elevation {
    /// Pixels along the wall.
    pub width: usize,
    /// Pixels up.
    pub height: usize,
    /// Row-major, bottom row first.
    pub patches: Vec<Patch>,
    /// What either face looks like: on the normal's side, on the other side.
    pub sides: [Side; 2],
}

/// The look of one face, by pixel.
#[derive(Debug, Clone)]
pub struct Side {
    /// Samples of surface.
    pub count: Vec<u32>,
    /// Mean colour; black without surface.
    pub rgb: Vec<[u8; 3]>,
    /// Mean distance from the expected face towards the room, metres; 0 without surface.
    pub relief: Vec<f32>,
}

/// A wall to look at.
#[derive(Debug, Clone, Copy)]
pub struct WallView {
    /// Line through the centre; the direction runs from end a to end b.
    pub line: PlanLine,
    /// End a.
    pub a: Point2,
    /// Length, metres.
    pub length: f64,
    /// Height, metres.
    pub height: f64,
    /// Thickness, metres.
    pub thickness: f64,
    /// There is a room on the normal's side.
    pub ahead: bool,
    /// There is a room on the other side.
    pub behind: bool,
}

impl Elevation {
    /// Patch at column and row.
    #[must_use]
    pub fn at(&self, column: usize, row: usize) -> Patch {
        self.patches[row * self.width + column]
    }

    /// Counts the patches of a kind in a half-open rectangle of columns and rows, clipped.
    #[must_use]
    pub fn count(&self, kind: Patch, columns: (usize, usize), rows: (usize, usize)) -> usize {
        (rows.0..rows.1.min(self.height))
            .map(|r| (columns.0..columns.1.min(self.width)).filter(|&c| self.at(c, r) == kind).count())
            .sum()
    }

    /// Share of a kind among all patches of a rectangle; 0 for an empty rectangle.
    #[must_use]
    pub fn share(&self, kind: Patch, columns: (usize, usize), rows: (usize, usize)) -> f64 {
        let columns = (columns.0, columns.1.min(self.width));
        let rows = (rows.0, rows.1.min(self.height));
        let all = columns.1.saturating_sub(columns.0) * rows.1.saturating_sub(rows.0);
        if all == 0 { 0.0 } else { self.count(kind, columns, rows) as f64 / all as f64 }
    }

    /// Share of the wall that was observed: surface or opening, 0..1.
    #[must_use]
    pub fn observed(&self) -> f64 {
        let all = (0, self.width);
        let rows = (0, self.height);
        self.share(Patch::Surface, all, rows) + self.share(Patch::Through, all, rows)
    }
}

/// Sums over the samples of one face and what stands before it.
struct Sums {
    n: Vec<u32>,
    rgb: Vec<[f32; 3]>,
    relief: Vec<f32>,
    hidden: Vec<bool>,
}

impl Sums {
    fn new(pixels: usize) -> Self {
        Self {
            n: vec![0; pixels],
            rgb: vec![[0.0; 3]; pixels],
            relief: vec![0.0; pixels],
            hidden: vec![false; pixels],
        }
    }

    fn side(&self) -> Side {
        let mean = |sum: f32, n: u32| if n > 0 { sum / n as f32 } else { 0.0 };
        Side {
            rgb: self.rgb.iter().zip(&self.n).map(|(c, &n)| c.map(|v| mean(v, n) as u8)).collect(),
            relief: self.relief.iter().zip(&self.n).map(|(&r, &n)| mean(r, n)).collect(),
            count: self.n.clone(),
        }
    }
}

/// Looks at a wall.
#[must_use]
pub fn look(wall: &WallView, samples: &SampleIndex<'_>, free: Option<&FreeSpace>) -> Elevation {
    let width = ((wall.length / PIXEL_M).round() as usize).max(1);
    let height = ((wall.height / PIXEL_M).round() as usize).max(1);
    let mut sums = [Sums::new(width * height), Sums::new(width * height)];
    let u0 = wall.line.along(&wall.a);
    let half = 0.5 * wall.thickness;
    for sample in samples.along(&wall.line, &wall.a, wall.length, half + OCCLUDER_REACH_M) {
        let [x, y, z] = sample.position.map(f64::from);
        let p = Point2::new(x, y);
        let v = wall.line.distance(&p);
        let u = wall.line.along(&p) - u0;
        if v.abs() > half + OCCLUDER_REACH_M || u < 0.0 || u >= wall.length || z < 0.0 || z >= wall.height {
            continue;
        }
        let column = ((u / PIXEL_M) as usize).min(width - 1);
        let row = ((z / PIXEL_M) as usize).min(height - 1);
        let index = row * width + column;
        let cosine = f64::from(sample.normal[0]) * wall.line.normal.x
            + f64::from(sample.normal[1]) * wall.line.normal.y;
        // Only one face was seen of a wall with a room on one side: all samples are its.
        let face = match (wall.ahead, wall.behind) {
            (true, false) => 0,
            (false, true) => 1,
            _ if sample.oriented => usize::from(cosine < 0.0),
            _ => usize::from(v < 0.0),
        };
        if v.abs() <= half + FACE_BAND_M {
            if cosine.abs() >= MIN_NORMAL_COS {
                let sums = &mut sums[face];
                sums.n[index] += 1;
                for (sum, c) in sums.rgb[index].iter_mut().zip(sample.rgb) {
                    *sum += f32::from(c);
                }
                let sign = if face == 0 { 1.0 } else { -1.0 };
                sums.relief[index] += (sign * v - half) as f32;
            }
        } else {
            sums[usize::from(v < 0.0)].hidden[index] = true;
        }
    }
    finish(wall, sums, (width, height), free)
}

fn finish(wall: &WallView, sums: [Sums; 2], size: (usize, usize), free: Option<&FreeSpace>) -> Elevation {
    let (width, height) = size;
    let mut patches = vec![Patch::Hidden; width * height];
    for row in 0..height {
        for column in 0..width {
            let index = row * width + column;
            // An occluder hides its neighbours too: nobody looks square on.
            let hidden = |side: usize| {
                (column.saturating_sub(1)..(column + 2).min(width)).any(|c| {
                    (row.saturating_sub(1)..(row + 2).min(height)).any(|r| sums[side].hidden[r * width + c])
                })
            };
            let open_side = (wall.ahead && !hidden(0)) || (wall.behind && !hidden(1));
            patches[index] = if sums[0].n[index] + sums[1].n[index] > 0 {
                Patch::Surface
            } else {
                // Glass gives no depth behind it, so that not even the space before it is known to
                // be free: a hole needs no free space to be one, only no occluder.
                if free.is_some_and(|f| is_through(wall, f, column, row)) {
                    Patch::Through
                } else if open_side {
                    Patch::Empty
                } else {
                    Patch::Hidden
                }
            };
        }
    }
    Elevation { width, height, patches, sides: [sums[0].side(), sums[1].side()] }
}

/// Rays went through the wall here: free before, in and behind it.
fn is_through(wall: &WallView, free: &FreeSpace, column: usize, row: usize) -> bool {
    let u = wall.line.along(&wall.a) + (column as f64 + 0.5) * PIXEL_M;
    let z = (row as f64 + 0.5) * PIXEL_M;
    let state = |v: f64| {
        let p = wall.line.at(u) + wall.line.normal * v;
        free.at([p.x, p.y, z])
    };
    let reach = 0.5 * wall.thickness + PROBE_M;
    [reach, 0.0, -reach].iter().all(|&v| state(v) == VoxelState::Free)
}
