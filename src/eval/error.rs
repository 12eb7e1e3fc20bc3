//! What can go wrong when prediction and truth are read and compared.

use std::path::{Path, PathBuf};

/// Result of an evaluation.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a score could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read: {source}; check that it exists and is readable: {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line of a text file is not what it should be.
    #[error("line {line}: {reason}; mend the line: {}", path.display())]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong, with the text found.
        reason: String,
        /// The file; empty for text that came from no file.
        path: PathBuf,
    },
    /// The content as a whole cannot be used.
    #[error("{reason}: {}", path.display())]
    Content {
        /// Cause, measured value and remedy.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// A `scene.json` could not be used.
    #[error(transparent)]
    Scene(#[from] crate::physics::Error),
    /// A point cloud could not be used.
    #[error(transparent)]
    Cloud(#[from] crate::cloud::ply::Error),
    /// Prediction and truth cannot be compared.
    #[error("{0}")]
    Incomparable(String),
}

impl Error {
    /// The same error with the path of the file it came from.
    #[must_use]
    pub fn at(mut self, file: &Path) -> Self {
        match &mut self {
            Self::Read { path, .. } | Self::Line { path, .. } | Self::Content { path, .. } => {
                *path = file.to_owned();
            }
            Self::Scene(_) | Self::Cloud(_) | Self::Incomparable(_) => {}
        }
        self
    }
}

/// Reads a text file.
///
/// # Errors
/// [`Error::Read`] when the system refuses; also when the file is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}
