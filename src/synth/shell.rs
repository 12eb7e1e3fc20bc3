//! Geometry of the shell: floors, ceilings, walls with holes, skirting, doors and windows.
//!
//! Takes the plan, adds to a [`Builder`]. A wall face is one chart; its openings are left out as
//! rectangles. Only the faces that can be seen from inside are made. Scene frame.

use super::material::{self, Kind, Material, MaterialId, Pattern};
use super::mesh::Builder;
use super::plan::{FloorPlan, PlanOpening, RoomKind, distance};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Height and thickness of skirting boards, metres.
const SKIRTING_M: [f64; 2] = [0.075, 0.012];
/// Width and thickness of door casings, metres.
const CASING_M: [f64; 2] = [0.065, 0.014];
/// Thickness of a door leaf, metres.
const LEAF_M: f64 = 0.04;
/// Width of a window frame bar, metres.
const BAR_M: f64 = 0.055;

/// Surfaces that all rooms share.
struct Trim {
    white: MaterialId,
    door: MaterialId,
    metal: MaterialId,
    glass: MaterialId,
    sky: MaterialId,
    plastic: MaterialId,
}

/// Adds the shell of the house.
pub fn build(builder: &mut Builder, plan: &FloorPlan, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5E11);
    builder.set_frame([0.0; 3], 0.0, 0);
    let door = if rng.random_bool(0.5) {
        material::wood(&mut rng)
    } else {
        Material::new(Pattern::Plain, [0.68, 0.67, 0.64], 1.5, 0.04)
    };
    let trim = Trim {
        white: builder.material(Material::new(Pattern::Plain, [0.72, 0.71, 0.69], 1.5, 0.04)),
        door: builder.material(door),
        metal: builder.material(Material::new(Pattern::Metal, [0.5, 0.48, 0.42], 0.4, 0.3)),
        glass: builder.material(Material { kind: Kind::Glass, color: [0.9; 3], ..Material::default() }),
        sky: builder.material(Material { kind: Kind::Sky, color: [1.0; 3], ..Material::default() }),
        plastic: builder.material(Material::new(Pattern::Plain, [0.74; 3], 1.0, 0.05)),
    };
    let ceiling = builder.material(Material::new(Pattern::Plaster(1), [0.76, 0.755, 0.74], 2.0, 0.0));
    for room in 0..plan.rooms.len() {
        build_room(builder, plan, room, &trim, ceiling, &mut rng);
    }
    for opening in &plan.openings {
        build_reveal(builder, plan, opening, &trim);
        if opening.window {
            build_window(builder, plan, opening, &trim, &mut rng);
        } else {
            build_door(builder, plan, opening, &trim, &mut rng);
        }
    }
}

fn build_room(
    builder: &mut Builder,
    plan: &FloorPlan,
    room: usize,
    trim: &Trim,
    ceiling: MaterialId,
    rng: &mut ChaCha8Rng,
) {
    let polygon = plan.inner_polygon(room);
    let wet = plan.rooms[room].kind == RoomKind::Bathroom;
    let count = polygon.len();
    let longest = (0..count)
        .max_by(|&i, &j| {
            distance(polygon[i], polygon[(i + 1) % count])
                .total_cmp(&distance(polygon[j], polygon[(j + 1) % count]))
        })
        .unwrap_or(0);
    let (p, q) = (polygon[longest], polygon[(longest + 1) % count]);
    let axis = [(q[0] - p[0]) / distance(p, q), (q[1] - p[1]) / distance(p, q)];
    let floor = builder.material(material::floor(rng, wet));
    builder.slab(&polygon, 0.0, true, axis, floor);
    builder.slab(&polygon, plan.ceiling_m, false, axis, ceiling);
    let paint = builder.material(material::wall(rng, wet));
    let accent = builder.material(material::wall(rng, wet));
    let accent_wall = rng.random_range(0..2 * count);
    let nodes = &plan.rooms[room].nodes;
    for i in 0..count {
        let Some(wall) = plan.wall_between(nodes[i], nodes[(i + 1) % count]) else { continue };
        let surface = if i == accent_wall { accent } else { paint };
        let face = Face::new(plan, wall, polygon[i], polygon[(i + 1) % count]);
        face.build(builder, plan.ceiling_m, surface);
        if !wet {
            face.build_skirting(builder, trim.white);
        }
        face.build_fittings(builder, trim.plastic, rng);
    }
}

/// One side of a wall piece, seen from its room; s runs along it to the left of the viewer's right.
struct Face {
    a: [f64; 2],
    direction: [f64; 2],
    normal: [f64; 2],
    length: f64,
    /// Openings as (s from, s to, z from, z to), sorted.
    holes: Vec<[f64; 4]>,
}

