//! Layout detectors side by side, on simulated scans of houses drawn from seeds or on labelled scans.
//!
//! For each seed a house is drawn, walked through and scanned (`synth`); every detector gets the same
//! cloud, free space and camera path; the strict layout F1 against what was seen of the house is
//! computed as in [`super::layout`]. Labelled scans ([`labelled`]) bring what lies beside them. Beside it: whether confidences are what they say
//! ([`super::calibration`]), the error of the network's scale, and the time. Deterministic but for
//! the time.

use super::calibration::Calibration;
use super::clues::{ClueLine, judge_scene};
use super::layout::{LayoutScore, Mode, SceneInput, THRESHOLDS, score_layouts};
use crate::align::LogScale;
use crate::cloud::{Cloud, FreeSpace, SceneFrame};
use crate::layout::labelled::{self, Pair};
use crate::layout::network::Network;
use crate::layout::{self, DetectorInput, Draft, LayoutDetector, picture};
use crate::math::Point3;
use crate::nn::{Clues, Registry};
use crate::report::Reporter;
use crate::scene::{ClassMap, Layout};
use crate::semantics::{Segmenter, Semantics};
use crate::synth::{HouseOptions, ScanOptions, generate, scan};
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// What is measured on.
#[derive(Debug, Clone, PartialEq)]
pub enum Cases {
    /// Houses of consecutive seeds; those without a walk are passed over.
    Houses {
        /// First seed.
        seed: u64,
        /// Number of houses.
        count: u64,
        /// The houses.
        house: Box<HouseOptions>,
        /// The scans.
        scan: Box<ScanOptions>,
    },
    /// Labelled scans.
    Scans(Vec<Pair>),
}

/// One scan with its truth.
struct Case {
    name: String,
    cloud: Cloud<SceneFrame>,
    free: Option<FreeSpace>,
    semantics: Option<Semantics>,
    path: Vec<Point3>,
    truth: Layout,
    unseen: Layout,
    /// Logarithm of the cloud's scale over the true one.
    log_scale: f64,
    /// The truth as a draft, to draw it.
    drawn: Draft,
}

impl Cases {
    fn len(&self) -> u64 {
        match self {
            Self::Houses { count, .. } => *count,
            Self::Scans(pairs) => pairs.len() as u64,
        }
    }

    /// The case of a number; `None` for a house without a walk.
    fn case(&self, index: u64, segmenter: Option<&Segmenter>, reporter: &Reporter) -> Result<Option<Case>> {
        match self {
            Self::Houses { seed, house, scan: options, .. } => {
                let seed = seed + index;
                let house = generate(seed, house);
                let Some(scan) = scan(&house, seed, options) else { return Ok(None) };
                Ok(Some(Case {
                    name: seed.to_string(),
                    path: scan.poses.iter().map(|pose| pose.translation.vector.into()).collect(),
                    cloud: scan.cloud,
                    free: Some(scan.free),
                    semantics: scan.semantics,
                    truth: scan.layout,
                    unseen: scan.unseen,
                    log_scale: scan.scale.ln(),
                    drawn: house.draft(),
                }))
            }
            Self::Scans(pairs) => {
                let scan = labelled::read(&pairs[index as usize], segmenter, reporter)?;
                Ok(Some(Case {
                    name: scan.name,
                    drawn: Draft::of_layout(&scan.layout),
                    path: scan.path,
                    cloud: scan.cloud,
                    free: scan.free,
                    semantics: scan.semantics,
                    truth: scan.layout,
                    unseen: scan.unseen,
                    log_scale: 0.0,
                }))
            }
        }
    }
}

/// F1 of one class over all houses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassF1 {
    /// Mean of the houses' F1 at IoU 0.25.
    pub f1_25: Option<f64>,
    /// ... at 0.50.
    pub f1_50: Option<f64>,
    /// Pooled precision at 0.25.
    pub precision_25: f64,
    /// Pooled recall at 0.25.
    pub recall_25: f64,
    /// Number of true ones.
    pub truth: usize,
}

/// Error of the scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScaleFigures {
    /// Median of the absolute error of the logarithm.
    pub median_abs_log: f64,
    /// Share of errors within one stated sigma (0.68 when they are what they say).
    pub within_sigma: f64,
    /// Factor on sigma that makes that share 0.68.
    pub fitting_factor: f64,
}

