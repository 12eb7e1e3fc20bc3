//! Which walls meet, and where: corners, T-junctions and crossings.
//!
//! Takes walls with fitted directions, gives the wall graph. Every end looks for the wall that it
//! reaches with the least surprise (extension over its sigma); corners unite ends, T-junctions
//! attach an end to the inside of a wall. The positions of all corners are then one weighted least
//! squares problem with linear constraints (a quadratic programme, solved by Clarabel): each wall
//! pulls its two ends onto its own line with 1/σ² of its offset and along it with 1/σ² of its end,
//! walls that share a direction keep it exactly, and boxes beside a wall stop it
//! (see `stops`).

use super::directions::{Direction, directions};
use super::graph::{Edge, WallGraph};
use super::stops::{Stop, stops};
use crate::math::Vec2;
use crate::physics::clean::{CleanObject, CleanWall};
use crate::physics::geometry::{cross, line_crossing, perp};
use crate::physics::qp::QuadraticProgramme;
use crate::physics::{Error, Options};

/// Lines that meet at less than this angle have no useful crossing, sine (15°).
const MIN_CROSSING_SINE: f64 = 0.26;
/// Extension within which an end meets a wall, sigmas of the end.
const GATE_SIGMAS: f64 = 3.0;
/// Smallest gate, metres: a thick wall's face is this far from its centre line.
const MIN_GATE_M: f64 = 0.3;
/// A junction nearer to an end than this is that end's corner, metres.
const CORNER_M: f64 = 0.2;
/// Walls whose ends meet in line may be this far apart across, metres, or 2.5 sigmas.
const MAX_SIDE_STEP_M: f64 = 0.15;
/// A wall is cut short by at most this share of its length.
const MAX_TRIM: f64 = 0.45;
/// Most crossings of walls that are repaired: every one parts two walls, and the rooms between them grow alike (4,096
/// crossings with 4,000 rooms took 1.3 s, 16,384 took 29 s; dwellings have less than a hundred).
const MAX_CROSSINGS: usize = 5000;
/// Bends at least this sharp are corners even if walls run nearly in line, sine (5°).
const IN_LINE_SINE: f64 = 0.087;

/// A wall as a line with a parameter along it.
pub(super) struct Line {
    pub middle: Vec2,
    pub along: Vec2,
    pub half: f64,
}

impl Line {
    fn end(&self, end: usize) -> Vec2 {
        self.middle + self.along * (self.half * sign(end))
    }
}

fn sign(end: usize) -> f64 {
    if end == 0 { -1.0 } else { 1.0 }
}

/// What an end meets.
#[derive(Debug, Clone, Copy)]
enum Meeting {
    Corner { wall: usize, end: usize },
    Inside { wall: usize, at: f64 },
}

struct Joiner<'a> {
    walls: &'a [CleanWall],
    directions: Vec<Direction>,
    lines: Vec<Line>,
    stops: Vec<Stop>,
    max_extension: f64,
    /// Union–find over wall ends (2·wall + end) and, after them, inner junctions.
    parent: Vec<usize>,
    /// Wall ends of each root of `parent`.
    ends: Vec<Vec<usize>>,
    /// Junctions inside each wall: (parameter along it, node key).
    inner: Vec<Vec<(f64, usize)>>,
}

/// Joins walls into a graph.
///
/// # Errors
/// [`Error::TooMany`] when more than [`MAX_CROSSINGS`] walls cross.
pub(crate) fn join(
    walls: &[CleanWall],
    objects: &[CleanObject],
    options: &Options,
) -> Result<WallGraph, Error> {
    let directions = directions(walls);
    let lines: Vec<Line> = walls
        .iter()
        .zip(&directions)
        .map(|(wall, direction)| Line {
            middle: 0.5 * (wall.a + wall.b),
            along: direction.along,
            half: 0.5 * (wall.b - wall.a).norm(),
        })
        .collect();
    let stops = stops(walls, &lines, objects, options);
    let mut joiner = Joiner {
        walls,
        stops,
        directions,
        lines,
        max_extension: options.max_extension_m,
        parent: (0..2 * walls.len()).collect(),
        ends: (0..2 * walls.len()).map(|end| vec![end]).collect(),
        inner: vec![Vec::new(); walls.len()],
    };
    joiner.join_ends();
    joiner.join_crossings()?;
    Ok(joiner.graph())
}

