//! The list of a furniture library: what a model is called, how large it is and who made it.
//!
//! Format: `key#number=value` lines of `PluginFurnitureCatalog.properties` (Sweet Home 3D); sizes
//! in centimetres, `modelRotation` nine numbers of a matrix by rows.

use super::source::{LIST, Source};
use super::{MeshSplit, kinds};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Every n-th model serves validation only.
const VALIDATION_EVERY: u64 = 5;
/// Sizes outside this are no furniture, metres.
const SIZE_RANGE_M: (f64, f64) = (0.01, 4.0);

/// A model of a library.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Identifier, unique over libraries.
    pub id: String,
    /// English name.
    pub name: String,
    /// Width, depth and height, metres.
    pub size_m: [f64; 3],
    /// Who made it.
    pub creator: String,
    /// Licence of its library.
    pub license: String,
    /// Name of its library.
    pub library: String,
    /// Path of the mesh in its library.
    pub path: String,
    /// Rotation of the file's axes by rows.
    pub rotation: [f64; 9],
    /// Quarter turns that bring its front to local −y, from the table of kinds.
    pub quarter_turns: u8,
    /// Index of its library.
    pub source: usize,
}

impl Entry {
    /// The model is kept out of training.
    #[must_use]
    pub fn is_validation(&self) -> bool {
        let digest = Sha256::digest(self.id.as_bytes());
        let head = digest.iter().take(8).fold(0u64, |n, byte| (n << 8) | u64::from(*byte));
        head % VALIDATION_EVERY == 0
    }

    /// The split admits the model.
    #[must_use]
    pub fn is_in(&self, split: MeshSplit) -> bool {
        match split {
            MeshSplit::None => false,
            MeshSplit::Training => !self.is_validation(),
            MeshSplit::Validation => self.is_validation(),
            MeshSplit::All => true,
        }
    }
}

/// Entries of a library whose names the table of kinds knows.
///
/// # Errors
/// The reason in words when the list cannot be read.
pub fn read(source: &Source, source_idx: usize) -> Result<Vec<Entry>, String> {
    let bytes = source.read(LIST)?;
    let pairs: BTreeMap<String, String> =
        java_properties::read(bytes.as_slice()).map_err(|e| e.to_string())?.into_iter().collect();
    let of_library = |key: &str| pairs.get(key).cloned().unwrap_or_default();
    let (license, library) = (of_library("license"), of_library("name"));
    let ids = pairs.iter().filter_map(|(key, id)| key.strip_prefix("id#").map(|number| (number, id)));
    let entries = ids.filter_map(|(number, id)| {
        let value = |key: &str| pairs.get(&format!("{key}#{number}")).map(|v| v.trim());
        let metres = |key: &str| value(key)?.parse::<f64>().ok().map(|cm| cm / 100.0);
        let size_m = [metres("width")?, metres("depth")?, metres("height")?];
        let name = value("name")?.to_owned();
        let usual = size_m.iter().all(|s| (SIZE_RANGE_M.0..SIZE_RANGE_M.1).contains(s));
        if !usual || value("doorOrWindow") == Some("true") || !kinds::is_known(&name, id) {
            return None;
        }
        let quarter_turns = kinds::quarter_turns(id);
        let size_m = if quarter_turns % 2 == 1 { [size_m[1], size_m[0], size_m[2]] } else { size_m };
        Some(Entry {
            id: id.clone(),
            name,
            size_m,
            creator: value("creator").unwrap_or("unknown").to_owned(),
            license: license.clone(),
            library: library.clone(),
            path: value("model")?.to_owned(),
            rotation: rotation(value("modelRotation"))?,
            quarter_turns,
            source: source_idx,
        })
    });
    Ok(entries.collect())
}

/// The matrix of `modelRotation`; `None` when it is malformed.
fn rotation(text: Option<&str>) -> Option<[f64; 9]> {
    let Some(text) = text else { return Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]) };
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    numbers.try_into().ok()
}
