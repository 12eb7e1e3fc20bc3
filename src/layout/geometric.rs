//! The detector without weights: planes, a cell complex, holes and clusters.
//!
//! `DetectorInput -> Draft` in one straight line: reduce → heights → evidence in plan → faces → centre
//! lines → arrangement → interior → walls → refinement → openings → objects. Every figure of doubt
//! (confidence, sigma, observed fraction) is computed from the evidence of that element. What nobody
//! saw is reported as inferred only where it closes a room that is mostly seen. Frame: scene.

use super::draft::Draft;
use super::heights::{self, Heights};
use super::samples::{self, Samples};
use super::structure::{self, Structure};
use super::wall_lines::{self, WallLine};
use super::{DetectorInput, Error, LayoutDetector, drafting, faces, objects, wall_grid};
use crate::report::Reporter;
use serde::{Deserialize, Serialize};

/// Name of this detector.
pub const NAME: &str = "geometric";

/// Options of the geometric detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Walls less sure than this are not reported, 0..1.
    pub min_wall_confidence: f64,
    /// Objects less sure than this are not reported, 0..1.
    pub min_object_confidence: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { min_wall_confidence: 0.2, min_object_confidence: 0.2 }
    }
}

/// The detector.
#[derive(Debug, Clone)]
pub struct Geometric {
    options: Options,
}

impl Geometric {
    /// With these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }
}

impl LayoutDetector for Geometric {
    fn name(&self) -> &'static str {
        NAME
    }

    fn detect(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Draft, Error> {
        let samples = samples::reduce(input.cloud)?;
        samples.warn_dropped(input.cloud.len(), reporter);
        let heights = heights::measure(&samples, input.ceiling_height_m);
        let grid = wall_grid::build(&samples, &heights, input);
        let faces = faces::find(&grid);
        let axis = wall_lines::dominant_direction(&faces).map_or(0.0, |direction| direction.0);
        let lines = wall_lines::build(faces);
        let structure = structure::close(&lines, &grid);
        report(&samples, &heights, &lines, &structure, reporter);
        let mut draft = drafting::draft(&structure, &samples, &heights, &grid, input);
        draft.detector = NAME.to_owned();
        drop_unsure(&mut draft, self.options.min_wall_confidence, reporter);
        draft.objects.extend(objects::find(&objects::Context {
            samples: &samples,
            heights: &heights,
            walls: &draft.walls,
            raster: &grid.coverage.raster,
            inside: &structure.inside,
            noise_m: structure.noise_m,
            axis,
        }));
        let proposed = draft.objects.len();
        draft.objects.retain(|object| object.confidence >= self.options.min_object_confidence);
        reporter.diagnostic("objects_dropped_as_unsure", proposed - draft.objects.len());
        Ok(draft)
    }
}
fn report(
    samples: &Samples,
    heights: &Heights,
    lines: &[WallLine],
    structure: &Structure,
    reporter: &Reporter,
) {
    reporter.diagnostic("samples", samples.samples.len());
    reporter.diagnostic("wall_lines", lines.len());
    reporter.diagnostic("rooms", structure.outlines.iter().flatten().count());
    if structure.graph.runs.is_empty() {
        reporter.warn(
            "no-walls",
            "no wall was found: film the walls from floor to ceiling, and check the up direction of the cloud",
        );
    }
    if heights.ceiling_seen {
        reporter.diagnostic("ceiling_m", heights.ceiling_m);
    } else {
        reporter.warn(
            "ceiling-not-seen",
            format!(
                "the ceiling was not seen; walls are given the usual {:.2} m: tilt the camera up once, \
                 or give the ceiling height",
                heights.ceiling_m
            ),
        );
    }
}

/// Leaves out walls under the threshold, with their openings, and says so.
fn drop_unsure(draft: &mut Draft, threshold: f64, reporter: &Reporter) {
    let kept: Vec<bool> = draft.walls.iter().map(|w| w.confidence >= threshold).collect();
    let dropped = kept.iter().filter(|k| !**k).count();
    if dropped == 0 {
        return;
    }
    reporter.diagnostic("walls_dropped_as_unsure", dropped);
    let new_index: Vec<usize> = kept
        .iter()
        .scan(0, |next, &k| {
            let own = *next;
            *next += usize::from(k);
            Some(own)
        })
        .collect();
    draft.openings.retain(|o| kept[o.wall_idx]);
    for opening in &mut draft.openings {
        opening.wall_idx = new_index[opening.wall_idx];
    }
    let mut keep = kept.iter();
    draft.walls.retain(|_| *keep.next().expect("because there is one flag per wall"));
}
