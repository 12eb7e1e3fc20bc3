//! Doors, passages and windows of a floor plan.
//!
//! Takes a [`FloorPlan`] with rooms and walls and fills its `openings`. Doors join the rooms by a
//! spanning tree that starts at the first-named room (Prim, with a price per pair of room kinds),
//! then a few more. Door leaves get a swing that stays inside the room. Windows go into outer walls.
//! Sizes: procthor's windows (0.9–1.5 m wide, sill 0.65–1.2 m) and usual door sizes (procthor's door
//! frames of 1–2 m are too wide for flats).

use super::plan::{FloorPlan, Leaf, PlanOpening, RoomKind, contains};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Solid wall kept between an opening and the wall's end faces, metres (room for the frame).
const END_MARGIN_M: f64 = 0.12;
/// Solid wall kept between two openings, metres.
const GAP_M: f64 = 0.25;
/// A camera passes doors opened by at least this, radians.
const PASSABLE_RAD: f64 = 1.25;
/// Thinnest lintel over an opening, metres.
const LINTEL_M: f64 = 0.12;

/// Cuts openings into the walls of the plan.
pub fn cut(plan: &mut FloorPlan, rng: &mut ChaCha8Rng, all_reachable: bool) {
    join_rooms(plan, rng, all_reachable);
    add_entrance(plan, rng);
    add_windows(plan, rng);
}

fn pair_price(a: RoomKind, b: RoomKind) -> f64 {
    use RoomKind::{Bathroom, Bedroom, Hallway, Kitchen, LivingRoom};
    match (a.min(b), a.max(b)) {
        (_, Hallway) | (Hallway, _) => 0.5,
        (LivingRoom, Kitchen) => 0.6,
        (LivingRoom, _) => 1.0,
        (Bedroom, Bathroom) => 2.0,
        (Kitchen, Bathroom) => 4.0,
        (Bathroom, _) | (_, Bathroom) => 6.0,
        _ => 3.0,
    }
}

fn join_rooms(plan: &mut FloorPlan, rng: &mut ChaCha8Rng, all_reachable: bool) {
    let hub = plan.rooms.iter().position(|r| r.kind == RoomKind::Hallway).unwrap_or(0);
    let mut reached = vec![false; plan.rooms.len()];
    reached[hub] = true;
    let mut used: Vec<usize> = Vec::new();
    loop {
        let mut best: Option<(f64, usize)> = None;
        for (index, wall) in plan.walls.iter().enumerate() {
            let Some(right) = wall.right else { continue };
            let length = plan.wall_length(index);
            if reached[wall.left] == reached[right] || length < 1.15 {
                continue;
            }
            let price = pair_price(plan.rooms[wall.left].kind, plan.rooms[right].kind)
                + rng.random_range(0.0..0.3)
                - 0.02 * length;
            if best.is_none_or(|(p, _)| price < p) {
                best = Some((price, index));
            }
        }
        let Some((_, wall)) = best else { break };
        add_door(plan, rng, wall, all_reachable);
        used.push(wall);
        let (left, right) = (plan.walls[wall].left, plan.walls[wall].right);
        reached[left] = true;
        if let Some(right) = right {
            reached[right] = true;
        }
    }
    for wall in 0..plan.walls.len() {
        if plan.walls[wall].right.is_some()
            && !used.contains(&wall)
            && plan.wall_length(wall) > 1.3
            && rng.random_bool(0.12)
        {
            add_door(plan, rng, wall, false);
        }
    }
}

fn add_door(plan: &mut FloorPlan, rng: &mut ChaCha8Rng, wall: usize, passable: bool) {
    use RoomKind::{Bathroom, Bedroom, Hallway, Kitchen, LivingRoom};
    let PlanPair { left, right } = pair(plan, wall);
    let kinds = [left, right];
    let length = plan.wall_length(wall) - plan.thickness_m;
    let private = kinds.iter().any(|k| matches!(k, Bathroom | Bedroom));
    let open_plan = kinds.iter().all(|k| matches!(k, LivingRoom | Kitchen | Hallway));
    let head = plan.ceiling_m - LINTEL_M;
    let passage = if private {
        0.04
    } else if open_plan {
        0.6
    } else {
        0.3
    };
    if rng.random_bool(passage) {
        let widest = (length - 2.0 * END_MARGIN_M).min(if open_plan { 2.2 } else { 1.3 });
        let width = rng.random_range(0.85_f64.min(widest - 0.01)..widest);
        let height = rng.random_range(2.02..2.35_f64.min(head));
        place(
            plan,
            rng,
            PlanOpening {
                wall,
                window: false,
                along_m: 0.0,
                width_m: width,
                bottom_m: 0.0,
                height_m: height,
                leaf: None,
            },
        );
        return;
    }
    let double = !private && length > 1.9 && rng.random_bool(0.35);
    let width: f64 = if double { rng.random_range(1.2..1.6) } else { rng.random_range(0.72..0.92) };
    let angle = match rng.random_range(0..10) {
        _ if passable => rng.random_range(PASSABLE_RAD..1.7),
        0..=3 => 0.0,
        4..=5 => rng.random_range(0.5..1.1),
        _ => rng.random_range(PASSABLE_RAD..1.7),
    };
    let glass = !private && rng.random_bool(0.35);
    let height = rng.random_range(1.96..2.08_f64.min(head));
    // A leaf that cannot swing in any of the tries becomes a plain passage.
    for attempt in 0..12 {
        let leaf = Leaf {
            hinge_at_start: rng.random_bool(0.5),
            into_left: (left != Hallway) == rng.random_bool(0.85),
            angle_rad: angle,
            double,
            glass,
        };
        let leaf = if attempt == 11 { None } else { Some(leaf) };
        let opening = PlanOpening {
            wall,
            window: false,
            along_m: 0.0,
            width_m: width.min(length - 2.0 * END_MARGIN_M),
            bottom_m: 0.0,
            height_m: height,
            leaf,
        };
        let before = plan.openings.len();
        place(plan, rng, opening);
        if plan.openings.len() == before {
            return;
        }
        if leaf.is_none() || swing_is_free(plan, &plan.openings[before]) {
            return;
        }
        plan.openings.pop();
    }
}

