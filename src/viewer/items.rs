//! The items of a batch folder, as its index tells them.
//!
//! Reads `index.jsonl` and the shards' `index-i-of-n.jsonl`; of several rows of an item the one that was
//! finished last counts. Only the fields that a gallery shows are read, so that an index of a newer
//! program still opens. A last line without its end was being written when its writer was stopped: it
//! is no row yet.

use super::Error;
use crate::artifact;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Name of the index of a batch that is not sharded.
pub(super) const INDEX: &str = "index.jsonl";

/// What a gallery shows of a row; the fields are those of the batch's index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Name of the item.
    pub id: String,
    /// Path or address as listed.
    pub input: String,
    /// Outputs, relative to the batch folder.
    #[serde(default, skip_serializing)]
    pub folder: Option<String>,
    /// `ok`, `rejected`, `failed` or `temporary`.
    pub status: String,
    /// Exit code.
    pub code: u8,
    /// Name of the cause; empty when done.
    #[serde(default)]
    pub cause: String,
    /// The cause in words.
    #[serde(default)]
    pub message: String,
    /// Quality, 0..1.
    #[serde(default)]
    pub score: Option<f64>,
    /// Parts of the quality.
    #[serde(default)]
    pub score_parts: BTreeMap<String, f64>,
    /// Number of elements by kind.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// Codes of warnings.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// When the row was written, seconds since 1970.
    #[serde(default, skip_serializing)]
    pub finished_unix_s: f64,
}

/// True when a folder has an index.
pub(super) fn is_batch(folder: &Path) -> bool {
    index_files(folder).is_ok_and(|files| !files.is_empty())
}

/// The rows of a batch folder, one an item, by name.
///
/// # Errors
/// When an index cannot be read, a line is no row, or a row's folder lies outside the batch.
pub(super) fn read(batch: &Path) -> Result<Vec<Row>, Error> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for path in index_files(batch)? {
        let text = std::fs::read_to_string(&path)
            .map_err(|source| artifact::Error::Read { source, path: path.clone() })?;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            if !line.ends_with('\n') || line.trim().is_empty() {
                continue;
            }
            let row =
                parse(line).map_err(|reason| Error::Line { line: index + 1, reason, path: path.clone() })?;
            match rows.get(&row.id) {
                Some(known) if known.finished_unix_s > row.finished_unix_s => {}
                _ => {
                    rows.insert(row.id.clone(), row);
                }
            }
        }
    }
    Ok(rows.into_values().collect())
}

fn parse(line: &str) -> Result<Row, String> {
    let row: Row = serde_json::from_str(line).map_err(|cause| format!("no row of an index ({cause})"))?;
    let leaves = |folder: &String| {
        let mut parts = Path::new(folder).components();
        folder.is_empty() || !parts.all(|part| matches!(part, Component::Normal(_)))
    };
    match row.folder.as_ref().filter(|folder| leaves(folder)) {
        Some(folder) => Err(format!("folder `{folder}` does not lie in the batch folder")),
        None => Ok(row),
    }
}

/// The index files of a folder, by name.
fn index_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| artifact::Error::Read { source, path: folder.to_owned() };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_shard = name.starts_with("index-") && name.ends_with(".jsonl");
        if name == INDEX || is_shard {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, score: f64, finished: f64) -> String {
        format!(
            "{{\"id\":\"{id}\",\"input\":\"{id}.mp4\",\"folder\":\"items/{id}\",\"status\":\"ok\",\"code\":0,\
             \"score\":{score},\"finished_unix_s\":{finished},\"of_a_newer_program\":[1]}}\n"
        )
    }

    #[test]
    fn shards_are_merged_and_the_latest_row_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let write =
            |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("written");
        write("index-0-of-2.jsonl", row("b", 0.1, 5.0) + &row("a", 0.2, 1.0) + "{\"id\":\"torn");
        write("index-1-of-2.jsonl", row("a", 0.3, 9.0));
        write("index.jsonl", row("a", 0.4, 8.0) + &row("b", 0.5, 5.0));
        let rows = read(folder.path()).expect("good");
        let told: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.score)).collect();
        assert_eq!(told, [("a", Some(0.3)), ("b", Some(0.5))], "by name; of equally late rows the last read");
    }

    #[test]
    fn bad_lines_and_folders_outside_are_named() {
        for (line, part) in [
            ("nonsense\n".to_owned(), "no row of an index"),
            (row("a", 0.1, 1.0).replace("items/a", "../a"), "`../a` does not lie"),
            (row("a", 0.1, 1.0).replace("items/a", "/etc"), "`/etc` does not lie"),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join(INDEX), row("z", 0.1, 1.0) + &line).expect("written");
            let message = read(folder.path()).expect_err("bad").to_string();
            assert!(message.starts_with("line 2") && message.contains(part), "{message}");
        }
    }
}