impl Face {
    fn new(plan: &FloorPlan, wall: usize, a: [f64; 2], b: [f64; 2]) -> Self {
        let length = distance(a, b);
        let direction = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
        let (start, _) = plan.wall_ends(wall);
        let (along, _) = plan.wall_axes(wall);
        let mut holes: Vec<[f64; 4]> = plan
            .openings
            .iter()
            .filter(|o| o.wall == wall)
            .map(|o| {
                let center = [start[0] + along[0] * o.along_m, start[1] + along[1] * o.along_m];
                let s = (center[0] - a[0]) * direction[0] + (center[1] - a[1]) * direction[1];
                [s - 0.5 * o.width_m, s + 0.5 * o.width_m, o.bottom_m, o.bottom_m + o.height_m]
            })
            .collect();
        holes.sort_by(|p, q| p[0].total_cmp(&q[0]));
        Self { a, direction, normal: [-direction[1], direction[0]], length, holes }
    }

    fn at(&self, s: f64, out: f64, z: f64) -> [f64; 3] {
        [
            self.a[0] + self.direction[0] * s + self.normal[0] * out,
            self.a[1] + self.direction[1] * s + self.normal[1] * out,
            z,
        ]
    }

    fn build(&self, builder: &mut Builder, height: f64, surface: MaterialId) {
        // Seen from inside, the outward-looking normal is `normal` when u runs against the edge.
        let back = |extent: f64| [-self.direction[0] * extent, -self.direction[1] * extent, 0.0];
        let chart = builder.chart(
            self.at(self.length, 0.0, 0.0),
            back(self.length),
            [0.0, 0.0, height],
            0.0,
            surface,
        );
        let mut piece = |s0: f64, s1: f64, z0: f64, z1: f64| {
            if s1 - s0 > 1e-6 && z1 - z0 > 1e-6 {
                builder.rectangle(chart, self.at(s1, 0.0, z0), back(s1 - s0), [0.0, 0.0, z1 - z0]);
            }
        };
        let mut s = 0.0;
        for hole in &self.holes {
            piece(s, hole[0], 0.0, height);
            piece(hole[0], hole[1], 0.0, hole[2]);
            piece(hole[0], hole[1], hole[3], height);
            s = hole[1];
        }
        piece(s, self.length, 0.0, height);
    }

    /// A box on the wall from s0 to s1, z0 to z1, standing out by `out`.
    fn board(&self, builder: &mut Builder, s: [f64; 2], z: [f64; 2], out: [f64; 2], surface: MaterialId) {
        let yaw = self.direction[1].atan2(self.direction[0]);
        builder.set_frame([self.a[0], self.a[1], 0.0], yaw, 0);
        builder.cuboid([s[0], out[0], z[0]], [s[1], out[1], z[1]], surface);
        builder.set_frame([0.0; 3], 0.0, 0);
    }

    fn build_skirting(&self, builder: &mut Builder, surface: MaterialId) {
        let mut s = 0.0;
        let doors = self.holes.iter().filter(|h| h[2] < SKIRTING_M[0]);
        let ends = doors.map(|h| (h[0] - CASING_M[0], h[1] + CASING_M[0]));
        for (from, to) in ends.chain([(self.length, self.length)]) {
            if from - s > 0.01 {
                self.board(builder, [s, from], [0.0, SKIRTING_M[0]], [0.0, SKIRTING_M[1]], surface);
            }
            s = to;
        }
    }

    /// Switches beside doors and sockets near the floor.
    fn build_fittings(&self, builder: &mut Builder, surface: MaterialId, rng: &mut ChaCha8Rng) {
        let free = |s: f64| {
            s > 0.1 && s < self.length - 0.1 && self.holes.iter().all(|h| s < h[0] - 0.1 || s > h[1] + 0.1)
        };
        for hole in self.holes.iter().filter(|h| h[2] < 0.01) {
            let s = if rng.random_bool(0.5) { hole[0] - 0.18 } else { hole[1] + 0.18 };
            if free(s) && rng.random_bool(0.7) {
                self.board(builder, [s - 0.04, s + 0.04], [1.05, 1.13], [0.0, 0.010], surface);
                self.board(builder, [s - 0.025, s + 0.025], [1.065, 1.115], [0.010, 0.014], surface);
            }
        }
        if self.length > 1.2 && rng.random_bool(0.6) {
            let s = rng.random_range(0.3..self.length - 0.3);
            if free(s) {
                for k in 0..rng.random_range(1..4) {
                    let s = s + 0.085 * f64::from(k);
                    self.board(builder, [s - 0.04, s + 0.04], [0.26, 0.34], [0.0, 0.010], surface);
                    self.board(builder, [s - 0.02, s + 0.02], [0.28, 0.32], [0.010, 0.012], surface);
                }
            }
        }
    }
}

