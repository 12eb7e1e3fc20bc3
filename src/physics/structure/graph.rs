//! The wall graph: corners shared exactly, walls split where others meet them.
//!
//! Nodes are corners in plan, edges are straight walls between two nodes. Rooms are the bounded
//! faces (see `faces`).

use crate::math::Vec2;
use crate::physics::geometry::line_crossing;
use crate::scene::{Evidence, Source};

/// A wall piece between two nodes.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    /// Its nodes, from a to b.
    pub nodes: [usize; 2],
    /// The cleaned walls that it stands for (none when inferred).
    pub walls: Vec<usize>,
    /// Thickness, metres.
    pub thickness: f64,
    /// Height, metres.
    pub height: f64,
    /// Evidence.
    pub evidence: Evidence,
}

impl Edge {
    /// The node at the other end.
    pub fn other(&self, node: usize) -> usize {
        if self.nodes[0] == node { self.nodes[1] } else { self.nodes[0] }
    }

    /// True when nothing was seen of it.
    pub fn is_inferred(&self) -> bool {
        self.evidence.source == Source::Inferred
    }
}

/// Corners and walls in plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct WallGraph {
    /// Corner positions, metres.
    pub nodes: Vec<Vec2>,
    /// Walls.
    pub edges: Vec<Edge>,
    /// One standard deviation along its wall of a loose end, metres, by node; 0 elsewhere.
    pub loose_sigma: Vec<f64>,
}

impl WallGraph {
    /// Both ends of an edge.
    pub fn segment(&self, edge: usize) -> (Vec2, Vec2) {
        let [a, b] = self.edges[edge].nodes;
        (self.nodes[a], self.nodes[b])
    }

    /// Length of an edge, metres.
    pub fn length(&self, edge: usize) -> f64 {
        let (a, b) = self.segment(edge);
        (b - a).norm()
    }

    /// Edges at every node, in edge order.
    pub fn incidence(&self) -> Vec<Vec<usize>> {
        let mut at = vec![Vec::new(); self.nodes.len()];
        for (i, edge) in self.edges.iter().enumerate() {
            at[edge.nodes[0]].push(i);
            at[edge.nodes[1]].push(i);
        }
        at
    }

    /// Adds a corner.
    pub fn add_node(&mut self, position: Vec2) -> usize {
        self.nodes.push(position);
        self.loose_sigma.push(0.0);
        self.nodes.len() - 1
    }

    /// Splits an edge at a new node; the edge keeps its first part, the second is appended.
    pub fn split(&mut self, edge: usize, node: usize) {
        let mut second = self.edges[edge].clone();
        second.nodes[0] = node;
        self.edges[edge].nodes[1] = node;
        self.edges.push(second);
    }

    /// True when the open segment p–q properly crosses an edge that does not start at `skip`.
    pub fn is_blocked(&self, p: Vec2, q: Vec2, skip: &[usize]) -> bool {
        /// Touching an end is no crossing, share of the length.
        const END: f64 = 1e-6;
        self.edges.iter().enumerate().any(|(i, edge)| {
            if edge.nodes.iter().any(|node| skip.contains(node)) {
                return false;
            }
            let (a, b) = self.segment(i);
            line_crossing(p, q, a, b)
                .is_some_and(|(u, v)| u > END && u < 1.0 - END && v > -END && v < 1.0 + END)
        })
    }

    /// Removes edges of no length and second edges between the same two nodes.
    pub fn remove_degenerate(&mut self) {
        let mut seen = std::collections::BTreeMap::new();
        let mut kept: Vec<Edge> = Vec::with_capacity(self.edges.len());
        for edge in std::mem::take(&mut self.edges) {
            let [a, b] = edge.nodes;
            if a == b || (self.nodes[a] - self.nodes[b]).norm() < 1e-6 {
                continue;
            }
            match seen.get(&(a.min(b), a.max(b))) {
                Some(&first) => {
                    let first: &mut Edge = &mut kept[first];
                    first.walls.extend(edge.walls);
                    first.thickness = first.thickness.max(edge.thickness);
                }
                None => {
                    seen.insert((a.min(b), a.max(b)), kept.len());
                    kept.push(edge);
                }
            }
        }
        self.edges = kept;
    }
}
