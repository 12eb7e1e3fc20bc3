//! Depth that came with the input: 16-bit depth images of a sensor or a renderer.
//!
//! Takes `FrameSet::given`; gives maps at the size of the views, undistorted with the trajectory's
//! camera (depth is taken as registered to colour). Pixels without a reading (0, 65535) or beyond
//! the sensor's reach are masked. A target pixel averages the readings of its block that agree with
//! the block's median, so that no depth is invented between foreground and background.
//!
//! When the trajectory is not metric, the readings are brought to its units by the median ratio of
//! sparse-point depth to reading.

use super::views::{self, Rectifier};
use super::{DepthEstimator, DepthMap, DepthMaps, Error, Options};
use crate::camera::Camera;
use crate::math::median;
use crate::pose::{FramePose, Trajectory};
use crate::report::Reporter;
use crate::video::{FrameSet, GivenFrame};
use rayon::prelude::*;
use std::path::Path;

/// Readings beyond this are noise for every indoor sensor (structured light ends at 4–6 m, time of
/// flight at 5–10 m) and beyond any room, metres.
const MAX_DEPTH_M: f64 = 20.0;
/// Readings of one block within this share of its median are one surface.
const SAME_SURFACE: f32 = 0.02;
/// A pixel whose 3x3 neighbourhood spans more than this share of its depth lies on an edge, where
/// sensors smear foreground into background.
const EDGE_SPAN: f32 = 0.05;
/// Confidence (of 255) of a reading inside a surface: 19 of 20 are within 5 %.
const INSIDE_CONFIDENCE: u8 = 242;
/// Confidence (of 255) of a reading on an edge: one of two.
const EDGE_CONFIDENCE: u8 = 128;
/// Fewer sparse points than this give no scale.
const MIN_SCALE_POINTS: usize = 20;

/// Reads the depth images of the input.
#[derive(Debug, Clone)]
pub struct Given {
    options: Options,
}

impl Given {
    /// An estimator with these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }
}

/// One 16-bit image.
struct Readings {
    width: usize,
    height: usize,
    values: Vec<u16>,
}

impl DepthEstimator for Given {
    fn name(&self) -> &'static str {
        "given"
    }

    fn estimate(
        &self,
        frames: &FrameSet,
        trajectory: &Trajectory,
        reporter: &Reporter,
    ) -> Result<DepthMaps, Error> {
        views::check_trajectory(frames, trajectory)?;
        let keyframes = trajectory.keyframes().count();
        let given = frames.given.as_deref().ok_or(Error::NoGivenDepth { keyframes })?;
        let with_depth = |pose: &&FramePose| depth_path(given, pose.frame_idx).is_some();
        let candidates: Vec<&FramePose> = trajectory.keyframes().filter(with_depth).collect();
        if candidates.is_empty() {
            return Err(Error::NoGivenDepth { keyframes });
        }
        let chosen = views::thin(&candidates, self.options.max_keyframes.max(1));
        let camera = views::view_camera(&trajectory.camera, self.options.max_side_px);
        let views = views::load(frames, trajectory, &chosen, &camera, reporter)?;
        let rectifier = Rectifier::dense(&trajectory.camera, &camera);

        let read: Vec<Result<DepthMap, String>> = views
            .into_par_iter()
            .map(|view| {
                let path = depth_path(given, view.frame_idx).ok_or("it has no depth image")?;
                let readings = read_png(path)?;
                let depth = resample(&readings, &trajectory.camera, &rectifier, frames.depth_unit_m);
                let confidence = confidence(&depth, camera.width as usize);
                Ok(DepthMap {
                    frame_idx: view.frame_idx,
                    camera,
                    world_from_camera: view.world_from_camera,
                    depth,
                    confidence,
                    color: view.color,
                })
            })
            .collect();
        let mut maps = collect_readable(read, keyframes, reporter)?;
        if !trajectory.metric {
            scale_to_trajectory(&mut maps, trajectory, reporter);
        }
        reporter.diagnostic("maps", maps.len());
        Ok(DepthMaps { maps, source: self.name().to_owned() })
    }
}

fn depth_path(given: &[GivenFrame], frame_idx: usize) -> Option<&Path> {
    given.get(frame_idx).and_then(|frame| frame.depth_path.as_deref())
}

/// The maps that could be read; the others become one warning.
fn collect_readable(
    read: Vec<Result<DepthMap, String>>,
    keyframes: usize,
    reporter: &Reporter,
) -> Result<Vec<DepthMap>, Error> {
    let count = read.len();
    let mut maps = Vec::with_capacity(count);
    let mut failures = Vec::new();
    for item in read {
        match item {
            Ok(map) => maps.push(map),
            Err(cause) => failures.push(cause),
        }
    }
    if let Some(first) = failures.first() {
        reporter.warn(
            "given-depth-unreadable",
            format!("{} of {count} depth images cannot be used; the first: {first}", failures.len()),
        );
    }
    if maps.is_empty() { Err(Error::NoGivenDepth { keyframes }) } else { Ok(maps) }
}

fn read_png(path: &Path) -> Result<Readings, String> {
    let fail = |cause: &dyn std::fmt::Display| {
        format!("{cause}; give single-channel 16-bit PNG files: {}", path.display())
    };
    let image = image::ImageReader::open(path)
        .and_then(image::ImageReader::with_guessed_format)
        .map_err(|cause| fail(&cause))?
        .decode()
        .map_err(|cause| fail(&cause))?;
    match image {
        image::DynamicImage::ImageLuma16(gray) => Ok(Readings {
            width: gray.width() as usize,
            height: gray.height() as usize,
            values: gray.into_raw(),
        }),
        other => Err(fail(&format!("its pixels are {:?}, not 16-bit gray", other.color()))),
    }
}

