//! Does a placed view agree with its neighbours in time?
//!
//! Points can agree by accident (a repeated cabinet); the tracks that run from the view to the next
//! placed keyframes, with or without points, do not. Each must lie near its epipolar line, or where
//! the rotation alone takes it when the baseline is too short for a line.

use super::map::Map;
use crate::math::{Pose, Vec2, Vec3};
use crate::pose::bundle::residual::skew;

/// Keyframes before and after that are asked.
const REACH: usize = 3;
/// Shared tracks from which a neighbour is asked.
const MIN_SHARED: usize = 40;
/// Distance of an agreeing track, pixels; the pose has not been adjusted yet.
const AGREEING_PX: f64 = 6.0;
/// Least share of agreeing tracks: with two fifths of outliers in each view a third is left, while a
/// wrong pose keeps about a tenth by accident.
const MIN_SHARE: f64 = 0.25;

/// Distance of a track from where two poses allow it, normalised image units.
fn distance(b_from_a: &Pose, a: &Vec2, b: &Vec2) -> f64 {
    let ray = Vec3::new(a.x, a.y, 1.0);
    let turned = b_from_a.rotation * ray;
    let straight = if turned.z > 1e-9 {
        (Vec2::new(turned.x / turned.z, turned.y / turned.z) - b).norm()
    } else {
        f64::INFINITY
    };
    let line = skew(&b_from_a.translation.vector) * turned;
    let slope = line.xy().norm();
    if slope < 1e-12 {
        return straight;
    }
    straight.min((line.dot(&Vec3::new(b.x, b.y, 1.0)) / slope).abs())
}

/// Share of the tracks between two placed views that agree with their poses; `None` with too few.
#[must_use]
pub fn agreement(map: &Map, a: usize, b: usize) -> Option<f64> {
    let b_from_a = map.views[b].pose? * map.views[a].pose?.inverse();
    let shared = map.shared_tracks(a, b);
    if shared.len() < MIN_SHARED {
        return None;
    }
    let limit = AGREEING_PX / map.camera.fx;
    let agreeing = shared
        .iter()
        .filter(|&&(i, j)| {
            let (from, to) = (&map.views[a].features[i as usize], &map.views[b].features[j as usize]);
            distance(&b_from_a, &from.ray, &to.ray) <= limit
        })
        .count();
    Some(agreeing as f64 / shared.len() as f64)
}

/// False when a neighbour in time contradicts the view's pose.
#[must_use]
pub fn fits_neighbours(map: &Map, view: usize) -> bool {
    let before = (view.saturating_sub(REACH)..view).rev();
    let after = view + 1..(view + 1 + REACH).min(map.views.len());
    let nearest = [
        before.into_iter().find_map(|v| agreement(map, v, view)),
        after.into_iter().find_map(|v| agreement(map, view, v)),
    ];
    nearest.into_iter().flatten().all(|share| share >= MIN_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Rotation;

    #[test]
    fn true_tracks_lie_on_their_lines_and_others_do_not() {
        let pose =
            Pose::from_parts(Vec3::new(-0.3, 0.05, 0.1).into(), Rotation::from_euler_angles(0.02, 0.1, 0.0));
        let project = |p: Vec3| Vec2::new(p.x / p.z, p.y / p.z);
        let point = Vec3::new(0.4, -0.2, 2.0);
        let seen = project(pose.rotation * point + pose.translation.vector);
        assert!(distance(&pose, &project(point), &seen) < 1e-12);
        assert!(distance(&pose, &project(point), &(seen + Vec2::new(0.0, 0.2))) > 0.05);
    }
}
