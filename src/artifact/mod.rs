//! The run folder: stage results that can be opened, kept, loaded again and trusted.
//!
//! Every kept stage has a folder (`20-pose/`) with its artefact and a `stage.json` that holds the
//! stage's fingerprint: SHA-256 over the program's version, the stage's name and options, and the
//! fingerprint of the stage before it (the first one's is the input's digest). A stage folder is used
//! again only when its fingerprint agrees. Folders and files appear by rename, never half-written.

mod store;

pub use store::Aligned;

use crate::report::{Reporter, Warning};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The stages, in the order in which data flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Decode.
    Frames,
    /// Camera path.
    Pose,
    /// Dense depth.
    Depth,
    /// Fusion.
    Cloud,
    /// Gravity, yaw, metres.
    Align,
    /// Layout detection.
    Layout,
    /// Physical consistency.
    Scene,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 7] =
        [Self::Frames, Self::Pose, Self::Depth, Self::Cloud, Self::Align, Self::Layout, Self::Scene];

    /// The name used on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Pose => "pose",
            Self::Depth => "depth",
            Self::Cloud => "cloud",
            Self::Align => "align",
            Self::Layout => "layout",
            Self::Scene => "scene",
        }
    }

    /// The name of its folder.
    #[must_use]
    pub fn folder(self) -> String {
        format!("{}0-{}", self as usize + 1, self.name())
    }
}

impl std::str::FromStr for Stage {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|stage| stage.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|stage| stage.name()).collect();
            format!("`{text}` is no stage; the stages are {}", names.join(", "))
        })
    }
}

/// Why an artefact could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Writing failed.
    #[error("cannot write the output ({source}); check that the folder may be written and the disk has room: {}", path.display())]
    Write {
        /// Cause.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("cannot read ({source}); check that the file exists and may be read: {}", path.display())]
    Read {
        /// Cause.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
    /// A kept artefact is damaged.
    #[error("a kept stage result is damaged ({cause}); delete the folder and run again: {}", path.display())]
    Damaged {
        /// What is wrong.
        cause: String,
        /// Where.
        path: PathBuf,
    },
    /// `--from` asks for stages that were not kept.
    #[error(
        "`--from` needs the results of stage `{stage}`, and they {state}; run once with `--keep all` and \
         the same input and options: {}",
        path.display()
    )]
    NotKept {
        /// The stage.
        stage: &'static str,
        /// `are not there` or `belong to another input or other options`.
        state: &'static str,
        /// Its folder.
        path: PathBuf,
    },
}

impl Error {
    /// True when trying again may help (a full disk, a file server that stumbles), false when the path
    /// itself is unusable.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Write { source, .. } | Self::Read { source, .. } => is_temporary(source.kind()),
            Self::Damaged { .. } | Self::NotKept { .. } => false,
        }
    }
}

/// True when a file operation that failed in this way may work later.
#[must_use]
pub fn is_temporary(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind as Kind;
    !matches!(
        kind,
        Kind::PermissionDenied
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::NotFound
            | Kind::ReadOnlyFilesystem
            | Kind::AlreadyExists
            | Kind::InvalidFilename
    )
}

/// A stage result that can be stored in a folder.
pub trait Artifact: Sized {
    /// The result as [`Artifact::load`] gives it back: later stages work on this, so that a run that goes on from kept
    /// results gives the bytes of one that went through. For results whose files hold all of it, the result itself.
    #[must_use]
    fn settled(self) -> Self {
        self
    }

    /// Writes the result into an empty folder.
    ///
    /// # Errors
    /// When writing fails.
    fn save(&self, folder: &Path) -> Result<(), Error>;
    /// Reads it back, equal to what was saved when that was settled.
    ///
    /// # Errors
    /// When files are missing or damaged.
    fn load(folder: &Path) -> Result<Self, Error>;
}

/// Writes a file by way of a temporary name in the same folder.
///
/// # Errors
/// When writing or renaming fails.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write { source, path: path.to_owned() };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let part = path.with_file_name(name);
    std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path)).map_err(|source| {
        let _ = std::fs::remove_file(&part);
        failed(source)
    })
}

/// Writes a value as indented JSON.
///
/// # Errors
/// When writing fails.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|cause| Error::Damaged { cause: cause.to_string(), path: path.to_owned() })?;
    text.push(b'\n');
    write_atomic(path, &text)
}

/// Reads a value from JSON.
///
/// # Errors
/// When reading fails or the content does not fit.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { source, path: path.to_owned() })?;
    serde_json::from_slice(&bytes)
        .map_err(|cause| Error::Damaged { cause: cause.to_string(), path: path.to_owned() })
}

