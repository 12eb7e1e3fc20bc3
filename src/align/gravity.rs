//! The up direction with its sigma.
//!
//! Up g minimises gᵀAg over unit vectors, A summing what each witness knows: a horizontal plane says
//! that its in-plane directions are perpendicular to g, a wall that its normal is, cameras that they
//! were held level. Planes are found around the current g, g is solved with robust weights (Cauchy),
//! and so on with narrower bands. World frame.

use super::evidence::Evidence;
use super::planes::{self, Plane, Search};
use super::upright::{CameraPrior, clusters, smallest};
use crate::depth::EdgePlane;
use crate::math::{Mat3, Vec3};

/// Search bands of the rounds: (least cosine, half thickness in assumed metres).
const ROUNDS: [(f64, f64); 3] = [(0.90, 0.10), (0.94, 0.06), (0.96, 0.05)];
/// Clusters of normals farther than this from the camera prior are not up (35 degrees).
const MAX_PRIOR_ANGLE_RAD: f64 = 0.61;
/// Spread of point normals, radians.
const NORMAL_SIGMA_RAD: f64 = 0.10;
/// Worth of a wall's sample against a floor's: its normal fixes one angle, not two.
const WALL_WORTH: f64 = 0.5;
/// Residuals of this many sigmas count half (Cauchy).
const ROBUST_SIGMAS: f64 = 2.0;
/// Rounds of reweighting.
const REWEIGHTS: usize = 12;
/// Walls lean by this, radians: plumb to 0.2 degrees, but curtains and shelves pose as walls.
const WALL_LEAN_RAD: f64 = 0.012;
/// The sigma is never below this, radians (0.25 degrees): floors slope, reconstructions bend.
const MIN_SIGMA_RAD: f64 = 0.0045;
/// An edge may be plumb when its plane's normal is this near to level (sine), by round; the first is as
/// wide as the start is wrong.
const EDGE_SINES: [f64; 3] = [0.21, 0.12, 0.07];
/// Direction of an edge: a part of a pixel at either end, pixels.
const EDGE_END_PX: f64 = 0.5;
/// Edges count as at most so many independent ones: the same door is seen in many pictures, and the
/// camera path bends slowly.
const INDEPENDENT_EDGES: f64 = 60.0;
/// Fewer edges than this are no evidence.
const MIN_EDGES: usize = 30;
/// Least share of wall samples for a direction to be searched for walls.
const MIN_WALL_SHARE: f64 = 0.06;
/// Most wall directions.
const MAX_WALL_DIRECTIONS: usize = 6;
/// A sample belongs to a wall when its normal is this near to horizontal (sine).
pub const MAX_WALL_SINE: f64 = 0.26;

/// Up, and how well it is known.
#[derive(Debug, Clone)]
pub struct Gravity {
    /// Unit vector, world frame.
    pub up: Vec3,
    /// Standard deviation, radians.
    pub sigma_rad: f64,
    /// What it rests on.
    pub sources: Vec<String>,
}

/// One linear witness: `direction` is perpendicular to up within `sigma` radians.
struct Witness {
    direction: Vec3,
    sigma: f64,
    group: &'static str,
}

/// Refines `start` to the up direction.
pub fn refine(evidence: &Evidence, start: Vec3, prior: Option<&CameraPrior>, edges: &[EdgePlane]) -> Gravity {
    let mut up = from_normals(evidence, start, prior);
    let mut result = Gravity { up, sigma_rad: std::f64::consts::FRAC_PI_6, sources: Vec::new() };
    for ((min_cosine, band_m), max_sine) in ROUNDS.into_iter().zip(EDGE_SINES) {
        let mut witnesses = witnesses(evidence, &up, Search { min_cosine, band_m });
        witnesses.extend(plumb_edges(edges, &up, max_sine));
        result = solve(&witnesses, up, prior);
        up = result.up;
    }
    result
}

