//! Undistorted, resized views of the frames: what every estimator looks at.
//!
//! Takes the frames' pixels and the trajectory; gives gray and colour images of a pinhole camera
//! without distortion (same field of view, longer side bounded). Resampling averages a small grid
//! of bilinear samples per pixel, so that halving a picture is exactly a 2x2 box filter.

use super::Error;
use crate::camera::Camera;
use crate::math::{Point2, Pose};
use crate::pose::{FramePose, Trajectory};
use crate::report::Reporter;
use crate::video::FrameSet;
use crate::video::quality::gray;
use image::RgbImage;

/// One posed view.
#[derive(Debug, Clone)]
pub struct View {
    /// Index into `FrameSet::frames`.
    pub frame_idx: usize,
    /// Camera pose in the world frame.
    pub world_from_camera: Pose,
    /// Gray levels, row-major.
    pub gray: Vec<u8>,
    /// Colours.
    pub color: RgbImage,
}

/// The undistorted camera of the views: `camera` without distortion, its longer side at most
/// `max_side_px`.
#[must_use]
pub fn view_camera(camera: &Camera, max_side_px: u32) -> Camera {
    let longer = camera.width.max(camera.height).max(1);
    let scale = f64::from(max_side_px.clamp(16, longer.max(16))) / f64::from(longer);
    let scale = scale.min(1.0);
    let side = |pixels: u32| ((f64::from(pixels) * scale).round() as u32).max(1);
    camera.without_distortion().resized(side(camera.width), side(camera.height))
}

/// Checks what every estimator relies on: finite poses and camera, indices within the frame set.
///
/// # Errors
/// [`Error::BadTrajectory`] names the first thing that does not fit.
pub fn check_trajectory(frames: &FrameSet, trajectory: &Trajectory) -> Result<(), Error> {
    let bad = |cause: String| Err(Error::BadTrajectory { cause });
    let camera = &trajectory.camera;
    if (camera.width, camera.height) != (frames.width, frames.height) {
        return bad(format!(
            "its camera is for {}x{} images, the frames are {}x{}",
            camera.width, camera.height, frames.width, frames.height
        ));
    }
    let intrinsics = [camera.fx, camera.fy, camera.cx, camera.cy, camera.k1, camera.k2, camera.p1, camera.p2];
    if intrinsics.iter().any(|v| !v.is_finite()) || camera.fx <= 0.0 || camera.fy <= 0.0 {
        return bad(format!("focal lengths {} and {} px", camera.fx, camera.fy));
    }
    let mut previous = None;
    for pose in &trajectory.poses {
        if pose.frame_idx >= frames.frames.len() {
            return bad(format!("frame {} of {}", pose.frame_idx, frames.frames.len()));
        }
        if previous.is_some_and(|idx| idx >= pose.frame_idx) {
            return bad(format!("frame {} comes out of order", pose.frame_idx));
        }
        previous = Some(pose.frame_idx);
        let motion = &pose.world_from_camera;
        let finite = motion.translation.vector.iter().chain(motion.rotation.coords.iter());
        if finite.into_iter().any(|v| !v.is_finite()) {
            return bad(format!("the pose of frame {} is not finite", pose.frame_idx));
        }
    }
    Ok(())
}

/// Positions in `trajectory.poses` of at most `limit` keyframes, evenly thinned, in time order.
#[must_use]
pub fn thinned_keyframes(trajectory: &Trajectory, limit: usize) -> Vec<usize> {
    let all: Vec<usize> = (0..trajectory.poses.len()).filter(|&i| trajectory.poses[i].is_keyframe).collect();
    thin(&all, limit)
}

/// At most `limit` of the items, evenly spread, first and last included when `limit` > 1.
#[must_use]
pub fn thin<T: Copy>(items: &[T], limit: usize) -> Vec<T> {
    if items.len() <= limit {
        return items.to_vec();
    }
    match limit {
        0 => Vec::new(),
        1 => vec![items[items.len() / 2]],
        _ => (0..limit).map(|i| items[i * (items.len() - 1) / (limit - 1)]).collect(),
    }
}

/// Undistorts and resizes images of one camera to another of the same field of view.
#[derive(Debug, Clone)]
pub struct Rectifier {
    source_width: usize,
    source_height: usize,
    width: usize,
    height: usize,
    /// `samples` source positions per target pixel.
    positions: Vec<[f32; 2]>,
    samples: usize,
}

impl Rectifier {
    /// Maps images of `from` (may be distorted) to images of `to` (must not be).
    #[must_use]
    pub fn new(from: &Camera, to: &Camera) -> Self {
        // A bilinear sample covers two source pixels, so one per two pixels of scale is enough.
        Self::with_density(from, to, 0.5)
    }

