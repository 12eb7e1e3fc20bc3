//! The cells into which straight lines cut a rectangle, and the edges between them.
//!
//! Method: the rectangle is split by one line after the other; all cells stay convex. Afterwards the
//! borders that lie on each line are overlaid to give edges with one cell on either side (a cell
//! complex as in Chauve, Labatut & Pons 2010; Mura et al. 2014, here in plan). Frame: plan, metres.
//! Lines must be distinct (see `wall_lines`).

use super::plan::{PlanLine, doubled_area};
use crate::math::Point2;

/// Corners closer than this are one, metres.
pub const CORNER_EPS_M: f64 = 1e-6;

/// A convex cell. Border k runs from corner k to corner k + 1 and lies on line `on[k]` (`None`: on
/// the outer rectangle).
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Corners, counter-clockwise.
    pub corners: Vec<Point2>,
    /// Line of each border.
    pub on: Vec<Option<usize>>,
}

impl Cell {
    /// Area, square metres.
    #[must_use]
    pub fn area(&self) -> f64 {
        0.5 * doubled_area(&self.corners)
    }
}

/// A piece of a line between two cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Index of the line.
    pub line: usize,
    /// Extent along the line, metres.
    pub span: (f64, f64),
    /// Cell on the side of the line's normal.
    pub ahead: usize,
    /// Cell on the other side.
    pub behind: usize,
}

impl Edge {
    /// Length, metres.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.span.1 - self.span.0
    }
}

/// Cells and edges.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrangement {
    /// Convex cells.
    pub cells: Vec<Cell>,
    /// Edges, by line, then along it.
    pub edges: Vec<Edge>,
}

/// Cuts the rectangle `min`..`max` by the lines.
#[must_use]
pub fn build(lines: &[PlanLine], min: Point2, max: Point2) -> Arrangement {
    let corners = vec![min, Point2::new(max.x, min.y), max, Point2::new(min.x, max.y)];
    let mut cells = vec![Cell { corners, on: vec![None; 4] }];
    for (index, line) in lines.iter().enumerate() {
        let mut next = Vec::with_capacity(cells.len() + cells.len() / 2);
        for cell in cells {
            split(cell, line, index, &mut next);
        }
        cells = next;
    }
    let edges = edges(&cells, lines);
    Arrangement { cells, edges }
}

/// Splits a cell by a line and pushes the one or two cells that come of it.
fn split(cell: Cell, line: &PlanLine, index: usize, out: &mut Vec<Cell>) {
    let distances: Vec<f64> = cell.corners.iter().map(|p| line.distance(p)).collect();
    let ahead = distances.iter().any(|&d| d > CORNER_EPS_M);
    let behind = distances.iter().any(|&d| d < -CORNER_EPS_M);
    if !(ahead && behind) {
        out.push(cell);
        return;
    }
    for sign in [1.0, -1.0] {
        let (mut corners, mut on) = (Vec::new(), Vec::new());
        let n = cell.corners.len();
        for k in 0..n {
            let (p, q) = (cell.corners[k], cell.corners[(k + 1) % n]);
            let (dp, dq) = (sign * distances[k], sign * distances[(k + 1) % n]);
            let border = cell.on[k];
            if dp >= -CORNER_EPS_M {
                corners.push(p);
                // Leaving exactly at a corner: the cut begins here.
                let leaves = dp <= CORNER_EPS_M && dq < -CORNER_EPS_M;
                on.push(if leaves { Some(index) } else { border });
            }
            let crosses =
                (dp > CORNER_EPS_M && dq < -CORNER_EPS_M) || (dp < -CORNER_EPS_M && dq > CORNER_EPS_M);
            if crosses {
                corners.push(p + (q - p) * (dp / (dp - dq)));
                on.push(if dp > 0.0 { Some(index) } else { border });
            }
        }
        out.push(Cell { corners, on });
    }
}

fn edges(cells: &[Cell], lines: &[PlanLine]) -> Vec<Edge> {
    // Borders by line and side: (from, to, cell).
    let mut sides: Vec<[Vec<(f64, f64, usize)>; 2]> = vec![[Vec::new(), Vec::new()]; lines.len()];
    for (index, cell) in cells.iter().enumerate() {
        for k in 0..cell.corners.len() {
            let Some(line) = cell.on[k] else { continue };
            let (p, q) = (cell.corners[k], cell.corners[(k + 1) % cell.corners.len()]);
            let (a, b) = (lines[line].along(&p), lines[line].along(&q));
            // Counter-clockwise cells lie to the left of their borders; left of the line's direction
            // is behind its normal.
            let side = usize::from(b > a);
            sides[line][side].push((a.min(b), a.max(b), index));
        }
    }
    let mut edges = Vec::new();
    for (line, mut both) in sides.into_iter().enumerate() {
        for side in &mut both {
            side.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let [ahead, behind] = both;
        let (mut i, mut j) = (0, 0);
        while i < ahead.len() && j < behind.len() {
            let span = (ahead[i].0.max(behind[j].0), ahead[i].1.min(behind[j].1));
            if span.1 - span.0 > CORNER_EPS_M {
                edges.push(Edge { line, span, ahead: ahead[i].2, behind: behind[j].2 });
            }
            if ahead[i].1 < behind[j].1 { i += 1 } else { j += 1 }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_lines_keep_the_area_and_every_inner_border_has_two_cells() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for _ in 0..20 {
            let lines: Vec<PlanLine> = (0..12)
                .map(|_| {
                    PlanLine::from_angle(
                        rng.random_range(0.0..std::f64::consts::PI),
                        rng.random_range(-2.0..2.0),
                    )
                })
                .collect();
            let arrangement = build(&lines, Point2::new(-3.0, -2.0), Point2::new(3.0, 2.0));
            let area: f64 = arrangement.cells.iter().map(Cell::area).sum();
            assert!((area - 24.0).abs() < 1e-6);
            let inner: f64 = arrangement
                .cells
                .iter()
                .flat_map(|c| (0..c.corners.len()).map(move |k| (c, k)))
                .filter(|(c, k)| c.on[*k].is_some())
                .map(|(c, k)| (c.corners[(k + 1) % c.corners.len()] - c.corners[k]).norm())
                .sum();
            let edges: f64 = arrangement.edges.iter().map(Edge::length).sum();
            assert!((inner - 2.0 * edges).abs() < 1e-5, "{inner} {edges}");
            for edge in &arrangement.edges {
                let middle = lines[edge.line].at(0.5 * (edge.span.0 + edge.span.1));
                let ahead = middle + lines[edge.line].normal * 1e-5;
                assert!(super::super::plan::contains(&arrangement.cells[edge.ahead].corners, &ahead));
            }
        }
    }
}
