//! Do rooms close? Floor, walls and ceiling without gaps, openings inside their wall.

use super::{Share, Watertight};
use crate::math::Vec2;
use crate::scene::{Opening, Room, Scene, Wall};

/// Gaps up to this close, metres.
const GAP_M: f64 = 0.001;
/// Wall ends nearer than this must be the same corner, metres.
const CORNER_M: f64 = 0.02;

/// The figures of a scene.
pub(super) fn watertight(scene: &Scene) -> Watertight {
    let gaps: Vec<f64> = scene.rooms.iter().map(|room| widest_gap(room, scene)).collect();
    Watertight {
        rooms: Share::of(scene.rooms.iter().zip(&gaps).map(|(room, gap)| (room.id.into(), *gap <= GAP_M))),
        widest_gap_mm: 1000.0 * gaps.iter().copied().fold(0.0, f64::max),
        openings: Share::of(scene.openings.iter().map(|opening| {
            let inside = scene.wall(opening.wall).is_some_and(|wall| is_inside(opening, wall));
            (opening.id.clone(), inside)
        })),
        corners_shared: corners_shared(scene),
    }
}

/// The widest gap of a room: open stretches, wall ends off the corner, low or raised walls, metres.
fn widest_gap(room: &Room, scene: &Scene) -> f64 {
    let n = room.polygon.len();
    let mut widest: f64 = 0.0;
    for i in 0..n {
        let (p, q) = (Vec2::from(room.polygon[i]), Vec2::from(room.polygon[(i + 1) % n]));
        let wall = room.walls.get(i).copied().flatten().and_then(|id| scene.wall(id));
        let gap = match wall {
            None => (q - p).norm(),
            Some(wall) => {
                let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
                let ends = ((a - p).norm().max((b - q).norm())).min((a - q).norm().max((b - p).norm()));
                let low = wall.base_z.max(0.0);
                let high = (room.ceiling_z - wall.base_z - wall.height).max(0.0);
                ends.max(low).max(high)
            }
        };
        widest = widest.max(gap);
    }
    widest
}

fn is_inside(opening: &Opening, wall: &Wall) -> bool {
    let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
    let along = (b - a).normalize();
    let offset = Vec2::new(opening.center[0], opening.center[1]) - a;
    let u = offset.dot(&along);
    let across = (offset - along * u).norm();
    let z = opening.center[2] - wall.base_z;
    across <= GAP_M
        && u - 0.5 * opening.width >= -GAP_M
        && u + 0.5 * opening.width <= (b - a).norm() + GAP_M
        && z - 0.5 * opening.height >= -GAP_M
        && z + 0.5 * opening.height <= wall.height + GAP_M
}

/// No two wall ends that nearly meet are different points.
fn corners_shared(scene: &Scene) -> bool {
    let mut ends: Vec<[f64; 2]> = scene.walls.iter().flat_map(|wall| [wall.a, wall.b]).collect();
    ends.sort_by(|p, q| p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1])));
    ends.dedup();
    ends.iter().enumerate().all(|(i, p)| {
        let near = ends[i + 1..].iter().take_while(|q| q[0] - p[0] < CORNER_M);
        near.into_iter().all(|q| (q[0] - p[0]).hypot(q[1] - p[1]) >= CORNER_M)
    })
}