struct PlanPair {
    left: RoomKind,
    right: RoomKind,
}

fn pair(plan: &FloorPlan, wall: usize) -> PlanPair {
    let left = plan.rooms[plan.walls[wall].left].kind;
    let right = plan.walls[wall].right.map_or(left, |r| plan.rooms[r].kind);
    PlanPair { left, right }
}

/// Chooses a place along the wall and appends the opening; leaves the plan as it is when none is free.
fn place(plan: &mut FloorPlan, rng: &mut ChaCha8Rng, mut opening: PlanOpening) {
    let length = plan.wall_length(opening.wall);
    let margin = 0.5 * plan.thickness_m + END_MARGIN_M + 0.5 * opening.width_m;
    if length < 2.0 * margin {
        return;
    }
    for _ in 0..8 {
        opening.along_m = if rng.random_bool(0.25) {
            margin
        } else if rng.random_bool(0.33) {
            length - margin
        } else {
            rng.random_range(margin..=length - margin)
        };
        let free = plan
            .openings
            .iter()
            .filter(|o| o.wall == opening.wall)
            .all(|o| (o.along_m - opening.along_m).abs() > 0.5 * (o.width_m + opening.width_m) + GAP_M);
        if free {
            plan.openings.push(opening);
            return;
        }
    }
}

/// Corners of the floor area that a leaf sweeps: the square over the opening in its room.
#[must_use]
pub fn swing_area(plan: &FloorPlan, opening: &PlanOpening) -> Option<[[f64; 2]; 4]> {
    let leaf = opening.leaf?;
    if leaf.angle_rad == 0.0 && opening.window {
        return None;
    }
    let reach = if leaf.double { 0.5 * opening.width_m } else { opening.width_m };
    Some(area_before(plan, opening, leaf.into_left, reach + 0.04, 0.03))
}

/// The rectangle of floor before an opening on one side, `depth` deep from the wall's face.
#[must_use]
pub fn area_before(
    plan: &FloorPlan,
    opening: &PlanOpening,
    left: bool,
    depth: f64,
    margin: f64,
) -> [[f64; 2]; 4] {
    let (a, _) = plan.wall_ends(opening.wall);
    let (direction, normal) = plan.wall_axes(opening.wall);
    let sign = if left { 1.0 } else { -1.0 };
    let face = 0.5 * plan.thickness_m;
    let (from, to) =
        (opening.along_m - 0.5 * opening.width_m - margin, opening.along_m + 0.5 * opening.width_m + margin);
    let at = |along: f64, out: f64| {
        [
            a[0] + direction[0] * along + sign * normal[0] * out,
            a[1] + direction[1] * along + sign * normal[1] * out,
        ]
    };
    [at(from, face), at(to, face), at(to, face + depth), at(from, face + depth)]
}

fn swing_is_free(plan: &FloorPlan, opening: &PlanOpening) -> bool {
    let Some(leaf) = opening.leaf else { return true };
    let wall = plan.walls[opening.wall];
    let Some(room) = (if leaf.into_left { Some(wall.left) } else { wall.right }) else { return false };
    let Some(area) = swing_area(plan, opening) else { return true };
    let polygon = plan.inner_polygon(room);
    let center = area.iter().fold([0.0, 0.0], |m, p| [m[0] + 0.25 * p[0], m[1] + 0.25 * p[1]]);
    let inside = area
        .iter()
        .all(|p| contains(&polygon, [p[0] + 0.01 * (center[0] - p[0]), p[1] + 0.01 * (center[1] - p[1])]));
    let clear =
        plan.openings.iter().filter(|o| !std::ptr::eq(*o, opening) && !o.window).all(
            |other| match swing_area(plan, other) {
                Some(swing) => !quads_overlap(&area, &swing),
                None => true,
            },
        );
    inside && clear
}

