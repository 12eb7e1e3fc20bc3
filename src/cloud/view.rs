//! One depth map made ready for fusion: checked, with weights, occlusion edges removed.

use super::options::{Error, Options};
use crate::depth::DepthMap;
use crate::math::{Point3, Pose, median};
use rayon::prelude::*;

/// A view farther than the typical distance counts less, with the square of the distance (the
/// variance of stereo and structured-light depth grows faster still: Khoshelham and Elberink 2012),
/// but never less than this share.
const MIN_DISTANCE_WEIGHT: f32 = 0.1;
/// Pixels looked at for the median depth.
const MEDIAN_SAMPLES: usize = 200_000;

/// What is common to all views: the thresholds in world units.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Median depth, world units.
    pub median_depth: f64,
    /// Depth beyond this is not used, world units.
    pub max_depth: f32,
    /// Least confidence, 0..255.
    pub min_confidence: u8,
    /// See `Options::max_edge_ratio`.
    pub max_edge_ratio: f32,
}

/// A depth map ready for fusion.
pub struct View<'a> {
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
    /// Weight of each pixel, 0 = not used.
    pub weight: Vec<f32>,
    /// The map.
    pub map: &'a DepthMap,
    /// Inverse pose.
    pub camera_from_world: Pose,
}

impl View<'_> {
    /// Depth of a pixel that is used, world units.
    pub fn depth_at(&self, u: usize, v: usize) -> Option<f64> {
        let index = v * self.width + u;
        (self.weight[index] > 0.0).then(|| f64::from(self.map.depth[index]))
    }

    /// World point of pixel (u, v) at depth `z`.
    pub fn world_point(&self, u: usize, v: usize, z: f64) -> Point3 {
        let camera = &self.map.camera;
        let x = (u as f64 - camera.cx) / camera.fx * z;
        let y = (v as f64 - camera.cy) / camera.fy * z;
        self.map.world_from_camera * Point3::new(x, y, z)
    }
}

/// Checks that the arrays of a map fit together.
pub fn check_size(map: &DepthMap) -> Result<(), Error> {
    let (width, height) = (map.camera.width, map.camera.height);
    let pixels = width as usize * height as usize;
    let sizes_fit = map.depth.len() == pixels
        && map.confidence.len() == pixels
        && map.color.width() == width
        && map.color.height() == height;
    if sizes_fit {
        return Ok(());
    }
    Err(Error::MapSize {
        frame_idx: map.frame_idx,
        width,
        height,
        depth: map.depth.len(),
        confidence: map.confidence.len(),
        color_width: map.color.width(),
        color_height: map.color.height(),
    })
}

/// True when the pose and the intrinsics are numbers that can be used.
pub fn is_usable(map: &DepthMap) -> bool {
    let camera = &map.camera;
    let pose_is_finite = map.world_from_camera.to_homogeneous().iter().all(|value| value.is_finite());
    let numbers = [camera.fx, camera.fy, camera.cx, camera.cy];
    pose_is_finite && numbers.iter().all(|value| value.is_finite()) && camera.fx > 0.0 && camera.fy > 0.0
}

/// Median of the depths that are confident enough; `None` without any.
pub fn median_depth(maps: &[&DepthMap], min_confidence: u8) -> Option<f64> {
    let pixels: usize = maps.iter().map(|map| map.depth.len()).sum();
    let stride = (pixels / MEDIAN_SAMPLES).max(1);
    let samples: Vec<f64> = maps
        .par_iter()
        .flat_map_iter(|map| {
            (0..map.depth.len()).step_by(stride).filter_map(|index| {
                let depth = map.depth[index];
                let used = depth > 0.0 && depth.is_finite() && map.confidence[index] >= min_confidence.max(1);
                used.then_some(f64::from(depth))
            })
        })
        .collect();
    median(&samples)
}

