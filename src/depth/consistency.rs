//! Agreement between the depth maps of neighbouring keyframes.
//!
//! Takes maps with independent errors; gives the same maps with the pixels removed that the other
//! views contradict, the depth of agreeing views averaged (inverse depth, in which the errors of
//! triangulation are even), and a confidence that counts the agreement (after Merrell et al., ICCV
//! 2007, and the geometric check of COLMAP, ECCV 2016).

use super::DepthMap;
use super::views::thin;
use crate::math::{Point2, Pose};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Options of the agreement check.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Neighbouring maps that a map is compared with.
    pub neighbours: usize,
    /// Depths agree within this share.
    pub tolerance: f64,
    /// Maps that must agree; lowered where fewer see the pixel.
    pub min_agreeing: usize,
    /// Connected areas of similar depth smaller than this are removed, pixels.
    pub min_area_px: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { neighbours: 8, tolerance: 0.015, min_agreeing: 2, min_area_px: 60 }
    }
}

/// Sample pixels per map that predict how much two maps share.
const OVERLAP_SAMPLES: usize = 48;
/// Neighbours must share at least this share of the samples.
const MIN_OVERLAP: f64 = 0.25;
/// Viewing directions further apart than this make no neighbours, radians.
const MAX_TURN_RAD: f64 = 1.0;
/// A map that sees through a point by this multiple of the tolerance contradicts it.
const SEES_THROUGH: f64 = 2.5;
/// Steps of one relative depth between neighbouring pixels of the same surface.
const SURFACE_STEP: f32 = 0.03;

/// What the other views say about a pixel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Votes {
    /// Maps that see the same surface.
    pub agreeing: u8,
    /// Maps that see something behind it.
    pub contradicting: u8,
    /// Maps that the point projects into and that have depth there.
    pub seeing: u8,
}

/// Compares all maps with each other. `slack[i]` is the uncertainty of map `i` in inverse depth
/// (e.g. half a plane step), added to the relative tolerance. Returns the votes by map and pixel; the
/// depths become the averages of the agreeing views.
#[must_use]
pub fn vote(maps: &mut [DepthMap], slack: &[f64], options: &Options) -> Vec<Vec<Votes>> {
    let neighbours = neighbours(maps, options.neighbours);
    let shared: &[DepthMap] = maps;
    let results: Vec<(Vec<f32>, Vec<Votes>)> = (0..maps.len())
        .into_par_iter()
        .map(|i| {
            let others: Vec<&DepthMap> = neighbours[i].iter().map(|&j| &shared[j]).collect();
            vote_map(&shared[i], &others, slack[i], options)
        })
        .collect();
    let mut votes = Vec::with_capacity(maps.len());
    for (map, (depth, map_votes)) in maps.iter_mut().zip(results) {
        map.depth = depth;
        votes.push(map_votes);
    }
    votes
}

/// For each map, the others that share most of what it sees, best first.
#[must_use]
pub fn neighbours(maps: &[DepthMap], count: usize) -> Vec<Vec<usize>> {
    (0..maps.len())
        .into_par_iter()
        .map(|i| {
            let map = &maps[i];
            let with_depth: Vec<usize> = (0..map.depth.len()).filter(|&p| map.depth[p] > 0.0).collect();
            let samples = thin(&with_depth, OVERLAP_SAMPLES);
            let mut shares: Vec<(f64, usize)> = (0..maps.len())
                .filter(|&j| j != i)
                .filter_map(|j| {
                    let there = maps[j].world_from_camera.inverse() * map.world_from_camera;
                    if there.rotation.angle() > MAX_TURN_RAD {
                        return None;
                    }
                    let seen =
                        samples.iter().filter(|&&p| project(map, p, &there, &maps[j]).is_some()).count();
                    let share = seen as f64 / samples.len().max(1) as f64;
                    let baseline = there.translation.vector.norm();
                    (share >= MIN_OVERLAP && baseline > 0.0).then_some((share, j))
                })
                .collect();
            // Nearly equal shares: the nearest in time first, which keeps the order deterministic.
            shares.sort_by(|a, b| {
                b.0.total_cmp(&a.0).then(a.1.abs_diff(i).cmp(&b.1.abs_diff(i))).then(a.1.cmp(&b.1))
            });
            let pool: Vec<usize> = shares.iter().take(3 * count).map(|&(_, j)| j).collect();
            thin(&pool, count)
        })
        .collect()
}