/// SHA-256 of a file, or of all files directly in a folder (by name), as hexadecimal digits.
///
/// # Errors
/// When a file cannot be read.
pub fn digest(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Read { source, path: path.to_owned() };
    let mut hash = Sha256::new();
    if path.is_dir() {
        let mut entries = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>())
            .map_err(failed)?;
        entries.sort();
        for entry in entries {
            hash.update(entry.file_name().unwrap_or_default().as_encoded_bytes());
            hash.update(digest(&entry)?);
        }
    } else {
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
        }
    }
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seconds and memory of one stage. Not part of the deterministic outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageTiming {
    /// Stage name.
    pub stage: String,
    /// Wall time, seconds.
    pub seconds: f64,
    /// Largest resident memory of the process so far, MiB (0 where the system does not tell).
    pub peak_memory_mib: f64,
    /// The result was loaded from the run folder.
    pub cached: bool,
}

/// What is kept beside a stage's artefact.
#[derive(Debug, Serialize, Deserialize)]
struct StageRecord {
    fingerprint: String,
    warnings: Vec<Warning>,
    diagnostics: BTreeMap<String, serde_json::Value>,
}

/// Why a run does not go on.
#[derive(Debug)]
pub enum Halt<E> {
    /// The last wanted stage is done.
    Stopped,
    /// Something failed.
    Failed(E),
}

impl<E> From<E> for Halt<E> {
    fn from(error: E) -> Self {
        Self::Failed(error)
    }
}

/// Which stages run, which are loaded, which are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// Stages before this one are loaded.
    pub from: Option<Stage>,
    /// The last stage to run.
    pub until: Option<Stage>,
    /// Stage folders are written, and used again when nothing changed.
    pub keep_all: bool,
}

/// The chain of stages of one run, in its folder.
pub struct StageChain<'a> {
    folder: PathBuf,
    plan: Plan,
    reporter: &'a Reporter,
    fingerprint: String,
    /// Timings so far.
    pub timings: Vec<StageTiming>,
}

impl<'a> StageChain<'a> {
    /// A chain that starts from the input's digest.
    #[must_use]
    pub fn new(folder: &Path, plan: Plan, input_digest: &str, reporter: &'a Reporter) -> Self {
        let fingerprint = input_digest.to_owned();
        Self { folder: folder.to_owned(), plan, reporter, fingerprint, timings: Vec::new() }
    }

