//! Which cells of the arrangement are inside, and which edges between them are walls.
//!
//! Method: two-label energy over the cells: seen area wants to be inside, unseen area outside, and a
//! change of label costs the length of the edge that no wall evidence supports (as in Mura et al.
//! 2014; Ambruş, Claici & Wendt 2017), minimised exactly by a graph cut. Edges between two inside
//! cells are walls where the evidence on them says so, doorways bridged; compartments too small or
//! too narrow for a room (the inside of a wardrobe) dissolve. Frame: plan, metres.

use super::arrangement::{Arrangement, Edge};
use super::faces::PROFILE_BIN_M;
use super::min_cut::MinCut;
use super::plan::{Raster, contains};
use super::wall_grid::Coverage;
use super::wall_lines::Profile;
use crate::math::Point2;
use std::ops::Range;

/// Cost of a seen square metre outside.
const SEEN_OUTSIDE: f64 = 1.0;
/// Cost of an unseen square metre inside: hidden floor behind furniture is common, seen floor
/// outside is not.
const UNSEEN_INSIDE: f64 = 0.7;
/// Cost of a walked square metre outside.
const WALKED_OUTSIDE: f64 = 20.0;
/// Cost per metre of a border without wall evidence.
const BARE_BORDER: f64 = 0.6;
/// Cost per metre of any border: prefers simple outlines.
const ANY_BORDER: f64 = 0.04;
/// A bin is wall from this score: lintel plus upper band of a doorway give about 0.45.
const WALL_SCORE: f64 = 0.40;
/// … and this share of its top, where the ceiling beside it was seen (wardrobes end below it).
const WALL_TOP: f64 = 0.3;
/// Gap in a wall that a doorway explains, metres.
const MAX_DOORWAY_M: f64 = 1.3;
/// Wall on either side of a doorway, metres.
const MIN_JAMB_M: f64 = 0.15;
/// Value of a bridged bin.
pub const BRIDGED: f64 = 0.6;
/// Share of an edge between two inside cells that must be wall.
const MIN_WALL_SHARE: f64 = 0.5;
/// Smallest room, square metres (a toilet is 0.9 x 1.2).
const MIN_ROOM_M2: f64 = 1.0;
/// Narrowest room, metres (corridors are 0.8 and more; wardrobes 0.6).
const MIN_ROOM_WIDTH_M: f64 = 0.72;

/// Wall evidence along one line after bridging of doorways.
#[derive(Debug, Clone)]
pub struct Support {
    /// The evidence as measured.
    pub profile: Profile,
    /// Per bin: 1 wall, [`BRIDGED`] doorway or as much as a wall needs, else less.
    pub value: Vec<f64>,
}

impl Support {
    /// Bridges the doorways of a profile.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        let n = profile.score.len();
        let wall: Vec<bool> = (0..n)
            .map(|k| profile.score[k] >= WALL_SCORE && profile.top[k].is_none_or(|top| top >= WALL_TOP))
            .collect();
        let mut value: Vec<f64> = (0..n)
            .map(|k| if wall[k] { 1.0 } else { (profile.score[k] / WALL_SCORE).min(1.0) * 0.4 })
            .collect();
        let jamb = (MIN_JAMB_M / PROFILE_BIN_M) as usize;
        let runs: Vec<(usize, usize)> = runs(&wall).into_iter().filter(|r| r.1 - r.0 >= jamb).collect();
        for pair in runs.windows(2) {
            if (pair[1].0 - pair[0].1) as f64 * PROFILE_BIN_M <= MAX_DOORWAY_M {
                value[pair[0].1..pair[1].0].fill(BRIDGED);
            }
        }
        Self { profile, value }
    }

    /// Mean support of an interval, 0..1.
    #[must_use]
    pub fn mean(&self, span: (f64, f64)) -> f64 {
        self.profile.mean(&self.value, span.0, span.1)
    }

    /// First and last coordinate of wall within an interval; `None` without any.
    #[must_use]
    pub fn extent(&self, span: (f64, f64)) -> Option<(f64, f64)> {
        let bin = |k: usize| self.profile.start + k as f64 * PROFILE_BIN_M;
        let inside = |k: &usize| self.value[*k] >= BRIDGED && bin(*k + 1) > span.0 && bin(*k) < span.1;
        let first = (0..self.value.len()).find(inside)?;
        let last = (0..self.value.len()).rev().find(inside)?;
        Some((bin(first).max(span.0), bin(last + 1).min(span.1)))
    }

    /// Share of an interval that is wall or doorway.
    #[must_use]
    pub fn wall_share(&self, span: (f64, f64)) -> f64 {
        let walls: Vec<f64> = self.value.iter().map(|&v| f64::from(u8::from(v >= BRIDGED))).collect();
        self.profile.mean(&walls, span.0, span.1)
    }
}

