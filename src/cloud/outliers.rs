//! Removal of points that no surface supports: small connected pieces and lonely points.
//!
//! Points are put into cells of two voxels; cells that touch (26 neighbours) belong to one piece.

use super::frame::CloudPoint;
use rayon::prelude::*;

/// Cell edge in voxels: pieces separated by less than one empty voxel are joined.
const CELL_VOXELS: f64 = 2.0;
/// A cell with fewer points than this and no more than [`MAX_LONELY_NEIGHBOURS`] occupied neighbours
/// is noise at a border; a flat surface fills 4 points a cell and 8 neighbours.
const MIN_CELL_POINTS: usize = 2;
/// See [`MIN_CELL_POINTS`].
const MAX_LONELY_NEIGHBOURS: usize = 2;

/// Points of pieces that have at least `min_piece_points`, in the order given.
#[must_use]
pub fn remove(points: Vec<CloudPoint>, voxel: f64, min_piece_points: usize) -> Vec<CloudPoint> {
    let cells = Cells::new(&points, voxel * CELL_VOXELS);
    let lonely: Vec<bool> = (0..cells.keys.len())
        .into_par_iter()
        .map(|cell| {
            cells.points_in(cell) < MIN_CELL_POINTS && cells.neighbours(cell).count() <= MAX_LONELY_NEIGHBOURS
        })
        .collect();
    let sizes = cells.piece_sizes(&lonely);
    let mut point_cell = vec![0u32; points.len()];
    for cell in 0..cells.keys.len() {
        for &point in &cells.order[cells.starts[cell]..cells.starts[cell + 1]] {
            point_cell[point as usize] = cell as u32;
        }
    }
    points
        .into_iter()
        .zip(point_cell)
        .filter(|&(_, cell)| !lonely[cell as usize] && sizes[cell as usize] >= min_piece_points)
        .map(|(point, _)| point)
        .collect()
}

/// Occupied cells in lexicographic order (z, y, x), with the points of each.
struct Cells {
    keys: Vec<[i32; 3]>,
    order: Vec<u32>,
    starts: Vec<usize>,
}

impl Cells {
    fn new(points: &[CloudPoint], edge: f64) -> Self {
        let key_of = |point: &CloudPoint| {
            let [x, y, z] = point.position.map(|value| (f64::from(value) / edge).floor() as i32);
            [z, y, x]
        };
        let mut keyed: Vec<([i32; 3], u32)> =
            points.par_iter().enumerate().map(|(index, point)| (key_of(point), index as u32)).collect();
        keyed.par_sort_unstable();
        let (mut keys, mut starts) = (Vec::new(), Vec::new());
        for (position, (key, _)) in keyed.iter().enumerate() {
            if keys.last() != Some(key) {
                keys.push(*key);
                starts.push(position);
            }
        }
        starts.push(keyed.len());
        Self { keys, order: keyed.into_iter().map(|(_, index)| index).collect(), starts }
    }

    fn points_in(&self, cell: usize) -> usize {
        self.starts[cell + 1] - self.starts[cell]
    }

    /// Occupied cells among the 26 around.
    fn neighbours(&self, cell: usize) -> impl Iterator<Item = usize> {
        let [z, y, x] = self.keys[cell];
        (0..9).flat_map(move |row| {
            let (dz, dy) = (row / 3 - 1, row % 3 - 1);
            let first = [z.saturating_add(dz), y.saturating_add(dy), x.saturating_sub(1)];
            let start = self.keys.partition_point(|key| *key < first);
            let last = [first[0], first[1], x.saturating_add(1)];
            (start..(start + 3).min(self.keys.len()))
                .filter(move |&other| self.keys[other] <= last && other != cell)
        })
    }

    /// Points of the piece that each cell belongs to; cells in `skipped` join nothing.
    fn piece_sizes(&self, skipped: &[bool]) -> Vec<usize> {
        let mut parent: Vec<u32> = (0..self.keys.len() as u32).collect();
        for cell in 0..self.keys.len() {
            if skipped[cell] {
                continue;
            }
            for other in self.neighbours(cell).filter(|&other| other < cell && !skipped[other]) {
                let (a, b) = (root(&mut parent, cell), root(&mut parent, other));
                parent[a.max(b)] = a.min(b) as u32;
            }
        }
        let mut totals = vec![0; self.keys.len()];
        for cell in 0..self.keys.len() {
            totals[root(&mut parent, cell)] += self.points_in(cell);
        }
        (0..self.keys.len()).map(|cell| totals[root(&mut parent, cell)]).collect()
    }
}

/// Root of a cell, with path halving.
fn root(parent: &mut [u32], mut cell: usize) -> usize {
    while parent[cell] as usize != cell {
        parent[cell] = parent[parent[cell] as usize];
        cell = parent[cell] as usize;
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f32, y: f32, z: f32) -> CloudPoint {
        CloudPoint { position: [x, y, z], normal: [0.0; 3], rgb: [0; 3], weight: 1.0 }
    }

    #[test]
    fn a_surface_stays_and_specks_go() {
        let mut points: Vec<_> =
            (0..400).map(|i| point(0.02 * (i % 20) as f32, 0.02 * (i / 20) as f32, 0.0)).collect();
        points.extend((0..9).map(|i| point(0.02 * (i % 3) as f32, 0.02 * (i / 3) as f32, 1.0)));
        points.push(point(3.0, 3.0, 3.0));
        let kept = remove(points, 0.02, 60);
        assert_eq!(kept.len(), 400);
        assert!(kept.iter().all(|point| point.position[2] == 0.0));
    }

    #[test]
    fn nothing_from_nothing() {
        assert!(remove(Vec::new(), 0.02, 60).is_empty());
    }
}
