//! Extents of what hangs on walls, taken from the samples: `(object, samples) -> object`.
//!
//! A network that has seen many pictures draws each at the usual size. The edges of flat things are where
//! the colour of the wall begins; the ends of a curtain are where nothing hangs before the wall any more.
//! An edge without such a place stays. Frame: plan of the maps, z from the floor; u along the broad side.

use crate::layout::draft::DraftObject;
use crate::layout::samples::Sample;
use crate::math::Vec2;

/// Flat things whose edges show by colour.
const FLAT: [&str; 4] = ["painting", "mirror", "tv", "wall_decoration"];
/// Things that hang freely before a wall.
const CURTAIN: &str = "curtain";

/// An edge of a flat thing moves in a round at most by this share of the extent ...
const REACH_SHARE: f64 = 0.35;
/// ... and at most this far, metres.
const REACH_M: f64 = 0.3;
/// ... in steps of this, metres.
const STEP_M: f64 = 0.02;
/// Width of the strips that are compared on either side of an edge, metres (two to three voxels of a cloud).
const STRIP_M: f64 = 0.06;
/// Surface this far from the middle of a flat thing belongs to it or its wall, metres (noise of depth).
const FLAT_BAND_M: f64 = 0.10;
/// Fewer samples in either strip tell nothing.
const MIN_SAMPLES: f64 = 6.0;
/// Difference of the mean colours across an edge, 0..255 (root of the sum of squares of the channels).
const MIN_CONTRAST: f64 = 18.0;
/// A strip outside that differs from the wall counts against an edge by this share: it lies within the thing.
const WALL_SHARE: f64 = 0.7;
/// An edge at the end of the reach counts this much less than one where the network drew it.
const FAR_DISCOUNT: f64 = 0.3;
/// Share of the other extent along which an edge is looked at: corners are uncertain.
const MIDDLE_SHARE: f64 = 0.8;
/// Flat things are not made smaller than this, metres.
const MIN_EXTENT_M: f64 = 0.15;
/// Rounds over the four edges.
const ROUNDS: usize = 2;

/// Heights of a curtain are looked at in steps of this, metres.
const BIN_M: f64 = 0.05;
/// The ends of a curtain are at most this far from where the network drew them, metres.
const CURTAIN_REACH_M: f64 = 0.8;
/// Floors and ceilings end no curtain: their normals rise more than this (45 degrees).
const LYING_NORMAL_Z: f32 = 0.7;
/// Samples nearer to the wall's side of a curtain than this may be the wall, metres.
const BEHIND_M: f64 = 0.02;
/// Samples this far before a curtain are its own, metres (noise of depth).
const BEFORE_M: f64 = 0.03;
/// The usual number of samples of a step is that of the steps this near to the middle, share of the height drawn ...
const INNER_SHARE: f64 = 0.3;
/// ... and tells nothing when it is smaller than this.
const MIN_USUAL: f64 = 2.0;
/// Share of the usual number of samples of a step that a step of the curtain has at least.
const MIN_FILL: f64 = 0.3;
/// A curtain ends where so much of the wall behind it shows within this of its end, metres; else it may go on
/// behind something, or where nobody looked.
const WALL_BEYOND_M: f64 = 0.25;
/// Steps without samples within a curtain, metres (folds, something that hides it).
const MAX_GAP_M: f64 = 0.15;
/// Shortest curtain, metres.
const MIN_CURTAIN_M: f64 = 0.6;

/// Takes the extents from the samples where they show; other classes stay as they are. `to_wall` leads from the
/// thing to the wall it hangs on.
pub fn refine(object: &mut DraftObject, samples: &[Sample], to_wall: Option<Vec2>) {
    if FLAT.contains(&object.class.as_str()) {
        flat(object, samples);
    } else if let Some(to_wall) = to_wall.filter(|_| object.class == CURTAIN) {
        curtain(object, samples, to_wall);
    }
}

/// A sample along the broad side, up, and out of it from the middle of the thing, with its colour.
struct Near {
    at: [f64; 2],
    out: f64,
    rgb: [f64; 3],
}

/// Axis of the box that is its broad side in plan.
fn broad(object: &DraftObject) -> usize {
    usize::from(object.size[1] > object.size[0])
}

/// Samples within `reach` of the middle along, up and out.
fn near<'a>(object: &DraftObject, samples: impl Iterator<Item = &'a Sample>, reach: [f64; 3]) -> Vec<Near> {
    let (sin, cos) = object.yaw.sin_cos();
    let axis = broad(object);
    samples
        .filter_map(|s| {
            let [x, y, z] = [0, 1, 2].map(|k| f64::from(s.position[k]) - object.center[k]);
            let own = [cos * x + sin * y, cos * y - sin * x];
            let (along, out) = (own[axis], own[1 - axis]);
            let is_near = along.abs() < reach[0] && z.abs() < reach[1] && out.abs() < reach[2];
            is_near.then(|| Near { at: [along, z], out, rgb: s.rgb.map(f64::from) })
        })
        .collect()
}

