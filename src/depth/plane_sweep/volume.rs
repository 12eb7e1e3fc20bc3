//! The matching-cost volume of one keyframe: for every pixel and depth plane, how well the sources agree.
//!
//! Planes are uniform in inverse depth. Each source is warped to the plane and compared by census;
//! the better half of the sources counts, since the others may not see the surface (Kang, Szeliski
//! and Chai, CVPR 2001). A source that does not reach a pixel gives a neutral cost there.

use super::census::{self, Census, MAX_DISTANCE, RADIUS};
use super::warp::{PlaneMap, TurnedSource, WEIGHT_BITS, WEIGHT_ONE};
use crate::camera::Camera;

/// Planes are padded to a multiple of this many, the widest SIMD register of 16-bit sums.
pub const LANES: usize = 16;
/// Cost of a sample that no source sees: that of a random match (a third of the signs differ by 1).
const NEUTRAL: u8 = MAX_DISTANCE / 3;
/// More sources than this add cost, not accuracy.
pub const MAX_SOURCES: usize = 8;

/// Depth planes: uniform in inverse depth, index 0 is the farthest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planes {
    /// Inverse depth of plane 0, 1 / world units.
    pub far_inv: f64,
    /// Inverse depth between planes, 1 / world units.
    pub step: f64,
    /// Number of planes, a multiple of [`LANES`].
    pub count: usize,
}

impl Planes {
    /// `count` planes (rounded up to [`LANES`]) from `far_inv` to `near_inv`.
    #[must_use]
    pub fn new(far_inv: f64, near_inv: f64, count: usize) -> Self {
        let count = count.max(1).div_ceil(LANES) * LANES;
        Self { far_inv, step: (near_inv - far_inv) / (count - 1) as f64, count }
    }

    /// Inverse depth at a (fractional) plane index.
    #[must_use]
    pub fn inverse(&self, plane: f64) -> f64 {
        self.far_inv + self.step * plane
    }
}

/// Costs, plane fastest, then x, then y; twice the mean census distance of the counted sources.
#[derive(Debug, Clone)]
pub struct CostVolume {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Planes.
    pub planes: usize,
    /// The costs.
    pub costs: Vec<u8>,
}

/// One source warped to a plane.
struct Warped {
    gray: Vec<u8>,
    /// Columns `start..end` of each row that the source reaches.
    valid: Vec<[usize; 2]>,
    index: Vec<u16>,
    weight: Vec<u8>,
    line: Vec<u8>,
}

impl CostVolume {
    /// Sweeps the planes. `reference` describes the reference image of `camera`'s size.
    #[must_use]
    pub fn sweep(camera: &Camera, reference: &Census, sources: &[TurnedSource], planes: &Planes) -> Self {
        let (width, height) = (camera.width as usize, camera.height as usize);
        let pixels = width * height;
        let mut volume = Self { width, height, planes: planes.count, costs: vec![0; pixels * planes.count] };
        let kept = sources.len().min(MAX_SOURCES).div_ceil(2).max(1);
        let mut best = vec![0u8; kept * pixels];
        let mut distances = vec![0u8; width];
        let mut warped = Warped::new(width, height);
        // Planes of one block are transposed together, so that writes fill cache lines.
        let mut block = vec![0u8; LANES * pixels];
        for first in (0..planes.count).step_by(LANES) {
            for lane in 0..LANES {
                best.fill(NEUTRAL);
                for source in sources.iter().take(MAX_SOURCES) {
                    let inverse = planes.inverse((first + lane) as f64);
                    if let Some(map) = source.plane(camera, inverse) {
                        warped.fill(source, &map);
                        compare(reference, &warped, &mut distances, &mut best, kept);
                    }
                }
                sum_best(&best, kept, &mut block[lane * pixels..][..pixels]);
            }
            transpose(&block, pixels, &mut volume.costs[first..], planes.count);
        }
        volume
    }

    /// Costs of a pixel, by plane.
    #[must_use]
    pub fn pixel(&self, index: usize) -> &[u8] {
        &self.costs[index * self.planes..][..self.planes]
    }
}

impl Warped {
    fn new(width: usize, height: usize) -> Self {
        Self {
            gray: vec![0; width * height],
            valid: vec![[0, 0]; height],
            index: vec![0; width],
            weight: vec![0; width],
            line: Vec::new(),
        }
    }

