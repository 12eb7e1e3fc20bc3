//! Diagnostics of a reconstruction, and the warnings and errors that follow from them.

use super::frontend::Tracked;
use super::loops::revisits;
use super::map::{Map, MapPoint};
use super::reconstruct::Reconstruction;
use crate::math::{Mat3, Point3, Vec3, median};
use crate::pose::triangulate::{Sight, parallax, widest};
use crate::pose::{Error, Trajectory};
use crate::report::Reporter;
use crate::video::FrameSet;

/// Relative sigma of the focal length above which it is called unknown.
const FOCAL_UNKNOWN: f64 = 0.15;
/// Relative sigma of the focal length that is warned about.
const FOCAL_UNCERTAIN: f64 = 0.03;
/// Reprojection error of a sound map, pixels; corners and SIFT keypoints are good to about 0.5 px.
const SOUND_ERROR_PX: f64 = 1.8;
/// Share of placed frames below which lost stretches are warned about.
const COMPLETE_SHARE: f64 = 0.98;
/// Points that carry scale across any moment, at least. Measured: 0 to 4 where a map collapsed (a turn
/// before a window), 44 and more in sound maps of real and rendered clips.
const LINK_POINTS: usize = 15;
/// A point carries scale when its sights on either side span this angle, radians (1 degree).
const LINK_ANGLE_RAD: f64 = 0.017;
/// Views at either end of a clip across which nothing needs to be carried.
const LINK_MARGIN: usize = 5;
/// A step this many times the median step is a jump.
const JUMP: f64 = 15.0;
/// Thickness of the points below which the scene is called a plane, share of its extent.
const FLAT: f64 = 0.02;
/// Field of view below which perspective is hardly felt, degrees.
const NARROW_DEG: f64 = 15.0;

/// What was measured on the finished map.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Stretches without poses, seconds.
    pub lost_s: Vec<[f64; 2]>,
    /// Median widest parallax of the points, degrees.
    pub parallax_deg: f64,
    /// RMS reprojection error, pixels.
    pub error_px: f64,
    /// Moment that fewest points carry scale across: points and time, seconds.
    pub weakest_link: Option<(usize, f64)>,
    /// Thickness of the points over their extent.
    pub flatness: f64,
    /// Frames right after a jump.
    pub jumps: Vec<usize>,
}

/// Stretches of time without poses: [from, to] in seconds.
fn lost_intervals(frames: &FrameSet, trajectory: &Trajectory) -> Vec<[f64; 2]> {
    let mut placed = vec![false; frames.frames.len()];
    trajectory.poses.iter().for_each(|pose| placed[pose.frame_idx] = true);
    let mut intervals: Vec<[f64; 2]> = Vec::new();
    let mut open = false;
    for (frame, placed) in frames.frames.iter().zip(placed) {
        if !placed {
            match intervals.last_mut().filter(|_| open) {
                Some(last) => last[1] = frame.time_s,
                None => intervals.push([frame.time_s, frame.time_s]),
            }
        }
        open = !placed;
    }
    intervals
}

/// Views, as indices, between which a point carries scale: its sights up to the first already show it
/// with parallax, and so do its sights from the second on.
fn carried(map: &Map, point: &MapPoint) -> Option<(usize, usize)> {
    let mut sights: Vec<(usize, Sight)> =
        point.sights.iter().filter_map(|&s| map.sight(s).map(|sight| (s.0 as usize, sight))).collect();
    sights.sort_by_key(|s| s.0);
    let far_from = |k: usize, others: &[(usize, Sight)]| {
        let centre = sights[k].1.centre();
        others.iter().any(|o| parallax(&point.position, &centre, &o.1.centre()) >= LINK_ANGLE_RAD)
    };
    let first = (1..sights.len()).find(|&k| far_from(k, &sights[..k]))?;
    let last = (0..sights.len() - 1).rev().find(|&k| far_from(k, &sights[k + 1..]))?;
    (sights[first].0 < sights[last].0).then(|| (sights[first].0, sights[last].0))
}

/// Points that carry scale from before a moment to behind it, at the moment where they are fewest; far
/// points (seen through a window) tie directions together, but not lengths.
fn weakest_link(frames: &FrameSet, map: &Map) -> Option<(usize, f64)> {
    let placed = map.placed();
    let mut change = vec![0i64; map.views.len() + 1];
    for (first, last) in map.live_points().filter_map(|(_, point)| carried(map, point)) {
        change[first] += 1;
        change[last] -= 1;
    }
    let mut across = 0;
    let carrying: Vec<i64> = change
        .iter()
        .map(|c| {
            across += c;
            across
        })
        .collect();
    let time = |view: usize| frames.frames[map.views[view].frame_idx].time_s;
    let inner = placed.len().checked_sub(LINK_MARGIN).filter(|&end| end > LINK_MARGIN)?;
    placed[LINK_MARGIN - 1..=inner]
        .windows(2)
        .map(|pair| (carrying[pair[0]] as usize, 0.5 * (time(pair[0]) + time(pair[1]))))
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))
}

