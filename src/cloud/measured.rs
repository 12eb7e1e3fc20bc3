//! Measured sequences for tests: loads a folder with `transforms.json`, depth and truth.
//!
//! Only compiled for tests. Sequences lie beside the repository (`../shared/data`); tests that need
//! one say so and pass when it is absent.

use crate::camera::Camera;
use crate::depth::{DepthMap, DepthMaps};
use crate::math::{Mat3, Mat4, Point3, Pose, Rotation, Sim3, Vec3};
use crate::pose::{FramePose, Trajectory};
use rayon::prelude::*;
use std::path::PathBuf;

/// Sequences with truth.
pub const SEQUENCES: [&str; 4] = ["rendered_flat", "rendered_kitchen", "redkitchen", "icl_living_room"];

/// Folder of a sequence; `None` (and a line that says so) when it is not there.
pub fn folder(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if path.join("transforms.json").exists() {
        return Some(path);
    }
    println!("skipped: {} is absent", path.display());
    None
}

/// A posed sequence in its own metric world.
pub struct Sequence {
    /// Poses of the frames with depth.
    pub trajectory: Trajectory,
    /// Their depth.
    pub depths: DepthMaps,
    /// The true similarity into the scene frame.
    pub scene_from_world: Sim3,
}

/// Loads a sequence with its given poses and depth.
pub fn load(name: &str) -> Option<Sequence> {
    let folder = folder(name)?;
    let text = std::fs::read_to_string(folder.join("transforms.json")).expect("readable");
    let json: serde_json::Value = serde_json::from_str(&text).expect("json");
    let number = |key: &str| json[key].as_f64().expect("number");
    let camera = Camera {
        fx: number("fl_x"),
        fy: number("fl_y"),
        cx: number("cx"),
        cy: number("cy"),
        ..Camera::centred(number("w") as u32, number("h") as u32, 1.0)
    };
    let unit = number("depth_unit_scale_factor");
    let frames = json["frames"].as_array().expect("frames");
    let maps: Vec<DepthMap> = frames
        .par_iter()
        .enumerate()
        .map(|(frame_idx, frame)| {
            let file = |key: &str| folder.join(frame[key].as_str().expect("path"));
            let raw = image::open(file("depth_file_path")).expect("depth").into_luma16();
            let color = image::open(file("file_path")).expect("image").into_rgb8();
            let depth: Vec<f32> = raw.as_raw().iter().map(|&d| (f64::from(d) * unit) as f32).collect();
            let confidence = depth.iter().map(|&d| if d > 0.0 { 255 } else { 0 }).collect();
            let world_from_camera = opencv_pose(&frame["transform_matrix"]);
            DepthMap { frame_idx, camera, world_from_camera, depth, confidence, color }
        })
        .collect();
    let poses = maps
        .iter()
        .zip(frames)
        .map(|(map, frame)| FramePose {
            frame_idx: map.frame_idx,
            time_s: frame["timestamp"].as_f64().unwrap_or(0.0),
            world_from_camera: map.world_from_camera,
            is_keyframe: true,
        })
        .collect();
    let trajectory = Trajectory {
        camera,
        focal_sigma_px: 0.0,
        frame_count: maps.len(),
        poses,
        points: Vec::new(),
        metric: true,
    };
    let depths = DepthMaps { maps, source: "given".to_owned() };
    Some(Sequence { trajectory, depths, scene_from_world: scene_from_world(&folder) })
}

/// OpenCV pose of a nerfstudio matrix (OpenGL camera axes).
fn opencv_pose(matrix: &serde_json::Value) -> Pose {
    let m = Mat4::from_fn(|row, column| matrix[row][column].as_f64().expect("number"));
    let flipped = m.fixed_view::<3, 3>(0, 0) * Mat3::from_diagonal(&Vec3::new(1.0, -1.0, -1.0));
    Pose::from_parts(m.fixed_view::<3, 1>(0, 3).into_owned().into(), Rotation::from_matrix(&flipped))
}

fn scene_from_world(folder: &std::path::Path) -> Sim3 {
    let Ok(text) = std::fs::read_to_string(folder.join("annotation/scene_from_world.txt")) else {
        return Sim3::identity();
    };
    let values: Vec<f64> = text.split_whitespace().map(|word| word.parse().expect("number")).collect();
    let m = Mat4::from_row_slice(&values);
    let rotation = Rotation::from_matrix(&m.fixed_view::<3, 3>(0, 0).into_owned());
    Sim3::from_parts(m.fixed_view::<3, 1>(0, 3).into_owned().into(), rotation, 1.0)
}

impl Sequence {
    /// The sequence as an unscaled reconstruction would give it: moved into another world by a
    /// similarity.
    pub fn moved(&self, other_from_world: &Sim3) -> Self {
        let scale = other_from_world.scaling();
        let move_pose = |pose: &Pose| {
            let centre = other_from_world * Point3::from(pose.translation.vector);
            Pose::from_parts(centre.coords.into(), other_from_world.isometry.rotation * pose.rotation)
        };
        let mut trajectory = self.trajectory.clone();
        trajectory.metric = false;
        for pose in &mut trajectory.poses {
            pose.world_from_camera = move_pose(&pose.world_from_camera);
        }
        let mut depths = self.depths.clone();
        for map in &mut depths.maps {
            map.world_from_camera = move_pose(&map.world_from_camera);
            map.depth.iter_mut().for_each(|depth| *depth *= scale as f32);
        }
        Self { trajectory, depths, scene_from_world: self.scene_from_world * other_from_world.inverse() }
    }
}

/// Precision, recall and F of `points` against `truth` at `threshold`, after both are thinned to one
/// point a 2 cm voxel (metrics.md, Cloud).
pub fn f_score(points: &[[f32; 3]], truth: &[[f32; 3]], threshold: f32) -> [f64; 3] {
    let (points, truth) = (thin(points), thin(truth));
    let within = |from: &[[f32; 3]], to: &[[f32; 3]]| {
        let tree: kiddo::ImmutableKdTree<f32, 3> = kiddo::ImmutableKdTree::new_from_slice(to);
        let near = from
            .par_iter()
            .filter(|point| {
                tree.nearest_one::<kiddo::SquaredEuclidean>(point).distance <= threshold * threshold
            })
            .count();
        near as f64 / from.len().max(1) as f64
    };
    let (precision, recall) = (within(&points, &truth), within(&truth, &points));
    [precision, recall, 2.0 * precision * recall / (precision + recall).max(1e-12)]
}

/// One mean point a 2 cm voxel.
fn thin(points: &[[f32; 3]]) -> Vec<[f32; 3]> {
    use crate::cloud::{Cloud, CloudPoint, SceneFrame, downsample};
    let points = points
        .iter()
        .map(|&position| CloudPoint { position, normal: [0.0; 3], rgb: [0; 3], weight: 1.0 })
        .collect();
    downsample(&Cloud::<SceneFrame>::new(points), 0.02).points.iter().map(|point| point.position).collect()
}
