//! Where an object is among the walls: its room, the walls that bound it, the directions it follows.

use super::item::Item;
use crate::math::Vec2;
use crate::physics::geometry::{UprightBox, boundary_distance, contains, onto_directions, perp};
use crate::physics::structure::{Structure, room_floor};
use crate::scene::{OpeningKind, Room};

/// Gate of yaw snapping, sigmas.
pub(crate) const YAW_GATE_SIGMAS: f64 = 2.5;
/// An object farther out of every room than this belongs to none, metres.
const MAX_OUTSIDE_M: f64 = 0.75;
/// Above any ceiling, metres: stands for "no room, no ceiling".
const NO_CEILING_M: f64 = 100.0;

/// One side of a wall (or of an open stretch) that an item of a room must keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Barrier {
    /// Wall by index; `None` for an open stretch.
    pub wall: Option<usize>,
    /// The wall's body.
    pub body: UprightBox,
    /// Unit normal towards the room; zero for a wall that stands free.
    pub inward: Vec2,
    /// Confidence of the wall, 0 of an open stretch.
    pub confidence: f64,
    /// Whether one can pass round its start and its end inside the room.
    pub passable: [bool; 2],
}

/// Walls and rooms as the objects see them.
pub(crate) struct Surroundings {
    /// Floor polygon inside the wall faces, by room.
    pub floors: Vec<Vec<Vec2>>,
    /// Barriers by room; the last entry is for objects in no room.
    pub barriers: Vec<Vec<Barrier>>,
    /// Where doors swing, by room: squares of the door's own width before it.
    swings: Vec<Vec<UprightBox>>,
    /// There are rooms, and none of them is open.
    pub all_closed: bool,
    ceilings: Vec<f64>,
}

impl Surroundings {
    /// The surroundings that a structure makes.
    pub fn new(structure: &Structure) -> Self {
        let walls = &structure.walls;
        let index = |id| walls.iter().position(|wall| wall.id == id);
        let mut barriers: Vec<Vec<Barrier>> = Vec::with_capacity(structure.rooms.len() + 1);
        for room in &structure.rooms {
            let polygon: Vec<Vec2> = room.polygon.iter().map(|&p| Vec2::from(p)).collect();
            let n = polygon.len();
            let turn = |i: usize| {
                let (p, q, r) = (polygon[(i + n - 1) % n], polygon[i], polygon[(i + 1) % n]);
                crate::physics::geometry::cross(q - p, r - q)
            };
            let mut own: Vec<Barrier> = (0..n)
                .filter_map(|i| {
                    let (p, q) = (polygon[i], polygon[(i + 1) % n]);
                    let wall = room.walls.get(i).copied().flatten().and_then(index);
                    let thickness = wall.map_or(0.0, |wall| walls[wall].thickness);
                    let passable = [turn(i) < -1e-9, turn((i + 1) % n) < -1e-9];
                    Some(Barrier {
                        wall,
                        body: body(p, q, thickness, room.ceiling_z)?,
                        inward: perp((q - p).normalize()),
                        confidence: wall.map_or(0.0, |wall| walls[wall].evidence.confidence),
                        passable,
                    })
                })
                .collect();
            own.extend(free_walls(structure, &|wall| {
                !room.walls.contains(&Some(wall.id)) && wall.rooms.contains(&room.id)
            }));
            barriers.push(own);
        }
        barriers.push(free_walls(structure, &|_| true).collect());
        Self {
            floors: structure.rooms.iter().map(|room| room_floor(room, walls)).collect(),
            barriers,
            all_closed: !structure.rooms.is_empty()
                && structure.rooms.iter().all(|room| room.walls.iter().all(Option::is_some)),
            swings: structure.rooms.iter().map(|room| swings(structure, room)).collect(),
            ceilings: structure.rooms.iter().map(|room| room.ceiling_z).collect(),
        }
    }

    /// Distance of an item's centre from the nearest room, metres.
    pub fn distance_to_rooms(&self, item: &Item) -> f64 {
        let distances = self.floors.iter().map(|floor| boundary_distance(floor, item.shape.plan()));
        distances.fold(f64::INFINITY, f64::min)
    }

    /// Where doors swing into a room.
    pub fn swings_of(&self, room: Option<usize>) -> &[UprightBox] {
        room.map_or(&[][..], |room| self.swings[room].as_slice())
    }

    /// The room that holds the item's centre, or the nearest one.
    pub fn room_of(&self, item: &Item) -> Option<usize> {
        let point = item.shape.plan();
        let inside = self.floors.iter().position(|floor| contains(floor, point));
        inside.or_else(|| {
            (0..self.floors.len())
                .filter(|&room| self.floors[room].len() >= 3)
                .map(|room| (boundary_distance(&self.floors[room], point), room))
                .filter(|(distance, _)| *distance < MAX_OUTSIDE_M)
                .min_by(|p, q| p.0.total_cmp(&q.0))
                .map(|(_, room)| room)
        })
    }

