//! Folders as runs and batches leave them, made from the sample's scene without running anything.

use crate::physics::drafts::truth;
use crate::physics::repair::repaired;
use roomwright::cloud::{Cloud, CloudPoint, SceneFrame, ply};
use roomwright::export::{Exporter, Gltf, SceneJson};
use roomwright::physics::parse_scene;
use roomwright::review;
use roomwright::scene::{Finding, Scene};
use roomwright::viewer::{self, plan};
use serde_json::json;
use std::path::Path;

/// Seed of the house that is dropped on the page and stands in the batch.
const OTHER_SEED: u64 = 5;
/// Distance of the cloud's points along walls and floors, metres.
const POINT_STEP_M: f64 = 0.05;
const HOSTILE: &str = "</script><script>window.wasRun = 1</script><!--";

/// The scene of the sample clip, one wall of it told as inferred.
pub fn sample() -> Scene {
    changed(|parts| {
        parts.walls[2].evidence.source = roomwright::scene::Source::Inferred;
        let elements = vec![roomwright::scene::ElementId(parts.walls[2].id.to_string())];
        parts.findings.push(Finding {
            code: "wall-inferred".to_owned(),
            elements,
            message: "3.10 m of wall were not seen but close a room (confidence 0.30)".to_owned(),
            value_m: Some(3.1),
            unresolved: false,
        });
    })
}

fn changed(change: impl Fn(&mut roomwright::scene::SceneParts)) -> Scene {
    let scene =
        parse_scene(include_str!("../../samples/two-room-flat/expected_scene.json")).expect("a scene");
    let mut parts = (*scene).clone();
    change(&mut parts);
    parse_scene(&serde_json::to_string(&parts).expect("JSON")).expect("still a scene")
}

/// Points on floors and both faces of walls, coloured by height.
pub fn cloud(scene: &Scene) -> Cloud<SceneFrame> {
    let steps = |length: f64| (0..(length / POINT_STEP_M) as usize).map(|i| (i as f64 + 0.5) * POINT_STEP_M);
    let mut points = Vec::new();
    let mut put = |p: [f64; 3]| {
        let rgb = [(90.0 + 40.0 * p[2]) as u8, 120, (200.0 - 40.0 * p[2]) as u8];
        points.push(CloudPoint { position: p.map(|x| x as f32), normal: [0.0; 3], rgb, weight: 1.0 });
    };
    for wall in &scene.walls {
        let (dx, dy) = (wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]);
        let length = dx.hypot(dy);
        let (ux, uy) = (dx / length, dy / length);
        for side in [-0.5, 0.5] {
            let off = side * wall.thickness * 1.1;
            for u in steps(length) {
                for z in steps(wall.height) {
                    put([wall.a[0] + ux * u - uy * off, wall.a[1] + uy * u + ux * off, z]);
                }
            }
        }
    }
    Cloud::new(points)
}

/// A run folder with every file that the page uses.
pub fn run_folder(folder: &Path, scene: &Scene) {
    std::fs::create_dir_all(folder).expect("made");
    SceneJson.export(scene, folder).expect("written");
    Gltf.export(scene, folder).expect("written");
    ply::write(&folder.join("cloud.ply"), &cloud(scene)).expect("written");
    let path = include_str!("../../samples/two-room-flat/groundtruth_scene.tum");
    write(folder, "trajectory.tum", path.as_bytes());
    let report = json!({
        "quality": { "score": 0.71, "parts": { "camera": 1.0, "depth": 0.8, "scale": 0.5 } },
        "scale": { "source": "fused", "sigma": 0.07 },
        "gravity": { "sigma_rad": 0.0045 },
        "warnings": [{ "stage": "align", "code": "scale-uncertain", "message": "lengths are known to 7 % only" }],
        "timings": [{ "stage": "pose", "seconds": 1.5 }],
    });
    write(folder, "report.json", report.to_string().as_bytes());
    write(folder, "plan.svg", plan::svg(scene).as_bytes());
    write(folder, "thumbnail.jpg", &picture());
    let html = viewer::folder_html(folder).expect("a page");
    write(folder, "view.html", html.as_bytes());
}

/// A JPEG in place of a frame.
fn picture() -> Vec<u8> {
    let image = image::RgbImage::from_fn(320, 240, |x, y| image::Rgb([(x / 2) as u8, y as u8, 140]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Jpeg).expect("encoded");
    bytes.into_inner()
}

/// Everything that the browser tests open: `run`, `other`, `hostile`, `batch`.
pub fn all(folder: &Path) {
    run_folder(&folder.join("run"), &sample());
    run_folder(&folder.join("other"), &repaired(&truth(OTHER_SEED)));
    let hostile = changed(|parts| {
        parts.provenance.input = HOSTILE.to_owned();
        parts.rooms[0].kind = HOSTILE.to_owned();
        parts.findings.push(Finding {
            code: "hostile".to_owned(),
            elements: Vec::new(),
            message: "<img src=x onerror=\"window.wasRun = 1\">".to_owned(),
            value_m: None,
            unresolved: true,
        });
    });
    run_folder(&folder.join("hostile"), &hostile);
    batch_folder(&folder.join("batch"));
}

/// A batch of six items: done ones with outputs, one below the minimum score, failed ones.
pub fn batch_folder(batch: &Path) {
    let done = |id: &str, folder: &str, status: &str, score: f64| {
        json!({
            "id": id, "input": format!("clips/{id}.mp4"), "folder": format!("{folder}/{id}"), "status": status,
            "code": 0, "cause": "", "message": "", "score": score,
            "score_parts": { "camera": 1.0, "scale": score }, "counts": { "rooms": 2, "walls": 7, "objects": 21 },
            "warnings": ["scale-uncertain"], "finished_unix_s": 1.0,
        })
    };
    let failed = |id: &str, status: &str, code: u8, cause: &str, message: &str| {
        json!({
            "id": id, "input": format!("clips/{id}.mp4"), "status": status, "code": code, "cause": cause,
            "message": message, "score_parts": {}, "counts": {}, "warnings": [], "finished_unix_s": 2.0,
        })
    };
    let rows = [
        done("flat a #1", "items", "ok", 0.83),
        done("flat-b", "items", "ok", 0.64),
        failed("flat-c", "failed", 10, "no-video-stream", "the file holds no video stream; give a video"),
        done("flat-d", "rejected", "rejected", 0.31),
        failed("flat-e", "failed", 10, "too-dark", "mean gray level 7 of 255; film with the lights on"),
        failed("flat-f", "temporary", 75, "timed-out", "600 s were not enough; raise the limit"),
    ];
    for (row, scene) in
        [(0, sample()), (1, repaired(&truth(OTHER_SEED))), (3, repaired(&truth(OTHER_SEED + 1)))]
    {
        let folder = rows[row]["folder"].as_str().expect("done");
        run_folder(&batch.join(folder), &scene);
    }
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    write(batch, "index.jsonl", text.as_bytes());
    review::gallery::write(batch).expect("a gallery");
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).expect("written");
}
