//! A run folder against a folder of truth: placing by the camera paths, and what that must not hide.

use roomwright::eval::html::run_html;
use roomwright::eval::layout::Options;
use roomwright::eval::registration::PlanarMotion;
use roomwright::eval::scene::run_scene;
use roomwright::math::{Rotation, Vec3};
use roomwright::report::Reporter;
use roomwright::scene::{Layout, ReadMode};
use std::fmt::Write as _;
use std::path::Path;

const ROOM: &str = "wall_0=Wall(0,0,0,5,0,0,2.6,0.1)\nwall_1=Wall(5,0,0,5,4,0,2.6,0.1)\n\
    wall_2=Wall(5,4,0,0,4,0,2.6,0.1)\nwall_3=Wall(0,4,0,0,0,0,2.6,0.1)\ndoor_0=Door(wall_0,2,0,1,0.9,2)\n\
    window_0=Window(wall_2,2,4,1.4,1.2,1)\nbbox_0=Bbox(sofa,1,3,0.4,0.2,1.8,0.8,0.8)\n\
    bbox_1=Bbox(bed,4,1,0.3,0,1.5,1.9,0.6)\n";

/// The room and a walk through it, as seen from another frame.
fn write_folder(folder: &Path, path_name: &str, motion: &PlanarMotion) {
    std::fs::create_dir(folder).expect("fresh");
    let (layout, _) = Layout::parse(ROOM, ReadMode::Strict).expect("good text");
    std::fs::write(folder.join("layout.txt"), motion.layout(&layout).to_text()).expect("writable");
    let mut path = String::new();
    for frame in 0..50 {
        let t = f64::from(frame) / 10.0;
        let [x, y, z] = motion.point([1.0 + 0.6 * t, 2.0 + (0.8 * t).sin(), 1.5 + 0.05 * t.cos()]);
        let q = Rotation::from_scaled_axis(Vec3::new(0.0, 0.0, motion.yaw_rad))
            * Rotation::from_scaled_axis(Vec3::new(-1.5, 0.1, 0.2 * t));
        writeln!(path, "{t} {x} {y} {z} {} {} {} {}", q.i, q.j, q.k, q.w).expect("a String takes everything");
    }
    std::fs::write(folder.join(path_name), path).expect("writable");
}

fn report(scale: f64) -> roomwright::eval::scene::SceneReport {
    let folder = tempfile::tempdir().expect("writable");
    let (run, truth) = (folder.path().join("run"), folder.path().join("truth"));
    let motion = PlanarMotion { yaw_rad: 1.1, scale, shift_m: [7.0, -3.0], residual_m: 0.0 };
    write_folder(&run, "trajectory.tum", &motion);
    write_folder(&truth, "groundtruth_scene.tum", &PlanarMotion::IDENTITY);
    run_scene(&run, &truth, None, &Options::default(), &Reporter::default()).expect("comparable")
}

#[test]
fn origin_and_yaw_are_free() {
    let report = report(1.0);
    let motion = report.registration.expect("both have a path");
    assert!((motion.yaw_rad + 1.1).abs() < 1e-6 && motion.residual_m < 1e-5, "{motion:?}");
    assert!(report.layout.summaries.iter().all(|summary| summary.mean_f1 == Some(1.0)));
    let plan = report.plan.as_ref().expect("the walls close a room");
    assert_eq!((plan.metric.rooms.f1, plan.metric.corners[0].corners.f1), (1.0, 1.0));
    assert!(report.trajectory.as_ref().expect("both have a path").se3.ate_m.rmse < 1e-5);
    assert!(report.cloud.is_none() && report.table().contains("placed by the camera paths"));
}

#[test]
fn a_wrong_metre_is_charged_and_shown_apart() {
    let report = report(1.3);
    let objects = |score: &roomwright::eval::layout::LayoutScore| score.summaries[1].mean_f1.expect("scored");
    assert!(objects(&report.layout) < 0.5, "30 % too large is wrong at IoU 0.5");
    assert_eq!(objects(report.layout_rescaled.as_ref().expect("both have a path")), 1.0);
    let scale = report.trajectory.as_ref().expect("both have a path").scale.expect("has extent");
    assert!((scale - 1.0 / 1.3).abs() < 1e-5);
}

#[test]
fn files_are_compared_as_they_stand_and_drawn() {
    let folder = tempfile::tempdir().expect("writable");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.txt"), ROOM).expect("writable");
    image::RgbImage::new(2, 2).save(path("view.png")).expect("writable");
    let report = run_scene(&path("a.txt"), &path("a.txt"), None, &Options::default(), &Reporter::default());
    let report = report.expect("comparable");
    assert!(report.registration.is_none() && report.layout.summaries[0].mean_f1 == Some(1.0));
    let html = run_html(&path("a.txt"), &path("a.txt"), None, &[path("view.png")], &Options::default());
    let html = html.expect("readable");
    assert!(html.contains("data:image/png;base64,") && html.contains("8 matched, 0 missed, 0 unfounded"));
    let broken = run_html(&path("a.txt"), &path("a.txt"), None, &[path("a.txt")], &Options::default());
    assert!(broken.expect_err("not an image").to_string().contains("neither PNG nor JPEG"));
}