/// Frame of an opening: x along the wall from the opening's centre, y to the left room, z up.
fn opening_frame(builder: &mut Builder, plan: &FloorPlan, opening: &PlanOpening) {
    let (a, _) = plan.wall_ends(opening.wall);
    let (direction, _) = plan.wall_axes(opening.wall);
    let center = [a[0] + direction[0] * opening.along_m, a[1] + direction[1] * opening.along_m, 0.0];
    builder.set_frame(center, direction[1].atan2(direction[0]), 0);
}

/// The inner sides of the hole through the wall.
fn build_reveal(builder: &mut Builder, plan: &FloorPlan, opening: &PlanOpening, trim: &Trim) {
    opening_frame(builder, plan, opening);
    let (x, y) = (0.5 * opening.width_m, 0.5 * plan.thickness_m);
    let (z0, z1) = (opening.bottom_m, opening.bottom_m + opening.height_m);
    let (w, t, h) = (opening.width_m, plan.thickness_m, opening.height_m);
    builder.quad([-x, -y, z0], [0.0, t, 0.0], [0.0, 0.0, h], trim.white);
    builder.quad([x, y, z0], [0.0, -t, 0.0], [0.0, 0.0, h], trim.white);
    builder.quad([-x, y, z1], [w, 0.0, 0.0], [0.0, -t, 0.0], trim.white);
    builder.quad([-x, -y, z0], [w, 0.0, 0.0], [0.0, t, 0.0], trim.white);
    builder.set_frame([0.0; 3], 0.0, 0);
}

/// Casing boards around a door on the sides that have a room.
fn build_casing(builder: &mut Builder, plan: &FloorPlan, opening: &PlanOpening, surface: MaterialId) {
    let (x, y, z) = (0.5 * opening.width_m, 0.5 * plan.thickness_m, opening.height_m);
    let sides: &[f64] = if plan.walls[opening.wall].right.is_some() { &[1.0, -1.0] } else { &[1.0] };
    for &side in sides {
        let (near, far) = (side * y, side * (y + CASING_M[1]));
        let (lo, hi) = (near.min(far), near.max(far));
        let w = CASING_M[0];
        builder.cuboid([-x - w, lo, 0.0], [-x, hi, z + w], surface);
        builder.cuboid([x, lo, 0.0], [x + w, hi, z + w], surface);
        builder.cuboid([-x, lo, z], [x, hi, z + w], surface);
    }
}

fn build_door(
    builder: &mut Builder,
    plan: &FloorPlan,
    opening: &PlanOpening,
    trim: &Trim,
    rng: &mut ChaCha8Rng,
) {
    opening_frame(builder, plan, opening);
    let Some(leaf) = opening.leaf else {
        if rng.random_bool(0.5) {
            build_casing(builder, plan, opening, trim.white);
        }
        builder.set_frame([0.0; 3], 0.0, 0);
        return;
    };
    build_casing(builder, plan, opening, trim.white);
    let (a, _) = plan.wall_ends(opening.wall);
    let (direction, normal) = plan.wall_axes(opening.wall);
    let panels = rng.random_range(0..4);
    let width = if leaf.double { 0.5 * opening.width_m } else { opening.width_m } - 0.004;
    let hinges: &[bool] = if leaf.double { &[true, false] } else { &[leaf.hinge_at_start] };
    for &at_start in hinges {
        let toward = if at_start { 1.0 } else { -1.0 };
        let out = if leaf.into_left { 1.0 } else { -1.0 };
        // The hinge lies at the edge of the opening, flush with the face that the leaf opens to.
        let along = opening.along_m - toward * 0.5 * opening.width_m + toward * 0.002;
        let across = out * (0.5 * plan.thickness_m - LEAF_M);
        let hinge = [
            a[0] + direction[0] * along + normal[0] * across,
            a[1] + direction[1] * along + normal[1] * across,
            0.0,
        ];
        let closed = if at_start { 0.0 } else { std::f64::consts::PI };
        let turn = toward * out * leaf.angle_rad;
        let yaw = direction[1].atan2(direction[0]) + closed + turn;
        builder.set_frame(hinge, yaw, 0);
        // The leaf lies on the side of its axis that keeps it inside the wall when closed.
        let side = toward * out;
        build_leaf(
            builder,
            [width, opening.height_m - 0.006],
            side,
            LeafLook { panels, glass: leaf.glass },
            trim,
        );
    }
    builder.set_frame([0.0; 3], 0.0, 0);
}

