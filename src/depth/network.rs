//! `network`: a multi-view depth network that the model manifest describes.
//!
//! Takes frames, trajectory and a manifest entry with [`MultiViewDepth`]; for each keyframe picks
//! sources as the plane sweep does, feeds images, relative projections and the depth range, joins
//! what matching finds ([`super::matching`]), and checks the maps of all keyframes against each other. Depth comes out in the units of the poses.
//! Networks are trained on upright wide pictures: portrait clips are fed turned by 90 degrees.

use super::matching::{self, Origin};
use super::plane_sweep::Swept;
use super::views::{self, View};
use super::{DepthEstimator, DepthMap, DepthMaps, Error, Options, consistency, plane_sweep, sources};
use crate::camera::Camera;
use crate::depth::range::InverseRange;
use crate::math::{Mat3, Mat4, Pose};
use crate::nn::{Layout, MultiViewDepth, Registry, Session, SessionOptions, Tensor};
use crate::pose::{FramePose, Trajectory};
use crate::report::Reporter;
use crate::video::FrameSet;
use image::RgbImage;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Wanted parallax between the farthest and the nearest depth, share of the image width: what
/// training sets of multi-view stereo show.
const PARALLAX_SHARE: f64 = 0.16;

/// Depths of a network agree within this share at least: its errors are relative, 3 to 5 % (published
/// networks and ours on indoor clips), where those of matching are fractions of a pixel.
const NETWORK_TOLERANCE: f64 = 0.03;

/// What matching alone found needs so many more confirming maps than in the plane sweep: the network saw it and
/// doubted it.
const MORE_AGREEING: usize = 1;

/// The network estimator.
#[derive(Debug)]
pub struct Network {
    options: Options,
    spec: MultiViewDepth,
    session: Mutex<Session>,
}

impl Network {
    /// Loads the model that the options name.
    ///
    /// # Errors
    /// When it is missing, altered, not loadable or no multi-view depth network.
    pub fn open(options: Options, registry: &Registry) -> Result<Self, Error> {
        let spec = registry.manifest().entry(&options.model)?.multi_view_depth.clone();
        let spec = spec.ok_or_else(|| Error::UnfitModel {
            model: options.model.clone(),
            cause: "the manifest does not describe it as a multi-view depth network".to_owned(),
        })?;
        let model = registry.find(&options.model)?;
        let session = Session::open(
            model,
            &SessionOptions { threads: options.network_threads, ..SessionOptions::default() },
        )?;
        Ok(Self { options, spec, session: Mutex::new(session) })
    }
}

impl DepthEstimator for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn models(&self) -> Vec<(String, String)> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = &session.model().entry;
        vec![(entry.id.clone(), entry.sha256.clone())]
    }

    fn estimate(
        &self,
        frames: &FrameSet,
        trajectory: &Trajectory,
        reporter: &Reporter,
    ) -> Result<DepthMaps, Error> {
        views::check_trajectory(frames, trajectory)?;
        let all = trajectory.keyframes().count();
        let limit = self.options.max_keyframes.min(self.options.max_network_keyframes).max(1);
        let keyframes = views::thinned_keyframes(trajectory, limit);
        if keyframes.is_empty() || trajectory.poses.len() < 2 {
            return Err(Error::TooFewViews { registered: trajectory.poses.len(), keyframes: all });
        }
        reporter.diagnostic("keyframes_left_out", all - keyframes.len());
        let pool = plane_sweep::source_pool(trajectory);
        let pool: Vec<&FramePose> = pool.into_iter().map(|i| &trajectory.poses[i]).collect();
        let camera = trajectory.camera.without_distortion().resized(self.spec.width, self.spec.height);
        let views = views::load(frames, trajectory, &pool, &camera, reporter)?;
        let wanted: Vec<usize> = keyframes.iter().map(|&i| trajectory.poses[i].frame_idx).collect();
        let references: Vec<usize> =
            (0..views.len()).filter(|&v| wanted.binary_search(&views[v].frame_idx).is_ok()).collect();
        let ranges =
            plane_sweep::ranges(&camera, &views, &references, trajectory, &self.options.plane_sweep)?;
        let mut maps = self.run_all(&camera, &views, &references, &ranges, reporter)?;
        if maps.is_empty() {
            return Err(plane_sweep::no_baseline(&views, references.len()));
        }
        let swept = self.match_views(&camera, &views, &references, &ranges, &maps);
        self.agree(&mut maps, &swept);
        let coverage = maps.iter().map(DepthMap::coverage).sum::<f64>() / maps.len() as f64;
        reporter.diagnostic("maps", maps.len());
        reporter.diagnostic("coverage", coverage);
        reporter.diagnostic("model", &self.options.model);
        reporter
            .diagnostic("provider", self.session.lock().unwrap_or_else(PoisonError::into_inner).provider());
        Ok(DepthMaps { maps, source: format!("{}:{}", self.name(), self.options.model) })
    }
}

