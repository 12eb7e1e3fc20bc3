//! What SpatialLM does to a cloud before it looks: means of voxels, then statistical outliers.
//!
//! Takes finite coloured points, gives fewer. A voxel's points become their mean position and colour;
//! a point is an outlier when the mean distance to its nearest neighbours is beyond the mean of all
//! such distances by two of their standard deviations (Rusu et al. 2008). Order: by voxel.

use super::voxels::ColouredPoint;
use kiddo::{ImmutableKdTree, SquaredEuclidean};
use rayon::prelude::*;
use std::num::NonZeroUsize;

/// Neighbours that are looked at, the point itself (at distance 0) among them: the published default.
const NEIGHBOURS: NonZeroUsize = NonZeroUsize::new(15).expect("because 15 is not 0");
/// Standard deviations beyond the mean that make an outlier: the published default.
const SIGMAS: f64 = 2.0;

/// Means of voxels of edge `size_m`, without outliers.
#[must_use]
pub fn clean(points: &[ColouredPoint], size_m: f64) -> Vec<ColouredPoint> {
    without_outliers(voxel_means(points, size_m))
}

/// One point for each voxel: mean position and mean colour. The voxel grid starts half a voxel below
/// the smallest coordinates.
fn voxel_means(points: &[ColouredPoint], size_m: f64) -> Vec<ColouredPoint> {
    let origin = [0, 1, 2]
        .map(|axis| points.iter().map(|p| p.position[axis]).fold(f64::INFINITY, f64::min) - 0.5 * size_m);
    let mut order: Vec<([i64; 3], usize)> = points
        .iter()
        .enumerate()
        .map(|(i, p)| ([0, 1, 2].map(|k| ((p.position[k] - origin[k]) / size_m).floor() as i64), i))
        .collect();
    order.sort_unstable();
    order
        .chunk_by(|a, b| a.0 == b.0)
        .map(|voxel| {
            let count = voxel.len() as f64;
            let mean = |value: &dyn Fn(&ColouredPoint) -> f64| {
                voxel.iter().map(|&(_, i)| value(&points[i])).sum::<f64>() / count
            };
            ColouredPoint {
                position: [0, 1, 2].map(|k| mean(&|p| p.position[k])),
                // Truncated, as the published code does.
                rgb: [0, 1, 2].map(|k| (255.0 * mean(&|p| f64::from(p.rgb[k]) / 255.0)) as u8),
            }
        })
        .collect()
}

fn without_outliers(points: Vec<ColouredPoint>) -> Vec<ColouredPoint> {
    if points.len() < 2 {
        // A single point has no neighbour and no spread: the published rule would drop it.
        return Vec::new();
    }
    let positions: Vec<[f64; 3]> = points.iter().map(|p| p.position).collect();
    let tree: ImmutableKdTree<f64, 3> = ImmutableKdTree::new_from_slice(&positions);
    let distances: Vec<f64> = positions
        .par_iter()
        .map(|position| {
            let near = tree.nearest_n::<SquaredEuclidean>(position, NEIGHBOURS);
            near.iter().map(|n| n.distance.sqrt()).sum::<f64>() / near.len() as f64
        })
        .collect();
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    let squares: f64 = distances.iter().map(|d| (d - mean).powi(2)).sum();
    let limit = mean + SIGMAS * (squares / (distances.len() - 1) as f64).sqrt();
    let kept = |distance: f64| distance > 0.0 && distance < limit;
    points.into_iter().zip(distances).filter(|&(_, distance)| kept(distance)).map(|(p, _)| p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> Vec<ColouredPoint> {
        let point = |i: i32| ColouredPoint {
            position: [0.03 * f64::from(i % 40), 0.03 * f64::from(i / 40), 0.0],
            rgb: [200, 100, 7],
        };
        (0..1600).map(point).collect()
    }

    #[test]
    fn a_stray_point_goes_and_a_surface_stays() {
        let mut points = plane();
        points.push(ColouredPoint { position: [0.5, 0.5, 3.0], rgb: [0; 3] });
        let kept = clean(&points, 0.025);
        assert!(kept.iter().all(|p| p.position[2] < 1.0));
        assert!(kept.len() > 1500, "{}", kept.len());
        assert!(kept.iter().all(|p| p.rgb[0].abs_diff(200) <= 1));
    }

    #[test]
    fn points_of_a_voxel_become_their_mean() {
        let at = |x: f64, red: u8| ColouredPoint { position: [x, 0.0, 0.0], rgb: [red, 0, 0] };
        let means = voxel_means(&[at(0.0, 0), at(0.01, 100), at(1.0, 9)], 0.025);
        assert_eq!(means.len(), 2);
        assert!((means[0].position[0] - 0.005).abs() < 1e-12 && means[0].rgb[0].abs_diff(50) <= 1);
    }

    #[test]
    fn nothing_and_a_single_point_leave_nothing() {
        assert!(clean(&[], 0.025).is_empty());
        assert!(clean(&plane()[..1], 0.025).is_empty());
    }
}
