//! The canonical model that everything written derives from.
//!
//! Frame: right-handed, Z up, metres, radians, floor at z = 0. [`Layout`] is what the layout
//! language can say (walls, doors, windows, boxes); [`Scene`] is the consistent model that only
//! `physics` builds.

pub mod class_map;
pub mod classes;
pub mod id;
pub mod language;
pub mod model;
pub mod pieces;
pub mod spatiallm;
pub mod text;
pub mod to_layout;

pub use class_map::{ClassMap, ClassMapError};
pub use id::{DoorId, ElementId, ObjectId, RoomId, WallId, WindowId};
pub use language::{BoxEntity, Layout, OpeningEntity, WallEntity};
pub use model::{
    Evidence, Finding, Mobility, Object, Opening, OpeningKind, Provenance, Relation, RelationKind, Room,
    Scene, SceneParts, Source, Support, Walkability, Wall,
};
pub use text::{DroppedLine, LayoutTextError, LineAction, ReadMode};
