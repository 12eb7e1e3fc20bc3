//! The consistent scene: what `scene.json` holds.
//!
//! Invariants (established by `physics`, the only caller of [`Scene::assemble`]): walls share exact
//! corners, rooms are closed, openings lie inside their wall, objects are supported and do not
//! penetrate anything, the floor is at z = 0. What could not be repaired is a [`Finding`].

use super::id::{ElementId, ObjectId, RoomId, WallId};
use serde::{Deserialize, Serialize};

/// Version of the `scene.json` schema; the major number changes when readers must.
pub const SCHEMA_VERSION: &str = "1.0";

/// How sure the program is of an element, and why.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Probability that the element exists as said, 0..1.
    pub confidence: f64,
    /// One standard deviation of its position, metres.
    pub sigma_m: f64,
    /// Share of its surface that was observed, 0..1.
    pub observed_fraction: f64,
    /// What proposed it.
    pub source: Source,
}

/// What proposed an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The layout detector.
    Detected,
    /// The closing of a room; nothing was seen there.
    Inferred,
    /// The input said so (a layout text, a synthetic house).
    Given,
}

/// A vertical wall: a box over the base segment a–b.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wall {
    /// Identifier.
    pub id: WallId,
    /// First end of the centre line, metres.
    pub a: [f64; 2],
    /// Second end of the centre line, metres.
    pub b: [f64; 2],
    /// Height of the base above the floor, metres.
    pub base_z: f64,
    /// Height, metres.
    pub height: f64,
    /// Thickness, metres.
    pub thickness: f64,
    /// Rooms on its sides (at most two).
    pub rooms: Vec<RoomId>,
    /// Evidence.
    pub evidence: Evidence,
}

/// Kind of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpeningKind {
    /// A door, with or without a leaf.
    Door,
    /// A window.
    Window,
}

/// A hole in a wall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Identifier (`door_001`, `window_002`).
    pub id: ElementId,
    /// Kind.
    pub kind: OpeningKind,
    /// The wall that it is cut through.
    pub wall: WallId,
    /// Centre, metres.
    pub center: [f64; 3],
    /// Extent along the wall, metres.
    pub width: f64,
    /// Vertical extent, metres.
    pub height: f64,
    /// The rooms that it joins; one for an opening to the outside.
    pub rooms: Vec<RoomId>,
    /// Evidence.
    pub evidence: Evidence,
}

/// What carries an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "on", content = "id", rename_all = "snake_case")]
pub enum Support {
    /// It stands on the floor.
    Floor,
    /// It stands on another object.
    Object(ObjectId),
    /// It is fixed to a wall.
    Wall(WallId),
    /// It hangs from the ceiling.
    Ceiling,
}

/// Whether a robot can move an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mobility {
    /// A free body.
    Movable,
    /// Built in, wall-hung or too heavy.
    Fixed,
}

/// An object box, upright, turned about +Z.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Identifier: class and number.
    pub id: ObjectId,
    /// Class, one of `scene::classes` or the user's own.
    pub class: String,
    /// Centre, metres.
    pub center: [f64; 3],
    /// Counter-clockwise about +Z, radians.
    pub yaw: f64,
    /// Full sizes along the box's own axes, metres.
    pub size: [f64; 3],
    /// What carries it.
    pub support: Support,
    /// Movable or fixed.
    pub mobility: Mobility,
    /// Mass, kilograms.
    pub mass_kg: f64,
    /// Coulomb friction coefficient.
    pub friction: f64,
    /// The room that it stands in.
    pub room: Option<RoomId>,
    /// Evidence.
    pub evidence: Evidence,
}

/// A room: the floor polygon inside its walls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// Identifier.
    pub id: RoomId,
    /// Type by its furniture (`bedroom`, `kitchen`, ... or `unknown`).
    pub kind: String,
    /// Floor polygon along the centre lines of its walls, counter-clockwise, metres.
    pub polygon: Vec<[f64; 2]>,
    /// Walls of the polygon's edges: `walls[i]` stands over the edge i → i+1; `None` where the room
    /// is open because no wall was seen there (then a finding `room-unclosed` says so).
    pub walls: Vec<Option<WallId>>,
    /// Ceiling height above the floor, metres.
    pub ceiling_z: f64,
    /// Floor area inside the wall faces, square metres.
    pub area_m2: f64,
    /// Evidence.
    pub evidence: Evidence,
}

/// Kind of a relation between two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// Subject stands on object.
    On,
    /// Subject's back touches object (a wall).
    Against,
    /// Subject is within reach of object.
    Beside,
    /// Subject is in object (a room).
    In,
    /// Subject hangs on object.
    HungOn,
    /// Subject (a door) joins object (a room) to another.
    Joins,
}

/// A relation between two elements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// What is said.
    pub kind: RelationKind,
    /// Of whom.
    pub subject: ElementId,
    /// To whom.
    pub object: ElementId,
}

