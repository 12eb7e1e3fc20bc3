//! Matching beside a network: `(map of a network, swept keyframe) -> one map`.
//!
//! A network knows blank walls, matching knows texture to fractions of a pixel. Where both find the same
//! surface their inverse depths are averaged by their variances. Where the network doubts, what
//! matching found stays, but other maps have to confirm it, as in the plane sweep.

use super::DepthMap;
use super::plane_sweep::Swept;

/// Standard deviation of a network's depth, share of the depth (published networks and ours on indoor clips).
const NETWORK_SIGMA: f64 = 0.025;
/// Standard deviation of the plane that matching picks, plane steps (even over one step).
const MATCHING_SIGMA_STEPS: f64 = 0.29;
/// Both see the same surface within so many standard deviations.
const SAME_SIGMAS: f64 = 2.5;

/// What a pixel's depth stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The network, or nothing.
    Network,
    /// Both.
    Both,
    /// Matching alone.
    Matching,
}

/// Joins a sweep of the same view into a map; `doubted` is the confidence below which the network has no say.
pub(super) fn join(map: &mut DepthMap, swept: &Swept, doubted: u8) -> Vec<Origin> {
    let matched = MATCHING_SIGMA_STEPS * swept.step;
    (0..map.depth.len())
        .map(|pixel| {
            let inverse = f64::from(swept.inverse[pixel]);
            let is_known = map.depth[pixel] > 0.0 && map.confidence[pixel] >= doubted;
            if inverse <= 0.0 {
                return Origin::Network;
            }
            if !is_known {
                map.depth[pixel] = (1.0 / inverse) as f32;
                map.confidence[pixel] = 0;
                return Origin::Matching;
            }
            let own = 1.0 / f64::from(map.depth[pixel]);
            let sigma = NETWORK_SIGMA * own;
            if (own - inverse).abs() > SAME_SIGMAS * sigma.hypot(matched) {
                return Origin::Network;
            }
            let (a, b) = (sigma.powi(-2), matched.powi(-2));
            map.depth[pixel] = ((a + b) / (a * own + b * inverse)) as f32;
            Origin::Both
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Camera;
    use crate::math::Pose;
    use image::RgbImage;

    #[test]
    fn matching_sharpens_what_both_see_and_stands_in_for_what_the_network_doubts() {
        let mut map = DepthMap {
            frame_idx: 0,
            camera: Camera::centred(4, 1, 4.0),
            world_from_camera: Pose::identity(),
            depth: vec![2.04, 2.04, 2.0, 2.0],
            confidence: vec![200, 200, 10, 200],
            color: RgbImage::new(4, 1),
        };
        let swept =
            Swept { view: 0, inverse: vec![0.5, 0.8, 0.5, 0.0], uniqueness: vec![0.5; 4], step: 0.01 };
        let origins = join(&mut map, &swept, 76);
        assert_eq!(origins, [Origin::Both, Origin::Network, Origin::Matching, Origin::Network]);
        assert!((map.depth[0] - 2.0).abs() < 0.015, "{}", map.depth[0]);
        assert_eq!([map.depth[1], map.depth[2], map.depth[3]], [2.04, 2.0, 2.0]);
        assert_eq!(map.confidence, [200, 200, 0, 200]);
    }
}
