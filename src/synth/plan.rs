//! Floor plans: rooms as polygons over shared wall centre lines, with doors and windows.
//!
//! Takes a seeded generator and the wanted rooms, gives a [`FloorPlan`]. Method: a rectangle is
//! split recursively into rooms by target area (binary space partition, as the rooms of real flats
//! mostly are), T-junctions become nodes of every polygon that they touch, then edits make it less
//! regular (oblique walls, chamfered and notched corners, alcoves); an edit that breaks a rule of
//! [`FloorPlan::is_valid`] is taken back. All walls of a plan have one thickness, so that the room
//! faces are the polygons moved inwards by half of it. Frame: plan of the scene frame, metres.

use super::openings;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Walls that share no node keep this distance, metres (a person's shoulder width and a bit).
const MIN_WALL_DISTANCE_M: f64 = 0.65;
/// No wall piece is shorter, metres.
const MIN_WALL_LENGTH_M: f64 = 0.35;
/// Walls that meet make at least this angle, radians (50 degrees).
const MIN_CORNER_RAD: f64 = 0.87;
/// Attempts at a partition before the rooms are made one size larger.
const SPLIT_ATTEMPTS: usize = 60;

/// What a room is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Living room.
    LivingRoom,
    /// Kitchen.
    Kitchen,
    /// Bedroom.
    Bedroom,
    /// Bathroom.
    Bathroom,
    /// Hallway.
    Hallway,
    /// Study.
    Office,
}

impl RoomKind {
    /// Area interval, square metres: procthor's 10 % and 90 % quantiles divided by 2.1 (its rooms
    /// have a median of 25 square metres, real flats about 12), hallway and study by judgement.
    #[must_use]
    pub fn area_m2(self) -> (f64, f64) {
        match self {
            Self::LivingRoom => (13.0, 24.0),
            Self::Kitchen => (7.5, 15.0),
            Self::Bedroom => (8.5, 17.0),
            Self::Bathroom => (4.0, 8.0),
            Self::Hallway => (4.0, 9.0),
            Self::Office => (7.0, 13.0),
        }
    }

    /// Narrowest side that still works, metres between wall centre lines.
    fn min_side_m(self) -> f64 {
        match self {
            Self::LivingRoom => 2.9,
            Self::Kitchen | Self::Bedroom => 2.4,
            Self::Office => 2.2,
            Self::Bathroom => 1.7,
            Self::Hallway => 1.3,
        }
    }

    /// Longest side over shortest side.
    fn max_aspect(self) -> f64 {
        if self == Self::Hallway { 5.0 } else { 2.3 }
    }

    /// The name in `scene.json` and `meta.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LivingRoom => "living_room",
            Self::Kitchen => "kitchen",
            Self::Bedroom => "bedroom",
            Self::Bathroom => "bathroom",
            Self::Hallway => "hallway",
            Self::Office => "office",
        }
    }
}

/// A room: a counter-clockwise loop of nodes, collinear T-junctions included.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRoom {
    /// What it is for.
    pub kind: RoomKind,
    /// Indices into [`FloorPlan::nodes`].
    pub nodes: Vec<usize>,
}

/// A wall piece between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanWall {
    /// Start node.
    pub a: usize,
    /// End node.
    pub b: usize,
    /// The room on the left of a → b (there is always one).
    pub left: usize,
    /// The room on the right, none for an outer wall.
    pub right: Option<usize>,
}

/// The moving part of a door.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leaf {
    /// The hinge is at the end of the opening nearer to the wall's start.
    pub hinge_at_start: bool,
    /// It turns into the room on the wall's left.
    pub into_left: bool,
    /// Opening angle, radians; 0 is closed.
    pub angle_rad: f64,
    /// Two leaves instead of one.
    pub double: bool,
    /// Mostly glass.
    pub glass: bool,
}

/// Door, passage or window in a wall piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanOpening {
    /// Index into [`FloorPlan::walls`].
    pub wall: usize,
    /// A window, else a door or passage.
    pub window: bool,
    /// Distance of its centre from the wall's start node, metres.
    pub along_m: f64,
    /// Extent along the wall, metres.
    pub width_m: f64,
    /// Lower edge above the floor, metres.
    pub bottom_m: f64,
    /// Vertical extent, metres.
    pub height_m: f64,
    /// The moving part, if any (doors only).
    pub leaf: Option<Leaf>,
}

