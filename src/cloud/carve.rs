//! Free space: which voxels the views saw to be empty.
//!
//! Takes depth maps and the similarity into the scene frame; gives a dense grid there. Each voxel
//! centre is projected into each view: clearly in front of the depth is a vote for free, at the
//! depth a vote for occupied, behind it none. One vote a view, weighted by its confidence. A voxel
//! behind everything stays unseen, which is what tells an open door from a wall nobody looked at.
//!
//! Limits: what shows in a mirror or through glass counts as free space behind it.

use super::free_space::{FreeSpace, VoxelState};
use super::options::Options;
use super::view::{Limits, check_size, is_usable, limits};
use crate::camera::Camera;
use crate::depth::{DepthMap, DepthMaps};
use crate::math::{Point3, Pose, Sim3};
use crate::report::Reporter;
use rayon::prelude::*;

/// Voxels along the edge of the cells that are tested against a view at once.
const CELL: usize = 8;
/// A voxel is free when its centre lies in front of the depth by its half diagonal and this share of
/// the depth (what a confident depth may be wrong by, see `DepthMap::confidence`).
const FREE_MARGIN_RATIO: f64 = 0.03;
/// Half diagonal of a voxel over its edge.
const HALF_DIAGONAL: f64 = 0.866_025;
/// Votes needed for a state: half a confident view.
const MIN_VOTES: f32 = 0.5;
/// A surface that is seen along as well as at: occupied while its votes are at least this share of
/// the votes for free.
const OCCUPIED_SHARE: f32 = 0.5;
/// Share of the seen points left out on each side of the bounds (fliers).
const BOUNDS_QUANTILE: f64 = 0.001;
/// Depths looked at for the bounds.
const BOUNDS_SAMPLES: usize = 200_000;
/// The grid is larger than the bounds of what was seen by this much on each side, metres.
const BOUNDS_MARGIN_M: f64 = 0.3;

/// Carves the free space of the maps. `None` when there is no depth to carve with (a bare cloud).
#[must_use]
pub fn free_space(
    depths: &DepthMaps,
    scene_from_world: &Sim3,
    options: &Options,
    reporter: &Reporter,
) -> Option<FreeSpace> {
    let maps: Vec<&DepthMap> =
        depths.maps.iter().filter(|map| check_size(map).is_ok() && is_usable(map)).collect();
    let limits = limits(&maps, options)?;
    let stride = maps.len().div_ceil(options.max_free_views.max(1)).max(1);
    let views: Vec<Eye<'_>> =
        maps.iter().step_by(stride).map(|map| Eye::new(map, scene_from_world, &limits)).collect();
    let (low, high) = bounds(&views, &limits)?;
    let voxel_m = voxel_edge(low, high, options, reporter);
    let size = [0, 1, 2].map(|axis| (((high[axis] - low[axis]) / voxel_m).ceil() as usize).max(1));
    let mut space = FreeSpace {
        origin_m: low,
        voxel_m,
        size,
        states: vec![VoxelState::Unseen; size[0] * size[1] * size[2]],
    };
    let slab = CELL * size[0] * size[1];
    space.states.par_chunks_mut(slab).enumerate().for_each(|(layer, states)| {
        carve_slab(states, [low[0], low[1], low[2] + (layer * CELL) as f64 * voxel_m], voxel_m, size, &views);
    });
    let count = |state| space.states.iter().filter(|&&other| other == state).count();
    reporter.diagnostic("free_voxels", count(VoxelState::Free));
    reporter.diagnostic("occupied_voxels", count(VoxelState::Occupied));
    reporter.diagnostic("free_space_voxel_m", voxel_m);
    Some(space)
}

/// The edge that keeps the grid within the budget.
fn voxel_edge(low: [f64; 3], high: [f64; 3], options: &Options, reporter: &Reporter) -> f64 {
    let wanted = options.free_voxel_m.max(1e-3);
    let volume: f64 = (0..3).map(|axis| high[axis] - low[axis] + wanted).product();
    let least = (volume / options.max_free_voxels.max(1) as f64).cbrt();
    if least <= wanted {
        return wanted;
    }
    reporter.warn(
        "free-space-coarse",
        format!(
            "the observed volume is {volume:.0} m3; free space is kept at {least:.3} m instead of {wanted} m \
             to stay within `cloud.max_free_voxels` {}",
            options.max_free_voxels
        ),
    );
    least
}

/// A view in the scene frame.
struct Eye<'a> {
    map: &'a DepthMap,
    camera: Camera,
    scene_from_camera: Pose,
    camera_from_scene: Pose,
    /// Metres per world unit.
    scale: f64,
    limits: Limits,
    /// Largest depth used, metres.
    max_depth_m: f64,
}

