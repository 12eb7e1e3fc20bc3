//! What can go wrong when a scene is written.

use std::path::PathBuf;

/// Errors of stage 8.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot write: {source}; check free space and permissions: {}", path.display())]
    Write {
        /// Cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// There is no exporter of this name.
    #[error("there is no export format `{name}`; formats are {known}")]
    UnknownFormat {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The format cannot hold this scene.
    #[error("the scene cannot be written as {format}: {problem}")]
    Unwritable {
        /// Format.
        format: &'static str,
        /// Cause and numbers.
        problem: String,
    },
}
