//! Planes of a cloud's surroundings in linear time: points are summed into cells, cells into cubes.
//!
//! A cell keeps the number of its points, their sum and that of their outer products; the plane of a place
//! is that of the 3x3x3 cells round it (principal directions, Hoppe et al. 1992). Where these hold too few
//! points, cells of twice the edge are asked. Frame and units are those of the points.

use crate::math::{Mat3, Vec3};
use rayon::prelude::*;

/// Bits of a cell's index along each axis.
const BITS: u32 = 21;
/// Largest index along an axis; cells are enlarged for greater extents.
const MAX_INDEX: f64 = ((1 << BITS) - 2) as f64;
/// A cell index of a point that is not finite.
pub const NO_CELL: u32 = u32::MAX;
/// Fewest points of a plane.
const MIN_POINTS: f64 = 8.0;
/// Coarser grids that are asked where there are too few points.
const COARSER: usize = 3;
/// A neighbourhood whose middle spread is less than this share of its largest is a line: no normal.
const MIN_PLANE_RATIO: f64 = 1e-4;

/// A local plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    /// Unit normal; the side is arbitrary.
    pub normal: Vec3,
    /// Thickness over the lesser width of the points.
    pub flatness: f64,
}

impl Plane {
    /// The plane of points with this scatter about their mean; `None` for a line or a dot.
    #[must_use]
    pub fn of(scatter: &Mat3) -> Option<Self> {
        let eigen = scatter.symmetric_eigen();
        let mut order = [0, 1, 2];
        order.sort_by(|&a, &b| eigen.eigenvalues[a].total_cmp(&eigen.eigenvalues[b]));
        let [small, middle, large] = order.map(|index| eigen.eigenvalues[index]);
        let is_plane = large.is_finite() && middle > MIN_PLANE_RATIO * large && large > 0.0;
        is_plane.then(|| Self {
            normal: eigen.eigenvectors.column(order[0]).into_owned(),
            flatness: (small.max(0.0) / middle).sqrt(),
        })
    }
}

/// Sums over points.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    sum: [f64; 3],
    /// xx, xy, xz, yy, yz, zz.
    outer: [f64; 6],
}

impl Moments {
    fn add_point(&mut self, [x, y, z]: [f64; 3]) {
        let point = Self { count: 1.0, sum: [x, y, z], outer: [x * x, x * y, x * z, y * y, y * z, z * z] };
        self.add(&point);
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum.iter_mut().zip(other.sum).for_each(|(a, b)| *a += b);
        self.outer.iter_mut().zip(other.outer).for_each(|(a, b)| *a += b);
    }

    fn plane(&self) -> Option<Plane> {
        let mean = self.sum.map(|s| s / self.count);
        let [xx, xy, xz, yy, yz, zz] = self.outer.map(|o| o / self.count);
        let [x, y, z] = mean;
        let scatter = Mat3::new(
            xx - x * x,
            xy - x * y,
            xz - x * z,
            xy - x * y,
            yy - y * y,
            yz - y * z,
            xz - x * z,
            yz - y * z,
            zz - z * z,
        );
        Plane::of(&scatter)
    }
}

/// Cells of one edge with their moments, in ascending order of their keys (z, y, x).
struct Level {
    edge: f64,
    keys: Vec<u64>,
    moments: Vec<Moments>,
}

fn key([x, y, z]: [u64; 3]) -> u64 {
    x | y << BITS | z << (2 * BITS)
}

fn index(key: u64) -> [u64; 3] {
    let mask = (1 << BITS) - 1;
    [key & mask, key >> BITS & mask, key >> (2 * BITS)]
}

impl Level {
    /// Moments of the 3x3x3 cells round a cell: nine runs of three keys that follow each other.
    fn around(&self, cell: u64) -> Moments {
        let [x, y, z] = index(cell);
        let mut all = Moments::default();
        for z in z.saturating_sub(1)..=z + 1 {
            for y in y.saturating_sub(1)..=y + 1 {
                let (first, last) = (key([x.saturating_sub(1), y, z]), key([x + 1, y, z]));
                let start = self.keys.partition_point(|&key| key < first);
                let run = self.keys[start..].iter().take_while(|&&key| key <= last).count();
                self.moments[start..start + run].iter().for_each(|moments| all.add(moments));
            }
        }
        all
    }

    /// The same with cells of twice the edge.
    fn coarser(&self) -> Self {
        let half = |cell: u64| key(index(cell).map(|i| i / 2));
        let mut order: Vec<(u64, u32)> =
            self.keys.iter().enumerate().map(|(i, &cell)| (half(cell), i as u32)).collect();
        order.par_sort_unstable();
        let sum = |group: &[(u64, u32)]| {
            group.iter().fold(Moments::default(), |mut all, &(_, i)| {
                all.add(&self.moments[i as usize]);
                all
            })
        };
        let groups: Vec<&[(u64, u32)]> = order.chunk_by(|a, b| a.0 == b.0).collect();
        Self {
            edge: 2.0 * self.edge,
            keys: groups.iter().map(|group| group[0].0).collect(),
            moments: groups.par_iter().map(|group| sum(group)).collect(),
        }
    }
}

/// Cells of a cloud, and which one each point is in.
pub struct MomentGrid {
    levels: Vec<Level>,
    /// Index of every point's cell; [`NO_CELL`] for points that are not finite.
    pub cell_of: Vec<u32>,
    low: [f64; 3],
}

