//! What stands in living rooms, bedrooms, bathrooms, hallways and studies.
//!
//! Takes a placer of the room; shares follow the table of frequencies named in [`super`].

use super::super::placement::{AgainstWall, Placer};
use super::super::plan::signed_area;
use super::super::shape::Shape;
use super::super::sizes::draw;
use super::groups::{desk_group, dining_group, seat_group, television};
use super::{beside, lamps_and_plants, stand};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Floor before a sofa that only its own table may come near to, metres.
const SEAT_FRONT_M: f64 = 0.28;

pub(super) fn living_room(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let sofa = rng.random_bool(0.92).then(|| sofa(placer, rng)).flatten();
    if let Some(sofa) = sofa {
        seat_group(placer, rng, sofa);
    }
    let area = signed_area(&placer.polygon);
    if rng.random_bool(if area > 15.0 { 0.6 } else { 0.25 }) {
        dining_group(placer, rng);
    }
    for (share, shape, class) in [
        (0.55, Shape::Bookcase, "bookcase"),
        (0.4, Shape::Cabinet, "sideboard"),
        (0.3, Shape::Cabinet, "cupboard"),
        (0.2, Shape::Bookcase, "bookcase"),
    ] {
        if rng.random_bool(share) {
            stand(placer, rng, shape, class, 0.4);
        }
    }
    lamps_and_plants(placer, rng, 0.5, 0.6);
}

/// A sofa against a wall, a shorter one where the first does not fit.
fn sofa(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) -> Option<usize> {
    let mut size = draw(rng, "sofa");
    for _ in 0..3 {
        let how = AgainstWall { size, front_m: SEAT_FRONT_M, gap_m: 0.01, bottom_m: 0.0, corner_share: 0.2 };
        let placed = placer.against_wall(rng, Shape::Sofa, Some("sofa"), &how);
        if placed.is_some() {
            return placed;
        }
        size[0] = (size[0] - 0.3).max(1.4);
    }
    None
}

pub(super) fn bedroom(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let mut size = draw(rng, "bed");
    for _ in 0..3 {
        let how = AgainstWall {
            size,
            front_m: 0.35,
            gap_m: rng.random_range(0.0..0.02),
            bottom_m: 0.0,
            corner_share: 0.3,
        };
        if let Some(bed) = placer.against_wall(rng, Shape::Bed, Some("bed"), &how) {
            let bed = placer.items[bed].clone();
            for side in [-1.0, 1.0] {
                if rng.random_bool(0.75)
                    && let Some(stand) = beside(placer, rng, &bed, Shape::Dresser, "nightstand", side)
                    && rng.random_bool(0.6)
                {
                    placer.on_top(rng, stand, Shape::TableLamp, None, [0.22, 0.22, 0.38]);
                }
            }
            break;
        }
        size[0] = (size[0] - 0.3).max(0.9);
    }
    for (share, shape, class) in [
        (0.85, Shape::Wardrobe, "wardrobe"),
        (0.5, Shape::Dresser, "sideboard"),
        (0.3, Shape::Dresser, "dressing_table"),
        (0.25, Shape::Bookcase, "bookcase"),
    ] {
        if rng.random_bool(share) {
            stand(placer, rng, shape, class, 0.5);
        }
    }
    if rng.random_bool(0.35) {
        desk_group(placer, rng);
    }
    if rng.random_bool(0.15) {
        television(placer, rng, None);
    }
    if rng.random_bool(0.3) {
        let size = draw(rng, "carpet");
        placer.anywhere(rng, Shape::Rug, Some("carpet"), size, 0.0);
    }
    if rng.random_bool(0.25) {
        stand(placer, rng, Shape::Armchair, "armchair", 0.6);
    }
    lamps_and_plants(placer, rng, 0.3, 0.3);
}

pub(super) fn bathroom(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let wash = |placer: &mut Placer<'_>, rng: &mut ChaCha8Rng| {
        let how = AgainstWall {
            size: draw(rng, "bathroom_cabinet"),
            front_m: 0.3,
            gap_m: 0.003,
            bottom_m: 0.0,
            corner_share: 0.2,
        };
        let class = if rng.random_bool(0.6) { "hand_sink" } else { "bathroom_cabinet" };
        placer.against_wall(rng, Shape::Basin, Some(class), &how)
    };
    stand(placer, rng, Shape::Toilet, "toilet", 0.2);
    if let Some(basin) = wash(placer, rng)
        && rng.random_bool(0.75)
    {
        let basin = placer.items[basin].clone();
        if let Some(edge) = placer.edges.iter().copied().find(|e| (e.yaw() - basin.yaw).abs() < 1e-9) {
            let along = (basin.center[0] - edge.a[0]) * edge.direction[0]
                + (basin.center[1] - edge.a[1]) * edge.direction[1];
            let size = [basin.size[0].min(0.8), 0.03, rng.random_range(0.6..0.9)];
            let how = AgainstWall { size, front_m: 0.0, gap_m: 0.0, bottom_m: 1.15, corner_share: 0.0 };
            placer.put_on_edge(rng, &edge, along, Shape::Mirror, Some("mirror"), &how);
        }
    }
    let tub = rng.random_bool(0.4) && stand(placer, rng, Shape::Tub, "tub", 1.0).is_some();
    if !tub && rng.random_bool(0.85) {
        stand(placer, rng, Shape::ShowerCabin, "shower_room", 1.0);
    }
    if rng.random_bool(0.45) {
        stand(placer, rng, Shape::WashingMachine, "washing_machine", 0.7);
    }
    if rng.random_bool(0.3) {
        stand(placer, rng, Shape::Cabinet, "cupboard", 0.7);
    }
}

pub(super) fn hallway(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    for (share, shape, class) in [
        (0.65, Shape::Cabinet, "shoe_cabinet"),
        (0.5, Shape::CoatRack, "clothes_rack"),
        (0.2, Shape::Wardrobe, "wardrobe"),
    ] {
        if rng.random_bool(share) {
            stand(placer, rng, shape, class, 0.4);
        }
    }
    if rng.random_bool(0.5) {
        let size = draw(rng, "mirror");
        placer.hang(rng, Shape::Mirror, Some("mirror"), size, 0.9);
    }
    lamps_and_plants(placer, rng, 0.05, 0.3);
}

pub(super) fn office(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    desk_group(placer, rng);
    if rng.random_bool(0.3) {
        desk_group(placer, rng);
    }
    for _ in 0..rng.random_range(1..4) {
        stand(placer, rng, Shape::Bookcase, "bookcase", 0.5);
    }
    if rng.random_bool(0.4) {
        stand(placer, rng, Shape::Cabinet, "cupboard", 0.5);
    }
    if rng.random_bool(0.3) {
        stand(placer, rng, Shape::Sofa, "sofa", 0.3);
    }
    lamps_and_plants(placer, rng, 0.4, 0.5);
}
