//! The next token from its logits: greedy, or drawn with a seed.
//!
//! Order of steps as in the published generation code: penalty of repeated tokens (Keskar et al. 2019),
//! temperature, the k largest, the smallest set that holds the share p (Holtzman et al. 2020). The
//! probability that is reported is the model's own, before any of them.

use super::error::Error;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How a token is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Spread of the choice; 0 always takes the likeliest token. The publishers' scripts draw with 0.6.
    pub temperature: f64,
    /// Only this many of the likeliest tokens are drawn from; 0 is all.
    pub top_k: usize,
    /// Only the likeliest tokens that together have this probability are drawn from, 0..1.
    pub top_p: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: 10, top_p: 0.95 }
    }
}

impl Options {
    /// # Errors
    /// When a value is out of range.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |name, value: f64, needed| Err(Error::Option { name, value: value.to_string(), needed });
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return wrong("sampling.temperature", self.temperature, "give 0 (always the likeliest) or more");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return wrong("sampling.top_p", self.top_p, "give a share above 0, at most 1");
        }
        Ok(())
    }
}

/// A chosen token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The token.
    pub id: u32,
    /// Its probability by the model, 0..1.
    pub probability: f64,
}

/// Chooses tokens.
pub struct Sampler {
    options: Options,
    penalty: f32,
    random: ChaCha8Rng,
}

impl Sampler {
    /// With these options; `penalty` divides positive and multiplies negative logits of tokens that
    /// stand in the text already, 1 is none.
    #[must_use]
    pub fn new(options: Options, penalty: f32, seed: u64) -> Self {
        Self { options, penalty, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Chooses from logits after a text; `None` when there is no number among them.
    pub fn choose(&mut self, logits: &[f32], text: &[u32]) -> Option<Choice> {
        let id = {
            let mut penalised = logits.to_vec();
            self.penalise(&mut penalised, text);
            if self.options.temperature > 0.0 { self.draw(&penalised)? } else { likeliest(&penalised)? }
        };
        Some(Choice { id: id as u32, probability: probability(logits, id) })
    }

    fn penalise(&self, logits: &mut [f32], text: &[u32]) {
        if self.penalty == 1.0 {
            return;
        }
        let mut seen = text.to_vec();
        seen.sort_unstable();
        seen.dedup();
        for id in seen {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = if *logit > 0.0 { *logit / self.penalty } else { *logit * self.penalty };
            }
        }
    }

    fn draw(&mut self, logits: &[f32]) -> Option<usize> {
        let mut ranked: Vec<usize> = (0..logits.len()).filter(|&id| !logits[id].is_nan()).collect();
        // Equal logits keep the order of tokens.
        ranked.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        if self.options.top_k > 0 {
            ranked.truncate(self.options.top_k);
        }
        let largest = f64::from(logits[*ranked.first()?]);
        let weight = |id: usize| ((f64::from(logits[id]) - largest) / self.options.temperature).exp();
        let weights: Vec<f64> = ranked.iter().map(|&id| weight(id)).collect();
        let nucleus = self.options.top_p * weights.iter().sum::<f64>();
        let (mut count, mut held) = (0, 0.0);
        while count < weights.len() && held < nucleus {
            held += weights[count];
            count += 1;
        }
        let count = count.max(1);
        let mut rest = self.random.random_range(0.0..1.0) * weights[..count].iter().sum::<f64>();
        for (&id, &weight) in ranked[..count].iter().zip(&weights) {
            rest -= weight;
            if rest < 0.0 {
                return Some(id);
            }
        }
        Some(ranked[count - 1])
    }
}

/// The largest logit; of equal ones the first.
fn likeliest(logits: &[f32]) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (id, logit) in logits.iter().enumerate() {
        if !logit.is_nan() && best.is_none_or(|b| *logit > logits[b]) {
            best = Some(id);
        }
    }
    best
}

/// Softmax of one logit, 0..1.
fn probability(logits: &[f32], id: usize) -> f64 {
    let largest = logits.iter().copied().filter(|l| !l.is_nan()).fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: f32| (f64::from(logit) - f64::from(largest)).exp();
    let all: f64 = logits.iter().filter(|l| !l.is_nan()).map(|&l| weight(l)).sum();
    (weight(logits[id]) / all).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 5] = [0.0, 2.0, f32::NAN, 1.9, -3.0];

    fn draws(options: Options, seed: u64) -> Vec<u32> {
        let mut sampler = Sampler::new(options, 1.0, seed);
        (0..200).map(|_| sampler.choose(&LOGITS, &[]).expect("a choice").id).collect()
    }

    #[test]
    fn greedy_takes_the_largest_and_tells_its_probability() {
        let choice = Sampler::new(Options::default(), 1.0, 0).choose(&LOGITS, &[]).expect("a choice");
        assert_eq!(choice.id, 1);
        let all = 1.0 + 2f64.exp() + f64::from(1.9f32).exp() + (-3f64).exp();
        assert!((choice.probability - 2f64.exp() / all).abs() < 1e-12);
    }

    #[test]
    fn the_penalty_turns_the_choice() {
        let choice = Sampler::new(Options::default(), 1.2, 0).choose(&LOGITS, &[1, 1]).expect("a choice");
        assert_eq!(choice.id, 3);
    }

    #[test]
    fn draws_are_fixed_by_the_seed_and_bounded_by_the_options() {
        let wide = Options { temperature: 1.0, top_k: 0, top_p: 1.0 };
        assert_eq!(draws(wide, 3), draws(wide, 3));
        assert_ne!(draws(wide, 3), draws(wide, 4));
        assert!(draws(wide, 3).contains(&0) && !draws(wide, 3).contains(&2));
        let two = draws(Options { top_k: 2, ..wide }, 3);
        assert!(two.contains(&1) && two.contains(&3) && two.iter().all(|id| [1, 3].contains(id)));
        assert!(draws(Options { top_p: 0.3, ..wide }, 3).iter().all(|&id| id == 1));
        assert!(draws(Options { temperature: 1e-3, ..wide }, 3).iter().all(|&id| id == 1));
    }

    #[test]
    fn nothing_to_choose_is_no_choice() {
        for options in [Options::default(), Options { temperature: 1.0, ..Options::default() }] {
            assert_eq!(Sampler::new(options, 1.0, 0).choose(&[f32::NAN], &[]), None);
        }
        assert!(Options { top_p: 0.0, ..Options::default() }.check().is_err());
        assert!(Options { temperature: f64::NAN, ..Options::default() }.check().is_err());
    }
}
