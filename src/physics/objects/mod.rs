//! Objects that stand, hang and do not penetrate.
//!
//! `Clean objects + structure -> items at rest`: rooms and yaws, conflicts, carriers, the optimisation,
//! what is left as findings.

mod broad_phase;
mod conflicts;
mod item;
mod place;
mod solve;
mod supports;

pub(crate) use broad_phase::near_pairs;
pub(crate) use item::{Carrier, Item};

use super::Options;
use super::clean::Clean;
use super::findings::Findings;
use super::structure::Structure;
use crate::math::wrap_angle;
use place::Surroundings;

/// Penetration that counts, metres (metrics.md: more than 1 mm).
const PENETRATION_M: f64 = 0.001;
/// Rounds of leaving out what cannot be kept apart.
const MAX_ROUNDS: usize = 6;
/// A move beyond this many sigmas and [`REPORT_M`] is reported.
const REPORT_SIGMAS: f64 = 3.0;
/// Smallest move that is reported, metres.
const REPORT_M: f64 = 0.1;

/// Puts all objects in their place.
pub(crate) fn place(
    clean: &Clean,
    structure: &Structure,
    options: &Options,
    findings: &mut Findings,
) -> Vec<Item> {
    let surroundings = Surroundings::new(structure);
    let mut items: Vec<Item> =
        clean.objects.iter().enumerate().map(|(draft, object)| Item::new(object, draft, options)).collect();
    for item in &mut items {
        item.room = surroundings.room_of(item);
        item.shape.yaw = surroundings.snapped_yaw(item, options.yaw_sigma_rad);
        item.measured.yaw = item.shape.yaw;
    }
    let items = leave_out_beyond(items, &surroundings, findings);
    let mut items = conflicts::resolve(items, options, findings);
    for _ in 0..MAX_ROUNDS {
        supports::decide(&mut items, &surroundings);
        let left = solve::solve(&mut items, &surroundings);
        if left <= PENETRATION_M || !leave_out_deepest(&mut items, &surroundings, findings) {
            break;
        }
    }
    report_moves(&items, clean, findings);
    items
}

/// Leaves out what lies beyond every room although all rooms are closed: seen through a window, in a
/// mirror, or not there at all; no floor could carry it.
fn leave_out_beyond(items: Vec<Item>, surroundings: &Surroundings, findings: &mut Findings) -> Vec<Item> {
    if !surroundings.all_closed {
        return items;
    }
    let (inside, beyond): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.room.is_some());
    for item in beyond {
        let distance = surroundings.distance_to_rooms(&item);
        findings.note(
            "object-removed",
            vec![item.element()],
            format!(
                "{} {} of the draft lies {distance:.2} m outside of all rooms, which are closed: it was left out",
                item.class, item.draft
            ),
            Some(distance),
        );
    }
    inside
}

/// Leaves out, of every pair that still penetrates, the less sure object; true when any was.
fn leave_out_deepest(items: &mut Vec<Item>, surroundings: &Surroundings, findings: &mut Findings) -> bool {
    let shapes: Vec<_> = items.iter().map(|item| item.shape).collect();
    let mut gone = vec![false; items.len()];
    let mut pairs: Vec<(f64, usize, usize)> = near_pairs(&shapes, 0.0)
        .into_iter()
        .filter(|&(i, j)| solve::keep_apart(&items[i], i, &items[j], j))
        .map(|(i, j)| (-shapes[i].gap(&shapes[j]), i, j))
        .filter(|(depth, ..)| *depth > PENETRATION_M)
        .collect();
    pairs.sort_by(|p, q| q.0.total_cmp(&p.0));
    for (depth, i, j) in pairs {
        if gone[i] || gone[j] {
            continue;
        }
        let (less, more) =
            if items[i].evidence.confidence < items[j].evidence.confidence { (i, j) } else { (j, i) };
        gone[less] = true;
        findings.note(
            "object-removed",
            vec![items[less].element()],
            format!(
                "{} {} of the draft cannot be kept apart from {} {} ({depth:.3} m left): it was left out",
                items[less].class, items[less].draft, items[more].class, items[more].draft
            ),
            Some(depth),
        );
    }
    for (i, item) in items.iter().enumerate() {
        let barriers = surroundings.barriers_of(item.room).iter().filter(|b| b.wall.is_some());
        let depth = barriers.map(|b| -b.body.gap(&item.shape)).fold(0.0, f64::max);
        if !gone[i] && depth > PENETRATION_M && !item.is_floor_covering() {
            gone[i] = true;
            findings.note(
                "object-removed",
                vec![item.element()],
                format!(
                    "{} {} of the draft does not fit between its walls ({depth:.3} m too large): it was left out",
                    item.class, item.draft
                ),
                Some(depth),
            );
        }
    }
    let any = gone.contains(&true);
    let mut keep = gone.iter().map(|gone| !gone);
    items.retain(|_| keep.next().expect("because gone has an entry for every item"));
    for item in items.iter_mut() {
        item.shape = item.measured;
    }
    any
}

fn report_moves(items: &[Item], clean: &Clean, findings: &mut Findings) {
    for item in items {
        let moved = item.displacement();
        let turned = wrap_angle(item.shape.yaw - clean.objects[item.draft].shape.yaw).abs();
        if moved > REPORT_M.max(REPORT_SIGMAS * item.sigma) && !item.is_floor_covering() {
            findings.note(
                "object-moved",
                vec![item.element()],
                format!(
                    "{} {} of the draft was moved {moved:.3} m ({:.1} sigmas) and turned {:.1}°",
                    item.class,
                    item.draft,
                    moved / item.sigma,
                    turned.to_degrees()
                ),
                Some(moved),
            );
        }
    }
}