impl PlanOpening {
    /// A person can walk through.
    #[must_use]
    pub fn is_walkable(&self) -> bool {
        !self.window && self.leaf.is_none_or(|leaf| leaf.angle_rad > 1.0)
    }
}

/// Rooms, walls and openings of one floor.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorPlan {
    /// Corners and junctions of the wall centre lines, metres.
    pub nodes: Vec<[f64; 2]>,
    /// Rooms.
    pub rooms: Vec<PlanRoom>,
    /// Wall pieces.
    pub walls: Vec<PlanWall>,
    /// Doors, passages and windows.
    pub openings: Vec<PlanOpening>,
    /// Thickness of all walls, metres.
    pub thickness_m: f64,
    /// Ceiling height, metres.
    pub ceiling_m: f64,
}

/// What a plan must have.
#[derive(Debug, Clone)]
pub struct PlanOptions {
    /// Rooms, the hub first.
    pub rooms: Vec<RoomKind>,
    /// Share of plans with oblique walls or chamfers, 0..1.
    pub oblique_share: f64,
    /// Share of edits tried per room (notches, alcoves), 0..1.
    pub alcove_share: f64,
    /// Every room can be reached through open doors and passages.
    pub all_reachable: bool,
    /// Turn and shift the plan at random (else its longer walls stay along x and y).
    pub random_pose: bool,
}

#[derive(Clone, Copy)]
struct Rect {
    x: [f64; 2],
    y: [f64; 2],
}

impl FloorPlan {
    /// Draws a plan.
    #[must_use]
    pub fn generate(rng: &mut ChaCha8Rng, options: &PlanOptions) -> Self {
        let mut plan = Self::regular(rng, &options.rooms);
        while !plan.is_valid() {
            plan = Self::regular(rng, &options.rooms);
        }
        plan.make_irregular(rng, options);
        if options.random_pose {
            plan.turn_and_shift(rng);
        }
        openings::cut(&mut plan, rng, options.all_reachable);
        plan
    }

    /// A plan of rectangles without openings.
    fn regular(rng: &mut ChaCha8Rng, wanted: &[RoomKind]) -> Self {
        let (rects, kinds) = draw_rects(rng, wanted);
        let (nodes, loops) = shared_nodes(&rects);
        let rooms = kinds.into_iter().zip(loops).map(|(kind, nodes)| PlanRoom { kind, nodes }).collect();
        let mut plan = Self {
            nodes,
            rooms,
            walls: Vec::new(),
            openings: Vec::new(),
            thickness_m: rng.random_range(0.10..0.15),
            ceiling_m: rng.random_range(2.35..2.95),
        };
        plan.rebuild_walls();
        plan
    }

    /// Position of a node.
    #[must_use]
    pub fn node(&self, index: usize) -> [f64; 2] {
        self.nodes[index]
    }

    /// Length of a wall piece, metres.
    #[must_use]
    pub fn wall_length(&self, wall: usize) -> f64 {
        let (a, b) = self.wall_ends(wall);
        (b[0] - a[0]).hypot(b[1] - a[1])
    }

    /// Ends of a wall piece.
    #[must_use]
    pub fn wall_ends(&self, wall: usize) -> ([f64; 2], [f64; 2]) {
        (self.nodes[self.walls[wall].a], self.nodes[self.walls[wall].b])
    }

    /// Unit direction a → b and unit normal towards the left room.
    #[must_use]
    pub fn wall_axes(&self, wall: usize) -> ([f64; 2], [f64; 2]) {
        let (a, b) = self.wall_ends(wall);
        let length = self.wall_length(wall);
        let direction = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
        (direction, [-direction[1], direction[0]])
    }

    /// Polygon of a room along the wall centre lines, counter-clockwise.
    #[must_use]
    pub fn center_polygon(&self, room: usize) -> Vec<[f64; 2]> {
        self.rooms[room].nodes.iter().map(|&node| self.nodes[node]).collect()
    }

    /// Polygon of a room along the wall faces; vertex i belongs to node i of the room's loop.
    #[must_use]
    pub fn inner_polygon(&self, room: usize) -> Vec<[f64; 2]> {
        inset(&self.center_polygon(room), 0.5 * self.thickness_m)
    }

    /// Index of the wall piece between two nodes, in either direction.
    #[must_use]
    pub fn wall_between(&self, a: usize, b: usize) -> Option<usize> {
        self.walls.iter().position(|wall| (wall.a == a && wall.b == b) || (wall.a == b && wall.b == a))
    }