/// Something about the scene that a reader must know: a repair, or what could not be repaired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Stable identifier, kebab-case, e.g. `wall-inferred`, `object-removed`.
    pub code: String,
    /// The elements concerned.
    pub elements: Vec<ElementId>,
    /// Cause and numbers in words.
    pub message: String,
    /// The main number, metres (displacement, penetration, gap), when there is one.
    pub value_m: Option<f64>,
    /// True when the scene still violates an invariant because of this.
    pub unresolved: bool,
}

/// Where a robot can go on the floor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walkability {
    /// Radius of the robot, metres.
    pub robot_radius_m: f64,
    /// Floor that its centre can stand on, square metres.
    pub free_area_m2: f64,
    /// Largest connected part over all of it, 0..1.
    pub largest_share: f64,
    /// Objects that it touches from the largest part.
    pub reachable: Vec<ObjectId>,
}

/// Where the scene comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Program and version.
    pub generator: String,
    /// Name (not path) of the input.
    pub input: String,
    /// Layout detector.
    pub detector: String,
    /// One standard deviation of the logarithm of the metric scale.
    pub scale_log_sigma: f64,
    /// One standard deviation of the up direction, radians.
    pub gravity_sigma_rad: f64,
}

/// The fields of a scene before it is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneParts {
    /// [`SCHEMA_VERSION`] of the writer.
    pub version: String,
    /// Conventions in words, for whoever opens the file.
    pub conventions: String,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Rooms.
    pub rooms: Vec<Room>,
    /// Walls.
    pub walls: Vec<Wall>,
    /// Doors and windows.
    pub openings: Vec<Opening>,
    /// Objects.
    pub objects: Vec<Object>,
    /// Relations.
    pub relations: Vec<Relation>,
    /// Where a robot can go.
    #[serde(default)]
    pub walkability: Walkability,
    /// Findings.
    pub findings: Vec<Finding>,
}

/// A consistent scene. Read-only: derive a new one through `physics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scene {
    parts: SceneParts,
}

impl Scene {
    /// Seals the parts. Only `physics` may call this: it has established the invariants.
    /// Numbers are rounded to the micrometre, so that equal scenes are equal bytes everywhere.
    #[must_use]
    pub fn assemble(mut parts: SceneParts) -> Self {
        parts.round();
        Self { parts }
    }

    /// The canonical JSON: fields in the order of the types, elements in the order of their
    /// identifiers, one trailing newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("because a scene holds only strings, finite numbers and lists of them");
        text.push('\n');
        text
    }

    /// The object of this identifier.
    #[must_use]
    pub fn object(&self, id: &ObjectId) -> Option<&Object> {
        self.parts.objects.iter().find(|object| object.id == *id)
    }

    /// The wall of this identifier.
    #[must_use]
    pub fn wall(&self, id: WallId) -> Option<&Wall> {
        self.parts.walls.iter().find(|wall| wall.id == id)
    }
}

/// Decimal places that are kept: micrometres, far below what is measured.
const DECIMALS: f64 = 1e6;

/// The number to the micrometre, without a negative zero.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    (value * DECIMALS).round() / DECIMALS + 0.0
}

impl SceneParts {
    fn round(&mut self) {
        let evidence = |e: &mut Evidence| {
            for x in [&mut e.confidence, &mut e.sigma_m, &mut e.observed_fraction] {
                *x = rounded(*x);
            }
        };
        self.provenance.scale_log_sigma = rounded(self.provenance.scale_log_sigma);
        self.provenance.gravity_sigma_rad = rounded(self.provenance.gravity_sigma_rad);
        for room in &mut self.rooms {
            room.polygon.iter_mut().flatten().for_each(|x| *x = rounded(*x));
            room.ceiling_z = rounded(room.ceiling_z);
            room.area_m2 = rounded(room.area_m2);
            evidence(&mut room.evidence);
        }
        for wall in &mut self.walls {
            wall.a.iter_mut().chain(&mut wall.b).for_each(|x| *x = rounded(*x));
            for x in [&mut wall.base_z, &mut wall.height, &mut wall.thickness] {
                *x = rounded(*x);
            }
            evidence(&mut wall.evidence);
        }
        for opening in &mut self.openings {
            opening.center.iter_mut().for_each(|x| *x = rounded(*x));
            opening.width = rounded(opening.width);
            opening.height = rounded(opening.height);
            evidence(&mut opening.evidence);
        }
        for object in &mut self.objects {
            object.center.iter_mut().chain(&mut object.size).for_each(|x| *x = rounded(*x));
            for x in [&mut object.yaw, &mut object.mass_kg, &mut object.friction] {
                *x = rounded(*x);
            }
            evidence(&mut object.evidence);
        }
        let walk = &mut self.walkability;
        for x in [&mut walk.robot_radius_m, &mut walk.free_area_m2, &mut walk.largest_share] {
            *x = rounded(*x);
        }
        for finding in &mut self.findings {
            finding.value_m = finding.value_m.map(rounded);
        }
    }
}

impl std::ops::Deref for Scene {
    type Target = SceneParts;
    fn deref(&self) -> &SceneParts {
        &self.parts
    }
}
