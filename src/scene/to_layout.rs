//! What the layout language can say of a scene: walls, doors, windows, boxes.
//!
//! Walls, doors and windows keep their numbers; boxes are numbered in the scene's order, because the
//! language has one sequence for all classes. Frame and units stay the scene's (Z up, metres).

use super::id::ElementId;
use super::language::{BoxEntity, Layout, OpeningEntity, WallEntity};
use super::model::{Opening, OpeningKind, Scene};

impl Scene {
    /// The scene as a layout.
    #[must_use]
    pub fn to_layout(&self) -> Layout {
        let openings = |kind: OpeningKind| {
            let of_kind = self.openings.iter().filter(move |opening| opening.kind == kind);
            (0..).zip(of_kind).map(|(index, opening)| opening_entity(opening, index)).collect()
        };
        Layout {
            walls: self
                .walls
                .iter()
                .map(|wall| WallEntity {
                    id: wall.id.0,
                    a: [wall.a[0], wall.a[1], wall.base_z],
                    b: [wall.b[0], wall.b[1], wall.base_z],
                    height: wall.height,
                    thickness: wall.thickness,
                })
                .collect(),
            doors: openings(OpeningKind::Door),
            windows: openings(OpeningKind::Window),
            boxes: (0..)
                .zip(&self.objects)
                .map(|(id, object)| BoxEntity {
                    id,
                    class: object.class.clone(),
                    center: object.center,
                    yaw: object.yaw,
                    size: object.size,
                })
                .collect(),
        }
    }
}

fn opening_entity(opening: &Opening, index: u32) -> OpeningEntity {
    OpeningEntity {
        id: number_of(&opening.id).unwrap_or(index),
        wall: opening.wall.0,
        center: opening.center,
        width: opening.width,
        height: opening.height,
    }
}

/// The number in `door_003`.
fn number_of(id: &ElementId) -> Option<u32> {
    id.0.rsplit_once('_').and_then(|(_, number)| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::model::{Evidence, SCHEMA_VERSION, SceneParts, Source};
    use crate::scene::{Provenance, ReadMode, Wall, WallId};

    #[test]
    fn numbers_survive() {
        let evidence =
            Evidence { confidence: 1.0, sigma_m: 0.0, observed_fraction: 1.0, source: Source::Given };
        let wall = Wall {
            id: WallId(3),
            a: [0.0, 0.0],
            b: [4.0, 0.0],
            base_z: 0.0,
            height: 2.6,
            thickness: 0.12,
            rooms: Vec::new(),
            evidence,
        };
        let door = Opening {
            id: ElementId("door_007".to_owned()),
            kind: OpeningKind::Door,
            wall: WallId(3),
            center: [1.0, 0.0, 1.0],
            width: 0.9,
            height: 2.0,
            rooms: Vec::new(),
            evidence,
        };
        let parts = serde_json::json!({
            "version": SCHEMA_VERSION, "conventions": "", "provenance": Provenance::default(), "rooms": [],
            "walls": [wall], "openings": [door], "objects": [], "relations": [], "findings": [],
        });
        let parts: SceneParts = serde_json::from_value(parts).expect("complete");
        let scene: Scene =
            serde_json::from_value(serde_json::to_value(parts).expect("plain")).expect("transparent");
        let layout = scene.to_layout();
        assert_eq!((layout.walls[0].id, layout.doors[0].id, layout.doors[0].wall), (3, 7, 3));
        Layout::parse(&layout.to_text(), ReadMode::Strict).expect("sound");
    }
}
