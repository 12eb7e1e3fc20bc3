//! Sparse voxel blocks: their keys, their voxels, and which of them a view's surface touches.
//!
//! A block is 8x8x8 voxels. Keys are Morton codes of the block coordinates, so that a sorted run of
//! keys is compact in space; that order is also the order of all outputs (it does not depend on the
//! views' order, the number of threads or the memory budget). Voxel (i, j, k) of the grid has its
//! centre at (i, j, k) * voxel edge in the world frame.

use super::view::View;

/// Voxels along the edge of a block.
pub const BLOCK_EDGE: usize = 8;
/// Voxels of a block.
pub const BLOCK_VOXELS: usize = BLOCK_EDGE * BLOCK_EDGE * BLOCK_EDGE;
/// Block coordinates are biased by this much to make them positive (21 bits an axis).
const COORDINATE_BIAS: i64 = 1 << 20;
/// Slots of the small cache that drops most repeated keys of neighbouring pixels.
const RECENT_SLOTS: usize = 1 << 12;
/// Every how many pixels a surface is looked at for the blocks it touches; a block of 16 cm covers
/// 20 pixels of a 640 px wide image at 4 m.
const TOUCH_STRIDE_PX: usize = 4;

/// Morton code of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockKey(u64);

impl BlockKey {
    /// The key of block coordinates; `None` beyond ±2^20 blocks.
    #[must_use]
    pub fn new(block: [i64; 3]) -> Option<Self> {
        let mut code = 0;
        for (axis, &coordinate) in block.iter().enumerate() {
            let biased = coordinate + COORDINATE_BIAS;
            if !(0..2 * COORDINATE_BIAS).contains(&biased) {
                return None;
            }
            code |= spread(biased as u64) << axis;
        }
        Some(Self(code))
    }

    /// Block coordinates.
    #[must_use]
    pub fn block(self) -> [i64; 3] {
        [0, 1, 2].map(|axis| compact(self.0 >> axis) as i64 - COORDINATE_BIAS)
    }
}

/// Puts two zero bits between the low 21 bits.
fn spread(value: u64) -> u64 {
    let mut x = value & 0x1f_ffff;
    x = (x | (x << 32)) & 0x001f_0000_0000_ffff;
    x = (x | (x << 16)) & 0x001f_0000_ff00_00ff;
    x = (x | (x << 8)) & 0x100f_00f0_0f00_f00f;
    x = (x | (x << 4)) & 0x10c3_0c30_c30c_30c3;
    (x | (x << 2)) & 0x1249_2492_4924_9249
}

/// Inverse of [`spread`].
fn compact(value: u64) -> u64 {
    let mut x = value & 0x1249_2492_4924_9249;
    x = (x | (x >> 2)) & 0x10c3_0c30_c30c_30c3;
    x = (x | (x >> 4)) & 0x100f_00f0_0f00_f00f;
    x = (x | (x >> 8)) & 0x001f_0000_ff00_00ff;
    x = (x | (x >> 16)) & 0x001f_0000_0000_ffff;
    (x | (x >> 32)) & 0x1f_ffff
}

/// Voxels of one block; x fastest, then y, then z.
#[derive(Clone)]
pub struct Block {
    /// Truncated signed distance over the truncation, −1..1, positive in front of the surface.
    pub distance: [f32; BLOCK_VOXELS],
    /// Accumulated weight.
    pub weight: [f32; BLOCK_VOXELS],
    /// Mean colour, 8.8 fixed point (a running mean in 8 bits would stall).
    pub color: [[u16; 3]; BLOCK_VOXELS],
}

impl Block {
    /// A block that nothing was integrated into.
    #[must_use]
    pub fn empty() -> Box<Self> {
        Box::new(Self {
            distance: [1.0; BLOCK_VOXELS],
            weight: [0.0; BLOCK_VOXELS],
            color: [[0; 3]; BLOCK_VOXELS],
        })
    }
}

/// Sorted keys of the blocks within the truncation band of a view's surface.
#[must_use]
pub fn touched_blocks(view: &View<'_>, voxel: f64, truncation: f64) -> Vec<BlockKey> {
    let edge = voxel * BLOCK_EDGE as f64;
    let mut recent = vec![None; RECENT_SLOTS];
    let mut keys = Vec::new();
    for v in (0..view.height).step_by(TOUCH_STRIDE_PX) {
        for u in (0..view.width).step_by(TOUCH_STRIDE_PX) {
            let Some(depth) = view.depth_at(u, v) else { continue };
            let (near, far) = ((depth - truncation).max(0.0), depth + truncation);
            let steps = ((far - near) / (0.5 * edge)).ceil().max(1.0);
            for step in 0..=steps as usize {
                let z = near + (far - near) * step as f64 / steps;
                let point = view.world_point(u, v, z);
                let block = [0, 1, 2].map(|axis| ((point[axis] / voxel).round() as i64).div_euclid(8));
                let Some(key) = BlockKey::new(block) else { continue };
                let slot = (key.0 as usize ^ (key.0 >> 12) as usize) % RECENT_SLOTS;
                if recent[slot] != Some(key) {
                    recent[slot] = Some(key);
                    keys.push(key);
                }
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_coordinates() {
        for block in [[0, 0, 0], [-1, 5, 1023], [-(1 << 20), (1 << 20) - 1, -77]] {
            assert_eq!(BlockKey::new(block).expect("in range").block(), block);
        }
        assert!(BlockKey::new([1 << 20, 0, 0]).is_none());
    }
}
