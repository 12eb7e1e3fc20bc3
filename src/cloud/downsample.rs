//! One point a voxel, for clouds too dense to work with.

use super::frame::{Cloud, CloudPoint, Frame};
use rayon::prelude::*;

/// The mean of the points of each voxel of edge `voxel` (units of the frame): weighted positions and
/// colours, normals summed and normalised, weights added up. Voxels in lexicographic order of
/// (z, y, x); within a voxel points count in their order, so the result is deterministic.
/// Points that are not finite are left out; a `voxel` that is not positive returns the cloud as it is.
#[must_use]
pub fn downsample<F: Frame>(cloud: &Cloud<F>, voxel: f64) -> Cloud<F> {
    if !(voxel > 0.0 && voxel.is_finite()) {
        return cloud.clone();
    }
    let key_of = |point: &CloudPoint| {
        let [x, y, z] = point.position.map(|value| (f64::from(value) / voxel).floor() as i32);
        [z, y, x]
    };
    let mut keyed: Vec<([i32; 3], u32)> = cloud
        .points
        .par_iter()
        .enumerate()
        .filter(|(_, point)| point.position.iter().all(|value| value.is_finite()))
        .map(|(index, point)| (key_of(point), index as u32))
        .collect();
    keyed.par_sort_unstable();
    let groups: Vec<&[([i32; 3], u32)]> = keyed.chunk_by(|a, b| a.0 == b.0).collect();
    let points = groups
        .par_iter()
        .map(|group| mean(group.iter().map(|&(_, index)| &cloud.points[index as usize])))
        .collect();
    Cloud::new(points)
}

fn mean<'a>(points: impl Iterator<Item = &'a CloudPoint>) -> CloudPoint {
    let (mut position, mut normal, mut color) = ([0.0f64; 3], [0.0f64; 3], [0.0f64; 3]);
    let (mut total, mut shares) = (0.0, 0.0);
    for point in points {
        let weight = f64::from(point.weight);
        let share = if weight > 0.0 { weight } else { f64::MIN_POSITIVE };
        for c in 0..3 {
            position[c] += share * f64::from(point.position[c]);
            normal[c] += share * f64::from(point.normal[c]);
            color[c] += share * f64::from(point.rgb[c]);
        }
        total += weight;
        shares += share;
    }
    let length = normal.iter().map(|value| value * value).sum::<f64>().sqrt();
    CloudPoint {
        position: position.map(|value| (value / shares) as f32),
        normal: if length > 0.0 { normal.map(|value| (value / length) as f32) } else { [0.0; 3] },
        rgb: color.map(|value| (value / shares).round() as u8),
        weight: total as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::World;

    #[test]
    fn points_of_a_voxel_become_their_mean() {
        let at = |x: f32| CloudPoint {
            position: [x, 0.01, 0.01],
            normal: [0.0, 0.0, 1.0],
            rgb: [10, 20, 30],
            weight: 2.0,
        };
        let cloud = Cloud::<World>::new(vec![at(0.11), at(0.01), at(0.03), at(f32::NAN)]);
        let small = downsample(&cloud, 0.05);
        assert_eq!(small.len(), 2);
        assert!((small.points[0].position[0] - 0.02).abs() < 1e-6);
        assert_eq!(small.points[0].weight, 4.0);
        assert_eq!(small.points[0].normal, [0.0, 0.0, 1.0]);
        assert_eq!(small.points[1].rgb, [10, 20, 30]);
    }
}
