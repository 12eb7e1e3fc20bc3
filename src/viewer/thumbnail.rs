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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Camera;
    use crate::math::Pose;
    use crate::pose::FramePose;
    use crate::video::{FrameInfo, FrameSource};
    use image::{Rgb, RgbImage};

    /// Frames of one grey each, 640x360, one a second; `keyframes` of (time, sharpness).
    fn clip(folder: &Path, keyframes: &[(f64, f64)]) -> (FrameSet, Trajectory) {
        let paths: Vec<_> = (0..keyframes.len()).map(|i| folder.join(format!("{i}.png"))).collect();
        for (i, path) in paths.iter().enumerate() {
            let grey = Rgb([40 * (i as u8 + 1); 3]);
            RgbImage::from_pixel(640, 360, grey).save(path).expect("written");
        }
        let info = |(source_idx, &(time_s, sharpness)): (usize, &(f64, f64))| FrameInfo {
            source_idx,
            time_s,
            sharpness,
            brightness: 100.0,
        };
        let pose = |(frame_idx, &(time_s, _)): (usize, &(f64, f64))| FramePose {
            frame_idx,
            time_s,
            world_from_camera: Pose::identity(),
            is_keyframe: frame_idx != 2,
        };
        let frames = FrameSet {
            source: FrameSource::Images { paths },
            width: 640,
            height: 360,
            frames: keyframes.iter().enumerate().map(info).collect(),
            camera: None,
            given: None,
            depth_unit_m: 0.001,
        };
        let trajectory = Trajectory {
            camera: Camera::centred(640, 360, 500.0),
            focal_sigma_px: 0.0,
            frame_count: keyframes.len(),
            poses: keyframes.iter().enumerate().map(pose).collect(),
            points: Vec::new(),
            metric: false,
        };
        (frames, trajectory)
    }

    #[test]
    fn the_sharpest_keyframe_of_the_beginning_is_kept_small() {
        let folder = tempfile::tempdir().expect("a folder");
        // The second is the sharpest early keyframe: the third is no keyframe, the last is late.
        let (frames, trajectory) = clip(folder.path(), &[(2.0, 5.0), (3.0, 9.0), (4.0, 20.0), (9.0, 30.0)]);
        let path = folder.path().join("thumbnail.jpg");
        write(&path, &frames, &trajectory).expect("written");
        let image = image::open(&path).expect("a picture").to_rgb8();
        assert_eq!(image.dimensions(), (320, 180));
        assert!(image.get_pixel(160, 90)[0].abs_diff(80) < 4, "{:?}", image.get_pixel(160, 90));
        let first = std::fs::read(&path).expect("readable");
        write(&path, &frames, &trajectory).expect("written");
        assert_eq!(first, std::fs::read(&path).expect("readable"), "the same bytes again");
    }

    #[test]
    fn a_frame_that_is_gone_is_an_error_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (frames, trajectory) = clip(folder.path(), &[(0.0, 1.0)]);
        std::fs::remove_file(folder.path().join("0.png")).expect("removed");
        let path = folder.path().join("thumbnail.jpg");
        assert!(write(&path, &frames, &trajectory).is_err());
        assert!(!path.exists());
        let nothing = Trajectory { poses: Vec::new(), ..trajectory };
        write(&path, &frames, &nothing).expect("nothing to write");
        assert!(!path.exists());
    }
}
