//! `scene.json`: the canonical scene; every other file can be made from it.

use super::{Error, Exporter, write_atomically};
use crate::scene::Scene;
use std::path::{Path, PathBuf};

/// Exporter of `scene.json` (schema: `schema/scene.schema.json`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SceneJson;

impl Exporter for SceneJson {
    fn name(&self) -> &'static str {
        "json"
    }

    fn export(&self, scene: &Scene, dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let path = dir.join("scene.json");
        write_atomically(&path, scene.to_json().as_bytes())?;
        Ok(vec![path])
    }
}
