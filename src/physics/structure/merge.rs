//! Walls that were detected twice become one.
//!
//! Two walls cannot stand in one another: where two of nearly one direction overlap along it and
//! their bodies (or their uncertainties) overlap across it, they are the same wall. The longest
//! takes the others in; its line is the length- and sigma-weighted mean, its ends are the outermost.

use crate::math::Vec2;
use crate::physics::clean::{Clean, CleanWall};
use crate::physics::findings::Findings;
use crate::physics::geometry::{cross, perp};

/// Walls that differ by more than this are not the same, radians (8°).
const MAX_ANGLE_RAD: f64 = 0.14;
/// Uncertainty across the wall within which two are the same, sigmas.
const GATE_SIGMAS: f64 = 2.5;
/// Farther apart they are two walls (a shaft, a niche) whatever their sigma, metres.
const MAX_OFFSET_M: f64 = 0.3;
/// Shared length that makes a duplicate, share of the shorter wall.
const MIN_SHARED: f64 = 0.25;

/// Merges duplicates; `clean.openings` follow their wall.
pub(crate) fn merge_duplicates(clean: &mut Clean, findings: &mut Findings) {
    let mut order: Vec<usize> = (0..clean.walls.len()).collect();
    let length = |wall: &CleanWall| (wall.b - wall.a).norm();
    order.sort_by(|&i, &j| length(&clean.walls[j]).total_cmp(&length(&clean.walls[i])).then(i.cmp(&j)));
    let mut target: Vec<usize> = (0..clean.walls.len()).collect();
    let mut kept: Vec<usize> = Vec::new();
    for i in order {
        let found = kept.iter().copied().find(|&k| is_same(&clean.walls[k], &clean.walls[i]));
        let Some(k) = found else {
            kept.push(i);
            continue;
        };
        let (wall, other) = (&clean.walls[k], &clean.walls[i]);
        let offset = offset_between(wall, other);
        findings.note(
            "walls-merged",
            vec![wall.element(), other.element()],
            format!(
                "walls {} and {} of the draft overlap, {offset:.3} m apart: they became one",
                wall.draft, other.draft
            ),
            Some(offset),
        );
        clean.walls[k] = merged(wall, other);
        target[i] = k;
    }
    kept.sort_unstable();
    let new_index: std::collections::BTreeMap<usize, usize> =
        kept.iter().enumerate().map(|(new, &old)| (old, new)).collect();
    for opening in &mut clean.openings {
        opening.wall = new_index[&target[opening.wall]];
    }
    clean.walls = kept.iter().map(|&i| clean.walls[i].clone()).collect();
}

/// Distance across `wall` of the middle of `other`, metres.
fn offset_between(wall: &CleanWall, other: &CleanWall) -> f64 {
    let along = (wall.b - wall.a).normalize();
    cross(along, 0.5 * (other.a + other.b) - wall.a).abs()
}

fn is_same(wall: &CleanWall, other: &CleanWall) -> bool {
    let along = (wall.b - wall.a).normalize();
    let direction = (other.b - other.a).normalize();
    if cross(along, direction).abs() > MAX_ANGLE_RAD.sin() {
        return false;
    }
    let gate = (GATE_SIGMAS * wall.offset_sigma.hypot(other.offset_sigma))
        .max(0.5 * (wall.thickness + other.thickness))
        .min(MAX_OFFSET_M);
    if offset_between(wall, other) > gate {
        return false;
    }
    let (p, q) = (along.dot(&(other.a - wall.a)), along.dot(&(other.b - wall.a)));
    let shared = p.max(q).min((wall.b - wall.a).norm()) - p.min(q).max(0.0);
    shared > MIN_SHARED * (other.b - other.a).norm()
}

fn merged(wall: &CleanWall, other: &CleanWall) -> CleanWall {
    let along = (wall.b - wall.a).normalize();
    let normal = perp(along);
    let weight = |w: &CleanWall| (w.b - w.a).norm() / (w.offset_sigma * w.offset_sigma);
    let (weight_a, weight_b) = (weight(wall), weight(other));
    let side = normal.dot(&(0.5 * (other.a + other.b) - wall.a));
    let shift = normal * (side * weight_b / (weight_a + weight_b));
    let mut ends = [(0.0, wall.end_sigma[0]), ((wall.b - wall.a).norm(), wall.end_sigma[1])];
    for (point, sigma) in [(other.a, other.end_sigma[0]), (other.b, other.end_sigma[1])] {
        let u = along.dot(&(point - wall.a));
        if u < ends[0].0 {
            ends[0] = (u, sigma);
        }
        if u > ends[1].0 {
            ends[1] = (u, sigma);
        }
    }
    let at = |u: f64| -> Vec2 { wall.a + along * u + shift };
    let mut evidence = wall.evidence;
    evidence.confidence = 1.0 - (1.0 - evidence.confidence) * (1.0 - other.evidence.confidence);
    evidence.observed_fraction = evidence.observed_fraction.max(other.evidence.observed_fraction);
    CleanWall {
        draft: wall.draft,
        a: at(ends[0].0),
        b: at(ends[1].0),
        height: wall.height.max(other.height),
        thickness: wall.thickness,
        offset_sigma: (weight_a * wall.offset_sigma + weight_b * other.offset_sigma) / (weight_a + weight_b),
        end_sigma: [ends[0].1, ends[1].1],
        evidence,
    }
}
