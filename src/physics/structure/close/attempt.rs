//! One closing tried: the rooms that it would make near it, and how likely they are.

use super::super::faces::faces;
use super::super::graph::{Edge, WallGraph};
use super::Places;
use super::candidates::{Closing, Target};
use super::grid::{CELL_M, Grid};
use crate::math::Vec2;
use crate::physics::Options;
use crate::physics::geometry::{UprightBox, contains, perp, segment_distance};
use crate::scene::{Evidence, Source};

/// Smallest and largest room that is closed, square metres (a WC; a hall).
const ROOM_AREA_M2: (f64, f64) = (1.0, 120.0);
/// Confidence of an inferred wall with half of its room's outline seen around it; rises with the share.
const BASE_CONFIDENCE: f64 = 0.3;
/// Against two closings at once, and more against three.
const PAIR_PENALTY: f64 = 0.1;
const CHAIN_PENALTY: f64 = 0.15;
/// For a closing that takes in all that stands outside of rooms: a diagonal that leaves half of the
/// furniture out is no wall.
const TAKEN_IN_VALUE: f64 = 0.8;
/// Against a closing for each thing that it cuts through.
const CUT_PENALTY: f64 = 0.15;
/// A thing that reaches less far over a wall was badly measured, metres (3 sigmas of usual drafts).
const MAX_CUT_M: f64 = 0.2;
/// A wall whose middle is nearer to another wall than this runs along it, metres.
const BESIDE_M: f64 = 0.2;
/// Walls farther from a closing than this bound none of its rooms, metres (the diagonal of the largest
/// room).
const NEIGHBOURHOOD_M: f64 = CELL_M;

/// A closing that is reasonable.
pub(super) struct Found {
    /// Lower is better.
    pub score: f64,
    /// Largest share of the outline of a room that it makes which nobody saw, 0..1.
    pub unseen_share: f64,
}

/// The walls and hints near a closing, with their own numbers.
struct Neighbourhood {
    graph: WallGraph,
    inside: Vec<Vec2>,
    bodies: Vec<UprightBox>,
    nodes: Vec<usize>,
    edges: Vec<usize>,
}

impl Neighbourhood {
    fn new((graph, grid): (&WallGraph, &Grid), around: Vec2, places: &Places<'_>) -> Self {
        let edges: Vec<usize> = grid
            .edges_near(around)
            .into_iter()
            .filter(|&edge| {
                let (a, b) = graph.segment(edge);
                segment_distance(a, b, around) < NEIGHBOURHOOD_M
            })
            .collect();
        let mut nodes: Vec<usize> = edges.iter().flat_map(|&edge| graph.edges[edge].nodes).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let local = WallGraph {
            nodes: nodes.iter().map(|&node| graph.nodes[node]).collect(),
            edges: edges
                .iter()
                .map(|&edge| {
                    let of = &graph.edges[edge];
                    let number = |node: usize| nodes.binary_search(&node).expect("because it is among them");
                    Edge { nodes: of.nodes.map(number), ..of.clone() }
                })
                .collect(),
            loose_sigma: nodes.iter().map(|&node| graph.loose_sigma[node]).collect(),
        };
        let mut near = grid.hints_near(around);
        near.retain(|&hint| (places.inside[hint] - around).norm() < NEIGHBOURHOOD_M);
        let inside = near.iter().map(|&hint| places.inside[hint]).collect();
        let bodies = near.iter().filter_map(|&hint| places.bodies.get(hint)).copied().collect();
        Self { graph: local, inside, bodies, nodes, edges }
    }

    /// The closing in the numbers of the neighbourhood; `None` when it leaves it.
    fn numbered(&self, closing: &Closing) -> Option<Closing> {
        let to = match closing.to {
            Target::Node(node) => Target::Node(self.nodes.binary_search(&node).ok()?),
            Target::Edge { edge, at } => Target::Edge { edge: self.edges.binary_search(&edge).ok()?, at },
        };
        Some(Closing { from: self.nodes.binary_search(&closing.from).ok()?, to, ..closing.clone() })
    }
}

