//! Collision, support and bounds, by geometry.

use super::{Collision, Penetration, Share};
use crate::math::Vec2;
use crate::physics::geometry::{UprightBox, bounds, bounds_meet, clip_convex, contains, signed_area};
use crate::physics::objects::near_pairs;
use crate::physics::relations::wall_body;
use crate::physics::structure::geo_polygon;
use crate::scene::pieces::{openings_of, wall_pieces};
use crate::scene::{ElementId, Scene};
use geo::{Area, BooleanOps};

/// Penetration that counts, metres.
const PENETRATION_M: f64 = 0.001;
/// Surfaces this near are in contact, metres.
const CONTACT_M: f64 = 0.01;
/// Share of the footprint that must lie on a floor.
const MIN_INSIDE: f64 = 0.99;
/// A contact hull thinner than this still holds a centroid on its edge, metres.
const HULL_EPS_M: f64 = 1e-6;

/// The solid boxes of all walls, with the wall's index.
fn wall_solids(scene: &Scene) -> Vec<(usize, UprightBox)> {
    let mut solids = Vec::new();
    for (index, wall) in scene.walls.iter().enumerate() {
        let body = wall_body(wall);
        let along = body.axes()[0];
        for piece in wall_pieces(wall, &openings_of(scene, wall)) {
            let middle = body.plan() + along * (0.5 * (piece.u[0] + piece.u[1]));
            let z = wall.base_z + 0.5 * (piece.z[0] + piece.z[1]);
            solids.push((
                index,
                UprightBox {
                    center: [middle.x, middle.y, z],
                    size: [piece.u[1] - piece.u[0], wall.thickness, piece.z[1] - piece.z[0]],
                    yaw: body.yaw,
                },
            ));
        }
    }
    solids
}

/// Penetrations of objects with objects and walls.
pub(super) fn collision(scene: &Scene, shapes: &[UprightBox]) -> Collision {
    let solids = wall_solids(scene);
    let mut all = shapes.to_vec();
    all.extend(solids.iter().map(|(_, solid)| *solid));
    let name = |i: usize| -> ElementId {
        if i < shapes.len() {
            (&scene.objects[i].id).into()
        } else {
            scene.walls[solids[i - shapes.len()].0].id.into()
        }
    };
    let mut colliding = vec![false; shapes.len()];
    let mut pairs: Vec<Penetration> = Vec::new();
    for (i, j) in near_pairs(&all, 0.0) {
        let depth = -all[i].gap(&all[j]);
        if i < shapes.len() && depth > PENETRATION_M {
            colliding[i] = true;
            if j < shapes.len() {
                colliding[j] = true;
            }
            pairs.push(Penetration { elements: [name(i), name(j)], depth_mm: 1000.0 * depth });
        }
    }
    pairs.sort_by(|p, q| q.depth_mm.total_cmp(&p.depth_mm).then(p.elements.cmp(&q.elements)));
    let count = colliding.iter().filter(|hit| **hit).count();
    Collision {
        colliding: count,
        rate: count as f64 / shapes.len().max(1) as f64,
        deepest_mm: pairs.first().map_or(0.0, |pair| pair.depth_mm),
        pairs,
    }
}

/// Objects that stand on a floor or an object with their centroid over the contact, or touch a wall
/// or the ceiling.
pub(super) fn support(scene: &Scene, shapes: &[UprightBox], floors: &[Vec<Vec2>]) -> Share {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); shapes.len()];
    for (i, j) in near_pairs(shapes, 0.0) {
        below[i].push(j);
        below[j].push(i);
    }
    let walls: Vec<UprightBox> = scene.walls.iter().map(wall_body).collect();
    Share::of(scene.objects.iter().enumerate().map(|(i, object)| {
        let shape = &shapes[i];
        let on_floor = shape.bottom().abs() <= CONTACT_M && floors.iter().any(|f| contains(f, shape.plan()));
        let holds = on_floor
            || below[i].iter().any(|&j| stands_on(shape, &shapes[j]))
            || walls.iter().any(|wall| touches(shape, wall))
            || scene.rooms.iter().zip(floors).any(|(room, floor)| {
                (shape.top() - room.ceiling_z).abs() <= CONTACT_M && contains(floor, shape.plan())
            });
        ((&object.id).into(), holds)
    }))
}

fn stands_on(shape: &UprightBox, below: &UprightBox) -> bool {
    if (shape.bottom() - below.top()).abs() > CONTACT_M {
        return false;
    }
    let contact = clip_convex(&shape.footprint(), &below.footprint());
    contact.len() >= 3
        && (0..contact.len()).all(|i| {
            let (p, q) = (contact[i], contact[(i + 1) % contact.len()]);
            crate::physics::geometry::cross(q - p, shape.plan() - p) >= -HULL_EPS_M
        })
}

/// Face to face with a wall, within its length and height.
fn touches(shape: &UprightBox, wall: &UprightBox) -> bool {
    let [along, normal] = wall.axes();
    let offset = shape.plan() - wall.plan();
    let gap = offset.dot(&normal).abs() - 0.5 * wall.size[1] - shape.reach(normal);
    gap.abs() <= CONTACT_M
        && offset.dot(&along).abs() <= 0.5 * wall.size[0]
        && shape.bottom() < wall.top()
        && shape.top() > wall.bottom()
}

/// Objects whose footprint lies on a floor.
pub(super) fn in_bounds(scene: &Scene, shapes: &[UprightBox], floors: &[Vec<Vec2>]) -> Share {
    let known: Vec<_> = floors
        .iter()
        .filter(|floor| floor.len() >= 3)
        .map(|floor| (bounds(floor), geo_polygon(floor)))
        .collect();
    Share::of(scene.objects.iter().zip(shapes).map(|(object, shape)| {
        let footprint = shape.footprint();
        let (own_bounds, own) = (bounds(&footprint), geo_polygon(&footprint));
        let least = MIN_INSIDE * signed_area(&footprint);
        let inside = known.iter().any(|(floor_bounds, floor)| {
            bounds_meet(floor_bounds, &own_bounds) && floor.intersection(&own).unsigned_area() >= least
        });
        ((&object.id).into(), inside)
    }))
}
