//! Furniture by room type: what stands in a room and by which rule.
//!
//! Takes a [`Placer`] of an empty room and fills it. How often what occurs follows the frequencies
//! per room of ProcTHOR-10K (paintings 1.1–1.7, chairs 1.1–1.6, dressers 1.0 per bedroom, sofas 0.9
//! and TV stands 0.6 per living room, ...; generator Apache-2.0), with kitchen runs, curtains, lamps
//! and clutter added. Rules: beds, sofas and cabinets with their back to a wall, chairs around
//! tables, night stands beside beds, televisions opposite sofas, things on top of things.

use super::placement::{AgainstWall, Edge, Item, Mount, Placer};
use super::plan::{RoomKind, distance};
use super::shape::Shape;
use super::sizes::draw;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Space for legs before seats and cupboards, metres.
const FRONT_M: f64 = 0.45;

/// Fills the room; `clutter` (0..1) says how much truth does not name.
pub fn furnish(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind, clutter: f64) {
    curtains(placer, rng, kind);
    match kind {
        RoomKind::LivingRoom => living_room(placer, rng),
        RoomKind::Kitchen => kitchen(placer, rng),
        RoomKind::Bedroom => bedroom(placer, rng),
        RoomKind::Bathroom => bathroom(placer, rng),
        RoomKind::Hallway => hallway(placer, rng),
        RoomKind::Office => office(placer, rng),
    }
    on_the_walls(placer, rng, kind);
    ceiling_lamp(placer, rng, kind);
    scatter(placer, rng, kind, clutter);
}