    /// True when no two walls cross, touch or squeeze a passage, and every room keeps its area.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let rooms_fit = (0..self.rooms.len()).all(|room| {
            let area = signed_area(&self.inner_polygon(room));
            area > 0.6 * self.rooms[room].kind.area_m2().0
        });
        rooms_fit && (0..self.walls.len()).all(|i| self.wall_fits(i))
    }

    fn wall_fits(&self, i: usize) -> bool {
        if self.wall_length(i) < MIN_WALL_LENGTH_M {
            return false;
        }
        let (a, b) = self.wall_ends(i);
        (0..i).all(|j| {
            let (c, d) = self.wall_ends(j);
            let (first, second) = (self.walls[i], self.walls[j]);
            let shared = [first.a, first.b].into_iter().find(|&n| n == second.a || n == second.b);
            match shared {
                Some(node) => {
                    let from = self.nodes[node];
                    let p = if first.a == node { b } else { a };
                    let q = if second.a == node { d } else { c };
                    corner_angle(from, p, q) > MIN_CORNER_RAD
                }
                None => segment_distance(a, b, c, d) > MIN_WALL_DISTANCE_M,
            }
        })
    }

    fn rebuild_walls(&mut self) {
        let mut walls: Vec<PlanWall> = Vec::new();
        let mut index: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (room, plan_room) in self.rooms.iter().enumerate() {
            let count = plan_room.nodes.len();
            for i in 0..count {
                let (a, b) = (plan_room.nodes[i], plan_room.nodes[(i + 1) % count]);
                if let Some(&wall) = index.get(&(b, a)) {
                    walls[wall].right = Some(room);
                } else {
                    index.insert((a, b), walls.len());
                    walls.push(PlanWall { a, b, left: room, right: None });
                }
            }
        }
        self.walls = walls;
    }

    fn make_irregular(&mut self, rng: &mut ChaCha8Rng, options: &PlanOptions) {
        if rng.random_bool(options.oblique_share) {
            self.try_edit(|plan| plan.slant_line(rng));
        }
        for _ in 0..self.rooms.len() {
            if rng.random_bool(options.alcove_share) {
                let choice = rng.random_range(0..4);
                self.try_edit(|plan| match choice {
                    0 => plan.cut_corner(rng, true),
                    1 => plan.add_alcove(rng),
                    _ => plan.cut_corner(rng, false),
                });
            } else if rng.random_bool(options.oblique_share * 0.4) {
                self.try_edit(|plan| plan.cut_corner(rng, true));
            }
        }
    }

    /// Applies an edit and keeps it only when the plan stays valid.
    fn try_edit(&mut self, edit: impl FnOnce(&mut Self)) {
        let before = self.clone();
        edit(self);
        self.rebuild_walls();
        if !self.is_valid() {
            *self = before;
        }
    }

    /// Slants one straight line of walls; walls that end on it only grow or shrink.
    fn slant_line(&mut self, rng: &mut ChaCha8Rng) {
        let wall = rng.random_range(0..self.walls.len());
        let (a, b) = self.wall_ends(wall);
        let vertical = (a[0] - b[0]).abs() < 1e-9;
        let (across, along) = if vertical { (0, 1) } else { (1, 0) };
        let line = a[across];
        // Only the connected stretch of collinear walls moves.
        let mut stretch = vec![self.walls[wall].a, self.walls[wall].b];
        loop {
            let grown: Vec<usize> = self
                .walls
                .iter()
                .filter(|w| {
                    (self.nodes[w.a][across] - line).abs() < 1e-9
                        && (self.nodes[w.b][across] - line).abs() < 1e-9
                })
                .filter(|w| stretch.contains(&w.a) != stretch.contains(&w.b))
                .flat_map(|w| [w.a, w.b])
                .collect();
            if grown.is_empty() {
                break;
            }
            stretch.extend(grown);
            stretch.sort_unstable();
            stretch.dedup();
        }
        let middle = 0.5 * (a[along] + b[along]);
        let slope = rng.random_range(0.06..0.3) * if rng.random_bool(0.5) { 1.0 } else { -1.0 };
        for node in stretch {
            let offset = slope * (self.nodes[node][along] - middle);
            self.nodes[node][across] += offset;
        }
    }

    /// Takes a corner of the outer outline away: by a slanted wall, or by a rectangular notch.
    fn cut_corner(&mut self, rng: &mut ChaCha8Rng, slanted: bool) {
        let corners: Vec<(usize, usize)> = self.outer_convex_corners();
        if corners.is_empty() {
            return;
        }
        let (room, i) = corners[rng.random_range(0..corners.len())];
        let loop_nodes = self.rooms[room].nodes.clone();
        let count = loop_nodes.len();
        let corner = self.nodes[loop_nodes[i]];
        let before = self.nodes[loop_nodes[(i + count - 1) % count]];
        let after = self.nodes[loop_nodes[(i + 1) % count]];
        let (to_before, to_after) = (distance(corner, before), distance(corner, after));
        let cut = |rng: &mut ChaCha8Rng, length: f64| rng.random_range(0.25..0.55) * length;
        let (c0, c1) = (cut(rng, to_before), cut(rng, to_after));
        let p = towards(corner, before, c0);
        let q = towards(corner, after, c1);
        let mut new_nodes = vec![p];
        if !slanted {
            new_nodes.push([p[0] + q[0] - corner[0], p[1] + q[1] - corner[1]]);
        }
        new_nodes.push(q);
        let first = self.nodes.len();
        let ids: Vec<usize> = (0..new_nodes.len()).map(|k| first + k).collect();
        self.nodes.extend(new_nodes);
        self.rooms[room].nodes.splice(i..=i, ids);
    }

    /// (room, position in its loop) of convex corners that only one room has.
    fn outer_convex_corners(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (room, plan_room) in self.rooms.iter().enumerate() {
            let count = plan_room.nodes.len();
            for i in 0..count {
                let node = plan_room.nodes[i];
                let owners = self.rooms.iter().filter(|r| r.nodes.contains(&node)).count();
                let p = self.nodes[plan_room.nodes[(i + count - 1) % count]];
                let (c, q) = (self.nodes[node], self.nodes[plan_room.nodes[(i + 1) % count]]);
                let cross = (c[0] - p[0]) * (q[1] - c[1]) - (c[1] - p[1]) * (q[0] - c[0]);
                if owners == 1 && cross > 1e-6 && distance(p, c) > 1.8 && distance(c, q) > 1.8 {
                    found.push((room, i));
                }
            }
        }
        found
    }

    /// Pushes the middle of a wall out of its left room.
    fn add_alcove(&mut self, rng: &mut ChaCha8Rng) {
        let long: Vec<usize> = (0..self.walls.len()).filter(|&w| self.wall_length(w) > 2.4).collect();
        if long.is_empty() {
            return;
        }
        let wall_idx = long[rng.random_range(0..long.len())];
        let wall = self.walls[wall_idx];
        let length = self.wall_length(wall_idx);
        let width = rng.random_range(0.9..length - 1.3);
        let start = rng.random_range(0.6..length - width - 0.55);
        let depth = rng.random_range(0.4..0.8);
        let (direction, normal) = self.wall_axes(wall_idx);
        let a = self.nodes[wall.a];
        let at = |along: f64, out: f64| {
            [a[0] + direction[0] * along - normal[0] * out, a[1] + direction[1] * along - normal[1] * out]
        };
        let first = self.nodes.len();
        self.nodes.extend([
            at(start, 0.0),
            at(start, depth),
            at(start + width, depth),
            at(start + width, 0.0),
        ]);
        let ids: Vec<usize> = (first..first + 4).collect();
        for (room, reversed) in [(Some(wall.left), false), (wall.right, true)] {
            let Some(room) = room else { continue };
            let begin = if reversed { wall.b } else { wall.a };
            let nodes = &mut self.rooms[room].nodes;
            let Some(position) = nodes.iter().position(|&n| n == begin) else { continue };
            let mut inserted = ids.clone();
            if reversed {
                inserted.reverse();
            }
            nodes.splice(position + 1..position + 1, inserted);
        }
    }

    fn turn_and_shift(&mut self, rng: &mut ChaCha8Rng) {
        let yaw: f64 = rng.random_range(-std::f64::consts::PI..std::f64::consts::PI);
        let shift = [rng.random_range(-1.5..1.5), rng.random_range(-1.5..1.5)];
        let count = self.nodes.len() as f64;
        let mean = self.nodes.iter().fold([0.0, 0.0], |m, n| [m[0] + n[0] / count, m[1] + n[1] / count]);
        let (sin, cos) = yaw.sin_cos();
        for node in &mut self.nodes {
            let (x, y) = (node[0] - mean[0], node[1] - mean[1]);
            *node = [cos * x - sin * y + shift[0], sin * x + cos * y + shift[1]];
        }
    }
}

