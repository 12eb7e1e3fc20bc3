//! Trajectory errors: 20 random paths against `evo`.

use super::{assert_close, normal};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roomwright::eval::trajectory::{AlignedError, Options, run_trajectory};
use roomwright::math::{Rotation, Vec3};
use std::fmt::Write as _;
use std::path::Path;

const CASES: usize = 20;
const SEED: u64 = 7;

fn tum_line(text: &mut String, time_s: f64, centre: &Vec3, rotation: &Rotation) {
    let q = rotation.quaternion();
    writeln!(
        text,
        "{time_s:.6} {:.9} {:.9} {:.9} {:.12} {:.12} {:.12} {:.12}",
        centre.x, centre.y, centre.z, q.i, q.j, q.k, q.w
    )
    .expect("a String takes everything");
}

/// A random walk and what an estimator makes of it: another frame and scale, noise, lost frames,
/// stamps that are a little off.
fn write_case(rng: &mut ChaCha8Rng, folder: &Path) {
    let (mut truth, mut prediction) = (String::from("# time tx ty tz qx qy qz qw\n"), String::new());
    let world = Rotation::from_scaled_axis(Vec3::from_fn(|_, _| rng.random_range(-3.0..3.0)));
    let scale = rng.random_range(0.2..4.0);
    let noise = rng.random_range(0.0..0.1);
    let (mut centre, mut velocity) = (Vec3::zeros(), Vec3::zeros());
    let mut rotation = Rotation::from_scaled_axis(Vec3::from_fn(|_, _| normal(rng, 1.0)));
    for frame in 0..rng.random_range(60..300) {
        let time_s = f64::from(frame) / 15.0;
        velocity = 0.9 * velocity + Vec3::from_fn(|_, _| normal(rng, 0.02));
        centre += velocity;
        rotation *= Rotation::from_scaled_axis(Vec3::from_fn(|_, _| normal(rng, 0.03)));
        tum_line(&mut truth, time_s, &centre, &rotation);
        if rng.random_bool(0.9) {
            let seen = world * (centre + Vec3::from_fn(|_, _| normal(rng, noise))) * scale
                + Vec3::new(1.0, -2.0, 3.0);
            let turned =
                world * rotation * Rotation::from_scaled_axis(Vec3::from_fn(|_, _| normal(rng, noise)));
            tum_line(&mut prediction, time_s + rng.random_range(-0.009..0.009), &seen, &turned);
        }
    }
    std::fs::create_dir(folder).expect("fresh");
    std::fs::write(folder.join("truth.tum"), truth).expect("writable");
    std::fs::write(folder.join("pred.tum"), prediction).expect("writable");
}

fn compare(ours: &AlignedError, theirs: &serde_json::Value, what: &str) {
    let frame = ours.rpe_per_frame.expect("many poses");
    let values = [
        ("ate_m", Some(ours.ate_m.rmse)),
        ("ate_rotation_deg", Some(ours.ate_rotation_deg.rmse)),
        ("rpe_per_frame_m", Some(frame.translation_m.rmse)),
        ("rpe_per_frame_deg", Some(frame.rotation_deg.rmse)),
        ("rpe_per_metre_m", ours.rpe_per_metre.map(|r| r.translation_m.rmse)),
        ("rpe_per_metre_deg", ours.rpe_per_metre.map(|r| r.rotation_deg.rmse)),
    ];
    for (key, value) in values {
        assert_close(
            value.expect("the path is long enough"),
            theirs[key].as_f64().expect("a number"),
            &format!("{what} {key}"),
        );
    }
}

#[test]
fn twenty_random_paths_agree_with_evo() {
    let folder = tempfile::tempdir().expect("writable");
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for case in 0..CASES {
        write_case(&mut rng, &folder.path().join(format!("{case:02}")));
    }
    let Some(reference) = crate::python::reference("trajectory_reference.py", &["evo"], &[folder.path()])
    else {
        return;
    };
    for case in 0..CASES {
        let name = format!("{case:02}");
        let files = folder.path().join(&name);
        let score = run_trajectory(&files.join("pred.tum"), &files.join("truth.tum"), &Options::default())
            .expect("good");
        let theirs = &reference[&name];
        assert_eq!(Some(score.associated as u64), theirs["associated"].as_u64(), "case {name}");
        assert_close(score.scale.expect("has extent"), theirs["scale"].as_f64().expect("a number"), "scale");
        compare(&score.se3, &theirs["se3"], &format!("case {name} SE3"));
        compare(&score.sim3.expect("has extent"), &theirs["sim3"], &format!("case {name} Sim3"));
    }
}

#[test]
fn the_shared_paths_score_zero_against_themselves() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !data.is_dir() {
        println!("skipped: the shared data are absent");
        return;
    }
    for name in ["icl_living_room", "redkitchen"] {
        let scene = data.join(name).join("annotation/groundtruth_scene.tum");
        let score = run_trajectory(&data.join(name).join("groundtruth.tum"), &scene, &Options::default())
            .expect("good");
        // Both files hold the same path in two frames, rounded to micrometres.
        assert!(score.se3.ate_m.rmse < 1e-5, "{name}: {}", score.se3.ate_m.rmse);
        assert!((score.scale.expect("has extent") - 1.0).abs() < 1e-5);
        assert!((score.registered_share - 1.0).abs() < 1e-12);
    }
}
