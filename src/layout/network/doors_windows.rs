//! Doors and windows: peaks of the heats on the walls that run their way, and what elevations show.
//!
//! `(maps, walls, faces) -> openings with clues`. An opening is put on the nearest parallel wall and kept
//! within it; of openings that share a place of a wall the surer one stays. Frame: plan of the maps,
//! z from the floor.

use super::maps::{Maps, sigmoid};
use super::wall_things::{DOOR, Faces, NO_OPINION, WINDOW, WallThing, join};
use crate::layout::draft::{DraftOpening, DraftWall};
use crate::layout::plan::{PlanLine, overlap};
use crate::math::{Point2, Vec2};
use crate::nn::Clues;
use crate::scene::OpeningKind;

/// Lowest heat of a peak.
const MIN_HEAT: f64 = 0.1;
/// A wall is an opening's when its line is within this, metres.
const AT_WALL_M: f64 = 0.3;
/// ... the middle of the opening is at most this beyond its ends, metres,
const BEYOND_M: f64 = 0.2;
/// ... and it runs the same way (cosine of 25 degrees).
const PARALLEL: f64 = 0.9;
/// Sizes that openings have, metres.
const SIZE_M: (f64, f64) = (0.25, 6.0);
/// Openings of one wall that share more than this of the narrower one are one.
const SAME_SHARE: f64 = 0.5;
/// Narrowest that an opening may become when it is cut to its wall, metres.
const MIN_WIDTH_M: f64 = 0.2;
/// One standard deviation of an edge that only the network saw, metres (half a cell).
const EDGE_SIGMA_M: f64 = 0.05;

/// An opening with what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The opening; confidence and observed share are not yet known.
    pub opening: DraftOpening,
    /// Clues without the observed share.
    pub clues: Clues,
}

/// Openings of all walls, by wall and then along it, and how many peaks lay on no wall. Where an elevation shows what
/// the plan shows, the elevation says where its edges are.
#[must_use]
pub fn find(maps: &Maps, walls: &[DraftWall], faces: &Faces) -> (Vec<Found>, usize) {
    let mut found: Vec<Found> = Vec::new();
    let mut homeless = 0;
    for (channel, kind) in [OpeningKind::Door, OpeningKind::Window].into_iter().enumerate() {
        for (x, y, heat) in maps.opening_heat.peaks(channel, MIN_HEAT) {
            match read(maps, walls, kind, (x, y, heat)) {
                Some(opening) => found.push(opening),
                None => homeless += 1,
            }
        }
    }
    for opening in &mut found {
        let own = &opening.opening;
        let heat = faces.heat(channel(own.kind), Some(own.wall_idx), own.center);
        opening.clues.elevation = heat.unwrap_or(NO_OPINION);
    }
    for thing in faces.things.iter().filter(|thing| thing.class <= WINDOW) {
        let Some(seen) = from_front(maps, walls, thing) else { continue };
        let (kind, own) = (seen.opening.kind, seen.opening.clone());
        let is_same = |f: &Found| f.opening.kind == kind && share(&f.opening, &own, walls) > SAME_SHARE;
        join(&mut found, seen, is_same, |f| &mut f.clues);
    }
    let sure = |f: &Found| f.clues.strength();
    found.sort_by(|a, b| sure(b).total_cmp(&sure(a)));
    let mut kept: Vec<Found> = Vec::new();
    for candidate in found {
        let clash = kept.iter().any(|other| share(&candidate.opening, &other.opening, walls) > SAME_SHARE);
        if !clash {
            kept.push(candidate);
        }
    }
    kept.sort_by(|a, b| {
        let key = |f: &Found| along(&f.opening, walls);
        a.opening.wall_idx.cmp(&b.opening.wall_idx).then(key(a).total_cmp(&key(b)))
    });
    (kept, homeless)
}

fn line(wall: &DraftWall) -> PlanLine {
    PlanLine::through(Point2::from(wall.a), Point2::from(wall.b))
}

fn along(opening: &DraftOpening, walls: &[DraftWall]) -> f64 {
    line(&walls[opening.wall_idx]).along(&Point2::new(opening.center[0], opening.center[1]))
}

