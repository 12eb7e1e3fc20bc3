//! The last step of stage 7: names, properties, relations, and the seal.

use super::findings::Findings;
use super::objects::{Carrier, Item};
use super::relations;
use super::structure::Structure;
use crate::math::wrap_angle;
use crate::scene::model::SCHEMA_VERSION;
use crate::scene::{
    ElementId, Mobility, Object, ObjectId, Provenance, Scene, SceneParts, Support, Walkability,
};
use std::collections::BTreeMap;

/// What a reader must know of the numbers.
const CONVENTIONS: &str = "Right-handed, Z up, metres, radians, floor z = 0. A wall is a vertical box over its centre \
line a-b; its faces are half of its thickness to either side. Room polygons run counter-clockwise along the centre \
lines; area_m2 is the floor between the wall faces. Openings and objects are given by their centre; object sizes are \
full and along the object's own axes, yaw is counter-clockwise about +Z. sigma_m is one standard deviation.";

/// Classes whose identifiers would be taken for structure.
const RESERVED: [&str; 7] = ["wall", "door", "window", "room", "floor", "ceiling", "world"];

/// Seals structure and items into a scene.
pub(crate) fn assemble(
    structure: Structure,
    items: Vec<Item>,
    provenance: Provenance,
    findings: Findings,
) -> Scene {
    let ids = object_ids(&items);
    let objects: Vec<Object> =
        items.iter().zip(&ids).map(|(item, id)| object(item, id, &ids, &structure)).collect();
    let renamed: BTreeMap<ElementId, ElementId> =
        items.iter().zip(&ids).map(|(item, id)| (item.element(), id.into())).collect();
    let mut findings = findings.into_list();
    for element in findings.iter_mut().flat_map(|finding| &mut finding.elements) {
        if let Some(id) = renamed.get(element) {
            *element = id.clone();
        }
    }
    let mut parts = SceneParts {
        version: SCHEMA_VERSION.to_owned(),
        conventions: CONVENTIONS.to_owned(),
        provenance,
        rooms: structure.rooms,
        walls: structure.walls,
        openings: structure.openings,
        objects,
        relations: Vec::new(),
        walkability: Walkability::default(),
        findings,
    };
    relations::name_rooms(&mut parts);
    parts.relations = relations::relations(&parts);
    Scene::assemble(parts)
}

/// Identifiers in draft order: class and a running number of the class.
fn object_ids(items: &[Item]) -> Vec<ObjectId> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    items
        .iter()
        .map(|item| {
            // Identifiers are equal in every format, and USD allows neither a hyphen nor a first digit.
            let name = item.class.replace('-', "_");
            let digit = name.starts_with(|c: char| c.is_ascii_digit());
            let stem =
                if digit || RESERVED.contains(&name.as_str()) { format!("object_{name}") } else { name };
            let count = counts.entry(stem.clone()).or_default();
            let id = ObjectId::new(&stem, *count);
            *count += 1;
            id
        })
        .collect()
}

fn object(item: &Item, id: &ObjectId, ids: &[ObjectId], structure: &Structure) -> Object {
    let support = match item.carrier {
        Carrier::Floor => Support::Floor,
        Carrier::Item(j) => Support::Object(ids[j].clone()),
        Carrier::Wall(wall) => Support::Wall(structure.walls[wall].id),
        Carrier::Ceiling => Support::Ceiling,
    };
    let hangs = matches!(support, Support::Wall(_) | Support::Ceiling);
    Object {
        id: id.clone(),
        class: item.class.clone(),
        center: item.shape.center,
        yaw: wrap_angle(item.shape.yaw),
        size: item.shape.size,
        support,
        mobility: if hangs { Mobility::Fixed } else { item.properties.mobility },
        mass_kg: item.properties.mass_kg(item.shape.volume()),
        friction: item.properties.friction,
        room: item.room.map(|room| structure.rooms[room].id),
        evidence: item.evidence,
    }
}
