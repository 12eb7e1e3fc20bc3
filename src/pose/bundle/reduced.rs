//! The reduced camera system: block-sparse, symmetric, with a dense border for the intrinsics.
//!
//! Blocks are 6x6 per pair of covisible free views (i ≤ j). Small systems are expanded and solved by
//! Cholesky; large ones by conjugate gradients with a block-Jacobi preconditioner, where the border
//! is eliminated by solving for its three columns too.

use nalgebra::{DMatrix, DVector, Matrix3, Matrix6, Matrix6x3, Vector3, Vector6};

/// Views up to which the dense Cholesky is used (900 unknowns: 0.2 s and 6 MB).
const DENSE_MAX_VIEWS: usize = 170;
/// Most conjugate-gradient steps.
const CG_MAX_ITERATIONS: usize = 150;
/// Conjugate gradients stop at this relative residual (inexact Newton, Agarwal 2010 sect. 3).
const CG_TOLERANCE: f64 = 1e-4;
/// Marker of a pair without a block.
const NONE: u32 = u32::MAX;

/// Which pairs of free views share points.
#[derive(Debug, Clone)]
pub(super) struct Structure {
    /// Free views.
    pub views: usize,
    table: Vec<u32>,
    /// (row, column) of every block, row ≤ column.
    pub pairs: Vec<(u32, u32)>,
}

impl Structure {
    /// Structure of the views seen together: `groups` gives, per point, its free views (ascending).
    pub fn new<'a>(views: usize, groups: impl Iterator<Item = &'a [u32]>) -> Self {
        let mut table = vec![NONE; views * views];
        let mut seen = vec![false; views * views];
        for i in 0..views {
            seen[i * views + i] = true;
        }
        for group in groups {
            for (k, &i) in group.iter().enumerate() {
                for &j in &group[k..] {
                    seen[i as usize * views + j as usize] = true;
                }
            }
        }
        let mut pairs = Vec::new();
        for i in 0..views {
            for j in i..views {
                if seen[i * views + j] {
                    table[i * views + j] = pairs.len() as u32;
                    pairs.push((i as u32, j as u32));
                }
            }
        }
        Self { views, table, pairs }
    }

    /// Index of the block (i, j), i ≤ j.
    pub fn block(&self, i: u32, j: u32) -> usize {
        self.table[i as usize * self.views + j as usize] as usize
    }
}

/// The system's numbers.
#[derive(Debug, Clone)]
pub(super) struct Reduced {
    /// Blocks in the order of [`Structure::pairs`].
    pub blocks: Vec<Matrix6<f64>>,
    /// Coupling of every view with the intrinsics.
    pub border: Vec<Matrix6x3<f64>>,
    /// Intrinsics' own block.
    pub corner: Matrix3<f64>,
    /// Right-hand side per view.
    pub rhs: Vec<Vector6<f64>>,
    /// Right-hand side of the intrinsics.
    pub rhs_corner: Vector3<f64>,
}

impl Reduced {
    /// All zeros.
    pub fn zeros(structure: &Structure) -> Self {
        Self {
            blocks: vec![Matrix6::zeros(); structure.pairs.len()],
            border: vec![Matrix6x3::zeros(); structure.views],
            corner: Matrix3::zeros(),
            rhs: vec![Vector6::zeros(); structure.views],
            rhs_corner: Vector3::zeros(),
        }
    }

    /// Adds another system of the same structure.
    pub fn add(&mut self, other: &Self) {
        self.blocks.iter_mut().zip(&other.blocks).for_each(|(a, b)| *a += b);
        self.border.iter_mut().zip(&other.border).for_each(|(a, b)| *a += b);
        self.rhs.iter_mut().zip(&other.rhs).for_each(|(a, b)| *a += b);
        self.corner += other.corner;
        self.rhs_corner += other.rhs_corner;
    }

    /// Solves for the step of views and intrinsics; `None` when not positive definite.
    pub fn solve(&self, structure: &Structure) -> Option<(Vec<Vector6<f64>>, Vector3<f64>)> {
        if structure.views <= DENSE_MAX_VIEWS {
            self.solve_dense(structure)
        } else {
            self.solve_iterative(structure)
        }
    }

    fn dense(&self, structure: &Structure) -> DMatrix<f64> {
        let size = 6 * structure.views + 3;
        let mut matrix = DMatrix::zeros(size, size);
        for (block, &(i, j)) in self.blocks.iter().zip(&structure.pairs) {
            let (i, j) = (6 * i as usize, 6 * j as usize);
            matrix.fixed_view_mut::<6, 6>(j, i).copy_from(&block.transpose());
        }
        for (view, block) in self.border.iter().enumerate() {
            matrix.fixed_view_mut::<3, 6>(size - 3, 6 * view).copy_from(&block.transpose());
        }
        matrix.fixed_view_mut::<3, 3>(size - 3, size - 3).copy_from(&self.corner);
        matrix
    }

