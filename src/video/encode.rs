//! Frames become an H.264 file: the encoder of synthetic clips.
//!
//! Takes RGB images of one size in time order, writes an MP4 through OpenCV's `VideoWriter` on
//! FFmpeg's libx264. OpenCV 4.6 encodes with a constant rate factor of 23 and offers no other
//! control; the size of a clip is set by its resolution, rate and noise. The file is written under a
//! temporary name and renamed when it is complete.

use super::error::Error;
use image::RgbImage;
use opencv::core::{CV_8UC3, Mat, Scalar, Size};
use opencv::prelude::*;
use opencv::videoio::{CAP_FFMPEG, VideoWriter};
use std::path::{Path, PathBuf};

/// Writes one clip.
pub struct Encoder {
    writer: VideoWriter,
    buffer: Mat,
    size: (u32, u32),
    part: PathBuf,
    path: PathBuf,
}

fn failed(cause: impl std::fmt::Display, path: &Path) -> Error {
    Error::Encode { cause: cause.to_string(), path: path.to_owned() }
}

impl Encoder {
    /// Opens a clip of `width` x `height` pixels (both even) at `fps` frames a second.
    ///
    /// # Errors
    /// [`Error::Encode`] when this build of OpenCV has no H.264 encoder or the file cannot be made.
    pub fn create(path: &Path, width: u32, height: u32, fps: f64) -> Result<Self, Error> {
        let part = path.with_extension("part.mp4");
        let open = || -> opencv::Result<(VideoWriter, Mat)> {
            let fourcc = VideoWriter::fourcc('a', 'v', 'c', '1')?;
            let size = Size::new(width as i32, height as i32);
            let writer = VideoWriter::new_with_backend(&part, CAP_FFMPEG, fourcc, fps, size, true)?;
            Ok((
                writer,
                Mat::new_rows_cols_with_default(height as i32, width as i32, CV_8UC3, Scalar::all(0.0))?,
            ))
        };
        let (writer, buffer) = open().map_err(|e| failed(e, path))?;
        if !writer.is_opened().map_err(|e| failed(e, path))? {
            return Err(failed(
                "the encoder did not open; the folder must be writable and FFmpeg have libx264",
                path,
            ));
        }
        Ok(Self { writer, buffer, size: (width, height), part, path: path.to_owned() })
    }

    /// Appends a frame.
    ///
    /// # Errors
    /// [`Error::Encode`] when the image has another size or OpenCV refuses it.
    pub fn push(&mut self, image: &RgbImage) -> Result<(), Error> {
        if image.dimensions() != self.size {
            let cause = format!("a frame has {:?} pixels, the clip {:?}", image.dimensions(), self.size);
            return Err(failed(cause, &self.path));
        }
        let bytes = self.buffer.data_bytes_mut().map_err(|e| failed(e, &self.path))?;
        for (bgr, rgb) in bytes.chunks_exact_mut(3).zip(image.as_raw().chunks_exact(3)) {
            bgr.copy_from_slice(&[rgb[2], rgb[1], rgb[0]]);
        }
        self.writer.write(&self.buffer).map_err(|e| failed(e, &self.path))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// [`Error::Encode`] when it cannot be finished or renamed.
    pub fn finish(mut self) -> Result<(), Error> {
        self.writer.release().map_err(|e| failed(e, &self.path))?;
        std::fs::rename(&self.part, &self.path).map_err(|e| failed(e, &self.path))
    }
}
