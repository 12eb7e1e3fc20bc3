//! Poses that came with the input: they are kept as they are.
//!
//! Keyframes are chosen by turn, parallax and sharpness ([`super::keyframes`]); sparse points come
//! from feature tracks triangulated with the given poses where OpenCV is built in, else there are
//! none. The result is called metric when the input has metric depth beside the poses; poses alone
//! do not tell their unit.

use super::keyframes::{Candidate, choose};
use super::{Error, FramePose, Options, PoseEstimator, SparsePoint, Trajectory};
use crate::camera::Camera;
use crate::math::{Pose, median};
use crate::report::Reporter;
use crate::video::{FrameSet, GivenFrame};

/// Depth images that are opened to learn the typical depth.
const DEPTH_PROBES: usize = 12;
/// Every how many pixels a depth image is sampled.
const DEPTH_STRIDE: usize = 97;
/// Typical depth when nothing is known, share of the extent of the camera path.
const DEPTH_OF_EXTENT: f64 = 0.5;

/// The estimator.
#[derive(Debug, Clone)]
pub struct Given {
    options: Options,
}

/// What tracks can add to given poses.
#[derive(Debug, Clone, Default)]
pub struct Support {
    /// Triangulated points.
    pub points: Vec<SparsePoint>,
    /// Median reprojection error, pixels.
    pub error_px: f64,
}

impl Given {
    /// With these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }
}

impl PoseEstimator for Given {
    fn name(&self) -> &'static str {
        "given"
    }

    fn estimate(&self, frames: &FrameSet, reporter: &Reporter) -> Result<Trajectory, Error> {
        let given = frames.given.as_ref().ok_or(Error::NoGivenPoses)?;
        let camera = super::given_camera(frames, &self.options).ok_or(Error::NoIntrinsics)?;
        check(frames, given)?;
        let support = support(frames, given, &camera, (&self.options, reporter))?;
        let depth = scene_depth(frames, given, &support);
        let candidates: Vec<Candidate> = given
            .iter()
            .zip(&frames.frames)
            .map(|(given, frame)| Candidate {
                world_from_camera: given.world_from_camera,
                depth,
                sharpness: frame.sharpness,
            })
            .collect();
        let mut is_keyframe = vec![false; given.len()];
        choose(&candidates).into_iter().for_each(|k| is_keyframe[k] = true);
        let poses = given
            .iter()
            .zip(&frames.frames)
            .enumerate()
            .map(|(frame_idx, (given, frame))| FramePose {
                frame_idx,
                time_s: frame.time_s,
                world_from_camera: given.world_from_camera,
                is_keyframe: is_keyframe[frame_idx],
            })
            .collect();
        reporter.diagnostic("registered_share", 1.0);
        reporter.diagnostic("keyframes", is_keyframe.iter().filter(|&&k| k).count());
        reporter.diagnostic("points", support.points.len());
        reporter.diagnostic("reprojection_error_px", support.error_px);
        reporter.diagnostic("typical_depth", depth);
        Ok(Trajectory {
            camera,
            focal_sigma_px: 0.0,
            frame_count: frames.frames.len(),
            poses,
            points: support.points,
            metric: given.iter().any(|g| g.depth_path.is_some()),
        })
    }
}

fn check(frames: &FrameSet, given: &[GivenFrame]) -> Result<(), Error> {
    if given.len() < 2 || given.len() != frames.frames.len() {
        return Err(Error::TooFewFrames { frames: given.len(), needed: 2.max(frames.frames.len()) });
    }
    let finite = |pose: &Pose| {
        pose.translation.vector.iter().all(|v| v.is_finite())
            && pose.rotation.coords.iter().all(|v| v.is_finite())
    };
    match given.iter().position(|g| !finite(&g.world_from_camera)) {
        Some(frame_idx) => Err(Error::BadGivenPose { frame_idx }),
        None => Ok(()),
    }
}

#[cfg(feature = "opencv")]
fn support(
    frames: &FrameSet,
    given: &[GivenFrame],
    camera: &Camera,
    (options, reporter): (&Options, &Reporter),
) -> Result<Support, Error> {
    super::features::support::triangulate(frames, given, camera, (options, reporter))
}

