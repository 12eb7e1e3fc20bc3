//! The one optimisation: boxes move and change size as little as their sigmas allow.
//!
//! minimise Σ (Δposition/σ)² + Σ (Δsize/σₛ)²
//! subject to: carriers are touched (equalities), boxes and walls keep apart along one separating axis
//! each (inequalities with an exact L1 price), tops stay under the ceiling, centroids over carriers.
//!
//! With fixed yaws and axes every condition is linear, so one step is a quadratic programme. The axis
//! of each pair is chosen anew after each step (sequential convex programming, as in Schulman et al.,
//! TrajOpt 2013), always measured from the draft, until nothing penetrates. Objects that do not
//! touch one another are independent: each connected group is solved alone, which keeps the cost
//! near-linear. Plan and heights are solved together, since sizes couple them.

use super::broad_phase::near_pairs;
use super::item::{Carrier, Item};
use super::place::{Barrier, Surroundings};
use crate::math::Vec2;
use crate::physics::geometry::UprightBox;
use crate::physics::qp::QuadraticProgramme;
use rayon::prelude::*;

/// Air between boxes that do not carry one another, metres: more than the rounding of the files and
/// the single precision of GLB, less than the 1 mm that counts.
const CLEARANCE_M: f64 = 0.000_5;
/// Boxes nearer than this take part in one another's conditions, metres.
const NEAR_M: f64 = 0.2;
/// Penetration that is left to the next step, metres.
const TOLERANCE_M: f64 = 0.000_2;
/// Steps; axes settle in two to five.
const MAX_STEPS: usize = 10;
/// Price of penetrating an object, per metre: above every pull's slope (2Δ/σ² = 2·0.5/0.005²).
const OBJECT_PRICE: f64 = 1e5;
/// Walls do not give way to objects.
const WALL_PRICE: f64 = 4e5;
/// Price of leaving an open stretch of a room, in sigmas of the object.
const OPEN_PRICE_SIGMAS: f64 = 2.0;
/// Price of standing in a door's swing, in sigmas of the object: it gives way so far, not further.
const SWING_PRICE_SIGMAS: f64 = 1.0;
/// Sizes stay within these factors of what was measured.
const SIZE_FACTORS: (f64, f64) = (0.5, 1.5);
/// The centroid stays this far inside its carrier's edges, metres.
const CARRIED_MARGIN_M: f64 = 0.01;
/// A bottom this many sigmas above its floor was not seen: the box grows down to it.
const UNSEEN_BOTTOM_SIGMAS: f64 = 3.0;
/// Variables of an item: Δx, Δy, Δz, Δsx, Δsy, Δsz.
const PER_ITEM: usize = 6;

/// An axis that keeps two bodies apart; points from the first to the second.
#[derive(Debug, Clone, Copy)]
enum Axis {
    Plan(Vec2),
    Up,
    Down,
}

/// Moves the items that are `dirty` and whatever they touch; returns the deepest penetration that is
/// left, metres.
pub(crate) fn solve(items: &mut [Item], surroundings: &Surroundings, mut dirty: Vec<bool>) -> f64 {
    let mut worst = f64::INFINITY;
    for _ in 0..MAX_STEPS {
        let shapes: Vec<UprightBox> = items.iter().map(|item| item.shape).collect();
        let pairs: Vec<(usize, usize)> = near_pairs(&shapes, NEAR_M)
            .into_iter()
            .filter(|&(i, j)| keep_apart(&items[i], i, &items[j], j))
            .filter(|&(i, j)| shapes[i].gap(&shapes[j]) < NEAR_M)
            .collect();
        let groups = groups(items, &pairs);
        let moved: Vec<Vec<(usize, UprightBox)>> = groups
            .par_iter()
            .filter(|(members, _)| members.iter().any(|&i| dirty[i]))
            .map(|(members, own)| {
                let pairs: Vec<(usize, usize)> = own.iter().map(|&k| pairs[k]).collect();
                solve_group(items, members, &pairs, surroundings)
            })
            .collect();
        for (i, shape) in moved.into_iter().flatten() {
            items[i].shape = shape;
        }
        let last = worst;
        (worst, dirty) = penetrating(items, surroundings);
        if worst <= TOLERANCE_M || (worst - last).abs() < 1e-7 {
            break;
        }
    }
    worst
}

