//! Visible faces of walls: straight, tall stretches of vertical surface in plan, at any angle.
//!
//! Method: Hough transform over (angle, offset) in which every cell votes only near its own normal
//! (O'Gorman & Clowes 1976), strongest line first; the line is refitted by iteratively reweighted
//! total least squares on its strongest stretch, cut into stretches by evidence, and its cells are
//! withdrawn from the vote (progressive, as in Matas et al. 2000). Frame: scene, plan.
//! Limit: curved walls come out as chords.

use super::plan::{PlanLine, angle_difference};
use super::wall_grid::{SlabRange, WallCell, WallGrid};
use crate::math::{Point2, Vec2};
use std::f64::consts::{PI, TAU};

/// Angle bins of the Hough table (1°).
const ANGLES: usize = 360;
/// Offset bin, metres.
const OFFSET_BIN_M: f64 = 0.025;
/// A cell votes within this many degrees of its normal.
const VOTE_SPREAD: i64 = 10;
/// Cells may belong to a line when their normal is within this, radians (25°).
const MAX_NORMAL_ANGLE: f64 = 0.44;
/// First band of the fit, metres: twice the noise of multi-view depth.
const FIRST_BAND_M: f64 = 0.09;
/// Narrowest and widest final band, metres.
const BAND_LIMITS_M: (f64, f64) = (0.03, 0.10);
/// Bins along a line, metres.
pub const PROFILE_BIN_M: f64 = 0.05;
/// Score ([`SlabRange::score`]) from which a bin belongs to a face.
const FACE_SCORE: f64 = 0.30;
/// Gaps up to this length do not end a stretch, metres (a gap in coverage; doors are longer).
const MAX_GAP_M: f64 = 0.5;
/// Shortest stretch, metres.
const MIN_LENGTH_M: f64 = 0.20;
/// Smallest summed score of a stretch, metres of full wall.
const MIN_SUPPORT_M: f64 = 0.15;
/// Lines tried at most.
const MAX_LINES: usize = 400;
/// Votes (cells x slabs) under which no wall is left: 0.25 m of wall in 3 cm cells, 4 slabs each.
const MIN_VOTES: f64 = 24.0;
/// Cells of the same orientation this near a face belong to it, metres: noise, pictures, wall units.
const GHOST_BAND_M: f64 = 0.15;
/// Rounds of reweighting.
const FIT_ROUNDS: usize = 5;

/// A stretch of visible face.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    /// Its line; the normal points to the room when `oriented`.
    pub line: PlanLine,
    /// Extent along [`PlanLine::direction`], metres.
    pub span: (f64, f64),
    /// The side of the room is known.
    pub oriented: bool,
    /// Summed score, metres of full wall.
    pub support_m: f64,
    /// Spread of the cells across the line, metres.
    pub sigma_m: f64,
}

impl Face {
    /// Length, metres.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.span.1 - self.span.0
    }

    /// Midpoint.
    #[must_use]
    pub fn middle(&self) -> Point2 {
        self.line.at(0.5 * (self.span.0 + self.span.1))
    }
}

struct Table {
    votes: Vec<f32>,
    offsets: usize,
    reach_m: f64,
    center: Vec2,
}

impl Table {
    fn new(cells: &[WallCell]) -> Self {
        let n = cells.len().max(1) as f64;
        let center = cells.iter().map(|c| c.position.coords).sum::<Vec2>() / n;
        let reach_m = cells.iter().map(|c| (c.position.coords - center).norm()).fold(0.0, f64::max) + 0.2;
        let offsets = (2.0 * reach_m / OFFSET_BIN_M).ceil() as usize + 1;
        Self { votes: vec![0.0; ANGLES * offsets], offsets, reach_m, center }
    }

    /// Adds (`sign` 1) or withdraws (−1) the votes of a cell.
    fn vote(&mut self, cell: &WallCell, sign: f32) {
        let own = cell.normal.y.atan2(cell.normal.x).to_degrees();
        let sides = if cell.oriented { 1 } else { 2 };
        let from_center = cell.position.coords - self.center;
        for side in 0..sides {
            let base = own.round() as i64 + 180 * side;
            for spread in -VOTE_SPREAD..=VOTE_SPREAD {
                let angle = (base + spread).rem_euclid(ANGLES as i64);
                let radians = (angle as f64).to_radians();
                let offset = from_center.x * radians.cos() + from_center.y * radians.sin();
                let bin = ((offset + self.reach_m) / OFFSET_BIN_M) as usize;
                let weight =
                    cell.votes * (1.0 - spread.abs() as f64 / (VOTE_SPREAD + 1) as f64) / sides as f64;
                let row = angle as usize * self.offsets;
                for (bin, share) in [(bin.wrapping_sub(1), 0.5), (bin, 1.0), (bin + 1, 0.5)] {
                    if bin < self.offsets {
                        self.votes[row + bin] += sign * (weight * share) as f32;
                    }
                }
            }
        }
    }

