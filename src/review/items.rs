//! The items of a batch folder, as its index tells them ([`crate::batch::index`]): what a gallery shows.

use super::Error;
use crate::batch::{self, Status, index};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// What a gallery shows of a row; the fields are those of the batch's index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    /// Name of the item.
    pub id: String,
    /// Path or address as listed.
    pub input: String,
    /// Outputs, relative to the batch folder.
    #[serde(skip_serializing)]
    pub folder: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Exit code.
    pub code: u8,
    /// Name of the cause; empty when done.
    pub cause: String,
    /// The cause in words.
    pub message: String,
    /// Quality, 0..1.
    pub score: Option<f64>,
    /// Parts of the quality.
    pub score_parts: BTreeMap<String, f64>,
    /// Number of elements by kind.
    pub counts: BTreeMap<String, u64>,
    /// Codes of warnings.
    pub warnings: Vec<String>,
}

impl From<batch::Row> for Row {
    fn from(row: batch::Row) -> Self {
        Self {
            id: row.id,
            input: row.input,
            folder: row.folder,
            status: row.status,
            code: row.code,
            cause: row.cause,
            message: row.message,
            score: row.score,
            score_parts: row.score_parts,
            counts: row.counts,
            warnings: row.warnings,
        }
    }
}

/// True when a folder has an index.
pub(super) fn is_batch(folder: &Path) -> bool {
    index::files(folder).is_ok_and(|files| !files.is_empty())
}

/// The rows of a batch folder, one an item, by name.
///
/// # Errors
/// When an index cannot be read, or a row's folder lies outside the batch.
pub(super) fn read(folder: &Path) -> Result<Vec<Row>, Error> {
    let rows: Vec<Row> = index::read(folder)?.into_values().map(Row::from).collect();
    match rows
        .iter()
        .find_map(|row| row.folder.as_ref().filter(|place| leaves(place)).map(|place| (row, place)))
    {
        Some((row, place)) => {
            Err(Error::Outside { id: row.id.clone(), place: place.clone(), path: folder.to_owned() })
        }
        None => Ok(rows),
    }
}

fn leaves(place: &str) -> bool {
    let mut parts = Path::new(place).components();
    place.is_empty() || !parts.all(|part| matches!(part, Component::Normal(_)))
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
    fn torn_lines_are_no_rows_and_folders_outside_are_named() {
        for (line, part) in [
            ("nonsense\n".to_owned(), None),
            (row("a", 0.1, 1.0).replace("items/a", "../a"), Some("`../a`")),
            (row("a", 0.1, 1.0).replace("items/a", "/etc"), Some("`/etc`")),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("index.jsonl"), row("z", 0.1, 1.0) + &line).expect("written");
            match (read(folder.path()), part) {
                (Ok(rows), None) => assert_eq!(rows.len(), 1),
                (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, _) => panic!("{line}: {found:?}"),
            }
        }
    }
}