#[cfg(not(feature = "opencv"))]
fn support(
    _frames: &FrameSet,
    _given: &[GivenFrame],
    _camera: &Camera,
    _context: (&Options, &Reporter),
) -> Result<Support, Error> {
    Ok(Support::default())
}

/// Typical depth of what is seen, world units: from sparse points, else from depth images, else from
/// the extent of the path.
fn scene_depth(frames: &FrameSet, given: &[GivenFrame], support: &Support) -> f64 {
    let from_points: Vec<f64> = support
        .points
        .iter()
        .filter_map(|point| {
            let seen = point.observations.first()?;
            let pose = &given[seen.frame_idx].world_from_camera;
            Some(pose.inverse_transform_point(&point.position).z)
        })
        .filter(|z| *z > 0.0)
        .collect();
    if let Some(depth) = median(&from_points) {
        return depth;
    }
    let with_depth: Vec<&std::path::PathBuf> = given.iter().filter_map(|g| g.depth_path.as_ref()).collect();
    let stride = with_depth.len().div_ceil(DEPTH_PROBES).max(1);
    let samples: Vec<f64> = with_depth
        .into_iter()
        .step_by(stride)
        .filter_map(|path| image::open(path).ok())
        .flat_map(|image| {
            image
                .into_luma16()
                .into_raw()
                .into_iter()
                .step_by(DEPTH_STRIDE)
                .filter(|&d| d > 0)
                .collect::<Vec<_>>()
        })
        .map(|d| f64::from(d) * frames.depth_unit_m)
        .collect();
    median(&samples).unwrap_or_else(|| {
        let first = given[0].world_from_camera.translation.vector;
        let extent =
            given.iter().map(|g| (g.world_from_camera.translation.vector - first).norm()).fold(0.0, f64::max);
        (DEPTH_OF_EXTENT * extent).max(1e-6)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{Rotation, Vec3};
    use crate::video::{FrameInfo, FrameSource};

    fn set(count: usize) -> FrameSet {
        let pose =
            |k: usize| Pose::from_parts(Vec3::new(0.05 * k as f64, 0.0, 0.0).into(), Rotation::identity());
        FrameSet {
            source: FrameSource::Images { paths: Vec::new() },
            width: 64,
            height: 48,
            frames: (0..count)
                .map(|k| FrameInfo {
                    source_idx: k,
                    time_s: 0.1 * k as f64,
                    sharpness: 1.0,
                    brightness: 100.0,
                })
                .collect(),
            camera: Some(Camera::centred(64, 48, 50.0)),
            given: Some(
                (0..count).map(|k| GivenFrame { world_from_camera: pose(k), depth_path: None }).collect(),
            ),
            depth_unit_m: 0.001,
        }
    }

    fn estimate(frames: &FrameSet) -> Result<Trajectory, Error> {
        Given::new(Options::default()).estimate(frames, &Reporter::default())
    }

    #[cfg(not(feature = "opencv"))]
    #[test]
    fn poses_are_kept_and_keyframes_chosen() {
        let trajectory = estimate(&set(60)).unwrap();
        assert_eq!(trajectory.poses.len(), 60);
        assert!((trajectory.registered_share() - 1.0).abs() < 1e-12);
        assert!((5..50).contains(&trajectory.keyframes().count()));
    }

    #[test]
    fn what_is_missing_or_broken_has_its_own_code() {
        let mut frames = set(10);
        frames.given.as_mut().unwrap()[4].world_from_camera.translation.vector.x = f64::NAN;
        assert_eq!(estimate(&frames).unwrap_err().code(), "bad-given-pose");
        assert_eq!(estimate(&FrameSet { given: None, ..set(10) }).unwrap_err().code(), "no-given-poses");
        assert_eq!(estimate(&FrameSet { camera: None, ..set(10) }).unwrap_err().code(), "no-intrinsics");
        assert_eq!(estimate(&set(1)).unwrap_err().code(), "too-few-frames");
    }
}