/// True when two items must not share space.
pub(crate) fn keep_apart(p: &Item, i: usize, q: &Item, j: usize) -> bool {
    !p.is_floor_covering()
        && !q.is_floor_covering()
        && p.carrier != Carrier::Item(j)
        && q.carrier != Carrier::Item(i)
}

/// Deepest penetration between items and of items into their barriers, metres, and who takes part.
fn penetrating(items: &[Item], surroundings: &Surroundings) -> (f64, Vec<bool>) {
    let shapes: Vec<UprightBox> = items.iter().map(|item| item.shape).collect();
    let mut worst: f64 = 0.0;
    let mut involved = vec![false; items.len()];
    for (i, j) in near_pairs(&shapes, 0.0) {
        let depth = -shapes[i].gap(&shapes[j]);
        if depth > 0.0 && keep_apart(&items[i], i, &items[j], j) {
            worst = worst.max(depth);
            for k in [i, j] {
                involved[k] |= depth > TOLERANCE_M;
            }
        }
    }
    for (i, item) in items.iter().enumerate().filter(|(_, item)| !item.is_floor_covering()) {
        let walls = surroundings.barriers_of(item.room).iter().filter(|barrier| barrier.wall.is_some());
        let depth = walls.map(|barrier| -barrier.body.gap(&item.shape)).fold(0.0, f64::max);
        worst = worst.max(depth);
        involved[i] |= depth > TOLERANCE_M;
    }
    (worst, involved)
}

/// Connected groups: members ascending, and the numbers of their pairs.
fn groups(items: &[Item], pairs: &[(usize, usize)]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut parent: Vec<usize> = (0..items.len()).collect();
    fn find(parent: &mut [usize], mut i: usize) -> usize {
        while parent[i] != i {
            parent[i] = parent[parent[i]];
            i = parent[i];
        }
        i
    }
    let carried = items.iter().enumerate().filter_map(|(i, item)| match item.carrier {
        Carrier::Item(j) => Some((i, j)),
        _ => None,
    });
    for (i, j) in pairs.iter().copied().chain(carried) {
        let (p, q) = (find(&mut parent, i), find(&mut parent, j));
        parent[p.max(q)] = p.min(q);
    }
    let mut slot = vec![usize::MAX; items.len()];
    let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for i in 0..items.len() {
        let root = find(&mut parent, i);
        if slot[root] == usize::MAX {
            slot[root] = groups.len();
            groups.push((Vec::new(), Vec::new()));
        }
        groups[slot[root]].0.push(i);
    }
    for (k, &(i, _)) in pairs.iter().enumerate() {
        let root = find(&mut parent, i);
        groups[slot[root]].1.push(k);
    }
    groups
}

/// A linear form over the variables of a group, with its value at the measured shapes.
#[derive(Default)]
struct Form {
    terms: Vec<(usize, f64)>,
    at_measured: f64,
}

impl Form {
    /// Adds `factor` times (direction · centre + side · half extent along direction) of an item.
    fn face(&mut self, slot: usize, item: &Item, direction: Vec2, factor: f64, side: f64) {
        let [x, y] = item.measured.axes();
        let base = PER_ITEM * slot;
        let half = [0.5 * x.dot(&direction).abs(), 0.5 * y.dot(&direction).abs()];
        self.terms.extend([
            (base, factor * direction.x),
            (base + 1, factor * direction.y),
            (base + 3, factor * side * half[0]),
            (base + 4, factor * side * half[1]),
        ]);
        self.at_measured += factor
            * (direction.dot(&item.measured.plan())
                + side * (half[0] * item.measured.size[0] + half[1] * item.measured.size[1]));
    }

