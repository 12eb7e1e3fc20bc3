//! What furniture says of walls: a box that is in front of a wall does not reach into it.
//!
//! A wall and a box that were measured apart contradict one another where they overlap, and the
//! likeliest repair shares the overlap by their variances. Takes walls as lines and the objects of the
//! draft, gives a stop for every box beside a wall: the face that the wall may not pass, and how well
//! it is known. What hangs on walls by its class touches its wall, so it stops it from both sides.
//! The walls' own optimisation (`join`) then weighs stops against the evidence of the walls.

use super::join::Line;
use crate::math::Vec2;
use crate::physics::Options;
use crate::physics::clean::{CleanObject, CleanWall};
use crate::physics::geometry::{UprightBox, onto_directions, perp};
use crate::physics::objects::{Item, YAW_GATE_SIGMAS};
use crate::physics::properties::Place;

/// Less sure boxes say nothing of walls.
const MIN_CONFIDENCE: f64 = 0.5;
/// A box that reaches further in is on both sides of the wall or is not there, combined sigmas.
const MAX_OVERLAP_SIGMAS: f64 = 3.0;
/// Farther away a box bears on no wall, combined sigmas.
const MAX_GAP_SIGMAS: f64 = 4.0;

/// A limit of a wall's centre line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// The wall.
    pub wall: usize,
    /// Where along it, 0 at its first end, 1 at its last.
    pub at: f64,
    /// Unit normal of the wall towards the box.
    pub normal: Vec2,
    /// Largest `normal · point` of the centre line there, metres.
    pub limit: f64,
    /// One standard deviation of the limit, metres.
    pub sigma: f64,
    /// The wall touches the box: the limit is reached, not only kept.
    pub touches: bool,
}

/// The stops of all walls, by object.
pub(super) fn stops(
    walls: &[CleanWall],
    lines: &[Line],
    objects: &[CleanObject],
    options: &Options,
) -> Vec<Stop> {
    let mut found = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let item = Item::new(object, index, options);
        if item.evidence.confidence < MIN_CONFIDENCE || item.is_floor_covering() {
            continue;
        }
        let touches = matches!(item.properties.place, Place::Wall);
        let beside =
            (0..walls.len()).filter_map(|wall| stop(&walls[wall], &lines[wall], wall, &item, options));
        if touches {
            // It hangs on one wall only: the nearest.
            let nearest = beside.min_by(|p, q| p.0.abs().total_cmp(&q.0.abs()));
            found.extend(nearest.map(|(_, stop)| Stop { touches, ..stop }));
        } else {
            found.extend(beside.map(|(_, stop)| stop));
        }
    }
    found
}

/// How far the wall is past its limit, metres, and the limit; `None` when the box is not beside it.
fn stop(wall: &CleanWall, line: &Line, index: usize, item: &Item, options: &Options) -> Option<(f64, Stop)> {
    let offset = item.measured.plan() - line.middle;
    let along = offset.dot(&line.along);
    if along.abs() > line.half {
        return None;
    }
    let normal = perp(line.along);
    let normal = if normal.dot(&offset) < 0.0 { -normal } else { normal };
    let gate = YAW_GATE_SIGMAS * options.yaw_sigma_rad;
    let yaw = onto_directions(item.measured.yaw, line.along.y.atan2(line.along.x), gate);
    let shape = UprightBox { yaw, ..item.measured };
    let limit = normal.dot(&shape.plan()) - shape.reach(normal) - 0.5 * wall.thickness;
    let past = normal.dot(&line.middle) - limit;
    let sigma = item.face_sigma(normal);
    let combined = sigma.hypot(wall.offset_sigma);
    (-MAX_GAP_SIGMAS * combined..=MAX_OVERLAP_SIGMAS * combined).contains(&past).then_some((
        past,
        Stop { wall: index, at: 0.5 * (1.0 + along / line.half), normal, limit, sigma, touches: false },
    ))
}
