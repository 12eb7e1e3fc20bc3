//! Poses of all frames against the finished map.
//!
//! Frames between keyframes see the map through the corners that are followed through them. Each is
//! started from the interpolated pose of its placed neighbours in time, refined with a robust loss,
//! and placed anew by P3P-RANSAC when that does not fit.

use super::cv::resect;
use super::frontend::{Tracked, TrackedFrame};
use super::map::Map;
use super::refine::LOSS_PX;
use crate::math::{Point2, Point3, Pose, Vec2, Vec3, median};
use crate::pose::Error;
use crate::pose::bundle::Loss;
use crate::pose::bundle::motion::refine_pose;
use crate::pose::bundle::residual::residual;

/// Error of a point that agrees with a frame, pixels.
const INLIER_PX: f64 = 3.0;
/// Fewest agreeing points that place a frame.
const MIN_INLIERS: usize = 12;
/// Share of agreeing points with which the second start is not tried.
const GOOD_SHARE: f64 = 0.8;
/// How far back a placed frame is looked for as a start.
const MEMORY_FRAMES: usize = 8;
/// A frame is a stray beyond this many times the distance of its neighbours (and a typical step).
const STRAY: f64 = 3.0;
/// Least share of agreeing points that places a frame.
const MIN_SHARE: f64 = 0.25;

fn pairs(map: &Map, frame: &TrackedFrame) -> Vec<(Point3, Point2)> {
    let mut found = Vec::new();
    for corner in &frame.corners {
        let Some(track) = map.track_of_corner[corner.track as usize] else { continue };
        for &point in &map.tracks[track as usize].points {
            if let Some(point) = &map.points[point as usize] {
                found.push((point.position, corner.point()));
            }
        }
    }
    found
}

fn agreeing(map: &Map, pose: &Pose, pairs: &[(Point3, Point2)]) -> usize {
    pairs
        .iter()
        .filter(|(point, pixel)| {
            residual(&map.camera, pose, point, pixel).is_some_and(|r| r.norm() <= INLIER_PX)
        })
        .count()
}

fn fits(inliers: usize, pairs: usize) -> bool {
    inliers >= MIN_INLIERS && inliers as f64 >= MIN_SHARE * pairs as f64
}

/// `camera_from_world` of every frame that can be placed.
///
/// # Errors
/// When an OpenCV routine fails.
pub fn place_all(map: &Map, tracked: &Tracked) -> Result<Vec<Option<Pose>>, Error> {
    let mut poses: Vec<Option<Pose>> = vec![None; tracked.frames.len()];
    for view in &map.views {
        poses[view.frame_idx] = view.pose;
    }
    let anchors = poses.clone();
    for (k, frame) in tracked.frames.iter().enumerate() {
        if poses[k].is_some() {
            continue;
        }
        let pairs = pairs(map, frame);
        if pairs.len() < MIN_INLIERS {
            continue;
        }
        let before = poses[..k].iter().rev().take(MEMORY_FRAMES).find_map(|p| *p);
        poses[k] = place_one(map, &pairs, [interpolate(&anchors, k), before])?;
    }
    drop_strays(&mut poses, &anchors);
    Ok(poses)
}

/// One frame, from the better of two starts, else from nothing.
fn place_one(
    map: &Map,
    pairs: &[(Point3, Point2)],
    starts: [Option<Pose>; 2],
) -> Result<Option<Pose>, Error> {
    let mut best: Option<(usize, Pose)> = None;
    for start in starts.into_iter().flatten() {
        let pose = refine_pose(&map.camera, &start, pairs, Loss::Cauchy(2.0 * LOSS_PX));
        let pose = refine_pose(&map.camera, &pose, pairs, Loss::Cauchy(LOSS_PX));
        let inliers = agreeing(map, &pose, pairs);
        if best.as_ref().is_none_or(|(old, _)| inliers > *old) {
            best = Some((inliers, pose));
        }
        if inliers as f64 > GOOD_SHARE * pairs.len() as f64 {
            break;
        }
    }
    if !best.as_ref().is_some_and(|(inliers, _)| fits(*inliers, pairs.len())) {
        let points: Vec<Point3> = pairs.iter().map(|p| p.0).collect();
        let rays: Vec<Vec2> = pairs.iter().map(|p| map.camera.normalize(p.1)).collect();
        if let Some((pose, _)) = resect(&map.camera, &points, &rays, INLIER_PX)? {
            let pose = refine_pose(&map.camera, &pose, pairs, Loss::Cauchy(LOSS_PX));
            best = Some((agreeing(map, &pose, pairs), pose));
        }
    }
    Ok(best.filter(|(inliers, _)| fits(*inliers, pairs.len())).map(|(_, pose)| pose))
}

/// Frames far off the line between their neighbours are wrong, not fast.
fn drop_strays(poses: &mut [Option<Pose>], anchors: &[Option<Pose>]) {
    let centre = |pose: &Pose| pose.inverse().translation.vector;
    let centres: Vec<Option<Vec3>> = poses.iter().map(|p| p.as_ref().map(centre)).collect();
    let steps: Vec<f64> = centres.windows(2).filter_map(|w| Some((w[0]? - w[1]?).norm())).collect();
    let typical = median(&steps).unwrap_or(0.0);
    for k in 1..centres.len().saturating_sub(1) {
        let (Some(a), Some(own), Some(b)) = (centres[k - 1], centres[k], centres[k + 1]) else { continue };
        let off = (own - (a + b) * 0.5).norm();
        if anchors[k].is_none() && off > STRAY * ((a - b).norm() + typical) {
            poses[k] = None;
        }
    }
}

/// Pose between the nearest anchors before and after a frame.
fn interpolate(anchors: &[Option<Pose>], k: usize) -> Option<Pose> {
    let before = (0..k).rev().find_map(|i| anchors[i].map(|pose| (i, pose)))?;
    let after = (k + 1..anchors.len()).find_map(|i| anchors[i].map(|pose| (i, pose)))?;
    let share = (k - before.0) as f64 / (after.0 - before.0) as f64;
    let (a, b) = (before.1.inverse(), after.1.inverse());
    let rotation = a.rotation.try_slerp(&b.rotation, share, 1e-9)?;
    let translation = a.translation.vector.lerp(&b.translation.vector, share);
    Some(Pose::from_parts(translation.into(), rotation).inverse())
}