    fn peak(&self) -> Option<PlanLine> {
        let (at, &votes) =
            self.votes.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?;
        if f64::from(votes) < MIN_VOTES {
            return None;
        }
        let line = PlanLine::from_angle(
            ((at / self.offsets) as f64).to_radians(),
            ((at % self.offsets) as f64 + 0.5) * OFFSET_BIN_M - self.reach_m,
        );
        Some(PlanLine { offset: line.offset + line.normal.dot(&self.center), ..line })
    }
}

/// Finds all faces, strongest line first.
#[must_use]
pub fn find(grid: &WallGrid) -> Vec<Face> {
    let cells = &grid.cells;
    let mut table = Table::new(cells);
    let mut alive = vec![true; cells.len()];
    for cell in cells {
        table.vote(cell, 1.0);
    }
    let mut faces = Vec::new();
    for _ in 0..MAX_LINES {
        let Some(peak) = table.peak() else { break };
        let mut used = members(cells, &alive, &peak, FIRST_BAND_M);
        if let Some((line, band)) = fit(cells, &used, peak, &grid.slabs) {
            used = members(cells, &alive, &line, band);
            let stretches = stretches(cells, &used, &line, &grid.slabs);
            for stretch in &stretches {
                faces.extend(face(cells, &used, line, stretch));
            }
            if !stretches.is_empty() {
                // Noise beside a face would come back as a ghost of it. What lies before or after
                // the stretches may still belong to another line.
                let ghosts = members(cells, &alive, &line, GHOST_BAND_M);
                used.extend(ghosts.into_iter().filter(|&i| cells[i].oriented));
                used.sort_unstable();
                used.dedup();
                used.retain(|&i| {
                    let t = line.along(&cells[i].position);
                    stretches.iter().any(|s| t >= s.0 - PROFILE_BIN_M && t <= s.1 + PROFILE_BIN_M)
                });
            }
        }
        if used.is_empty() {
            used = members(cells, &alive, &peak, 2.0 * OFFSET_BIN_M);
        }
        if used.is_empty() {
            break;
        }
        for i in used {
            alive[i] = false;
            table.vote(&cells[i], -1.0);
        }
    }
    faces
}

/// Living cells within the band whose normal agrees with the line's.
fn members(cells: &[WallCell], alive: &[bool], line: &PlanLine, band_m: f64) -> Vec<usize> {
    let angle = line.angle();
    (0..cells.len())
        .filter(|&i| {
            let cell = &cells[i];
            if !alive[i] || line.distance(&cell.position).abs() > band_m {
                return false;
            }
            let own = cell.normal.y.atan2(cell.normal.x);
            let period = if cell.oriented { TAU } else { PI };
            angle_difference(own, angle, period) <= MAX_NORMAL_ANGLE
        })
        .collect()
}

/// Refits the line on its strongest stretch; gives the line and the band that holds its cells.
fn fit(cells: &[WallCell], used: &[usize], first: PlanLine, slabs: &SlabRange) -> Option<(PlanLine, f64)> {
    let strongest = stretches(cells, used, &first, slabs).into_iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let mut line = first;
    let mut band = FIRST_BAND_M;
    for _ in 0..FIT_ROUNDS {
        let inside: Vec<&WallCell> = used
            .iter()
            .map(|&i| &cells[i])
            .filter(|c| {
                let t = line.along(&c.position);
                t >= strongest.0 - band && t <= strongest.1 + band && line.distance(&c.position).abs() <= band
            })
            .collect();
        let (next, sigma) = total_least_squares(&inside, &line, band)?;
        line = next;
        band = (2.5 * sigma).clamp(BAND_LIMITS_M.0, BAND_LIMITS_M.1);
    }
    Some((line, band))
}

