//! Objects that cannot both be there.
//!
//! Two boxes that penetrate by d may both be real and badly measured, or one may be a mistake. With
//! combined sigma s of the two faces the first is exp(−d²/2s²) as likely as no overlap; the second has
//! odds (1 − p)/p for the less sure one. It is left out when d²/2s² > g²/2 + ln(p/(1 − p)), g the
//! option `max_shift_sigmas`: the last resort, with a finding. Objects are taken from the surest
//! down, so the result does not depend on their order. A spot that is crowded beyond what boxes can
//! share is thinned in the same way, which keeps the rest of stage 7 near-linear.

use super::broad_phase::Grid;
use super::item::Item;
use crate::physics::Options;
use crate::physics::findings::Findings;

/// Two boxes of a class are one object from this overlap over union on.
const DUPLICATE_IOU: f64 = 0.5;
/// More overlapping neighbours than this cannot be told apart.
const MAX_NEIGHBOURS: usize = 12;
/// Boxes are larger than what they hold: a chair goes under a table by so much, metres.
pub(crate) const NESTING_SIGMA_M: f64 = 0.25;

/// Leaves out duplicates and impossible neighbours.
pub(crate) fn resolve(items: Vec<Item>, options: &Options, findings: &mut Findings) -> Vec<Item> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&i, &j| {
        items[j].evidence.confidence.total_cmp(&items[i].evidence.confidence).then(i.cmp(&j))
    });
    let mut grid = Grid::default();
    let mut kept: Vec<usize> = Vec::new();
    for i in order {
        let item = &items[i];
        match verdict(&items, &kept, &grid, item, options) {
            None => {
                grid.insert(kept.len(), &item.shape);
                kept.push(i);
            }
            Some((code, message, depth)) => {
                findings.note(code, vec![item.element()], message, Some(depth));
            }
        }
    }
    kept.sort_unstable();
    let mut keep = vec![false; items.len()];
    kept.iter().for_each(|&i| keep[i] = true);
    items.into_iter().zip(keep).filter_map(|(item, keep)| keep.then_some(item)).collect()
}

/// Why an item must go, given the surer ones.
fn verdict(
    items: &[Item],
    kept: &[usize],
    grid: &Grid,
    item: &Item,
    options: &Options,
) -> Option<(&'static str, String, f64)> {
    if item.is_floor_covering() {
        return None;
    }
    let mut neighbours = 0;
    for other in grid.near(&item.shape, 0.0).into_iter().map(|k| &items[kept[k]]) {
        let depth = -item.shape.gap(&other.shape);
        if depth <= 0.0 || other.is_floor_covering() {
            continue;
        }
        neighbours += 1;
        let what = format!("{} {} of the draft", item.class, item.draft);
        let whom = format!("{} {}", other.class, other.draft);
        if item.class == other.class {
            let iou = item.shape.iou(&other.shape);
            if iou >= DUPLICATE_IOU {
                let message = format!("{what} is {whom} seen twice (overlap {:.0} %)", 100.0 * iou);
                return Some(("object-merged", message, depth));
            }
        }
        if carries(item, other) || carries(other, item) {
            continue;
        }
        let nesting = if nests(item, other) { NESTING_SIGMA_M } else { 0.0 };
        let sigma = (item.level_sigma().powi(2) + other.level_sigma().powi(2) + nesting * nesting).sqrt();
        let p = item.evidence.confidence.clamp(0.01, 0.99);
        let surprise = 0.5 * (depth / sigma).powi(2);
        if surprise > 0.5 * options.max_shift_sigmas.powi(2) + (p / (1.0 - p)).ln() {
            let message = format!(
                "{what} stands {depth:.2} m inside the surer {whom}, {:.1} sigmas: it was left out",
                depth / sigma
            );
            return Some(("object-removed", message, depth));
        }
    }
    (neighbours > MAX_NEIGHBOURS).then(|| {
        let message = format!(
            "{} {} of the draft overlaps {neighbours} surer objects (limit {MAX_NEIGHBOURS}): it was left out",
            item.class, item.draft
        );
        ("object-removed", message, 0.0)
    })
}

/// A thing that usually stands on others, over the footprint of a bigger one: it will be put on top.
fn carries(below: &Item, above: &Item) -> bool {
    let [x, y] = below.shape.axes();
    let offset = above.shape.plan() - below.shape.plan();
    above.is_surface_thing()
        && !below.is_surface_thing()
        && offset.dot(&x).abs() < 0.5 * below.shape.size[0]
        && offset.dot(&y).abs() < 0.5 * below.shape.size[1]
}

/// One of the two is a seat and the other a table or a desk.
pub(crate) fn nests(p: &Item, q: &Item) -> bool {
    let seat = |item: &Item| item.class.contains("chair") || item.class.contains("stool");
    let table = |item: &Item| {
        ["table", "desk", "bar", "counter"].iter().any(|name| item.class.contains(name)) && !seat(item)
    };
    (seat(p) && table(q)) || (seat(q) && table(p))
}