/// Pixel index and depth in `other` of the point at a pixel of `map`.
fn project(map: &DepthMap, pixel: usize, other_from_map: &Pose, other: &DepthMap) -> Option<(usize, f64)> {
    let width = map.camera.width as usize;
    let at = Point2::new((pixel % width) as f64, (pixel / width) as f64);
    let point = other_from_map * map.camera.unproject(at, f64::from(map.depth[pixel]));
    let there = other.camera.project(&point).filter(|p| other.camera.contains(p))?;
    let x = (there.x.round().max(0.0) as usize).min(other.camera.width as usize - 1);
    let y = (there.y.round().max(0.0) as usize).min(other.camera.height as usize - 1);
    Some((y * other.camera.width as usize + x, point.z))
}

/// Compares one map with others: its depths averaged with those that agree, and the votes.
#[must_use]
pub fn vote_map(
    map: &DepthMap,
    others: &[&DepthMap],
    slack: f64,
    options: &Options,
) -> (Vec<f32>, Vec<Votes>) {
    let transforms: Vec<Pose> =
        others.iter().map(|other| other.world_from_camera.inverse() * map.world_from_camera).collect();
    let mut votes = vec![Votes::default(); map.depth.len()];
    let mut fused = map.depth.clone();
    for pixel in 0..map.depth.len() {
        if map.depth[pixel] <= 0.0 {
            continue;
        }
        let inverse = 1.0 / f64::from(map.depth[pixel]);
        let mut sum = inverse;
        let mut weight = 1.0;
        for (other, transform) in others.iter().zip(&transforms) {
            let Some((there, z)) = project(map, pixel, transform, other) else { continue };
            let seen = f64::from(other.depth[there]);
            if seen <= 0.0 {
                continue;
            }
            votes[pixel].seeing += 1;
            let difference = 1.0 / seen - 1.0 / z;
            let tolerance = options.tolerance / z + slack;
            if difference.abs() <= tolerance {
                votes[pixel].agreeing += 1;
                // The other view's depth, carried back: along nearly the same ray the inverse
                // depths differ by the same amount, scaled by the ratio of the depths squared.
                let ratio = z * inverse;
                sum += inverse + difference * ratio * ratio;
                weight += 1.0;
            } else if difference < -SEES_THROUGH * tolerance {
                votes[pixel].contradicting += 1;
            }
        }
        fused[pixel] = (weight / sum) as f32;
    }
    (fused, votes)
}

/// Depth that other views neither confirm enough nor contradict keeps this share of its confidence, which stays
/// below what fusion takes by default (0.1).
const UNCONFIRMED: f32 = 0.09;

/// Depth that is taken out of a map while it is worked on, because too little confirms it.
#[derive(Debug, Clone, Default)]
pub struct Doubtful {
    /// Pixel, depth, confidence.
    pixels: Vec<(usize, f32, u8)>,
}

impl Doubtful {
    /// What [`filter`] and [`remove_speckles`] would take from a map beyond what is contradicted, if they asked
    /// for confirming views; `after` has gone through them.
    #[must_use]
    pub fn lost(before: &DepthMap, after: &DepthMap, votes: &[Votes], min_area_px: usize) -> Self {
        let mut likely = before.clone();
        filter(&mut likely, votes, |_| 0);
        remove_speckles(&mut likely, min_area_px);
        let lost = |&pixel: &usize| likely.depth[pixel] > 0.0 && after.depth[pixel] <= 0.0;
        let doubted = |confidence: u8| (f32::from(confidence) * UNCONFIRMED) as u8;
        let pixels = (0..likely.depth.len())
            .filter(lost)
            .map(|pixel| (pixel, likely.depth[pixel], doubted(likely.confidence[pixel]).max(1)))
            .collect();
        Self { pixels }
    }

    /// Puts them back where the map is still open, as little confident as they are.
    pub fn restore(&self, map: &mut DepthMap) {
        for &(pixel, depth, confidence) in &self.pixels {
            if map.depth[pixel] <= 0.0 {
                (map.depth[pixel], map.confidence[pixel]) = (depth, confidence);
            }
        }
    }
}

