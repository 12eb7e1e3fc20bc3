//! Rectified elevations: a face of a wall as a picture from the front. `(Face, samples, free space) -> Picture`.
//!
//! What is flush with a wall (a closed door, a picture, a screen) hardly shows in a plan, but it does from the
//! front. Columns run along the wall to the viewer's right, rows up from [`BOTTOM_M`]. A cell says how much
//! surface lies in it at several distances from the face, its colour and how that differs from the
//! usual colour of the face, its relief, whether rays went through, and what a segmentation network takes it for, where one was
//! asked. Every channel lies in 0..1 and is kept as 8
//! bits, in training and inference alike. Scene frame: metres, floor at z = 0.

use super::pillars::Beside;
use crate::cloud::VoxelState;
use crate::layout::plan::PlanLine;
use crate::layout::sample_index::SampleIndex;
use crate::layout::samples::Sample;
use crate::math::Point2;
use crate::semantics::{GROUPS, Semantics};

/// Edge of a cell, metres.
pub const CELL_M: f64 = 0.05;
/// Rows of a picture.
pub const ROWS: usize = 64;
/// Lower edge of the first row, metres.
pub const BOTTOM_M: f64 = -0.2;
/// A picture shows so much beyond either end of the wall, metres.
pub const MARGIN_M: f64 = 0.3;
/// Distances from the face towards the room that part the layers, metres: behind a recess or an open door,
/// a reveal, the face itself, frames and curtains, flat furniture, furniture.
const LAYERS_M: [f64; LAYERS + 1] = [-0.45, -0.12, -0.04, 0.04, 0.10, 0.20, 0.45, 0.90];
/// Number of those layers.
const LAYERS: usize = 7;
/// Layers whose colour and relief is that of the face.
const SURFACE: std::ops::Range<usize> = 1..4;
/// Layers whose colour is that of what stands before it.
const BEFORE: std::ops::Range<usize> = 4..6;
/// Samples of a cell that fill a layer (voxels of 3 cm fill a cell with 2.8).
const FULL_COUNT: f32 = 2.0;
/// Largest relief of the surface, metres.
const RELIEF_M: f64 = 0.12;
/// Behind the face a sample that looks this much away from the room (cosine) is the other face's.
const AWAY_COS: f64 = -0.3;
/// A surface lies when its normal rises more than this (45 degrees).
const LYING_NORMAL_Z: f32 = 0.7;
/// Free space is asked for at these distances from the face, metres: behind the wall, before it.
const PROBES_M: [f64; 2] = [-0.35, 0.15];
/// Groups of a segmentation network whose scores are channels: what is in, on or flat before a wall.
const SCORED: [&str; SCORES] = ["window", "cabinet", "door", "curtain", "picture", "shelf", "mirror"];
const SCORES: usize = 7;
/// Distances from the face whose scores are its own, metres.
const SCORED_M: [f64; 2] = [-0.2, 0.3];

/// Names of the channels, in order.
pub const CHANNEL_NAMES: [&str; CHANNELS] = [
    "layer_0",
    "layer_1",
    "layer_2",
    "layer_3",
    "layer_4",
    "layer_5",
    "layer_6",
    "red",
    "green",
    "blue",
    "contrast_red",
    "contrast_green",
    "contrast_blue",
    "before_red",
    "before_green",
    "before_blue",
    "relief",
    "facing",
    "lying",
    "free_behind",
    "free_before",
    "unseen_before",
    "wall",
    "height",
    "score_window",
    "score_cabinet",
    "score_door",
    "score_curtain",
    "score_picture",
    "score_shelf",
    "score_mirror",
    "scored",
];
/// Channels of a picture.
pub const CHANNELS: usize = SCORE + SCORES + 1;
const COLOUR: usize = LAYERS;
const CONTRAST: usize = COLOUR + 3;
const BEFORE_COLOUR: usize = CONTRAST + 3;
const RELIEF: usize = BEFORE_COLOUR + 3;
const SCORE: usize = RELIEF + 8;

