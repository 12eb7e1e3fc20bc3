//! Reading `scene.json`, and what must hold before it is called a scene.
//!
//! Checked: the schema version, unique identifiers, references that exist, numbers that are finite
//! and of the right sign, confidences in 0..1. Whether the scene is physically consistent is measured
//! by `check`, not demanded here: a file with an unresolved finding is still a scene.

use super::Error;
use crate::scene::model::SCHEMA_VERSION;
use crate::scene::{Evidence, Scene, SceneParts, Support};
use std::collections::BTreeSet;
use std::path::Path;

/// Reads a scene from a file.
///
/// # Errors
/// [`Error::Read`], [`Error::Parse`], or [`Error::Invalid`] with the element and the rule.
pub fn load_scene(path: &Path) -> Result<Scene, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { source, path: path.into() })?;
    let parts = serde_json::from_str(&text).map_err(|source| Error::Parse { source, path: path.into() })?;
    seal(parts)
}

/// Reads a scene from text.
///
/// # Errors
/// As [`load_scene`].
pub fn parse_scene(text: &str) -> Result<Scene, Error> {
    let parts =
        serde_json::from_str(text).map_err(|source| Error::Parse { source, path: "<text>".into() })?;
    seal(parts)
}

fn seal(parts: SceneParts) -> Result<Scene, Error> {
    match problem(&parts) {
        Some(problem) => Err(Error::Invalid { problem }),
        None => Ok(Scene::assemble(parts)),
    }
}

/// The first rule that is broken.
fn problem(parts: &SceneParts) -> Option<String> {
    let major = |version: &str| version.split('.').next().unwrap_or("").to_owned();
    if major(&parts.version) != major(SCHEMA_VERSION) {
        return Some(format!(
            "version is `{}`, this program reads {SCHEMA_VERSION}; convert the file or use the program that wrote it",
            parts.version
        ));
    }
    repeated_id(parts)
        .or_else(|| bad_numbers(parts))
        .or_else(|| bad_references(parts))
        .or_else(|| bad_classes(parts))
}

fn ids(parts: &SceneParts) -> Vec<String> {
    let mut ids: Vec<String> = parts.rooms.iter().map(|x| x.id.to_string()).collect();
    ids.extend(parts.walls.iter().map(|x| x.id.to_string()));
    ids.extend(parts.openings.iter().map(|x| x.id.to_string()));
    ids.extend(parts.objects.iter().map(|x| x.id.to_string()));
    ids
}

fn repeated_id(parts: &SceneParts) -> Option<String> {
    let mut seen = BTreeSet::new();
    ids(parts)
        .into_iter()
        .find(|id| !seen.insert(id.clone()))
        .map(|id| format!("identifier {id} occurs twice"))
}

fn bad_numbers(parts: &SceneParts) -> Option<String> {
    let sound = |e: &Evidence| {
        (0.0..=1.0).contains(&e.confidence)
            && (0.0..=1.0).contains(&e.observed_fraction)
            && e.sigma_m.is_finite()
            && e.sigma_m >= 0.0
    };
    let finite = |numbers: &[f64]| numbers.iter().all(|x| x.is_finite());
    let positive = |numbers: &[f64]| numbers.iter().all(|x| x.is_finite() && *x > 0.0);
    for room in &parts.rooms {
        let flat: Vec<f64> = room.polygon.iter().flatten().copied().collect();
        if room.polygon.len() < 3 || !finite(&flat) || !positive(&[room.ceiling_z]) || !sound(&room.evidence)
        {
            return Some(format!(
                "{}: a number is not finite, a height not positive, or it has no area",
                room.id
            ));
        }
        if room.walls.len() != room.polygon.len() {
            return Some(format!(
                "{} has {} corners but {} entries in `walls`",
                room.id,
                room.polygon.len(),
                room.walls.len()
            ));
        }
    }
    for wall in &parts.walls {
        let length = (wall.b[0] - wall.a[0]).hypot(wall.b[1] - wall.a[1]);
        if !positive(&[wall.height, wall.thickness, length])
            || !finite(&[wall.base_z])
            || !sound(&wall.evidence)
        {
            return Some(format!("{}: its length, height or thickness is not positive", wall.id));
        }
    }
    for opening in &parts.openings {
        if !positive(&[opening.width, opening.height])
            || !finite(&opening.center)
            || !sound(&opening.evidence)
        {
            return Some(format!("{}: its width or height is not positive", opening.id));
        }
    }
    for object in &parts.objects {
        let numbers = [object.size[0], object.size[1], object.size[2], object.mass_kg];
        let sound = sound(&object.evidence) && object.friction.is_finite() && object.friction >= 0.0;
        if !positive(&numbers) || !finite(&object.center) || !object.yaw.is_finite() || !sound {
            return Some(format!("{}: its sizes or its mass are not positive", object.id));
        }
    }
    None
}

fn bad_references(parts: &SceneParts) -> Option<String> {
    let walls: BTreeSet<_> = parts.walls.iter().map(|wall| wall.id).collect();
    let rooms: BTreeSet<_> = parts.rooms.iter().map(|room| room.id).collect();
    let objects: BTreeSet<_> = parts.objects.iter().map(|object| &object.id).collect();
    let missing = |who: String, whom: String| Some(format!("{who} names {whom}, which does not exist"));
    for room in &parts.rooms {
        if let Some(wall) = room.walls.iter().flatten().find(|wall| !walls.contains(wall)) {
            return missing(room.id.to_string(), wall.to_string());
        }
    }
    let rooms_of = parts.walls.iter().map(|w| (w.id.to_string(), &w.rooms));
    let rooms_of = rooms_of.chain(parts.openings.iter().map(|o| (o.id.to_string(), &o.rooms)));
    for (who, named) in rooms_of {
        if let Some(room) = named.iter().find(|room| !rooms.contains(room)) {
            return missing(who, room.to_string());
        }
    }
    if let Some(opening) = parts.openings.iter().find(|opening| !walls.contains(&opening.wall)) {
        return missing(opening.id.to_string(), opening.wall.to_string());
    }
    for object in &parts.objects {
        if let Some(room) = object.room.filter(|room| !rooms.contains(room)) {
            return missing(object.id.to_string(), room.to_string());
        }
        match &object.support {
            Support::Object(id) if *id == object.id || !objects.contains(id) => {
                return missing(object.id.to_string(), format!("{id} as its support"));
            }
            Support::Wall(id) if !walls.contains(id) => {
                return missing(object.id.to_string(), format!("{id} as its support"));
            }
            _ => {}
        }
    }
    let known: BTreeSet<String> = ids(parts).into_iter().collect();
    let relation =
        parts.relations.iter().find(|r| !known.contains(&r.subject.0) || !known.contains(&r.object.0));
    relation.and_then(|r| missing(format!("the relation of {}", r.subject), r.object.to_string()))
}

fn bad_classes(parts: &SceneParts) -> Option<String> {
    let bad = parts
        .objects
        .iter()
        .find(|o| !super::clean::valid_class(&o.class) || !super::clean::valid_class(&o.id.0));
    bad.map(|o| format!("object `{}` of class `{}`: names are letters, digits, `_`, `-`", o.id, o.class))
}
