//! Reconstruction with a known or an unknown focal length.
//!
//! When nothing is known, a small map is grown for each of a few focal lengths with the focal length
//! left fixed, then set free; the one that explains its sights best goes on.

use super::frontend::Tracked;
use super::grow::{Grower, Plan};
use super::map::Map;
use super::matching::PairMatches;
use super::refine::{Scope, adjust_scope};
use super::two_view::{Start, candidates};
use crate::camera::Camera;
use crate::pose::bundle::Refine;
use crate::pose::{Error, Options, given_camera};
use crate::video::FrameSet;

/// Focal lengths that are tried, shares of the longer image side (88, 71, 58, 47 and 38 degrees).
const TRIED: [f64; 5] = [0.52, 0.70, 0.90, 1.15, 1.45];
/// Views of a trial map.
const TRIAL_VIEWS: usize = 9;
/// Believable focal lengths, shares of the longer side (127 to 19 degrees).
const BELIEVABLE: std::ops::RangeInclusive<f64> = 0.25..=3.0;
/// Starts that are tried before giving up.
const MOST_STARTS: usize = 4;
/// Fewest points of a start.
const MIN_START_POINTS: usize = 30;
/// Least median parallax of a start, radians.
const MIN_START_ANGLE_RAD: f64 = 0.017;

/// A grown map and how well the focal length is known.
#[derive(Debug, Clone)]
pub struct Reconstruction {
    /// The map.
    pub map: Map,
    /// One standard deviation of the focal length, pixels; 0 when given.
    pub focal_sigma_px: f64,
    /// The start.
    pub start: Start,
}

/// Reconstructs what the tracks allow.
///
/// # Errors
/// [`Error::NoStart`] without a trustworthy pair.
pub fn reconstruct(
    frames: &FrameSet,
    tracked: &Tracked,
    matches: &[PairMatches],
    options: &Options,
) -> Result<Reconstruction, Error> {
    let side = f64::from(frames.width.max(frames.height));
    let given = given_camera(frames, options);
    let (camera, refine) = match given {
        Some(camera) if !options.refine_given_focal => (camera, Refine::Nothing),
        Some(camera) => (camera, Refine::Focal),
        None => (Camera::centred(frames.width, frames.height, 0.9 * side), free_intrinsics(options)),
    };
    let map = Map::new(tracked, matches, camera);
    let mut best: Option<(Grower, Start)> = None;
    if given.is_some() {
        for start in starts(&map)? {
            let plan = Plan { refine: Refine::Nothing, max_views: usize::MAX };
            let Some(mut grower) = Grower::start(map.clone(), &start, plan) else { continue };
            grower.grow()?;
            let views = grower.map.placed().len();
            let complete = views as f64 > 0.9 * map.views.len() as f64;
            if best.as_ref().is_none_or(|(old, _)| views > old.map.placed().len()) {
                best = Some((grower, start));
            }
            if complete {
                break;
            }
        }
    } else {
        best = search(&map, side)?;
        if let Some((grower, _)) = &mut best {
            grower.set_plan(Plan { refine: Refine::Focal, max_views: usize::MAX });
            grower.grow()?;
        }
    }
    let Some((mut grower, start)) = best else {
        return Err(Error::NoStart { points: 0, angle_deg: 0.0 });
    };
    let focal_sigma_px = polish(&mut grower, refine);
    Ok(Reconstruction { map: grower.map, focal_sigma_px, start })
}

fn free_intrinsics(options: &Options) -> Refine {
    if options.refine_distortion { Refine::FocalK1 } else { Refine::Focal }
}

/// Last global adjustments, with the intrinsics that may be free.
fn polish(grower: &mut Grower, refine: Refine) -> f64 {
    let mut sigma = 0.0;
    for _ in 0..2 {
        let free = grower.map.placed();
        let summary = adjust_scope(&mut grower.map, &Scope { free, refine, iterations: 25, tolerance: 1e-5 });
        sigma = summary.focal_sigma_px;
        grower.retriangulate();
        super::refine::filter(&mut grower.map, super::grow::INLIER_PX, 0.006);
    }
    sigma
}

fn starts(map: &Map) -> Result<Vec<Start>, Error> {
    let all = candidates(map)?;
    let good: Vec<Start> = all
        .iter()
        .filter(|s| s.points >= MIN_START_POINTS && s.angle_rad >= MIN_START_ANGLE_RAD)
        .take(MOST_STARTS)
        .cloned()
        .collect();
    if good.is_empty() {
        let best = all.first();
        return Err(Error::NoStart {
            points: best.map_or(0, |s| s.points),
            angle_deg: best.map_or(0.0, |s| s.angle_rad.to_degrees()),
        });
    }
    Ok(good)
}

/// The trial that explains its sights best.
fn search(map: &Map, side: f64) -> Result<Option<(Grower, Start)>, Error> {
    let mut best: Option<(f64, Grower, Start)> = None;
    for share in TRIED {
        let mut trial = map.clone();
        trial.set_camera(Camera { fx: share * side, fy: share * side, ..map.camera });
        let Ok(starts) = starts(&trial) else { continue };
        for start in starts.into_iter().take(2) {
            let plan = Plan { refine: Refine::Nothing, max_views: TRIAL_VIEWS };
            let Some(mut grower) = Grower::start(trial.clone(), &start, plan) else { continue };
            grower.grow()?;
            grower.set_plan(Plan { refine: Refine::Focal, max_views: TRIAL_VIEWS });
            grower.adjust_all(20);
            grower.grow()?;
            let focal = grower.map.camera.fx / side;
            let rating = rating(&grower.map);
            if std::env::var("POSE_DEBUG").is_ok() {
                eprintln!(
                    "focal trial {share:.2}: start {}-{} {} pts {:.1} deg planar {:.2} -> f {:.1}, {} views, rms {:.3}, rating {rating:.0}",
                    start.a,
                    start.b,
                    start.points,
                    start.angle_rad.to_degrees(),
                    start.planar_share,
                    grower.map.camera.fx,
                    grower.map.placed().len(),
                    grower.map.rms_error_px()
                );
            }
            if BELIEVABLE.contains(&focal) && best.as_ref().is_none_or(|(old, _, _)| rating > *old) {
                best = Some((rating, grower, start));
            }
        }
    }
    Ok(best.map(|(_, grower, start)| (grower, start)))
}

/// Sights that agree, weighed by how well.
fn rating(map: &Map) -> f64 {
    map.live_points()
        .flat_map(|(_, point)| point.sights.iter().map(|&s| map.error_px(&point.position, s)))
        .map(|error| 1.0 / (1.0 + error * error))
        .sum::<f64>()
}
