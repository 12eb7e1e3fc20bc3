//! The layout network: gravity-aligned pillars in, walls, openings, rooms and boxes out.
//!
//! [`pillars`] is the input, shared by training data and inference, so that both see the same numbers.

pub mod pillars;
