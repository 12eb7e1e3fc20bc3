//! A handheld walk through all rooms of a house: `(&House, options) -> CameraPath`.
//!
//! Method: a grid of free floor (as far from obstacles as a body needs), waypoints in every room by
//! farthest-point sampling, rooms in the order of a depth-first tour through open doors, A* between
//! waypoints with a price on tight places, smoothing that stays on free floor; the gaze goes across
//! the room being walked (sideways motion gives parallax) and ahead near doors; speed falls where
//! the gaze turns; gait and hand shake are sums of sines. Scene frame; camera axes are OpenCV's.

use super::gait::Shake;
pub use super::gait::look;
use super::gaze;
use super::house::House;
use super::openings::area_before;
use super::placement::bounds;
use super::plan::{contains, distance, point_segment_distance};
use crate::math::Pose;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::f64::consts::{PI, TAU};

/// Cell of the floor grid, metres.
const CELL_M: f64 = 0.06;
/// Least distance of the camera from furniture and walls, metres.
const CLEARANCE_M: f64 = 0.24;
/// Distance from obstacles beyond which a place is not priced, metres.
const COMFORT_M: f64 = 0.6;
/// Step of the resampled path, metres.
const STEP_M: f64 = 0.04;
/// The gaze sways by this, radians, ...
const GAZE_SWAY_RAD: f64 = 0.3;
/// ... once every so many metres of way.
const GAZE_SWAY_M: f64 = 2.6;

/// Options of the walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathOptions {
    /// Frames per second.
    pub fps: f64,
    /// Walking speed, metres per second.
    pub speed_mps: f64,
    /// Fastest turn of the gaze, degrees per second.
    pub turn_dps: f64,
    /// Waypoints in each room.
    pub waypoints: usize,
    /// Camera height, metres; 0 draws one between 1.35 and 1.65.
    pub height_m: f64,
    /// Mean pitch below the horizon, degrees.
    pub pitch_deg: f64,
    /// Strength of gait and hand shake; 1 is usual, 0 a rail.
    pub shake: f64,
    /// At most this long, seconds; 0 means the whole tour.
    pub max_seconds: f64,
}

impl Default for PathOptions {
    fn default() -> Self {
        Self {
            fps: 24.0,
            speed_mps: 0.65,
            turn_dps: 34.0,
            waypoints: 4,
            height_m: 0.0,
            pitch_deg: 10.0,
            shake: 1.0,
            max_seconds: 0.0,
        }
    }
}

/// A camera path at a constant frame rate.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraPath {
    /// Frames per second.
    pub fps: f64,
    /// Poses, scene_from_camera, one a frame.
    pub poses: Vec<Pose>,
    /// Rooms that were walked in, in order of first entry.
    pub rooms: Vec<usize>,
    /// Continues past the last frame by one step (for motion blur).
    pub after_end: Pose,
}

impl CameraPath {
    /// Length of the way of the camera, metres.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.poses.windows(2).map(|w| (w[1].translation.vector - w[0].translation.vector).norm()).sum()
    }
}

/// The floor that a camera can be carried over.
struct Floor {
    origin: [f64; 2],
    width: usize,
    /// Distance from obstacles per cell, metres; 0 where one cannot be.
    clearance: Vec<f32>,
    /// Room per cell.
    room: Vec<Option<u16>>,
}

impl Floor {
    fn new(house: &House) -> Self {
        let (low, high) = bounds(&house.plan.nodes);
        let width = ((high[0] - low[0]) / CELL_M) as usize + 1;
        let height = ((high[1] - low[1]) / CELL_M) as usize + 1;
        let polygons: Vec<_> = (0..house.plan.rooms.len()).map(|r| house.plan.inner_polygon(r)).collect();
        let gates: Vec<[[f64; 2]; 4]> = house
            .plan
            .openings
            .iter()
            .filter(|o| o.is_walkable() && house.plan.walls[o.wall].right.is_some())
            .map(|o| {
                let near = area_before(&house.plan, o, false, 0.02, 0.0);
                let far = area_before(&house.plan, o, true, 0.02, 0.0);
                [near[3], near[2], far[2], far[3]]
            })
            .collect();
        let leaves = leaf_segments(house);
        let mut floor = Self {
            origin: low,
            width,
            clearance: vec![0.0; width * height],
            room: vec![None; width * height],
        };
        for cell in 0..width * height {
            let p = floor.at(cell);
            let room = polygons.iter().position(|polygon| contains(polygon, p));
            floor.room[cell] = room.map(|r| r as u16);
            floor.clearance[cell] = free_distance(house, &polygons, &gates, &leaves, p, room) as f32;
        }
        floor
    }

