//! Samples by their place in plan: what lies near an element is found without a look at all the others,
//! so that the time of a draft grows with the floor area and not with its square.

use super::plan::PlanLine;
use super::samples::Sample;
use crate::math::Point2;

/// Edge of the buckets, metres: a chair, a pillar of a wall.
const BUCKET_M: f64 = 0.5;

/// Samples in buckets of the plan.
#[derive(Debug)]
pub struct SampleIndex<'a> {
    samples: &'a [Sample],
    low: [f64; 2],
    size: [usize; 2],
    /// Samples of every bucket, row by row: `order[starts[k]..starts[k + 1]]`.
    starts: Vec<u32>,
    order: Vec<u32>,
}

impl<'a> SampleIndex<'a> {
    /// Puts samples into buckets; their positions are finite.
    #[must_use]
    pub fn new(samples: &'a [Sample]) -> Self {
        let coordinate = |sample: &Sample, axis: usize| f64::from(sample.position[axis]);
        let bound = |axis: usize, pick: fn(f64, f64) -> f64, start: f64| {
            samples.iter().map(|sample| coordinate(sample, axis)).fold(start, pick)
        };
        let low = [0, 1].map(|axis| bound(axis, f64::min, f64::INFINITY));
        let high = [0, 1].map(|axis| bound(axis, f64::max, f64::NEG_INFINITY));
        let size = [0, 1].map(|axis| ((high[axis] - low[axis]) / BUCKET_M).max(0.0) as usize + 1);
        let bucket = |sample: &Sample| {
            let [x, y] = [0, 1].map(|axis| ((coordinate(sample, axis) - low[axis]) / BUCKET_M) as usize);
            x.min(size[0] - 1) + size[0] * y.min(size[1] - 1)
        };
        let mut starts = vec![0; size[0] * size[1] + 1];
        samples.iter().for_each(|sample| starts[bucket(sample) + 1] += 1);
        for k in 1..starts.len() {
            starts[k] += starts[k - 1];
        }
        let (mut next, mut order) = (starts.clone(), vec![0; samples.len()]);
        for (index, sample) in samples.iter().enumerate() {
            let place = &mut next[bucket(sample)];
            order[*place as usize] = index as u32;
            *place += 1;
        }
        Self { samples, low, size, starts, order }
    }

    /// All samples of the buckets that a rectangle of the plan touches, in their own order.
    #[must_use]
    pub fn within(&self, low: [f64; 2], high: [f64; 2]) -> Vec<Sample> {
        let cells = [0, 1].map(|axis| {
            let cell = |v: f64| ((v - self.low[axis]) / BUCKET_M).floor();
            let last = self.size[axis] as f64 - 1.0;
            (cell(low[axis]).max(0.0), cell(high[axis]).min(last))
        });
        let [(x0, x1), (y0, y1)] = cells;
        if !(x0 <= x1 && y0 <= y1) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for y in y0 as usize..=y1 as usize {
            let row = self.size[0] * y;
            let (start, end) = (self.starts[row + x0 as usize], self.starts[row + x1 as usize + 1]);
            found.extend_from_slice(&self.order[start as usize..end as usize]);
        }
        // Sums over them do not depend on the buckets.
        found.sort_unstable();
        found.into_iter().map(|index| self.samples[index as usize]).collect()
    }

    /// Samples within `reach` of a place along both axes.
    #[must_use]
    pub fn around(&self, [x, y]: [f64; 2], reach: f64) -> Vec<Sample> {
        self.within([x - reach, y - reach], [x + reach, y + reach])
    }

    /// Samples within the bounds of a polygon.
    #[must_use]
    pub fn round(&self, polygon: &[Point2]) -> Vec<Sample> {
        let bound = |axis: usize, pick: fn(f64, f64) -> f64, start: f64| {
            polygon.iter().map(|p| p[axis]).fold(start, pick)
        };
        self.within(
            [0, 1].map(|axis| bound(axis, f64::min, f64::INFINITY)),
            [0, 1].map(|axis| bound(axis, f64::max, f64::NEG_INFINITY)),
        )
    }

    /// Samples within `reach` of a segment that begins at `a` and follows a line.
    #[must_use]
    pub fn along(&self, line: &PlanLine, a: &Point2, length: f64, reach: f64) -> Vec<Sample> {
        let b = a + line.direction() * length;
        self.within(
            [a.x.min(b.x) - reach, a.y.min(b.y) - reach],
            [a.x.max(b.x) + reach, a.y.max(b.y) + reach],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Sample> {
        (0..400)
            .map(|k| Sample {
                position: [(k * 37 % 100) as f32 * 0.07 - 2.0, (k * 53 % 90) as f32 * 0.05, k as f32],
                normal: [0.0, 0.0, 1.0],
                oriented: true,
                rgb: [0; 3],
            })
            .collect()
    }

    #[test]
    fn all_that_is_near_is_found_in_order() {
        let samples = samples();
        let index = SampleIndex::new(&samples);
        let (low, high) = ([-0.3, 0.8], [1.4, 2.1]);
        let found = index.within(low, high);
        let is_inside = |s: &&Sample| (0..2).all(|k| (low[k]..=high[k]).contains(&f64::from(s.position[k])));
        let expected: Vec<&Sample> = samples.iter().filter(is_inside).collect();
        assert!(expected.len() > 10 && found.len() < samples.len() / 2, "{} {}", expected.len(), found.len());
        assert_eq!(found.iter().filter(is_inside).collect::<Vec<_>>(), expected);
        assert!(found.windows(2).all(|pair| pair[0].position[2] < pair[1].position[2]));
    }

    #[test]
    fn places_outside_and_an_empty_index_have_nothing() {
        let samples = samples();
        assert!(SampleIndex::new(&samples).around([90.0, 0.0], 1.0).is_empty());
        assert!(SampleIndex::new(&[]).around([0.0, 0.0], 1.0).is_empty());
    }
}
