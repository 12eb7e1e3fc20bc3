//! `plane_sweep`: depth from the pixels alone, without weights.
//!
//! Keyframe by keyframe: choose sources ([`super::sources`]), turn them into the reference
//! orientation ([`warp`]), sweep planes of inverse depth with a census cost ([`census`],
//! [`volume`]), aggregate semi-globally ([`sgm`]). Then compare the maps of all keyframes
//! ([`super::consistency`]) and fill what is left open with planes ([`super::completion`]).
//! Frame: depth along the optical axis in the units of the trajectory, whatever they are.

pub mod census;
mod probe;
pub mod sgm;
pub mod volume;
pub mod warp;

use super::range::{self, InverseRange};
use super::views::{self, View};
use super::{DepthEstimator, DepthMap, DepthMaps, Error, completion, consistency, sources};
use crate::camera::Camera;
use crate::math::Pose;
use crate::pose::{FramePose, Trajectory};
use crate::report::Reporter;
use crate::video::FrameSet;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};
use volume::{CostVolume, Planes};
use warp::TurnedSource;

/// Options of the plane sweep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Depth planes, rounded up to a multiple of 16.
    pub planes: usize,
    /// Source views per keyframe.
    pub sources: usize,
    /// Wanted displacement from plane to plane in a source, pixels.
    pub plane_step_px: f64,
    /// Aggregation.
    pub sgm: sgm::Options,
    /// Pixels whose best cost beats the second by less than this share are left open.
    pub min_uniqueness: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            planes: 96,
            sources: 4,
            plane_step_px: 0.6,
            sgm: sgm::Options::default(),
            min_uniqueness: 0.01,
        }
    }
}

/// Fewer keyframes than this: other registered frames are sources, too.
const FEW_KEYFRAMES: usize = 12;
/// So many of them at most.
const EXTRA_SOURCES: usize = 48;

/// The plane-sweep estimator.
#[derive(Debug, Clone)]
pub struct PlaneSweep {
    options: super::Options,
}

/// Depth of one keyframe before it is compared with others.
#[derive(Clone)]
pub(crate) struct Swept {
    /// Index into the views.
    pub view: usize,
    /// Inverse depth by pixel; 0 where open.
    pub inverse: Vec<f32>,
    /// Uniqueness by pixel, 0..1.
    pub uniqueness: Vec<f32>,
    /// Inverse depth between planes.
    pub step: f64,
}

impl PlaneSweep {
    /// An estimator with these options.
    #[must_use]
    pub fn new(options: super::Options) -> Self {
        Self { options }
    }
}

impl DepthEstimator for PlaneSweep {
    fn name(&self) -> &'static str {
        "plane_sweep"
    }

    fn estimate(
        &self,
        frames: &FrameSet,
        trajectory: &Trajectory,
        reporter: &Reporter,
    ) -> Result<DepthMaps, Error> {
        views::check_trajectory(frames, trajectory)?;
        let keyframes = views::thinned_keyframes(trajectory, self.options.max_keyframes.max(1));
        if keyframes.is_empty() || trajectory.poses.len() < 2 {
            return Err(Error::TooFewViews {
                registered: trajectory.poses.len(),
                keyframes: trajectory.keyframes().count(),
            });
        }
        let pool: Vec<&FramePose> =
            source_pool(trajectory).into_iter().map(|i| &trajectory.poses[i]).collect();
        let camera = views::view_camera(&trajectory.camera, self.options.max_side_px);
        let views = views::load(frames, trajectory, &pool, &camera, reporter)?;
        let wanted: Vec<usize> = keyframes.iter().map(|&i| trajectory.poses[i].frame_idx).collect();
        let references: Vec<usize> =
            (0..views.len()).filter(|&v| wanted.binary_search(&views[v].frame_idx).is_ok()).collect();

        let ranges = ranges(&camera, &views, &references, trajectory, &self.options.plane_sweep)?;
        let swept = self.sweep_all(&camera, &views, &references, &ranges, reporter);
        if swept.is_empty() {
            return Err(no_baseline(&views, references.len()));
        }
        let maps = self.agree(&camera, &views, swept, reporter);
        Ok(DepthMaps { maps, source: self.name().to_owned() })
    }
}

