//! The evaluator against independent implementations, and on cases whose answer is known.

mod dense;
mod layout;
mod plan;
mod scene;
mod trajectory;

use rand::{Rng, RngExt};

/// A normal deviate (Box and Muller).
fn normal(rng: &mut impl Rng, sigma: f64) -> f64 {
    let (u, v): (f64, f64) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random());
    sigma * (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// The numbers agree to 1e-6, the tolerance that the metrics promise.
fn assert_close(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() < 1e-6, "{what}: ours {ours}, reference {theirs}");
}
