//! Pose graph over similarities: spreads the error of a loop over the path, scale included.
//!
//! Nodes are `camera_from_world` similarities S_i, an edge measures Z_ij ≈ S_i S_j⁻¹. Minimises
//! Σ w ‖log(Z_ij S_j S_i⁻¹)‖² by Gauss–Newton with left perturbations; the normal equations are solved
//! by conjugate gradients, matrix-free, with block-Jacobi preconditioner. Strasdat et al., *Scale
//! Drift-Aware Large Scale Monocular SLAM*, RSS 2010. The chart of the similarity group is (rotation
//! vector, translation, log scale), uncoupled, which is exact to first order. Translations are
//! weighed by `length`, the typical depth of the scene, so that all seven terms are comparable.

use crate::math::{Rotation, Sim3, Vec3};
use nalgebra::{SMatrix, SVector};

/// A step or a residual: rotation vector, translation, log scale.
pub type Vector7 = SVector<f64, 7>;
type Matrix7 = SMatrix<f64, 7, 7>;

/// Most Gauss–Newton steps.
const MAX_STEPS: usize = 12;
/// Most conjugate-gradient steps per Gauss–Newton step; long chains need about their length.
const MAX_CG: usize = 400;
/// Relative residual at which conjugate gradients stop.
const CG_TOLERANCE: f64 = 1e-6;
/// Step of the numeric derivatives.
const DIFFERENCE: f64 = 1e-6;
/// Largest believable change of the log scale of a node in one step.
const MAX_STEP: f64 = 1.0;

/// A measured relation of two nodes.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// First node.
    pub i: usize,
    /// Second node.
    pub j: usize,
    /// Z_ij ≈ S_i S_j⁻¹.
    pub relative: Sim3,
    /// Weight.
    pub weight: f64,
}

/// The logarithm, uncoupled, translation in units of `length`.
#[must_use]
pub fn log(sim: &Sim3, length: f64) -> Vector7 {
    let turn = sim.isometry.rotation.scaled_axis();
    let shift = sim.isometry.translation.vector / length;
    Vector7::from_column_slice(&[turn.x, turn.y, turn.z, shift.x, shift.y, shift.z, sim.scaling().ln()])
}

/// The inverse of [`log`].
#[must_use]
pub fn exp(step: &Vector7, length: f64) -> Sim3 {
    Sim3::from_parts(
        (Vec3::new(step[3], step[4], step[5]) * length).into(),
        Rotation::from_scaled_axis(Vec3::new(step[0], step[1], step[2])),
        step[6].clamp(-MAX_STEP, MAX_STEP).exp(),
    )
}

struct Linear {
    residual: Vector7,
    by_i: Matrix7,
    by_j: Matrix7,
}

fn residual(edge: &Edge, a: &Sim3, b: &Sim3, length: f64) -> Vector7 {
    log(&(edge.relative * b * a.inverse()), length)
}

fn linearize(edge: &Edge, nodes: &[Sim3], length: f64) -> Linear {
    let (a, b) = (&nodes[edge.i], &nodes[edge.j]);
    let base = residual(edge, a, b, length);
    let (mut by_i, mut by_j) = (Matrix7::zeros(), Matrix7::zeros());
    for k in 0..7 {
        let mut step = Vector7::zeros();
        step[k] = DIFFERENCE;
        let nudge = exp(&step, length);
        by_i.set_column(k, &((residual(edge, &(nudge * a), b, length) - base) / DIFFERENCE));
        by_j.set_column(k, &((residual(edge, a, &(nudge * b), length) - base) / DIFFERENCE));
    }
    Linear { residual: base, by_i, by_j }
}

/// Σ w ‖e‖².
#[must_use]
pub fn cost(nodes: &[Sim3], edges: &[Edge], length: f64) -> f64 {
    edges.iter().map(|e| e.weight * residual(e, &nodes[e.i], &nodes[e.j], length).norm_squared()).sum()
}

/// Moves the nodes (all but those that are `fixed`) to the least cost.
pub fn optimize(nodes: &mut [Sim3], fixed: &[bool], edges: &[Edge], length: f64) {
    let mut current = cost(nodes, edges, length);
    for _ in 0..MAX_STEPS {
        let linear: Vec<Linear> = edges.iter().map(|edge| linearize(edge, nodes, length)).collect();
        let Some(steps) = solve(&linear, edges, fixed) else { break };
        let next: Vec<Sim3> = nodes.iter().zip(&steps).map(|(node, step)| exp(step, length) * node).collect();
        let value = cost(&next, edges, length);
        if !value.is_finite() || value >= current {
            break;
        }
        nodes.copy_from_slice(&next);
        let share = (current - value) / current.max(1e-300);
        current = value;
        if share < 1e-6 {
            break;
        }
    }
}

