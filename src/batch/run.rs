//! The batch itself: what is left to do goes to worker processes, rows come back and are written down.
//!
//! One thread a worker hands out jobs and watches; this thread alone writes the index and tells what happens.
//! Temporary faults are tried again with growing waits. A full disk concerns every item, so it stops the batch;
//! so do [`super::clerk::STOP_AFTER`] items in a row that no attempt helped (a store that is down). What was not begun then is
//! left for the next call. Outputs do not depend on the number of workers.

use super::clerk::{Clerk, Counts};
use super::digests::Digests;
use super::folder::BatchFolder;
use super::index::Index;
use super::size::PoolSize;
use super::slot::{Message, Slot};
use super::{Error, Event, Item, Limits, Progress, Shard};
use crate::pipeline::Loaded;
use crate::worker::Job;
use crate::worker::label::digests as model_digests;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Instant;

/// What is asked of a batch.
#[derive(Debug, Clone)]
pub struct Options {
    /// The batch folder.
    pub output: PathBuf,
    /// Part of the list.
    pub shard: Shard,
    /// Do everything anew.
    pub overwrite: bool,
    /// Most worker processes.
    pub jobs: Option<usize>,
    /// Threads of each; its share of the cores when not given.
    pub threads: Option<usize>,
    /// Limits of an item.
    pub limits: Limits,
    /// Attempts at an item that meets temporary faults, at least 1.
    pub attempts: u32,
    /// Wait before the second attempt, seconds.
    pub first_wait_s: f64,
    /// What all jobs share: options, hints, models, formats, least score.
    pub template: Job,
    /// The program that is started as `worker`.
    pub program: PathBuf,
}

/// Why a batch stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the batch stopped: {reason}; what was done is kept, the same call goes on")]
pub struct Stopped {
    /// Exit code.
    pub code: u8,
    /// In words.
    pub reason: String,
}

/// How a batch ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How many items are in which state.
    pub counts: Counts,
    /// Items that were not begun, or whose row could not be written.
    pub left: usize,
    /// Why it stopped before its end.
    pub stopped: Option<Stopped>,
    /// The index, as lines and as Parquet; absent when they could not be put in order.
    pub index: Option<[PathBuf; 2]>,
}

/// Labels the items of the shard that are not done.
///
/// # Errors
/// When the batch cannot be begun: an unusable folder or model. What happens to items is told by rows.
pub fn run(items: Vec<Item>, options: &Options, progress: &dyn Progress) -> Result<Outcome, Error> {
    let started = Instant::now();
    let folder = BatchFolder::open(&options.output, options.shard)?;
    // A missing model ends the call before any work, and the digests belong to the key.
    let models = model_digests(Loaded::open(&options.template.options, &options.template.models)?.models());
    let index = Index::open(folder.root(), options.shard)?;
    let digests = Digests::open(&folder.own(), folder.label());
    let items: Vec<Item> = items.into_iter().filter(|item| options.shard.holds(&item.id)).collect();
    let all = items.len();
    let mut clerk = Clerk::new(&folder, index, digests, &models, options);
    let to_do = clerk.settle(items)?;
    let mut size = PoolSize::fit(options.jobs, to_do.len(), options.limits.memory_mib);
    size.threads = options.threads.unwrap_or(size.threads);
    progress.event(&Event::BatchStarted {
        items: all,
        done_before: clerk.counts.ok + clerk.counts.rejected,
        failed_before: clerk.counts.failed,
        to_do: to_do.len(),
        workers: size.workers,
        threads: size.threads,
        limited_by: size.limited_by,
        memory_mib: options.limits.memory_mib,
    });
    let left = label(to_do, size, &mut clerk, options, &folder.staging(), progress);
    let index = clerk.finish(progress);
    let Counts { ok, rejected, failed, temporary } = clerk.counts;
    let seconds = started.elapsed().as_secs_f64();
    progress.event(&Event::BatchFinished { ok, rejected, failed, temporary, left, seconds });
    Ok(Outcome { counts: clerk.counts, left, stopped: clerk.stopped, index })
}

/// Runs the items through the workers; gives the number of items that were not begun or not ended.
fn label(
    items: Vec<Item>,
    size: PoolSize,
    clerk: &mut Clerk<'_>,
    options: &Options,
    staging: &Path,
    progress: &dyn Progress,
) -> usize {
    let mut left = items.len();
    if items.is_empty() {
        return 0;
    }
    let queue = Mutex::new(VecDeque::from(items));
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let (sender, messages) = channel();
        for worker in 0..size.workers {
            let slot =
                Slot { worker, threads: size.threads, options, staging, stop: &stop, sender: sender.clone() };
            let queue = &queue;
            scope.spawn(move || slot.work(queue));
        }
        drop(sender);
        for message in messages {
            match message {
                Message::WorkerStarted { worker, pid } => {
                    progress.event(&Event::WorkerStarted { worker, pid });
                }
                Message::Started { id, worker, pid, attempt } => {
                    progress.event(&Event::ItemStarted { id: &id, worker, pid, attempt });
                }
                Message::Waits { row, attempt, wait_s } => progress.event(&Event::ItemWaits {
                    id: &row.id,
                    attempt,
                    cause: &row.cause,
                    message: &row.message,
                    wait_s,
                }),
                Message::Ended { item, stamp, row } => {
                    if clerk.write_down(&item, stamp.as_deref(), *row, began, progress) {
                        left -= 1;
                    }
                }
                Message::NoWorker(error) => clerk.stop_for(&error),
            }
            if clerk.stopped.is_some() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    left
}
