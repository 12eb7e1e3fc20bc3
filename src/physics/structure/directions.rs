//! Common directions of walls, as far as their evidence allows.
//!
//! Takes walls with sigmas, gives each wall a direction group or none. The angle of a wall whose
//! ends are known across it to σ is known to √2·σ/L. The strongest angle modulo 90° is found by
//! kernel voting, then refined by the weighted circular mean of its members; a wall joins when its
//! deviation passes a χ² test at 2.5 sigma. What is left is grouped modulo 180° in the same way, so
//! oblique walls that are parallel become exactly parallel and others stay as they were seen.

use crate::math::{Vec2, wrap_angle};
use crate::physics::clean::CleanWall;
use crate::physics::geometry::unit;
use std::f64::consts::{FRAC_PI_2, PI};

/// Gate of the χ² test on a wall's angle, sigmas (98.8 % of true members pass).
const GATE_SIGMAS: f64 = 2.5;
/// Two hand-built walls are not parallel to better than this, radians (1°).
const MIN_GATE_RAD: f64 = 0.0175;
/// Walls farther from a common direction are oblique, whatever their sigma, radians (12°).
const MAX_GATE_RAD: f64 = 0.21;
/// Width of the voting kernel, radians (3°).
const KERNEL_RAD: f64 = 0.052;
/// Only the longest walls are candidates for a reference: keeps the cost linear.
const MAX_CANDIDATES: usize = 64;

/// One standard deviation of a wall's direction, radians.
pub(crate) fn angle_sigma(wall: &CleanWall) -> f64 {
    std::f64::consts::SQRT_2 * wall.offset_sigma / (wall.b - wall.a).norm()
}

fn gate(wall: &CleanWall) -> f64 {
    (GATE_SIGMAS * angle_sigma(wall)).clamp(MIN_GATE_RAD, MAX_GATE_RAD)
}

/// Angle difference modulo `period`, in (−period/2, period/2].
fn deviation(angle: f64, reference: f64, period: f64) -> f64 {
    wrap_angle((angle - reference) * (2.0 * PI / period)) * (period / (2.0 * PI))
}

/// The direction of a group of walls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Direction {
    /// Unit vector along the wall, pointing from its a to its b as nearly as the group allows.
    pub along: Vec2,
    /// The wall shares its direction with others and keeps it exactly.
    pub shared: bool,
}

/// Direction of every wall, in order.
pub(crate) fn directions(walls: &[CleanWall]) -> Vec<Direction> {
    let angles: Vec<f64> = walls.iter().map(|w| (w.b - w.a).y.atan2((w.b - w.a).x)).collect();
    let mut result: Vec<Direction> =
        angles.iter().map(|&a| Direction { along: unit(a), shared: false }).collect();
    let mut free: Vec<usize> = (0..walls.len()).collect();
    let mut period = FRAC_PI_2;
    while !free.is_empty() {
        let reference = strongest(walls, &angles, &free, period);
        let members: Vec<usize> = free
            .iter()
            .copied()
            .filter(|&i| deviation(angles[i], reference, period).abs() <= gate(&walls[i]))
            .collect();
        let mean = weighted_mean(walls, &angles, &members, reference, period);
        for &i in &members {
            let turns = ((angles[i] - mean) / period).round();
            result[i] = Direction { along: unit(mean + turns * period), shared: members.len() > 1 };
        }
        // The reference is a wall's own angle, so at least that wall is a member: the loop ends.
        free.retain(|i| !members.contains(i));
        period = PI;
    }
    result
}

/// The wall angle with the most weight around it.
fn strongest(walls: &[CleanWall], angles: &[f64], free: &[usize], period: f64) -> f64 {
    let mut longest = free.to_vec();
    longest.sort_by(|&i, &j| length(&walls[j]).total_cmp(&length(&walls[i])).then(i.cmp(&j)));
    longest.truncate(MAX_CANDIDATES);
    let mut best = (f64::NEG_INFINITY, 0.0);
    for i in longest {
        let votes: f64 = free
            .iter()
            .map(|&j| {
                let d = deviation(angles[j], angles[i], period) / KERNEL_RAD;
                length(&walls[j]) * (-0.5 * d * d).exp()
            })
            .sum();
        if votes > best.0 {
            best = (votes, angles[i]);
        }
    }
    best.1
}

fn length(wall: &CleanWall) -> f64 {
    (wall.b - wall.a).norm()
}

fn weighted_mean(walls: &[CleanWall], angles: &[f64], members: &[usize], reference: f64, period: f64) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for &i in members {
        let weight = angle_sigma(&walls[i]).powi(-2);
        sum += weight * deviation(angles[i], reference, period);
        weights += weight;
    }
    if weights > 0.0 { reference + sum / weights } else { reference }
}
