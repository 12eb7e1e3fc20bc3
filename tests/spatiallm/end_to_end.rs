//! From a cloud through the program to a scene, with a miniature that always says the same.

use super::export::{can_run, must, registry, text};
use roomwright::cloud::{Cloud, CloudPoint, SceneFrame};
use roomwright::layout::{self, DetectorInput, Draft, spatiallm};
use roomwright::report::Reporter;
use roomwright::scene::{Layout, ReadMode};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A room of 4 x 3 x 2.5 m with a door and a table, in bins of 2.5 cm; a door of no wall.
const SAID: &str = "wall_0=Wall(0,0,0,160,0,0,125,0)\nwall_1=Wall(160,0,0,160,120,0,125,0)\n\
    wall_2=Wall(160,120,0,0,120,0,125,0)\nwall_3=Wall(0,120,0,0,0,0,125,0)\n\
    door_0=Door(wall_0,80,0,40,45,100)\ndoor_1=Door(wall_9,80,0,40,45,100)\n\
    bbox_0=Bbox(dining_table,60,60,15,640,64,51,48)\n";

/// A checkpoint that says [`SAID`], exported; `None` when the exporter cannot run.
fn miniature(folder: &Path, options: &[&str]) -> Option<PathBuf> {
    can_run()?;
    let (lines, source, models) = (folder.join("said.txt"), folder.join("checkpoint"), folder.join("models"));
    std::fs::write(&lines, SAID).expect("written");
    must("synthetic.py", &[text(&source), "--say", text(&lines)])?;
    must("export.py", &[&[text(&source), text(&models)], options].concat())?;
    Some(models)
}

/// Floor, ceiling and walls of the room, a point every `step`.
fn room(step: f64) -> Vec<[f64; 3]> {
    let mut points = Vec::new();
    let sides = [4.0, 3.0, 2.5];
    for axis in 0..3 {
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        for i in 0..=(sides[u] / step) as usize {
            for j in 0..=(sides[v] / step) as usize {
                for side in [0.0, sides[axis]] {
                    let mut point = [0.0; 3];
                    (point[axis], point[u], point[v]) = (side, i as f64 * step, j as f64 * step);
                    points.push(point);
                }
            }
        }
    }
    points
}

fn ply(points: &[[f64; 3]], path: &Path) {
    let mut text = format!(
        "ply\nformat ascii 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\n\
         property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n",
        points.len()
    );
    for [x, y, z] in points {
        let _ = writeln!(text, "{x:.4} {y:.4} {z:.4} 180 170 160");
    }
    std::fs::write(path, text).expect("written");
}

fn run(input: &Path, out: &Path, models: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_roomwright"))
        .args(["run", text(input), "-o", text(out), "--layout", "spatiallm", "--models", text(models)])
        .args(["--up", "z", "--metric", "--json"])
        .args(more)
        .output()
        .expect("the program starts")
}

#[test]
fn a_cloud_becomes_the_scene_that_was_said() {
    for options in [&[][..], &["--int8"]] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let Some(models) = miniature(folder.path(), options) else { return };
        let (cloud, out) = (folder.path().join("room.ply"), folder.path().join("out"));
        ply(&room(0.02), &cloud);
        let output = run(&cloud, &out, &models, &[]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert!(told.contains("layout-lines-left-out") && told.contains("wall_9"), "{told}");
        let layout = std::fs::read_to_string(out.join("layout.txt")).expect("written");
        let (layout, _) = Layout::parse(&layout, ReadMode::Strict).expect("the language");
        assert_eq!((layout.walls.len(), layout.doors.len(), layout.boxes.len()), (4, 1, 1), "{layout:?}");
        let mut lengths: Vec<f64> =
            layout.walls.iter().map(|w| (w.a[0] - w.b[0]).hypot(w.a[1] - w.b[1])).collect();
        lengths.sort_by(f64::total_cmp);
        for (found, wanted) in lengths.iter().zip([3.0, 3.0, 4.0, 4.0]) {
            assert!((found - wanted).abs() < 0.2, "{lengths:?}");
        }
        assert_eq!(layout.boxes[0].class, "dining_table");
        let report = std::fs::read_to_string(out.join("report.json")).expect("written");
        assert!(report.contains("spatiallm_decoder/decoder.onnx.data"), "the digests are on record");
    }
}

