//! `report.json`: how the scene came about, and how far it can be trusted.
//!
//! Everything but `timings` is the same, byte for byte, for the same input, options, models and seed.

use crate::align::Cue;
use crate::artifact::StageTiming;
use crate::pipeline::{Options, Outcome, Request};
use crate::report::{Reporter, Warning};
use crate::scene::Scene;
use serde::Serialize;
use std::collections::BTreeMap;

/// Uncertainty of the logarithm of the scale at which the scale part of the score is 1/e: a tenth of
/// every length, the limit of what a robot's gripper forgives on a handle.
const SCALE_SIGMA_REFERENCE: f64 = 0.10;

/// The content of `report.json`.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Program and version.
    pub program: String,
    /// The input.
    pub input: Input,
    /// 4x4, row-major, scale included: the input's own frame to the scene frame.
    pub scene_from_input: [[f64; 4]; 4],
    /// Metric scale.
    pub scale: Scale,
    /// Gravity and yaw.
    pub gravity: Gravity,
    /// Device and execution provider that the networks ran on; absent when none ran.
    pub execution: Option<Execution>,
    /// Models used.
    pub models: Vec<Model>,
    /// Overall quality, 0..1, and what it is made of.
    pub quality: Quality,
    /// What was found: number of rooms, walls, doors, windows, objects, findings.
    pub counts: BTreeMap<String, usize>,
    /// Warnings in the order raised.
    pub warnings: Vec<Warning>,
    /// Stage → figure → value.
    pub diagnostics: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
    /// The options as resolved.
    pub options: Options,
    /// Seconds and memory by stage: the only part that differs between equal runs.
    pub timings: Vec<StageTiming>,
}

/// The input.
#[derive(Debug, Serialize)]
pub struct Input {
    /// File or folder name.
    pub name: String,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// Metric scale.
#[derive(Debug, Serialize)]
pub struct Scale {
    /// What it was read from.
    pub source: crate::align::ScaleSource,
    /// Metres per unit of the input's frame.
    pub metres_per_unit: f64,
    /// One standard deviation, as a share of every length.
    pub sigma: f64,
    /// The cues that took part.
    pub cues: Vec<Cue>,
}

/// Gravity and yaw.
#[derive(Debug, Serialize)]
pub struct Gravity {
    /// One standard deviation of the up direction, radians.
    pub sigma_rad: f64,
    /// The cues that took part.
    pub sources: Vec<String>,
    /// Share of the wall evidence along two perpendicular directions.
    pub manhattan_share: f64,
}

/// Where the networks ran.
#[derive(Debug, Serialize)]
pub struct Execution {
    /// `cpu`.
    pub device: String,
    /// ONNX Runtime's execution provider.
    pub provider: String,
}

/// A model that was used.
#[derive(Debug, Serialize)]
pub struct Model {
    /// Its id in the manifest.
    pub id: String,
    /// Its digest.
    pub sha256: String,
}

/// Quality of the result, each part 0..1.
#[derive(Debug, Serialize)]
pub struct Quality {
    /// Geometric mean of the parts.
    pub score: f64,
    /// The parts by name.
    pub parts: BTreeMap<String, f64>,
}

impl Summary {
    /// The summary of a run.
    #[must_use]
    pub fn of(request: &Request, outcome: &Outcome, reporter: &Reporter) -> Self {
        let alignment = &outcome.aligned.alignment;
        let scene_from_input = outcome.scene_from_input();
        let matrix = scene_from_input.to_homogeneous();
        let models: Vec<Model> = outcome
            .models
            .iter()
            .map(|(id, sha256)| Model { id: id.clone(), sha256: sha256.clone() })
            .collect();
        Self {
            program: outcome.scene.provenance.generator.clone(),
            input: Input {
                name: request.input.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                sha256: outcome.input_digest.clone(),
            },
            scene_from_input: std::array::from_fn(|r| std::array::from_fn(|c| matrix[(r, c)])),
            scale: Scale {
                source: alignment.scale_source,
                metres_per_unit: alignment.scene_from_world.scaling(),
                sigma: alignment.scale_log_sigma,
                cues: alignment.scale_cues.clone(),
            },
            gravity: Gravity {
                sigma_rad: alignment.gravity_sigma_rad,
                sources: alignment.gravity_sources.clone(),
                manhattan_share: alignment.manhattan_share,
            },
            execution: (!models.is_empty())
                .then(|| Execution { device: "cpu".to_owned(), provider: crate::nn::PROVIDER.to_owned() }),
            models,
            quality: quality(outcome),
            counts: counts(&outcome.scene),
            warnings: reporter.warnings(),
            diagnostics: reporter.diagnostics(),
            options: request.options.clone(),
            timings: outcome.timings.clone(),
        }
    }
}

fn counts(scene: &Scene) -> BTreeMap<String, usize> {
    let doors = scene.openings.iter().filter(|o| o.kind == crate::scene::OpeningKind::Door).count();
    [
        ("rooms", scene.rooms.len()),
        ("walls", scene.walls.len()),
        ("doors", doors),
        ("windows", scene.openings.len() - doors),
        ("objects", scene.objects.len()),
        ("findings", scene.findings.len()),
        ("findings_unresolved", scene.findings.iter().filter(|finding| finding.unresolved).count()),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect()
}

/// Parts: share of the frames that were registered, share of the depth pixels with an estimate, how
/// sure the scale is, share of the walls that was seen, share of the elements without an unresolved
/// finding.
fn quality(outcome: &Outcome) -> Quality {
    let scene = &outcome.scene;
    let mut parts = BTreeMap::new();
    if let Some(capture) = &outcome.capture {
        parts.insert("camera", capture.trajectory.registered_share());
        let maps = &capture.depths.maps;
        let covered: f64 = maps.iter().map(crate::depth::DepthMap::coverage).sum();
        parts.insert("depth", covered / maps.len().max(1) as f64);
    }
    parts.insert("scale", (-outcome.aligned.alignment.scale_log_sigma / SCALE_SIGMA_REFERENCE).exp());
    let length = |wall: &crate::scene::Wall| (wall.b[0] - wall.a[0]).hypot(wall.b[1] - wall.a[1]);
    let total: f64 = scene.walls.iter().map(length).sum();
    let seen: f64 = scene.walls.iter().map(|wall| length(wall) * wall.evidence.observed_fraction).sum();
    parts.insert("structure", if total > 0.0 { seen / total } else { 0.0 });
    let elements = scene.walls.len() + scene.openings.len() + scene.objects.len();
    let unresolved = scene.findings.iter().filter(|finding| finding.unresolved).count();
    parts.insert("consistency", 1.0 - (unresolved as f64 / elements.max(1) as f64).min(1.0));
    let product: f64 = parts.values().product();
    let score = product.max(0.0).powf(1.0 / parts.len() as f64);
    Quality { score, parts: parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect() }
}
