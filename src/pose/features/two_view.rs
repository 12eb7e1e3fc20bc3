//! The start: which two keyframes see the same things from far enough apart, and their motion.
//!
//! Pairs are ranked by shared tracks and by the parallax that is left when the best rotation is taken
//! out; the best are tried with an essential matrix (MAGSAC) and compared with a homography, so that
//! planes and pure rotations are recognised (Torr 1998; Mur-Artal 2015 sect. IV). Hartley & Zisserman
//! sect. 9.6 for the four poses of an essential matrix.

use super::cv::{essential, homography};
use super::map::Map;
use crate::math::{Mat3, Point3, Pose, Rotation, Vec2, Vec3, median};
use crate::pose::Error;
use crate::pose::triangulate::{Sight, parallax, two_views};

/// Fewest shared tracks of a pair that is looked at.
pub const MIN_SHARED: usize = 40;
/// Widest distance between keyframes of a starting pair.
const MAX_STEP: usize = 14;
/// Pairs tried with an essential matrix.
const MOST_TRIED: usize = 24;
/// Inlier distance of the essential matrix and the homography, pixels.
const INLIER_PX: f64 = 1.5;
/// Parallax beyond which more does not help, radians (matching gets worse).
const ENOUGH_PARALLAX_RAD: f64 = 0.16;
/// Share of the essential matrix' inliers that a homography may explain before the pair is doubted.
const PLANAR_SHARE: f64 = 0.85;
/// Weight of a pair that a homography explains.
const PLANAR_WEIGHT: f64 = 0.3;

/// A candidate start.
#[derive(Debug, Clone)]
pub struct Start {
    /// First keyframe (becomes the world frame).
    pub a: usize,
    /// Second keyframe.
    pub b: usize,
    /// `b_from_a`, unit baseline.
    pub pose: Pose,
    /// Points in front of both.
    pub points: usize,
    /// Median parallax of the points, radians.
    pub angle_rad: f64,
    /// Share of the inliers that a homography explains, too.
    pub planar_share: f64,
    /// Rank: more is better.
    pub score: f64,
}

/// Parallax that is left between rays when the best rotation is taken out, radians (median), and the
/// rotation `b_from_a`.
#[must_use]
pub fn residual_parallax(a: &[Vec2], b: &[Vec2]) -> (f64, Rotation) {
    const ROUNDS: usize = 5;
    let unit = |ray: &Vec2| Vec3::new(ray.x, ray.y, 1.0).normalize();
    let from: Vec<Vec3> = a.iter().map(unit).collect();
    let to: Vec<Vec3> = b.iter().map(unit).collect();
    let mut weights = vec![1.0; from.len()];
    let mut rotation = Rotation::identity();
    let mut angles = Vec::new();
    for _ in 0..ROUNDS {
        let mut moment = Mat3::zeros();
        for ((p, q), w) in from.iter().zip(&to).zip(&weights) {
            moment += q * p.transpose() * *w;
        }
        let svd = moment.svd(true, true);
        let (Some(u), Some(v_t)) = (svd.u, svd.v_t) else { break };
        let mut sign = Mat3::identity();
        sign[(2, 2)] = (u * v_t).determinant().signum();
        rotation = Rotation::from_matrix(&(u * sign * v_t));
        angles = from.iter().zip(&to).map(|(p, q)| (rotation * p).cross(q).norm()).collect();
        let middle = median(&angles).unwrap_or(0.0).max(1e-6);
        weights = angles.iter().map(|angle| 1.0 / (1.0 + (angle / middle).powi(2))).collect();
    }
    (median(&angles).unwrap_or(0.0), rotation)
}

fn rays(map: &Map, a: usize, b: usize) -> (Vec<Vec2>, Vec<Vec2>) {
    map.shared_tracks(a, b)
        .iter()
        .map(|&(i, j)| (map.views[a].features[i as usize].ray, map.views[b].features[j as usize].ray))
        .unzip()
}

