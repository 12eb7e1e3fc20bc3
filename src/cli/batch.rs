//! `roomwright batch`: many clips, each once.
//!
//! stdout carries the paths of the index; what happens goes to stderr, as a bar on a terminal and as JSON lines
//! elsewhere.

use super::args::BatchArgs;
use super::{batch_progress, exit, run};
use crate::batch::{self, Limits, Options, Outcome, inputs};
use crate::export;
use crate::fault::Fault;
use crate::review::gallery;
use crate::worker::Job;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// Runs the verb.
pub fn run(args: &BatchArgs) -> Result<()> {
    let options = plan(args)?;
    let items = inputs::expand(&args.input, &args.list, &args.output)?;
    let progress = batch_progress::display(args.json);
    let outcome = batch::run(items, &options, progress.as_ref())?;
    for path in outcome.index.iter().flatten() {
        println!("{}", path.display());
    }
    // A stopped batch is stopped first of all; where no index could be written, no page can.
    let page = outcome.index.is_some().then(|| gallery::write(&args.output));
    judged(&outcome)?;
    if let Some(path) = page.transpose()? {
        println!("{}", path.display());
    }
    Ok(())
}

fn plan(args: &BatchArgs) -> Result<Options> {
    let (options, hints) = run::resolved(&args.scene)?;
    // A format that there is not is found out now, not once for each clip.
    export::formats_beside_standard(&args.scene.export)?;
    if let Some(score) = args.min_score.filter(|score| !(0.0..=1.0).contains(score)) {
        bail!("`--min-score {score}` must be between 0 and 1");
    }
    for (flag, value) in [("--item-seconds", args.item_seconds), ("--wait", args.wait)] {
        if !(value.is_finite() && value >= 0.0) {
            bail!("`{flag} {value}` must be a number of seconds");
        }
    }
    if args.output.to_str().is_some_and(crate::store::is_address) {
        bail!(
            "outputs go to a folder, not to a store: give a folder and copy it afterwards: {}",
            args.output.display()
        );
    }
    Ok(Options {
        output: args.output.clone(),
        shard: args.shard,
        overwrite: args.overwrite,
        jobs: args.jobs.map(|jobs| jobs as usize),
        threads: args.threads.map(|threads| threads as usize),
        limits: Limits { seconds: args.item_seconds, memory_mib: args.item_memory },
        attempts: args.attempts,
        first_wait_s: args.wait,
        template: Job {
            id: String::new(),
            input: String::new(),
            output: PathBuf::new(),
            staging: None,
            min_score: args.min_score,
            rejected: None,
            models: args.scene.models.clone(),
            options,
            hints,
            export: args.scene.export.clone(),
            overlay: args.scene.overlay,
        },
        program: std::env::current_exe().context("the program's own path is not known")?,
    })
}

/// What did not go well becomes the exit code: stopped or temporary before failed.
fn judged(outcome: &Outcome) -> Result<()> {
    if let Some(stopped) = &outcome.stopped {
        return Err(stopped.clone().into());
    }
    let counts = outcome.counts;
    let of = counts.ok + counts.rejected + counts.failed + counts.temporary;
    if counts.temporary > 0 {
        let code = Fault::Temporary.code();
        let reason =
            format!("{} of {of} items met temporary faults that outlasted all attempts", counts.temporary);
        return Err(batch::Stopped { code, reason }.into());
    }
    if counts.failed > 0 {
        return Err(exit::SomeFailed { failed: counts.failed, of }.into());
    }
    Ok(())
}