/// The start refined by point normals alone, from the candidates near the prior; the one under which
/// most samples are level or upright.
fn from_normals(evidence: &Evidence, start: Vec3, prior: Option<&CameraPrior>) -> Vec3 {
    let mut candidates = vec![start];
    if prior.is_some() {
        let near =
            clusters(evidence).into_iter().map(|line| if line.dot(&start) < 0.0 { -line } else { line });
        candidates.extend(near.filter(|line| line.dot(&start) > MAX_PRIOR_ANGLE_RAD.cos()));
    }
    let narrow = 0.5 / NORMAL_SIGMA_RAD.powi(2);
    let score = |up: &Vec3| -> f64 {
        let support: f64 = evidence
            .samples
            .iter()
            .map(|sample| {
                let sine = sample.normal.dot(up);
                (-(1.0 - sine * sine) * narrow).exp() + WALL_WORTH * (-sine * sine * narrow).exp()
            })
            .sum();
        let against = prior.map_or(0.0, |prior| 0.5 * (up.transpose() * prior.information * up)[0]);
        // Support in shares of all samples; a share of 1 % outweighs one unit of log prior.
        100.0 * support / evidence.samples.len() as f64 - against
    };
    let refined = candidates.into_iter().map(|candidate| level(evidence, candidate, narrow));
    let mut best = (f64::NEG_INFINITY, start);
    for candidate in refined {
        let value = score(&candidate);
        if value > best.0 {
            best = (value, candidate);
        }
    }
    best.1
}

/// Reweighted least squares on point normals.
fn level(evidence: &Evidence, start: Vec3, narrow: f64) -> Vec3 {
    let mut up = start;
    for _ in 0..REWEIGHTS {
        let mut information = Mat3::zeros();
        for sample in &evidence.samples {
            let sine = sample.normal.dot(&up);
            let outer = sample.normal * sample.normal.transpose();
            let (as_floor, as_wall) = ((-(1.0 - sine * sine) * narrow).exp(), (-sine * sine * narrow).exp());
            information += (Mat3::identity() - outer) * as_floor + outer * (WALL_WORTH * as_wall);
        }
        let next = smallest(&information);
        up = if next.dot(&up) < 0.0 { -next } else { next };
    }
    if up.dot(&start) < MAX_PRIOR_ANGLE_RAD.cos() { start } else { up }
}

/// What the planes around the current up say.
fn witnesses(evidence: &Evidence, up: &Vec3, search: Search) -> Vec<Witness> {
    let mut witnesses = Vec::new();
    for plane in planes::along(evidence, up, search) {
        for (direction, sigma) in plane.tilts {
            witnesses.push(Witness { direction, sigma, group: "horizontal planes" });
        }
    }
    for direction in wall_directions(evidence, up) {
        for plane in planes::along(evidence, &direction, search) {
            witnesses.push(wall_witness(&plane, up));
        }
    }
    witnesses
}

/// Edges that may be plumb, with sigmas that make all of them together worth no more than
/// [`INDEPENDENT_EDGES`].
fn plumb_edges(edges: &[EdgePlane], up: &Vec3, max_sine: f64) -> Vec<Witness> {
    let near: Vec<&EdgePlane> = edges.iter().filter(|edge| edge.normal.dot(up).abs() < max_sine).collect();
    if near.len() < MIN_EDGES {
        return Vec::new();
    }
    let crowd = (near.len() as f64 / INDEPENDENT_EDGES).max(1.0).sqrt();
    near.into_iter()
        .map(|edge| {
            let own = std::f64::consts::SQRT_2 * EDGE_END_PX / edge.length_px;
            Witness { direction: edge.normal, sigma: crowd * own.hypot(WALL_LEAN_RAD), group: "plumb edges" }
        })
        .collect()
}

fn wall_witness(plane: &Plane, up: &Vec3) -> Witness {
    let tilt: f64 = plane.tilts.iter().map(|(axis, sigma)| (axis.dot(up) * sigma).powi(2)).sum();
    Witness { direction: plane.normal, sigma: (tilt + WALL_LEAN_RAD.powi(2)).sqrt(), group: "walls" }
}

