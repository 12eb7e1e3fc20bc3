//! What layout networks are shown.
//!
//! [`pillars`] makes the picture from above, one code for training data and for inference, so that both
//! see the same numbers.

pub mod pillars;
