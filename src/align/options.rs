//! Options and errors of stage 5.

use serde::{Deserialize, Serialize};

/// Options of stage 5. The priors are of people and homes; films by robots or from drones need other
/// camera heights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Usual height of a hand-held camera above the floor, metres.
    pub camera_height_m: f64,
    /// Its standard deviation, metres.
    pub camera_height_sigma_m: f64,
    /// Usual height of a room, metres.
    pub room_height_m: f64,
    /// Its standard deviation, metres.
    pub room_height_sigma_m: f64,
    /// A warning is raised above this standard deviation of the logarithm of the scale.
    pub scale_warning_sigma: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            camera_height_m: 1.45,
            camera_height_sigma_m: 0.2,
            room_height_m: 2.55,
            room_height_sigma_m: 0.2,
            scale_warning_sigma: 0.05,
        }
    }
}

/// Why a cloud could not be aligned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too little surface.
    #[error(
        "the cloud has {finite} finite points of {points} on {samples} separate surface cells; at least \
         {needed} are needed to find up and floor. Film more of the room, or give a denser cloud"
    )]
    TooSmall {
        /// Points given.
        points: usize,
        /// Those with finite coordinates.
        finite: usize,
        /// Surface cells they fill.
        samples: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A hint is out of range.
    #[error("{name} is {value}; it must be {range}")]
    Hint {
        /// Which.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// The named length is not known.
    #[error(
        "a known length of `{what}` cannot be used; say `room` (longest wall-to-wall), `door` or `camera`"
    )]
    KnownLength {
        /// What was named.
        what: String,
    },
}
