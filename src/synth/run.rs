//! The verbs of `synth`: a house, a scan, a video or a data set in a folder.
//!
//! Each function takes a seed, its options and an output folder, writes files and gives a summary.
//! Nothing is printed. The same seed and options give the same bytes (the H.264 bytes also depend on
//! the version of libx264).

use super::caster::Caster;
use super::catalog::attribution;
use super::coverage::{observe, split_layout};
use super::error::Error;
use super::house::{House, HouseOptions, generate};
use super::material::Kind;
use super::path::{CameraPath, PathOptions, walk};
use super::render::Renderer;
use super::sensor::{Motion, Sensor, SensorOptions};
use super::sight::Sight;
use super::truth::{Truth, write_depth};
use crate::camera::Camera;
use crate::export::write_atomically;
use crate::math::Pose;
use crate::report::Reporter;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Looks a second that coverage is judged by.
const LOOKS_PER_S: f64 = 2.0;

/// Options of a rendered walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VideoOptions {
    /// The house.
    pub house: HouseOptions,
    /// The walk.
    pub path: PathOptions,
    /// The camera's faults.
    pub sensor: SensorOptions,
    /// Image width, pixels (even).
    pub width: u32,
    /// Image height, pixels (even).
    pub height: u32,
    /// Horizontal field of view, degrees.
    pub hfov_deg: f64,
    /// Write `rgb/` and `depth/` of every n-th frame; 0 writes none.
    pub images_every: usize,
}

impl Default for VideoOptions {
    fn default() -> Self {
        Self {
            house: HouseOptions::default(),
            path: PathOptions::default(),
            sensor: SensorOptions::default(),
            width: 640,
            height: 480,
            hfov_deg: 68.0,
            images_every: 5,
        }
    }
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Rooms in the house.
    pub rooms: usize,
    /// Rooms that the walk entered.
    pub rooms_walked: usize,
    /// Named items.
    pub items: usize,
    /// Frames or views.
    pub frames: usize,
    /// Length of the way, metres.
    pub path_m: f64,
}

/// Makes the folder.
pub(super) fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|source| Error::Write { source, path: path.to_owned() })
}

/// Writes `attribution.txt` when the house holds catalogue models.
pub(super) fn write_attribution(house: &House, out: &Path) -> Result<(), Error> {
    if let Some(text) = attribution(&house.items) {
        write_atomically(&out.join("attribution.txt"), text.as_bytes())?;
    }
    Ok(())
}

/// Writes `layout.txt` and `draft.json` of a house.
///
/// # Errors
/// [`Error`] when a file cannot be written.
pub fn run_house(seed: u64, options: &HouseOptions, out: &Path) -> Result<Summary, Error> {
    make_folder(out)?;
    let house = generate(seed, options);
    write_atomically(&out.join("layout.txt"), house.layout().to_text().as_bytes())?;
    let draft = serde_json::to_string_pretty(&house.draft()).map_err(|e| Error::Json(e.to_string()))?;
    write_atomically(&out.join("draft.json"), (draft + "\n").as_bytes())?;
    let kinds: Vec<_> =
        house.plan.rooms.iter().map(|room| serde_json::json!({ "type": room.kind.name() })).collect();
    let meta = serde_json::json!({ "seed": seed, "rooms": kinds }).to_string();
    write_atomically(&out.join("meta.json"), (meta + "\n").as_bytes())?;
    write_attribution(&house, out)?;
    Ok(Summary {
        rooms: house.plan.rooms.len(),
        rooms_walked: 0,
        items: house.named_items().count(),
        frames: 0,
        path_m: 0.0,
    })
}

/// Renders a walk through a house to `video.mp4` (with the feature `opencv`) with truth beside it.
///
/// # Errors
/// [`Error`] when the options are unusable, the house cannot be walked or a file cannot be written.
pub fn run_video(
    seed: u64,
    options: &VideoOptions,
    out: &Path,
    reporter: &Reporter,
) -> Result<Summary, Error> {
    if [options.width, options.height].iter().any(|side| !side.is_multiple_of(2) || *side < 16) {
        let value = f64::from(options.width.min(options.height));
        return Err(Error::Options { what: "the image size", value, needed: "even and at least 16" });
    }
    if !(20.0..=150.0).contains(&options.hfov_deg) {
        return Err(Error::Options {
            what: "hfov_deg",
            value: options.hfov_deg,
            needed: "between 20 and 150",
        });
    }
    make_folder(out)?;
    let house = generate(seed, &options.house);
    let path = walk(&house, seed, &options.path).ok_or(Error::NoWalk { seed, items: house.items.len() })?;
    let focal = 0.5 * f64::from(options.width) / (0.5 * options.hfov_deg).to_radians().tan();
    let renderer = Renderer::new(&house);
    let camera = Camera::centred(options.width, options.height, focal);
    let mut sensor = Sensor::new(&camera, &options.sensor, renderer.typical_light(), seed);
    render_all(&renderer, &mut sensor, &path, options, out, reporter)?;
    let caster = Caster::new(&renderer.mesh, |kind| kind != Kind::Glass);
    let step = (path.fps / LOOKS_PER_S).round().max(1.0) as usize;
    let looks: Vec<Pose> = path.poses.iter().step_by(step).copied().collect();
    let coverage = observe(&house, &renderer.mesh, Sight::Rays(&caster), &camera, &looks);
    let (seen, unseen) = split_layout(&house, &coverage);
    let truth = Truth {
        house: &house,
        camera: &sensor.camera,
        fps: path.fps,
        poses: &path.poses,
        every: options.images_every.max(1),
        has_images: options.images_every > 0,
        seen: &seen,
        unseen: &unseen,
    };
    truth.write(out)?;
    write_attribution(&house, out)?;
    Ok(Summary {
        rooms: house.plan.rooms.len(),
        rooms_walked: path.rooms.len(),
        items: house.named_items().count(),
        frames: path.poses.len(),
        path_m: path.length_m(),
    })
}

