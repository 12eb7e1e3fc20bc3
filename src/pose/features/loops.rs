//! Loops that tracks could not close by themselves, because the map had drifted too far.
//!
//! Matched keyframes far apart in time whose features have points, but different ones, are open loops.
//! The similarity between the two copies of the points is found by RANSAC and checked by reprojection
//! both ways; a pose graph over similarities spreads it over the path ([`crate::pose::pose_graph`]);
//! the copies are merged and everything is adjusted. When the loop does not hold in the adjusted map,
//! the correction is taken back: a repeated cabinet must not bend the map.

use super::grow::Grower;
use super::map::Map;
use super::matching::PairMatches;
use super::submaps::similarity;
use crate::math::{Point3, Pose, Sim3, median};
use crate::pose::pose_graph::{Edge, optimize};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Keyframes between the two ends of a loop, at least.
const APART: usize = 12;
/// Fewest pairs of copies that make a loop, and fewest that agree.
const MIN_COPIES: usize = 14;
/// Least share of copies that agree.
const MIN_SHARE: f64 = 0.4;
/// Error of an agreeing copy, pixels, both ways.
const INLIER_PX: f64 = 6.0;
/// Samples of three copies.
const SAMPLES: usize = 400;
/// Shared points that make an edge of the pose graph.
const EDGE_POINTS: usize = 15;
/// Edges per view of the pose graph.
const EDGES_PER_VIEW: usize = 6;
/// Weight of a loop edge against a strong edge of the path.
const LOOP_WEIGHT: f64 = 4.0;
/// Rounds: every round closes the loop with most copies.
const MOST_LOOPS: usize = 6;
/// A closed loop may raise the reprojection error by this factor at most.
const MAX_ERROR_GROWTH: f64 = 1.15;

/// An open loop between two views.
struct Open {
    a: usize,
    b: usize,
    /// Points as `a` sees them and as `b` sees them.
    copies: Vec<(u32, u32)>,
}

/// Loops that were closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Corrections that held.
    pub kept: usize,
    /// Corrections that were taken back.
    pub rejected: usize,
}

/// Feature indices of a match in the map (descriptors stand behind the corners).
fn features(map: &Map, pair: &PairMatches, m: (u32, u32)) -> (u32, u32) {
    (map.views[pair.a].corners as u32 + m.0, map.views[pair.b].corners as u32 + m.1)
}

fn open_loop(map: &Map, pair: &PairMatches) -> Option<Open> {
    if pair.b - pair.a < APART || map.views[pair.a].pose.is_none() || map.views[pair.b].pose.is_none() {
        return None;
    }
    let mut copies = Vec::new();
    let mut closed = 0;
    for &m in &pair.matches {
        let (i, j) = features(map, pair, m);
        let (Some(p), Some(q)) =
            (map.views[pair.a].features[i as usize].point, map.views[pair.b].features[j as usize].point)
        else {
            continue;
        };
        if p == q {
            closed += 1;
        } else {
            copies.push((p, q));
        }
    }
    (copies.len() >= MIN_COPIES && copies.len() > 2 * closed).then_some(Open { a: pair.a, b: pair.b, copies })
}

fn position(map: &Map, id: u32) -> Point3 {
    map.points[id as usize].as_ref().map_or_else(Point3::origin, |p| p.position)
}

