//! Groups of samples that may be one object.
//!
//! What is neither floor, ceiling nor wall is split into connected pieces of voxels; each piece is
//! seen from above as a raster of top heights and cut into plates of about one height; plates that
//! together fill a rectangle (seat and back of a chair) are joined, plates that do not (a chair at a
//! table, a refrigerator beside a counter) stay apart, and L-shapes are cut in two. Frame: scene.

use super::plan::Raster;
use super::samples::Sample;
use crate::math::{Point2, Vec2};
use std::collections::BTreeMap;

/// Voxel of connectivity, metres: joins samples 5 cm apart, parts objects 10 cm apart.
const VOXEL_M: f64 = 0.06;
/// Pixel of the view from above, metres.
pub const PIXEL_M: f64 = 0.05;
/// Fewer samples than this are clutter.
const MIN_SAMPLES: usize = 25;
/// Neighbouring pixels belong to one plate when their tops differ by less, metres.
const PLATE_STEP_M: f64 = 0.10;
/// Smallest plate that starts an object, square metres.
const MIN_PLATE_M2: f64 = 0.035;
/// Joined plates may waste this share of area over their own rectangles.
const JOIN_WASTE: f64 = 1.12;
/// Plates farther apart in height are different objects even when they fill a rectangle, metres.
const JOIN_HEIGHT_M: f64 = 0.62;
/// Largest joined object in plan, metres.
const MAX_JOINED_M: f64 = 2.7;
/// A plate this much inside another's rectangle lies on it (or under it).
const ON_TOP_SHARE: f64 = 0.7;
/// An L-shape fills less than this of its rectangle.
const L_FILL: f64 = 0.72;
/// A cut must save this share of the rectangle.
const L_GAIN: f64 = 0.16;

/// A group of samples with its level.
#[derive(Debug, Clone)]
pub struct Group {
    /// Indices of its samples.
    pub members: Vec<usize>,
    /// Height of its largest plate, metres.
    pub level: f64,
}

/// Splits the samples (indices into `samples`) into groups. `axis` is the dominant direction of the
/// walls, radians.
#[must_use]
pub fn groups(samples: &[Sample], indices: &[usize], axis: f64) -> Vec<Group> {
    connected(samples, indices)
        .into_iter()
        .filter(|piece| piece.len() >= MIN_SAMPLES)
        .flat_map(|piece| split(samples, &piece, axis))
        .collect()
}

/// 26-connected components of occupied voxels, in voxel order.
fn connected(samples: &[Sample], indices: &[usize]) -> Vec<Vec<usize>> {
    let mut voxels: BTreeMap<[i32; 3], Vec<usize>> = BTreeMap::new();
    for &i in indices {
        let cell = samples[i].position.map(|v| (f64::from(v) / VOXEL_M).floor() as i32);
        voxels.entry(cell).or_default().push(i);
    }
    let keys: Vec<[i32; 3]> = voxels.keys().copied().collect();
    let mut seen = vec![false; keys.len()];
    let mut pieces = Vec::new();
    for start in 0..keys.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let (mut stack, mut piece) = (vec![start], Vec::new());
        while let Some(k) = stack.pop() {
            piece.extend_from_slice(&voxels[&keys[k]]);
            let [x, y, z] = keys[k];
            for dx in -1..=1 {
                for dy in -1..=1 {
                    // The three voxels of a column are neighbours in the order of the keys.
                    let first = keys.partition_point(|key| *key < [x + dx, y + dy, z - 1]);
                    let column = keys[first..].iter().take_while(|key| **key <= [x + dx, y + dy, z + 1]);
                    for next in first..first + column.count() {
                        if !seen[next] {
                            seen[next] = true;
                            stack.push(next);
                        }
                    }
                }
            }
        }
        pieces.push(piece);
    }
    pieces
}

/// Axis-aligned rectangle in the frame turned by the axis.
#[derive(Debug, Clone, Copy)]
struct Rect {
    min: [f64; 2],
    max: [f64; 2],
}

