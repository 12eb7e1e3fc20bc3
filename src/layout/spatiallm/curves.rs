//! Space-filling curves: a voxel becomes its place on the curve.
//!
//! Takes grid coordinates and the number of bits per axis, gives codes of `3 · bits` bits. Morton
//! order (Morton 1966): bit b of x, y, z goes to 3b + 2, 3b + 1, 3b. Hilbert order by Skilling's
//! transpose algorithm (Skilling 2004): axes are exchanged and inverted level by level, interleaved,
//! and the Gray code is decoded.

use crate::nn::point_language::Curve;

/// Most bits per axis: three axes fit a code of 48 bits.
pub const MAX_BITS: u32 = 16;

/// Bits per axis that a grid needs: of its largest coordinate plus one, as Point Transformer V3 counts
/// (so 7 needs 4), at most [`MAX_BITS`].
#[must_use]
pub fn bits(grid: &[[u32; 3]]) -> u32 {
    let largest = grid.iter().flatten().copied().max().unwrap_or(0);
    (u32::BITS - largest.saturating_add(1).leading_zeros()).min(MAX_BITS)
}

/// Place of a voxel on a curve of `bits` levels.
#[must_use]
pub fn code(curve: Curve, [x, y, z]: [u32; 3], bits: u32) -> u64 {
    match curve {
        Curve::Z => morton([x, y, z], bits),
        Curve::ZTransposed => morton([y, x, z], bits),
        Curve::Hilbert => hilbert([x, y, z], bits),
        Curve::HilbertTransposed => hilbert([y, x, z], bits),
    }
}

fn morton(axes: [u32; 3], bits: u32) -> u64 {
    (0..bits).fold(0, |code, bit| {
        axes.iter()
            .zip([2, 1, 0])
            .fold(code, |code, (&axis, place)| code | (u64::from(axis >> bit & 1) << (3 * bit + place)))
    })
}

fn hilbert(mut axes: [u32; 3], bits: u32) -> u64 {
    for level in (0..bits).rev() {
        let low = (1 << level) - 1;
        for axis in 0..3 {
            if axes[axis] >> level & 1 == 1 {
                axes[0] ^= low;
            } else {
                let exchanged = (axes[0] ^ axes[axis]) & low;
                axes[0] ^= exchanged;
                axes[axis] ^= exchanged;
            }
        }
    }
    // Gray code to binary: every bit is the parity of itself and those above.
    [1, 2, 4, 8, 16, 32].iter().fold(morton(axes, bits), |code, shift| code ^ code >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_count_one_more_than_the_largest_coordinate() {
        for (largest, wanted) in [(0, 1), (6, 3), (7, 4), (1279, 11), (u32::MAX, MAX_BITS)] {
            assert_eq!(bits(&[[0, largest, 0]]), wanted, "{largest}");
        }
    }

    #[test]
    fn every_curve_visits_every_voxel_once() {
        for curve in [Curve::Z, Curve::ZTransposed, Curve::Hilbert, Curve::HilbertTransposed] {
            let mut codes: Vec<u64> = (0..512).map(|i| code(curve, [i & 7, i >> 3 & 7, i >> 6], 3)).collect();
            codes.sort_unstable();
            assert!(codes.into_iter().eq(0..512), "{curve:?}");
        }
    }

    #[test]
    fn neighbours_on_a_hilbert_curve_are_neighbours_in_space() {
        let mut path: Vec<[u32; 3]> = (0..4096).map(|i| [i & 15, i >> 4 & 15, i >> 8]).collect();
        path.sort_unstable_by_key(|&voxel| code(Curve::Hilbert, voxel, 4));
        for pair in path.windows(2) {
            let steps: u32 = (0..3).map(|k| pair[0][k].abs_diff(pair[1][k])).sum();
            assert_eq!(steps, 1, "{pair:?}");
        }
    }
}
