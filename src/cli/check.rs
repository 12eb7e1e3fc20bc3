//! `roomwright check`: every figure of physical consistency, after the repair and, with the draft,
//! before it.

use super::args::CheckArgs;
use crate::eval::layout::{self, Mode, SceneInput};
use crate::scene::Layout;
use crate::scene::class_map::ClassMap;
use crate::{output, physics};
use anyhow::Result;
use serde_json::json;

/// Runs the verb.
pub fn run(args: &CheckArgs) -> Result<()> {
    let scene = physics::load_scene(&args.scene)?;
    let draft = args.draft.as_deref().map(output::read_draft).transpose()?;
    let after = physics::check(&scene, draft.as_ref());
    let before = draft.as_ref().map(physics::check_draft).transpose()?;
    let mut notes = Vec::new();
    let truth = args.truth.as_deref().map(|path| layout::load_layout(path, &mut notes)).transpose()?;
    notes.iter().for_each(|note| eprintln!("{note}"));
    let layouts = draft.iter().map(|draft| ("before", draft.to_layout()));
    let layouts: Vec<(&str, Layout)> = layouts.chain([("after", scene.to_layout())]).collect();
    let mut scores = Vec::new();
    if let Some(truth) = &truth {
        for (when, layout) in &layouts {
            scores.push((*when, f1(layout, truth)?));
        }
    }
    if args.json {
        let mut figures = serde_json::to_value(&after)?;
        if let Some(before) = &before {
            figures["before_repair"] = serde_json::to_value(before)?;
        }
        for (when, rates) in &scores {
            figures["layout_f1"][*when] =
                rates.iter().map(|(threshold, f1)| (format!("{threshold:.2}"), json!(f1))).collect();
        }
        println!("{}", serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    if let Some(before) = &before {
        println!("before the repair\n{}\nafter the repair", before.table().trim_end());
    }
    print!("{}", after.table());
    for (when, rates) in &scores {
        let told: Vec<String> = rates.iter().map(|(t, f1)| format!("{f1:.3} at IoU {t:.2}")).collect();
        println!("layout F1 {when:<10} {}", told.join(", "));
    }
    Ok(())
}

/// Pooled strict F1 of all elements at the published thresholds.
fn f1(layout: &Layout, truth: &Layout) -> Result<Vec<(f64, f64)>> {
    let scenes = [SceneInput { name: "scene", prediction: layout, truth, ignored: None }];
    let score = layout::score_layouts(&scenes, &ClassMap::benchmark(), &layout::THRESHOLDS)?;
    let strict = score.summaries.iter().filter(|summary| summary.mode == Mode::Strict);
    Ok(strict.map(|summary| (summary.threshold, summary.pooled.f1)).collect())
}
