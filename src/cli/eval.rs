//! `roomwright eval`: a result against the truth.

use super::args::{EvalArgs, EvalKind};
use crate::eval;
use anyhow::{Result, bail};

/// Runs the verb.
pub fn run(args: &EvalArgs) -> Result<()> {
    if args.ignore.is_some() && !matches!(args.kind, EvalKind::Layout) {
        bail!("`--ignore` goes with `eval layout`");
    }
    let (pred, truth) = (args.pred.as_path(), args.truth.as_path());
    match args.kind {
        EvalKind::Layout => {
            let score = eval::layout::run_layout(
                pred,
                truth,
                args.ignore.as_deref(),
                &eval::layout::Options::default(),
            )?;
            print(args.json, &score, || score.table())
        }
        EvalKind::Trajectory => {
            let score = eval::trajectory::run_trajectory(pred, truth, &eval::trajectory::Options::default())?;
            print(args.json, &score, || score.table())
        }
    }
}

fn print(json: bool, score: &impl serde::Serialize, table: impl Fn() -> String) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(score)?);
    } else {
        print!("{}", table());
    }
    Ok(())
}
