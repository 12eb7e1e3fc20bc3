//! Corners followed through all frames, and the choice of keyframes.
//!
//! Takes frames in order, gives [`Tracked`]. Shi–Tomasi corners in grid cells (new ones at keyframes
//! only, so that every track is anchored in one), pyramidal Lucas–Kanade (Bouguet 2000) with
//! forward–backward check (Kalal 2010) on images of equalised gain; at keyframes the position is
//! refined against the previous keyframe's patch, which removes the drift of the frames between, and
//! tracks off the epipolar geometry end. A keyframe is made when the picture has moved or changed
//! enough, and put off a little while the picture is blurred. Memory: two pyramids.

use super::corners::{Occupied, detect};
use super::cv::{fundamental_inliers, gray_mat, in_routine};
use super::frontend::{Descriptors, Tracked, TrackedCorner, TrackedFrame, TrackedKeyframe};
use super::sift::Sift;
use crate::math::{Vec2, median};
use crate::pose::{Error, Options};
use image::RgbImage;
use opencv::core::{Mat, Point2f, Size, TermCriteria, Vector};
use opencv::prelude::*;
use opencv::video;
use std::rc::Rc;

/// Lucas–Kanade window, pixels.
const WINDOW_PX: i32 = 21;
/// Pyramid levels beyond the base: motions of some 100 px are found.
const LEVELS: i32 = 4;
/// Levels of the refinement against the keyframe: the start is known within a pixel or two.
const REFINE_LEVELS: i32 = 1;
/// Largest forward–backward distance, pixels (Kalal 2010 uses the median, about 1 px).
const MAX_ROUND_TRIP_PX: f32 = 1.0;
/// Largest correction against the keyframe's patch, pixels; beyond it the drift was an occlusion.
const MAX_CORRECTION_PX: f32 = 3.0;
/// Epipolar distance beyond which a track ends, pixels.
const EPIPOLAR_PX: f64 = 2.0;
/// The epipolar check is believed when at least this share agrees.
const EPIPOLAR_MIN_SHARE: f64 = 0.5;
/// A keyframe is made when fewer than this share of the last keyframe's corners is left.
const MIN_SURVIVORS: f64 = 0.62;
/// A keyframe is never put off below this share.
const URGENT_SURVIVORS: f64 = 0.4;
/// Motion at which a keyframe is no longer put off for blur, in units of the normal motion.
const URGENT_MOTION: f64 = 1.7;
/// A picture is blurred below this share of the median sharpness around it.
const BLURRED: f64 = 0.6;
/// Frames on each side that the sharpness is compared with.
const SHARPNESS_WINDOW: usize = 7;
/// Tracking broke when less than this share of the corners goes on in a single frame.
const BREAK_SURVIVORS: f64 = 0.15;
/// ... or when fewer corners than this are left of a textured picture.
const BREAK_CORNERS: usize = 12;

/// A picture that later ones are tracked against.
struct Anchor {
    pyramid: Rc<Vector<Mat>>,
    gray: Mat,
    rgb: RgbImage,
    frame_idx: usize,
}

/// Follows corners through a clip.
pub struct Tracker<'a> {
    options: &'a Options,
    sharpness: Vec<f64>,
    sift: Sift,
    previous: Option<Anchor>,
    keyframe: Option<Rc<Vector<Mat>>>,
    keyframe_corners: Vec<TrackedCorner>,
    corners: Vec<TrackedCorner>,
    out: Tracked,
}

