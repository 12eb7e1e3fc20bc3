//! The pages that people look at: `view.html` of a run, `gallery.html` of a batch, and the server for both.
//!
//! Takes the final files of a run or a batch folder, gives self-contained HTML. What the pages do is
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
//! | [`gallery`] | `gallery.html`: the items of a batch |
//! | [`reviews`] | `review.jsonl`: what was accepted and rejected |
//! | [`serve`] | `roomwright view`: the pages over HTTP on 127.0.0.1 |

mod cloud;
mod error;
pub mod gallery;
mod items;
mod page;
pub mod plan;
mod respond;
pub mod reviews;
pub mod serve;
pub mod thumbnail;
pub mod view;

pub use error::Error;
pub use serve::Server;
pub use view::{View, folder_html, view_html};
