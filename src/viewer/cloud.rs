//! A cloud small enough for a page: thinned to a number of points, positions in 16-bit steps.
//!
//! Scene frame (Z up, metres). Points are thinned by voxels that grow until few enough are left, so that
//! all surfaces stay equally dense. A step is 1/65535 of the cloud's extent along its axis: 0.3 mm in a
//! flat of 20 m.

use crate::cloud::{Cloud, SceneFrame, downsample};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// Most points that a page carries: 0.7 MB of text, and a phone still turns them smoothly.
pub(super) const MAX_POINTS: usize = 60_000;
/// First voxel, metres: the fusion's own resolution.
const FIRST_VOXEL_M: f64 = 0.02;
/// Voxels grow by at least this factor, so that thinning ends.
const LEAST_GROWTH: f64 = 1.05;
/// Largest number of 16 bits.
const STEPS: f64 = 65_535.0;

/// A cloud as the page reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct PageCloud {
    /// Points before thinning.
    pub total: usize,
    /// Position of step 0, metres.
    pub origin: [f64; 3],
    /// Length of a step, metres.
    pub step_m: [f64; 3],
    /// x, y, z of every point in steps: base64 of little-endian u16.
    pub positions: String,
    /// Red, green, blue of every point: base64 of sRGB bytes.
    pub colors: String,
}

impl PageCloud {
    /// The cloud for a page; `None` when it has no finite point.
    pub fn of(cloud: &Cloud<SceneFrame>) -> Option<Self> {
        let thin = thinned(cloud);
        let points: Vec<_> =
            thin.points.iter().filter(|point| point.position.iter().all(|value| value.is_finite())).collect();
        points.first()?;
        let bound = |axis: usize, pick: fn(f64, f64) -> f64, start: f64| {
            points.iter().map(|point| f64::from(point.position[axis])).fold(start, pick)
        };
        let origin: [f64; 3] = std::array::from_fn(|axis| bound(axis, f64::min, f64::INFINITY));
        let step_m: [f64; 3] =
            std::array::from_fn(|axis| (bound(axis, f64::max, f64::NEG_INFINITY) - origin[axis]) / STEPS);
        let mut positions = Vec::with_capacity(6 * points.len());
        let mut colors = Vec::with_capacity(3 * points.len());
        for point in &points {
            for axis in 0..3 {
                let offset = f64::from(point.position[axis]) - origin[axis];
                let step = if step_m[axis] > 0.0 { (offset / step_m[axis]).round() } else { 0.0 };
                positions.extend((step as u16).to_le_bytes());
            }
            colors.extend(point.rgb);
        }
        Some(Self {
            total: cloud.len(),
            origin,
            step_m,
            positions: STANDARD.encode(positions),
            colors: STANDARD.encode(colors),
        })
    }
}

/// At most [`MAX_POINTS`] points.
fn thinned(cloud: &Cloud<SceneFrame>) -> Cloud<SceneFrame> {
    if cloud.len() <= MAX_POINTS {
        return cloud.clone();
    }
    let mut voxel_m = FIRST_VOXEL_M;
    loop {
        let thin = downsample(cloud, voxel_m);
        if thin.len() <= MAX_POINTS {
            return thin;
        }
        // Surfaces fill voxels by the square of their edge.
        let excess = thin.len() as f64 / MAX_POINTS as f64;
        voxel_m *= excess.sqrt().max(LEAST_GROWTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::CloudPoint;

    fn wall(count: usize) -> Cloud<SceneFrame> {
        let side = (count as f64).sqrt() as usize;
        let at = |i: usize| CloudPoint {
            position: [(i % side) as f32 * 0.01, 2.0, (i / side) as f32 * 0.01],
            normal: [0.0; 3],
            rgb: [(i % 251) as u8, 7, 9],
            weight: 1.0,
        };
        Cloud::new((0..side * side).map(at).collect())
    }

    fn decoded(cloud: &PageCloud) -> Vec<[f64; 3]> {
        let bytes = STANDARD.decode(&cloud.positions).expect("base64");
        let steps: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        let metres = |p: &[u16]| {
            std::array::from_fn(|axis| cloud.origin[axis] + f64::from(p[axis]) * cloud.step_m[axis])
        };
        steps.chunks_exact(3).map(metres).collect()
    }

    #[test]
    fn a_small_cloud_is_kept_to_a_step() {
        let cloud = wall(400);
        let page = PageCloud::of(&cloud).expect("not empty");
        let back = decoded(&page);
        assert_eq!((back.len(), page.total), (400, 400));
        for (read, point) in back.iter().zip(&cloud.points) {
            for axis in 0..3 {
                assert!(
                    (read[axis] - f64::from(point.position[axis])).abs() <= 0.5 * page.step_m[axis] + 1e-9
                );
            }
        }
        assert_eq!(STANDARD.decode(&page.colors).expect("base64")[3..6], [1, 7, 9]);
    }

    #[test]
    fn a_large_cloud_is_thinned_and_covers_the_same_wall() {
        let cloud = wall(250_000);
        let page = PageCloud::of(&cloud).expect("not empty");
        let back = decoded(&page);
        assert!(back.len() <= MAX_POINTS && back.len() > MAX_POINTS / 3, "{}", back.len());
        assert_eq!(page.total, 250_000);
        let widest = back.iter().map(|p| p[0]).fold(0.0, f64::max);
        assert!((widest - 4.99).abs() < 0.05, "{widest}");
        assert_eq!(page, PageCloud::of(&cloud).expect("not empty"));
    }

    #[test]
    fn without_a_finite_point_there_is_no_cloud() {
        let nowhere = CloudPoint { position: [f32::NAN; 3], normal: [0.0; 3], rgb: [0; 3], weight: 1.0 };
        assert_eq!(PageCloud::of(&Cloud::new(vec![nowhere])), None);
        assert_eq!(PageCloud::of(&Cloud::new(Vec::new())), None);
    }
}
