//! What dresses a room: curtains, pictures, lamps, heaters, and clutter that truth does not name.
//!
//! Takes a placer; curtains come before the furniture, the rest after it. Scene frame, metres.

use super::super::placement::{AgainstWall, Edge, Mount, Placer};
use super::super::plan::RoomKind;
use super::super::shape::Shape;
use super::super::sizes::draw;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

pub(super) fn on_the_walls(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind) {
    let paintings = match kind {
        RoomKind::Bathroom => rng.random_range(0..2),
        RoomKind::Hallway => rng.random_range(0..4),
        _ => rng.random_range(0..5),
    };
    for _ in 0..paintings {
        let size = draw(rng, "painting");
        let bottom = rng.random_range(1.45..1.75) - 0.5 * size[2];
        placer.hang(rng, Shape::Painting, Some("painting"), size, bottom);
    }
    if rng.random_bool(0.25) && kind != RoomKind::Bathroom {
        let bottom = (placer.plan.ceiling_m - rng.random_range(0.45..0.6)).min(2.3);
        let size = draw(rng, "air_conditioner");
        placer.hang(rng, Shape::AirConditioner, Some("air_conditioner"), size, bottom);
    }
    if rng.random_bool(0.3) {
        let bottom = rng.random_range(1.2..1.6);
        let size = draw(rng, "wall_decoration");
        placer.hang(rng, Shape::WallDecoration, Some("wall_decoration"), size, bottom);
    }
}

pub(super) fn ceiling_lamp(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind) {
    let hanging =
        matches!(kind, RoomKind::LivingRoom | RoomKind::Bedroom | RoomKind::Kitchen) && rng.random_bool(0.4);
    let (shape, class) =
        if hanging { (Shape::Chandelier, "chandelier") } else { (Shape::CeilingLamp, "illumination") };
    let mut size = draw(rng, class);
    size[1] = size[0];
    if hanging {
        size[2] = size[2].min(placer.plan.ceiling_m - 2.0);
    }
    // The middle of the room, or of any part of it that is inside.
    for _ in 0..30 {
        let count = placer.polygon.len() as f64;
        let mean = placer.polygon.iter().fold([0.0, 0.0], |m, p| [m[0] + p[0] / count, m[1] + p[1] / count]);
        let center = [
            mean[0] + rng.random_range(-0.35..0.35),
            mean[1] + rng.random_range(-0.35..0.35),
            placer.plan.ceiling_m - 0.5 * size[2],
        ];
        let yaw = placer.edges.first().map_or(0.0, Edge::yaw);
        let item = placer.item(shape, Some(class), (center, yaw), size, Mount::Ceiling, rng.random());
        if placer.fits(&item) {
            placer.items.push(item);
            return;
        }
    }
}

pub(super) fn curtains(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind) {
    if matches!(kind, RoomKind::Bathroom | RoomKind::Hallway) {
        return;
    }
    let share: f64 = if kind == RoomKind::Kitchen { 0.25 } else { 0.6 };
    let look: u32 = rng.random();
    let openings: Vec<_> = placer.plan.openings.iter().filter(|o| o.window).copied().collect();
    for opening in openings {
        let Some(edge) = placer.edges.iter().copied().find(|e| e.wall == opening.wall) else { continue };
        if !rng.random_bool(share) {
            continue;
        }
        let (a, _) = placer.plan.wall_ends(opening.wall);
        let (direction, _) = placer.plan.wall_axes(opening.wall);
        let center = [a[0] + direction[0] * opening.along_m, a[1] + direction[1] * opening.along_m];
        let along = (center[0] - edge.a[0]) * edge.direction[0] + (center[1] - edge.a[1]) * edge.direction[1];
        let top = (opening.bottom_m + opening.height_m + rng.random_range(0.08..0.2))
            .min(placer.plan.ceiling_m - 0.02);
        let low = if rng.random_bool(0.7) { 0.02 } else { (opening.bottom_m - 0.15).max(0.02) };
        let width = (rng.random_range(0.2..0.35) * opening.width_m).clamp(0.18, 0.5);
        let depth = rng.random_range(0.08..0.13);
        for side in [-1.0, 1.0] {
            let at = along + side * (0.5 * opening.width_m + 0.5 * width - rng.random_range(0.06..0.12));
            let [x, y] = edge.at(at, 0.0005 + 0.5 * depth);
            let item = placer.item(
                Shape::Curtain,
                Some("curtain"),
                ([x, y, 0.5 * (low + top)], edge.yaw()),
                [width, depth, top - low],
                Mount::Wall(edge.wall),
                look,
            );
            if placer.fits_ignoring_zones(&item) {
                placer.items.push(item);
            }
        }
    }
}

