//! Where a person with a camera looks while walking: far, across the room, ahead at doors.
//!
//! Takes the way (points a fixed step apart), gives an unwrapped yaw per point. Method: per key point
//! and direction a value (how far one sees, whether the direction goes across the room, ahead, or
//! where a slow turn through the whole room would look now), then the best smooth sequence by
//! dynamic programming (Viterbi) with a price on turning.
//! Plan of the scene frame, metres, radians.

use super::house::House;
use super::placement::bounds;
use super::plan::{contains, distance};
use std::f64::consts::{PI, TAU};

/// Directions that are compared.
const DIRECTIONS: usize = 48;
/// Points of the way between key points.
const STRIDE: usize = 5;
/// Seeing farther than this adds nothing, metres.
const FAR_M: f64 = 3.2;
/// Surfaces nearer than this give blank, blurred pictures, metres.
const NEAR_M: f64 = 1.25;
/// From this far before a door the gaze turns to it, metres of way; ...
const BEFORE_DOOR_M: f64 = 2.0;
/// ... from here on it goes through it, ...
const AT_DOOR_M: f64 = 1.1;
/// ... until this far behind it, ...
const BEHIND_DOOR_M: f64 = 0.5;
/// ... and is free again from here on.
const LEFT_DOOR_M: f64 = 1.1;
/// What is looked at lies this far behind the opening, metres: doors are seen through, not at.
const THROUGH_M: f64 = 1.5;
/// Value of a look through a door.
const THROUGH_VALUE: f64 = 6.0;
/// Half of the horizontal view that is judged, radians.
const HALF_VIEW_RAD: f64 = 0.5;
/// Value of a direction with things to see, against that of a far one.
const RICH_VALUE: f64 = 0.7;
/// A view in which things fill less than this share holds too little to be tracked by ...
const BLANK_SHARE: f64 = 0.35;
/// ... and loses up to this value: people do not film bare walls at arm's length for seconds.
const BLANK_PRICE: f64 = 3.0;
/// Things beyond this distance are too small to hold on to, metres.
const RICH_REACH_M: f64 = 4.0;
/// Price of a turn of one radian between key points.
const TURN_PRICE: f64 = 5.0;
/// A stay in a room shorter than this is only a passage, metres.
const STAY_M: f64 = 1.2;
/// A stay turns the gaze by at least this, radians.
const SWEEP_RAD: f64 = 1.4 * PI;
/// Items that rise above this hide what is behind them, metres.
const EYE_M: f64 = 1.35;

/// Unwrapped yaw of the gaze at every point of the way, radians; `sway` turns it to and fro.
#[must_use]
pub fn along(house: &House, way: &[[f64; 2]], sway: impl Fn(usize) -> f64) -> Vec<f64> {
    let keys: Vec<usize> = (0..way.len()).step_by(STRIDE).collect();
    let rooms: Vec<Option<usize>> = way.iter().map(|&p| room_at(house, p)).collect();
    let sweep = sweeps(house, way, &rooms);
    let passage = passages(house, way, &rooms);
    let values: Vec<[f64; DIRECTIONS]> =
        keys.iter().map(|&k| values_at(house, (way, &rooms), k, sway(k), sweep[k], passage[k])).collect();
    let chosen = best_sequence(&values);
    let mut yaw = Vec::with_capacity(keys.len());
    for &bin in &chosen {
        let raw = angle(bin);
        let last = yaw.last().copied().unwrap_or(raw);
        yaw.push(last + crate::math::wrap_angle(raw - last));
    }
    let mut all: Vec<f64> = (0..way.len())
        .map(|i| {
            let k = (i / STRIDE).min(yaw.len() - 1);
            let next = (k + 1).min(yaw.len() - 1);
            yaw[k] + (i % STRIDE) as f64 / STRIDE as f64 * (yaw[next] - yaw[k])
        })
        .collect();
    for _ in 0..60 {
        let before = all.clone();
        for i in 0..all.len() {
            let (p, q) = (before[i.saturating_sub(1)], before[(i + 1).min(before.len() - 1)]);
            all[i] = 0.25 * p + 0.5 * before[i] + 0.25 * q;
        }
    }
    all
}