    fn at(&self, cell: usize) -> [f64; 2] {
        [
            self.origin[0] + (cell % self.width) as f64 * CELL_M,
            self.origin[1] + (cell / self.width) as f64 * CELL_M,
        ]
    }

    fn cell(&self, p: [f64; 2]) -> Option<usize> {
        let x = ((p[0] - self.origin[0]) / CELL_M).round();
        let y = ((p[1] - self.origin[1]) / CELL_M).round();
        let cell = y as usize * self.width + x as usize;
        (x >= 0.0 && y >= 0.0 && (x as usize) < self.width && cell < self.clearance.len()).then_some(cell)
    }

    fn is_free(&self, p: [f64; 2]) -> bool {
        self.cell(p).is_some_and(|cell| f64::from(self.clearance[cell]) > CLEARANCE_M)
    }

    fn neighbours(&self, cell: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let (x, y) = ((cell % self.width) as isize, (cell / self.width) as isize);
        let height = (self.clearance.len() / self.width) as isize;
        [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1)].into_iter().filter_map(
            move |(dx, dy): (isize, isize)| {
                let (nx, ny) = (x + dx, y + dy);
                if nx < 0 || ny < 0 || nx >= self.width as isize || ny >= height {
                    return None;
                }
                let next = (ny * self.width as isize + nx) as usize;
                let free = f64::from(self.clearance[next]) > CLEARANCE_M;
                free.then_some((next, CELL_M * ((dx * dx + dy * dy) as f64).sqrt()))
            },
        )
    }

    /// Way between two cells by A*, tight places priced; `None` when there is none.
    fn route(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let goal = self.at(to);
        let micro = |metres: f64| (metres * 1e6) as u64;
        let mut cost = vec![u64::MAX; self.clearance.len()];
        let mut parent = vec![usize::MAX; self.clearance.len()];
        let mut heap = BinaryHeap::new();
        cost[from] = 0;
        heap.push(Reverse((micro(distance(self.at(from), goal)), from)));
        while let Some(Reverse((_, cell))) = heap.pop() {
            if cell == to {
                let mut way = vec![to];
                while way[way.len() - 1] != from {
                    way.push(parent[way[way.len() - 1]]);
                }
                way.reverse();
                return Some(way);
            }
            for (next, step) in self.neighbours(cell) {
                let tight = (COMFORT_M - f64::from(self.clearance[next])).max(0.0) / COMFORT_M;
                let new = cost[cell] + micro(step * (1.0 + 3.0 * tight));
                if new < cost[next] {
                    cost[next] = new;
                    parent[next] = cell;
                    heap.push(Reverse((new + micro(distance(self.at(next), goal)), next)));
                }
            }
        }
        None
    }

    /// Cells that can be reached from a cell.
    fn reachable(&self, from: usize) -> Vec<bool> {
        let mut seen = vec![false; self.clearance.len()];
        let mut stack = vec![from];
        seen[from] = true;
        while let Some(cell) = stack.pop() {
            for (next, _) in self.neighbours(cell) {
                if !seen[next] {
                    seen[next] = true;
                    stack.push(next);
                }
            }
        }
        seen
    }
}

/// Rooms that a walk cannot enter, though others can be walked in.
#[must_use]
pub fn closed_off(house: &House) -> Vec<usize> {
    let floor = Floor::new(house);
    let roomiest =
        (0..floor.clearance.len()).max_by(|&a, &b| floor.clearance[a].total_cmp(&floor.clearance[b]));
    let Some(roomiest) = roomiest.filter(|&cell| f64::from(floor.clearance[cell]) > CLEARANCE_M) else {
        return Vec::new();
    };
    let reach = floor.reachable(roomiest);
    let is_entered = |room: usize| (0..reach.len()).any(|c| reach[c] && floor.room[c] == Some(room as u16));
    (0..house.plan.rooms.len()).filter(|&room| !is_entered(room)).collect()
}

