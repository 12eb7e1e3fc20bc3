//! Stage 8: the files that viewers and simulators read. `&Scene -> bytes`.
//!
//! One exporter a file, chosen by name. All derive from the [`Scene`] alone, carry the same
//! identifiers, change axes once, and replace their files atomically (a temporary name in the same
//! folder, then a rename), so that no reader ever sees half a file.

mod colmap;
mod error;
mod file;
mod gltf;
mod layout_text;
mod mesh;
mod pieces;
mod scene_json;
mod tum;

pub use colmap::write_colmap;
pub use error::Error;
pub use file::write_atomically;
pub use gltf::{Gltf, glb};
pub use layout_text::{LayoutText, layout};
pub use scene_json::SceneJson;
pub use tum::{to_tum, write_tum};

use crate::scene::Scene;
use std::path::{Path, PathBuf};

/// Writes a scene in one format.
pub trait Exporter: Send + Sync {
    /// Name on the command line (`--to`).
    fn name(&self) -> &'static str;

    /// Writes the files of this format into a folder that exists; returns their paths.
    ///
    /// # Errors
    /// [`Error::Write`] when a file cannot be written, [`Error::Unwritable`] when the format cannot
    /// express the scene.
    fn export(&self, scene: &Scene, dir: &Path) -> Result<Vec<PathBuf>, Error>;
}

/// All exporters, in the order in which `--export all` runs them.
#[must_use]
pub fn exporters() -> Vec<Box<dyn Exporter>> {
    vec![Box::new(SceneJson), Box::new(Gltf), Box::new(LayoutText)]
}

/// The exporter of a name.
///
/// # Errors
/// [`Error::UnknownFormat`] lists the names that there are.
pub fn exporter(name: &str) -> Result<Box<dyn Exporter>, Error> {
    exporters().into_iter().find(|exporter| exporter.name() == name).ok_or_else(|| Error::UnknownFormat {
        name: name.to_owned(),
        known: exporters().iter().map(|exporter| exporter.name()).collect::<Vec<_>>().join(", "),
    })
}
