//! Where an item may stand: walls, zones that stay free, collisions and walkability of one room.
//!
//! Takes the plan and the items so far, gives places that keep the house consistent: footprints
//! inside the room's faces, boxes apart by [`CLEARANCE_M`], door swings and window views free, all
//! passable doors of a room still joined by floor a person can walk on (breadth-first search on a
//! grid). Boxes have their back towards local +y and their front towards local −y. Scene frame.

use super::catalog::Model;
use super::openings::{area_before, quads_overlap, swing_area};
use super::plan::{FloorPlan, contains, distance, point_segment_distance};
use super::shape::Shape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::sync::Arc;

/// Boxes stay apart by this, metres.
pub const CLEARANCE_M: f64 = 0.004;
/// Floor kept free before a passage or door, metres.
const DOOR_DEPTH_M: f64 = 0.75;
/// Depth of the view kept free before a window, metres.
const WINDOW_DEPTH_M: f64 = 0.3;
/// Half the width of a walking person, metres.
pub const BODY_RADIUS_M: f64 = 0.27;
/// Cell of the walkability grid, metres.
const WALK_CELL_M: f64 = 0.12;
/// Things hanging above this do not hinder a walker, metres.
pub const HEAD_ROOM_M: f64 = 1.9;
/// Things lower than this are walked over, metres (rugs).
pub const STEP_OVER_M: f64 = 0.04;

/// What carries an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mount {
    /// It stands on the floor.
    Floor,
    /// It stands on another item.
    On(usize),
    /// It is fixed to a wall piece.
    Wall(usize),
    /// It hangs from the ceiling.
    Ceiling,
}

/// A placed thing: an upright box with a shape inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// How it looks.
    pub shape: Shape,
    /// Class in the truth; `None` for clutter that truth does not name.
    pub class: Option<&'static str>,
    /// Centre of the box, metres.
    pub center: [f64; 3],
    /// Counter-clockwise about +Z, radians.
    pub yaw: f64,
    /// Full sizes along the box's own axes, metres.
    pub size: [f64; 3],
    /// What carries it.
    pub mount: Mount,
    /// Its room.
    pub room: usize,
    /// Seed of its look.
    pub look: u32,
    /// Catalogue mesh that stands in for the parametric shape.
    pub model: Option<Arc<Model>>,
}

impl Item {
    /// Lowest and highest z.
    #[must_use]
    pub fn z_range(&self) -> [f64; 2] {
        [self.center[2] - 0.5 * self.size[2], self.center[2] + 0.5 * self.size[2]]
    }

    /// Corners of the footprint grown by `by` metres on every side, counter-clockwise.
    #[must_use]
    pub fn footprint(&self, by: f64) -> [[f64; 2]; 4] {
        quad([self.center[0], self.center[1]], self.yaw, [self.size[0] + 2.0 * by, self.size[1] + 2.0 * by])
    }

    /// Unit direction of the front in plan.
    #[must_use]
    pub fn front(&self) -> [f64; 2] {
        [self.yaw.sin(), -self.yaw.cos()]
    }

    /// Unit direction of local +x in plan.
    #[must_use]
    pub fn side(&self) -> [f64; 2] {
        [self.yaw.cos(), self.yaw.sin()]
    }

    /// Distance of a point in plan from the footprint, 0 inside.
    #[must_use]
    pub fn plan_distance(&self, p: [f64; 2]) -> f64 {
        let (dx, dy) = (p[0] - self.center[0], p[1] - self.center[1]);
        let (side, front) = (self.side(), self.front());
        let u = ((dx * side[0] + dy * side[1]).abs() - 0.5 * self.size[0]).max(0.0);
        let v = ((dx * front[0] + dy * front[1]).abs() - 0.5 * self.size[1]).max(0.0);
        u.hypot(v)
    }

    /// It hinders a walker.
    #[must_use]
    pub fn blocks_walking(&self) -> bool {
        let [low, high] = self.z_range();
        low < HEAD_ROOM_M && high > STEP_OVER_M
    }
}

fn quad(center: [f64; 2], yaw: f64, size: [f64; 2]) -> [[f64; 2]; 4] {
    let (sin, cos) = yaw.sin_cos();
    [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]].map(|[u, v]| {
        let (x, y) = (u * size[0], v * size[1]);
        [center[0] + cos * x - sin * y, center[1] + sin * x + cos * y]
    })
}

/// An edge of the room's inner polygon.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// Start.
    pub a: [f64; 2],
    /// Unit direction.
    pub direction: [f64; 2],
    /// Unit normal into the room.
    pub normal: [f64; 2],
    /// Length, metres.
    pub length: f64,
    /// The wall piece behind it.
    pub wall: usize,
}

impl Edge {
    /// Yaw of a box whose back faces this edge.
    #[must_use]
    pub fn yaw(&self) -> f64 {
        self.normal[0].atan2(-self.normal[1])
    }