    /// What bounds an item's room.
    pub fn barriers_of(&self, room: Option<usize>) -> &[Barrier] {
        &self.barriers[room.unwrap_or(self.barriers.len() - 1)]
    }

    /// All walls, whatever room they bound.
    pub fn all_walls(&self) -> &[Barrier] {
        &self.barriers[self.barriers.len() - 1]
    }

    /// Height of the ceiling over a room, metres.
    pub fn ceiling(&self, room: Option<usize>) -> f64 {
        room.map_or(NO_CEILING_M, |room| self.ceilings[room])
    }

    /// The wall whose face is nearest to a face of the item as measured, and the gap between them, metres.
    pub fn nearest_wall(&self, item: &Item) -> Option<(usize, f64)> {
        self.barriers_of(item.room)
            .iter()
            .filter_map(|barrier| {
                let along = barrier.body.axes()[0];
                let offset = item.measured.plan() - barrier.body.plan();
                if offset.dot(&along).abs() > 0.5 * barrier.body.size[0] {
                    return None;
                }
                let normal = barrier.facing(item.measured.plan());
                let gap = offset.dot(&normal) - 0.5 * barrier.body.size[1] - item.measured.reach(normal);
                Some((barrier.wall?, gap))
            })
            .min_by(|p, q| p.1.abs().total_cmp(&q.1.abs()))
    }

    /// The item's yaw turned onto its nearest wall's directions, when its sigma allows.
    pub fn snapped_yaw(&self, item: &Item, yaw_sigma: f64) -> f64 {
        let point = item.shape.plan();
        let nearest = self
            .barriers_of(item.room)
            .iter()
            .filter(|barrier| barrier.wall.is_some())
            .map(|barrier| (barrier.body.plan_gap(&item.shape), barrier))
            .min_by(|p, q| {
                p.0.total_cmp(&q.0)
                    .then((p.1.body.plan() - point).norm().total_cmp(&(q.1.body.plan() - point).norm()))
            });
        let Some((_, barrier)) = nearest else { return item.shape.yaw };
        onto_directions(item.shape.yaw, barrier.body.yaw, YAW_GATE_SIGMAS * yaw_sigma)
    }
}

impl Barrier {
    /// Unit normal of the face that a point is to be kept in front of.
    pub fn facing(&self, point: Vec2) -> Vec2 {
        if self.inward != Vec2::zeros() {
            return self.inward;
        }
        let normal = self.body.axes()[1];
        if normal.dot(&(point - self.body.plan())) < 0.0 { -normal } else { normal }
    }
}

/// The squares before the doors of a room, on the room's side.
fn swings(structure: &Structure, room: &Room) -> Vec<UprightBox> {
    let polygon: Vec<Vec2> = room.polygon.iter().map(|&p| Vec2::from(p)).collect();
    let doors = structure.openings.iter().filter(|opening| opening.kind == OpeningKind::Door);
    doors
        .filter(|door| room.walls.contains(&Some(door.wall)))
        .filter_map(|door| {
            let wall = structure.walls.iter().find(|wall| wall.id == door.wall)?;
            let d = Vec2::from(wall.b) - Vec2::from(wall.a);
            let center = Vec2::new(door.center[0], door.center[1]);
            let reach = 0.5 * (wall.thickness + door.width);
            let middle = [1.0, -1.0]
                .map(|side| center + perp(d.normalize()) * (side * reach))
                .into_iter()
                .find(|middle| contains(&polygon, *middle))?;
            Some(UprightBox {
                center: [middle.x, middle.y, door.center[2]],
                size: [door.width, door.width, door.height],
                yaw: d.y.atan2(d.x),
            })
        })
        .collect()
}

fn body(a: Vec2, b: Vec2, thickness: f64, height: f64) -> Option<UprightBox> {
    let d = b - a;
    let length = d.norm();
    (length > 1e-6).then(|| UprightBox {
        center: [0.5 * (a.x + b.x), 0.5 * (a.y + b.y), 0.5 * height],
        size: [length, thickness, height],
        yaw: d.y.atan2(d.x),
    })
}

fn free_walls<'a>(
    structure: &'a Structure,
    wanted: &'a dyn Fn(&crate::scene::Wall) -> bool,
) -> impl Iterator<Item = Barrier> + 'a {
    structure.walls.iter().enumerate().filter(move |(_, wall)| wanted(wall)).filter_map(|(index, wall)| {
        Some(Barrier {
            wall: Some(index),
            body: body(Vec2::from(wall.a), Vec2::from(wall.b), wall.thickness, wall.height)?,
            inward: Vec2::zeros(),
            confidence: wall.evidence.confidence,
            passable: [true, true],
        })
    })
}
