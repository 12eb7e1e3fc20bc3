//! Pixels of a [`FrameSet`], in order, decoded again on demand.

use super::images;
use super::{Error, FrameSet, FrameSource};
use image::RgbImage;
use std::path::PathBuf;

/// Iterates over `(frame_idx, image)` in time order; every wanted frame comes once.
///
/// A frame that cannot be decoded any more ends the stream with an error.
pub struct FrameStream {
    wanted: std::vec::IntoIter<(usize, usize)>,
    source: Source,
    size: (u32, u32),
}

enum Source {
    #[cfg(feature = "opencv")]
    Video(super::decode::Decoder),
    Images(Vec<PathBuf>),
}

impl FrameSet {
    /// Streams all frames.
    ///
    /// # Errors
    /// When the source cannot be opened any more.
    pub fn stream(&self) -> Result<FrameStream, Error> {
        let all: Vec<usize> = (0..self.frames.len()).collect();
        self.stream_of(&all)
    }

    /// Streams the frames with these ascending indices.
    ///
    /// # Errors
    /// When the source cannot be opened any more.
    pub fn stream_of(&self, frame_indices: &[usize]) -> Result<FrameStream, Error> {
        let wanted: Vec<(usize, usize)> =
            frame_indices.iter().map(|&idx| (idx, self.frames[idx].source_idx)).collect();
        let source = match &self.source {
            #[cfg(feature = "opencv")]
            FrameSource::Video { path, rotation_deg } => {
                Source::Video(super::decode::Decoder::open(path, Some(*rotation_deg))?)
            }
            #[cfg(not(feature = "opencv"))]
            FrameSource::Video { path, .. } => return Err(Error::NoDecoder(path.clone())),
            FrameSource::Images { paths } => Source::Images(paths.clone()),
        };
        Ok(FrameStream { wanted: wanted.into_iter(), source, size: (self.width, self.height) })
    }

    /// Pixels of the frames with these ascending indices.
    ///
    /// # Errors
    /// When a frame cannot be decoded any more.
    pub fn images(&self, frame_indices: &[usize]) -> Result<Vec<RgbImage>, Error> {
        self.stream_of(frame_indices)?.map(|item| item.map(|(_, image)| image)).collect()
    }
}

impl Iterator for FrameStream {
    type Item = Result<(usize, RgbImage), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (frame_idx, source_idx) = self.wanted.next()?;
        let image = match &mut self.source {
            #[cfg(feature = "opencv")]
            Source::Video(decoder) => decoder.read_at(source_idx, self.size),
            Source::Images(paths) => images::load(&paths[source_idx], Some(self.size)),
        };
        Some(image.map(|image| (frame_idx, image)))
    }
}
