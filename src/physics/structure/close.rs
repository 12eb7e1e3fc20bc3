//! Walls that nobody saw but that must be there.
//!
//! Takes the wall graph and hints of where people or things were (object centres, detected room
//! interiors), adds edges of source `Inferred` where they close a room that is almost closed:
//! straight between two corners, round one missing corner, or on to the next wall. A candidate is
//! taken only if it crosses nothing (nor the way of the camera), is not too long, the new room has a plausible area, most of its
//! outline was seen, and either a wall ends free there or a hint lies inside. The one that leaves the
//! least of its room unseen comes first; one wall is likelier than two, and a wall that ends where it
//! was seen to end is likelier than one that goes on.
//! Ends that lie beyond what was observed (large sigma) close nothing: the room goes on there.

use super::faces::{Face, faces};
use super::graph::{Edge, WallGraph};
use super::join::in_line;
use crate::math::Vec2;
use crate::physics::Options;
use crate::physics::findings::Findings;
use crate::physics::geometry::{contains, line_crossing, perp};
use crate::scene::{Evidence, Source};

/// Smallest and largest room that is closed, square metres (a WC; a hall).
const ROOM_AREA_M2: (f64, f64) = (1.0, 120.0);
/// A free end known worse than this is the end of what was seen, not of the wall, metres.
const MAX_LOOSE_SIGMA_M: f64 = 0.5;
/// Shortest wall that is inferred, metres.
const MIN_WALL_M: f64 = 0.1;
/// Confidence of an inferred wall with half of its room's outline seen around it; rises with the share.
const BASE_CONFIDENCE: f64 = 0.3;
/// Candidates that are tried each round, shortest first.
const MAX_TRIALS: usize = 400;
/// Larger graphs are no dwelling and are left as they are (the search is quadratic).
const MAX_EDGES: usize = 500;
/// Most walls that are inferred in one scene.
const MAX_ROUNDS: usize = 60;
/// Against a closing with a corner that nobody saw, or one that ends in the middle of a wall.
const UNSEEN_CORNER_PENALTY: f64 = 0.15;
/// Against a closing in a direction that no wall there has.
const OBLIQUE_PENALTY: f64 = 0.1;
/// Against a closing between two whole corners.
const NO_LOOSE_END_PENALTY: f64 = 0.1;
/// A straight closing may bend this far from the directions at its ends, metres (noise of two ends).
const MAX_SIDE_STEP_M: f64 = 0.25;

/// A way to close a room: new corners on the way from one node to another, or to an edge.
#[derive(Debug, Clone)]
struct Closing {
    from: usize,
    via: Option<Vec2>,
    to: Target,
    length: f64,
    needs_hint: bool,
    /// What speaks against this kind of closing, added to the unseen share of the room.
    penalty: f64,
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Node(usize),
    Edge { edge: usize, at: Vec2 },
}

/// Where people or things were.
pub(crate) struct Places<'a> {
    /// Points that must lie in a room.
    pub inside: &'a [Vec2],
    /// The way of the camera: no unseen wall stands across it.
    pub camera_path: &'a [Vec2],
}

impl Places<'_> {
    /// The camera went through the segment a–b.
    fn walked_through(&self, a: Vec2, b: Vec2) -> bool {
        let on = |share: f64| (0.0..=1.0).contains(&share);
        self.camera_path
            .windows(2)
            .any(|step| line_crossing(a, b, step[0], step[1]).is_some_and(|(s, t)| on(s) && on(t)))
    }
}

/// Adds inferred walls until nothing reasonable is left.
pub(crate) fn close_rooms(
    graph: &mut WallGraph,
    places: &Places<'_>,
    options: &Options,
    findings: &mut Findings,
) {
    if graph.edges.len() > MAX_EDGES {
        findings.note(
            "closing-skipped",
            Vec::new(),
            format!(
                "{} wall pieces are too many to look for missing ones (limit {MAX_EDGES})",
                graph.edges.len()
            ),
            None,
        );
        return;
    }
    for _ in 0..MAX_ROUNDS {
        let known = faces(graph);
        let mut candidates = candidates(graph, &known, places.inside, options);
        candidates.sort_by(|p, q| p.length.total_cmp(&q.length));
        candidates.truncate(MAX_TRIALS);
        let accepted = candidates
            .into_iter()
            .filter_map(|closing| attempt(graph, &closing, &known, places, options))
            .min_by(|p, q| p.0.total_cmp(&q.0))
            .map(|(_, next)| next);
        let Some(next) = accepted else { return };
        *graph = next;
    }
}

