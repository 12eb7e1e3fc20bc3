//! What is left to do: which items are done, which failed for good, which have to be done.
//!
//! An item is done when its outputs stand in the folder under the content key that it has now; the index says
//! so, or, when its row was lost in a killed run, the `item.json` beside the outputs. An item that failed for
//! good is left alone until its key changes, or the limit that it ran into was raised. When a done item's input
//! cannot be looked at any more, what was done stays done.

use super::digests::Digests;
use super::folder::{BatchFolder, DONE, REJECTED};
use super::index::Index;
use super::{Error, Item};
use crate::artifact;
use crate::worker::key::content_key;
use crate::worker::label::ITEM_FILE;
use crate::worker::{Job, Limits, ModelDigest, Row, Status, commit};
use rayon::prelude::*;
use std::path::Path;

/// Causes that a higher limit may take away.
pub const TIMED_OUT: &str = "timed-out";
/// See [`TIMED_OUT`].
pub const OUT_OF_MEMORY: &str = "out-of-memory";

/// What is to become of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It has to be done.
    Do,
    /// It is done; this is its row, as it should stand in the index.
    Done(Box<Row>),
    /// It failed for good before.
    Failed,
}

/// What decisions depend on beside the item.
pub struct Circumstances<'a> {
    /// The folder.
    pub folder: &'a BatchFolder,
    /// Its index.
    pub index: &'a Index,
    /// Digests of inputs.
    pub digests: &'a Digests,
    /// What all jobs share.
    pub template: &'a Job,
    /// Models that jobs use.
    pub models: &'a [ModelDigest],
    /// Limits of this call.
    pub limits: Limits,
    /// Everything is done anew.
    pub overwrite: bool,
}

/// Decides about every item. Inputs that were changed or are seen for the first time are read, several at once.
#[must_use]
pub fn decide(items: &[Item], circumstances: &Circumstances<'_>) -> Vec<Decision> {
    items.par_iter().map(|item| circumstances.of(item)).collect()
}

impl Circumstances<'_> {
    fn of(&self, item: &Item) -> Decision {
        if self.overwrite {
            return Decision::Do;
        }
        let row = self.index.row(&item.id);
        let places = BatchFolder::places(&item.id);
        let stands = places.iter().any(|place| self.folder.root().join(place).join(ITEM_FILE).is_file());
        let failed = row.filter(|row| row.status == Status::Failed && !self.limit_was_raised(row));
        if !stands && failed.is_none_or(|row| row.key.is_none()) {
            return Decision::Do;
        }
        let Some(key) = self.key(item) else {
            return self.done_by_row(row).unwrap_or(Decision::Do);
        };
        if failed.is_some_and(|row| row.key.as_ref() == Some(&key)) {
            return Decision::Failed;
        }
        let row = row.filter(|row| row.status.is_done() && row.key.as_ref() == Some(&key));
        self.done_by_row(row).or_else(|| self.done_by_folder(&places, &key)).unwrap_or(Decision::Do)
    }

    /// The key that the item has now; `None` when its input cannot be looked at.
    fn key(&self, item: &Item) -> Option<String> {
        let (sha256, _) = self.digests.of(item)?;
        let job = item.job(self.template, Path::new(""), Path::new(""));
        Some(content_key(&job, &sha256, self.models))
    }

    fn done_by_row(&self, row: Option<&Row>) -> Option<Decision> {
        let row = row.filter(|row| row.status.is_done())?;
        let place = row.folder.as_ref()?;
        let stands = self.folder.root().join(place).join(ITEM_FILE).is_file();
        stands.then(|| Decision::Done(Box::new(self.settled(row.clone()))))
    }

    /// The row that stands beside the outputs, when it has this key.
    fn done_by_folder(&self, places: &[String], key: &str) -> Option<Decision> {
        places.iter().find_map(|place| {
            let path = self.folder.root().join(place).join(ITEM_FILE);
            let row: Row = artifact::read_json(&path).ok()?;
            let fits = row.key.as_deref() == Some(key);
            fits.then(|| Decision::Done(Box::new(self.settled(Row { folder: Some(place.clone()), ..row }))))
        })
    }

    /// Its status by the least score of this call; the folder is still where it was.
    fn settled(&self, mut row: Row) -> Row {
        let least = self.template.min_score;
        let rejected = least.is_some_and(|least| row.score.is_none_or(|score| !(score >= least)));
        row.status = if rejected { Status::Rejected } else { Status::Ok };
        row
    }

    fn limit_was_raised(&self, row: &Row) -> bool {
        let Some(before) = row.limits else { return false };
        match row.cause.as_str() {
            TIMED_OUT => self.limits.seconds > before.seconds,
            OUT_OF_MEMORY => self.limits.memory_mib > before.memory_mib,
            _ => false,
        }
    }
}

/// Moves the outputs of a done item to where its status wants them and gives its row.
///
/// # Errors
/// When they cannot be moved.
pub fn relocated(folder: &BatchFolder, mut row: Row) -> Result<Row, Error> {
    let wanted = if row.status == Status::Rejected { REJECTED } else { DONE };
    let wanted = format!("{wanted}/{}", row.id);
    if let Some(place) = row.folder.take().filter(|place| *place != wanted) {
        let (from, to) = (folder.root().join(place), folder.root().join(&wanted));
        commit::relocate(&from, &to).map_err(|source| Error::Write { source, path: to })?;
    }
    row.folder = Some(wanted);
    Ok(row)
}