/// Positions in `trajectory.poses` of the views that are loaded: all keyframes, and more registered
/// frames when the keyframes are few.
pub(crate) fn source_pool(trajectory: &Trajectory) -> Vec<usize> {
    let mut pool: Vec<usize> =
        (0..trajectory.poses.len()).filter(|&i| trajectory.poses[i].is_keyframe).collect();
    if pool.len() < FEW_KEYFRAMES {
        let all: Vec<usize> = (0..trajectory.poses.len()).collect();
        pool.extend(views::thin(&all, EXTRA_SOURCES));
        pool.sort_unstable();
        pool.dedup();
    }
    pool
}

/// The range of inverse depth of each reference: from the sparse points it sees, else from a coarse
/// sweep.
pub(crate) fn ranges(
    camera: &Camera,
    views: &[View],
    references: &[usize],
    trajectory: &Trajectory,
    options: &Options,
) -> Result<Vec<InverseRange>, Error> {
    let by_points: Vec<Option<InverseRange>> = references
        .par_iter()
        .map(|&r| range::of_view(trajectory, camera, &views[r].world_from_camera))
        .collect();
    if by_points.iter().all(Option::is_some) {
        return Ok(by_points.into_iter().flatten().collect());
    }
    let known: Vec<InverseRange> = by_points.iter().flatten().copied().collect();
    let fallback = if known.len() * 2 >= references.len() {
        InverseRange {
            far: known.iter().map(|r| r.far).fold(f64::INFINITY, f64::min),
            near: known.iter().map(|r| r.near).fold(0.0, f64::max),
        }
    } else {
        probe::range(camera, views, references, options)
            .ok_or_else(|| no_baseline(views, references.len()))?
    };
    Ok(by_points.into_iter().map(|range| range.unwrap_or(fallback)).collect())
}

pub(crate) fn no_baseline(views: &[View], keyframes: usize) -> Error {
    let position = |view: &View| view.world_from_camera.translation.vector;
    let longest_baseline = views
        .iter()
        .flat_map(|a| views.iter().map(move |b| (position(a) - position(b)).norm()))
        .fold(0.0, f64::max);
    Error::NoBaseline { keyframes, longest_baseline }
}

impl PlaneSweep {
    /// Sweeps all references; those without a usable source are left out with a warning.
    fn sweep_all(
        &self,
        camera: &Camera,
        views: &[View],
        references: &[usize],
        ranges: &[InverseRange],
        reporter: &Reporter,
    ) -> Vec<Swept> {
        let poses: Vec<Pose> = views.iter().map(|view| view.world_from_camera).collect();
        let done = AtomicUsize::new(0);
        let swept: Vec<Option<Swept>> = references
            .par_iter()
            .zip(ranges)
            .map(|(&reference, range)| {
                let swept = sweep(camera, views, &poses, reference, range, &self.options.plane_sweep);
                reporter.progress(done.fetch_add(1, Ordering::Relaxed) + 1, references.len());
                swept
            })
            .collect();
        let missing = swept.iter().filter(|map| map.is_none()).count();
        if missing > 0 && missing < references.len() {
            reporter.warn(
                "keyframes-without-parallax",
                format!(
                    "{missing} of {} keyframes have no second view with parallax and get no depth; move \
                     sideways while turning",
                    references.len()
                ),
            );
        }
        swept.into_iter().flatten().collect()
    }

