//! Pillars: the cloud as a picture from above. `(&[CloudPoint], free space, window) -> Pillars`.
//!
//! Method: as in PointPillars (Lang et al., CVPR 2019) the plan is cut into square columns, but what a
//! column holds is counted, not learned: which of 64 height steps are occupied (so that the density
//! of the cloud does not matter), where its surfaces face, their colour, how the colour changes with
//! height (a picture, a closed door and a screen are flush with the wall: only colour tells them), and how
//! much of the column was seen to be free or was never seen; and, where a segmentation network was asked, what it
//! takes the surfaces of the column for. Every channel lies in 0..1 and is kept as 8 bits, in
//! training and inference alike. Scene frame: Z up, metres, floor at z = 0.

use crate::cloud::{CloudPoint, FreeSpace, VoxelState};
use crate::semantics::{GROUPS, Semantics};

/// Edge of a pillar in plan, metres.
pub const CELL_M: f64 = 0.05;
/// Height of one step of a pillar, metres; 64 steps reach to [`TOP_M`].
const STEP_M: f64 = 0.05;
/// Lowest height that is counted, metres (noise below the floor).
const BOTTOM_M: f64 = -0.2;
/// Highest height that is counted, metres (ceilings up to 3 m).
pub const TOP_M: f64 = BOTTOM_M + 64.0 * STEP_M;
/// Upper steps of the height bands; the first band begins at step 0. In metres: -0.05, 0.1, 0.3, 0.5,
/// 0.7, 0.9, 1.2, 1.6, 2.0, 2.2, 2.5, 3.0: skirting, seats, tables, sills, handles, lintels, ceilings.
const BANDS: [u32; 12] = [3, 6, 10, 14, 18, 22, 28, 36, 44, 48, 54, 64];
/// Points of a column that fill the density channel (two faces of a wall at 2 cm).
const FULL_COUNT: f32 = 400.0;
/// A surface stands when its normal rises less than this (35 degrees).
const STANDING_NORMAL_Z: f32 = 0.57;
/// A surface lies when its normal rises more than this (35 degrees).
const LYING_NORMAL_Z: f32 = 0.82;
/// Heights whose surfaces are looked at for colour, metres: above rugs, below ceilings.
const COLOUR_M: [f32; 2] = [0.08, 2.2];
/// Height intervals whose free share is a channel, metres: furniture, eyes and windows, lintels.
const FREE_M: [[f64; 2]; 3] = [[0.1, 0.8], [0.9, 1.9], [2.0, 2.4]];
/// Height bands whose colour is compared with that of the whole column, metres: skirting and seats, tables,
/// sills, pictures, door tops, lintels.
const CONTRAST_M: [f32; CONTRASTS + 1] = [0.08, 0.5, 0.9, 1.3, 1.7, 2.1, 2.6];
/// Number of those bands.
const CONTRASTS: usize = 6;
/// Heights whose colour is that of the floor, metres: rugs lie there and show by nothing else.
const FLOOR_M: [f32; 2] = [-0.08, 0.08];
/// Heights whose scores of a segmentation network are looked at, metres: rugs, but no ceilings.
const SCORED_M: [f32; 2] = [-0.1, 2.6];
/// First channel of free space.
const FREE_CHANNEL: usize = 22;
/// First channel of the contrasts.
const CONTRAST_CHANNEL: usize = 26;
/// First channel of the floor's colour.
const FLOOR_CHANNEL: usize = CONTRAST_CHANNEL + 3 * CONTRASTS;
/// First channel of the scores of a segmentation network; the last one says where there are any.
const SCORE_CHANNEL: usize = FLOOR_CHANNEL + 3;
/// Channels of an input.
pub const CHANNELS: usize = SCORE_CHANNEL + GROUPS.len() + 1;

/// Names of the channels, in order.
pub const CHANNEL_NAMES: [&str; CHANNELS] = [
    "occupied_0",
    "occupied_1",
    "occupied_2",
    "occupied_3",
    "occupied_4",
    "occupied_5",
    "occupied_6",
    "occupied_7",
    "occupied_8",
    "occupied_9",
    "occupied_10",
    "occupied_11",
    "density",
    "top",
    "lying",
    "standing_cos2",
    "standing_sin2",
    "normal_x",
    "normal_y",
    "red",
    "green",
    "blue",
    "free_low",
    "free_eye",
    "free_lintel",
    "unseen",
    "contrast_0_red",
    "contrast_0_green",
    "contrast_0_blue",
    "contrast_1_red",
    "contrast_1_green",
    "contrast_1_blue",
    "contrast_2_red",
    "contrast_2_green",
    "contrast_2_blue",
    "contrast_3_red",
    "contrast_3_green",
    "contrast_3_blue",
    "contrast_4_red",
    "contrast_4_green",
    "contrast_4_blue",
    "contrast_5_red",
    "contrast_5_green",
    "contrast_5_blue",
    "floor_red",
    "floor_green",
    "floor_blue",
    "score_bed",
    "score_window",
    "score_cabinet",
    "score_door",
    "score_table",
    "score_plant",
    "score_curtain",
    "score_chair",
    "score_picture",
    "score_sofa",
    "score_shelf",
    "score_mirror",
    "score_rug",
    "scored",
];