impl Joiner<'_> {
    fn gate(&self, wall: usize, end: usize) -> f64 {
        (GATE_SIGMAS * self.walls[wall].end_sigma[end])
            .clamp(MIN_GATE_M.min(self.max_extension), self.max_extension)
    }

    fn find(&mut self, mut key: usize) -> usize {
        while self.parent[key] != key {
            self.parent[key] = self.parent[self.parent[key]];
            key = self.parent[key];
        }
        key
    }

    /// Makes two node keys one, unless that would make both ends of some wall one node.
    fn unite(&mut self, p: usize, q: usize) {
        let (p, q) = (self.find(p), self.find(q));
        let (kept, gone) = (p.min(q), p.max(q));
        let mut moved = std::mem::take(&mut self.ends[gone]);
        // The other end of wall end k is k ^ 1.
        if kept == gone || moved.iter().any(|end| self.find(end ^ 1) == kept) {
            self.ends[gone] = moved;
            return;
        }
        self.ends[kept].append(&mut moved);
        self.parent[gone] = kept;
    }

    fn join_ends(&mut self) {
        let mut meetings = Vec::new();
        for wall in 0..self.walls.len() {
            for end in 0..2 {
                let best = (0..self.walls.len())
                    .filter(|&other| other != wall)
                    .filter_map(|other| self.meet(wall, end, other))
                    .min_by(|p, q| p.0.total_cmp(&q.0));
                meetings.extend(best.map(|(_, meeting)| (wall, end, meeting)));
            }
        }
        for (wall, end, meeting) in meetings {
            match meeting {
                Meeting::Corner { wall: other, end: other_end } => {
                    self.unite(2 * wall + end, 2 * other + other_end);
                }
                Meeting::Inside { wall: other, at } => self.attach(2 * wall + end, other, at),
            }
        }
    }

    /// Puts a node key on the inside of a wall, or joins the one that is there already.
    fn attach(&mut self, key: usize, wall: usize, at: f64) {
        match self.junction_near(wall, at) {
            Some(other) => self.unite(key, other),
            None => self.inner[wall].push((at, key)),
        }
    }

    /// The node key of a junction inside a wall at or near a place.
    fn junction_near(&self, wall: usize, at: f64) -> Option<usize> {
        self.inner[wall].iter().find(|(t, _)| (t - at).abs() < CORNER_M).map(|junction| junction.1)
    }

    /// The cost (squared sigmas) and kind of meeting of an end with another wall.
    fn meet(&self, wall: usize, end: usize, other: usize) -> Option<(f64, Meeting)> {
        let (line, target) = (&self.lines[wall], &self.lines[other]);
        let outward = line.along * sign(end);
        let tip = line.end(end);
        let sigma = self.walls[wall].end_sigma[end];
        let gate = self.gate(wall, end);
        if cross(line.along, target.along).abs() < MIN_CROSSING_SINE {
            return self.meet_in_line(wall, end, other);
        }
        let (u, at) = line_crossing(tip, tip + outward, target.middle, target.middle + target.along)?;
        if u > gate || -u > gate.min(MAX_TRIM * 2.0 * line.half) {
            return None;
        }
        let other_end = usize::from(at > 0.0);
        let beyond = at.abs() - target.half;
        let other_sigma = self.walls[other].end_sigma[other_end];
        if beyond > self.gate(other, other_end) {
            return None;
        }
        let corner = CORNER_M.max(2.0 * other_sigma).min(MAX_TRIM * target.half);
        let cost = (u / sigma).powi(2);
        if beyond > -corner {
            // A corner is preferred to a T-junction beside it by counting only what lies beyond.
            let cost = cost + (beyond.max(0.0) / other_sigma).powi(2);
            Some((cost, Meeting::Corner { wall: other, end: other_end }))
        } else {
            Some((cost, Meeting::Inside { wall: other, at }))
        }
    }

    fn meet_in_line(&self, wall: usize, end: usize, other: usize) -> Option<(f64, Meeting)> {
        let (line, target) = (&self.lines[wall], &self.lines[other]);
        let outward = line.along * sign(end);
        let tip = line.end(end);
        let other_end = usize::from((target.end(1) - tip).norm() < (target.end(0) - tip).norm());
        if (target.along * sign(other_end)).dot(&outward) > 0.0 {
            return None; // both point the same way: they run side by side
        }
        let offset = target.end(other_end) - tip;
        let (gap, step) = (offset.dot(&outward), cross(outward, offset).abs());
        let side_sigma = self.walls[wall].offset_sigma.hypot(self.walls[other].offset_sigma);
        let along_sigma = self.walls[wall].end_sigma[end].hypot(self.walls[other].end_sigma[other_end]);
        let gate = self.gate(wall, end).min(self.gate(other, other_end));
        if step > MAX_SIDE_STEP_M.max(2.5 * side_sigma).min(MIN_GATE_M) || gap > gate || -gap > gate {
            return None;
        }
        let cost = (gap / along_sigma).powi(2) + (step / side_sigma).powi(2);
        Some((cost, Meeting::Corner { wall: other, end: other_end }))
    }

    /// Walls that cross inside one another share a node there.
    fn join_crossings(&mut self) -> Result<(), Error> {
        let mut count = 0;
        for i in 0..self.walls.len() {
            for j in i + 1..self.walls.len() {
                let (p, q) = (&self.lines[i], &self.lines[j]);
                if (p.middle - q.middle).norm() > p.half + q.half
                    || cross(p.along, q.along).abs() < MIN_CROSSING_SINE
                {
                    continue;
                }
                let Some((s, t)) = line_crossing(p.middle, p.middle + p.along, q.middle, q.middle + q.along)
                else {
                    continue;
                };
                let inside = |line: &Line, at: f64| at.abs() < line.half - CORNER_M;
                if !inside(p, s) || !inside(q, t) {
                    continue;
                }
                count += 1;
                if count > MAX_CROSSINGS {
                    continue; // only counted, for the error
                }
                match (self.junction_near(i, s), self.junction_near(j, t)) {
                    (Some(a), Some(b)) => self.unite(a, b),
                    (Some(a), None) => self.inner[j].push((t, a)),
                    (None, Some(b)) => self.inner[i].push((s, b)),
                    (None, None) => {
                        let key = self.parent.len();
                        self.parent.push(key);
                        self.ends.push(Vec::new());
                        self.inner[i].push((s, key));
                        self.inner[j].push((t, key));
                    }
                }
            }
        }
        if count > MAX_CROSSINGS {
            return Err(Error::TooMany { what: "crossings of walls", count, limit: MAX_CROSSINGS });
        }
        Ok(())
    }

    /// Node keys along every wall, from its a to its b: two or more, since `unite` keeps its ends apart.
    fn chains(&mut self) -> Vec<Vec<usize>> {
        let mut chains = Vec::with_capacity(self.walls.len());
        for (wall, mut inner) in std::mem::take(&mut self.inner).into_iter().enumerate() {
            inner.sort_by(|p, q| p.0.total_cmp(&q.0));
            let mut chain = vec![self.find(2 * wall)];
            chain.extend(inner.iter().map(|&(_, key)| self.find(key)));
            chain.push(self.find(2 * wall + 1));
            chain.dedup();
            chains.push(chain);
        }
        chains
    }

    fn graph(mut self) -> WallGraph {
        let chains = self.chains();
        let mut number = std::collections::BTreeMap::new();
        for key in chains.iter().flatten() {
            let next = number.len();
            number.entry(*key).or_insert(next);
        }
        let chains: Vec<Vec<usize>> =
            chains.iter().map(|chain| chain.iter().map(|key| number[key]).collect()).collect();
        let nodes = self.solve(&chains, number.len());
        let mut graph = WallGraph { loose_sigma: vec![0.0; nodes.len()], nodes, edges: Vec::new() };
        for (i, (wall, chain)) in self.walls.iter().zip(&chains).enumerate() {
            for pair in chain.windows(2) {
                graph.edges.push(Edge {
                    nodes: [pair[0], pair[1]],
                    walls: vec![i],
                    thickness: wall.thickness,
                    height: wall.height,
                    evidence: wall.evidence,
                });
            }
        }
        graph.remove_degenerate();
        for (wall, chain) in self.walls.iter().zip(&chains) {
            for (end, node) in [(0, chain[0]), (1, chain[chain.len() - 1])] {
                graph.loose_sigma[node] = graph.loose_sigma[node].max(wall.end_sigma[end]);
            }
        }
        graph
    }

    /// Corner positions: weighted least squares under the shared directions.
    fn solve(&self, chains: &[Vec<usize>], count: usize) -> Vec<Vec2> {
        let start = self.start(chains, count);
        let mut programme = QuadraticProgramme::new(2 * count);
        let free = programme_point;
        for (i, chain) in chains.iter().enumerate() {
            let (wall, line) = (&self.walls[i], &self.lines[i]);
            let (t, n) = (line.along, perp(line.along));
            let (first, last) = (chain[0], chain[chain.len() - 1]);
            for (end, node) in [(0, first), (1, last)] {
                let target = line.end(end) - start[node];
                programme.pull(&free(node, n), n.dot(&target), wall.offset_sigma);
                programme.pull(&free(node, t), t.dot(&target), wall.end_sigma[end]);
            }
            let exact = self.directions[i].shared;
            if exact {
                for pair in chain.windows(2) {
                    let row = [free(pair[0], -n), free(pair[1], n)].concat();
                    programme.equal(&row, -n.dot(&(start[pair[1]] - start[pair[0]])));
                }
            } else {
                // Inner nodes of a wall with its own direction stay on its line.
                for &node in &chain[1..chain.len() - 1] {
                    let target = line.middle - start[node];
                    programme.pull(&free(node, n), n.dot(&target), wall.offset_sigma);
                }
            }
        }
        for stop in &self.stops {
            let chain = &chains[stop.wall];
            let (first, last) = (chain[0], chain[chain.len() - 1]);
            let row =
                [free(first, stop.normal * (1.0 - stop.at)), free(last, stop.normal * stop.at)].concat();
            let now = start[first] * (1.0 - stop.at) + start[last] * stop.at;
            let room = stop.limit - stop.normal.dot(&now);
            if stop.touches {
                programme.pull(&row, room, stop.sigma);
            } else {
                let back: Vec<(usize, f64)> = row.iter().map(|&(i, a)| (i, -a)).collect();
                programme.at_least_or_strain(&back, -room, stop.sigma);
            }
        }
        match programme.solve() {
            Some(x) => (0..count).map(|k| start[k] + Vec2::new(x[2 * k], x[2 * k + 1])).collect(),
            None => start,
        }
    }

    /// Mean of where the walls would put each node.
    fn start(&self, chains: &[Vec<usize>], count: usize) -> Vec<Vec2> {
        let mut sums = vec![(Vec2::zeros(), 0.0); count];
        for (line, chain) in self.lines.iter().zip(chains) {
            for (end, node) in [(0, chain[0]), (1, chain[chain.len() - 1])] {
                sums[node].0 += line.end(end);
                sums[node].1 += 1.0;
            }
        }
        // A crossing is nobody's end: place it at the mean of its walls' middles; the solver moves it.
        for (line, chain) in self.lines.iter().zip(chains) {
            for &node in chain {
                if sums[node].1 == 0.0 {
                    sums[node] = (line.middle, 1.0);
                }
            }
        }
        sums.into_iter().map(|(sum, weight)| sum / f64::max(weight, 1.0)).collect()
    }
}

/// Terms of `direction · position(node)`.
fn programme_point(node: usize, direction: Vec2) -> Vec<(usize, f64)> {
    vec![(2 * node, direction.x), (2 * node + 1, direction.y)]
}

/// True when two unit directions run in line.
pub(crate) fn in_line(p: Vec2, q: Vec2) -> bool {
    cross(p, q).abs() < IN_LINE_SINE
}
