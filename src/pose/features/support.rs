//! Sparse points for given poses: the tracks of the front end, triangulated without any adjustment.

use super::grow::{Grower, Plan};
use super::map::Map;
use super::refine::filter;
use super::{match_keyframes, result, track};
use crate::camera::Camera;
use crate::pose::bundle::Refine;
use crate::pose::given::Support;
use crate::pose::{Error, Options};
use crate::report::Reporter;
use crate::video::{FrameSet, GivenFrame};

/// Error of a sight that agrees, pixels; given poses are often a few pixels off.
const INLIER_PX: f64 = 4.0;
/// Least parallax of a point, radians.
const MIN_ANGLE_RAD: f64 = 0.02;

/// Points that the tracks give under the given poses.
///
/// # Errors
/// When frames cannot be read or an OpenCV routine fails.
pub fn triangulate(
    frames: &FrameSet,
    given: &[GivenFrame],
    camera: &Camera,
    (options, reporter): (&Options, &Reporter),
) -> Result<Support, Error> {
    let tracked = track(frames, options, reporter)?;
    let matches = match_keyframes(&tracked, options)?;
    let mut map = Map::new(&tracked, &matches, *camera);
    for view in &mut map.views {
        view.pose = Some(given[view.frame_idx].world_from_camera.inverse());
    }
    let mut grower = Grower::resume(map, Plan { refine: Refine::Nothing, max_views: 0 });
    grower.retriangulate();
    filter(&mut grower.map, INLIER_PX, MIN_ANGLE_RAD);
    let error_px = grower.map.rms_error_px();
    Ok(Support { points: result::sparse_points(&grower.map), error_px })
}