struct LeafLook {
    panels: i32,
    glass: bool,
}

/// A leaf along local +x, its thickness towards local +y·side.
fn build_leaf(builder: &mut Builder, size: [f64; 2], side: f64, look: LeafLook, trim: &Trim) {
    let [w, h] = size;
    let (y0, y1) = if side > 0.0 { (0.0, LEAF_M) } else { (-LEAF_M, 0.0) };
    let low = 0.008;
    if look.glass {
        let bar = 0.11;
        builder.cuboid([0.0, y0, low], [bar, y1, h], trim.door);
        builder.cuboid([w - bar, y0, low], [w, y1, h], trim.door);
        builder.cuboid([bar, y0, low], [w - bar, y1, low + 0.22], trim.door);
        builder.cuboid([bar, y0, h - bar], [w - bar, y1, h], trim.door);
        let middle = 0.5 * (y0 + y1);
        builder.quad(
            [bar, middle, low + 0.22],
            [w - 2.0 * bar, 0.0, 0.0],
            [0.0, 0.0, h - bar - low - 0.22],
            trim.glass,
        );
    } else {
        builder.cuboid([0.0, y0, low], [w, y1, h], trim.door);
        let count = look.panels.max(0);
        for k in 0..count {
            let z = |f: f64| 0.14 + (h - 0.28) * f;
            let (z0, z1) =
                (z(f64::from(k) / f64::from(count)) + 0.04, z(f64::from(k + 1) / f64::from(count)) - 0.04);
            for (near, far) in [(y0 - 0.006, y0), (y1, y1 + 0.006)] {
                builder.cuboid([0.13, near, z0], [w - 0.13, far, z0 + 0.025], trim.door);
                builder.cuboid([0.13, near, z1 - 0.025], [w - 0.13, far, z1], trim.door);
                builder.cuboid([0.13, near, z0 + 0.025], [0.155, far, z1 - 0.025], trim.door);
                builder.cuboid([w - 0.155, near, z0 + 0.025], [w - 0.13, far, z1 - 0.025], trim.door);
            }
        }
    }
    for (near, far) in [(y0 - 0.05, y0), (y1, y1 + 0.05)] {
        let outer = if near < y0 { near } else { far };
        builder.cuboid([w - 0.075, near, 0.90], [w - 0.045, far, 1.10], trim.metal);
        builder.cuboid([w - 0.17, outer - 0.008, 1.03], [w - 0.05, outer + 0.008, 1.05], trim.metal);
    }
}

fn build_window(
    builder: &mut Builder,
    plan: &FloorPlan,
    opening: &PlanOpening,
    trim: &Trim,
    rng: &mut ChaCha8Rng,
) {
    opening_frame(builder, plan, opening);
    let (x, y) = (0.5 * opening.width_m, 0.5 * plan.thickness_m);
    let (z0, z1) = (opening.bottom_m, opening.bottom_m + opening.height_m);
    let (w, h) = (opening.width_m, opening.height_m);
    // The world outside, seen through the outer side of the hole; the room is at +y.
    builder.quad([x, -y, z0], [-w, 0.0, 0.0], [0.0, 0.0, h], trim.sky);
    let (b0, b1) = (-y + 0.01, (-y + 0.05).min(y - 0.02));
    builder.cuboid([-x, b0, z0], [-x + BAR_M, b1, z1], trim.white);
    builder.cuboid([x - BAR_M, b0, z0], [x, b1, z1], trim.white);
    builder.cuboid([-x + BAR_M, b0, z0], [x - BAR_M, b1, z0 + BAR_M], trim.white);
    builder.cuboid([-x + BAR_M, b0, z1 - BAR_M], [x - BAR_M, b1, z1], trim.white);
    if w > 0.8 {
        builder.cuboid([-0.03, b0, z0 + BAR_M], [0.03, b1, z1 - BAR_M], trim.white);
        builder.cuboid([0.035, b1, z0 + 0.4 * h], [0.05, b1 + 0.02, z0 + 0.4 * h + 0.1], trim.metal);
    }
    if rng.random_bool(0.25) {
        let z = z0 + rng.random_range(0.5..0.75) * h;
        builder.cuboid([-x + BAR_M, b0, z - 0.02], [x - BAR_M, b1, z + 0.02], trim.white);
    }
    if opening.bottom_m > 0.3 {
        builder.cuboid([-x - 0.03, y, z0 - 0.03], [x + 0.03, y + 0.025, z0], trim.white);
    }
    builder.set_frame([0.0; 3], 0.0, 0);
}