/// The four `b_from_a` of an essential matrix.
#[must_use]
pub fn decompose(essential: &Mat3) -> Vec<Pose> {
    let svd = essential.svd(true, true);
    let (Some(mut u), Some(mut v_t)) = (svd.u, svd.v_t) else { return Vec::new() };
    if u.determinant() < 0.0 {
        u = -u;
    }
    if v_t.determinant() < 0.0 {
        v_t = -v_t;
    }
    let turn = Mat3::new(0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0);
    let shift: Vec3 = u.column(2).into_owned();
    let mut poses = Vec::new();
    for rotation in [u * turn * v_t, u * turn.transpose() * v_t] {
        for sign in [1.0, -1.0] {
            poses.push(Pose::from_parts((shift * sign).into(), Rotation::from_matrix(&rotation)));
        }
    }
    poses
}

/// Points in front of both views and the parallax of each, for one relative pose.
fn in_front(pose: &Pose, a: &[Vec2], b: &[Vec2]) -> Vec<f64> {
    let origin = Point3::origin();
    let centre = Point3::from((pose.inverse()).translation.vector);
    a.iter()
        .zip(b)
        .filter_map(|(p, q)| {
            let first = Sight { pose: Pose::identity(), ray: *p, pixel: (*p).into() };
            let second = Sight { pose: *pose, ray: *q, pixel: (*q).into() };
            two_views(&first, &second).map(|point| parallax(&point, &origin, &centre))
        })
        .collect()
}

/// Relative pose of two views, when there is a trustworthy one.
///
/// # Errors
/// When an OpenCV routine fails.
pub fn try_pair(map: &Map, a: usize, b: usize) -> Result<Option<Start>, Error> {
    let (from, to) = rays(map, a, b);
    let focal = map.camera.fx;
    let Some((matrix, inliers)) = essential(&from, &to, focal, INLIER_PX)? else { return Ok(None) };
    let keep = |list: &[Vec2]| -> Vec<Vec2> {
        list.iter().zip(&inliers).filter_map(|(ray, &ok)| ok.then_some(*ray)).collect()
    };
    let (from, to) = (keep(&from), keep(&to));
    let best = decompose(&matrix)
        .into_iter()
        .map(|pose| (in_front(&pose, &from, &to), pose))
        .max_by_key(|(angles, _)| angles.len());
    let Some((angles, pose)) = best else { return Ok(None) };
    let Some(angle_rad) = median(&angles) else { return Ok(None) };
    let planar = homography(&from, &to, focal, INLIER_PX)?
        .map_or(0, |(_, inliers)| inliers.iter().filter(|&&x| x).count());
    let planar_share = planar as f64 / from.len().max(1) as f64;
    let weight = if planar_share > PLANAR_SHARE { PLANAR_WEIGHT } else { 1.0 };
    let score = weight * (angles.len() as f64).min(400.0) * angle_rad.min(ENOUGH_PARALLAX_RAD);
    Ok(Some(Start { a, b, pose, points: angles.len(), angle_rad, planar_share, score }))
}

/// Starting pairs, best first, among views that are not placed yet.
///
/// # Errors
/// When an OpenCV routine fails.
pub fn candidates(map: &Map) -> Result<Vec<Start>, Error> {
    let mut ranked = Vec::new();
    for a in 0..map.views.len() {
        for b in a + 1..(a + 1 + MAX_STEP).min(map.views.len()) {
            if map.views[a].pose.is_some() || map.views[b].pose.is_some() {
                continue;
            }
            let (from, to) = rays(map, a, b);
            if from.len() < MIN_SHARED {
                continue;
            }
            let (angle, _) = residual_parallax(&from, &to);
            ranked.push(((from.len() as f64).min(300.0) * angle.min(ENOUGH_PARALLAX_RAD), a, b));
        }
    }
    ranked.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)).then(x.2.cmp(&y.2)));
    let mut starts = Vec::new();
    for &(_, a, b) in ranked.iter().take(MOST_TRIED) {
        starts.extend(try_pair(map, a, b)?);
    }
    starts
        .sort_by(|x: &Start, y: &Start| y.score.total_cmp(&x.score).then(x.a.cmp(&y.a)).then(x.b.cmp(&y.b)));
    Ok(starts)
}