    /// Adds `factor` times (z + side · half height) of an item.
    fn level(&mut self, slot: usize, item: &Item, factor: f64, side: f64) {
        let base = PER_ITEM * slot;
        self.terms.extend([(base + 2, factor), (base + 5, 0.5 * factor * side)]);
        self.at_measured += factor * (item.measured.center[2] + 0.5 * side * item.measured.size[2]);
    }
}

fn solve_group(
    items: &[Item],
    members: &[usize],
    pairs: &[(usize, usize)],
    surroundings: &Surroundings,
) -> Vec<(usize, UprightBox)> {
    let slot = |i: usize| members.binary_search(&i).expect("because pairs join members of one group");
    let mut programme = QuadraticProgramme::new(PER_ITEM * members.len());
    for (k, &i) in members.iter().enumerate() {
        pulls(&mut programme, k, &items[i]);
        carry(&mut programme, k, items, i, &slot, surroundings);
        barriers(&mut programme, k, &items[i], surroundings);
        swings(&mut programme, k, &items[i], surroundings);
    }
    for &(i, j) in pairs {
        let mut form = Form::default();
        match separating_axis(&items[i], i, &items[j], j) {
            Axis::Plan(n) => {
                form.face(slot(j), &items[j], n, 1.0, -1.0);
                form.face(slot(i), &items[i], n, -1.0, 1.0);
            }
            axis => {
                let (low, high) = if matches!(axis, Axis::Up) { (i, j) } else { (j, i) };
                form.level(slot(high), &items[high], 1.0, -1.0);
                form.level(slot(low), &items[low], -1.0, 1.0);
            }
        }
        programme.at_least_or_pay(&form.terms, CLEARANCE_M - form.at_measured, OBJECT_PRICE);
    }
    let Some(x) = programme.solve() else {
        return Vec::new(); // stays as it is; what penetrates is reported by the caller
    };
    members
        .iter()
        .enumerate()
        .map(|(k, &i)| {
            let d = &x[PER_ITEM * k..PER_ITEM * (k + 1)];
            let m = &items[i].measured;
            let center = [m.center[0] + d[0], m.center[1] + d[1], m.center[2] + d[2]];
            let size = [m.size[0] + d[3], m.size[1] + d[4], m.size[2] + d[5]];
            (i, UprightBox { center, size, yaw: m.yaw })
        })
        .collect()
}

/// What was measured, and how far sizes may go.
fn pulls(programme: &mut QuadraticProgramme, k: usize, item: &Item) {
    let base = PER_ITEM * k;
    let m = &item.measured;
    let bottom = m.bottom();
    let unseen = item.carrier == Carrier::Floor && bottom > UNSEEN_BOTTOM_SIGMAS * item.level_sigma();
    for axis in 0..2 {
        programme.pull(&[(base + axis, 1.0)], 0.0, item.sigma);
    }
    if unseen {
        programme.pull(&[(base + 2, 1.0), (base + 5, 0.5)], 0.0, item.level_sigma());
        programme.pull(&[(base + 5, 1.0)], bottom, item.size_sigma[2]);
    } else {
        programme.pull(&[(base + 2, 1.0)], 0.0, item.sigma);
        programme.pull(&[(base + 5, 1.0)], 0.0, item.size_sigma[2]);
    }
    for axis in 0..3 {
        if axis < 2 {
            programme.pull(&[(base + 3 + axis, 1.0)], 0.0, item.size_sigma[axis]);
        }
        let grown = if axis == 2 && unseen { bottom } else { 0.0 };
        programme.at_least(&[(base + 3 + axis, 1.0)], (SIZE_FACTORS.0 - 1.0) * m.size[axis]);
        programme.at_least(&[(base + 3 + axis, -1.0)], (1.0 - SIZE_FACTORS.1) * m.size[axis] - grown);
    }
}

