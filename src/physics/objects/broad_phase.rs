//! Which boxes can touch: sort and sweep over a uniform grid in plan.
//!
//! Deterministic and near-linear: every box is entered in the cells that its bounds cover (big boxes
//! in a coarse list), candidates come out sorted by index.

use crate::math::Vec2;
use crate::physics::geometry::UprightBox;
use std::collections::BTreeMap;

/// Edge of a cell, metres: about one piece of furniture.
const CELL_M: f64 = 1.0;
/// A box over more cells than this goes to the list of big ones.
const MAX_CELLS: i64 = 64;

/// A grid of boxes that grows.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    cells: BTreeMap<(i64, i64), Vec<usize>>,
    big: Vec<usize>,
}

fn cells(center: Vec2, half: Vec2) -> (i64, i64, i64, i64) {
    let cell = |x: f64| (x / CELL_M).floor() as i64;
    (cell(center.x - half.x), cell(center.x + half.x), cell(center.y - half.y), cell(center.y + half.y))
}

impl Grid {
    /// Enters a box under a number; numbers must come in ascending order.
    pub fn insert(&mut self, number: usize, shape: &UprightBox) {
        let (x0, x1, y0, y1) = cells(shape.plan(), shape.bounds_half());
        if (x1 - x0 + 1) * (y1 - y0 + 1) > MAX_CELLS {
            self.big.push(number);
            return;
        }
        for x in x0..=x1 {
            for y in y0..=y1 {
                self.cells.entry((x, y)).or_default().push(number);
            }
        }
    }

    /// Numbers of boxes that may lie within `margin_m` of a box in plan, ascending.
    pub fn near(&self, shape: &UprightBox, margin_m: f64) -> Vec<usize> {
        let (x0, x1, y0, y1) = cells(shape.plan(), shape.bounds_half().add_scalar(margin_m));
        let mut found = self.big.clone();
        if (x1 - x0 + 1) * (y1 - y0 + 1) > 16 * MAX_CELLS {
            found.extend(self.cells.values().flatten());
        } else {
            for x in x0..=x1 {
                found.extend(self.cells.range((x, y0)..=(x, y1)).flat_map(|(_, numbers)| numbers));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// All pairs (i < j) of boxes that may lie within `margin_m` of one another in plan.
pub(crate) fn near_pairs(shapes: &[UprightBox], margin_m: f64) -> Vec<(usize, usize)> {
    let mut grid = Grid::default();
    let mut pairs = Vec::new();
    for (j, shape) in shapes.iter().enumerate() {
        pairs.extend(grid.near(shape, margin_m).into_iter().map(|i| (i, j)));
        grid.insert(j, shape);
    }
    pairs
}
