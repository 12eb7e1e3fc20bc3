//! The detector without weights: planes, a cell complex, holes and clusters.
//!
//! `DetectorInput -> Draft` in one straight line: reduce → heights → evidence in plan → faces → centre
//! lines → arrangement → interior → walls → refinement → openings → objects. Every figure of doubt
//! (confidence, sigma, observed fraction) is computed from the evidence of that element. What nobody
//! saw is reported as inferred only where it closes a room that is mostly seen. Frame: scene.

use super::draft::{Draft, DraftOpening, DraftRoom, DraftWall};
use super::elevation::{self, Elevation, WallView};
use super::heights::{self, Heights};
use super::interior::{self, Support};
use super::openings::{self, Hole};
use super::plan::PlanLine;
use super::refine::{self, WallFit};
use super::samples::{self, Samples};
use super::wall_grid::{self, WallGrid};
use super::wall_lines::{self, WallLine};
use super::walls::{self, Outline, Run, WallGraph};
use super::{DetectorInput, Error, LayoutDetector, arrangement, faces};
use crate::math::{Point2, Vec2};
use crate::report::Reporter;
use crate::scene::model::Source;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Name of this detector.
pub const NAME: &str = "geometric";
/// Margin of the arrangement round what was seen, metres.
const MARGIN_M: f64 = 0.4;
/// A wall with less of its length supported was not seen.
const SEEN_SHARE: f64 = 0.2;
/// Unseen walls are inferred for rooms with at least this share of perimeter supported.
const CLOSED_SHARE: f64 = 0.6;
/// Share of dropped points worth a warning.
const WARN_DROPPED_SHARE: f64 = 0.02;

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
        warn_dropped(&samples, input.cloud.len(), reporter);
        let heights = heights::measure(&samples, input.ceiling_height_m);
        let grid = wall_grid::build(&samples, &heights, input);
        let lines = wall_lines::build(faces::find(&grid));
        let structure = structure(&lines, &grid);
        report(&samples, &heights, &lines, &structure, reporter);
        let mut draft = draft_structure(&structure, &samples, &heights, &grid, input);
        drop_unsure(&mut draft, self.options.min_wall_confidence, reporter);
        Ok(draft)
    }
}