    /// Runs a stage, or loads its kept result when its fingerprint agrees.
    ///
    /// `options` is everything beside the input that the result depends on.
    ///
    /// # Errors
    /// [`Halt::Stopped`] after the last wanted stage; otherwise what the stage or the folder failed with.
    pub fn stage<T: Artifact, E: From<Error>>(
        &mut self,
        stage: Stage,
        options: &impl Serialize,
        run: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, Halt<E>> {
        let started = Instant::now();
        self.reporter.stage_started(stage.name());
        self.fingerprint = self.next_fingerprint(stage, options);
        let folder = self.folder.join(stage.folder());
        let loaded = self.load(stage, &folder).map_err(|error| Halt::Failed(E::from(error)))?;
        let cached = loaded.is_some();
        let result = match loaded {
            Some(result) => result,
            None => {
                let result = run().map_err(Halt::Failed)?.settled();
                if self.plan.keep_all {
                    self.save(stage, &folder, &result).map_err(|error| Halt::Failed(E::from(error)))?;
                }
                result
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        self.reporter.stage_finished(stage.name(), seconds, cached);
        let stage_name = stage.name().to_owned();
        let peak_memory_mib = peak_memory_mib();
        self.timings.push(StageTiming { stage: stage_name, seconds, peak_memory_mib, cached });
        if self.plan.until == Some(stage) { Err(Halt::Stopped) } else { Ok(result) }
    }

    fn next_fingerprint(&self, stage: Stage, options: &impl Serialize) -> String {
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        hash.update(&self.fingerprint);
        hash.update(stage.name());
        hash.update(serde_json::to_vec(options).unwrap_or_default());
        hex(&hash.finalize())
    }

    fn load<T: Artifact>(&self, stage: Stage, folder: &Path) -> Result<Option<T>, Error> {
        let required = self.plan.from.is_some_and(|from| stage < from);
        let rerun = self.plan.from.is_some_and(|from| stage >= from);
        if rerun || !(required || self.plan.keep_all) {
            return Ok(None);
        }
        let not_kept = |state| Error::NotKept { stage: stage.name(), state, path: folder.to_owned() };
        let record: StageRecord = match read_json(&folder.join("stage.json")) {
            Ok(record) => record,
            Err(_) if !required => return Ok(None),
            Err(Error::Read { .. }) => return Err(not_kept("are not there")),
            Err(error) => return Err(error),
        };
        if record.fingerprint != self.fingerprint {
            return if required {
                Err(not_kept("belong to another input or other options"))
            } else {
                Ok(None)
            };
        }
        let result = T::load(folder)?;
        self.reporter.replay(&record.warnings, &record.diagnostics);
        Ok(Some(result))
    }

    fn save<T: Artifact>(&self, stage: Stage, folder: &Path, result: &T) -> Result<(), Error> {
        let failed = |source| Error::Write { source, path: folder.to_owned() };
        let part = self.folder.join(format!("{}.tmp", stage.folder()));
        if part.exists() {
            std::fs::remove_dir_all(&part).map_err(failed)?;
        }
        std::fs::create_dir_all(&part).map_err(failed)?;
        let saved = result.save(&part).and_then(|()| {
            let warnings = self.reporter.warnings().into_iter().filter(|w| w.stage == stage.name()).collect();
            let diagnostics = self.reporter.diagnostics().remove(stage.name()).unwrap_or_default();
            let record = StageRecord { fingerprint: self.fingerprint.clone(), warnings, diagnostics };
            write_json(&part.join("stage.json"), &record)
        });
        if let Err(error) = saved {
            let _ = std::fs::remove_dir_all(&part);
            return Err(error);
        }
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(failed)?;
        }
        std::fs::rename(&part, folder).map_err(failed)
    }
}

/// Largest resident memory of this process so far, MiB; 0 where the system does not tell.
#[must_use]
pub fn peak_memory_mib() -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM:"))?.to_owned();
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .map_or(0.0, |kib| kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Number(u32);
    impl Artifact for Number {
        fn save(&self, folder: &Path) -> Result<(), Error> {
            write_json(&folder.join("number.json"), &self.0)
        }
        fn load(folder: &Path) -> Result<Self, Error> {
            read_json(&folder.join("number.json")).map(Self)
        }
    }

    /// Its file holds whole numbers only.
    #[derive(Debug, PartialEq)]
    struct Rounded(f64);
    impl Artifact for Rounded {
        fn settled(self) -> Self {
            Self(self.0.round())
        }
        fn save(&self, folder: &Path) -> Result<(), Error> {
            write_json(&folder.join("number.json"), &(self.0.round() as i64))
        }
        fn load(folder: &Path) -> Result<Self, Error> {
            read_json(&folder.join("number.json")).map(|number: i64| Self(number as f64))
        }
    }

    fn chain<'a>(folder: &Path, plan: Plan, reporter: &'a Reporter) -> StageChain<'a> {
        StageChain::new(folder, plan, "digest", reporter)
    }

    #[test]
    fn a_kept_stage_is_loaded_while_its_options_agree_and_rerun_when_they_do_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let reporter = Reporter::default();
        let plan = Plan { keep_all: true, ..Plan::default() };
        let run = |options: u32, value: u32| -> Number {
            chain(folder.path(), plan, &reporter)
                .stage::<_, Error>(Stage::Pose, &options, || Ok(Number(value)))
                .unwrap_or(Number(0))
        };
        assert_eq!(run(1, 10), Number(10));
        assert_eq!(run(1, 11), Number(10), "same fingerprint: loaded");
        assert_eq!(run(2, 12), Number(12), "other options: run again");
    }

    #[test]
    fn later_stages_get_the_same_from_a_run_and_from_its_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let reporter = Reporter::default();
        let run = |keep_all: bool| {
            let plan = Plan { keep_all, ..Plan::default() };
            chain(folder.path(), plan, &reporter)
                .stage::<_, Error>(Stage::Depth, &0, || Ok(Rounded(2.7)))
                .unwrap_or(Rounded(0.0))
        };
        let (unkept, kept, loaded) = (run(false), run(true), run(true));
        assert_eq!([unkept, kept, loaded], [Rounded(3.0), Rounded(3.0), Rounded(3.0)]);
    }

    #[test]
    fn from_without_kept_stages_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let reporter = Reporter::default();
        let plan = Plan { from: Some(Stage::Depth), ..Plan::default() };
        let result =
            chain(folder.path(), plan, &reporter).stage::<Number, Error>(Stage::Pose, &0, || Ok(Number(1)));
        let Err(Halt::Failed(error)) = result else { panic!("a missing stage must fail") };
        assert!(error.to_string().contains("--keep all"), "{error}");
    }

    #[test]
    fn until_stops_after_the_stage_was_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let reporter = Reporter::default();
        let plan = Plan { until: Some(Stage::Pose), keep_all: true, ..Plan::default() };
        let result =
            chain(folder.path(), plan, &reporter).stage::<Number, Error>(Stage::Pose, &0, || Ok(Number(1)));
        assert!(matches!(result, Err(Halt::Stopped)));
        assert!(folder.path().join("20-pose/number.json").is_file());
    }
}
