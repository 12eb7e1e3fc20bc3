//! Rigid bodies: does the scene stand still?
//!
//! The only seam between this program's mathematics (nalgebra, f64) and Rapier's (glam, f32): boxes
//! go in, how far each moved comes out. Walls (cut at their openings), floors, hung and fixed
//! objects are static; movable ones are free, with their mass and friction. Floor coverings are left
//! out: what stands on a carpet stands on the floor. Single-threaded Rapier is deterministic.

use super::geometry::UprightBox;
use super::properties::is_floor_covering;
use super::relations::shape;
use crate::math::Vec2;
use crate::scene::pieces::{SLAB_M, openings_of, wall_pieces};
use crate::scene::{Mobility, Object, Scene};
use rapier3d::prelude::{ColliderBuilder, PhysicsWorld, RigidBodyBuilder, RigidBodyHandle, Vector};

/// Step of the simulation, seconds.
const STEP_S: f64 = 1.0 / 240.0;
/// Gravity, m/s².
const GRAVITY: f32 = -9.81;
/// Friction of walls and floors.
const STRUCTURE_FRICTION: f32 = 0.5;
/// Margin of the ground around everything, metres.
const GROUND_MARGIN_M: f64 = 10.0;

/// A free object that went further has moved, metres and radians.
const MOVED_M: f64 = 0.01;
const TURNED_RAD: f64 = 0.1;

/// How far an object went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Motion {
    /// Index of the object in the scene.
    pub object: usize,
    /// Displacement of the centre, metres.
    pub moved_m: f64,
    /// Angle turned, radians.
    pub turned_rad: f64,
}

impl Motion {
    /// It moved at most 1 cm and 0.1 rad.
    pub fn is_still(&self) -> bool {
        self.moved_m <= MOVED_M && self.turned_rad <= TURNED_RAD
    }
}

/// True when a robot could move it and nothing holds it.
pub(crate) fn is_free(object: &Object) -> bool {
    object.mobility == Mobility::Movable && !is_floor_covering(&object.class)
}

/// Simulates for some seconds; how far every free object went, in scene order.
pub(crate) fn simulate(scene: &Scene, seconds: f64) -> Vec<Motion> {
    let mut world = PhysicsWorld::new();
    world.gravity = Vector::new(0.0, 0.0, GRAVITY);
    world.integration_parameters.dt = STEP_S as f32;
    structure(&mut world, scene);
    let mut free: Vec<(usize, RigidBodyHandle)> = Vec::new();
    for (index, object) in scene.objects.iter().enumerate() {
        if is_floor_covering(&object.class) {
            continue;
        }
        let shape = shape(object);
        let collider = cuboid(shape.size).friction(object.friction as f32).mass(object.mass_kg as f32);
        if is_free(object) {
            let body = RigidBodyBuilder::dynamic().pose(pose(&shape));
            let (handle, _) = world.insert(body, collider);
            free.push((index, handle));
        } else {
            world.insert_collider(collider.position(pose(&shape)), None);
        }
    }
    if free.is_empty() {
        return Vec::new();
    }
    let start: Vec<_> = free.iter().map(|&(_, handle)| *world.bodies[handle].position()).collect();
    for _ in 0..(seconds / STEP_S).round() as usize {
        world.step();
    }
    free.iter()
        .zip(start)
        .map(|(&(object, handle), start)| {
            let now = world.bodies[handle].position();
            let moved = f64::from((now.translation - start.translation).length());
            let turned = f64::from(now.rotation.angle_between(start.rotation));
            // A body that left for infinity has moved, whatever its numbers say.
            let known = |x: f64| if x.is_finite() { x } else { f64::MAX };
            Motion { object, moved_m: known(moved), turned_rad: known(turned) }
        })
        .collect()
}

/// Ground and walls.
fn structure(world: &mut PhysicsWorld, scene: &Scene) {
    let mut reach = GROUND_MARGIN_M;
    for object in &scene.objects {
        reach = reach.max(object.center[0].abs().max(object.center[1].abs()) + GROUND_MARGIN_M);
    }
    let ground =
        UprightBox { center: [0.0, 0.0, -0.5 * SLAB_M], size: [2.0 * reach, 2.0 * reach, SLAB_M], yaw: 0.0 };
    let mut solids = vec![ground];
    for wall in &scene.walls {
        let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
        let along = (b - a).normalize();
        for piece in wall_pieces(wall, &openings_of(scene, wall)) {
            let middle = 0.5 * (a + b) + along * (0.5 * (piece.u[0] + piece.u[1]));
            solids.push(UprightBox {
                center: [middle.x, middle.y, wall.base_z + 0.5 * (piece.z[0] + piece.z[1])],
                size: [piece.u[1] - piece.u[0], wall.thickness, piece.z[1] - piece.z[0]],
                yaw: along.y.atan2(along.x),
            });
        }
    }
    for solid in solids {
        let collider = cuboid(solid.size).friction(STRUCTURE_FRICTION).position(pose(&solid));
        world.insert_collider(collider, None);
    }
}

fn cuboid(size: [f64; 3]) -> ColliderBuilder {
    let [x, y, z] = size.map(|edge| (0.5 * edge) as f32);
    ColliderBuilder::cuboid(x, y, z)
}

fn pose(shape: &UprightBox) -> rapier3d::prelude::Pose {
    let [x, y, z] = shape.center.map(|c| c as f32);
    rapier3d::prelude::Pose::new(Vector::new(x, y, z), Vector::new(0.0, 0.0, shape.yaw as f32))
}
