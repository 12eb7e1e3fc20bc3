//! Holes and convex pieces of walls and floors, for meshes and for simulators that collide boxes only.
//!
//! A wall with openings becomes the boxes between and above and below them; pieces touch but do not
//! overlap. A floor becomes one slab over its bounds whose top is the floor.

use super::model::{Opening, Room, Scene, Wall};
use crate::math::Vec2;

/// Thickness of the slab under a floor, metres: thick enough that fast bodies do not tunnel.
pub const SLAB_M: f64 = 0.2;
/// An opening whose bottom is within this of the wall's base goes down to it, metres.
const FLOOR_M: f64 = 0.01;
/// Thinner pieces are left out, metres.
const MIN_PIECE_M: f64 = 1e-4;

/// A box in a wall's own frame: u along from its middle, z above its base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// Along the wall.
    pub u: [f64; 2],
    /// Above the wall's base.
    pub z: [f64; 2],
}

/// A hole in a wall's own frame: u from–to, z from–to above the wall's base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hole {
    /// Along the wall, from its middle.
    pub u: [f64; 2],
    /// Above the wall's base.
    pub z: [f64; 2],
}

/// The holes of a wall, by u.
#[must_use]
pub fn holes(wall: &Wall, openings: &[&Opening]) -> Vec<Hole> {
    let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
    let along = (b - a).normalize();
    let mut holes: Vec<Hole> = openings
        .iter()
        .map(|opening| {
            let u = along.dot(&(Vec2::new(opening.center[0], opening.center[1]) - 0.5 * (a + b)));
            let z = opening.center[2] - wall.base_z;
            let bottom = z - 0.5 * opening.height;
            Hole {
                u: [u - 0.5 * opening.width, u + 0.5 * opening.width],
                z: [if bottom < FLOOR_M { 0.0 } else { bottom }, z + 0.5 * opening.height],
            }
        })
        .collect();
    holes.sort_by(|p, q| p.u[0].total_cmp(&q.u[0]).then(p.z[0].total_cmp(&q.z[0])));
    holes
}

/// Openings of a wall, in scene order.
#[must_use]
pub fn openings_of<'a>(scene: &'a Scene, wall: &Wall) -> Vec<&'a Opening> {
    scene.openings.iter().filter(|opening| opening.wall == wall.id).collect()
}

/// The solid boxes of a wall.
#[must_use]
pub fn wall_pieces(wall: &Wall, openings: &[&Opening]) -> Vec<Piece> {
    let half = 0.5 * (Vec2::from(wall.b) - Vec2::from(wall.a)).norm();
    let holes = holes(wall, openings);
    let mut cuts: Vec<f64> = holes.iter().flat_map(|hole| hole.u).map(|u| u.clamp(-half, half)).collect();
    cuts.extend([-half, half]);
    cuts.sort_by(f64::total_cmp);
    let mut pieces = Vec::new();
    for pair in cuts.windows(2).filter(|pair| pair[1] - pair[0] > MIN_PIECE_M) {
        let middle = 0.5 * (pair[0] + pair[1]);
        let mut here: Vec<&Hole> =
            holes.iter().filter(|hole| hole.u[0] < middle && middle < hole.u[1]).collect();
        here.sort_by(|p, q| p.z[0].total_cmp(&q.z[0]));
        let mut from = 0.0;
        for hole in here {
            if hole.z[0] - from > MIN_PIECE_M {
                pieces.push(Piece { u: [pair[0], pair[1]], z: [from, hole.z[0]] });
            }
            from = f64::max(from, hole.z[1]);
        }
        if wall.height - from > MIN_PIECE_M {
            pieces.push(Piece { u: [pair[0], pair[1]], z: [from, wall.height] });
        }
    }
    pieces
}

/// Minimum and maximum corner of a room in plan, metres.
#[must_use]
pub fn room_bounds(room: &Room) -> ([f64; 2], [f64; 2]) {
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for corner in &room.polygon {
        for axis in 0..2 {
            low[axis] = low[axis].min(corner[axis]);
            high[axis] = high[axis].max(corner[axis]);
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{ElementId, Evidence, OpeningKind, Source, WallId};

    #[test]
    fn a_door_and_a_window_leave_six_pieces_of_the_right_volume() {
        let evidence =
            Evidence { confidence: 1.0, sigma_m: 0.01, observed_fraction: 1.0, source: Source::Given };
        let wall = Wall {
            id: WallId(0),
            a: [0.0, 0.0],
            b: [4.0, 0.0],
            base_z: 0.0,
            height: 2.5,
            thickness: 0.1,
            rooms: vec![],
            evidence,
        };
        let opening = |x: f64, z: f64, width: f64, height: f64| Opening {
            id: ElementId("door_000".into()),
            kind: OpeningKind::Door,
            wall: WallId(0),
            center: [x, 0.0, z],
            width,
            height,
            rooms: vec![],
            evidence,
        };
        let (door, window) = (opening(1.0, 1.0, 0.8, 2.0), opening(3.0, 1.5, 1.0, 1.0));
        let pieces = wall_pieces(&wall, &[&door, &window]);
        let area: f64 = pieces.iter().map(|p| (p.u[1] - p.u[0]) * (p.z[1] - p.z[0])).sum();
        assert_eq!(pieces.len(), 6);
        assert!((area - (10.0 - 1.6 - 1.0)).abs() < 1e-9);
    }
}