    /// Turns swept keyframes into maps, checks them against each other and completes them.
    fn agree(
        &self,
        camera: &Camera,
        views: &[View],
        swept: Vec<Swept>,
        reporter: &Reporter,
    ) -> Vec<DepthMap> {
        let slack: Vec<f64> = swept.iter().map(|s| 0.5 * s.step).collect();
        let uniqueness: Vec<Vec<f32>> = swept.iter().map(|s| s.uniqueness.clone()).collect();
        let mut maps: Vec<DepthMap> = swept
            .into_iter()
            .map(|s| DepthMap {
                frame_idx: views[s.view].frame_idx,
                camera: *camera,
                world_from_camera: views[s.view].world_from_camera,
                depth: s.inverse.iter().map(|&w| if w > 0.0 { 1.0 / w } else { 0.0 }).collect(),
                confidence: vec![0; s.inverse.len()],
                color: views[s.view].color.clone(),
            })
            .collect();
        if maps.len() < 2 {
            reporter.warn(
                "depth-unchecked",
                "only one keyframe has depth, nothing can confirm it: its confidence is halved; film for longer",
            );
        }
        let votes = consistency::vote(&mut maps, &slack, &self.options.consistency);
        let alone = maps.len() < 2;
        let check = |((map, votes), uniqueness): ((&mut DepthMap, Vec<consistency::Votes>), Vec<f32>)| {
            for pixel in 0..map.depth.len() {
                if map.depth[pixel] > 0.0 {
                    map.confidence[pixel] = confidence(uniqueness[pixel], votes[pixel], alone);
                }
            }
            let before = map.clone();
            let needed = if alone { 0 } else { self.options.consistency.min_agreeing };
            consistency::filter(map, &votes, |_| needed);
            consistency::remove_speckles(map, self.options.consistency.min_area_px);
            consistency::Doubtful::lost(&before, map, &votes, self.options.consistency.min_area_px / 2)
        };
        let doubtful: Vec<_> = maps.par_iter_mut().zip(votes).zip(uniqueness).map(check).collect();
        let filled = completion::complete(&mut maps, &self.options.consistency, &self.options.completion);
        reporter.diagnostic("pixels_filled_with_planes", filled);
        let coverage = maps.iter().map(DepthMap::coverage).sum::<f64>() / maps.len().max(1) as f64;
        reporter.diagnostic("maps", maps.len());
        reporter.diagnostic("coverage", coverage);
        maps.iter_mut().zip(&doubtful).for_each(|(map, doubtful)| doubtful.restore(map));
        maps
    }
}

/// Probability (times 255) that a depth is within 5 %.
pub(crate) fn confidence(uniqueness: f32, votes: consistency::Votes, alone: bool) -> u8 {
    if alone {
        return (255.0 * 0.5 * uniqueness.clamp(0.0, 1.0).sqrt()) as u8;
    }
    let evidence =
        0.8 * f32::from(votes.agreeing) - 0.8 * f32::from(votes.contradicting) + 4.0 * uniqueness - 1.0;
    (255.0 / (1.0 + (-evidence).exp())) as u8
}

/// Sweeps one reference; `None` when no view serves as a source.
pub(crate) fn sweep(
    camera: &Camera,
    views: &[View],
    poses: &[Pose],
    reference: usize,
    range: &InverseRange,
    options: &Options,
) -> Option<Swept> {
    let target_px = options.planes as f64 * options.plane_step_px;
    let chosen = sources::select(camera, poses, reference, range, target_px, options.sources);
    let turned: Vec<TurnedSource> = chosen
        .iter()
        .filter_map(|&source| {
            let source_from_reference = poses[source].inverse() * poses[reference];
            TurnedSource::new(camera, &views[source].gray, &source_from_reference, range.near, range.far)
        })
        .collect();
    if turned.is_empty() {
        return None;
    }
    let planes = Planes::new(range.far, range.near, options.planes);
    let reference_census = census::Census::new(&views[reference].gray, camera.width as usize);
    let volume = CostVolume::sweep(camera, &reference_census, &turned, &planes);
    let winners = sgm::aggregate(&volume, &views[reference].gray, &options.sgm);
    let inverse = winners
        .iter()
        .map(|w| {
            if w.uniqueness >= options.min_uniqueness {
                planes.inverse(f64::from(w.plane)) as f32
            } else {
                0.0
            }
        })
        .collect();
    Some(Swept {
        view: reference,
        inverse,
        uniqueness: winners.iter().map(|w| w.uniqueness).collect(),
        step: planes.step,
    })
}