/// The part of the plan that is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Minimum corner, metres, scene frame.
    pub origin_m: [f64; 2],
    /// Cells along x and y.
    pub size: [usize; 2],
}

/// What is known of a place beside the points of its cloud.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// What was seen to be empty.
    pub free: Option<&'a FreeSpace>,
    /// What a segmentation network says of the surfaces.
    pub semantics: Option<&'a Semantics>,
}

/// Columns with their channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Pillars {
    /// Where they stand.
    pub window: Window,
    /// `[CHANNELS, size_y, size_x]`, 0..255 for 0..1.
    pub values: Vec<u8>,
}

/// Sums over the points of one column.
#[derive(Clone, Copy, Default)]
struct Column {
    steps: u64,
    count: f32,
    top: f32,
    lying: f32,
    sided: f32,
    direction: [f32; 4],
    coloured: f32,
    rgb: [f32; 3],
    banded: [f32; CONTRASTS],
    band_rgb: [[f32; 3]; CONTRASTS],
    floored: f32,
    floor_rgb: [f32; 3],
}

impl Column {
    fn add(&mut self, point: &CloudPoint) {
        let [_, _, z] = point.position;
        let step = ((f64::from(z) - BOTTOM_M) / STEP_M).floor();
        if !(0.0..64.0).contains(&step) {
            return;
        }
        self.steps |= 1 << step as u32;
        self.count += 1.0;
        if z > FLOOR_M[0] && z <= FLOOR_M[1] {
            self.floored += 1.0;
            for (sum, level) in self.floor_rgb.iter_mut().zip(point.rgb) {
                *sum += f32::from(level);
            }
        }
        let [nx, ny, nz] = point.normal;
        let is_between = z > COLOUR_M[0] && z < COLOUR_M[1];
        if is_between {
            self.top = self.top.max(z);
            self.coloured += 1.0;
            for (sum, level) in self.rgb.iter_mut().zip(point.rgb) {
                *sum += f32::from(level);
            }
        }
        if let Some(band) = (0..CONTRASTS).find(|&k| z > CONTRAST_M[k] && z <= CONTRAST_M[k + 1]) {
            self.banded[band] += 1.0;
            for (sum, level) in self.band_rgb[band].iter_mut().zip(point.rgb) {
                *sum += f32::from(level);
            }
        }
        let flat = (nx * nx + ny * ny).sqrt();
        if nz.abs() < STANDING_NORMAL_Z && flat > 0.1 {
            let (x, y) = (nx / flat, ny / flat);
            self.sided += 1.0;
            for (sum, v) in self.direction.iter_mut().zip([x * x - y * y, 2.0 * x * y, x, y]) {
                *sum += v;
            }
        } else if nz.abs() > LYING_NORMAL_Z && is_between {
            self.lying += 1.0;
        }
    }

    /// The channels without free space, 0..1.
    fn channels(&self) -> [f32; FREE_CHANNEL] {
        let mut out = [0.0f32; FREE_CHANNEL];
        let mut from = 0;
        for (value, to) in out.iter_mut().zip(BANDS) {
            let mask = if to == 64 { u64::MAX } else { (1u64 << to) - 1 } & !((1u64 << from) - 1);
            *value = (self.steps & mask).count_ones() as f32 / (to - from) as f32;
            from = to;
        }
        out[12] = (1.0 + self.count).ln() / (1.0 + FULL_COUNT).ln();
        out[13] = self.top / COLOUR_M[1];
        out[14] = self.lying / self.coloured.max(1.0);
        for k in 0..4 {
            out[15 + k] = 0.5 + 0.5 * self.direction[k] / self.sided.max(1.0);
        }
        for k in 0..3 {
            out[19 + k] = self.rgb[k] / (255.0 * self.coloured.max(1.0));
        }
        out
    }

    /// Colour of each height band less that of the column, 0.5 for none or unknown; red, green, blue.
    fn contrasts(&self) -> [f32; 3 * CONTRASTS] {
        let mut out = [0.5f32; 3 * CONTRASTS];
        if self.coloured == 0.0 {
            return out;
        }
        for band in (0..CONTRASTS).filter(|&k| self.banded[k] > 0.0) {
            for c in 0..3 {
                let difference = self.band_rgb[band][c] / self.banded[band] - self.rgb[c] / self.coloured;
                out[3 * band + c] += difference / 255.0;
            }
        }
        out
    }
}

