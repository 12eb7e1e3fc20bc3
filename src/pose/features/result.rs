//! From a finished map to a [`Trajectory`], with diagnostics and warnings.

use super::focal::Reconstruction;
use super::frames::place_all;
use super::frontend::Tracked;
use super::map::Map;
use crate::math::{Point3, Pose, median};
use crate::pose::keyframes::{Candidate, choose};
use crate::pose::triangulate::{Sight, widest};
use crate::pose::{Error, FramePose, Observation, Options, SparsePoint, Trajectory};
use crate::report::Reporter;
use crate::video::FrameSet;

/// Poses, points and figures of a reconstruction.
///
/// # Errors
/// [`Error::Lost`] when too little of the clip is placed.
pub fn finish(
    frames: &FrameSet,
    tracked: &Tracked,
    reconstruction: Reconstruction,
    (options, reporter): (&Options, &Reporter),
) -> Result<Trajectory, Error> {
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
    report(frames, map, &trajectory, reporter);
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

fn point_parallax(map: &Map, position: &Point3, sights: &[super::map::SightId]) -> f64 {
    let sights: Vec<Sight> = sights.iter().filter_map(|&s| map.sight(s)).collect();
    widest(&sights, &(0..sights.len()).collect::<Vec<_>>(), position)
}

/// Stretches of time without poses: [from, to] in seconds.
fn lost_intervals(frames: &FrameSet, trajectory: &Trajectory) -> Vec<[f64; 2]> {
    let mut placed = vec![false; frames.frames.len()];
    trajectory.poses.iter().for_each(|pose| placed[pose.frame_idx] = true);
    let mut intervals: Vec<[f64; 2]> = Vec::new();
    let mut open = false;
    for (frame, placed) in frames.frames.iter().zip(placed) {
        if placed {
            open = false;
        } else if open {
            if let Some(last) = intervals.last_mut() {
                last[1] = frame.time_s;
            }
        } else {
            intervals.push([frame.time_s, frame.time_s]);
            open = true;
        }
    }
    intervals
}

fn report(frames: &FrameSet, map: &Map, trajectory: &Trajectory, reporter: &Reporter) {
    let angles: Vec<f64> = map
        .live_points()
        .map(|(_, point)| point_parallax(map, &point.position, &point.sights).to_degrees())
        .collect();
    let lost = lost_intervals(frames, trajectory);
    reporter.diagnostic("registered_share", trajectory.registered_share());
    reporter.diagnostic("reprojection_error_px", map.rms_error_px());
    reporter.diagnostic("median_parallax_deg", median(&angles).unwrap_or(0.0));
    reporter.diagnostic("keyframes", trajectory.keyframes().count());
    reporter.diagnostic("map_views", map.placed().len());
    reporter.diagnostic("map_views_lost", map.views.len() - map.placed().len());
    reporter.diagnostic("points", trajectory.points.len());
    reporter.diagnostic("focal_px", trajectory.camera.fx);
    reporter.diagnostic("focal_sigma_px", trajectory.focal_sigma_px);
    reporter.diagnostic("k1", trajectory.camera.k1);
    reporter.diagnostic("lost_intervals_s", &lost);
}
