//! Options of stage 3.

use super::Method;
use super::completion;
use super::consistency;
use super::plane_sweep;
use serde::{Deserialize, Serialize};

/// Options of stage 3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The estimator.
    pub method: Method,
    /// At most this many keyframes get a depth map, evenly thinned along the path.
    pub max_keyframes: usize,
    /// Longer side of the depth maps of `plane_sweep` and `given`, pixels; never larger than the frames.
    pub max_side_px: u32,
    /// Manifest id of the model of `network`.
    pub model: String,
    /// At most this many keyframes for `network`, which takes a part of a second for each.
    pub max_network_keyframes: usize,
    /// Join what matching finds with what the network says.
    pub network_matching: bool,
    /// Threads of one network run.
    pub network_threads: usize,
    /// Plane sweep.
    pub plane_sweep: plane_sweep::Options,
    /// Agreement between the maps of neighbouring keyframes.
    pub consistency: consistency::Options,
    /// Piecewise-planar completion of what the plane sweep leaves open.
    pub completion: completion::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            method: Method::Auto,
            max_keyframes: 200,
            max_side_px: 320,
            model: "roomwright_depth_4v_256x384".to_owned(),
            max_network_keyframes: 120,
            network_matching: true,
            network_threads: 2,
            plane_sweep: plane_sweep::Options::default(),
            consistency: consistency::Options::default(),
            completion: completion::Options::default(),
        }
    }
}
