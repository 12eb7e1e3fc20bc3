//! Rooms as the bounded faces of the wall graph.
//!
//! Half-edge traversal (de Berg et al., Computational Geometry, ch. 2): at every node the edges are
//! sorted by angle, and the next half-edge of a face is the clockwise neighbour of the reversed one.
//! Walls that end free are left out first, since they bound no room; a group of walls that stands
//! free inside a room is no hole of it (a room's polygon is simple).

use super::graph::WallGraph;
use crate::math::Vec2;
use crate::physics::geometry::signed_area;

/// A bounded face: its nodes counter-clockwise and the edge from each to the next.
#[derive(Debug, Clone)]
pub(crate) struct Face {
    /// Nodes.
    pub nodes: Vec<usize>,
    /// `edges[i]` joins `nodes[i]` to `nodes[i + 1]`.
    pub edges: Vec<usize>,
    /// Area along the centre lines, square metres.
    pub area: f64,
}

impl Face {
    /// Corner positions.
    pub fn polygon(&self, graph: &WallGraph) -> Vec<Vec2> {
        self.nodes.iter().map(|&node| graph.nodes[node]).collect()
    }
}

/// Edges that remain when free ends are taken away again and again.
pub(crate) fn closed_edges(graph: &WallGraph) -> Vec<bool> {
    let incidence = graph.incidence();
    let mut degree: Vec<usize> = incidence.iter().map(Vec::len).collect();
    let mut alive = vec![true; graph.edges.len()];
    let mut stack: Vec<usize> = (0..degree.len()).filter(|&node| degree[node] == 1).collect();
    while let Some(node) = stack.pop() {
        for &edge in &incidence[node] {
            if !alive[edge] {
                continue;
            }
            alive[edge] = false;
            let other = graph.edges[edge].other(node);
            degree[node] -= 1;
            degree[other] -= 1;
            if degree[other] == 1 {
                stack.push(other);
            }
        }
    }
    alive
}

/// The bounded faces, in a fixed order.
pub(crate) fn faces(graph: &WallGraph) -> Vec<Face> {
    let alive = closed_edges(graph);
    // Half-edge 2e runs from nodes[0] to nodes[1] of edge e, 2e + 1 back.
    let from = |half: usize| graph.edges[half / 2].nodes[half % 2];
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for edge in (0..graph.edges.len()).filter(|&edge| alive[edge]) {
        leaving[from(2 * edge)].push(2 * edge);
        leaving[from(2 * edge + 1)].push(2 * edge + 1);
    }
    let angle = |half: usize| {
        let d = graph.nodes[from(half ^ 1)] - graph.nodes[from(half)];
        d.y.atan2(d.x)
    };
    for halves in &mut leaving {
        halves.sort_by(|&p, &q| angle(p).total_cmp(&angle(q)).then(p.cmp(&q)));
    }
    let mut slot = vec![0; 2 * graph.edges.len()];
    for halves in &leaving {
        for (k, &half) in halves.iter().enumerate() {
            slot[half] = k;
        }
    }
    let next = |half: usize| {
        let back = half ^ 1;
        let around = &leaving[from(back)];
        around[(slot[back] + around.len() - 1) % around.len()]
    };
    let mut visited = vec![false; 2 * graph.edges.len()];
    let mut found = Vec::new();
    for start in 0..2 * graph.edges.len() {
        if visited[start] || !alive[start / 2] {
            continue;
        }
        let mut face = Face { nodes: Vec::new(), edges: Vec::new(), area: 0.0 };
        let mut half = start;
        while !visited[half] {
            visited[half] = true;
            face.nodes.push(from(half));
            face.edges.push(half / 2);
            half = next(half);
        }
        face.area = signed_area(&face.polygon(graph));
        if face.area > 0.0 {
            found.extend(simple_parts(&face, graph));
        }
    }
    found
}

/// Cuts a face walk that passes a node twice (a bridge to an inner loop) into simple cycles.
fn simple_parts(face: &Face, graph: &WallGraph) -> Vec<Face> {
    let mut parts = Vec::new();
    let mut path: Vec<(usize, usize)> = Vec::new();
    for (&node, &edge) in face.nodes.iter().zip(&face.edges) {
        if let Some(k) = path.iter().position(|&(seen, _)| seen == node) {
            parts.push(path.split_off(k));
        }
        path.push((node, edge));
    }
    parts.push(path);
    parts
        .into_iter()
        .map(|part| {
            let (nodes, edges): (Vec<usize>, Vec<usize>) = part.into_iter().unzip();
            let mut face = Face { nodes, edges, area: 0.0 };
            face.area = signed_area(&face.polygon(graph));
            face
        })
        .filter(|face| face.nodes.len() >= 3 && face.area > 0.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::structure::graph::Edge;
    use crate::scene::{Evidence, Source};

    fn graph(nodes: &[(f64, f64)], edges: &[(usize, usize)]) -> WallGraph {
        let evidence =
            Evidence { confidence: 1.0, sigma_m: 0.01, observed_fraction: 1.0, source: Source::Given };
        WallGraph {
            nodes: nodes.iter().map(|&(x, y)| Vec2::new(x, y)).collect(),
            edges: edges
                .iter()
                .map(|&(a, b)| Edge { nodes: [a, b], walls: vec![], thickness: 0.1, height: 2.5, evidence })
                .collect(),
            loose_sigma: vec![0.0; nodes.len()],
        }
    }

    #[test]
    fn two_rooms_and_a_free_standing_wall() {
        let graph = graph(
            &[(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0), (2.0, 0.0), (2.0, 3.0), (1.0, 1.0)],
            &[(0, 4), (4, 1), (1, 2), (2, 5), (5, 3), (3, 0), (4, 5), (0, 6)],
        );
        let faces = faces(&graph);
        assert_eq!(faces.len(), 2);
        assert!(faces.iter().all(|face| (face.area - 6.0).abs() < 1e-12));
        assert!(!closed_edges(&graph)[7]);
    }

    #[test]
    fn an_open_chain_has_no_face() {
        assert!(faces(&graph(&[(0.0, 0.0), (4.0, 0.0), (4.0, 3.0)], &[(0, 1), (1, 2)])).is_empty());
    }
}
