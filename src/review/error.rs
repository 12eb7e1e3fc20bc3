//! What can go wrong with the gallery and the server.

use crate::fault::{self, Fault};
use crate::{artifact, batch, export, viewer};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Errors of the gallery and of the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    Artifact(#[from] artifact::Error),
    /// `review.jsonl` could not be written.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// The page of a run.
    #[error(transparent)]
    Page(#[from] viewer::Error),
    /// The index of a batch.
    #[error(transparent)]
    Index(#[from] batch::Error),
    /// A row of an index points out of its batch.
    #[error(
        "the folder `{place}` of the item `{id}` does not lie in the batch folder; mend its row of the index: {}",
        path.display()
    )]
    Outside {
        /// The item.
        id: String,
        /// Its folder as written.
        place: String,
        /// The batch folder.
        path: PathBuf,
    },
    /// A line of `review.jsonl` is not what it should be.
    #[error("line {line}: {reason}; mend or delete the line: {}", path.display())]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// The folder is neither a run's nor a batch's.
    #[error(
        "no scene.json, view.html or index.jsonl in it; give the folder that `run -o` or `batch -o` wrote: {}",
        path.display()
    )]
    NothingToShow {
        /// The folder.
        path: PathBuf,
    },
    /// The port cannot be had.
    #[error(
        "cannot listen on {address}: {cause}; give another port with `--port`, or `--port 0` for any free one"
    )]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Cause.
        cause: String,
    },
    /// The server cannot go on.
    #[error("the server stopped: {0}")]
    Serve(std::io::Error),
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Artifact(error) => fault::of_artifact(error),
            Self::Page(error) => fault::of_viewer(error),
            Self::Index(error) => error.fault(),
            Self::Outside { .. } | Self::Line { .. } => Fault::Input,
            Self::NothingToShow { .. } | Self::Bind { .. } => Fault::Usage,
            Self::Export(_) | Self::Serve(_) => Fault::Temporary,
        }
    }
}
