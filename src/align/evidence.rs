//! The cloud as surface samples of equal area, with normals: what gravity, yaw, floor and scale are
//! read from.
//!
//! World frame. Lengths are also given in *assumed metres*: world units over [`Evidence::unit`], the
//! number of world units that are a metre if the typical sizes hold. They only set thresholds (good
//! to a factor of about 1.5); the scale itself is estimated later.

use super::options::Error;
use crate::cloud::{Cloud, World, downsample, estimate_normals, normals, refine_normals};
use crate::math::{Point3, Pose, Vec3, median};
use crate::pose::Trajectory;
use rayon::prelude::*;

/// Edge of the cells that are one sample each, assumed metres.
pub const CELL_M: f64 = 0.04;
/// Fewer samples than this say nothing (0.3 m2 of surface).
const MIN_SAMPLES: usize = 200;
/// Typical distance of a surface from the nearest camera position, metres.
const TYPICAL_DISTANCE_M: f64 = 1.6;
/// Typical distance of a surface from the middle of a scanned room, metres.
const TYPICAL_RADIUS_M: f64 = 2.2;
/// Points looked at for the typical distance.
const DISTANCE_SAMPLES: usize = 3000;
/// Most cameras looked at for the typical distance.
const DISTANCE_CAMERAS: usize = 200;
/// A cloud has normals when at least this share of its points has one.
const MIN_NORMAL_SHARE: f64 = 0.5;

/// One cell of surface.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Mean position, world units.
    pub position: Vec3,
    /// Unit normal.
    pub normal: Vec3,
}

/// What the alignment is read from.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Samples with a normal.
    pub samples: Vec<Sample>,
    /// World units per assumed metre.
    pub unit: f64,
    /// Normals point to the side that was seen (false: the side is a guess).
    pub oriented: bool,
    /// Camera poses in time order; none for a bare cloud.
    pub cameras: Vec<Pose>,
    /// Time between the first and the last camera, seconds.
    pub duration_s: f64,
}

impl Evidence {
    /// Area of a sample, assumed square metres.
    pub const SAMPLE_AREA: f64 = CELL_M * CELL_M;

    /// Thins the cloud.
    ///
    /// # Errors
    /// [`Error::TooSmall`] when too little surface is left.
    pub fn new(cloud: &Cloud<World>, trajectory: Option<&Trajectory>, metric: bool) -> Result<Self, Error> {
        let finite: Vec<Vec3> = cloud
            .points
            .iter()
            .map(|point| Vec3::from(point.position.map(f64::from)))
            .filter(|position| position.iter().all(|value| value.is_finite()))
            .collect();
        let cameras: Vec<Pose> = trajectory.map_or_else(Vec::new, |trajectory| {
            let poses = trajectory.poses.iter().map(|pose| pose.world_from_camera);
            poses.filter(|pose| pose.to_homogeneous().iter().all(|value| value.is_finite())).collect()
        });
        let too_small = |samples| Error::TooSmall {
            points: cloud.len(),
            finite: finite.len(),
            samples,
            needed: MIN_SAMPLES,
        };
        let unit = if metric { 1.0 } else { typical_unit(&finite, &cameras) };
        if finite.len() < MIN_SAMPLES || !(unit > 0.0 && unit.is_finite()) {
            return Err(too_small(0));
        }
        let mut cells = downsample(cloud, CELL_M * unit);
        let with_normal = cells.points.iter().filter(|point| point.normal != [0.0; 3]).count();
        let oriented = with_normal as f64 >= MIN_NORMAL_SHARE * cells.len() as f64;
        if oriented {
            refine_normals(&mut cells, 0.0);
        } else {
            estimate_normals(&mut cells, normals::Known { up: None, metre: unit });
        }
        let samples: Vec<Sample> = cells
            .points
            .iter()
            .map(|point| Sample {
                position: Vec3::from(point.position.map(f64::from)),
                normal: Vec3::from(point.normal.map(f64::from)),
            })
            .filter(|sample| sample.normal.norm_squared() > 0.5 && sample.normal.norm_squared() < 2.0)
            .collect();
        if samples.len() < MIN_SAMPLES {
            return Err(too_small(samples.len()));
        }
        let duration_s = trajectory.map_or(0.0, |trajectory| {
            let times = trajectory.poses.iter().map(|pose| pose.time_s);
            times.clone().fold(f64::NEG_INFINITY, f64::max) - times.fold(f64::INFINITY, f64::min)
        });
        Ok(Self { samples, unit, oriented, cameras, duration_s })
    }

    /// Heights of the camera centres along `up`, world units.
    pub fn camera_heights(&self, up: &Vec3) -> Vec<f64> {
        self.cameras.iter().map(|pose| pose.translation.vector.dot(up)).collect()
    }

    /// The `quantile` (0..1) of the samples' coordinates along `direction`, world units.
    pub fn quantile(&self, direction: &Vec3, quantile: f64) -> f64 {
        let mut values: Vec<f64> = self.samples.iter().map(|s| s.position.dot(direction)).collect();
        let index = ((values.len() - 1) as f64 * quantile.clamp(0.0, 1.0)).round() as usize;
        *values.select_nth_unstable_by(index, f64::total_cmp).1
    }
}

/// World units per assumed metre, from how far surfaces are from the cameras, or from the middle.
fn typical_unit(points: &[Vec3], cameras: &[Pose]) -> f64 {
    if points.is_empty() {
        return 0.0;
    }
    let points: Vec<Vec3> = points.iter().step_by(points.len().div_ceil(DISTANCE_SAMPLES)).copied().collect();
    if cameras.is_empty() {
        let centre = Vec3::from([0, 1, 2].map(|axis| {
            let values: Vec<f64> = points.iter().map(|point| point[axis]).collect();
            median(&values).unwrap_or(0.0)
        }));
        let radii: Vec<f64> = points.iter().map(|point| (point - centre).norm()).collect();
        return median(&radii).unwrap_or(0.0) / TYPICAL_RADIUS_M;
    }
    let centres: Vec<Point3> = cameras
        .iter()
        .step_by(cameras.len().div_ceil(DISTANCE_CAMERAS))
        .map(|pose| Point3::from(pose.translation.vector))
        .collect();
    let distances: Vec<f64> = points
        .par_iter()
        .map(|point| {
            centres.iter().map(|centre| (point - centre.coords).norm()).fold(f64::INFINITY, f64::min)
        })
        .collect();
    median(&distances).unwrap_or(0.0) / TYPICAL_DISTANCE_M
}
