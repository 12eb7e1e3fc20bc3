//! `roomwright run`: one input becomes a scene.

use super::args::{Keep, RunArgs, SceneArgs};
use super::{options, progress};
use crate::align::Hints;
use crate::artifact::{Plan, Stage};
use crate::pipeline::{self, Request};
use crate::report::Reporter;
use crate::{export, output};
use anyhow::{Context, Result, anyhow, bail};

/// Runs the verb.
pub fn run(args: &RunArgs) -> Result<()> {
    let request = plan(args)?;
    let formats = export::formats_beside_standard(&args.scene.export)?;
    let folder = output::RunFolder::open(&args.output)?;
    let reporter = Reporter::new(progress::sink(args.json));
    let Some(outcome) = pipeline::run(&request, &reporter)? else {
        return Ok(());
    };
    let written = folder.write(&request, &outcome, &formats, args.scene.overlay, &reporter)?;
    for path in written {
        println!("{}", path.display());
    }
    Ok(())
}

/// What was typed becomes what will be done.
fn plan(args: &RunArgs) -> Result<Request> {
    let stage = |name: &Option<String>| -> Result<Option<Stage>> {
        name.as_deref().map(|name| name.parse::<Stage>().map_err(|cause| anyhow!(cause))).transpose()
    };
    let (options, hints) = resolved(&args.scene)?;
    let until = stage(&args.until)?.filter(|&stage| stage != Stage::Scene);
    Ok(Request {
        input: args.input.clone(),
        output: args.output.clone(),
        models: args.scene.models.clone(),
        hints,
        plan: Plan {
            from: stage(&args.from)?,
            until,
            // Who stops early wants to look at the stages.
            keep_all: args.keep == Keep::All || until.is_some(),
        },
        options,
    })
}

/// Options and hints of one input, from the configuration file and the flags.
pub(super) fn resolved(args: &SceneArgs) -> Result<(pipeline::Options, Hints)> {
    let mut options: pipeline::Options = options::resolve(args.config.as_deref(), &args.set)?;
    options.pose.seed = args.seed;
    options.layout.spatiallm.seed = args.seed;
    if let Some(detector) = &args.layout {
        options.layout.detector.clone_from(detector);
    }
    let hints = Hints {
        ceiling_height_m: args
            .ceiling_height
            .map(|height| positive(height, "--ceiling-height"))
            .transpose()?,
        known_length: args.known_length.as_deref().map(known_length).transpose()?,
        z_up: args.up.is_some(),
        metric: args.metric,
    };
    Ok((options, hints))
}

fn positive(value: f64, flag: &str) -> Result<f64> {
    if !(value.is_finite() && value > 0.0) {
        bail!("`{flag} {value}` must be a positive number of metres");
    }
    Ok(value)
}

/// What a known length can be of.
const KNOWN_LENGTHS: [&str; 3] = ["camera", "door", "room"];

fn known_length(text: &str) -> Result<(f64, String)> {
    let (metres, what) = text
        .split_once(':')
        .with_context(|| format!("`--known-length {text}` is not of the form METRES:WHAT"))?;
    if !KNOWN_LENGTHS.contains(&what) {
        bail!("`--known-length {text}`: `{what}` is none of {}", KNOWN_LENGTHS.join(", "));
    }
    let metres: f64 =
        metres.parse().map_err(|_| anyhow!("`--known-length {text}`: `{metres}` is no number of metres"))?;
    Ok((positive(metres, "--known-length")?, what.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_length_is_metres_and_what() {
        assert_eq!(known_length("2.01:door").expect("valid"), (2.01, "door".to_owned()));
        for wrong in ["2.01", "x:door", "-1:door", "2:nose"] {
            assert!(known_length(wrong).is_err(), "{wrong}");
        }
    }
}