fn warn_dropped(samples: &Samples, total: usize, reporter: &Reporter) {
    if samples.not_finite > 0 {
        reporter.warn(
            "cloud-not-finite",
            format!(
                "{} of {total} points have a coordinate that is not a number; they were left out",
                samples.not_finite
            ),
        );
    }
    if samples.out_of_bounds as f64 > WARN_DROPPED_SHARE * total as f64 {
        reporter.warn(
            "cloud-stray-points",
            format!("{} of {total} points lie far from all others and were left out", samples.out_of_bounds),
        );
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

/// Walls with shared corners and the rooms they close.
struct Structure {
    graph: WallGraph,
    fits: Vec<WallFit>,
    inferred: Vec<bool>,
    outlines: Vec<Option<Outline>>,
}

fn structure(lines: &[WallLine], grid: &WallGrid) -> Structure {
    let supports: Vec<Support> =
        lines.par_iter().map(|l| Support::new(wall_lines::profile(l, grid))).collect();
    let (min, max) = seen_bounds(grid);
    let plan_lines: Vec<PlanLine> = lines.iter().map(|l| l.line).collect();
    let arrangement = arrangement::build(&plan_lines, min, max);
    let interior = interior::label(&arrangement, &supports, &grid.coverage);
    let mut graph = walls::build(&arrangement, &interior, lines, &supports);
    let closing = walls::outlines(&graph, interior.rooms);
    let may_infer = |room: Option<usize>| {
        room.and_then(|r| closing[r].as_ref()).is_some_and(|o| o.supported >= CLOSED_SHARE)
    };
    graph.runs.retain(|run| run.wall_share >= SEEN_SHARE || may_infer(run.ahead) || may_infer(run.behind));
    walls::join_straight(&mut graph);
    walls::trim(&mut graph, &supports);
    let fits = refine::refine(&mut graph, grid);
    walls::solve_corners(&mut graph);
    let inferred = graph.runs.iter().map(|run| run.wall_share < SEEN_SHARE).collect();
    let outlines = walls::outlines(&graph, interior.rooms);
    Structure { graph, fits, inferred, outlines }
}

/// Bounding rectangle of what was seen in plan, with a margin.
fn seen_bounds(grid: &WallGrid) -> (Point2, Point2) {
    let raster = &grid.coverage.raster;
    let mut min = Point2::new(f64::INFINITY, f64::INFINITY);
    let mut max = Point2::new(f64::NEG_INFINITY, f64::NEG_INFINITY);
    let seen = (0..raster.len())
        .filter(|&k| grid.coverage.seen[k])
        .map(|k| raster.center(k % raster.width, k / raster.width));
    for p in seen.chain(grid.cells.iter().map(|c| c.position)) {
        min = min.inf(&p);
        max = max.sup(&p);
    }
    if !min.x.is_finite() {
        return (Point2::new(-1.0, -1.0), Point2::new(1.0, 1.0));
    }
    let margin = Vec2::new(MARGIN_M, MARGIN_M);
    (min - margin, max + margin)
}

/// The line through two corners with its direction from the first to the second.
fn line_through(a: Point2, b: Point2) -> PlanLine {
    let direction = (b - a).try_normalize(1e-9).unwrap_or_else(Vec2::x);
    let normal = Vec2::new(direction.y, -direction.x);
    PlanLine { normal, offset: normal.dot(&a.coords) }
}

/// Where the camera path crosses a wall, metres from end a.
fn crossings(view: &WallView, input: &DetectorInput<'_>) -> Vec<f64> {
    let u0 = view.line.along(&view.a);
    input
        .camera_path
        .windows(2)
        .filter_map(|pair| {
            let (p, q) = (pair[0].xy(), pair[1].xy());
            let (dp, dq) = (view.line.distance(&p), view.line.distance(&q));
            let crosses = dp.is_finite() && dq.is_finite() && (dp > 0.0) != (dq > 0.0);
            let u = view.line.along(&(p + (q - p) * (dp / (dp - dq)))) - u0;
            (crosses && u > 0.0 && u < view.length).then_some(u)
        })
        .collect()
}

fn draft_structure(
    structure: &Structure,
    samples: &Samples,
    heights: &Heights,
    grid: &WallGrid,
    input: &DetectorInput<'_>,
) -> Draft {
    let ceilings = room_ceilings(structure, samples);
    let looked: Vec<(DraftWall, Vec<DraftOpening>)> = (0..structure.graph.runs.len())
        .into_par_iter()
        .map(|index| {
            let run = &structure.graph.runs[index];
            let own = [run.ahead, run.behind].into_iter().flatten().filter_map(|r| ceilings[r]);
            let height = own.fold(f64::NEG_INFINITY, f64::max);
            let height = if height.is_finite() { height } else { heights.ceiling_m };
            draft_wall(structure, index, height, samples, input)
        })
        .collect();
    let mut draft = Draft { detector: NAME.to_owned(), ..Draft::default() };
    for (wall, openings) in looked {
        let wall_idx = draft.walls.len();
        draft.openings.extend(openings.into_iter().map(|o| DraftOpening { wall_idx, ..o }));
        draft.walls.push(wall);
    }
    draft.rooms = structure
        .outlines
        .iter()
        .enumerate()
        .filter_map(|(room, outline)| {
            let outline = outline.as_ref()?;
            let seen = seen_share(outline, grid);
            Some(DraftRoom {
                polygon: outline.polygon.iter().map(|p| [p.x, p.y]).collect(),
                ceiling_z: ceilings[room],
                confidence: (0.5 * outline.supported + 0.5 * seen).clamp(0.0, 0.99),
            })
        })
        .collect();
    draft
}

/// Share of a room's floor that was seen.
fn seen_share(outline: &Outline, grid: &WallGrid) -> f64 {
    let raster = &grid.coverage.raster;
    let (mut all, mut seen) = (0usize, 0usize);
    // A quarter of the pixels is enough for a share.
    for y in (0..raster.height).step_by(2) {
        for x in (0..raster.width).step_by(2) {
            if super::plan::contains(&outline.polygon, &raster.center(x, y)) {
                all += 1;
                seen += usize::from(grid.coverage.seen[y * raster.width + x]);
            }
        }
    }
    if all == 0 { 0.0 } else { seen as f64 / all as f64 }
}

fn room_ceilings(structure: &Structure, samples: &Samples) -> Vec<Option<f64>> {
    structure
        .outlines
        .par_iter()
        .map(|outline| {
            let polygon = &outline.as_ref()?.polygon;
            let inside = samples.samples.iter().filter(|s| {
                s.normal[2].abs() > heights::HORIZONTAL_NZ
                    && s.position[2] > 1.9
                    && super::plan::contains(
                        polygon,
                        &Point2::new(f64::from(s.position[0]), f64::from(s.position[1])),
                    )
            });
            heights::ceiling(inside, samples)
        })
        .collect()
}

fn draft_wall(
    structure: &Structure,
    index: usize,
    height: f64,
    samples: &Samples,
    input: &DetectorInput<'_>,
) -> (DraftWall, Vec<DraftOpening>) {
    let graph = &structure.graph;
    let run = &graph.runs[index];
    let (a, b) = graph.segment(run);
    let length = (b - a).norm();
    let view = WallView {
        line: line_through(a, b),
        a,
        length,
        height,
        thickness: run.thickness,
        ahead: run.ahead.is_some(),
        behind: run.behind.is_some(),
    };
    let looked = elevation::look(&view, samples, input.free_space);
    let crossings = crossings(&view, input);
    let holes = openings::find(&openings::Context {
        view: &looked,
        crossings: &crossings,
        between_rooms: view.ahead && view.behind,
        has_free_space: input.free_space.is_some(),
    });
    let inferred = structure.inferred[index];
    let observed = observed_with_holes(&looked, &holes);
    let wall = DraftWall {
        a: [a.x, a.y],
        b: [b.x, b.y],
        height,
        thickness: run.thickness,
        offset_sigma_m: structure.fits[index].offset_sigma(length),
        end_sigma_m: [end_sigma(graph, run.ends.0, index), end_sigma(graph, run.ends.1, index)],
        confidence: wall_confidence(run, &looked, &holes, inferred),
        observed_fraction: observed,
        source: if inferred { Source::Inferred } else { Source::Detected },
    };
    let drafted = holes.iter().map(|hole| draft_opening(hole, &view)).collect();
    (wall, drafted)
}

fn draft_opening(hole: &Hole, view: &WallView) -> DraftOpening {
    let u0 = view.line.along(&view.a);
    let center = view.line.at(u0 + 0.5 * (hole.u.0 + hole.u.1));
    DraftOpening {
        kind: hole.kind,
        wall_idx: 0,
        center: [center.x, center.y, 0.5 * (hole.z.0 + hole.z.1)],
        width: hole.u.1 - hole.u.0,
        height: hole.z.1 - hole.z.0,
        sigma_m: hole.sigma_m,
        confidence: hole.confidence,
        observed_fraction: hole.observed_fraction.clamp(0.0, 1.0),
    }
}

/// Observed share of the wall's rectangle, counting openings as observed.
fn observed_with_holes(view: &Elevation, holes: &[Hole]) -> f64 {
    let area = (view.width * view.height) as f64 * elevation::PIXEL_M * elevation::PIXEL_M;
    let open: f64 = holes.iter().map(|h| (h.u.1 - h.u.0) * (h.z.1 - h.z.0) * h.confidence).sum();
    (view.observed() + open / area.max(1e-6)).clamp(0.0, 1.0)
}

/// Standard deviation of an end along the wall: small where another wall meets it.
fn end_sigma(graph: &WallGraph, corner: usize, own: usize) -> f64 {
    /// A corner of two seen walls, metres.
    const JOINED_M: f64 = 0.03;
    /// A corner with an inferred wall, metres.
    const INFERRED_M: f64 = 0.15;
    /// A loose end: the wall may go on unseen, metres.
    const LOOSE_M: f64 = 0.5;
    graph
        .runs
        .iter()
        .enumerate()
        .filter(|(k, run)| *k != own && (run.ends.0 == corner || run.ends.1 == corner))
        .map(|(_, run)| if run.wall_share >= SEEN_SHARE { JOINED_M } else { INFERRED_M })
        .fold(LOOSE_M, f64::min)
}

/// Probability that a wall exists: how much of its length looks like a wall, less what rays went
/// through outside of its openings.
fn wall_confidence(run: &Run, view: &Elevation, holes: &[Hole], inferred: bool) -> f64 {
    /// Longest that an unseen wall is believed.
    const MAX_INFERRED: f64 = 0.3;
    let area = (view.width * view.height) as f64;
    let in_holes: f64 =
        holes.iter().map(|h| (h.u.1 - h.u.0) * (h.z.1 - h.z.0) / elevation::PIXEL_M.powi(2)).sum();
    let through = view.share(elevation::Patch::Through, (0, view.width), (0, view.height));
    let contradiction = (through - in_holes / area).max(0.0);
    let confidence =
        (0.15 + 0.85 * (0.6 * run.wall_share + 0.4 * run.support) - contradiction).clamp(0.02, 0.99);
    if inferred { confidence.min(MAX_INFERRED) } else { confidence }
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
