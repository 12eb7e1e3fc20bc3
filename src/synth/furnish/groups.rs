//! Things that belong together: seats around a table, a television opposite a sofa, a desk's chair.
//!
//! Takes a placer and the item that leads the group. Scene frame, metres.

use super::super::placement::{AgainstWall, Edge, Item, Mount, Placer};
use super::super::plan::distance;
use super::super::shape::Shape;
use super::super::sizes::draw;
use super::{FRONT_M, before, beside, stand};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Space for the chair of a desk, metres.
const DESK_FRONT_M: f64 = 0.62;
/// Seats without which a dining table makes no sense.
const LEAST_SEATS: usize = 2;

/// Table, television, armchairs and side table around a sofa.
pub(super) fn seat_group(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, sofa: usize) {
    let sofa = placer.items[sofa].clone();
    if rng.random_bool(0.9) {
        television(placer, rng, Some(&sofa));
    }
    if rng.random_bool(0.9) {
        let size = draw(rng, "coffee_table");
        let rug = rng.random_bool(0.5);
        let mut base = None;
        let gap = rng.random_range(0.30..0.42);
        if rug {
            let rug_size = [
                size[0] + rng.random_range(0.3..0.9),
                size[1] + 2.0 * gap - 0.05,
                rng.random_range(0.008..0.02),
            ];
            let item = before(placer, rng, &sofa, Shape::Rug, "carpet", rug_size, 0.025);
            base = placer.add(item, 0.0);
        }
        let mut table = before(placer, rng, &sofa, Shape::Table, "coffee_table", size, gap);
        if let Some(rug) = base {
            table.center = placer.items[rug].center;
            table.center[2] = placer.items[rug].z_range()[1] + 0.5 * size[2];
            table.mount = Mount::On(rug);
        }
        placer.add(table, 0.0);
    }
    for side in [-1.0, 1.0] {
        if rng.random_bool(0.3) {
            beside(placer, rng, &sofa, Shape::Table, "side_table", side);
        }
    }
    for _ in 0..rng.random_range(0..3) {
        armchair(placer, rng, &sofa);
    }
}

pub(super) fn armchair(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, sofa: &Item) {
    let size = draw(rng, "armchair");
    for _ in 0..8 {
        let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
        let (right, front) = (sofa.side(), sofa.front());
        let u = side * (0.5 * sofa.size[0] + rng.random_range(0.0..0.5));
        let v = 0.5 * sofa.size[1] + rng.random_range(0.5..1.3);
        let center = [
            sofa.center[0] + right[0] * u + front[0] * v,
            sofa.center[1] + right[1] * u + front[1] * v,
            0.5 * size[2],
        ];
        // It looks across the table.
        let yaw = sofa.yaw - side * (std::f64::consts::FRAC_PI_2 + rng.random_range(-0.4..0.6));
        let item =
            placer.item(Shape::Armchair, Some("chair"), (center, yaw), size, Mount::Floor, rng.random());
        if placer.add(item, 0.0).is_some() {
            return;
        }
    }
}

/// A television on a cabinet or on the wall, opposite the seat where there is one.
pub(super) fn television(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, seat: Option<&Item>) {
    let size = draw(rng, "tv_cabinet");
    let opposite: Option<(Edge, f64)> = seat.and_then(|seat| {
        let front = seat.front();
        placer
            .edges
            .iter()
            .filter(|e| e.normal[0] * front[0] + e.normal[1] * front[1] < -0.85 && e.length > size[0] + 0.02)
            .map(|e| {
                let along =
                    (seat.center[0] - e.a[0]) * e.direction[0] + (seat.center[1] - e.a[1]) * e.direction[1];
                (*e, along.clamp(0.5 * size[0] + 0.01, e.length - 0.5 * size[0] - 0.01))
            })
            .min_by(|p, q| {
                let d = |(e, s): &(Edge, f64)| distance(e.at(*s, 0.0), [seat.center[0], seat.center[1]]);
                d(p).total_cmp(&d(q))
            })
    });
    let hung = rng.random_bool(0.4);
    let facing = opposite.and_then(|(edge, along)| {
        let how = AgainstWall { size, front_m: FRONT_M, gap_m: 0.01, bottom_m: 0.0, corner_share: 0.0 };
        // Straight opposite, or a little to a side.
        [0.0, 0.25, -0.25, 0.5, -0.5, 0.8, -0.8, 1.2, -1.2].into_iter().find_map(|shift| {
            let along = (along + shift).clamp(0.5 * size[0] + 0.01, edge.length - 0.5 * size[0] - 0.01);
            placer.put_on_edge(rng, &edge, along, Shape::TvCabinet, Some("tv_cabinet"), &how)
        })
    });
    let screen = draw(rng, "tv");
    if facing.is_none() && seat.is_some() {
        // No cabinet fits opposite the seat: the television hangs there, or there is none.
        if let Some((edge, along)) = opposite {
            hang_television(placer, rng, &edge, along, 1.0, screen);
        }
        return;
    }
    let cabinet = facing.or_else(|| stand(placer, rng, Shape::TvCabinet, "tv_cabinet", 0.2));
    match cabinet {
        Some(index) if !hung => set_television(placer, rng, index, screen),
        Some(index) => {
            let base = placer.items[index].clone();
            let Some(edge) = placer.edges.iter().copied().find(|e| {
                (e.yaw() - base.yaw).sin().abs() < 1e-6
                    && (e.yaw() - base.yaw).cos() > 0.0
                    && ((base.center[0] - e.a[0]) * e.normal[0] + (base.center[1] - e.a[1]) * e.normal[1])
                        < base.size[1]
            }) else {
                set_television(placer, rng, index, screen);
                return;
            };
            let along = (base.center[0] - edge.a[0]) * edge.direction[0]
                + (base.center[1] - edge.a[1]) * edge.direction[1];
            let bottom = base.z_range()[1] + rng.random_range(0.15..0.4);
            if !hang_television(placer, rng, &edge, along, bottom, screen) {
                set_television(placer, rng, index, screen);
            }
        }
        None => {
            placer.hang(rng, Shape::Tv, Some("tv"), [screen[0], 0.07, screen[0] * 0.58], 1.0);
        }
    }
}

