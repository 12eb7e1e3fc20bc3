//! Walls, rooms and openings of a draft, made to fit.
//!
//! `Clean -> (walls, rooms, openings)`: duplicates merge, walls join at exact corners, missing ones
//! are inferred where almost everything was seen, faces become rooms, openings are put in their wall.

mod beyond;
mod close;
mod directions;
mod faces;
mod graph;
mod inset;
mod join;
mod merge;
mod openings;
mod rooms;
mod stops;

pub(crate) use inset::room_floor;
pub(crate) use rooms::geo_polygon;

use super::clean::{Clean, CleanObject, CleanWall};
use super::findings::Findings;
use super::geometry::{UprightBox, contains};
use super::{Error, Options};
use crate::math::Vec2;
use crate::scene::{Opening, Room, Source, Wall};
use graph::{Edge, WallGraph};
use std::collections::BTreeSet;

/// Less sure objects ask for no room.
const MIN_HINT_CONFIDENCE: f64 = 0.5;

/// The built part of a scene.
#[derive(Debug, Clone, Default)]
pub(crate) struct Structure {
    pub walls: Vec<Wall>,
    pub rooms: Vec<Room>,
    pub openings: Vec<Opening>,
}

/// Joins, closes, cuts.
///
/// # Errors
/// [`Error::TooMany`] when more walls cross than in any dwelling.
pub(crate) fn build(
    clean: &mut Clean,
    options: &Options,
    findings: &mut Findings,
) -> Result<Structure, Error> {
    merge::merge_duplicates(clean, findings);
    let mut graph = join::join(&clean.walls, &clean.objects, options)?;
    if options.infer_walls {
        let (inside, bodies) = hints(clean);
        let places = close::Places { inside: &inside, bodies: &bodies, camera_path: &clean.camera_path };
        close::close_rooms(&mut graph, &places, options, findings);
        close_likely_places(&mut graph, clean, &bodies, options, findings);
    }
    for node in &mut graph.nodes {
        *node = node.map(crate::scene::model::rounded);
    }
    graph.remove_degenerate();
    report_absorbed(&graph, &clean.walls, findings);
    let (walls, rooms) = rooms::rooms(&graph, clean, findings);
    report_inferred(&walls, findings);
    let openings = openings::openings(clean, &graph, &walls, findings);
    Ok(Structure { walls, rooms, openings })
}

/// Rooms that walls close as they are, without any joining: polygons with the wall of every edge.
/// Ends are one corner when they are equal to the micrometre.
pub(crate) fn closed_as_drawn(walls: &[CleanWall]) -> Vec<(Vec<Vec2>, Vec<usize>)> {
    let mut numbers = std::collections::BTreeMap::new();
    let mut graph = WallGraph::default();
    for (index, wall) in walls.iter().enumerate() {
        let nodes = [wall.a, wall.b].map(|end| {
            let key = [end.x, end.y].map(|x| (1e6 * x).round() as i64);
            *numbers.entry(key).or_insert_with(|| graph.add_node(end))
        });
        if nodes[0] != nodes[1] {
            graph.edges.push(Edge {
                nodes,
                walls: vec![index],
                thickness: wall.thickness,
                height: wall.height,
                evidence: wall.evidence,
            });
        }
    }
    faces::faces(&graph)
        .into_iter()
        .map(|face| {
            let walls = face.edges.iter().map(|&edge| graph.edges[edge].walls[0]).collect();
            (face.polygon(&graph), walls)
        })
        .collect()
}