/// Runs the detector itself.
fn detect(points: &[[f64; 3]], models: &Path, options: spatiallm::Options) -> Result<Draft, layout::Error> {
    let point = |&position: &[f64; 3]| CloudPoint {
        position: position.map(|v| v as f32),
        normal: [0.0; 3],
        rgb: [180, 170, 160],
        weight: 1.0,
    };
    let cloud: Cloud<SceneFrame> = Cloud::new(points.iter().map(point).collect());
    let input = DetectorInput::of_cloud(&cloud);
    let all =
        layout::Options { detector: spatiallm::NAME.to_owned(), spatiallm: options, ..Default::default() };
    layout::detector(&all, &registry(models))?.detect(&input, &Reporter::default())
}

#[test]
fn confidence_options_and_hard_clouds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(models) = miniature(folder.path(), &[]) else { return };
    let options = spatiallm::Options::default();
    let plain = detect(&room(0.03), &models, options.clone()).expect("a draft");
    assert_eq!((plain.walls.len(), plain.openings.len(), plain.objects.len()), (4, 1, 1));
    assert!(plain.walls.iter().all(|w| w.confidence > 0.9 && w.observed_fraction > 0.9), "{:?}", plain.walls);
    assert_eq!(plain.objects[0].observed_fraction, 0.0, "the said table is not in the cloud");
    let again = detect(&room(0.03), &models, options.clone()).expect("a draft");
    assert_eq!(plain, again, "the same bytes");

    // Drawn tokens follow the seed; the lines are near certain, so that the draft stays.
    let drawn = spatiallm::sampling::Options { temperature: 0.6, ..Default::default() };
    let sampled = spatiallm::Options { sampling: drawn, seed: 5, shuffle_orders: true, ..options.clone() };
    assert_eq!(detect(&room(0.03), &models, sampled).expect("a draft").walls.len(), 4);

    let half = spatiallm::Options { half_bin: true, ..options.clone() };
    let shifted = detect(&room(0.03), &models, half).expect("a draft");
    assert!((shifted.walls[0].a[0] - plain.walls[0].a[0] - 0.0125).abs() < 1e-9);

    let strict = spatiallm::Options { refuse_bad_lines: true, ..options.clone() };
    let refused = detect(&room(0.03), &models, strict).expect_err("a door of no wall").to_string();
    assert!(refused.contains("line 6") && refused.contains("wall_9"), "{refused}");

    let short = spatiallm::Options { max_new_tokens: 3, ..options.clone() };
    assert_eq!(detect(&room(0.03), &models, short).expect("a draft").walls.len(), 3);

    let wrong = spatiallm::Options { max_new_tokens: 1 << 20, ..options.clone() };
    let long = detect(&room(0.03), &models, wrong).expect_err("longer than the context").to_string();
    assert!(long.contains("32768") && long.contains("max_new_tokens"), "{long}");

    let empty = detect(&[], &models, options.clone()).expect_err("no points").to_string();
    assert!(empty.contains("0 usable points"), "{empty}");
    let nan = detect(&[[f64::NAN; 3]; 500], &models, options.clone()).expect_err("no numbers").to_string();
    assert!(nan.contains("0 usable points of 500"), "{nan}");
    // All points in one place: one voxel is left, which the clean-up takes for an outlier.
    assert!(detect(&[[1.0; 3]; 500], &models, options).is_err());
}

#[test]
fn two_million_points_are_bounded_work() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(models) = miniature(folder.path(), &[]) else { return };
    // A block of scattered points, most of them alone in their voxel.
    let points: Vec<[f64; 3]> = (0..2_000_000u32)
        .map(|i| [13.0, 17.0, 9.0].map(|step| f64::from(i) * 0.618_033_988_75 * step).map(|v| v % 12.0))
        .collect();
    let options = spatiallm::Options { max_voxels: 40_000, ..Default::default() };
    let begun = std::time::Instant::now();
    let draft = detect(&points, &models, options).expect("a draft");
    println!("2 million points: {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(draft.walls.len(), 4);
}
