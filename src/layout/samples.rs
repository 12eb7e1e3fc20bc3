//! The cloud reduced to one sample per voxel, with normals: linear in the number of points.
//!
//! Takes `Cloud<SceneFrame>`, gives [`Samples`]: finite points inside robust bounds, averaged in
//! voxels of [`VOXEL_M`]; a voxel whose points carry no normal gets the smallest eigenvector of the
//! covariance of its neighbourhood (Hoppe et al. 1992) without a sign. Voxels with almost no
//! neighbours are outliers and are dropped. Frame: scene. Order: by voxel, hence deterministic.

use super::Error;
use crate::cloud::moments::{self, Cells};
use crate::cloud::{Cloud, CloudPoint, SceneFrame};
use crate::math::Vec3;
use crate::report::Reporter;
use rayon::prelude::*;

/// Edge of the averaging voxels, metres: half the thinnest thing that matters (a picture, 5 cm).
pub const VOXEL_M: f64 = 0.025;
/// Edge of the voxels whose 3³ neighbourhood gives a normal, metres: support of 15 cm averages the
/// 2–4 cm noise of multi-view depth and still turns within 10 cm at a corner.
const NORMAL_VOXEL_M: f64 = 0.05;
/// A sample with fewer samples in the 15 cm around it is an outlier (a surface has about 36).
const MIN_NEIGHBOURS: f64 = 5.0;
/// Fewer points than this hold no layout.
pub const MIN_POINTS: usize = 200;
/// Widest building, metres (a 500 m² flat is about 35 m wide).
pub const MAX_EXTENT_M: f64 = 150.0;
/// Share of dropped points worth a warning.
const WARN_DROPPED_SHARE: f64 = 0.02;
/// Share of points cut on either side of each axis before the bounds are taken.
const BOUNDS_QUANTILE: f64 = 0.001;
/// Margin round the quantile bounds, metres.
const BOUNDS_MARGIN_M: f64 = 0.7;

/// One averaged surface point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Position, metres.
    pub position: [f32; 3],
    /// Unit normal; its sign means something only when `oriented`.
    pub normal: [f32; 3],
    /// The normal points to the viewers.
    pub oriented: bool,
    /// Colour, sRGB.
    pub rgb: [u8; 3],
}

/// The reduced cloud.
#[derive(Debug, Clone)]
pub struct Samples {
    /// The samples, sorted by voxel.
    pub samples: Vec<Sample>,
    /// Minimum corner, metres.
    pub min: [f64; 3],
    /// Maximum corner, metres.
    pub max: [f64; 3],
    /// Points with a coordinate that is not finite.
    pub not_finite: usize,
    /// Points outside the robust bounds.
    pub out_of_bounds: usize,
    /// Share of samples whose normals came with the cloud, 0..1.
    pub oriented_share: f64,
}

impl Samples {
    /// Mean of the samples in plan, metres; the middle of the bounds without any.
    #[must_use]
    pub fn mean(&self) -> [f64; 2] {
        let sum = |axis: usize| self.samples.iter().map(|s| f64::from(s.position[axis])).sum::<f64>();
        let count = self.samples.len() as f64;
        [0, 1].map(
            |axis| {
                if count > 0.0 { sum(axis) / count } else { 0.5 * (self.min[axis] + self.max[axis]) }
            },
        )
    }

    /// Warns of points that were left out of a cloud of `total`.
    pub fn warn_dropped(&self, total: usize, reporter: &Reporter) {
        if self.not_finite > 0 {
            reporter.warn(
                "cloud-not-finite",
                format!(
                    "{} of {total} points have a coordinate that is not a number; they were left out",
                    self.not_finite
                ),
            );
        }
        if self.out_of_bounds as f64 > WARN_DROPPED_SHARE * total as f64 {
            reporter.warn(
                "cloud-stray-points",
                format!("{} of {total} points lie far from all others and were left out", self.out_of_bounds),
            );
        }
    }
}

fn key(position: &[f32; 3], min: &[f64; 3], edge_m: f64) -> u64 {
    let cell = |axis: usize| ((f64::from(position[axis]) - min[axis]) / edge_m).floor() as i64 + 1;
    moments::key([0, 1, 2].map(cell))
}

/// Reduces the cloud.
///
/// # Errors
/// [`Error::TooFewPoints`], [`Error::TooLarge`].
pub fn reduce(cloud: &Cloud<SceneFrame>) -> Result<Samples, Error> {
    let total = cloud.len();
    let finite: Vec<&CloudPoint> =
        cloud.points.iter().filter(|p| p.position.iter().all(|v| v.is_finite())).collect();
    let too_few = |finite| Error::TooFewPoints { finite, total, needed: MIN_POINTS };
    if finite.len() < MIN_POINTS {
        return Err(too_few(finite.len()));
    }
    let (min, max) = robust_bounds(&finite);
    let extent_m = (max[0] - min[0]).max(max[1] - min[1]);
    if extent_m > MAX_EXTENT_M {
        return Err(Error::TooLarge { extent_m, limit_m: MAX_EXTENT_M });
    }
    let inside: Vec<&CloudPoint> = finite
        .iter()
        .copied()
        .filter(|p| (0..3).all(|a| (min[a]..=max[a]).contains(&f64::from(p.position[a]))))
        .collect();
    if inside.len() < MIN_POINTS {
        return Err(too_few(inside.len()));
    }
    let averaged = average(&inside, &min);
    let samples = with_normals(averaged, &min);
    if samples.is_empty() {
        return Err(too_few(0));
    }
    let oriented = samples.iter().filter(|s| s.oriented).count();
    Ok(Samples {
        oriented_share: oriented as f64 / samples.len() as f64,
        not_finite: total - finite.len(),
        out_of_bounds: finite.len() - inside.len(),
        samples,
        min,
        max,
    })
}

