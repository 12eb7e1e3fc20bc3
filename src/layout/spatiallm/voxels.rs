//! The cloud becomes the rows that the encoder takes: one for each occupied voxel.
//!
//! Takes points in metres, gives [`Voxels`]: shifted so that the minimum corner is the origin, cut
//! into voxels of 32 m / bins, one point kept in each, rows in the order of a hash of the voxel
//! (FNV-1 on whole coordinates, so the order is pseudo-random in space). That rule is SpatialLM's
//! own; where its sort leaves open which point of a voxel comes first, the order of the input decides.
//! Limits: what lies beyond 32 m shares the last voxel of its axis.

/// Side of the cube that the model knows, metres.
pub const EXTENT_M: f64 = 32.0;
/// FNV-1, 64 bits (Fowler, Noll, Vo): offset basis and prime.
const FNV: (u64, u64) = (14_695_981_039_346_656_037, 1_099_511_628_211);

/// A coloured point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColouredPoint {
    /// Position, metres.
    pub position: [f64; 3],
    /// Colour, sRGB.
    pub rgb: [u8; 3],
}

/// Occupied voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Voxels {
    /// Coordinates, 0 to bins - 1.
    pub grid: Vec<[u32; 3]>,
    /// Shifted position of the kept point in metres, then its colour in -1..1.
    pub features: Vec<[f32; 6]>,
    /// Index of the kept point.
    pub kept: Vec<usize>,
    /// What was subtracted from positions, metres.
    pub min_corner: [f64; 3],
    /// Occupied voxels, of which [`Voxels::grid`] may hold fewer.
    pub occupied: usize,
}

/// Voxels of finite points; at most `limit` of them, a pseudo-random but fixed choice.
#[must_use]
pub fn voxelise(points: &[ColouredPoint], num_bins: u32, limit: usize) -> Voxels {
    let min_corner = corner(points);
    let size = EXTENT_M / f64::from(num_bins);
    let shifted = |point: &ColouredPoint| [0, 1, 2].map(|k| point.position[k] - min_corner[k]);
    // A coordinate that is not finite becomes 0: the caller leaves such points out and says so.
    let voxel = |point: &ColouredPoint| {
        shifted(point).map(|metres| (metres / size).floor().clamp(0.0, f64::from(num_bins - 1)) as u32)
    };
    let mut order: Vec<(u64, usize)> =
        points.iter().enumerate().map(|(index, point)| (key(voxel(point)), index)).collect();
    order.sort_unstable();
    let runs: Vec<&[(u64, usize)]> = order.chunk_by(|a, b| a.0 == b.0).collect();
    let largest = runs.iter().map(|run| run.len()).max().unwrap_or(0);
    let kept: Vec<usize> = runs.iter().take(limit).map(|run| run[largest / 2 % run.len()].1).collect();
    Voxels {
        grid: kept.iter().map(|&index| voxel(&points[index])).collect(),
        features: kept.iter().map(|&index| features(shifted(&points[index]), points[index].rgb)).collect(),
        kept,
        min_corner,
        occupied: runs.len(),
    }
}

/// Smallest coordinate of each axis; 0 without points.
fn corner(points: &[ColouredPoint]) -> [f64; 3] {
    let smallest = |axis: usize| points.iter().map(|p| p.position[axis]).fold(f64::INFINITY, f64::min);
    [0, 1, 2].map(smallest).map(|value| if value.is_finite() { value } else { 0.0 })
}

fn features(metres: [f64; 3], rgb: [u8; 3]) -> [f32; 6] {
    let colour = rgb.map(|channel| (f64::from(channel) / 127.5 - 1.0) as f32);
    [metres[0] as f32, metres[1] as f32, metres[2] as f32, colour[0], colour[1], colour[2]]
}

/// Hash of a voxel.
#[must_use]
pub fn key(voxel: [u32; 3]) -> u64 {
    voxel.iter().fold(FNV.0, |hash, &axis| hash.wrapping_mul(FNV.1) ^ u64::from(axis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(position: [f64; 3]) -> ColouredPoint {
        ColouredPoint { position, rgb: [0, 255, 51] }
    }

    #[test]
    fn one_row_a_voxel_whatever_the_shift() {
        let near = [[1.0, 2.0, 3.0], [1.01, 2.0, 3.0], [1.03, 2.0, 3.0], [40.0, 2.0, 3.0]];
        let voxels = voxelise(&near.map(point), 1280, usize::MAX);
        let mut grid = voxels.grid.clone();
        grid.sort_unstable();
        assert_eq!(grid, [[0, 0, 0], [1, 0, 0], [1279, 0, 0]]);
        assert_eq!(voxels.min_corner, [1.0, 2.0, 3.0]);
        assert!(voxels.grid.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        let far = voxels.features.iter().map(|row| row[0]).fold(0.0, f32::max);
        assert!((far - 39.0).abs() < 1e-6, "the metric position is not clipped");
        assert_eq!(voxels.features[0][3..], [-1.0, 1.0, -0.6]);
    }

    #[test]
    fn a_limit_keeps_a_subset() {
        let points: Vec<ColouredPoint> = (0..1000).map(|i| point([0.05 * f64::from(i), 0.0, 0.0])).collect();
        let all = voxelise(&points, 1280, usize::MAX);
        let some = voxelise(&points, 1280, 100);
        assert_eq!(some.grid, all.grid[..100]);
        assert_eq!(some.occupied, all.grid.len());
    }

    #[test]
    fn nothing_gives_nothing() {
        let voxels = voxelise(&[], 1280, usize::MAX);
        assert!(voxels.grid.is_empty() && voxels.min_corner == [0.0; 3]);
    }
}
