//! Doors and windows inside their wall, cut through, not overlapping.
//!
//! Takes the draft's openings and the final walls. Each is put on the centre line of the wall piece
//! that it overlaps most; its stretch is kept a margin away from the wall's ends (so that mitred
//! corners stay whole) and from its neighbours. Where a row of openings is too tight, the one with
//! the larger sigma gives way. Doors stand on the floor. What finds no place is left out with a finding.

use super::graph::WallGraph;
use crate::math::Vec2;
use crate::physics::clean::{Clean, CleanOpening};
use crate::physics::findings::Findings;
use crate::scene::{DoorId, ElementId, Opening, OpeningKind, Wall, WindowId};

/// Solid wall kept beside an opening, metres (half a door lining).
const MARGIN_M: f64 = 0.03;
/// Solid wall kept above and below, metres.
const VERTICAL_MARGIN_M: f64 = 0.05;
/// Narrowest and lowest opening that is kept, metres.
const MIN_EDGE_M: f64 = 0.2;
/// A window sill lower than this is a door to the floor in the mesh, metres.
const FLOOR_M: f64 = 0.01;
/// Two openings are the same when they share this part of the smaller one's width.
const SAME_SHARE: f64 = 0.6;
/// A move or change of size beyond this is reported, metres.
const REPORT_M: f64 = 0.05;

/// An opening as intervals along and up its wall.
#[derive(Debug, Clone)]
struct Slot {
    draft: usize,
    from: f64,
    to: f64,
    bottom: f64,
    top: f64,
}

/// The openings of the scene, doors first, in draft order.
pub(crate) fn openings(
    clean: &Clean,
    graph: &WallGraph,
    walls: &[Wall],
    findings: &mut Findings,
) -> Vec<Opening> {
    let mut slots: Vec<Vec<Slot>> = vec![Vec::new(); walls.len()];
    for (draft, opening) in clean.openings.iter().enumerate() {
        let piece = (0..walls.len())
            .filter(|&edge| graph.edges[edge].walls.contains(&opening.wall))
            .map(|edge| (overlap(&walls[edge], opening), edge))
            .max_by(|p, q| p.0.total_cmp(&q.0).then(q.1.cmp(&p.1)));
        match piece.and_then(|(_, edge)| Some((edge, fit(draft, opening, graph, walls, edge)?))) {
            Some((edge, slot)) => slots[edge].push(slot),
            None => findings.note(
                "opening-removed",
                vec![ElementId(format!("draft_opening_{draft}"))],
                format!(
                    "an opening {:.2} m wide and {:.2} m high finds no place in its wall",
                    opening.width, opening.height
                ),
                Some(opening.width),
            ),
        }
    }
    let mut placed: Vec<(usize, usize, Slot)> = Vec::new();
    for (edge, row) in slots.into_iter().enumerate() {
        placed.extend(separate(row, clean, findings).into_iter().map(|slot| (slot.draft, edge, slot)));
    }
    placed.sort_by_key(|(draft, ..)| *draft);
    let mut out = Vec::new();
    for kind in [OpeningKind::Door, OpeningKind::Window] {
        for (draft, edge, slot) in placed.iter().filter(|(draft, ..)| clean.openings[*draft].kind == kind) {
            let number = out.iter().filter(|o: &&Opening| o.kind == kind).count() as u32;
            let opening = finish(&clean.openings[*draft], &walls[*edge], slot, number);
            report_change(&clean.openings[*draft], &opening, findings);
            out.push(opening);
        }
    }
    out
}

/// Length of the opening on the wall, metres; negative: how far beside it.
fn overlap(wall: &Wall, opening: &CleanOpening) -> f64 {
    let (origin, along, length) = frame(wall);
    let u = along.dot(&(Vec2::new(opening.center[0], opening.center[1]) - origin));
    (u + 0.5 * opening.width).min(length) - (u - 0.5 * opening.width).max(0.0)
}

fn frame(wall: &Wall) -> (Vec2, Vec2, f64) {
    let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
    let length = (b - a).norm();
    (a, (b - a) / length, length)
}

/// How far the bodies of the walls that meet at each end reach into this one, metres.
fn reach_in(graph: &WallGraph, walls: &[Wall], edge: usize) -> [f64; 2] {
    let (_, along, _) = frame(&walls[edge]);
    let half = 0.5 * walls[edge].thickness;
    graph.edges[edge].nodes.map(|node| {
        (0..walls.len())
            .filter(|&other| other != edge && graph.edges[other].nodes.contains(&node))
            .map(|other| {
                let (_, direction, _) = frame(&walls[other]);
                let sine = (along.x * direction.y - along.y * direction.x).abs();
                let cosine = along.dot(&direction).abs();
                if sine < 0.05 { 0.0 } else { (0.5 * walls[other].thickness + half * cosine) / sine }
            })
            .fold(0.0, f64::max)
    })
}

