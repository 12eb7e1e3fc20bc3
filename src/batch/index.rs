//! The index of a batch folder: `index.jsonl`, one [`Row`] a line, and its copy `index.parquet`.
//!
//! Rows are appended as items finish, each written through to the disk, after the item's outputs stand
//! in their folder: a row is a promise. A shard `i/n` appends to `index-i-of-n.jsonl`, so that shards on
//! different machines may share a batch folder without sharing a file. [`read`] merges all of them: of
//! several rows of one item the latest counts. A call on the whole list takes the shards' rows into
//! `index.jsonl`. What a killed run left of its last line is repaired when the index is opened; the item whose
//! row it was is found again by its folder. The fields of a row are described in [`crate::worker::row`].

use super::{Error, Shard, parquet_index};
use crate::artifact::write_atomic;
use crate::worker::{Row, commit};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Rows by item.
pub type Rows = BTreeMap<String, Row>;

/// All rows of a batch folder, of all shards.
///
/// # Errors
/// When the folder or an index cannot be read. A folder without an index has no rows.
pub fn read(folder: &Path) -> Result<Rows, Error> {
    let mut rows = Rows::new();
    for path in files(folder)? {
        for row in read_file(&path)? {
            insert(&mut rows, row);
        }
    }
    Ok(rows)
}

fn insert(rows: &mut Rows, row: Row) {
    match rows.get(&row.id) {
        Some(other) if other.finished_unix_s > row.finished_unix_s => {}
        _ => drop(rows.insert(row.id.clone(), row)),
    }
}

/// The index files of a folder, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { source, path: folder.to_owned() };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "index.jsonl" || (name.starts_with("index-") && name.ends_with(".jsonl")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The rows of one file. Lines that are no rows are left out: they were torn, and their items are found again
/// by their folders or done again.
fn read_file(path: &Path) -> Result<Vec<Row>, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { source, path: path.to_owned() })?;
    Ok(bytes.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

fn name(shard: Shard, ending: &str) -> String {
    if shard == Shard::WHOLE {
        format!("index.{ending}")
    } else {
        format!("index-{}.{ending}", shard.label())
    }
}

/// The index that this process appends to.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    shard: Shard,
    file: File,
    /// Bytes of whole rows.
    length: u64,
    /// The rows of this index.
    rows: Rows,
    /// The rows that this index goes by: its own and those of the whole list.
    known: Rows,
}

impl Index {
    /// Opens the index of a shard: torn lines go, of several rows of an item the latest stays, and the index of
    /// the whole list takes in the rows of shards.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(folder: &Path, shard: Shard) -> Result<Self, Error> {
        let path = folder.join(name(shard, "jsonl"));
        let mut rows = Rows::new();
        let mut known = Rows::new();
        if shard == Shard::WHOLE {
            rows = read(folder)?;
            known.clone_from(&rows);
        } else {
            // A thousand shards that each read the rows of all others would read a thousand indexes too many:
            // what another division of the list has done is found by its folder.
            let whole = folder.join(name(Shard::WHOLE, "jsonl"));
            for (file, is_own) in [(&whole, false), (&path, true)] {
                for row in if file.is_file() { read_file(file)? } else { Vec::new() } {
                    if is_own {
                        insert(&mut rows, row.clone());
                    }
                    insert(&mut known, row);
                }
            }
        }
        let text = lines(&rows, &path)?;
        if std::fs::read(&path).ok().as_deref() != Some(&text) {
            replace(&path, &text)?;
        }
        let failed = |source| Error::Write { source, path: path.clone() };
        let file = OpenOptions::new().append(true).open(&path).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), shard, file, length: text.len() as u64, rows, known })
    }

    /// The row of an item, from this index or that of the whole list.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.known.get(id)
    }

    /// Appends a row and writes it through to the disk. A row that does not fit on the disk leaves no part of
    /// itself.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, row: Row) -> Result<(), Error> {
        let path = self.path();
        let failed = |source| Error::Write { source, path: path.clone() };
        let line = line(&row, &path)?;
        if let Err(source) = self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            // What cannot be cut off now is repaired by the next call.
            let _ = self.file.set_len(self.length);
            return Err(failed(source));
        }
        self.length += line.len() as u64;
        self.known.insert(row.id.clone(), row.clone());
        self.rows.insert(row.id.clone(), row);
        Ok(())
    }

    /// Puts the rows in the order of their ids and writes the copy as Parquet. Gives the paths of both.
    ///
    /// # Errors
    /// When they cannot be written; the rows then stand as they were appended.
    pub fn finish(&mut self) -> Result<[PathBuf; 2], Error> {
        let path = self.path();
        let text = lines(&self.rows, &path)?;
        replace(&path, &text)?;
        self.file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|source| Error::Write { source, path: path.clone() })?;
        self.length = text.len() as u64;
        let table = self.folder.join(name(self.shard, "parquet"));
        let rows: Vec<&Row> = self.rows.values().collect();
        replace(&table, &parquet_index::bytes(&rows, &table)?)?;
        Ok([path, table])
    }

    fn path(&self) -> PathBuf {
        self.folder.join(name(self.shard, "jsonl"))
    }
}

