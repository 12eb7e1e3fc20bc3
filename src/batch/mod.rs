//! Labelling of many clips: every item once, whatever dies on the way.
//!
//! Takes a list of items and a folder; leaves a folder of outputs for each good item and a row for every item.
//! Items run in worker processes (the protocol of [`crate::worker`]): a crash, a panic, a hang or too much memory
//! costs the item, not the batch. An item's outputs appear by one rename, its row after them; so a call that
//! was killed at any moment is continued by the same call, and nothing that was done is done again.
//!
//! | file | what it does |
//! |---|---|
//! | [`inputs`], [`lists`], [`lerobot`], [`table`] | what was typed becomes items |
//! | [`item`] | an item, its id, its shard |
//! | [`folder`] | the batch folder, locks, leftovers of killed runs |
//! | [`index`], [`parquet_index`] | rows, appended and merged; the same as Parquet |
//! | [`digests`], [`resume`] | what is done already |
//! | [`size`], [`child`] | how many workers; one worker process and its limits |
//! | [`run`], [`slot`], [`clerk`] | the batch itself; a worker's thread, with retries; the books, and when to stop |
//! | [`event`] | what it tells while it runs |

pub mod child;
pub mod clerk;
pub mod digests;
pub mod event;
pub mod folder;
pub mod index;
pub mod inputs;
pub mod item;
pub mod lerobot;
pub mod lists;
pub mod parquet_index;
pub mod resume;
pub mod run;
pub mod size;
pub mod slot;
pub mod table;

pub use crate::worker::{Limits, ModelDigest, Row, Status};
pub use clerk::Counts;
pub use event::{Event, Progress, Quiet};
pub use item::{Item, Shard};
pub use run::{Options, Outcome, Stopped, run};

use crate::fault::{self, Fault};
use std::path::PathBuf;

/// Why a batch cannot be begun or goes no further.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that was named is not there.
    #[error("the input does not exist; check the spelling: {}", .0.display())]
    MissingInput(PathBuf),
    /// Nothing to label.
    #[error("no video is there; check the spelling, or name the clips in a list (`--list`): {}", .0.display())]
    NoMatch(PathBuf),
    /// A list was given as a clip.
    #[error("this is a list, not a clip; give it with `--list`: {}", .0.display())]
    ListAsInput(PathBuf),
    /// A pattern cannot be understood.
    #[error("the pattern is not understood ({cause}); write it as in a shell: {pattern}")]
    Pattern {
        /// What is wrong.
        cause: String,
        /// The pattern.
        pattern: String,
    },
    /// A path has no text form.
    #[error("the path is not UTF-8 and cannot stand in an index; rename it: {}", .0.display())]
    NotUtf8(PathBuf),
    /// Two clips would have one folder.
    #[error(
        "two inputs have the id `{id}`; give the folder that holds both, or a list with a column `id`: {first} and {second}"
    )]
    SameId {
        /// The id.
        id: String,
        /// One input.
        first: String,
        /// The other.
        second: String,
    },
    /// A list cannot be understood.
    #[error("the list is not understood ({cause}); mend it, a list that is read in part leaves out clips: {}", path.display())]
    List {
        /// What is wrong, and where.
        cause: String,
        /// The list.
        path: PathBuf,
    },
    /// A LeRobot dataset cannot be used.
    #[error("the LeRobot dataset cannot be used ({cause}); bring it to format v3 with LeRobot's own converter: {}", path.display())]
    LeRobot {
        /// What is wrong.
        cause: String,
        /// The dataset.
        path: PathBuf,
    },
    /// Another process labels the same shard into the same folder.
    #[error("another batch works on shard {shard} of this folder; wait for its end, or give another folder: {}", path.display())]
    Busy {
        /// The shard.
        shard: String,
        /// The folder.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("cannot read ({source}); check that it exists and may be read: {}", path.display())]
    Read {
        /// Cause.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
    /// Writing failed.
    #[error("cannot write ({source}); check that the folder may be written and the disk has room: {}", path.display())]
    Write {
        /// Cause.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
    /// A file of the program's own cannot be written.
    #[error(transparent)]
    Artifact(#[from] crate::artifact::Error),
    /// A store does not give what was named.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The options or models cannot be used.
    #[error(transparent)]
    Pipeline(#[from] crate::pipeline::Error),
    /// No worker process can be started.
    #[error("no worker process can be started ({source}): {}", path.display())]
    Worker {
        /// Cause.
        source: std::io::Error,
        /// The program.
        path: PathBuf,
    },
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Busy { .. } | Self::Worker { .. } => Fault::Temporary,
            Self::Read { source, .. } | Self::Write { source, .. } if fault::is_temporary(source) => {
                Fault::Temporary
            }
            Self::Artifact(error) => fault::of_artifact(error),
            Self::Store(error) => error.fault(),
            Self::Pipeline(error) => fault::of(error),
            _ => Fault::Usage,
        }
    }
}
