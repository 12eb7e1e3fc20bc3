//! Quality, measured: every number that the program prints about how good a result is.
//!
//! Each file holds one family of metrics: a pure function from prediction and truth to a score (a
//! serialisable struct with a `table()` for people), and a `run_*` function that does the same from
//! paths. Nothing here prints. The definitions are those of the project's metrics document; the
//! sources are named in the files.

pub mod assignment;
pub mod calibration;
pub mod cloud;
pub mod clues;
pub mod depth;
pub mod detectors;
pub mod error;
pub mod frame;
pub mod html;
pub mod layout;
pub mod overlap;
pub mod plan;
pub mod rates;
pub mod registration;
pub mod scene;
pub mod table;
pub mod trajectory;
pub mod tum;
pub mod umeyama;

pub use error::{Error, Result};
