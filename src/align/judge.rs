//! A second opinion on the scale: what somebody who knows rooms makes of the scene at a supposed one.
//!
//! The cues of [`super::scale`] measure single lengths; a judge (the layout network) looks at the
//! whole scene. A judge who does not know says "right" to every scale, so it is asked at two: only as
//! far as its answer follows the change does it count. It was trained within ±25 % of the true scale,
//! so it is asked again at the scale that follows. Only its last answer counts: it is the same
//! evidence each time. Unknown: x = ln(metres per world unit).

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

/// Rounds of two looks at most.
const MAX_ROUNDS: usize = 3;
/// The two looks are this far to either side of the supposed scale, logarithm: well within training.
const ASIDE_LOG: f64 = 0.1;
/// A change of the scale below this is none, logarithm.
const SETTLED_LOG: f64 = 0.02;
/// An answer that follows less than this share of a change of the scale is no measurement.
const MIN_SLOPE: f64 = 0.35;
/// ... but one as far off as this tells the direction, logarithm,
const FAR_LOG: f64 = 0.12;
/// ... with this standard deviation.
const FAR_LOG_SIGMA: f64 = 0.3;
/// Standard deviation of the opinion beside the judge's own, logarithm: root mean square of its errors
/// on four films, two real ones (0.35, 0.20) and two drawn by others (0.06, 0.04). On scans of drawn
/// houses, which it was trained on, its errors are ten times smaller.
const STRANGE_LOG_SIGMA: f64 = 0.2;
/// Corrections beyond this were not trained (±25 %), logarithm; sigma grows by what is beyond.
const TRAINED_LOG: f64 = 0.22;
/// Chance that the judge is mistaken altogether (a hall, a doll's house, a cloud full of holes).
const MISTAKEN: f64 = 0.05;
/// ... and one standard deviation of its opinion then, logarithm.
const MISTAKEN_LOG_SIGMA: f64 = 0.4;

/// Joins the cues with the judge's opinion; `look` asks it at a scale, metres per world unit.
pub(super) fn settle(posterior: &Posterior, look: impl Fn(f64) -> Option<LogScale>) -> Scale {
    let alone = posterior.scale(None);
    let mut scale = alone.clone();
    for _ in 0..MAX_ROUNDS {
        let x = scale.metres_per_unit.ln();
        let aside = [x - ASIDE_LOG, x + ASIDE_LOG].map(|x| look(x.exp()).filter(is_usable));
        let [Some(below), Some(above)] = aside else { return alone };
        let Some(opinion) = opinion(x, &below, &above) else { return alone };
        scale = posterior.scale(Some(&opinion));
        // It knows the same usual sizes as the cues: it may correct them, but not make them surer.
        scale.log_sigma = scale.log_sigma.max(alone.log_sigma);
        if (scale.metres_per_unit.ln() - x).abs() < SETTLED_LOG {
            break;
        }
    }
    scale
}

/// What two looks, aside of `x`, say of the true scale; `None` when the answers do not follow.
fn opinion(x: f64, below: &LogScale, above: &LogScale) -> Option<Opinion> {
    let mean = 0.5 * (below.log_scale + above.log_scale);
    let slope = ((above.log_scale - below.log_scale) / (2.0 * ASIDE_LOG)).min(1.0);
    if slope >= MIN_SLOPE {
        let off = mean / slope;
        let beyond = (off.abs() - TRAINED_LOG).max(0.0);
        let own = below.log_sigma.max(above.log_sigma) / slope;
        return Some(Opinion { x: x - off, log_sigma: own.hypot(beyond).hypot(STRANGE_LOG_SIGMA) });
    }
    (mean.abs() > FAR_LOG).then_some(Opinion { x: x - mean, log_sigma: FAR_LOG_SIGMA })
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
