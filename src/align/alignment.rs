//! The result of stage 5: the similarity that makes the scene upright and metric, with its
//! uncertainties and where they come from.

use crate::math::Sim3;
use serde::{Deserialize, Serialize};

/// What the metric scale was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleSource {
    /// The input was metric already.
    Given,
    /// `--known-length`.
    KnownLength,
    /// `--ceiling-height`.
    CeilingHeight,
    /// Several cues fused (camera height, room height, door and furniture sizes, network).
    Fused,
    /// Only a prior was left.
    Prior,
}

/// One cue that took part in a fused estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// Name of the cue, e.g. `camera_height`.
    pub name: String,
    /// Its estimate (metres per world unit for scale).
    pub value: f64,
    /// One standard deviation of the natural logarithm of the value.
    pub log_sigma: f64,
}

/// What the user knows of the scene.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hints {
    /// Floor-to-ceiling height, metres.
    pub ceiling_height_m: Option<f64>,
    /// The longest wall-to-wall distance (`room`), a door height (`door`) or the camera height
    /// (`camera`): metres and which.
    pub known_length: Option<(f64, String)>,
    /// The input's z axis already points up.
    pub z_up: bool,
    /// The input's unit already is the metre.
    pub metric: bool,
}

/// Gravity, yaw and scale, with sigmas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alignment {
    /// World to scene frame; its scaling is metres per world unit.
    pub scene_from_world: Sim3,
    /// One standard deviation of the up direction, radians.
    pub gravity_sigma_rad: f64,
    /// Cues of the up direction that were used.
    pub gravity_sources: Vec<String>,
    /// Share of the wall evidence along two perpendicular directions, 0..1; below 0.5 there is no
    /// Manhattan frame and yaw is arbitrary.
    pub manhattan_share: f64,
    /// Where the scale comes from.
    pub scale_source: ScaleSource,
    /// One standard deviation of the natural logarithm of the scale.
    pub scale_log_sigma: f64,
    /// The scale cues.
    pub scale_cues: Vec<Cue>,
    /// Height of the ceiling above the floor, metres, when seen.
    pub ceiling_height_m: Option<f64>,
}