/// Half-open runs of true.
fn runs(flags: &[bool]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for k in (0..flags.len()).filter(|&k| flags[k]) {
        match out.last_mut() {
            Some(last) if last.1 == k => last.1 = k + 1,
            _ => out.push((k, k + 1)),
        }
    }
    out
}

/// The labelled arrangement.
#[derive(Debug, Clone)]
pub struct Interior {
    /// Room of each cell, `None` outside.
    pub room: Vec<Option<usize>>,
    /// Per edge: it is a wall.
    pub is_wall: Vec<bool>,
    /// Number of rooms.
    pub rooms: usize,
}

impl Interior {
    /// Pixels whose centre is inside.
    #[must_use]
    pub fn mask(&self, arrangement: &Arrangement, raster: &Raster) -> Vec<bool> {
        let mut mask = vec![false; raster.len()];
        for (cell, room) in arrangement.cells.iter().zip(&self.room) {
            if room.is_some() {
                let (columns, rows) = window(&cell.corners, raster);
                for y in rows {
                    for x in columns.clone() {
                        let index = y * raster.width + x;
                        mask[index] = mask[index] || contains(&cell.corners, &raster.center(x, y));
                    }
                }
            }
        }
        mask
    }
}

/// Columns and rows of the pixels that a polygon may touch.
fn window(corners: &[Point2], raster: &Raster) -> (Range<usize>, Range<usize>) {
    let range = |axis: usize, size: usize| {
        let values = || corners.iter().map(|c| (c[axis] - raster.origin[axis]) / raster.pixel_m);
        let clip = |v: f64| v.clamp(0.0, size as f64) as usize;
        clip(values().fold(f64::INFINITY, f64::min))..clip(values().fold(f64::NEG_INFINITY, f64::max) + 1.0)
    };
    (range(0, raster.width), range(1, raster.height))
}

struct CellStats {
    area: f64,
    seen: f64,
    walked: f64,
}

/// Labels the cells and finds the walls. `supports` has one entry per line.
#[must_use]
pub fn label(arrangement: &Arrangement, supports: &[Support], coverage: &Coverage) -> Interior {
    let stats: Vec<CellStats> = arrangement.cells.iter().map(|c| measure(&c.corners, coverage)).collect();
    let mut cut = MinCut::new(stats.len());
    for (index, cell) in stats.iter().enumerate() {
        let inside = UNSEEN_INSIDE * (cell.area - cell.seen).max(0.0);
        let outside = SEEN_OUTSIDE * cell.seen + WALKED_OUTSIDE * cell.walked;
        cut.unary(index, inside, outside);
    }
    let support: Vec<f64> = arrangement.edges.iter().map(|e| supports[e.line].mean(e.span)).collect();
    for (edge, support) in arrangement.edges.iter().zip(&support) {
        let cost = edge.length() * (BARE_BORDER * (1.0 - support) + ANY_BORDER);
        cut.pairwise(edge.ahead, edge.behind, cost);
    }
    let inside = cut.solve();
    let is_wall: Vec<bool> = arrangement
        .edges
        .iter()
        .map(|edge| match (inside[edge.ahead], inside[edge.behind]) {
            (true, true) => supports[edge.line].wall_share(edge.span) >= MIN_WALL_SHARE,
            (a, b) => a != b,
        })
        .collect();
    dissolve(arrangement, inside, is_wall, &stats)
}

