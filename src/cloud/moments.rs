//! Planes of a cloud's surroundings in linear time: points are summed into cells, cells into cubes.
//!
//! A cell keeps the number of its points, their sum and that of their outer products ([`Moments`]); what is
//! round a place is the sum of its 3x3x3 cells ([`Cells`]), its plane that of their principal directions
//! (Hoppe et al. 1992). [`MomentGrid`] lays the cells over a cloud; where they hold too few points, cells of
//! twice the edge are asked. Frame and units are those of the points.

use crate::math::{Mat3, Vec3};
use rayon::prelude::*;

/// Bits of a cell's index along each axis.
const BITS: u32 = 21;
/// Largest index that a key holds along an axis.
const LAST: u64 = (1 << BITS) - 1;
/// Most cells along an axis of a [`MomentGrid`]; its cells are enlarged for greater extents.
const MAX_CELLS: f64 = (LAST - 1 - (1 << COARSER)) as f64;
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
pub struct Moments {
    /// Number of points.
    pub count: f64,
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

    /// Covariance of the points.
    #[must_use]
    pub fn covariance(&self) -> Mat3 {
        let m = self.sum.map(|s| s / self.count);
        let c = |k: usize, i: usize, j: usize| self.outer[k] / self.count - m[i] * m[j];
        let (xx, xy, xz, yy, yz, zz) =
            (c(0, 0, 0), c(1, 0, 1), c(2, 0, 2), c(3, 1, 1), c(4, 1, 2), c(5, 2, 2));
        Mat3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz)
    }
}

/// Key of a cell from its indices along the slowest, the middle and the fastest axis of the order. Indices lie
/// in 1..2^21 - 2, so that each cell has neighbours; others are taken to the nearest of 0..2^21 - 1.
#[must_use]
pub fn key(indices: [i64; 3]) -> u64 {
    let [slow, middle, fast] = indices.map(|index| index.clamp(0, LAST as i64) as u64);
    slow << (2 * BITS) | middle << BITS | fast
}

/// Cells with their moments, in ascending order of their keys.
pub struct Cells {
    /// Keys.
    pub keys: Vec<u64>,
    moments: Vec<Moments>,
}

impl Cells {
    /// Sums points into cells: keys with the points' numbers, sorted, and where a point is.
    pub fn new(keyed: &[(u64, u32)], position: impl Fn(usize) -> [f64; 3] + Sync) -> Self {
        Self::sums(keyed, |all, i| all.add_point(position(i)))
    }

    fn sums(keyed: &[(u64, u32)], add: impl Fn(&mut Moments, usize) + Sync) -> Self {
        let sum = |group: &[(u64, u32)]| {
            let mut all = Moments::default();
            group.iter().for_each(|&(_, i)| add(&mut all, i as usize));
            all
        };
        let groups: Vec<&[(u64, u32)]> = groups(keyed).collect();
        Self {
            keys: groups.iter().map(|group| group[0].0).collect(),
            moments: groups.par_iter().map(|group| sum(group)).collect(),
        }
    }

    /// Moments of the 3x3x3 cells round a cell: nine runs of three keys that follow each other.
    #[must_use]
    pub fn around(&self, cell: u64) -> Moments {
        let mut all = Moments::default();
        for slow in -1i64..=1 {
            for middle in -1i64..=1 {
                let first = (cell as i64 + (slow << (2 * BITS)) + (middle << BITS) - 1) as u64;
                let start = self.keys.partition_point(|&key| key < first);
                let run = self.keys[start..].iter().take_while(|&&key| key <= first + 2).count();
                self.moments[start..start + run].iter().for_each(|moments| all.add(moments));
            }
        }
        all
    }

    /// The same with cells of twice the edge.
    fn coarser(&self) -> Self {
        let mut keyed: Vec<(u64, u32)> =
            self.keys.iter().enumerate().map(|(i, &cell)| (halved(cell, 1), i as u32)).collect();
        keyed.par_sort_unstable();
        Self::sums(&keyed, |all, i| all.add(&self.moments[i]))
    }
}

fn groups(keyed: &[(u64, u32)]) -> impl Iterator<Item = &[(u64, u32)]> {
    keyed.chunk_by(|a, b| a.0 == b.0)
}

/// Key of the cell of 2^`times` the edge that holds a cell.
fn halved(cell: u64, times: usize) -> u64 {
    let indices = [cell >> (2 * BITS), cell >> BITS & LAST, cell & LAST];
    key(indices.map(|index| (index >> times) as i64))
}

/// Cells of a cloud, and which one each point is in.
pub struct MomentGrid {
    /// The cells, then those of twice the edge each time.
    levels: Vec<Cells>,
    /// Index of every point's cell; [`NO_CELL`] for points that are not finite.
    pub cell_of: Vec<u32>,
    low: [f64; 3],
    edge: f64,
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
        let least = (extent / MAX_CELLS).max(f64::MIN_POSITIVE);
        let edge = if edge > 0.0 && edge.is_finite() { edge.max(least) } else { (2.0 * extent).max(least) };
        // Indices begin where the coarsest cells still have neighbours below; sums are taken about the lowest
        // corner, since a file's coordinates may be large.
        let from_low = |p: &[f32; 3]| [0, 1, 2].map(|k| f64::from(p[k]) - low[k]);
        let cell = |p: &[f32; 3]| {
            let [x, y, z] = from_low(p).map(|v| (v / edge) as i64 + (1 << COARSER));
            key([z, y, x])
        };
        let mut keyed: Vec<(u64, u32)> = positions
            .par_iter()
            .enumerate()
            .filter(|(_, p)| finite(p))
            .map(|(i, p)| (cell(p), i as u32))
            .collect();
        keyed.par_sort_unstable();
        let mut cell_of = vec![NO_CELL; positions.len()];
        for (cell, group) in groups(&keyed).enumerate() {
            group.iter().for_each(|&(_, i)| cell_of[i as usize] = cell as u32);
        }
        let cells = Cells::new(&keyed, |i| from_low(&positions[i]));
        Self { levels: vec![cells], cell_of, low, edge }
    }

    /// Number of cells.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.levels[0].keys.len()
    }

    /// Edge of the cells.
    #[must_use]
    pub fn edge(&self) -> f64 {
        self.edge
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
            self.levels.extend(self.levels.last().map(Cells::coarser));
        }
    }

    /// The plane round a cell; `None` for too few points, a line or a dot.
    #[must_use]
    pub fn plane(&self, cell: usize) -> Option<Plane> {
        let own = self.levels[0].keys[cell];
        let round = |(k, level): (usize, &Cells)| level.around(halved(own, k));
        let moments = self.levels.iter().enumerate().map(round).find(|m| m.count >= MIN_POINTS)?;
        Plane::of(&moments.covariance())
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
