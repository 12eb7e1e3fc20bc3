//! Trajectory error: ATE, RPE, recovered scale, registered share.
//!
//! Takes two trajectories (world_from_camera), gives a [`TrajectoryScore`]. Poses are associated by
//! time, one to one. ATE is the RMSE of the camera centres after least-squares alignment of the
//! prediction to the truth, once with scale (Sim3) and once without (SE3): Sim3 hides metric error,
//! so both are always given. RPE compares relative motions (Sturm et al. 2012, eq. 3), over
//! consecutive poses and over stretches of one metre of the true path.
//!
//! Units: the truth's metres; angles in degrees where a person reads them. The scale is the factor
//! by which the prediction must be multiplied.

use super::error::{Error, Result};
use super::table::{Table, number, percent};
use super::tum::{self, TimedPose};
use super::umeyama::{Freedom, align, is_on_a_line};
use crate::math::{Point3, Pose, Sim3, Vec3};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Largest time difference of two poses that belong together, seconds (TUM RGB-D's is 0.02; ours is
/// half of it because the stamps come from one container).
const MAX_TIME_DIFFERENCE_S: f64 = 0.01;
/// Length of path between the two ends of a relative error, metres.
const RPE_STRETCH_M: f64 = 1.0;
/// Fewer associated poses than this leave an alignment without residual.
const MIN_PAIRS: usize = 3;

/// Options of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Largest time difference of two poses that belong together, seconds.
    pub max_time_difference_s: f64,
    /// Length of path between the two ends of a relative error, metres.
    pub rpe_stretch_m: f64,
    /// Frames of the clip, for the registered share; 0 means as many as the truth has poses.
    pub frame_count: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_time_difference_s: MAX_TIME_DIFFERENCE_S, rpe_stretch_m: RPE_STRETCH_M, frame_count: 0 }
    }
}

/// Distribution of an error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorStats {
    /// Root of the mean square.
    pub rmse: f64,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub median: f64,
    /// Largest.
    pub max: f64,
    /// Number of values.
    pub count: usize,
}

impl ErrorStats {
    /// Statistics of `errors`; `None` when there are none.
    #[must_use]
    pub fn of(errors: &[f64]) -> Option<Self> {
        let median = crate::math::median(errors)?;
        let count = errors.len();
        Some(Self {
            rmse: (errors.iter().map(|e| e * e).sum::<f64>() / count as f64).sqrt(),
            mean: errors.iter().sum::<f64>() / count as f64,
            median,
            max: errors.iter().copied().fold(0.0, f64::max),
            count,
        })
    }
}

/// Relative error over one kind of stretch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RelativeError {
    /// Translation, metres.
    pub translation_m: ErrorStats,
    /// Rotation angle, degrees.
    pub rotation_deg: ErrorStats,
}

/// Error under one alignment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AlignedError {
    /// Distance of the camera centres after alignment, metres.
    pub ate_m: ErrorStats,
    /// Angle between the cameras' orientations after alignment, degrees.
    pub ate_rotation_deg: ErrorStats,
    /// Relative error over consecutive associated poses.
    pub rpe_per_frame: Option<RelativeError>,
    /// Relative error over stretches of one metre of the true path.
    pub rpe_per_metre: Option<RelativeError>,
}

/// What a trajectory is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryScore {
    /// Poses of the prediction.
    pub predicted: usize,
    /// Frames that should have a pose.
    pub frames: usize,
    /// Poses that found a partner in the truth.
    pub associated: usize,
    /// Associated poses / frames.
    pub registered_share: f64,
    /// Length of the true path through the associated poses, metres.
    pub path_m: f64,
    /// After alignment by rotation and translation only: the metric error.
    pub se3: AlignedError,
    /// After alignment with scale: the shape error. Absent when all predicted positions coincide.
    pub sim3: Option<AlignedError>,
    /// Factor that brings the prediction to the truth's scale; 1 is right.
    pub scale: Option<f64>,
    /// |ln scale|.
    pub scale_log_error: Option<f64>,
    /// Angle between the two Z axes after alignment, degrees: the gravity error when both files are
    /// in a Z-up frame, meaningless otherwise.
    pub up_error_deg: f64,
    /// What a reader must know about these figures.
    pub notes: Vec<String>,
}

