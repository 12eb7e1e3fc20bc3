//! Free room before doors and windows.
//!
//! A door needs a square of its own width on one side to swing; a window 0.5 m before it to be
//! reached. The share that no object covers is sampled on a regular grid in plan; things above the
//! door or below the sill do not count.

use super::OpeningClearance;
use crate::math::Vec2;
use crate::physics::geometry::{UprightBox, perp};
use crate::physics::properties::is_floor_covering;
use crate::scene::{Opening, OpeningKind, Scene, Wall};

/// Depth that is kept free before a window, metres.
const WINDOW_DEPTH_M: f64 = 0.5;
/// Samples along each side of the tested rectangle.
const SAMPLES: usize = 20;
/// An opening with less than this share free is blocked.
const BLOCKED: f64 = 0.5;

/// The figures of all openings.
pub(super) fn clearance(scene: &Scene, shapes: &[UprightBox]) -> OpeningClearance {
    let (mut doors, mut windows, mut blocked) = (Vec::new(), Vec::new(), Vec::new());
    for opening in &scene.openings {
        let Some(wall) = scene.wall(opening.wall) else { continue };
        let obstacles: Vec<&UprightBox> = scene
            .objects
            .iter()
            .zip(shapes)
            .filter(|(object, _)| !is_floor_covering(&object.class))
            .map(|(_, shape)| shape)
            .filter(|shape| {
                shape.top() > opening.center[2] - 0.5 * opening.height
                    && shape.bottom() < opening.center[2] + 0.5 * opening.height
            })
            .collect();
        let free = free_share(opening, wall, scene, &obstacles);
        if free < BLOCKED {
            blocked.push(opening.id.clone());
        }
        match opening.kind {
            OpeningKind::Door => doors.push(free),
            OpeningKind::Window => windows.push(free),
        }
    }
    let mean = |shares: Vec<f64>| {
        if shares.is_empty() { 1.0 } else { shares.iter().sum::<f64>() / shares.len() as f64 }
    };
    OpeningClearance { doors: mean(doors), windows: mean(windows), blocked }
}

/// Free share on the better side that faces a room (on the better of both when none does).
fn free_share(opening: &Opening, wall: &Wall, scene: &Scene, obstacles: &[&UprightBox]) -> f64 {
    let along = (Vec2::from(wall.b) - Vec2::from(wall.a)).normalize();
    let center = Vec2::new(opening.center[0], opening.center[1]);
    let depth = match opening.kind {
        OpeningKind::Door => opening.width,
        OpeningKind::Window => WINDOW_DEPTH_M,
    };
    let faces_room = |side: f64| {
        let probe = center + perp(along) * (side * (wall.thickness + 0.05));
        scene.rooms.iter().any(|room| {
            let polygon: Vec<Vec2> = room.polygon.iter().map(|&p| Vec2::from(p)).collect();
            crate::physics::geometry::contains(&polygon, probe)
        })
    };
    let shares = |wanted: &dyn Fn(f64) -> bool| {
        [-1.0, 1.0]
            .into_iter()
            .filter(|&side| wanted(side))
            .map(|side| {
                let normal = perp(along) * side;
                let start = center + normal * (0.5 * wall.thickness);
                sampled(start, along * opening.width, normal * depth, obstacles)
            })
            .fold(f64::NEG_INFINITY, f64::max)
    };
    let best = shares(&faces_room);
    if best.is_finite() { best } else { shares(&|_| true) }
}

/// Share of the rectangle (start ± half the width, out by the depth) that no obstacle covers.
fn sampled(start: Vec2, width: Vec2, depth: Vec2, obstacles: &[&UprightBox]) -> f64 {
    let step = |k: usize| (k as f64 + 0.5) / SAMPLES as f64;
    let mut free = 0;
    for i in 0..SAMPLES {
        for j in 0..SAMPLES {
            let p = start + width * (step(i) - 0.5) + depth * step(j);
            let covered = obstacles.iter().any(|shape| {
                let [x, y] = shape.axes();
                let d = p - shape.plan();
                d.dot(&x).abs() < 0.5 * shape.size[0] && d.dot(&y).abs() < 0.5 * shape.size[1]
            });
            free += usize::from(!covered);
        }
    }
    free as f64 / (SAMPLES * SAMPLES) as f64
}
