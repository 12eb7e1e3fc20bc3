//! The result of stage 3: one depth map with colour and confidence per keyframe.

use crate::camera::Camera;
use crate::math::Pose;
use image::RgbImage;

/// Depth of one view. Row-major, `camera.width` x `camera.height`.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthMap {
    /// Index into `FrameSet::frames`.
    pub frame_idx: usize,
    /// Undistorted intrinsics of this map.
    pub camera: Camera,
    /// Camera pose in the world frame.
    pub world_from_camera: Pose,
    /// Depth along the optical axis, world units; 0 = no estimate.
    pub depth: Vec<f32>,
    /// Confidence 0..255 (probability that the depth is within 5 %, times 255); 0 where no estimate.
    pub confidence: Vec<u8>,
    /// Colour at the same resolution.
    pub color: RgbImage,
}

impl DepthMap {
    /// Share of pixels with an estimate, 0..1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        if self.depth.is_empty() {
            return 0.0;
        }
        self.depth.iter().filter(|&&d| d > 0.0).count() as f64 / self.depth.len() as f64
    }
}

/// Depth of all keyframes, in time order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DepthMaps {
    /// The maps.
    pub maps: Vec<DepthMap>,
    /// Name of the estimator that made them.
    pub source: String,
}
