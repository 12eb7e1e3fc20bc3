//! One job: fetch the clip, run the stages, write the files, commit the folder.

use super::commit::Staging;
use super::key::content_key;
use super::row::{ModelDigest, Row, Status};
use super::{Job, PROGRAM};
use crate::artifact::{self, peak_memory_mib};
use crate::fault::{self, Fault};
use crate::output::RunFolder;
use crate::output::summary::Summary;
use crate::pipeline::{self, Loaded, Outcome, Request};
use crate::report::Reporter;
use crate::store::{self, Address};
use crate::{export, fault::cause_of_io};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The row of a done item, in its folder.
pub const ITEM_FILE: &str = "item.json";
/// Folder of the outputs inside of the staging folder.
const STAGED: &str = "out";

/// Does jobs one after the other, with models that stay loaded.
#[derive(Default)]
pub struct Labeller {
    loaded: Option<Loaded>,
}

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Pipeline(#[from] pipeline::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("cannot write the outputs ({source}); check free space and rights: {}", path.display())]
    Commit { source: std::io::Error, path: PathBuf },
    #[error(
        "the program panicked ({0}); this is a mistake of the program, not of the clip: please report it"
    )]
    Panicked(String),
}

impl Failure {
    fn fault(&self) -> Fault {
        match self {
            Self::Pipeline(error) => fault::of(error),
            Self::Store(error) => error.fault(),
            Self::Commit { source, .. } if fault::is_temporary(source) => Fault::Temporary,
            Self::Commit { .. } => Fault::Usage,
            Self::Panicked(_) => Fault::Input,
        }
    }

    fn cause(&self) -> &'static str {
        match self {
            Self::Pipeline(error) => fault::cause(error),
            Self::Store(error) => error.cause(),
            Self::Commit { source, .. } => cause_of_io(source),
            Self::Panicked(_) => "panicked",
        }
    }
}

/// What is known of an item when its job ends, well or not.
#[derive(Default)]
struct Known {
    input_sha256: Option<String>,
    warnings: Vec<String>,
}

impl Labeller {
    /// Does one job. The row says how it went; nothing is left of a job that failed.
    pub fn label(&mut self, job: &Job) -> Row {
        let started = Instant::now();
        let mut known = Known::default();
        let done = catch_unwind(AssertUnwindSafe(|| self.attempt(job, &mut known, started)));
        let done = done.unwrap_or_else(|panic| {
            // What a panic left of the networks' state is not used again.
            self.loaded = None;
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(Failure::Panicked(text.to_owned()))
        });
        match done {
            Ok(row) => row,
            Err(failure) => self.failed(job, &failure, known, started),
        }
    }

    fn failed(&self, job: &Job, failure: &Failure, known: Known, started: Instant) -> Row {
        let fault = failure.fault();
        let mut row = Row::of(job);
        row.status = if fault == Fault::Temporary { Status::Temporary } else { Status::Failed };
        row.code = fault.code();
        row.cause = failure.cause().to_owned();
        row.message = failure.to_string();
        row.key = self.key(job, known.input_sha256.as_deref());
        row.input_sha256 = known.input_sha256;
        row.warnings = known.warnings;
        finish(&mut row, started);
        row
    }

    fn key(&self, job: &Job, input_sha256: Option<&str>) -> Option<String> {
        let loaded = self.loaded.as_ref().filter(|loaded| loaded.serves(&job.options, &job.models))?;
        Some(content_key(job, input_sha256?, &digests(loaded.models())))
    }

    fn attempt(&mut self, job: &Job, known: &mut Known, started: Instant) -> Result<Row, Failure> {
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| Failure::Commit { source, path }
        };
        let path = staging_folder(job);
        let staging = Staging::new(&path).map_err(unwritable(&path))?;
        let input = local_input(job, staging.path())?;
        if !self.loaded.as_ref().is_some_and(|loaded| loaded.serves(&job.options, &job.models)) {
            self.loaded = None;
            self.loaded = Some(Loaded::open(&job.options, &job.models)?);
        }
        let formats = export::formats_beside_standard(&job.export).map_err(pipeline::Error::from)?;
        let request = request(job, input, staging.path().join(STAGED));
        let reporter = Reporter::default();
        let outcome = self.run(&request, &reporter);
        known.warnings = reporter.warnings().into_iter().map(|warning| warning.code).collect();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                // The row of a clip that cannot be used says which bytes these were.
                known.input_sha256 = artifact::digest(&request.input).ok();
                return Err(error.into());
            }
        };
        known.input_sha256 = Some(outcome.input_digest.clone());
        let folder = RunFolder::open(&request.output).map_err(pipeline::Error::from)?;
        folder.write(&request, &outcome, &formats, job.overlay, &reporter)?;
        let mut row = self.done(job, &request, &outcome, &reporter);
        finish(&mut row, started);
        let target = if row.status == Status::Rejected { job.rejected.as_ref() } else { None };
        let target = target.unwrap_or(&job.output);
        // The row beside the outputs does not say where they are: they may be moved.
        artifact::write_json(&request.output.join(ITEM_FILE), &row).map_err(pipeline::Error::from)?;
        row.folder = Some(target.to_string_lossy().into_owned());
        staging.publish(STAGED, target).map_err(unwritable(target))?;
        Ok(row)
    }

    fn run(&mut self, request: &Request, reporter: &Reporter) -> Result<Outcome, pipeline::Error> {
        let loaded = self.loaded.as_mut().expect("because it was loaded just now");
        pipeline::run_with(request, loaded, reporter)?
            .ok_or_else(|| pipeline::Error::Unsupported("the request stops before the scene".to_owned()))
    }

    fn done(&self, job: &Job, request: &Request, outcome: &Outcome, reporter: &Reporter) -> Row {
        let summary = Summary::of(request, outcome, reporter);
        let score = summary.quality.score;
        // A score that is no number is below every limit.
        let rejected = job.min_score.is_some_and(|least| !(score >= least));
        let mut row = Row::of(job);
        row.status = if rejected { Status::Rejected } else { Status::Ok };
        row.key = self.key(job, Some(&outcome.input_digest));
        row.input_sha256 = Some(outcome.input_digest.clone());
        row.models = digests(&outcome.models);
        row.score = Some(score);
        row.score_parts = summary.quality.parts;
        row.counts = summary.counts.into_iter().map(|(name, count)| (name, count as u64)).collect();
        row.warnings = summary.warnings.into_iter().map(|warning| warning.code).collect();
        row.stage_seconds = stage_seconds(outcome);
        row
    }
}

