//! Centre lines of walls from their visible faces.
//!
//! Takes [`Face`]s, gives [`WallLine`]s: faces are squared to the dominant direction where their own
//! angle is not better known, opposite faces back to back become one wall of measured thickness, a
//! lone face is moved half a thickness away from the room, and collinear walls share one line.
//! Frame: scene, plan.

use super::faces::{Face, PROFILE_BIN_M};
use super::plan::{PlanLine, angle_difference, overlap};
use super::wall_grid::WallGrid;
use crate::math::{Point2, Vec2};
use std::f64::consts::{FRAC_PI_2, PI};

/// Thickness of a wall of which one face was seen, metres (plasterboard on studs or brick: 10–15 cm).
pub const PRIOR_THICKNESS_M: f64 = 0.12;
/// The prior counts as much as this length of paired wall, metres.
const PRIOR_LENGTH_M: f64 = 1.5;
/// Thickness of a wall of which both faces were seen, metres.
const THICKNESS_RANGE_M: (f64, f64) = (0.04, 0.36);
/// Two faces make a wall when they overlap by this, metres.
const MIN_PAIR_OVERLAP_M: f64 = 0.3;
/// Faces of one wall are parallel within this, radians (5°).
const PARALLEL: f64 = 0.087;
/// Bins of the histogram of directions over a quarter turn (1°).
const DIRECTION_BINS: usize = 90;
/// Angle within which a direction is refined, radians (4°).
const DIRECTION_WINDOW: f64 = 0.07;
/// A face always takes the dominant direction within this, radians (1.2°: accuracy of a long face).
const SNAP_MIN: f64 = 0.021;
/// … and never beyond this, radians (7°).
const SNAP_MAX: f64 = 0.12;
/// Uncertainty of a face's angle is this over its length, radians · metres.
const ANGLE_SIGMA_M: f64 = 0.05;
/// Share of all support that a dominant direction must have.
const MIN_DOMINANCE: f64 = 0.35;
/// Centre lines closer than this are one, metres (half the thickness of a wall).
const MERGE_OFFSET_M: f64 = 0.065;
/// … plus this many standard deviations of the faces' own spread (noisy clouds bend walls).
const MERGE_SIGMAS: f64 = 1.5;
/// … when parallel within this, radians (2.5°).
const MERGE_ANGLE: f64 = 0.044;
/// Evidence is gathered to this far outside the faces, metres.
const PROFILE_BAND_M: f64 = 0.07;

/// The centre line of one or several collinear walls.
#[derive(Debug, Clone, PartialEq)]
pub struct WallLine {
    /// Centre line; the normal's angle is in [0, π).
    pub line: PlanLine,
    /// Thickness, metres.
    pub thickness: f64,
    /// Both faces were seen somewhere.
    pub measured: bool,
    /// Where faces were seen, along the line.
    pub spans: Vec<(f64, f64)>,
    /// Summed support of the faces, metres.
    pub support_m: f64,
    /// Spread of the cells across the faces, metres.
    pub sigma_m: f64,
}

/// A face moved to the centre of its wall.
struct Centred {
    line: PlanLine,
    span: (f64, f64),
    thickness: f64,
    measured: bool,
    support_m: f64,
    sigma_m: f64,
}

/// Builds the centre lines.
#[must_use]
pub fn build(mut faces: Vec<Face>) -> Vec<WallLine> {
    square(&mut faces);
    let paired = pair(&faces);
    let prior = prior_thickness(&faces, &paired);
    let mut centred: Vec<Centred> =
        faces.iter().zip(&paired).map(|(face, pair)| centre(face, *pair, prior)).collect();
    centred.sort_by(|a, b| b.support_m.total_cmp(&a.support_m));
    cluster(&centred)
}

/// The dominant direction (radians modulo a quarter turn) and its share of the support.
#[must_use]
pub fn dominant_direction(faces: &[Face]) -> Option<(f64, f64)> {
    let total: f64 = faces.iter().map(|f| f.support_m).sum();
    let mut bins = [0.0; DIRECTION_BINS];
    for face in faces {
        let degrees = face.line.angle().rem_euclid(FRAC_PI_2).to_degrees();
        bins[(degrees as usize).min(DIRECTION_BINS - 1)] += face.support_m;
    }
    let around = |k: usize| {
        (0..7)
            .map(|d| bins[(k + DIRECTION_BINS + d - 3) % DIRECTION_BINS] * (4.0 - (d as f64 - 3.0).abs()))
            .sum::<f64>()
    };
    let best = (0..DIRECTION_BINS).max_by(|&a, &b| around(a).total_cmp(&around(b)))?;
    let mut angle = (best as f64 + 0.5).to_radians();
    let mut share = 0.0;
    for _ in 0..3 {
        // Circular mean modulo a quarter turn.
        let (mut sum, mut weight) = (Vec2::zeros(), 0.0);
        for face in faces {
            if angle_difference(face.line.angle(), angle, FRAC_PI_2) < DIRECTION_WINDOW {
                let quadrupled = 4.0 * face.line.angle();
                // The angle of a long face is better known: length² as in a line fit.
                let w = face.support_m * face.length();
                sum += Vec2::new(quadrupled.cos(), quadrupled.sin()) * w;
                weight += face.support_m;
            }
        }
        if sum.norm() == 0.0 {
            return None;
        }
        angle = (sum.y.atan2(sum.x) / 4.0).rem_euclid(FRAC_PI_2);
        share = weight / total;
    }
    (share >= MIN_DOMINANCE).then_some((angle, share))
}

