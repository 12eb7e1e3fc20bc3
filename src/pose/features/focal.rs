//! The search for an unknown focal length.
//!
//! From the same starting pair a small map is grown for each of a few focal lengths, with the focal
//! length fixed at first and then free; the one whose points agree with most sights goes on. Later
//! adjustments of the whole map refine it.

use super::grow::{Grower, Plan};
use super::map::Map;
use super::reconstruct::starts;
use super::two_view::{Start, try_pair};
use crate::camera::Camera;
use crate::pose::Error;
use crate::pose::bundle::Refine;
use rayon::prelude::*;

/// Focal length that is assumed before anything is known, share of the longer image side.
pub const TYPICAL_SHARE: f64 = 0.8;
/// Focal lengths that are tried, shares of the longer image side (88, 71, 58, 47 and 38 degrees).
const TRIED: [f64; 5] = [0.52, 0.70, 0.90, 1.15, 1.45];
/// Views of a trial map.
const TRIAL_VIEWS: usize = 9;
/// Believable focal lengths, shares of the longer side (127 to 19 degrees).
pub const BELIEVABLE: std::ops::RangeInclusive<f64> = 0.25..=3.0;

struct Trial {
    grower: Grower,
    start: Start,
    rating: f64,
}

/// The small map, with its focal length, that explains its sights best.
///
/// # Errors
/// [`Error::NoStart`] when no trial succeeds, [`Error::FocalUnknown`] when none is believable.
pub fn search(blank: &Map, side: f64) -> Result<(Grower, Start), Error> {
    let mut unbelievable = None;
    let regions = starts(blank)?;
    for region in &regions {
        let trials: Result<Vec<Option<Trial>>, Error> =
            TRIED.par_iter().map(|share| trial(blank, region, share * side)).collect();
        let best = trials?.into_iter().flatten().max_by(|a, b| a.rating.total_cmp(&b.rating));
        let Some(best) = best else { continue };
        let focal = best.grower.map.camera.fx;
        if BELIEVABLE.contains(&(focal / side)) {
            return Ok((best.grower, best.start));
        }
        unbelievable = Some(focal);
    }
    Err(match unbelievable {
        Some(focal_px) => Error::FocalUnknown { focal_px, sigma_px: f64::INFINITY },
        None => Error::NoStart { points: regions[0].points, angle_deg: regions[0].angle_rad.to_degrees() },
    })
}

fn trial(blank: &Map, region: &Start, focal: f64) -> Result<Option<Trial>, Error> {
    let mut map = blank.clone();
    map.set_camera(Camera { fx: focal, fy: focal, ..map.camera });
    let Some(start) = try_pair(&map, region.a, region.b)? else { return Ok(None) };
    let plan = Plan { refine: Refine::Nothing, max_views: TRIAL_VIEWS };
    let Some(mut grower) = Grower::start(map, &start, plan) else { return Ok(None) };
    grower.grow()?;
    grower.set_plan(Plan { refine: Refine::Focal, max_views: TRIAL_VIEWS });
    grower.adjust_all(20);
    grower.grow()?;
    let rating = rating(&grower.map);
    Ok(Some(Trial { grower, start, rating }))
}

/// Sights that agree, weighed by how well (a pixel off counts half).
fn rating(map: &Map) -> f64 {
    map.live_points()
        .flat_map(|(_, point)| point.sights.iter().map(|&s| map.error_px(&point.position, s)))
        .map(|error| 1.0 / (1.0 + error * error))
        .sum::<f64>()
}
