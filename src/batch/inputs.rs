//! What was typed becomes items: clips, folders, globs, addresses of stores, LeRobot datasets, lists.
//!
//! A folder is one item when `run` reads it as one (poses, RGB-D, COLMAP, images); otherwise every video below
//! it is an item. Hidden files and the batch's own folder are passed over. What was named and is not there
//! is an error before any work: it is a slip of the pen more often than a clip to count as failed.

use super::{Error, Item, lerobot, lists};
use crate::store::{self, Address, Object};
use crate::video::{InputKind, images};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Endings of files that are taken from folders and stores.
pub const VIDEO_ENDINGS: [&str; 8] = ["mp4", "mov", "m4v", "mkv", "webm", "avi", "mpg", "mpeg"];
/// Endings of lists, which `--list` reads.
const LIST_ENDINGS: [&str; 7] = ["txt", "csv", "jsonl", "ndjson", "parquet", "pq", "list"];

/// All items of what was typed and of the lists, in the order of their ids, each once.
///
/// # Errors
/// When something is not there, cannot be read or cannot be told apart.
pub fn expand(inputs: &[String], from_lists: &[PathBuf], output: &Path) -> Result<Vec<Item>, Error> {
    let output = output.canonicalize().ok();
    let mut items = Vec::new();
    for input in inputs {
        let path = Path::new(input);
        if store::is_address(input) {
            items.extend(from_store(input)?);
        } else if path.exists() {
            items.extend(from_path(path, output.as_deref())?);
        } else if is_pattern(input) {
            items.extend(from_pattern(input, output.as_deref())?);
        } else {
            return Err(Error::MissingInput(path.to_owned()));
        }
    }
    for list in from_lists {
        items.extend(lists::read(list)?);
    }
    distinct(items)
}

fn distinct(items: Vec<Item>) -> Result<Vec<Item>, Error> {
    let mut by_id: BTreeMap<String, Item> = BTreeMap::new();
    for item in items {
        match by_id.get(&item.id) {
            None => drop(by_id.insert(item.id.clone(), item)),
            Some(other) if same(other, &item) => {}
            Some(other) => {
                return Err(Error::SameId { id: item.id, first: other.input.clone(), second: item.input });
            }
        }
    }
    Ok(by_id.into_values().collect())
}

fn same(a: &Item, b: &Item) -> bool {
    (&a.input, a.start_s, a.end_s) == (&b.input, b.start_s, b.end_s)
}

fn is_video(name: &str) -> bool {
    has_ending(Path::new(name), &VIDEO_ENDINGS)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

fn utf8(path: &Path) -> Result<String, Error> {
    path.to_str().map(str::to_owned).ok_or_else(|| Error::NotUtf8(path.to_owned()))
}

/// Without `.` and doubled slashes, so that one file has one name however it is typed.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

fn from_path(path: &Path, output: Option<&Path>) -> Result<Vec<Item>, Error> {
    let path = plain(path);
    if path.is_file() {
        if has_ending(&path, &LIST_ENDINGS) {
            return Err(Error::ListAsInput(path));
        }
        let name = utf8(&path)?;
        return Ok(vec![Item::named(&name, name.clone())]);
    }
    if lerobot::is_dataset(&path) {
        return lerobot::items(&path);
    }
    if is_one_item(&path) {
        let name = utf8(&path)?;
        return Ok(vec![Item::named(&name, name.clone())]);
    }
    let items = videos_below(&path, output)?;
    if items.is_empty() { Err(Error::NoMatch(path)) } else { Ok(items) }
}

/// A folder that `run` reads as one clip.
fn is_one_item(folder: &Path) -> bool {
    match InputKind::of(folder) {
        Ok(InputKind::Images) => images::list(folder).is_ok_and(|images| !images.is_empty()),
        Ok(_) => true,
        Err(_) => false,
    }
}

/// Every video below a folder, named by the folder's name and the way from there.
fn videos_below(folder: &Path, output: Option<&Path>) -> Result<Vec<Item>, Error> {
    let whole = folder.canonicalize().map_err(|source| Error::Read { source, path: folder.to_owned() })?;
    let root_name = whole.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut items = Vec::new();
    for entry in walk(folder, output) {
        let entry = entry.map_err(|error| walk_failed(error, folder))?;
        if !entry.file_type().is_file() || !has_ending(entry.path(), &VIDEO_ENDINGS) {
            continue;
        }
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let name = format!("{root_name}/{}", utf8(relative)?);
        items.push(Item::named(&name, utf8(&plain(entry.path()))?));
    }
    Ok(items)
}

fn walk(folder: &Path, output: Option<&Path>) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    let wanted = move |entry: &DirEntry| {
        let hidden = entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
        let own = entry.file_type().is_dir()
            && output.is_some_and(|output| entry.path().canonicalize().is_ok_and(|path| path == output));
        !hidden && !own
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // Owned by the iterator, so that the filter may borrow nothing.
    let entries: Vec<_> = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(wanted)
        .collect();
    entries.into_iter()
}

fn walk_failed(error: walkdir::Error, folder: &Path) -> Error {
    let path = error.path().unwrap_or(folder).to_owned();
    let text = error.to_string();
    Error::Read { source: error.into_io_error().unwrap_or_else(|| std::io::Error::other(text)), path }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

fn matcher(pattern: &str) -> Result<GlobMatcher, Error> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|cause| Error::Pattern { cause: cause.kind().to_string(), pattern: pattern.to_owned() })
}

