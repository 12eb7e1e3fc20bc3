//! `thumbnail.jpg`: one frame of the clip, small, for a gallery.
//!
//! The sharpest keyframe of the first seconds: decoding up to it costs next to nothing beside a run,
//! however long the clip is.

use super::Error;
use crate::pose::Trajectory;
use crate::video::FrameSet;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use std::path::Path;

/// How far into the clip the frame may lie, seconds after the first registered frame.
const WINDOW_S: f64 = 4.0;
/// Longer side, pixels.
const SIDE_PX: u32 = 320;
/// JPEG quality, 1..100.
const QUALITY: u8 = 80;

/// Writes the thumbnail; nothing when no frame was registered.
///
/// # Errors
/// When the frame cannot be decoded again or the file not be written.
pub fn write(path: &Path, frames: &FrameSet, trajectory: &Trajectory) -> Result<(), Error> {
    let Some(frame_idx) = choose(frames, trajectory) else { return Ok(()) };
    let images = frames.images(&[frame_idx])?;
    let Some(image) = images.first() else { return Ok(()) };
    let scale = f64::from(SIDE_PX) / f64::from(image.width().max(image.height()));
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small =
        image::imageops::resize(image, side(image.width()), side(image.height()), FilterType::Triangle);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&small).map_err(|cause| {
        crate::artifact::Error::Write {
            source: std::io::Error::other(cause.to_string()),
            path: path.to_owned(),
        }
    })?;
    Ok(crate::artifact::write_atomic(path, &bytes)?)
}

/// The sharpest keyframe of the first seconds; the first of equally sharp ones.
fn choose(frames: &FrameSet, trajectory: &Trajectory) -> Option<usize> {
    let begin_s = trajectory.poses.first()?.time_s;
    let sharpness = |frame_idx: usize| frames.frames.get(frame_idx).map_or(0.0, |frame| frame.sharpness);
    trajectory
        .poses
        .iter()
        .filter(|pose| pose.is_keyframe && pose.time_s <= begin_s + WINDOW_S)
        .chain(trajectory.poses.first())
        .map(|pose| pose.frame_idx)
        .reduce(|best, other| if sharpness(other) > sharpness(best) { other } else { best })
}
