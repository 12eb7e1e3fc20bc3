//! Inputs and calls that cannot work: each ends with its exit code, a message with cause and remedy,
//! and nothing half-written.

use image::{Rgb, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the program into `folder/out`.
fn run(folder: &Path, input: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_roomwright"))
        .arg("run")
        .arg(input)
        .arg("-o")
        .arg(folder.join("out"))
        .args(more)
        .output()
        .expect("the program starts")
}

/// Asserts exit code, words in the message, and that no output was left behind.
fn assert_fails(folder: &Path, output: &Output, code: i32, words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for word in words {
        assert!(message.contains(word), "`{word}` is missing in: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
    assert!(output.stdout.is_empty(), "stdout carries data only");
    assert!(!folder.join("out").exists(), "a failed run leaves no folder behind");
}

/// A folder of images, drawn by `pixel(frame, x, y)`.
fn image_folder(folder: &Path, count: u32, pixel: impl Fn(u32, u32, u32) -> Rgb<u8>) -> PathBuf {
    let images = folder.join("images");
    std::fs::create_dir(&images).expect("made");
    for frame in 0..count {
        let image = RgbImage::from_fn(320, 240, |x, y| pixel(frame, x, y));
        image.save(images.join(format!("{frame:04}.png"))).expect("saved");
    }
    images
}

/// A textured picture: random blocks of 8 pixels.
fn texture(seed: u64) -> impl Fn(u32, u32) -> Rgb<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let blocks: Vec<u8> = (0..40 * 30).map(|_| rng.random_range(20..230)).collect();
    move |x, y| {
        let value = blocks[(y / 8 % 30 * 40 + x / 8 % 40) as usize];
        Rgb([value, value / 2 + 60, 255 - value])
    }
}

fn sample_video() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/two-room-flat/video.mp4")
}

#[test]
fn a_missing_input_is_a_wrong_call() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = run(folder.path(), Path::new("no-such-file.mp4"), &[]);
    assert_fails(folder.path(), &output, 2, &["does not exist", "check the spelling", "no-such-file.mp4"]);
}

#[cfg(feature = "opencv")]
#[test]
fn a_file_without_a_video_stream_is_unusable() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let input = folder.path().join("notes.mp4");
    std::fs::write(&input, "these are no pictures").expect("written");
    let output = run(folder.path(), &input, &[]);
    assert_fails(folder.path(), &output, 10, &["no video stream", "ffmpeg", "notes.mp4"]);
}

#[cfg(feature = "opencv")]
#[test]
fn a_truncated_file_is_unusable() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = std::fs::read(sample_video()).expect("the sample is in the repository");
    let input = folder.path().join("cut.mp4");
    std::fs::write(&input, &bytes[..bytes.len() / 50]).expect("written");
    let output = run(folder.path(), &input, &[]);
    assert_fails(folder.path(), &output, 10, &["cut.mp4"]);
}

#[test]
fn black_frames_are_unusable_and_the_brightness_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let input = image_folder(folder.path(), 12, |frame, _, _| Rgb([(frame % 3) as u8; 3]));
    let output = run(folder.path(), &input, &[]);
    assert_fails(folder.path(), &output, 10, &["black", "of 255", "lights"]);
}

#[test]
fn two_frames_are_too_few() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let picture = texture(1);
    let input = image_folder(folder.path(), 2, |frame, x, y| picture(x + 4 * frame, y));
    let output = run(folder.path(), &input, &[]);
    assert_fails(folder.path(), &output, 10, &["2 frames are too few", "film"]);
}

#[cfg(feature = "opencv")]
#[test]
fn a_static_camera_is_unusable_and_the_parallax_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let picture = texture(2);
    let input = image_folder(folder.path(), 24, |frame, x, y| {
        let Rgb([r, g, b]) = picture(x, y);
        let noise = ((x * 31 + y * 17 + frame * 13) % 5) as u8;
        Rgb([r.saturating_add(noise), g, b])
    });
    let output = run(folder.path(), &input, &[]);
    assert_fails(folder.path(), &output, 10, &["px", "walk"]);
}

#[test]
fn an_unwritable_output_is_found_before_any_work() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("out-is-a-file");
    std::fs::write(&file, "x").expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_roomwright"))
        .arg("run")
        .arg(sample_video())
        .arg("-o")
        .arg(file.join("inside"))
        .output()
        .expect("the program starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("cannot write the output") && message.contains("may be written"), "{message}");
    assert_eq!(std::fs::read(&file).expect("still there"), b"x");
}

/// A run of the sample with a depth network that is no part of the program.
#[cfg(all(feature = "opencv", feature = "onnx"))]
fn run_with_third_party_model(folder: &Path, models: &Path) -> Output {
    let models = models.to_str().expect("UTF-8");
    let network = "depth.method=network";
    let model = "depth.model=itermvs_blended_3v_256x384";
    run(folder, &sample_video(), &["--set", network, "--set", model, "--models", models])
}

#[cfg(all(feature = "opencv", feature = "onnx"))]
#[test]
fn a_missing_model_file_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let models = folder.path().join("models");
    std::fs::create_dir(&models).expect("made");
    let output = run_with_third_party_model(folder.path(), &models);
    assert_fails(folder.path(), &output, 2, &["itermvs", "models"]);
}

#[cfg(all(feature = "opencv", feature = "onnx"))]
#[test]
fn a_model_with_another_digest_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let models = folder.path().join("models");
    std::fs::create_dir(&models).expect("made");
    std::fs::write(models.join("itermvs_blended_3v_256x384.onnx"), "not the model").expect("written");
    let output = run_with_third_party_model(folder.path(), &models);
    assert_fails(folder.path(), &output, 2, &["sha256", "itermvs_blended_3v_256x384.onnx"]);
}

#[test]
fn unknown_options_and_stages_are_wrong_calls() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = run(folder.path(), &sample_video(), &["--set", "pose.nonsense=1"]);
    assert_fails(folder.path(), &output, 2, &["nonsense"]);
    let output = run(folder.path(), &sample_video(), &["--until", "lunch"]);
    assert_fails(folder.path(), &output, 2, &["lunch", "frames, pose, depth"]);
}