impl<'a> Tracker<'a> {
    /// A tracker for a clip of these sharpness values (one per frame).
    ///
    /// # Errors
    /// When OpenCV cannot make a detector.
    pub fn new(options: &'a Options, sharpness: Vec<f64>) -> Result<Self, Error> {
        Ok(Self {
            options,
            sharpness,
            sift: Sift::new(options.max_descriptors)?,
            previous: None,
            keyframe: None,
            keyframe_corners: Vec::new(),
            corners: Vec::new(),
            out: Tracked::default(),
        })
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// When an OpenCV routine fails.
    pub fn push(&mut self, frame_idx: usize, rgb: RgbImage) -> Result<(), Error> {
        let (width, height) = rgb.dimensions();
        let mut gray = crate::video::quality::gray(&rgb);
        let plain = gray_mat(&gray, width, height)?;
        equalize_gain(&mut gray);
        let pyramid = pyramid(&gray_mat(&gray, width, height)?)?;
        let before = self.corners.len();
        if let Some(previous) = &self.previous {
            self.corners = follow(&previous.pyramid, &pyramid, &self.corners, (width, height))?;
        }
        while self.out.frames.len() <= frame_idx {
            self.out.frames.push(TrackedFrame::default());
        }
        let anchor = Anchor { pyramid: Rc::new(pyramid), gray: plain, rgb, frame_idx };
        let broke = self.previous.is_some()
            && ((self.corners.len() as f64) < BREAK_SURVIVORS * before as f64
                || self.corners.len() < BREAK_CORNERS);
        if broke {
            self.out.breaks.push(frame_idx);
            self.promote_previous()?;
        }
        if broke || self.wants_keyframe(frame_idx, width.max(height)) {
            self.make_keyframe(&anchor, broke)?;
        } else {
            self.out.frames[frame_idx].corners.clone_from(&self.corners);
        }
        self.previous = Some(anchor);
        Ok(())
    }

    /// Ends the clip: the last frame becomes a keyframe, too.
    ///
    /// # Errors
    /// When an OpenCV routine fails.
    pub fn finish(mut self) -> Result<Tracked, Error> {
        self.promote_previous()?;
        Ok(self.out)
    }

    fn motion_px(&self) -> f64 {
        let moves: Vec<f64> = shared(&self.keyframe_corners, &self.corners)
            .map(|(a, b)| f64::from((a.pixel[0] - b.pixel[0]).hypot(a.pixel[1] - b.pixel[1])))
            .collect();
        median(&moves).unwrap_or(0.0)
    }

    fn wants_keyframe(&self, frame_idx: usize, side_px: u32) -> bool {
        if self.keyframe.is_none() {
            return true;
        }
        let survivors = self.corners.len() as f64 / self.keyframe_corners.len().max(1) as f64;
        let motion = self.motion_px() / (self.options.keyframe_motion * f64::from(side_px));
        let wanted = motion >= 1.0 || survivors < MIN_SURVIVORS;
        let urgent = motion >= URGENT_MOTION || survivors < URGENT_SURVIVORS;
        urgent || (wanted && !self.is_blurred(frame_idx))
    }

    fn is_blurred(&self, frame_idx: usize) -> bool {
        let from = frame_idx.saturating_sub(SHARPNESS_WINDOW);
        let to = (frame_idx + SHARPNESS_WINDOW + 1).min(self.sharpness.len());
        let around = self.sharpness.get(from..to).and_then(median).unwrap_or(0.0);
        self.sharpness.get(frame_idx).is_some_and(|&own| own < BLURRED * around)
    }

    /// Makes the previous frame a keyframe after the fact (tracking broke behind it).
    fn promote_previous(&mut self) -> Result<(), Error> {
        let Some(previous) = self.previous.take() else { return Ok(()) };
        if self.out.frames[previous.frame_idx].keyframe.is_none() {
            let current = std::mem::take(&mut self.corners);
            self.corners = self.out.frames[previous.frame_idx].corners.clone();
            self.make_keyframe(&previous, true)?;
            self.corners = current;
        }
        self.previous = Some(previous);
        Ok(())
    }

    /// Makes a keyframe; every second one is described, and those where tracks end.
    fn make_keyframe(&mut self, anchor: &Anchor, ends: bool) -> Result<(), Error> {
        let (width, height) = anchor.rgb.dimensions();
        let survivors = self.corners.len() as f64 / self.keyframe_corners.len().max(1) as f64;
        let last = self.out.keyframes.last();
        let describe =
            ends || survivors < URGENT_SURVIVORS || last.is_none_or(|k| k.descriptors.pixels.is_empty());
        if let Some(keyframe) = &self.keyframe {
            self.corners = correct(keyframe, &anchor.pyramid, &self.keyframe_corners, &self.corners)?;
            self.corners = drop_outliers(&self.keyframe_corners, std::mem::take(&mut self.corners))?;
            let motion = self.motion_px();
            self.out.keyframe_flow_px.push(motion);
        }
        let occupied = Occupied::new(width, height, self.corners.iter().map(|c| c.pixel));
        let base = in_routine("pyramid", anchor.pyramid.get(0))?;
        for pixel in detect(&base, &occupied, self.options.max_corners)? {
            self.corners.push(TrackedCorner { track: self.out.tracks, pixel });
            self.out.tracks += 1;
        }
        let descriptors = if describe { self.sift.compute(&anchor.gray)? } else { Descriptors::default() };
        let color = |pixel: &[f32; 2]| -> [u8; 3] {
            let x = (pixel[0].round().max(0.0) as u32).min(width - 1);
            let y = (pixel[1].round().max(0.0) as u32).min(height - 1);
            anchor.rgb.get_pixel(x, y).0
        };
        let keyframe = TrackedKeyframe {
            frame_idx: anchor.frame_idx,
            corner_rgb: self.corners.iter().map(|c| color(&c.pixel)).collect(),
            descriptor_rgb: descriptors.pixels.iter().map(color).collect(),
            corners: self.corners.clone(),
            descriptors,
        };
        let frame = &mut self.out.frames[anchor.frame_idx];
        frame.keyframe = Some(self.out.keyframes.len());
        frame.corners.clone_from(&self.corners);
        self.out.keyframes.push(keyframe);
        self.keyframe_corners.clone_from(&self.corners);
        self.keyframe = Some(Rc::clone(&anchor.pyramid));
        Ok(())
    }
}

/// Pairs of corners of the same track; both lists ascend by track.
pub fn shared<'c>(
    a: &'c [TrackedCorner],
    b: &'c [TrackedCorner],
) -> impl Iterator<Item = (&'c TrackedCorner, &'c TrackedCorner)> {
    let mut from = 0;
    a.iter().filter_map(move |corner| {
        while from < b.len() && b[from].track < corner.track {
            from += 1;
        }
        b.get(from).filter(|other| other.track == corner.track).map(|other| (corner, other))
    })
}

