//! `roomwright worker`: jobs from stdin, rows to stdout.

use super::args::WorkerArgs;
use super::exit;
use crate::worker::{self, confine};
use crate::{artifact, video};
use anyhow::{Context, Result};
use std::path::PathBuf;

/// Runs the verb.
pub fn run(args: &WorkerArgs) -> Result<()> {
    if let Some(parent) = args.parent {
        confine::end_with_parent(parent).context("the worker cannot end with its parent")?;
    }
    if let Some(memory_mib) = args.memory {
        confine::limit_memory(memory_mib).context("the memory cannot be limited")?;
    }
    if let Some(threads) = args.threads {
        let threads = threads as usize;
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("the threads cannot be set")?;
        video::limit_threads(threads);
    }
    let streams = |source| artifact::Error::Read { source, path: PathBuf::from("stdin") };
    let (failed, of) = worker::serve(std::io::stdin().lock(), std::io::stdout().lock()).map_err(streams)?;
    if failed > 0 { Err(exit::SomeFailed { failed, of }.into()) } else { Ok(()) }
}