/// A face of a wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Line of the surface; the normal points into the room, the direction to the viewer's right.
    pub line: PlanLine,
    /// Where the wall begins and ends along the line, metres.
    pub span: (f64, f64),
    /// Top of the wall, metres.
    pub height: f64,
}

impl Face {
    /// The face of a wall between two points on the side of its line's normal, or on the other one.
    #[must_use]
    pub fn of(a: Point2, b: Point2, thickness: f64, height: f64, other_side: bool) -> Self {
        let centre = PlanLine::through(a, b);
        let mut line = if other_side { centre.flipped() } else { centre };
        line.offset += 0.5 * thickness;
        let (s, t) = (line.along(&a), line.along(&b));
        Self { line, span: (s.min(t), s.max(t)), height }
    }

    /// First column's left edge along the line and the number of columns, a multiple of `multiple`.
    #[must_use]
    pub fn columns(&self, multiple: usize) -> (f64, usize) {
        let cells = ((self.span.1 - self.span.0 + 2.0 * MARGIN_M) / CELL_M).ceil().max(1.0) as usize;
        (self.span.0 - MARGIN_M, cells.div_ceil(multiple) * multiple)
    }
}

/// Sums over the samples of one cell.
#[derive(Clone, Copy, Default)]
struct Cell {
    layers: [f32; LAYERS],
    surface: Sums,
    before: Sums,
    lying: f32,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    count: f32,
    rgb: [f32; 3],
    relief: f32,
    facing: f32,
}

impl Sums {
    fn add(&mut self, sample: &Sample, relief: f64, facing: f64) {
        self.count += 1.0;
        self.relief += relief as f32;
        self.facing += facing.abs() as f32;
        for (sum, channel) in self.rgb.iter_mut().zip(sample.rgb) {
            *sum += f32::from(channel);
        }
    }

    fn rgb(&self) -> Option<[f32; 3]> {
        (self.count > 0.0).then(|| self.rgb.map(|v| v / self.count))
    }
}

/// The picture `[CHANNELS, ROWS, columns]` that begins at `first` along the line. Normals say which face of a wall
/// a sample belongs to, when `oriented`.
#[must_use]
pub fn picture(
    face: &Face,
    (first, columns): (f64, usize),
    samples: &SampleIndex<'_>,
    beside: Beside<'_>,
    oriented: bool,
) -> Vec<u8> {
    let mut cells = vec![Cell::default(); ROWS * columns];
    let (line, width) = (&face.line, columns as f64 * CELL_M);
    for sample in samples.along(line, &line.at(first), width, LAYERS_M[LAYERS]) {
        let [x, y, z] = sample.position.map(f64::from);
        let p = Point2::new(x, y);
        let (column, row) = ((line.along(&p) - first) / CELL_M, (z - BOTTOM_M) / CELL_M);
        let off = line.distance(&p);
        let Some(layer) = LAYERS_M.windows(2).position(|edges| off >= edges[0] && off < edges[1]) else {
            continue;
        };
        if !(column >= 0.0 && row >= 0.0 && column < columns as f64 && row < ROWS as f64) {
            continue;
        }
        let facing =
            f64::from(sample.normal[0]) * line.normal.x + f64::from(sample.normal[1]) * line.normal.y;
        if oriented && sample.oriented && off < LAYERS_M[SURFACE.start + 1] && facing < AWAY_COS {
            continue;
        }
        let cell = &mut cells[row as usize * columns + column as usize];
        cell.layers[layer] += 1.0;
        if SURFACE.contains(&layer) {
            cell.surface.add(&sample, off, facing);
        } else if BEFORE.contains(&layer) {
            cell.before.add(&sample, off, facing);
        }
        if (SURFACE.contains(&layer) || BEFORE.contains(&layer)) && sample.normal[2].abs() > LYING_NORMAL_Z {
            cell.lying += 1.0;
        }
    }
    let mut values = paint(face, (first, columns), &cells, beside);
    if let Some(semantics) = beside.semantics {
        score(face, (first, columns), semantics, &mut values);
    }
    values
}

