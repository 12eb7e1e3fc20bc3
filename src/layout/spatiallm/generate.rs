//! Token after token until the text ends.
//!
//! Takes a decoder that has read the prompt, gives the chosen tokens with their probabilities and why
//! it ended: a stop token, the limit, or a text that goes round in circles.

use super::decoder::Decoder;
use super::error::Error;
use super::sampling::{Choice, Sampler};

/// Longest block that is recognised when it repeats, tokens: an entity takes about 40.
const LONGEST_BLOCK: usize = 96;
/// Blocks in a row that are a circle. Entities differ in their number at least, so that even two equal
/// ones in a row say nothing new; digits may repeat a few times.
const BLOCKS: usize = 6;

/// Why a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The model said so.
    Stopped,
    /// The limit was reached.
    Limit,
    /// The last tokens are one block over and over.
    Repetition,
}

/// When a text ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Tokens that end the text; they are not part of it.
    pub stop: Vec<u32>,
    /// Most tokens.
    pub max_tokens: usize,
    /// Ends texts that go round in circles.
    pub repetition_guard: bool,
}

/// Generates.
///
/// `logits` follow the prompt `text`; `told` is called with every token.
///
/// # Errors
/// When the decoder fails or gives no number.
pub fn generate(
    decoder: &mut Decoder,
    mut logits: Vec<f32>,
    mut text: Vec<u32>,
    sampler: &mut Sampler,
    limits: &Limits,
    told: &mut dyn FnMut(Choice) -> Result<(), Error>,
) -> Result<(Vec<Choice>, End), Error> {
    let prompt = text.len();
    let mut chosen = Vec::new();
    while chosen.len() < limits.max_tokens {
        let choice = sampler.choose(&logits, &text).ok_or_else(|| Error::Unfit {
            model: "the layout decoder".to_owned(),
            cause: format!("after {} tokens its logits hold no number", text.len()),
        })?;
        if limits.stop.contains(&choice.id) {
            return Ok((chosen, End::Stopped));
        }
        text.push(choice.id);
        chosen.push(choice);
        told(choice)?;
        if limits.repetition_guard && goes_round(&text[prompt..]) {
            return Ok((chosen, End::Repetition));
        }
        if chosen.len() < limits.max_tokens {
            logits = decoder.append(choice.id)?;
        }
    }
    Ok((chosen, End::Limit))
}

/// Whether the text ends in [`BLOCKS`] equal blocks.
fn goes_round(text: &[u32]) -> bool {
    (1..=LONGEST_BLOCK.min(text.len() / BLOCKS)).any(|length| {
        let tail = &text[text.len() - BLOCKS * length..];
        tail[length..].iter().zip(tail).all(|(a, b)| a == b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_seen_and_lists_are_not() {
        let block: Vec<u32> = (0..40).collect();
        let circle: Vec<u32> = [vec![7, 8, 9], block.repeat(BLOCKS)].concat();
        assert!(goes_round(&circle));
        assert!(!goes_round(&circle[..circle.len() - 1]));
        let list: Vec<u32> = (0..9).flat_map(|number| [vec![number + 50], block.clone()].concat()).collect();
        assert!(!goes_round(&list));
        assert!(goes_round(&[1, 0, 0, 0, 0, 0, 0]) && !goes_round(&[1, 0, 0, 0]) && !goes_round(&[]));
    }
}