/// Turns faces about their middle to the dominant direction when their own angle does not contradict.
fn square(faces: &mut [Face]) {
    let Some((direction, _)) = dominant_direction(faces) else { return };
    for face in faces {
        let own = face.line.angle();
        let sigma_m = ANGLE_SIGMA_M.max(face.sigma_m);
        let limit = (2.0 * sigma_m / face.length().max(0.1)).clamp(SNAP_MIN, SNAP_MAX);
        if angle_difference(own, direction, FRAC_PI_2) > limit {
            continue;
        }
        let quarters = ((own - direction) / FRAC_PI_2).round();
        let middle = face.middle();
        let half = 0.5 * face.length();
        face.line = PlanLine::from_angle(direction + quarters * FRAC_PI_2, 0.0);
        face.line.offset = face.line.normal.dot(&middle.coords);
        let t = face.line.along(&middle);
        face.span = (t - half, t + half);
    }
}

/// For each face, the thickness to its best opposite face and their overlap.
fn pair(faces: &[Face]) -> Vec<Option<(f64, f64)>> {
    faces
        .iter()
        .map(|face| {
            faces
                .iter()
                .filter_map(|other| {
                    let opposite = face.oriented
                        && other.oriented
                        && face.line.normal.dot(&other.line.normal) < -PARALLEL.cos();
                    let thickness = -face.line.distance(&other.middle());
                    if !opposite || !(THICKNESS_RANGE_M.0..=THICKNESS_RANGE_M.1).contains(&thickness) {
                        return None;
                    }
                    let ends = [other.span.0, other.span.1].map(|t| face.line.along(&other.line.at(t)));
                    let shared = overlap(face.span, (ends[0].min(ends[1]), ends[0].max(ends[1])));
                    (shared >= MIN_PAIR_OVERLAP_M).then_some((thickness, shared))
                })
                .max_by(|a, b| a.1.total_cmp(&b.1))
        })
        .collect()
}

/// The scene's own thickness for lone faces: mean of the pairs, drawn to the prior.
fn prior_thickness(faces: &[Face], pairs: &[Option<(f64, f64)>]) -> f64 {
    let (mut sum, mut length) = (PRIOR_THICKNESS_M * PRIOR_LENGTH_M, PRIOR_LENGTH_M);
    for (face, pair) in faces.iter().zip(pairs) {
        if let Some((thickness, shared)) = pair {
            let weight = shared * (face.support_m / face.length().max(PROFILE_BIN_M)).min(1.0);
            sum += thickness * weight;
            length += weight;
        }
    }
    sum / length
}

fn centre(face: &Face, pair: Option<(f64, f64)>, prior: f64) -> Centred {
    let thickness = pair.map_or(prior, |p| p.0);
    // Of an unoriented face nobody knows on which side the wall is: the face is the best guess.
    let shift = if face.oriented { 0.5 * thickness } else { 0.0 };
    let moved = PlanLine { offset: face.line.offset - shift, ..face.line };
    let (line, span) = if moved.angle() < PI - 1e-6 {
        (moved, face.span)
    } else {
        (moved.flipped(), (-face.span.1, -face.span.0))
    };
    Centred {
        line,
        span,
        thickness,
        measured: pair.is_some(),
        support_m: face.support_m,
        sigma_m: face.sigma_m,
    }
}