fn angle(bin: usize) -> f64 {
    TAU * bin as f64 / DIRECTIONS as f64 - PI
}

fn heading_at(way: &[[f64; 2]], index: usize) -> f64 {
    let (p, q) = (way[index.saturating_sub(8)], way[(index + 8).min(way.len() - 1)]);
    (q[1] - p[1]).atan2(q[0] - p[0])
}

fn room_at(house: &House, p: [f64; 2]) -> Option<usize> {
    (0..house.plan.rooms.len()).find(|&r| contains(&house.plan.center_polygon(r), p))
}

fn middle(house: &House, room: usize) -> [f64; 2] {
    let (low, high) = bounds(&house.plan.inner_polygon(room));
    [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])]
}

/// During the first stay in every room: the yaw of an even turn through it, from the middle of the
/// room at the entry to the heading at the exit, in the sense of the walk round the middle.
fn sweeps(house: &House, way: &[[f64; 2]], rooms: &[Option<usize>]) -> Vec<Option<f64>> {
    let mut targets = vec![None; way.len()];
    let mut seen = vec![false; house.plan.rooms.len()];
    let mut start = 0;
    while start < way.len() {
        let mut end = start;
        while end + 1 < way.len() && rooms[end + 1] == rooms[start] {
            end += 1;
        }
        let length: f64 = way[start..=end].windows(2).map(|w| distance(w[0], w[1])).sum();
        if let Some(room) = rooms[start]
            && !seen[room]
            && length > STAY_M
        {
            seen[room] = true;
            let center = middle(house, room);
            let angle = |p: [f64; 2]| (p[1] - center[1]).atan2(p[0] - center[0]);
            let winding: f64 =
                way[start..=end].windows(2).map(|w| crate::math::wrap_angle(angle(w[1]) - angle(w[0]))).sum();
            let sense = if winding < 0.0 { -1.0 } else { 1.0 };
            let from = angle(way[start]) + PI;
            let to = heading_at(way, end);
            let mut turn = sense * (sense * (to - from)).rem_euclid(TAU);
            if turn.abs() < SWEEP_RAD {
                turn += sense * TAU;
            }
            for i in start..=end {
                targets[i] = Some(from + turn * (i - start) as f64 / (end - start).max(1) as f64);
            }
        }
        start = end + 1;
    }
    targets
}

/// A look through a door: yaw and how much it counts, 0..1.
#[derive(Clone, Copy)]
struct Passage {
    yaw: f64,
    weight: f64,
}

/// Where the way goes from one room into another: the looks through the door before and behind it.
fn passages(house: &House, way: &[[f64; 2]], rooms: &[Option<usize>]) -> Vec<Option<Passage>> {
    let mut along = vec![0.0; way.len()];
    for i in 1..way.len() {
        along[i] = along[i - 1] + distance(way[i - 1], way[i]);
    }
    let mut out: Vec<Option<Passage>> = vec![None; way.len()];
    for crossing in 1..way.len() {
        let (Some(from), Some(to)) = (rooms[crossing - 1], rooms[crossing]) else { continue };
        if from == to {
            continue;
        }
        let Some((center, normal)) = door_near(house, way[crossing]) else { continue };
        let ahead = [way[crossing][0] - way[crossing - 1][0], way[crossing][1] - way[crossing - 1][1]];
        let side = (normal[0] * ahead[0] + normal[1] * ahead[1]).signum();
        let goal = [center[0] + side * THROUGH_M * normal[0], center[1] + side * THROUGH_M * normal[1]];
        for i in 0..way.len() {
            let past = along[i] - along[crossing];
            let weight = if past < 0.0 {
                (BEFORE_DOOR_M + past) / (BEFORE_DOOR_M - AT_DOOR_M)
            } else {
                (LEFT_DOOR_M - past) / (LEFT_DOOR_M - BEHIND_DOOR_M)
            };
            let weight = weight.clamp(0.0, 1.0);
            if weight > 0.0 && out[i].is_none_or(|p| p.weight < weight) {
                // Behind the opening the look goes on in the same direction.
                let yaw = if past < 0.0 {
                    (goal[1] - way[i][1]).atan2(goal[0] - way[i][0])
                } else {
                    (side * normal[1]).atan2(side * normal[0])
                };
                out[i] = Some(Passage { yaw, weight });
            }
        }
    }
    out
}