/// Files that match, and folders that match and are one item or a dataset.
fn from_pattern(pattern: &str, output: Option<&Path>) -> Result<Vec<Item>, Error> {
    let pattern = utf8(&plain(Path::new(pattern)))?;
    let matcher = matcher(&pattern)?;
    let fixed: PathBuf = Path::new(&pattern)
        .components()
        .take_while(|part| !is_pattern(&part.as_os_str().to_string_lossy()))
        .collect();
    let mut items = Vec::new();
    for entry in walk(&fixed, output) {
        let entry = entry.map_err(|error| walk_failed(error, &fixed))?;
        let path = plain(entry.path());
        if !matcher.is_match(&path) {
            continue;
        }
        if entry.file_type().is_file() || lerobot::is_dataset(&path) || is_one_item(&path) {
            items.extend(from_path(&path, output)?);
        }
    }
    if items.is_empty() { Err(Error::NoMatch(PathBuf::from(pattern))) } else { Ok(items) }
}

/// One object, the videos below a prefix, or those that match a pattern.
fn from_store(text: &str) -> Result<Vec<Item>, Error> {
    let address: Address = text.parse()?;
    let named = |object: Object| {
        let name = object.uri.split_once("://").map_or(object.uri.as_str(), |(_, name)| name).to_owned();
        Item { stamp: Some(super::digests::object_stamp(&object)), ..Item::named(&name, object.uri) }
    };
    if is_pattern(&address.key) {
        let matcher = matcher(&address.key)?;
        let fixed: Vec<&str> = address.key.split('/').take_while(|part| !is_pattern(part)).collect();
        let prefix = Address { bucket: address.bucket.clone(), key: fixed.join("/") };
        let matches =
            |object: &Object| object.uri.parse::<Address>().is_ok_and(|found| matcher.is_match(&found.key));
        let items: Vec<Item> = store::list(&prefix)?.into_iter().filter(matches).map(named).collect();
        return if items.is_empty() { Err(Error::NoMatch(PathBuf::from(text))) } else { Ok(items) };
    }
    if is_video(&address.key) {
        return Ok(vec![named(store::head(&address)?)]);
    }
    let items: Vec<Item> =
        store::list(&address)?.into_iter().filter(|object| is_video(&object.uri)).map(named).collect();
    if items.is_empty() { Err(Error::NoMatch(PathBuf::from(text))) } else { Ok(items) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with clips (empty files) at these paths.
    fn clips(paths: &[&str]) -> tempfile::TempDir {
        let root = tempfile::Builder::new().prefix("walks").tempdir().expect("a temporary folder");
        for path in paths {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        root
    }

    fn relative(items: &[Item], root: &Path) -> Vec<String> {
        let mut names: Vec<String> = items
            .iter()
            .map(|item| Path::new(&item.input).strip_prefix(root).expect("below").display().to_string())
            .collect();
        names.sort();
        names
    }

    fn typed(root: &Path, text: &str) -> String {
        root.join(text).to_str().expect("UTF-8").to_owned()
    }

    #[test]
    fn a_folder_gives_its_videos_without_hidden_ones_and_its_own_outputs() {
        let root = clips(&["a.mp4", "day1/b.MOV", "day1/notes.txt", ".cache/c.mp4", "labels/items/d.mp4"]);
        let output = root.path().join("labels");
        let items = expand(&[typed(root.path(), "")], &[], &output).expect("expanded");
        assert_eq!(relative(&items, root.path()), ["a.mp4", "day1/b.MOV"]);
        // The same folder under another spelling gives the same ids.
        let again = expand(&[typed(root.path(), "day1/..")], &[], &output).expect("expanded");
        let ids = |items: &[Item]| items.iter().map(|item| item.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&items), ids(&again));
    }

    #[test]
    fn patterns_match_within_and_across_folders() {
        let root = clips(&["a.mp4", "b.mp4", "day1/a.mp4", "day1/deep/a.mp4"]);
        let matched = |pattern: &str| {
            let items = expand(&[typed(root.path(), pattern)], &[], Path::new("none")).expect("expanded");
            relative(&items, root.path())
        };
        assert_eq!(matched("*.mp4"), ["a.mp4", "b.mp4"]);
        assert_eq!(matched("**/a.mp4"), ["a.mp4", "day1/a.mp4", "day1/deep/a.mp4"]);
        assert_eq!(matched("day[0-9]/*"), ["day1/a.mp4"]);
    }

    #[test]
    fn what_is_not_there_is_an_error_before_any_work() {
        let root = clips(&["a.mp4", "list.csv"]);
        let expanded = |text: &str| expand(&[typed(root.path(), text)], &[], Path::new("none"));
        assert!(matches!(expanded("b.mp4"), Err(Error::MissingInput(_))));
        assert!(matches!(expanded("*.mkv"), Err(Error::NoMatch(_))));
        assert!(matches!(expanded("list.csv"), Err(Error::ListAsInput(_))));
        assert!(matches!(expanded("[.mp4"), Err(Error::Pattern { .. })));
    }

    #[test]
    fn one_clip_named_twice_is_one_item_and_two_clips_of_one_id_are_refused() {
        let root = clips(&["a.mp4", "x/clips/a.mp4", "y/clips/a.mp4"]);
        let clip = typed(root.path(), "a.mp4");
        assert_eq!(expand(&[clip.clone(), clip], &[], Path::new("none")).expect("expanded").len(), 1);
        let both = [typed(root.path(), "x/clips"), typed(root.path(), "y/clips")];
        let message = expand(&both, &[], Path::new("none")).expect_err("same id").to_string();
        assert!(message.contains("x/clips/a.mp4") && message.contains("y/clips/a.mp4"), "{message}");
    }

    #[test]
    fn a_folder_of_images_is_one_item() {
        let root = clips(&["scan/0001.jpg", "scan/0002.jpg"]);
        let items = expand(&[typed(root.path(), "scan")], &[], Path::new("none")).expect("expanded");
        assert_eq!(relative(&items, root.path()), ["scan"]);
    }
}
