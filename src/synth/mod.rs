//! Synthetic houses, scans of them and rendered walks through them, all with exact truth.

pub mod appliances;
pub mod caster;
pub mod catalog;
pub mod coverage;
pub mod error;
pub mod furnish;
pub mod furniture;
pub mod gaze;
pub mod house;
mod irregular;
pub mod light;
pub mod material;
pub mod mesh;
pub mod openings;
mod partition;
pub mod path;
pub mod placement;
pub mod plan;
pub mod polygon;
pub mod raster;
pub mod render;
pub mod run;
pub mod scan;
pub mod scan_errors;
pub mod sensor;
pub mod shape;
pub mod shell;
pub mod sizes;
pub mod texture;
pub mod truth;

pub use catalog::{MeshSplit, report as report_meshes};
pub use error::Error;
pub use house::{House, HouseOptions, generate};
pub use run::{Summary, VideoOptions, run_house, run_video};
pub use scan::{Scan, ScanOptions, run_scan, scan};
