//! Catalogue furniture: meshes of an installed Sweet Home 3D library in place of parametric shapes.
//!
//! Takes a folder with furniture libraries (`.sh3f` or `.zip` archives, or unpacked folders, each
//! with a `PluginFurnitureCatalog.properties`), gives each item of a house a model of its kind that
//! fits the item's box. The box may only shrink, towards what carries it, so that a consistent
//! house stays consistent. Every fifth model, by a hash of its identifier, serves validation and
//! never training. Models are read when first needed and kept for the process. Nothing of a library
//! is part of this program; who made the models that were used is written beside the output.

mod attribution;
mod charts;
mod entry;
mod fit;
mod kinds;
mod model;
mod outward;
mod source;

pub use attribution::attribution;
pub use charts::build;
pub use entry::Entry;
pub use fit::dress;
pub use model::Model;

use super::house::HouseOptions;
use crate::report::Reporter;
use serde::{Deserialize, Serialize};
use source::Source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Where the Debian package `sweethome3d-furniture` keeps its libraries.
pub const USUAL_FOLDER: &str = "/usr/share/sweethome3d/furniture";
/// Broken models that a warning names; more are counted.
const NAMED_PROBLEMS: usize = 5;

/// Which catalogue models may stand in a house.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeshSplit {
    /// None: all furniture is parametric.
    #[default]
    None,
    /// Those of the training share.
    Training,
    /// Those that are kept out of training.
    Validation,
    /// All.
    All,
}

/// The models of a folder.
#[derive(Debug)]
pub struct Catalog {
    /// What there is, ordered by identifier.
    pub entries: Vec<Entry>,
    sources: Vec<Source>,
    loaded: Mutex<BTreeMap<usize, Option<Arc<Model>>>>,
    problems: Mutex<BTreeMap<String, String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Catalog {
    /// Reads the lists of all libraries of a folder; what cannot be read becomes a problem.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let mut problems = BTreeMap::new();
        let (mut entries, mut sources) = (Vec::new(), Vec::new());
        for path in source::libraries(folder) {
            let found = Source::open(&path).and_then(|source| {
                let list = entry::read(&source, sources.len())?;
                Ok((source, list))
            });
            match found {
                Ok((source, list)) => {
                    entries.extend(list);
                    sources.push(source);
                }
                Err(reason) => {
                    problems.insert(path.display().to_string(), reason);
                }
            }
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        Self { entries, sources, loaded: Mutex::default(), problems: Mutex::new(problems) }
    }

    /// The catalogue of a folder, read once per process.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Arc<Self> {
        static KNOWN: OnceLock<Mutex<BTreeMap<PathBuf, Arc<Catalog>>>> = OnceLock::new();
        let mut known = locked(KNOWN.get_or_init(Mutex::default));
        known.entry(folder.to_owned()).or_insert_with(|| Arc::new(Self::read(folder))).clone()
    }

    /// The catalogue that the options ask for; `None` for parametric furniture only.
    #[must_use]
    pub fn of_options(options: &HouseOptions) -> Option<Arc<Self>> {
        (options.mesh_split != MeshSplit::None).then(|| Self::of_folder(&options.mesh_folder))
    }

    /// Model number `index`; `None` when it cannot be used.
    #[must_use]
    pub fn model(&self, index: usize) -> Option<Arc<Model>> {
        if let Some(known) = locked(&self.loaded).get(&index) {
            return known.clone();
        }
        let entry = &self.entries[index];
        let model = match Model::read(entry, &self.sources[entry.source]) {
            Ok(model) => Some(Arc::new(model)),
            Err(reason) => {
                locked(&self.problems).insert(entry.id.clone(), reason);
                None
            }
        };
        locked(&self.loaded).insert(index, model.clone());
        model
    }

    /// What could not be used so far, with the reason.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        locked(&self.problems).iter().map(|(what, why)| (what.clone(), why.clone())).collect()
    }
}

/// Warns when the catalogue that the options ask for is absent or partly unusable.
pub fn report(options: &HouseOptions, reporter: &Reporter) {
    let Some(catalog) = Catalog::of_options(options) else { return };
    if catalog.entries.is_empty() {
        reporter.warn(
            "no-meshes",
            format!(
                "no furniture library was found, so all furniture is parametric; install \
                 sweethome3d-furniture or name a folder with --meshes: {}",
                options.mesh_folder.display()
            ),
        );
    }
    let problems = catalog.problems();
    if !problems.is_empty() {
        let named: Vec<String> =
            problems.iter().take(NAMED_PROBLEMS).map(|(what, why)| format!("{what} ({why})")).collect();
        reporter.warn(
            "meshes-skipped",
            format!(
                "{} meshes or libraries were left out, others stand in for them: {}{}",
                problems.len(),
                named.join(", "),
                if problems.len() > NAMED_PROBLEMS { ", …" } else { "" }
            ),
        );
    }
}

#[cfg(test)]
mod tests;
