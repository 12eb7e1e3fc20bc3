//! Normals for clouds that come without: the smallest principal direction of each point's surroundings
//! (Hoppe et al. 1992), turned to the side that was probably seen.
//!
//! Without views the side cannot be known. Rooms are seen from inside: a ray into the room meets
//! another surface after a while, one out of it meets nothing, and one into furniture or a partition
//! meets its other face soon. Level surfaces are seen from above unless they are a ceiling, when up
//! is known.

use super::downsample::downsample;
use super::frame::{Cloud, Frame};
use super::moments::{MomentGrid, NO_CELL, Plane};
use crate::math::{Vec3, median};
use kiddo::{ImmutableKdTree, SquaredEuclidean};
use rayon::prelude::*;
use std::num::NonZero;

/// Neighbours of the local plane that are tried, the point itself included: the fewest with which the
/// typical neighbourhood is flat are taken, more where noise is large against the point distance.
const NEIGHBOURS: [usize; 4] = [16, 32, 64, 128];
/// Thickness over width of a neighbourhood that is flat enough to have a normal (about 11 degrees).
const FLATNESS: f64 = 0.2;
/// Points tried for the choice.
const FLATNESS_SAMPLES: usize = 500;
/// Cells across the cube that a plane is fitted to.
const CELLS_ACROSS: f64 = 3.0;
/// Cells in which the distance of points is found first, metres; doubled while a typical one holds fewer points
/// than [`SPACING_COUNT`].
const SPACING_CELL_M: f64 = 0.1;
/// See [`SPACING_CELL_M`].
const SPACING_COUNT: f64 = 4.0;
/// Cells of the occupancy grid that rays run through, metres: less than half a partition wall.
const CELL_M: f64 = 0.05;
/// Rays start this many cells off their surface, whose own noise would stop them.
const START_CELLS: f64 = 1.8;
/// Most cells of the grid (16 MiB of bits); larger scenes get larger cells.
const MAX_CELLS: f64 = 134_217_728.0;
/// Rays end after this many metres: then they left the scene through an opening or a hole.
const MAX_RAY_M: f64 = 12.0;
/// A surface is level when its normal is within this cosine of up (37 degrees).
const LEVEL_COSINE: f64 = 0.8;
/// A level surface is a ceiling when there is nothing above for this far and it is free below for
/// `CEILING_FREE_M`; tables are lower. Metres.
const CEILING_FREE_M: f64 = 1.3;

/// What is known of a cloud's frame.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Unit up vector, when known.
    pub up: Option<Vec3>,
    /// Units of the frame that are (about) a metre.
    pub metre: f64,
}

/// Gives each point the normal of the cell that it is in, estimated from the cells around. Points without a
/// plane around them get a zero normal. Linear in the number of points.
pub fn estimate_normals<F: Frame>(cloud: &mut Cloud<F>, known: Known) {
    if cloud.len() < NEIGHBOURS[0] {
        return;
    }
    let positions: Vec<[f32; 3]> = cloud.points.iter().map(|point| point.position).collect();
    let mut grid = flat_grid(&positions, known.metre);
    grid.coarsen();
    let occupancy = Occupancy::new(&positions, known.metre);
    let normals: Vec<[f32; 3]> = (0..grid.cells())
        .into_par_iter()
        .map(|cell| match grid.plane(cell) {
            Some(plane) => to_array(turned(plane.normal, grid.mean(cell), &occupancy, known)),
            None => [0.0; 3],
        })
        .collect();
    for (point, &cell) in cloud.points.iter_mut().zip(&grid.cell_of) {
        point.normal = if cell == NO_CELL { [0.0; 3] } else { normals[cell as usize] };
    }
}

/// The grid whose neighbourhoods hold the fewest points with which half of them are flat.
fn flat_grid(positions: &[[f32; 3]], metre: f64) -> MomentGrid {
    let spacing = spacing(positions, metre);
    let mut edges = NEIGHBOURS.map(|count| spacing * (count as f64).sqrt() / CELLS_ACROSS).into_iter();
    let mut grid = MomentGrid::new(positions, edges.next().unwrap_or(spacing));
    for edge in edges {
        let stride = positions.len().div_ceil(FLATNESS_SAMPLES);
        let samples: Vec<u32> =
            grid.cell_of.iter().step_by(stride).copied().filter(|&c| c != NO_CELL).collect();
        let ratios: Vec<f64> = samples
            .par_iter()
            .filter_map(|&cell| grid.plane(cell as usize).map(|plane| plane.flatness))
            .collect();
        if median(&ratios).is_some_and(|ratio| ratio <= FLATNESS) {
            break;
        }
        grid = MomentGrid::new(positions, edge);
    }
    grid
}

