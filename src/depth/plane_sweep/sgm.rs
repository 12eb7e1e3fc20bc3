//! Semi-global aggregation of a cost volume and the winning plane of each pixel.
//!
//! Hirschmüller, PAMI 2008: along each of 4 or 8 directions
//! `L(p,d) = C(p,d) + min(L(q,d), L(q,d±1)+P1, min L(q)+P2) − min L(q)`, q the pixel before p, P2
//! lowered where the image has an edge. Two passes over the image: the forward one sums half of the
//! directions, the backward one adds the rest and picks the plane, with a parabola through the sums
//! around the minimum for the fraction. All in integers: the same result on every machine.

use super::volume::CostVolume;
use serde::{Deserialize, Serialize};

/// Larger than any path cost, small enough to add penalties to.
const BLOCKED: u16 = u16::MAX / 2;

/// Options of the aggregation; costs are in units of [`CostVolume`] (0 to 96).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Penalty of a step by one plane.
    pub small_step_penalty: u16,
    /// Penalty of a larger jump where the image is flat.
    pub jump_penalty: u16,
    /// Gray-level difference at which the jump penalty is halved.
    pub edge_contrast: u16,
    /// Aggregate along the diagonals, too.
    pub diagonals: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { small_step_penalty: 6, jump_penalty: 60, edge_contrast: 12, diagonals: true }
    }
}

/// The plane chosen for a pixel.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Winner {
    /// Plane index with fraction.
    pub plane: f32,
    /// 1 − best / second-best sum, 0..1; the second best is not next to the best.
    pub uniqueness: f32,
}

/// Direction of a path within a pass: where the previous pixel stands.
const CAUSAL: [(isize, bool); 4] = [(-1, false), (0, true), (-1, true), (1, true)];

/// Path costs of a row in one direction; a zero cell stands on both sides.
struct RowPaths {
    stride: usize,
    cells: Vec<u16>,
    minima: Vec<u16>,
}

impl RowPaths {
    fn new(width: usize, planes: usize) -> Self {
        let stride = planes + 2;
        Self { stride, cells: vec![0; (width + 2) * stride], minima: vec![0; width + 2] }
    }

    fn clear(&mut self) {
        self.cells.fill(0);
        self.minima.fill(0);
    }

    /// Column −1 is the left border cell.
    fn cell(&self, x: isize) -> (&[u16], u16) {
        let at = (x + 1) as usize;
        (&self.cells[at * self.stride..][..self.stride], self.minima[at])
    }
}

/// Aggregates and picks a winner for every pixel. `gray` is the reference image.
#[must_use]
pub fn aggregate(volume: &CostVolume, gray: &[u8], options: &Options) -> Vec<Winner> {
    let mut sums = vec![0u16; volume.costs.len()];
    let mut winners = vec![Winner::default(); volume.width * volume.height];
    let penalties = jump_penalties(options);
    for backward in [false, true] {
        let mut pass = Pass::new(volume, gray, options, &penalties, backward);
        for y in 0..volume.height {
            pass.row(y, &mut sums, &mut winners);
        }
    }
    winners
}

/// Jump penalty by gray-level difference.
fn jump_penalties(options: &Options) -> [u16; 256] {
    let contrast = options.edge_contrast.max(1);
    std::array::from_fn(|difference| {
        let lowered =
            u32::from(options.jump_penalty) * u32::from(contrast) / (u32::from(contrast) + difference as u32);
        (lowered as u16).max(options.small_step_penalty + 1)
    })
}

/// State of one pass over the image; the backward pass runs over mirrored coordinates.
struct Pass<'a> {
    volume: &'a CostVolume,
    gray: &'a [u8],
    options: &'a Options,
    penalties: &'a [u16; 256],
    backward: bool,
    previous: Vec<RowPaths>,
    current: Vec<RowPaths>,
}

impl<'a> Pass<'a> {
    fn new(
        volume: &'a CostVolume,
        gray: &'a [u8],
        options: &'a Options,
        penalties: &'a [u16; 256],
        backward: bool,
    ) -> Self {
        let directions = if options.diagonals { 4 } else { 2 };
        let rows = || (0..directions).map(|_| RowPaths::new(volume.width, volume.planes)).collect();
        Self { volume, gray, options, penalties, backward, previous: rows(), current: rows() }
    }

    /// Index of the pixel that pass coordinates stand for.
    fn pixel(&self, x: usize, y: usize) -> usize {
        let index = y * self.volume.width + x;
        if self.backward { self.volume.width * self.volume.height - 1 - index } else { index }
    }