/// Reads two TUM files and compares them.
///
/// # Errors
/// When a file cannot be read, or as [`compare`].
pub fn run_trajectory(prediction: &Path, truth: &Path, options: &Options) -> Result<TrajectoryScore> {
    compare(&tum::read(prediction)?, &tum::read(truth)?, options)
}

/// Compares a trajectory with the truth; both in time order.
///
/// # Errors
/// [`Error::Incomparable`] when fewer than three poses can be associated.
pub fn compare(prediction: &[TimedPose], truth: &[TimedPose], options: &Options) -> Result<TrajectoryScore> {
    let pairs = associate(prediction, truth, options.max_time_difference_s);
    if pairs.len() < MIN_PAIRS {
        return Err(Error::Incomparable(format!(
            "{} of {} predicted poses have a true pose within {} s, {MIN_PAIRS} needed; check that both files \
             count time from the same moment, in seconds",
            pairs.len(),
            prediction.len(),
            options.max_time_difference_s
        )));
    }
    let predicted: Vec<Pose> = pairs.iter().map(|&(p, _)| prediction[p].world_from_camera).collect();
    let true_poses: Vec<Pose> = pairs.iter().map(|&(_, t)| truth[t].world_from_camera).collect();
    let from = centres(&predicted);
    let to = centres(&true_poses);
    let rigid = align(&from, &to, Freedom::Rigid)
        .ok_or_else(|| Error::Incomparable("a pose is not finite; leave such poses out".to_owned()))?;
    let similar = align(&from, &to, Freedom::Similarity);
    let stretches = stretches(&true_poses, options.rpe_stretch_m);
    let measured = |truth_from_prediction: &Sim3| {
        let poses: Vec<Pose> = predicted.iter().map(|pose| apply(truth_from_prediction, pose)).collect();
        aligned_error(&poses, &true_poses, &stretches)
    };
    let scale = similar.map(|similarity| similarity.scaling());
    let frames = if options.frame_count == 0 { truth.len() } else { options.frame_count };
    let up = similar.unwrap_or(rigid).isometry.rotation * Vec3::z();
    Ok(TrajectoryScore {
        predicted: prediction.len(),
        frames,
        associated: pairs.len(),
        registered_share: pairs.len() as f64 / frames.max(pairs.len()) as f64,
        path_m: to.windows(2).map(|pair| (pair[1] - pair[0]).norm()).sum(),
        se3: measured(&rigid),
        sim3: similar.as_ref().map(measured),
        scale,
        scale_log_error: scale.map(|scale| scale.ln().abs()),
        up_error_deg: up.angle(&Vec3::z()).to_degrees(),
        notes: notes(&from, &to, prediction.len() - pairs.len()),
    })
}

/// Pairs of indices whose times differ by at most `max_difference_s`, one to one, closest first, in
/// time order.
#[must_use]
pub fn associate(first: &[TimedPose], second: &[TimedPose], max_difference_s: f64) -> Vec<(usize, usize)> {
    let mut candidates = Vec::new();
    for (i, pose) in first.iter().enumerate() {
        let start = second.partition_point(|other| other.time_s < pose.time_s - max_difference_s);
        let near = second[start..].iter().take_while(|other| other.time_s <= pose.time_s + max_difference_s);
        candidates
            .extend(near.enumerate().map(|(j, other)| ((other.time_s - pose.time_s).abs(), i, start + j)));
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut first_used, mut second_used) = (vec![false; first.len()], vec![false; second.len()]);
    let mut pairs = Vec::new();
    for (_, i, j) in candidates {
        if !first_used[i] && !second_used[j] {
            (first_used[i], second_used[j]) = (true, true);
            pairs.push((i, j));
        }
    }
    pairs.sort_unstable();
    pairs
}

fn centres(poses: &[Pose]) -> Vec<Point3> {
    poses.iter().map(|pose| Point3::from(pose.translation.vector)).collect()
}

/// The pose in the truth's frame; the scale acts on the position only.
fn apply(truth_from_prediction: &Sim3, pose: &Pose) -> Pose {
    let centre = truth_from_prediction * Point3::from(pose.translation.vector);
    Pose::from_parts(centre.coords.into(), truth_from_prediction.isometry.rotation * pose.rotation)
}

