//! Walls that nobody saw but that must be there.
//!
//! Takes the wall graph and hints of where people or things were (object centres, detected room
//! interiors), adds edges of source `Inferred` where they close a room that is almost closed:
//! straight between two corners, round one missing corner, or on to the next wall. A candidate is
//! taken only if it crosses nothing (nor the way of the camera), is not too long, the new room has a plausible area, most of its
//! outline was seen, and either a wall ends free there or a hint lies inside. The one that leaves the
//! least of its room unseen and takes in most of what stands about comes first; one wall is likelier than two, and a wall that ends where it
//! was seen to end is likelier than one that goes on.
//! Ends that lie beyond what was observed (large sigma) close nothing: the room goes on there.

use super::faces::{Face, faces};
use super::graph::{Edge, WallGraph};
use super::join::in_line;
use crate::math::Vec2;
use crate::physics::Options;
use crate::physics::findings::Findings;
use crate::physics::geometry::{contains, line_crossing, perp, segment_distance};
use crate::scene::{Evidence, Source};

/// Smallest and largest room that is closed, square metres (a WC; a hall).
const ROOM_AREA_M2: (f64, f64) = (1.0, 120.0);
/// A free end known worse than this is the end of what was seen, not of the wall, metres.
const MAX_LOOSE_SIGMA_M: f64 = 0.5;
/// Shortest wall that is inferred, metres.
const MIN_WALL_M: f64 = 0.1;
/// Confidence of an inferred wall with half of its room's outline seen around it; rises with the share.
const BASE_CONFIDENCE: f64 = 0.3;
/// Candidates that are tried each round for every piece of wall, shortest first (keeps the search
/// linear in the number of walls).
const MAX_TRIALS_PER_EDGE: usize = 60;
/// Larger graphs are no dwelling and are left as they are (the search is quadratic).
const MAX_EDGES: usize = 500;
/// Most walls that are inferred in one scene.
const MAX_ROUNDS: usize = 60;
/// Against a closing with a corner that nobody saw, or one that ends in the middle of a wall.
const UNSEEN_CORNER_PENALTY: f64 = 0.15;
/// Against a closing in a direction that no wall there has.
const OBLIQUE_PENALTY: f64 = 0.25;
/// Against a closing between two whole corners.
const NO_LOOSE_END_PENALTY: f64 = 0.1;
/// Against two closings at once.
const PAIR_PENALTY: f64 = 0.1;
/// Closings that are tried two by two, shortest first.
const MAX_PAIRED: usize = 28;
/// For a closing that takes in all that stands outside of rooms: a diagonal that leaves half of the
/// furniture out is no wall.
const TAKEN_IN_VALUE: f64 = 0.8;
/// A wall whose middle is nearer to another wall than this runs along it, metres.
const BESIDE_M: f64 = 0.2;
/// A straight closing may bend this far from the directions at its ends, metres (noise of two ends).
const MAX_SIDE_STEP_M: f64 = 0.25;

/// A way to close a room: new corners on the way from one node to another, or to an edge.
#[derive(Debug, Clone)]
struct Closing {
    from: usize,
    via: Option<Vec2>,
    to: Target,
    length: f64,
    /// Length of its longest straight piece.
    longest: f64,
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
        candidates.sort_by(|p, q| p.needs_hint.cmp(&q.needs_hint).then(p.length.total_cmp(&q.length)));
        candidates.truncate(MAX_TRIALS_PER_EDGE * graph.edges.len());
        let mut possible: Vec<(f64, Vec<Closing>)> = with_pairs(candidates)
            .into_iter()
            .filter_map(|closings| Some((attempt(graph, &closings, &known, places, options)?.0, closings)))
            .collect();
        possible.sort_by(|p, q| p.0.total_cmp(&q.0));
        if possible.is_empty() {
            return;
        }
        // The best first; each later one must still be possible beside those taken before it.
        let mut known = known;
        let edges = graph.edges.len();
        let mut used: Vec<usize> = Vec::new();
        for (_, closings) in possible {
            // A closed end is loose no more, and edges are numbered anew once one was split.
            let ends: Vec<usize> =
                closings.iter().flat_map(|c| [Some(c.from), end_node(c)]).flatten().collect();
            let stale = closings.iter().any(|c| end_node(c).is_none()) && graph.edges.len() != edges;
            // What much speaks against is a last resort: another round may offer a better way.
            let late =
                closings.iter().any(|c| c.penalty > UNSEEN_CORNER_PENALTY) && graph.edges.len() != edges;
            if stale || late || ends.iter().any(|node| used.contains(node)) {
                continue;
            }
            if let Some((_, next)) = attempt(graph, &closings, &known, places, options) {
                *graph = next;
                known = faces(graph);
                used.extend(ends);
            }
        }
        if graph.edges.len() == edges {
            return;
        }
    }
}