/// Clutter: small things on tables and shelves, bags and boxes on the floor, radiators.
pub(super) fn scatter(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind, clutter: f64) {
    let tops: Vec<usize> = (0..placer.items.len())
        .filter(|&i| {
            let item = &placer.items[i];
            item.room == placer.room
                && matches!(
                    item.shape,
                    Shape::Table
                        | Shape::Desk
                        | Shape::Cabinet
                        | Shape::Dresser
                        | Shape::Counter
                        | Shape::TvCabinet
                )
                && item.z_range()[1] < 1.3
        })
        .collect();
    for base in tops {
        let count = (rng.random_range(0.0..5.0) * clutter).round() as usize;
        for _ in 0..count {
            let (shape, size) = small_thing(rng);
            placer.on_top(rng, base, shape, None, size);
        }
        if rng.random_bool(0.12) {
            let size = draw(rng, "potted_bonsai");
            placer.on_top(rng, base, Shape::Plant, Some("potted_bonsai"), size);
        }
    }
    let on_floor = (rng.random_range(0.0..4.0) * clutter).round() as usize;
    for _ in 0..on_floor {
        let (shape, size) = match rng.random_range(0..4) {
            0 => (
                Shape::Carton,
                [rng.random_range(0.25..0.55), rng.random_range(0.25..0.45), rng.random_range(0.18..0.4)],
            ),
            1 => (Shape::Bin, {
                let w = rng.random_range(0.22..0.34);
                [w, w, rng.random_range(0.3..0.55)]
            }),
            2 => (Shape::Books, [0.24, 0.18, rng.random_range(0.06..0.3)]),
            _ => (
                Shape::Bag,
                [rng.random_range(0.3..0.5), rng.random_range(0.2..0.35), rng.random_range(0.25..0.45)],
            ),
        };
        let how = AgainstWall {
            size,
            front_m: 0.0,
            gap_m: rng.random_range(0.01..0.1),
            bottom_m: 0.0,
            corner_share: 0.4,
        };
        placer.against_wall(rng, shape, None, &how);
    }
    if kind != RoomKind::Bathroom {
        radiators(placer, rng);
    }
}

pub(super) fn small_thing(rng: &mut ChaCha8Rng) -> (Shape, [f64; 3]) {
    match rng.random_range(0..5) {
        0 => (
            Shape::Books,
            [rng.random_range(0.18..0.28), rng.random_range(0.14..0.2), rng.random_range(0.03..0.16)],
        ),
        1 => (Shape::Bottle, {
            let w = rng.random_range(0.07..0.1);
            [w, w, rng.random_range(0.2..0.33)]
        }),
        2 => (Shape::Cup, {
            let w = rng.random_range(0.08..0.22);
            [w, w, rng.random_range(0.06..0.12)]
        }),
        3 => (Shape::TableLamp, {
            let w = rng.random_range(0.18..0.28);
            [w, w, rng.random_range(0.32..0.48)]
        }),
        _ => (
            Shape::Carton,
            [rng.random_range(0.12..0.25), rng.random_range(0.1..0.2), rng.random_range(0.06..0.16)],
        ),
    }
}

pub(super) fn radiators(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let windows: Vec<_> =
        placer.plan.openings.iter().filter(|o| o.window && o.bottom_m > 0.62).copied().collect();
    for opening in windows {
        let Some(edge) = placer.edges.iter().copied().find(|e| e.wall == opening.wall) else { continue };
        if !rng.random_bool(0.6) {
            continue;
        }
        let (a, _) = placer.plan.wall_ends(opening.wall);
        let (direction, _) = placer.plan.wall_axes(opening.wall);
        let center = [a[0] + direction[0] * opening.along_m, a[1] + direction[1] * opening.along_m];
        let along = (center[0] - edge.a[0]) * edge.direction[0] + (center[1] - edge.a[1]) * edge.direction[1];
        let size = [opening.width_m * rng.random_range(0.7..0.95), 0.1, (opening.bottom_m - 0.2).min(0.6)];
        let how = AgainstWall { size, front_m: 0.0, gap_m: 0.02, bottom_m: 0.1, corner_share: 0.0 };
        placer.put_on_edge(rng, &edge, along, Shape::Radiator, None, &how);
    }
}
