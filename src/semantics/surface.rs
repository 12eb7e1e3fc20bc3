//! Scores of a picture at the places that its depths show. `(&DepthMap, &ScoreMap) -> looks`.

use super::{ScoreMap, ScoredPoint};
use crate::depth::DepthMap;
use crate::math::{Point3, Sim3};

/// Every so many pixels are looked at, across and down.
const STEP: usize = 3;
/// Depths less sure than this are not used, 0..255 (as in fusion: 0.3).
const MIN_CONFIDENCE: u8 = 77;
/// Depths differ by more than this share across the edge of a thing, where scores bleed.
const EDGE_RATIO: f32 = 0.06;
/// Pixels to either side of an edge that are left out.
const EDGE_PIXELS: usize = 3;
/// What is farther away fills too few pixels, metres.
const MAX_DEPTH_M: f64 = 6.0;

/// The looks of one picture.
pub fn looks(map: &DepthMap, scores: &ScoreMap, scene_from_world: &Sim3) -> Vec<ScoredPoint> {
    let (width, height) = (map.camera.width as usize, map.camera.height as usize);
    let metre = scene_from_world.scaling();
    let depth = |x: usize, y: usize| map.depth[y * width + x];
    let mut found = Vec::new();
    for y in (EDGE_PIXELS..height.saturating_sub(EDGE_PIXELS)).step_by(STEP) {
        for x in (EDGE_PIXELS..width.saturating_sub(EDGE_PIXELS)).step_by(STEP) {
            let z = depth(x, y);
            let is_used = z > 0.0
                && map.confidence[y * width + x] >= MIN_CONFIDENCE
                && f64::from(z) * metre < MAX_DEPTH_M;
            let around =
                [(x - EDGE_PIXELS, y), (x + EDGE_PIXELS, y), (x, y - EDGE_PIXELS), (x, y + EDGE_PIXELS)];
            let is_edge = around.iter().any(|&(x, y)| {
                let other = depth(x, y);
                other > 0.0 && (other - z).abs() > EDGE_RATIO * z
            });
            if !is_used || is_edge {
                continue;
            }
            let (u, v) = (x as f64 + 0.5, y as f64 + 0.5);
            let cell =
                |at: f64, of: usize, cells: usize| ((at / of as f64 * cells as f64) as usize).min(cells - 1);
            let index = cell(v, height, scores.height) * scores.width + cell(u, width, scores.width);
            let z = f64::from(z);
            let p = Point3::new(
                (x as f64 - map.camera.cx) / map.camera.fx * z,
                (y as f64 - map.camera.cy) / map.camera.fy * z,
                z,
            );
            let p = scene_from_world * (map.world_from_camera * p);
            let position = [p.x as f32, p.y as f32, p.z as f32];
            if position.iter().all(|c| c.is_finite()) {
                found.push(ScoredPoint { position, scores: scores.scores[index] });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Camera;
    use crate::math::Pose;
    use crate::semantics::GROUPS;

    #[test]
    fn a_look_goes_to_the_place_that_the_depth_shows_and_edges_are_left_out() {
        let mut depth = vec![2.0f32; 60 * 40];
        for y in 0..40 {
            depth[y * 60 + 30..(y + 1) * 60].fill(4.0);
        }
        let map = DepthMap {
            frame_idx: 0,
            camera: Camera::centred(60, 40, 50.0),
            world_from_camera: Pose::identity(),
            depth,
            confidence: vec![255; 60 * 40],
            color: image::RgbImage::new(60, 40),
        };
        let (mut left, mut right) = ([0; GROUPS.len()], [0; GROUPS.len()]);
        (left[4], right[9]) = (200, 100);
        let scores = ScoreMap { map_idx: 0, width: 2, height: 1, scores: vec![left, right] };
        let half = Sim3::from_parts(Default::default(), Default::default(), 0.5);
        let found = looks(&map, &scores, &half);
        assert!(!found.is_empty());
        for look in &found {
            let [x, _, z] = look.position;
            let is_left = x < 0.0;
            assert_eq!(z, if is_left { 1.0 } else { 2.0 }, "{look:?}");
            assert_eq!((look.scores[4], look.scores[9]), if is_left { (200, 0) } else { (0, 100) });
            // In pixels from the edge.
            assert!((50.0 * x / z).abs() >= 2.0, "{look:?}");
        }
    }
}
