//! `review.jsonl`: which items of a batch were accepted or rejected.
//!
//! One JSON object a line, `{"id": "...", "decision": "accept"}` or `"reject"`, in the order of the items;
//! an item without a line is not decided. Other fields of a line (a note of the user's) are kept. The
//! file is replaced as a whole, so that a reader sees the old decisions or the new ones.

use super::Error;
use crate::export::write_atomically;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What was decided about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Good enough to use.
    Accept,
    /// Not to be used.
    Reject,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    id: String,
    decision: Decision,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// The decisions of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviews {
    path: PathBuf,
    lines: BTreeMap<String, Line>,
}

impl Reviews {
    /// Name of the file in a batch folder.
    pub const FILE: &'static str = "review.jsonl";

    /// The decisions of a batch folder; none when it has no file. Of several lines of an item the last
    /// counts.
    ///
    /// # Errors
    /// When the file cannot be read, or a line of it is no decision.
    pub fn read(batch: &Path) -> Result<Self, Error> {
        let path = batch.join(Self::FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(crate::artifact::Error::Read { source, path }.into()),
        };
        let mut lines = BTreeMap::new();
        for (index, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let line: Line = serde_json::from_str(text).map_err(|cause| Error::Line {
                line: index + 1,
                reason: format!("no decision ({cause}); wanted is {{\"id\": ..., \"decision\": \"accept\"}}"),
                path: path.clone(),
            })?;
            lines.insert(line.id.clone(), line);
        }
        Ok(Self { path, lines })
    }

    /// The decision about an item.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<Decision> {
        self.lines.get(id).map(|line| line.decision)
    }

    /// All decisions, by item.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Decision)> {
        self.lines.values().map(|line| (line.id.as_str(), line.decision))
    }

    /// Sets or takes back a decision and writes the file; when that fails, nothing has changed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&mut self, id: &str, decision: Option<Decision>) -> Result<(), Error> {
        let before = self.lines.clone();
        match decision {
            Some(decision) => {
                let line = Line { id: id.to_owned(), decision, other: Map::new() };
                self.lines.entry(id.to_owned()).or_insert(line).decision = decision;
            }
            None => {
                self.lines.remove(id);
            }
        }
        let written = write_atomically(&self.path, self.to_text().as_bytes());
        if written.is_err() {
            self.lines = before;
        }
        Ok(written?)
    }

    fn to_text(&self) -> String {
        let line = |line: &Line| {
            serde_json::to_string(line).expect("because a line holds strings and JSON only") + "\n"
        };
        self.lines.values().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_survive_and_notes_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(Reviews::FILE);
        std::fs::write(&path, "{\"id\":\"b\",\"decision\":\"reject\",\"note\":\"dark\"}\n").expect("written");
        let mut reviews = Reviews::read(folder.path()).expect("good");
        reviews.set("a", Some(Decision::Accept)).expect("written");
        reviews.set("b", Some(Decision::Accept)).expect("written");
        reviews.set("c", Some(Decision::Reject)).expect("written");
        reviews.set("c", None).expect("written");
        let text = std::fs::read_to_string(&path).expect("there");
        assert_eq!(
            text,
            "{\"id\":\"a\",\"decision\":\"accept\"}\n{\"id\":\"b\",\"decision\":\"accept\",\"note\":\"dark\"}\n"
        );
        assert_eq!(Reviews::read(folder.path()).expect("good"), reviews);
    }

    #[test]
    fn a_bad_line_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "{\"id\":\"a\",\"decision\":\"accept\"}\n{\"id\":\"b\",\"decision\":\"perhaps\"}\n";
        std::fs::write(folder.path().join(Reviews::FILE), text).expect("written");
        let message = Reviews::read(folder.path()).expect_err("bad").to_string();
        assert!(message.starts_with("line 2") && message.contains("perhaps"), "{message}");
    }

    #[test]
    fn a_decision_that_cannot_be_written_is_not_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut reviews = Reviews::read(folder.path()).expect("good");
        drop(folder);
        assert!(reviews.set("a", Some(Decision::Accept)).is_err());
        assert_eq!(reviews.of("a"), None);
    }
}
