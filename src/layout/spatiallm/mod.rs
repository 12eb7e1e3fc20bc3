//! The detector that runs SpatialLM's own weights: a point encoder and a language model that writes
//! the layout as text.
//!
//! `DetectorInput -> Draft` in one straight line: [`cleanup`] → [`voxels`] → [`inputs`] ([`curves`],
//! [`serialise`], [`neighbours`]) → [`encoder`] → [`vocabulary`] ([`prompt`]) → [`decoder`],
//! [`generate`] ([`sampling`]) → [`spoken`] → [`to_draft`]. The weights are others' and no part of this
//! program: `train/spatiallm` exports a checkpoint into a model folder. Source: SpatialLM (Mao et al.
//! 2025). Frame: scene; the model wants Z up, metres and walls along the axes, which alignment gives.

pub mod cleanup;
pub mod curves;
pub mod decoder;
pub mod encoder;
pub mod error;
pub mod generate;
pub mod inputs;
pub mod neighbours;
pub mod permutation;
pub mod prompt;
pub mod sampling;
pub mod serialise;
mod speak;
pub mod spoken;
pub mod to_draft;
pub mod vocabulary;
pub mod voxels;

pub use error::Error;

use super::{DetectorInput, Draft, LayoutDetector, samples};
use crate::nn::{LayoutDecoder, Model, PointEncoder, Registry};
use crate::report::Reporter;
use crate::scene::spatiallm::Bins;
use serde::{Deserialize, Serialize};
use vocabulary::Vocabulary;

/// Name of this detector.
pub const NAME: &str = "spatiallm";
/// The file of the decoder that is its tokenizer.
const TOKENIZER: &str = "tokenizer.json";

/// Options of this detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Manifest id of the point encoder.
    pub encoder: String,
    /// Manifest id of the layout decoder.
    pub decoder: String,
    /// What is looked for.
    pub task: prompt::Task,
    /// Classes of boxes to look for; empty for all that the model knows.
    pub categories: Vec<String>,
    /// How tokens are chosen.
    pub sampling: sampling::Options,
    /// Seed of what is drawn.
    pub seed: u64,
    /// Most tokens of the text.
    pub max_new_tokens: usize,
    /// Penalty of repeated tokens; 0 for the checkpoint's own.
    pub repetition_penalty: f32,
    /// Ends a text that goes round in circles.
    pub repetition_guard: bool,
    /// A line that is no entity is an error; otherwise it is left out with a warning.
    pub refuse_bad_lines: bool,
    /// Puts values in the middle of their bin. The published code puts them at its lower edge, 1.25 cm
    /// too low on average.
    pub half_bin: bool,
    /// Removes outliers first, as the published code does.
    pub cleanup: bool,
    /// Shuffles the curves of the encoder as the published code does, with the low bits of the seed.
    pub shuffle_orders: bool,
    /// Most voxels that are looked at. The encoder needs about 9 kB for each: 1.8 GiB were
    /// measured for 145 855 at the released size, 200 000 would take about 2.3 GiB.
    pub max_voxels: usize,
    /// Threads.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            encoder: "spatiallm_encoder".to_owned(),
            decoder: "spatiallm_decoder".to_owned(),
            task: prompt::Task::default(),
            categories: Vec::new(),
            sampling: sampling::Options::default(),
            seed: 0,
            // The publishers' limit.
            max_new_tokens: 4096,
            repetition_penalty: 0.0,
            repetition_guard: true,
            refuse_bad_lines: false,
            half_bin: false,
            cleanup: true,
            shuffle_orders: false,
            max_voxels: 200_000,
            threads: 2,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), Error> {
        self.sampling.check()?;
        let wrong = |name, value: String, needed| Err(Error::Option { name, value, needed });
        if self.max_new_tokens == 0 {
            return wrong("max_new_tokens", "0".to_owned(), "give 1 or more");
        }
        if self.max_voxels == 0 {
            return wrong("max_voxels", "0".to_owned(), "give 1 or more");
        }
        if !(self.repetition_penalty.is_finite() && self.repetition_penalty >= 0.0) {
            let value = self.repetition_penalty.to_string();
            return wrong("repetition_penalty", value, "give 0 (the checkpoint's own) or a positive number");
        }
        if let Some(bad) =
            self.categories.iter().find(|c| c.trim().is_empty() || c.contains(['<', '\n', ',', '(']))
        {
            return wrong("categories", format!("`{bad}`"), "give plain names of classes");
        }
        Ok(())
    }
}

