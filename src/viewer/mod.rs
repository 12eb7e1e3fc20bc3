//! The page of a run that people look at, `view.html`, and the pictures beside it.
//!
//! Takes the final files of a run, gives self-contained HTML. What the pages do is
//! written in JavaScript (`viewer/`), bundled by `make viewer` and embedded here; this module puts the
//! data in. Data are JSON in a `<script type="application/json">`; `<` is escaped, so that no name can
//! end the script. The same run gives the same bytes.
//!
//! | file | what it does |
//! |---|---|
//! | [`page`] | data into a bundled page |
//! | [`view`] | `view.html`: GLB, scene.json, parts of report.json, cloud, camera path |
//! | [`cloud`] | a cloud thinned and quantised for the page |
//! | [`plan`] | `plan.svg`: a scene from above |
//! | [`thumbnail`] | `thumbnail.jpg`: a frame of the clip |
//!
//! The gallery of a batch and the server are in [`crate::review`].

mod cloud;
mod error;
pub mod page;
pub mod plan;
pub mod thumbnail;
pub mod view;

pub use error::Error;
pub use view::{View, folder_html, view_html};
