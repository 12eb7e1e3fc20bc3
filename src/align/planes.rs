//! Planes perpendicular to a direction, with the uncertainty of their tilt.
//!
//! Samples whose normal is near the direction vote for their offset along it; the highest peak is
//! fitted by trimmed least squares, its samples are taken away, and so on. World frame.

use super::evidence::{Evidence, Sample};
use crate::math::{Mat3, Vec3};

/// Bin of the offset histogram, assumed metres.
const BIN_M: f64 = 0.015;
/// Smallest plane that is looked for, assumed square metres.
const MIN_AREA_M2: f64 = 0.08;
/// Most planes along one direction.
const MAX_PLANES: usize = 24;
/// Refits of a plane with its inliers chosen anew.
const REFITS: usize = 4;
/// Depth errors are alike over patches of about this area, assumed square metres (a few
/// superpixels): so many independent measurements has a plane.
const PATCH_AREA_M2: f64 = 0.05;
/// Noise of a patch is at least this, assumed metres.
const MIN_PATCH_NOISE_M: f64 = 0.004;
/// A plane's tilt is wrong by this even without noise, radians: floors slope, reconstructions bend
/// (0.25 degrees).
const BENDING_RAD: f64 = 0.0045;
/// Depth is warped over the width of a plane by this, assumed metres, plus [`WARP_SHARE`] of the
/// plane's thickness; over a small plane that is a large tilt (tables of video reconstructions: 3 to
/// 4 degrees over 0.9 m at a thickness of 2 cm).
const MIN_WARP_M: f64 = 0.005;
/// See [`MIN_WARP_M`].
const WARP_SHARE: f64 = 1.0;
/// A plane's inliers agree with its normal within this cosine (25 degrees: fused normals are rough).
const MIN_NORMAL_COSINE: f64 = 0.906;

/// A planar piece of surface, possibly of several parts.
#[derive(Debug, Clone)]
pub struct Plane {
    /// Unit normal, turned towards the direction that was searched along.
    pub normal: Vec3,
    /// Mean position, world units.
    pub centre: Vec3,
    /// Area, assumed square metres.
    pub area: f64,
    /// In-plane principal directions and the standard deviation of the normal towards each, radians.
    pub tilts: [(Vec3, f64); 2],
    /// Mean cosine between the samples' normals and `normal`: 1 faces along it, −1 against it.
    pub facing: f64,
    /// Indices of its samples.
    pub samples: Vec<usize>,
}

/// How to search.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Least |cosine| between a sample's normal and the direction.
    pub min_cosine: f64,
    /// Half thickness of a plane, assumed metres.
    pub band_m: f64,
}

/// Planes perpendicular to `direction` (within what `search` allows), largest first.
pub fn along(evidence: &Evidence, direction: &Vec3, search: Search) -> Vec<Plane> {
    let mut planes = Vec::new();
    let sides: &[f64] = if evidence.oriented { &[1.0, -1.0] } else { &[0.0] };
    for &side in sides {
        let free: Vec<usize> = (0..evidence.samples.len())
            .filter(|&index| {
                let cosine = evidence.samples[index].normal.dot(direction);
                cosine.abs() >= search.min_cosine && cosine * side >= 0.0
            })
            .collect();
        planes.extend(peel(evidence, direction, search, free));
    }
    planes.sort_by(|a, b| b.area.total_cmp(&a.area));
    planes
}

/// Takes plane after plane out of the samples `free`.
fn peel(evidence: &Evidence, direction: &Vec3, search: Search, mut free: Vec<usize>) -> Vec<Plane> {
    let band = search.band_m * evidence.unit;
    let mut planes = Vec::new();
    for _ in 0..MAX_PLANES {
        let Some(peak) = highest_peak(evidence, direction, &free) else { break };
        let mut plane = None;
        let mut normal = *direction;
        let mut offset = peak;
        for _ in 0..REFITS {
            let inliers: Vec<usize> = free
                .iter()
                .copied()
                .filter(|&index| {
                    let sample = &evidence.samples[index];
                    (sample.position.dot(&normal) - offset).abs() <= band
                        && sample.normal.dot(&normal).abs() >= MIN_NORMAL_COSINE.min(search.min_cosine)
                })
                .collect();
            plane = fit(evidence, inliers, direction);
            let Some(found) = &plane else { break };
            if found.normal.dot(direction) < search.min_cosine {
                plane = None;
                break;
            }
            normal = found.normal;
            offset = found.centre.dot(&normal);
        }
        let before = free.len();
        match plane.filter(|plane| plane.area >= MIN_AREA_M2) {
            Some(plane) => {
                let taken: std::collections::BTreeSet<usize> = plane.samples.iter().copied().collect();
                free.retain(|index| !taken.contains(index));
                planes.push(plane);
            }
            None => free.retain(|&index| {
                (evidence.samples[index].position.dot(direction) - peak).abs() > BIN_M * evidence.unit
            }),
        }
        if free.len() == before {
            break;
        }
    }
    planes
}

