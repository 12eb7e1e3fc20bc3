//! What a running batch tells: events for a progress display or as JSON lines.

use serde::Serialize;

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// The list is read and what is left to do is known.
    BatchStarted {
        /// Items of this call (of its shard).
        items: usize,
        /// Of these, done by earlier calls.
        done_before: usize,
        /// Of these, failed for good in earlier calls.
        failed_before: usize,
        /// What is left.
        to_do: usize,
        /// Worker processes.
        workers: usize,
        /// Threads of each.
        threads: usize,
        /// What set the number of workers: `jobs`, `cores`, `memory` or `items`.
        limited_by: &'static str,
        /// Limit of an item's memory, MiB.
        memory_mib: u64,
    },
    /// A worker process was started.
    WorkerStarted {
        /// Which, from 0.
        worker: usize,
        /// Its process.
        pid: u32,
    },
    /// An item was handed to a worker.
    ItemStarted {
        /// Item.
        id: &'a str,
        /// Which worker.
        worker: usize,
        /// Its process.
        pid: u32,
        /// From 1.
        attempt: u32,
    },
    /// A temporary fault: the item is tried again after a wait.
    ItemWaits {
        /// Item.
        id: &'a str,
        /// Attempts so far.
        attempt: u32,
        /// Name of the cause.
        cause: &'a str,
        /// In words.
        message: &'a str,
        /// Seconds until the next attempt.
        wait_s: f64,
    },
    /// An item's row stands in the index.
    ItemFinished {
        /// Item.
        id: &'a str,
        /// `ok`, `rejected`, `failed` or `temporary`.
        status: &'static str,
        /// Exit code.
        code: u8,
        /// Name of the cause; empty when done.
        cause: &'a str,
        /// In words; empty when done.
        message: &'a str,
        /// Quality.
        score: Option<f64>,
        /// Wall time of the last attempt, seconds.
        seconds: f64,
        /// Items finished by this call.
        finished: usize,
        /// Items that this call had to do.
        to_do: usize,
        /// Estimated seconds until the end.
        eta_s: f64,
    },
    /// Something that the user should know and that stops nothing.
    Warning {
        /// Kebab-case.
        code: &'static str,
        /// In words.
        message: &'a str,
    },
    /// The batch ends.
    BatchFinished {
        /// Good items, those of earlier calls included.
        ok: usize,
        /// Below the least score.
        rejected: usize,
        /// Failed for good.
        failed: usize,
        /// Failed for now.
        temporary: usize,
        /// Not begun, because the batch stopped.
        left: usize,
        /// Wall time of this call, seconds.
        seconds: f64,
    },
}

/// Where events go.
pub trait Progress {
    /// Receives one event.
    fn event(&self, event: &Event<'_>);
}

/// Drops every event.
#[derive(Debug, Default, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn event(&self, _event: &Event<'_>) {}
}