/// Ends of consecutive stretches of at least `length` metres of path.
fn stretches(poses: &[Pose], length: f64) -> Vec<(usize, usize)> {
    let (mut start, mut walked) = (0, 0.0);
    let mut found = Vec::new();
    for (index, pair) in poses.windows(2).enumerate() {
        walked += (pair[1].translation.vector - pair[0].translation.vector).norm();
        if walked >= length {
            found.push((start, index + 1));
            (start, walked) = (index + 1, 0.0);
        }
    }
    found
}

fn aligned_error(poses: &[Pose], truth: &[Pose], stretches: &[(usize, usize)]) -> AlignedError {
    let pairs = || poses.iter().zip(truth);
    let distances: Vec<f64> =
        pairs().map(|(p, t)| (p.translation.vector - t.translation.vector).norm()).collect();
    let angles: Vec<f64> = pairs().map(|(p, t)| p.rotation.angle_to(&t.rotation).to_degrees()).collect();
    let consecutive: Vec<(usize, usize)> = (1..poses.len()).map(|j| (j - 1, j)).collect();
    AlignedError {
        ate_m: ErrorStats::of(&distances).expect("because there are at least three pairs"),
        ate_rotation_deg: ErrorStats::of(&angles).expect("because there are at least three pairs"),
        rpe_per_frame: relative_error(poses, truth, &consecutive),
        rpe_per_metre: relative_error(poses, truth, stretches),
    }
}

/// Error of the relative motions between the given ends; `None` without ends.
fn relative_error(poses: &[Pose], truth: &[Pose], ends: &[(usize, usize)]) -> Option<RelativeError> {
    let errors: Vec<Pose> = ends
        .iter()
        .map(|&(i, j)| (truth[i].inv_mul(&truth[j])).inv_mul(&poses[i].inv_mul(&poses[j])))
        .collect();
    let translations: Vec<f64> = errors.iter().map(|e| e.translation.vector.norm()).collect();
    let angles: Vec<f64> = errors.iter().map(|e| e.rotation.angle().to_degrees()).collect();
    Some(RelativeError {
        translation_m: ErrorStats::of(&translations)?,
        rotation_deg: ErrorStats::of(&angles)?,
    })
}

fn notes(from: &[Point3], to: &[Point3], unpaired: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if unpaired > 0 {
        notes.push(format!("{unpaired} predicted poses have no true pose in time and are left out"));
    }
    if is_on_a_line(to) || is_on_a_line(from) {
        notes.push(
            "the path is straight: the alignment's rotation about it is arbitrary, and so is every angle"
                .into(),
        );
    }
    notes
}

impl TrajectoryScore {
    /// The score as a plain-text table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = Table::new(&["trajectory", "SE3 (metric)", "Sim3 (shape)"]);
        let sim3 = self.sim3.as_ref();
        let mut row = |name: &str, value: &dyn Fn(&AlignedError) -> Option<f64>, decimals: usize| {
            table.row([
                name.to_owned(),
                number(value(&self.se3), decimals),
                number(sim3.and_then(value), decimals),
            ]);
        };
        row("ATE RMSE, m", &|e| Some(e.ate_m.rmse), 4);
        row("ATE median, m", &|e| Some(e.ate_m.median), 4);
        row("ATE max, m", &|e| Some(e.ate_m.max), 4);
        row("ATE rotation RMSE, deg", &|e| Some(e.ate_rotation_deg.rmse), 3);
        row("RPE per frame RMSE, m", &|e| e.rpe_per_frame.map(|r| r.translation_m.rmse), 4);
        row("RPE per frame RMSE, deg", &|e| e.rpe_per_frame.map(|r| r.rotation_deg.rmse), 3);
        row("RPE per metre RMSE, m", &|e| e.rpe_per_metre.map(|r| r.translation_m.rmse), 4);
        row("RPE per metre RMSE, deg", &|e| e.rpe_per_metre.map(|r| r.rotation_deg.rmse), 3);
        let mut text = table.to_text();
        text.push_str(&format!(
            "recovered scale {} (factor to the truth), |ln scale| {}\nregistered {} % ({} of {} frames), path {:.2} m\n\
             angle between the Z axes {:.2} deg (gravity error if both are Z up)\n",
            number(self.scale, 4),
            number(self.scale_log_error, 4),
            percent(Some(self.registered_share)),
            self.associated,
            self.frames,
            self.path_m,
            self.up_error_deg,
        ));
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        text
    }
}

#[cfg(test)]
#[path = "trajectory_tests.rs"]
mod tests;