/// Writes the mean scores of the surfaces at the face.
fn score(face: &Face, (first, columns): (f64, usize), semantics: &Semantics, values: &mut [u8]) {
    let groups = SCORED.map(|name| {
        GROUPS.iter().position(|group| *group == name).expect("because a test looks for every name")
    });
    let cells = ROWS * columns;
    let mut sums = vec![([0.0f32; SCORES], 0.0f32); cells];
    for point in &semantics.points {
        let [x, y, z] = point.position.map(f64::from);
        let p = Point2::new(x, y);
        let off = face.line.distance(&p);
        let (column, row) = ((face.line.along(&p) - first) / CELL_M, (z - BOTTOM_M) / CELL_M);
        let is_shown = off > SCORED_M[0]
            && off < SCORED_M[1]
            && column >= 0.0
            && row >= 0.0
            && column < columns as f64
            && row < ROWS as f64;
        if is_shown {
            let (scores, count) = &mut sums[row as usize * columns + column as usize];
            scores.iter_mut().zip(groups).for_each(|(sum, group)| *sum += f32::from(point.scores[group]));
            *count += 1.0;
        }
    }
    for (cell, (scores, count)) in sums.into_iter().enumerate().filter(|(_, (_, count))| *count > 0.0) {
        for (k, sum) in scores.into_iter().enumerate() {
            values[(SCORE + k) * cells + cell] = (sum / count).round() as u8;
        }
        values[(SCORE + SCORES) * cells + cell] = u8::MAX;
    }
}