/// Removes what fewer views confirm than its pixel needs; returns the share of the depth pixels removed.
pub fn filter(map: &mut DepthMap, votes: &[Votes], needed: impl Fn(usize) -> usize) -> f64 {
    let (mut before, mut removed) = (0usize, 0usize);
    for (pixel, vote) in votes.iter().enumerate() {
        if map.depth[pixel] <= 0.0 {
            continue;
        }
        before += 1;
        if usize::from(vote.agreeing) < needed(pixel) || vote.contradicting > vote.agreeing {
            clear(map, pixel);
            removed += 1;
        }
    }
    removed as f64 / before.max(1) as f64
}

/// Removes connected areas of smooth depth smaller than `min_area_px`.
pub fn remove_speckles(map: &mut DepthMap, min_area_px: usize) {
    let (width, height) = (map.camera.width as usize, map.camera.height as usize);
    let mut seen = vec![false; map.depth.len()];
    let mut area = Vec::new();
    for start in 0..map.depth.len() {
        if seen[start] || map.depth[start] <= 0.0 {
            continue;
        }
        area.clear();
        area.push(start);
        seen[start] = true;
        let mut next = 0;
        while next < area.len() {
            let pixel = area[next];
            next += 1;
            let (x, y) = (pixel % width, pixel / width);
            let around = [
                (x > 0).then(|| pixel - 1),
                (x + 1 < width).then(|| pixel + 1),
                (y > 0).then(|| pixel - width),
                (y + 1 < height).then(|| pixel + width),
            ];
            for other in around.into_iter().flatten() {
                let (a, b) = (map.depth[pixel], map.depth[other]);
                if !seen[other] && b > 0.0 && (a - b).abs() <= SURFACE_STEP * a.min(b) {
                    seen[other] = true;
                    area.push(other);
                }
            }
        }
        if area.len() < min_area_px {
            area.iter().for_each(|&pixel| clear(map, pixel));
        }
    }
}

/// Takes the depth of a pixel away.
pub fn clear(map: &mut DepthMap, pixel: usize) {
    map.depth[pixel] = 0.0;
    map.confidence[pixel] = 0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Camera;

    const SIDE: usize = 8;

    /// A map of a plane two metres away that has depth in its first `columns`.
    fn map(columns: usize) -> DepthMap {
        let depth = |i: usize| if i % SIDE < columns { 2.0 } else { 0.0 };
        DepthMap {
            frame_idx: 0,
            camera: Camera::centred(SIDE as u32, SIDE as u32, 10.0),
            world_from_camera: Pose::identity(),
            depth: (0..SIDE * SIDE).map(depth).collect(),
            confidence: vec![200; SIDE * SIDE],
            color: image::RgbImage::new(SIDE as u32, SIDE as u32),
        }
    }

    #[test]
    fn what_nothing_confirms_comes_back_doubted_and_what_is_contradicted_does_not() {
        let before = map(6);
        // Confirmed in columns 0 and 1, contradicted in 4 and 5, nothing is said of the others.
        let votes: Vec<Votes> = (0..SIDE * SIDE)
            .map(|i| match i % SIDE {
                0 | 1 => Votes { agreeing: 2, contradicting: 0, seeing: 2 },
                4 | 5 => Votes { agreeing: 0, contradicting: 2, seeing: 2 },
                _ => Votes::default(),
            })
            .collect();
        let mut after = before.clone();
        assert!((filter(&mut after, &votes, |_| 2) - 4.0 / 6.0).abs() < 1e-9);
        let doubtful = Doubtful::lost(&before, &after, &votes, 1);
        // Something else has filled one of them meanwhile.
        (after.depth[2], after.confidence[2]) = (3.0, 90);
        doubtful.restore(&mut after);
        let row: Vec<(f32, u8)> = (0..SIDE).map(|x| (after.depth[x], after.confidence[x])).collect();
        assert_eq!(row[..2], [(2.0, 200); 2]);
        assert_eq!(row[2..4], [(3.0, 90), (2.0, (200.0 * UNCONFIRMED) as u8)]);
        assert_eq!(row[4..6], [(0.0, 0); 2]);
        assert!(f64::from(row[3].1) / 255.0 < crate::cloud::Options::default().min_confidence);
    }
}
