//! What can go wrong with the pages.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Errors of the pages and their server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    Artifact(#[from] crate::artifact::Error),
    /// The GLB could not be made, or a file not be written.
    #[error(transparent)]
    Export(#[from] crate::export::Error),
    /// `scene.json` could not be read.
    #[error(transparent)]
    Scene(#[from] crate::physics::Error),
    /// `cloud.ply` could not be read.
    #[error(transparent)]
    Cloud(#[from] crate::cloud::ply::Error),
    /// `trajectory.tum` could not be read.
    #[error(transparent)]
    Trajectory(#[from] crate::eval::Error),
    /// The frames could not be read again.
    #[error(transparent)]
    Video(#[from] crate::video::Error),
    /// A line of an index or of `review.jsonl` is not what it should be.
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
