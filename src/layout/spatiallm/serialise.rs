//! Orders of the rows along space-filling curves, and the attention patches cut from them.
//!
//! Takes the grid of a stage, gives for each curve the code of every row, the rows in the order of
//! the curve, and their places in it; then patches of K rows. Source: Point Transformer V3 (Wu et al.
//! 2024), whose last patch, when it is not full, borrows the rows of the patch before it.

use super::curves;
use crate::nn::point_language::Curve;
use rayon::prelude::*;

/// A stage along one curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Code of every row.
    pub codes: Vec<u64>,
    /// Rows in the order of their codes.
    pub rows: Vec<usize>,
    /// Place of every row in that order.
    pub places: Vec<usize>,
}

/// Orders of a stage's rows along these curves.
#[must_use]
pub fn orders(grid: &[[u32; 3]], curves: &[Curve]) -> Vec<Order> {
    let bits = curves::bits(grid);
    curves
        .par_iter()
        .map(|&curve| {
            let codes: Vec<u64> = grid.iter().map(|&voxel| curves::code(curve, voxel, bits)).collect();
            let mut rows: Vec<usize> = (0..grid.len()).collect();
            // Stable, so that equal codes (grids beyond 16 bits) keep the order of rows.
            rows.sort_by_key(|&row| codes[row]);
            let mut places = vec![0; rows.len()];
            for (place, &row) in rows.iter().enumerate() {
                places[row] = place;
            }
            Order { codes, rows, places }
        })
        .collect()
}

/// How a sequence of rows is cut into patches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patches {
    /// Rows of a patch.
    pub size: usize,
    /// Place in the sequence for every slot of every patch, patches one after the other. The slots of
    /// a sequence's own rows are their places, so nothing else is needed to undo the cut.
    pub places: Vec<usize>,
}

/// Cuts a sequence of `length` rows into patches of at most `size`.
#[must_use]
pub fn patches(length: usize, size: usize) -> Patches {
    let size = size.min(length).max(1);
    let slots = length.div_ceil(size) * size;
    let borrowed = |slot: usize| if slot < length { slot } else { slot - size };
    Patches { size, places: (0..slots).map(borrowed).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_patch_borrows_from_the_one_before() {
        assert_eq!(patches(5, 3), Patches { size: 3, places: vec![0, 1, 2, 3, 4, 2] });
        assert_eq!(patches(6, 3).places.len(), 6);
        assert_eq!(patches(2, 64), Patches { size: 2, places: vec![0, 1] });
        assert!(patches(0, 64).places.is_empty());
    }

    #[test]
    fn places_invert_rows() {
        let grid: Vec<[u32; 3]> = (0..200).map(|i| [i * 7 % 13, i * 5 % 11, i % 17]).collect();
        for order in orders(&grid, &[Curve::Z, Curve::HilbertTransposed]) {
            assert!((0..grid.len()).all(|row| order.rows[order.places[row]] == row));
            assert!(order.rows.windows(2).all(|pair| order.codes[pair[0]] <= order.codes[pair[1]]));
        }
    }
}
