//! Roughly up: the candidates that the gravity estimate starts from.
//!
//! With cameras: people hold them level to a few degrees about the optical axis, so their x axes are
//! horizontal; they look down or up much more freely. Without: the normals' clusters, judged by what
//! rooms are like (low against their width, clutter below, tables facing up).

use super::evidence::Evidence;
use crate::math::{Mat3, Vec3};

/// Standard deviation of the roll of a hand-held camera, radians (4 degrees).
pub const ROLL_SIGMA_RAD: f64 = 0.07;
/// Standard deviation of its pitch, radians (20 degrees).
pub const PITCH_SIGMA_RAD: f64 = 0.35;
/// Frames near in time share their error; a clip is worth about this many independent holds.
const INDEPENDENT_HOLDS: f64 = 4.0;
/// Cluster centres are local maxima of the normals' density with this kernel, radians.
const KERNEL_RAD: f64 = 0.12;
/// Directions of the half sphere that are tried as cluster centres.
const DIRECTIONS: usize = 800;
/// Normals used for the density.
const CLUSTER_SAMPLES: usize = 6000;
/// Most clusters kept.
const MAX_CLUSTERS: usize = 12;
/// Clusters are at least this far apart, radians.
const CLUSTER_DISTANCE_RAD: f64 = 0.35;

/// The camera prior: an information matrix A (the up direction g minimises gᵀAg) and the sign.
#[derive(Debug, Clone)]
pub struct CameraPrior {
    /// Information, 1/rad².
    pub information: Mat3,
    /// Its most probable up.
    pub up: Vec3,
}

/// Up as the cameras were held; `None` without cameras.
pub fn camera_prior(evidence: &Evidence) -> Option<CameraPrior> {
    let count = evidence.cameras.len() as f64;
    if evidence.cameras.is_empty() {
        return None;
    }
    let mut information = Mat3::zeros();
    let mut mean = Vec3::zeros();
    for camera in &evidence.cameras {
        let (x, y, z) =
            (camera.rotation * Vec3::x(), camera.rotation * Vec3::y(), camera.rotation * Vec3::z());
        information +=
            x * x.transpose() / ROLL_SIGMA_RAD.powi(2) + z * z.transpose() / PITCH_SIGMA_RAD.powi(2);
        mean -= y;
    }
    information *= INDEPENDENT_HOLDS.min(count) / count;
    let up = smallest(&information);
    let up = if up.dot(&mean) < 0.0 { -up } else { up };
    Some(CameraPrior { information, up })
}

/// Unit eigenvector of the smallest eigenvalue.
pub fn smallest(matrix: &Mat3) -> Vec3 {
    let eigen = matrix.symmetric_eigen();
    eigen.eigenvectors.column(eigen.eigenvalues.imin()).into_owned()
}