/// Mean colour of some samples, and how many they are.
fn mean<'a>(samples: impl Iterator<Item = &'a Near>) -> ([f64; 3], f64) {
    let (sum, n) = samples.fold(([0.0; 3], 0.0), |(sum, n), s| {
        ([sum[0] + s.rgb[0], sum[1] + s.rgb[1], sum[2] + s.rgb[2]], n + 1.0)
    });
    (sum.map(|v| v / f64::max(n, 1.0)), n)
}

fn difference(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

fn flat(object: &mut DraftObject, samples: &[Sample]) {
    let axis = broad(object);
    let mut extents = [object.size[axis], object.size[2]];
    let reach = extents.map(|e| (REACH_SHARE * e).min(REACH_M));
    let within = [0, 1].map(|k| 0.5 * extents[k] + reach[k] + STRIP_M);
    let near = near(object, samples.iter(), [within[0], within[1], FLAT_BAND_M]);
    // The wall is what lies outside of every place that the edges may take.
    let wall = near.iter().filter(|s| (0..2).any(|k| s.at[k].abs() > 0.5 * extents[k] + reach[k]));
    let (wall, count) = mean(wall);
    if count < MIN_SAMPLES {
        return;
    }
    let mut middle = [0.0, 0.0];
    for _ in 0..ROUNDS {
        for k in 0..2 {
            for sign in [1.0, -1.0] {
                let Some(edge) = edge(&near, &wall, k, sign, (middle, extents), reach[k]) else { continue };
                let other = sign * middle[k] - 0.5 * extents[k];
                if edge - other >= MIN_EXTENT_M {
                    extents[k] = edge - other;
                    middle[k] = sign * 0.5 * (edge + other);
                }
            }
        }
    }
    let (sin, cos) = object.yaw.sin_cos();
    let along = if axis == 0 { [cos, sin] } else { [-sin, cos] };
    object.center[0] += middle[0] * along[0];
    object.center[1] += middle[0] * along[1];
    object.center[2] += middle[1];
    (object.size[axis], object.size[2]) = (extents[0], extents[1]);
}

/// The edge of axis `k` on the side of `sign`, measured that way from the drawn middle.
fn edge(
    near: &[Near],
    wall: &[f64; 3],
    k: usize,
    sign: f64,
    (middle, extents): ([f64; 2], [f64; 2]),
    reach: f64,
) -> Option<f64> {
    let other = 1 - k;
    let strip: Vec<&Near> = near
        .iter()
        .filter(|s| (s.at[other] - middle[other]).abs() < 0.5 * MIDDLE_SHARE * extents[other])
        .collect();
    let drawn = sign * middle[k] + 0.5 * extents[k];
    let between = |from: f64, to: f64| {
        mean(strip.iter().copied().filter(|s| sign * s.at[k] >= from && sign * s.at[k] < to))
    };
    let steps = (reach / STEP_M).floor() as i32;
    let score = |step: i32| {
        let at = drawn + f64::from(step) * STEP_M;
        let ((inside, n), (outside, m)) = (between(at - STRIP_M, at), between(at, at + STRIP_M));
        let contrast = difference(&inside, &outside) - WALL_SHARE * difference(&outside, wall);
        let discount = 1.0 - FAR_DISCOUNT * f64::from(step.abs()) / f64::from(steps.max(1));
        (n >= MIN_SAMPLES && m >= MIN_SAMPLES && contrast >= MIN_CONTRAST)
            .then_some((contrast * discount, at))
    };
    (-steps..=steps).filter_map(score).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, at)| at)
}