/// Door leaves that stand open, as segments in plan.
fn leaf_segments(house: &House) -> Vec<([f64; 2], [f64; 2])> {
    let plan = &house.plan;
    let mut segments = Vec::new();
    for opening in &plan.openings {
        let Some(leaf) = opening.leaf else { continue };
        let (a, _) = plan.wall_ends(opening.wall);
        let (direction, normal) = plan.wall_axes(opening.wall);
        let width = if leaf.double { 0.5 * opening.width_m } else { opening.width_m };
        let hinges: &[bool] = if leaf.double { &[true, false] } else { &[leaf.hinge_at_start] };
        for &at_start in hinges {
            let toward = if at_start { 1.0 } else { -1.0 };
            let out = if leaf.into_left { 1.0 } else { -1.0 };
            let along = opening.along_m - toward * 0.5 * opening.width_m;
            let hinge = [
                a[0] + direction[0] * along + normal[0] * out * 0.5 * plan.thickness_m,
                a[1] + direction[1] * along + normal[1] * out * 0.5 * plan.thickness_m,
            ];
            let (sin, cos) = leaf.angle_rad.sin_cos();
            let tip = [
                hinge[0] + width * (direction[0] * toward * cos + normal[0] * out * sin),
                hinge[1] + width * (direction[1] * toward * cos + normal[1] * out * sin),
            ];
            segments.push((hinge, tip));
        }
    }
    segments
}

fn free_distance(
    house: &House,
    polygons: &[Vec<[f64; 2]>],
    gates: &[[[f64; 2]; 4]],
    leaves: &[([f64; 2], [f64; 2])],
    p: [f64; 2],
    room: Option<usize>,
) -> f64 {
    let gate = gates.iter().position(|g| contains(g, p) || contains(&[g[3], g[2], g[1], g[0]], p));
    if room.is_none() && gate.is_none() {
        return 0.0;
    }
    let mut free = f64::MAX;
    // Walls count except where a gate opens them: a gate only keeps its two jambs.
    for (index, polygon) in polygons.iter().enumerate() {
        if room != Some(index) && gate.is_none() {
            continue;
        }
        for i in 0..polygon.len() {
            let (a, b) = (polygon[i], polygon[(i + 1) % polygon.len()]);
            let d = point_segment_distance(p, a, b);
            if d < free {
                let foot = closest_on_segment(p, a, b);
                let opened = gates.iter().any(|g| {
                    (0..4)
                        .map(|k| point_segment_distance(foot, g[k], g[(k + 1) % 4]))
                        .fold(f64::MAX, f64::min)
                        < 0.06
                        || contains(g, foot)
                        || contains(&[g[3], g[2], g[1], g[0]], foot)
                });
                if !opened {
                    free = d;
                }
            }
        }
    }
    for g in gates {
        // Jambs: the two sides of the gate that run through the wall.
        free = free.min(point_segment_distance(p, g[0], g[3])).min(point_segment_distance(p, g[1], g[2]));
    }
    for (a, b) in leaves {
        free = free.min((point_segment_distance(p, *a, *b) + 0.08).min(COMFORT_M));
    }
    for item in &house.items {
        if item.blocks_walking() {
            free = free.min(item.plan_distance(p));
        }
    }
    free
}

fn closest_on_segment(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let t = (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    [a[0] + t * dx, a[1] + t * dy]
}

/// Draws a walk; `None` when the house has no floor wide enough to stand on or to take a step.
#[must_use]
pub fn walk(house: &House, seed: u64, options: &PathOptions) -> Option<CameraPath> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0xCA3E_7A11);
    let floor = Floor::new(house);
    let (stops, rooms) = tour(house, &floor, &mut rng, options.waypoints.max(2))?;
    let mut cells: Vec<usize> = vec![stops[0]];
    for pair in stops.windows(2) {
        if let Some(way) = floor.route(pair[0], pair[1]) {
            cells.extend_from_slice(&way[1..]);
        }
    }
    let raw: Vec<[f64; 2]> = cells.iter().map(|&c| floor.at(c)).collect();
    let way = smooth(&floor, resample(&raw));
    if way.len() < 2 {
        return None;
    }
    let phase = rng.random_range(0.0..TAU);
    let gaze =
        gaze::along(house, &way, |i| GAZE_SWAY_RAD * (TAU * i as f64 * STEP_M / GAZE_SWAY_M + phase).sin());
    Some(timed(&way, &gaze, rooms, &mut rng, options))
}