/// Weighted line through the cells (Tukey's biweight about `line`); also the spread across it.
fn total_least_squares(cells: &[&WallCell], line: &PlanLine, band_m: f64) -> Option<(PlanLine, f64)> {
    let weight = |c: &WallCell| {
        let u = line.distance(&c.position) / (1.2 * band_m);
        if u.abs() < 1.0 { c.votes.max(0.1) * (1.0 - u * u).powi(2) } else { 0.0 }
    };
    let total: f64 = cells.iter().map(|c| weight(c)).sum();
    if cells.len() < 3 || total <= 0.0 {
        return None;
    }
    let mean = cells.iter().map(|c| c.position.coords * weight(c)).sum::<Vec2>() / total;
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for cell in cells {
        let (d, w) = (cell.position.coords - mean, weight(cell));
        xx += w * d.x * d.x;
        xy += w * d.x * d.y;
        yy += w * d.y * d.y;
    }
    // Direction of the largest variance; the normal is square to it.
    let along = 0.5 * (2.0 * xy).atan2(xx - yy);
    let mut normal = Vec2::new(-along.sin(), along.cos());
    if normal.dot(&line.normal) < 0.0 {
        normal = -normal;
    }
    let variance =
        (xx * normal.x * normal.x + 2.0 * xy * normal.x * normal.y + yy * normal.y * normal.y) / total;
    // A blob (as wide as long) has no direction of its own: keep the angle.
    if normal.dot(&line.normal) < MAX_NORMAL_ANGLE.cos() {
        normal = line.normal;
    }
    Some((PlanLine { normal, offset: normal.dot(&mean) }, variance.max(0.0).sqrt()))
}

/// Slabs seen in each bin along the line; the first bin starts at `start`.
pub(super) fn profile(cells: &[WallCell], used: &[usize], line: &PlanLine) -> (f64, Vec<u64>) {
    let along: Vec<f64> = used.iter().map(|&i| line.along(&cells[i].position)).collect();
    let start = along.iter().copied().fold(f64::INFINITY, f64::min);
    let end = along.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !start.is_finite() {
        return (0.0, Vec::new());
    }
    let mut bins = vec![0u64; ((end - start) / PROFILE_BIN_M) as usize + 1];
    for (&i, t) in used.iter().zip(along) {
        bins[((t - start) / PROFILE_BIN_M) as usize] |= cells[i].slabs;
    }
    (start, bins)
}

/// Stretches (from, to, support) of face along the line.
fn stretches(cells: &[WallCell], used: &[usize], line: &PlanLine, slabs: &SlabRange) -> Vec<(f64, f64, f64)> {
    let (start, bins) = profile(cells, used, line);
    let score = |k: usize| {
        // A bin may be missed by a sparse scan: its neighbours stand in.
        let around = bins[k.saturating_sub(1)..(k + 2).min(bins.len())].iter().fold(0, |a, b| a | b);
        slabs.score(around)
    };
    let scores: Vec<f64> = (0..bins.len()).map(score).collect();
    let gap = (MAX_GAP_M / PROFILE_BIN_M) as usize;
    let mut found: Vec<(usize, usize)> = Vec::new();
    for k in (0..bins.len()).filter(|&k| scores[k] >= FACE_SCORE && bins[k] != 0) {
        match found.last_mut() {
            Some(last) if k - last.1 <= gap => last.1 = k,
            _ => found.push((k, k)),
        }
    }
    found
        .into_iter()
        .map(|(from, to)| {
            let support = scores[from..=to].iter().sum::<f64>() * PROFILE_BIN_M;
            (start + from as f64 * PROFILE_BIN_M, start + (to + 1) as f64 * PROFILE_BIN_M, support)
        })
        .filter(|s| s.1 - s.0 >= MIN_LENGTH_M && s.2 >= MIN_SUPPORT_M)
        .collect()
}

/// The face of one stretch, with its own offset (aligned walls of two rooms may differ by centimetres).
fn face(cells: &[WallCell], used: &[usize], line: PlanLine, stretch: &(f64, f64, f64)) -> Option<Face> {
    let inside: Vec<&WallCell> = used
        .iter()
        .map(|&i| &cells[i])
        .filter(|c| (stretch.0..=stretch.1).contains(&line.along(&c.position)))
        .collect();
    let weight: f64 = inside.iter().map(|c| c.votes).sum();
    if weight <= 0.0 {
        return None;
    }
    let mean = inside.iter().map(|c| c.votes * line.distance(&c.position)).sum::<f64>() / weight;
    let variance =
        inside.iter().map(|c| c.votes * (line.distance(&c.position) - mean).powi(2)).sum::<f64>() / weight;
    let oriented: f64 = inside.iter().filter(|c| c.oriented).map(|c| c.votes).sum();
    let along: Vec<f64> = inside.iter().map(|c| line.along(&c.position)).collect();
    Some(Face {
        line: PlanLine { offset: line.offset + mean, ..line },
        span: (
            along.iter().copied().fold(f64::INFINITY, f64::min),
            along.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ),
        oriented: oriented > 0.5 * weight,
        support_m: stretch.2,
        sigma_m: variance.sqrt(),
    })
}
