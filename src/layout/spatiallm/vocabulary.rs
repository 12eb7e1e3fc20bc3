//! Text to tokens and back, with the checkpoint's own `tokenizer.json`.
//!
//! Takes the file and the figures of the decoder, gives the prompt's tokens and the text of tokens as
//! they come. A tokenizer of another model is refused.

use super::error::Error;
use super::prompt::{self, Task};
use crate::nn::LayoutDecoder;
use std::path::{Path, PathBuf};
use tokenizers::Tokenizer;

/// The prompt as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// All tokens; the point tokens take the place of the one at `pad`.
    pub ids: Vec<u32>,
    /// Index of the token that stands for the point tokens.
    pub pad: usize,
}

impl Prompt {
    /// A prompt of these tokens.
    ///
    /// # Errors
    /// In words, when it does not hold exactly one point start, pad and end, in a row.
    pub fn new(ids: Vec<u32>, spec: &LayoutDecoder) -> Result<Self, String> {
        let wanted = [spec.point_start, spec.point_pad, spec.point_end];
        let of_points = ids.iter().filter(|id| wanted.contains(id)).count();
        match ids.windows(3).position(|three| three == wanted) {
            Some(start) if of_points == 3 => Ok(Self { ids, pad: start + 1 }),
            _ => Err(format!("the prompt holds {of_points} point tokens, {wanted:?} in a row are needed")),
        }
    }
}

/// A tokenizer that fits the decoder.
pub struct Vocabulary {
    tokenizer: Tokenizer,
    path: PathBuf,
}

impl Vocabulary {
    /// Reads `tokenizer.json`.
    ///
    /// # Errors
    /// When it cannot be read, has more tokens than the decoder has embeddings, or names the special
    /// tokens of the manifest differently.
    pub fn open(path: &Path, spec: &LayoutDecoder) -> Result<Self, Error> {
        let fail = |cause: String| Error::Tokenizer { cause, path: path.to_owned() };
        let tokenizer = Tokenizer::from_file(path).map_err(|cause| fail(cause.to_string()))?;
        let largest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
        if largest as usize >= spec.vocabulary {
            return Err(fail(format!(
                "it goes up to token {largest}, the decoder has {} embeddings",
                spec.vocabulary
            )));
        }
        for (text, wanted) in [
            ("<|point_start|>", spec.point_start),
            ("<|point_pad|>", spec.point_pad),
            ("<|point_end|>", spec.point_end),
        ] {
            match tokenizer.token_to_id(text) {
                Some(id) if id == wanted => {}
                found => return Err(fail(format!("`{text}` is {found:?}, the decoder expects {wanted}"))),
            }
        }
        Ok(Self { tokenizer, path: path.to_owned() })
    }

    /// The prompt of a task.
    ///
    /// # Errors
    /// When the tokenizer fails on the text or makes several tokens of a special one.
    pub fn prompt(&self, task: Task, categories: &[String], spec: &LayoutDecoder) -> Result<Prompt, Error> {
        let mut ids = self.encode(prompt::BEFORE)?;
        ids.extend([spec.point_start, spec.point_pad, spec.point_end]);
        ids.extend(self.encode(&prompt::after(task, categories))?);
        Prompt::new(ids, spec).map_err(|cause| self.fail(cause))
    }

    /// Tokens of a text, special tokens recognised, none added.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let encoding = self.tokenizer.encode(text, false).map_err(|cause| self.fail(cause.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// A reader that gives the text of each token as it comes; special tokens have none.
    pub fn reader(&self) -> impl FnMut(u32) -> Result<String, Error> + '_ {
        let mut stream = self.tokenizer.decode_stream(true);
        move |id| match stream.step(id) {
            Ok(text) => Ok(text.unwrap_or_default()),
            Err(cause) => Err(self.fail(cause.to_string())),
        }
    }

    fn fail(&self, cause: String) -> Error {
        Error::Tokenizer { cause, path: self.path.clone() }
    }
}