/// Counts the points of a cloud in the columns of a window; without free space everything is unseen
/// where there is no point, without scores nothing is scored.
#[must_use]
pub fn pillars<'a>(
    points: impl IntoIterator<Item = &'a CloudPoint>,
    Beside { free, semantics }: Beside<'_>,
    window: Window,
) -> Pillars {
    let [width, height] = window.size;
    let mut columns = vec![Column::default(); width * height];
    let cell_of = |[x, y, _]: [f32; 3]| {
        let x = (f64::from(x) - window.origin_m[0]) / CELL_M;
        let y = (f64::from(y) - window.origin_m[1]) / CELL_M;
        let is_within = x >= 0.0 && y >= 0.0 && x < width as f64 && y < height as f64;
        is_within.then(|| x as usize + width * y as usize)
    };
    for point in points {
        if let Some(cell) = cell_of(point.position) {
            columns[cell].add(point);
        }
    }
    let plane = width * height;
    let mut values = vec![0u8; CHANNELS * plane];
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    for (cell, column) in columns.iter().enumerate() {
        for (k, v) in column.channels().into_iter().enumerate() {
            values[k * plane + cell] = byte(v);
        }
        let x = window.origin_m[0] + (0.5 + (cell % width) as f64) * CELL_M;
        let y = window.origin_m[1] + (0.5 + (cell / width) as f64) * CELL_M;
        for (k, share) in seen_shares(free, [x, y]).into_iter().enumerate() {
            values[(FREE_CHANNEL + k) * plane + cell] = byte(share);
        }
        for (k, v) in column.contrasts().into_iter().enumerate() {
            values[(CONTRAST_CHANNEL + k) * plane + cell] = byte(v);
        }
        for (k, sum) in column.floor_rgb.into_iter().enumerate() {
            values[(FLOOR_CHANNEL + k) * plane + cell] = byte(sum / (255.0 * column.floored.max(1.0)));
        }
    }
    for (cell, scores) in semantics.map(|s| column_scores(s, plane, cell_of)).unwrap_or_default() {
        for (k, v) in scores.into_iter().enumerate() {
            values[(SCORE_CHANNEL + k) * plane + cell] = byte(v);
        }
        values[(SCORE_CHANNEL + GROUPS.len()) * plane + cell] = u8::MAX;
    }
    Pillars { window, values }
}

/// Cells whose surfaces were scored, with the roots of the mean scores of the groups, 0..1: a picture fills a fifth of
/// its column, and should show.
fn column_scores(
    semantics: &Semantics,
    cells: usize,
    cell_of: impl Fn([f32; 3]) -> Option<usize>,
) -> Vec<(usize, [f32; GROUPS.len()])> {
    let mut sums = vec![([0.0f32; GROUPS.len()], 0.0f32); cells];
    for point in &semantics.points {
        let z = point.position[2];
        if z > SCORED_M[0]
            && z < SCORED_M[1]
            && let Some(cell) = cell_of(point.position)
        {
            let (scores, count) = &mut sums[cell];
            scores.iter_mut().zip(point.scores).for_each(|(sum, v)| *sum += f32::from(v) / 255.0);
            *count += 1.0;
        }
    }
    let scored = sums.into_iter().enumerate().filter(|(_, (_, count))| *count > 0.0);
    scored.map(|(cell, (scores, count))| (cell, scores.map(|sum| (sum / count).sqrt()))).collect()
}

