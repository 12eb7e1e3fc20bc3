//! Whether the tracks allow a reconstruction at all, measured before any is tried.
//!
//! Still cameras show no flow. A camera that only turns shows flow that a rotation explains for one
//! focal length over all pairs; parallax is what the best rotation leaves over, in pixels, so that the
//! verdict needs no focal length. Thresholds are in pixels of the working image because that is what
//! the corner noise (about 0.3 px) is measured in.

use super::frontend::Tracked;
use super::map::Map;
use super::two_view::{MIN_SHARED, residual_parallax};
use crate::camera::Camera;
use crate::math::{Vec2, median};
use crate::pose::Error;
use crate::video::FrameSet;
use rayon::prelude::*;

/// Median corners per frame below which there is nothing to follow.
const MIN_CORNERS: f64 = 25.0;
/// Largest flow of a camera that stands still, share of the longer side (3 px of 640).
const STILL_SHARE: f64 = 0.005;
/// Parallax that a rotation leaves over by noise and rolling shutter alone, pixels.
const ROTATION_PX: f64 = 1.6;
/// Focal lengths that are tried, shares of the longer side.
const FOCAL_SHARES: [f64; 7] = [0.4, 0.55, 0.7, 0.9, 1.2, 1.7, 2.5];
/// Keyframe steps of the pairs that are looked at.
const STEPS: [usize; 4] = [1, 3, 6, 10];
/// Most pairs that are looked at.
const MOST_PAIRS: usize = 240;
/// The pairs with most parallax decide: this quantile.
const QUANTILE: f64 = 0.9;

/// Errors that can be told from the tracks alone.
///
/// # Errors
/// [`Error::NoTexture`], [`Error::StaticCamera`] or [`Error::PureRotation`].
pub fn examine(frames: &FrameSet, tracked: &Tracked, map: &Map, given: Option<&Camera>) -> Result<(), Error> {
    let corners: Vec<f64> = tracked.frames.iter().map(|f| f.corners.len() as f64).collect();
    let typical = median(&corners).unwrap_or(0.0);
    if typical < MIN_CORNERS {
        let brightness: Vec<f64> = frames.frames.iter().map(|f| f.brightness).collect();
        return Err(Error::NoTexture { corners: typical, brightness: median(&brightness).unwrap_or(0.0) });
    }
    let side = f64::from(frames.width.max(frames.height));
    let flow_px = tracked.keyframe_flow_px.iter().copied().fold(0.0, f64::max);
    if flow_px < STILL_SHARE * side {
        return Err(Error::StaticCamera { flow_px });
    }
    let focals: Vec<f64> = match given {
        Some(camera) => vec![camera.fx],
        None => FOCAL_SHARES.iter().map(|share| share * side).collect(),
    };
    let pairs = pairs(map);
    if pairs.is_empty() {
        return Ok(());
    }
    let least = focals
        .iter()
        .map(|&focal| (parallax_px(map, &pairs, focal), focal))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or((f64::INFINITY, side));
    if least.0 < ROTATION_PX {
        let explained = 100.0 * (1.0 - least.0 / flow_px.max(1e-9)).clamp(0.0, 1.0);
        return Err(Error::PureRotation { explained, parallax_deg: (least.0 / least.1).to_degrees() });
    }
    Ok(())
}

fn pairs(map: &Map) -> Vec<(usize, usize)> {
    let all: Vec<(usize, usize)> = STEPS
        .iter()
        .flat_map(|&step| (0..map.views.len().saturating_sub(step)).map(move |a| (a, a + step)))
        .filter(|&(a, b)| map.shared_tracks(a, b).len() >= MIN_SHARED)
        .collect();
    let stride = all.len().div_ceil(MOST_PAIRS).max(1);
    all.into_iter().step_by(stride).collect()
}

/// High quantile over the pairs of the median parallax under a focal length, pixels.
fn parallax_px(map: &Map, pairs: &[(usize, usize)], focal: f64) -> f64 {
    let own = map.camera;
    let mut values: Vec<f64> = pairs
        .par_iter()
        .map(|&(a, b)| {
            let ray = |view: usize, k: u32| {
                let pixel = map.views[view].features[k as usize].pixel;
                Vec2::new((pixel.x - own.cx) / focal, (pixel.y - own.cy) / focal)
            };
            let (from, to): (Vec<Vec2>, Vec<Vec2>) =
                map.shared_tracks(a, b).iter().map(|&(i, j)| (ray(a, i), ray(b, j))).unzip();
            residual_parallax(&from, &to).0 * focal
        })
        .collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * QUANTILE) as usize]
}