/// The last resort: what is likely to be a place and would stay open is closed round its things in the
/// likeliest way, even if most of its outline was not seen.
fn close_likely_places(
    graph: &mut WallGraph,
    clean: &Clean,
    bodies: &[UprightBox],
    options: &Options,
    findings: &mut Findings,
) {
    let known = faces::faces(graph);
    let rooms: Vec<Vec<Vec2>> = known.iter().map(|face| face.polygon(graph)).collect();
    let likely = beyond::beyond_closed_rooms(graph, &known, &rooms, clean);
    let is_there = |body: &&UprightBox| likely.iter().any(|outline| contains(outline, body.plan()));
    let bodies: Vec<UprightBox> = bodies.iter().filter(is_there).copied().collect();
    if bodies.is_empty() {
        return;
    }
    let inside: Vec<Vec2> = bodies.iter().map(UprightBox::plan).collect();
    let places = close::Places { inside: &inside, bodies: &bodies, camera_path: &clean.camera_path };
    let max_inferred_share = options.max_inferred_share.max(options.max_inferred_share_of_place);
    let first_new = graph.edges.len();
    close::close_rooms(graph, &places, &Options { max_inferred_share, ..options.clone() }, findings);
    for face in faces::faces(graph).iter().filter(|face| face.edges.iter().any(|&e| e >= first_new)) {
        let length = |&edge: &usize| graph.length(edge);
        let total: f64 = face.edges.iter().map(length).sum();
        let unseen: f64 = face.edges.iter().filter(|&&e| graph.edges[e].is_inferred()).map(length).sum();
        if unseen > options.max_inferred_share * total {
            findings.note(
                "room-mostly-inferred",
                Vec::new(),
                format!(
                    "a room of {:.1} m2 round things that stand about: {unseen:.2} m of its {total:.2} m of wall were not seen",
                    face.area
                ),
                Some(unseen),
            );
        }
    }
}

/// Walls that share an edge with another one or that the joining left no length.
fn report_absorbed(graph: &WallGraph, walls: &[CleanWall], findings: &mut Findings) {
    let mut note = |code: &str, wall: &CleanWall, why: &str| {
        let (middle, length) = (0.5 * (wall.a + wall.b), (wall.b - wall.a).norm());
        let message = format!(
            "wall {} of the draft ({length:.2} m at ({:.2}, {:.2})) {why}",
            wall.draft, middle.x, middle.y
        );
        findings.note(code, vec![wall.element()], message, Some(length));
    };
    let doubled: BTreeSet<usize> = graph.edges.iter().flat_map(|e| e.walls.iter().skip(1).copied()).collect();
    for wall in doubled {
        note(
            "walls-merged",
            &walls[wall],
            "runs between the same two corners as another wall: they became one",
        );
    }
    let there: BTreeSet<usize> = graph.edges.iter().flat_map(|e| e.walls.iter().copied()).collect();
    for wall in (0..walls.len()).filter(|wall| !there.contains(wall)) {
        note("wall-removed", &walls[wall], "was left out: joined to its neighbours it has no length");
    }
}

fn report_inferred(walls: &[Wall], findings: &mut Findings) {
    for wall in walls.iter().filter(|wall| wall.evidence.source == Source::Inferred) {
        let length = (Vec2::from(wall.b) - Vec2::from(wall.a)).norm();
        findings.note(
            "wall-inferred",
            vec![wall.id.into()],
            format!(
                "{length:.2} m of wall were not seen but close a room (confidence {:.2})",
                wall.evidence.confidence
            ),
            Some(length),
        );
    }
}

/// Places that must lie in a room, objects whose side of a wall is known and detected interiors, and
/// the boxes of the former.
fn hints(clean: &Clean) -> (Vec<Vec2>, Vec<UprightBox>) {
    let is_sure = |o: &&CleanObject| o.evidence.confidence >= MIN_HINT_CONFIDENCE && o.side_is_known();
    let objects = clean.objects.iter().filter(is_sure);
    let bodies: Vec<UprightBox> = objects.map(|object| object.shape).collect();
    let rooms = clean
        .rooms
        .iter()
        .map(|room| room.polygon.iter().map(|&p| Vec2::from(p)).sum::<Vec2>() / room.polygon.len() as f64);
    let inside = bodies.iter().map(UprightBox::plan).chain(rooms).collect();
    (inside, bodies)
}
