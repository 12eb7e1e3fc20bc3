//! Furniture by room type: what stands in a room and by which rule.
//!
//! Takes a [`Placer`] of an empty room and fills it. How often what occurs follows the frequencies
//! per room of ProcTHOR-10K (paintings 1.1–1.7, chairs 1.1–1.6, dressers 1.0 per bedroom, sofas 0.9
//! and TV stands 0.6 per living room, ...; generator Apache-2.0), with kitchen runs, curtains, lamps
//! and clutter added. Rules: beds, sofas and cabinets with their back to a wall, chairs around
//! tables, night stands beside beds, televisions opposite sofas, things on top of things.

mod dressing;
mod groups;
mod kitchen;
mod rooms;

use super::placement::{AgainstWall, Item, Mount, Placer};
use super::plan::RoomKind;
use super::shape::Shape;
use super::sizes::draw;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Space for legs before seats and cupboards, metres.
const FRONT_M: f64 = 0.45;

/// Fills the room; `clutter` (0..1) says how much truth does not name.
pub fn furnish(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind, clutter: f64) {
    dressing::curtains(placer, rng, kind);
    match kind {
        RoomKind::LivingRoom => rooms::living_room(placer, rng),
        RoomKind::Kitchen => kitchen::kitchen(placer, rng),
        RoomKind::Bedroom => rooms::bedroom(placer, rng),
        RoomKind::Bathroom => rooms::bathroom(placer, rng),
        RoomKind::Hallway => rooms::hallway(placer, rng),
        RoomKind::Office => rooms::office(placer, rng),
    }
    dressing::on_the_walls(placer, rng, kind);
    dressing::ceiling_lamp(placer, rng, kind);
    dressing::scatter(placer, rng, kind, clutter);
}

pub(super) fn stand(
    placer: &mut Placer<'_>,
    rng: &mut ChaCha8Rng,
    shape: Shape,
    class: &'static str,
    corner_share: f64,
) -> Option<usize> {
    let how = AgainstWall {
        size: draw(rng, class),
        front_m: FRONT_M,
        gap_m: rng.random_range(0.0..0.03),
        bottom_m: 0.0,
        corner_share,
    };
    placer.against_wall(rng, shape, Some(class), &how)
}

/// An item centred before another, turned the same way.
pub(super) fn before(
    placer: &Placer<'_>,
    rng: &mut ChaCha8Rng,
    other: &Item,
    shape: Shape,
    class: &'static str,
    size: [f64; 3],
    gap: f64,
) -> Item {
    let front = other.front();
    let out = 0.5 * (other.size[1] + size[1]) + gap;
    let center = [other.center[0] + front[0] * out, other.center[1] + front[1] * out, 0.5 * size[2]];
    placer.item(shape, Some(class), (center, other.yaw), size, Mount::Floor, rng.random())
}

/// An item beside another with their backs in line; `side` −1 or 1.
pub(super) fn beside(
    placer: &mut Placer<'_>,
    rng: &mut ChaCha8Rng,
    other: &Item,
    shape: Shape,
    class: &'static str,
    side: f64,
) -> Option<usize> {
    let size = draw(rng, class);
    let (right, front) = (other.side(), other.front());
    let u = side * (0.5 * (other.size[0] + size[0]) + rng.random_range(0.01..0.08));
    let v = -0.5 * (other.size[1] - size[1]);
    let center = [
        other.center[0] + right[0] * u + front[0] * v,
        other.center[1] + right[1] * u + front[1] * v,
        0.5 * size[2],
    ];
    let item = placer.item(shape, Some(class), (center, other.yaw), size, Mount::Floor, rng.random());
    placer.add(item, 0.0)
}

pub(super) fn lamps_and_plants(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, lamp: f64, plant: f64) {
    for (share, shape, class) in [
        (lamp, Shape::FloorLamp, "floor-standing_lamp"),
        (plant, Shape::Plant, "plants"),
        (0.4 * plant, Shape::Plant, "plants"),
    ] {
        if rng.random_bool(share) {
            let mut size = draw(rng, class);
            size[1] = size[0];
            let how = AgainstWall {
                size,
                front_m: 0.0,
                gap_m: rng.random_range(0.01..0.12),
                bottom_m: 0.0,
                corner_share: 0.6,
            };
            placer.against_wall(rng, shape, Some(class), &how);
        }
    }
}