/// Splits an outline into rooms until every room has a usable shape.
fn draw_rects(rng: &mut ChaCha8Rng, kinds: &[RoomKind]) -> (Vec<Rect>, Vec<RoomKind>) {
    let mut growth = 1.0;
    loop {
        for _ in 0..SPLIT_ATTEMPTS {
            let mut wanted: Vec<(RoomKind, f64)> = kinds
                .iter()
                .map(|&kind| {
                    let (low, high) = kind.area_m2();
                    (kind, growth * rng.random_range(low..high))
                })
                .collect();
            for i in (1..wanted.len()).rev() {
                wanted.swap(i, rng.random_range(0..=i));
            }
            let area: f64 = wanted.iter().map(|w| w.1).sum();
            let aspect: f64 = rng.random_range(1.0..1.7);
            let outline = Rect { x: [0.0, (area * aspect).sqrt()], y: [0.0, (area / aspect).sqrt()] };
            let mut placed = Vec::new();
            split(rng, outline, &wanted, &mut placed);
            let usable = placed.iter().all(|&(rect, kind)| {
                let (w, h) = (rect.x[1] - rect.x[0], rect.y[1] - rect.y[0]);
                w.min(h) > kind.min_side_m() && w.max(h) / w.min(h) < kind.max_aspect()
            });
            if usable && junctions_apart(&placed) {
                return placed.into_iter().unzip();
            }
        }
        growth *= 1.05;
    }
}

