//! Where a wall may be missing: between which ends, and how it would run.

use super::super::faces::Face;
use super::super::graph::WallGraph;
use super::super::join::in_line;
use super::grid::Grid;
use crate::math::Vec2;
use crate::physics::Options;
use crate::physics::geometry::{contains, line_crossing, perp};

/// A free end known worse than this is the end of what was seen, not of the wall, metres.
pub(in super::super) const MAX_LOOSE_SIGMA_M: f64 = 0.5;
/// Shortest wall that is inferred, metres.
const MIN_WALL_M: f64 = 0.1;
/// Candidates that are tried each round for every piece of wall (keeps the search linear in the number
/// of walls): those at free ends first, then shortest first.
const MAX_TRIALS_PER_EDGE: usize = 60;
/// Against a closing with a corner that nobody saw, or one that ends in the middle of a wall.
const UNSEEN_CORNER_PENALTY: f64 = 0.15;
/// Against a closing in a direction that no wall there has, and in one that only a wall at one end has.
const OBLIQUE_PENALTY: f64 = 0.25;
const ONE_SIDED_PENALTY: f64 = 0.1;
/// Against a closing between two whole corners.
const NO_LOOSE_END_PENALTY: f64 = 0.1;
/// Things farther off ask for no closing, metres.
const REACH_M: f64 = 12.0;
/// A straight closing may bend this far from the directions at its ends, metres (noise of two ends).
const MAX_SIDE_STEP_M: f64 = 0.25;

/// A way to close a room: new corners on the way from one node to another, or to an edge.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    pub from: usize,
    pub via: Option<Vec2>,
    pub to: Target,
    pub length: f64,
    /// Length of its longest straight piece.
    pub longest: f64,
    /// Both its ends are whole corners: only a thing that stands there asks for it.
    pub needs_hint: bool,
    /// Something outside of all rooms stands near its start.
    pub is_asked: bool,
    /// What speaks against this kind of closing, added to the unseen share of the room.
    pub penalty: f64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    Node(usize),
    Edge { edge: usize, at: Vec2 },
}

impl Closing {
    /// The node that it ends at; `None` when it ends in the middle of a wall.
    pub fn end_node(&self) -> Option<usize> {
        match self.to {
            Target::Node(node) => Some(node),
            Target::Edge { .. } => None,
        }
    }

    /// The nodes that it starts and ends at.
    pub fn nodes(&self) -> impl Iterator<Item = usize> + use<> {
        std::iter::once(self.from).chain(self.end_node())
    }

    /// More speaks against it than one corner that nobody saw.
    pub fn is_doubtful(&self) -> bool {
        self.penalty > UNSEEN_CORNER_PENALTY
    }
}

/// All closings that the ends of walls suggest, likeliest kinds first.
pub(super) fn candidates(
    (graph, grid): (&WallGraph, &Grid),
    known: &[Face],
    hints: &[Vec2],
    options: &Options,
) -> Vec<Closing> {
    let incidence = graph.incidence();
    let rooms: Vec<Vec<Vec2>> = known.iter().map(|face| face.polygon(graph)).collect();
    let in_a_room = |point: Vec2| rooms.iter().any(|room| contains(room, point));
    // A wall that ends free inside a closed room is a half wall or a passage: it stays open.
    let loose: Vec<bool> = (0..graph.nodes.len())
        .map(|node| {
            incidence[node].len() == 1
                && graph.loose_sigma[node] <= MAX_LOOSE_SIGMA_M
                && !in_a_room(graph.nodes[node])
        })
        .collect();
    // Things outside of all rooms: whole corners near them may belong to their room, too.
    let free_hints: Vec<Vec2> = hints.iter().copied().filter(|&hint| !in_a_room(hint)).collect();
    let asked = graph.nodes.iter().map(|n| free_hints.iter().any(|h| (h - n).norm() < REACH_M)).collect();
    let ends = Ends { graph, grid, incidence, loose, asked, max_length: options.max_inferred_wall_m };
    let mut found = Vec::new();
    for from in 0..graph.nodes.len() {
        if ends.loose[from] || ends.is_asked_corner(from) {
            ends.straight(from, &mut found);
            ends.round_a_corner(from, &mut found);
        }
        if ends.loose[from] {
            ends.on_to_a_wall(from, &mut found);
        }
    }
    found.retain(|closing| closing.length >= MIN_WALL_M && closing.longest <= options.max_inferred_wall_m);
    found.sort_by(|p, q| p.needs_hint.cmp(&q.needs_hint).then(p.length.total_cmp(&q.length)));
    found.truncate(MAX_TRIALS_PER_EDGE * graph.edges.len());
    found
}

