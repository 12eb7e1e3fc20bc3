//! What the front end hands on: corner tracks over all frames and the features of the keyframes.

use crate::math::Point2;

/// A corner in a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackedCorner {
    /// Track number; the same corner keeps it from frame to frame.
    pub track: u32,
    /// Pixel.
    pub pixel: [f32; 2],
}

impl TrackedCorner {
    /// The pixel as a point.
    #[must_use]
    pub fn point(&self) -> Point2 {
        Point2::new(f64::from(self.pixel[0]), f64::from(self.pixel[1]))
    }
}

/// The corners of one frame.
#[derive(Debug, Clone, Default)]
pub struct TrackedFrame {
    /// Corners, ascending by track.
    pub corners: Vec<TrackedCorner>,
    /// Index into [`Tracked::keyframes`] when this frame is one.
    pub keyframe: Option<usize>,
}

/// Descriptors of a keyframe.
#[derive(Debug, Clone, Default)]
pub struct Descriptors {
    /// Pixels.
    pub pixels: Vec<[f32; 2]>,
    /// RootSIFT, [`Descriptors::LENGTH`] bytes each.
    pub data: Vec<u8>,
}

impl Descriptors {
    /// Bytes of one descriptor.
    pub const LENGTH: usize = 128;
}

/// A keyframe of the front end.
#[derive(Debug, Clone)]
pub struct TrackedKeyframe {
    /// Index into `FrameSet::frames`.
    pub frame_idx: usize,
    /// Corners, ascending by track.
    pub corners: Vec<TrackedCorner>,
    /// Colour of every corner.
    pub corner_rgb: Vec<[u8; 3]>,
    /// Descriptors.
    pub descriptors: Descriptors,
    /// Colour of every descriptor.
    pub descriptor_rgb: Vec<[u8; 3]>,
}

/// All that was tracked.
#[derive(Debug, Clone, Default)]
pub struct Tracked {
    /// Per frame of the set.
    pub frames: Vec<TrackedFrame>,
    /// Keyframes in time order.
    pub keyframes: Vec<TrackedKeyframe>,
    /// Number of tracks.
    pub tracks: u32,
    /// Median image motion from keyframe to keyframe, pixels.
    pub keyframe_flow_px: Vec<f64>,
    /// Frames in which nearly all tracks were lost at once.
    pub breaks: Vec<usize>,
}

impl Tracked {
    /// Frees the descriptors, which nobody needs once keyframes are matched; their pixels stay.
    pub fn forget_descriptors(&mut self) {
        self.keyframes.iter_mut().for_each(|keyframe| keyframe.descriptors.data = Vec::new());
    }
}
