//! The result of stage 6: what a detector believes, with its doubts, before physics.
//!
//! Scene frame. Nothing is guaranteed here: walls may not meet, boxes may overlap.

use crate::scene::OpeningKind;
use crate::scene::model::Source;
use crate::scene::{BoxEntity, Layout, OpeningEntity, WallEntity};
use serde::{Deserialize, Serialize};

/// A wall as detected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftWall {
    /// First end of the centre line, metres.
    pub a: [f64; 2],
    /// Second end of the centre line, metres.
    pub b: [f64; 2],
    /// Top above the floor, metres.
    pub height: f64,
    /// Thickness, metres; measured where both faces were seen, else the detector's prior.
    pub thickness: f64,
    /// One standard deviation of the offset across the wall, metres.
    pub offset_sigma_m: f64,
    /// One standard deviation of each end along the wall, metres (large where the end was not seen).
    pub end_sigma_m: [f64; 2],
    /// Probability that the wall exists, 0..1.
    pub confidence: f64,
    /// Share of the rectangle that was observed (surface or opening), 0..1.
    pub observed_fraction: f64,
    /// What proposed it.
    pub source: Source,
}

/// A door or window as detected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftOpening {
    /// Kind.
    pub kind: OpeningKind,
    /// Index of its wall in `Draft::walls`.
    pub wall_idx: usize,
    /// Centre, metres.
    pub center: [f64; 3],
    /// Extent along the wall, metres.
    pub width: f64,
    /// Vertical extent, metres.
    pub height: f64,
    /// One standard deviation of its edges, metres.
    pub sigma_m: f64,
    /// Probability that it exists, 0..1.
    pub confidence: f64,
    /// Share of its area that was observed, 0..1.
    pub observed_fraction: f64,
}

/// An object as detected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftObject {
    /// Class.
    pub class: String,
    /// Centre, metres.
    pub center: [f64; 3],
    /// Counter-clockwise about +Z, radians.
    pub yaw: f64,
    /// Full sizes along the box's own axes, metres.
    pub size: [f64; 3],
    /// One standard deviation of the centre, metres.
    pub sigma_m: f64,
    /// Probability that it exists with this class, 0..1.
    pub confidence: f64,
    /// Share of its visible surface that was observed, 0..1.
    pub observed_fraction: f64,
}

/// A room's interior as detected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftRoom {
    /// Interior polygon, counter-clockwise, metres.
    pub polygon: Vec<[f64; 2]>,
    /// Ceiling height, metres, when seen.
    pub ceiling_z: Option<f64>,
    /// Confidence, 0..1.
    pub confidence: f64,
}

/// What a detector found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Walls.
    pub walls: Vec<DraftWall>,
    /// Doors and windows.
    pub openings: Vec<DraftOpening>,
    /// Objects.
    pub objects: Vec<DraftObject>,
    /// Room interiors, when the detector gives them (physics derives rooms from walls otherwise).
    pub rooms: Vec<DraftRoom>,
    /// Way of the camera in plan, metres; empty when unknown. What was walked through is no wall.
    #[serde(default)]
    pub camera_path: Vec<[f64; 2]>,
    /// Name of the detector.
    pub detector: String,
}

impl Draft {
    /// What a layout says, as a draft that is sure of it. Openings of walls that the layout does not have are left out.
    #[must_use]
    pub fn of_layout(layout: &Layout) -> Self {
        let wall = |wall: &WallEntity| DraftWall {
            a: [wall.a[0], wall.a[1]],
            b: [wall.b[0], wall.b[1]],
            height: wall.height,
            thickness: wall.thickness,
            offset_sigma_m: 0.0,
            end_sigma_m: [0.0; 2],
            confidence: 1.0,
            observed_fraction: 1.0,
            source: Source::Detected,
        };
        let opening = |kind: OpeningKind, opening: &OpeningEntity| {
            let wall_idx = layout.walls.iter().position(|wall| wall.id == opening.wall)?;
            Some(DraftOpening {
                kind,
                wall_idx,
                center: opening.center,
                width: opening.width,
                height: opening.height,
                sigma_m: 0.0,
                confidence: 1.0,
                observed_fraction: 1.0,
            })
        };
        let object = |object: &BoxEntity| DraftObject {
            class: object.class.clone(),
            center: object.center,
            yaw: object.yaw,
            size: object.size,
            sigma_m: 0.0,
            confidence: 1.0,
            observed_fraction: 1.0,
        };
        let doors = layout.doors.iter().filter_map(|door| opening(OpeningKind::Door, door));
        let windows = layout.windows.iter().filter_map(|window| opening(OpeningKind::Window, window));
        Self {
            walls: layout.walls.iter().map(wall).collect(),
            openings: doors.chain(windows).collect(),
            objects: layout.boxes.iter().map(object).collect(),
            detector: "layout".to_owned(),
            ..Self::default()
        }
    }

    /// The draft in the layout language (walls on the floor, elements numbered in order).
    #[must_use]
    pub fn to_layout(&self) -> Layout {
        let walls = self.walls.iter().zip(0..).map(|(wall, id)| WallEntity {
            id,
            a: [wall.a[0], wall.a[1], 0.0],
            b: [wall.b[0], wall.b[1], 0.0],
            height: wall.height,
            thickness: wall.thickness,
        });
        let of_kind = |kind: OpeningKind| -> Vec<OpeningEntity> {
            let openings = self.openings.iter().filter(|opening| opening.kind == kind);
            let entity = |(opening, id): (&DraftOpening, u32)| OpeningEntity {
                id,
                wall: opening.wall_idx as u32,
                center: opening.center,
                width: opening.width,
                height: opening.height,
            };
            openings.zip(0..).map(entity).collect()
        };
        let boxes = self.objects.iter().zip(0..).map(|(object, id)| BoxEntity {
            id,
            class: object.class.clone(),
            center: object.center,
            yaw: object.yaw,
            size: object.size,
        });
        Layout {
            walls: walls.collect(),
            doors: of_kind(OpeningKind::Door),
            windows: of_kind(OpeningKind::Window),
            boxes: boxes.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::ReadMode;

    #[test]
    fn a_layout_becomes_a_draft_and_comes_back() {
        let text = "wall_0=Wall(0,0,0,4,0,0,2.5,0.1)\nwall_3=Wall(4,0,0,4,3,0,2.5,0.1)\n\
                    door_0=Door(wall_3,4,1,1,0.9,2)\nwindow_0=Window(wall_0,1,0,1.5,1.2,1)\n\
                    bbox_0=Bbox(sofa,2,2.5,0.4,0.5,2,0.9,0.8)\n";
        let layout = Layout::parse(text, ReadMode::Strict).unwrap().0;
        let draft = Draft::of_layout(&layout);
        assert_eq!((draft.openings[0].wall_idx, draft.openings[1].wall_idx), (1, 0));
        let back = draft.to_layout();
        // Walls are numbered anew.
        assert_eq!((back.doors[0].wall, back.windows[0].wall), (1, 0));
        assert_eq!((back.doors[0].center, back.boxes), (layout.doors[0].center, layout.boxes));
        let lost = Layout { walls: Vec::new(), ..Layout::parse(text, ReadMode::Strict).unwrap().0 };
        assert!(Draft::of_layout(&lost).openings.is_empty());
    }
}
