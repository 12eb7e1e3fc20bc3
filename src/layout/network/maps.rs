//! The maps that a layout network puts out, in metres and by name.
//!
//! Channels as in `train/layout/maps.py`: positions are offsets from the middle of a cell in cells,
//! lengths are logarithms of metres, directions are (cos 2a, sin 2a). Frame: plan of the pillars.

use super::super::plan::Raster;
use crate::math::{Point2, Vec2};

/// Channels of one layer of boxes: offset 0..2, z 2, log sizes 3..6, axis 6..8, front 8..10,
/// expected overlap 10.
pub const BOX_CHANNELS: usize = 11;
/// Layers of boxes: standing, upper, ceilings and floor coverings.
pub const LAYERS: usize = 3;

/// One output, `[channels, height, width]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// Channels.
    pub channels: usize,
    /// Cells along x.
    pub width: usize,
    /// Cells along y.
    pub height: usize,
    /// Values, x fastest, then y, then channels.
    pub values: Vec<f32>,
}

impl Grid {
    /// Zeros.
    #[must_use]
    pub fn zeros(channels: usize, width: usize, height: usize) -> Self {
        Self { channels, width, height, values: vec![0.0; channels * width * height] }
    }

    /// Value of a channel in a cell.
    #[must_use]
    pub fn at(&self, channel: usize, x: usize, y: usize) -> f64 {
        f64::from(self.values[(channel * self.height + y) * self.width + x])
    }

    /// Bilinear value at a place in cells (cell k covers k..k + 1), clamped to the border.
    #[must_use]
    pub fn smooth(&self, channel: usize, x: f64, y: f64) -> f64 {
        let axis = |v: f64, cells: usize| {
            let v = (v - 0.5).clamp(0.0, (cells - 1) as f64);
            let first = (v as usize).min(cells.saturating_sub(2));
            (first, (first + 1).min(cells - 1), v - first as f64)
        };
        let ((x0, x1, s), (y0, y1, t)) = (axis(x, self.width), axis(y, self.height));
        let row = |y: usize| (1.0 - s) * self.at(channel, x0, y) + s * self.at(channel, x1, y);
        (1.0 - t) * row(y0) + t * row(y1)
    }

    /// Cells of a channel that are the greatest of their 3 x 3 neighbours and above a level: x, y and
    /// value, row by row. Of equal neighbours the first one counts.
    #[must_use]
    pub fn peaks(&self, channel: usize, level: f64) -> Vec<(usize, usize, f64)> {
        let mut found = Vec::new();
        for y in 0..self.height {
            for x in 0..self.width {
                let own = self.at(channel, x, y);
                if !(own > level) {
                    continue;
                }
                let is_peak = (y.saturating_sub(1)..(y + 2).min(self.height)).all(|j| {
                    (x.saturating_sub(1)..(x + 2).min(self.width)).all(|i| {
                        let other = self.at(channel, i, j);
                        other < own || (other == own && (j, i) >= (y, x))
                    })
                });
                if is_peak {
                    found.push((x, y, own));
                }
            }
        }
        found
    }
}

/// All outputs; heats and interior are probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Maps {
    /// Geometry of the cells.
    pub raster: Raster,
    /// Inside of rooms, 1 channel.
    pub interior: Grid,
    /// Heat of centre lines, 1 channel.
    pub wall_heat: Grid,
    /// Offset 0..2, axis 2..4, log height 4, log thickness 5.
    pub wall: Grid,
    /// Heat of wall ends, 1 channel.
    pub corner_heat: Grid,
    /// Offset of wall ends.
    pub corner: Grid,
    /// Heat of doors and of windows.
    pub opening_heat: Grid,
    /// Offset 0..2, z 2, log sizes 3..5, axis 5..7, expected overlap 7 (logit).
    pub opening: Grid,
    /// Heat of each class.
    pub box_heat: Grid,
    /// [`LAYERS`] x [`BOX_CHANNELS`].
    pub boxes: Grid,
    /// Votes of coarser cells: log scale, weight (before softplus), log sigma.
    pub scale: Grid,
}

impl Maps {
    /// Place that a cell points at, by the offset in two channels of a grid, metres.
    #[must_use]
    pub fn place(&self, grid: &Grid, first: usize, x: usize, y: usize) -> Point2 {
        /// No element is farther from the middle of its cell than this, cells.
        const REACH: f64 = 3.0;
        let offset = |channel: usize| grid.at(channel, x, y).clamp(-REACH, REACH);
        let middle = self.raster.center(x, y);
        middle + Vec2::new(offset(first), offset(first + 1)) * self.raster.pixel_m
    }

    /// A point in cells.
    #[must_use]
    pub fn in_cells(&self, p: &Point2) -> (f64, f64) {
        let axis = |v: f64, origin: f64| (v - origin) / self.raster.pixel_m;
        (axis(p.x, self.raster.origin[0]), axis(p.y, self.raster.origin[1]))
    }

    /// The greatest heat of a channel within two cells of a place, at least a hundredth.
    #[must_use]
    pub fn heat_round(&self, grid: &Grid, channel: usize, place: &Point2) -> f64 {
        /// Two networks place the same thing so differently, cells.
        const REACH: f64 = 2.0;
        /// The plan is never sure that nothing is there.
        const LEAST: f64 = 0.01;
        let (x, y) = self.in_cells(place);
        let range = |v: f64, cells: usize| {
            let clamp = |v: f64| v.clamp(0.0, cells as f64) as usize;
            clamp(v.floor() - REACH)..clamp(v.floor() + REACH + 1.0)
        };
        let columns = range(x, grid.width);
        range(y, grid.height)
            .flat_map(|j| columns.clone().map(move |i| (i, j)))
            .map(|(i, j)| grid.at(channel, i, j))
            .fold(LEAST, f64::max)
    }

    /// Scale of the cloud over the true one, as logarithm, and its log sigma: the votes of all cells by
    /// their weight.
    #[must_use]
    pub fn log_scale(&self) -> (f64, f64) {
        let (mut weights, mut scale, mut sigma) = (0.0, 0.0, 0.0);
        for y in 0..self.scale.height {
            for x in 0..self.scale.width {
                let vote = self.scale.at(1, x, y);
                let weight = if vote > 30.0 { vote } else { vote.exp().ln_1p() };
                weights += weight;
                scale += weight * self.scale.at(0, x, y);
                sigma += weight * self.scale.at(2, x, y);
            }
        }
        if weights > 1e-6 { (scale / weights, sigma / weights) } else { (0.0, 0.0) }
    }
}

/// 1 / (1 + exp(-x)).
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plateau_has_one_peak_and_values_between_cells_are_between() {
        let mut grid = Grid::zeros(1, 5, 4);
        for (x, y, v) in [(1, 1, 0.8), (2, 1, 0.8), (4, 3, 0.4)] {
            grid.values[y * 5 + x] = v;
        }
        let peaks: Vec<(usize, usize)> = grid.peaks(0, 0.3).iter().map(|p| (p.0, p.1)).collect();
        assert_eq!(peaks, [(1, 1), (4, 3)]);
        assert!((grid.smooth(0, 1.5, 1.5) - 0.8).abs() < 1e-6);
        assert!((grid.smooth(0, 1.0, 1.5) - 0.4).abs() < 1e-6);
        assert!((grid.smooth(0, 99.0, 99.0) - 0.4).abs() < 1e-6);
    }
}
