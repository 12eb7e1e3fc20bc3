//! Kitchens: a run of base cabinets with sink, stove and refrigerator, cabinets above, a table.
//!
//! Takes a placer of the room. Units of one run share their look; their widths are those of European
//! kitchens (0.6 m) or any other. Scene frame, metres.

use super::super::placement::{AgainstWall, Edge, Placer};
use super::super::shape::Shape;
use super::super::sizes::draw;
use super::groups::dining_group;
use super::{lamps_and_plants, stand};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Width of the units of European kitchens (EN 1116), metres, and the share of kitchens that keep to it.
const MODULE_M: f64 = 0.6;
/// See [`MODULE_M`].
const MODULE_SHARE: f64 = 0.5;
/// Widths of other units, metres (the catalogues of American and Asian makers reach further).
const CUPBOARD_M: Range<f64> = 0.4..1.0;
/// See [`CUPBOARD_M`].
const SINK_M: Range<f64> = 0.6..1.0;
/// See [`CUPBOARD_M`].
const STOVE_M: Range<f64> = 0.55..0.92;
/// Cupboards beyond the first of a run are fewer than this.
const MOST_FURTHER_UNITS: usize = 3;

pub(super) fn kitchen(placer: &mut Placer<'_>, rng: &mut ChaCha8Rng) {
    let depth = rng.random_range(0.55..0.68);
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
pub(super) fn kitchen_run(
    placer: &mut Placer<'_>,
    rng: &mut ChaCha8Rng,
    edge: &Edge,
    depth: f64,
    look: u32,
) -> Option<()> {
    let height = rng.random_range(0.85..0.95);
    let fridge = draw(rng, "refrigerator");
    let module = rng.random_bool(MODULE_SHARE);
    let width =
        |rng: &mut ChaCha8Rng, widths: Range<f64>| if module { MODULE_M } else { rng.random_range(widths) };
    let mut units: Vec<(Shape, &'static str, [f64; 3])> = vec![
        (Shape::SinkCounter, "sink", [width(rng, SINK_M), depth, height + 0.3]),
        (Shape::Counter, "cupboard", [rng.random_range(CUPBOARD_M), depth, height]),
        (Shape::Stove, "integrated_stove", [width(rng, STOVE_M), depth, height + 0.02]),
    ];
    for _ in 0..rng.random_range(0..MOST_FURTHER_UNITS) {
        let at = rng.random_range(0..=units.len());
        units.insert(at, (Shape::Counter, "cupboard", [rng.random_range(CUPBOARD_M), depth, height]));
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

pub(super) fn above_the_run(
    placer: &mut Placer<'_>,
    rng: &mut ChaCha8Rng,
    edge: &Edge,
    start: f64,
    units: &[(Shape, &'static str, [f64; 3])],
    look: u32,
) {
    let height = rng.random_range(0.5..0.9);
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