    /// Point `along` the edge and `out` into the room.
    #[must_use]
    pub fn at(&self, along: f64, out: f64) -> [f64; 2] {
        [
            self.a[0] + self.direction[0] * along + self.normal[0] * out,
            self.a[1] + self.direction[1] * along + self.normal[1] * out,
        ]
    }
}

/// A volume that stays free.
#[derive(Debug, Clone, Copy)]
struct Zone {
    quad: [[f64; 2]; 4],
    z: [f64; 2],
}

/// Places items in one room.
pub struct Placer<'a> {
    /// The plan.
    pub plan: &'a FloorPlan,
    /// The room.
    pub room: usize,
    /// Faces of its walls, counter-clockwise.
    pub polygon: Vec<[f64; 2]>,
    /// Edges of the polygon.
    pub edges: Vec<Edge>,
    /// All items of the house; those of this room are checked.
    pub items: Vec<Item>,
    zones: Vec<Zone>,
    doorways: Vec<[f64; 2]>,
}

/// How a box is put against a wall.
#[derive(Debug, Clone, Copy)]
pub struct AgainstWall {
    /// Full sizes, metres.
    pub size: [f64; 3],
    /// Free floor kept before it, metres.
    pub front_m: f64,
    /// Gap behind it, metres.
    pub gap_m: f64,
    /// Height of its lower edge, metres.
    pub bottom_m: f64,
    /// Chance of being pushed into a corner.
    pub corner_share: f64,
}

impl<'a> Placer<'a> {
    /// A placer for a room of the plan.
    #[must_use]
    pub fn new(plan: &'a FloorPlan, room: usize, items: Vec<Item>) -> Self {
        let polygon = plan.inner_polygon(room);
        let nodes = &plan.rooms[room].nodes;
        let count = polygon.len();
        let edges = (0..count)
            .filter_map(|i| {
                let (a, b) = (polygon[i], polygon[(i + 1) % count]);
                let length = distance(a, b);
                let direction = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
                let wall = plan.wall_between(nodes[i], nodes[(i + 1) % count])?;
                Some(Edge { a, direction, normal: [-direction[1], direction[0]], length, wall })
            })
            .collect();
        let mut placer = Self { plan, room, polygon, edges, items, zones: Vec::new(), doorways: Vec::new() };
        placer.reserve_openings();
        placer
    }

    fn reserve_openings(&mut self) {
        for opening in &self.plan.openings {
            let wall = self.plan.walls[opening.wall];
            let left = wall.left == self.room;
            if !left && wall.right != Some(self.room) {
                continue;
            }
            let z = [opening.bottom_m, opening.bottom_m + opening.height_m];
            if opening.window {
                let quad = area_before(self.plan, opening, left, WINDOW_DEPTH_M, 0.0);
                self.zones.push(Zone { quad, z });
                continue;
            }
            let quad = area_before(self.plan, opening, left, DOOR_DEPTH_M, 0.06);
            self.zones.push(Zone { quad, z });
            if let (Some(leaf), Some(quad)) = (opening.leaf, swing_area(self.plan, opening))
                && leaf.into_left == left
            {
                self.zones.push(Zone { quad, z });
            }
            if opening.is_walkable() {
                let quad = area_before(self.plan, opening, left, 0.8, -0.1);
                let middle =
                    |i: usize, j: usize| [0.5 * (quad[i][0] + quad[j][0]), 0.5 * (quad[i][1] + quad[j][1])];
                let (near, far) = (middle(0, 1), middle(2, 3));
                self.doorways.push([0.5 * (near[0] + far[0]), 0.5 * (near[1] + far[1])]);
            }
        }
    }

    /// Keeps a volume before an item free from later items.
    fn reserve_front(&mut self, item: &Item, depth: f64) {
        if depth <= 0.0 {
            return;
        }
        let front = item.front();
        let out = 0.5 * (item.size[1] + depth);
        let center = [item.center[0] + front[0] * out, item.center[1] + front[1] * out];
        let quad = quad(center, item.yaw, [item.size[0] * 0.9, depth]);
        self.zones.push(Zone { quad, z: [STEP_OVER_M, item.z_range()[1].min(HEAD_ROOM_M)] });
    }

    /// True when the item's box lies inside the room, apart from everything there.
    #[must_use]
    pub fn fits(&self, item: &Item) -> bool {
        self.fits_ignoring_zones(item) && !self.hits_zone(item)
    }

    fn hits_zone(&self, item: &Item) -> bool {
        let [low, high] = item.z_range();
        if high < STEP_OVER_M {
            return false;
        }
        let foot = item.footprint(0.0);
        self.zones.iter().any(|zone| low < zone.z[1] && high > zone.z[0] && quads_overlap(&foot, &zone.quad))
    }

