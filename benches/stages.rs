//! Times the hot stages: `cargo bench -- [POSED_DEPTH_FOLDER | CLIP | CLOUD.ply]`.
//!
//! Always: plane sweep with aggregation, per keyframe, on synthetic pictures of 320x240 with 64 planes and
//! 4 sources, beside the time that its census comparisons take at the peak rate of this machine's byte
//! arithmetic; repair of drafts of 10 to 3,000 objects and of twelve rooms with 300 (drawn by
//! `benches/repair_plot.py`: `docs/pictures/repair_time.png`). With a folder of posed depth images
//! (`transforms.json`): fusion of all of them. One line of JSON each; `benches/fusion_compare.py` runs the
//! latter beside Open3D. With a clip: the tracking of corners through all its frames, decoding included. With
//! a metric cloud, Z up: alignment and layout network. `cargo bench -- repair` times the repair only.

use rayon::prelude::*;
use roomwright::camera::Camera;
use roomwright::depth::plane_sweep::census::{Census, PAIR_COUNT};
use roomwright::depth::plane_sweep::sgm;
use roomwright::depth::plane_sweep::volume::{CostVolume, Planes};
use roomwright::depth::plane_sweep::warp::TurnedSource;
use roomwright::depth::{self, DepthEstimator};
use roomwright::layout::Draft;
use roomwright::math::{Pose, Rotation, Vec3};
use roomwright::pose;
use roomwright::report::Reporter;
use roomwright::scene::Provenance;
use roomwright::synth::house::{HouseOptions, generate};
use roomwright::{align, cloud, layout, nn, physics, video};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// Runs of each measurement; the fastest counts, since the machine may be busy with other things.
const RUNS: usize = 5;
const WIDTH: usize = 320;
const HEIGHT: usize = 240;
const PLANES: usize = 64;
const SOURCES: usize = 4;
/// Keyframes of a measurement.
const KEYFRAMES: usize = 16;
/// Byte operations of one census comparison: two saturating additions, two comparisons, two
/// differences of the sign, one absolute difference (three on this hardware), one sum.
const OPERATIONS: f64 = 10.0;

