//! From a finished map to a [`Trajectory`].

use super::frames::place_all;
use super::frontend::Tracked;
use super::map::Map;
use super::reconstruct::Reconstruction;
use super::verdict::{judge, measure, record};
use crate::math::{Pose, median};
use crate::pose::keyframes::{Candidate, choose};
use crate::pose::{Error, FramePose, Observation, Options, SparsePoint, Trajectory, given_camera};
use crate::report::Reporter;
use crate::video::FrameSet;

/// Median depth of what is seen, world units: about metres in a room, so that numbers look familiar
/// until the true scale is known.
const MEDIAN_DEPTH: f64 = 2.0;

/// Poses, points and figures of a reconstruction.
///
/// # Errors
/// [`Error::Lost`] when too little of the clip is placed.
pub fn finish(
    frames: &FrameSet,
    tracked: &Tracked,
    mut reconstruction: Reconstruction,
    (options, reporter): (&Options, &Reporter),
) -> Result<Trajectory, Error> {
    reconstruction.map.normalize(MEDIAN_DEPTH);
    let map = &reconstruction.map;
    let poses = place_all(map, tracked)?;
    let placed = poses.iter().flatten().count();
    let share = placed as f64 / frames.frames.len() as f64;
    if share < options.min_registered_share {
        return Err(Error::Lost {
            registered: placed,
            frames: frames.frames.len(),
            share: 100.0 * share,
            error_px: map.rms_error_px(),
        });
    }
    let trajectory = Trajectory {
        camera: map.camera,
        focal_sigma_px: reconstruction.focal_sigma_px,
        frame_count: frames.frames.len(),
        poses: frame_poses(frames, map, &poses),
        points: sparse_points(map),
        metric: false,
    };
    let verdict = measure(frames, map, &trajectory);
    record(tracked, &reconstruction, &trajectory, (&verdict, reporter));
    judge(&trajectory, given_camera(frames, options).is_some(), (&verdict, reporter))?;
    Ok(trajectory)
}

fn frame_poses(frames: &FrameSet, map: &Map, poses: &[Option<Pose>]) -> Vec<FramePose> {
    let mut is_keyframe = vec![false; poses.len()];
    let placed = map.placed();
    let candidates: Vec<Candidate> = placed.iter().map(|&view| candidate(frames, map, view)).collect();
    for k in choose(&candidates) {
        is_keyframe[map.views[placed[k]].frame_idx] = true;
    }
    poses
        .iter()
        .enumerate()
        .filter_map(|(frame_idx, pose)| {
            pose.map(|pose| FramePose {
                frame_idx,
                time_s: frames.frames[frame_idx].time_s,
                world_from_camera: pose.inverse(),
                is_keyframe: is_keyframe[frame_idx],
            })
        })
        .collect()
}

/// A placed view as a candidate for dense depth.
fn candidate(frames: &FrameSet, map: &Map, view: usize) -> Candidate {
    let own = &map.views[view];
    let pose = own.pose.unwrap_or_default();
    let depths: Vec<f64> = own
        .features
        .iter()
        .filter_map(|f| f.point.and_then(|p| map.points[p as usize].as_ref()))
        .map(|point| (pose * point.position).z)
        .collect();
    Candidate {
        world_from_camera: pose.inverse(),
        depth: median(&depths).unwrap_or(1.0),
        sharpness: frames.frames[own.frame_idx].sharpness,
    }
}

/// Live points with their sights as the trajectory wants them.
#[must_use]
pub fn sparse_points(map: &Map) -> Vec<SparsePoint> {
    map.live_points()
        .map(|(_, point)| {
            let errors: f64 = point.sights.iter().map(|&s| map.error_px(&point.position, s).powi(2)).sum();
            let mut sights = point.sights.clone();
            sights.sort_unstable();
            SparsePoint {
                position: point.position,
                rgb: map.feature(sights[0]).rgb,
                error_px: (errors / sights.len() as f64).sqrt(),
                observations: sights
                    .iter()
                    .map(|&s| Observation {
                        frame_idx: map.views[s.0 as usize].frame_idx,
                        pixel: map.feature(s).pixel,
                    })
                    .collect(),
            }
        })
        .collect()
}
