//! From the maps to a draft: evidence of every element is counted and becomes its probability.
//!
//! Frame: everything is found on the network's own axes ([`Turn`]) and turned back at the end.

use super::elevations::Face;
use super::evidence;
use super::inference;
use super::maps::Maps;
use super::pillars::{Beside, pillars};
use super::turn::Turn;
use super::wall_things::{self, Faces};
use super::{NAME, Options, boxes, doors_windows, wall_spans};
use crate::align::LogScale;
use crate::cloud::{Cloud, FreeSpace, SceneFrame};
use crate::layout::draft::{Draft, DraftObject, DraftOpening, DraftWall};
use crate::layout::elevation::{self, Elevation, PIXEL_M, Patch};
use crate::layout::heights::{self, Heights};
use crate::layout::interior::Support;
use crate::layout::sample_index::SampleIndex;
use crate::layout::samples::{self, Samples, VOXEL_M};
use crate::layout::structure::{self, Structure};
use crate::layout::walls::Run;
use crate::layout::{DetectorInput, Error, drafting, wall_grid};
use crate::math::{Point2, Point3};
use crate::nn::{Calibration, Clues, ElevationMaps, LayoutMaps, Session};
use crate::report::Reporter;
use crate::scene::{ClassMap, OpeningKind};
use crate::semantics::Semantics;
use rayon::prelude::*;

/// Points this far outside of a box still belong to it, metres (noise of multi-view depth).
const BOX_BAND_M: f64 = 0.05;
/// Objects with less of their surface seen than this have no evidence.
const MIN_OBJECT_SEEN: f64 = 0.004;

/// A home has a way in. When no door of an outer wall is sure enough, the likeliest one from this
/// probability on is reported all the same, with its own confidence: a closed flush door hardly shows.
const ENTRANCE_CONFIDENCE: f64 = 0.15;

/// A draft with what is behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// The draft.
    pub draft: Draft,
    /// Clues of its walls, openings and objects, in their order.
    pub clues: [Vec<Clues>; 3],
    /// The scale that the network votes for.
    pub scale: LogScale,
    /// Which walls have a room on one side only.
    outer_walls: Vec<bool>,
}

/// Detects.
///
/// # Errors
/// When the cloud holds nothing to detect from or the network does not run.
pub fn detect(
    (session, spec): (&mut Session, &LayoutMaps),
    elevation: Option<(&mut Session, &ElevationMaps)>,
    options: &Options,
    input: &DetectorInput<'_>,
    reporter: &Reporter,
) -> Result<Detection, Error> {
    let (turn, turned, maps) = read(session, spec, input, reporter)?;
    let beside = turned.beside();
    let Turned { samples, cloud, path, .. } = &turned;
    let input = DetectorInput {
        cloud,
        free_space: beside.free,
        semantics: beside.semantics,
        camera_path: path,
        ..*input
    };
    let heights = heights::measure(samples, input.ceiling_height_m);
    let scale = scale(&maps, spec);
    let grid = wall_grid::build(samples, &heights, &input);
    let lines = wall_spans::find(&maps);
    let supports: Vec<Support> = lines.par_iter().map(|line| evidence::support(line, &maps)).collect();
    let coverage = evidence::coverage(&maps, path);
    let structure = structure::close_on(&lines, &supports, &coverage, &grid);
    let index = SampleIndex::new(&samples.samples);
    let classes = ClassMap::benchmark();
    let found = Elements {
        spec: &spec.confidence,
        classes: &classes,
        maps: &maps,
        input: &input,
        index: &index,
        refine_boxes: options.refine_boxes,
    };
    let ceilings = drafting::room_ceilings(&structure, samples, &index);
    let walls = found.walls(&structure, &ceilings, &heights);
    let faces = match elevation {
        Some(network) => wall_things::read(network, &faces(&structure, &walls.0), &index, beside)?,
        None => Faces::default(),
    };
    let (mut draft, clues, homeless) = found.draft(walls, &faces, &heights);
    draft.rooms = drafting::rooms(&structure, &ceilings, &grid);
    let is_outer = |run: &Run| run.ahead.is_some() != run.behind.is_some();
    let outer_walls = structure.graph.runs.iter().map(is_outer).collect();
    let mut detection = Detection { draft, clues, scale, outer_walls };
    let dropped =
        if options.keep_unsure { [0; 3] } else { detection.drop_unsure(&spec.confidence, &classes) };
    turn.undo(&mut detection.draft);
    reporter.diagnostic("samples", samples.samples.len());
    reporter.diagnostic("wall_lines", lines.len());
    reporter.diagnostic("rooms", detection.draft.rooms.len());
    reporter.diagnostic("openings_without_wall", homeless);
    for (what, count) in ["walls", "openings", "objects"].iter().zip(dropped) {
        reporter.diagnostic(&format!("{what}_dropped_as_unsure"), count);
    }
    reporter.diagnostic("network_log_scale", scale);
    if detection.draft.walls.is_empty() {
        reporter.warn(
            "no-walls",
            "no wall was found: film the walls from floor to ceiling, and check the up direction and the \
             scale of the cloud",
        );
    }
    Ok(detection)
}

