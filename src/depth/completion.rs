//! Piecewise-planar completion of what matching leaves open.
//!
//! Indoors, what shows no texture is mostly a plane: a wall, a door, a table top. Each map is cut into
//! regions of even colour ([`super::regions`]). Where the pixels of a region that have depth lie on one plane
//! and are spread over it, the plane fills the rest; a plane is linear in the pixel and the inverse depth,
//! 1/z = a x + b y + c. What the measured depths of other maps contradict is taken back; what they
//! confirm becomes surer.

use super::consistency::{self, Votes};
use super::regions::regions;
use super::{DepthMap, range::InverseRange};
use crate::math::{Mat3, Vec3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Options of the completion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Complete at all.
    pub enabled: bool,
    /// Regions smaller than this are left as they are, pixels.
    pub min_region_px: usize,
    /// Depths are on a plane within this share.
    pub tolerance: f64,
    /// Share of a region's depths that must be on the plane.
    pub min_inliers: f64,
    /// Least spread of those depths, as a share of the region's own spread along either of its axes.
    pub min_spread: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { enabled: true, min_region_px: 150, tolerance: 0.02, min_inliers: 0.7, min_spread: 0.4 }
    }
}

/// Fewer pixels with depth than this say nothing of a plane.
const MIN_SUPPORT: usize = 40;
/// ... nor do they when they are less than this share of the region.
const MIN_SUPPORT_SHARE: f64 = 0.06;
/// Planes tried for a region, and depths that they are counted on.
const TRIALS: usize = 60;
const COUNTED: usize = 400;
/// Probability that a filled depth is within 5 %, by itself and for each map that confirms it. Assumed, below
/// what matching gives; not calibrated.
const FILLED: f64 = 0.45;
const CONFIRMED: f64 = 0.12;
/// ... and at most.
const SUREST: f64 = 0.8;

/// A plane in the pixels of a map: inverse depth is `x a + y b + c`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Plane {
    abc: Vec3,
}

impl Plane {
    fn inverse(&self, at: [f64; 2]) -> f64 {
        self.abc.x * at[0] + self.abc.y * at[1] + self.abc.z
    }

    /// Through three samples, or nearest to many; `None` when they stand in a line.
    fn fit(samples: impl Iterator<Item = Sample>) -> Option<Self> {
        let (mut normal, mut right) = (Mat3::zeros(), Vec3::zeros());
        for sample in samples {
            let row = Vec3::new(sample.at[0], sample.at[1], 1.0);
            normal += row * row.transpose();
            right += row * sample.inverse;
        }
        normal
            .try_inverse()
            .map(|inverse| Self { abc: inverse * right })
            .filter(|plane| plane.abc.iter().all(|v| v.is_finite()))
    }

    fn holds(&self, sample: &Sample, tolerance: f64) -> bool {
        (self.inverse(sample.at) - sample.inverse).abs() <= tolerance * sample.inverse
    }
}

/// A pixel with inverse depth; pixels are counted from the middle of the region, so that sums stay small.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: [f64; 2],
    inverse: f64,
}

/// Completes the maps; gives the number of pixels filled.
pub fn complete(maps: &mut [DepthMap], agreement: &consistency::Options, options: &Options) -> usize {
    if !options.enabled {
        return 0;
    }
    let neighbours = consistency::neighbours(maps, agreement.neighbours);
    let shared: &[DepthMap] = maps;
    let filled: Vec<Vec<(usize, f32, u8)>> = shared
        .par_iter()
        .zip(&neighbours)
        .map(|(map, neighbours)| {
            let open = fill(map, options);
            let others: Vec<&DepthMap> = neighbours.iter().map(|&j| &shared[j]).collect();
            let votes = consistency::vote_map(&open, &others, 0.0, agreement).1;
            let pixels = (0..open.depth.len()).filter(|&p| open.depth[p] > 0.0);
            pixels.filter_map(|p| sure(votes[p]).map(|sure| (p, open.depth[p], sure))).collect()
        })
        .collect();
    for (map, filled) in maps.iter_mut().zip(&filled) {
        for &(pixel, depth, confidence) in filled {
            map.depth[pixel] = depth;
            map.confidence[pixel] = confidence;
        }
    }
    filled.iter().map(Vec::len).sum()
}

