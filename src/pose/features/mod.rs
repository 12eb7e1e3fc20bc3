//! Structure from motion on tracked features. `&FrameSet -> Trajectory`.
//!
//! [`tracker`] follows corners and chooses keyframes, [`sift`], [`places`] and [`matching`] join what
//! is seen again, [`two_view`] finds a start, [`grow`] reconstructs keyframe by keyframe, [`focal`]
//! finds an unknown focal length, [`frames`] places all frames. World frame: the first
//! keyframe's camera; the scale is arbitrary (median depth 2).

pub mod consistency;
pub mod corners;
pub mod cv;
pub mod diagnosis;
pub mod focal;
pub mod frames;
pub mod frontend;
pub mod grow;
pub mod integrity;
pub mod loops;
pub mod map;
pub mod matching;
pub mod places;
pub mod reconstruct;
pub mod refine;
pub mod result;
pub mod sift;
pub mod submaps;
pub mod support;
#[cfg(test)]
pub mod synthetic;
#[cfg(test)]
mod tests;
pub mod tracker;
pub mod two_view;
pub mod verdict;

use super::{Error, Options, PoseEstimator, Trajectory};
use crate::report::Reporter;
use crate::video::FrameSet;
use frontend::Tracked;
use matching::PairMatches;
use std::collections::BTreeSet;

/// Fewest frames of a clip.
const MIN_FRAMES: usize = 5;
/// Frames that are decoded ahead of the tracker.
const DECODED_AHEAD: usize = 6;
/// Earlier keyframes that every keyframe is matched with.
const SEQUENTIAL_STEPS: [usize; 6] = [1, 2, 3, 4, 6, 9];
/// Keyframes at least this far apart are looked for by place recognition.
const LOOP_APART: usize = 7;
/// Look-alikes per keyframe that are matched.
const LOOK_ALIKES: usize = 8;

/// The estimator.
#[derive(Debug, Clone)]
pub struct Features {
    options: Options,
}

impl Features {
    /// With these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }
}

impl PoseEstimator for Features {
    fn name(&self) -> &'static str {
        "features"
    }

    fn estimate(&self, frames: &FrameSet, reporter: &Reporter) -> Result<Trajectory, Error> {
        if frames.frames.len() < MIN_FRAMES {
            return Err(Error::TooFewFrames { frames: frames.frames.len(), needed: MIN_FRAMES });
        }
        let mut tracked = track(frames, &self.options, reporter)?;
        let matches = match_keyframes(&tracked, &self.options)?;
        tracked.forget_descriptors();
        let reconstruction = reconstruct::reconstruct(frames, &tracked, &matches, &self.options)?;
        result::finish(frames, &tracked, reconstruction, (&self.options, reporter))
    }
}

/// Follows corners through all frames. Decoding runs a few frames ahead in a thread of its own.
///
/// # Errors
/// When frames cannot be read or an OpenCV routine fails.
pub fn track(frames: &FrameSet, options: &Options, reporter: &Reporter) -> Result<Tracked, Error> {
    let sharpness = frames.frames.iter().map(|f| f.sharpness).collect();
    let mut tracker = tracker::Tracker::new(options, sharpness)?;
    let total = frames.frames.len();
    let stream = frames.stream().map_err(|e| Error::Frames(e.to_string()))?;
    std::thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::sync_channel(DECODED_AHEAD);
        scope.spawn(move || {
            for item in stream {
                // The receiver hangs up when tracking failed; then nobody wants the rest.
                if sender.send(item).is_err() {
                    break;
                }
            }
        });
        for item in receiver {
            let (frame_idx, image) = item.map_err(|e| Error::Frames(e.to_string()))?;
            tracker.push(frame_idx, image)?;
            reporter.progress(frame_idx + 1, total);
        }
        tracker.finish()
    })
}

/// Matches descriptors of keyframes that are near in time or look alike.
///
/// # Errors
/// When an OpenCV routine fails.
pub fn match_keyframes(tracked: &Tracked, options: &Options) -> Result<Vec<PairMatches>, Error> {
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    let described: Vec<usize> = (0..tracked.keyframes.len())
        .filter(|&k| !tracked.keyframes[k].descriptors.pixels.is_empty())
        .collect();
    for (k, &later) in described.iter().enumerate() {
        pairs.extend(SEQUENTIAL_STEPS.iter().filter(|&&s| s <= k).map(|s| (described[k - s], later)));
    }
    if options.loop_closure {
        pairs.extend(places::similar_pairs(&tracked.keyframes, &described, (LOOP_APART, LOOK_ALIKES)));
    }
    let mut ordered: Vec<(usize, usize)> = pairs.into_iter().collect();
    ordered.sort_by_key(|&(a, b)| (b - a, a));
    matching::match_pairs(&tracked.keyframes, &ordered)
}