/// Every closing alone, and the shortest ones two by two: where a room lacks two walls, neither alone
/// closes it.
fn with_pairs(closings: Vec<Closing>) -> Vec<Vec<Closing>> {
    let between_ends: Vec<&Closing> =
        closings.iter().filter(|c| end_node(c).is_some() && !c.needs_hint).take(MAX_PAIRED).collect();
    let mut all: Vec<Vec<Closing>> = Vec::new();
    for (k, a) in between_ends.iter().enumerate() {
        for b in &between_ends[k + 1..] {
            let shared =
                [Some(a.from), end_node(a)].iter().any(|end| [Some(b.from), end_node(b)].contains(end));
            if !shared {
                all.push(vec![(*a).clone(), (*b).clone()]);
            }
        }
    }
    all.extend(closings.into_iter().map(|closing| vec![closing]));
    all
}

fn candidates(graph: &WallGraph, known: &[Face], hints: &[Vec2], options: &Options) -> Vec<Closing> {
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
    let free_hint = hints.iter().any(|&hint| !in_a_room(hint));
    let max_length = options.max_inferred_wall_m;
    let ends = Ends { graph, incidence, loose, may_be_whole: free_hint, max_length };
    let mut found = Vec::new();
    for from in 0..graph.nodes.len() {
        let whole = ends.incidence[from].len() > 1;
        if ends.loose[from] || (whole && free_hint) {
            ends.straight(from, &mut found);
        }
        if ends.loose[from] || (whole && free_hint) {
            ends.round_a_corner(from, &mut found);
        }
        if ends.loose[from] {
            ends.on_to_a_wall(from, &mut found);
        }
    }
    found.retain(|closing| closing.length >= MIN_WALL_M && closing.longest <= max_length);
    found
}

/// The ends of walls between which something may be missing.
struct Ends<'a> {
    graph: &'a WallGraph,
    incidence: Vec<Vec<usize>>,
    /// By node: a wall ends there, alone and where it was seen to end.
    loose: Vec<bool>,
    /// Something stands outside of all rooms: whole corners may belong to its room, too.
    may_be_whole: bool,
    max_length: f64,
}

impl Ends<'_> {
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
        for to in 0..self.graph.nodes.len() {
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
            let aligned = fits(from, step) && fits(to, -step);
            if !aligned && !self.loose[from] {
                continue;
            }
            let whole = !self.loose[from] && !self.loose[to];
            let oblique = if aligned { 0.0 } else { OBLIQUE_PENALTY };
            let penalty = oblique + if whole { NO_LOOSE_END_PENALTY } else { 0.0 };
            found.push(Closing {
                from,
                via: None,
                to: Target::Node(to),
                length,
                longest: length,
                needs_hint: whole,
                penalty,
            });
        }
    }

    /// Both walls go on until they meet, or the shorter goes on until it is level with the other.
    fn round_a_corner(&self, from: usize, found: &mut Vec<Closing>) {
        let p = self.graph.nodes[from];
        for to in (0..self.graph.nodes.len())
            .filter(|&to| to != from && (self.loose[to] || self.incidence[to].len() > 1))
        {
            let whole = !self.loose[from] || !self.loose[to];
            if whole && (!self.may_be_whole || (self.loose[to] && to < from)) {
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
                    penalty: UNSEEN_CORNER_PENALTY,
                });
            }
        }
    }
}