/// Centre and wall normal, in plan, of the walkable opening nearest to a point of the way.
fn door_near(house: &House, at: [f64; 2]) -> Option<([f64; 2], [f64; 2])> {
    let inner = house
        .plan
        .openings
        .iter()
        .filter(|o| o.is_walkable() && house.plan.walls[o.wall].right.is_some())
        .map(|o| {
            let c = house.opening_center(o);
            let (_, normal) = house.plan.wall_axes(o.wall);
            ([c[0], c[1]], normal)
        });
    inner.min_by(|a, b| distance(a.0, at).total_cmp(&distance(b.0, at)))
}

fn values_at(
    house: &House,
    (way, rooms): (&[[f64; 2]], &[Option<usize>]),
    index: usize,
    sway: f64,
    sweep: Option<f64>,
    passage: Option<Passage>,
) -> [f64; DIRECTIONS] {
    let here = way[index];
    let heading = heading_at(way, index);
    let room = rooms[index];
    let through = passage.map_or(0.0, |p| p.weight);
    let across = room.map(|room| {
        let center = middle(house, room);
        let d = [center[0] - here[0], center[1] - here[1]];
        (d[1].atan2(d[0]), (d[0].hypot(d[1]) / 0.9).min(1.0))
    });
    let seen: [f64; DIRECTIONS] = std::array::from_fn(|bin| sight(house, room, here, angle(bin)));
    let rich: [bool; DIRECTIONS] = std::array::from_fn(|bin| is_rich(house, room, here, angle(bin)));
    let half = (HALF_VIEW_RAD / TAU * DIRECTIONS as f64).round() as usize;
    std::array::from_fn(|bin| {
        let yaw = angle(bin) - sway;
        let (mut far, mut things) = (0.0, 0.0);
        for k in 0..=2 * half {
            let at = (bin + DIRECTIONS + k - half) % DIRECTIONS;
            let d = seen[at];
            far += d.min(FAR_M) / FAR_M - 1.5 * (NEAR_M - d).max(0.0);
            things += f64::from(u8::from(rich[at])) / (2 * half + 1) as f64;
        }
        far = far / (2 * half + 1) as f64 + RICH_VALUE * things;
        let blank = (1.0 - things / BLANK_SHARE).max(0.0);
        let side = across.map_or(0.0, |(toward, weight)| weight * (yaw - toward).cos());
        let turned = sweep.map_or(0.0, |target| (yaw - target).cos());
        let door = passage.map_or(0.0, |p| p.weight * (angle(bin) - p.yaw).cos());
        1.8 * far - BLANK_PRICE * blank
            + (1.0 - through) * (0.5 * side + 1.6 * turned + 0.2 * (yaw - heading).cos())
            + THROUGH_VALUE * door
    })
}