/// Figures of one detector.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectorFigures {
    /// Name.
    pub detector: String,
    /// Strict F1 by class; `objects` is the mean over the classes of the benchmark.
    pub classes: BTreeMap<String, ClassF1>,
    /// Whether confidences are what they say (a hit is a match at IoU 0.25).
    pub calibration: Calibration,
    /// Of the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleFigures>,
    /// Median time from cloud to draft, seconds.
    pub median_seconds: f64,
    /// Houses in which it found nothing to detect from.
    pub failed: usize,
}

/// Figures of all detectors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Name of the first scan (its seed for a drawn house).
    pub first: String,
    /// Scans.
    pub houses: usize,
    /// Median points of a cloud.
    pub median_points: usize,
    /// Side by side.
    pub detectors: Vec<DetectorFigures>,
}

/// What one detector gave in one house.
struct Drafted {
    name: String,
    draft: Draft,
    clues: Option<[Vec<Clues>; 3]>,
}

/// What one detector gave in all houses.
#[derive(Default)]
struct Tally {
    layouts: Vec<Layout>,
    drafts: Vec<Drafted>,
    seconds: Vec<f64>,
    scale: Vec<(f64, f64)>,
    failed: usize,
}

/// Measures the named detectors; with `pictures` the plans of every house are drawn there.
///
/// # Errors
/// When a detector cannot be made or a picture cannot be written.
pub fn run_detectors(
    names: &[String],
    cases: &Cases,
    options: &layout::Options,
    registry: &Registry,
    pictures: Option<&Path>,
    reporter: &Reporter,
) -> Result<(Figures, Vec<ClueLine>)> {
    let network = if names.iter().any(|name| name == layout::network::NAME) {
        Some(Network::open(&options.network, registry)?)
    } else {
        None
    };
    let mut detectors: Vec<Box<dyn LayoutDetector>> = Vec::new();
    for name in names.iter().filter(|name| *name != layout::network::NAME) {
        let options = layout::Options { detector: name.clone(), ..options.clone() };
        detectors.push(layout::detector(&options, registry)?);
    }
    let segmenter = Segmenter::open(&options.semantics, registry)?;
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut truths, mut points) = (Vec::new(), Vec::new());
    for index in 0..cases.len() {
        reporter.progress(index as usize, cases.len() as usize);
        let Some(case) = cases.case(index, segmenter.as_ref(), reporter)? else { continue };
        points.push(case.cloud.len());
        let input = DetectorInput {
            cloud: &case.cloud,
            free_space: case.free.as_ref(),
            semantics: case.semantics.as_ref(),
            camera_path: &case.path,
            ceiling_height_m: None,
        };
        let quiet = Reporter::default();
        let mut drafts: Vec<(&str, Draft)> = Vec::new();
        if let Some(network) = &network {
            let begun = Instant::now();
            let tally = tallies.entry(layout::network::NAME.to_owned()).or_default();
            match network.look(&input, &quiet) {
                Ok(found) => {
                    tally.seconds.push(begun.elapsed().as_secs_f64());
                    let LogScale { log_scale, log_sigma } = found.scale;
                    tally.scale.push((log_scale - case.log_scale, log_sigma));
                    drafts.push((layout::network::NAME, found.draft.clone()));
                    tally.add(&case.name, found.draft, Some(found.clues));
                }
                Err(_) => tally.add_failed(&case.name),
            }
        }
        for detector in &detectors {
            let begun = Instant::now();
            let tally = tallies.entry(detector.name().to_owned()).or_default();
            match detector.detect(&input, &quiet) {
                Ok(draft) => {
                    tally.seconds.push(begun.elapsed().as_secs_f64());
                    drafts.push((detector.name(), draft.clone()));
                    tally.add(&case.name, draft, None);
                }
                Err(_) => tally.add_failed(&case.name),
            }
        }
        if let Some(folder) = pictures {
            std::fs::create_dir_all(folder)?;
            drafts.push(("truth", case.drawn));
            for (name, draft) in &drafts {
                let path = folder.join(format!("{}_{name}.png", case.name));
                picture::top_view(&case.cloud, draft, &case.path).save(path)?;
            }
        }
        truths.push((case.name, case.truth, case.unseen));
    }
    let mut lines = Vec::new();
    let mut figures = Figures {
        first: truths.first().map_or_else(String::new, |truth: &(String, Layout, Layout)| truth.0.clone()),
        houses: truths.len(),
        median_points: middle(points.iter().map(|&n| n as f64).collect()) as usize,
        detectors: Vec::new(),
    };
    for (name, tally) in &tallies {
        figures.detectors.push(judge(name, tally, &truths, &mut lines)?);
    }
    Ok((figures, lines))
}