fn candidates(graph: &WallGraph, known: &[Face], hints: &[Vec2], options: &Options) -> Vec<Closing> {
    let incidence = graph.incidence();
    let free_hint = hints.iter().any(|&hint| !known.iter().any(|face| contains(&face.polygon(graph), hint)));
    let is_loose = |node: usize| incidence[node].len() == 1 && graph.loose_sigma[node] <= MAX_LOOSE_SIGMA_M;
    // A wall that ends free inside a closed room is a half wall or a passage: it stays open.
    let is_loose = |node: usize| {
        is_loose(node) && !known.iter().any(|face| contains(&face.polygon(graph), graph.nodes[node]))
    };
    let mut found = Vec::new();
    for from in 0..graph.nodes.len() {
        if incidence[from].is_empty() || (incidence[from].len() == 1 && !is_loose(from)) {
            continue;
        }
        let loose = is_loose(from);
        if !loose && !free_hint {
            continue;
        }
        straight(graph, &incidence, from, loose, &is_loose, &mut found);
        if loose {
            round_a_corner(graph, &incidence, from, &is_loose, options.max_inferred_wall_m, &mut found);
            on_to_a_wall(graph, &incidence, from, &mut found);
        }
    }
    found.retain(|closing| closing.length >= MIN_WALL_M && closing.length <= options.max_inferred_wall_m);
    found
}

/// Directions in which a wall may go on from a node: out of each of its edges, and square to them.
fn headings(graph: &WallGraph, incidence: &[Vec<usize>], node: usize) -> Vec<Vec2> {
    let mut found = Vec::new();
    for &edge in &incidence[node] {
        let out = graph.nodes[node] - graph.nodes[graph.edges[edge].other(node)];
        let Some(out) = out.try_normalize(1e-9) else { continue };
        found.extend([out, perp(out), -perp(out)]);
    }
    found
}

fn straight(
    graph: &WallGraph,
    incidence: &[Vec<usize>],
    from: usize,
    loose: bool,
    is_loose: &dyn Fn(usize) -> bool,
    found: &mut Vec<Closing>,
) {
    for to in 0..graph.nodes.len() {
        if to == from || incidence[to].is_empty() || (is_loose(to) && loose && to < from) {
            continue;
        }
        if incidence[from].iter().any(|&edge| graph.edges[edge].other(from) == to) {
            continue;
        }
        let step = graph.nodes[to] - graph.nodes[from];
        let fits = |node: usize, step: Vec2| {
            headings(graph, incidence, node)
                .iter()
                .any(|h| h.dot(&step) > 0.0 && (step - h * h.dot(&step)).norm() < MAX_SIDE_STEP_M)
        };
        let aligned = fits(from, step) && fits(to, -step);
        if !aligned && !loose {
            continue;
        }
        let whole = !loose && !is_loose(to);
        let penalty =
            if aligned { 0.0 } else { OBLIQUE_PENALTY } + if whole { NO_LOOSE_END_PENALTY } else { 0.0 };
        let length = step.norm();
        found.push(Closing { from, via: None, to: Target::Node(to), length, needs_hint: whole, penalty });
    }
}

/// Both walls go on until they meet, or the shorter goes on until it is level with the other.
fn round_a_corner(
    graph: &WallGraph,
    incidence: &[Vec<usize>],
    from: usize,
    is_loose: &dyn Fn(usize) -> bool,
    max_length: f64,
    found: &mut Vec<Closing>,
) {
    let p = graph.nodes[from];
    for to in (0..graph.nodes.len()).filter(|&to| to != from && is_loose(to)) {
        let q = graph.nodes[to];
        if (q - p).norm() > max_length {
            continue;
        }
        for u in headings(graph, incidence, from) {
            for v in headings(graph, incidence, to) {
                if in_line(u, v) {
                    continue;
                }
                let Some((s, t)) = line_crossing(p, p + u, q, q + v) else { continue };
                if s > MIN_WALL_M && t > MIN_WALL_M {
                    found.push(Closing {
                        from,
                        via: Some(p + u * s),
                        to: Target::Node(to),
                        length: s + t,
                        needs_hint: false,
                        penalty: UNSEEN_CORNER_PENALTY,
                    });
                }
            }
        }
    }
}