/// Stretches gray levels to a fixed mean and spread, so that exposure steps do not end tracks.
fn equalize_gain(gray: &mut [u8]) {
    const MEAN: f64 = 118.0;
    const SPREAD: f64 = 55.0;
    const GAIN: std::ops::RangeInclusive<f64> = 0.7..=3.0;
    if gray.is_empty() {
        return;
    }
    let count = gray.len() as f64;
    let mean = gray.iter().map(|&g| f64::from(g)).sum::<f64>() / count;
    let variance = gray.iter().map(|&g| (f64::from(g) - mean).powi(2)).sum::<f64>() / count;
    let gain = (SPREAD / variance.sqrt().max(1.0)).clamp(*GAIN.start(), *GAIN.end());
    let table: Vec<u8> =
        (0..256).map(|g| ((f64::from(g) - mean) * gain + MEAN).round().clamp(0.0, 255.0) as u8).collect();
    gray.iter_mut().for_each(|g| *g = table[usize::from(*g)]);
}

fn pyramid(gray: &Mat) -> Result<Vector<Mat>, Error> {
    let mut levels = Vector::<Mat>::new();
    in_routine(
        "buildOpticalFlowPyramid",
        video::build_optical_flow_pyramid(
            gray,
            &mut levels,
            Size::new(WINDOW_PX, WINDOW_PX),
            LEVELS,
            true,
            opencv::core::BORDER_REFLECT_101,
            opencv::core::BORDER_CONSTANT,
            false,
        ),
    )?;
    Ok(levels)
}

/// One Lucas–Kanade call; `start` is where to begin looking.
fn lucas_kanade(
    from: &Vector<Mat>,
    to: &Vector<Mat>,
    points: &Vector<Point2f>,
    start: Option<&Vector<Point2f>>,
    levels: i32,
) -> Result<(Vector<Point2f>, Vector<u8>), Error> {
    let mut next = start.cloned().unwrap_or_default();
    let (mut status, mut error) = (Vector::<u8>::new(), Vector::<f32>::new());
    let criteria = TermCriteria { typ: 3, max_count: 30, epsilon: 0.01 };
    let flags = if start.is_some() { video::OPTFLOW_USE_INITIAL_FLOW } else { 0 };
    in_routine(
        "calcOpticalFlowPyrLK",
        video::calc_optical_flow_pyr_lk(
            from,
            to,
            points,
            &mut next,
            &mut status,
            &mut error,
            Size::new(WINDOW_PX, WINDOW_PX),
            levels,
            criteria,
            flags,
            1e-4,
        ),
    )?;
    Ok((next, status))
}

