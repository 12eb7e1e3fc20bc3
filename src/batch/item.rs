//! What is to be labelled: an item, its name, and which shard it belongs to.
//!
//! An item's id is the name of its folder, so it is made of letters, digits, `.`, `_` and `-`. It comes from
//! the name under which the item was listed, never from its position or content: the same list gives the
//! same ids on every machine, and a longer list leaves the earlier ones alone.

use crate::worker::Job;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Longest readable part of an id, characters: names of folders end at 255 bytes on common file systems, and
/// a table should stay legible.
const MAX_READABLE: usize = 80;
/// Hexadecimal digits of the name's digest in an id: a million names collide with a chance of 1e-4.
const DIGITS: usize = 12;

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Unique in the batch; safe as a file name.
    pub id: String,
    /// Path or address.
    pub input: String,
    /// First moment used, seconds.
    pub start_s: Option<f64>,
    /// Last moment used, seconds.
    pub end_s: Option<f64>,
    /// Size and version of an object, when a listing has told them already.
    pub stamp: Option<String>,
}

impl Item {
    /// An item that is listed under this name.
    #[must_use]
    pub fn named(name: &str, input: String) -> Self {
        Self { id: id_of_name(name), input, start_s: None, end_s: None, stamp: None }
    }

    /// An item whose id the user gave.
    #[must_use]
    pub fn with_id(id: &str, input: String) -> Self {
        let id = if is_plain(id) { id.to_owned() } else { id_of_name(id) };
        Self { id, input, start_s: None, end_s: None, stamp: None }
    }

    /// The job of this item: the batch's `template` with what the item adds. Folders are below `output`.
    #[must_use]
    pub fn job(&self, template: &Job, output: &Path, staging: &Path) -> Job {
        let mut job = template.clone();
        job.id.clone_from(&self.id);
        job.input.clone_from(&self.input);
        job.output = output.join(super::folder::DONE).join(&self.id);
        job.rejected = Some(output.join(super::folder::REJECTED).join(&self.id));
        job.staging = Some(staging.join(&self.id));
        if let Some(start_s) = self.start_s {
            job.options.video.start_s = start_s;
        }
        if let Some(end_s) = self.end_s {
            job.options.video.end_s = end_s;
        }
        job
    }
}

/// One of `of` parts of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 0.
    pub index: u64,
    /// How many there are.
    pub of: u64,
}

impl Shard {
    /// The whole list.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// An item belongs to the shard that its id's digest names: shards need not know of each other, and an
    /// item stays in its shard when others come or go.
    #[must_use]
    pub fn holds(self, id: &str) -> bool {
        let digest = Sha256::digest(id);
        let number = digest.iter().take(8).fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
        number % self.of == self.index
    }

    /// Part of the names of files that belong to this shard alone: `0-of-3`.
    #[must_use]
    pub fn label(self) -> String {
        format!("{}-of-{}", self.index, self.of)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((index, of)) if index < of => Ok(Self { index, of }),
            _ => Err(format!("`{text}` is no shard; write i/n with i from 0 to n-1, e.g. 0/3")),
        }
    }
}

fn is_plain(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !text.is_empty() && text.len() <= MAX_READABLE && !text.starts_with('.') && text.chars().all(allowed)
}

/// A readable part and the digest of the whole name: two names never share an id by losing characters.
fn id_of_name(name: &str) -> String {
    let digest = Sha256::digest(name);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 5 && !ending.contains('/') => stem,
        _ => name,
    };
    let readable: Vec<char> = stem
        .replace('/', "__")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' })
        .collect();
    // The end of a path tells more than its beginning.
    let tail = &readable[readable.len().saturating_sub(MAX_READABLE)..];
    let tail: String = tail.iter().collect();
    let tail = tail.trim_start_matches(['.', '_', '-']);
    format!("{}-{}", if tail.is_empty() { "item" } else { tail }, &digits[..DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_file_names_and_differ_when_names_do() {
        let ids: Vec<String> =
            ["day1/a.mp4", "day1_a.mp4", "day1/a.mov", "../ä b/#.mp4", "/", ""].map(id_of_name).to_vec();
        for (i, id) in ids.iter().enumerate() {
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{id}");
            assert!(!id.starts_with('.') && !ids[..i].contains(id), "{id}");
        }
        assert!(ids[0].starts_with("day1__a-"), "{}", ids[0]);
        assert!(id_of_name(&"x/".repeat(500)).len() < 255);
    }

    #[test]
    fn a_given_id_stays_as_it_is_when_it_is_a_file_name() {
        assert_eq!(Item::with_id("walk_07", String::new()).id, "walk_07");
        assert_ne!(Item::with_id("../walk", String::new()).id, "../walk");
        assert_ne!(Item::with_id("..", String::new()).id, "..");
    }

    #[test]
    fn every_item_is_in_exactly_one_shard() {
        let shards: Vec<Shard> = (0..3).map(|index| Shard { index, of: 3 }).collect();
        let mut sizes = [0; 3];
        for i in 0..300 {
            let id = format!("walk_{i}");
            let held: Vec<usize> = (0..3).filter(|&s| shards[s].holds(&id)).collect();
            assert_eq!(held.len(), 1, "{id}");
            sizes[held[0]] += 1;
            assert!(Shard::WHOLE.holds(&id));
        }
        assert!(sizes.iter().all(|&size| size > 60), "{sizes:?}");
    }

    #[test]
    fn a_shard_is_i_of_n() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, of: 3 }));
        for wrong in ["3/3", "1", "a/3", "-1/3", "0/0", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
