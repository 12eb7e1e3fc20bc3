//! The command line: what was typed becomes a plan, and what came out is printed.
//!
//! stdout carries data, stderr progress and messages. This is the only module that names `clap` and
//! the only one that prints.

mod args;
mod batch;
mod batch_progress;
mod check;
mod doctor;
mod eval;
mod exit;
mod export;
mod models;
mod options;
mod progress;
mod run;
mod synth;
mod view;
mod worker;

use args::{Cli, Verb};
use clap::Parser;
use std::process::ExitCode;

/// Runs the program; the exit code follows the contract in [`exit`].
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.verb {
        Verb::Run(args) => run::run(&args),
        Verb::Export(args) => export::run(&args),
        Verb::Check(args) => check::run(&args),
        Verb::Eval(args) => eval::run(&args),
        Verb::View(args) => view::run(&args),
        Verb::Batch(args) => batch::run(&args),
        Verb::Worker(args) => worker::run(&args),
        Verb::Synth(args) => synth::run(&args.what),
        Verb::Models(args) => models::run(&args.what),
        Verb::Doctor(args) => doctor::run(&args),
    };
    match done {
        Ok(()) => ExitCode::from(exit::OK),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(exit::code(&error))
        }
    }
}

/// Keeps the native libraries' own messages off stderr, which carries this program's alone.
///
/// Must be called before any other thread starts.
pub fn quiet_native_libraries() {
    for (name, value) in [("OPENCV_FFMPEG_LOGLEVEL", "-8"), ("OPENCV_LOG_LEVEL", "SILENT")] {
        if std::env::var_os(name).is_none() {
            // SAFETY: called first thing in `main`, when no other thread exists.
            unsafe { std::env::set_var(name, value) };
        }
    }
}
