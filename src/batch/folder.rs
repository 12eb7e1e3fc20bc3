//! The batch folder: what lies where, who may write, and what killed runs left.
//!
//! | name | content |
//! |---|---|
//! | `items/ID/` | outputs of an item, with `item.json` |
//! | `rejected/ID/` | the same, below `--min-score` |
//! | `index.jsonl`, `index-i-of-n.jsonl` | rows, of the whole list and of shards ([`super::index`]) |
//! | `index.parquet`, `index-i-of-n.parquet` | the same, made at the end |
//! | `.batch/` | the program's own: locks, digests of inputs, folders in the making |
//!
//! One process at a time works on a shard; a lock that ends with its process sees to it. Folders in the making
//! belong to a shard and are removed by its next call, or by one on the whole list: their run was killed.

use super::{Error, Shard};
use crate::worker::commit;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Outputs of good items.
pub const DONE: &str = "items";
/// Outputs below the least score.
pub const REJECTED: &str = "rejected";
/// The program's own folder.
const OWN: &str = ".batch";
/// Folders in the making, by shard.
const STAGING: &str = "staging";

/// A batch folder that this process may write its shard of.
#[derive(Debug)]
pub struct BatchFolder {
    root: PathBuf,
    label: String,
    /// Held as long as the batch; `None` where the file system has no locks.
    _lock: Option<File>,
}

impl BatchFolder {
    /// Makes the folder when it is not there, takes the shard's lock and removes what killed runs left.
    ///
    /// # Errors
    /// When it cannot be written, or another process works on this shard.
    pub fn open(root: &Path, shard: Shard) -> Result<Self, Error> {
        let own = root.join(OWN);
        let unwritable = |source| Error::Write { source, path: root.to_owned() };
        fs::create_dir_all(own.join(STAGING)).map_err(unwritable)?;
        // A folder that may not be written is found out now, not after the first clip.
        tempfile::tempfile_in(&own).map_err(unwritable)?;
        let label = shard.label();
        let lock = match lock(&own, &label)? {
            Lock::Taken(file) => Some(file),
            Lock::Unsupported => None,
            Lock::Busy => return Err(Error::Busy { shard: label, path: root.to_owned() }),
        };
        let folder = Self { root: root.to_owned(), label, _lock: lock };
        folder.remove_leftovers()?;
        Ok(folder)
    }

    /// Its path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The program's own folder.
    #[must_use]
    pub fn own(&self) -> PathBuf {
        self.root.join(OWN)
    }

    /// Label of the shard.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Folder for this shard's folders in the making.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.own().join(STAGING).join(&self.label)
    }

    /// The places where outputs of an item may lie, relative to the folder.
    #[must_use]
    pub fn places(id: &str) -> [String; 2] {
        [format!("{DONE}/{id}"), format!("{REJECTED}/{id}")]
    }

    /// Removes this shard's folders in the making; a call on the whole list removes those of every shard whose
    /// lock is free.
    fn remove_leftovers(&self) -> Result<(), Error> {
        let removed = |path: &Path| {
            commit::remove(path).map_err(|source| Error::Write { source, path: path.to_owned() })
        };
        removed(&self.staging())?;
        if self.label != Shard::WHOLE.label() {
            return Ok(());
        }
        let staging = self.own().join(STAGING);
        let entries =
            fs::read_dir(&staging).map_err(|source| Error::Read { source, path: staging.clone() })?;
        for entry in entries.flatten() {
            let label = entry.file_name().to_string_lossy().into_owned();
            if let Lock::Taken(_until_removed) = lock(&self.own(), &label)? {
                removed(&entry.path())?;
            }
        }
        Ok(())
    }
}

enum Lock {
    Taken(File),
    Busy,
    Unsupported,
}

fn lock(own: &Path, label: &str) -> Result<Lock, Error> {
    let path = own.join(format!("lock-{label}"));
    let file = File::create(&path).map_err(|source| Error::Write { source, path: path.clone() })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock::Taken(file)),
        Err(Errno::WOULDBLOCK) => Ok(Lock::Busy),
        // Some network file systems have none.
        Err(Errno::NOSYS | Errno::NOTSUP | Errno::NOLCK | Errno::INVAL) => Ok(Lock::Unsupported),
        Err(errno) => Err(Error::Write { source: errno.into(), path }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_works_on_a_shard() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let first = BatchFolder::open(root.path(), Shard::WHOLE).expect("opened");
        assert!(matches!(BatchFolder::open(root.path(), Shard::WHOLE), Err(Error::Busy { .. })));
        let other = BatchFolder::open(root.path(), Shard { index: 0, of: 2 });
        assert!(other.is_ok(), "shards share the folder");
        drop(first);
        assert!(BatchFolder::open(root.path(), Shard::WHOLE).is_ok());
    }

    #[test]
    fn leftovers_of_killed_runs_go_and_those_of_running_ones_stay() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let running = BatchFolder::open(root.path(), Shard { index: 0, of: 2 }).expect("opened");
        let killed = BatchFolder::open(root.path(), Shard { index: 1, of: 2 }).expect("opened");
        for folder in [&running, &killed] {
            fs::create_dir_all(folder.staging().join("a/out")).expect("made");
        }
        let (stays, goes) = (running.staging(), killed.staging());
        drop(killed);
        BatchFolder::open(root.path(), Shard::WHOLE).expect("opened");
        assert!(stays.is_dir() && !goes.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_a_wrong_call() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::write(root.path().join("file"), "x").expect("written");
        let error = BatchFolder::open(&root.path().join("file/out"), Shard::WHOLE).expect_err("no folder");
        assert_eq!(error.fault().code(), 2, "{error}");
    }
}
