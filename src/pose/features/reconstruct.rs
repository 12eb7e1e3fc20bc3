//! From tracks to one map: examine, start, grow, extend, close loops, polish.

use super::diagnosis::examine;
use super::focal;
use super::frontend::Tracked;
use super::grow::{Grower, INLIER_PX, Plan};
use super::integrity::prune;
use super::loops::{Closed, close};
use super::map::Map;
use super::matching::PairMatches;
use super::refine::{Scope, adjust_scope, filter};
use super::submaps::extend;
use super::two_view::{Start, candidates};
use crate::camera::Camera;
use crate::pose::bundle::Refine;
use crate::pose::{Error, Options, given_camera};
use crate::video::FrameSet;

/// Starts that are tried before the best is taken.
const MOST_STARTS: usize = 4;
/// Share of the keyframes with which a map is called complete.
const COMPLETE: f64 = 0.9;
/// Fewest points of a start.
const MIN_START_POINTS: usize = 30;
/// Least median parallax of a start, radians (1 degree).
const MIN_START_ANGLE_RAD: f64 = 0.017;
/// Second maps that are tried for what the first does not reach.
const MOST_EXTENSIONS: usize = 4;
/// Factor from the formal to the real sigma of the focal length: corners of a track share their first
/// patch, so that sights are not independent (about 10 sights a track, hence about its square root;
/// rendered clips with exact truth agree).
const SIGMA_FACTOR: f64 = 4.0;
/// Least parallax of a point in the result, radians.
const MIN_POINT_ANGLE_RAD: f64 = 0.006;

/// A grown map and how well the focal length is known.
#[derive(Debug, Clone)]
pub struct Reconstruction {
    /// The map.
    pub map: Map,
    /// One standard deviation of the focal length, pixels; 0 when given.
    pub focal_sigma_px: f64,
    /// The start.
    pub start: Start,
    /// Loops that tracks alone had not closed.
    pub loops: Closed,
}

/// Reconstructs what the tracks allow.
///
/// # Errors
/// What [`examine`] finds; [`Error::NoStart`] without a trustworthy pair.
pub fn reconstruct(
    frames: &FrameSet,
    tracked: &Tracked,
    matches: &[PairMatches],
    options: &Options,
) -> Result<Reconstruction, Error> {
    let side = f64::from(frames.width.max(frames.height));
    let given = given_camera(frames, options);
    let camera =
        given.unwrap_or_else(|| Camera::centred(frames.width, frames.height, focal::TYPICAL_SHARE * side));
    let blank = Map::new(tracked, matches, camera);
    examine(frames, tracked, &blank, given.as_ref())?;
    let (mut grower, start) = match given {
        Some(_) => grow_best(&blank)?,
        None => {
            let (mut grower, start) = focal::search(&blank, side)?;
            grower.set_plan(Plan { refine: Refine::Focal, max_views: usize::MAX });
            grower.grow()?;
            (grower, start)
        }
    };
    prune(&mut grower.map);
    extend_all(&mut grower, &blank, options.seed)?;
    prune(&mut grower.map);
    let loops =
        if options.loop_closure { close(&mut grower, matches, options.seed) } else { Closed::default() };
    let refine = match given {
        Some(_) if !options.refine_given_focal => Refine::Nothing,
        Some(_) => Refine::Focal,
        None if options.refine_distortion => Refine::FocalK1,
        None => Refine::Focal,
    };
    let mut focal_sigma_px = polish(&mut grower, refine);
    if prune(&mut grower.map) > 0 {
        focal_sigma_px = polish(&mut grower, refine);
    }
    Ok(Reconstruction { map: grower.map, focal_sigma_px, start, loops })
}

/// The starts that are worth growing, best first.
///
/// # Errors
/// [`Error::NoStart`] when there is none.
pub fn starts(map: &Map) -> Result<Vec<Start>, Error> {
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

/// Grows from the starts in turn until a map is complete; else the one with most views.
fn grow_best(blank: &Map) -> Result<(Grower, Start), Error> {
    let plan = Plan { refine: Refine::Nothing, max_views: usize::MAX };
    let mut best: Option<(Grower, Start)> = None;
    for start in starts(blank)? {
        let Some(mut grower) = Grower::start(blank.clone(), &start, plan) else { continue };
        grower.grow()?;
        let views = grower.map.placed().len();
        if best.as_ref().is_none_or(|(old, _)| views > old.map.placed().len()) {
            best = Some((grower, start));
        }
        if views as f64 > COMPLETE * blank.views.len() as f64 {
            break;
        }
    }
    best.ok_or(Error::NoStart { points: 0, angle_deg: 0.0 })
}

/// Reaches what is left from the other side.
fn extend_all(grower: &mut Grower, blank: &Map, seed: u64) -> Result<(), Error> {
    for _ in 0..MOST_EXTENSIONS {
        if grower.map.placed().len() == blank.views.len() {
            break;
        }
        let mut gained = false;
        for start in starts(&grower.map).unwrap_or_default() {
            if extend(grower, blank, &start, seed)? {
                gained = true;
                break;
            }
        }
        if !gained {
            break;
        }
    }
    Ok(())
}

/// Last global adjustments, with the intrinsics that may be free. Returns the focal length's sigma.
fn polish(grower: &mut Grower, refine: Refine) -> f64 {
    let mut sigma = 0.0;
    for _ in 0..2 {
        let free = grower.map.placed();
        let summary = adjust_scope(&mut grower.map, &Scope { free, refine, iterations: 25, tolerance: 1e-5 });
        sigma = SIGMA_FACTOR * summary.focal_sigma_px;
        grower.retriangulate();
        filter(&mut grower.map, INLIER_PX, MIN_POINT_ANGLE_RAD);
    }
    sigma
}
