//! `roomwright eval`: a result against the truth.

use super::args::{EvalArgs, EvalDetectorsArgs, EvalKind, EvalWhat};
use super::{options, progress};
use crate::eval::detectors::{self, Cases};
use crate::eval::{cloud, depth, html, layout, plan, scene, trajectory};
use crate::layout::labelled;
use crate::nn::Registry;
use crate::output;
use crate::report::Reporter;
use crate::synth::{HouseOptions, MeshSplit, ScanOptions, scan_errors::ScanErrors};
use anyhow::{Result, bail};

/// Runs the verb.
pub fn run(args: &EvalArgs) -> Result<()> {
    if let Some(EvalWhat::Detectors(args)) = &args.what {
        return side_by_side(args);
    }
    let (Some(kind), Some(pred), Some(truth)) = (args.kind, &args.pred, &args.truth) else {
        bail!("`eval` needs what is measured, a result and its truth");
    };
    let takes_layouts = matches!(kind, EvalKind::Layout | EvalKind::Scene);
    if args.ignore.is_some() && !takes_layouts {
        bail!("`--ignore` goes with `eval layout` and `eval scene`");
    }
    if args.html.is_some() && !takes_layouts {
        bail!("`--html` goes with `eval layout` and `eval scene`");
    }
    let (pred, truth, ignore) = (pred.as_path(), truth.as_path(), args.ignore.as_deref());
    if let Some(path) = &args.html {
        let page = html::run_html(pred, truth, ignore, &[], &layout::Options::default())?;
        output::write_file(path, page.as_bytes())?;
    }
    let json = args.json;
    match kind {
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

fn side_by_side(args: &EvalDetectorsArgs) -> Result<()> {
    let options: crate::layout::Options = options::resolve(None, &args.set)?;
    let cases = if let Some(folder) = &args.scans {
        Cases::Scans(labelled::find(folder)?)
    } else {
        let scan = if args.perfect {
            ScanOptions { errors: ScanErrors::none(), min_samples: 1, ..ScanOptions::default() }
        } else {
            ScanOptions::default()
        };
        let mesh_split = args.mesh_split.map(MeshSplit::from).unwrap_or_default();
        let house = Box::new(HouseOptions { mesh_split, ..HouseOptions::default() });
        Cases::Houses { seed: args.seed, count: args.houses, house, scan: Box::new(scan) }
    };
    let registry = Registry::open(&args.models)?;
    let reporter = Reporter::new(progress::sink(false));
    let pictures = args.pictures.as_deref();
    let (figures, clues) =
        detectors::run_detectors(&args.detectors, &cases, &options, &registry, pictures, &reporter)?;
    if let Some(path) = &args.clues {
        let mut text = String::new();
        for line in &clues {
            text.push_str(&serde_json::to_string(line)?);
            text.push('\n');
        }
        output::write_file(path, text.as_bytes())?;
    }
    println!("{}", serde_json::to_string_pretty(&figures)?);
    Ok(())
}

fn print(json: bool, score: &impl serde::Serialize, table: impl Fn() -> String) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(score)?);
    } else {
        print!("{}", table());
    }
    Ok(())
}