impl<'a> Eye<'a> {
    fn new(map: &'a DepthMap, scene_from_world: &Sim3, limits: &Limits) -> Self {
        let rotation = scene_from_world.isometry.rotation * map.world_from_camera.rotation;
        let centre = scene_from_world * Point3::from(map.world_from_camera.translation.vector);
        let scene_from_camera = Pose::from_parts(centre.coords.into(), rotation);
        let scale = scene_from_world.scaling();
        let limit = limits.max_depth;
        let max =
            map.depth.iter().copied().filter(|&depth| depth > 0.0 && depth <= limit).fold(0.0, f32::max);
        Self {
            map,
            camera: map.camera,
            scene_from_camera,
            camera_from_scene: scene_from_camera.inverse(),
            scale,
            limits: *limits,
            max_depth_m: f64::from(max) * scale,
        }
    }

    /// Depth in metres and vote of a pixel; `None` where there is none.
    fn depth_m(&self, pixel: usize) -> Option<(f64, f32)> {
        let (depth, confidence) = (self.map.depth[pixel], self.map.confidence[pixel]);
        let used = depth > 0.0 && depth <= self.limits.max_depth && confidence >= self.limits.min_confidence;
        used.then(|| (f64::from(depth) * self.scale, f32::from(confidence) / 255.0))
    }

    /// False when a ball of `radius` around `centre` (scene frame) is surely out of sight.
    fn may_see(&self, centre: &Point3, radius: f64) -> bool {
        let p = self.camera_from_scene * centre;
        if p.z < -radius || p.z > self.max_depth_m + radius {
            return false;
        }
        let beyond = |across: f64, focal: f64, border: f64| {
            focal * across + border * p.z < -radius * focal.hypot(border)
        };
        let c = &self.camera;
        let (right, bottom) = (f64::from(c.width) - 0.5 - c.cx, f64::from(c.height) - 0.5 - c.cy);
        !(beyond(p.x, c.fx, c.cx + 0.5)
            || beyond(-p.x, c.fx, right)
            || beyond(p.y, c.fy, c.cy + 0.5)
            || beyond(-p.y, c.fy, bottom))
    }
}