    /// Resamples the source by the plane's zoom and shift.
    fn fill(&mut self, source: &TurnedSource, map: &PlaneMap) {
        let width = self.index.len();
        for x in 0..width {
            let position = (map.scale * x as f64 + map.shift_x).clamp(0.0, (source.width - 2) as f64);
            let cell = position as usize;
            self.index[x] = cell as u16;
            self.weight[x] = ((position - cell as f64) * f64::from(WEIGHT_ONE) + 0.5) as u8;
        }
        self.line.resize(source.width, 0);
        for y in 0..self.valid.len() {
            self.valid[y] = self.fill_row(source, map, y);
        }
    }

    fn fill_row(&mut self, source: &TurnedSource, map: &PlaneMap, y: usize) -> [usize; 2] {
        let width = self.index.len();
        let position = map.scale * y as f64 + map.shift_y;
        if !(position >= 0.0 && position < (source.height - 1) as f64) {
            return [0, 0];
        }
        let above = position as usize;
        let weight = ((position - above as f64) * f64::from(WEIGHT_ONE) + 0.5) as u16;
        let ([start_a, end_a], [start_b, end_b]) = (source.valid[above], source.valid[above + 1]);
        let (first, last) = (f64::from(start_a.max(start_b)), f64::from(end_a.min(end_b)) - 1.0);
        let start = ((first - map.shift_x) / map.scale).ceil().clamp(0.0, width as f64) as usize;
        let end = (((last - map.shift_x) / map.scale).floor() + 1.0).clamp(0.0, width as f64) as usize;
        if end <= start {
            return [0, 0];
        }
        let rows = &source.gray[above * source.width..][..2 * source.width];
        let (upper, lower) = rows.split_at(source.width);
        blend_rows(upper, lower, weight, &mut self.line);
        let out = &mut self.gray[y * width..][..width];
        for x in start..end {
            let at = self.index[x] as usize;
            let w = u16::from(self.weight[x]);
            let mixed = u16::from(self.line[at]) * (WEIGHT_ONE as u16 - w) + u16::from(self.line[at + 1]) * w;
            out[x] = ((mixed + WEIGHT_ONE as u16 / 2) >> WEIGHT_BITS) as u8;
        }
        [start, end]
    }
}

fn blend_rows(upper: &[u8], lower: &[u8], weight: u16, out: &mut [u8]) {
    let keep = WEIGHT_ONE as u16 - weight;
    for ((&a, &b), o) in upper.iter().zip(lower).zip(out) {
        *o = ((u16::from(a) * keep + u16::from(b) * weight + WEIGHT_ONE as u16 / 2) >> WEIGHT_BITS) as u8;
    }
}

/// Compares the warped source with the reference and keeps the `kept` smallest distances.
fn compare(reference: &Census, warped: &Warped, distances: &mut [u8], best: &mut [u8], kept: usize) {
    let (width, height) = (distances.len(), warped.valid.len());
    let pixels = width * height;
    for y in RADIUS..height.saturating_sub(RADIUS) {
        let window = &warped.valid[y - RADIUS..=y + RADIUS];
        let start = window.iter().map(|span| span[0]).max().unwrap_or(0) + RADIUS;
        let end = window.iter().map(|span| span[1]).min().unwrap_or(0).saturating_sub(RADIUS);
        if end <= start {
            continue;
        }
        census::row_distances(reference, &warped.gray, y, start, end, distances);
        for rank in 0..kept {
            let row = &mut best[rank * pixels + y * width..][start..end];
            for (smallest, distance) in row.iter_mut().zip(&mut distances[start..end]) {
                let (low, high) = ((*smallest).min(*distance), (*smallest).max(*distance));
                *smallest = low;
                *distance = high;
            }
        }
    }
}

/// Twice the mean of the `kept` smallest distances.
fn sum_best(best: &[u8], kept: usize, out: &mut [u8]) {
    let pixels = out.len();
    for (i, o) in out.iter_mut().enumerate() {
        let sum: u16 = (0..kept).map(|rank| u16::from(best[rank * pixels + i])).sum();
        *o = (2 * sum / kept as u16) as u8;
    }
}

/// Writes [`LANES`] planes of `pixels` values to a plane-fastest volume with `stride` planes.
fn transpose(block: &[u8], pixels: usize, out: &mut [u8], stride: usize) {
    for pixel in 0..pixels {
        let target = &mut out[pixel * stride..][..LANES];
        for (lane, value) in target.iter_mut().enumerate() {
            *value = block[lane * pixels + pixel];
        }
    }
}