/// Clusters of normals (as lines, without sign), strongest first.
pub fn clusters(evidence: &Evidence) -> Vec<Vec3> {
    let stride = evidence.samples.len().div_ceil(CLUSTER_SAMPLES);
    let normals: Vec<Vec3> = evidence.samples.iter().step_by(stride).map(|sample| sample.normal).collect();
    let narrow = 0.5 / (KERNEL_RAD * KERNEL_RAD);
    let density = |direction: &Vec3| -> f64 {
        normals.iter().map(|normal| (-(1.0 - normal.dot(direction).powi(2)) * narrow).exp()).sum()
    };
    let mut scored: Vec<(f64, Vec3)> =
        half_sphere().map(|direction| (density(&direction), direction)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut found: Vec<Vec3> = Vec::new();
    for (_, direction) in scored {
        if found.iter().any(|other| other.dot(&direction).abs() > CLUSTER_DISTANCE_RAD.cos()) {
            continue;
        }
        let centre = mode(&normals, direction, narrow);
        if found.iter().all(|other| other.dot(&centre).abs() <= CLUSTER_DISTANCE_RAD.cos()) {
            found.push(centre);
        }
        if found.len() == MAX_CLUSTERS {
            break;
        }
    }
    found
}

/// The mode of the normals' density near `start` (mean shift on lines).
fn mode(normals: &[Vec3], start: Vec3, narrow: f64) -> Vec3 {
    const STEPS: usize = 8;
    let mut direction = start;
    for _ in 0..STEPS {
        let sum: Vec3 = normals
            .iter()
            .map(|normal| {
                let cosine = normal.dot(&direction);
                normal * (cosine.signum() * (-(1.0 - cosine * cosine) * narrow).exp())
            })
            .sum();
        if let Some(unit) = sum.try_normalize(1e-9) {
            direction = unit;
        }
    }
    direction
}

/// Evenly spread directions of a half sphere (Fibonacci lattice).
fn half_sphere() -> impl Iterator<Item = Vec3> {
    let golden = std::f64::consts::PI * (3.0 - 5.0f64.sqrt());
    (0..DIRECTIONS).map(move |i| {
        let z = 1.0 - (i as f64 + 0.5) / DIRECTIONS as f64;
        let radius = (1.0 - z * z).sqrt();
        let angle = golden * i as f64;
        Vec3::new(radius * angle.cos(), radius * angle.sin(), z)
    })
}

/// Up of a bare cloud: the signed cluster that makes the cloud most like a room, and by how much it
/// beats the next (log odds).
pub fn from_room(evidence: &Evidence) -> (Vec3, f64) {
    let candidates: Vec<Vec3> = clusters(evidence).into_iter().flat_map(|line| [line, -line]).collect();
    let mut scored: Vec<(f64, Vec3)> =
        candidates.into_iter().map(|up| (room_likeness(evidence, &up), up)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    match scored.as_slice() {
        [] => (Vec3::z(), 0.0),
        [only] => (only.1, 0.0),
        [best, next, ..] => (best.1, best.0 - next.0),
    }
}

/// Log likelihood, up to a constant, that `up` is up in a scan of rooms.
fn room_likeness(evidence: &Evidence, up: &Vec3) -> f64 {
    // Weights: log odds that a full swing of the feature gives, set by what rooms are like; not
    // trained on any sequence.
    const STRUCTURE: f64 = 8.0;
    const FLATNESS: f64 = 3.0;
    const CLUTTER: f64 = 8.0;
    const LOW_SURFACES: f64 = 6.0;
    const FACING: f64 = 6.0;
    /// Log odds of z up, y up and y down among point clouds in files.
    const FILE_AXES: [(Vec3, f64); 3] =
        [(Vec3::new(0.0, 0.0, 1.0), 2.0), (Vec3::new(0.0, 1.0, 0.0), 1.0), (Vec3::new(0.0, -1.0, 0.0), 0.5)];
    let count = evidence.samples.len() as f64;
    let structured = evidence
        .samples
        .iter()
        .filter(|sample| {
            let cosine = sample.normal.dot(up).abs();
            !(0.17..=0.985).contains(&cosine)
        })
        .count() as f64
        / count;
    let (low, high) = (evidence.quantile(up, 0.005), evidence.quantile(up, 0.995));
    let height = (high - low).max(1e-9);
    let across = up.cross(&if up.x.abs() < 0.7 { Vec3::x() } else { Vec3::y() }).normalize();
    let widths: Vec<f64> = (0..12)
        .map(|turn| {
            let angle = std::f64::consts::PI * f64::from(turn) / 12.0;
            let direction = across * angle.cos() + up.cross(&across) * angle.sin();
            evidence.quantile(&direction, 0.99) - evidence.quantile(&direction, 0.01)
        })
        .collect();
    let width = widths.iter().copied().fold(f64::INFINITY, f64::min).max(1e-9);
    let (mut lower, mut upper, mut lower_level, mut upper_level, mut facing) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for sample in &evidence.samples {
        let share = (sample.position.dot(up) - low) / height;
        // The layers between floor and ceiling: furniture stands in the lower one, and its tops
        // (seats, tables, counters) are seen from above.
        let cosine = sample.normal.dot(up);
        let is_level = if cosine.abs() > 0.94 { 1.0 } else { 0.0 };
        if (0.08..0.42).contains(&share) {
            lower += 1.0;
            lower_level += is_level;
        } else if (0.58..0.92).contains(&share) {
            upper += 1.0;
            upper_level += is_level;
        }
        if (0.08..0.92).contains(&share) {
            facing += cosine.signum() * is_level;
        }
    }
    let clutter = (lower - upper) / (lower + upper + 1.0);
    // One per cent of the surface is worth a doubt.
    let doubt = 0.01 * count;
    let low_surfaces = (lower_level - upper_level) / (lower_level + upper_level + doubt);
    let facing = if evidence.oriented { facing / (facing.abs() + doubt) } else { 0.0 };
    let axis: f64 = FILE_AXES.iter().filter(|(axis, _)| axis.dot(up) > 0.97).map(|(_, odds)| odds).sum();
    STRUCTURE * structured - FLATNESS * (height / width).ln().clamp(-1.0, 1.0)
        + CLUTTER * clutter
        + LOW_SURFACES * low_surfaces
        + FACING * facing
        + axis
}