/// Thickness over extent of the points, robust against stray ones (the nearest 90 % to the median).
fn flatness(map: &Map) -> f64 {
    const KEPT: f64 = 0.9;
    let points: Vec<Point3> = map.live_points().map(|(_, p)| p.position).collect();
    if points.len() < 10 {
        return 1.0;
    }
    let axis = |k: usize| median(&points.iter().map(|p| p[k]).collect::<Vec<_>>()).unwrap_or(0.0);
    let middle = Vec3::new(axis(0), axis(1), axis(2));
    let mut offsets: Vec<Vec3> = points.iter().map(|p| p.coords - middle).collect();
    offsets.sort_by(|a, b| a.norm_squared().total_cmp(&b.norm_squared()));
    offsets.truncate((offsets.len() as f64 * KEPT) as usize);
    let mean = offsets.iter().sum::<Vec3>() / offsets.len() as f64;
    let spread: Mat3 = offsets.iter().map(|o| (o - mean) * (o - mean).transpose()).sum();
    let values = spread.symmetric_eigenvalues();
    (values.min().max(0.0) / values.max().max(1e-300)).sqrt()
}

fn jumps(trajectory: &Trajectory) -> Vec<usize> {
    let steps: Vec<(f64, usize)> = trajectory
        .poses
        .windows(2)
        .map(|pair| {
            let shift =
                pair[1].world_from_camera.translation.vector - pair[0].world_from_camera.translation.vector;
            (shift.norm() / (pair[1].frame_idx - pair[0].frame_idx).max(1) as f64, pair[1].frame_idx)
        })
        .collect();
    let typical = median(&steps.iter().map(|s| s.0).collect::<Vec<_>>()).unwrap_or(0.0);
    steps.iter().filter(|s| s.0 > JUMP * typical.max(1e-9)).map(|s| s.1).collect()
}

/// Measures a finished map.
#[must_use]
pub fn measure(frames: &FrameSet, map: &Map, trajectory: &Trajectory) -> Verdict {
    let angles: Vec<f64> = map
        .live_points()
        .map(|(_, point)| {
            let sights: Vec<Sight> = point.sights.iter().filter_map(|&s| map.sight(s)).collect();
            widest(&sights, &(0..sights.len()).collect::<Vec<_>>(), &point.position).to_degrees()
        })
        .collect();
    Verdict {
        lost_s: lost_intervals(frames, trajectory),
        parallax_deg: median(&angles).unwrap_or(0.0),
        error_px: map.rms_error_px(),
        weakest_link: weakest_link(frames, map),
        flatness: flatness(map),
        jumps: jumps(trajectory),
    }
}

/// Writes the diagnostics.
pub fn record(
    tracked: &Tracked,
    reconstruction: &Reconstruction,
    trajectory: &Trajectory,
    (verdict, reporter): (&Verdict, &Reporter),
) {
    let map = &reconstruction.map;
    let corners: Vec<f64> = tracked.frames.iter().map(|f| f.corners.len() as f64).collect();
    reporter.diagnostic("registered_share", trajectory.registered_share());
    reporter.diagnostic("reprojection_error_px", verdict.error_px);
    reporter.diagnostic("median_parallax_deg", verdict.parallax_deg);
    reporter.diagnostic("keyframes", trajectory.keyframes().count());
    reporter.diagnostic("map_views", map.placed().len());
    reporter.diagnostic("map_views_lost", map.views.len() - map.placed().len());
    reporter.diagnostic("points", trajectory.points.len());
    reporter.diagnostic("corners_per_frame", median(&corners).unwrap_or(0.0));
    reporter.diagnostic("tracking_breaks", tracked.breaks.len());
    reporter.diagnostic("focal_px", trajectory.camera.fx);
    reporter.diagnostic("focal_sigma_px", trajectory.focal_sigma_px);
    reporter.diagnostic("k1", trajectory.camera.k1);
    reporter.diagnostic("views_that_come_back", revisits(map));
    reporter.diagnostic("loop_corrections", reconstruction.loops.kept);
    reporter.diagnostic("loop_corrections_taken_back", reconstruction.loops.rejected);
    reporter.diagnostic("weakest_link_points", verdict.weakest_link.map_or(0, |link| link.0));
    reporter.diagnostic("lost_intervals_s", &verdict.lost_s);
}