    fn row(&mut self, y: usize, sums: &mut [u16], winners: &mut [Winner]) {
        std::mem::swap(&mut self.previous, &mut self.current);
        if y == 0 {
            self.previous.iter_mut().for_each(RowPaths::clear);
        }
        let planes = self.volume.planes;
        for x in 0..self.volume.width {
            let pixel = self.pixel(x, y);
            let sum = &mut sums[pixel * planes..][..planes];
            for direction in 0..self.current.len() {
                self.step(direction, x, y, pixel, sum);
            }
            if self.backward {
                winners[pixel] = winner(sum);
            }
        }
    }

    fn step(&mut self, direction: usize, x: usize, y: usize, pixel: usize, sum: &mut [u16]) {
        let (dx, from_above) = CAUSAL[direction];
        let before = x as isize + dx;
        let inside = before >= 0 && before < self.volume.width as isize && (y > 0 || !from_above);
        let jump = if inside {
            let other = self.pixel(before as usize, if from_above { y - 1 } else { y });
            self.penalties[usize::from(self.gray[pixel].abs_diff(self.gray[other]))]
        } else {
            self.options.jump_penalty
        };
        let costs = self.volume.pixel(pixel);
        let small = self.options.small_step_penalty;
        let current = &mut self.current[direction];
        let stride = current.stride;
        let at = (x + 1) * stride;
        if from_above {
            let (cells, minimum) = self.previous[direction].cell(before);
            let out = &mut current.cells[at..][..stride];
            current.minima[x + 1] = path_step(costs, cells, [minimum, small, jump], out, sum);
        } else {
            let minimum = current.minima[x];
            let (left, right) = current.cells.split_at_mut(at);
            let cells = &left[at - stride..];
            current.minima[x + 1] =
                path_step(costs, cells, [minimum, small, jump], &mut right[..stride], sum);
        }
    }
}

/// One step of one path: writes the new path costs, adds them to the sums, returns their minimum.
/// `[minimum, small, jump]` are the previous minimum, P1 and P2.
fn path_step(costs: &[u8], before: &[u16], penalties: [u16; 3], out: &mut [u16], sum: &mut [u16]) -> u16 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature, as just checked.
        return unsafe { path_step_avx2(costs, before, penalties, out, sum) };
    }
    path_step_any(costs, before, penalties, out, sum)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn path_step_avx2(
    costs: &[u8],
    before: &[u16],
    penalties: [u16; 3],
    out: &mut [u16],
    sum: &mut [u16],
) -> u16 {
    path_step_any(costs, before, penalties, out, sum)
}

#[inline(always)]
fn path_step_any(
    costs: &[u8],
    before: &[u16],
    [minimum, small, jump]: [u16; 3],
    out: &mut [u16],
    sum: &mut [u16],
) -> u16 {
    let planes = costs.len();
    let (same, nearer, farther) = (&before[1..=planes], &before[..planes], &before[2..planes + 2]);
    let sum = &mut sum[..planes];
    out[0] = BLOCKED;
    out[planes + 1] = BLOCKED;
    let cells = &mut out[1..=planes];
    let ceiling = minimum + jump;
    let mut lowest = u16::MAX;
    for d in 0..planes {
        let stepped = nearer[d].min(farther[d]) + small;
        let cost = u16::from(costs[d]) + same[d].min(stepped).min(ceiling) - minimum;
        cells[d] = cost;
        sum[d] += cost;
        lowest = lowest.min(cost);
    }
    lowest
}

fn winner(sum: &[u16]) -> Winner {
    let mut best = 0;
    for (plane, value) in sum.iter().enumerate() {
        if *value < sum[best] {
            best = plane;
        }
    }
    let lowest = sum[best];
    let second = sum
        .iter()
        .enumerate()
        .filter(|(plane, _)| plane.abs_diff(best) > 1)
        .map(|(_, value)| *value)
        .min()
        .unwrap_or(lowest);
    let uniqueness = if second == 0 { 0.0 } else { 1.0 - f32::from(lowest) / f32::from(second) };
    let mut fraction = 0.0;
    if best > 0 && best + 1 < sum.len() {
        let (left, right) = (f32::from(sum[best - 1]), f32::from(sum[best + 1]));
        let curvature = left - 2.0 * f32::from(lowest) + right;
        if curvature > 0.0 {
            fraction = (0.5 * (left - right) / curvature).clamp(-0.5, 0.5);
        }
    }
    Winner { plane: best as f32 + fraction, uniqueness }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_middle_takes_the_plane_of_its_textured_sides() {
        let (width, height, planes) = (24, 8, 16);
        let mut costs = vec![20u8; width * height * planes];
        for pixel in 0..width * height {
            let x = pixel % width;
            if !(8..16).contains(&x) {
                costs[pixel * planes + 9] = 0;
            }
        }
        let volume = CostVolume { width, height, planes, costs };
        let winners = aggregate(&volume, &vec![100; width * height], &Options::default());
        assert!(winners.iter().all(|w| (w.plane - 9.0).abs() < 0.51), "{winners:?}");
        assert!(winners[0].uniqueness > 0.2);
    }
}