/// Gauss–Newton step by conjugate gradients.
fn solve(linear: &[Linear], edges: &[Edge], fixed: &[bool]) -> Option<Vec<Vector7>> {
    let count = fixed.len();
    let mut diagonal = vec![Matrix7::identity() * 1e-9; count];
    let mut rest = vec![Vector7::zeros(); count];
    for (lin, edge) in linear.iter().zip(edges) {
        diagonal[edge.i] += lin.by_i.transpose() * lin.by_i * edge.weight;
        diagonal[edge.j] += lin.by_j.transpose() * lin.by_j * edge.weight;
        rest[edge.i] -= lin.by_i.transpose() * lin.residual * edge.weight;
        rest[edge.j] -= lin.by_j.transpose() * lin.residual * edge.weight;
    }
    let mut inverses = Vec::with_capacity(count);
    for block in &diagonal {
        inverses.push(block.try_inverse()?);
    }
    let hold = |vectors: &mut [Vector7]| {
        vectors.iter_mut().zip(fixed).filter(|(_, f)| **f).for_each(|(v, _)| v.fill(0.0));
    };
    let dot = |a: &[Vector7], b: &[Vector7]| -> f64 { a.iter().zip(b).map(|(x, y)| x.dot(y)).sum() };
    hold(&mut rest);
    let mut solution = vec![Vector7::zeros(); count];
    let mut z: Vec<Vector7> = rest.iter().zip(&inverses).map(|(r, m)| m * r).collect();
    let mut direction = z.clone();
    let mut rho = dot(&rest, &z);
    let target = rho * CG_TOLERANCE * CG_TOLERANCE;
    for _ in 0..MAX_CG {
        if rho <= target || rho <= 0.0 {
            break;
        }
        let mut product: Vec<Vector7> = direction.iter().map(|d| d * 1e-9).collect();
        for (lin, edge) in linear.iter().zip(edges) {
            let moved = (lin.by_i * direction[edge.i] + lin.by_j * direction[edge.j]) * edge.weight;
            product[edge.i] += lin.by_i.transpose() * moved;
            product[edge.j] += lin.by_j.transpose() * moved;
        }
        hold(&mut product);
        let alpha = rho / dot(&direction, &product);
        if !alpha.is_finite() {
            return None;
        }
        for k in 0..count {
            solution[k] += direction[k] * alpha;
            rest[k] -= product[k] * alpha;
        }
        z = rest.iter().zip(&inverses).map(|(r, m)| m * r).collect();
        let next = dot(&rest, &z);
        for k in 0..count {
            direction[k] = z[k] + direction[k] * (next / rho);
        }
        rho = next;
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_and_exponential_are_inverse() {
        let step = Vector7::from_column_slice(&[0.1, -0.2, 0.3, 1.0, 2.0, -0.5, 0.2]);
        assert!((log(&exp(&step, 2.0), 2.0) - step).norm() < 1e-12);
    }

    /// A square walk whose odometry drifts in angle, length and scale; one exact loop edge.
    #[test]
    fn a_loop_edge_takes_the_drift_out() {
        let count = 40;
        let truth: Vec<Sim3> = (0..count)
            .map(|k| {
                let angle = std::f64::consts::TAU * f64::from(k) / f64::from(count);
                let centre = Vec3::new(3.0 * angle.cos(), 0.0, 3.0 * angle.sin());
                Sim3::from_parts(centre.into(), Rotation::from_euler_angles(0.0, -angle, 0.0), 1.0).inverse()
            })
            .collect();
        let drift = exp(&Vector7::from_column_slice(&[0.0, 0.004, 0.0, 0.003, 0.002, 0.0, 0.008]), 1.0);
        let mut edges = Vec::new();
        let mut nodes = vec![truth[0]];
        for k in 1..truth.len() {
            let relative = drift * truth[k] * truth[k - 1].inverse();
            nodes.push(relative * nodes[k - 1]);
            edges.push(Edge { i: k, j: k - 1, relative, weight: 1.0 });
        }
        let gap = |nodes: &[Sim3]| -> f64 {
            nodes
                .iter()
                .zip(&truth)
                .map(|(a, b)| {
                    (a.inverse().isometry.translation.vector - b.inverse().isometry.translation.vector).norm()
                })
                .fold(0.0, f64::max)
        };
        let before = gap(&nodes);
        edges.push(Edge { i: 39, j: 0, relative: truth[39] * truth[0].inverse(), weight: 100.0 });
        let mut fixed = vec![false; nodes.len()];
        fixed[0] = true;
        optimize(&mut nodes, &fixed, &edges, 1.0);
        let after = gap(&nodes);
        assert!(before > 0.5 && after < 0.25 * before, "{before} {after}");
        assert!((nodes[39].scaling().ln()).abs() < 0.02, "{}", nodes[39].scaling());
    }
}
