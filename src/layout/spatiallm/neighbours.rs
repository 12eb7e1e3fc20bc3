//! Neighbour rows and pooling cells of a grid: the index tables of convolution and pooling.
//!
//! Takes coordinates, gives for every row the row at each of the 27 offsets of its 3x3x3
//! neighbourhood (Graham et al. 2018, submanifold convolution), and the cells of a grid of half the
//! resolution with their members.

use rayon::prelude::*;
use std::collections::HashMap;

/// Offsets of a 3x3x3 neighbourhood.
pub const OFFSETS: usize = 27;
/// Most rows of a cell of 2x2x2 voxels.
pub const MEMBERS: usize = 8;

/// Row of the neighbour at every offset, `[27, rows]`; offset 9a + 3b + c is (a - 1, b - 1, c - 1) on
/// (x, y, z); the number of rows where there is none.
#[must_use]
pub fn neighbours(grid: &[[u32; 3]]) -> Vec<i64> {
    let row_of: HashMap<[u32; 3], i64> = grid.iter().copied().zip(0..).collect();
    let none = grid.len() as i64;
    let mut table = vec![none; OFFSETS * grid.len()];
    if grid.is_empty() {
        return table;
    }
    table.par_chunks_mut(grid.len()).enumerate().for_each(|(offset, rows)| {
        let step = [offset / 9, offset / 3 % 3, offset % 3];
        for (row, voxel) in rows.iter_mut().zip(grid) {
            // One more than the neighbour, so that nothing is negative.
            let shifted = [0, 1, 2].map(|k| voxel[k].checked_add(step[k] as u32)?.checked_sub(1));
            if let [Some(x), Some(y), Some(z)] = shifted {
                *row = row_of.get(&[x, y, z]).copied().unwrap_or(none);
            }
        }
    });
    table
}

/// A grid of half the resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coarse {
    /// Its coordinates, by x, then y, then z.
    pub grid: Vec<[u32; 3]>,
    /// Cell of every finer row.
    pub cell: Vec<usize>,
    /// Finer rows of each cell in their order, `[cells, 8]`, filled up with the first.
    pub members: Vec<i64>,
}

/// Halves the resolution of a grid.
#[must_use]
pub fn coarsen(grid: &[[u32; 3]]) -> Coarse {
    let mut sorted: Vec<([u32; 3], usize)> =
        grid.iter().enumerate().map(|(row, voxel)| (voxel.map(|axis| axis / 2), row)).collect();
    sorted.sort_unstable();
    let mut coarse = Coarse { grid: Vec::new(), cell: vec![0; grid.len()], members: Vec::new() };
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        for &(_, row) in group {
            coarse.cell[row] = coarse.grid.len();
        }
        let members = group.iter().map(|&(_, row)| row as i64).take(MEMBERS);
        coarse.grid.push(group[0].0);
        coarse.members.extend(members.chain(std::iter::repeat(group[0].1 as i64)).take(MEMBERS));
    }
    coarse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_found_from_both_sides() {
        let grid = [[0, 0, 0], [1, 0, 0], [1, 1, 1], [5, 5, 5]];
        let table = neighbours(&grid);
        let at = |a: usize, b: usize, c: usize, row: usize| table[(9 * a + 3 * b + c) * grid.len() + row];
        assert_eq!((0..4).map(|row| at(1, 1, 1, row)).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!((at(2, 1, 1, 0), at(0, 1, 1, 1)), (1, 0));
        assert_eq!((at(2, 2, 2, 0), at(0, 0, 0, 2)), (2, 0));
        assert_eq!(at(0, 1, 1, 0), 4, "nothing stands outside");
        assert!((0..OFFSETS).filter(|&o| o != 13).all(|o| table[o * 4 + 3] == 4));
    }

    #[test]
    fn cells_hold_each_row_once() {
        let grid = [[3, 2, 2], [0, 0, 1], [2, 2, 3], [1, 1, 1]];
        let coarse = coarsen(&grid);
        assert_eq!(coarse.grid, [[0, 0, 0], [1, 1, 1]]);
        assert_eq!(coarse.cell, [1, 0, 1, 0]);
        assert_eq!(coarse.members, [1, 3, 1, 1, 1, 1, 1, 1, 0, 2, 0, 0, 0, 0, 0, 0]);
    }
}