fn render_all(
    renderer: &Renderer,
    sensor: &mut Sensor,
    path: &CameraPath,
    options: &VideoOptions,
    out: &Path,
    reporter: &Reporter,
) -> Result<(), Error> {
    if options.images_every > 0 {
        make_folder(&out.join("rgb"))?;
        make_folder(&out.join("depth"))?;
    }
    #[cfg(feature = "opencv")]
    let mut encoder = crate::video::encode::Encoder::create(
        &out.join("video.mp4"),
        options.width,
        options.height,
        path.fps,
    )?;
    for (index, pose) in path.poses.iter().enumerate() {
        let next = path.poses.get(index + 1).unwrap_or(&path.after_end);
        let frame = renderer.render(&sensor.render_camera, pose);
        let time_s = index as f64 / path.fps;
        let (image, depth) = sensor.expose(&frame, Motion { here: pose, next }, index, time_s);
        #[cfg(feature = "opencv")]
        encoder.push(&image)?;
        if options.images_every > 0 && index % options.images_every == 0 {
            let file = out.join("rgb").join(format!("{index:05}.jpg"));
            image.save(&file).map_err(|source| Error::Image { source, path: file.clone() })?;
            let file = out.join("depth").join(format!("{index:05}.png"));
            write_depth(&depth, options.width, options.height, &file)?;
        }
        reporter.progress(index + 1, path.poses.len());
    }
    #[cfg(feature = "opencv")]
    encoder.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Layout;
    use crate::scene::text::ReadMode;
    use crate::synth::plan::RoomKind;

    fn tiny() -> VideoOptions {
        VideoOptions {
            house: HouseOptions { rooms: vec![RoomKind::Bathroom], clutter: 0.0, ..HouseOptions::default() },
            path: PathOptions { fps: 4.0, max_seconds: 1.0, ..PathOptions::default() },
            width: 64,
            height: 48,
            images_every: 2,
            ..VideoOptions::default()
        }
    }

    #[test]
    fn a_clip_comes_with_truth_that_agrees_with_itself() {
        let folder = tempfile::tempdir().unwrap();
        let summary = run_video(11, &tiny(), folder.path(), &Reporter::default()).unwrap();
        assert_eq!(summary.frames, 4);
        let text = std::fs::read_to_string(folder.path().join("layout.txt")).unwrap();
        let (layout, dropped) = Layout::parse(&text, ReadMode::Strict).unwrap();
        assert!(dropped.is_empty() && !layout.walls.is_empty());
        let tum = std::fs::read_to_string(folder.path().join("groundtruth_scene.tum")).unwrap();
        assert_eq!(tum.lines().filter(|l| !l.starts_with('#')).count(), 4);
        let transforms: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(folder.path().join("transforms.json")).unwrap())
                .unwrap();
        let frames = transforms["frames"].as_array().unwrap();
        assert_eq!(frames.len(), 2);
        for frame in frames {
            let depth = image::open(folder.path().join(frame["depth_file_path"].as_str().unwrap()))
                .unwrap()
                .to_luma16();
            let known = depth.pixels().filter(|p| p.0[0] > 100).count();
            assert!(known > 64 * 48 / 2, "{known} pixels have depth");
            assert!(folder.path().join(frame["file_path"].as_str().unwrap()).exists());
        }
        #[cfg(feature = "opencv")]
        assert!(folder.path().join("video.mp4").metadata().unwrap().len() > 500);
    }

    #[test]
    fn unusable_sizes_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let options = VideoOptions { width: 63, ..tiny() };
        let message = run_video(1, &options, folder.path(), &Reporter::default()).unwrap_err().to_string();
        assert!(message.contains("even"), "{message}");
    }

    #[test]
    fn house_files_are_the_same_every_time() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&a, &b] {
            run_house(5, &HouseOptions::default(), folder.path()).unwrap();
        }
        for name in ["layout.txt", "draft.json"] {
            assert_eq!(
                std::fs::read(a.path().join(name)).unwrap(),
                std::fs::read(b.path().join(name)).unwrap()
            );
        }
    }
}
