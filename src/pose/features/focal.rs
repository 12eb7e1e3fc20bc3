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

/// What is kept of a trial; its map is grown again, so that only a few maps are alive at a time.
struct Trial {
    focal: f64,
    rating: f64,
}

/// A small map with the focal length that explains its sights best.
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
        let Some(Trial { focal, .. }) = best else { continue };
        if !BELIEVABLE.contains(&(focal / side)) {
            unbelievable = Some(focal);
        } else if let Some((grower, start)) = grow_small(blank, region, focal)? {
            return Ok((grower, start));
        }
    }
    Err(match unbelievable {
        Some(focal_px) => Error::FocalUnknown { focal_px, sigma_px: f64::INFINITY },
        None => Error::NoStart { points: regions[0].points, angle_deg: regions[0].angle_rad.to_degrees() },
    })
}

/// A map of a few views under a focal length, which is set free at the end.
fn grow_small(blank: &Map, region: &Start, focal: f64) -> Result<Option<(Grower, Start)>, Error> {
    let mut map = blank.clone();
    map.set_camera(Camera { fx: focal, fy: focal, ..map.camera });
    let Some(start) = try_pair(&map, region.a, region.b)? else { return Ok(None) };
    let plan = Plan { refine: Refine::Nothing, max_views: TRIAL_VIEWS };
    let Some(mut grower) = Grower::start(map, &start, plan) else { return Ok(None) };
    grower.grow()?;
    grower.set_plan(Plan { refine: Refine::Focal, max_views: TRIAL_VIEWS });
    grower.adjust_all(20);
    grower.grow()?;
    Ok(Some((grower, start)))
}

fn trial(blank: &Map, region: &Start, focal: f64) -> Result<Option<Trial>, Error> {
    let grown = grow_small(blank, region, focal)?;
    Ok(grown.map(|(grower, _)| Trial { focal: grower.map.camera.fx, rating: rating(&grower.map) }))
}

/// Sights that agree, weighed by how well (a pixel off counts half).
fn rating(map: &Map) -> f64 {
    map.live_points()
        .flat_map(|(_, point)| point.sights.iter().map(|&s| map.error_px(&point.position, s)))
        .map(|error| 1.0 / (1.0 + error * error))
        .sum::<f64>()
}