impl MomentGrid {
    /// Sums points into cells of this edge (more for extents beyond two million cells).
    ///
    /// # Panics
    /// Never: an `edge` that is not positive is taken as that of a single cell.
    #[must_use]
    pub fn new(positions: &[[f32; 3]], edge: f64) -> Self {
        let finite = |p: &[f32; 3]| p.iter().all(|value| value.is_finite());
        let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for position in positions.iter().filter(|p| finite(p)) {
            for axis in 0..3 {
                low[axis] = low[axis].min(f64::from(position[axis]));
                high[axis] = high[axis].max(f64::from(position[axis]));
            }
        }
        let extent = (0..3).map(|axis| high[axis] - low[axis]).fold(0.0, f64::max);
        let least = (extent / MAX_INDEX).max(f64::MIN_POSITIVE);
        let edge = if edge > 0.0 && edge.is_finite() { edge.max(least) } else { (2.0 * extent).max(least) };
        let cell = |p: &[f32; 3]| key([0, 1, 2].map(|k| ((f64::from(p[k]) - low[k]) / edge) as u64));
        let mut keyed: Vec<(u64, u32)> = positions
            .par_iter()
            .enumerate()
            .filter(|(_, p)| finite(p))
            .map(|(i, p)| (cell(p), i as u32))
            .collect();
        keyed.par_sort_unstable();
        let groups: Vec<&[(u64, u32)]> = keyed.chunk_by(|a, b| a.0 == b.0).collect();
        // Sums are taken about the lowest corner: a file's coordinates may be large.
        let sum = |group: &[(u64, u32)]| {
            group.iter().fold(Moments::default(), |mut all, &(_, i)| {
                let p = positions[i as usize];
                all.add_point([0, 1, 2].map(|k| f64::from(p[k]) - low[k]));
                all
            })
        };
        let moments = groups.par_iter().map(|group| sum(group)).collect();
        let mut cell_of = vec![NO_CELL; positions.len()];
        for (cell, group) in groups.iter().enumerate() {
            group.iter().for_each(|&(_, i)| cell_of[i as usize] = cell as u32);
        }
        let keys = groups.iter().map(|group| group[0].0).collect();
        Self { levels: vec![Level { edge, keys, moments }], cell_of, low }
    }

    /// Number of cells.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.levels[0].keys.len()
    }

    /// Edge of the cells.
    #[must_use]
    pub fn edge(&self) -> f64 {
        self.levels[0].edge
    }

    /// Mean of a cell's points.
    #[must_use]
    pub fn mean(&self, cell: usize) -> Vec3 {
        let moments = &self.levels[0].moments[cell];
        Vec3::from([0, 1, 2].map(|k| self.low[k] + moments.sum[k] / moments.count))
    }

    /// Number of points in a cell.
    #[must_use]
    pub fn count(&self, cell: usize) -> usize {
        self.levels[0].moments[cell].count as usize
    }

    /// Adds the coarser grids that thin places need.
    pub fn coarsen(&mut self) {
        for _ in 0..COARSER {
            self.levels.extend(self.levels.last().map(Level::coarser));
        }
    }

    /// The plane round a cell; `None` for too few points, a line or a dot.
    #[must_use]
    pub fn plane(&self, cell: usize) -> Option<Plane> {
        let place = index(self.levels[0].keys[cell]);
        let round = |(k, level): (usize, &Level)| level.around(key(place.map(|i| i >> k)));
        let moments = self.levels.iter().enumerate().map(round).find(|m| m.count >= MIN_POINTS)?;
        moments.plane()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tilted plane far from the origin, with one stray point and one that is none.
    fn tilted() -> Vec<[f32; 3]> {
        let mut points: Vec<[f32; 3]> = (0..40 * 40)
            .map(|k| [(k % 40) as f32 * 0.02, (k / 40) as f32 * 0.02, 0.0])
            .map(|[x, y, _]| [100.0 + x, -50.0 + y, 7.0 + 0.5 * x])
            .collect();
        points.extend([[100.0, -50.0, 9.0], [f32::NAN, 0.0, 0.0]]);
        points
    }

    #[test]
    fn a_plane_is_found_and_a_stray_point_has_none() {
        let points = tilted();
        let mut grid = MomentGrid::new(&points, 0.05);
        grid.coarsen();
        let expected = Vec3::new(-0.5, 0.0, 1.0).normalize();
        for cell in &grid.cell_of[..1600] {
            let plane = grid.plane(*cell as usize).unwrap();
            assert!(plane.normal.dot(&expected).abs() > 0.9999, "{:?}", plane.normal);
            assert!(plane.flatness < 0.01);
        }
        assert_eq!(grid.plane(grid.cell_of[1600] as usize), None);
        assert_eq!(grid.cell_of[1601], NO_CELL);
        let counted: usize = (0..grid.cells()).map(|cell| grid.count(cell)).sum();
        assert_eq!(counted, 1601);
        assert!((grid.mean(grid.cell_of[1600] as usize) - Vec3::new(100.0, -50.0, 9.0)).norm() < 1e-6);
    }

    #[test]
    fn thin_places_ask_coarser_cells() {
        let points: Vec<[f32; 3]> =
            (0..20 * 20).map(|k| [(k % 20) as f32 * 0.1, (k / 20) as f32 * 0.1, 0.0]).collect();
        let mut grid = MomentGrid::new(&points, 0.03);
        assert_eq!(grid.plane(0), None);
        grid.coarsen();
        assert!(grid.plane(0).unwrap().normal.z.abs() > 0.999);
    }

    #[test]
    fn nothing_and_odd_edges_are_taken() {
        assert_eq!(MomentGrid::new(&[], 0.1).cells(), 0);
        assert_eq!(MomentGrid::new(&tilted(), 0.0).cells(), 1);
        assert!(MomentGrid::new(&tilted(), 1e-30).edge() > 1e-7);
    }
}
