//! Drafts as a detector would write them: truth of synthetic houses with noise, losses, false boxes.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roomwright::layout::{Draft, DraftObject};
use roomwright::scene::Source;
use roomwright::synth::house::{HouseOptions, generate};

/// Position noise, metres; also the sigma that the draft states.
pub const POSITION_SIGMA_M: f64 = 0.05;
/// Size noise, share.
const SIZE_SIGMA: f64 = 0.1;
/// Yaw noise, radians (5°).
const YAW_SIGMA_RAD: f64 = 0.0873;
/// Share of walls that were missed, and of false boxes.
const MISSED: f64 = 0.1;
const FALSE: f64 = 0.1;
/// Classes of false boxes.
const FALSE_CLASSES: [&str; 5] = ["chair", "nightstand", "cabinet", "plants", "side_table"];

/// A number of the environment, such as `ROOMWRIGHT_TEST_HOUSES`.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A normal deviate (Box–Muller).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let u: f64 = rng.random_range(f64::MIN_POSITIVE..1.0);
    let v: f64 = rng.random_range(0.0..std::f64::consts::TAU);
    (-2.0 * u.ln()).sqrt() * v.cos()
}

/// The truth of a synthetic house as a draft.
pub fn truth(seed: u64) -> Draft {
    generate(seed, &HouseOptions::default()).draft()
}

/// The same as a detector might see it.
pub fn noisy(truth: &Draft, seed: u64) -> Draft {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut draft = Draft { detector: "noise".to_owned(), ..truth.clone() };
    draft.rooms.clear();
    let mut kept = Vec::new();
    for wall in &mut draft.walls {
        for k in 0..2 {
            wall.a[k] += POSITION_SIGMA_M * normal(rng);
            wall.b[k] += POSITION_SIGMA_M * normal(rng);
        }
        wall.height += POSITION_SIGMA_M * normal(rng);
        wall.offset_sigma_m = POSITION_SIGMA_M;
        wall.end_sigma_m = [POSITION_SIGMA_M; 2];
        wall.confidence = 0.9;
        wall.source = Source::Detected;
        kept.push(rng.random_range(0.0..1.0) >= MISSED);
    }
    let number = |i: usize| kept[..i].iter().filter(|kept| **kept).count();
    draft.openings.retain(|opening| kept[opening.wall_idx]);
    for opening in &mut draft.openings {
        opening.wall_idx = number(opening.wall_idx);
        opening.center.iter_mut().for_each(|x| *x += POSITION_SIGMA_M * normal(rng));
        opening.width *= 1.0 + SIZE_SIGMA * normal(rng);
        opening.height *= 1.0 + SIZE_SIGMA * normal(rng);
        opening.sigma_m = POSITION_SIGMA_M;
        opening.confidence = 0.9;
    }
    let mut keep = kept.iter();
    draft.walls.retain(|_| *keep.next().expect("one a wall"));
    for object in &mut draft.objects {
        object.center.iter_mut().for_each(|x| *x += POSITION_SIGMA_M * normal(rng));
        object.size.iter_mut().for_each(|x| *x *= (1.0 + SIZE_SIGMA * normal(rng)).clamp(0.5, 1.5));
        object.yaw += YAW_SIGMA_RAD * normal(rng);
        object.sigma_m = POSITION_SIGMA_M;
        object.confidence = rng.random_range(0.7..1.0);
    }
    add_false_boxes(&mut draft, truth, rng);
    draft
}

fn add_false_boxes(draft: &mut Draft, truth: &Draft, rng: &mut ChaCha8Rng) {
    let corners = || truth.walls.iter().flat_map(|wall| [wall.a, wall.b]);
    let range = |axis: usize| {
        let low = corners().map(|p| p[axis]).fold(f64::INFINITY, f64::min);
        let high = corners().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max);
        low..high
    };
    for _ in 0..(FALSE * truth.objects.len() as f64).round() as usize {
        let size = [rng.random_range(0.3..1.0), rng.random_range(0.3..1.0), rng.random_range(0.3..1.2)];
        draft.objects.push(DraftObject {
            class: FALSE_CLASSES[rng.random_range(0..FALSE_CLASSES.len())].to_owned(),
            center: [rng.random_range(range(0)), rng.random_range(range(1)), 0.5 * size[2]],
            yaw: rng.random_range(-3.0..3.0),
            size,
            sigma_m: POSITION_SIGMA_M,
            confidence: rng.random_range(0.3..0.8),
            observed_fraction: 0.3,
        });
    }
}
