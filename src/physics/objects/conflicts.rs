//! Objects that cannot both be there.
//!
//! Two boxes that penetrate by d may both be real and badly measured, or one may be a mistake. With
//! combined sigma s of the two faces that must part (of the axis where d/s is least) the first is
//! exp(−d²/2s²) as likely as no overlap; the second has odds (1 − p)/p for the less sure one. It is left out when d²/2s² > g²/2 + ln(p/(1 − p)), g the
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

/// That an item is so many sigmas off is less likely than that it is not there at all.
pub(crate) fn is_too_far(sigmas: f64, item: &Item, options: &Options) -> bool {
    let p = item.evidence.confidence.clamp(0.01, 0.99);
    0.5 * sigmas.powi(2) > 0.5 * options.max_shift_sigmas.powi(2) + (p / (1.0 - p)).ln()
}

/// Why an item must go, given the surer ones.
fn verdict(
    items: &[Item],
    kept: &[usize],
    grid: &Grid,
    item: &Item,
    options: &Options,
) -> Option<(&'static str, String, f64)> {
    let mut neighbours = 0;
    for other in grid.near(&item.shape, 0.0).into_iter().map(|k| &items[kept[k]]) {
        let depth = -item.shape.gap(&other.shape);
        if depth <= 0.0 || other.is_floor_covering() != item.is_floor_covering() {
            continue;
        }
        let what = format!("{} {} of the draft", item.class, item.draft);
        let whom = format!("{} {}", other.class, other.draft);
        if item.class == other.class {
            let iou = item.shape.iou(&other.shape);
            if iou >= DUPLICATE_IOU {
                let message = format!("{what} is {whom} seen twice (overlap {:.0} %)", 100.0 * iou);
                return Some(("object-merged", message, depth));
            }
        }
        // Carpets may lie on carpets; what they share with other things is no conflict.
        if item.is_floor_covering() {
            continue;
        }
        neighbours += 1;
        if carries(item, other) || carries(other, item) {
            continue;
        }
        let sigmas = sigmas_apart(item, other);
        if is_too_far(sigmas, item, options) {
            let message = format!(
                "{what} stands {depth:.2} m inside the surer {whom}, {sigmas:.1} sigmas: it was left out"
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

/// A bottom within so many sigmas of the floor stands on it.
const STANDING_SIGMAS: f64 = 3.0;

/// Combined sigmas that two boxes must part to be apart, along the axis where they are fewest; two
/// that stand on the floor part in plan only.
fn sigmas_apart(p: &Item, q: &Item) -> f64 {
    let nesting = if nests(p, q) { NESTING_SIGMA_M } else { 0.0 };
    let offset = q.shape.plan() - p.shape.plan();
    let in_plan = p.shape.axes().into_iter().chain(q.shape.axes()).map(|n| {
        let depth = p.shape.reach(n) + q.shape.reach(n) - offset.dot(&n).abs();
        depth / p.face_sigma(n).hypot(q.face_sigma(n)).hypot(nesting)
    });
    let depth = 0.5 * (p.shape.size[2] + q.shape.size[2]) - (p.shape.center[2] - q.shape.center[2]).abs();
    let stands = |item: &Item| {
        !item.is_surface_thing() && item.shape.bottom().abs() < STANDING_SIGMAS * item.level_sigma()
    };
    let up = if stands(p) && stands(q) {
        f64::INFINITY
    } else {
        depth / p.level_sigma().hypot(q.level_sigma()).hypot(nesting)
    };
    in_plan.fold(up, f64::min)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::clean::CleanObject;
    use crate::physics::geometry::UprightBox;
    use crate::physics::objects::near_pairs;
    use crate::scene::{Evidence, Source};

    /// Boxes of many classes and sizes, spread over a square.
    fn heap(count: usize, spread: f64) -> Vec<Item> {
        let classes = ["chair", "table", "sofa", "bed", "cabinet", "plants", "painting", "pillow"];
        (0..count)
            .map(|i| {
                let t = i as f64;
                let object = CleanObject {
                    class: classes[i % classes.len()].to_owned(),
                    shape: UprightBox {
                        center: [spread * (t * 0.7).sin(), spread * (t * 1.3).cos(), 0.5],
                        size: [0.3 + 0.7 * (t * 0.37).sin().abs(), 0.3 + 0.7 * (t * 0.53).cos().abs(), 1.0],
                        yaw: t * 0.01,
                    },
                    evidence: Evidence {
                        confidence: 0.5 + 0.4 * (t * 0.11).sin(),
                        sigma_m: 0.05,
                        observed_fraction: 0.5,
                        source: Source::Detected,
                    },
                };
                Item::new(&object, i, &Options::default())
            })
            .collect()
    }

    /// What bounds the work of everything after: pairs grow with boxes, however dense the heap.
    #[test]
    fn pairs_that_are_left_grow_with_the_boxes() {
        for spread in [0.0, 0.5, 3.0, 30.0] {
            let items = heap(10_000, spread);
            let mut findings = Findings::default();
            let kept = resolve(items, &Options::default(), &mut findings);
            assert_eq!(kept.len() + findings.into_list().len(), 10_000);
            let shapes: Vec<_> = kept.iter().map(|item| item.shape).collect();
            let touching =
                near_pairs(&shapes, 0.0).iter().filter(|&&(i, j)| shapes[i].gap(&shapes[j]) < 0.0).count();
            assert!(touching <= MAX_NEIGHBOURS * kept.len(), "spread {spread}: {touching} of {}", kept.len());
        }
    }
}
