//! Which placed frames become keyframes of the trajectory: those that dense depth is computed for.
//!
//! Takes candidates in time order, keeps one whenever the view has turned or moved enough since the
//! last kept one, relative to the depth of what is seen, and prefers sharp pictures. Keeps the first
//! and the last candidate.

use crate::math::Pose;

/// Turn since the last keyframe that makes a new one, radians (a fifth of a 60 degree view).
const TURN_RAD: f64 = 0.21;
/// Baseline to depth ratio that makes a new one: 4 degrees of parallax, enough for stereo between
/// neighbours and little enough to match.
const BASELINE_SHARE: f64 = 0.07;
/// Progress (1 = due) from which a sharper picture is taken early.
const EARLY: f64 = 0.7;
/// Progress at which even a blurred picture is taken.
const OVERDUE: f64 = 1.6;
/// A picture is blurred below this share of the sharpest around it.
const BLURRED: f64 = 0.5;

/// A frame that may become a keyframe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Pose.
    pub world_from_camera: Pose,
    /// Median depth of what it sees, world units.
    pub depth: f64,
    /// Sharpness (any unit).
    pub sharpness: f64,
}

/// How far a view has gone since another, 1 = a keyframe is due.
fn progress(from: &Candidate, to: &Candidate) -> f64 {
    let turn = from.world_from_camera.rotation.angle_to(&to.world_from_camera.rotation);
    let shift = (from.world_from_camera.translation.vector - to.world_from_camera.translation.vector).norm();
    let depth = 0.5 * (from.depth + to.depth);
    (turn / TURN_RAD).max(shift / (BASELINE_SHARE * depth.max(1e-9)))
}

/// Indices of the chosen candidates, ascending.
#[must_use]
pub fn choose(candidates: &[Candidate]) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    let mut k = 0;
    while k < candidates.len() {
        let Some(&last) = chosen.last() else {
            chosen.push(0);
            k = 1;
            continue;
        };
        if progress(&candidates[last], &candidates[k]) < EARLY {
            k += 1;
            continue;
        }
        // From the first early candidate on, take the sharpest up to the first overdue one.
        let mut end = k + 1;
        while end < candidates.len() && progress(&candidates[last], &candidates[end]) < OVERDUE {
            end += 1;
        }
        let top = candidates[k..end].iter().map(|c| c.sharpness).fold(0.0, f64::max);
        let due = (k..end)
            .find(|&i| {
                progress(&candidates[last], &candidates[i]) >= 1.0 && candidates[i].sharpness >= BLURRED * top
            })
            .unwrap_or_else(|| {
                (k..end)
                    .max_by(|&a, &b| candidates[a].sharpness.total_cmp(&candidates[b].sharpness))
                    .unwrap_or(k)
            });
        chosen.push(due);
        k = due + 1;
    }
    if candidates.len() > 1 && chosen.last() != Some(&(candidates.len() - 1)) {
        chosen.push(candidates.len() - 1);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{Rotation, Vec3};

    fn at(x: f64, yaw: f64, sharpness: f64) -> Candidate {
        let pose =
            Pose::from_parts(Vec3::new(x, 0.0, 0.0).into(), Rotation::from_euler_angles(0.0, yaw, 0.0));
        Candidate { world_from_camera: pose, depth: 2.0, sharpness }
    }

    #[test]
    fn a_camera_that_rests_needs_two_and_a_moving_one_evenly_many() {
        let rest: Vec<Candidate> = (0..50).map(|_| at(0.0, 0.0, 100.0)).collect();
        assert_eq!(choose(&rest), vec![0, 49]);
        let walk: Vec<Candidate> = (0..101).map(|k| at(0.02 * f64::from(k), 0.0, 100.0)).collect();
        let count = choose(&walk).len();
        assert!((13..=21).contains(&count), "{count}");
        assert!(choose(&[]).is_empty());
    }

    #[test]
    fn blurred_pictures_are_passed_over() {
        let walk: Vec<Candidate> =
            (0..60).map(|k| at(0.03 * f64::from(k), 0.0, if k % 2 == 0 { 100.0 } else { 5.0 })).collect();
        assert!(choose(&walk).iter().filter(|&&k| k != 59).all(|k| k % 2 == 0));
    }

    #[test]
    fn turning_makes_keyframes_too() {
        let turn: Vec<Candidate> = (0..60).map(|k| at(0.0, 0.05 * f64::from(k), 1.0)).collect();
        assert!(choose(&turn).len() >= 10);
    }
}