impl Rect {
    fn empty() -> Self {
        Self { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] }
    }

    fn add(&mut self, p: [f64; 2]) {
        for (axis, value) in p.into_iter().enumerate() {
            self.min[axis] = self.min[axis].min(value - 0.5 * PIXEL_M);
            self.max[axis] = self.max[axis].max(value + 0.5 * PIXEL_M);
        }
    }

    fn union(&self, other: &Self) -> Self {
        let axis = [0, 1];
        Self {
            min: axis.map(|a| self.min[a].min(other.min[a])),
            max: axis.map(|a| self.max[a].max(other.max[a])),
        }
    }

    fn size(&self) -> [f64; 2] {
        [self.max[0] - self.min[0], self.max[1] - self.min[1]]
    }

    fn area(&self) -> f64 {
        let s = self.size();
        s[0].max(0.0) * s[1].max(0.0)
    }

    fn shared(&self, other: &Self) -> f64 {
        let side = |a: usize| (self.max[a].min(other.max[a]) - self.min[a].max(other.min[a])).max(0.0);
        side(0) * side(1)
    }

    /// Gap between the rectangles, metres; 0 when they touch.
    fn gap(&self, other: &Self) -> f64 {
        let side = |a: usize| (self.min[a].max(other.min[a]) - self.max[a].min(other.max[a])).max(0.0);
        side(0).max(side(1))
    }
}

struct Plate {
    pixels: Vec<usize>,
    rect: Rect,
    level: f64,
}

/// Cuts a connected piece into objects.
fn split(samples: &[Sample], piece: &[usize], axis: f64) -> Vec<Group> {
    let (sin, cos) = axis.sin_cos();
    let turned = |i: usize| {
        let [x, y, _] = samples[i].position.map(f64::from);
        [x * cos + y * sin, y * cos - x * sin]
    };
    let mut bounds = Rect::empty();
    for &i in piece {
        bounds.add(turned(i));
    }
    let raster = Raster::covering(bounds.min, [bounds.max[0] + 0.01, bounds.max[1] + 0.01], PIXEL_M);
    let mut tops = vec![f64::NAN; raster.len()];
    for &i in piece {
        let [u, v] = turned(i);
        if let Some(k) = raster.index(u, v) {
            tops[k] = tops[k].max(f64::from(samples[i].position[2]));
        }
    }
    let tops = smoothed(&tops, &raster);
    let mut plates = plates(&tops, &raster);
    join(&mut plates);
    plates = plates.into_iter().flat_map(|plate| cut_corner(plate, &raster)).collect();
    assign(samples, piece, &plates, &raster, &turned)
}

/// Median of the 3 x 3 neighbourhood: takes away noise spikes, keeps edges.
fn smoothed(tops: &[f64], raster: &Raster) -> Vec<f64> {
    let (w, h) = (raster.width, raster.height);
    (0..tops.len())
        .map(|k| {
            if tops[k].is_nan() {
                return f64::NAN;
            }
            let (x, y) = (k % w, k / w);
            let around: Vec<f64> = (y.saturating_sub(1)..(y + 2).min(h))
                .flat_map(|r| (x.saturating_sub(1)..(x + 2).min(w)).map(move |c| r * w + c))
                .map(|n| tops[n])
                .filter(|t| !t.is_nan())
                .collect();
            crate::math::median(&around).unwrap_or(tops[k])
        })
        .collect()
}