fn stand(
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

fn living_room(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let sofa = rng.random_bool(0.92).then(|| stand(placer, rng, Shape::Sofa, "sofa", 0.2)).flatten();
    if let Some(sofa) = sofa {
        seat_group(placer, rng, sofa);
    }
    let area = super::plan::signed_area(&placer.polygon);
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

/// Table, television, armchairs and side table around a sofa.
fn seat_group(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, sofa: usize) {
    let sofa = placer.items[sofa].clone();
    if rng.random_bool(0.85) {
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
    if rng.random_bool(0.8) {
        television(placer, rng, Some(&sofa));
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

/// An item centred before another, turned the same way.
fn before(
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
fn beside(
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

fn armchair(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, sofa: &Item) {
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
fn television(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, seat: Option<&Item>) {
    let mut size = draw(rng, "tv_cabinet");
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
    let cabinet = if let Some((edge, along)) = opposite {
        let how = AgainstWall { size, front_m: FRONT_M, gap_m: 0.01, bottom_m: 0.0, corner_share: 0.0 };
        placer.put_on_edge(rng, &edge, along, Shape::TvCabinet, Some("tv_cabinet"), &how)
    } else {
        size[0] = size[0].min(1.3);
        stand(placer, rng, Shape::TvCabinet, "tv_cabinet", 0.2)
    };
    let screen = draw(rng, "tv");
    match cabinet {
        Some(index) if !hung => {
            let width = screen[0].min(placer.items[index].size[0] - 0.05);
            let tv = [width, 0.2, width * 0.6];
            let base = placer.items[index].clone();
            let center = [base.center[0], base.center[1], base.z_range()[1] + 0.5 * tv[2]];
            let item =
                placer.item(Shape::Tv, Some("tv"), (center, base.yaw), tv, Mount::On(index), rng.random());
            if placer.fits(&item) {
                placer.items.push(item);
            }
        }
        Some(index) => {
            let base = placer.items[index].clone();
            let Some(edge) = placer.edges.iter().copied().find(|e| {
                (e.yaw() - base.yaw).sin().abs() < 1e-6
                    && (e.yaw() - base.yaw).cos() > 0.0
                    && ((base.center[0] - e.a[0]) * e.normal[0] + (base.center[1] - e.a[1]) * e.normal[1])
                        < base.size[1]
            }) else {
                return;
            };
            let along = (base.center[0] - edge.a[0]) * edge.direction[0]
                + (base.center[1] - edge.a[1]) * edge.direction[1];
            let bottom = base.z_range()[1] + rng.random_range(0.15..0.4);
            let how = AgainstWall {
                size: [screen[0], 0.07, screen[0] * 0.58],
                front_m: 0.0,
                gap_m: 0.0,
                bottom_m: bottom,
                corner_share: 0.0,
            };
            placer.put_on_edge(rng, &edge, along, Shape::Tv, Some("tv"), &how);
        }
        None => {
            placer.hang(rng, Shape::Tv, Some("tv"), [screen[0], 0.07, screen[0] * 0.58], 1.0);
        }
    }
}

/// A table with chairs around it.
fn dining_group(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
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
    for (turn, length, reach, count) in [
        (0.0, table.size[0], 0.5 * table.size[1], per_side),
        (std::f64::consts::PI, table.size[0], 0.5 * table.size[1], per_side),
        (std::f64::consts::FRAC_PI_2, table.size[1], 0.5 * table.size[0], 1),
        (-std::f64::consts::FRAC_PI_2, table.size[1], 0.5 * table.size[0], 1),
    ] {
        for k in 0..count {
            if rng.random_bool(0.25) {
                continue;
            }
            let yaw = table.yaw + turn;
            let (side, out) = ([yaw.cos(), yaw.sin()], [-yaw.sin(), yaw.cos()]);
            let u = ((f64::from(k) + 0.5) / f64::from(count) - 0.5) * length + rng.random_range(-0.05..0.05);
            let v = reach + 0.5 * chair[1] + rng.random_range(0.012..0.14);
            let center = [
                table.center[0] + side[0] * u + out[0] * v,
                table.center[1] + side[1] * u + out[1] * v,
                0.5 * chair[2],
            ];
            // A chair's back is away from the table.
            let item =
                placer.item(Shape::Chair, Some("dining_chair"), (center, yaw), chair, Mount::Floor, look);
            placer.add(item, 0.0);
        }
    }
}

fn bedroom(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
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

/// A desk with a chair before it and a monitor on it.
fn desk_group(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let how =
        AgainstWall { size: draw(rng, "desk"), front_m: 0.0, gap_m: 0.01, bottom_m: 0.0, corner_share: 0.5 };
    let Some(desk) = placer.against_wall(rng, Shape::Desk, Some("desk"), &how) else { return };
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
    let chair = draw(rng, "chair");
    let table = placer.items[desk].clone();
    let gap = rng.random_range(0.01..0.25);
    let mut item = before(placer, rng, &table, Shape::Chair, "chair", chair, gap);
    item.yaw += std::f64::consts::PI + rng.random_range(-0.3..0.3);
    placer.add(item, 0.0);
}

fn kitchen(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let depth = rng.random_range(0.58..0.64);
    let mut edges = placer.edges.clone();
    edges.sort_by(|p, q| q.length.total_cmp(&p.length));
    let look: u32 = rng.random();
    let first = edges.iter().take(3).copied().find_map(|edge| kitchen_run(placer, rng, &edge, depth, look));
    if first.is_none() {
        stand(placer, rng, Shape::Cabinet, "cupboard", 0.5);
    }
    if !placer.items.iter().any(|i| i.room == placer.room && i.shape == Shape::Refrigerator) {
        stand(placer, rng, Shape::Refrigerator, "refrigerator", 0.7);
    }
    if rng.random_bool(0.75) {
        dining_group(placer, rng);
    }
    for _ in 0..rng.random_range(0..3) {
        if rng.random_bool(0.4) {
            let size = draw(rng, "stool");
            placer.anywhere(rng, Shape::Stool, Some("stool"), size, 0.05);
        }
    }
    if rng.random_bool(0.4) {
        stand(placer, rng, Shape::Bookcase, "bookcase", 0.5);
    }
    lamps_and_plants(placer, rng, 0.05, 0.4);
}

/// Base cabinets, sink, stove and refrigerator along one wall, with cabinets above.
fn kitchen_run(
    placer: &mut Placer<'_>,
    rng: &mut ChaCha8Rng,
    edge: &Edge,
    depth: f64,
    look: u32,
) -> Option<()> {
    let height = 0.9;
    let fridge = draw(rng, "refrigerator");
    let mut units: Vec<(Shape, &'static str, [f64; 3])> = vec![
        (Shape::SinkCounter, "sink", [0.6, depth, height + 0.3]),
        (Shape::Counter, "cupboard", [rng.random_range(0.4..0.9), depth, height]),
        (Shape::Stove, "integrated_stove", [0.6, depth, height + 0.02]),
    ];
    if rng.random_bool(0.5) {
        units.push((Shape::Counter, "cupboard", [rng.random_range(0.4..0.9), depth, height]));
    }
    if rng.random_bool(0.7) {
        units.insert(0, (Shape::Refrigerator, "refrigerator", fridge));
    }
    if rng.random_bool(0.5) {
        units.reverse();
    }
    let fit = |units: &[(Shape, &'static str, [f64; 3])]| units.iter().map(|u| u.2[0] + 0.005).sum::<f64>();
    while fit(&units) > edge.length - 0.02 && units.len() > 2 {
        units.remove(if units[0].0 == Shape::Refrigerator { 0 } else { units.len() - 1 });
    }
    let total = fit(&units);
    if total > edge.length - 0.02 {
        return None;
    }
    for attempt in 0..8 {
        let room = edge.length - total;
        let start = match attempt {
            0 => 0.01,
            1 => room - 0.01,
            _ => rng.random_range(0.0..room),
        };
        let kept = placer.items.len();
        let mut along = start;
        let mut all = true;
        for (shape, class, size) in &units {
            let how =
                AgainstWall { size: *size, front_m: 0.0, gap_m: 0.004, bottom_m: 0.0, corner_share: 0.0 };
            let placed = placer.put_on_edge(rng, edge, along + 0.5 * size[0], *shape, Some(class), &how);
            if let Some(index) = placed {
                placer.items[index].look = look;
            }
            all &= placed.is_some();
            along += size[0] + 0.005;
        }
        if all {
            above_the_run(placer, rng, edge, start, &units, look);
            return Some(());
        }
        placer.items.truncate(kept);
    }
    None
}

fn above_the_run(
    placer: &mut Placer<'_>,
    rng: &mut ChaCha8Rng,
    edge: &Edge,
    start: f64,
    units: &[(Shape, &'static str, [f64; 3])],
    look: u32,
) {
    let height = rng.random_range(0.55..0.8);
    let bottom = rng.random_range(1.42..1.5);
    let mut along = start;
    for (shape, _, size) in units {
        let center = along + 0.5 * size[0];
        along += size[0] + 0.005;
        let (above, class, tall, low) = match shape {
            Shape::Stove if rng.random_bool(0.8) => (Shape::RangeHood, "range_hood", 0.5, bottom + 0.12),
            Shape::Refrigerator => continue,
            _ if rng.random_bool(0.75) => (Shape::WallCabinet, "wall_cabinet", height, bottom),
            _ => continue,
        };
        let how = AgainstWall {
            size: [size[0], 0.34, tall],
            front_m: 0.0,
            gap_m: 0.0,
            bottom_m: low,
            corner_share: 0.0,
        };
        if let Some(index) = placer.put_on_edge(rng, edge, center, above, Some(class), &how) {
            placer.items[index].look = look;
        }
    }
    let counters: Vec<usize> = (0..placer.items.len())
        .filter(|&i| placer.items[i].room == placer.room && placer.items[i].shape == Shape::Counter)
        .collect();
    for counter in counters {
        if rng.random_bool(0.4) {
            let size = draw(rng, "micro-wave_oven");
            placer.on_top(rng, counter, Shape::Microwave, Some("micro-wave_oven"), size);
        }
    }
}

fn bathroom(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let wash = |placer: &mut Placer<'_>, rng: &mut ChaCha8Rng| {
        let how = AgainstWall {
            size: draw(rng, "bathroom_cabinet"),
            front_m: 0.4,
            gap_m: 0.003,
            bottom_m: 0.0,
            corner_share: 0.2,
        };
        let class = if rng.random_bool(0.6) { "hand_sink" } else { "bathroom_cabinet" };
        placer.against_wall(rng, Shape::Basin, Some(class), &how)
    };
    let tub = rng.random_bool(0.4);
    if tub {
        stand(placer, rng, Shape::Tub, "tub", 1.0);
    } else if rng.random_bool(0.75) {
        stand(placer, rng, Shape::ShowerCabin, "shower_room", 1.0);
    }
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
    if rng.random_bool(0.45) {
        stand(placer, rng, Shape::WashingMachine, "washing_machine", 0.7);
    }
    if rng.random_bool(0.3) {
        stand(placer, rng, Shape::Cabinet, "cupboard", 0.7);
    }
}

fn hallway(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
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

fn office(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
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

fn lamps_and_plants(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, lamp: f64, plant: f64) {
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

fn on_the_walls(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind) {
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

fn ceiling_lamp(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind) {
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

fn curtains(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind) {
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
fn scatter(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng, kind: RoomKind, clutter: f64) {
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

fn small_thing(rng: &mut ChaCha8Rng) -> (Shape, [f64; 3]) {
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

fn radiators(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
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
