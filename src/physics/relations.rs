//! What stands where: relations between elements, and what a room is by its furniture.
//!
//! Facts (`on`, `hung_on`, `in`, `joins`) follow from supports and rooms; `against` and `beside` are
//! measured between faces. A room's kind is the one whose tell-tale classes speak most for it.

use super::geometry::UprightBox;
use crate::math::Vec2;
use crate::scene::{ElementId, Object, OpeningKind, Relation, RelationKind, SceneParts, Support, Wall};

/// A face this near to a wall is against it, metres (skirting board and cable).
const AGAINST_M: f64 = 0.05;
/// Things this near to one another are beside one another, metres (an arm's reach is 0.6).
const BESIDE_M: f64 = 0.3;
/// Sine within which a face is parallel to a wall (5°).
const PARALLEL_SINE: f64 = 0.087;

/// Tell-tale classes (beginnings of names) and what they speak for, with weight.
const TELLS: &[(&str, &str, f64)] = &[
    ("bed", "bedroom", 3.0),
    ("multifunctional_combination_bed", "bedroom", 3.0),
    ("nightstand", "bedroom", 1.0),
    ("wardrobe", "bedroom", 1.0),
    ("dressing_table", "bedroom", 1.0),
    ("toilet", "bathroom", 3.0),
    ("tub", "bathroom", 3.0),
    ("shower", "bathroom", 3.0),
    ("hand_sink", "bathroom", 1.0),
    ("bathroom_cabinet", "bathroom", 1.0),
    ("washing_machine", "bathroom", 0.5),
    ("stove", "kitchen", 3.0),
    ("gas_stove", "kitchen", 3.0),
    ("integrated_stove", "kitchen", 3.0),
    ("oven", "kitchen", 2.0),
    ("range_hood", "kitchen", 2.0),
    ("refrigerator", "kitchen", 2.0),
    ("micro-wave_oven", "kitchen", 1.0),
    ("dishwasher", "kitchen", 2.0),
    ("counter", "kitchen", 1.0),
    ("sink", "kitchen", 1.0),
    ("sofa", "living_room", 2.0),
    ("combination_sofa", "living_room", 2.0),
    ("coffee_table", "living_room", 1.0),
    ("tv_cabinet", "living_room", 1.0),
    ("tv", "living_room", 0.5),
    ("dining_table", "dining_room", 2.0),
    ("dining_chair", "dining_room", 0.5),
    ("desk", "study", 1.5),
    ("computer", "study", 1.0),
    ("bookcase", "study", 0.5),
    ("shoe_cabinet", "hallway", 1.5),
    ("entrance_cabinet", "hallway", 1.5),
    ("clothes_rack", "hallway", 0.5),
];
/// Least weight that names a room.
const MIN_WEIGHT: f64 = 1.0;

/// Names every room by its furniture.
pub(crate) fn name_rooms(parts: &mut SceneParts) {
    for room in &mut parts.rooms {
        let mut weights: Vec<(&str, f64)> = Vec::new();
        for object in parts.objects.iter().filter(|object| object.room == Some(room.id)) {
            let tell = TELLS.iter().find(|(class, ..)| *class == object.class);
            let Some(&(_, kind, weight)) = tell else { continue };
            let weight = weight * object.evidence.confidence;
            match weights.iter_mut().find(|(known, _)| *known == kind) {
                Some(entry) => entry.1 += weight,
                None => weights.push((kind, weight)),
            }
        }
        weights.sort_by(|p, q| q.1.total_cmp(&p.1).then(p.0.cmp(q.0)));
        let best = weights.first().filter(|(_, weight)| *weight >= MIN_WEIGHT);
        room.kind = best.map_or("unknown", |(kind, _)| kind).to_owned();
    }
}

/// The box of an object.
pub(crate) fn shape(object: &Object) -> UprightBox {
    UprightBox { center: object.center, size: object.size, yaw: object.yaw }
}

/// The body of a wall.
pub(crate) fn wall_body(wall: &Wall) -> UprightBox {
    let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
    let (middle, d) = (0.5 * (a + b), b - a);
    UprightBox {
        center: [middle.x, middle.y, wall.base_z + 0.5 * wall.height],
        size: [d.norm(), wall.thickness, wall.height],
        yaw: d.y.atan2(d.x),
    }
}

/// All relations, sorted.
pub(crate) fn relations(parts: &SceneParts) -> Vec<Relation> {
    let mut found = Vec::new();
    let mut say = |subject: ElementId, kind: RelationKind, object: ElementId| {
        found.push(Relation { subject, kind, object });
    };
    for opening in parts.openings.iter().filter(|opening| opening.kind == OpeningKind::Door) {
        for room in &opening.rooms {
            say(opening.id.clone(), RelationKind::Joins, room.into());
        }
    }
    for object in &parts.objects {
        if let Some(room) = &object.room {
            say((&object.id).into(), RelationKind::In, room.into());
        }
        match &object.support {
            Support::Object(below) => say((&object.id).into(), RelationKind::On, below.into()),
            Support::Wall(wall) => say((&object.id).into(), RelationKind::HungOn, wall.into()),
            Support::Floor | Support::Ceiling => {}
        }
        if object.support == Support::Floor {
            for wall in parts.walls.iter().filter(|wall| is_against(object, wall)) {
                say((&object.id).into(), RelationKind::Against, wall.id.into());
            }
        }
    }
    let shapes: Vec<UprightBox> = parts.objects.iter().map(shape).collect();
    for (i, j) in super::objects::near_pairs(&shapes, BESIDE_M) {
        let (p, q) = (&parts.objects[i], &parts.objects[j]);
        let standing = p.support == Support::Floor && q.support == Support::Floor;
        if standing && p.room == q.room && shapes[i].plan_gap(&shapes[j]) <= BESIDE_M {
            say((&p.id).into(), RelationKind::Beside, (&q.id).into());
        }
    }
    found.sort();
    found
}

/// A face of the object is parallel to the wall and near its face.
fn is_against(object: &Object, wall: &Wall) -> bool {
    let (shape, body) = (shape(object), wall_body(wall));
    let [along, normal] = body.axes();
    let offset = shape.plan() - body.plan();
    let parallel = shape.axes().iter().any(|axis| axis.dot(&normal).abs() < PARALLEL_SINE);
    let gap = offset.dot(&normal).abs() - 0.5 * body.size[1] - shape.reach(normal);
    parallel && gap <= AGAINST_M && offset.dot(&along).abs() < 0.5 * body.size[0]
}
