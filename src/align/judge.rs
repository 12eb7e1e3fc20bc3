//! A second opinion on the scale: what somebody who knows rooms makes of the scene at a supposed one.
//!
//! The cues of [`super::scale`] measure single lengths; a judge (the layout network) looks at the
//! whole scene. A judge who does not know says "right" to every scale, so it is asked at two: only as
//! far as its answer follows the change does it count. The heights of the doors that it finds are a measurement of
//! their own, asked in the same way. It was trained within ±25 % of the true scale,
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

/// What a judge says of a cloud.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Judgement {
    /// Of the scene as a whole.
    pub scene: Option<LogScale>,
    /// Of its doors, which are nearly of one height everywhere.
    pub doors: Option<LogScale>,
}

/// Somebody who knows how large rooms and what is in them usually are.
pub trait ScaleJudge {
    /// Judges the scale of an upright cloud, its floor at z = 0.
    fn judge(&self, cloud: &Cloud<SceneFrame>, scene_from_world: &Sim3) -> Judgement;
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
/// ... or that what it takes for doors is none, or of unusual height.
const NO_DOOR: f64 = 0.15;
/// Heights of doors that follow less than this share of a change of the scale are guesses.
const MIN_DOOR_SLOPE: f64 = 0.6;
/// One standard deviation of an opinion that is mistaken, logarithm.
const MISTAKEN_LOG_SIGMA: f64 = 0.4;

/// Joins the cues with the judge's opinions; `look` asks it at a scale, metres per world unit.
pub(super) fn settle(posterior: &Posterior, look: impl Fn(f64) -> Judgement) -> Scale {
    let alone = posterior.scale(&[]);
    let mut scale = alone.clone();
    for _ in 0..MAX_ROUNDS {
        let x = scale.metres_per_unit.ln();
        let aside = [x - ASIDE_LOG, x + ASIDE_LOG].map(|x| look(x.exp()));
        let both = |of: fn(&Judgement) -> Option<LogScale>| {
            let [below, above] = aside.each_ref().map(|seen| of(seen).filter(is_usable));
            below.zip(above)
        };
        let scene = both(|seen| seen.scene).and_then(|seen| opinion_of_scene(x, &seen));
        let doors = both(|seen| seen.doors).and_then(|seen| opinion_of_doors(x, &seen));
        let opinions: Vec<Opinion> = scene.into_iter().chain(doors).collect();
        if opinions.is_empty() {
            return alone;
        }
        scale = posterior.scale(&opinions);
        if doors.is_none() {
            // It knows the same usual sizes as the cues: it may correct them, but not make them surer.
            scale.log_sigma = scale.log_sigma.max(alone.log_sigma);
        }
        if (scale.metres_per_unit.ln() - x).abs() < SETTLED_LOG {
            break;
        }
    }
    scale
}

/// How far an answer follows a change of the scale, 1 when it is a measurement.
fn slope((below, above): &(LogScale, LogScale)) -> f64 {
    ((above.log_scale - below.log_scale) / (2.0 * ASIDE_LOG)).min(1.0)
}

/// What two looks, aside of `x`, say of the true scale; `None` when the answers do not follow.
fn opinion_of_scene(x: f64, seen: &(LogScale, LogScale)) -> Option<Opinion> {
    let (below, above) = seen;
    let mean = 0.5 * (below.log_scale + above.log_scale);
    let name = "layout_network";
    let slope = slope(seen);
    if slope >= MIN_SLOPE {
        let off = mean / slope;
        let beyond = (off.abs() - TRAINED_LOG).max(0.0);
        let own = below.log_sigma.max(above.log_sigma) / slope;
        let log_sigma = own.hypot(beyond).hypot(STRANGE_LOG_SIGMA);
        return Some(Opinion { name, x: x - off, log_sigma, mistaken: MISTAKEN });
    }
    let is_far = mean.abs() > FAR_LOG;
    is_far.then_some(Opinion { name, x: x - mean, log_sigma: FAR_LOG_SIGMA, mistaken: MISTAKEN })
}

/// The same of doors. What is drawn at the usual height whatever the scale is no measurement.
fn opinion_of_doors(x: f64, seen: &(LogScale, LogScale)) -> Option<Opinion> {
    let slope = slope(seen);
    let mean = 0.5 * (seen.0.log_scale + seen.1.log_scale);
    let log_sigma = seen.0.log_sigma.max(seen.1.log_sigma) / slope;
    let opinion = Opinion { name: "door_height", x: x - mean / slope, log_sigma, mistaken: NO_DOOR };
    (slope >= MIN_DOOR_SLOPE).then_some(opinion)
}

fn is_usable(seen: &LogScale) -> bool {
    seen.log_scale.is_finite() && seen.log_sigma.is_finite() && seen.log_sigma > 0.0
}

/// What the judge says of x.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opinion {
    /// Name of the cue.
    pub name: &'static str,
    /// Its estimate.
    pub x: f64,
    /// One standard deviation.
    pub log_sigma: f64,
    /// Chance that it is mistaken altogether.
    pub mistaken: f64,
}

impl Opinion {
    /// Log likelihood of x.
    pub fn log_likelihood(&self, x: f64) -> f64 {
        let gauss = |sigma: f64| (-0.5 * ((x - self.x) / sigma).powi(2)).exp() / sigma;
        let mistaken = MISTAKEN_LOG_SIGMA.hypot(self.log_sigma);
        ((1.0 - self.mistaken) * gauss(self.log_sigma) + self.mistaken * gauss(mistaken)).max(1e-300).ln()
    }
}