impl Row {
    /// A row with what the job alone says.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        let (start_s, end_s) = job.part_s();
        Self {
            id: job.id.clone(),
            input: job.input.clone(),
            start_s,
            end_s,
            folder: None,
            status: Status::Failed,
            code: 0,
            cause: String::new(),
            message: String::new(),
            key: None,
            input_sha256: None,
            program: PROGRAM.to_owned(),
            models: Vec::new(),
            score: None,
            score_parts: BTreeMap::new(),
            counts: BTreeMap::new(),
            warnings: Vec::new(),
            attempts: 1,
            seconds: 0.0,
            stage_seconds: BTreeMap::new(),
            peak_memory_mib: 0.0,
            limits: None,
            finished_unix_s: 0.0,
        }
    }
}

fn finish(row: &mut Row, started: Instant) {
    row.seconds = started.elapsed().as_secs_f64();
    row.peak_memory_mib = peak_memory_mib();
    row.finished_unix_s = unix_time_s();
}

/// Seconds since 1970 by the system's clock.
#[must_use]
pub fn unix_time_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Models as rows and keys name them.
#[must_use]
pub fn digests(models: &[(String, String)]) -> Vec<ModelDigest> {
    models.iter().map(|(id, sha256)| ModelDigest { id: id.clone(), sha256: sha256.clone() }).collect()
}

fn stage_seconds(outcome: &Outcome) -> BTreeMap<String, f64> {
    outcome.timings.iter().map(|timing| (timing.stage.clone(), timing.seconds)).collect()
}

fn staging_folder(job: &Job) -> PathBuf {
    job.staging.clone().unwrap_or_else(|| {
        let name = job.output.file_name().unwrap_or_default().to_string_lossy();
        job.output.with_file_name(format!(".staging-{name}"))
    })
}

fn request(job: &Job, input: PathBuf, output: PathBuf) -> Request {
    Request {
        input,
        output,
        models: job.models.clone(),
        hints: job.hints.clone(),
        plan: artifact::Plan::default(),
        options: job.options.clone(),
    }
}

/// The input's path; a clip in a store is copied beside the outputs first.
fn local_input(job: &Job, staging: &Path) -> Result<PathBuf, Failure> {
    if !store::is_address(&job.input) {
        return Ok(PathBuf::from(&job.input));
    }
    let address: Address = job.input.parse()?;
    let name = address.key.rsplit('/').next().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| store::Error::Missing(job.input.clone()))?;
    let path = staging.join(name);
    store::fetch(&address, &path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(input: &str, root: &Path) -> Job {
        let output = root.join("out").to_string_lossy().into_owned();
        let line = serde_json::json!({ "id": "a", "input": input, "output": output });
        serde_json::from_value(line).expect("a job")
    }

    #[test]
    fn a_missing_input_is_named_and_leaves_nothing() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let row = Labeller::default().label(&job("no/such/clip.mp4", root.path()));
        assert_eq!((row.status, row.code, row.cause.as_str()), (Status::Failed, 2, "missing"));
        assert!(row.key.is_none() && row.message.ends_with("no/such/clip.mp4"), "{}", row.message);
        assert_eq!(std::fs::read_dir(root.path()).expect("there").count(), 0);
    }

    #[test]
    fn an_unusable_input_has_a_key_so_that_it_is_known_again() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let input = root.path().join("notes.txt");
        std::fs::write(&input, "no clip").expect("written");
        let mut labeller = Labeller::default();
        let row = labeller.label(&job(input.to_str().expect("UTF-8"), root.path()));
        assert_eq!((row.status, row.code, row.cause.as_str()), (Status::Failed, 10, "unknown-kind"));
        let again = labeller.label(&job(input.to_str().expect("UTF-8"), root.path()));
        assert!(row.key.is_some() && row.key == again.key);
    }

    #[test]
    fn a_missing_model_is_the_calls_fault() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let mut job = job("a.mp4", root.path());
        job.options.depth.method = crate::depth::Method::Network;
        job.options.depth.model = "no-such-model".to_owned();
        let row = Labeller::default().label(&job);
        assert_eq!((row.code, row.cause.as_str()), (2, "model-missing"));
        assert!(row.message.contains("no-such-model"), "{}", row.message);
    }
}
