//! LeRobot datasets of format v3 as input: an item for every episode and colour camera.
//!
//! `meta/info.json` names the cameras (features of type `video`) and the pattern of their files;
//! `meta/episodes/**/*.parquet` says for every episode which file and which seconds of it are its own. A file
//! holds many episodes, so an item is a file with a range of time. Depth cameras are passed over: their
//! videos are not pictures. Datasets in stores have to be copied first.

use super::{Error, Item, table};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

const INFO: &str = "meta/info.json";
const EPISODES: &str = "meta/episodes";
/// The pattern of the format's own writer.
const VIDEO_PATH: &str = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";

#[derive(Deserialize)]
struct Info {
    codebase_version: String,
    fps: f64,
    video_path: Option<String>,
    #[serde(default)]
    features: BTreeMap<String, Feature>,
}

#[derive(Deserialize)]
struct Feature {
    dtype: String,
    #[serde(default)]
    info: Option<Map<String, Value>>,
}

impl Feature {
    fn is_colour_video(&self) -> bool {
        let says_depth = |name: &str| {
            let info = self.info.as_ref().and_then(|info| info.get(name));
            info.and_then(Value::as_bool).unwrap_or(false)
        };
        self.dtype == "video" && !says_depth("is_depth_map") && !says_depth("video.is_depth_map")
    }
}

/// The folder is a LeRobot dataset (of any version).
#[must_use]
pub fn is_dataset(folder: &Path) -> bool {
    folder.join(INFO).is_file()
}

/// The items of a dataset.
///
/// # Errors
/// When it is of another version, or its tables are missing or do not fit.
pub fn items(folder: &Path) -> Result<Vec<Item>, Error> {
    let bad = |cause: String| Error::LeRobot { cause, path: folder.to_owned() };
    let path = folder.join(INFO);
    let text = std::fs::read(&path).map_err(|source| Error::Read { source, path: path.clone() })?;
    let info: Info = serde_json::from_slice(&text).map_err(|cause| bad(format!("{INFO}: {cause}")))?;
    if !info.codebase_version.starts_with("v3.") {
        return Err(bad(format!("its version is {}, v3.x is read", info.codebase_version)));
    }
    if !(info.fps.is_finite() && info.fps > 0.0) {
        return Err(bad(format!("{INFO}: fps is {}", info.fps)));
    }
    let cameras: Vec<&String> =
        info.features.iter().filter(|(_, feature)| feature.is_colour_video()).map(|(name, _)| name).collect();
    if cameras.is_empty() {
        return Err(bad("it has no colour video".to_owned()));
    }
    let dataset = folder.canonicalize().ok();
    let dataset = dataset.as_deref().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let mut items = Vec::new();
    for row in episodes(folder)? {
        let episode =
            number(&row, "episode_index").ok_or_else(|| bad("an episode has no index".to_owned()))?;
        for camera in &cameras {
            let part = part(&row, camera, &info).map_err(&bad)?;
            let id = format!("{dataset}_episode_{:06}_{camera}", episode as u64);
            let input = folder.join(part.file);
            let input = input.to_str().ok_or_else(|| Error::NotUtf8(input.clone()))?.to_owned();
            let mut item = Item::with_id(&id, input);
            (item.start_s, item.end_s) = (Some(part.start_s), Some(part.end_s));
            items.push(item);
        }
    }
    if items.is_empty() { Err(bad("it has no episodes".to_owned())) } else { Ok(items) }
}

fn episodes(folder: &Path) -> Result<Vec<Map<String, Value>>, Error> {
    let wanted = |name: &str| name == "episode_index" || name.starts_with("videos/");
    let mut rows = Vec::new();
    for entry in WalkDir::new(folder.join(EPISODES)).sort_by_file_name() {
        let entry =
            entry.map_err(|cause| Error::LeRobot { cause: cause.to_string(), path: folder.to_owned() })?;
        if entry.path().extension().is_some_and(|ending| ending == "parquet") {
            rows.extend(table::read(entry.path(), wanted)?);
        }
    }
    Ok(rows)
}

struct Part {
    file: PathBuf,
    start_s: f64,
    end_s: f64,
}

