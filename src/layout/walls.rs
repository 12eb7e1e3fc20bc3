//! Walls and room outlines from the labelled arrangement.
//!
//! Wall edges on one line are joined between junctions (a wall ends where another one meets it, the
//! convention of the layout truth), corners are shared by index. Frame: plan, metres.

use super::arrangement::Arrangement;
use super::interior::{Interior, Support};
use super::plan::{PlanLine, doubled_area};
use super::wall_lines::WallLine;
use crate::math::Point2;

/// Corners of the arrangement closer than this are one, metres.
const SAME_CORNER_M: f64 = 1e-4;
/// Walls shorter than this are slips between nearly meeting lines and are contracted, metres.
const MIN_WALL_M: f64 = 0.12;
/// … or than this many standard deviations of the faces' spread.
const MIN_WALL_SIGMAS: f64 = 6.0;

/// A wall between two corners.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Index of its wall line.
    pub line: usize,
    /// Its own line (refined later); direction from `ends.0` to `ends.1`.
    pub own: PlanLine,
    /// Corner indices, in the direction of the line.
    pub ends: (usize, usize),
    /// Room on the side of the normal.
    pub ahead: Option<usize>,
    /// Room on the other side.
    pub behind: Option<usize>,
    /// Thickness, metres.
    pub thickness: f64,
    /// Mean support, 0..1.
    pub support: f64,
    /// Share that is wall or doorway, 0..1.
    pub wall_share: f64,
}

/// Walls with shared corners.
#[derive(Debug, Clone, Default)]
pub struct WallGraph {
    /// Corner positions on the centre lines.
    pub corners: Vec<Point2>,
    /// Walls.
    pub runs: Vec<Run>,
}

impl WallGraph {
    /// Both ends of a wall.
    #[must_use]
    pub fn segment(&self, run: &Run) -> (Point2, Point2) {
        (self.corners[run.ends.0], self.corners[run.ends.1])
    }

    /// Length of a wall, metres.
    #[must_use]
    pub fn length(&self, run: &Run) -> f64 {
        let (a, b) = self.segment(run);
        (b - a).norm()
    }

    fn corner(&mut self, p: Point2) -> usize {
        self.corners.iter().position(|c| (c - p).norm() < SAME_CORNER_M).unwrap_or_else(|| {
            self.corners.push(p);
            self.corners.len() - 1
        })
    }
}

/// Joins the wall edges to walls.
#[must_use]
pub fn build(
    arrangement: &Arrangement,
    interior: &Interior,
    lines: &[WallLine],
    supports: &[Support],
) -> WallGraph {
    let mut graph = WallGraph::default();
    // (edge, first corner, last corner) in the order of lines, then along the line.
    let edges: Vec<(usize, usize, usize)> = (0..arrangement.edges.len())
        .filter(|&e| interior.is_wall[e])
        .map(|e| {
            let edge = &arrangement.edges[e];
            let line = &lines[edge.line].line;
            (e, graph.corner(line.at(edge.span.0)), graph.corner(line.at(edge.span.1)))
        })
        .collect();
    let mut lines_at: Vec<Vec<usize>> = vec![Vec::new(); graph.corners.len()];
    for &(e, a, b) in &edges {
        for corner in [a, b] {
            let line = arrangement.edges[e].line;
            if !lines_at[corner].contains(&line) {
                lines_at[corner].push(line);
            }
        }
    }
    let rooms_of = |e: usize| {
        let edge = &arrangement.edges[e];
        (interior.room[edge.ahead], interior.room[edge.behind])
    };
    let groups = edges.chunk_by(|p, q| {
        arrangement.edges[p.0].line == arrangement.edges[q.0].line
            && p.2 == q.1
            && lines_at[p.2].len() == 1
            && rooms_of(p.0) == rooms_of(q.0)
    });
    let runs: Vec<Run> = groups
        .map(|group| {
            let (first, last) = (group[0], group[group.len() - 1]);
            let line = arrangement.edges[first.0].line;
            let span = (arrangement.edges[first.0].span.0, arrangement.edges[last.0].span.1);
            let (ahead, behind) = rooms_of(first.0);
            Run {
                line,
                own: lines[line].line,
                ends: (first.1, last.2),
                ahead,
                behind,
                thickness: lines[line].thickness,
                support: supports[line].mean(span),
                wall_share: supports[line].wall_share(span),
            }
        })
        .collect();
    graph.runs = runs;
    let support: f64 = lines.iter().map(|l| l.support_m).sum();
    let sigma = lines.iter().map(|l| l.sigma_m * l.support_m).sum::<f64>() / support.max(1e-9);
    contract(&mut graph, MIN_WALL_M.max(MIN_WALL_SIGMAS * sigma));
    graph
}

