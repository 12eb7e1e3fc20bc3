//! Stage 8: the files that viewers and simulators read. `&Scene -> bytes`.
//!
//! One exporter a file, chosen by name. All derive from the [`Scene`] alone, carry the same
//! identifiers, change axes once, and replace their files atomically (a temporary name in the same
//! folder, then a rename), so that no reader ever sees half a file.

pub mod colmap;
mod error;
mod file;
mod gltf;
mod habitat;
pub mod layout_text;
mod mesh;
mod mjcf;
mod scene_json;
pub mod tum;
mod usd;

pub use error::Error;
pub use file::write_atomically;
pub use gltf::{Gltf, glb};
pub use habitat::Habitat;
pub use layout_text::LayoutText;
pub use mjcf::{Mjcf, mjcf};
pub use scene_json::SceneJson;
pub use usd::{Usda, usda};

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

/// Formats that every run writes.
const STANDARD: [&str; 3] = ["json", "glb", "layout"];
/// Stands for every format.
const ALL: &str = "all";

/// All exporters, in the order in which they run.
#[must_use]
pub fn exporters() -> Vec<Box<dyn Exporter>> {
    vec![
        Box::new(SceneJson),
        Box::new(Gltf),
        Box::new(LayoutText),
        Box::new(Mjcf),
        Box::new(Usda),
        Box::new(Habitat),
    ]
}

/// The exporters of these names, each once, in the order of [`exporters`]; `all` is every one, no
/// name at all is the standard set (scene.json, scene.glb, layout.txt).
///
/// # Errors
/// [`Error::UnknownFormat`] lists the names that there are.
pub fn formats(names: &[String]) -> Result<Vec<Box<dyn Exporter>>, Error> {
    let every = exporters();
    let known = |name: &str| name == ALL || every.iter().any(|exporter| exporter.name() == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        let known: Vec<&str> = every.iter().map(|exporter| exporter.name()).chain([ALL]).collect();
        return Err(Error::UnknownFormat { name: name.clone(), known: known.join(", ") });
    }
    let wanted = |name: &str| {
        if names.is_empty() { STANDARD.contains(&name) } else { names.iter().any(|n| n == name || n == ALL) }
    };
    Ok(every.into_iter().filter(|exporter| wanted(exporter.name())).collect())
}

/// The standard set and, beside it, the exporters of these names: what a run writes.
///
/// # Errors
/// As [`formats`].
pub fn formats_beside_standard(names: &[String]) -> Result<Vec<Box<dyn Exporter>>, Error> {
    let mut all: Vec<String> = STANDARD.map(str::to_owned).to_vec();
    all.extend(names.iter().cloned());
    formats(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(formats: Vec<Box<dyn Exporter>>) -> Vec<&'static str> {
        formats.iter().map(|format| format.name()).collect()
    }

    #[test]
    fn formats_are_chosen_by_name() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(names(formats(&[]).unwrap()), STANDARD);
        assert_eq!(names(formats(&list(&["layout", "json", "layout"])).unwrap()), ["json", "layout"]);
        assert_eq!(formats(&list(&["all"])).unwrap().len(), exporters().len());
        assert_eq!(names(formats_beside_standard(&list(&["glb"])).unwrap()), STANDARD);
        let message = formats(&list(&["obj"])).err().expect("unknown").to_string();
        assert!(message.contains("`obj`") && message.contains("glb"), "{message}");
    }
}