/// Distance to the first wall or tall thing in plan; openings are seen through a little.
fn sight(house: &House, room: Option<usize>, from: [f64; 2], yaw: f64) -> f64 {
    let Some(room) = room else { return FAR_M };
    let direction = [yaw.cos(), yaw.sin()];
    let mut nearest = 20.0;
    let nodes = &house.plan.rooms[room].nodes;
    for i in 0..nodes.len() {
        let (a, b) = (house.plan.node(nodes[i]), house.plan.node(nodes[(i + 1) % nodes.len()]));
        let Some((t, u)) = meet(from, direction, a, b) else { continue };
        if t >= nearest {
            continue;
        }
        let along = u * distance(a, b);
        let open = house.plan.wall_between(nodes[i], nodes[(i + 1) % nodes.len()]).is_some_and(|wall| {
            let length = house.plan.wall_length(wall);
            let s = if house.plan.walls[wall].a == nodes[i] { along } else { length - along };
            let passage = |o: &&super::plan::PlanOpening| o.wall == wall && o.is_walkable();
            house.plan.openings.iter().filter(passage).any(|o| (o.along_m - s).abs() < 0.5 * o.width_m)
        });
        nearest = if open { t + 1.5 } else { t };
    }
    for item in
        house.items.iter().filter(|i| i.room == room && i.z_range()[1] > EYE_M && i.z_range()[0] < EYE_M)
    {
        let corners = item.footprint(0.0);
        for k in 0..4 {
            if let Some((t, _)) = meet(from, direction, corners[k], corners[(k + 1) % 4]) {
                nearest = t.min(nearest);
            }
        }
    }
    nearest
}

/// There is furniture, a picture or an opening in this direction.
fn is_rich(house: &House, room: Option<usize>, from: [f64; 2], yaw: f64) -> bool {
    let direction = [yaw.cos(), yaw.sin()];
    let crosses = |corners: [[f64; 2]; 4]| {
        (0..4).any(|k| {
            meet(from, direction, corners[k], corners[(k + 1) % 4]).is_some_and(|(t, _)| t < RICH_REACH_M)
        })
    };
    house
        .items
        .iter()
        .filter(|i| Some(i.room) == room && i.z_range()[0] < 2.0 && i.size[2] > 0.1)
        .any(|i| crosses(i.footprint(0.0)))
}

/// Ray against segment: distance along the ray and fraction of the segment.
fn meet(from: [f64; 2], direction: [f64; 2], a: [f64; 2], b: [f64; 2]) -> Option<(f64, f64)> {
    let e = [b[0] - a[0], b[1] - a[1]];
    let det = direction[0] * e[1] - direction[1] * e[0];
    if det.abs() < 1e-12 {
        return None;
    }
    let d = [a[0] - from[0], a[1] - from[1]];
    let t = (d[0] * e[1] - d[1] * e[0]) / det;
    let u = (d[0] * direction[1] - d[1] * direction[0]) / det;
    (t > 0.0 && (0.0..=1.0).contains(&u)).then_some((t, u))
}

/// Viterbi: the sequence of bins with the greatest value less the price of its turns.
fn best_sequence(values: &[[f64; DIRECTIONS]]) -> Vec<usize> {
    let price = |a: usize, b: usize| {
        let turn = crate::math::wrap_angle(angle(a) - angle(b));
        TURN_PRICE * turn * turn
    };
    let Some(first) = values.first() else { return Vec::new() };
    let mut best = *first;
    let mut from: Vec<[usize; DIRECTIONS]> = Vec::with_capacity(values.len());
    for row in &values[1..] {
        let mut next = [f64::MIN; DIRECTIONS];
        let mut back = [0usize; DIRECTIONS];
        for b in 0..DIRECTIONS {
            for a in 0..DIRECTIONS {
                let value = best[a] - price(a, b) + row[b];
                if value > next[b] {
                    next[b] = value;
                    back[b] = a;
                }
            }
        }
        best = next;
        from.push(back);
    }
    let mut bin = (0..DIRECTIONS).max_by(|&a, &b| best[a].total_cmp(&best[b])).unwrap_or(0);
    let mut chosen = vec![bin];
    for back in from.iter().rev() {
        bin = back[bin];
        chosen.push(bin);
    }
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_sequence_turns_only_when_it_pays() {
        let mut values = vec![[0.0; DIRECTIONS]; 20];
        for row in values.iter_mut().take(10) {
            row[5] = 1.0;
        }
        for row in values.iter_mut().skip(10) {
            row[9] = 1.0;
        }
        values[4][30] = 1.5;
        let chosen = best_sequence(&values);
        assert_eq!((chosen[0], chosen[4], chosen[19]), (5, 5, 9));
    }
}
