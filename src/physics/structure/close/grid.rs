//! Which corners, walls and hints are near a place: square cells in plan.

use super::super::graph::WallGraph;
use crate::math::Vec2;
use std::collections::HashMap;

/// Edge of a cell, metres; what lies within it of a place is found in the nine cells around.
pub(super) const CELL_M: f64 = 16.0;

type Cells = HashMap<(i64, i64), Vec<usize>>;

/// An index of one state of the graph.
pub(super) struct Grid {
    nodes: Cells,
    edges: Cells,
    hints: Cells,
}

fn cell(p: Vec2) -> (i64, i64) {
    ((p.x / CELL_M).floor() as i64, (p.y / CELL_M).floor() as i64)
}

/// The cell of a place and the eight round it.
fn cells_round(p: Vec2) -> impl Iterator<Item = (i64, i64)> {
    let (x, y) = cell(p);
    (x - 1..=x + 1).flat_map(move |i| (y - 1..=y + 1).map(move |j| (i, j)))
}

fn around(cells: &Cells, p: Vec2) -> Vec<usize> {
    let mut found: Vec<usize> = cells_round(p).filter_map(|key| cells.get(&key)).flatten().copied().collect();
    found.sort_unstable();
    found.dedup();
    found
}

impl Grid {
    /// Sorts a graph and hints into cells.
    pub fn new(graph: &WallGraph, hints: &[Vec2]) -> Self {
        let by_place = |places: &[Vec2]| {
            let mut cells = Cells::new();
            places.iter().enumerate().for_each(|(k, &p)| cells.entry(cell(p)).or_default().push(k));
            cells
        };
        let mut edges = Cells::new();
        for edge in 0..graph.edges.len() {
            let (a, b) = graph.segment(edge);
            let ((x0, y0), (x1, y1)) = (cell(a.inf(&b)), cell(a.sup(&b)));
            for key in (x0..=x1).flat_map(|i| (y0..=y1).map(move |j| (i, j))) {
                edges.entry(key).or_default().push(edge);
            }
        }
        Self { nodes: by_place(&graph.nodes), edges, hints: by_place(hints) }
    }

    /// Nodes that may lie within a cell's edge of a place, ascending.
    pub fn nodes_near(&self, p: Vec2) -> Vec<usize> {
        around(&self.nodes, p)
    }

    /// The same of edges.
    pub fn edges_near(&self, p: Vec2) -> Vec<usize> {
        around(&self.edges, p)
    }

    /// How many edges may lie within a cell's edge of a place; one in several cells counts in each.
    pub fn count_near(&self, p: Vec2) -> usize {
        cells_round(p).filter_map(|key| self.edges.get(&key)).map(Vec::len).sum()
    }

    /// The same of hints.
    pub fn hints_near(&self, p: Vec2) -> Vec<usize> {
        around(&self.hints, p)
    }
}
