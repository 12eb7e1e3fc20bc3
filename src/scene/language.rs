//! The layout language: what `layout.txt` can say. Compatible with SpatialLM's text format.
//!
//! Metres, Z up, right-handed. Reading and writing of the text is in [`super::text`].

use serde::{Deserialize, Serialize};

/// `wall_i=Wall(ax,ay,az,bx,by,bz,height,thickness)`: the vertical rectangle over the segment a–b.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WallEntity {
    /// Number in the text.
    pub id: u32,
    /// First end, metres.
    pub a: [f64; 3],
    /// Second end, metres.
    pub b: [f64; 3],
    /// Height, metres.
    pub height: f64,
    /// Thickness, metres.
    pub thickness: f64,
}

/// `door_i=Door(wall_w,x,y,z,width,height)` and the same for windows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OpeningEntity {
    /// Number in the text.
    pub id: u32,
    /// Number of its wall.
    pub wall: u32,
    /// Centre, metres.
    pub center: [f64; 3],
    /// Extent along the wall, metres.
    pub width: f64,
    /// Vertical extent, metres.
    pub height: f64,
}

/// `bbox_i=Bbox(class,x,y,z,angle_z,sx,sy,sz)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoxEntity {
    /// Number in the text.
    pub id: u32,
    /// Class.
    pub class: String,
    /// Centre, metres.
    pub center: [f64; 3],
    /// Counter-clockwise about +Z, radians.
    pub yaw: f64,
    /// Full sizes along the box's own axes, metres.
    pub size: [f64; 3],
}

/// Everything a layout text says, in the order walls, doors, windows, boxes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// Walls.
    pub walls: Vec<WallEntity>,
    /// Doors.
    pub doors: Vec<OpeningEntity>,
    /// Windows.
    pub windows: Vec<OpeningEntity>,
    /// Boxes.
    pub boxes: Vec<BoxEntity>,
}