/// The input on the network's axes.
struct Turned {
    samples: Samples,
    cloud: Cloud<SceneFrame>,
    free: Option<FreeSpace>,
    semantics: Option<Semantics>,
    path: Vec<Point3>,
}

impl Turned {
    fn beside(&self) -> Beside<'_> {
        Beside { free: self.free.as_ref(), semantics: self.semantics.as_ref() }
    }
}

/// Turns the input to its walls and runs the network over it.
fn read(
    session: &mut Session,
    spec: &LayoutMaps,
    input: &DetectorInput<'_>,
    reporter: &Reporter,
) -> Result<(Turn, Turned, Maps), Error> {
    let turn = Turn::onto_walls(input.cloud)?;
    let cloud = turn.cloud(input.cloud);
    let samples = samples::reduce(&cloud)?;
    samples.warn_dropped(cloud.len(), reporter);
    let turned = Turned {
        samples,
        cloud,
        free: input.free_space.map(|free| turn.free(free)),
        semantics: input.semantics.map(|semantics| turn.semantics(semantics)),
        path: turn.path(input.camera_path),
    };
    let plan = |p: [f64; 3]| [p[0], p[1]];
    let bounds = (plan(turned.samples.min), plan(turned.samples.max));
    let window = inference::window(bounds.0, bounds.1, turned.samples.mean(), spec.multiple);
    let maps = inference::run(session, spec, &pillars(&turned.cloud.points, turned.beside(), window))?;
    Ok((turn, turned, maps))
}

fn scale(maps: &Maps, spec: &LayoutMaps) -> LogScale {
    let (log_scale, sigma) = maps.log_scale();
    LogScale { log_scale, log_sigma: sigma.exp() * spec.scale_sigma_factor }
}

/// What elements are made from.
struct Elements<'a> {
    spec: &'a Calibration,
    classes: &'a ClassMap,
    maps: &'a Maps,
    input: &'a DetectorInput<'a>,
    /// The samples by their place.
    index: &'a SampleIndex<'a>,
    /// Sides of boxes go to the samples.
    refine_boxes: bool,
}