/// Separating-axis test of two convex quadrilaterals; one may be a segment `[a, b, b, a]`.
#[must_use]
pub fn quads_overlap(a: &[[f64; 2]; 4], b: &[[f64; 2]; 4]) -> bool {
    let separated = |p: &[[f64; 2]; 4], q: &[[f64; 2]; 4]| {
        (0..4).any(|i| {
            let (s, e) = (p[i], p[(i + 1) % 4]);
            let axis = [-(e[1] - s[1]), e[0] - s[0]];
            if axis == [0.0, 0.0] {
                return false; // A side of a degenerate quadrilateral (a segment) has no normal.
            }
            let range = |quad: &[[f64; 2]; 4]| {
                quad.iter()
                    .map(|v| v[0] * axis[0] + v[1] * axis[1])
                    .fold((f64::MAX, f64::MIN), |(lo, hi), d| (lo.min(d), hi.max(d)))
            };
            let ((lo_p, hi_p), (lo_q, hi_q)) = (range(p), range(q));
            hi_p <= lo_q || hi_q <= lo_p
        })
    };
    !separated(a, b) && !separated(b, a)
}

fn add_entrance(plan: &mut FloorPlan, rng: &mut ChaCha8Rng) {
    let hub = plan.rooms.iter().position(|r| r.kind == RoomKind::Hallway).unwrap_or(0);
    let mut walls: Vec<usize> = (0..plan.walls.len())
        .filter(|&w| plan.walls[w].right.is_none() && plan.walls[w].left == hub && plan.wall_length(w) > 1.3)
        .collect();
    // A flat of one room has no other door.
    let is_needed = plan.openings.is_empty();
    let is_there = rng.random_bool(0.9);
    while (is_there || is_needed) && !walls.is_empty() {
        let wall = walls.swap_remove(rng.random_range(0..walls.len()));
        if enter_by(plan, rng, wall) {
            return;
        }
    }
}

/// Cuts the entrance into a wall; false where its leaf cannot swing.
fn enter_by(plan: &mut FloorPlan, rng: &mut ChaCha8Rng, wall: usize) -> bool {
    let leaf = Leaf {
        hinge_at_start: rng.random_bool(0.5),
        into_left: true,
        angle_rad: 0.0,
        double: false,
        glass: false,
    };
    let width = rng.random_range(0.85..1.0);
    let height = rng.random_range(2.0..2.1_f64.min(plan.ceiling_m - LINTEL_M));
    let opening = PlanOpening {
        wall,
        window: false,
        along_m: 0.0,
        width_m: width,
        bottom_m: 0.0,
        height_m: height,
        leaf: Some(leaf),
    };
    let before = plan.openings.len();
    place(plan, rng, opening);
    if plan.openings.len() > before && !swing_is_free(plan, &plan.openings[before]) {
        plan.openings.pop();
    }
    plan.openings.len() > before
}

fn add_windows(plan: &mut FloorPlan, rng: &mut ChaCha8Rng) {
    for wall in 0..plan.walls.len() {
        if plan.walls[wall].right.is_some() {
            continue;
        }
        let kind = plan.rooms[plan.walls[wall].left].kind;
        let length = plan.wall_length(wall);
        let share: f64 = match kind {
            RoomKind::Bathroom => 0.3,
            RoomKind::Hallway => 0.2,
            _ => 0.48,
        };
        let tries = if length > 4.0 { 2 } else { 1 };
        for _ in 0..tries {
            if length > 1.1 && rng.random_bool(share) {
                let opening = draw_window(plan, rng, wall, kind);
                place(plan, rng, opening);
            }
        }
    }
}

fn draw_window(plan: &FloorPlan, rng: &mut ChaCha8Rng, wall: usize, kind: RoomKind) -> PlanOpening {
    let widest = (plan.wall_length(wall) - plan.thickness_m - 2.0 * END_MARGIN_M).min(1.9);
    let top: f64 = rng.random_range(2.0..(plan.ceiling_m - 0.15).min(2.4));
    let (width, sill): (f64, f64) = match kind {
        RoomKind::Bathroom => (rng.random_range(0.45..0.85), rng.random_range(1.1..1.4)),
        RoomKind::Kitchen => (rng.random_range(0.7..1.4), rng.random_range(0.98..1.2)),
        _ if rng.random_bool(0.15) => (rng.random_range(0.9..1.8), rng.random_range(0.06..0.25)),
        _ => (rng.random_range(0.7..1.7), rng.random_range(0.65..1.0)),
    };
    PlanOpening {
        wall,
        window: true,
        along_m: 0.0,
        width_m: width.min(widest),
        bottom_m: sill,
        height_m: top - sill,
        leaf: None,
    }
}
