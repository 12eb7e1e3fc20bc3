//! `view.html`: one run as one file that opens from disk.
//!
//! Takes the scene and what else the run knows, gives HTML text. The page draws the very GLB that the
//! exporter writes; `scene.json` adds findings and relations. Scene frame (Z up, metres) everywhere but
//! inside the GLB.

use super::cloud::PageCloud;
use super::{Error, page};
use crate::cloud::{Cloud, SceneFrame};
use crate::math::Point3;
use crate::report::Reporter;
use crate::scene::Scene;
use crate::{artifact, cloud, eval, export, physics};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// Version of the embedded data; `viewer/src/viewer/run.js` checks it.
const FORMAT: u32 = 1;
/// Most corners of the camera path that a page carries.
const MAX_PATH_POINTS: usize = 2_000;
/// Parts of `report.json` that the page shows. None depends on the clock.
const REPORT_PARTS: [&str; 4] = ["quality", "scale", "gravity", "warnings"];

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Name of the run, for the title.
    pub name: &'a str,
    /// The scene.
    pub scene: &'a Scene,
    /// The content of `report.json`, when there is one.
    pub report: Option<&'a Value>,
    /// The cloud, when there is one.
    pub cloud: Option<&'a Cloud<SceneFrame>>,
    /// Positions of the camera in time order; empty when it had none.
    pub path: &'a [Point3],
}

#[derive(Serialize)]
struct Data<'a> {
    format: u32,
    name: &'a str,
    glb: String,
    scene: &'a Scene,
    report: Option<Value>,
    cloud: Option<PageCloud>,
    path: Vec<[f64; 3]>,
}

/// The page of a run.
///
/// # Errors
/// When the scene cannot be written as GLB.
pub fn view_html(view: &View<'_>) -> Result<String, Error> {
    let data = Data {
        format: FORMAT,
        name: view.name,
        glb: STANDARD.encode(export::glb(view.scene)?),
        scene: view.scene,
        report: view.report.map(report_parts),
        cloud: view.cloud.and_then(PageCloud::of),
        path: path_corners(view.path),
    };
    Ok(page::with_data(page::VIEWER, "run-data", &data))
}

/// The page of a run folder, made from its files: `scene.json`, and what there is of `report.json`,
/// `cloud.ply` and `trajectory.tum`.
///
/// # Errors
/// When one of the files cannot be read.
pub fn folder_html(folder: &Path) -> Result<String, Error> {
    let scene = physics::load_scene(&folder.join("scene.json"))?;
    let existing = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    let report: Option<Value> = existing("report.json").map(|path| artifact::read_json(&path)).transpose()?;
    let cloud: Option<Cloud<SceneFrame>> = existing("cloud.ply")
        .map(|path| cloud::ply::read(&path, &Reporter::default()))
        .transpose()?
        .map(|contents| Cloud::new(contents.cloud.points));
    let poses = existing("trajectory.tum").map(|path| eval::tum::read(&path)).transpose()?;
    let path: Vec<Point3> =
        poses.iter().flatten().map(|pose| Point3::from(pose.world_from_camera.translation.vector)).collect();
    let name = match scene.provenance.input.as_str() {
        "" => folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        input => input.to_owned(),
    };
    view_html(&View {
        name: &name,
        scene: &scene,
        report: report.as_ref(),
        cloud: cloud.as_ref(),
        path: &path,
    })
}

fn report_parts(report: &Value) -> Value {
    let part = |name: &&str| report.get(*name).map(|value| ((*name).to_owned(), value.clone()));
    Value::Object(REPORT_PARTS.iter().filter_map(part).collect())
}

/// The path to the millimetre; every n-th corner and the last one of a long path.
fn path_corners(path: &[Point3]) -> Vec<[f64; 3]> {
    let step = path.len().div_ceil(MAX_PATH_POINTS).max(1);
    let last = path.last().filter(|_| path.len() % step != 1 % step);
    let corner = |point: &Point3| [point.x, point.y, point.z].map(|x| (x * 1e3).round() / 1e3 + 0.0);
    path.iter().step_by(step).chain(last).map(corner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_keep_their_ends() {
        for count in [0usize, 1, 2, 1999, 2000, 2001, 3999, 4001, 10_000] {
            let path: Vec<Point3> = (0..count).map(|i| Point3::new(i as f64, 0.5, -0.0)).collect();
            let corners = path_corners(&path);
            assert!(corners.len() <= MAX_PATH_POINTS + 1, "{count}: {}", corners.len());
            assert_eq!(corners.first(), path.first().map(|p| [p.x, 0.5, 0.0]).as_ref());
            assert_eq!(corners.last(), path.last().map(|p| [p.x, 0.5, 0.0]).as_ref());
            assert!(corners.windows(2).all(|pair| pair[0] != pair[1]), "no corner twice: {count}");
        }
    }

    #[test]
    fn timings_do_not_reach_the_page() {
        let report = serde_json::json!({ "quality": { "score": 0.5 }, "timings": [1.0], "warnings": [] });
        let parts = report_parts(&report);
        assert_eq!(parts, serde_json::json!({ "quality": { "score": 0.5 }, "warnings": [] }));
    }
}