/// Removes slips: their two corners become one.
fn contract(graph: &mut WallGraph, min_wall_m: f64) {
    while let Some(short) = graph.runs.iter().position(|run| graph.length(run) < min_wall_m) {
        let (keep, gone) = graph.runs[short].ends;
        graph.corners[keep] = nalgebra::center(&graph.corners[keep], &graph.corners[gone]);
        graph.runs.remove(short);
        for run in &mut graph.runs {
            for end in [&mut run.ends.0, &mut run.ends.1] {
                if *end == gone {
                    *end = keep;
                }
            }
        }
        graph.runs.retain(|run| run.ends.0 != run.ends.1);
    }
}

/// Joins walls that go straight on at a corner that no other wall meets.
pub fn join_straight(graph: &mut WallGraph) {
    /// Walls that turn by less than this go straight on, cosine (6°).
    const STRAIGHT_COS: f64 = 0.9945;
    /// Offset between two parallel walls that bend round a slip, metres.
    const MAX_JOG_M: f64 = 0.12;
    loop {
        let mut at = vec![Vec::new(); graph.corners.len()];
        for (k, run) in graph.runs.iter().enumerate() {
            at[run.ends.0].push(k);
            at[run.ends.1].push(k);
        }
        let pair = at.iter().enumerate().find_map(|(corner, runs)| {
            let &[i, j] = runs.as_slice() else { return None };
            let far = |k: usize| {
                let ends = graph.runs[k].ends;
                if ends.0 == corner { ends.1 } else { ends.0 }
            };
            let (p, q) = (graph.corners[far(i)], graph.corners[far(j)]);
            let c = graph.corners[corner];
            let (first, second) = (&graph.runs[i].own, &graph.runs[j].own);
            let straight =
                first.normal.dot(&second.normal).abs() > STRAIGHT_COS && (c - p).dot(&(q - c)) > 0.0;
            let jog = first.distance(&q).abs().min(second.distance(&p).abs());
            (far(i) != far(j) && straight && jog < MAX_JOG_M).then(|| (i, j, far(i), far(j)))
        });
        let Some((i, j, from, to)) = pair else { return };
        join(graph, (i, j), (from, to));
    }
}

/// Replaces two walls by one between their far ends.
fn join(graph: &mut WallGraph, pair: (usize, usize), far: (usize, usize)) {
    let (li, lj) = (graph.length(&graph.runs[pair.0]), graph.length(&graph.runs[pair.1]));
    // The longer one gives line, thickness and rooms.
    let (keep, gone) = if li >= lj { pair } else { (pair.1, pair.0) };
    let other = graph.runs[gone].clone();
    let (lk, lg) = (li.max(lj), li.min(lj));
    let mut run = graph.runs[keep].clone();
    run.support = (run.support * lk + other.support * lg) / (lk + lg);
    run.wall_share = (run.wall_share * lk + other.wall_share * lg) / (lk + lg);
    let forward = run.own.along(&graph.corners[far.0]) < run.own.along(&graph.corners[far.1]);
    run.ends = if forward { far } else { (far.1, far.0) };
    if other.own.normal.dot(&run.own.normal) > 0.0 {
        run.ahead = run.ahead.or(other.ahead);
        run.behind = run.behind.or(other.behind);
    }
    graph.runs[keep] = run;
    graph.runs.remove(gone);
}

/// Cuts loose ends back to where the evidence ends.
pub fn trim(graph: &mut WallGraph, supports: &[Support]) {
    let mut degree = vec![0usize; graph.corners.len()];
    for run in &graph.runs {
        degree[run.ends.0] += 1;
        degree[run.ends.1] += 1;
    }
    for run in &mut graph.runs {
        let line = run.own;
        let full = (line.along(&graph.corners[run.ends.0]), line.along(&graph.corners[run.ends.1]));
        let Some(seen) = supports[run.line].extent(full) else { continue };
        let mut span = full;
        if degree[run.ends.0] == 1 {
            span.0 = span.0.max(seen.0);
            graph.corners[run.ends.0] = line.at(span.0);
        }
        if degree[run.ends.1] == 1 {
            span.1 = span.1.min(seen.1);
            graph.corners[run.ends.1] = line.at(span.1);
        }
        run.support = supports[run.line].mean(span);
        run.wall_share = supports[run.line].wall_share(span);
    }
}