fn split(rng: &mut ChaCha8Rng, rect: Rect, wanted: &[(RoomKind, f64)], placed: &mut Vec<(Rect, RoomKind)>) {
    if wanted.len() == 1 {
        placed.push((rect, wanted[0].0));
        return;
    }
    let total: f64 = wanted.iter().map(|w| w.1).sum();
    let mut first = 1;
    let mut sum = wanted[0].1;
    while first + 1 < wanted.len() && sum + 0.5 * wanted[first].1 < 0.5 * total {
        sum += wanted[first].1;
        first += 1;
    }
    let share = sum / total;
    let (w, h) = (rect.x[1] - rect.x[0], rect.y[1] - rect.y[0]);
    let along_x = if rng.random_bool(0.85) { w > h } else { w <= h };
    let (mut low, mut high) = (rect, rect);
    if along_x {
        let cut = rect.x[0] + share * w;
        low.x[1] = cut;
        high.x[0] = cut;
    } else {
        let cut = rect.y[0] + share * h;
        low.y[1] = cut;
        high.y[0] = cut;
    }
    split(rng, low, &wanted[..first], placed);
    split(rng, high, &wanted[first..], placed);
}

/// No two corners on one line lie closer than a doorway's width unless they are the same corner.
fn junctions_apart(placed: &[(Rect, RoomKind)]) -> bool {
    let corners: Vec<[f64; 2]> = placed.iter().flat_map(|(rect, _)| rect_corners(rect)).collect();
    corners.iter().enumerate().all(|(i, p)| {
        corners[..i].iter().all(|q| {
            let d = distance(*p, *q);
            d < 1e-9 || d > 0.75
        })
    })
}

fn rect_corners(rect: &Rect) -> [[f64; 2]; 4] {
    [[rect.x[0], rect.y[0]], [rect.x[1], rect.y[0]], [rect.x[1], rect.y[1]], [rect.x[0], rect.y[1]]]
}

/// Nodes shared by the rectangles, and each rectangle's loop with the T-junctions on its sides.
fn shared_nodes(rects: &[Rect]) -> (Vec<[f64; 2]>, Vec<Vec<usize>>) {
    let mut nodes: Vec<[f64; 2]> = Vec::new();
    for corner in rects.iter().flat_map(rect_corners) {
        if !nodes.iter().any(|n| distance(*n, corner) < 1e-9) {
            nodes.push(corner);
        }
    }
    let loops = rects
        .iter()
        .map(|rect| {
            let corners = rect_corners(rect);
            let mut ids = Vec::new();
            for side in 0..4 {
                let (a, b) = (corners[side], corners[(side + 1) % 4]);
                let length = distance(a, b);
                let mut on_side: Vec<(f64, usize)> = nodes
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| (distance(a, **n) + distance(**n, b) - length).abs() < 1e-9)
                    .map(|(id, n)| (distance(a, *n), id))
                    .filter(|(along, _)| *along < length - 1e-9)
                    .collect();
                on_side.sort_by(|p, q| p.0.total_cmp(&q.0));
                ids.extend(on_side.into_iter().map(|(_, id)| id));
            }
            ids
        })
        .collect();
    (nodes, loops)
}

