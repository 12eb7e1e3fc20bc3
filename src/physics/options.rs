//! What the user may turn in stage 7.

use serde::{Deserialize, Serialize};

/// Options of the repair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Walls are closed in where almost everything round a room was seen.
    pub infer_walls: bool,
    /// A room may have at most this share of its outline inferred, 0..1.
    pub max_inferred_share: f64,
    /// The same of a place that is likely to be there and that would stay open otherwise, 0..1.
    pub max_inferred_share_of_place: f64,
    /// Longest wall that may be inferred, metres.
    pub max_inferred_wall_m: f64,
    /// Farthest that a wall's end is drawn out to meet another wall, metres.
    pub max_extension_m: f64,
    /// One standard deviation of an object's yaw, radians; bounds the snapping to its room's walls.
    pub yaw_sigma_rad: f64,
    /// One standard deviation of an object's sizes as a share of them.
    pub size_sigma_rel: f64,
    /// An object that must move further than this many sigmas gives way to a surer object or wall
    /// (3: of true ones, three in a thousand); the surer it is, the further it may be off.
    pub max_shift_sigmas: f64,
    /// Seconds of rigid-body simulation of the settle check; 0 skips it.
    pub settle_s: f64,
    /// Radius of the robot whose ways are kept free, metres.
    pub robot_radius_m: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            infer_walls: true,
            max_inferred_share: 0.6,
            max_inferred_share_of_place: 0.85,
            max_inferred_wall_m: 7.0,
            max_extension_m: 1.5,
            yaw_sigma_rad: 5f64.to_radians(),
            size_sigma_rel: 0.1,
            max_shift_sigmas: 3.0,
            settle_s: 1.0,
            robot_radius_m: 0.15,
        }
    }
}

impl Options {
    /// Checks that every option has a meaning.
    ///
    /// # Errors
    /// [`Error::Option`](super::Error::Option) names the first that has none.
    pub(crate) fn check(&self) -> Result<(), super::Error> {
        let rules = [
            ("max_inferred_share", self.max_inferred_share, 0.0, 1.0, "0 to 1"),
            ("max_inferred_share_of_place", self.max_inferred_share_of_place, 0.0, 1.0, "0 to 1"),
            ("max_inferred_wall_m", self.max_inferred_wall_m, 0.0, 16.0, "0 to 16 m"),
            ("max_extension_m", self.max_extension_m, 0.0, 20.0, "0 to 20 m"),
            ("yaw_sigma_rad", self.yaw_sigma_rad, 0.0, 1.6, "0 to 1.6 rad"),
            ("size_sigma_rel", self.size_sigma_rel, 0.0, 2.0, "0 to 2"),
            ("max_shift_sigmas", self.max_shift_sigmas, 0.0, 100.0, "0 to 100"),
            ("settle_s", self.settle_s, 0.0, 60.0, "0 to 60 s"),
            ("robot_radius_m", self.robot_radius_m, 0.01, 5.0, "0.01 to 5 m"),
        ];
        for (name, value, low, high, must) in rules {
            if !(low..=high).contains(&value) {
                return Err(super::Error::Option { name, value, must });
            }
        }
        Ok(())
    }
}
