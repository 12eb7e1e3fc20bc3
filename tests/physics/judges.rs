//! Other people's programs on what was written: MuJoCo, trimesh, USD, PyBullet, the glTF validator,
//! jsonschema.

use super::drafts::{noisy, setting, truth};
use super::repair::repaired;
use crate::python::reference;
use roomwright::export::exporters;
use std::path::{Path, PathBuf};

/// First seed of the scenes that are judged: six, or `ROOMWRIGHT_TEST_HOUSES`.
const FIRST_SEED: u64 = 73_000;
const HOUSES: u64 = 6;
/// Free objects that must stand still.
const STILL: f64 = 0.98;

#[test]
fn other_programs_agree() {
    let folder = tempfile::tempdir().unwrap();
    let houses = setting("ROOMWRIGHT_TEST_HOUSES", HOUSES);
    let first = setting("ROOMWRIGHT_TEST_SEED", FIRST_SEED);
    let scenes: Vec<PathBuf> = (first..first + houses)
        .map(|seed| {
            let dir = folder.path().join(seed.to_string());
            std::fs::create_dir(&dir).unwrap();
            let scene = repaired(&noisy(&truth(seed), seed));
            for exporter in exporters() {
                exporter.export(&scene, &dir).unwrap();
            }
            dir
        })
        .collect();
    let paths: Vec<&Path> = scenes.iter().map(PathBuf::as_path).collect();
    let Some(report) = reference("scene_judges.py", &["json"], &paths) else { return };
    let told = |judge: &str| {
        let figures = &report[judge];
        if let Some(why) = figures["skipped"].as_str() {
            println!("skipped: {judge}: {why}");
            return None;
        }
        println!("{judge}: {figures}");
        Some(figures.clone())
    };
    if let Some(mujoco) = told("mujoco") {
        assert_eq!(mujoco["contacts_deeper_than_1mm"], 0, "{mujoco}");
        let (still, free) = (mujoco["still"].as_f64().unwrap(), mujoco["free"].as_f64().unwrap());
        assert!(still >= STILL * free, "{mujoco}");
    }
    if let Some(trimesh) = told("trimesh") {
        assert_eq!(trimesh["not_closed"], serde_json::json!([]), "{trimesh}");
    }
    if let Some(usd) = told("usd") {
        assert_eq!(usd["problems"], serde_json::json!([]), "{usd}");
    }
    if let Some(bullet) = told("pybullet") {
        assert_eq!(bullet["points_deeper_than_1mm"], 0, "{bullet}");
    }
    for judge in ["schema", "habitat", "gltf"] {
        if let Some(figures) = told(judge) {
            assert_eq!(figures["problems"], serde_json::json!([]), "{judge}: {figures}");
        }
    }
}
