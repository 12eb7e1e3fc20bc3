//! Walls moved to where their points are: each wall's own offset and thickness. Shared by every
//! detector.
//!
//! Per wall, the cells of either face within a band of the expected face give that face's position
//! (weighted by height covered); both faces give centre and thickness, one gives the centre through
//! the prior thickness. Corners must be solved again afterwards. Frame: plan, metres.

use super::plan::angle_difference;
use super::wall_grid::{WallCell, WallGrid};
use super::walls::{Run, WallGraph};
use std::f64::consts::{PI, TAU};

/// Cells this far from the expected face still belong to it, metres.
const BAND_M: f64 = 0.075;
/// Cells are left out near the corners, metres (the other wall's points).
const END_MARGIN_M: f64 = 0.12;
/// Votes (cells x slabs) of evidence that weigh as much as the line the wall came from.
const LINE_VOTES: f64 = 60.0;
/// Normals agree within this, radians (25°).
const MAX_NORMAL_ANGLE: f64 = 0.44;
/// Thickness stays in this range, metres.
const THICKNESS_RANGE_M: (f64, f64) = (0.04, 0.36);

/// What was measured of one face.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FaceFit {
    /// Mean signed distance from the wall's centre line, metres.
    pub position_m: f64,
    /// Spread, metres.
    pub sigma_m: f64,
    /// Votes (cells x slabs).
    pub votes: f64,
}

/// What was measured of a wall.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WallFit {
    /// Face on the normal's side.
    pub ahead: FaceFit,
    /// Face on the other side.
    pub behind: FaceFit,
}

impl WallFit {
    /// One standard deviation of the centre line's offset, metres: spread over the square root of
    /// independent looks (correlated over about 0.5 m), plus the unknown thickness of a lone face.
    #[must_use]
    pub fn offset_sigma(&self, length_m: f64) -> f64 {
        /// Correlation length of reconstruction errors, metres.
        const CORRELATION_M: f64 = 0.5;
        /// Spread of half the thickness of walls, metres.
        const HALF_THICKNESS_SIGMA_M: f64 = 0.02;
        /// With nothing measured, metres.
        const UNSEEN_SIGMA_M: f64 = 0.3;
        let best = if self.ahead.votes > self.behind.votes { self.ahead } else { self.behind };
        if best.votes <= 0.0 {
            return UNSEEN_SIGMA_M;
        }
        let looks = (length_m / CORRELATION_M).max(1.0);
        let both = self.ahead.votes > 0.0 && self.behind.votes > 0.0;
        let thickness = if both { 0.0 } else { HALF_THICKNESS_SIGMA_M };
        (best.sigma_m.powi(2) / looks + thickness.powi(2)).sqrt().max(0.003)
    }
}

/// Refines every wall of the graph in place and gives the fits. Corners are not moved.
pub fn refine(graph: &mut WallGraph, grid: &WallGrid) -> Vec<WallFit> {
    let fits: Vec<WallFit> = graph.runs.iter().map(|run| measure(graph, run, grid)).collect();
    for (run, fit) in graph.runs.iter_mut().zip(&fits) {
        apply(run, fit);
    }
    fits
}

fn measure(graph: &WallGraph, run: &Run, grid: &WallGrid) -> WallFit {
    let (a, b) = graph.segment(run);
    let (ta, tb) = (run.own.along(&a), run.own.along(&b));
    let margin = END_MARGIN_M.min(0.25 * (tb - ta));
    let (from, to) = (ta + margin, tb - margin);
    let angle = run.own.angle();
    let face = |sign: f64| {
        let expected = sign * 0.5 * run.thickness;
        let cells: Vec<(&WallCell, f64)> = grid
            .cells
            .iter()
            .filter_map(|cell| {
                let v = run.own.distance(&cell.position);
                let t = run.own.along(&cell.position);
                if (v - expected).abs() > BAND_M || t < from || t > to {
                    return None;
                }
                let own = cell.normal.y.atan2(cell.normal.x);
                let towards = if sign > 0.0 { angle } else { angle + PI };
                let agrees = if cell.oriented {
                    angle_difference(own, towards, TAU) < MAX_NORMAL_ANGLE
                } else {
                    angle_difference(own, towards, PI) < MAX_NORMAL_ANGLE && v * sign >= 0.0
                };
                agrees.then_some((cell, v))
            })
            .collect();
        let votes: f64 = cells.iter().map(|c| c.0.votes).sum();
        if votes <= 0.0 {
            return FaceFit::default();
        }
        let mean = cells.iter().map(|c| c.0.votes * c.1).sum::<f64>() / votes;
        let variance = cells.iter().map(|c| c.0.votes * (c.1 - mean).powi(2)).sum::<f64>() / votes;
        FaceFit { position_m: mean, sigma_m: variance.sqrt(), votes }
    };
    WallFit {
        ahead: if run.ahead.is_some() { face(1.0) } else { FaceFit::default() },
        behind: if run.behind.is_some() { face(-1.0) } else { FaceFit::default() },
    }
}

fn apply(run: &mut Run, fit: &WallFit) {
    let (ahead, behind) = (fit.ahead, fit.behind);
    let votes = ahead.votes + behind.votes;
    if votes <= 0.0 {
        return;
    }
    // Both faces count as measured when the weaker one has at least a tenth of the evidence.
    if ahead.votes.min(behind.votes) > 0.1 * votes {
        let measured = ahead.position_m - behind.position_m;
        let trust = ahead.votes.min(behind.votes) / (ahead.votes.min(behind.votes) + LINE_VOTES);
        run.thickness = (run.thickness + trust * (measured - run.thickness))
            .clamp(THICKNESS_RANGE_M.0, THICKNESS_RANGE_M.1);
    }
    let half = 0.5 * run.thickness;
    let centre =
        (ahead.votes * (ahead.position_m - half) + behind.votes * (behind.position_m + half)) / votes;
    run.own.offset += centre * votes / (votes + LINE_VOTES);
}