/// Waypoints of a depth-first tour through the rooms.
fn tour(
    house: &House,
    floor: &Floor,
    rng: &mut ChaCha8Rng,
    per_room: usize,
) -> Option<(Vec<usize>, Vec<usize>)> {
    let roomiest =
        (0..floor.clearance.len()).max_by(|&a, &b| floor.clearance[a].total_cmp(&floor.clearance[b]))?;
    if f64::from(floor.clearance[roomiest]) <= CLEARANCE_M {
        return None;
    }
    let reach = floor.reachable(roomiest);
    let count = house.plan.rooms.len();
    let walked_from = |room: usize| -> Vec<usize> {
        (0..floor.clearance.len())
            .filter(|&c| reach[c] && floor.room[c] == Some(room as u16) && floor.clearance[c] > 0.3)
            .collect()
    };
    let free: Vec<Vec<usize>> = (0..count).map(walked_from).collect();
    let start = (0..count)
        .filter(|&r| !free[r].is_empty())
        .max_by_key(|&r| (house.plan.rooms[r].nodes.len() > 3, free[r].len()))?;
    let mut links = vec![Vec::new(); count];
    for opening in house.plan.openings.iter().filter(|o| o.is_walkable()) {
        let wall = house.plan.walls[opening.wall];
        if let Some(right) = wall.right {
            let center = house.opening_center(opening);
            links[wall.left].push((right, [center[0], center[1]]));
            links[right].push((wall.left, [center[0], center[1]]));
        }
    }
    let mut stops = Vec::new();
    let mut order = Vec::new();
    let mut stack = vec![start];
    let mut seen = vec![false; count];
    let mut from: Option<[f64; 2]> = None;
    while let Some(room) = stack.pop() {
        if seen[room] || free[room].is_empty() {
            continue;
        }
        seen[room] = true;
        order.push(room);
        let next_door = links[room].iter().find(|(r, _)| !seen[*r]).map(|l| l.1);
        let round = room_loop(floor, &free[room], from, next_door, per_room, rng);
        let first = round.first().copied();
        stops.extend(round);
        if next_door.is_none() {
            // A room without onward door is walked round wholly.
            stops.extend(first);
        }
        for (next, door) in links[room].iter().rev() {
            if !seen[*next] {
                stack.push(*next);
                from = Some(*door);
            }
        }
    }
    (stops.len() >= 2).then_some((stops, order))
}