/// Errors and warnings.
///
/// # Errors
/// [`Error::FocalUnknown`] or [`Error::PlanarScene`] when the result cannot be trusted.
pub fn judge(
    trajectory: &Trajectory,
    focal_given: bool,
    (verdict, reporter): (&Verdict, &Reporter),
) -> Result<(), Error> {
    let focal_px = trajectory.camera.fx;
    let sigma_px = trajectory.focal_sigma_px;
    if !focal_given && verdict.flatness < FLAT {
        return Err(Error::PlanarScene { percent: 100.0 * verdict.flatness });
    }
    if !focal_given && sigma_px.partial_cmp(&(FOCAL_UNKNOWN * focal_px)) != Some(std::cmp::Ordering::Less) {
        return Err(Error::FocalUnknown { focal_px, sigma_px });
    }
    if verdict.flatness < FLAT {
        reporter.warn("planar-scene", format!(
            "all points lie in one plane (thickness {:.1} % of the extent): poses are weak; keep furniture and corners in view",
            100.0 * verdict.flatness
        ));
    }
    if sigma_px > FOCAL_UNCERTAIN * focal_px {
        reporter.warn("focal-uncertain", format!(
            "the focal length {focal_px:.0} px is known to {:.0} % only; give pose.focal_px, or walk past furniture with turns",
            100.0 * sigma_px / focal_px
        ));
    }
    let view_deg = 2.0 * (0.5 * f64::from(trajectory.camera.width) / focal_px).atan().to_degrees();
    if view_deg < NARROW_DEG {
        reporter.warn(
            "narrow-view",
            format!(
                "the field of view is only {view_deg:.0} degrees: depth is weak; film with the wide lens"
            ),
        );
    }
    warn_of_doubts(trajectory, verdict, reporter);
    Ok(())
}

fn warn_of_doubts(trajectory: &Trajectory, verdict: &Verdict, reporter: &Reporter) {
    if trajectory.registered_share() < COMPLETE_SHARE {
        let spans: Vec<String> =
            verdict.lost_s.iter().map(|s| format!("{:.1}-{:.1} s", s[0], s[1])).collect();
        reporter.warn("frames-lost", format!(
            "{:.0} % of the frames have no pose ({}); there, film slower, with light, and keep earlier views in sight",
            100.0 * (1.0 - trajectory.registered_share()),
            spans.join(", ")
        ));
    }
    if verdict.error_px > SOUND_ERROR_PX {
        reporter.warn("reprojection-high", format!(
            "reprojection error {:.1} px (sound: below {SOUND_ERROR_PX} px): moving things, rolling shutter or a wrong focal length",
            verdict.error_px
        ));
    }
    if let Some((points, time_s)) = verdict.weakest_link.filter(|link| link.0 < LINK_POINTS) {
        reporter.warn("weak-link", format!(
            "only {points} points with parallax tie the views before and after {time_s:.1} s together: lengths on one side may be wrong against the other; walk slower, and keep near furniture in view through doorways, past blank walls and windows"
        ));
    }
    if !verdict.jumps.is_empty() {
        reporter.warn(
            "camera-jump",
            format!(
                "the path jumps at {} frames (first: {}): poses around them are doubtful",
                verdict.jumps.len(),
                verdict.jumps[0]
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Camera;
    use crate::pose::Options;
    use crate::pose::features::reconstruct::reconstruct;
    use crate::pose::features::synthetic::{Knobs, World, room, walk};

    #[test]
    fn a_moment_that_only_far_points_cross_is_the_weakest() {
        let world = World { camera: Camera::centred(640, 480, 520.0), points: room(900, 4), path: walk(80) };
        let frames = world.frames(Some(world.camera));
        let (tracked, matches) = world.tracked(&Knobs { noise_px: 0.3, ..Knobs::default() });
        let mut map = reconstruct(&frames, &tracked, &matches, &Options::default()).unwrap().map;
        let sound = weakest_link(&frames, &map).unwrap().0;
        assert!(sound > LINK_POINTS, "{sound}");
        let cut = map.placed()[map.placed().len() / 2];
        // Points lose their sights on the far side, but for one: they still tie directions together.
        for id in 0..map.points.len() as u32 {
            let Some(point) = &map.points[id as usize] else { continue };
            let later: Vec<_> = point.sights.iter().copied().filter(|s| s.0 as usize > cut).collect();
            if point.sights.len() - later.len() >= 2 {
                later.into_iter().skip(1).for_each(|sight| map.remove_sight(id, sight));
            }
        }
        let (points, time_s) = weakest_link(&frames, &map).unwrap();
        assert_eq!(points, 0);
        let expected_s = frames.frames[map.views[cut].frame_idx].time_s;
        assert!((time_s - expected_s).abs() < 0.5, "{time_s} {expected_s}");
    }
}