fn cluster(centred: &[Centred]) -> Vec<WallLine> {
    let mut groups: Vec<Vec<&Centred>> = Vec::new();
    for item in centred {
        let middle = item.line.at(0.5 * (item.span.0 + item.span.1));
        let home = groups.iter_mut().find(|group| {
            let leader = group[0];
            let reach = MERGE_OFFSET_M + MERGE_SIGMAS * leader.sigma_m.max(item.sigma_m);
            angle_difference(leader.line.angle(), item.line.angle(), PI) < MERGE_ANGLE
                && leader.line.distance(&middle).abs() < reach
        });
        match home {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups.iter().map(|group| merge(group)).collect()
}

fn merge(group: &[&Centred]) -> WallLine {
    let leader = group[0];
    let total: f64 = group.iter().map(|c| c.support_m).sum();
    let middle = |c: &Centred| c.line.at(0.5 * (c.span.0 + c.span.1));
    let offset =
        group.iter().map(|c| c.support_m * leader.line.normal.dot(&middle(c).coords)).sum::<f64>() / total;
    let line = PlanLine { offset, ..leader.line };
    let measured: Vec<&&Centred> = group.iter().filter(|c| c.measured).collect();
    let thickness = if measured.is_empty() {
        leader.thickness
    } else {
        let weight: f64 = measured.iter().map(|c| c.support_m).sum();
        measured.iter().map(|c| c.thickness * c.support_m).sum::<f64>() / weight
    };
    let spans = group
        .iter()
        .map(|c| {
            let ends = [c.span.0, c.span.1].map(|t| line.along(&c.line.at(t)));
            (ends[0].min(ends[1]), ends[0].max(ends[1]))
        })
        .collect();
    WallLine {
        line,
        thickness,
        measured: !measured.is_empty(),
        spans,
        support_m: total,
        sigma_m: group.iter().map(|c| c.sigma_m * c.support_m).sum::<f64>() / total,
    }
}

/// Evidence along a wall line in bins of [`PROFILE_BIN_M`].
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Coordinate of the first bin's start along the line, metres.
    pub start: f64,
    /// Likeness to a wall per bin, 0..1.
    pub score: Vec<f64>,
    /// Share of the wall's top per bin, 0..1 (lintels, walls over furniture); `None` where the
    /// ceiling beside it was not seen, so that nothing follows from its absence.
    pub top: Vec<Option<f64>>,
}

impl Profile {
    /// Mean of a per-bin quantity over an interval; 0 outside.
    #[must_use]
    pub fn mean(&self, values: &[f64], from: f64, to: f64) -> f64 {
        let bins = ((to - from) / PROFILE_BIN_M).ceil().max(1.0) as usize;
        let step = (to - from) / bins as f64;
        (0..bins).map(|k| self.value(values, from + (k as f64 + 0.5) * step)).sum::<f64>() / bins as f64
    }

    /// Per-bin quantity at a coordinate; 0 outside.
    #[must_use]
    pub fn value(&self, values: &[f64], t: f64) -> f64 {
        let bin = ((t - self.start) / PROFILE_BIN_M).floor();
        if bin >= 0.0 && (bin as usize) < values.len() { values[bin as usize] } else { 0.0 }
    }
}

/// The ceiling was seen on either side of the wall.
fn beside_ceiling(wall: &WallLine, grid: &WallGrid, t: f64) -> bool {
    /// Distances from the face at which the ceiling is looked for, metres.
    const PROBES_M: [f64; 3] = [0.08, 0.16, 0.28];
    let half = 0.5 * wall.thickness;
    [1.0, -1.0].iter().any(|sign| {
        PROBES_M
            .iter()
            .all(|d| grid.coverage.has_ceiling(&(wall.line.at(t) + wall.line.normal * (sign * (half + d)))))
    })
}

/// Gathers the evidence along a line from the cells of both faces.
#[must_use]
pub fn profile(wall: &WallLine, grid: &WallGrid) -> Profile {
    let band = 0.5 * wall.thickness + PROFILE_BAND_M.max(1.5 * wall.sigma_m);
    let angle = wall.line.angle();
    let used: Vec<usize> = (0..grid.cells.len())
        .filter(|&i| {
            let cell = &grid.cells[i];
            wall.line.distance(&cell.position).abs() <= band
                && angle_difference(cell.normal.y.atan2(cell.normal.x), angle, PI) < 0.6
        })
        .collect();
    let (start, bins) = super::faces::profile(&grid.cells, &used, &wall.line);
    let around = |k: usize| bins[k.saturating_sub(1)..(k + 2).min(bins.len())].iter().fold(0, |a, b| a | b);
    Profile {
        start,
        score: (0..bins.len()).map(|k| grid.slabs.score(around(k))).collect(),
        top: (0..bins.len())
            .map(|k| {
                let t = start + (k as f64 + 0.5) * PROFILE_BIN_M;
                beside_ceiling(wall, grid, t).then(|| grid.slabs.top_share(around(k)))
            })
            .collect(),
    }
}

/// Distance of a point to the nearest of the given segments' middle lines along the normal, used to
/// tell wall points from furniture. Infinite without walls.
#[must_use]
pub fn distance_to_segments(p: &Point2, segments: &[(PlanLine, (f64, f64))]) -> f64 {
    segments
        .iter()
        .filter(|(line, span)| {
            let t = line.along(p);
            t >= span.0 && t <= span.1
        })
        .map(|(line, _)| line.distance(p).abs())
        .fold(f64::INFINITY, f64::min)
}