/// The detector.
pub struct SpatialLm {
    options: Options,
    encoder: (Model, PointEncoder),
    decoder: (Model, LayoutDecoder),
    vocabulary: Vocabulary,
}

impl SpatialLm {
    /// Finds and checks both models and the tokenizer.
    ///
    /// # Errors
    /// When one is missing, altered, of another kind, or they do not fit each other.
    pub fn open(options: Options, registry: &Registry) -> Result<Self, Error> {
        options.check()?;
        let unfit =
            |model: &str, cause: &str| Error::Unfit { model: model.to_owned(), cause: cause.to_owned() };
        let encoder = registry.find(&options.encoder)?;
        let spec = encoder.entry.point_encoder.clone();
        let encoder_spec =
            spec.ok_or_else(|| unfit(&options.encoder, "the manifest has no table `point_encoder` for it"))?;
        let decoder = registry.find(&options.decoder)?;
        let spec = decoder.entry.layout_decoder.clone();
        let decoder_spec =
            spec.ok_or_else(|| unfit(&options.decoder, "the manifest has no table `layout_decoder` for it"))?;
        if encoder_spec.width != decoder_spec.width {
            let cause =
                format!("its tokens are {} wide, the decoder's {}", encoder_spec.width, decoder_spec.width);
            return Err(unfit(&options.encoder, &cause));
        }
        if decoder.entry.beside.iter().all(|file| file.file != TOKENIZER) {
            return Err(unfit(&options.decoder, "it was exported without tokenizer.json"));
        }
        let vocabulary = Vocabulary::open(&decoder.path.with_file_name(TOKENIZER), &decoder_spec)?;
        Ok(Self { options, encoder: (encoder, encoder_spec), decoder: (decoder, decoder_spec), vocabulary })
    }
}

impl LayoutDetector for SpatialLm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn models(&self) -> Vec<(String, String)> {
        let files = |model: &Model| {
            let own = (model.entry.id.clone(), model.entry.sha256.clone());
            let beside = model
                .entry
                .beside
                .iter()
                .map(|file| (format!("{}/{}", model.entry.id, file.file), file.sha256.clone()));
            std::iter::once(own).chain(beside).collect::<Vec<_>>()
        };
        [files(&self.encoder.0), files(&self.decoder.0)].concat()
    }

    fn detect(&self, input: &DetectorInput<'_>, reporter: &Reporter) -> Result<Draft, super::Error> {
        let samples = samples::reduce(input.cloud)?;
        let voxels = self.voxels(input.cloud, reporter)?;
        let tokens = self.encode(&voxels, reporter)?;
        let lines = self.speak(&tokens, reporter)?;
        let num_bins = self.encoder.1.num_bins;
        let reading = spoken::read(&lines, num_bins, self.options.refuse_bad_lines)?;
        warn_rejected(&reading, lines.len(), reporter);
        let bins = Bins { num_bins, half_bin: self.options.half_bin };
        Ok(to_draft::draft(&reading, bins, voxels.min_corner, &samples, input))
    }
}

fn warn_rejected(reading: &spoken::Reading, lines: usize, reporter: &Reporter) {
    reporter.diagnostic("lines", lines);
    reporter.diagnostic("lines_left_out", reading.rejected.len());
    if let Some(first) = reading.rejected.first() {
        reporter.warn(
            "layout-lines-left-out",
            format!(
                "{} of {lines} lines of the model's text are no entity and were left out; line {}: {}: `{}`",
                reading.rejected.len(),
                first.line,
                first.reason,
                spoken::shortened(&first.text)
            ),
        );
    }
}
