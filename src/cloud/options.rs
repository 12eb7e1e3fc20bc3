//! Options and errors of stage 4.

use serde::{Deserialize, Serialize};

/// Median depth of hand-held indoor footage, metres: what one world unit is measured against when
/// the trajectory has no scale (median over 7-Scenes-like and flat walkthroughs is 1.7–2.4 m).
pub const TYPICAL_MEDIAN_DEPTH_M: f64 = 2.0;

/// Options of stage 4. Lengths are metres; without a metric trajectory they are converted with the
/// assumption that the median depth is [`TYPICAL_MEDIAN_DEPTH_M`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Edge of a voxel of the fused surface, metres.
    pub voxel_m: f64,
    /// Half width of the band around a surface in which its distance is kept, voxels.
    pub truncation_voxels: f64,
    /// Depth with less confidence than this is not used, 0..1.
    pub min_confidence: f64,
    /// Weight that a surface point must have gathered; 1 is one confident view from typical distance.
    pub min_weight: f64,
    /// Depth beyond this multiple of the median depth is not used.
    pub max_depth_ratio: f64,
    /// A depth that differs from what its neighbours on both sides predict by more than this share
    /// is on an occlusion edge and not used.
    pub max_edge_ratio: f64,
    /// Connected pieces of surface with fewer points than this are dropped.
    pub min_piece_points: usize,
    /// Memory for voxels, MiB; larger scenes are fused piece by piece, with the same result.
    pub memory_mib: usize,
    /// Edge of a free-space voxel, metres.
    pub free_voxel_m: f64,
    /// Most voxels of the free-space grid; larger scenes get coarser voxels and a warning.
    pub max_free_voxels: usize,
    /// Most views used for free space, spread evenly.
    pub max_free_views: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            voxel_m: 0.02,
            truncation_voxels: 4.0,
            min_confidence: 0.1,
            min_weight: 0.2,
            max_depth_ratio: 5.0,
            max_edge_ratio: 0.04,
            min_piece_points: 60,
            memory_mib: 640,
            free_voxel_m: 0.05,
            max_free_voxels: 48 << 20,
            max_free_views: 400,
        }
    }
}

/// Why no cloud could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No map holds a usable depth.
    #[error(
        "no usable depth in {maps} depth maps ({pixels} pixels, {dropped} of them not finite, too far or \
         below confidence {min_confidence}); check that depth and poses belong together, or lower \
         `cloud.min_confidence`"
    )]
    NoDepth {
        /// Maps looked at.
        maps: usize,
        /// Their pixels.
        pixels: usize,
        /// Pixels with a depth that was refused.
        dropped: usize,
        /// The threshold.
        min_confidence: f64,
    },
    /// A map's arrays do not fit its camera.
    #[error(
        "depth map of frame {frame_idx} is inconsistent: camera {width}x{height}, {depth} depths, \
         {confidence} confidences, colour {color_width}x{color_height}; all must have one size"
    )]
    MapSize {
        /// Frame of the map.
        frame_idx: usize,
        /// Camera width, pixels.
        width: u32,
        /// Camera height, pixels.
        height: u32,
        /// Depths given.
        depth: usize,
        /// Confidences given.
        confidence: usize,
        /// Colour width, pixels.
        color_width: u32,
        /// Colour height, pixels.
        color_height: u32,
    },
    /// The maps hold depth but no surface came out.
    #[error(
        "no surface left of {points} fused points after the removal of outliers; the depth maps do not agree \
         with each other (wrong poses?), or `cloud.min_weight` {min_weight} is too high for so few views"
    )]
    NoSurface {
        /// Points before the removal.
        points: usize,
        /// The threshold.
        min_weight: f64,
    },
    /// An option is out of range.
    #[error("option `cloud.{name}` is {value}; it must be {range}")]
    Option {
        /// Its key.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
}

impl Options {
    /// Checks the ranges.
    pub(super) fn validate(&self) -> Result<(), Error> {
        let positive = [
            ("voxel_m", self.voxel_m),
            ("max_depth_ratio", self.max_depth_ratio),
            ("max_edge_ratio", self.max_edge_ratio),
            ("free_voxel_m", self.free_voxel_m),
        ];
        for (name, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::Option { name, value, range: "a positive number" });
            }
        }
        if !(self.truncation_voxels >= 2.0 && self.truncation_voxels <= 32.0) {
            let value = self.truncation_voxels;
            return Err(Error::Option { name: "truncation_voxels", value, range: "from 2 to 32" });
        }
        if !(0.0..=1.0).contains(&self.min_confidence) {
            let value = self.min_confidence;
            return Err(Error::Option { name: "min_confidence", value, range: "from 0 to 1" });
        }
        if !(self.min_weight >= 0.0) {
            return Err(Error::Option { name: "min_weight", value: self.min_weight, range: "not negative" });
        }
        Ok(())
    }
}
