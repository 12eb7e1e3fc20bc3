//! SIFT keypoints and RootSIFT descriptors of keyframes.
//!
//! Lowe 2004; Arandjelović & Zisserman 2012 (square roots of L1-normalised histograms, so that a dot
//! product is the Hellinger kernel). Stored as bytes: value = 512 · √share, cut at 255.

use super::cv::in_routine;
use super::frontend::Descriptors;
use crate::pose::Error;
use opencv::core::{KeyPoint, Mat, Ptr, Vector};
use opencv::features2d::SIFT;
use opencv::prelude::*;

/// Contrast threshold: half of Lowe's value, for blank walls.
const CONTRAST: f64 = 0.02;
/// Edge threshold, Lowe's value.
const EDGE: f64 = 10.0;
/// Blur of the first octave, Lowe's value, pixels.
const SIGMA_PX: f64 = 1.6;
/// Scale steps per octave, Lowe's value.
const STEPS: i32 = 3;
/// OpenCV doubles the picture with a bilinear filter whose samples lie at x/2 − 1/4, but reports x/2
/// (opencv/opencv#23124): keypoints come out this much too far right and down, pixels.
const UPSCALE_BIAS_PX: f32 = 0.25;
/// Factor from a square-rooted share to a byte.
pub const BYTE_SCALE: f32 = 512.0;

/// A SIFT detector.
pub struct Sift {
    detector: Ptr<SIFT>,
}

impl Sift {
    /// A detector of at most `most` keypoints.
    ///
    /// # Errors
    /// When OpenCV cannot make one.
    pub fn new(most: usize) -> Result<Self, Error> {
        let detector = in_routine("SIFT", SIFT::create(most as i32, STEPS, CONTRAST, EDGE, SIGMA_PX))?;
        Ok(Self { detector })
    }

    /// Descriptors of a gray picture.
    ///
    /// # Errors
    /// When OpenCV fails.
    pub fn compute(&mut self, gray: &Mat) -> Result<Descriptors, Error> {
        let mut keypoints = Vector::<KeyPoint>::new();
        let mut matrix = Mat::default();
        in_routine(
            "SIFT",
            self.detector.detect_and_compute_def(
                gray,
                &opencv::core::no_array(),
                &mut keypoints,
                &mut matrix,
            ),
        )?;
        if keypoints.is_empty() {
            return Ok(Descriptors::default());
        }
        let values = in_routine("SIFT", matrix.data_typed::<f32>())?;
        let mut out = Descriptors::default();
        for (keypoint, descriptor) in keypoints.iter().zip(values.chunks_exact(Descriptors::LENGTH)) {
            let pixel = [keypoint.pt().x - UPSCALE_BIAS_PX, keypoint.pt().y - UPSCALE_BIAS_PX];
            // The strongest orientation only: a second keypoint at the same place would be the same point.
            if out.pixels.last() == Some(&pixel) {
                continue;
            }
            let sum: f32 = descriptor.iter().sum::<f32>().max(1e-6);
            out.pixels.push(pixel);
            out.data.extend(descriptor.iter().map(|v| ((v / sum).sqrt() * BYTE_SCALE).min(255.0) as u8));
        }
        Ok(out)
    }
}