/// Confidence of a filled depth; `None` when other maps contradict it.
fn sure(votes: Votes) -> Option<u8> {
    let probability = (FILLED + CONFIRMED * f64::from(votes.agreeing)).min(SUREST);
    (votes.contradicting <= votes.agreeing).then_some((255.0 * probability) as u8)
}

/// A map with nothing but what planes say of the open pixels.
fn fill(map: &DepthMap, options: &Options) -> DepthMap {
    let width = map.camera.width as usize;
    let (labels, count) = regions(&map.color);
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
    for (pixel, &label) in labels.iter().enumerate() {
        members[label as usize].push(pixel as u32);
    }
    let depths: Vec<f64> = map.depth.iter().map(|&d| f64::from(d)).collect();
    let mut filled =
        DepthMap { depth: vec![0.0; map.depth.len()], confidence: vec![0; map.depth.len()], ..map.clone() };
    let Some(range) = InverseRange::of_depths(&depths) else { return filled };
    let mut rng = ChaCha8Rng::seed_from_u64(map.frame_idx as u64);
    for region in members.iter().filter(|region| region.len() >= options.min_region_px) {
        if region.iter().all(|&p| map.depth[p as usize] > 0.0) {
            continue;
        }
        let at = |p: u32| [(p as usize % width) as f64, (p as usize / width) as f64];
        let middle = mean(region.iter().map(|&p| at(p)));
        let centred = |p: u32| [at(p)[0] - middle[0], at(p)[1] - middle[1]];
        let Some(plane) = plane(region, &map.depth, &centred, options, &mut rng) else { continue };
        for &p in region.iter().filter(|&&p| map.depth[p as usize] <= 0.0) {
            let inverse = plane.inverse(centred(p));
            if inverse > range.far && inverse < range.near {
                filled.depth[p as usize] = (1.0 / inverse) as f32;
            }
        }
    }
    filled
}

/// The plane that most depths of a region lie on, when they are spread enough to say so.
fn plane(
    region: &[u32],
    depth: &[f32],
    centred: &impl Fn(u32) -> [f64; 2],
    options: &Options,
    rng: &mut ChaCha8Rng,
) -> Option<Plane> {
    let samples: Vec<Sample> = region
        .iter()
        .filter(|&&p| depth[p as usize] > 0.0)
        .map(|&p| Sample { at: centred(p), inverse: 1.0 / f64::from(depth[p as usize]) })
        .collect();
    if samples.len() < MIN_SUPPORT.max((MIN_SUPPORT_SHARE * region.len() as f64) as usize) {
        return None;
    }
    let step = (samples.len() / COUNTED).max(1);
    let counted = || samples.iter().step_by(step);
    let mut best: Option<(usize, Plane)> = None;
    for _ in 0..TRIALS {
        let three = (0..3).map(|_| samples[rng.random_range(0..samples.len())]);
        let Some(plane) = Plane::fit(three) else { continue };
        let hits = counted().filter(|s| plane.holds(s, options.tolerance)).count();
        if best.is_none_or(|(most, _)| hits > most) {
            best = Some((hits, plane));
        }
    }
    let (_, rough) = best?;
    let on = |plane: Plane| samples.iter().filter(move |s| plane.holds(s, options.tolerance)).copied();
    let plane = Plane::fit(on(rough))?;
    let inliers: Vec<Sample> = on(plane).collect();
    let is_one_plane = inliers.len() as f64 >= options.min_inliers * samples.len() as f64;
    let own = spread(region.iter().map(|&p| centred(p)));
    let supported = spread(inliers.iter().map(|s| s.at));
    // Along the region's own axes; the smaller one decides.
    let is_spread = own.reaches(&supported, options.min_spread);
    (is_one_plane && is_spread).then_some(plane)
}

fn mean(points: impl Iterator<Item = [f64; 2]>) -> [f64; 2] {
    let (mut sum, mut count) = ([0.0; 2], 0.0);
    for [x, y] in points {
        sum[0] += x;
        sum[1] += y;
        count += 1.0;
    }
    sum.map(|s| s / f64::max(count, 1.0))
}

