//! The yaw of the scene frame: along the walls when they stand in two perpendicular directions.
//!
//! Takes up; gives a horizontal unit vector for the x axis and the share of the wall evidence that
//! agrees with it or its perpendicular. World frame.

use super::evidence::Evidence;
use super::gravity::{MAX_WALL_SINE, horizontal_axes};
use super::planes::{self, Search};
use crate::math::Vec3;
use std::f64::consts::{FRAC_PI_2, TAU};

/// A wall sample agrees with a direction within this angle, radians (10 degrees: rough normals).
const AGREEMENT_RAD: f64 = 0.175;
/// Bins of a quarter turn.
const BINS: usize = 180;
/// Kernel half width, bins.
const KERNEL_BINS: usize = 6;
/// Search for the walls that refine the yaw: (least cosine, half thickness in assumed metres).
const WALL_SEARCH: Search = Search { min_cosine: 0.95, band_m: 0.05 };
/// Walls farther from the common direction than this do not refine it, radians.
const MAX_WALL_ANGLE_RAD: f64 = 0.1;

/// The horizontal frame of the walls.
#[derive(Debug, Clone)]
pub struct Yaw {
    /// Unit vector of the scene's x axis, world frame, before quarter turns are chosen.
    pub x: Vec3,
    /// Share of wall evidence along `x` and its perpendicular beyond what chance gives, 0..1.
    pub manhattan_share: f64,
}

/// Finds the wall directions.
pub fn find(evidence: &Evidence, up: &Vec3) -> Yaw {
    let (x, y) = horizontal_axes(up);
    let angles: Vec<f64> = evidence
        .samples
        .iter()
        .filter(|sample| sample.normal.dot(up).abs() <= MAX_WALL_SINE)
        .map(|sample| sample.normal.dot(&y).atan2(sample.normal.dot(&x)))
        .collect();
    if angles.is_empty() {
        return Yaw { x, manhattan_share: 0.0 };
    }
    let rough = peak(&angles);
    let angle = refine_by_walls(evidence, up, (x, y), rough);
    let agreeing = angles.iter().filter(|&&other| quarter(other - angle).abs() <= AGREEMENT_RAD).count();
    let share = agreeing as f64 / angles.len() as f64;
    let chance = 2.0 * AGREEMENT_RAD / FRAC_PI_2;
    Yaw {
        x: x * angle.cos() + y * angle.sin(),
        manhattan_share: ((share - chance) / (1.0 - chance)).clamp(0.0, 1.0),
    }
}

/// An angle modulo a quarter turn, within ±45 degrees.
fn quarter(angle: f64) -> f64 {
    let rest = angle.rem_euclid(FRAC_PI_2);
    if rest > FRAC_PI_2 / 2.0 { rest - FRAC_PI_2 } else { rest }
}

/// The densest angle modulo a quarter turn.
fn peak(angles: &[f64]) -> f64 {
    let mut counts = [0.0f64; BINS];
    for angle in angles {
        let share = angle.rem_euclid(FRAC_PI_2) / FRAC_PI_2;
        counts[((share * BINS as f64) as usize).min(BINS - 1)] += 1.0;
    }
    let width = KERNEL_BINS as i64;
    let smooth = |bin: usize| -> f64 {
        (-width..=width)
            .map(|by| {
                let other = (bin as i64 + by).rem_euclid(BINS as i64) as usize;
                counts[other] * (1.0 - by.abs() as f64 / (width + 1) as f64)
            })
            .sum()
    };
    let best = (0..BINS).max_by(|&a, &b| smooth(a).total_cmp(&smooth(b)).then(b.cmp(&a))).unwrap_or(0);
    (best as f64 + 0.5) / BINS as f64 * FRAC_PI_2
}

/// The mean direction of the planes along both axes, by their precision, with outliers damped.
fn refine_by_walls(evidence: &Evidence, up: &Vec3, (x, y): (Vec3, Vec3), start: f64) -> f64 {
    let mut angle = start;
    for _ in 0..2 {
        let along = x * angle.cos() + y * angle.sin();
        let mut walls: Vec<(f64, f64)> = Vec::new();
        for direction in [along, up.cross(&along)] {
            for plane in planes::along(evidence, &direction, WALL_SEARCH) {
                let turn = quarter(plane.normal.dot(&y).atan2(plane.normal.dot(&x)) - angle);
                let across = up.cross(&plane.normal);
                let variance: f64 =
                    plane.tilts.iter().map(|(axis, sigma)| (axis.dot(&across) * sigma).powi(2)).sum();
                if turn.abs() <= MAX_WALL_ANGLE_RAD && variance > 0.0 {
                    walls.push((turn, plane.area / variance));
                }
            }
        }
        let mut mean = 0.0;
        for _ in 0..8 {
            let damped = |turn: f64| 1.0 / (1.0 + ((turn - mean) / 0.02f64).powi(2));
            let total: f64 = walls.iter().map(|(turn, weight)| weight * damped(*turn)).sum();
            if total > 0.0 {
                mean = walls.iter().map(|(turn, weight)| turn * weight * damped(*turn)).sum::<f64>() / total;
            }
        }
        angle = (angle + mean).rem_euclid(TAU);
    }
    angle
}

/// The quarter turn of `x` that does not depend on the world's axes: x along the longer side of the
/// scene, and the half turn by which the scene's third moment along x is not negative.
pub fn canonical(evidence: &Evidence, up: &Vec3, x: Vec3) -> Vec3 {
    let y = up.cross(&x);
    let extent = |axis: &Vec3| evidence.quantile(axis, 0.99) - evidence.quantile(axis, 0.01);
    // Of a square scene either axis may be the longer one; the turn is then decided by the moments.
    let x = if extent(&y) > extent(&x) { y } else { x };
    let middle = 0.5 * (evidence.quantile(&x, 0.01) + evidence.quantile(&x, 0.99));
    let half = (0.5 * extent(&x)).max(1e-9);
    let skew: f64 = evidence
        .samples
        .iter()
        .map(|sample| ((sample.position.dot(&x) - middle) / half).clamp(-1.0, 1.0).powi(3))
        .sum();
    if skew < 0.0 { -x } else { x }
}
