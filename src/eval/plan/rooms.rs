//! Rooms of a layout text: the faces that its walls enclose in plan.
//!
//! Wall ends that nearly meet are made to meet, walls are cut where they cross or touch, free ends are
//! left out, and the bounded faces of what remains are traced (half-edges, de Berg et al., ch. 2). The
//! evaluator has its own reader of rooms, so that it does not inherit a fault of what it measures.
//!
//! Limits: a group of walls that stands free inside a room is no hole in it.

use super::polygon::{Polygon, simplified};
use crate::eval::overlap::signed_area;
use crate::math::{Point2, Vec2};
use crate::scene::Layout;
use std::collections::{BTreeMap, BTreeSet};

/// Wall ends closer than this to another wall meet it, metres: half of a thick wall, by which a text
/// that stores inner faces misses the next wall.
const SNAP_M: f64 = 0.10;
/// A face smaller than this is a gap between doubled walls and no room, square metres.
const MIN_ROOM_M2: f64 = 0.5;

/// Room polygons of the walls, counter-clockwise, corners only, in a fixed order.
#[must_use]
pub fn rooms_of_walls(layout: &Layout) -> Vec<Polygon> {
    let segments: Vec<[Point2; 2]> = layout
        .walls
        .iter()
        .map(|wall| [Point2::new(wall.a[0], wall.a[1]), Point2::new(wall.b[0], wall.b[1])])
        .filter(|[a, b]| (b - a).norm() > SNAP_M)
        .collect();
    let mut graph = Graph::default();
    for (index, segment) in segments.iter().enumerate() {
        let mut cuts = vec![0.0, 1.0];
        for (other, crossing) in segments.iter().enumerate() {
            if other != index {
                cuts.extend(contacts(segment, crossing));
            }
        }
        cuts.sort_by(f64::total_cmp);
        let nodes: Vec<usize> =
            cuts.iter().map(|&cut| graph.node(segment[0] + (segment[1] - segment[0]) * cut)).collect();
        graph
            .edges
            .extend(nodes.windows(2).filter(|w| w[0] != w[1]).map(|w| (w[0].min(w[1]), w[0].max(w[1]))));
    }
    graph.drop_free_ends();
    graph.faces()
}

/// Parameters on `segment` where `other` crosses it, or ends on it within the snap distance.
fn contacts(segment: &[Point2; 2], other: &[Point2; 2]) -> Vec<f64> {
    let direction = segment[1] - segment[0];
    let length = direction.norm();
    let mut found: Vec<f64> = other
        .iter()
        .filter_map(|end| {
            let along = (end - segment[0]).dot(&direction) / length;
            let off = direction.perp(&(end - segment[0])).abs() / length;
            (off <= SNAP_M && along > 0.0 && along < length).then_some(along / length)
        })
        .collect();
    let turn: Vec2 = other[1] - other[0];
    let cross = direction.perp(&turn);
    if cross.abs() > 1e-9 * length * turn.norm() {
        let from = other[0] - segment[0];
        let (t, u) = (from.perp(&turn) / cross, from.perp(&direction) / cross);
        if t > 0.0 && t < 1.0 && u > 0.0 && u < 1.0 {
            found.push(t);
        }
    }
    found
}

#[derive(Default)]
struct Graph {
    nodes: Vec<Point2>,
    edges: BTreeSet<(usize, usize)>,
}

impl Graph {
    /// The node at a point, or within the snap distance of it.
    fn node(&mut self, point: Point2) -> usize {
        let near = |&i: &usize| (self.nodes[i] - point).norm() <= SNAP_M;
        let nearest = (0..self.nodes.len())
            .filter(near)
            .min_by(|&i, &j| (self.nodes[i] - point).norm().total_cmp(&(self.nodes[j] - point).norm()));
        nearest.unwrap_or_else(|| {
            self.nodes.push(point);
            self.nodes.len() - 1
        })
    }

    fn drop_free_ends(&mut self) {
        loop {
            let mut degree: BTreeMap<usize, usize> = BTreeMap::new();
            for &(a, b) in &self.edges {
                *degree.entry(a).or_default() += 1;
                *degree.entry(b).or_default() += 1;
            }
            let before = self.edges.len();
            self.edges.retain(|(a, b)| degree[a] > 1 && degree[b] > 1);
            if self.edges.len() == before {
                return;
            }
        }
    }

    /// The bounded faces that are large enough for a room.
    fn faces(&self) -> Vec<Polygon> {
        let mut around: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &(a, b) in &self.edges {
            around.entry(a).or_default().push(b);
            around.entry(b).or_default().push(a);
        }
        for (&node, neighbours) in &mut around {
            let angle = |other: usize| {
                let d = self.nodes[other] - self.nodes[node];
                d.y.atan2(d.x)
            };
            neighbours.sort_by(|&i, &j| angle(i).total_cmp(&angle(j)));
        }
        let mut open: BTreeSet<(usize, usize)> =
            self.edges.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect();
        let mut rooms = Vec::new();
        while let Some(start) = open.pop_first() {
            let (mut face, mut half) = (vec![start.0], start);
            loop {
                let neighbours = &around[&half.1];
                let back = neighbours
                    .iter()
                    .position(|&n| n == half.0)
                    .expect("because every edge is listed at both of its nodes");
                half = (half.1, neighbours[(back + neighbours.len() - 1) % neighbours.len()]);
                if half == start {
                    break;
                }
                open.remove(&half);
                face.push(half.0);
            }
            let polygon: Polygon = face.iter().map(|&node| self.nodes[node]).collect();
            if signed_area(&polygon) >= MIN_ROOM_M2 {
                rooms.push(simplified(&polygon));
            }
        }
        rooms
    }
}