    /// As [`Self::fits`], for things that belong before an opening (curtains).
    #[must_use]
    pub fn fits_ignoring_zones(&self, item: &Item) -> bool {
        let [low, high] = item.z_range();
        if low < -1e-9 || high > self.plan.ceiling_m + 1e-9 {
            return false;
        }
        let shrunk = item.footprint(-5e-4);
        if !shrunk.iter().all(|&p| contains(&self.polygon, p)) || self.polygon_cuts(&shrunk) {
            return false;
        }
        let grown = item.footprint(CLEARANCE_M);
        self.items.iter().enumerate().all(|(index, other)| {
            let [l, h] = other.z_range();
            other.room != self.room
                || item.mount == Mount::On(index)
                || high <= l + 1e-9
                || h <= low + 1e-9
                || !quads_overlap(&grown, &other.footprint(0.0))
        })
    }

    fn polygon_cuts(&self, quad: &[[f64; 2]; 4]) -> bool {
        let count = self.polygon.len();
        (0..count).any(|i| {
            let (a, b) = (self.polygon[i], self.polygon[(i + 1) % count]);
            quads_overlap(quad, &[a, b, b, a])
        })
    }

    /// Adds the item when it fits and leaves the room walkable; gives its index.
    pub fn add(&mut self, item: Item, front_m: f64) -> Option<usize> {
        if !self.fits(&item) {
            return None;
        }
        let matters = item.z_range()[0] < 0.1 && item.blocks_walking();
        self.items.push(item.clone());
        if matters && !self.is_walkable() {
            self.items.pop();
            return None;
        }
        self.reserve_front(&item, front_m);
        Some(self.items.len() - 1)
    }

    /// An item of this room with its box placed.
    #[must_use]
    pub fn item(
        &self,
        shape: Shape,
        class: Option<&'static str>,
        at: ([f64; 3], f64),
        size: [f64; 3],
        mount: Mount,
        look: u32,
    ) -> Item {
        Item { shape, class, center: at.0, yaw: at.1, size, mount, room: self.room, look, model: None }
    }

    /// A random place against a wall.
    pub fn against_wall(
        &mut self,
        rng: &mut ChaCha8Rng,
        shape: Shape,
        class: Option<&'static str>,
        how: &AgainstWall,
    ) -> Option<usize> {
        for _ in 0..36 {
            let edge = self.random_edge(rng, how.size[0])?;
            let room = edge.length - how.size[0];
            let along = if rng.random_bool(how.corner_share) {
                if rng.random_bool(0.5) { 0.003 } else { room - 0.003 }
            } else {
                rng.random_range(0.0..=room)
            } + 0.5 * how.size[0];
            if let Some(index) = self.put_on_edge(rng, &edge, along, shape, class, how) {
                return Some(index);
            }
        }
        None
    }

    /// Puts a box with its back to an edge, centred `along` it.
    pub fn put_on_edge(
        &mut self,
        rng: &mut ChaCha8Rng,
        edge: &Edge,
        along: f64,
        shape: Shape,
        class: Option<&'static str>,
        how: &AgainstWall,
    ) -> Option<usize> {
        let [x, y] = edge.at(along, how.gap_m + 0.5 * how.size[1]);
        let mount = if how.bottom_m > 0.0 { Mount::Wall(edge.wall) } else { Mount::Floor };
        let center = [x, y, how.bottom_m + 0.5 * how.size[2]];
        let item = self.item(shape, class, (center, edge.yaw()), how.size, mount, rng.random());
        self.add(item, how.front_m)
    }

    /// An edge at least `width` long, longer ones more often.
    pub fn random_edge(&self, rng: &mut ChaCha8Rng, width: f64) -> Option<Edge> {
        let usable: Vec<&Edge> = self.edges.iter().filter(|e| e.length > width + 0.01).collect();
        let total: f64 = usable.iter().map(|e| e.length).sum();
        if usable.is_empty() {
            return None;
        }
        let mut pick = rng.random_range(0.0..total);
        for edge in &usable {
            pick -= edge.length;
            if pick <= 0.0 {
                return Some(**edge);
            }
        }
        usable.last().map(|e| **e)
    }

    /// A random free place anywhere in the room, turned like one of its walls.
    pub fn anywhere(
        &mut self,
        rng: &mut ChaCha8Rng,
        shape: Shape,
        class: Option<&'static str>,
        size: [f64; 3],
        margin: f64,
    ) -> Option<usize> {
        let (low, high) = bounds(&self.polygon);
        for _ in 0..40 {
            let edge = self.random_edge(rng, 0.5)?;
            let yaw = edge.yaw() + if rng.random_bool(0.5) { 0.0 } else { std::f64::consts::FRAC_PI_2 };
            let center =
                [rng.random_range(low[0]..high[0]), rng.random_range(low[1]..high[1]), 0.5 * size[2]];
            let item = self.item(shape, class, (center, yaw), size, Mount::Floor, rng.random());
            let roomy =
                Item { size: [size[0] + 2.0 * margin, size[1] + 2.0 * margin, size[2]], ..item.clone() };
            if self.fits_ignoring_zones(&roomy)
                && let Some(index) = self.add(item, 0.0)
            {
                return Some(index);
            }
        }
        None
    }

