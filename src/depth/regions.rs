//! Regions of even colour: `(&RgbImage) -> label of every pixel`.
//!
//! Felzenszwalb & Huttenlocher, "Efficient Graph-Based Image Segmentation" (IJCV 2004): neighbouring pixels
//! are joined in the order of their difference, two regions when the difference between them is no larger
//! than the largest one within either, plus a term that shrinks with their size. Differences are counted in
//! whole steps, so that the order, and with it the result, is the same everywhere.

use image::RgbImage;

/// The term by size is this over the number of pixels, 8-bit levels: regions of a thousand pixels hold
/// together against differences below a level.
const SIZE_TERM: f32 = 400.0;
/// Steps of a difference per 8-bit level.
const STEPS: f32 = 8.0;

/// Disjoint sets with size and largest inner difference.
struct Forest {
    parent: Vec<u32>,
    size: Vec<u32>,
    inner: Vec<f32>,
}

impl Forest {
    fn new(count: usize) -> Self {
        Self { parent: (0..count as u32).collect(), size: vec![1; count], inner: vec![0.0; count] }
    }

    fn root(&mut self, mut item: u32) -> u32 {
        while self.parent[item as usize] != item {
            let above = self.parent[self.parent[item as usize] as usize];
            self.parent[item as usize] = above;
            item = above;
        }
        item
    }

    /// Joins the sets of two items when their difference allows it.
    fn join(&mut self, a: u32, b: u32, difference: f32) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let limit = |set: u32| self.inner[set as usize] + SIZE_TERM / self.size[set as usize] as f32;
        if difference > limit(a).min(limit(b)) {
            return;
        }
        let (small, large) = if self.size[a as usize] < self.size[b as usize] { (a, b) } else { (b, a) };
        self.parent[small as usize] = large;
        self.size[large as usize] += self.size[small as usize];
        // Differences come in rising order: this one is the largest so far.
        self.inner[large as usize] = difference;
    }
}

/// Labels from 0 on, in the order of the regions' first pixels, and their number.
#[must_use]
pub fn regions(image: &RgbImage) -> (Vec<u32>, usize) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let smooth = smoothed(image);
    let pixels = width * height;
    let difference = |a: usize, b: usize| {
        let sum: f32 = (0..3).map(|c| (smooth[a][c] - smooth[b][c]).powi(2)).sum();
        (sum.sqrt() * STEPS) as usize
    };
    let mut edges: Vec<(u32, u32, u32)> = Vec::with_capacity(2 * pixels);
    for pixel in 0..pixels {
        if pixel % width + 1 < width {
            edges.push((difference(pixel, pixel + 1) as u32, pixel as u32, pixel as u32 + 1));
        }
        if pixel + width < pixels {
            edges.push((difference(pixel, pixel + width) as u32, pixel as u32, (pixel + width) as u32));
        }
    }
    edges.sort_unstable();
    let mut forest = Forest::new(pixels);
    for (steps, a, b) in edges {
        forest.join(a, b, steps as f32 / STEPS);
    }
    let mut label_of = vec![u32::MAX; pixels];
    let mut count = 0;
    let labels = (0..pixels as u32)
        .map(|pixel| {
            let root = forest.root(pixel) as usize;
            if label_of[root] == u32::MAX {
                label_of[root] = count;
                count += 1;
            }
            label_of[root]
        })
        .collect();
    (labels, count as usize)
}

/// The picture under a 3x3 binomial filter, which takes the noise of single pixels out.
fn smoothed(image: &RgbImage) -> Vec<[f32; 3]> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let raw = image.as_raw();
    let mut rows = vec![[0.0f32; 3]; width * height];
    for y in 0..height {
        for x in 0..width {
            let at = |x: usize, c: usize| f32::from(raw[3 * (y * width + x) + c]);
            let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
            rows[y * width + x] =
                std::array::from_fn(|c| 0.25 * at(left, c) + 0.5 * at(x, c) + 0.25 * at(right, c));
        }
    }
    let mut out = rows.clone();
    for y in 0..height {
        let (above, below) = (y.saturating_sub(1), (y + 1).min(height - 1));
        for x in 0..width {
            let at = |y: usize, c: usize| rows[y * width + x][c];
            out[y * width + x] =
                std::array::from_fn(|c| 0.25 * at(above, c) + 0.5 * at(y, c) + 0.25 * at(below, c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn two_even_halves_are_two_regions_and_a_gradient_is_one() {
        let halves =
            RgbImage::from_fn(40, 30, |x, _| Rgb(if x < 20 { [200, 200, 200] } else { [90, 120, 60] }));
        let (labels, _) = regions(&halves);
        assert_eq!([labels[5], labels[35]], [labels[29 * 40 + 10], labels[29 * 40 + 30]]);
        assert_ne!(labels[5], labels[35]);
        let gradient = RgbImage::from_fn(40, 30, |x, y| Rgb([100 + (x + y) as u8; 3]));
        let (labels, count) = regions(&gradient);
        assert!(count < 5, "{count} regions");
        assert_eq!(labels[41], labels[28 * 40 + 38]);
    }

    #[test]
    fn noise_of_a_few_levels_does_not_break_a_wall() {
        let noisy = RgbImage::from_fn(60, 40, |x, y| {
            let noise = ((x * 7919 + y * 104_729) % 5) as u8;
            Rgb([180 + noise, 178 + noise, 170 + noise])
        });
        let (labels, _) = regions(&noisy);
        let mut sizes = std::collections::BTreeMap::new();
        labels.iter().for_each(|label| *sizes.entry(label).or_insert(0usize) += 1);
        let largest = sizes.values().max().copied().unwrap_or(0);
        assert!(largest > 2000, "largest of {} regions: {largest} of 2400 pixels", sizes.len());
    }
}
