//! `roomwright eval`: a result against the truth.

use super::args::{EvalArgs, EvalKind};
use crate::eval::{cloud, depth, html, layout, plan, scene, trajectory};
use crate::output;
use crate::report::Reporter;
use anyhow::{Result, bail};

/// Runs the verb.
pub fn run(args: &EvalArgs) -> Result<()> {
    let takes_layouts = matches!(args.kind, EvalKind::Layout | EvalKind::Scene);
    if args.ignore.is_some() && !takes_layouts {
        bail!("`--ignore` goes with `eval layout` and `eval scene`");
    }
    if args.html.is_some() && !takes_layouts {
        bail!("`--html` goes with `eval layout` and `eval scene`");
    }
    let (pred, truth, ignore) = (args.pred.as_path(), args.truth.as_path(), args.ignore.as_deref());
    if let Some(path) = &args.html {
        let page = html::run_html(pred, truth, ignore, &[], &layout::Options::default())?;
        output::write_file(path, page.as_bytes())?;
    }
    let json = args.json;
    match args.kind {
        EvalKind::Layout => {
            let score = layout::run_layout(pred, truth, ignore, &layout::Options::default())?;
            print(json, &score, || score.table())
        }
        EvalKind::Plan => {
            let score = plan::run_plan(pred, truth)?;
            print(json, &score, || score.table())
        }
        EvalKind::Trajectory => {
            let score = trajectory::run_trajectory(pred, truth, &trajectory::Options::default())?;
            print(json, &score, || score.table())
        }
        EvalKind::Depth => {
            let score = depth::run_depth(pred, truth, &depth::Options::default())?;
            print(json, &score, || score.table())
        }
        EvalKind::Cloud => {
            let score = cloud::run_cloud(pred, truth, &cloud::Options::default(), &Reporter::default())?;
            print(json, &score, || score.table())
        }
        EvalKind::Scene => {
            let score =
                scene::run_scene(pred, truth, ignore, &layout::Options::default(), &Reporter::default())?;
            print(json, &score, || score.table())
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