/// Typical distance of neighbours on a surface: from the points of the cells that typical points are in.
fn spacing(positions: &[[f32; 3]], metre: f64) -> f64 {
    let mut edge = SPACING_CELL_M * metre;
    loop {
        let grid = MomentGrid::new(positions, edge);
        let counts: Vec<f64> = grid
            .cell_of
            .iter()
            .step_by(positions.len().div_ceil(FLATNESS_SAMPLES))
            .filter(|&&cell| cell != NO_CELL)
            .map(|&cell| grid.count(cell as usize) as f64)
            .collect();
        let count = median(&counts).unwrap_or(f64::INFINITY);
        if count >= SPACING_COUNT || grid.cells() <= 1 {
            return grid.edge() / count.max(1.0).sqrt();
        }
        edge = 2.0 * grid.edge();
    }
}

/// Replaces rough normals by those of local planes, on the side of the old ones; exact ones stay.
/// Rough means that neighbourhoods of few points are thick: then the gradient of a fused distance is
/// mostly noise too. Planes are fitted to cells of edge `cell` (units of the frame; 0 for each point
/// by itself) and handed to their points. True when normals were replaced.
pub fn refine_normals<F: Frame>(cloud: &mut Cloud<F>, cell: f64) -> bool {
    let mut cells = downsample(cloud, cell);
    if cells.len() < NEIGHBOURS[0] {
        return false;
    }
    let surroundings = Surroundings::new(&cells);
    let neighbours = surroundings.neighbours_for_flatness();
    if neighbours == NEIGHBOURS[0] {
        return false;
    }
    cells.points.par_iter_mut().for_each(|point| {
        if let Some(Plane { normal, .. }) = surroundings.plane(&point.position, neighbours) {
            let old = to_vec(point.normal);
            point.normal = to_array(if normal.dot(&old) < 0.0 { -normal } else { normal });
        }
    });
    cloud.points.par_iter_mut().for_each(|point| {
        if point.position.iter().all(|value| value.is_finite()) {
            let nearest = surroundings.tree.nearest_one::<SquaredEuclidean>(&point.position);
            point.normal = cells.points[nearest.item as usize].normal;
        }
    });
    true
}

fn to_array(vector: Vec3) -> [f32; 3] {
    [vector.x as f32, vector.y as f32, vector.z as f32]
}

/// The points with a search tree.
struct Surroundings {
    positions: Vec<[f32; 3]>,
    tree: ImmutableKdTree<f32, 3>,
}

impl Surroundings {
    fn new<F: Frame>(cloud: &Cloud<F>) -> Self {
        let positions: Vec<[f32; 3]> = cloud.points.iter().map(|point| point.position).collect();
        // Equal coordinates in bulk overflow a mutable tree's buckets; the immutable tree splits them.
        let tree = ImmutableKdTree::new_from_slice(&positions);
        Self { positions, tree }
    }

    /// The plane through the `count` points nearest to `position`.
    fn plane(&self, position: &[f32; 3], count: usize) -> Option<Plane> {
        let count = NonZero::new(count).unwrap_or(NonZero::<usize>::MIN);
        let near = self.tree.nearest_n::<SquaredEuclidean>(position, count);
        let around: Vec<Vec3> =
            near.iter().map(|neighbour| to_vec(self.positions[neighbour.item as usize])).collect();
        plane_through(&around)
    }