fn line(row: &Row, path: &Path) -> Result<Vec<u8>, Error> {
    let mut line = serde_json::to_vec(row)
        .map_err(|cause| Error::Write { source: std::io::Error::other(cause), path: path.to_owned() })?;
    line.push(b'\n');
    Ok(line)
}

fn lines(rows: &Rows, path: &Path) -> Result<Vec<u8>, Error> {
    Ok(rows.values().map(|row| line(row, path)).collect::<Result<Vec<_>, Error>>()?.concat())
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic(path, bytes)?;
    let failed = |source| Error::Write { source, path: path.to_owned() };
    File::open(path).and_then(|file| file.sync_all()).map_err(failed)?;
    commit::sync_folder(path.parent().unwrap_or(Path::new("."))).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{Job, Status};

    fn row(id: &str, time_s: f64) -> Row {
        let job: Job =
            serde_json::from_value(serde_json::json!({ "id": id, "input": "a.mp4", "output": "o" }))
                .expect("a job");
        Row { finished_unix_s: time_s, ..Row::of(&job) }
    }

    #[test]
    fn a_torn_last_line_is_repaired_and_no_whole_row_is_lost() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut index = Index::open(folder.path(), Shard::WHOLE).expect("opened");
        index.append(row("b", 1.0)).expect("appended");
        index.append(row("a", 2.0)).expect("appended");
        drop(index);
        let path = folder.path().join("index.jsonl");
        let whole = std::fs::read(&path).expect("there");
        for cut in [1, whole.len() / 4, whole.len() / 2 - 2] {
            std::fs::write(&path, &whole[..whole.len() - cut]).expect("cut");
            let mut index = Index::open(folder.path(), Shard::WHOLE).expect("repaired");
            // One byte short is the last row without its line end: nothing is missing from it.
            assert_eq!(index.row("a").is_some(), cut == 1, "cut by {cut}");
            assert!(index.row("b").is_some());
            index.append(row("c", 3.0)).expect("appended");
            let ids: Vec<String> = read(folder.path()).expect("read").into_keys().collect();
            assert!(ids.contains(&"b".to_owned()) && ids.contains(&"c".to_owned()), "{ids:?}");
        }
    }

    #[test]
    fn the_latest_row_of_an_item_counts_whatever_file_it_stands_in() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let shards = [0, 1].map(|index| Shard { index, of: 2 });
        for (shard, (status, time_s)) in shards.into_iter().zip([(Status::Ok, 5.0), (Status::Failed, 4.0)]) {
            let mut index = Index::open(folder.path(), shard).expect("opened");
            index.append(Row { status, ..row("a", time_s) }).expect("appended");
            index.finish().expect("finished");
        }
        let mut whole = Index::open(folder.path(), Shard::WHOLE).expect("opened");
        assert_eq!(whole.row("a").map(|row| row.status), Some(Status::Ok));
        whole.finish().expect("finished");
        let text = std::fs::read_to_string(folder.path().join("index.jsonl")).expect("there");
        assert_eq!(text.lines().count(), 1);
        assert!(folder.path().join("index-0-of-2.parquet").is_file());
    }

    #[test]
    fn the_finished_index_is_in_the_order_of_ids() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut index = Index::open(folder.path(), Shard::WHOLE).expect("opened");
        for id in ["c", "a", "b"] {
            index.append(row(id, 1.0)).expect("appended");
        }
        index.finish().expect("finished");
        let text = std::fs::read_to_string(folder.path().join("index.jsonl")).expect("there");
        let ids: Vec<Row> = text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
        assert_eq!(ids.iter().map(|row| row.id.as_str()).collect::<String>(), "abc");
    }
}
