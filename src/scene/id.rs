//! Identifiers of scene elements; the same in every format that is written (`wall_003`, `bed_002`).

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{:03}"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|number| number.parse().ok())
                    .map(Self)
                    .ok_or_else(|| format!(concat!("`{}` is not of the form ", $prefix, "_000"), text))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/// A wall.
    WallId, "wall");
id!(/// A door or an open passage.
    DoorId, "door");
id!(/// A window.
    WindowId, "window");
id!(/// A room.
    RoomId, "room");

/// Identifier of an object: its class and a number (`bed_002`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(pub String);

impl ObjectId {
    /// The `number`-th object of `class`.
    #[must_use]
    pub fn new(class: &str, number: u32) -> Self {
        Self(format!("{class}_{number:03}"))
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identifier of any element, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ElementId(pub String);

impl std::fmt::Display for ElementId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! into_element {
    ($($name:ident),*) => { $(
        impl From<$name> for ElementId {
            fn from(id: $name) -> Self { Self(id.to_string()) }
        }
        impl From<&$name> for ElementId {
            fn from(id: &$name) -> Self { Self(id.to_string()) }
        }
    )* };
}
into_element!(WallId, DoorId, WindowId, RoomId, ObjectId);
