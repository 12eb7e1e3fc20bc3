//! One row of the index: what became of one item.
//!
//! The same row stands in `index.jsonl` (one JSON object a line), in `index.parquet` (flat columns) and,
//! for an item that wrote files, in `item.json` of its folder, from which a lost index is rebuilt.
//!
//! | field | meaning |
//! |---|---|
//! | `id` | name of the item, unique in the batch folder; safe as a file name |
//! | `input` | what was labelled: path or address as it was listed |
//! | `start_s`, `end_s` | part of the clip in seconds; absent for the whole |
//! | `folder` | outputs, relative to the batch folder with `/`: `items/ID` or `rejected/ID`; absent when there are none |
//! | `status` | `ok`, `rejected` (done, below `--min-score`), `failed` (for good), `temporary` (try again) |
//! | `code` | exit code that `run` gives: 0, 2 (missing, wrong call), 10 (unusable), 75 (temporary) |
//! | `cause` | kebab-case name of the cause (`no-video-stream`, `timed-out`, ...); empty when done |
//! | `message` | cause, measured value and remedy in words; empty when done |
//! | `key` | content key: input bytes, options, models, program; absent when the input could not be read |
//! | `input_sha256` | digest of the input's bytes |
//! | `program` | program and version |
//! | `models` | `[{id, sha256}]` of the models that took part |
//! | `score` | quality, 0..1; absent when failed |
//! | `score_parts` | its parts by name (`camera`, `depth`, `scale`, `structure`, `consistency`), each 0..1 |
//! | `counts` | `rooms`, `walls`, `doors`, `windows`, `objects`, `findings`, `findings_unresolved` |
//! | `warnings` | codes of the run's warnings, in the order raised |
//! | `attempts` | how often it was tried in this call |
//! | `seconds` | wall time of the last attempt |
//! | `stage_seconds` | wall time by stage |
//! | `peak_memory_mib` | largest resident memory of the worker so far, MiB |
//! | `limits` | `{seconds, memory_mib}` that the item ran under; absent where none were set |
//! | `finished_unix_s` | when the row was written, seconds since 1970; of two rows of an item the later one counts |
//!
//! `id`, `input`, `status` and `code` are always there; what else is absent when a row is read has no value.
//!
//! All but `attempts`, `seconds`, `stage_seconds`, `peak_memory_mib`, `limits` and `finished_unix_s` is the
//! same for the same input, options and models, whatever the number of workers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Done; the outputs are in `items/`.
    Ok,
    /// Done, but scored below `--min-score`; the outputs are in `rejected/`.
    Rejected,
    /// Failed for good; not tried again unless the key changes or `--overwrite` is given.
    Failed,
    /// A temporary fault outlasted all attempts; the next call tries again.
    Temporary,
}

impl Status {
    /// The word in the index.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Temporary => "temporary",
        }
    }

    /// The item has outputs.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Ok | Self::Rejected)
    }
}

/// A model that took part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModelDigest {
    /// Its id in the manifest.
    pub id: String,
    /// Its digest, hexadecimal.
    pub sha256: String,
}

/// Limits that an item ran under.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time, seconds.
    pub seconds: f64,
    /// Memory of the worker, MiB.
    pub memory_mib: u64,
}

/// One row; the fields are those of the table above.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the item.
    pub id: String,
    /// Path or address as listed.
    pub input: String,
    /// First moment used, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_s: Option<f64>,
    /// Last moment used, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_s: Option<f64>,
    /// Outputs, relative to the batch folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Exit code.
    pub code: u8,
    /// Name of the cause; empty when done.
    #[serde(default)]
    pub cause: String,
    /// The cause in words; empty when done.
    #[serde(default)]
    pub message: String,
    /// Content key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Digest of the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_sha256: Option<String>,
    /// Program and version.
    #[serde(default)]
    pub program: String,
    /// Models that took part.
    #[serde(default)]
    pub models: Vec<ModelDigest>,
    /// Quality, 0..1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Parts of the quality.
    #[serde(default)]
    pub score_parts: BTreeMap<String, f64>,
    /// Number of elements by kind.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// Codes of warnings.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Attempts in this call.
    #[serde(default)]
    pub attempts: u32,
    /// Wall time of the last attempt, seconds.
    #[serde(default)]
    pub seconds: f64,
    /// Wall time by stage, seconds.
    #[serde(default)]
    pub stage_seconds: BTreeMap<String, f64>,
    /// Largest resident memory of the worker so far, MiB.
    #[serde(default)]
    pub peak_memory_mib: f64,
    /// Limits that it ran under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// When the row was written, seconds since 1970.
    #[serde(default)]
    pub finished_unix_s: f64,
}