/// The item touches what carries it and stays under the ceiling.
fn carry(
    programme: &mut QuadraticProgramme,
    k: usize,
    items: &[Item],
    i: usize,
    slot: &dyn Fn(usize) -> usize,
    surroundings: &Surroundings,
) {
    let item = &items[i];
    let ceiling = surroundings.ceiling(item.room);
    let mut form = Form::default();
    match item.carrier {
        Carrier::Floor => {
            form.level(k, item, 1.0, -1.0);
            programme.equal(&form.terms, -form.at_measured);
        }
        Carrier::Ceiling => {
            form.level(k, item, 1.0, 1.0);
            programme.equal(&form.terms, ceiling - form.at_measured);
        }
        Carrier::Item(j) => {
            form.level(k, item, 1.0, -1.0);
            form.level(slot(j), &items[j], -1.0, 1.0);
            programme.equal(&form.terms, -form.at_measured);
            over_carrier(programme, k, item, slot(j), &items[j]);
        }
        Carrier::Wall(wall) => {
            let barrier = surroundings.barriers_of(item.room).iter().find(|b| b.wall == Some(wall));
            if let Some(barrier) = barrier {
                let n = barrier.facing(item.measured.plan());
                form.face(k, item, n, 1.0, -1.0);
                let face = n.dot(&barrier.body.plan()) + 0.5 * barrier.body.size[1];
                programme.equal(&form.terms, face - form.at_measured);
            }
        }
    }
    if !matches!(item.carrier, Carrier::Floor | Carrier::Item(_)) {
        let mut bottom = Form::default();
        bottom.level(k, item, 1.0, -1.0);
        programme.at_least_or_pay(&bottom.terms, CLEARANCE_M - bottom.at_measured, WALL_PRICE);
    }
    if item.carrier != Carrier::Ceiling && item.measured.top() > 0.5 * ceiling {
        let mut top = Form::default();
        top.level(k, item, -1.0, 1.0);
        programme.at_least_or_pay(&top.terms, CLEARANCE_M - ceiling - top.at_measured, WALL_PRICE);
    }
}

/// The centroid stays over the carrier.
fn over_carrier(programme: &mut QuadraticProgramme, k: usize, item: &Item, s: usize, below: &Item) {
    for (axis, direction) in below.measured.axes().into_iter().enumerate() {
        for sign in [-1.0, 1.0] {
            let n = direction * sign;
            // half size − n·(c − c_below) ≥ margin
            let mut form = Form::default();
            form.face(k, item, n, -1.0, 0.0);
            form.face(s, below, n, 1.0, 0.0);
            form.terms.push((PER_ITEM * s + 3 + axis, 0.5));
            form.at_measured += 0.5 * below.measured.size[axis];
            programme.at_least_or_pay(&form.terms, CARRIED_MARGIN_M - form.at_measured, OBJECT_PRICE);
        }
    }
}

/// The item stays on its room's side of the walls near it.
fn barriers(programme: &mut QuadraticProgramme, k: usize, item: &Item, surroundings: &Surroundings) {
    let reach = NEAR_M + item.sigma;
    for barrier in surroundings.barriers_of(item.room) {
        if barrier.body.plan_gap(&item.shape) > reach {
            // Far away on its own side; a wall behind which the item stands is never far.
            let n = barrier.facing(item.shape.plan());
            if n.dot(&(item.shape.plan() - barrier.body.plan())) > 0.0 || barrier.inward == Vec2::zeros() {
                continue;
            }
            if !beside(barrier, &item.shape) {
                continue;
            }
        }
        if item.carrier == barrier.wall.map_or(Carrier::Ceiling, Carrier::Wall) {
            continue;
        }
        let n = barrier_axis(barrier, item);
        let mut form = Form::default();
        form.face(k, item, n, 1.0, -1.0);
        let face = n.dot(&barrier.body.plan()) + barrier.body.reach(n);
        let price = if barrier.wall.is_some() { WALL_PRICE } else { 2.0 * OPEN_PRICE_SIGMAS / item.sigma };
        programme.at_least_or_pay(&form.terms, face + CLEARANCE_M - form.at_measured, price);
    }
}