/// Depth at the target's pixels, metres; 0 where there is none.
fn resample(readings: &Readings, camera: &Camera, rectifier: &Rectifier, unit_m: f64) -> Vec<f32> {
    let scale_x = readings.width as f64 / f64::from(camera.width);
    let scale_y = readings.height as f64 / f64::from(camera.height);
    let to_reading = |v: f32, scale: f64| ((f64::from(v) + 0.5) * scale - 0.5).round();
    let metres = |x: f64, y: f64| -> f32 {
        if x < 0.0 || y < 0.0 || x >= readings.width as f64 || y >= readings.height as f64 {
            return 0.0;
        }
        let raw = readings.values[y as usize * readings.width + x as usize];
        let depth = f64::from(raw) * unit_m;
        let usable = raw != 0 && raw != u16::MAX && depth.is_finite() && depth <= MAX_DEPTH_M;
        if usable { depth as f32 } else { 0.0 }
    };
    let mut block = Vec::new();
    rectifier
        .blocks()
        .map(|positions| {
            block.clear();
            block.extend(
                positions
                    .iter()
                    .map(|&[x, y]| metres(to_reading(x, scale_x), to_reading(y, scale_y)))
                    .filter(|&d| d > 0.0),
            );
            if block.is_empty() {
                return 0.0;
            }
            block.sort_by(f32::total_cmp);
            let centre = block[(block.len() - 1) / 2];
            let (sum, count) = block
                .iter()
                .filter(|&&d| (d - centre).abs() <= SAME_SURFACE * centre)
                .fold((0.0f32, 0u32), |(sum, count), &d| (sum + d, count + 1));
            sum / count as f32
        })
        .collect()
}

/// High inside surfaces, low on depth edges, 0 without a reading.
fn confidence(depth: &[f32], width: usize) -> Vec<u8> {
    let height = depth.len() / width.max(1);
    let mut out = vec![0; depth.len()];
    for y in 0..height {
        for x in 0..width {
            let d = depth[y * width + x];
            if d <= 0.0 {
                continue;
            }
            let rows = y.saturating_sub(1)..(y + 2).min(height);
            let edge = rows.into_iter().any(|ny| {
                (x.saturating_sub(1)..(x + 2).min(width)).any(|nx| {
                    let n = depth[ny * width + nx];
                    n > 0.0 && (n - d).abs() > EDGE_SPAN * d
                })
            });
            out[y * width + x] = if edge { EDGE_CONFIDENCE } else { INSIDE_CONFIDENCE };
        }
    }
    out
}

/// Brings depth in metres to the units of a trajectory without metric scale.
fn scale_to_trajectory(maps: &mut [DepthMap], trajectory: &Trajectory, reporter: &Reporter) {
    let mut ratios = Vec::new();
    for map in maps.iter() {
        let camera_from_world = map.world_from_camera.inverse();
        for point in &trajectory.points {
            if !point.observations.iter().any(|seen| seen.frame_idx == map.frame_idx) {
                continue;
            }
            let in_camera = camera_from_world * point.position;
            let Some(pixel) = map.camera.project(&in_camera).filter(|p| map.camera.contains(p)) else {
                continue;
            };
            let at = pixel.y.round() as usize * map.camera.width as usize + pixel.x.round() as usize;
            if let Some(&reading) = map.depth.get(at).filter(|&&d| d > 0.0) {
                ratios.push(in_camera.z / f64::from(reading));
            }
        }
    }
    let scale = median(&ratios).filter(|s| ratios.len() >= MIN_SCALE_POINTS && s.is_finite() && *s > 0.0);
    let Some(scale) = scale else {
        reporter.warn(
            "given-depth-scale-unknown",
            format!(
                "the camera path is not metric and only {} sparse points meet a depth reading ({MIN_SCALE_POINTS} \
                 are needed): depth is taken as it is; give metric poses",
                ratios.len()
            ),
        );
        return;
    };
    reporter.diagnostic("trajectory_units_per_metre", scale);
    for map in maps {
        map.depth.iter_mut().for_each(|d| *d *= scale as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        Camera::centred(8, 4, 10.0)
    }

    #[test]
    fn bad_readings_are_masked_and_blocks_do_not_mix_surfaces() {
        let mut values = vec![2000u16; 32];
        values[0] = 0;
        values[1] = u16::MAX;
        values[8] = 0;
        values[9] = 60_000;
        values[2] = 1000;
        let readings = Readings { width: 8, height: 4, values };
        let half = camera().resized(4, 2);
        let depth = resample(&readings, &camera(), &Rectifier::dense(&camera(), &half), 0.001);
        assert_eq!(depth.len(), 8);
        assert_eq!(depth[0], 0.0, "zero, saturated and 60 m readings are masked");
        assert!((depth[1] - 2.0).abs() < 1e-6, "one near reading does not pull the block: {}", depth[1]);
    }

    #[test]
    fn edges_are_less_confident_than_surfaces() {
        let mut depth = vec![2.0f32; 25];
        for y in 0..5 {
            depth[y * 5 + 4] = 3.0;
        }
        depth[10] = 0.0;
        let confidence = confidence(&depth, 5);
        assert_eq!(confidence[0], INSIDE_CONFIDENCE);
        assert_eq!(confidence[3], EDGE_CONFIDENCE);
        assert_eq!(confidence[10], 0);
    }
}
