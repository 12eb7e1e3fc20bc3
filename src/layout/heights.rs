//! Floor, ceiling and the height up to which walls were seen.
//!
//! The scene frame puts the floor at z = 0. The ceiling is the strongest peak of horizontal surface
//! above head height, by area in plan (not by points: density falls with distance).

use super::plan::Raster;
use super::samples::{Sample, Samples};

/// Lowest ceiling, metres (attics and basements; residential codes ask for 2.1–2.4).
const MIN_CEILING_M: f64 = 1.95;
/// Highest ceiling, metres.
const MAX_CEILING_M: f64 = 6.0;
/// Ceiling height when none was seen, metres (median of dwellings; ProcTHOR redrawn 2.3–3.0).
pub const PRIOR_CEILING_M: f64 = 2.5;
/// Normals steeper than this (|nz|, 32° from vertical) are horizontal surface.
pub const HORIZONTAL_NZ: f32 = 0.85;
/// Normals flatter than this (|nz|, 60° from vertical) are vertical surface.
const VERTICAL_NZ: f32 = 0.5;
/// A ceiling must cover this area, square metres.
const MIN_CEILING_AREA_M2: f64 = 0.6;
/// Walls that go on above it by this, metres, make a surface no ceiling: the soffits of doors, the undersides of
/// cupboards. They are compared over [`WALL_SPAN_M`] above and below ...
const WALL_MARGIN_M: f64 = 0.12;
/// ... metres.
const WALL_SPAN_M: f64 = 0.35;
/// Share of the wall's samples below that there may be above (beams, noise, the next room through a door).
const MAX_WALL_ABOVE: f64 = 0.25;
/// Height bins of the histogram, metres.
const BIN_M: f64 = 0.05;
/// Pixels in which ceiling area is counted, metres.
const AREA_PIXEL_M: f64 = 0.1;

/// Heights of a scene, metres above the floor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heights {
    /// Ceiling: seen, given, or the prior.
    pub ceiling_m: f64,
    /// The ceiling was seen or given.
    pub ceiling_seen: bool,
    /// Height up to which vertical surface was seen (98th percentile), at most the ceiling.
    pub top_m: f64,
}

/// Measures the heights; `given` overrides the ceiling.
#[must_use]
pub fn measure(samples: &Samples, given: Option<f64>) -> Heights {
    let seen = ceiling(samples.samples.iter(), samples);
    let given = given.filter(|h| h.is_finite() && (MIN_CEILING_M..MAX_CEILING_M).contains(h));
    let mut vertical: Vec<f32> =
        samples.samples.iter().filter(|s| s.normal[2].abs() < VERTICAL_NZ).map(|s| s.position[2]).collect();
    let top = if vertical.is_empty() {
        PRIOR_CEILING_M
    } else {
        let at = ((vertical.len() - 1) as f64 * 0.98) as usize;
        f64::from(*vertical.select_nth_unstable_by(at, f32::total_cmp).1)
    };
    // A measured ceiling near a given one is the better number for this cloud.
    let ceiling = match (seen, given) {
        (Some(seen), Some(given)) if (seen - given).abs() > 0.3 => Some(given),
        (Some(seen), _) => Some(seen),
        (None, given) => given,
    };
    let ceiling_m = ceiling.unwrap_or_else(|| PRIOR_CEILING_M.max(top));
    Heights { ceiling_m, ceiling_seen: ceiling.is_some(), top_m: top.clamp(1.0, ceiling_m) }
}

