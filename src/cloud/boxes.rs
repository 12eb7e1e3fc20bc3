//! A furnished room of boxes with exact depth, for tests: walls 4.6 x 3.4 m, 2.5 m high, a table of
//! 0.74 m, a counter of 0.9 m and a cupboard, filmed on a walk at 1.5 m.
//!
//! Only compiled for tests. The scene frame is the world frame until a test moves it.

use super::measured::Sequence;
use crate::camera::Camera;
use crate::depth::{DepthMap, DepthMaps};
use crate::math::{Mat3, Point2, Pose, Rotation, Sim3, Vec3};
use crate::pose::{FramePose, Trajectory};
use image::{Rgb, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Minimum and maximum corner.
type Box3 = ([f64; 3], [f64; 3]);

/// The room, seen from inside.
pub const ROOM: Box3 = ([0.0, 0.0, 0.0], [4.6, 3.4, 2.5]);
/// Furniture, seen from outside: table, counter, cupboard.
pub const FURNITURE: [Box3; 3] = [
    ([1.6, 1.4, 0.0], [2.8, 2.1, 0.74]),
    ([0.0, 2.8, 0.0], [2.4, 3.4, 0.90]),
    ([4.0, 0.3, 0.0], [4.6, 1.3, 2.0]),
];

/// Distance along a ray to the surface of the scene.
fn cast(origin: &Vec3, direction: &Vec3) -> f64 {
    let mut nearest = f64::INFINITY;
    let slabs = |(low, high): &Box3| {
        let (mut enter, mut leave) = (f64::NEG_INFINITY, f64::INFINITY);
        for axis in 0..3 {
            let (a, b) =
                ((low[axis] - origin[axis]) / direction[axis], (high[axis] - origin[axis]) / direction[axis]);
            enter = enter.max(a.min(b));
            leave = leave.min(a.max(b));
        }
        (enter, leave)
    };
    nearest = nearest.min(slabs(&ROOM).1);
    for furniture in &FURNITURE {
        let (enter, leave) = slabs(furniture);
        if enter > 0.0 && enter < leave {
            nearest = nearest.min(enter);
        }
    }
    nearest
}

/// Distance of a point from the nearest surface of the scene.
pub fn distance_to_surface(point: [f32; 3]) -> f64 {
    let p = point.map(f64::from);
    let shell = |(low, high): &Box3| {
        let outside: f64 = (0..3).map(|a| (low[a] - p[a]).max(p[a] - high[a]).max(0.0).powi(2)).sum();
        let inside = (0..3).map(|a| (p[a] - low[a]).min(high[a] - p[a])).fold(f64::INFINITY, f64::min);
        if outside > 0.0 { outside.sqrt() } else { inside }
    };
    FURNITURE.iter().chain([&ROOM]).map(shell).fold(f64::INFINITY, f64::min)
}

/// `views` views on a walk through the room, with relative depth noise (smooth over patches of 8
/// pixels, as stereo errors are) and a share of pixels that are wild.
pub fn film(views: usize, noise: f64, wild: f64, seed: u64) -> Sequence {
    let camera = Camera::centred(160, 120, 120.0);
    let maps: Vec<DepthMap> = (0..views)
        .into_par_iter()
        .map(|frame_idx| view(frame_idx, views, camera, [noise, wild], seed))
        .collect();
    let poses = maps
        .iter()
        .map(|map| FramePose {
            frame_idx: map.frame_idx,
            time_s: 0.4 * map.frame_idx as f64,
            world_from_camera: map.world_from_camera,
            is_keyframe: true,
        })
        .collect();
    let trajectory = Trajectory {
        camera,
        focal_sigma_px: 0.0,
        frame_count: views,
        poses,
        points: Vec::new(),
        metric: true,
    };
    let depths = DepthMaps { maps, source: "boxes".to_owned() };
    Sequence { trajectory, depths, scene_from_world: Sim3::identity() }
}

fn view(frame_idx: usize, views: usize, camera: Camera, [noise, wild]: [f64; 2], seed: u64) -> DepthMap {
    let mut rng = ChaCha8Rng::seed_from_u64(seed * 1000 + frame_idx as u64);
    let turn = std::f64::consts::TAU * frame_idx as f64 / views as f64;
    let eye = Vec3::new(2.3 + 0.9 * turn.cos(), 0.9 + 0.35 * turn.sin(), 1.5 + 0.05 * (3.0 * turn).sin());
    let yaw = 2.0 * turn;
    let pitch = -0.25 + 0.5 * (5.0 * turn).sin();
    let roll = 0.03 * (7.0 * turn).sin();
    let forward = Vec3::new(yaw.cos() * pitch.cos(), yaw.sin() * pitch.cos(), pitch.sin());
    let right = forward.cross(&Vec3::z()).normalize();
    let down = forward.cross(&right);
    let level = Mat3::from_columns(&[right, down, forward]);
    let rotation = Rotation::from_matrix(&level) * Rotation::from_scaled_axis(Vec3::z() * roll);
    let world_from_camera = Pose::from_parts(eye.into(), rotation);
    let (width, height) = (camera.width as usize, camera.height as usize);
    let patches: Vec<f64> =
        (0..(width / 8 + 1) * (height / 8 + 1)).map(|_| gaussian(&mut rng) * noise).collect();
    let mut color = RgbImage::new(camera.width, camera.height);
    let depth: Vec<f32> = (0..width * height)
        .map(|pixel| {
            let (u, v) = (pixel % width, pixel / width);
            let ray = camera.normalize(Point2::new(u as f64, v as f64));
            let direction = rotation * Vec3::new(ray.x, ray.y, 1.0);
            let z = cast(&eye, &direction);
            let hit = eye + direction * z;
            color.put_pixel(u as u32, v as u32, Rgb([0, 1, 2].map(|axis| (40.0 * hit[axis]) as u8)));
            if rng.random_range(0.0..1.0) < wild {
                return rng.random_range(0.3..6.0) as f32;
            }
            (z * (1.0 + patches[v / 8 * (width / 8 + 1) + u / 8])) as f32
        })
        .collect();
    let confidence = vec![255; depth.len()];
    DepthMap { frame_idx, camera, world_from_camera, depth, confidence, color }
}

/// A standard normal number (Box and Muller).
fn gaussian(rng: &mut ChaCha8Rng) -> f64 {
    let (a, b): (f64, f64) = (rng.random_range(1e-12..1.0), rng.random_range(0.0..1.0));
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}