impl Elements<'_> {
    /// The walls and their front views.
    fn walls(
        &self,
        structure: &Structure,
        ceilings: &[Option<f64>],
        heights: &Heights,
    ) -> (Vec<DraftWall>, Vec<Elevation>) {
        let looked: Vec<(DraftWall, Elevation)> = (0..structure.graph.runs.len())
            .into_par_iter()
            .map(|index| self.wall(structure, index, ceilings, heights))
            .collect();
        looked.into_iter().unzip()
    }

    /// The draft without rooms, its clues, and how many openings lay on no wall.
    fn draft(
        &self,
        (walls, views): (Vec<DraftWall>, Vec<Elevation>),
        faces: &Faces,
        heights: &Heights,
    ) -> (Draft, [Vec<Clues>; 3], usize) {
        let mut draft = Draft { detector: NAME.to_owned(), walls, ..Draft::default() };
        let (openings, homeless) = doors_windows::find(self.maps, &draft.walls, faces);
        let mut clues: [Vec<Clues>; 3] = Default::default();
        for found in openings {
            let mut opening = found.opening;
            let observed = seen_share(&opening, &draft.walls, &views);
            let own = Clues { observed, ..found.clues };
            let logistic =
                if opening.kind == OpeningKind::Door { &self.spec.door } else { &self.spec.window };
            opening.confidence = logistic.probability(&own);
            opening.observed_fraction = observed;
            clues[1].push(own);
            draft.openings.push(opening);
        }
        for (index, view) in views.iter().enumerate() {
            let own = self.wall_clues(&draft, index, view);
            let wall = &mut draft.walls[index];
            wall.confidence = self.spec.wall.probability(&own);
            clues[0].push(own);
        }
        let ceiling = heights.ceiling_seen.then_some(heights.ceiling_m);
        let refining = self.refine_boxes.then_some(self.index);
        let objects = boxes::find(self.maps, &draft.walls, faces, refining, ceiling);
        let seen: Vec<f64> = objects.par_iter().map(|f| self.object_seen(&f.object)).collect();
        for (found, observed) in objects.into_iter().zip(seen) {
            if observed < MIN_OBJECT_SEEN {
                continue;
            }
            let own = Clues { observed, ..found.clues };
            let kind = self.spec.object_of(self.classes.target(&found.object.class));
            let confidence = kind.probability(&own);
            clues[2].push(own);
            draft.objects.push(DraftObject { confidence, observed_fraction: observed, ..found.object });
        }
        (draft, clues, homeless)
    }

    fn wall(
        &self,
        structure: &Structure,
        index: usize,
        ceilings: &[Option<f64>],
        heights: &Heights,
    ) -> (DraftWall, Elevation) {
        let (a, b) = structure.graph.segment(&structure.graph.runs[index]);
        let height = drafting::ceiling_beside(structure, index, ceilings)
            .or_else(|| heights.ceiling_seen.then_some(heights.ceiling_m))
            .unwrap_or_else(|| self.height(&a, &b).unwrap_or(heights.ceiling_m));
        let view = drafting::view(structure, index, height);
        let looked = elevation::look(&view, self.index, self.input.free_space);
        let wall = drafting::bare_wall(structure, index, height, &looked);
        (wall, looked)
    }

    /// Mean height that the network gives a wall, metres.
    fn height(&self, a: &Point2, b: &Point2) -> Option<f64> {
        /// Heights that are believed, metres.
        const HEIGHT_M: (f64, f64) = (1.8, 5.0);
        let steps = 16;
        let at = |k: usize| {
            let p = a + (b - a) * ((k as f64 + 0.5) / steps as f64);
            let (x, y) = self.maps.in_cells(&p);
            self.maps.wall.smooth(4, x, y)
        };
        let mean = (0..steps).map(at).sum::<f64>() / steps as f64;
        let height = mean.exp();
        (height > HEIGHT_M.0 && height < HEIGHT_M.1).then_some(height)
    }

    /// Heat along a wall; its observed share less what rays went through outside of its openings.
    fn wall_clues(&self, draft: &Draft, index: usize, view: &Elevation) -> Clues {
        let wall = &draft.walls[index];
        let heat = evidence::mean_heat(self.maps, &Point2::from(wall.a), &Point2::from(wall.b));
        let area = (view.width * view.height) as f64 * PIXEL_M * PIXEL_M;
        let own = draft.openings.iter().filter(|o| o.wall_idx == index);
        let open: f64 = own.map(|o| o.width * o.height).sum::<f64>() / area.max(1e-6);
        let through = view.share(Patch::Through, (0, view.width), (0, view.height));
        let contradiction = (through - open).max(0.0);
        let observed = (wall.observed_fraction - 2.0 * contradiction).clamp(-1.0, 1.0);
        Clues { observed, ..Clues::of_plan(heat, 0.5) }
    }

    /// Share of a box's top and sides that carries samples.
    fn object_seen(&self, object: &DraftObject) -> f64 {
        let (sin, cos) = object.yaw.sin_cos();
        let half = object.size.map(|s| 0.5 * s + BOX_BAND_M);
        let inside = |p: &[f32; 3]| {
            let [x, y, z] = [0, 1, 2].map(|k| f64::from(p[k]) - object.center[k]);
            z.abs() < half[2] && (cos * x + sin * y).abs() < half[0] && (cos * y - sin * x).abs() < half[1]
        };
        let [x, y, _] = object.center;
        let near = self.index.around([x, y], half[0].hypot(half[1]));
        let count = near.iter().filter(|s| inside(&s.position)).count();
        let [w, d, h] = object.size;
        let surface = w * d + 2.0 * (w + d) * h;
        (count as f64 * VOXEL_M * VOXEL_M / surface.max(1e-3)).clamp(0.0, 1.0)
    }
}

