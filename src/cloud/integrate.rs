//! Integration of one view into one block: the hot loop of the fusion.
//!
//! Curless and Levoy 1996: each voxel keeps the weighted mean of its truncated signed distances
//! along the optical axis. Behind the surface the weight falls linearly to zero at the truncation
//! (Bylow et al. 2013), which keeps walls of 10 cm seen from both sides apart.

use super::blocks::{BLOCK_EDGE, Block, BlockKey};
use super::view::View;

/// Weight at which the running mean stops to slow down; keeps late views from counting for nothing.
const MAX_WEIGHT: f32 = 256.0;
/// Voxels nearer to the camera than this share of the truncation are behind it for our purposes.
const MIN_DEPTH_SHARE: f32 = 1e-3;

/// Voxel edge and truncation, world units.
#[derive(Debug, Clone, Copy)]
pub struct Band {
    /// Voxel edge.
    pub voxel: f64,
    /// Half width of the band.
    pub truncation: f64,
}

/// Integrates `view` into `block`.
pub fn integrate(block: &mut Block, key: BlockKey, view: &View<'_>, band: Band) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the feature was just found on this machine.
        unsafe { integrate_avx2(block, key, view, band) };
        return;
    }
    integrate_rows(block, key, view, band);
}

/// The same code compiled for 256-bit registers. No fused multiply-add: the result is the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn integrate_avx2(block: &mut Block, key: BlockKey, view: &View<'_>, band: Band) {
    integrate_rows(block, key, view, band);
}

/// Projection of a row of voxels.
struct Row {
    index: [i32; BLOCK_EDGE],
    depth: [f32; BLOCK_EDGE],
}

#[inline(always)]
fn integrate_rows(block: &mut Block, key: BlockKey, view: &View<'_>, band: Band) {
    let camera = &view.map.camera;
    let [fx, fy] = [camera.fx as f32, camera.fy as f32];
    let [cx, cy] = [(camera.cx + 0.5) as f32, (camera.cy + 0.5) as f32];
    let (width, height) = (view.width as f32, view.height as f32);
    let min_depth = MIN_DEPTH_SHARE * band.truncation as f32;
    let rotation = view.camera_from_world.rotation.to_rotation_matrix();
    let step = rotation.matrix() * band.voxel;
    let corner = key.block().map(|coordinate| (coordinate * BLOCK_EDGE as i64) as f64 * band.voxel);
    let origin = view.camera_from_world * crate::math::Point3::from(corner);
    let [sx, sy, sz] = [step[(0, 0)] as f32, step[(1, 0)] as f32, step[(2, 0)] as f32];
    for k in 0..BLOCK_EDGE {
        for j in 0..BLOCK_EDGE {
            let start = origin.coords + step.column(1) * j as f64 + step.column(2) * k as f64;
            let [x0, y0, z0] = [start.x as f32, start.y as f32, start.z as f32];
            let mut row = Row { index: [0; BLOCK_EDGE], depth: [0.0; BLOCK_EDGE] };
            for i in 0..BLOCK_EDGE {
                let t = i as f32;
                let z = z0 + sz * t;
                let inverse = 1.0 / z;
                let u = (x0 + sx * t) * inverse * fx + cx;
                let v = (y0 + sy * t) * inverse * fy + cy;
                let inside = (z > min_depth) & (u >= 0.0) & (v >= 0.0) & (u < width) & (v < height);
                let (u, v) = if inside { (u, v) } else { (0.0, 0.0) };
                row.index[i] = if inside { v as i32 * view.width as i32 + u as i32 } else { -1 };
                row.depth[i] = z;
            }
            integrate_row(block, (k * BLOCK_EDGE + j) * BLOCK_EDGE, &row, view, band);
        }
    }
}

#[inline(always)]
fn integrate_row(block: &mut Block, first: usize, row: &Row, view: &View<'_>, band: Band) {
    let truncation = band.truncation as f32;
    let (inverse, full_until) = (1.0 / truncation, -(band.voxel as f32));
    for i in 0..BLOCK_EDGE {
        if row.index[i] < 0 {
            continue;
        }
        let pixel = row.index[i] as usize;
        let mut weight = view.weight[pixel];
        let distance = view.map.depth[pixel] - row.depth[i];
        if !(weight > 0.0) || !(distance > -truncation) {
            continue;
        }
        if distance < full_until {
            weight *= (truncation + distance) / (truncation + full_until);
        }
        let voxel = first + i;
        let total = block.weight[voxel] + weight;
        let share = weight / total;
        let value = (distance * inverse).min(1.0);
        block.distance[voxel] += (value - block.distance[voxel]) * share;
        block.weight[voxel] = total.min(MAX_WEIGHT);
        if distance < truncation {
            let rgb = &view.map.color.as_raw()[3 * pixel..3 * pixel + 3];
            for (mean, &channel) in block.color[voxel].iter_mut().zip(rgb) {
                let old = f32::from(*mean);
                *mean = (old + (f32::from(channel) * 256.0 - old) * share + 0.5) as u16;
            }
        }
    }
}