    /// The same with at least one sample per source pixel, for images that must not be interpolated.
    #[must_use]
    pub fn dense(from: &Camera, to: &Camera) -> Self {
        Self::with_density(from, to, 1.0)
    }

    fn with_density(from: &Camera, to: &Camera, samples_per_px: f64) -> Self {
        let scale = f64::from(from.width) / f64::from(to.width.max(1));
        let side = (samples_per_px * scale - 1e-6).ceil().max(1.0) as usize;
        let mut positions = Vec::with_capacity((to.width * to.height) as usize * side * side);
        for y in 0..to.height {
            for x in 0..to.width {
                for sub in 0..side * side {
                    let offset = |i: usize| (i as f64 + 0.5) / side as f64 - 0.5;
                    let pixel =
                        Point2::new(f64::from(x) + offset(sub % side), f64::from(y) + offset(sub / side));
                    let distorted = from.distort(to.normalize(pixel));
                    positions.push([
                        (from.fx * distorted.x + from.cx) as f32,
                        (from.fy * distorted.y + from.cy) as f32,
                    ]);
                }
            }
        }
        Self {
            source_width: from.width as usize,
            source_height: from.height as usize,
            width: to.width as usize,
            height: to.height as usize,
            positions,
            samples: side * side,
        }
    }

    /// Source positions (pixels, may lie outside) whose mean makes each target pixel, row-major; at
    /// least one per source pixel.
    pub fn blocks(&self) -> impl Iterator<Item = &[[f32; 2]]> {
        self.positions.chunks_exact(self.samples)
    }

    /// The image seen by the target camera; black where the source does not reach.
    #[must_use]
    pub fn apply(&self, image: &RgbImage) -> RgbImage {
        let source = image.as_raw();
        let mut out = Vec::with_capacity(self.width * self.height * 3);
        for group in self.positions.chunks_exact(self.samples) {
            let mut sum = [0.0f32; 3];
            for &position in group {
                let rgb = self.bilinear(source, position);
                for (total, value) in sum.iter_mut().zip(rgb) {
                    *total += value;
                }
            }
            out.extend(sum.iter().map(|total| (total / self.samples as f32 + 0.5) as u8));
        }
        RgbImage::from_raw(self.width as u32, self.height as u32, out)
            .expect("because three bytes were pushed for every pixel")
    }

    fn bilinear(&self, source: &[u8], [x, y]: [f32; 2]) -> [f32; 3] {
        let (max_x, max_y) = ((self.source_width - 1) as f32, (self.source_height - 1) as f32);
        if !(x >= -0.5 && y >= -0.5 && x <= max_x + 0.5 && y <= max_y + 0.5) {
            return [0.0; 3];
        }
        let (x, y) = (x.clamp(0.0, max_x), y.clamp(0.0, max_y));
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(self.source_width - 1), (y0 + 1).min(self.source_height - 1));
        let (wx, wy) = (x - x0 as f32, y - y0 as f32);
        let at = |px: usize, py: usize, channel: usize| {
            f32::from(source[(py * self.source_width + px) * 3 + channel])
        };
        std::array::from_fn(|c| {
            let top = at(x0, y0, c) * (1.0 - wx) + at(x1, y0, c) * wx;
            let bottom = at(x0, y1, c) * (1.0 - wx) + at(x1, y1, c) * wx;
            top * (1.0 - wy) + bottom * wy
        })
    }
}

/// Loads the views of these poses (ascending), undistorted and at the size of `camera`. A frame that
/// cannot be decoded is left out with a warning.
///
/// # Errors
/// When none of the frames can be decoded.
pub fn load(
    frames: &FrameSet,
    trajectory: &Trajectory,
    poses: &[&FramePose],
    camera: &Camera,
    reporter: &Reporter,
) -> Result<Vec<View>, Error> {
    let rectifier = Rectifier::new(&trajectory.camera, camera);
    let indices: Vec<usize> = poses.iter().map(|pose| pose.frame_idx).collect();
    let mut views = Vec::with_capacity(poses.len());
    let mut first_failure = None;
    let mut failures = 0;
    for (item, pose) in frames.stream_of(&indices)?.zip(poses) {
        match item {
            Ok((frame_idx, image)) => {
                let color = rectifier.apply(&image);
                let gray = gray(&color);
                views.push(View { frame_idx, world_from_camera: pose.world_from_camera, gray, color });
            }
            Err(failure) => {
                failures += 1;
                first_failure.get_or_insert(failure);
            }
        }
    }
    match first_failure {
        Some(failure) if views.is_empty() => Err(failure.into()),
        Some(failure) => {
            let count = poses.len();
            reporter.warn(
                "views-unreadable",
                format!("{failures} of {count} views cannot be read and are left out; the first: {failure}"),
            );
            Ok(views)
        }
        None => Ok(views),
    }
}