/// The faces of walls that look into a room, or both where no room is known.
fn faces(structure: &Structure, walls: &[DraftWall]) -> Vec<(usize, Face)> {
    let sides = |run: &Run| match (run.ahead.is_some(), run.behind.is_some()) {
        (false, false) => [true, true],
        sides => [sides.0, sides.1],
    };
    let face = |(index, wall): (usize, &DraftWall), other_side: bool| {
        let (a, b) = (Point2::from(wall.a), Point2::from(wall.b));
        (index, Face::of(a, b, wall.thickness, wall.height, other_side))
    };
    let each = structure.graph.runs.iter().zip(walls.iter().enumerate());
    each.flat_map(|(run, wall)| {
        [false, true].into_iter().zip(sides(run)).filter(|side| side.1).map(move |side| face(wall, side.0))
    })
    .collect()
}

/// Share of an opening's area that nothing hides.
fn seen_share(opening: &DraftOpening, walls: &[DraftWall], views: &[Elevation]) -> f64 {
    let wall = &walls[opening.wall_idx];
    let view = &views[opening.wall_idx];
    let middle = (opening.center[0] - wall.a[0]).hypot(opening.center[1] - wall.a[1]);
    let pixels = |from: f64, to: f64| {
        ((from / PIXEL_M).round().max(0.0) as usize, (to / PIXEL_M).round().max(0.0) as usize)
    };
    let columns = pixels(middle - 0.5 * opening.width, middle + 0.5 * opening.width);
    let rows = pixels(opening.center[2] - 0.5 * opening.height, opening.center[2] + 0.5 * opening.height);
    (view.share(Patch::Surface, columns, rows) + view.share(Patch::Through, columns, rows)).clamp(0.0, 1.0)
}

impl Detection {
    /// Leaves out what is less sure than the calibration asks; gives the numbers of walls, openings and
    /// objects left out.
    fn drop_unsure(&mut self, spec: &Calibration, classes: &ClassMap) -> [usize; 3] {
        let draft = &mut self.draft;
        let walls: Vec<bool> = draft.walls.iter().map(|w| w.confidence >= spec.wall.min_confidence).collect();
        let mut openings: Vec<bool> = draft
            .openings
            .iter()
            .map(|o| {
                let spec = if o.kind == OpeningKind::Door { &spec.door } else { &spec.window };
                walls[o.wall_idx] && o.confidence >= spec.min_confidence
            })
            .collect();
        let ways_in = (0..draft.openings.len()).filter(|&k| {
            let o = &draft.openings[k];
            o.kind == OpeningKind::Door && walls[o.wall_idx] && self.outer_walls[o.wall_idx]
        });
        let likeliest = ways_in.max_by(|&a, &b| {
            draft.openings[a].confidence.total_cmp(&draft.openings[b].confidence).then(b.cmp(&a))
        });
        if let Some(entrance) = likeliest {
            openings[entrance] |= draft.openings[entrance].confidence >= ENTRANCE_CONFIDENCE;
        }
        let least = |class: &str| spec.object_of(classes.target(class)).min_confidence;
        let objects: Vec<bool> = draft.objects.iter().map(|o| o.confidence >= least(&o.class)).collect();
        let mut next = 0;
        let new_index: Vec<usize> = walls
            .iter()
            .map(|&kept| {
                next += usize::from(kept);
                next.saturating_sub(1)
            })
            .collect();
        for opening in &mut draft.openings {
            opening.wall_idx = new_index[opening.wall_idx];
        }
        let dropped = [&walls, &openings, &objects].map(|kept| kept.iter().filter(|k| !**k).count());
        retain(&mut draft.walls, &walls);
        retain(&mut self.outer_walls, &walls);
        retain(&mut draft.openings, &openings);
        retain(&mut draft.objects, &objects);
        for (clues, kept) in self.clues.iter_mut().zip([&walls, &openings, &objects]) {
            retain(clues, kept);
        }
        dropped
    }
}

fn retain<T>(items: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    items.retain(|_| kept.next().copied().unwrap_or(false));
}
