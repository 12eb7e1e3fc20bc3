//! `layout.txt`: the scene in the layout language (compatible with SpatialLM's text).
//!
//! Wall numbers are those of the identifiers, so `wall_3` is `wall_003` everywhere; doors and windows
//! likewise. Boxes are numbered in the order of the scene's objects, since the language numbers them
//! over all classes.

use super::{Error, Exporter, write_atomically};
use crate::layout::{Draft, DraftOpening};
use crate::scene::{BoxEntity, Layout, OpeningEntity, OpeningKind, Scene, WallEntity};
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
        write_atomically(&path, scene.to_layout().to_text().as_bytes())?;
        Ok(vec![path])
    }
}

/// What a detector believes, in the layout language; numbers are positions in the draft.
#[must_use]
pub fn of_draft(draft: &Draft) -> Layout {
    let of_kind = |kind: OpeningKind| {
        let of_kind = draft.openings.iter().filter(|opening| opening.kind == kind);
        of_kind
            .zip(0..)
            .map(|(opening, id): (&DraftOpening, u32)| OpeningEntity {
                id,
                wall: opening.wall_idx as u32,
                center: opening.center,
                width: opening.width,
                height: opening.height,
            })
            .collect()
    };
    Layout {
        walls: draft
            .walls
            .iter()
            .zip(0..)
            .map(|(wall, id)| WallEntity {
                id,
                a: [wall.a[0], wall.a[1], 0.0],
                b: [wall.b[0], wall.b[1], 0.0],
                height: wall.height,
                thickness: wall.thickness,
            })
            .collect(),
        doors: of_kind(OpeningKind::Door),
        windows: of_kind(OpeningKind::Window),
        boxes: draft
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
