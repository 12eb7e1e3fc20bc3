//! LeRobot datasets: an item for each episode and camera, with the seconds of its file that are its own.

#[cfg(feature = "opencv")]
use super::fixture::Ran;
use super::fixture::{Site, good_bytes};
use parquet::data_type::{DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use roomwright::batch::{inputs, lerobot};
use std::path::Path;
use std::sync::Arc;

const CAMERA: &str = "observation.images.top";

/// A dataset of two episodes in one file: 0 to 1.5 s, and 0.5 to 2 s.
fn dataset(root: &Path) {
    let info = serde_json::json!({
        "codebase_version": "v3.0", "fps": 10,
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
        "features": { CAMERA: { "dtype": "video" }, "action": { "dtype": "float32" } }
    });
    for folder in ["meta/episodes/chunk-000", &format!("videos/{CAMERA}/chunk-000")] {
        std::fs::create_dir_all(root.join(folder)).expect("made");
    }
    std::fs::write(root.join("meta/info.json"), info.to_string()).expect("written");
    std::fs::write(root.join(format!("videos/{CAMERA}/chunk-000/file-000.mp4")), good_bytes())
        .expect("written");
    let whole = ["episode_index", "videos/CAMERA/chunk_index", "videos/CAMERA/file_index"];
    let numbers = ["videos/CAMERA/from_timestamp", "videos/CAMERA/to_timestamp"];
    let named = |name: &str| name.replace("CAMERA", CAMERA);
    let mut schema = "message episodes {".to_owned();
    whole.iter().for_each(|name| schema.push_str(&format!("REQUIRED INT64 {};", named(name))));
    numbers.iter().for_each(|name| schema.push_str(&format!("REQUIRED DOUBLE {};", named(name))));
    schema.push('}');
    let file = std::fs::File::create(root.join("meta/episodes/chunk-000/file-000.parquet")).expect("made");
    let schema = Arc::new(parse_message_type(&schema).expect("a schema"));
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::builder().build()))
        .expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    for values in [[0, 1], [0, 0], [0, 0]] {
        let mut column = group.next_column().expect("readable").expect("a column");
        column.typed::<Int64Type>().write_batch(&values, None, None).expect("written");
        column.close().expect("closed");
    }
    for values in [[0.0, 0.5], [1.5, 2.0]] {
        let mut column = group.next_column().expect("readable").expect("a column");
        column.typed::<DoubleType>().write_batch(&values, None, None).expect("written");
        column.close().expect("closed");
    }
    group.close().expect("closed");
    writer.close().expect("closed");
}

#[test]
fn episodes_become_items_with_their_seconds() {
    let site = Site::new();
    let root = site.path("walks");
    dataset(&root);
    assert!(lerobot::is_dataset(&root));
    let typed = [root.to_str().expect("UTF-8").to_owned()];
    let items = inputs::expand(&typed, &[], &site.path("labels")).expect("items");
    let ids: Vec<_> = items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(
        ids,
        ["walks_episode_000000_observation.images.top", "walks_episode_000001_observation.images.top"]
    );
    assert!(items.iter().all(|item| Path::new(&item.input).is_file()));
    assert_eq!((items[1].start_s, items[1].end_s), (Some(0.45), Some(1.95)));
}

#[cfg(feature = "opencv")]
#[test]
fn an_episode_is_labelled_from_its_own_frames() {
    let site = Site::new();
    dataset(&site.path("walks"));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_roomwright"));
    command.arg("batch").arg(site.path("walks")).arg("-o").arg(site.path("labels"));
    // The walk is too short to tell its focal length: 68 degrees across 160 pixels.
    command.args(["--set", "pose.focal_px=118.6"]);
    let ran = Ran::of(command);
    let rows = site.rows();
    assert_eq!(rows.len(), 2, "{}", ran.stderr);
    for (row, range_s) in rows.values().zip([(None, Some(1.45)), (Some(0.45), Some(1.95))]) {
        assert_eq!((row.start_s, row.end_s), range_s, "{row:?}");
        let Some(folder) = &row.folder else { panic!("not labelled: {row:?}") };
        let report = std::fs::read(site.path("labels").join(folder).join("report.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
        // Ten frames a second for a second and a half.
        assert_eq!(report["diagnostics"]["frames"]["frames"], 15, "{row:?}");
    }
    let [first, second] = [0, 1].map(|i| rows.values().nth(i).and_then(|row| row.key.clone()));
    assert!(first.is_some() && first != second, "parts of one file have keys of their own");
}
