//! Evidence becomes a draft: every wall is looked at from the front, its openings and pictures are
//! found, and its doubts counted. Shared by every detector.
//!
//! Takes a [`Structure`] and the reduced cloud, gives a [`Draft`] of walls, openings, hangings and
//! rooms. Confidence, sigma and observed fraction come from the evidence of the element itself:
//! share of its length that looks like a wall, patches of surface, rays that went through. Frame: scene.

use super::draft::{Draft, DraftObject, DraftOpening, DraftRoom, DraftWall};
use super::elevation::{self, Elevation, WallView};
use super::heights::{self, Heights};
use super::openings::{self, Hole};
use super::sample_index::SampleIndex;
use super::samples::Samples;
use super::structure::{SEEN_SHARE, Structure};
use super::wall_grid::WallGrid;
use super::walls::{Outline, Run, WallGraph};
use super::{DetectorInput, panels, plan};
use crate::math::Point2;
use crate::scene::model::Source;
use rayon::prelude::*;

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

/// Drafts walls, openings, hangings and rooms of a structure; the detector's name is left empty.
#[must_use]
pub fn draft(
    structure: &Structure,
    samples: &Samples,
    heights: &Heights,
    grid: &WallGrid,
    input: &DetectorInput<'_>,
) -> Draft {
    let index = SampleIndex::new(&samples.samples);
    let ceilings = room_ceilings(structure, samples, &index);
    let looked: Vec<Looked> = (0..structure.graph.runs.len())
        .into_par_iter()
        .map(|run| {
            let height = ceiling_beside(structure, run, &ceilings).unwrap_or(heights.ceiling_m);
            draft_wall(structure, run, height, &index, input)
        })
        .collect();
    let mut draft = Draft::default();
    for looked in looked {
        let wall_idx = draft.walls.len();
        draft.openings.extend(looked.openings.into_iter().map(|o| DraftOpening { wall_idx, ..o }));
        draft.objects.extend(looked.hangings);
        draft.walls.push(looked.wall);
    }
    draft.rooms = rooms(structure, &ceilings, grid);
    draft
}

/// Height of the higher ceiling beside a wall, metres, where one was seen.
pub(super) fn ceiling_beside(structure: &Structure, index: usize, ceilings: &[Option<f64>]) -> Option<f64> {
    let run = &structure.graph.runs[index];
    [run.ahead, run.behind].into_iter().flatten().filter_map(|room| ceilings[room]).max_by(f64::total_cmp)
}

/// The rooms whose walls close.
pub(super) fn rooms(structure: &Structure, ceilings: &[Option<f64>], grid: &WallGrid) -> Vec<DraftRoom> {
    structure
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
        .collect()
}

/// Share of a room's floor that was seen.
fn seen_share(outline: &Outline, grid: &WallGrid) -> f64 {
    let raster = &grid.coverage.raster;
    let (mut all, mut seen) = (0usize, 0usize);
    // A quarter of the pixels is enough for a share.
    for y in (0..raster.height).step_by(2) {
        for x in (0..raster.width).step_by(2) {
            if plan::contains(&outline.polygon, &raster.center(x, y)) {
                all += 1;
                seen += usize::from(grid.coverage.seen[y * raster.width + x]);
            }
        }
    }
    if all == 0 { 0.0 } else { seen as f64 / all as f64 }
}

/// Ceiling height over each room, metres, where it was seen.
pub(super) fn room_ceilings(
    structure: &Structure,
    samples: &Samples,
    index: &SampleIndex<'_>,
) -> Vec<Option<f64>> {
    structure
        .outlines
        .par_iter()
        .map(|outline| {
            let polygon = &outline.as_ref()?.polygon;
            let near = index.round(polygon);
            let inside = near.iter().filter(|s| {
                s.normal[2].abs() > heights::HORIZONTAL_NZ
                    && s.position[2] > 1.9
                    && plan::contains(
                        polygon,
                        &Point2::new(f64::from(s.position[0]), f64::from(s.position[1])),
                    )
            });
            heights::ceiling(inside, samples)
        })
        .collect()
}

/// What the front view of one wall gives.
struct Looked {
    wall: DraftWall,
    openings: Vec<DraftOpening>,
    hangings: Vec<DraftObject>,
}

/// How a wall is looked at from the front.
pub(super) fn view(structure: &Structure, index: usize, height: f64) -> WallView {
    let run = &structure.graph.runs[index];
    let (a, b) = structure.graph.segment(run);
    WallView {
        line: plan::PlanLine::through(a, b),
        a,
        length: (b - a).norm(),
        height,
        thickness: run.thickness,
        ahead: run.ahead.is_some(),
        behind: run.behind.is_some(),
    }
}

/// A wall of the structure with its place, sigmas and source; its confidence is not yet known.
pub(super) fn bare_wall(structure: &Structure, index: usize, height: f64, looked: &Elevation) -> DraftWall {
    let graph = &structure.graph;
    let run = &graph.runs[index];
    let (a, b) = graph.segment(run);
    DraftWall {
        a: [a.x, a.y],
        b: [b.x, b.y],
        height,
        thickness: run.thickness,
        offset_sigma_m: structure.fits[index].offset_sigma((b - a).norm()),
        end_sigma_m: [run.ends.0, run.ends.1].map(|corner| end_sigma(graph, corner, index)),
        confidence: 0.0,
        observed_fraction: looked.observed().clamp(0.0, 1.0),
        source: if structure.inferred[index] { Source::Inferred } else { Source::Detected },
    }
}

fn draft_wall(
    structure: &Structure,
    index: usize,
    height: f64,
    samples: &SampleIndex<'_>,
    input: &DetectorInput<'_>,
) -> Looked {
    let run = &structure.graph.runs[index];
    let view = view(structure, index, height);
    let looked = elevation::look(&view, samples, input.free_space);
    let panels = [0, 1].map(|side| panels::find(&looked, side, structure.noise_m));
    let holes = wall_holes(&view, &looked, &panels, input);
    let inferred = structure.inferred[index];
    let wall = DraftWall {
        confidence: wall_confidence(run, &looked, &holes, inferred),
        observed_fraction: observed_with_holes(&looked, &holes),
        ..bare_wall(structure, index, height, &looked)
    };
    Looked {
        wall,
        openings: holes.iter().map(|hole| draft_opening(hole, &view)).collect(),
        hangings: [0, 1].iter().flat_map(|&side| panels::hangings(&panels[side], &view, side)).collect(),
    }
}

/// Doorways, windows and closed doors of a wall; a closed door that lies over a hole is the hole.
fn wall_holes(
    view: &WallView,
    looked: &Elevation,
    panels: &[Vec<panels::Panel>; 2],
    input: &DetectorInput<'_>,
) -> Vec<Hole> {
    let crossings = crossings(view, input);
    let mut holes = openings::find(&openings::Context {
        view: looked,
        crossings: &crossings,
        between_rooms: view.ahead && view.behind,
        has_free_space: input.free_space.is_some(),
    });
    for door in panels.iter().flat_map(|side| panels::doors(side)) {
        let clash = holes
            .iter()
            .any(|hole| plan::overlap(hole.u, door.u) > 0.3 && plan::overlap(hole.z, door.z) > 0.3);
        if !clash {
            holes.push(door);
        }
    }
    holes
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