/// A television standing on a cabinet; a smaller one where it does not fit.
fn set_television(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, cabinet: usize, screen: [f64; 3]) {
    let base = placer.items[cabinet].clone();
    for shrink in [1.0, 0.75] {
        let width = shrink * screen[0].min(base.size[0] - 0.05);
        let tv = [width, 0.2, width * 0.6];
        let center = [base.center[0], base.center[1], base.z_range()[1] + 0.5 * tv[2]];
        let item =
            placer.item(Shape::Tv, Some("tv"), (center, base.yaw), tv, Mount::On(cabinet), rng.random());
        if placer.fits(&item) {
            placer.items.push(item);
            return;
        }
    }
}

/// A television on the wall, its lower edge at `bottom_m`; false where it does not fit.
fn hang_television(
    placer: &mut Placer<'_>,
    rng: &mut ChaCha8Rng,
    edge: &Edge,
    along: f64,
    bottom_m: f64,
    screen: [f64; 3],
) -> bool {
    let size = [screen[0], 0.07, screen[0] * 0.58];
    let how = AgainstWall { size, front_m: 0.0, gap_m: 0.0, bottom_m, corner_share: 0.0 };
    placer.put_on_edge(rng, edge, along, Shape::Tv, Some("tv"), &how).is_some()
}

/// A table with chairs around it; no table where there is no room for two.
pub(super) fn dining_group(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let size = draw(rng, "dining_table");
    let Some(index) = placer.anywhere(rng, Shape::Table, Some("dining_table"), size, 0.42).or_else(|| {
        let small = [size[0].min(1.2), size[1].min(0.8), size[2]];
        placer.anywhere(rng, Shape::Table, Some("dining_table"), small, 0.1)
    }) else {
        return;
    };
    let chair = draw(rng, "dining_chair");
    let look: u32 = rng.random();
    let table = placer.items[index].clone();
    let per_side = if table.size[0] > 1.35 { 2 } else { 1 };
    let mut seats = 0;
    for (turn, length, reach, count) in [
        (0.0, table.size[0], 0.5 * table.size[1], per_side),
        (std::f64::consts::PI, table.size[0], 0.5 * table.size[1], per_side),
        (std::f64::consts::FRAC_PI_2, table.size[1], 0.5 * table.size[0], 1),
        (-std::f64::consts::FRAC_PI_2, table.size[1], 0.5 * table.size[0], 1),
    ] {
        for k in 0..count {
            if rng.random_bool(0.12) {
                continue;
            }
            let yaw = table.yaw + turn;
            let (side, out) = ([yaw.cos(), yaw.sin()], [-yaw.sin(), yaw.cos()]);
            let u = ((f64::from(k) + 0.5) / f64::from(count) - 0.5) * length + rng.random_range(-0.05..0.05);
            let v = reach + 0.5 * chair[1] + rng.random_range(0.05..0.2);
            let center = [
                table.center[0] + side[0] * u + out[0] * v,
                table.center[1] + side[1] * u + out[1] * v,
                0.5 * chair[2],
            ];
            // A chair's back is away from the table.
            let item =
                placer.item(Shape::Chair, Some("dining_chair"), (center, yaw), chair, Mount::Floor, look);
            seats += usize::from(placer.add(item, 0.0).is_some());
        }
    }
    if seats < LEAST_SEATS {
        placer.items.truncate(index);
    }
}

/// A desk with a chair before it and a monitor on it.
pub(super) fn desk_group(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let size = draw(rng, "desk");
    let how = AgainstWall { size, front_m: 0.0, gap_m: 0.01, bottom_m: 0.0, corner_share: 0.5 };
    let Some(desk) = placer.against_wall(rng, Shape::Desk, Some("desk"), &how) else { return };
    let chair = draw(rng, "chair");
    let table = placer.items[desk].clone();
    let seated = [0.0, 0.2, -0.2, 0.4, -0.4].into_iter().any(|shift| {
        let gap = rng.random_range(0.05..(DESK_FRONT_M - chair[1]).max(0.1));
        let mut item = before(placer, rng, &table, Shape::Chair, "chair", chair, gap);
        let side = table.side();
        item.center[0] += shift * side[0];
        item.center[1] += shift * side[1];
        item.yaw += std::f64::consts::PI + rng.random_range(-0.3..0.3);
        placer.add(item, 0.0).is_some()
    });
    if !seated {
        // Nobody can sit here.
        placer.items.truncate(desk);
        return;
    }
    if rng.random_bool(0.75) {
        let monitor = draw(rng, "computer");
        let base = placer.items[desk].clone();
        let front = base.front();
        let back = -0.5 * base.size[1] + 0.5 * monitor[1] + 0.04;
        let center = [
            base.center[0] + front[0] * back,
            base.center[1] + front[1] * back,
            base.z_range()[1] + 0.5 * monitor[2],
        ];
        let item = placer.item(
            Shape::Monitor,
            Some("computer"),
            (center, base.yaw),
            monitor,
            Mount::On(desk),
            rng.random(),
        );
        if placer.fits(&item) {
            placer.items.push(item);
        }
    }
}