    fn solve_dense(&self, structure: &Structure) -> Option<(Vec<Vector6<f64>>, Vector3<f64>)> {
        let size = 6 * structure.views + 3;
        let mut rhs = DVector::zeros(size);
        for (view, part) in self.rhs.iter().enumerate() {
            rhs.fixed_rows_mut::<6>(6 * view).copy_from(part);
        }
        rhs.fixed_rows_mut::<3>(size - 3).copy_from(&self.rhs_corner);
        let step = self.dense(structure).cholesky()?.solve(&rhs);
        let views = (0..structure.views).map(|v| step.fixed_rows::<6>(6 * v).into_owned()).collect();
        Some((views, step.fixed_rows::<3>(size - 3).into_owned()))
    }

    fn solve_iterative(&self, structure: &Structure) -> Option<(Vec<Vector6<f64>>, Vector3<f64>)> {
        let mut preconditioner = Vec::with_capacity(structure.views);
        for view in 0..structure.views as u32 {
            preconditioner.push(self.blocks[structure.block(view, view)].cholesky()?.inverse());
        }
        let main = self.conjugate_gradients(structure, &preconditioner, &self.rhs)?;
        let mut corner = self.corner;
        let mut rhs_corner = self.rhs_corner;
        let mut columns = Vec::with_capacity(3);
        for k in 0..3 {
            let column: Vec<_> = self.border.iter().map(|block| block.column(k).into_owned()).collect();
            columns.push(self.conjugate_gradients(structure, &preconditioner, &column)?);
        }
        for row in 0..3 {
            for (view, block) in self.border.iter().enumerate() {
                rhs_corner[row] -= block.column(row).dot(&main[view]);
                for (k, column) in columns.iter().enumerate() {
                    corner[(row, k)] -= block.column(row).dot(&column[view]);
                }
            }
        }
        let intrinsics = corner.lu().solve(&rhs_corner)?;
        let views = (0..structure.views)
            .map(|view| {
                main[view]
                    - columns[0][view] * intrinsics[0]
                    - columns[1][view] * intrinsics[1]
                    - columns[2][view] * intrinsics[2]
            })
            .collect();
        Some((views, intrinsics))
    }

    fn multiply(&self, structure: &Structure, vector: &[Vector6<f64>]) -> Vec<Vector6<f64>> {
        let mut out = vec![Vector6::zeros(); vector.len()];
        for (block, &(i, j)) in self.blocks.iter().zip(&structure.pairs) {
            let (i, j) = (i as usize, j as usize);
            out[i] += block * vector[j];
            if i != j {
                out[j] += block.tr_mul(&vector[i]);
            }
        }
        out
    }

    fn conjugate_gradients(
        &self,
        structure: &Structure,
        preconditioner: &[Matrix6<f64>],
        rhs: &[Vector6<f64>],
    ) -> Option<Vec<Vector6<f64>>> {
        let dot =
            |a: &[Vector6<f64>], b: &[Vector6<f64>]| -> f64 { a.iter().zip(b).map(|(x, y)| x.dot(y)).sum() };
        let precondition = |r: &[Vector6<f64>]| -> Vec<Vector6<f64>> {
            r.iter().zip(preconditioner).map(|(x, m)| m * x).collect()
        };
        let mut solution = vec![Vector6::zeros(); rhs.len()];
        let mut rest = rhs.to_vec();
        let mut z = precondition(&rest);
        let mut direction = z.clone();
        let mut rho = dot(&rest, &z);
        let target = CG_TOLERANCE * CG_TOLERANCE * rho;
        for _ in 0..CG_MAX_ITERATIONS {
            if rho <= target || rho == 0.0 {
                break;
            }
            let product = self.multiply(structure, &direction);
            let curvature = dot(&direction, &product);
            if curvature.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
                return None;
            }
            let alpha = rho / curvature;
            for i in 0..rhs.len() {
                solution[i] += direction[i] * alpha;
                rest[i] -= product[i] * alpha;
            }
            z = precondition(&rest);
            let next = dot(&rest, &z);
            let beta = next / rho;
            rho = next;
            for i in 0..rhs.len() {
                direction[i] = z[i] + direction[i] * beta;
            }
        }
        Some(solution)
    }

    /// Variance of the first intrinsic (log focal) for unit residual variance, by solving for a unit
    /// right-hand side.
    pub fn focal_variance(&self, structure: &Structure) -> Option<f64> {
        let unit =
            Self { rhs: vec![Vector6::zeros(); structure.views], rhs_corner: Vector3::x(), ..self.clone() };
        unit.solve(structure).map(|(_, corner)| corner[0])
    }
}
