//! Centre lines from the wall maps: `Maps -> Vec<WallLine>`.
//!
//! Cells with heat are joined to spans: a span grows from its hottest cell over neighbours whose
//! direction and place agree with it, a line is fitted to the places the cells point at (weighted by
//! heat, twice, the second time without stragglers), and collinear spans become one line. Cells at
//! junctions, whose directions cancel, belong to nobody. Frame: plan of the maps.

use super::super::faces::Face;
use super::super::plan::{PlanLine, angle_difference};
use super::super::wall_lines::{self, WallLine};
use super::evidence::WALL_HEAT;
use super::maps::Maps;
use crate::math::{Point2, Vec2};
use std::f64::consts::{FRAC_PI_2, PI};

/// Cells whose axis is shorter than this know no direction.
const MIN_AXIS: f64 = 0.5;
/// A cell belongs to a span when its direction is within this, radians (12 degrees).
const MAX_TURN: f64 = 0.21;
/// ... and the place that it points at within this of the span's line, metres.
const MAX_OFFSET_M: f64 = 0.12;
/// Stragglers of the second fit, metres.
const STRAGGLER_M: f64 = 0.07;
/// Neighbours up to this many cells away are joined (gaps of one cell).
const REACH: i64 = 2;
/// Shortest span, metres.
const MIN_LENGTH_M: f64 = 0.25;
/// Thickness of walls, metres, as far as it is believed.
const THICKNESS_M: (f64, f64) = (0.05, 0.35);

/// A cell that is part of a wall.
#[derive(Debug, Clone, Copy)]
struct Hot {
    x: usize,
    y: usize,
    place: Point2,
    /// (cos 2a, sin 2a) of the direction.
    doubled: Vec2,
    heat: f64,
    thickness: f64,
}

/// Sums over the cells of a span.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    weight: f64,
    place: Vec2,
    doubled: Vec2,
}

impl Sums {
    fn add(&mut self, cell: &Hot) {
        self.weight += cell.heat;
        self.place += cell.place.coords * cell.heat;
        self.doubled += cell.doubled * cell.heat;
    }

    fn line(&self) -> PlanLine {
        let along = 0.5 * self.doubled.y.atan2(self.doubled.x);
        let mut line = PlanLine::from_angle(along + FRAC_PI_2, 0.0);
        line.offset = line.normal.dot(&(self.place / self.weight));
        line
    }
}

/// The centre lines, strongest first, with the network's thickness.
#[must_use]
pub fn find(maps: &Maps) -> Vec<WallLine> {
    let (spans, cells) = spans(maps);
    let mut lines = wall_lines::build(spans);
    for line in &mut lines {
        line.thickness = thickness(line, &cells);
        line.measured = true;
    }
    lines
}

fn hot_cells(maps: &Maps) -> Vec<Hot> {
    let mut cells = Vec::new();
    for y in 0..maps.raster.height {
        for x in 0..maps.raster.width {
            let heat = maps.wall_heat.at(0, x, y);
            let axis = Vec2::new(maps.wall.at(2, x, y), maps.wall.at(3, x, y));
            let length = axis.norm();
            if !(heat > WALL_HEAT && length > MIN_AXIS) {
                continue;
            }
            let thickness = maps.wall.at(5, x, y).exp().clamp(THICKNESS_M.0, THICKNESS_M.1);
            let place = maps.place(&maps.wall, 0, x, y);
            cells.push(Hot { x, y, place, doubled: axis / length, heat, thickness });
        }
    }
    cells
}