/// Median of the surface's colour, by channel; grey without any.
fn usual_colour(cells: &[Cell]) -> [f32; 3] {
    let colours: Vec<[f32; 3]> = cells.iter().filter_map(|cell| cell.surface.rgb()).collect();
    [0, 1, 2].map(|k| {
        let mut values: Vec<f32> = colours.iter().map(|c| c[k]).collect();
        let middle = values.len() / 2;
        if values.is_empty() { 128.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
    })
}

fn paint(face: &Face, (first, columns): (f64, usize), cells: &[Cell], beside: Beside<'_>) -> Vec<u8> {
    let usual = usual_colour(cells);
    let byte = |v: f32| v.round().clamp(0.0, 255.0) as u8;
    let mut values = vec![0; CHANNELS * cells.len()];
    for (index, cell) in cells.iter().enumerate() {
        let mut put = |channel: usize, value: u8| values[channel * cells.len() + index] = value;
        for (layer, &count) in cell.layers.iter().enumerate() {
            put(layer, byte(255.0 * count / FULL_COUNT));
        }
        let rgb = cell.surface.rgb();
        for k in 0..3 {
            put(COLOUR + k, rgb.map_or(0, |c| byte(c[k])));
            put(CONTRAST + k, rgb.map_or(128, |c| byte(128.0 + 0.5 * (c[k] - usual[k]))));
            put(BEFORE_COLOUR + k, cell.before.rgb().map_or(0, |c| byte(c[k])));
        }
        let count = cell.surface.count.max(1.0);
        put(RELIEF, byte(128.0 + 127.0 * cell.surface.relief / count / RELIEF_M as f32));
        put(RELIEF + 1, byte(255.0 * cell.surface.facing / count));
        let seen = (cell.surface.count + cell.before.count).max(1.0);
        put(RELIEF + 2, byte(255.0 * cell.lying / seen));
        let (column, row) = (index % columns, index / columns);
        let along = first + (column as f64 + 0.5) * CELL_M;
        let z = BOTTOM_M + (row as f64 + 0.5) * CELL_M;
        let state = |off: f64| {
            let p = face.line.at(along) + face.line.normal * off;
            beside.free.map_or(VoxelState::Unseen, |free| free.at([p.x, p.y, z]))
        };
        let [behind, before] = PROBES_M.map(state);
        put(RELIEF + 3, if behind == VoxelState::Free { 255 } else { 0 });
        put(RELIEF + 4, if before == VoxelState::Free { 255 } else { 0 });
        put(RELIEF + 5, if before == VoxelState::Unseen { 255 } else { 0 });
        let is_wall = along > face.span.0 && along < face.span.1 && z > 0.0 && z < face.height;
        put(RELIEF + 6, if is_wall { 255 } else { 0 });
        put(RELIEF + 7, byte(255.0 * row as f32 / ROWS as f32));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::ScoredPoint;

    /// A white wall in the plane y = 0 with a red door, seen from y < 0, and the back of the same wall.
    fn samples() -> Vec<Sample> {
        let mut samples = Vec::new();
        for i in 0..160 {
            for j in 0..100 {
                let (x, z) = (0.025 * i as f32, 0.025 * j as f32);
                let rgb = if (1.0..2.0).contains(&x) && z < 2.0 { [200, 20, 20] } else { [220, 220, 220] };
                samples.push(Sample { position: [x, 0.0, z], normal: [0.0, -1.0, 0.0], oriented: true, rgb });
                let back = [0, 0, 90];
                samples.push(Sample {
                    position: [x, 0.1, z],
                    normal: [0.0, 1.0, 0.0],
                    oriented: true,
                    rgb: back,
                });
            }
        }
        samples
    }

    #[test]
    fn a_face_shows_what_is_flush_with_it_and_not_its_back() {
        let samples = samples();
        let index = SampleIndex::new(&samples);
        let (a, b) = (Point2::new(0.0, 0.05), Point2::new(4.0, 0.05));
        // Seen from y < 0, x runs to the right.
        let face = Face::of(a, b, 0.1, 2.5, false);
        assert!(face.line.normal.y < 0.0 && face.line.direction().x > 0.99, "{face:?}");
        let columns = face.columns(16);
        let values = picture(&face, columns, &index, Beside::default(), true);
        assert_eq!(values.len(), CHANNELS * ROWS * columns.1);
        let at = |channel: usize, x: f64, z: f64| {
            let column = ((x - columns.0) / CELL_M) as usize;
            values[(channel * ROWS + ((z - BOTTOM_M) / CELL_M) as usize) * columns.1 + column]
        };
        assert_eq!((at(2, 1.51, 1.01), at(0, 1.51, 1.01)), (255, 0), "only the face itself");
        assert!(at(COLOUR, 1.51, 1.01) == 200 && at(CONTRAST + 1, 1.51, 1.01) < 60);
        assert_eq!((at(CONTRAST, 3.01, 1.01), at(RELIEF, 3.01, 1.01)), (128, 128));
        assert_eq!((at(RELIEF + 6, 3.01, 1.01), at(RELIEF + 6, 4.2, 1.01)), (255, 0));
        let other = Face::of(a, b, 0.1, 2.5, true);
        let columns = other.columns(16);
        let values = picture(&other, columns, &index, Beside::default(), true);
        let blue = &values[(COLOUR + 2) * ROWS * columns.1..(COLOUR + 3) * ROWS * columns.1];
        assert_eq!(blue.iter().max(), Some(&90), "the other face has the other colour");
    }

    #[test]
    fn scores_show_where_the_surface_is_the_faces_own() {
        let (a, b) = (Point2::new(0.0, 0.05), Point2::new(4.0, 0.05));
        let face = Face::of(a, b, 0.1, 2.5, false);
        let mut scores = [0; GROUPS.len()];
        scores[8] = 200;
        let point = |position| ScoredPoint { position, scores };
        let semantics = Semantics { points: vec![point([1.01, 0.0, 1.51]), point([2.01, -1.0, 1.51])] };
        let beside = Beside { free: None, semantics: Some(&semantics) };
        let columns = face.columns(16);
        let values = picture(&face, columns, &SampleIndex::new(&[]), beside, true);
        let of = |k: usize| &values[(SCORE + k) * ROWS * columns.1..(SCORE + k + 1) * ROWS * columns.1];
        assert_eq!(of(4).iter().filter(|&&v| v > 0).collect::<Vec<_>>(), [&200]);
        assert_eq!(of(SCORES).iter().filter(|&&v| v > 0).collect::<Vec<_>>(), [&255]);
        assert!(of(0).iter().all(|&v| v == 0));
        assert!(SCORED.iter().all(|name| GROUPS.contains(name)));
    }
}
