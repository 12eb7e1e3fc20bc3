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
pub(crate) use place::YAW_GATE_SIGMAS;

use super::Options;
use super::clean::Clean;
use super::findings::Findings;
use super::structure::Structure;
use crate::math::wrap_angle;
use place::Surroundings;

/// Penetration that counts, metres (metrics.md: more than 1 mm).
const PENETRATION_M: f64 = 0.001;
/// Boxes this near touch, metres.
const TOUCH_M: f64 = 0.01;
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
    let mut dirty = vec![true; items.len()];
    for round in 0..=MAX_ROUNDS {
        supports::decide(&mut items, &surroundings);
        let left = solve::solve(&mut items, &surroundings, dirty);
        if round == MAX_ROUNDS {
            break; // what still penetrates becomes an unresolved finding
        }
        let mut gone = vec![false; items.len()];
        if left > PENETRATION_M {
            mark_inseparable(&items, &mut gone, findings);
        }
        mark_inside_walls(&items, &surroundings, &mut gone, findings);
        mark_driven_away(&items, &surroundings, options, &mut gone, findings);
        if !gone.contains(&true) {
            break;
        }
        dirty = forget_rooms_of(&mut items, &gone);
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

/// Takes out what is gone; everything in the same rooms goes back to where it was measured, since it
/// may not have to give way any more. Says which items those are.
fn forget_rooms_of(items: &mut Vec<Item>, gone: &[bool]) -> Vec<bool> {
    let rooms: std::collections::BTreeSet<Option<usize>> =
        items.iter().zip(gone).filter(|(_, gone)| **gone).map(|(item, _)| item.room).collect();
    let mut keep = gone.iter().map(|gone| !gone);
    items.retain(|_| keep.next().expect("because gone has an entry for every item"));
    items
        .iter_mut()
        .map(|item| {
            let dirty = rooms.contains(&item.room);
            if dirty {
                item.shape = item.measured;
            }
            dirty
        })
        .collect()
}

/// Marks, of every pair that still penetrates, the less sure object.
fn mark_inseparable(items: &[Item], gone: &mut [bool], findings: &mut Findings) {
    let shapes: Vec<_> = items.iter().map(|item| item.shape).collect();
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
        let message = format!(
            "{} {} of the draft cannot be kept apart from {} {} ({depth:.3} m left): it was left out",
            items[less].class, items[less].draft, items[more].class, items[more].draft
        );
        findings.note("object-removed", vec![items[less].element()], message, Some(depth));
    }
}

/// Marks what still reaches into a wall, its room's or another: too large for its room, or hung beyond
/// the end of its own wall.
fn mark_inside_walls(
    items: &[Item],
    surroundings: &Surroundings,
    gone: &mut [bool],
    findings: &mut Findings,
) {
    for (i, item) in items.iter().enumerate().filter(|(_, item)| !item.is_floor_covering()) {
        let reach = 0.5 * item.shape.size[0].hypot(item.shape.size[1]);
        let depth = surroundings
            .all_walls()
            .iter()
            .filter(|wall| {
                let span = 0.5 * wall.body.size[0].hypot(wall.body.size[1]);
                (wall.body.plan() - item.shape.plan()).norm() < reach + span
            })
            .map(|wall| -wall.body.gap(&item.shape))
            .fold(0.0, f64::max);
        if !gone[i] && depth > PENETRATION_M {
            gone[i] = true;
            let message = format!(
                "{} {} of the draft does not fit between the walls ({depth:.3} m reach into one): it was left out",
                item.class, item.draft
            );
            findings.note("object-removed", vec![item.element()], message, Some(depth));
        }
    }
}

/// Marks objects that surer neighbours or walls drove away further than their evidence allows, the
/// farthest of each neighbourhood first: others may then stay where they were seen.
fn mark_driven_away(
    items: &[Item],
    surroundings: &Surroundings,
    options: &Options,
    gone: &mut [bool],
    findings: &mut Findings,
) {
    let shapes: Vec<_> = items.iter().map(|item| item.shape).collect();
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    for (i, j) in near_pairs(&shapes, TOUCH_M) {
        if solve::keep_apart(&items[i], i, &items[j], j) && shapes[i].gap(&shapes[j]) < TOUCH_M {
            neighbours[i].push(j);
            neighbours[j].push(i);
        }
    }
    let mut driven: Vec<(f64, usize)> = (0..items.len())
        .map(|i| {
            let nests = neighbours[i].iter().any(|&j| conflicts::nests(&items[i], &items[j]));
            let allowance = items[i].sigma.hypot(if nests { conflicts::NESTING_SIGMA_M } else { 0.0 });
            (items[i].plan_displacement() / allowance, i)
        })
        .filter(|&(sigmas, i)| conflicts::is_too_far(sigmas, &items[i], options))
        .collect();
    driven.sort_by(|p, q| q.0.total_cmp(&p.0).then(p.1.cmp(&q.1)));
    for (sigmas, i) in driven {
        let confidence = items[i].evidence.confidence;
        let surer = neighbours[i].iter().copied().find(|&j| items[j].evidence.confidence > confidence);
        let by_wall = surroundings.barriers_of(items[i].room).iter().any(|barrier| {
            barrier.confidence > confidence && barrier.body.plan_gap(&items[i].shape) < TOUCH_M
        });
        let cause = match surer {
            Some(surer) => {
                format!("surer objects such as {} {}", items[surer].class, items[surer].draft)
            }
            None if by_wall => "a surer wall".to_owned(),
            None => continue,
        };
        if gone[i] || neighbours[i].iter().any(|&j| gone[j]) {
            continue;
        }
        gone[i] = true;
        let moved = items[i].plan_displacement();
        let message = format!(
            "{} {} of the draft would have to move {moved:.2} m ({sigmas:.1} sigmas) out of the way of {cause}: \
             it was left out",
            items[i].class, items[i].draft
        );
        findings.note("object-removed", vec![items[i].element()], message, Some(moved));
    }
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