fn fastest(mut job: impl FnMut()) -> f64 {
    (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            job();
            begun.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

/// A picture with structure of all sizes, shifted by `shift` pixels.
fn picture(shift: f64) -> Vec<u8> {
    (0..WIDTH * HEIGHT)
        .map(|i| {
            let (x, y) = ((i % WIDTH) as f64 + shift, (i / WIDTH) as f64);
            let waves = [(0.05, 0.03), (0.21, 0.17), (0.9, 0.4), (0.33, 1.1)];
            let sum: f64 = waves.iter().map(|(a, b)| (a * x + b * y).sin()).sum();
            (128.0 + 28.0 * sum) as u8
        })
        .collect()
}

fn sweep_once(camera: &Camera, reference: &[u8], sources: &[Vec<u8>]) -> usize {
    let turned: Vec<TurnedSource> = sources
        .iter()
        .enumerate()
        .filter_map(|(k, gray)| {
            let side = if k % 2 == 0 { 1.0 } else { -1.0 };
            let shift = Vec3::new(side * 0.08 * (1 + k / 2) as f64, 0.01, 0.02);
            let pose = Pose::from_parts(shift.into(), Rotation::from_euler_angles(0.01, 0.02 * side, 0.0));
            TurnedSource::new(camera, gray, &pose, 1.0 / 0.8, 1.0 / 8.0)
        })
        .collect();
    assert_eq!(turned.len(), SOURCES, "all sources must take part");
    let planes = Planes::new(1.0 / 8.0, 1.0 / 0.8, PLANES);
    let volume = CostVolume::sweep(camera, &Census::new(reference, WIDTH), &turned, &planes);
    sgm::aggregate(&volume, reference, &sgm::Options::default()).len()
}

/// Byte operations per second of one thread: saturating additions and maxima on data in the first cache.
fn peak_byte_rate() -> f64 {
    const SIDE: usize = 4096;
    const ROUNDS: usize = 20_000;
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn wide(a: &mut [u8; SIDE], b: &[u8; SIDE]) {
        narrow(a, b);
    }
    #[inline(always)]
    fn narrow(a: &mut [u8; SIDE], b: &[u8; SIDE]) {
        for (x, &y) in a.iter_mut().zip(b) {
            let mut v = *x;
            for _ in 0..8 {
                v = v.saturating_add(y).max(y).abs_diff(3).min(200);
            }
            *x = v;
        }
    }
    let (mut a, b) = ([7u8; SIDE], [3u8; SIDE]);
    let seconds = fastest(|| {
        for _ in 0..ROUNDS {
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has the feature, as just checked.
                unsafe { wide(&mut a, black_box(&b)) };
                continue;
            }
            narrow(&mut a, black_box(&b));
        }
    });
    black_box(a);
    // Four instructions a step, the absolute difference counted as three.
    (SIDE * ROUNDS * 8) as f64 * 6.0 / seconds
}

fn plane_sweep() {
    let camera = Camera::centred(WIDTH as u32, HEIGHT as u32, 280.0);
    let reference = picture(0.0);
    let sources: Vec<Vec<u8>> = (0..SOURCES).map(|k| picture(1.5 * (k + 1) as f64)).collect();
    let seconds = fastest(|| {
        let done: usize =
            (0..KEYFRAMES).into_par_iter().map(|_| sweep_once(&camera, &reference, &sources)).sum();
        assert_eq!(done, KEYFRAMES * WIDTH * HEIGHT);
    });
    let operations = (WIDTH * HEIGHT * PLANES * SOURCES * PAIR_COUNT) as f64 * OPERATIONS;
    let threads = rayon::current_num_threads();
    let bound = operations * KEYFRAMES as f64 / (peak_byte_rate() * threads as f64);
    println!(
        "{}",
        serde_json::json!({
            "stage": "plane_sweep",
            "threads": threads,
            "keyframes_per_s": KEYFRAMES as f64 / seconds,
            "share_of_arithmetic_bound": bound / seconds,
        })
    );
}

fn fusion(folder: &Path) {
    let reporter = Reporter::default();
    let options = video::Options::default();
    let frames = video::open(folder, &options, &reporter).expect("a folder of posed depth images");
    let mut trajectory =
        pose::estimator(&pose::Options::default()).estimate(&frames, &reporter).expect("poses of the folder");
    trajectory.poses.iter_mut().for_each(|pose| pose.is_keyframe = true);
    // Every image, at its own size.
    let depth_options =
        depth::Options { max_keyframes: usize::MAX, max_side_px: u32::MAX, ..depth::Options::default() };
    let depths = depth::given::Given::new(depth_options)
        .estimate(&frames, &trajectory, &reporter)
        .expect("depth of the folder");
    let pixels: usize = depths.maps.iter().map(|map| map.depth.len()).sum();
    let options = cloud::Options::default();
    let mut points = 0;
    let seconds = fastest(|| {
        points = cloud::fuse(&trajectory, &depths, &options, &reporter).expect("a surface").points.len();
    });
    println!(
        "{}",
        serde_json::json!({
            "stage": "fusion",
            "threads": rayon::current_num_threads(),
            "maps": depths.maps.len(),
            "pixels": pixels,
            "voxel_m": options.voxel_m,
            "seconds": seconds,
            "points": points,
        })
    );
}

fn tracking(clip: &Path) {
    let reporter = Reporter::default();
    let frames = video::open(clip, &video::Options::default(), &reporter).expect("a clip");
    let mut keyframes = 0;
    let seconds = fastest(|| {
        let tracked = pose::features::track(&frames, &pose::Options::default(), &reporter).expect("tracks");
        keyframes = tracked.keyframes.len();
    });
    println!(
        "{}",
        serde_json::json!({
            "stage": "tracking",
            "threads": rayon::current_num_threads(),
            "frames": frames.frames.len(),
            "keyframes": keyframes,
            "seconds": seconds,
            "frames_per_second": frames.frames.len() as f64 / seconds,
        })
    );
}

fn draft(path: &Path) {
    let reporter = Reporter::default();
    let cloud = cloud::ply::read(path, &reporter).expect("a cloud").cloud;
    let hints = align::Hints { metric: true, z_up: true, ..align::Hints::default() };
    let aligned = || {
        align::align(&cloud, None, &hints, None, &align::Options::default(), &reporter)
            .expect("an upright cloud")
    };
    let align_s = fastest(|| drop(black_box(aligned())));
    let (alignment, scene) = aligned();
    let registry = nn::Registry::open(&[]).expect("the models of the program");
    let detector = layout::detector(&layout::Options::default(), &registry).expect("the network");
    let input = layout::DetectorInput {
        ceiling_height_m: alignment.ceiling_height_m,
        ..layout::DetectorInput::of_cloud(&scene)
    };
    let mut walls = 0;
    let layout_s = fastest(|| walls = detector.detect(&input, &reporter).expect("a draft").walls.len());
    println!(
        "{}",
        serde_json::json!({
            "stage": "draft", "threads": rayon::current_num_threads(), "points": scene.points.len(),
            "walls": walls, "align_seconds": align_s, "layout_seconds": layout_s,
        })
    );
}

/// Noise of a bench's drafts, metres: what a detector leaves.
const DRAFT_NOISE_M: f64 = 0.05;

/// Furnished houses side by side with noise, until there are `objects` boxes or `most` houses.
fn houses(objects: usize, most: usize, options: &HouseOptions) -> Draft {
    let mut draft = Draft::default();
    // A fixed sequence is enough of a noise here.
    let mut phase = 0.0_f64;
    let mut noise = || {
        phase += 2.399_963;
        DRAFT_NOISE_M * std::f64::consts::SQRT_2 * phase.sin()
    };
    for seed in 0..most as u64 {
        if draft.objects.len() >= objects {
            break;
        }
        let offset = [25.0 * (seed % 8) as f64, 25.0 * (seed / 8) as f64];
        let house = generate(seed, options).draft();
        let first = draft.walls.len();
        for mut wall in house.walls {
            for k in 0..2 {
                wall.a[k] += offset[k] + noise();
                wall.b[k] += offset[k] + noise();
            }
            wall.offset_sigma_m = DRAFT_NOISE_M;
            wall.end_sigma_m = [DRAFT_NOISE_M; 2];
            draft.walls.push(wall);
        }
        for mut opening in house.openings {
            opening.wall_idx += first;
            (0..2).for_each(|k| opening.center[k] += offset[k] + noise());
            draft.openings.push(opening);
        }
        for mut object in house.objects {
            (0..2).for_each(|k| object.center[k] += offset[k] + noise());
            object.sigma_m = DRAFT_NOISE_M;
            draft.objects.push(object);
        }
    }
    draft.objects.truncate(objects);
    draft
}

/// Two houses of six rooms, filled up with unsure boxes until there are 300: twelve crowded rooms.
fn twelve_rooms() -> Draft {
    const OBJECTS: usize = 300;
    let options = HouseOptions { min_rooms: 6, max_rooms: 6, ..HouseOptions::default() };
    let mut draft = houses(usize::MAX, 2, &options);
    let (corners, boxes) = (draft.walls.clone(), draft.objects.clone());
    for k in 0..OBJECTS.saturating_sub(boxes.len()) {
        // Small things beside and on what is there, spread by the golden ratio.
        let share = |step: f64| (step * k as f64).fract();
        let beside = &boxes[k % boxes.len()];
        let size = [0.1 + 0.2 * share(0.618), 0.1 + 0.2 * share(0.414), 0.1 + 0.3 * share(0.732)];
        let mut object = beside.clone();
        object.class = ["box", "plants", "lamp", "stool"][k % 4].to_owned();
        object.center[0] += 0.5 * (beside.size[0] + size[0]) * (std::f64::consts::TAU * share(0.236)).cos();
        object.center[1] += 0.5 * (beside.size[1] + size[1]) * (std::f64::consts::TAU * share(0.236)).sin();
        object.center[2] = 0.5 * size[2];
        object.size = size;
        object.confidence = 0.5;
        draft.objects.push(object);
    }
    assert!(corners.len() == draft.walls.len() && draft.objects.len() == OBJECTS);
    draft
}

fn repair() {
    for objects in [10, 30, 100, 300, 1000, 3000] {
        time_repair("repair", &houses(objects, usize::MAX, &HouseOptions::default()));
    }
    time_repair("repair-twelve-rooms", &twelve_rooms());
}

fn time_repair(stage: &str, draft: &Draft) {
    let (mut rooms, mut kept) = (0, 0);
    let seconds = fastest(|| {
        let options = physics::Options::default();
        let scene = physics::make_consistent(draft, &options, Provenance::default(), &Reporter::default())
            .expect("a draft of this size");
        (rooms, kept) = (scene.rooms.len(), scene.objects.len());
    });
    println!(
        "{}",
        serde_json::json!({
            "stage": stage, "threads": rayon::current_num_threads(), "objects": draft.objects.len(),
            "walls": draft.walls.len(), "rooms": rooms, "objects_kept": kept, "seconds": seconds,
        })
    );
}

fn main() {
    // `cargo bench` passes `--bench`; `cargo test` runs this file without arguments.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    match arguments.first() {
        Some(only) if only == "repair" => repair(),
        Some(cloud) if cloud.ends_with(".ply") => draft(Path::new(cloud)),
        Some(clip) if Path::new(clip).is_file() && !clip.ends_with(".json") => tracking(Path::new(clip)),
        Some(folder) => fusion(Path::new(folder)),
        None => {
            plane_sweep();
            repair();
        }
    }
}
