//! A draft measured as it is: what `check` says of a scene before its repair.
//!
//! Takes a [`Draft`], gives the figures of [`check`](super::check) for its walls, openings and boxes at
//! the places where they were detected. Rooms are what closes by itself: faces of walls whose ends are
//! equal to the micrometre, and detected interiors, whose edges no wall is joined to. Numbers without
//! meaning are left out as in the repair; nothing else changes. The unrepaired scene itself is given
//! to nobody, since a [`Scene`] is what the repair made.

use super::clean::{Clean, clean};
use super::findings::Findings;
use super::geometry::signed_area;
use super::properties::{self, Place};
use super::structure::{closed_as_drawn, geo_polygon};
use super::{Consistency, Error, check};
use crate::layout::Draft;
use crate::math::Vec2;
use crate::scene::model::SCHEMA_VERSION;
use crate::scene::{
    DoorId, Evidence, Mobility, Object, ObjectId, Opening, OpeningKind, Provenance, Room, RoomId, Scene,
    SceneParts, Source, Support, Walkability, Wall, WallId, WindowId,
};
use geo::{Area, BooleanOps};

/// An interior that lies in closed rooms with more than this share of its area is one of them.
const SAME_ROOM_SHARE: f64 = 0.5;

/// The figures of a draft before any repair; the evidence distance is that of the draft to itself.
///
/// # Errors
/// [`Error::TooMany`] for a draft beyond any dwelling.
pub fn check_draft(draft: &Draft) -> Result<Consistency, Error> {
    // The repair opens walls that the camera went through; before it they are shut.
    let still = Draft { camera_path: Vec::new(), ..draft.clone() };
    let clean = clean(&still, &mut Findings::default())?;
    Ok(check(&as_drawn(&clean), Some(draft)))
}

fn as_drawn(clean: &Clean) -> Scene {
    let walls: Vec<Wall> = (0..)
        .zip(&clean.walls)
        .map(|(id, wall)| Wall {
            id: WallId(id),
            a: wall.a.into(),
            b: wall.b.into(),
            base_z: 0.0,
            height: wall.height,
            thickness: wall.thickness,
            rooms: Vec::new(),
            evidence: wall.evidence,
        })
        .collect();
    let count = |kind: OpeningKind, until: usize| {
        clean.openings[..until].iter().filter(|opening| opening.kind == kind).count() as u32
    };
    let openings = clean.openings.iter().enumerate().map(|(i, opening)| Opening {
        id: match opening.kind {
            OpeningKind::Door => DoorId(count(opening.kind, i)).into(),
            OpeningKind::Window => WindowId(count(opening.kind, i)).into(),
        },
        kind: opening.kind,
        wall: WallId(opening.wall as u32),
        center: opening.center,
        width: opening.width,
        height: opening.height,
        rooms: Vec::new(),
        evidence: opening.evidence,
    });
    let objects = (0..).zip(&clean.objects).map(|(id, object)| {
        let properties = properties::of(&object.class);
        let hangs = matches!(properties.place, Place::Wall | Place::Ceiling);
        Object {
            id: ObjectId::new("draft_object", id),
            class: object.class.clone(),
            center: object.shape.center,
            yaw: object.shape.yaw,
            size: object.shape.size,
            support: Support::Floor,
            mobility: if hangs { Mobility::Fixed } else { properties.mobility },
            mass_kg: properties.mass_kg(object.shape.volume()),
            friction: properties.friction,
            room: None,
            evidence: object.evidence,
        }
    });
    let (openings, objects) = (openings.collect(), objects.collect());
    Scene::assemble(SceneParts {
        version: SCHEMA_VERSION.to_owned(),
        conventions: String::new(),
        provenance: Provenance::default(),
        rooms: rooms(clean),
        walls,
        openings,
        objects,
        relations: Vec::new(),
        walkability: Walkability::default(),
        findings: Vec::new(),
    })
}

/// Closed faces, then detected interiors that are none of them.
fn rooms(clean: &Clean) -> Vec<Room> {
    let mut rooms: Vec<Room> = closed_as_drawn(&clean.walls)
        .into_iter()
        .map(|(polygon, walls)| {
            let lowest = walls.iter().map(|&wall| clean.walls[wall].height).fold(f64::INFINITY, f64::min);
            room(&polygon, walls.iter().map(|&wall| Some(WallId(wall as u32))).collect(), lowest, 1.0)
        })
        .collect();
    let closed = rooms.iter().fold(geo::MultiPolygon::new(Vec::new()), |all, room| {
        let polygon: Vec<Vec2> = room.polygon.iter().map(|&p| Vec2::from(p)).collect();
        all.union(&geo_polygon(&polygon))
    });
    let height = crate::math::median(&clean.walls.iter().map(|wall| wall.height).collect::<Vec<_>>());
    for detected in &clean.rooms {
        let mut polygon: Vec<Vec2> = detected.polygon.iter().map(|&p| Vec2::from(p)).collect();
        if signed_area(&polygon) < 0.0 {
            polygon.reverse();
        }
        let own = geo_polygon(&polygon);
        let known = closed.intersection(&own).unsigned_area() > SAME_ROOM_SHARE * own.unsigned_area();
        if !known {
            let ceiling = detected.ceiling_z.filter(|z| z.is_finite() && *z > 0.0).or(height);
            rooms.push(room(
                &polygon,
                vec![None; polygon.len()],
                ceiling.unwrap_or(1.0),
                detected.confidence,
            ));
        }
    }
    for (id, room) in (0..).zip(&mut rooms) {
        room.id = RoomId(id);
    }
    rooms
}

fn room(polygon: &[Vec2], walls: Vec<Option<WallId>>, ceiling_z: f64, confidence: f64) -> Room {
    Room {
        id: RoomId(0),
        kind: "unknown".to_owned(),
        polygon: polygon.iter().map(|&p| p.into()).collect(),
        walls,
        ceiling_z,
        area_m2: signed_area(polygon).abs(),
        evidence: Evidence { confidence, sigma_m: 0.0, observed_fraction: 1.0, source: Source::Detected },
    }
}