impl Network {
    fn run_all(
        &self,
        camera: &Camera,
        views: &[View],
        references: &[usize],
        ranges: &[InverseRange],
        reporter: &Reporter,
    ) -> Result<Vec<DepthMap>, Error> {
        let poses: Vec<Pose> = views.iter().map(|view| view.world_from_camera).collect();
        let target_px = PARALLAX_SHARE * f64::from(camera.width);
        let mut maps = Vec::with_capacity(references.len());
        let mut missing = 0;
        for (done, (&reference, range)) in references.iter().zip(ranges).enumerate() {
            let chosen = sources::select(camera, &poses, reference, range, target_px, self.spec.views - 1);
            if chosen.is_empty() {
                missing += 1;
            } else {
                // A network takes a fixed number of views: the best source fills the places left.
                let views_in: Vec<usize> = std::iter::once(reference)
                    .chain(chosen.iter().copied().chain(std::iter::repeat(chosen[0])))
                    .take(self.spec.views)
                    .collect();
                maps.push(self.run(camera, views, &views_in, range)?);
            }
            reporter.progress(done + 1, references.len());
        }
        if missing > 0 && !maps.is_empty() {
            reporter.warn(
                "keyframes-without-parallax",
                format!(
                    "{missing} of {} keyframes have no second view with parallax and get no depth; move \
                     sideways while turning",
                    references.len()
                ),
            );
        }
        Ok(maps)
    }

    /// Runs the network on these views, the reference first.
    fn run(
        &self,
        camera: &Camera,
        views: &[View],
        chosen: &[usize],
        range: &InverseRange,
    ) -> Result<DepthMap, Error> {
        let reference = &views[chosen[0]];
        let unfit = |cause: String| Error::UnfitModel { model: self.options.model.clone(), cause };
        let images: Vec<&RgbImage> = chosen.iter().map(|&view| &views[view].color).collect();
        let mut inputs = vec![(self.spec.images.as_str(), image_tensor(&self.spec, &images))];
        for projection in &self.spec.projections {
            let mut values = Vec::with_capacity(16 * (chosen.len() - 1));
            for &source in &chosen[1..] {
                let source_from_reference =
                    views[source].world_from_camera.inverse() * reference.world_from_camera;
                let matrix = relative_projection(camera, &source_from_reference, projection.scale);
                values.extend((0..16).map(|i| matrix[(i / 4, i % 4)] as f32));
            }
            inputs.push((&projection.input, Tensor::f32(&[1, chosen.len() - 1, 4, 4], values)));
        }
        inputs.push((&self.spec.depth_min, Tensor::f32(&[1], vec![(1.0 / range.near) as f32])));
        inputs.push((&self.spec.depth_max, Tensor::f32(&[1], vec![(1.0 / range.far) as f32])));
        let mut named = Vec::with_capacity(inputs.len());
        for (name, tensor) in &inputs {
            let tensor = tensor.as_ref().ok_or_else(|| unfit(format!("`{name}` has another size")))?;
            named.push((*name, tensor));
        }
        let outputs = self.session.lock().unwrap_or_else(PoisonError::into_inner).run(&named)?;
        let pixels = (camera.width * camera.height) as usize;
        let plane = |wanted: &str| {
            outputs
                .iter()
                .find(|(name, _)| name == wanted)
                .and_then(|(_, tensor)| tensor.as_f32())
                .filter(|values| values.len() == pixels)
                .ok_or_else(|| unfit(format!("its output `{wanted}` does not hold {pixels} values")))
        };
        let (depth, confidence) = (plane(&self.spec.depth)?, plane(&self.spec.confidence)?);
        let usable = |i: usize| depth[i].is_finite() && depth[i] > 0.0 && confidence[i].is_finite();
        Ok(DepthMap {
            frame_idx: reference.frame_idx,
            camera: *camera,
            world_from_camera: reference.world_from_camera,
            depth: (0..pixels).map(|i| if usable(i) { depth[i] } else { 0.0 }).collect(),
            confidence: (0..pixels)
                .map(|i| if usable(i) { (255.0 * confidence[i].clamp(0.0, 1.0)).round() as u8 } else { 0 })
                .collect(),
            color: reference.color.clone(),
        })
    }

    /// Plane sweeps of the views that have a map; none when the options want the network alone.
    fn match_views(
        &self,
        camera: &Camera,
        views: &[View],
        references: &[usize],
        ranges: &[InverseRange],
        maps: &[DepthMap],
    ) -> Vec<Option<Swept>> {
        if !self.options.network_matching {
            return vec![None; maps.len()];
        }
        let poses: Vec<Pose> = views.iter().map(|view| view.world_from_camera).collect();
        let sweep = |map: &DepthMap| {
            let k = references.iter().position(|&r| views[r].frame_idx == map.frame_idx)?;
            plane_sweep::sweep(camera, views, &poses, references[k], &ranges[k], &self.options.plane_sweep)
        };
        maps.par_iter().map(sweep).collect()
    }