/// Horizontal directions that many wall samples face, strongest first.
pub fn wall_directions(evidence: &Evidence, up: &Vec3) -> Vec<Vec3> {
    const BINS: usize = 90;
    let (x, y) = horizontal_axes(up);
    let mut counts = [0.0f64; BINS];
    for sample in &evidence.samples {
        if sample.normal.dot(up).abs() <= MAX_WALL_SINE {
            let angle = sample.normal.dot(&y).atan2(sample.normal.dot(&x)).rem_euclid(std::f64::consts::PI);
            counts[((angle / std::f64::consts::PI * BINS as f64) as usize).min(BINS - 1)] += 1.0;
        }
    }
    let total: f64 = counts.iter().sum();
    let smooth: Vec<f64> = (0..BINS)
        .map(|bin| {
            (0..5).map(|by| counts[(bin + BINS + by - 2) % BINS] * [0.5, 1.0, 1.0, 1.0, 0.5][by]).sum()
        })
        .collect();
    let mut peaks: Vec<usize> = (0..BINS)
        .filter(|&bin| {
            let around = (1..=4).flat_map(|by| [(bin + by) % BINS, (bin + BINS - by) % BINS]);
            smooth[bin] > MIN_WALL_SHARE * total
                && around.clone().all(|other| (smooth[bin], other) >= (smooth[other], bin))
        })
        .collect();
    peaks.sort_by(|&a, &b| smooth[b].total_cmp(&smooth[a]));
    peaks.truncate(MAX_WALL_DIRECTIONS);
    peaks
        .into_iter()
        .map(|bin| {
            let angle = (bin as f64 + 0.5) * std::f64::consts::PI / BINS as f64;
            x * angle.cos() + y * angle.sin()
        })
        .collect()
}

/// Two horizontal unit vectors that make a right-handed frame with `up`.
pub fn horizontal_axes(up: &Vec3) -> (Vec3, Vec3) {
    let far = if up.x.abs() < 0.7 { Vec3::x() } else { Vec3::y() };
    let x = (far - up * far.dot(up)).normalize();
    (x, up.cross(&x))
}

/// Robust solution from the witnesses and the prior.
fn solve(witnesses: &[Witness], start: Vec3, prior: Option<&CameraPrior>) -> Gravity {
    let mut up = start;
    let mut information = Mat3::zeros();
    let mut misfit = 0.0;
    for _ in 0..REWEIGHTS {
        information = prior.map_or_else(Mat3::zeros, |prior| prior.information);
        let (mut chi2, mut weights) = (0.0, 0.0);
        for witness in witnesses {
            let residual = witness.direction.dot(&up) / witness.sigma;
            let weight = 1.0 / (1.0 + (residual / ROBUST_SIGMAS).powi(2));
            information +=
                witness.direction * witness.direction.transpose() * (weight / witness.sigma.powi(2));
            chi2 += weight * residual * residual;
            weights += weight;
        }
        misfit = chi2 / weights.max(1.0);
        let next = smallest(&information);
        up = if next.dot(&up) < 0.0 { -next } else { next };
    }
    // Covariance of g in the tangent plane, inflated when the witnesses disagree.
    let (x, y) = horizontal_axes(&up);
    let project = |a: &Vec3, b: &Vec3| (a.transpose() * information * b)[0];
    let tangent = nalgebra::Matrix2::new(project(&x, &x), project(&x, &y), project(&y, &x), project(&y, &y));
    let variance = tangent.try_inverse().map_or(f64::INFINITY, |covariance| covariance.trace());
    let sigma = (variance * misfit.max(1.0)).sqrt().clamp(MIN_SIGMA_RAD, std::f64::consts::FRAC_PI_2);
    let mut sources: Vec<String> = Vec::new();
    for group in ["horizontal planes", "walls", "plumb edges"] {
        let agrees = |w: &&Witness| w.group == group && (w.direction.dot(&up) / w.sigma).abs() < 3.0;
        let count = witnesses.iter().filter(agrees).count();
        if count > 0 {
            sources.push(group.to_owned());
        }
    }
    if prior.is_some() {
        sources.push("camera roll".to_owned());
    }
    Gravity { up, sigma_rad: sigma, sources }
}