/// The item keeps out of the doors' swing as far as its sigma allows.
fn swings(programme: &mut QuadraticProgramme, k: usize, item: &Item, surroundings: &Surroundings) {
    if item.is_floor_covering() || !matches!(item.carrier, Carrier::Floor) {
        return;
    }
    for swing in surroundings.swings_of(item.room).iter().filter(|swing| swing.gap(&item.shape) < 0.0) {
        let offset = item.shape.plan() - swing.plan();
        let axes = swing.axes().into_iter().chain(item.shape.axes());
        let gap = |n: Vec2| n.dot(&offset) - swing.reach(n) - item.shape.reach(n);
        let best = axes
            .map(|axis| if axis.dot(&offset) < 0.0 { -axis } else { axis })
            .max_by(|p, q| gap(*p).total_cmp(&gap(*q)))
            .expect("because two boxes have four axes");
        let mut form = Form::default();
        form.face(k, item, best, 1.0, -1.0);
        let face = best.dot(&swing.plan()) + swing.reach(best);
        programme.at_least_or_pay(
            &form.terms,
            face - form.at_measured,
            2.0 * SWING_PRICE_SIGMAS / item.sigma,
        );
    }
}

/// True when the shape's centre lies within the barrier's length.
fn beside(barrier: &Barrier, shape: &UprightBox) -> bool {
    let along = barrier.body.axes()[0];
    along.dot(&(shape.plan() - barrier.body.plan())).abs() <= 0.5 * barrier.body.size[0]
}

/// The direction away from the barrier in which the item is kept clear of it.
fn barrier_axis(barrier: &Barrier, item: &Item) -> Vec2 {
    let shape = &item.shape;
    let offset = shape.plan() - barrier.body.plan();
    let front = barrier.facing(shape.plan());
    let gap = |n: Vec2| n.dot(&offset) - barrier.body.reach(n) - shape.reach(n);
    let mut best = (gap(front), front);
    let along = barrier.body.axes()[0];
    for (end, passable) in barrier.passable.into_iter().enumerate() {
        if !passable {
            continue;
        }
        let out = if end == 0 { -along } else { along };
        let own = shape.axes().into_iter().flat_map(|axis| [axis, -axis]);
        for n in own.filter(|n| n.dot(&out) > 0.1 && n.dot(&front) > -0.1).chain([out]) {
            if gap(n) > best.0 {
                best = (gap(n), n);
            }
        }
    }
    best.1
}

/// The axis along which two items are apart, or can be brought apart with the least surprise.
fn separating_axis(p: &Item, i: usize, q: &Item, j: usize) -> Axis {
    let offset = q.shape.plan() - p.shape.plan();
    let mut best = (f64::NEG_INFINITY, Axis::Plan(Vec2::x()));
    let mut consider = |gap: f64, sigma: f64, axis: Axis| {
        // Apart: the wider the better. Not apart: the fewer sigmas to go the better.
        let score = if gap >= 0.0 { gap } else { gap / sigma };
        if score > best.0 {
            best = (score, axis);
        }
    };
    for axis in p.shape.axes().into_iter().chain(q.shape.axes()) {
        let n = if axis.dot(&offset) < 0.0 { -axis } else { axis };
        let gap = n.dot(&offset) - p.shape.reach(n) - q.shape.reach(n);
        consider(gap, p.face_sigma(n).hypot(q.face_sigma(n)), Axis::Plan(n));
    }
    let up = q.shape.center[2] >= p.shape.center[2];
    let ((low, _), (high, _)) = if up { ((p, i), (q, j)) } else { ((q, j), (p, i)) };
    if high.carrier != Carrier::Floor {
        let gap = high.shape.bottom() - low.shape.top();
        let rise = if matches!(high.carrier, Carrier::Wall(_)) { high.level_sigma() } else { 0.0 };
        consider(gap, rise.hypot(low.size_sigma[2]), if up { Axis::Up } else { Axis::Down });
    }
    best.1
}