/// Second moments of pixels.
struct Spread {
    xx: f64,
    xy: f64,
    yy: f64,
}

fn spread(points: impl Iterator<Item = [f64; 2]> + Clone) -> Spread {
    let [mx, my] = mean(points.clone());
    let (mut s, mut count) = (Spread { xx: 0.0, xy: 0.0, yy: 0.0 }, 0.0);
    for [x, y] in points {
        s.xx += (x - mx) * (x - mx);
        s.xy += (x - mx) * (y - my);
        s.yy += (y - my) * (y - my);
        count += 1.0;
    }
    let n = f64::max(count, 1.0);
    Spread { xx: s.xx / n, xy: s.xy / n, yy: s.yy / n }
}

impl Spread {
    /// True when `other` has at least `share` of this spread (one standard deviation) along both main axes of this.
    fn reaches(&self, other: &Self, share: f64) -> bool {
        let angle = 0.5 * (2.0 * self.xy).atan2(self.xx - self.yy);
        let (sin, cos) = angle.sin_cos();
        let along = |s: &Self, [u, v]: [f64; 2]| u * u * s.xx + 2.0 * u * v * s.xy + v * v * s.yy;
        [[cos, sin], [-sin, cos]].iter().all(|&axis| along(other, axis) >= share * share * along(self, axis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Camera;
    use crate::math::Pose;
    use image::{Rgb, RgbImage};

    /// A slanted wall of one colour; depth is known where `known` says so.
    fn wall(known: impl Fn(usize, usize) -> bool) -> (DepthMap, Vec<f32>) {
        let (w, h) = (80usize, 60usize);
        let truth: Vec<f32> = (0..w * h).map(|p| 1.0 / (0.3 + 0.002 * (p % w) as f32)).collect();
        let depth = (0..w * h).map(|p| if known(p % w, p / w) { truth[p] } else { 0.0 }).collect();
        let map = DepthMap {
            frame_idx: 3,
            camera: Camera::centred(80, 60, 70.0),
            world_from_camera: Pose::identity(),
            depth,
            confidence: vec![0; w * h],
            color: RgbImage::from_pixel(80, 60, Rgb([150, 150, 150])),
        };
        (map, truth)
    }

    fn rim(x: usize, y: usize) -> bool {
        !(8..72).contains(&x) || !(6..54).contains(&y)
    }

    #[test]
    fn a_plane_fills_the_middle_of_a_wall_whose_rim_was_matched() {
        let (map, truth) = wall(rim);
        let mut maps = [map];
        let count = complete(&mut maps, &consistency::Options::default(), &Options::default());
        assert!(count > 2500, "{count} filled");
        let worst = maps[0].depth.iter().zip(&truth).map(|(d, t)| (d / t - 1.0).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-3, "off by {worst}");
        let middle = 30 * 80 + 40;
        assert_eq!(maps[0].confidence[middle], (255.0 * FILLED) as u8);
    }

    #[test]
    fn depth_on_one_side_only_says_nothing_of_the_rest() {
        let (map, _) = wall(|x, _| x < 9);
        let mut maps = [map];
        assert_eq!(complete(&mut maps, &consistency::Options::default(), &Options::default()), 0);
    }

    #[test]
    fn what_is_no_plane_stays_open() {
        let (mut map, _) = wall(rim);
        for p in 0..map.depth.len() {
            if map.depth[p] > 0.0 && p % 80 >= 40 {
                map.depth[p] *= 1.4;
            }
        }
        let mut maps = [map];
        assert_eq!(complete(&mut maps, &consistency::Options::default(), &Options::default()), 0);
    }

    #[test]
    fn what_another_view_sees_through_is_taken_back() {
        let (map, _) = wall(rim);
        let (mut behind, _) = wall(|_, _| true);
        behind.depth.iter_mut().for_each(|d| *d *= 2.0);
        behind.frame_idx = 4;
        behind.world_from_camera = Pose::translation(0.02, 0.0, 0.0);
        let mut maps = [map, behind];
        complete(&mut maps, &consistency::Options::default(), &Options::default());
        assert_eq!(maps[0].depth[30 * 80 + 40], 0.0);
    }
}
