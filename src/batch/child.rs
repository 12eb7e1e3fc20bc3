//! One worker process, seen from its parent: started, asked, watched, and ended when it does not end itself.
//!
//! The parent looks at the worker's memory while it waits for the answer, and at the clock. Whatever becomes of
//! the process is told as what [`Ended`] says; the caller makes a row of it and starts another process.

use super::size::resident_mib;
use crate::worker::{Job, Limits, Row};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often memory and clock are looked at: a process that takes memory as fast as it can gets a few hundred
/// MiB further between two looks, and the kernel's backstop is above that.
const WATCH: Duration = Duration::from_millis(100);
/// Bytes kept of what a worker said last on stderr.
const TAIL_BYTES: usize = 2000;
/// Time that a worker has to end by itself when no more jobs come.
const FAREWELL: Duration = Duration::from_secs(2);
/// What the runtime says before it ends a process that got no memory.
const NO_MEMORY: &str = "memory allocation of";

/// A running worker process.
#[derive(Debug)]
pub struct Worker {
    process: Child,
    input: Option<ChildStdin>,
    answers: Receiver<io::Result<String>>,
    tail: Arc<Mutex<VecDeque<u8>>>,
    /// Reads stderr until the process has ended.
    listener: Option<JoinHandle<()>>,
}

/// How a job ended.
#[derive(Debug)]
pub enum Ended {
    /// With an answer.
    Answered(Box<Row>),
    /// It took too long; the process was ended.
    TimedOut,
    /// It took too much memory, MiB as far as known; the process was ended or ended itself.
    OutOfMemory(Option<u64>),
    /// The process was ended by SIGKILL from outside: the system's memory was low, or somebody did it.
    Killed,
    /// The process ended itself, or spoke nonsense: how, and what it said last.
    Died(String),
}

impl Worker {
    /// Starts a worker.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(program: &Path, threads: usize, limits: Limits) -> io::Result<Self> {
        let mut process = Command::new(program)
            .arg("worker")
            .args(["--threads", &threads.to_string()])
            .args(["--memory", &limits.memory_mib.to_string()])
            .args(["--parent", &std::process::id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let piped = "because all three streams are piped";
        let input = process.stdin.take().expect(piped);
        let output = process.stdout.take().expect(piped);
        let errors = process.stderr.take().expect(piped);
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&tail);
        let listener = Some(std::thread::spawn(move || keep_tail(errors, &kept)));
        Ok(Self { process, input: Some(input), answers, tail, listener })
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Gives a job and waits until it has ended. After anything but an answer the process is no more.
    pub fn ask(&mut self, job: &Job, limits: Limits) -> Ended {
        let started = Instant::now();
        if let Err(cause) = self.send(job) {
            return self.dead(&format!("it takes no job ({cause})"));
        }
        loop {
            match self.answers.recv_timeout(WATCH) {
                Ok(Ok(line)) => {
                    return match serde_json::from_str(&line) {
                        Ok(row) => Ended::Answered(Box::new(row)),
                        Err(cause) => self.dead(&format!("its answer is no row ({cause})")),
                    };
                }
                Ok(Err(cause)) => return self.dead(&format!("its answer cannot be read ({cause})")),
                Err(RecvTimeoutError::Disconnected) => return self.dead(""),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if started.elapsed().as_secs_f64() > limits.seconds {
                self.end();
                return Ended::TimedOut;
            }
            if let Some(mib) = resident_mib(self.pid()).filter(|&mib| mib > limits.memory_mib) {
                self.end();
                return Ended::OutOfMemory(Some(mib));
            }
        }
    }

    fn send(&mut self, job: &Job) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        input.write_all(&line)?;
        input.flush()
    }

    /// What became of a process that does not answer any more.
    fn dead(&mut self, why: &str) -> Ended {
        // A process that speaks nonsense is still there: it is ended, and its end tells nothing.
        let by_itself = why.is_empty();
        if !by_itself {
            let _ = self.process.kill();
        }
        let status = self.process.wait();
        if let Some(listener) = self.listener.take() {
            // Its last words are complete now. A reader that panicked has nothing to tell.
            let _ = listener.join();
        }
        let said = self.said();
        match status {
            _ if said.contains(NO_MEMORY) => Ended::OutOfMemory(None),
            Ok(status) if by_itself && status.signal() == Some(KILL) => Ended::Killed,
            Ok(status) if by_itself => Ended::Died(format!("{}{said}", how(status))),
            Ok(_) => Ended::Died(format!("{why}{said}")),
            Err(cause) => Ended::Died(format!("its end cannot be known ({cause}){said}")),
        }
    }

    /// The last words, as `; it said: ...`.
    fn said(&self) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() { text } else { format!("; it said: {text}") }
    }

    /// Ends the process at once and waits until it is gone, so that nobody writes any more.
    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// SIGKILL's number, the same on every Unix.
const KILL: i32 = 9;

fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("the process was ended by signal {signal}"),
        (None, Some(code)) => format!("the process ended with code {code}"),
        (None, None) => "the process ended".to_owned(),
    }
}

fn keep_tail(mut errors: impl Read, tail: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = errors.read(&mut buffer) {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(&buffer[..count]);
        let excess = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..excess);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A worker whose input ends is done; one that is not is made to end.
        drop(self.input.take());
        let started = Instant::now();
        while started.elapsed() < FAREWELL {
            match self.answers.recv_timeout(WATCH) {
                Err(RecvTimeoutError::Disconnected) => break,
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
        }
        self.end();
    }
}
