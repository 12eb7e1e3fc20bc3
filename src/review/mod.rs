//! Looking through a batch: `gallery.html`, the decisions, and the server of `roomwright view`.
//!
//! Takes a batch folder (or the folder of one run, to serve it), gives pages and `review.jsonl`. What the
//! page does is JavaScript (`viewer/src/gallery`), bundled and embedded as in [`crate::viewer`].
//!
//! | file | what it does |
//! |---|---|
//! | [`items`] | what the gallery shows of the index's rows |
//! | [`gallery`] | `gallery.html`: the items of a batch |
//! | [`reviews`] | `review.jsonl`: what was accepted and rejected |
//! | [`respond`] | what the server answers |
//! | [`serve`] | `roomwright view`: the pages over HTTP on 127.0.0.1 |

mod error;
pub mod gallery;
mod items;
mod respond;
pub mod reviews;
pub mod serve;

pub use error::Error;
pub use serve::Server;