/// Spans as faces without a side, and all hot cells.
fn spans(maps: &Maps) -> (Vec<Face>, Vec<Hot>) {
    let cells = hot_cells(maps);
    let (w, h) = (maps.raster.width as i64, maps.raster.height as i64);
    let mut at = vec![usize::MAX; maps.raster.len()];
    for (index, cell) in cells.iter().enumerate() {
        at[cell.y * maps.raster.width + cell.x] = index;
    }
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(|&a, &b| cells[b].heat.total_cmp(&cells[a].heat).then(a.cmp(&b)));
    let mut taken = vec![false; cells.len()];
    let mut spans = Vec::new();
    for seed in order {
        if taken[seed] {
            continue;
        }
        taken[seed] = true;
        let mut members = vec![seed];
        let mut sums = Sums::default();
        sums.add(&cells[seed]);
        let mut next = 0;
        while next < members.len() {
            let cell = cells[members[next]];
            next += 1;
            for (dx, dy) in (-REACH..=REACH).flat_map(|dy| (-REACH..=REACH).map(move |dx| (dx, dy))) {
                let (x, y) = (cell.x as i64 + dx, cell.y as i64 + dy);
                if x < 0 || y < 0 || x >= w || y >= h {
                    continue;
                }
                let other = at[(y * w + x) as usize];
                if other == usize::MAX || taken[other] {
                    continue;
                }
                let line = sums.line();
                let candidate = &cells[other];
                let own = 0.5 * candidate.doubled.y.atan2(candidate.doubled.x) + FRAC_PI_2;
                if angle_difference(own, line.angle(), PI) < MAX_TURN
                    && line.distance(&candidate.place).abs() < MAX_OFFSET_M
                {
                    taken[other] = true;
                    members.push(other);
                    sums.add(candidate);
                }
            }
        }
        spans.extend(fit(&members, &cells, sums.line(), maps.raster.pixel_m));
    }
    (spans, cells)
}

/// Total least squares through the places of a span's cells.
fn fit(members: &[usize], cells: &[Hot], first: PlanLine, cell_m: f64) -> Option<Face> {
    let mut line = first;
    let mut sigma_m = 0.0;
    for round in 0..2 {
        let limit = if round == 0 { MAX_OFFSET_M } else { STRAGGLER_M };
        let near: Vec<&Hot> =
            members.iter().map(|&i| &cells[i]).filter(|c| line.distance(&c.place).abs() < limit).collect();
        let weight: f64 = near.iter().map(|c| c.heat).sum();
        if near.len() < 2 || weight <= 0.0 {
            return None;
        }
        let mean = near.iter().map(|c| c.place.coords * c.heat).sum::<Vec2>() / weight;
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for cell in &near {
            let d = cell.place.coords - mean;
            xx += cell.heat * d.x * d.x;
            xy += cell.heat * d.x * d.y;
            yy += cell.heat * d.y * d.y;
        }
        // A short span has hardly more than its cells' own directions.
        let spread = ((xx + yy) / weight).sqrt();
        let along =
            if spread > MIN_LENGTH_M { 0.5 * (2.0 * xy).atan2(xx - yy) } else { line.angle() - FRAC_PI_2 };
        line = PlanLine::from_angle(along + FRAC_PI_2, 0.0);
        line.offset = line.normal.dot(&mean);
        let variance = near.iter().map(|c| c.heat * line.distance(&c.place).powi(2)).sum::<f64>() / weight;
        sigma_m = variance.sqrt();
    }
    let along = members.iter().map(|&i| line.along(&cells[i].place));
    let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), t| (a.min(t), b.max(t)));
    let span = (low - 0.5 * cell_m, high + 0.5 * cell_m);
    let length = span.1 - span.0;
    (length >= MIN_LENGTH_M).then_some(Face { line, span, oriented: false, support_m: length, sigma_m })
}

/// Mean thickness of the cells on a line.
fn thickness(line: &WallLine, cells: &[Hot]) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for cell in cells {
        let t = line.line.along(&cell.place);
        let near = line.line.distance(&cell.place).abs() < STRAGGLER_M;
        if near && line.spans.iter().any(|s| t >= s.0 && t <= s.1) {
            sum += cell.heat * cell.thickness;
            weight += cell.heat;
        }
    }
    if weight > 0.0 { sum / weight } else { line.thickness }
}