    /// Joins what matching found, removes what the network doubts and what other keyframes contradict.
    fn agree(&self, maps: &mut [DepthMap], swept: &[Option<Swept>]) {
        let doubted = (255.0 * self.spec.min_confidence) as u8;
        let origins: Vec<Vec<Origin>> = maps
            .par_iter_mut()
            .zip(swept)
            .map(|(map, swept)| {
                let origins = match swept {
                    Some(swept) => matching::join(map, swept, doubted),
                    None => vec![Origin::Network; map.depth.len()],
                };
                // What the network doubts has no vote.
                for pixel in 0..map.depth.len() {
                    if origins[pixel] == Origin::Network && map.confidence[pixel] < doubted {
                        consistency::clear(map, pixel);
                    }
                }
                origins
            })
            .collect();
        let options = consistency::Options {
            tolerance: self.options.consistency.tolerance.max(NETWORK_TOLERANCE),
            ..self.options.consistency
        };
        let slack = vec![0.0; maps.len()];
        let votes = consistency::vote(maps, &slack, &options);
        maps.par_iter_mut().zip(votes).zip(origins).zip(swept).for_each(
            |(((map, votes), origins), swept)| {
                for pixel in 0..map.depth.len() {
                    if let Some(swept) = swept
                        && map.depth[pixel] > 0.0
                        && origins[pixel] != Origin::Network
                    {
                        let sure = plane_sweep::confidence(swept.uniqueness[pixel], votes[pixel], false);
                        map.confidence[pixel] = map.confidence[pixel].max(sure);
                    }
                }
                let needed = |pixel: usize| match origins[pixel] {
                    Origin::Matching => options.min_agreeing + MORE_AGREEING,
                    Origin::Network | Origin::Both => 0,
                };
                consistency::filter(map, &votes, needed);
                consistency::remove_speckles(map, options.min_area_px);
            },
        );
    }
}

/// `K_src T_src T_ref⁻¹ K_ref⁻¹` with the first two rows of `K` scaled.
fn relative_projection(camera: &Camera, source_from_reference: &Pose, scale: f64) -> Mat4 {
    let intrinsics = Mat3::new(
        camera.fx * scale,
        0.0,
        camera.cx * scale,
        0.0,
        camera.fy * scale,
        camera.cy * scale,
        0.0,
        0.0,
        1.0,
    );
    let inverse = Mat3::new(
        1.0 / (camera.fx * scale),
        0.0,
        -camera.cx / camera.fx,
        0.0,
        1.0 / (camera.fy * scale),
        -camera.cy / camera.fy,
        0.0,
        0.0,
        1.0,
    );
    let rotation = source_from_reference.rotation.to_rotation_matrix();
    let turned = intrinsics * rotation.matrix() * inverse;
    let moved = intrinsics * source_from_reference.translation.vector;
    let mut matrix = Mat4::identity();
    matrix.fixed_view_mut::<3, 3>(0, 0).copy_from(&turned);
    matrix.fixed_view_mut::<3, 1>(0, 3).copy_from(&moved);
    matrix
}

/// The views as one tensor; `None` when a view has another size.
fn image_tensor(spec: &MultiViewDepth, images: &[&RgbImage]) -> Option<Tensor> {
    let (width, height) = (spec.width as usize, spec.height as usize);
    match spec.layout {
        Layout::BatchViewChannelRowColumn => {
            let mut values = Vec::with_capacity(images.len() * 3 * width * height);
            for image in images {
                for channel in 0..3 {
                    let (mean, deviation) = (spec.mean[channel], spec.deviation[channel]);
                    let plane = image.as_raw().iter().skip(channel).step_by(3);
                    values.extend(plane.map(|&v| (f32::from(v) / 255.0 - mean) / deviation));
                }
            }
            Tensor::f32(&[1, images.len(), 3, height, width], values)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{Point2, Rotation, Vec3};

    #[test]
    fn the_relative_projection_takes_reference_pixels_and_depth_to_the_source() {
        let camera = Camera::centred(64, 48, 50.0);
        let motion = Pose::from_parts(
            Vec3::new(0.2, -0.1, 0.05).into(),
            Rotation::from_euler_angles(0.02, -0.1, 0.03),
        );
        let (pixel, depth) = (Point2::new(40.0, 11.0), 2.3);
        let expected = camera.project(&(motion * camera.unproject(pixel, depth))).expect("in front");
        let matrix = relative_projection(&camera, &motion, 1.0);
        let there = matrix * nalgebra::Vector4::new(pixel.x * depth, pixel.y * depth, depth, 1.0);
        assert!((there.x / there.z - expected.x).abs() < 1e-9);
        assert!((there.y / there.z - expected.y).abs() < 1e-9);
    }
}
