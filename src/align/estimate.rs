//! The stage: from a cloud in any frame to an upright, metric one with its floor at z = 0.
//!
//! Takes the world cloud (and the camera path when there is one), gives the similarity into the
//! scene frame with its sigmas. The result does not depend on the world frame: a rigid motion of the
//! input changes nothing but `scene_from_world`.

use super::alignment::{Alignment, Hints, ScaleSource};
use super::evidence::Evidence;
use super::gravity::{self, Gravity};
use super::judge::{self, ScaleJudge};
use super::levels::{self, Levels};
use super::options::{Error, Options};
use super::scale::{self, Measured, Posterior, Scale};
use super::{upright, yaw};
use crate::cloud::{Cloud, SceneFrame, World, downsample, estimate_normals, normals};
use crate::depth::EdgePlane;
use crate::math::{Mat3, Rotation, Sim3, Vec3, median};
use crate::pose::Trajectory;
use crate::report::Reporter;

/// Sigma of an up direction that the user vouches for, radians (0.3 degrees).
const VOUCHED_SIGMA_RAD: f64 = 0.005;
/// Up is in doubt below these log odds against the next candidate.
const MIN_UP_ODDS: f64 = 1.5;
/// Below this share there is no Manhattan frame.
const MIN_MANHATTAN_SHARE: f64 = 0.5;
/// Gravity sigma above which a warning is raised, radians (2 degrees).
const GRAVITY_WARNING_RAD: f64 = 0.035;
/// A given unit is doubted when the usual sizes disagree by more than this factor and 3 sigma.
const MAX_UNIT_DISAGREEMENT: f64 = 2.0;
/// Clouds without normals that have more points than this are thinned before normals are estimated.
const MAX_POINTS: usize = 2_000_000;
/// ... to one point a voxel of this edge, metres (the voxel of our own fusion).
const THINNED_VOXEL_M: f64 = 0.02;

/// The views that a cloud was made from.
#[derive(Debug, Clone, Copy)]
pub struct Views<'a> {
    /// The camera path.
    pub trajectory: &'a Trajectory,
    /// Straight edges in the pictures; may be empty.
    pub edges: &'a [EdgePlane],
}

/// Aligns a cloud. The scene cloud has normals also where the input has none (estimated). A `judge` is
/// asked for the scale when nothing else vouches for it.
///
/// # Errors
/// [`Error::TooSmall`] for a cloud without surface, [`Error::Hint`] and [`Error::KnownLength`] for
/// hints out of range.
pub fn align(
    cloud: &Cloud<World>,
    views: Option<Views<'_>>,
    hints: &Hints,
    judge: Option<&dyn ScaleJudge>,
    options: &Options,
    reporter: &Reporter,
) -> Result<(Alignment, Cloud<SceneFrame>), Error> {
    scale::check(hints)?;
    let trajectory = views.map(|views| views.trajectory);
    let edges = views.map_or(&[][..], |views| views.edges);
    let metric = hints.metric || trajectory.is_some_and(|trajectory| trajectory.metric);
    let hints = Hints { metric, ..hints.clone() };
    let evidence = Evidence::new(cloud, trajectory, metric)?;
    let gravity = up(&evidence, edges, &hints, reporter);
    let mut levels = levels::find(&evidence, &gravity.up);
    let yaw = yaw::find(&evidence, &gravity.up);
    let x = yaw::canonical(&evidence, &gravity.up, yaw.x);
    let measured = Measured { evidence: &evidence, up: gravity.up, x, levels: &levels };
    let cues = scale::fuse(&measured, options);
    let scale = match scale::from_hints(&measured, &hints) {
        Some(hinted) => vouched(hinted, &cues, reporter),
        None => {
            warn_unused(&measured, &hints, reporter);
            match judge {
                Some(judge) => judge::settle(&cues, |metres_per_unit| {
                    let scene_from_world =
                        assemble(&evidence, &gravity.up, &x, levels.floor, metres_per_unit);
                    judge.judge(&cloud.to_scene(&scene_from_world), &scene_from_world)
                }),
                None => cues.scale(&[]),
            }
        }
    };
    if !levels.floor_seen {
        guess_floor(&evidence, &gravity.up, &mut levels, &scale, options, reporter);
    }
    warn(&gravity, yaw.manhattan_share, &scale, options, reporter);
    let scene_from_world = assemble(&evidence, &gravity.up, &x, levels.floor, scale.metres_per_unit);
    let alignment = Alignment {
        scene_from_world,
        gravity_sigma_rad: gravity.sigma_rad,
        gravity_sources: gravity.sources,
        manhattan_share: yaw.manhattan_share,
        scale_source: scale.source,
        scale_log_sigma: scale.log_sigma,
        scale_cues: scale.cues,
        ceiling_height_m: levels.ceiling.map(|ceiling| (ceiling - levels.floor) * scale.metres_per_unit),
    };
    reporter.diagnostic("floor_seen", levels.floor_seen);
    reporter.diagnostic("floor_sigma_m", levels.floor_sigma * scale.metres_per_unit);
    reporter.diagnostic("samples", evidence.samples.len());
    let mut scene = cloud.to_scene(&scene_from_world);
    if !evidence.oriented {
        scene = with_normals(scene, reporter);
    }
    Ok((alignment, scene))
}

/// A cloud that came without normals, with estimated ones; a huge one is thinned first.
fn with_normals(scene: Cloud<SceneFrame>, reporter: &Reporter) -> Cloud<SceneFrame> {
    let mut scene = if scene.len() > MAX_POINTS { downsample(&scene, THINNED_VOXEL_M) } else { scene };
    estimate_normals(&mut scene, normals::Known { up: Some(Vec3::z()), metre: 1.0 });
    reporter.diagnostic("normals_estimated", scene.len());
    scene
}

