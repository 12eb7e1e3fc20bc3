//! A second opinion on the scale: what somebody who knows rooms makes of the scene at a supposed one.
//!
//! The cues of [`super::scale`] measure single lengths; a judge (the layout network) looks at the
//! whole scene. It was trained within ±25 % of the true scale, so it is asked again at the scale that
//! follows from its answer, until that stays. Only its last answer counts: it is the same evidence
//! each time. Unknown: x = ln(metres per world unit).

use super::scale::{Posterior, Scale};
use crate::cloud::{Cloud, SceneFrame};
use crate::math::Sim3;
use serde::{Deserialize, Serialize};

/// Scale of a cloud over the true one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogScale {
    /// Natural logarithm; divide the cloud by its exponential.
    pub log_scale: f64,
    /// One standard deviation of it.
    pub log_sigma: f64,
}

/// Somebody who knows how large rooms and what is in them usually are.
pub trait ScaleJudge {
    /// Judges the scale of an upright cloud, its floor at z = 0; `None` when nothing can be said.
    fn judge(&self, cloud: &Cloud<SceneFrame>, scene_from_world: &Sim3) -> Option<LogScale>;
}

/// Times that the judge is asked at most.
const MAX_LOOKS: usize = 4;
/// A change of the scale below this is none, logarithm.
const SETTLED_LOG: f64 = 0.01;
/// Corrections beyond this were not trained (±25 %), logarithm; sigma grows by what is beyond.
const TRAINED_LOG: f64 = 0.22;
/// Chance that the judge is mistaken altogether (a hall, a doll's house, a cloud full of holes).
const MISTAKEN: f64 = 0.05;
/// ... and one standard deviation of its opinion then, logarithm.
const MISTAKEN_LOG_SIGMA: f64 = 0.4;

/// Joins the cues with the judge's opinion; `look` asks it at a scale, metres per world unit.
pub(super) fn settle(posterior: &Posterior, look: impl Fn(f64) -> Option<LogScale>) -> Scale {
    let mut scale = posterior.scale(None);
    for _ in 0..MAX_LOOKS {
        let x = scale.metres_per_unit.ln();
        let Some(seen) = look(scale.metres_per_unit).filter(is_usable) else { return scale };
        let beyond = (seen.log_scale.abs() - TRAINED_LOG).max(0.0);
        let opinion = Opinion { x: x - seen.log_scale, log_sigma: seen.log_sigma.hypot(beyond) };
        scale = posterior.scale(Some(&opinion));
        if (scale.metres_per_unit.ln() - x).abs() < SETTLED_LOG {
            break;
        }
    }
    scale
}

fn is_usable(seen: &LogScale) -> bool {
    seen.log_scale.is_finite() && seen.log_sigma.is_finite() && seen.log_sigma > 0.0
}

/// What the judge says of x.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opinion {
    /// Its estimate.
    pub x: f64,
    /// One standard deviation.
    pub log_sigma: f64,
}

impl Opinion {
    /// Log likelihood of x.
    pub fn log_likelihood(&self, x: f64) -> f64 {
        let gauss = |sigma: f64| (-0.5 * ((x - self.x) / sigma).powi(2)).exp() / sigma;
        let mistaken = MISTAKEN_LOG_SIGMA.hypot(self.log_sigma);
        ((1.0 - MISTAKEN) * gauss(self.log_sigma) + MISTAKEN * gauss(mistaken)).max(1e-300).ln()
    }
}