/// Ceiling over the given samples, if one is seen.
pub fn ceiling<'a>(samples: impl Iterator<Item = &'a Sample>, all: &Samples) -> Option<f64> {
    let raster = Raster::covering([all.min[0], all.min[1]], [all.max[0], all.max[1]], AREA_PIXEL_M);
    let bins = ((MAX_CEILING_M - MIN_CEILING_M) / BIN_M) as usize + 1;
    let samples: Vec<&Sample> = samples.collect();
    let mut heights: Vec<(usize, usize, f64)> = samples
        .iter()
        .filter(|s| {
            let z = f64::from(s.position[2]);
            s.normal[2].abs() > HORIZONTAL_NZ
                && !(s.oriented && s.normal[2] > 0.0)
                && z > MIN_CEILING_M
                && z < MAX_CEILING_M
        })
        .filter_map(|s| {
            let z = f64::from(s.position[2]);
            let pixel = raster.index(f64::from(s.position[0]), f64::from(s.position[1]))?;
            Some((((z - MIN_CEILING_M) / BIN_M) as usize, pixel, z))
        })
        .collect();
    heights.sort_by_key(|a| (a.0, a.1));
    let mut area = vec![0.0; bins + 2];
    for group in heights.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        area[group[0].0 + 1] += AREA_PIXEL_M * AREA_PIXEL_M;
    }
    let windowed: Vec<f64> = (1..=bins).map(|b| area[b - 1] + area[b] + area[b + 1]).collect();
    let mut walls: Vec<f64> = samples
        .iter()
        .filter(|s| s.normal[2].abs() < VERTICAL_NZ)
        .map(|s| f64::from(s.position[2]))
        .collect();
    walls.sort_by(f64::total_cmp);
    let best = (0..bins)
        .filter(|&b| windowed[b] >= MIN_CEILING_AREA_M2)
        .filter(|&b| !goes_on_above(&walls, MIN_CEILING_M + (b as f64 + 0.5) * BIN_M))
        .max_by(|&a, &b| windowed[a].total_cmp(&windowed[b]))?;
    let near: Vec<f64> = heights.iter().filter(|h| h.0.abs_diff(best) <= 1).map(|h| h.2).collect();
    crate::math::median(&near)
}

/// Whether walls go on above a height; `walls` are the sorted heights of vertical surface.
fn goes_on_above(walls: &[f64], height: f64) -> bool {
    let count = |from: f64, to: f64| {
        (walls.partition_point(|&z| z < to) - walls.partition_point(|&z| z < from)) as f64
    };
    let above = count(height + WALL_MARGIN_M, height + WALL_MARGIN_M + WALL_SPAN_M);
    let below = count(height - WALL_MARGIN_M - WALL_SPAN_M, height - WALL_MARGIN_M);
    above > MAX_WALL_ABOVE * below
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Cloud, CloudPoint};
    use crate::layout::samples;

    /// Four walls of a room of 3 m up to `walls_m`, with soffits 2.05 m above the floor and, if it is seen, a
    /// ceiling.
    fn room(walls_m: f32, ceiling_m: Option<f32>) -> Samples {
        let mut points = Vec::new();
        let mut add = |position: [f32; 3], normal: [f32; 3]| {
            points.push(CloudPoint { position, normal, rgb: [200; 3], weight: 1.0 });
        };
        let step = 0.025;
        for i in 0..120 {
            let along = step * i as f32;
            for j in 0..(walls_m / step) as usize {
                let z = step * j as f32;
                for (p, n) in [
                    ([along, 0.0, z], [0.0, 1.0, 0.0]),
                    ([along, 3.0, z], [0.0, -1.0, 0.0]),
                    ([0.0, along, z], [1.0, 0.0, 0.0]),
                    ([3.0, along, z], [-1.0, 0.0, 0.0]),
                ] {
                    add(p, n);
                }
            }
            for j in 0..120 {
                let across = step * j as f32;
                add([along, across, 0.0], [0.0, 0.0, 1.0]);
                if across < 0.3 {
                    add([along, across, 2.05], [0.0, 0.0, -1.0]);
                }
                if let Some(z) = ceiling_m {
                    add([along, across, z], [0.0, 0.0, -1.0]);
                }
            }
        }
        samples::reduce(&Cloud::new(points)).expect("a room")
    }

    #[test]
    fn a_soffit_below_the_tops_of_the_walls_is_no_ceiling() {
        let unseen = measure(&room(2.6, None), None);
        assert!(!unseen.ceiling_seen && unseen.ceiling_m >= PRIOR_CEILING_M, "{unseen:?}");
        let seen = measure(&room(2.6, Some(2.6)), None);
        assert!(seen.ceiling_seen && (seen.ceiling_m - 2.6).abs() < 0.03, "{seen:?}");
        let low = measure(&room(2.05, None), None);
        assert!(low.ceiling_seen && (low.ceiling_m - 2.05).abs() < 0.03, "a low ceiling is one: {low:?}");
    }
}