/// Moves every corner to where the (refined) lines of its walls meet.
///
/// Least squares of the distances to the lines, weighted by length, with a weak pull to the old
/// place for corners whose walls are all parallel.
pub fn solve_corners(graph: &mut WallGraph) {
    /// Weight of the pull to the old place, metres of wall.
    const PULL: f64 = 1e-3;
    let lengths: Vec<f64> = graph.runs.iter().map(|run| graph.length(run)).collect();
    let mut solved = graph.corners.clone();
    for (corner, place) in solved.iter_mut().enumerate() {
        let mut a = nalgebra::Matrix2::identity() * PULL;
        let mut b = place.coords * PULL;
        for (run, &length) in graph.runs.iter().zip(&lengths) {
            if run.ends.0 == corner || run.ends.1 == corner {
                a += run.own.normal * run.own.normal.transpose() * length;
                b += run.own.normal * (run.own.offset * length);
            }
        }
        if let Some(inverse) = a.try_inverse() {
            *place = Point2::from(inverse * b);
        }
    }
    graph.corners = solved;
}

/// Outline of a room: inner faces of its walls, counter-clockwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Inner polygon, metres.
    pub polygon: Vec<Point2>,
    /// Share of the perimeter that is supported wall, 0..1.
    pub supported: f64,
}

/// Outlines of all rooms; `None` for a room whose walls do not close.
#[must_use]
pub fn outlines(graph: &WallGraph, rooms: usize) -> Vec<Option<Outline>> {
    (0..rooms).map(|room| outline(graph, room)).collect()
}

fn outline(graph: &WallGraph, room: usize) -> Option<Outline> {
    // Directed walls with the room to their left.
    let mut border: Vec<(usize, usize, &Run)> = Vec::new();
    for run in &graph.runs {
        if run.ahead == Some(room) && run.behind != Some(room) {
            border.push((run.ends.1, run.ends.0, run));
        } else if run.behind == Some(room) && run.ahead != Some(room) {
            border.push((run.ends.0, run.ends.1, run));
        }
    }
    let length: f64 = border.iter().map(|b| graph.length(b.2)).sum();
    let supported: f64 = border.iter().map(|b| graph.length(b.2) * b.2.support).sum();
    let mut best: Option<Vec<Point2>> = None;
    while let Some(first) = border.pop() {
        let mut chain = vec![first];
        let mut end = first.1;
        while end != first.0 {
            // At a corner where the room touches itself take the sharpest left turn.
            let heading = |b: &(usize, usize, &Run)| graph.corners[b.1] - graph.corners[b.0];
            let incoming = heading(chain.last().expect("because the chain starts with one wall"));
            let next = (0..border.len()).filter(|&k| border[k].0 == end).max_by(|&i, &j| {
                let turn = |k: usize| {
                    let h = heading(&border[k]);
                    incoming.perp(&h).atan2(incoming.dot(&h))
                };
                turn(i).total_cmp(&turn(j))
            })?;
            let next = border.remove(next);
            end = next.1;
            chain.push(next);
        }
        let inner = inset(graph, &chain);
        let larger = best.as_ref().is_none_or(|b| doubled_area(b) < doubled_area(&inner));
        if larger && doubled_area(&inner) > 0.0 {
            best = Some(inner);
        }
    }
    best.map(|polygon| Outline { polygon, supported: if length > 0.0 { supported / length } else { 0.0 } })
}

/// The chain moved inwards by half the thickness of each wall.
fn inset(graph: &WallGraph, chain: &[(usize, usize, &Run)]) -> Vec<Point2> {
    let lines: Vec<PlanLine> = chain
        .iter()
        .map(|&(from, to, run)| {
            let (a, b) = (graph.corners[from], graph.corners[to]);
            let direction = (b - a).normalize();
            let inward = crate::math::Vec2::new(-direction.y, direction.x);
            PlanLine { normal: inward, offset: inward.dot(&a.coords) + 0.5 * run.thickness }
        })
        .collect();
    let n = lines.len();
    let mut polygon = Vec::with_capacity(n);
    for k in 0..n {
        let (before, after) = (&lines[(k + n - 1) % n], &lines[k]);
        let corner = graph.corners[chain[k].0];
        // Collinear neighbours (a partition meets the wall here) make no corner.
        if before.normal.dot(&after.normal) > 0.9999 && (before.offset - after.offset).abs() < 0.02 {
            continue;
        }
        let met = before.intersection(after).filter(|p| (p - corner).norm() < 1.0);
        match met {
            Some(p) => polygon.push(p),
            None => {
                polygon.push(corner + before.normal * before.distance(&corner).abs());
                polygon.push(corner + after.normal * after.distance(&corner).abs());
            }
        }
    }
    polygon
}