fn fit(draft: usize, opening: &CleanOpening, graph: &WallGraph, walls: &[Wall], edge: usize) -> Option<Slot> {
    let wall = &walls[edge];
    let (origin, along, length) = frame(wall);
    let reach = reach_in(graph, walls, edge);
    let (low, high) = (reach[0] + MARGIN_M, length - reach[1] - MARGIN_M);
    let u = along.dot(&(Vec2::new(opening.center[0], opening.center[1]) - origin));
    let width = opening.width.min(high - low);
    if width < MIN_EDGE_M || u + 0.5 * opening.width < low || u - 0.5 * opening.width > high {
        return None;
    }
    // Moved in as a whole, as far as both of its edges' evidence is shared.
    let from = (u - 0.5 * width).min(high - width).max(low);
    let ceiling = wall.height - VERTICAL_MARGIN_M;
    let top = (opening.center[2] + 0.5 * opening.height).min(ceiling);
    let mut bottom = (opening.center[2] - 0.5 * opening.height).max(0.0);
    if opening.kind == OpeningKind::Door || bottom < FLOOR_M {
        bottom = 0.0;
    } else {
        bottom = bottom.max(VERTICAL_MARGIN_M);
    }
    (top - bottom >= MIN_EDGE_M).then_some(Slot { draft, from, to: from + width, bottom, top })
}

/// Merges repeated openings of a wall and pulls overlapping ones apart.
fn separate(mut row: Vec<Slot>, clean: &Clean, findings: &mut Findings) -> Vec<Slot> {
    row.sort_by(|p, q| (p.from + p.to).total_cmp(&(q.from + q.to)).then(p.draft.cmp(&q.draft)));
    let mut kept: Vec<Slot> = Vec::new();
    for mut slot in row {
        let mut wins = true;
        while let Some(last) = kept.last().cloned() {
            let shared = last.to.min(slot.to) - last.from.max(slot.from);
            let stacked =
                last.top + VERTICAL_MARGIN_M <= slot.bottom || slot.top + VERTICAL_MARGIN_M <= last.bottom;
            if stacked || shared <= -MARGIN_M {
                break;
            }
            let (p, q) = (&clean.openings[last.draft], &clean.openings[slot.draft]);
            if shared > SAME_SHARE * (last.to - last.from).min(slot.to - slot.from) {
                let keep_last = p.evidence.confidence >= q.evidence.confidence;
                let gone = if keep_last { slot.draft } else { last.draft };
                findings.note(
                    "opening-merged",
                    vec![ElementId(format!("draft_opening_{gone}"))],
                    format!("it shares {shared:.2} m with a surer opening of the same wall"),
                    Some(shared),
                );
                if keep_last {
                    wins = false;
                    break;
                }
                kept.pop();
                continue;
            }
            let total = p.evidence.sigma_m + q.evidence.sigma_m;
            let give = shared + MARGIN_M;
            let last = kept.last_mut().expect("because it was just read");
            last.to -= give * p.evidence.sigma_m / total;
            slot.from += give * q.evidence.sigma_m / total;
            if last.to - last.from < MIN_EDGE_M {
                kept.pop();
                continue;
            }
            break;
        }
        if wins && slot.to - slot.from >= MIN_EDGE_M {
            kept.push(slot);
        }
    }
    kept
}

fn finish(draft: &CleanOpening, wall: &Wall, slot: &Slot, number: u32) -> Opening {
    let (origin, along, _) = frame(wall);
    let middle = origin + along * (0.5 * (slot.from + slot.to));
    Opening {
        id: match draft.kind {
            OpeningKind::Door => DoorId(number).into(),
            OpeningKind::Window => WindowId(number).into(),
        },
        kind: draft.kind,
        wall: wall.id,
        center: [middle.x, middle.y, wall.base_z + 0.5 * (slot.bottom + slot.top)],
        width: slot.to - slot.from,
        height: slot.top - slot.bottom,
        rooms: wall.rooms.clone(),
        evidence: draft.evidence,
    }
}

fn report_change(draft: &CleanOpening, opening: &Opening, findings: &mut Findings) {
    let moved = (0..3).map(|k| (draft.center[k] - opening.center[k]).powi(2)).sum::<f64>().sqrt();
    let resized = (draft.width - opening.width).abs().max((draft.height - opening.height).abs());
    let change = moved.max(resized);
    if change > REPORT_M.max(3.0 * draft.evidence.sigma_m) {
        findings.note(
            "opening-adjusted",
            vec![opening.id.clone()],
            format!("moved {moved:.3} m and resized {resized:.3} m to fit its wall"),
            Some(change),
        );
    }
}
