//! Walls, rooms and openings of a draft, made to fit.
//!
//! `Clean -> (walls, rooms, openings)`: duplicates merge, walls join at exact corners, missing ones
//! are inferred where almost everything was seen, faces become rooms, openings are put in their wall.

mod close;
mod directions;
mod faces;
mod graph;
mod inset;
mod join;
mod merge;
mod openings;
mod rooms;

pub(crate) use inset::room_floor;
pub(crate) use rooms::geo_polygon;

use super::Options;
use super::clean::Clean;
use super::findings::Findings;
use crate::math::Vec2;
use crate::scene::{Opening, Room, Source, Wall};

/// The built part of a scene.
#[derive(Debug, Clone, Default)]
pub(crate) struct Structure {
    pub walls: Vec<Wall>,
    pub rooms: Vec<Room>,
    pub openings: Vec<Opening>,
}

/// Joins, closes, cuts.
pub(crate) fn build(clean: &mut Clean, options: &Options, findings: &mut Findings) -> Structure {
    merge::merge_duplicates(clean, findings);
    let mut graph = join::join(&clean.walls, options);
    if options.infer_walls {
        let places = close::Places { inside: &hints(clean), camera_path: &clean.camera_path };
        close::close_rooms(&mut graph, &places, options, findings);
    }
    for node in &mut graph.nodes {
        *node = node.map(crate::scene::model::rounded);
    }
    graph.remove_degenerate();
    let (walls, rooms) = rooms::rooms(&graph, clean, findings);
    report_inferred(&walls, findings);
    let openings = openings::openings(clean, &graph, &walls, findings);
    Structure { walls, rooms, openings }
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

/// Places that must lie in a room: objects on the floor and detected interiors.
fn hints(clean: &Clean) -> Vec<Vec2> {
    let objects = clean.objects.iter().filter(|o| o.evidence.confidence >= 0.5).map(|o| o.shape.plan());
    let rooms = clean
        .rooms
        .iter()
        .map(|room| room.polygon.iter().map(|&p| Vec2::from(p)).sum::<Vec2>() / room.polygon.len() as f64);
    objects.chain(rooms).collect()
}