fn to_vector(corners: &[TrackedCorner]) -> Vector<Point2f> {
    corners.iter().map(|c| Point2f::new(c.pixel[0], c.pixel[1])).collect()
}

/// Corners that are found again, forward and backward.
fn follow(
    from: &Vector<Mat>,
    to: &Vector<Mat>,
    corners: &[TrackedCorner],
    (width, height): (u32, u32),
) -> Result<Vec<TrackedCorner>, Error> {
    if corners.is_empty() {
        return Ok(Vec::new());
    }
    let start = to_vector(corners);
    let (forward, found) = lucas_kanade(from, to, &start, None, LEVELS)?;
    let (backward, found_back) = lucas_kanade(to, from, &forward, Some(&start), REFINE_LEVELS)?;
    let inside =
        |p: &Point2f| p.x >= 1.0 && p.y >= 1.0 && p.x < width as f32 - 2.0 && p.y < height as f32 - 2.0;
    let (forward, backward) = (forward.to_vec(), backward.to_vec());
    let (found, found_back) = (found.to_vec(), found_back.to_vec());
    Ok(corners
        .iter()
        .enumerate()
        .filter_map(|(k, corner)| {
            let trip = (backward[k].x - corner.pixel[0]).hypot(backward[k].y - corner.pixel[1]);
            let good =
                found[k] == 1 && found_back[k] == 1 && trip <= MAX_ROUND_TRIP_PX && inside(&forward[k]);
            good.then(|| TrackedCorner { track: corner.track, pixel: [forward[k].x, forward[k].y] })
        })
        .collect())
}

/// Moves the corners to where the previous keyframe's patch fits best.
fn correct(
    keyframe: &Vector<Mat>,
    now: &Vector<Mat>,
    keyframe_corners: &[TrackedCorner],
    corners: &[TrackedCorner],
) -> Result<Vec<TrackedCorner>, Error> {
    let pairs: Vec<(TrackedCorner, TrackedCorner)> =
        shared(keyframe_corners, corners).map(|(a, b)| (*a, *b)).collect();
    if pairs.is_empty() {
        return Ok(corners.to_vec());
    }
    let from: Vec<TrackedCorner> = pairs.iter().map(|(a, _)| *a).collect();
    let start: Vec<TrackedCorner> = pairs.iter().map(|(_, b)| *b).collect();
    let (found, status) =
        lucas_kanade(keyframe, now, &to_vector(&from), Some(&to_vector(&start)), REFINE_LEVELS)?;
    let (found, status) = (found.to_vec(), status.to_vec());
    Ok(start
        .into_iter()
        .enumerate()
        .map(|(k, corner)| {
            let shift = (found[k].x - corner.pixel[0]).hypot(found[k].y - corner.pixel[1]);
            if status[k] == 1 && shift <= MAX_CORRECTION_PX {
                TrackedCorner { pixel: [found[k].x, found[k].y], ..corner }
            } else {
                corner
            }
        })
        .collect())
}

/// Ends tracks that do not fit the epipolar geometry with the previous keyframe.
fn drop_outliers(
    keyframe: &[TrackedCorner],
    corners: Vec<TrackedCorner>,
) -> Result<Vec<TrackedCorner>, Error> {
    let to_vec2 = |c: &TrackedCorner| Vec2::new(f64::from(c.pixel[0]), f64::from(c.pixel[1]));
    let (a, b): (Vec<Vec2>, Vec<Vec2>) =
        shared(keyframe, &corners).map(|(a, b)| (to_vec2(a), to_vec2(b))).unzip();
    if a.len() != corners.len() || a.len() < 16 {
        return Ok(corners);
    }
    let inliers = fundamental_inliers(&a, &b, EPIPOLAR_PX)?;
    let share = inliers.iter().filter(|&&x| x).count() as f64 / inliers.len() as f64;
    if share < EPIPOLAR_MIN_SHARE {
        return Ok(corners);
    }
    Ok(corners.into_iter().zip(inliers).filter_map(|(corner, ok)| ok.then_some(corner)).collect())
}
