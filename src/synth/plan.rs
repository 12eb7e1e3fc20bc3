//! Floor plans: rooms as polygons over shared wall centre lines, with doors and windows.
//!
//! Takes a seeded generator and the wanted rooms, gives a [`FloorPlan`]. Method: a rectangle is
//! split recursively into rooms by target area (binary space partition, as the rooms of real flats
//! mostly are), T-junctions become nodes of every polygon that they touch, then edits make it less
//! regular (oblique walls, chamfered and notched corners, alcoves); an edit that breaks a rule of
//! [`FloorPlan::is_valid`] is taken back. All walls of a plan have one thickness, so that the room
//! faces are the polygons moved inwards by half of it. Frame: plan of the scene frame, metres.

use super::openings;
use super::partition::{draw_rects, shared_nodes};
use super::polygon::{corner_angle, segment_distance};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use super::polygon::{contains, distance, inset, point_segment_distance, signed_area};

/// Walls that share no node keep this distance, metres (a person's shoulder width and a bit).
const MIN_WALL_DISTANCE_M: f64 = 0.65;

/// No wall piece is shorter, metres.
const MIN_WALL_LENGTH_M: f64 = 0.35;

/// Walls that meet make at least this angle, radians (50 degrees).
const MIN_CORNER_RAD: f64 = 0.87;

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
    pub(super) fn min_side_m(self) -> f64 {
        match self {
            Self::LivingRoom => 2.9,
            Self::Kitchen | Self::Bedroom => 2.4,
            Self::Office => 2.2,
            Self::Bathroom => 1.7,
            Self::Hallway => 1.3,
        }
    }

    /// Longest side over shortest side.
    pub(super) fn max_aspect(self) -> f64 {
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

    pub(super) fn rebuild_walls(&mut self) {
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
