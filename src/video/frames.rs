//! The result of stage 1: which frames there are, and where their pixels come from.

use crate::camera::Camera;
use crate::math::Pose;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of stage 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Frames are thinned to at most this rate, frames per second.
    pub max_fps: f64,
    /// Longer image side of the working resolution, pixels; larger input is scaled down.
    pub max_side_px: u32,
    /// First moment used, seconds from the start of the clip.
    pub start_s: f64,
    /// Last moment used, seconds from the start; 0 means the end.
    pub end_s: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_fps: 30.0, max_side_px: 640, start_s: 0.0, end_s: 0.0 }
    }
}

/// One frame of the set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameInfo {
    /// Index in the source (decoded frame number, or position in the sorted folder).
    pub source_idx: usize,
    /// True time stamp, seconds (from the container, not index / fps).
    pub time_s: f64,
    /// Variance of the Laplacian of the gray working image; small means blurred.
    pub sharpness: f64,
    /// Mean gray level, 0..255.
    pub brightness: f64,
}

/// Pose and depth that came with the input, for one frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenFrame {
    /// Camera pose, OpenCV axes.
    pub world_from_camera: Pose,
    /// 16-bit depth image, when there is one.
    pub depth_path: Option<PathBuf>,
}

/// Where the pixels come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameSource {
    /// A video file; the clockwise rotation (0, 90, 180, 270 degrees) is applied after decoding.
    Video {
        /// The file.
        path: PathBuf,
        /// Clockwise rotation that makes frames upright, degrees.
        rotation_deg: u32,
    },
    /// Image files, in order; `source_idx` indexes this list.
    Images {
        /// The files.
        paths: Vec<PathBuf>,
    },
}

/// All frames of a clip at working resolution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameSet {
    /// Where pixels come from.
    pub source: FrameSource,
    /// Working width, pixels.
    pub width: u32,
    /// Working height, pixels.
    pub height: u32,
    /// Frames in time order.
    pub frames: Vec<FrameInfo>,
    /// Intrinsics at the working resolution, when the input or its metadata gives them.
    pub camera: Option<Camera>,
    /// Poses and depth by frame (same length as `frames`), when the input gives them.
    pub given: Option<Vec<GivenFrame>>,
    /// Metres per unit of the given 16-bit depth images.
    pub depth_unit_m: f64,
}
