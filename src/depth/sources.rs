//! Which other views a keyframe is matched against.
//!
//! Takes poses and the range of inverse depth; gives for a reference the views whose parallax over
//! that range is near the one the planes can resolve, that see the same surfaces from a similar
//! direction, and that are spread round the reference so that what one side hides the other shows
//! (the score follows COLMAP's and MVSNet's view selection, on predicted instead of matched points).

use super::range::InverseRange;
use crate::camera::Camera;
use crate::math::{Point2, Pose};

/// A source must see at least this share of the reference's frustum.
const MIN_OVERLAP: f64 = 0.45;
/// Less parallax than this over the whole range tells nothing about depth, pixels.
const MIN_PARALLAX_PX: f64 = 3.0;
/// Viewing directions further apart than this show a patch too differently, radians.
const MAX_TURN_RAD: f64 = 0.7;
/// Width of the parallax preference, natural logarithms.
const PARALLAX_SPREAD: f64 = 0.6;
/// Two sources nearer to each other than this share of their baseline see the same.
const SAME_PLACE: f64 = 0.5;
/// Grid of reference pixels on which overlap and parallax are predicted.
const GRID: u32 = 4;

/// How well a view serves as the source of a reference.
#[derive(Debug, Clone, Copy)]
pub struct Match {
    /// Share of the reference's frustum that the source sees, 0..1.
    pub overlap: f64,
    /// Mean displacement between the farthest and the nearest depth, pixels.
    pub parallax_px: f64,
}

/// Predicts overlap and parallax over a range of inverse depth.
#[must_use]
pub fn predict(camera: &Camera, source_from_reference: &Pose, range: &InverseRange) -> Match {
    let inverses = [range.far, range.middle(), range.near];
    let mut seen = 0u32;
    let mut parallax = 0.0;
    let mut pairs = 0u32;
    for cell in 0..GRID * GRID {
        let fraction = |i: u32| (f64::from(i) + 0.5) / f64::from(GRID);
        let pixel = Point2::new(
            fraction(cell % GRID) * f64::from(camera.width),
            fraction(cell / GRID) * f64::from(camera.height),
        );
        let at = inverses
            .map(|inverse| camera.project(&(source_from_reference * camera.unproject(pixel, 1.0 / inverse))));
        seen += at.iter().flatten().filter(|p| camera.contains(p)).count() as u32;
        if let [Some(far), _, Some(near)] = at {
            parallax += (near - far).norm();
            pairs += 1;
        }
    }
    Match {
        overlap: f64::from(seen) / f64::from(3 * GRID * GRID),
        parallax_px: parallax / f64::from(pairs.max(1)),
    }
}

/// Up to `count` indices into `poses` (world_from_camera) that serve the reference `reference` best,
/// best first; `target_px` is the wanted parallax over the range.
#[must_use]
pub fn select(
    camera: &Camera,
    poses: &[Pose],
    reference: usize,
    range: &InverseRange,
    target_px: f64,
    count: usize,
) -> Vec<usize> {
    let here = &poses[reference];
    let mut candidates: Vec<(usize, f64)> = (0..poses.len())
        .filter(|&i| i != reference)
        .filter_map(|i| {
            let source_from_reference = poses[i].inverse() * here;
            if source_from_reference.rotation.angle() > MAX_TURN_RAD {
                return None;
            }
            let found = predict(camera, &source_from_reference, range);
            if found.overlap < MIN_OVERLAP || found.parallax_px < MIN_PARALLAX_PX {
                return None;
            }
            let misfit = (found.parallax_px / target_px).ln() / PARALLAX_SPREAD;
            Some((i, found.overlap * (-0.5 * misfit * misfit).exp()))
        })
        .collect();
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let best =
            candidates.iter().enumerate().fold(None, |best: Option<(usize, f64)>, (at, &(_, score))| {
                if best.is_none_or(|(_, top)| score > top) { Some((at, score)) } else { best }
            });
        let Some((at, _)) = best else { break };
        let (index, _) = candidates.swap_remove(at);
        chosen.push(index);
        candidates.sort_by_key(|&(i, _)| i);
        for (other, score) in &mut candidates {
            *score *= novelty(here, &poses[index], &poses[*other]);
        }
    }
    chosen
}

/// 0 when `other` stands where `chosen` does, towards 1 when apart, as seen from `here`.
fn novelty(here: &Pose, chosen: &Pose, other: &Pose) -> f64 {
    let apart = (chosen.translation.vector - other.translation.vector).norm();
    let baseline = (chosen.translation.vector - here.translation.vector).norm();
    let ratio = apart / (SAME_PLACE * baseline).max(f64::MIN_POSITIVE);
    1.0 - 0.9 * (-ratio * ratio).exp()
}