/// Similarity that takes the points of `b` to those of `a`, when enough copies agree.
fn verify(map: &Map, open: &Open, seed: u64) -> Option<(Sim3, usize)> {
    let (pose_a, pose_b) = (map.views[open.a].pose?, map.views[open.b].pose?);
    let ends: Vec<(Point3, Point3)> =
        open.copies.iter().map(|&(p, q)| (position(map, p), position(map, q))).collect();
    let fit = |chosen: &[usize]| -> Option<Sim3> {
        let from: Vec<Point3> = chosen.iter().map(|&k| ends[k].1).collect();
        let to: Vec<Point3> = chosen.iter().map(|&k| ends[k].0).collect();
        similarity(&from, &to)
    };
    let near = |pose: &Pose, x: &Point3, y: &Point3| -> bool {
        match (map.camera.project(&(pose * x)), map.camera.project(&(pose * y))) {
            (Some(u), Some(v)) => (u - v).norm() <= INLIER_PX,
            _ => false,
        }
    };
    let agreeing = |sim: &Sim3| -> Vec<usize> {
        let back = sim.inverse();
        (0..ends.len())
            .filter(|&k| {
                let (p, q) = &ends[k];
                near(&pose_a, p, &(sim * q)) && near(&pose_b, q, &(back * p))
            })
            .collect()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut best: Vec<usize> = Vec::new();
    for _ in 0..SAMPLES {
        let sample: [usize; 3] = std::array::from_fn(|_| rng.random_range(0..ends.len()));
        if let Some(sim) = fit(&sample) {
            let inliers = agreeing(&sim);
            if inliers.len() > best.len() {
                best = inliers;
            }
        }
    }
    let sim = fit(&best)?;
    let count = agreeing(&sim).len();
    (count >= MIN_COPIES && count as f64 >= MIN_SHARE * ends.len() as f64).then_some((sim, count))
}

fn to_sim(pose: &Pose) -> Sim3 {
    Sim3::from_isometry(*pose, 1.0)
}

/// Edges between views that share points, as they stand in the map.
fn path_edges(map: &Map, slots: &BTreeMap<usize, usize>) -> Vec<Edge> {
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (_, point) in map.live_points() {
        for (k, s) in point.sights.iter().enumerate() {
            for t in &point.sights[k + 1..] {
                let (i, j) = (s.0.min(t.0) as usize, s.0.max(t.0) as usize);
                *shared.entry((i, j)).or_default() += 1;
            }
        }
    }
    let mut per_view: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (&(i, j), &count) in &shared {
        if i != j && (count >= EDGE_POINTS || j == i + 1) {
            per_view.entry(j).or_default().push((count, i));
        }
    }
    let mut edges = Vec::new();
    for (j, mut list) in per_view {
        list.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (count, i) in list.into_iter().take(EDGES_PER_VIEW) {
            let (Some(a), Some(b)) = (map.views[i].pose, map.views[j].pose) else { continue };
            edges.push(Edge {
                i: slots[&i],
                j: slots[&j],
                relative: to_sim(&a) * to_sim(&b).inverse(),
                weight: (count as f64 / 100.0).min(1.0),
            });
        }
    }
    edges
}

/// Bends the map so that the loop closes, and merges the copies.
fn correct(map: &mut Map, open: &Open, a_from_b: &Sim3) {
    let placed = map.placed();
    let slots: BTreeMap<usize, usize> = placed.iter().enumerate().map(|(slot, &view)| (view, slot)).collect();
    let old: Vec<Sim3> = placed.iter().filter_map(|&v| map.views[v].pose.as_ref().map(to_sim)).collect();
    let mut edges = path_edges(map, &slots);
    let (a, b) = (slots[&open.a], slots[&open.b]);
    edges.push(Edge { i: a, j: b, relative: old[a] * a_from_b * old[b].inverse(), weight: LOOP_WEIGHT });
    let depths: Vec<f64> =
        open.copies.iter().map(|&(p, _)| (old[a] * position(map, p)).z).filter(|z| *z > 0.0).collect();
    let length = median(&depths).unwrap_or(1.0).max(1e-9);
    let mut nodes = old.clone();
    let mut fixed = vec![false; nodes.len()];
    fixed[a] = true;
    optimize(&mut nodes, &fixed, &edges, length);
    for point in map.points.iter_mut().flatten() {
        let slot = slots[&(point.sights[0].0 as usize)];
        point.position = nodes[slot].inverse() * (old[slot] * point.position);
    }
    for (&view, &slot) in &slots {
        let node = &nodes[slot];
        let shift = node.isometry.translation.vector / node.scaling();
        map.views[view].pose = Some(Pose::from_parts(shift.into(), node.isometry.rotation));
    }
    let split: Vec<u32> =
        map.tracks.iter().filter(|t| t.points.len() > 1).flat_map(|t| t.points.clone()).collect();
    split.into_iter().for_each(|id| map.remove_point(id));
}

/// Views that see points of views long before them which they had lost from sight in between: places
/// that the path comes back to, held together by shared points.
#[must_use]
pub fn revisits(map: &Map) -> usize {
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (_, point) in map.live_points() {
        let mut views: Vec<usize> = point.sights.iter().map(|sight| sight.0 as usize).collect();
        views.sort_unstable();
        views.dedup();
        for (k, &late) in views.iter().enumerate() {
            for &early in &views[..k] {
                *shared.entry((late, early)).or_default() += 1;
            }
        }
    }
    let see =
        |late: usize, early: usize| shared.get(&(late, early)).is_some_and(|&points| points >= EDGE_POINTS);
    let placed = map.placed();
    let comes_back = |late: usize| {
        let away = placed.iter().rev().copied().filter(|&v| v < late).find(|&v| !see(late, v));
        away.is_some_and(|away| placed.iter().any(|&v| v < away && v + APART <= late && see(late, v)))
    };
    placed.iter().filter(|&&late| comes_back(late)).count()
}

/// Closes the open loops among the matches, the best supported first.
pub fn close(grower: &mut Grower, matches: &[PairMatches], seed: u64) -> Closed {
    let mut result = Closed::default();
    let mut given_up: Vec<(usize, usize)> = Vec::new();
    for round in 0..MOST_LOOPS {
        let best = matches
            .iter()
            .filter(|pair| !given_up.iter().any(|&(a, b)| a.abs_diff(pair.a) <= 2 && b.abs_diff(pair.b) <= 2))
            .filter_map(|pair| open_loop(&grower.map, pair))
            .filter_map(|open| verify(&grower.map, &open, seed + round as u64).map(|(sim, n)| (n, open, sim)))
            .max_by(|x, y| x.0.cmp(&y.0).then(y.1.a.cmp(&x.1.a)).then(y.1.b.cmp(&x.1.b)));
        let Some((_, open, sim)) = best else { break };
        let before = (grower.map.clone(), grower.map.rms_error_px(), grower.map.placed().len());
        correct(&mut grower.map, &open, &sim);
        grower.retriangulate();
        grower.adjust_all(15);
        grower.adjust_all(15);
        let holds = matches
            .iter()
            .find(|pair| pair.a == open.a && pair.b == open.b)
            .is_none_or(|pair| open_loop(&grower.map, pair).is_none());
        let sound =
            grower.map.rms_error_px() <= MAX_ERROR_GROWTH * before.1 && grower.map.placed().len() >= before.2;
        if holds && sound {
            result.kept += 1;
        } else {
            grower.map = before.0;
            result.rejected += 1;
        }
        given_up.push((open.a, open.b));
    }
    result
}