/// The ends of walls between which something may be missing.
struct Ends<'a> {
    graph: &'a WallGraph,
    grid: &'a Grid,
    incidence: Vec<Vec<usize>>,
    /// By node: a wall ends there, alone and where it was seen to end.
    loose: Vec<bool>,
    /// By node: something outside of all rooms stands near.
    asked: Vec<bool>,
    max_length: f64,
}

impl Ends<'_> {
    /// A whole corner that may belong to the room of something outside of all rooms.
    fn is_asked_corner(&self, node: usize) -> bool {
        self.incidence[node].len() > 1 && self.asked[node]
    }

    /// Directions in which a wall may go on from a node: out of each of its edges, and square to them.
    fn headings(&self, node: usize) -> Vec<Vec2> {
        let mut found = Vec::new();
        for &edge in &self.incidence[node] {
            let out = self.graph.nodes[node] - self.graph.nodes[self.graph.edges[edge].other(node)];
            let Some(out) = out.try_normalize(1e-9) else { continue };
            found.extend([out, perp(out), -perp(out)]);
        }
        found
    }

    fn straight(&self, from: usize, found: &mut Vec<Closing>) {
        for to in self.grid.nodes_near(self.graph.nodes[from]) {
            let twice = self.loose[to] && self.loose[from] && to < from;
            if to == from || self.incidence[to].is_empty() || twice {
                continue;
            }
            let step = self.graph.nodes[to] - self.graph.nodes[from];
            let length = step.norm();
            if length > self.max_length {
                continue;
            }
            let fits = |node: usize, step: Vec2| {
                self.headings(node)
                    .iter()
                    .any(|h| h.dot(&step) > 0.0 && (step - h * h.dot(&step)).norm() < MAX_SIDE_STEP_M)
            };
            let fitting = [fits(from, step), fits(to, -step)].iter().filter(|fits| **fits).count();
            if fitting < 2 && !self.loose[from] {
                continue;
            }
            let whole = !self.loose[from] && !self.loose[to];
            let oblique = [OBLIQUE_PENALTY, ONE_SIDED_PENALTY, 0.0][fitting];
            let penalty = oblique + if whole { NO_LOOSE_END_PENALTY } else { 0.0 };
            found.push(Closing {
                from,
                via: None,
                to: Target::Node(to),
                length,
                longest: length,
                needs_hint: whole,
                is_asked: self.asked[from],
                penalty,
            });
        }
    }

    /// Both walls go on until they meet, or the shorter goes on until it is level with the other.
    fn round_a_corner(&self, from: usize, found: &mut Vec<Closing>) {
        let p = self.graph.nodes[from];
        let corners = self.grid.nodes_near(p).into_iter();
        for to in corners.filter(|&to| to != from && (self.loose[to] || self.incidence[to].len() > 1)) {
            let whole = !self.loose[from] || !self.loose[to];
            if whole && (!self.asked[to] || (self.loose[to] && to < from)) {
                continue;
            }
            let q = self.graph.nodes[to];
            if (q - p).norm() > 2.0 * self.max_length {
                continue;
            }
            for u in self.headings(from) {
                for v in self.headings(to).into_iter().filter(|v| !in_line(u, *v)) {
                    let Some((s, t)) = line_crossing(p, p + u, q, q + v) else { continue };
                    if s > MIN_WALL_M && t > MIN_WALL_M {
                        found.push(Closing {
                            from,
                            via: Some(p + u * s),
                            to: Target::Node(to),
                            length: s + t,
                            longest: s.max(t),
                            needs_hint: whole,
                            is_asked: self.asked[from],
                            penalty: UNSEEN_CORNER_PENALTY + if whole { NO_LOOSE_END_PENALTY } else { 0.0 },
                        });
                    }
                }
            }
        }
    }

    fn on_to_a_wall(&self, from: usize, found: &mut Vec<Closing>) {
        let p = self.graph.nodes[from];
        for heading in self.headings(from) {
            let hit = (0..self.graph.edges.len())
                .filter(|&edge| !self.graph.edges[edge].nodes.contains(&from))
                .filter_map(|edge| {
                    let (a, b) = self.graph.segment(edge);
                    let (s, t) = line_crossing(p, p + heading, a, b)?;
                    (s > MIN_WALL_M && (0.0..=1.0).contains(&t)).then_some((s, edge))
                })
                .min_by(|x, y| x.0.total_cmp(&y.0));
            if let Some((length, edge)) = hit {
                found.push(Closing {
                    from,
                    via: None,
                    to: Target::Edge { edge, at: p + heading * length },
                    length,
                    longest: length,
                    needs_hint: false,
                    is_asked: self.asked[from],
                    penalty: UNSEEN_CORNER_PENALTY,
                });
            }
        }
    }
}