impl Tally {
    fn add(&mut self, name: &str, draft: Draft, clues: Option<[Vec<Clues>; 3]>) {
        self.layouts.push(draft.to_layout());
        self.drafts.push(Drafted { name: name.to_owned(), draft, clues });
    }

    fn add_failed(&mut self, name: &str) {
        self.failed += 1;
        self.add(name, Draft::default(), None);
    }
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn judge(
    name: &str,
    tally: &Tally,
    truths: &[(String, Layout, Layout)],
    lines: &mut Vec<ClueLine>,
) -> Result<DetectorFigures> {
    let scenes: Vec<SceneInput<'_>> = truths
        .iter()
        .zip(&tally.layouts)
        .map(|((name, truth, unseen), prediction)| SceneInput {
            name,
            prediction,
            truth,
            ignored: Some(unseen),
        })
        .collect();
    let score = score_layouts(&scenes, &ClassMap::benchmark(), &THRESHOLDS)?;
    let mut judged = Vec::new();
    for (scene, own) in score.scenes.iter().zip(&tally.drafts) {
        judge_scene(scene, &own.name, &own.draft, own.clues.as_ref(), &mut judged, lines);
    }
    let errors: Vec<(f64, f64)> = tally.scale.iter().map(|(e, s)| (e.abs(), *s)).collect();
    let scale = (!errors.is_empty()).then(|| {
        let mut ratios: Vec<f64> = errors.iter().map(|(e, s)| e / s.max(1e-6)).collect();
        ratios.sort_by(f64::total_cmp);
        ScaleFigures {
            median_abs_log: middle(errors.iter().map(|e| e.0).collect()),
            within_sigma: errors.iter().filter(|(e, s)| e < s).count() as f64 / errors.len() as f64,
            fitting_factor: ratios[((ratios.len() - 1) as f64 * 0.683).round() as usize],
        }
    });
    Ok(DetectorFigures {
        detector: name.to_owned(),
        classes: classes(&score),
        calibration: Calibration::of(&judged),
        scale,
        median_seconds: middle(tally.seconds.clone()),
        failed: tally.failed,
    })
}

fn classes(score: &LayoutScore) -> BTreeMap<String, ClassF1> {
    let mut found = BTreeMap::new();
    let at = |t: f64| score.summary(Mode::Strict, t);
    let (Some(low), Some(high)) = (at(THRESHOLDS[0]), at(THRESHOLDS[1])) else { return found };
    for class in &low.classes {
        let strict = high.classes.iter().find(|c| c.class == class.class);
        let row = ClassF1 {
            f1_25: class.f1,
            f1_50: strict.and_then(|c| c.f1),
            precision_25: class.pooled.precision,
            recall_25: class.pooled.recall,
            truth: class.pooled.truth,
        };
        found.insert(class.class.name().to_owned(), row);
    }
    let objects = ClassF1 {
        f1_25: low.objects_f1,
        f1_50: high.objects_f1,
        precision_25: low.objects_pooled.precision,
        recall_25: low.objects_pooled.recall,
        truth: low.objects_pooled.truth,
    };
    found.insert("objects".to_owned(), objects);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_exact_room_has_its_walls_and_its_figures() {
        let scan = ScanOptions {
            errors: crate::synth::scan_errors::ScanErrors::none(),
            min_samples: 1,
            ..ScanOptions::default()
        };
        let house = HouseOptions { max_rooms: 1, ..HouseOptions::default() };
        let (house, scan) = (Box::new(house), Box::new(scan));
        let houses = Cases::Houses { seed: 800_000, count: 2, house, scan };
        let registry = Registry::open(&[]).unwrap();
        let (options, reporter) = (layout::Options::default(), Reporter::default());
        let names = ["geometric".to_owned()];
        let (figures, clues) = run_detectors(&names, &houses, &options, &registry, None, &reporter).unwrap();
        assert!(figures.houses >= 1 && figures.median_points > 10_000, "{figures:?}");
        let found = &figures.detectors[0];
        // Walls that were hardly seen do not count.
        let walls = found.classes["wall"].truth;
        assert!((2 * figures.houses..=8 * figures.houses).contains(&walls), "{walls}");
        assert!(found.classes["wall"].f1_25.unwrap() > 0.8, "{:?}", found.classes["wall"]);
        assert!(found.calibration.bins.iter().map(|bin| bin.count).sum::<usize>() >= 4);
        assert!(clues.is_empty() && found.scale.is_none(), "only the network has clues and a scale");
        let unknown = ["nonesuch".to_owned()];
        assert!(run_detectors(&unknown, &houses, &options, &registry, None, &reporter).is_err());
    }
}
