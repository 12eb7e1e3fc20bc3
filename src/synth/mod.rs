//! Synthetic houses, scans of them and rendered walks through them, all with exact truth.

pub mod furnish;
pub mod house;
pub mod openings;
pub mod placement;
pub mod plan;
pub mod shape;
pub mod sizes;

pub use house::{House, HouseOptions, generate};
