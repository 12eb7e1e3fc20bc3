//! `gallery.html`: the items of a batch, to look through and to accept or reject.
//!
//! Takes a batch folder (its index, the items' `scene.json`, `plan.svg`, `thumbnail.jpg`, `view.html`, and
//! `review.jsonl`), gives one HTML file in it. Pictures are linked, not embedded: thousands of items must
//! open at once. The same folder gives the same bytes.

use super::Error;
use super::items::{self, Row};
use super::reviews::{Decision, Reviews};
use crate::artifact;
use crate::scene::Finding;
use crate::viewer::page;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Version of the embedded data; `viewer/src/gallery/main.js` checks it.
const FORMAT: u32 = 1;
/// Name of the page in the batch folder.
pub const FILE: &str = "gallery.html";
/// Characters of a path that stay as they are in an address.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[derive(Serialize)]
struct Data {
    format: u32,
    items: Vec<Item>,
    decisions: BTreeMap<String, Decision>,
}

#[derive(Serialize)]
struct Item {
    #[serde(flatten)]
    row: Row,
    findings: Vec<ShownFinding>,
    thumbnail: Option<String>,
    plan: Option<String>,
    view: Option<String>,
}

/// What the page shows of a finding.
#[derive(Serialize)]
struct ShownFinding {
    code: String,
    message: String,
    unresolved: bool,
}

/// The part of `scene.json` that is read.
#[derive(Deserialize)]
struct WithFindings {
    findings: Vec<Finding>,
}

/// Writes the gallery of a batch folder; returns its path.
///
/// # Errors
/// When the index or `review.jsonl` cannot be read, or the page not be written.
pub fn write(batch: &Path) -> Result<PathBuf, Error> {
    let path = batch.join(FILE);
    artifact::write_atomic(&path, html(batch)?.as_bytes())?;
    Ok(path)
}

/// The gallery of a batch folder as text.
///
/// # Errors
/// When the index or `review.jsonl` cannot be read.
pub fn html(batch: &Path) -> Result<String, Error> {
    let items = items::read(batch)?.into_iter().map(|row| item(batch, row)).collect();
    let reviews = Reviews::read(batch)?;
    let decisions = reviews.iter().map(|(id, decision)| (id.to_owned(), decision)).collect();
    Ok(page::with_data(page::GALLERY, "batch-data", &Data { format: FORMAT, items, decisions }))
}

fn item(batch: &Path, row: Row) -> Item {
    let folder = row.folder.clone();
    let link = |name: &str| {
        let relative = format!("{}/{name}", folder.as_deref()?);
        batch.join(&relative).is_file().then(|| utf8_percent_encode(&relative, IN_PATH).to_string())
    };
    Item {
        findings: folder.as_ref().map_or_else(Vec::new, |folder| findings(&batch.join(folder))),
        thumbnail: link("thumbnail.jpg"),
        plan: link("plan.svg"),
        view: link("view.html"),
        row,
    }
}

/// The findings of an item's scene. A scene that cannot be read is told as one.
fn findings(folder: &Path) -> Vec<ShownFinding> {
    match artifact::read_json::<WithFindings>(&folder.join("scene.json")) {
        Ok(scene) => scene
            .findings
            .into_iter()
            .map(|Finding { code, message, unresolved, .. }| ShownFinding { code, message, unresolved })
            .collect(),
        Err(cause) => vec![ShownFinding {
            code: "outputs-unreadable".to_owned(),
            message: cause.to_string(),
            unresolved: true,
        }],
    }
}
