//! What can stop stage 7.

use std::path::PathBuf;

/// Errors of the repair and of reading a scene.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The draft is too large to be a dwelling.
    #[error(
        "the draft has {count} {what}, more than the {limit} that are repaired; \
             raise the detector's confidence threshold or split the input"
    )]
    TooMany {
        /// Walls, objects ...
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many are accepted.
        limit: usize,
    },
    /// An option has no meaning.
    #[error("option physics.{name} is {value}; it must be {must}")]
    Option {
        /// Name of the field.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// A scene file could not be read.
    #[error("cannot read the scene: {source}; check the path and its permissions: {}", path.display())]
    Read {
        /// Cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A scene file is not JSON of the schema.
    #[error("not a scene: {source}; validate it against schema/scene.schema.json: {}", path.display())]
    Parse {
        /// Cause.
        source: serde_json::Error,
        /// The file.
        path: PathBuf,
    },
    /// A scene contradicts itself.
    #[error("invalid scene: {problem}")]
    Invalid {
        /// Which element, which rule, which value.
        problem: String,
    },
}
