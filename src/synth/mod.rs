//! Synthetic houses, scans of them and rendered walks through them, all with exact truth.

pub mod appliances;
pub mod caster;
pub mod furnish;
pub mod furniture;
pub mod house;
pub mod light;
pub mod material;
pub mod mesh;
pub mod openings;
pub mod path;
pub mod placement;
pub mod plan;
pub mod raster;
pub mod render;
pub mod sensor;
pub mod shape;
pub mod shell;
pub mod sizes;
pub mod texture;

pub use house::{House, HouseOptions, generate};
