//! Digests of inputs, remembered: to know that thousands of clips are unchanged must not mean to read them.
//!
//! A digest is used again while the input's stamp is the same: size and time of change of a file, of all
//! files of a folder, or size and version of an object. A file that is changed within the resolution of its
//! time stamp and keeps its size would be missed; `--overwrite` does everything anew.

use super::{Error, Item, Shard};
use crate::artifact;
use crate::store::{self, Address, Object};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use walkdir::WalkDir;

/// One remembered digest, a line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    input: String,
    stamp: String,
    sha256: String,
}

/// The digests that a batch folder remembers.
#[derive(Debug)]
pub struct Digests {
    known: BTreeMap<String, (String, String)>,
    path: PathBuf,
}

impl Digests {
    /// Those of this shard and of the whole list; new ones are added to the file of this shard. Lines that cannot be read are passed
    /// over: they cost time, nothing else.
    #[must_use]
    pub fn open(folder: &Path, label: &str) -> Self {
        let mut known = BTreeMap::new();
        let file = |label: &str| folder.join(format!("digests-{label}.jsonl"));
        let files = [file(&Shard::WHOLE.label()), file(label)];
        for text in files.iter().filter_map(|path| std::fs::read_to_string(path).ok()) {
            for entry in text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok()) {
                known.insert(entry.input, (entry.stamp, entry.sha256));
            }
        }
        Self { known, path: file(label) }
    }

    /// Digest of an item's bytes and its stamp: remembered, or of a file computed now. `None` for an object whose
    /// digest is not known yet, and for an input that cannot be looked at.
    #[must_use]
    pub fn of(&self, item: &Item) -> Option<(String, String)> {
        let stamp = stamp(item)?;
        if let Some((known_stamp, sha256)) = self.known.get(&item.input)
            && *known_stamp == stamp
        {
            return Some((sha256.clone(), stamp));
        }
        if store::is_address(&item.input) {
            return None;
        }
        Some((artifact::digest(Path::new(&item.input)).ok()?, stamp))
    }

    /// Remembers a digest; `stamp` is that of before the bytes were read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&mut self, item: &Item, stamp: &str, sha256: &str) -> Result<(), Error> {
        let value = (stamp.to_owned(), sha256.to_owned());
        if self.known.get(&item.input) == Some(&value) {
            return Ok(());
        }
        let entry = Entry { input: item.input.clone(), stamp: stamp.to_owned(), sha256: sha256.to_owned() };
        let failed = |source| Error::Write { source, path: self.path.clone() };
        let mut line = serde_json::to_vec(&entry).map_err(|cause| failed(std::io::Error::other(cause)))?;
        line.push(b'\n');
        let mut file =
            std::fs::OpenOptions::new().create(true).append(true).open(&self.path).map_err(failed)?;
        file.write_all(&line).map_err(failed)?;
        self.known.insert(item.input.clone(), value);
        Ok(())
    }
}

/// What changes when an input's bytes do; `None` when it cannot be looked at.
#[must_use]
pub fn stamp(item: &Item) -> Option<String> {
    if item.stamp.is_some() {
        return item.stamp.clone();
    }
    if store::is_address(&item.input) {
        let address: Address = item.input.parse().ok()?;
        return Some(object_stamp(&store::head(&address).ok()?));
    }
    let path = Path::new(&item.input);
    if !path.is_dir() {
        return file_stamp(path);
    }
    let mut hash = Sha256::new();
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let entry = entry.ok()?;
        if entry.file_type().is_file() {
            hash.update(entry.path().as_os_str().as_encoded_bytes());
            hash.update(file_stamp(entry.path())?);
        }
    }
    Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn file_stamp(path: &Path) -> Option<String> {
    let metadata = path.metadata().ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{}:{}", metadata.len(), changed.as_nanos()))
}

/// The stamp of an object.
#[must_use]
pub fn object_stamp(object: &Object) -> String {
    format!("{}:{}", object.bytes, object.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_used_again_until_the_file_changes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("a.mp4");
        std::fs::write(&clip, "one").expect("written");
        let item = Item::named("a", clip.to_str().expect("UTF-8").to_owned());
        let mut digests = Digests::open(folder.path(), "0-of-1");
        let (true_digest, stamp) = digests.of(&item).expect("a file");
        // A made-up digest shows that the file is not read again.
        digests.remember(&item, &stamp, "made up").expect("written");
        let again = Digests::open(folder.path(), "1-of-2");
        assert_eq!(again.of(&item).expect("known").0, "made up");
        std::fs::write(&clip, "longer").expect("written");
        let (changed, _) = again.of(&item).expect("a file");
        assert!(changed != "made up" && changed != true_digest);
        std::fs::remove_file(&clip).expect("removed");
        assert!(again.of(&item).is_none());
    }

    #[test]
    fn a_folder_changes_with_any_of_its_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("deep")).expect("made");
        std::fs::write(folder.path().join("deep/0001.png"), "x").expect("written");
        let item = Item::named("scan", folder.path().to_str().expect("UTF-8").to_owned());
        let before = stamp(&item).expect("a folder");
        std::fs::write(folder.path().join("deep/0002.png"), "y").expect("written");
        assert_ne!(stamp(&item).expect("a folder"), before);
    }
}