/// Waypoints round a room: far from each other, in order of angle, the last one near the next door.
fn room_loop(
    floor: &Floor,
    free: &[usize],
    from: Option<[f64; 2]>,
    to: Option<[f64; 2]>,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<usize> {
    let mean = free.iter().fold([0.0, 0.0], |m, &c| {
        let p = floor.at(c);
        [m[0] + p[0] / free.len() as f64, m[1] + p[1] / free.len() as f64]
    });
    let mut chosen: Vec<[f64; 2]> = vec![from.or(to).unwrap_or(mean)];
    let mut cells = Vec::new();
    for _ in 0..count {
        let best = free.iter().copied().max_by(|&a, &b| {
            let far = |c: usize| chosen.iter().map(|q| distance(floor.at(c), *q)).fold(f64::MAX, f64::min);
            far(a).total_cmp(&far(b))
        });
        let Some(best) = best else { break };
        let gap = chosen.iter().map(|q| distance(floor.at(best), *q)).fold(f64::MAX, f64::min);
        if gap < 0.5 && !cells.is_empty() {
            break;
        }
        chosen.push(floor.at(best));
        cells.push(best);
    }
    let angle = |c: usize| {
        let p = floor.at(c);
        (p[1] - mean[1]).atan2(p[0] - mean[0])
    };
    let begin = match (from, to) {
        (Some(door), _) => (door[1] - mean[1]).atan2(door[0] - mean[0]),
        // Without an entry, begin just past the exit and end at it.
        (None, Some(door)) => (door[1] - mean[1]).atan2(door[0] - mean[0]) + 0.1,
        (None, None) => rng.random_range(-PI..PI),
    };
    let turn: f64 = if from.is_none() || rng.random_bool(0.5) { 1.0 } else { -1.0 };
    cells.sort_by(|&a, &b| {
        let key = |c: usize| (turn * (angle(c) - begin)).rem_euclid(TAU);
        key(a).total_cmp(&key(b))
    });
    cells
}

fn resample(raw: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut out = vec![raw[0]];
    let mut carry = 0.0;
    for pair in raw.windows(2) {
        let length = distance(pair[0], pair[1]);
        let mut at = STEP_M - carry;
        while at <= length {
            let k = at / length;
            out.push([
                pair[0][0] + k * (pair[1][0] - pair[0][0]),
                pair[0][1] + k * (pair[1][1] - pair[0][1]),
            ]);
            at += STEP_M;
        }
        carry = length - (at - STEP_M);
    }
    out
}

/// Laplacian smoothing that keeps every point on free floor, then equal steps again.
fn smooth(floor: &Floor, mut way: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    for _ in 0..160 {
        let before = way.clone();
        for i in 1..way.len().saturating_sub(1) {
            let p = [
                0.25 * before[i - 1][0] + 0.5 * before[i][0] + 0.25 * before[i + 1][0],
                0.25 * before[i - 1][1] + 0.5 * before[i][1] + 0.25 * before[i + 1][1],
            ];
            if floor.is_free(p) {
                way[i] = p;
            }
        }
    }
    resample(&way)
}

/// Gives the way its time, and the camera its gait.
fn timed(
    way: &[[f64; 2]],
    gaze: &[f64],
    rooms: Vec<usize>,
    rng: &mut ChaCha8Rng,
    options: &PathOptions,
) -> CameraPath {
    let turn = options.turn_dps.max(1.0).to_radians();
    let speed = options.speed_mps.max(0.05);
    let mut durations: Vec<f64> = (1..way.len())
        .map(|i| (distance(way[i - 1], way[i]) / speed).max((gaze[i] - gaze[i - 1]).abs() / turn))
        .collect();
    for _ in 0..24 {
        // Speed changes are spread over the neighbours; durations never fall below their need.
        let before = durations.clone();
        for i in 0..durations.len() {
            let (p, q) = (before[i.saturating_sub(1)], before[(i + 1).min(before.len() - 1)]);
            durations[i] = before[i].max(0.25 * p + 0.5 * before[i] + 0.25 * q);
        }
    }
    let mut times = vec![0.0];
    for d in &durations {
        times.push(times[times.len() - 1] + d);
    }
    let mut end = times[times.len() - 1];
    if options.max_seconds > 0.0 {
        end = end.min(options.max_seconds);
    }
    let shake = Shake::draw(rng, options);
    let fps = options.fps.max(0.1);
    let frames = ((end * fps).floor() as usize).max(1);
    let pose_at = |time: f64| {
        let i = times.partition_point(|&t| t <= time).clamp(1, times.len() - 1);
        let k = ((time - times[i - 1]) / (times[i] - times[i - 1]).max(1e-9)).clamp(0.0, 1.0);
        let mix = |a: f64, b: f64| a + k * (b - a);
        let place = [mix(way[i - 1][0], way[i][0]), mix(way[i - 1][1], way[i][1])];
        shake.pose(time, place, mix(gaze[i - 1], gaze[i]))
    };
    let poses: Vec<Pose> = (0..frames).map(|f| pose_at(f as f64 / fps)).collect();
    CameraPath { fps, poses, rooms, after_end: pose_at(frames as f64 / fps) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::house::{HouseOptions, generate};

    #[test]
    fn where_nobody_can_take_a_step_there_is_no_walk() {
        // In this house the furniture leaves no floor wide enough.
        let rooms = 1;
        let house = HouseOptions { min_rooms: rooms, max_rooms: rooms, ..HouseOptions::default() };
        let seed = 6_000_046;
        let options = PathOptions { fps: 2.0, ..PathOptions::default() };
        assert_eq!(walk(&generate(seed, &house), seed, &options), None);
    }

    #[test]
    fn walks_stay_clear_turn_slowly_and_see_every_room() {
        let options = PathOptions { shake: 0.0, ..PathOptions::default() };
        let mut full = 0;
        for seed in 0..20 {
            let house = generate(seed, &HouseOptions::default());
            let Some(path) = walk(&house, seed, &options) else { continue };
            for pose in &path.poses {
                let p = [pose.translation.x, pose.translation.y];
                let inside = (0..house.plan.rooms.len()).any(|r| contains(&house.plan.center_polygon(r), p));
                assert!(inside, "seed {seed}: {p:?} is outside");
                for item in house.items.iter().filter(|i| i.blocks_walking()) {
                    assert!(item.plan_distance(p) > 0.12, "seed {seed}: walks into {item:?}");
                }
            }
            for pair in path.poses.windows(2) {
                let turn = pair[0].rotation.angle_to(&pair[1].rotation).to_degrees() * path.fps;
                assert!(turn < 45.0, "seed {seed}: {turn} degrees a second");
            }
            full += usize::from(path.rooms.len() == house.plan.rooms.len());
        }
        assert!(full >= 17, "only {full} of 20 houses were walked through wholly");
    }
}