/// Tries closings taken together; `None` when they are not reasonable.
pub(super) fn attempt(
    (whole, grid): (&WallGraph, &Grid),
    closings: &[Closing],
    places: &Places<'_>,
    options: &Options,
) -> Option<Found> {
    let near = Neighbourhood::new((whole, grid), whole.nodes[closings[0].from], places);
    let closings: Vec<Closing> =
        closings.iter().map(|closing| near.numbered(closing)).collect::<Option<_>>()?;
    let (graph, hints) = (&near.graph, &near.inside);
    let known = faces(graph);
    let rooms: Vec<Vec<Vec2>> = known.iter().map(|face| face.polygon(graph)).collect();
    let mut next = graph.clone();
    let first_new = graph.edges.len();
    for closing in &closings {
        if !is_free(&next, closing, &rooms, places) {
            return None;
        }
        build(&mut next, closing);
    }
    let new_faces = faces(&next);
    // Each of them closes something: none may be idle.
    let is_used = |closing: &Closing| {
        new_faces.iter().flat_map(|face| &face.edges).filter(|&&edge| edge >= first_new).any(|&edge| {
            let edge = &next.edges[edge];
            edge.is_inferred() && edge.nodes.contains(&closing.from)
        })
    };
    if new_faces.len() <= known.len() || (closings.len() > 1 && !closings.iter().all(is_used)) {
        return None;
    }
    let outside = |rooms: &[Vec<Vec2>]| {
        hints.iter().filter(|&&hint| !rooms.iter().any(|room| contains(room, hint))).count()
    };
    let outside_before = outside(&rooms);
    let outside_after = outside(&new_faces.iter().map(|face| face.polygon(&next)).collect::<Vec<_>>());
    let taken_in = (outside_before.saturating_sub(outside_after)) as f64 / outside_before.max(1) as f64;
    // The rooms that the new walls bound must all be plausible.
    let mut unseen_share: f64 = 0.0;
    let mut hinted = false;
    for face in new_faces.iter().filter(|face| face.edges.iter().any(|&edge| edge >= first_new)) {
        let perimeter: f64 = face.edges.iter().map(|&edge| next.length(edge)).sum();
        let inferred: f64 =
            face.edges.iter().filter(|&&e| next.edges[e].is_inferred()).map(|&e| next.length(e)).sum();
        unseen_share = unseen_share.max(inferred / perimeter);
        if face.area < ROOM_AREA_M2.0 || face.area > ROOM_AREA_M2.1 {
            return None;
        }
        let polygon = face.polygon(&next);
        hinted |= hints.iter().any(|&hint| contains(&polygon, hint));
    }
    if unseen_share > options.max_inferred_share || (closings.iter().any(|c| c.needs_hint) && !hinted) {
        return None;
    }
    let cut: usize = (first_new..next.edges.len())
        .filter(|&edge| next.edges[edge].is_inferred())
        .map(|edge| things_cut(&near.bodies, next.segment(edge)))
        .sum();
    let penalty = closings.iter().map(|c| c.penalty).sum::<f64>()
        + PAIR_PENALTY * (closings.len() - 1) as f64
        + CHAIN_PENALTY * closings.len().saturating_sub(2) as f64
        + CUT_PENALTY * cut as f64;
    Some(Found { score: unseen_share + penalty - TAKEN_IN_VALUE * taken_in, unseen_share })
}

/// Nothing stands against a closing by itself.
pub(super) fn is_free_alone(
    (whole, grid): (&WallGraph, &Grid),
    closing: &Closing,
    places: &Places<'_>,
) -> bool {
    let near = Neighbourhood::new((whole, grid), whole.nodes[closing.from], places);
    let rooms: Vec<Vec<Vec2>> = faces(&near.graph).iter().map(|face| face.polygon(&near.graph)).collect();
    near.numbered(closing).is_some_and(|closing| is_free(&near.graph, &closing, &rooms, places))
}

/// Things that a wall between two points would cut through.
fn things_cut(bodies: &[UprightBox], (a, b): (Vec2, Vec2)) -> usize {
    let length = (b - a).norm();
    let Some(along) = (b - a).try_normalize(1e-9) else { return 0 };
    let normal = perp(along);
    bodies
        .iter()
        .filter(|body| {
            let offset = body.plan() - a;
            let (u, reach) = (along.dot(&offset), body.reach(along));
            let shared = (u + reach).min(length) - (u - reach).max(0.0);
            shared > MAX_CUT_M && body.reach(normal) - normal.dot(&offset).abs() > MAX_CUT_M
        })
        .count()
}

/// Builds the walls of closings; their confidence falls with the share of the room that nobody saw.
pub(super) fn apply(graph: &mut WallGraph, closings: &[Closing], unseen_share: f64) {
    let first_new = graph.edges.len();
    closings.iter().for_each(|closing| build(graph, closing));
    for edge in graph.edges[first_new..].iter_mut().filter(|edge| edge.is_inferred()) {
        edge.evidence.confidence = BASE_CONFIDENCE * (2.0 * (1.0 - unseen_share)).min(1.0);
    }
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
        || (closing.end_node().is_none() && crowded(end))
    {
        return false;
    }
    if middles.iter().any(|&middle| rooms.iter().any(|room| contains(room, middle))) {
        return false;
    }
    let (from, to) = (closing.from, closing.end_node());
    let joins = |e: &Edge| e.nodes.contains(&from) && to.is_some_and(|to| e.nodes.contains(&to));
    if !bent && graph.edges.iter().any(joins) {
        return false;
    }
    !places.walked_through(p, via) && !places.walked_through(via, end)
}

fn build(graph: &mut WallGraph, closing: &Closing) {
    let model = graph.edges[graph
        .edges
        .iter()
        .position(|edge| edge.nodes.contains(&closing.from))
        .expect("because candidates start at a node with an edge")]
    .clone();
    let to = match closing.to {
        Target::Node(node) => node,
        Target::Edge { edge, at } => {
            let node = graph.add_node(at);
            graph.split(edge, node);
            node
        }
    };
    let mut path = vec![closing.from];
    path.extend(closing.via.map(|point| graph.add_node(point)));
    path.push(to);
    for pair in path.windows(2) {
        graph.edges.push(Edge {
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
}
