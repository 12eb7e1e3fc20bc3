//! One worker's thread: takes items from the queue, hands them to its process, tries again after temporary faults.
//!
//! The process lives as long as it answers; one that crashed, was killed, took too long or too much memory is
//! replaced before the next item. The thread must outlive its process: the kernel ends a worker when the thread
//! that started it ends.

use super::child::{Ended, Worker};
use super::resume::{OUT_OF_MEMORY, TIMED_OUT};
use super::{Error, Item, Options, Row, Status, digests};
use crate::fault::Fault;
use crate::worker::{Job, commit};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Each wait is so many times the one before, up to the longest.
const WAIT_GROWTH: f64 = 2.0;
const LONGEST_WAIT_S: f64 = 60.0;
/// How long a waiting thread sleeps before it looks whether the batch has stopped.
const NAP: Duration = Duration::from_millis(100);

/// What a worker's thread tells.
pub enum Message {
    /// A process was started.
    WorkerStarted {
        /// Which worker.
        worker: usize,
        /// Its process.
        pid: u32,
    },
    /// An item was handed out.
    Started {
        /// Item.
        id: String,
        /// Which worker.
        worker: usize,
        /// Its process.
        pid: u32,
        /// From 1.
        attempt: u32,
    },
    /// A temporary fault; another attempt follows.
    Waits {
        /// What went wrong.
        row: Box<Row>,
        /// Attempts so far.
        attempt: u32,
        /// Seconds until the next.
        wait_s: f64,
    },
    /// An item has ended, well or not.
    Ended {
        /// Item.
        item: Item,
        /// Its stamp before it was read.
        stamp: Option<String>,
        /// How it went.
        row: Box<Row>,
    },
    /// No process can be started; the item was not begun.
    NoWorker(Error),
}

/// One worker's thread: takes items from the queue until it is empty or the batch stops.
pub struct Slot<'a> {
    /// Which worker, from 0.
    pub worker: usize,
    /// Threads of its process.
    pub threads: usize,
    /// What is asked.
    pub options: &'a Options,
    /// Folder for folders in the making.
    pub staging: &'a Path,
    /// The batch stops.
    pub stop: &'a AtomicBool,
    /// Who is told.
    pub sender: Sender<Message>,
}

impl Slot<'_> {
    /// Works until the queue is empty or the batch stops.
    pub fn work(&self, queue: &Mutex<VecDeque<Item>>) {
        let mut process: Option<Worker> = None;
        while !self.stop.load(Ordering::Relaxed) {
            let item = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(item) = item else { return };
            let stamp = digests::stamp(&item);
            match self.label(&item, &mut process) {
                Ok(row) => self.tell(Message::Ended { item, stamp, row: Box::new(row) }),
                Err(error) => return self.tell(Message::NoWorker(error)),
            }
        }
    }

    fn tell(&self, message: Message) {
        // The receiver outlives every sender; a send that fails means that the batch panicked.
        let _ = self.sender.send(message);
    }

    /// All attempts at an item. The last row says how it went.
    fn label(&self, item: &Item, process: &mut Option<Worker>) -> Result<Row, Error> {
        let job = item.job(&self.options.template, &self.options.output, self.staging);
        let mut attempt = 1;
        loop {
            let mut row = self.attempt(item, &job, process, attempt)?;
            row.attempts = attempt;
            row.limits = Some(self.options.limits);
            let again = row.status == Status::Temporary && attempt < self.options.attempts;
            if !again || self.stop.load(Ordering::Relaxed) {
                return Ok(row);
            }
            let wait_s = self.options.first_wait_s * WAIT_GROWTH.powi(attempt as i32 - 1);
            let wait_s = wait_s.clamp(0.0, LONGEST_WAIT_S);
            self.tell(Message::Waits { row: Box::new(row), attempt, wait_s });
            self.wait(wait_s);
            attempt += 1;
        }
    }

    fn wait(&self, seconds: f64) {
        let started = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let left_s = seconds - started.elapsed().as_secs_f64();
            if left_s <= 0.0 {
                return;
            }
            std::thread::sleep(NAP.min(Duration::from_secs_f64(left_s)));
        }
    }

    fn attempt(
        &self,
        item: &Item,
        job: &Job,
        process: &mut Option<Worker>,
        attempt: u32,
    ) -> Result<Row, Error> {
        let limits = self.options.limits;
        let mut worker = match process.take() {
            Some(worker) => worker,
            None => {
                let program = &self.options.program;
                let started = Worker::start(program, self.threads, limits)
                    .map_err(|source| Error::Worker { source, path: program.clone() })?;
                self.tell(Message::WorkerStarted { worker: self.worker, pid: started.pid() });
                started
            }
        };
        let (id, pid) = (item.id.clone(), worker.pid());
        self.tell(Message::Started { id, worker: self.worker, pid, attempt });
        let began = Instant::now();
        let ended = worker.ask(job, limits);
        if let Ended::Answered(row) = ended {
            *process = Some(worker);
            return Ok(*row);
        }
        drop(worker);
        // What the process had begun to write; it is gone, so nobody writes any more.
        if let Some(staged) = &job.staging {
            let _ = commit::remove(staged);
        }
        Ok(self.broken(job, &ended, began.elapsed().as_secs_f64()))
    }

    /// The row of an item whose worker gave no answer.
    fn broken(&self, job: &Job, ended: &Ended, seconds: f64) -> Row {
        let limits = self.options.limits;
        let mut row = Row::of(job);
        let (fault, cause, message) = match ended {
            Ended::TimedOut => (
                Fault::Input,
                TIMED_OUT,
                format!(
                    "not done after {seconds:.0} s; raise `--item-seconds` ({:.0}) or cut the clip: {}",
                    limits.seconds, job.input
                ),
            ),
            Ended::OutOfMemory(mib) => {
                let took = mib.map_or_else(|| "more than allowed".to_owned(), |mib| format!("{mib} MiB"));
                let message = format!(
                    "the worker took {took}; raise `--item-memory` ({} MiB), or lower `video.max_side_px` or \
                     `video.max_fps`: {}",
                    limits.memory_mib, job.input
                );
                (Fault::Input, OUT_OF_MEMORY, message)
            }
            Ended::Killed => (
                Fault::Temporary,
                "killed",
                format!(
                    "the worker was killed from outside; the machine may be short of memory: {}",
                    job.input
                ),
            ),
            Ended::Died(how) => (
                Fault::Input,
                "crashed",
                format!("{how}; this is a mistake of the program, please report it: {}", job.input),
            ),
            Ended::Answered(_) => return row,
        };
        row.status = if fault == Fault::Temporary { Status::Temporary } else { Status::Failed };
        row.code = fault.code();
        row.cause = cause.to_owned();
        row.message = message;
        row.seconds = seconds;
        row
    }
}