/// The thresholds of these maps in world units; `None` without any depth.
pub fn limits(maps: &[&DepthMap], options: &Options) -> Option<Limits> {
    let min_confidence = (options.min_confidence * 255.0).round().clamp(1.0, 255.0) as u8;
    let median_depth = median_depth(maps, min_confidence)?;
    Some(Limits {
        median_depth,
        max_depth: (median_depth * options.max_depth_ratio) as f32,
        min_confidence,
        max_edge_ratio: options.max_edge_ratio as f32,
    })
}

/// Makes a checked map ready.
pub fn prepare<'a>(map: &'a DepthMap, limits: &Limits) -> View<'a> {
    let (width, height) = (map.camera.width as usize, map.camera.height as usize);
    let typical = limits.median_depth as f32;
    let weight = map
        .depth
        .iter()
        .zip(&map.confidence)
        .map(|(&depth, &confidence)| {
            if !(depth > 0.0 && depth <= limits.max_depth) || confidence < limits.min_confidence {
                return 0.0;
            }
            let ratio = typical / depth;
            f32::from(confidence) / 255.0 * (ratio * ratio).clamp(MIN_DISTANCE_WEIGHT, 1.0)
        })
        .collect();
    let mut view = View { width, height, weight, map, camera_from_world: map.world_from_camera.inverse() };
    remove_edges(&mut view, limits.max_edge_ratio);
    view
}

/// Removes pixels on occlusion edges. Inverse depth is linear over a plane, so its second difference
/// is zero there whatever the slant; at an edge it is the step.
fn remove_edges(view: &mut View<'_>, max_edge_ratio: f32) {
    let (width, height) = (view.width, view.height);
    if width < 3 || height < 3 {
        return;
    }
    let inverse: Vec<f32> = view
        .map
        .depth
        .iter()
        .zip(&view.weight)
        .map(|(&depth, &weight)| if weight > 0.0 { 1.0 / depth } else { 0.0 })
        .collect();
    for v in 1..height - 1 {
        let row = v * width;
        for index in row + 1..row + width - 1 {
            let centre = inverse[index];
            let bend = |before: f32, after: f32| {
                let known = before > 0.0 && after > 0.0;
                if known { (before + after - 2.0 * centre).abs() } else { 0.0 }
            };
            let horizontal = bend(inverse[index - 1], inverse[index + 1]);
            let vertical = bend(inverse[index - width], inverse[index + width]);
            if horizontal.max(vertical) > max_edge_ratio * centre {
                view.weight[index] = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Camera;
    use image::RgbImage;

    fn map_of(depth: Vec<f32>, width: u32, height: u32) -> DepthMap {
        DepthMap {
            frame_idx: 0,
            camera: Camera::centred(width, height, 40.0),
            world_from_camera: Pose::identity(),
            confidence: vec![255; depth.len()],
            depth,
            color: RgbImage::new(width, height),
        }
    }

    #[test]
    fn a_slanted_plane_has_no_edges_and_a_step_has() {
        let plane: Vec<f32> = (0..400).map(|i| 1.0 / (0.2 + 0.01 * (i % 20) as f32)).collect();
        let map = map_of(plane.clone(), 20, 20);
        let limits = limits(&[&map], &Options::default()).expect("has depth");
        let view = prepare(&map, &limits);
        assert!(view.weight.iter().all(|&weight| weight > 0.0));

        let step = plane.iter().enumerate().map(|(i, &d)| if i % 20 < 10 { d } else { d * 1.5 }).collect();
        let map = map_of(step, 20, 20);
        let view = prepare(&map, &limits);
        let removed = view.weight.iter().filter(|&&weight| weight == 0.0).count();
        assert_eq!(removed, 2 * 18, "one pixel on each side of the step, borders aside");
    }

    #[test]
    fn nan_negative_and_infinite_depth_is_not_used() {
        let map = map_of(vec![f32::NAN, -1.0, f32::INFINITY, 2.0], 2, 2);
        let limits = limits(&[&map], &Options::default()).expect("one depth");
        assert_eq!(limits.median_depth, 2.0);
        assert_eq!(prepare(&map, &limits).weight, vec![0.0, 0.0, 0.0, 1.0]);
    }
}
