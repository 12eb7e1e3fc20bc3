//! Errors of the synthetic world.

use std::path::PathBuf;

/// Why synthetic data could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text file cannot be written.
    #[error(transparent)]
    Export(#[from] crate::export::Error),
    /// A point cloud cannot be written.
    #[error(transparent)]
    Cloud(#[from] crate::cloud::ply::Error),
    /// Labelled scans cannot be read.
    #[error(transparent)]
    Scans(#[from] crate::layout::labelled::Error),
    /// A clip cannot be encoded.
    #[error(transparent)]
    Video(#[from] crate::video::Error),
    /// An image cannot be written.
    #[error("the image cannot be written ({source}); check free space and rights: {}", path.display())]
    Image {
        /// The cause.
        source: image::ImageError,
        /// The file.
        path: PathBuf,
    },
    /// A folder or file cannot be made.
    #[error("the output cannot be written ({source}); check free space and rights: {}", path.display())]
    Write {
        /// The cause.
        source: std::io::Error,
        /// The folder or file.
        path: PathBuf,
    },
    /// A value has no JSON form.
    #[error("the truth has no JSON form ({0}); this is a mistake of the generator, please report the seed")]
    Json(String),
    /// The house has no floor to walk on.
    #[error(
        "the house of seed {seed} has no floor wide enough for a walk ({items} items); take another seed or less clutter"
    )]
    NoWalk {
        /// The seed.
        seed: u64,
        /// Items in the house.
        items: usize,
    },
    /// The options contradict each other.
    #[error("{what} is {value}; it must be {needed}")]
    Options {
        /// The option.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        needed: &'static str,
    },
    /// Training shards cannot be serialised.
    #[error(
        "the shard cannot be serialised ({0}); this is a mistake of the generator, please report the seed"
    )]
    Shard(String),
}