    /// The fewest neighbours with which half of the neighbourhoods are flat.
    fn neighbours_for_flatness(&self) -> usize {
        let stride = self.positions.len().div_ceil(FLATNESS_SAMPLES);
        let samples: Vec<[f32; 3]> = self.positions.iter().step_by(stride).copied().collect();
        let is_flat = |count: usize| {
            let ratios: Vec<f64> = samples
                .par_iter()
                .filter_map(|position| self.plane(position, count).map(|plane| plane.flatness))
                .collect();
            median(&ratios).is_some_and(|ratio| ratio <= FLATNESS)
        };
        NEIGHBOURS.into_iter().find(|&count| is_flat(count)).unwrap_or(NEIGHBOURS[NEIGHBOURS.len() - 1])
    }
}

fn to_vec(position: [f32; 3]) -> Vec3 {
    Vec3::from(position.map(f64::from))
}

/// The plane through the points; `None` when they form a line or a dot.
fn plane_through(points: &[Vec3]) -> Option<Plane> {
    let mean = points.iter().sum::<Vec3>() / points.len() as f64;
    Plane::of(&points.iter().map(|point| (point - mean) * (point - mean).transpose()).sum())
}

/// The normal turned to the side that was probably seen.
fn turned(normal: Vec3, position: Vec3, occupancy: &Occupancy, known: Known) -> Vec3 {
    let forward = occupancy.clearance(position, normal);
    let backward = occupancy.clearance(position, -normal);
    if let Some(up) = known.up.filter(|up| normal.dot(up).abs() > LEVEL_COSINE) {
        let upward = if normal.dot(&up) < 0.0 { -normal } else { normal };
        let (above, below) = if normal.dot(&up) < 0.0 { (backward, forward) } else { (forward, backward) };
        let is_ceiling = above.is_none() && below.is_some_and(|free| free > CEILING_FREE_M * known.metre);
        return if is_ceiling { -upward } else { upward };
    }
    let flip = match (forward, backward) {
        (Some(ahead), Some(behind)) => behind > ahead,
        (None, Some(_)) => true,
        (Some(_), None) => false,
        (None, None) => normal.dot(&(occupancy.centre - position)) < 0.0,
    };
    if flip { -normal } else { normal }
}

/// Which cells hold points: a dense grid of bits.
struct Occupancy {
    low: Vec3,
    edge: f64,
    size: [usize; 3],
    bits: Vec<u64>,
    centre: Vec3,
    max_ray: f64,
}

impl Occupancy {
    fn new(positions: &[[f32; 3]], metre: f64) -> Self {
        let finite = || positions.iter().filter(|p| p.iter().all(|value| value.is_finite()));
        let (mut low, mut high) = (Vec3::repeat(f64::INFINITY), Vec3::repeat(f64::NEG_INFINITY));
        for position in finite() {
            low = low.inf(&to_vec(*position));
            high = high.sup(&to_vec(*position));
        }
        let extent = if low.x <= high.x { high - low } else { Vec3::zeros() };
        let wanted = CELL_M * metre;
        let volume: f64 = extent.iter().map(|side| side / wanted + 1.0).product();
        let edge = wanted * (volume / MAX_CELLS).cbrt().max(1.0);
        let size = [0, 1, 2].map(|axis| (extent[axis] / edge) as usize + 1);
        let mut grid = Self {
            low,
            edge,
            size,
            bits: vec![0; (size[0] * size[1] * size[2]).div_ceil(64)],
            centre: low + 0.5 * extent,
            max_ray: MAX_RAY_M * metre,
        };
        for position in finite() {
            if let Some(cell) = grid.cell(&to_vec(*position)) {
                grid.bits[cell / 64] |= 1 << (cell % 64);
            }
        }
        grid
    }

    fn cell(&self, point: &Vec3) -> Option<usize> {
        let mut index = [0; 3];
        for axis in 0..3 {
            let cell = ((point[axis] - self.low[axis]) / self.edge).floor();
            if !(cell >= 0.0 && cell < self.size[axis] as f64) {
                return None;
            }
            index[axis] = cell as usize;
        }
        Some(index[0] + self.size[0] * (index[1] + self.size[1] * index[2]))
    }