/// Share of the smaller one that two openings of one wall have in common.
fn share(p: &DraftOpening, q: &DraftOpening, walls: &[DraftWall]) -> f64 {
    if p.wall_idx != q.wall_idx {
        return 0.0;
    }
    let extent = |middle: f64, size: f64| (middle - 0.5 * size, middle + 0.5 * size);
    let (s, t) = (along(p, walls), along(q, walls));
    let wide = overlap(extent(s, p.width), extent(t, q.width)) / p.width.min(q.width);
    let tall = overlap(extent(p.center[2], p.height), extent(q.center[2], q.height)) / p.height.min(q.height);
    wide * tall
}

fn read(
    maps: &Maps,
    walls: &[DraftWall],
    kind: OpeningKind,
    (x, y, heat): (usize, usize, f64),
) -> Option<Found> {
    let value = |channel: usize| maps.opening.at(channel, x, y);
    let place = maps.place(&maps.opening, 0, x, y);
    let angle = 0.5 * value(6).atan2(value(5));
    let direction = Vec2::new(angle.cos(), angle.sin());
    let size = |channel: usize| value(channel).exp().clamp(SIZE_M.0, SIZE_M.1);
    let (width, height) = (size(3), size(4));
    let (wall_idx, from, to) = home(walls, &place, &direction)?;
    let clues = Clues::of_plan(heat, sigmoid(value(7)));
    fitted(walls, (kind, wall_idx), (place, value(2)), [width, height], clues, (from, to))
}

/// An opening that the elevation shows; the plan says how much it agrees.
fn from_front(maps: &Maps, walls: &[DraftWall], thing: &WallThing) -> Option<Found> {
    let kind = if thing.class == DOOR { OpeningKind::Door } else { OpeningKind::Window };
    let [x, y, z] = thing.object.center;
    let wall = &walls[thing.wall_idx];
    let line = line(wall);
    let place = line.at(line.along(&Point2::new(x, y)));
    let heat = maps.heat_round(&maps.opening_heat, thing.class, &place);
    let clues = Clues { elevation: thing.heat, ..Clues::of_plan(heat, thing.overlap) };
    let ends = (line.along(&Point2::from(wall.a)), line.along(&Point2::from(wall.b)));
    let size = [thing.object.size[0], thing.object.size[2]];
    fitted(walls, (kind, thing.wall_idx), (place, z), size, clues, ends)
}

/// Channel of a kind.
fn channel(kind: OpeningKind) -> usize {
    if kind == OpeningKind::Door { DOOR } else { WINDOW }
}

/// An opening kept within its wall.
fn fitted(
    walls: &[DraftWall],
    (kind, wall_idx): (OpeningKind, usize),
    (place, z): (Point2, f64),
    [width, height]: [f64; 2],
    clues: Clues,
    (from, to): (f64, f64),
) -> Option<Found> {
    let wall = &walls[wall_idx];
    let line = line(wall);
    let middle = line.along(&place);
    let (start, end) = ((middle - 0.5 * width).max(from), (middle + 0.5 * width).min(to));
    if !(end - start >= MIN_WIDTH_M) {
        return None;
    }
    let top = (z + 0.5 * height).min(wall.height);
    let bottom = if kind == OpeningKind::Door { 0.0 } else { (z - 0.5 * height).max(0.0) };
    if !(top - bottom >= MIN_WIDTH_M) {
        return None;
    }
    let center = line.at(0.5 * (start + end));
    Some(Found {
        opening: DraftOpening {
            kind,
            wall_idx,
            center: [center.x, center.y, 0.5 * (bottom + top)],
            width: end - start,
            height: top - bottom,
            sigma_m: EDGE_SIGMA_M,
            confidence: 0.0,
            observed_fraction: 0.0,
        },
        clues,
    })
}

/// The nearest wall that runs the same way, with its extent along its line.
fn home(walls: &[DraftWall], place: &Point2, direction: &Vec2) -> Option<(usize, f64, f64)> {
    let reach = |index: usize| {
        let wall = &walls[index];
        let line = line(wall);
        let (from, to) = (line.along(&Point2::from(wall.a)), line.along(&Point2::from(wall.b)));
        let t = line.along(place);
        let beyond = (from - t).max(t - to).max(0.0);
        let off = line.distance(place).abs();
        let fits = off < AT_WALL_M && beyond < BEYOND_M && line.direction().dot(direction).abs() > PARALLEL;
        fits.then_some((off + beyond, index, from, to))
    };
    let nearest = (0..walls.len()).filter_map(reach).min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map(|(_, index, from, to)| (index, from, to))
}
