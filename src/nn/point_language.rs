//! What the manifest says of a point encoder and of the language model that reads its tokens.
//!
//! Both are written by `train/spatiallm`, whose modules describe every tensor. Source of the
//! architecture: SpatialLM (Mao et al. 2025), Point Transformer V3 (Wu et al. 2024), Qwen2 (2024).

use serde::{Deserialize, Serialize};

/// Stages of the encoder; each after the first halves the grid.
pub const STAGES: usize = 5;
/// Largest number of bins: coordinates must fit 16 bits a level of the space-filling curves.
const MAX_BINS: u32 = 65_535;

/// A way through the voxels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    /// Morton order, x before y before z.
    #[serde(rename = "z")]
    Z,
    /// Morton order with x and y exchanged.
    #[serde(rename = "z-trans")]
    ZTransposed,
    /// Hilbert order.
    #[serde(rename = "hilbert")]
    Hilbert,
    /// Hilbert order with x and y exchanged.
    #[serde(rename = "hilbert-trans")]
    HilbertTransposed,
}

/// What a point encoder needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointEncoder {
    /// Curves; block i of a stage uses the i-th, cyclically.
    pub orders: Vec<Curve>,
    /// Blocks of each stage.
    pub depths: [usize; STAGES],
    /// Rows of an attention patch, by stage.
    pub patch_sizes: [usize; STAGES],
    /// Bins over 32 m: the grid's resolution and the numbers of the layout text.
    pub num_bins: u32,
    /// Channels of a point token.
    pub width: usize,
}

/// What a layout decoder needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayoutDecoder {
    /// Layers.
    pub layers: usize,
    /// Heads of keys and values.
    pub key_value_heads: usize,
    /// Channels of a head.
    pub head_width: usize,
    /// Channels of an embedding.
    pub width: usize,
    /// Embeddings.
    pub vocabulary: usize,
    /// Longest sequence it knows, tokens.
    pub context: usize,
    /// Token before the point tokens.
    pub point_start: u32,
    /// Token in whose place the point tokens stand.
    pub point_pad: u32,
    /// Token after the point tokens.
    pub point_end: u32,
    /// Tokens that end the text.
    pub stop: Vec<u32>,
    /// Its publishers' penalty of repeated tokens; 1 is none.
    pub repetition_penalty: f32,
}

impl PointEncoder {
    /// What is wrong with the figures, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.orders.is_empty() || self.patch_sizes.contains(&0) || self.width == 0 {
            return Err(format!("{} orders, patches {:?}", self.orders.len(), self.patch_sizes));
        }
        // The grid is halved four times and the position code divides by bins / 16 - 1.
        if !(32..=MAX_BINS).contains(&self.num_bins) {
            return Err(format!("{} bins, 32 to {MAX_BINS} are supported", self.num_bins));
        }
        Ok(())
    }
}

impl LayoutDecoder {
    /// What is wrong with the figures, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        let sizes =
            [self.layers, self.key_value_heads, self.head_width, self.width, self.vocabulary, self.context];
        if sizes.contains(&0) {
            return Err(format!("a size is 0 among {sizes:?}"));
        }
        let special = [self.point_start, self.point_pad, self.point_end];
        if let Some(token) = special.iter().chain(&self.stop).find(|&&t| t as usize >= self.vocabulary) {
            return Err(format!("the token {token} is outside of the vocabulary of {}", self.vocabulary));
        }
        if !(self.repetition_penalty.is_finite() && self.repetition_penalty > 0.0) {
            return Err(format!("a repetition penalty of {}", self.repetition_penalty));
        }
        Ok(())
    }
}