fn up(evidence: &Evidence, edges: &[EdgePlane], hints: &Hints, reporter: &Reporter) -> Gravity {
    if hints.z_up {
        return Gravity { up: Vec3::z(), sigma_rad: VOUCHED_SIGMA_RAD, sources: vec!["given".to_owned()] };
    }
    if let Some(prior) = upright::camera_prior(evidence) {
        return gravity::refine(evidence, prior.up, Some(&prior), edges);
    }
    let (start, odds) = upright::from_room(evidence);
    if odds < MIN_UP_ODDS {
        reporter.warn(
            "up-uncertain",
            format!(
                "without camera poses up was guessed from the room's shape, with log odds of only {odds:.1} \
                 against the next candidate; give `--up z` if the cloud's z axis points up"
            ),
        );
    }
    let mut gravity = gravity::refine(evidence, start, None, edges);
    // The other candidates are at right angles: what they keep of the probability is part of sigma.
    let doubt = std::f64::consts::FRAC_PI_2 / (1.0 + odds.exp());
    gravity.sigma_rad = gravity.sigma_rad.hypot(doubt);
    gravity.sources.push("room shape".to_owned());
    gravity
}

/// Says so when a hint was given that cannot be measured here.
fn warn_unused(measured: &Measured<'_>, hints: &Hints, reporter: &Reporter) {
    if hints.ceiling_height_m.is_some() || hints.known_length.is_some() {
        reporter.warn(
            "hint-not-used",
            format!(
                "the given length could not be measured in the scene (floor {}, ceiling {}); the scale is \
                 estimated from usual sizes. Film floor and ceiling, or give a length of the room",
                if measured.levels.floor_seen { "seen" } else { "not seen" },
                if measured.levels.ceiling.is_some() { "seen" } else { "not seen" },
            ),
        );
    }
}

/// The scale of a hint, doubted when usual sizes contradict it.
fn vouched(hinted: Scale, cues: &Posterior, reporter: &Reporter) -> Scale {
    let fused = cues.scale(&[]);
    let ratio = (fused.metres_per_unit / hinted.metres_per_unit).ln();
    if ratio.abs() > MAX_UNIT_DISAGREEMENT.ln() && ratio.abs() > 3.0 * fused.log_sigma {
        reporter.warn(
            "scale-implausible",
            format!(
                "the given scale makes usual things {:.2} times their usual size (camera height, room height, \
                 tables); check the unit of the input",
                (-ratio).exp()
            ),
        );
    }
    let mut cues = hinted.cues.clone();
    cues.extend(fused.cues);
    Scale { cues, ..hinted }
}

/// Where the floor should be when it was not seen: under the cameras by their usual height, but not
/// above the lowest thing seen.
fn guess_floor(
    evidence: &Evidence,
    up: &Vec3,
    levels: &mut Levels,
    scale: &Scale,
    options: &Options,
    reporter: &Reporter,
) {
    let by_camera = median(&evidence.camera_heights(up))
        .map(|camera| camera - options.camera_height_m / scale.metres_per_unit);
    levels.floor = by_camera.map_or(levels.floor, |floor| floor.min(levels.floor));
    levels.floor_sigma = options.camera_height_sigma_m / scale.metres_per_unit;
    let basis = if by_camera.is_some() { "the usual camera height" } else { "the lowest points" };
    reporter.warn(
        "floor-not-seen",
        format!("no floor was found in the cloud; its height is a guess from {basis}. Film the floor"),
    );
}

fn warn(gravity: &Gravity, manhattan_share: f64, scale: &Scale, options: &Options, reporter: &Reporter) {
    if gravity.sigma_rad > GRAVITY_WARNING_RAD {
        reporter.warn(
            "gravity-uncertain",
            format!(
                "the up direction is known to {:.1} degrees only; film the floor and long walls",
                gravity.sigma_rad.to_degrees()
            ),
        );
    }
    if manhattan_share < MIN_MANHATTAN_SHARE {
        reporter.warn(
            "not-manhattan",
            format!(
                "only {:.0} % of the wall surface agrees with two perpendicular directions; the yaw of the scene \
                 is that of its largest walls",
                100.0 * manhattan_share
            ),
        );
    }
    if scale.log_sigma > options.scale_warning_sigma {
        reporter.warn(
            "scale-uncertain",
            format!(
                "lengths are known to {:.0} % only{}; give `--known-length` or `--ceiling-height`",
                100.0 * scale.log_sigma.exp_m1(),
                if scale.source == ScaleSource::Prior { " (nothing of usual size was seen)" } else { "" }
            ),
        );
    }
}

/// The similarity: axes, metres, floor at zero, the middle of the plan at the origin.
fn assemble(evidence: &Evidence, up: &Vec3, x: &Vec3, floor: f64, metres_per_unit: f64) -> Sim3 {
    let y = up.cross(x);
    let axes = Mat3::from_rows(&[x.transpose(), y.transpose(), up.transpose()]);
    let rotation = Rotation::from_matrix(&axes);
    let middle = |axis: &Vec3| 0.5 * (evidence.quantile(axis, 0.01) + evidence.quantile(axis, 0.99));
    let origin = Vec3::new(middle(x), middle(&y), floor);
    Sim3::from_parts((-origin * metres_per_unit).into(), rotation, metres_per_unit)
}
