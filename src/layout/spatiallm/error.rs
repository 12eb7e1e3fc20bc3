//! Why SpatialLM's weights could not be run on a cloud.

use crate::nn;
use std::path::PathBuf;

/// Why no layout came of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A model is missing, altered or refused.
    #[error(transparent)]
    Model(#[from] nn::Error),
    /// The manifest entry is not of the right kind, or the graph does not do what it says.
    #[error(
        "the model `{model}` cannot be used ({cause}); export the checkpoint again with train/spatiallm/export.py"
    )]
    Unfit {
        /// Model id.
        model: String,
        /// Why.
        cause: String,
    },
    /// The tokenizer cannot be used.
    #[error(
        "the tokenizer cannot be used ({cause}); put the checkpoint's own tokenizer.json beside its weights \
         and export again: {}",
        path.display()
    )]
    Tokenizer {
        /// Why.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// An option makes no sense.
    #[error("the option `layout.spatiallm.{name}` is {value}; {needed}")]
    Option {
        /// Key below `layout.spatiallm`.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is needed.
        needed: &'static str,
    },
    /// Nothing to look at.
    #[error(
        "the cloud holds {usable} usable points of {total}: check that the depth stage found surfaces, or give \
         a denser cloud"
    )]
    NoPoints {
        /// Finite points that the clean-up kept.
        usable: usize,
        /// Points in the cloud.
        total: usize,
    },
    /// The sequence is longer than the model knows.
    #[error(
        "{tokens} point and text tokens and up to {new} new ones do not fit the model's {context}: give a \
         smaller part of the building, or a lower `layout.spatiallm.max_new_tokens`"
    )]
    TooLong {
        /// Tokens of prompt and cloud.
        tokens: usize,
        /// Tokens that may be generated.
        new: usize,
        /// What the model knows.
        context: usize,
    },
    /// The text is no layout.
    #[error(
        "the model spoke {lines} lines of which none is a layout ({reason}): check that weights and tokenizer \
         are of one trained checkpoint; the first is `{first}`"
    )]
    NoLayout {
        /// Lines spoken.
        lines: usize,
        /// What is wrong with the first.
        reason: String,
        /// The first.
        first: String,
    },
    /// A line is no entity, and the options refuse that.
    #[error(
        "line {line} of what the model spoke is no entity ({reason}); `layout.spatiallm.refuse_bad_lines=false` \
         leaves such lines out: `{text}`"
    )]
    BadLine {
        /// Number, from 1.
        line: usize,
        /// Why.
        reason: String,
        /// The line.
        text: String,
    },
}

impl Error {
    /// True when the request is at fault (a missing or wrong model, an option), not the input.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Model(_) | Self::Unfit { .. } | Self::Tokenizer { .. } | Self::Option { .. })
    }
}