/// Ends of a curtain: the run of heights that are filled round its middle.
fn curtain(object: &mut DraftObject, samples: &[Sample], to_wall: Vec2) {
    let axis = broad(object);
    let deep = 0.5 * object.size[1 - axis];
    let up = 0.5 * object.size[2] + CURTAIN_REACH_M;
    let standing = samples.iter().filter(|s| s.normal[2].abs() < LYING_NORMAL_Z);
    let near = near(object, standing, [0.5 * object.size[axis], up, deep + BEFORE_M]);
    let (sin, cos) = object.yaw.sin_cos();
    let out = if axis == 0 { Vec2::new(-sin, cos) } else { Vec2::new(cos, sin) };
    let front = if out.dot(&to_wall) > 0.0 { -1.0 } else { 1.0 };
    let bins = (2.0 * up / BIN_M).ceil() as usize;
    let mut counts = vec![0usize; bins];
    for s in near.iter().filter(|s| front * s.out > BEHIND_M) {
        counts[(((s.at[1] + up) / BIN_M) as usize).min(bins - 1)] += 1;
    }
    let inner: Vec<f64> = (0..bins)
        .filter(|&b| ((b as f64 + 0.5) * BIN_M - up).abs() < INNER_SHARE * object.size[2])
        .map(|b| counts[b] as f64)
        .collect();
    let Some(usual) = crate::math::median(&inner).filter(|&n| n >= MIN_USUAL) else { return };
    let is_filled = |b: usize| counts[b] as f64 >= MIN_FILL * usual;
    let gap = (MAX_GAP_M / BIN_M).round() as usize;
    let end = |order: &mut dyn Iterator<Item = usize>| {
        let (mut last, mut empty) = (None, 0);
        for b in order {
            if is_filled(b) {
                (last, empty) = (Some(b), 0);
            } else {
                empty += 1;
                if empty > gap {
                    break;
                }
            }
        }
        last
    };
    let start = bins / 2;
    let (Some(top), Some(bottom)) = (end(&mut (start..bins)), end(&mut (0..=start).rev())) else { return };
    let height = |edge: usize| edge as f64 * BIN_M - up;
    let mut ends = [height(bottom), height(top + 1)];
    // An end at the end of what was looked at is none, nor is one that something hides.
    let is_cut = [bottom == 0, top + 1 == bins];
    for (k, sign) in [(0, -1.0), (1, 1.0)] {
        let beyond = near.iter().filter(|s| {
            let past = sign * (s.at[1] - ends[k]);
            front * s.out < -BEHIND_M && past > 0.0 && past < WALL_BEYOND_M
        });
        let drawn = sign * 0.5 * object.size[2];
        let is_end = beyond.count() as f64 >= MIN_FILL * usual * WALL_BEYOND_M / BIN_M;
        if is_cut[k] || !is_end {
            ends[k] = if sign * (ends[k] - drawn) > 0.0 && !is_cut[k] { ends[k] } else { drawn };
        }
    }
    if ends[1] - ends[0] >= MIN_CURTAIN_M {
        object.center[2] += 0.5 * (ends[0] + ends[1]);
        object.size[2] = ends[1] - ends[0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(position: [f64; 3], rgb: [u8; 3]) -> Sample {
        Sample { position: position.map(|v| v as f32), normal: [0.0, -1.0, 0.0], oriented: true, rgb }
    }

    /// A white wall in the plane y = 0 with a dark picture, and a curtain before it farther along.
    fn wall() -> Vec<Sample> {
        let mut samples = Vec::new();
        for i in 0..160 {
            for j in 0..100 {
                let (x, z) = (0.025 * f64::from(i), 0.025 * f64::from(j));
                let is_picture = (x - 1.0).abs() < 0.45 && (z - 1.5).abs() < 0.25;
                let is_hidden = (x - 3.0).abs() < 0.2 && z > 0.2;
                if !is_hidden {
                    samples
                        .push(sample([x, 0.0, z], if is_picture { [40, 60, 50] } else { [210, 205, 200] }));
                }
                if (x - 3.0).abs() < 0.2 && z > 0.2 && z < 2.3 {
                    samples.push(sample([x, -0.1, z], [120, 90, 80]));
                }
            }
        }
        samples
    }

    fn object(class: &str, center: [f64; 3], size: [f64; 3]) -> DraftObject {
        DraftObject {
            class: class.to_owned(),
            center,
            yaw: 0.0,
            size,
            sigma_m: 0.05,
            confidence: 0.5,
            observed_fraction: 0.5,
        }
    }

    #[test]
    fn a_picture_gets_the_extent_of_its_colour() {
        let mut found = object("painting", [1.1, -0.01, 1.45], [0.7, 0.03, 0.6]);
        refine(&mut found, &wall(), None);
        assert!((found.size[0] - 0.9).abs() < 0.05 && (found.size[2] - 0.5).abs() < 0.05, "{found:?}");
        assert!((found.center[0] - 1.0).abs() < 0.03 && (found.center[2] - 1.5).abs() < 0.03, "{found:?}");
        let drawn = object("painting", [2.2, -0.01, 1.5], [0.5, 0.03, 0.5]);
        let mut blank = drawn.clone();
        refine(&mut blank, &wall(), None);
        assert_eq!(blank, drawn, "a bare wall shows no edge");
    }

    #[test]
    fn a_curtain_ends_where_nothing_hangs_before_the_wall() {
        let mut found = object("curtain", [3.0, -0.05, 1.2], [0.4, 0.11, 1.7]);
        refine(&mut found, &wall(), Some(Vec2::new(0.0, 1.0)));
        assert!((found.size[2] - 2.1).abs() < 0.11 && (found.center[2] - 1.25).abs() < 0.06, "{found:?}");
    }
}
