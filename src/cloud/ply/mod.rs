//! Point clouds as PLY files: reading anybody's, writing ours.
//!
//! Frame and unit are those of the file: PLY does not say. The parsing is `ply-rs-bw`'s (kept, no
//! panics on bad files, element-wise); what a property means is decided here.

mod read;
mod write;

pub use read::{Contents, read, read_from};
pub use write::{write, write_to};

use std::path::PathBuf;

/// Why a PLY file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot {action} the point cloud: {source}: {}", path.display())]
    Io {
        /// `open`, `create` or `write`.
        action: &'static str,
        /// The cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The header is not PLY.
    #[error("not a PLY header: {reason}; export the cloud as PLY with x, y, z per vertex: {}", path.display())]
    Header {
        /// What the parser found.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// No vertex element with x, y and z.
    #[error("no element `vertex` with properties x, y, z (found: {found}); export the cloud with coordinates: {}", path.display())]
    NoCoordinates {
        /// Elements and properties that there are.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// An element could not be read: the file is truncated or malformed.
    #[error("{element} {index} of {count} cannot be read ({reason}); the file is cut short or damaged, write it again: {}", path.display())]
    Payload {
        /// Element name.
        element: String,
        /// Index of the bad one.
        index: usize,
        /// How many the header promises.
        count: usize,
        /// What the parser found.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// Nothing to work with.
    #[error("no usable point: {count} vertices, {not_finite} with coordinates that are not finite: {}", path.display())]
    Empty {
        /// Vertices that the header promises.
        count: usize,
        /// Dropped ones.
        not_finite: usize,
        /// The file.
        path: PathBuf,
    },
}