/// Rasterises a convex cell over the coverage.
fn measure(corners: &[Point2], coverage: &Coverage) -> CellStats {
    let raster = &coverage.raster;
    let pixel_m2 = raster.pixel_m * raster.pixel_m;
    let (columns, rows) = window(corners, raster);
    let mut stats = CellStats { area: 0.5 * super::plan::doubled_area(corners), seen: 0.0, walked: 0.0 };
    for y in rows {
        for x in columns.clone() {
            let index = y * raster.width + x;
            if coverage.seen[index] && contains(corners, &raster.center(x, y)) {
                stats.seen += pixel_m2;
                stats.walked += if coverage.walked[index] { pixel_m2 } else { 0.0 };
            }
        }
    }
    stats.seen = stats.seen.min(stats.area);
    stats
}

/// Groups inside cells to rooms; what is no room joins the neighbour with the longest common border.
fn dissolve(
    arrangement: &Arrangement,
    inside: Vec<bool>,
    mut is_wall: Vec<bool>,
    stats: &[CellStats],
) -> Interior {
    loop {
        let (room, rooms) = components(arrangement, &inside, &is_wall);
        let mut area = vec![0.0; rooms];
        for (cell, room) in room.iter().enumerate() {
            if let Some(room) = room {
                area[*room] += stats[cell].area;
            }
        }
        let border = borders(arrangement, &room, rooms);
        let small = (0..rooms)
            .filter(|&r| {
                let quarter = 0.25 * border[r].iter().map(|b| b.1).sum::<f64>();
                let width = quarter - (quarter * quarter - area[r]).max(0.0).sqrt();
                let has_neighbour = border[r].iter().any(|b| b.0.is_some());
                has_neighbour && (area[r] < MIN_ROOM_M2 || width < MIN_ROOM_WIDTH_M)
            })
            .min_by(|&a, &b| area[a].total_cmp(&area[b]));
        let Some(small) = small else {
            for (edge, wall) in arrangement.edges.iter().zip(&mut is_wall) {
                *wall = *wall && room[edge.ahead] != room[edge.behind];
            }
            return Interior { room, is_wall, rooms };
        };
        let into = border[small]
            .iter()
            .filter(|b| b.0.is_some())
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .expect("because only compartments with a neighbour are chosen")
            .0;
        for (edge, wall) in arrangement.edges.iter().zip(&mut is_wall) {
            let pair = (room[edge.ahead], room[edge.behind]);
            if pair == (Some(small), into) || pair == (into, Some(small)) {
                *wall = false;
            }
        }
    }
}

/// Connected components of inside cells across edges that are no walls.
fn components(arrangement: &Arrangement, inside: &[bool], is_wall: &[bool]) -> (Vec<Option<usize>>, usize) {
    let mut neighbours = vec![Vec::new(); inside.len()];
    for (edge, &wall) in arrangement.edges.iter().zip(is_wall) {
        if !wall && inside[edge.ahead] && inside[edge.behind] {
            neighbours[edge.ahead].push(edge.behind);
            neighbours[edge.behind].push(edge.ahead);
        }
    }
    let mut room = vec![None; inside.len()];
    let mut rooms = 0;
    for start in 0..inside.len() {
        if !inside[start] || room[start].is_some() {
            continue;
        }
        let mut stack = vec![start];
        room[start] = Some(rooms);
        while let Some(cell) = stack.pop() {
            for &next in &neighbours[cell] {
                if room[next].is_none() {
                    room[next] = Some(rooms);
                    stack.push(next);
                }
            }
        }
        rooms += 1;
    }
    (room, rooms)
}

/// For each room, the length of border with every other room and the outside (`None`).
fn borders(
    arrangement: &Arrangement,
    room: &[Option<usize>],
    rooms: usize,
) -> Vec<Vec<(Option<usize>, f64)>> {
    let mut out: Vec<std::collections::BTreeMap<Option<usize>, f64>> = vec![Default::default(); rooms];
    let mut add = |own: Option<usize>, other: Option<usize>, edge: &Edge| {
        if let (Some(own), true) = (own, own != other) {
            *out[own].entry(other).or_insert(0.0) += edge.length();
        }
    };
    for edge in &arrangement.edges {
        add(room[edge.ahead], room[edge.behind], edge);
        add(room[edge.behind], room[edge.ahead], edge);
    }
    out.into_iter().map(|m| m.into_iter().collect()).collect()
}