/// Where a camera saw an episode. Both ends are moved back by half a frame: the first frame of the episode
/// is in, the first of the next one, which `to_timestamp` names, is out, whatever rounding did to the stamps.
fn part(row: &Map<String, Value>, camera: &str, info: &Info) -> Result<Part, String> {
    let column = |name: &str| {
        let column = format!("videos/{camera}/{name}");
        number(row, &column).ok_or_else(|| format!("its episodes have no number in the column `{column}`"))
    };
    let (from_s, to_s) = (column("from_timestamp")?, column("to_timestamp")?);
    if !(from_s >= 0.0 && to_s > from_s) {
        return Err(format!("an episode lasts from {from_s} s to {to_s} s of {camera}"));
    }
    let half_frame_s = 0.5 / info.fps;
    let pattern = info.video_path.as_deref().unwrap_or(VIDEO_PATH);
    let file = pattern.replace("{video_key}", camera);
    let file = with_number(&file, "chunk_index", column("chunk_index")? as u64)?;
    let file = with_number(&file, "file_index", column("file_index")? as u64)?;
    Ok(Part {
        file: PathBuf::from(file),
        start_s: (from_s - half_frame_s).max(0.0),
        end_s: to_s - half_frame_s,
    })
}

fn number(row: &Map<String, Value>, column: &str) -> Option<f64> {
    row.get(column)?.as_f64().filter(|number| number.is_finite())
}

/// Replaces `{name}` or `{name:03d}` in a pattern.
fn with_number(pattern: &str, name: &str, number: u64) -> Result<String, String> {
    let Some(start) = pattern.find(&format!("{{{name}")) else { return Ok(pattern.to_owned()) };
    let unknown = || format!("{INFO}: the pattern of videos is not understood: {pattern}");
    let length = pattern[start..].find('}').ok_or_else(unknown)?;
    let format = &pattern[start + 1 + name.len()..start + length];
    let width = match format.strip_prefix(":0").and_then(|rest| rest.strip_suffix('d')) {
        Some(width) => width.parse().map_err(|_| unknown())?,
        None if format.is_empty() => 0,
        None => return Err(unknown()),
    };
    Ok(format!("{}{number:0width$}{}", &pattern[..start], &pattern[start + length + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(info: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join("meta/episodes")).expect("made");
        std::fs::write(folder.path().join(INFO), info).expect("written");
        folder
    }

    #[test]
    fn patterns_are_filled_as_python_does() {
        let path = with_number("c-{chunk_index:03d}/f-{file_index}.mp4", "chunk_index", 7).expect("filled");
        assert_eq!(with_number(&path, "file_index", 12).expect("filled"), "c-007/f-12.mp4");
        assert!(with_number("{file_index:>5}", "file_index", 1).is_err());
    }

    #[test]
    fn an_episode_is_a_range_of_its_file() {
        let info: Info = serde_json::from_str(r#"{"codebase_version":"v3.0","fps":10}"#).expect("info");
        let row = serde_json::json!({
            "videos/top/chunk_index": 0, "videos/top/file_index": 2,
            "videos/top/from_timestamp": 3.0, "videos/top/to_timestamp": 5.0
        });
        let part = part(row.as_object().expect("an object"), "top", &info).expect("a part");
        assert_eq!(part.file, Path::new("videos/top/chunk-000/file-002.mp4"));
        assert_eq!((part.start_s, part.end_s), (2.95, 4.95));
        let missing = super::part(row.as_object().expect("an object"), "wrist", &info);
        assert!(missing.is_err_and(|cause| cause.contains("videos/wrist/from_timestamp")));
    }

    #[test]
    fn other_versions_and_empty_datasets_are_named() {
        let old = dataset(r#"{"codebase_version":"v2.1","fps":30}"#);
        assert!(items(old.path()).expect_err("old").to_string().contains("v2.1"));
        let depth = r#"{"codebase_version":"v3.0","fps":30,"features":{"d":{"dtype":"video","info":{"video.is_depth_map":true}}}}"#;
        assert!(items(dataset(depth).path()).expect_err("depth").to_string().contains("no colour video"));
        let empty = r#"{"codebase_version":"v3.0","fps":30,"features":{"top":{"dtype":"video"}}}"#;
        assert!(items(dataset(empty).path()).expect_err("empty").to_string().contains("no episodes"));
    }
}
