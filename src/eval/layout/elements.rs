//! What is compared: a layout's entities as shapes with a class.
//!
//! A wall becomes its rectangle (a, b, b + h, a + h), an opening the rectangle centre ± ½(wall
//! direction · width, height), an object its box with each size at least 0.1 m. Elements without
//! extent and openings without a usable wall are dropped and reported; boxes whose class is not
//! scored are counted.

use crate::eval::overlap::{Panel, YawBox};
use crate::math::{Point3, Vec3};
use crate::scene::{ClassMap, Layout, OpeningEntity, WallEntity};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Extent at or below which a wall or opening has no rectangle, metres (the metrics' definition).
const MIN_EXTENT_M: f64 = 1e-6;
/// Least size of a box along each axis, metres (the metrics' definition): a picture of 1 cm thickness
/// would otherwise be lost to a millimetre of offset.
const MIN_BOX_SIZE_M: f64 = 0.1;

/// What is scored together, in the order of tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassKey {
    /// Walls.
    Wall,
    /// Doors.
    Door,
    /// Windows.
    Window,
    /// Objects of one scored class.
    Object(String),
    /// All objects, whatever their class, scored or not.
    AnyObject,
}

impl ClassKey {
    /// Name in tables and JSON.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Wall => "wall",
            Self::Door => "door",
            Self::Window => "window",
            Self::Object(class) => class,
            Self::AnyObject => "(any object)",
        }
    }

    /// True for walls, doors and windows.
    #[must_use]
    pub fn is_architecture(&self) -> bool {
        matches!(self, Self::Wall | Self::Door | Self::Window)
    }
}

impl Serialize for ClassKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Which file an element comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The prediction.
    Prediction,
    /// The truth.
    Truth,
    /// The ignore list.
    Ignored,
}

/// An element that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DroppedElement {
    /// Where it stands.
    pub side: Side,
    /// Its name in the text (`wall_3`).
    pub id: String,
    /// Why it is dropped.
    pub reason: String,
}

/// Geometry of an element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// A wall or opening.
    Panel(Panel),
    /// An object.
    Box(YawBox),
}

/// Something that is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Its name in the text (`wall_3`).
    pub id: String,
    /// What it is scored as; `None` for a box that only counts as [`ClassKey::AnyObject`].
    pub class: Option<ClassKey>,
    /// The class as written.
    pub written_class: String,
    /// Its geometry.
    pub shape: Shape,
}

/// The elements of a layout, in its order; what is dropped goes to `dropped`.
#[must_use]
pub fn elements(
    layout: &Layout,
    class_map: &ClassMap,
    side: Side,
    dropped: &mut Vec<DroppedElement>,
) -> Vec<Element> {
    let mut found = Vec::new();
    let mut add = |id: String, class: ClassKey, panel: Result<Panel, &str>| match panel {
        Ok(panel) => found.push(Element {
            id,
            written_class: class.name().to_owned(),
            class: Some(class),
            shape: Shape::Panel(panel),
        }),
        Err(reason) => dropped.push(DroppedElement { side, id, reason: reason.to_owned() }),
    };
    for wall in &layout.walls {
        add(format!("wall_{}", wall.id), ClassKey::Wall, wall_panel(wall));
    }
    let walls: BTreeMap<u32, &WallEntity> = layout.walls.iter().map(|wall| (wall.id, wall)).collect();
    for (openings, class) in [(&layout.doors, ClassKey::Door), (&layout.windows, ClassKey::Window)] {
        for opening in openings {
            let id = format!("{}_{}", class.name(), opening.id);
            add(id, class.clone(), opening_panel(opening, walls.get(&opening.wall).copied()));
        }
    }
    for object in &layout.boxes {
        found.push(Element {
            id: format!("bbox_{}", object.id),
            class: class_map.target(&object.class).map(|class| ClassKey::Object(class.to_owned())),
            written_class: object.class.clone(),
            shape: Shape::Box(YawBox {
                center: object.center,
                yaw: object.yaw,
                size: object.size.map(|size| size.abs().max(MIN_BOX_SIZE_M)),
            }),
        });
    }
    found
}

fn wall_panel(wall: &WallEntity) -> Result<Panel, &'static str> {
    if (wall.b[0] - wall.a[0]).hypot(wall.b[1] - wall.a[1]) <= MIN_EXTENT_M {
        return Err("the wall has no length");
    }
    if wall.height <= MIN_EXTENT_M {
        return Err("the wall has no height");
    }
    let (a, b) = (Point3::from(wall.a), Point3::from(wall.b));
    let up = Vec3::new(0.0, 0.0, wall.height);
    Ok([a, b, b + up, a + up])
}

fn opening_panel(opening: &OpeningEntity, wall: Option<&WallEntity>) -> Result<Panel, &'static str> {
    let wall = wall.ok_or("its wall does not exist")?;
    let (dx, dy) = (wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]);
    let length = dx.hypot(dy);
    if length <= MIN_EXTENT_M {
        return Err("its wall has no length");
    }
    if opening.width <= MIN_EXTENT_M || opening.height <= MIN_EXTENT_M {
        return Err("the opening has no extent");
    }
    let along = Vec3::new(dx / length, dy / length, 0.0) * opening.width;
    let up = Vec3::new(0.0, 0.0, opening.height);
    let start = Point3::from(opening.center) - 0.5 * (along + up);
    Ok([start, start + along, start + along + up, start + up])
}
