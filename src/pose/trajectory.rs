//! The result of stage 2: poses of the frames, the camera and the sparse points they agree on.
//!
//! Frame: the world frame of the reconstruction (arbitrary gravity, yaw and, unless `metric`, scale).

use crate::camera::Camera;
use crate::math::{Point2, Point3, Pose};
use serde::{Deserialize, Serialize};

/// The pose of one registered frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FramePose {
    /// Index into `FrameSet::frames`.
    pub frame_idx: usize,
    /// Time stamp, seconds.
    pub time_s: f64,
    /// Camera pose in the world frame, OpenCV camera axes.
    pub world_from_camera: Pose,
    /// Chosen as a keyframe: sharp, with parallax to its neighbours. Depth is computed for these.
    pub is_keyframe: bool,
}

/// Where a sparse point was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Index into `FrameSet::frames`.
    pub frame_idx: usize,
    /// Pixel (distorted, as in the image).
    pub pixel: Point2,
}

/// A triangulated point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SparsePoint {
    /// Position in the world frame.
    pub position: Point3,
    /// Colour, sRGB.
    pub rgb: [u8; 3],
    /// RMS reprojection error over its observations, pixels.
    pub error_px: f64,
    /// Views that saw it (keyframes).
    pub observations: Vec<Observation>,
}

/// The camera path of a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trajectory {
    /// Intrinsics of the working images.
    pub camera: Camera,
    /// Standard deviation of the focal length, pixels; 0 when given.
    pub focal_sigma_px: f64,
    /// Frames in the set (registered or not).
    pub frame_count: usize,
    /// Registered frames in time order.
    pub poses: Vec<FramePose>,
    /// Sparse points.
    pub points: Vec<SparsePoint>,
    /// World units are metres (poses were given in metres).
    pub metric: bool,
}

impl Trajectory {
    /// Registered share of the frames, 0..1.
    #[must_use]
    pub fn registered_share(&self) -> f64 {
        if self.frame_count == 0 { 0.0 } else { self.poses.len() as f64 / self.frame_count as f64 }
    }

    /// The keyframes in time order.
    pub fn keyframes(&self) -> impl Iterator<Item = &FramePose> {
        self.poses.iter().filter(|pose| pose.is_keyframe)
    }

    /// Length of the path through all registered frames, world units.
    #[must_use]
    pub fn path_length(&self) -> f64 {
        self.poses
            .windows(2)
            .map(|pair| {
                (pair[1].world_from_camera.translation.vector - pair[0].world_from_camera.translation.vector)
                    .norm()
            })
            .sum()
    }
}
