//! Quadratic programmes: pulls (weighted squares), equalities, inequalities, by Clarabel.
//!
//! minimise Σ ((aᵢ·x − bᵢ)/σᵢ)² + Σ cₖ·sₖ + Σ (sₗ/σₗ)², subject to E·x = e and G·x + s ≥ h, s ≥ 0 where a row has a
//! price c (an exact L1 penalty: the slack stays 0 unless the row cannot hold) or a σ (the row and the
//! pulls give way to one another), and no s where it has neither.
//! Clarabel is an interior-point solver (Goulart and Chen 2024), deterministic on one thread.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettingsBuilder, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus, ZeroConeT,
};

/// Weight that keeps unpulled variables at zero (1/σ², σ = 100 m).
const REGULARISATION: f64 = 1e-4;
/// Most interior-point steps; such problems take 10 to 25.
const MAX_STEPS: u32 = 100;

/// A row of a sparse linear form: (variable, coefficient).
pub(crate) type Terms = [(usize, f64)];

/// A quadratic programme under construction.
pub(crate) struct QuadraticProgramme {
    variables: usize,
    hessian: Vec<(usize, usize, f64)>,
    gradient: Vec<f64>,
    equalities: Vec<(Vec<(usize, f64)>, f64)>,
    at_least: Vec<(Vec<(usize, f64)>, f64)>,
}

impl QuadraticProgramme {
    /// A programme over `variables` unknowns.
    pub fn new(variables: usize) -> Self {
        Self {
            variables,
            hessian: (0..variables).map(|i| (i, i, REGULARISATION)).collect(),
            gradient: vec![0.0; variables],
            equalities: Vec::new(),
            at_least: Vec::new(),
        }
    }

    /// Adds ((terms·x − target)/σ)².
    pub fn pull(&mut self, terms: &Terms, target: f64, sigma: f64) {
        let weight = 2.0 / (sigma * sigma);
        for &(i, a) in terms {
            self.gradient[i] -= weight * a * target;
            for &(j, b) in terms {
                if i <= j {
                    self.hessian.push((i, j, weight * a * b));
                }
            }
        }
    }

    /// Demands terms·x = value.
    pub fn equal(&mut self, terms: &Terms, value: f64) {
        self.equalities.push((terms.to_vec(), value));
    }

    /// Demands terms·x ≥ value.
    pub fn at_least(&mut self, terms: &Terms, value: f64) {
        self.at_least.push((terms.to_vec(), value));
    }

    /// Wishes terms·x ≥ value at `price` per metre short.
    pub fn at_least_or_pay(&mut self, terms: &Terms, value: f64, price: f64) {
        let slack = self.variables;
        self.variables += 1;
        self.gradient.push(price);
        self.hessian.push((slack, slack, REGULARISATION));
        let mut row = terms.to_vec();
        row.push((slack, 1.0));
        self.at_least.push((row, value));
        self.at_least.push((vec![(slack, 1.0)], 0.0));
    }

    /// Wishes terms·x ≥ value; a shortfall s costs (s/σ)², so it is shared with the pulls.
    pub fn at_least_or_strain(&mut self, terms: &Terms, value: f64, sigma: f64) {
        let slack = self.variables;
        self.variables += 1;
        self.gradient.push(0.0);
        self.hessian.push((slack, slack, REGULARISATION));
        self.pull(&[(slack, 1.0)], 0.0, sigma);
        let mut row = terms.to_vec();
        row.push((slack, 1.0));
        self.at_least.push((row, value));
        self.at_least.push((vec![(slack, 1.0)], 0.0));
    }

    /// The minimiser, slacks included at the end; `None` when there is none or numbers fail.
    pub fn solve(self) -> Option<Vec<f64>> {
        if self.variables == 0 {
            return Some(Vec::new());
        }
        let n = self.variables;
        let p = sparse(n, n, self.hessian);
        let mut rows = Vec::new();
        let mut bounds = Vec::new();
        for (terms, value) in &self.equalities {
            rows.extend(terms.iter().map(|&(column, a)| (bounds.len(), column, a)));
            bounds.push(*value);
        }
        for (terms, value) in &self.at_least {
            rows.extend(terms.iter().map(|&(column, a)| (bounds.len(), column, -a)));
            bounds.push(-*value);
        }
        let a = sparse(bounds.len(), n, rows);
        let cones = [ZeroConeT(self.equalities.len()), NonnegativeConeT(self.at_least.len())];
        let settings = DefaultSettingsBuilder::default()
            .verbose(false)
            .max_iter(MAX_STEPS)
            .build()
            .expect("because these settings are within their ranges");
        let mut solver = DefaultSolver::new(&p, &self.gradient, &a, &bounds, &cones, settings).ok()?;
        solver.solve();
        let usable = matches!(solver.solution.status, SolverStatus::Solved | SolverStatus::AlmostSolved);
        (usable && solver.solution.x.iter().all(|x| x.is_finite())).then(|| solver.solution.x.clone())
    }
}

/// Compressed columns of triplets; duplicates are summed, in a fixed order.
fn sparse(rows: usize, columns: usize, mut entries: Vec<(usize, usize, f64)>) -> CscMatrix<f64> {
    entries.sort_by_key(|&(row, column, _)| (column, row));
    let mut column_start = vec![0; columns + 1];
    let (mut row_of, mut values): (Vec<usize>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut last = None;
    for (row, column, value) in entries {
        if last == Some((row, column)) {
            *values.last_mut().expect("because an equal entry was pushed") += value;
        } else {
            row_of.push(row);
            values.push(value);
            column_start[column + 1] += 1;
            last = Some((row, column));
        }
    }
    for column in 0..columns {
        column_start[column + 1] += column_start[column];
    }
    CscMatrix::new(rows, columns, column_start, row_of, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_and_inequality_hold_at_the_minimum() {
        let mut programme = QuadraticProgramme::new(2);
        programme.pull(&[(0, 1.0)], 1.0, 0.1);
        programme.pull(&[(1, 1.0)], 3.0, 0.1);
        programme.equal(&[(0, 1.0), (1, -1.0)], 0.0);
        programme.at_least(&[(0, 1.0)], 2.5);
        let x = programme.solve().expect("solvable");
        assert!((x[0] - 2.5).abs() < 1e-5 && (x[0] - x[1]).abs() < 1e-6, "{x:?}");
    }

    #[test]
    fn a_strained_row_and_a_pull_meet_by_their_variances() {
        let mut programme = QuadraticProgramme::new(2);
        programme.pull(&[(0, 1.0)], 0.0, 0.1);
        programme.at_least_or_strain(&[(0, 1.0)], 1.0, 0.2);
        programme.pull(&[(1, 1.0)], 2.0, 0.1);
        programme.at_least_or_strain(&[(1, 1.0)], 1.0, 0.2);
        let x = programme.solve().expect("solvable");
        assert!((x[0] - 0.2).abs() < 1e-4, "{x:?}");
        assert!((x[1] - 2.0).abs() < 1e-4, "what holds already does not pull: {x:?}");
    }

    #[test]
    fn a_price_is_paid_only_where_rows_contradict() {
        let mut programme = QuadraticProgramme::new(1);
        programme.pull(&[(0, 1.0)], 0.0, 0.1);
        programme.at_least_or_pay(&[(0, 1.0)], 1.0, 1e5);
        programme.at_least_or_pay(&[(0, -1.0)], -0.8, 1e5);
        let x = programme.solve().expect("solvable");
        assert!(x[0] > 0.79 && x[0] < 1.01 && x[1] + x[2] > 0.19, "{x:?}");
    }
}
