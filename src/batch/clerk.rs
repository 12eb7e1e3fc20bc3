//! Keeps the books of a running batch: index, digests, counts, and whether to go on.
//!
//! Only the batch's own thread has a clerk, so rows are written one after the other.

use super::digests::{self, Digests};
use super::folder::BatchFolder;
use super::index::Index;
use super::resume::{self, Circumstances, Decision};
use super::{Error, Event, Item, Options, Progress, Row, Status, Stopped};
use crate::fault::{DISK_FULL, Fault};
use crate::worker::key::content_key;
use crate::worker::label::unix_time_s;
use crate::worker::{ModelDigest, commit};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Items in a row whose temporary fault outlasted all attempts, after which the batch stops: one may be bad
/// luck or one object, three are the store.
pub const STOP_AFTER: usize = 3;

/// How many items are in which state, those of earlier calls included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Good.
    pub ok: usize,
    /// Done, below the least score.
    pub rejected: usize,
    /// Failed for good.
    pub failed: usize,
    /// Failed for now.
    pub temporary: usize,
}

impl Counts {
    fn add(&mut self, status: Status) {
        *match status {
            Status::Ok => &mut self.ok,
            Status::Rejected => &mut self.rejected,
            Status::Failed => &mut self.failed,
            Status::Temporary => &mut self.temporary,
        } += 1;
    }
}

/// Keeps the books: index, digests, counts, and whether to go on.
pub struct Clerk<'a> {
    folder: &'a BatchFolder,
    index: Index,
    digests: Digests,
    models: &'a [ModelDigest],
    options: &'a Options,
    /// How many items are in which state.
    pub counts: Counts,
    finished: usize,
    to_do: usize,
    /// Temporary faults in a row.
    in_a_row: usize,
    /// Why the batch goes no further.
    pub stopped: Option<Stopped>,
}

impl<'a> Clerk<'a> {
    /// Begins with what earlier calls left.
    #[must_use]
    pub fn new(
        folder: &'a BatchFolder,
        index: Index,
        digests: Digests,
        models: &'a [ModelDigest],
        options: &'a Options,
    ) -> Self {
        Self {
            folder,
            index,
            digests,
            models,
            options,
            counts: Counts::default(),
            finished: 0,
            to_do: 0,
            in_a_row: 0,
            stopped: None,
        }
    }

    /// Sorts out what earlier calls have done, and brings index and folders in line with it. Gives the rest.
    ///
    /// # Errors
    /// When outputs cannot be moved or a row cannot be written.
    pub fn settle(&mut self, items: Vec<Item>) -> Result<Vec<Item>, Error> {
        let circumstances = Circumstances {
            folder: self.folder,
            index: &self.index,
            digests: &self.digests,
            template: &self.options.template,
            models: self.models,
            limits: self.options.limits,
            overwrite: self.options.overwrite,
        };
        let decisions = resume::decide(&items, &circumstances);
        let mut to_do = Vec::new();
        for (item, decision) in items.into_iter().zip(decisions) {
            match decision {
                Decision::Do => to_do.push(item),
                Decision::Failed => self.counts.add(Status::Failed),
                Decision::Done(row) => {
                    let row = resume::relocated(self.folder, *row)?;
                    self.counts.add(row.status);
                    if self.index.row(&row.id) != Some(&row) {
                        self.index.append(Row { finished_unix_s: unix_time_s(), ..row })?;
                    }
                }
            }
        }
        self.to_do = to_do.len();
        Ok(to_do)
    }

    /// Writes an item's row down and tells of it; false when the row could not be written.
    pub fn write_down(
        &mut self,
        item: &Item,
        stamp: Option<&str>,
        row: Row,
        began: Instant,
        progress: &dyn Progress,
    ) -> bool {
        let row = match self.filed(item, stamp, row) {
            Ok(row) => row,
            Err(error) => {
                progress.event(&Event::Warning { code: "row-unwritten", message: &error.to_string() });
                self.stop_for(&error);
                return false;
            }
        };
        self.counts.add(row.status);
        self.finished += 1;
        self.judge(&row);
        let each_s = began.elapsed().as_secs_f64() / self.finished as f64;
        progress.event(&Event::ItemFinished {
            id: &row.id,
            status: row.status.name(),
            code: row.code,
            cause: &row.cause,
            message: &row.message,
            score: row.score,
            seconds: row.seconds,
            finished: self.finished,
            to_do: self.to_do,
            eta_s: each_s * self.to_do.saturating_sub(self.finished) as f64,
        });
        true
    }

    /// Completes a row, removes what it makes out of date, and appends it to the index.
    fn filed(&mut self, item: &Item, stamp: Option<&str>, mut row: Row) -> Result<Row, Error> {
        row.finished_unix_s = unix_time_s();
        if row.input_sha256.is_none() && row.cause != "missing" {
            row.input_sha256 = self.digests.of(item).map(|(sha256, _)| sha256);
        }
        if row.key.is_none() && row.code != Fault::Usage.code() {
            let job = item.job(&self.options.template, Path::new(""), Path::new(""));
            row.key = row.input_sha256.as_deref().map(|sha256| content_key(&job, sha256, self.models));
        }
        let [done, rejected] = BatchFolder::places(&item.id);
        let out_of_date = match row.status {
            Status::Ok => vec![rejected.clone()],
            Status::Rejected => vec![done.clone()],
            // The clip was read and gives nothing: what it gave under another key is not its label any more.
            Status::Failed if row.key.is_some() => vec![done.clone(), rejected.clone()],
            Status::Failed | Status::Temporary => Vec::new(),
        };
        row.folder = match row.status {
            Status::Ok => Some(done),
            Status::Rejected => Some(rejected),
            Status::Failed | Status::Temporary => None,
        };
        for place in out_of_date {
            let path = self.folder.root().join(place);
            commit::remove(&path).map_err(|source| Error::Write { source, path })?;
        }
        if let (Some(before), Some(sha256)) = (stamp, &row.input_sha256)
            && digests::stamp(item).as_deref() == Some(before)
        {
            self.digests.remember(item, before, sha256)?;
        }
        self.index.append(row.clone())?;
        Ok(row)
    }

    /// Stops the batch when what happened to this item would happen to all.
    fn judge(&mut self, row: &Row) {
        if row.status != Status::Temporary {
            self.in_a_row = 0;
            return;
        }
        self.in_a_row += 1;
        if row.cause == DISK_FULL || self.in_a_row >= STOP_AFTER {
            let code = Fault::Temporary.code();
            self.stopped.get_or_insert_with(|| Stopped { code, reason: row.message.clone() });
        }
    }

    /// Stops the batch for what concerns all items.
    pub fn stop_for(&mut self, error: &Error) {
        let code = error.fault().code();
        self.stopped.get_or_insert_with(|| Stopped { code, reason: error.to_string() });
    }

    /// Puts the index in order; gives its paths, and stops the batch when that fails: its rows then stand as
    /// they came.
    pub fn finish(&mut self, progress: &dyn Progress) -> Option<[PathBuf; 2]> {
        match self.index.finish() {
            Ok(paths) => Some(paths),
            Err(error) => {
                progress.event(&Event::Warning { code: "index-unsorted", message: &error.to_string() });
                self.stop_for(&error);
                None
            }
        }
    }
}
