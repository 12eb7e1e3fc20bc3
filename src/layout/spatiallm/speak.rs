//! The heavy steps of the detector, with what it reports about them.
//!
//! Cloud to voxels, voxels to point tokens, point tokens to spoken lines.

use super::decoder::Decoder;
use super::error::Error;
use super::generate::{self, End, Limits};
use super::inputs::{Pyramid, Shuffle};
use super::sampling::Sampler;
use super::spoken::{Line, Listener};
use super::voxels::{self, ColouredPoint, EXTENT_M, Voxels};
use super::{SpatialLm, cleanup, encoder};
use crate::cloud::{Cloud, SceneFrame};
use crate::report::Reporter;

impl SpatialLm {
    /// The cloud as the model wants it.
    pub(super) fn voxels(&self, cloud: &Cloud<SceneFrame>, reporter: &Reporter) -> Result<Voxels, Error> {
        let finite = cloud.points.iter().filter(|point| point.position.iter().all(|v| v.is_finite()));
        let mut points: Vec<ColouredPoint> = finite
            .map(|point| ColouredPoint { position: point.position.map(f64::from), rgb: point.rgb })
            .collect();
        if points.len() < cloud.len() {
            let left = cloud.len() - points.len();
            reporter.warn(
                "cloud-not-finite",
                format!(
                    "{left} of {} points have a coordinate that is not a number; they were left out",
                    cloud.len()
                ),
            );
        }
        let num_bins = self.encoder.1.num_bins;
        if self.options.cleanup {
            points = cleanup::clean(&points, EXTENT_M / f64::from(num_bins));
        }
        if points.is_empty() {
            return Err(Error::NoPoints { usable: 0, total: cloud.len() });
        }
        let voxels = voxels::voxelise(&points, num_bins, self.options.max_voxels);
        self.warn_of_limits(&points, &voxels, reporter);
        reporter.diagnostic("voxels", voxels.grid.len());
        Ok(voxels)
    }

    fn warn_of_limits(&self, points: &[ColouredPoint], voxels: &Voxels, reporter: &Reporter) {
        if voxels.grid.len() < voxels.occupied {
            reporter.warn(
                "cloud-thinned",
                format!(
                    "{} of {} voxels are looked at, spread evenly; `layout.spatiallm.max_voxels` sets the limit",
                    voxels.grid.len(),
                    voxels.occupied
                ),
            );
        }
        let beyond = |p: &ColouredPoint| (0..3).any(|k| p.position[k] - voxels.min_corner[k] >= EXTENT_M);
        let outside = points.iter().filter(|point| beyond(point)).count();
        if outside > 0 {
            reporter.warn(
                "cloud-too-wide",
                format!(
                    "{outside} points lie beyond the {EXTENT_M} m that the model knows and are seen at its edge: \
                     give one floor or one flat at a time"
                ),
            );
        }
    }

    /// Point tokens of the voxels.
    pub(super) fn encode(&self, voxels: &Voxels, reporter: &Reporter) -> Result<Vec<f32>, Error> {
        let (model, spec) = &self.encoder;
        let shuffle =
            if self.options.shuffle_orders { Shuffle::Seed(self.options.seed as u32) } else { Shuffle::Off };
        let pyramid = Pyramid::new(&voxels.grid, &spec.orders, shuffle);
        reporter.diagnostic("point_tokens", pyramid.tokens());
        encoder::encode(model.clone(), spec, voxels, &pyramid, self.options.threads)
    }

    /// Lets the model speak about point tokens.
    pub(super) fn speak(&self, points: &[f32], reporter: &Reporter) -> Result<Vec<Line>, Error> {
        let (model, spec) = &self.decoder;
        let options = &self.options;
        let prompt = self.vocabulary.prompt(options.task, &options.categories, spec)?;
        let tokens = prompt.ids.len() - 1 + points.len() / spec.width;
        if tokens + options.max_new_tokens > spec.context {
            return Err(Error::TooLong { tokens, new: options.max_new_tokens, context: spec.context });
        }
        let penalty = if options.repetition_penalty > 0.0 {
            options.repetition_penalty
        } else {
            spec.repetition_penalty
        };
        let mut sampler = Sampler::new(options.sampling, penalty, options.seed);
        let mut decoder = Decoder::open(model.clone(), spec.clone(), options.threads)?;
        let total = tokens + options.max_new_tokens;
        let logits = decoder.read(&prompt, points, &mut |done, _| reporter.progress(done, total))?;
        let mut listener = Listener::default();
        let mut text_of = self.vocabulary.reader();
        let mut spoken = 0;
        let limits = Limits {
            stop: spec.stop.clone(),
            max_tokens: options.max_new_tokens,
            repetition_guard: options.repetition_guard,
        };
        let (chosen, end) =
            generate::generate(&mut decoder, logits, prompt.ids, &mut sampler, &limits, &mut |choice| {
                listener.hear(&text_of(choice.id)?, choice.probability);
                spoken += 1;
                reporter.progress(tokens + spoken, total);
                Ok(())
            })?;
        reporter.progress(total, total);
        reporter.diagnostic("tokens", chosen.len());
        match end {
            End::Stopped => {}
            End::Limit => reporter.warn(
                "layout-text-cut",
                format!(
                    "the text was cut after {} tokens; `layout.spatiallm.max_new_tokens` sets the limit",
                    chosen.len()
                ),
            ),
            End::Repetition => reporter.warn(
                "layout-text-repeats",
                format!(
                    "the model repeated itself and was stopped after {} tokens; try `--set \
                     layout.spatiallm.sampling.temperature=0.6` or another seed",
                    chosen.len()
                ),
            ),
        }
        Ok(listener.finish())
    }
}
