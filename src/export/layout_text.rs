//! `layout.txt`: the scene in the layout language (compatible with SpatialLM's text).
//!
//! Wall numbers are those of the identifiers, so `wall_3` is `wall_003` everywhere; doors and windows
//! likewise. Boxes are numbered in the order of the scene's objects, since the language numbers them
//! over all classes.

use super::{Error, Exporter, write_atomically};
use crate::scene::{BoxEntity, Layout, Opening, OpeningEntity, OpeningKind, Scene, WallEntity};
use std::path::{Path, PathBuf};

/// Exporter of `layout.txt`.
#[derive(Debug, Clone, Copy, Default)]
pub struct LayoutText;

impl Exporter for LayoutText {
    fn name(&self) -> &'static str {
        "layout"
    }

    fn export(&self, scene: &Scene, dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let path = dir.join("layout.txt");
        write_atomically(&path, layout(scene).to_text().as_bytes())?;
        Ok(vec![path])
    }
}

/// What the layout language can say of a scene.
#[must_use]
pub fn layout(scene: &Scene) -> Layout {
    Layout {
        walls: scene
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
        doors: openings(scene, OpeningKind::Door),
        windows: openings(scene, OpeningKind::Window),
        boxes: scene
            .objects
            .iter()
            .zip(0..)
            .map(|(object, id)| BoxEntity {
                id,
                class: object.class.clone(),
                center: object.center,
                yaw: object.yaw,
                size: object.size,
            })
            .collect(),
    }
}

fn openings(scene: &Scene, kind: OpeningKind) -> Vec<OpeningEntity> {
    let of_kind = scene.openings.iter().filter(|opening| opening.kind == kind);
    of_kind
        .zip(0..)
        .map(|(opening, position): (&Opening, u32)| OpeningEntity {
            id: opening.id.0.rsplit('_').next().and_then(|number| number.parse().ok()).unwrap_or(position),
            wall: opening.wall.0,
            center: opening.center,
            width: opening.width,
            height: opening.height,
        })
        .collect()
}
