//! Video decoding through OpenCV's FFmpeg backend.
//!
//! Time stamps come from the container (variable frame rate is honoured). Rotation metadata is read
//! and applied here, because OpenCV 4.6 turns 90° and 270° the wrong way by itself
//! (opencv/opencv#22088).

use super::images::working_size;
use super::quality::sharpness_and_brightness;
use super::{Error, FrameInfo, FrameSet, FrameSource, Options};
use crate::report::Reporter;
use image::RgbImage;
use opencv::core::{self, Mat, Size};
use opencv::prelude::*;
use opencv::{imgproc, videoio};
use std::path::{Path, PathBuf};

/// Share of the frames that the container promises which must decode, else the user is told.
const DECODED_SHARE_WARNING: f64 = 0.95;
/// Slack when frames are thinned to a rate, as a share of the frame distance: rounding of time
/// stamps must not drop every other frame.
const RATE_SLACK: f64 = 0.1;

/// A sequential reader of one video.
pub struct Decoder {
    capture: videoio::VideoCapture,
    rotation_deg: u32,
    /// Source index of the frame that the next `grab` brings.
    next: usize,
    /// Time stamps of the last two frames, seconds.
    last_times_s: [f64; 2],
    path: PathBuf,
}

impl Decoder {
    /// Opens a video; `rotation_deg` overrides its metadata.
    ///
    /// # Errors
    /// When there is no video stream.
    pub fn open(path: &Path, rotation_deg: Option<u32>) -> Result<Self, Error> {
        let failed = |cause: String| Error::NoVideoStream { cause, path: path.to_owned() };
        std::fs::File::open(path).map_err(|source| Error::io(source, path))?;
        let name = path.to_str().ok_or_else(|| failed("the path is not UTF-8".into()))?;
        let mut capture = videoio::VideoCapture::from_file(name, videoio::CAP_FFMPEG)
            .map_err(|cause| failed(cause.message))?;
        if !capture.is_opened().unwrap_or(false) {
            return Err(failed("the decoder cannot open it".into()));
        }
        let asked = |cause: opencv::Error| failed(cause.message);
        capture.set(videoio::CAP_PROP_ORIENTATION_AUTO, 0.0).map_err(asked)?;
        let metadata = capture.get(videoio::CAP_PROP_ORIENTATION_META).map_err(asked)?;
        let rotation_deg = rotation_deg.unwrap_or_else(|| clockwise_rotation(metadata));
        Ok(Self { capture, rotation_deg, next: 0, last_times_s: [0.0; 2], path: path.to_owned() })
    }

    /// Clockwise rotation that makes frames upright, degrees.
    #[must_use]
    pub fn rotation_deg(&self) -> u32 {
        self.rotation_deg
    }

    /// Frames that the container promises; 0 when it does not say.
    #[must_use]
    pub fn promised_frames(&self) -> usize {
        self.capture.get(videoio::CAP_PROP_FRAME_COUNT).map_or(0, |count| count.max(0.0) as usize)
    }

    /// Advances by one frame; its time stamp in seconds, or `None` at the end.
    ///
    /// The last frames of a stream with B-frames come out of the decoder after the last packet, and
    /// OpenCV 4.6 reports 0 for them: they go on by the last known frame distance.
    pub fn grab(&mut self) -> Option<f64> {
        if !self.capture.grab().unwrap_or(false) {
            return None;
        }
        let reported_s = self.capture.get(videoio::CAP_PROP_POS_MSEC).unwrap_or(0.0) / 1000.0;
        let [before, last] = self.last_times_s;
        let time_s = if self.next > 1 && reported_s <= last && reported_s <= 0.0 {
            last + (last - before)
        } else {
            reported_s
        };
        self.last_times_s = [last, time_s];
        self.next += 1;
        Some(time_s)
    }

    /// Pixels of the grabbed frame, upright. `size` is that of the result; `None` keeps the video's.
    ///
    /// # Errors
    /// When the frame cannot be converted.
    pub fn retrieve(&mut self, size: Option<(u32, u32)>) -> Result<RgbImage, Error> {
        self.retrieve_mat(size).and_then(|mat| rgb_image(&mat)).map_err(|cause| {
            let what = format!("frame {}", self.next.saturating_sub(1));
            Error::malformed(what, cause.message, "convert the video to H.264 in MP4", &self.path)
        })
    }