/// The score of closings taken together (lower is better) and the graph with them, when they are
/// reasonable.
fn attempt(
    graph: &WallGraph,
    closings: &[Closing],
    known: &[Face],
    places: &Places<'_>,
    options: &Options,
) -> Option<(f64, WallGraph)> {
    let rooms: Vec<Vec<Vec2>> = known.iter().map(|face| face.polygon(graph)).collect();
    let mut next = graph.clone();
    let first_new = graph.edges.len();
    for closing in closings {
        if !is_free(&next, closing, &rooms, places) {
            return None;
        }
        next = build(&next, closing);
    }
    let new_faces = faces(&next);
    // Each of them closes something: of a pair, neither may be idle.
    let is_used = |closing: &Closing| {
        new_faces.iter().flat_map(|face| &face.edges).any(|&edge| {
            let edge = &next.edges[edge];
            edge.is_inferred() && edge.nodes.contains(&closing.from)
        })
    };
    if new_faces.len() <= known.len() || (closings.len() > 1 && !closings.iter().all(is_used)) {
        return None;
    }
    let outside = |rooms: &[Vec<Vec2>]| {
        places.inside.iter().filter(|&&hint| !rooms.iter().any(|room| contains(room, hint))).count()
    };
    let outside_before = outside(&rooms);
    let outside_after = outside(&new_faces.iter().map(|face| face.polygon(&next)).collect::<Vec<_>>());
    let taken_in = (outside_before.saturating_sub(outside_after)) as f64 / outside_before.max(1) as f64;
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
    if worst > options.max_inferred_share || (closings.iter().any(|c| c.needs_hint) && !hinted) {
        return None;
    }
    for edge in &mut next.edges[first_new..] {
        if edge.is_inferred() {
            edge.evidence.confidence = BASE_CONFIDENCE * (2.0 * (1.0 - worst)).min(1.0);
        }
    }
    let penalty: f64 =
        closings.iter().map(|c| c.penalty).sum::<f64>() + PAIR_PENALTY * (closings.len() - 1) as f64;
    Some((worst + penalty - TAKEN_IN_VALUE * taken_in, next))
}

/// Nothing stands against the walls of a closing: no other wall, no closed room that it would divide
/// (no wall was seen there), no way that somebody went, no wall that exists already.
fn is_free(graph: &WallGraph, closing: &Closing, rooms: &[Vec<Vec2>], places: &Places<'_>) -> bool {
    let p = graph.nodes[closing.from];
    let (end, mut skip) = match closing.to {
        Target::Node(node) => (graph.nodes[node], vec![node]),
        Target::Edge { edge, at } => (at, graph.edges[edge].nodes.to_vec()),
    };
    skip.push(closing.from);
    let via = closing.via.unwrap_or(end);
    let bent = closing.via.is_some();
    if graph.is_blocked(p, via, &skip) || (bent && graph.is_blocked(via, end, &skip)) {
        return false;
    }
    let beside = |point: Vec2| {
        (0..graph.edges.len()).any(|edge| {
            let (a, b) = graph.segment(edge);
            segment_distance(a, b, point) < BESIDE_M
        })
    };
    let middles = if bent { vec![0.5 * (p + via), 0.5 * (via + end)] } else { vec![0.5 * (p + end)] };
    // A corner that nearly is another one would be that one.
    let crowded = |point: Vec2| graph.nodes.iter().any(|node| (node - point).norm() < BESIDE_M);
    if middles.iter().any(|&middle| beside(middle))
        || closing.via.is_some_and(crowded)
        || (end_node(closing).is_none() && crowded(end))
    {
        return false;
    }
    if middles.iter().any(|&middle| rooms.iter().any(|room| contains(room, middle))) {
        return false;
    }
    let (from, to) = (closing.from, end_node(closing));
    let joins = |e: &Edge| e.nodes.contains(&from) && to.is_some_and(|to| e.nodes.contains(&to));
    if !bent && graph.edges.iter().any(joins) {
        return false;
    }
    !places.walked_through(p, via) && !places.walked_through(via, end)
}

fn end_node(closing: &Closing) -> Option<usize> {
    match closing.to {
        Target::Node(node) => Some(node),
        Target::Edge { .. } => None,
    }
}

fn build(graph: &WallGraph, closing: &Closing) -> WallGraph {
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
    next
}
