//! Normals for clouds that come without: the smallest principal direction of each point's nearest
//! neighbours (Hoppe et al. 1992), turned towards the inside of the scan.
//!
//! Without views the side cannot be known; rooms are seen from inside, so a normal points to the
//! side on which more of the open volume lies: to the median of the cloud for walls and ceilings,
//! upward (away from the lower side) only when `up` is known. Objects' far sides may be wrong.

use super::frame::{Cloud, Frame};
use crate::math::{Mat3, Vec3, median};
use kiddo::{ImmutableKdTree, SquaredEuclidean};
use rayon::prelude::*;
use std::num::NonZero;

/// Neighbours of the local plane that are tried, the point itself included: the fewest with which the
/// typical neighbourhood is flat are taken, more where noise is large against the point distance.
const NEIGHBOURS: [usize; 4] = [16, 32, 64, 128];
/// Thickness over width of a neighbourhood that is flat enough to have a normal (about 8 degrees).
const FLATNESS: f64 = 0.2;
/// Points tried for the choice.
const FLATNESS_SAMPLES: usize = 500;
/// A neighbourhood whose middle spread is less than this share of its largest is a line: no normal.
const MIN_PLANE_RATIO: f64 = 1e-4;
/// Points used for the median centre.
const CENTRE_SAMPLES: usize = 100_000;

/// Gives each point a normal estimated from its neighbours, oriented towards the middle of the
/// cloud; near-horizontal normals of low surfaces point along `up` when that is known.
/// Points without a plane around them keep a zero normal.
pub fn estimate_normals<F: Frame>(cloud: &mut Cloud<F>, up: Option<Vec3>) {
    if cloud.len() < NEIGHBOURS[0] {
        return;
    }
    let positions: Vec<[f32; 3]> = cloud.points.iter().map(|point| point.position).collect();
    // Equal coordinates in bulk overflow a mutable tree's buckets; the immutable tree splits them.
    let tree: ImmutableKdTree<f32, 3> = ImmutableKdTree::new_from_slice(&positions);
    let around = |position: &[f32; 3], count: usize| -> Vec<Vec3> {
        let count = NonZero::new(count).unwrap_or(NonZero::<usize>::MIN);
        let near = tree.nearest_n::<SquaredEuclidean>(position, count);
        near.iter().map(|neighbour| to_vec(positions[neighbour.item as usize])).collect()
    };
    let neighbours = neighbours_for(&positions, &around);
    let centre = centre(&positions);
    cloud.points.par_iter_mut().for_each(|point| {
        let Some((normal, _)) = plane_normal(&around(&point.position, neighbours)) else {
            point.normal = [0.0; 3];
            return;
        };
        let inward = centre - to_vec(point.position);
        let below = up.is_some_and(|up| normal.dot(&up).abs() > 0.8 && inward.dot(&up) > -0.5);
        let towards = if below { up.unwrap_or(inward) } else { inward };
        let normal = if normal.dot(&towards) < 0.0 { -normal } else { normal };
        point.normal = [normal.x as f32, normal.y as f32, normal.z as f32];
    });
}

/// The fewest neighbours with which half of the neighbourhoods are flat.
fn neighbours_for(positions: &[[f32; 3]], around: &(dyn Fn(&[f32; 3], usize) -> Vec<Vec3> + Sync)) -> usize {
    let stride = positions.len().div_ceil(FLATNESS_SAMPLES);
    let samples: Vec<[f32; 3]> = positions.iter().step_by(stride).copied().collect();
    let is_flat = |count: usize| {
        let ratios: Vec<f64> = samples
            .par_iter()
            .filter_map(|position| plane_normal(&around(position, count)).map(|(_, flatness)| flatness))
            .collect();
        median(&ratios).is_some_and(|ratio| ratio <= FLATNESS)
    };
    NEIGHBOURS.into_iter().find(|&count| is_flat(count)).unwrap_or(NEIGHBOURS[NEIGHBOURS.len() - 1])
}

fn to_vec(position: [f32; 3]) -> Vec3 {
    Vec3::from(position.map(f64::from))
}

/// Median position.
fn centre(positions: &[[f32; 3]]) -> Vec3 {
    let stride = (positions.len() / CENTRE_SAMPLES).max(1);
    Vec3::from([0, 1, 2].map(|axis| {
        let values: Vec<f64> =
            positions.iter().step_by(stride).map(|position| f64::from(position[axis])).collect();
        median(&values).unwrap_or(0.0)
    }))
}

/// Unit normal of the plane through the points, and its thickness over its lesser width; `None` when
/// they form a line or a dot.
fn plane_normal(points: &[Vec3]) -> Option<(Vec3, f64)> {
    let mean = points.iter().sum::<Vec3>() / points.len() as f64;
    let scatter: Mat3 = points.iter().map(|point| (point - mean) * (point - mean).transpose()).sum();
    let eigen = scatter.symmetric_eigen();
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| eigen.eigenvalues[a].total_cmp(&eigen.eigenvalues[b]));
    let [small, middle, large] = order.map(|index| eigen.eigenvalues[index]);
    let is_plane = large.is_finite() && middle > MIN_PLANE_RATIO * large && large > 0.0;
    is_plane.then(|| (eigen.eigenvectors.column(order[0]).into_owned(), (small.max(0.0) / middle).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{CloudPoint, World};

    fn room() -> Cloud<World> {
        let mut points = Vec::new();
        let mut add = |position: [f32; 3]| {
            points.push(CloudPoint { position, normal: [0.0; 3], rgb: [0; 3], weight: 1.0 });
        };
        for i in 0..40 {
            for j in 0..25 {
                let (a, b) = (0.1 * i as f32, 0.1 * j as f32);
                add([a, 0.0, b]);
                add([a, 4.0, b]);
                add([0.0, a, b]);
                add([4.0, a, b]);
            }
            for j in 0..40 {
                add([0.1 * i as f32, 0.1 * j as f32, 0.0]);
                add([0.1 * i as f32, 0.1 * j as f32, 2.5]);
            }
        }
        Cloud::new(points)
    }

    #[test]
    fn normals_of_a_room_point_inside() {
        let mut cloud = room();
        estimate_normals(&mut cloud, None);
        let right = cloud.points.iter().filter(|point| {
            let [x, y, z] = point.position;
            let inward = [2.0 - x, 2.0 - y, 1.25 - z];
            let towards: f32 = (0..3).map(|c| inward[c] * point.normal[c]).sum();
            let largest = point.normal.iter().fold(0.0f32, |max, value| max.max(value.abs()));
            towards > 0.0 && largest > 0.99
        });
        let share = right.count() as f64 / cloud.len() as f64;
        assert!(share > 0.7, "two rows at the edges aside (a quarter of the points), but {share}");
    }

    #[test]
    fn equal_points_and_few_points_have_no_normal() {
        let point = CloudPoint { position: [1.0; 3], normal: [0.0; 3], rgb: [0; 3], weight: 1.0 };
        for count in [3, 500] {
            let mut cloud = Cloud::<World>::new(vec![point; count]);
            estimate_normals(&mut cloud, None);
            assert!(cloud.points.iter().all(|point| point.normal == [0.0; 3]));
        }
    }
}