fn robust_bounds(points: &[&CloudPoint]) -> ([f64; 3], [f64; 3]) {
    let mut min = [0.0; 3];
    let mut max = [0.0; 3];
    for axis in 0..3 {
        let mut values: Vec<f32> = points.iter().map(|p| p.position[axis]).collect();
        let cut = ((values.len() as f64 * BOUNDS_QUANTILE) as usize).min(values.len() - 1);
        let last = values.len() - 1 - cut;
        min[axis] = f64::from(*values.select_nth_unstable_by(cut, f32::total_cmp).1) - BOUNDS_MARGIN_M;
        max[axis] = f64::from(*values.select_nth_unstable_by(last, f32::total_cmp).1) + BOUNDS_MARGIN_M;
    }
    (min, max)
}

/// Averages the points of each voxel.
fn average(points: &[&CloudPoint], min: &[f64; 3]) -> Vec<Sample> {
    let mut keyed: Vec<(u64, u32)> =
        points.par_iter().enumerate().map(|(i, p)| (key(&p.position, min, VOXEL_M), i as u32)).collect();
    keyed.par_sort_unstable();
    keyed
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let n = group.len() as f64;
            let (mut position, mut normal, mut rgb) = ([0.0f64; 3], Vec3::zeros(), [0.0f64; 3]);
            for &(_, i) in group {
                let p = points[i as usize];
                for axis in 0..3 {
                    position[axis] += f64::from(p.position[axis]);
                    rgb[axis] += f64::from(p.rgb[axis]);
                    if p.normal[axis].is_finite() {
                        normal[axis] += f64::from(p.normal[axis]);
                    }
                }
            }
            let length = normal.norm();
            // Opposite faces in one voxel cancel; such a mean has no direction.
            let oriented = length > 0.3 * n;
            let unit = if oriented { normal / length } else { Vec3::zeros() };
            Sample {
                position: position.map(|v| (v / n) as f32),
                normal: [unit.x as f32, unit.y as f32, unit.z as f32],
                oriented,
                rgb: rgb.map(|v| (v / n).round() as u8),
            }
        })
        .collect()
}

/// Drops outliers and fills in the normals that are missing.
fn with_normals(samples: Vec<Sample>, min: &[f64; 3]) -> Vec<Sample> {
    let mut keyed: Vec<(u64, u32)> = samples
        .par_iter()
        .enumerate()
        .map(|(i, s)| (key(&s.position, min, NORMAL_VOXEL_M), i as u32))
        .collect();
    keyed.par_sort_unstable();
    let position = |i: usize| [0, 1, 2].map(|a| f64::from(samples[i].position[a]) - min[a]);
    let cells = Cells::new(&keyed, position);
    let around: Vec<(f64, Vec3)> = cells.keys.par_iter().map(|&cell| neighbourhood(&cells, cell)).collect();
    samples
        .into_par_iter()
        .filter_map(|mut sample| {
            let own = key(&sample.position, min, NORMAL_VOXEL_M);
            let at = cells.keys.binary_search(&own).ok()?;
            let (neighbours, normal) = around[at];
            if neighbours < MIN_NEIGHBOURS {
                return None;
            }
            if !sample.oriented {
                sample.normal = [normal.x as f32, normal.y as f32, normal.z as f32];
            }
            Some(sample)
        })
        .collect()
}

/// Number of samples and normal of the 3³ voxels round one.
fn neighbourhood(cells: &Cells, cell: u64) -> (f64, Vec3) {
    let all = cells.around(cell);
    let eigen = all.covariance().symmetric_eigen();
    let smallest = eigen.eigenvalues.imin();
    (all.count, eigen.eigenvectors.column(smallest).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(position: [f32; 3]) -> CloudPoint {
        CloudPoint { position, normal: [0.0; 3], rgb: [10, 20, 30], weight: 1.0 }
    }

    #[test]
    fn a_plane_without_normals_gets_its_normal() {
        let points = (0..100)
            .flat_map(|i| (0..100).map(move |j| point([i as f32 * 0.02, j as f32 * 0.02, 0.0])))
            .collect();
        let samples = reduce(&Cloud::new(points)).unwrap();
        assert!(samples.samples.len() > 3000);
        assert!(samples.samples.iter().all(|s| s.normal[2].abs() > 0.99 && !s.oriented));
    }

    #[test]
    fn empty_and_nan_clouds_are_errors_and_stray_points_are_counted() {
        assert!(matches!(reduce(&Cloud::new(vec![])), Err(Error::TooFewPoints { .. })));
        let nan = vec![point([f32::NAN, 0.0, 0.0]); 1000];
        assert!(matches!(reduce(&Cloud::new(nan)), Err(Error::TooFewPoints { finite: 0, .. })));
        let mut points: Vec<_> =
            (0..10_000).map(|i| point([(i % 100) as f32 * 0.02, (i / 100) as f32 * 0.02, 0.0])).collect();
        points.push(point([f32::INFINITY, 0.0, 0.0]));
        points.push(point([1e9, 0.0, 0.0]));
        let samples = reduce(&Cloud::new(points)).unwrap();
        assert_eq!((samples.not_finite, samples.out_of_bounds), (1, 1));
    }
}
