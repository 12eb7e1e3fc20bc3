//! Joining maps that overlap.
//!
//! A map that could not be grown further from one start can often be reached from the other side. A
//! second map is grown there until it overlaps the first; the similarity between the two comes from
//! points of tracks that both have (Umeyama 1991 inside RANSAC), and the second map's views are taken
//! over. Then the whole is adjusted as one.

use super::grow::{Grower, Plan};
use super::map::Map;
use super::two_view::Start;
use crate::math::{Mat3, Point3, Pose, Rotation, Sim3, Vec3};
use crate::pose::Error;
use crate::pose::bundle::Refine;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Views of the first map that the second is grown over before the two are joined.
const OVERLAP_VIEWS: usize = 6;
/// Fewest agreeing points that join two maps.
const MIN_INLIERS: usize = 15;
/// Least share of agreeing points.
const MIN_SHARE: f64 = 0.3;
/// Samples of three points.
const SAMPLES: usize = 300;
/// Error of an agreeing point, pixels, seen from a view of the first map.
const INLIER_PX: f64 = 6.0;

/// Similarity that takes `from` to `to` (Umeyama 1991); `None` when degenerate.
#[must_use]
pub fn similarity(from: &[Point3], to: &[Point3]) -> Option<Sim3> {
    if from.len() < 3 || from.len() != to.len() {
        return None;
    }
    let count = from.len() as f64;
    let mean = |list: &[Point3]| list.iter().fold(Vec3::zeros(), |sum, p| sum + p.coords) / count;
    let (a, b) = (mean(from), mean(to));
    let mut covariance = Mat3::zeros();
    let mut spread = 0.0;
    for (p, q) in from.iter().zip(to) {
        covariance += (q.coords - b) * (p.coords - a).transpose();
        spread += (p.coords - a).norm_squared();
    }
    let svd = covariance.svd(true, true);
    let (u, v_t) = (svd.u?, svd.v_t?);
    if svd.singular_values[1] < 1e-9 * svd.singular_values[0] || spread <= 0.0 {
        return None;
    }
    let mut sign = Mat3::identity();
    sign[(2, 2)] = (u * v_t).determinant().signum();
    let rotation = Rotation::from_matrix(&(u * sign * v_t));
    let scale = (svd.singular_values.component_mul(&sign.diagonal())).sum() / spread;
    if !(scale.is_finite() && scale > 1e-6) {
        return None;
    }
    let translation = b - rotation * a * scale;
    Some(Sim3::from_parts(translation.into(), rotation, scale))
}

/// A point of both maps, and a view of the first that sees it.
struct Common {
    first: Point3,
    second: Point3,
    view: usize,
    feature: u32,
}

/// Points of tracks that both maps have.
fn common_points(first: &Map, second: &Map) -> Vec<Common> {
    let mut found = Vec::new();
    for (_, point) in first.live_points() {
        let other = second.tracks[point.track as usize].points.first();
        let Some(other) = other.and_then(|&p| second.points[p as usize].as_ref()) else { continue };
        let (view, feature) = point.sights[0];
        found.push(Common { first: point.position, second: other.position, view: view as usize, feature });
    }
    found
}

/// `first_from_second` by RANSAC; `None` when too little agrees.
fn align(first: &Map, second: &Map, seed: u64) -> Option<Sim3> {
    let common = common_points(first, second);
    if common.len() < MIN_INLIERS {
        return None;
    }
    let agreeing = |sim: &Sim3| -> Vec<usize> {
        (0..common.len())
            .filter(|&k| {
                let c = &common[k];
                first.error_px(&(sim * c.second), (c.view as u32, c.feature)) <= INLIER_PX
            })
            .collect()
    };
    let fit = |chosen: &[usize]| -> Option<Sim3> {
        let from: Vec<Point3> = chosen.iter().map(|&k| common[k].second).collect();
        let to: Vec<Point3> = chosen.iter().map(|&k| common[k].first).collect();
        similarity(&from, &to)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut best: Vec<usize> = Vec::new();
    for _ in 0..SAMPLES {
        let sample: [usize; 3] = std::array::from_fn(|_| rng.random_range(0..common.len()));
        if let Some(sim) = fit(&sample) {
            let inliers = agreeing(&sim);
            if inliers.len() > best.len() {
                best = inliers;
            }
        }
    }
    let sim = fit(&best)?;
    let inliers = agreeing(&sim);
    (inliers.len() >= MIN_INLIERS && inliers.len() as f64 >= MIN_SHARE * common.len() as f64).then_some(sim)
}

/// A pose of the second map in the first map's world.
fn moved(camera_from_second: &Pose, first_from_second: &Sim3) -> Pose {
    let world_from_camera = camera_from_second.inverse();
    let rotation = first_from_second.isometry.rotation * world_from_camera.rotation;
    let centre = first_from_second * Point3::from(world_from_camera.translation.vector);
    Pose::from_parts(centre.coords.into(), rotation).inverse()
}

/// Takes the second map's further views over into the first. False when the two do not fit.
fn join(first: &mut Map, second: &Map, seed: u64) -> bool {
    let Some(sim) = align(first, second, seed) else { return false };
    let mut points: Vec<(u32, Point3, Vec<super::map::SightId>)> = Vec::new();
    for (_, point) in second.live_points() {
        let new: Vec<_> =
            point.sights.iter().copied().filter(|s| first.views[s.0 as usize].pose.is_none()).collect();
        if new.len() >= 2 {
            points.push((point.track, sim * point.position, new));
        }
    }
    for (own, other) in first.views.iter_mut().zip(&second.views) {
        if own.pose.is_none() {
            own.pose = other.pose.map(|pose| moved(&pose, &sim));
        }
    }
    for (track, position, sights) in points {
        first.add_point(track, position, sights);
    }
    true
}

/// Grows a second map from `start` (two views that the first map lacks) and joins it. True when views
/// were gained.
///
/// # Errors
/// When an OpenCV routine fails.
pub fn extend(grower: &mut Grower, blank: &Map, start: &Start, seed: u64) -> Result<bool, Error> {
    let mut empty = blank.clone();
    empty.set_camera(grower.map.camera);
    let plan = Plan { refine: Refine::Nothing, max_views: usize::MAX };
    let Some(mut second) = Grower::start(empty, start, plan) else { return Ok(false) };
    let before = grower.map.placed().len();
    second.grow_until(|map| {
        let both = (0..map.views.len())
            .filter(|&v| map.views[v].pose.is_some() && grower.map.views[v].pose.is_some())
            .count();
        both >= OVERLAP_VIEWS
    })?;
    if !join(&mut grower.map, &second.map, seed) {
        return Ok(false);
    }
    grower.adjust_all(20);
    grower.grow()?;
    Ok(grower.map.placed().len() > before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_is_recovered_exactly() {
        let truth = Sim3::from_parts(
            Vec3::new(1.0, -2.0, 0.5).into(),
            Rotation::from_euler_angles(0.3, -0.2, 1.0),
            2.5,
        );
        let from: Vec<Point3> =
            (0..8).map(|k| Point3::new(f64::from(k), f64::from(k * k) * 0.1, f64::from(k % 3))).collect();
        let to: Vec<Point3> = from.iter().map(|p| truth * p).collect();
        let found = similarity(&from, &to).unwrap();
        assert!((found.scaling() - 2.5).abs() < 1e-9);
        assert!((found.isometry.translation.vector - truth.isometry.translation.vector).norm() < 1e-9);
        let line: Vec<Point3> = (0..8).map(|k| Point3::new(f64::from(k), 0.0, 0.0)).collect();
        assert!(similarity(&line, &line).is_none());
    }
}