    fn retrieve_mat(&mut self, size: Option<(u32, u32)>) -> opencv::Result<Mat> {
        let mut frame = Mat::default();
        if !self.capture.retrieve(&mut frame, 0)? || frame.empty() {
            return Err(opencv::Error::new(core::StsError, "no pixels were decoded".to_string()));
        }
        let sideways = self.rotation_deg % 180 == 90;
        if let Some((width, height)) = size {
            let (width, height) = if sideways { (height, width) } else { (width, height) };
            if (frame.cols(), frame.rows()) != (width as i32, height as i32) {
                let mut small = Mat::default();
                let target = Size::new(width as i32, height as i32);
                imgproc::resize(&frame, &mut small, target, 0.0, 0.0, imgproc::INTER_AREA)?;
                frame = small;
            }
        }
        let code = match self.rotation_deg {
            90 => core::ROTATE_90_CLOCKWISE,
            180 => core::ROTATE_180,
            270 => core::ROTATE_90_COUNTERCLOCKWISE,
            _ => return Ok(frame),
        };
        let mut upright = Mat::default();
        core::rotate(&frame, &mut upright, code)?;
        Ok(upright)
    }

    /// Pixels of the frame with this source index, which must not lie behind the reader.
    pub(super) fn read_at(&mut self, source_idx: usize, size: (u32, u32)) -> Result<RgbImage, Error> {
        while self.next <= source_idx {
            if self.grab().is_none() {
                return Err(Error::malformed(
                    format!("frame {source_idx}"),
                    format!("the video ends after {} frames now", self.next),
                    "do not change the video during a run",
                    &self.path,
                ));
            }
        }
        self.retrieve(Some(size))
    }
}

/// Clockwise rotation to apply, from OpenCV's orientation property.
///
/// The property holds the display matrix's angle as the container gives it (FFmpeg's
/// `av_display_rotation_get`, counter-clockwise) brought to 0..360 by the backend of this version.
fn clockwise_rotation(metadata: f64) -> u32 {
    let quarter_turns = (metadata / 90.0).round() as i64;
    let clockwise = if opencv_turns_the_wrong_way() { -quarter_turns } else { quarter_turns };
    (clockwise.rem_euclid(4) * 90) as u32
}

/// OpenCV before 4.7 reports the display matrix's counter-clockwise angle.
fn opencv_turns_the_wrong_way() -> bool {
    (core::CV_VERSION_MAJOR, core::CV_VERSION_MINOR) < (4, 7)
}

fn rgb_image(bgr: &Mat) -> opencv::Result<RgbImage> {
    let mut rgb = Mat::default();
    imgproc::cvt_color_def(bgr, &mut rgb, imgproc::COLOR_BGR2RGB)?;
    let bytes = rgb.data_bytes()?.to_vec();
    RgbImage::from_raw(rgb.cols() as u32, rgb.rows() as u32, bytes)
        .ok_or_else(|| opencv::Error::new(core::StsError, "unexpected pixel layout".to_string()))
}

/// Reads a whole clip once: time stamps, sharpness and brightness of the frames that are used.
///
/// # Errors
/// When there is no video stream or no frame decodes.
pub fn probe(path: &Path, options: &Options, reporter: &Reporter) -> Result<FrameSet, Error> {
    let mut decoder = Decoder::open(path, None)?;
    let promised = decoder.promised_frames();
    let min_distance_s = if options.max_fps > 0.0 { (1.0 - RATE_SLACK) / options.max_fps } else { 0.0 };
    let mut frames: Vec<FrameInfo> = Vec::new();
    let mut size = None;
    let mut first_time = None;
    while let Some(absolute_s) = decoder.grab() {
        let time_s = absolute_s - *first_time.get_or_insert(absolute_s);
        let source_idx = decoder.next - 1;
        reporter.progress(decoder.next, promised);
        let late_enough = frames
            .last()
            .is_none_or(|last: &FrameInfo| time_s - last.time_s >= min_distance_s && time_s > last.time_s);
        let in_range = time_s >= options.start_s && (options.end_s <= 0.0 || time_s <= options.end_s);
        if !late_enough || !in_range {
            continue;
        }
        let image = decoder.retrieve(size)?;
        let image = if size.is_none() {
            let chosen = working_size(image.width(), image.height(), options.max_side_px);
            size = Some(chosen);
            decoder.retrieve(size)?
        } else {
            image
        };
        let (sharpness, brightness) = sharpness_and_brightness(&image);
        frames.push(FrameInfo { source_idx, time_s, sharpness, brightness });
    }
    let Some((width, height)) = size else {
        return Err(Error::NoVideoStream { cause: "no frame decodes".into(), path: path.to_owned() });
    };
    if promised > 0 && (decoder.next as f64) < DECODED_SHARE_WARNING * promised as f64 {
        reporter.warn(
            "truncated",
            format!(
                "{} of {promised} promised frames decode; the file is cut off or damaged: copy it again if \
                 the end of the walk matters",
                decoder.next
            ),
        );
    }
    reporter.diagnostic("decoded_frames", decoder.next);
    reporter.diagnostic("rotation_deg", decoder.rotation_deg);
    Ok(FrameSet {
        source: FrameSource::Video { path: path.to_owned(), rotation_deg: decoder.rotation_deg },
        width,
        height,
        frames,
        camera: None,
        given: None,
        depth_unit_m: 0.001,
    })
}