/// Connected pixels of about one height, largest first.
fn plates(tops: &[f64], raster: &Raster) -> Vec<Plate> {
    let (w, h) = (raster.width, raster.height);
    let mut seen = vec![false; tops.len()];
    let mut found = Vec::new();
    for start in 0..tops.len() {
        if seen[start] || tops[start].is_nan() {
            continue;
        }
        seen[start] = true;
        let (mut stack, mut pixels, mut rect) = (vec![start], Vec::new(), Rect::empty());
        while let Some(k) = stack.pop() {
            pixels.push(k);
            let (x, y) = (k % w, k / w);
            let center = raster.center(x, y);
            rect.add([center.x, center.y]);
            for r in y.saturating_sub(1)..(y + 2).min(h) {
                for c in x.saturating_sub(1)..(x + 2).min(w) {
                    let n = r * w + c;
                    if !seen[n] && (tops[n] - tops[k]).abs() < PLATE_STEP_M {
                        seen[n] = true;
                        stack.push(n);
                    }
                }
            }
        }
        let heights: Vec<f64> = pixels.iter().map(|&k| tops[k]).collect();
        let level = crate::math::median(&heights).unwrap_or(0.0);
        found.push(Plate { pixels, rect, level });
    }
    found.sort_by(|a, b| b.pixels.len().cmp(&a.pixels.len()).then(a.pixels[0].cmp(&b.pixels[0])));
    found
}

/// Joins plates that make one object; what is too small to stand alone joins what it lies on.
fn join(plates: &mut Vec<Plate>) {
    let area = |p: &Plate| p.pixels.len() as f64 * PIXEL_M * PIXEL_M;
    'again: loop {
        for small in (1..plates.len()).rev() {
            let best = (0..small)
                .filter(|&big| {
                    let (a, b) = (&plates[big], &plates[small]);
                    let union = a.rect.union(&b.rect);
                    let size = union.size();
                    let fills =
                        union.area() <= JOIN_WASTE * (a.rect.area() + b.rect.area() - a.rect.shared(&b.rect));
                    a.rect.gap(&b.rect) <= PIXEL_M
                        && fills
                        && (a.level - b.level).abs() <= JOIN_HEIGHT_M
                        && size[0].max(size[1])
                            <= MAX_JOINED_M.max(a.rect.size()[0].max(a.rect.size()[1]) + 0.1)
                        || b.rect.shared(&a.rect) >= ON_TOP_SHARE * b.rect.area()
                })
                .max_by(|&a, &b| {
                    plates[a]
                        .rect
                        .shared(&plates[small].rect)
                        .total_cmp(&plates[b].rect.shared(&plates[small].rect))
                });
            if let Some(big) = best {
                let gone = plates.remove(small);
                let into = &mut plates[big];
                into.rect = into.rect.union(&gone.rect);
                into.pixels.extend(gone.pixels);
                continue 'again;
            }
        }
        break;
    }
    plates.retain(|p| area(p) >= MIN_PLATE_M2);
}

/// Cuts an L-shape where its two rectangles waste the least.
fn cut_corner(plate: Plate, raster: &Raster) -> Vec<Plate> {
    let whole = plate.rect.area();
    let fill = plate.pixels.len() as f64 * PIXEL_M * PIXEL_M / whole;
    if fill >= L_FILL || whole < 0.3 {
        return vec![plate];
    }
    let at = |k: usize| {
        let c = raster.center(k % raster.width, k / raster.width);
        [c.x, c.y]
    };
    let mut best: Option<(f64, usize, f64)> = None;
    for axis in 0..2 {
        let steps = (plate.rect.size()[axis] / PIXEL_M) as usize;
        for step in 4..steps.saturating_sub(3) {
            let line = plate.rect.min[axis] + step as f64 * PIXEL_M;
            let (mut low, mut high) = (Rect::empty(), Rect::empty());
            for &k in &plate.pixels {
                let p = at(k);
                if p[axis] < line { low.add(p) } else { high.add(p) }
            }
            let area = low.area() + high.area();
            if best.is_none_or(|b| area < b.0) {
                best = Some((area, axis, line));
            }
        }
    }
    let Some((_, axis, line)) = best.filter(|b| b.0 <= (1.0 - L_GAIN) * whole) else { return vec![plate] };
    let level = plate.level;
    let (low, high): (Vec<usize>, Vec<usize>) = plate.pixels.into_iter().partition(|&k| at(k)[axis] < line);
    [low, high]
        .into_iter()
        .flat_map(|pixels| {
            let mut rect = Rect::empty();
            for &k in &pixels {
                rect.add(at(k));
            }
            cut_corner(Plate { pixels, rect, level }, raster)
        })
        .collect()
}

