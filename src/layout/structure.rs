//! Centre lines become rooms: walls with shared corners, closed outlines. Shared by every detector.
//!
//! Takes [`WallLine`]s and the evidence in plan, gives a [`Structure`]: arrangement → inside cells →
//! walls between junctions → unseen walls kept only where they close a room that is mostly seen →
//! walls moved to their points → corners where the walls meet. Frame: plan, metres.

use super::arrangement;
use super::interior::{self, Support};
use super::plan::PlanLine;
use super::refine::{self, WallFit};
use super::wall_grid::{Coverage, WallGrid};
use super::wall_lines::{self, WallLine};
use super::walls::{self, Outline, WallGraph};
use crate::math::{Point2, Vec2};
use rayon::prelude::*;

/// Margin of the arrangement round what was seen, metres.
const MARGIN_M: f64 = 0.4;
/// A wall with less of its length supported was not seen.
pub const SEEN_SHARE: f64 = 0.2;
/// Unseen walls are inferred for rooms with at least this share of perimeter supported.
const CLOSED_SHARE: f64 = 0.6;

/// Spread of the wall faces, metres: the noise of the cloud.
fn noise(lines: &[WallLine]) -> f64 {
    let support: f64 = lines.iter().map(|l| l.support_m).sum();
    lines.iter().map(|l| l.sigma_m * l.support_m).sum::<f64>() / support.max(1e-9)
}

/// Walls with shared corners and the rooms they close.
#[derive(Debug, Clone)]
pub struct Structure {
    /// Walls and corners.
    pub graph: WallGraph,
    /// Per wall: what was measured of it.
    pub fits: Vec<WallFit>,
    /// Per wall: nobody saw it, it only closes a room.
    pub inferred: Vec<bool>,
    /// Per room: inner outline, `None` where the walls do not close.
    pub outlines: Vec<Option<Outline>>,
    /// Pixels of the coverage that are inside.
    pub inside: Vec<bool>,
    /// Spread of the wall faces, metres.
    pub noise_m: f64,
}

/// Closes the rooms on the evidence of the points.
#[must_use]
pub fn close(lines: &[WallLine], grid: &WallGrid) -> Structure {
    let supports: Vec<Support> =
        lines.par_iter().map(|l| Support::new(wall_lines::profile(l, grid))).collect();
    close_on(lines, &supports, &grid.coverage, grid)
}

/// Closes the rooms on given evidence: one support for each line, and the area that wants to be
/// inside. The walls are moved to their points in `grid`.
#[must_use]
pub fn close_on(lines: &[WallLine], supports: &[Support], coverage: &Coverage, grid: &WallGrid) -> Structure {
    let (min, max) = seen_bounds(coverage, grid);
    let plan_lines: Vec<PlanLine> = lines.iter().map(|l| l.line).collect();
    let arrangement = arrangement::build(&plan_lines, min, max);
    let interior = interior::label(&arrangement, supports, coverage);
    let mut graph = walls::build(&arrangement, &interior, lines, supports);
    let closing = walls::outlines(&graph, interior.rooms);
    let may_infer = |room: Option<usize>| {
        room.and_then(|r| closing[r].as_ref()).is_some_and(|o| o.supported >= CLOSED_SHARE)
    };
    graph.runs.retain(|run| run.wall_share >= SEEN_SHARE || may_infer(run.ahead) || may_infer(run.behind));
    walls::join_straight(&mut graph);
    walls::trim(&mut graph, supports);
    let fits = refine::refine(&mut graph, grid);
    walls::solve_corners(&mut graph);
    let inferred = graph.runs.iter().map(|run| run.wall_share < SEEN_SHARE).collect();
    let outlines = walls::outlines(&graph, interior.rooms);
    let inside = interior.mask(&arrangement, &grid.coverage.raster);
    Structure { graph, fits, inferred, outlines, inside, noise_m: noise(lines) }
}

/// Bounding rectangle of what was seen in plan, with a margin.
fn seen_bounds(coverage: &Coverage, grid: &WallGrid) -> (Point2, Point2) {
    let raster = &coverage.raster;
    let mut min = Point2::new(f64::INFINITY, f64::INFINITY);
    let mut max = Point2::new(f64::NEG_INFINITY, f64::NEG_INFINITY);
    let seen = (0..raster.len())
        .filter(|&k| coverage.seen[k])
        .map(|k| raster.center(k % raster.width, k / raster.width));
    for p in seen.chain(grid.cells.iter().map(|c| c.position)) {
        min = min.inf(&p);
        max = max.sup(&p);
    }
    if !min.x.is_finite() {
        return (Point2::new(-1.0, -1.0), Point2::new(1.0, 1.0));
    }
    let margin = Vec2::new(MARGIN_M, MARGIN_M);
    (min - margin, max + margin)
}