/// Free shares of the three intervals and the unseen share of all of them.
fn seen_shares(free: Option<&FreeSpace>, [x, y]: [f64; 2]) -> [f32; 4] {
    let mut out = [0.0, 0.0, 0.0, 1.0];
    let Some(free) = free else { return out };
    let (mut unseen, mut all) = (0.0f32, 0.0f32);
    let (mut empty, mut steps) = ([0.0f32; 3], [0.0f32; 3]);
    for (k, state) in free.column([x, y]).enumerate() {
        let z = free.origin_m[2] + (k as f64 + 0.5) * free.voxel_m;
        for (band, [low, high]) in FREE_M.into_iter().enumerate() {
            if z < low || z >= high {
                continue;
            }
            steps[band] += 1.0;
            all += 1.0;
            match state {
                VoxelState::Free => empty[band] += 1.0,
                VoxelState::Unseen => unseen += 1.0,
                VoxelState::Occupied => {}
            }
        }
    }
    if all == 0.0 {
        return out;
    }
    for band in 0..3 {
        out[band] = empty[band] / steps[band].max(1.0);
    }
    out[3] = unseen / all;
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::ScoredPoint;

    fn point(position: [f32; 3], normal: [f32; 3]) -> CloudPoint {
        CloudPoint { position, normal, rgb: [255, 0, 51], weight: 1.0 }
    }

    #[test]
    fn a_wall_column_is_full_and_says_where_it_faces() {
        let window = Window { origin_m: [-1.0, -1.0], size: [40, 40] };
        let points: Vec<CloudPoint> =
            (0..260).map(|k| point([0.02, 0.03, 0.01 * k as f32], [0.0, -1.0, 0.0])).collect();
        let pillars = pillars(&points, Beside::default(), window);
        let cell = 20 + 40 * 20;
        let at = |channel: usize| pillars.values[channel * 1600 + cell];
        assert!((2..=9).all(|band| at(band) == 255), "bands from 0.1 to 2.2 m are full");
        assert_eq!(at(15), 0, "cos 2θ of a normal along y is −1");
        assert_eq!([at(17), at(18)], [128, 0]);
        assert_eq!([at(19), at(20), at(21)], [255, 0, 51]);
        assert_eq!(at(25), 255, "without free space nothing is known of it");
        assert_eq!(pillars.values[12 * 1600], 0, "other columns are empty");
    }

    #[test]
    fn a_picture_on_a_wall_shows_in_the_contrast_of_its_heights() {
        let window = Window { origin_m: [0.0, 0.0], size: [2, 1] };
        let points: Vec<CloudPoint> = (0..250)
            .map(|k| {
                let z = 0.01 * k as f32;
                let level = if z > 1.3 && z <= 1.7 { 60 } else { 200 };
                CloudPoint {
                    position: [0.02, 0.03, z],
                    normal: [0.0, -1.0, 0.0],
                    rgb: [level, 200, 200],
                    weight: 1.0,
                }
            })
            .collect();
        let pillars = pillars(&points, Beside::default(), window);
        let contrast = |band: usize, c: usize| pillars.values[2 * (CONTRAST_CHANNEL + 3 * band + c)];
        assert!(contrast(3, 0) < 30 && contrast(1, 0) > 140, "{} {}", contrast(3, 0), contrast(1, 0));
        assert_eq!([contrast(3, 1), contrast(5, 2)], [128, 128]);
        assert_eq!(pillars.values[2 * CONTRAST_CHANNEL + 1], 128, "nothing is known of an empty column");
    }

    #[test]
    fn a_rug_shows_in_the_colour_of_the_floor_and_nowhere_else() {
        let window = Window { origin_m: [0.0, 0.0], size: [2, 1] };
        let points: Vec<CloudPoint> =
            (0..50).map(|k| point([0.001 * k as f32, 0.02, 0.01], [0.0, 0.0, 1.0])).collect();
        let pillars = pillars(&points, Beside::default(), window);
        let floor = [0, 1, 2].map(|c| pillars.values[2 * (FLOOR_CHANNEL + c)]);
        assert_eq!(floor, [255, 0, 51]);
        assert_eq!([19, 20, 21].map(|c| pillars.values[2 * c]), [0, 0, 0], "what stands has no colour there");
        assert_eq!(pillars.values[2 * FLOOR_CHANNEL + 1], 0, "and the next column has no floor");
    }

    #[test]
    fn free_and_unseen_space_are_told_apart() {
        let free = FreeSpace {
            origin_m: [0.0, 0.0, 0.0],
            voxel_m: 0.1,
            size: [1, 1, 30],
            states: vec![VoxelState::Free; 30],
        };
        let window = Window { origin_m: [0.0, 0.0], size: [4, 1] };
        let pillars = pillars(&[], Beside { free: Some(&free), semantics: None }, window);
        assert_eq!([22, 23, 24, 25].map(|k| pillars.values[k * 4]), [255, 255, 255, 0]);
        assert_eq!([22, 23, 24, 25].map(|k| pillars.values[k * 4 + 3]), [0, 0, 0, 255]);
    }

    #[test]
    fn scores_show_in_their_column_even_when_they_fill_little_of_it() {
        let window = Window { origin_m: [0.0, 0.0], size: [2, 1] };
        let mut scores = [0; GROUPS.len()];
        let wall = |k: usize, scores| ScoredPoint { position: [0.02, 0.02, 0.05 * k as f32], scores };
        let mut points: Vec<ScoredPoint> = (0..36).map(|k| wall(k, scores)).collect();
        scores[8] = 255;
        points.extend((36..40).map(|k| wall(k, scores)));
        let semantics = Semantics { points };
        let beside = Beside { free: None, semantics: Some(&semantics) };
        let pillars = pillars(&[], beside, window);
        let at = |k: usize, cell: usize| pillars.values[2 * (SCORE_CHANNEL + k) + cell];
        assert_eq!(at(8, 0), 81, "the root of a tenth");
        assert_eq!([at(4, 0), at(GROUPS.len(), 0), at(8, 1), at(GROUPS.len(), 1)], [0, 255, 0, 0]);
    }
}