/// Gives every sample to the plate over it; samples under no plate are clutter.
fn assign(
    samples: &[Sample],
    piece: &[usize],
    plates: &[Plate],
    raster: &Raster,
    turned: &dyn Fn(usize) -> [f64; 2],
) -> Vec<Group> {
    let mut owner = vec![usize::MAX; raster.len()];
    for (index, plate) in plates.iter().enumerate() {
        for &k in &plate.pixels {
            owner[k] = index;
        }
    }
    let mut groups: Vec<Group> =
        plates.iter().map(|p| Group { members: Vec::new(), level: p.level }).collect();
    for &i in piece {
        let [u, v] = turned(i);
        if let Some(k) = raster.index(u, v).filter(|&k| owner[k] != usize::MAX) {
            groups[owner[k]].members.push(i);
        }
    }
    groups.retain(|g| g.members.len() >= MIN_SAMPLES && samples.len() > g.members.len());
    groups
}

/// A turned rectangle in plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanBox {
    /// Centre, metres.
    pub center: Point2,
    /// Direction of the first side, radians.
    pub yaw: f64,
    /// Full sizes along and across, metres.
    pub size: [f64; 2],
}

/// Share of points left out at each side of a box (fliers of noisy clouds).
const TRIM: f64 = 0.015;
/// A box at the walls' direction is taken when it is at most this much larger than the smallest.
const AXIS_PREFERENCE: f64 = 1.10;
/// Angles tried over a quarter turn (2.5°).
const YAW_STEPS: usize = 36;

/// Smallest rectangle round the points, at the walls' direction when that is about as small.
#[must_use]
pub fn plan_box(points: &[Point2], axis: f64) -> Option<PlanBox> {
    if points.len() < 3 {
        return None;
    }
    let at = |yaw: f64| {
        let direction = Vec2::new(yaw.cos(), yaw.sin());
        let across = Vec2::new(-direction.y, direction.x);
        let range = |d: &Vec2| {
            let mut values: Vec<f64> = points.iter().map(|p| d.dot(&p.coords)).collect();
            values.sort_by(f64::total_cmp);
            let cut = (values.len() as f64 * TRIM) as usize;
            (values[cut], values[values.len() - 1 - cut])
        };
        let (u, v) = (range(&direction), range(&across));
        let center = direction * (0.5 * (u.0 + u.1)) + across * (0.5 * (v.0 + v.1));
        PlanBox { center: Point2::from(center), yaw, size: [u.1 - u.0, v.1 - v.0] }
    };
    let area = |b: &PlanBox| (b.size[0] + 0.02) * (b.size[1] + 0.02);
    let square = at(axis);
    let best = (1..YAW_STEPS)
        .map(|k| at(axis + k as f64 * std::f64::consts::FRAC_PI_2 / YAW_STEPS as f64))
        .min_by(|a, b| area(a).total_cmp(&area(b)))?;
    Some(if area(&square) <= AXIS_PREFERENCE * area(&best) { square } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_rectangle_is_found() {
        let (sin, cos) = 0.5f64.sin_cos();
        let points: Vec<Point2> = (0..40)
            .flat_map(|i| (0..20).map(move |j| (i as f64 * 0.05 - 1.0, j as f64 * 0.05 - 0.5)))
            .map(|(u, v)| Point2::new(3.0 + u * cos - v * sin, u * sin + v * cos))
            .collect();
        let found = plan_box(&points, 0.0).unwrap();
        assert!(super::super::plan::angle_difference(found.yaw, 0.5, std::f64::consts::FRAC_PI_2) < 0.05);
        let long = found.size[0].max(found.size[1]);
        assert!((long - 1.95).abs() < 0.1, "{found:?}");
    }
}
