//! The worker: one job a line in, one row a line out, models loaded once.
//!
//! This is the one protocol of everything that spreads work: `batch` speaks it with its own child processes,
//! and so does any engine that owns a process (`integrations/ray`). A [`Job`] says what to read and where the
//! outputs shall stand; the answer is a [`Row`] of the index. A job's folder appears by one rename, whole and
//! written through to the disk, with its row in `item.json`; a job that fails leaves nothing. A panic costs
//! one job. Nothing is retried here: who gives the jobs knows how often.
//!
//! | file | what it does |
//! |---|---|
//! | [`job`] | what one line of input says |
//! | [`row`] | what one line of output says |
//! | [`key`] | the content key, by which work that was done is known again |
//! | [`commit`] | staged folder, written through, renamed |
//! | [`label`] | one job: fetch, run, write, commit |
//! | [`serve`] | the loop over lines |
//! | [`confine`] | ends with its parent, within a memory limit |

pub mod commit;
pub mod confine;
pub mod job;
pub mod key;
pub mod label;
pub mod row;
pub mod serve;

pub use job::Job;
pub use label::Labeller;
pub use row::{Limits, ModelDigest, Row, Status};
pub use serve::serve;

/// Program and version, as rows and keys name it.
pub const PROGRAM: &str = concat!("roomwright ", env!("CARGO_PKG_VERSION"));