fn on_to_a_wall(graph: &WallGraph, incidence: &[Vec<usize>], from: usize, found: &mut Vec<Closing>) {
    let p = graph.nodes[from];
    for heading in headings(graph, incidence, from) {
        let hit = (0..graph.edges.len())
            .filter(|&edge| !graph.edges[edge].nodes.contains(&from))
            .filter_map(|edge| {
                let (a, b) = graph.segment(edge);
                let (s, t) = line_crossing(p, p + heading, a, b)?;
                (s > MIN_WALL_M && (0.0..=1.0).contains(&t)).then_some((s, edge))
            })
            .min_by(|x, y| x.0.total_cmp(&y.0));
        if let Some((length, edge)) = hit {
            let at = p + heading * length;
            let to = Target::Edge { edge, at };
            let penalty = UNSEEN_CORNER_PENALTY;
            found.push(Closing { from, via: None, to, length, needs_hint: false, penalty });
        }
    }
}

/// The closing's score (lower is better) and the graph with it, when it is reasonable.
fn attempt(
    graph: &WallGraph,
    closing: &Closing,
    known: &[Face],
    places: &Places<'_>,
    options: &Options,
) -> Option<(f64, WallGraph)> {
    let p = graph.nodes[closing.from];
    let (end, end_nodes) = match closing.to {
        Target::Node(node) => (graph.nodes[node], vec![node]),
        Target::Edge { edge, at } => (at, graph.edges[edge].nodes.to_vec()),
    };
    let mut skip = end_nodes;
    skip.push(closing.from);
    let via = closing.via.unwrap_or(end);
    if graph.is_blocked(p, via, &skip) || (closing.via.is_some() && graph.is_blocked(via, end, &skip)) {
        return None;
    }
    if places.walked_through(p, via) || places.walked_through(via, end) {
        return None;
    }
    let (next, first_new) = build(graph, closing);
    let new_faces = faces(&next);
    if new_faces.len() <= known.len() {
        return None;
    }
    // The rooms that the new walls bound must all be plausible.
    let mut worst: f64 = 0.0;
    let mut hinted = false;
    for face in new_faces.iter().filter(|face| face.edges.iter().any(|&edge| edge >= first_new)) {
        let perimeter: f64 = face.edges.iter().map(|&edge| next.length(edge)).sum();
        let inferred: f64 =
            face.edges.iter().filter(|&&e| next.edges[e].is_inferred()).map(|&e| next.length(e)).sum();
        worst = worst.max(inferred / perimeter);
        if face.area < ROOM_AREA_M2.0 || face.area > ROOM_AREA_M2.1 {
            return None;
        }
        let polygon = face.polygon(&next);
        hinted |= places.inside.iter().any(|&hint| contains(&polygon, hint));
    }
    if worst > options.max_inferred_share || (closing.needs_hint && !hinted) {
        return None;
    }
    let mut next = next;
    for edge in &mut next.edges[first_new..] {
        if edge.is_inferred() {
            edge.evidence.confidence = BASE_CONFIDENCE * (2.0 * (1.0 - worst)).min(1.0);
        }
    }
    Some((worst + closing.penalty, next))
}

fn build(graph: &WallGraph, closing: &Closing) -> (WallGraph, usize) {
    let mut next = graph.clone();
    let model = graph.edges[graph
        .edges
        .iter()
        .position(|edge| edge.nodes.contains(&closing.from))
        .expect("because candidates start at a node with an edge")]
    .clone();
    let to = match closing.to {
        Target::Node(node) => node,
        Target::Edge { edge, at } => {
            let node = next.add_node(at);
            next.split(edge, node);
            node
        }
    };
    let first_new = next.edges.len();
    let mut path = vec![closing.from];
    path.extend(closing.via.map(|point| next.add_node(point)));
    path.push(to);
    for pair in path.windows(2) {
        next.edges.push(Edge {
            nodes: [pair[0], pair[1]],
            walls: Vec::new(),
            thickness: model.thickness,
            height: model.height,
            evidence: Evidence {
                confidence: BASE_CONFIDENCE,
                sigma_m: (2.0 * model.evidence.sigma_m).max(0.1),
                observed_fraction: 0.0,
                source: Source::Inferred,
            },
        });
    }
    (next, first_new)
}