    /// Distance to the next occupied cell along a ray; `None` when it leaves the scene first.
    fn clearance(&self, from: Vec3, direction: Vec3) -> Option<f64> {
        let steps = (self.max_ray / self.edge) as usize;
        for step in 0..steps {
            let distance = (START_CELLS + step as f64) * self.edge;
            let cell = self.cell(&(from + direction * distance))?;
            if self.bits[cell / 64] & (1 << (cell % 64)) != 0 {
                return Some(distance);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{CloudPoint, World};

    /// Points with a spacing of 4 cm on a box's faces.
    fn faces(low: [f32; 3], high: [f32; 3], skip_bottom: bool) -> Vec<[f32; 3]> {
        let mut points = Vec::new();
        for axis in 0..3 {
            let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
            for side in [low[axis], high[axis]] {
                if skip_bottom && axis == 2 && side == low[axis] {
                    continue;
                }
                for i in 1..((high[a] - low[a]) / 0.04) as usize {
                    for j in 1..((high[b] - low[b]) / 0.04) as usize {
                        let mut point = [0.0; 3];
                        point[axis] = side;
                        point[a] = low[a] + 0.04 * i as f32;
                        point[b] = low[b] + 0.04 * j as f32;
                        points.push(point);
                    }
                }
            }
        }
        points
    }

    fn cloud_of(positions: &[[f32; 3]]) -> Cloud<World> {
        let point = |&position| CloudPoint { position, normal: [0.0; 3], rgb: [0; 3], weight: 1.0 };
        Cloud::new(positions.iter().map(point).collect())
    }

    #[test]
    fn two_rooms_and_a_table_are_seen_from_inside() {
        let room_a = faces([0.0, 0.0, 0.0], [4.0, 3.0, 2.5], false);
        let room_b = faces([4.12, 0.0, 0.0], [7.0, 3.0, 2.5], false);
        let table = faces([1.5, 1.2, 0.0], [2.5, 1.9, 0.74], true);
        let mut cloud = cloud_of(&[room_a.clone(), room_b.clone(), table.clone()].concat());
        estimate_normals(&mut cloud, Known { up: Some(Vec3::z()), metre: 1.0 });
        let right = |range: std::ops::Range<usize>, inside: [f32; 3], sign: f32| {
            let points = &cloud.points[range];
            let good = points.iter().filter(|point| {
                let towards: f32 = (0..3).map(|c| (inside[c] - point.position[c]) * point.normal[c]).sum();
                towards * sign > 0.0
            });
            good.count() as f64 / points.len() as f64
        };
        let (a, b) = (room_a.len(), room_a.len() + room_b.len());
        assert!(right(0..a, [2.0, 1.5, 1.25], 1.0) > 0.95);
        assert!(right(a..b, [5.5, 1.5, 1.25], 1.0) > 0.95);
        assert!(right(b..cloud.len(), [2.0, 1.5, 0.4], -1.0) > 0.9);
    }

    #[test]
    fn rough_normals_are_replaced_and_good_ones_kept() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for (noise, is_replaced) in [(0.0, false), (0.03, true)] {
            let mut cloud = cloud_of(&faces([0.0, 0.0, 0.0], [4.0, 3.0, 2.5], false));
            for point in &mut cloud.points {
                let floor = point.position[2] == 0.0;
                let mut rough = || rng.random_range(-1.0..1.0f32);
                point.normal = if floor && noise > 0.0 { [rough(), rough(), 1.0] } else { [0.0, 0.0, 1.0] };
                point.position = point.position.map(|value| value + noise as f32 * rough());
            }
            let before = cloud.clone();
            assert_eq!(refine_normals(&mut cloud, 0.06), is_replaced);
            if !is_replaced {
                assert_eq!(cloud.points, before.points);
                continue;
            }
            let inner = cloud.points.iter().filter(|p| {
                p.position[2] < 0.05
                    && (0.3..3.7).contains(&p.position[0])
                    && (0.3..2.7).contains(&p.position[1])
            });
            let good = inner.clone().filter(|p| p.normal[2] > 0.98).count();
            assert!(good * 10 > 9 * inner.clone().count(), "{good} of {}", inner.count());
        }
    }

    #[test]
    fn equal_points_and_few_points_have_no_normal() {
        for count in [3, 500] {
            let mut cloud = cloud_of(&vec![[1.0; 3]; count]);
            estimate_normals(&mut cloud, Known { up: None, metre: 1.0 });
            assert!(cloud.points.iter().all(|point| point.normal == [0.0; 3]));
        }
    }
}