/// Bounds of what was seen and of the cameras.
fn bounds(views: &[Eye<'_>], limits: &Limits) -> Option<([f64; 3], [f64; 3])> {
    let pixels: usize = views.iter().map(|view| view.map.depth.len()).sum();
    let stride = (pixels / BOUNDS_SAMPLES).max(1);
    let points: Vec<Point3> = views
        .par_iter()
        .flat_map_iter(|view| {
            let width = view.map.camera.width as usize;
            (0..view.map.depth.len()).step_by(stride).filter_map(move |pixel| {
                let (z, _) = view.depth_m(pixel)?;
                let x = ((pixel % width) as f64 - view.camera.cx) / view.camera.fx * z;
                let y = ((pixel / width) as f64 - view.camera.cy) / view.camera.fy * z;
                Some(view.scene_from_camera * Point3::new(x, y, z))
            })
        })
        .collect();
    if points.is_empty() || limits.median_depth <= 0.0 {
        return None;
    }
    let (mut low, mut high) = ([0.0; 3], [0.0; 3]);
    for axis in 0..3 {
        let mut values: Vec<f64> = points.iter().map(|point| point[axis]).collect();
        values.sort_by(f64::total_cmp);
        let cut = (values.len() as f64 * BOUNDS_QUANTILE) as usize;
        let eyes = views.iter().map(|view| view.scene_from_camera.translation.vector[axis]);
        low[axis] = eyes.clone().fold(values[cut], f64::min) - BOUNDS_MARGIN_M;
        high[axis] = eyes.fold(values[values.len() - 1 - cut], f64::max) + BOUNDS_MARGIN_M;
    }
    Some((low, high))
}

/// Fills a slab of up to [`CELL`] layers whose first voxel has its minimum corner at `origin`.
fn carve_slab(states: &mut [VoxelState], origin: [f64; 3], voxel: f64, size: [usize; 3], views: &[Eye<'_>]) {
    let layers = states.len() / (size[0] * size[1]);
    let radius = HALF_DIAGONAL * CELL as f64 * voxel;
    for y0 in (0..size[1]).step_by(CELL) {
        for x0 in (0..size[0]).step_by(CELL) {
            let corner = Point3::new(origin[0] + x0 as f64 * voxel, origin[1] + y0 as f64 * voxel, origin[2]);
            let centre = corner.map(|value| value + 0.5 * CELL as f64 * voxel);
            let mut votes = [[0.0f32; 2]; CELL * CELL * CELL];
            for view in views.iter().filter(|view| view.may_see(&centre, radius)) {
                vote(&mut votes, view, &corner, voxel);
            }
            for (index, votes) in votes.iter().enumerate() {
                let (i, j, k) = (index % CELL, index / CELL % CELL, index / (CELL * CELL));
                if x0 + i < size[0] && y0 + j < size[1] && k < layers {
                    states[x0 + i + size[0] * (y0 + j + size[1] * k)] = state_of(*votes);
                }
            }
        }
    }
}

fn state_of([free, occupied]: [f32; 2]) -> VoxelState {
    if occupied >= MIN_VOTES && occupied >= OCCUPIED_SHARE * free {
        VoxelState::Occupied
    } else if free >= MIN_VOTES {
        VoxelState::Free
    } else {
        VoxelState::Unseen
    }
}

/// Adds the votes of one view for the cell at `corner`.
fn vote(votes: &mut [[f32; 2]], view: &Eye<'_>, corner: &Point3, voxel: f64) {
    let rotation = view.camera_from_scene.rotation.to_rotation_matrix();
    let step = rotation.matrix() * voxel;
    let first = view.camera_from_scene * corner.map(|value| value + 0.5 * voxel);
    let camera = &view.camera;
    for (index, vote) in votes.iter_mut().enumerate() {
        let (i, j, k) = (index % CELL, index / CELL % CELL, index / (CELL * CELL));
        let p =
            first.coords + step.column(0) * i as f64 + step.column(1) * j as f64 + step.column(2) * k as f64;
        if p.z <= 0.0 {
            continue;
        }
        let u = (camera.fx * p.x / p.z + camera.cx + 0.5).floor();
        let v = (camera.fy * p.y / p.z + camera.cy + 0.5).floor();
        if !(u >= 0.0 && v >= 0.0 && u < f64::from(camera.width) && v < f64::from(camera.height)) {
            continue;
        }
        let Some((depth, weight)) = view.depth_m(v as usize * camera.width as usize + u as usize) else {
            continue;
        };
        let distance = depth - p.z;
        if distance > HALF_DIAGONAL * voxel + FREE_MARGIN_RATIO * depth {
            vote[0] += weight;
        } else if distance.abs() <= HALF_DIAGONAL * voxel {
            vote[1] += weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    /// A camera at the origin that looks along x at a wall 2 m away, a window in the middle through
    /// which it sees 4 m far.
    fn wall_with_window() -> DepthMaps {
        let camera = Camera::centred(160, 120, 120.0);
        let depth = (0..160 * 120)
            .map(|i| {
                let (u, v): (i32, i32) = (i % 160, i / 160);
                if (u - 80).abs() < 20 && (v - 60).abs() < 15 { 4.0 } else { 2.0 }
            })
            .collect();
        let axes = crate::math::Mat3::new(0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0, -1.0, 0.0);
        let rotation = crate::math::Rotation::from_matrix(&axes);
        let map = DepthMap {
            frame_idx: 0,
            camera,
            world_from_camera: Pose::from_parts(nalgebra::Translation3::identity(), rotation),
            depth,
            confidence: vec![255; 160 * 120],
            color: RgbImage::new(160, 120),
        };
        DepthMaps { maps: vec![map], source: "test".to_owned() }
    }

    #[test]
    fn an_opening_is_free_a_wall_occupied_and_behind_it_unseen() {
        let reporter = Reporter::default();
        let scene_from_world =
            Sim3::new(crate::math::Vec3::new(0.0, 0.0, 1.5), crate::math::Vec3::zeros(), 2.0);
        let space = free_space(&wall_with_window(), &scene_from_world, &Options::default(), &reporter);
        let space = space.expect("there is depth");
        assert_eq!(space.at([2.0, 0.0, 1.5]), VoxelState::Free);
        assert_eq!(space.at([4.0, 1.5, 1.5]), VoxelState::Occupied, "the wall at 2 units of 2 m");
        assert_eq!(space.at([4.0, 0.0, 1.5]), VoxelState::Free, "the window");
        assert_eq!(space.at([7.0, 0.0, 1.5]), VoxelState::Free, "seen through the window");
        assert_eq!(space.at([6.0, 2.5, 1.5]), VoxelState::Unseen, "behind the wall");
        assert_eq!(space.at([-0.2, 0.0, 1.5]), VoxelState::Unseen, "behind the camera");
    }

    #[test]
    fn no_maps_no_space_and_a_budget_is_kept() {
        let reporter = Reporter::default();
        let identity = Sim3::identity();
        assert!(free_space(&DepthMaps::default(), &identity, &Options::default(), &reporter).is_none());
        let options = Options { max_free_voxels: 5000, ..Options::default() };
        let space = free_space(&wall_with_window(), &identity, &options, &reporter).expect("depth");
        assert!(space.states.len() < 7000, "{}", space.states.len());
        assert_eq!(reporter.warnings()[0].code, "free-space-coarse");
    }
}