/// Offset along `direction` at which most samples lie; `None` when they are too few for a plane.
fn highest_peak(evidence: &Evidence, direction: &Vec3, free: &[usize]) -> Option<f64> {
    let bin = BIN_M * evidence.unit;
    let offsets: Vec<f64> =
        free.iter().map(|&index| evidence.samples[index].position.dot(direction)).collect();
    let low = offsets.iter().copied().fold(f64::INFINITY, f64::min);
    let high = offsets.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let needed = MIN_AREA_M2 / Evidence::SAMPLE_AREA;
    if (offsets.len() as f64) < needed {
        return None;
    }
    const MAX_BINS: f64 = 100_000.0;
    let bins = ((high - low) / bin).min(MAX_BINS) as usize + 1;
    let mut counts = vec![0.0f64; bins + 4];
    for offset in &offsets {
        counts[(((offset - low) / bin) as usize).min(bins - 1) + 2] += 1.0;
    }
    let smooth = |i: usize| {
        0.1 * counts[i - 2]
            + 0.2 * counts[i - 1]
            + 0.4 * counts[i]
            + 0.2 * counts[i + 1]
            + 0.1 * counts[i + 2]
    };
    let best = (2..bins + 2).max_by(|&a, &b| smooth(a).total_cmp(&smooth(b)).then(b.cmp(&a)))?;
    Some(low + (best as f64 - 2.0 + 0.5) * bin)
}

/// Least-squares plane through samples; `None` when they are too few.
fn fit(evidence: &Evidence, inliers: Vec<usize>, direction: &Vec3) -> Option<Plane> {
    let area = inliers.len() as f64 * Evidence::SAMPLE_AREA;
    if area < 0.5 * MIN_AREA_M2 {
        return None;
    }
    let count = inliers.len() as f64;
    let at = |index: usize| -> &Sample { &evidence.samples[index] };
    let centre = inliers.iter().map(|&index| at(index).position).sum::<Vec3>() / count;
    let scatter: Mat3 = inliers
        .iter()
        .map(|&index| {
            let offset = at(index).position - centre;
            offset * offset.transpose()
        })
        .sum::<Mat3>()
        / count;
    let eigen = scatter.symmetric_eigen();
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| eigen.eigenvalues[a].total_cmp(&eigen.eigenvalues[b]));
    let column = |index: usize| eigen.eigenvectors.column(order[index]).into_owned();
    let normal = column(0);
    let normal = if normal.dot(direction) < 0.0 { -normal } else { normal };
    let noise = eigen.eigenvalues[order[0]].max(0.0).sqrt().max(MIN_PATCH_NOISE_M * evidence.unit);
    let patches = (area / PATCH_AREA_M2).max(1.0);
    let warp = MIN_WARP_M * evidence.unit + WARP_SHARE * noise;
    let tilt = |index: usize| {
        let spread = eigen.eigenvalues[order[index]].max(f64::MIN_POSITIVE);
        // 12 times the variance is the squared width of an even spread.
        let variance =
            noise * noise / (patches * spread) + BENDING_RAD.powi(2) + warp * warp / (12.0 * spread);
        (column(index), variance.sqrt())
    };
    let facing = inliers.iter().map(|&index| at(index).normal.dot(&normal)).sum::<f64>() / count;
    Some(Plane { normal, centre, area, tilts: [tilt(1), tilt(2)], facing, samples: inliers })
}