    /// A random place on top of an item.
    pub fn on_top(
        &mut self,
        rng: &mut ChaCha8Rng,
        base: usize,
        shape: Shape,
        class: Option<&'static str>,
        size: [f64; 3],
    ) -> Option<usize> {
        let below = self.items[base].clone();
        let room = [below.size[0] - size[0] - 0.02, below.size[1] - size[1] - 0.02];
        if room[0] < 0.0 || room[1] < 0.0 {
            return None;
        }
        for _ in 0..6 {
            let (u, v) = (rng.random_range(-0.5..=0.5) * room[0], rng.random_range(-0.5..=0.5) * room[1]);
            let (side, front) = (below.side(), below.front());
            let center = [
                below.center[0] + side[0] * u - front[0] * v,
                below.center[1] + side[1] * u - front[1] * v,
                below.z_range()[1] + 0.5 * size[2],
            ];
            let item = self.item(shape, class, (center, below.yaw), size, Mount::On(base), rng.random());
            if self.fits(&item) {
                self.items.push(item);
                return Some(self.items.len() - 1);
            }
        }
        None
    }

    /// A place at the height of the eyes on a free piece of wall.
    pub fn hang(
        &mut self,
        rng: &mut ChaCha8Rng,
        shape: Shape,
        class: Option<&'static str>,
        size: [f64; 3],
        bottom_m: f64,
    ) -> Option<usize> {
        let how = AgainstWall { size, front_m: 0.0, gap_m: 0.0, bottom_m, corner_share: 0.0 };
        self.against_wall(rng, shape, class, &how)
    }

    /// True when floor to walk on joins all passable doors of the room.
    #[must_use]
    pub fn is_walkable(&self) -> bool {
        let Some(&start) = self.doorways.first() else { return true };
        let (low, high) = bounds(&self.polygon);
        let cells = |axis: usize| ((high[axis] - low[axis]) / WALK_CELL_M).ceil() as usize + 1;
        let (width, height) = (cells(0), cells(1));
        let at = |cell: usize| {
            [low[0] + (cell % width) as f64 * WALK_CELL_M, low[1] + (cell / width) as f64 * WALK_CELL_M]
        };
        let free: Vec<bool> = (0..width * height).map(|cell| self.is_free(at(cell))).collect();
        let nearest = |p: [f64; 2]| {
            (0..width * height)
                .filter(|&cell| free[cell])
                .min_by(|&a, &b| distance(at(a), p).total_cmp(&distance(at(b), p)))
                .filter(|&cell| distance(at(cell), p) < 0.35)
        };
        let Some(first) = nearest(start) else { return false };
        let mut seen = vec![false; width * height];
        seen[first] = true;
        let mut queue = VecDeque::from([first]);
        let mut reached = 0usize;
        while let Some(cell) = queue.pop_front() {
            reached += 1;
            let (x, y) = (cell % width, cell / width);
            let mut visit = |next: usize| {
                if free[next] && !seen[next] {
                    seen[next] = true;
                    queue.push_back(next);
                }
            };
            if x > 0 {
                visit(cell - 1)
            }
            if x + 1 < width {
                visit(cell + 1)
            }
            if y > 0 {
                visit(cell - width)
            }
            if y + 1 < height {
                visit(cell + width)
            }
        }
        let all_doors = self.doorways.iter().all(|&door| nearest(door).is_some_and(|cell| seen[cell]));
        let total = free.iter().filter(|&&f| f).count();
        all_doors && reached * 10 >= total * 8
    }

    /// A person can stand here.
    #[must_use]
    pub fn is_free(&self, p: [f64; 2]) -> bool {
        let count = self.polygon.len();
        contains(&self.polygon, p)
            && (0..count).all(|i| {
                point_segment_distance(p, self.polygon[i], self.polygon[(i + 1) % count]) > BODY_RADIUS_M
            })
            && self.items.iter().all(|item| {
                item.room != self.room || !item.blocks_walking() || item.plan_distance(p) > BODY_RADIUS_M
            })
    }
}

/// Bounding box of points.
#[must_use]
pub fn bounds(points: &[[f64; 2]]) -> ([f64; 2], [f64; 2]) {
    points.iter().fold(([f64::MAX; 2], [f64::MIN; 2]), |(low, high), p| {
        ([low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])])
    })
}