/// Moves every edge of a counter-clockwise polygon inwards by `by` metres.
#[must_use]
pub fn inset(polygon: &[[f64; 2]], by: f64) -> Vec<[f64; 2]> {
    let count = polygon.len();
    (0..count)
        .map(|i| {
            let (p, c, q) = (polygon[(i + count - 1) % count], polygon[i], polygon[(i + 1) % count]);
            let (l0, l1) = (distance(p, c), distance(c, q));
            let n0 = [-(c[1] - p[1]) / l0, (c[0] - p[0]) / l0];
            let n1 = [-(q[1] - c[1]) / l1, (q[0] - c[0]) / l1];
            // The corner lies at c + by·(n0 + n1)/(1 + n0·n1).
            let k = by / (1.0 + n0[0] * n1[0] + n0[1] * n1[1]);
            [c[0] + k * (n0[0] + n1[0]), c[1] + k * (n0[1] + n1[1])]
        })
        .collect()
}

/// Area of a polygon, positive when counter-clockwise, square metres.
#[must_use]
pub fn signed_area(polygon: &[[f64; 2]]) -> f64 {
    let count = polygon.len();
    (0..count)
        .map(|i| {
            let (p, q) = (polygon[i], polygon[(i + 1) % count]);
            0.5 * (p[0] * q[1] - p[1] * q[0])
        })
        .sum()
}

/// Distance of two points.
#[must_use]
pub fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn towards(from: [f64; 2], to: [f64; 2], by: f64) -> [f64; 2] {
    let k = by / distance(from, to);
    [from[0] + k * (to[0] - from[0]), from[1] + k * (to[1] - from[1])]
}

fn corner_angle(at: [f64; 2], p: [f64; 2], q: [f64; 2]) -> f64 {
    let (u, v) = ([p[0] - at[0], p[1] - at[1]], [q[0] - at[0], q[1] - at[1]]);
    (u[0] * v[1] - u[1] * v[0]).abs().atan2(u[0] * v[0] + u[1] * v[1])
}

/// Distance of a point from a segment.
#[must_use]
pub fn point_segment_distance(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 {
        (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    distance(p, [a[0] + t * dx, a[1] + t * dy])
}

/// Products of cross products smaller than this are rounding, not a crossing (metres to the fourth).
const CROSS_EPS: f64 = 1e-12;

fn segment_distance(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> f64 {
    let side =
        |p: [f64; 2], q: [f64; 2], r: [f64; 2]| (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
    if side(a, b, c) * side(a, b, d) < -CROSS_EPS && side(c, d, a) * side(c, d, b) < -CROSS_EPS {
        return 0.0;
    }
    point_segment_distance(a, c, d)
        .min(point_segment_distance(b, c, d))
        .min(point_segment_distance(c, a, b))
        .min(point_segment_distance(d, a, b))
}

/// True when the point lies inside the polygon (even–odd rule).
#[must_use]
pub fn contains(polygon: &[[f64; 2]], p: [f64; 2]) -> bool {
    let count = polygon.len();
    let mut inside = false;
    for i in 0..count {
        let (a, b) = (polygon[i], polygon[(i + 1) % count]);
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn plans_are_valid_and_their_rooms_do_not_overlap() {
        for seed in 0..200 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let options = PlanOptions {
                rooms: vec![RoomKind::LivingRoom, RoomKind::Kitchen, RoomKind::Bedroom, RoomKind::Bathroom],
                oblique_share: 0.6,
                alcove_share: 0.6,
                all_reachable: true,
                random_pose: true,
            };
            let plan = FloorPlan::generate(&mut rng, &options);
            assert!(plan.is_valid(), "seed {seed}");
            // Every wall is passed once in each direction, or once when it is an outer one.
            let sum: f64 = (0..plan.rooms.len()).map(|r| signed_area(&plan.center_polygon(r))).sum();
            let outer: f64 = plan
                .walls
                .iter()
                .filter(|w| w.right.is_none())
                .map(|w| {
                    let (p, q) = (plan.nodes[w.a], plan.nodes[w.b]);
                    0.5 * (p[0] * q[1] - p[1] * q[0])
                })
                .sum();
            assert!((sum - outer).abs() < 1e-6, "seed {seed}: {sum} against {outer}");
        }
    }

    #[test]
    fn inset_of_a_square() {
        let square = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]];
        assert!((signed_area(&inset(&square, 0.1)) - 1.8 * 1.8).abs() < 1e-12);
    }
}
