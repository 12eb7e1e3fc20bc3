//! The zero crossings of fused blocks as points with normals and colour.
//!
//! Each voxel owns the three edges to its successors along x, y and z. Where the distance changes
//! its sign along one of them (both ends observed) lies a surface point, linearly interpolated; a
//! voxel's crossings are averaged to one point, so that the density is about one point a voxel edge
//! squared whatever the slant. The normal is the gradient of the distance, which points to where
//! the surface was seen from.

use super::blocks::{BLOCK_EDGE, Block};
use super::frame::CloudPoint;

/// A truncated value says only "far"; a crossing next to one is where two surfaces meet.
const MAX_DISTANCE: f32 = 0.95;

/// A block and its 26 neighbours, those that exist, x fastest.
pub struct Neighbourhood<'a> {
    /// The blocks; index 13 is the middle one.
    pub blocks: [Option<&'a Block>; 27],
}

impl Neighbourhood<'_> {
    /// Block and voxel index of voxel (i, j, k) counted from the middle block's corner.
    fn locate(&self, voxel: [i32; 3]) -> Option<(&Block, usize)> {
        let [i, j, k] = voxel.map(|coordinate| (coordinate + BLOCK_EDGE as i32) as usize);
        let block = self.blocks[(i >> 3) + 3 * (j >> 3) + 9 * (k >> 3)]?;
        Some((block, (i & 7) + BLOCK_EDGE * ((j & 7) + BLOCK_EDGE * (k & 7))))
    }

    /// Distance at a voxel that was observed.
    fn distance(&self, voxel: [i32; 3]) -> Option<f32> {
        let (block, index) = self.locate(voxel)?;
        (block.weight[index] > 0.0).then(|| block.distance[index])
    }

    /// Gradient of the distance, per voxel: central differences, one-sided at the border of the
    /// observed.
    fn gradient(&self, voxel: [i32; 3]) -> [f32; 3] {
        let Some(here) = self.distance(voxel) else { return [0.0; 3] };
        [0, 1, 2].map(|axis| {
            let moved = |by: i32| {
                let mut other = voxel;
                other[axis] += by;
                self.distance(other)
            };
            match (moved(-1), moved(1)) {
                (Some(before), Some(after)) => 0.5 * (after - before),
                (Some(before), None) => here - before,
                (None, Some(after)) => after - here,
                (None, None) => 0.0,
            }
        })
    }
}

/// Sum of a voxel's crossings.
#[derive(Default)]
struct Crossings {
    position: [f32; 3],
    normal: [f32; 3],
    color: [f32; 3],
    weight: f32,
    count: f32,
}

/// Points of the middle block. `corner` is the block's first voxel in voxels, `voxel` the edge.
#[must_use]
pub fn extract(around: &Neighbourhood<'_>, corner: [i64; 3], voxel: f64, min_weight: f32) -> Vec<CloudPoint> {
    let Some(block) = around.blocks[13] else { return Vec::new() };
    let mut points = Vec::new();
    for index in 0..block.distance.len() {
        if !is_surface_candidate(block, index, min_weight) {
            continue;
        }
        let at = [index & 7, (index >> 3) & 7, index >> 6].map(|coordinate| coordinate as i32);
        let crossings = crossings_of(around, block, index, at, min_weight);
        if crossings.count > 0.0 {
            points.push(point_of(&crossings, corner, voxel));
        }
    }
    points
}

fn is_surface_candidate(block: &Block, index: usize, min_weight: f32) -> bool {
    block.weight[index] > 0.0
        && block.weight[index] >= min_weight
        && block.distance[index].abs() < MAX_DISTANCE
}

fn crossings_of(
    around: &Neighbourhood<'_>,
    block: &Block,
    index: usize,
    at: [i32; 3],
    min_weight: f32,
) -> Crossings {
    let mut sum = Crossings::default();
    let here = block.distance[index];
    for axis in 0..3 {
        let mut next = at;
        next[axis] += 1;
        let Some((other, other_index)) = around.locate(next) else { continue };
        let there = other.distance[other_index];
        if !is_surface_candidate(other, other_index, min_weight) || (here >= 0.0) == (there >= 0.0) {
            continue;
        }
        let share = here / (here - there);
        let (before, after) = (around.gradient(at), around.gradient(next));
        for c in 0..3 {
            let offset = if c == axis { share } else { 0.0 };
            sum.position[c] += at[c] as f32 + offset;
            sum.normal[c] += before[c] + (after[c] - before[c]) * share;
            let (a, b) = (f32::from(block.color[index][c]), f32::from(other.color[other_index][c]));
            sum.color[c] += a + (b - a) * share;
        }
        sum.weight += block.weight[index].min(other.weight[other_index]);
        sum.count += 1.0;
    }
    sum
}

fn point_of(crossings: &Crossings, corner: [i64; 3], voxel: f64) -> CloudPoint {
    let mean = |value: f32| value / crossings.count;
    let length = crossings.normal.iter().map(|value| value * value).sum::<f32>().sqrt();
    let normal = if length > f32::EPSILON { crossings.normal.map(|value| value / length) } else { [0.0; 3] };
    let position = [0, 1, 2]
        .map(|axis| ((corner[axis] as f64 + f64::from(mean(crossings.position[axis]))) * voxel) as f32);
    let rgb = crossings.color.map(|value| (mean(value) / 256.0 + 0.5).clamp(0.0, 255.0) as u8);
    CloudPoint { position, normal, rgb, weight: mean(crossings.weight) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slanted_plane_is_found_exactly() {
        let plane_normal = [0.6f32, 0.0, 0.8];
        let mut block = Block::empty();
        for index in 0..512 {
            let (i, k) = ((index & 7) as f32, (index >> 6) as f32);
            block.distance[index] = (plane_normal[0] * i + plane_normal[2] * k - 4.9) / 8.0;
            block.weight[index] = 1.0;
        }
        let mut around = Neighbourhood { blocks: [None; 27] };
        around.blocks[13] = Some(&block);
        let points = extract(&around, [0, 0, 0], 1.0, 0.5);
        assert!(points.len() >= 64);
        for point in &points {
            let offset = 0.6 * point.position[0] + 0.8 * point.position[2] - 4.9;
            assert!(offset.abs() < 1e-4, "{offset}");
            let cosine: f32 = (0..3).map(|c| point.normal[c] * plane_normal[c]).sum();
            assert!(cosine > 0.9999, "{cosine}");
        }
    }
}
