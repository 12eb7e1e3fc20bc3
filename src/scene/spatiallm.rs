//! SpatialLM's discretisation of a layout: metres to integer bins and back.
//!
//! bin = clip(trunc((v − lo) / (hi − lo) · n), 0, n − 1); the published inverse is
//! bin / n · (hi − lo) + lo, without a half-bin offset, so every value comes back too small by half
//! a bin on average (1.25 cm for positions at n = 1280). [`Bins::half_bin`] puts the half back.
//!
//! Frame: the cloud's own, shifted so that its minimum corner is the origin ([`translate`] shifts
//! back). Bins are held in a [`Layout`] too, as whole numbers, since the same text carries them.
//! Source: SpatialLM (Mao et al. 2025), the format's public description.

use super::language::{BoxEntity, Layout, OpeningEntity, WallEntity};
use serde::{Deserialize, Serialize};

/// Bins of SpatialLM 1.1.
pub const NUM_BINS_V1_1: u32 = 1280;
/// Bins of SpatialLM 1.0 and its Structured3D fine-tune.
pub const NUM_BINS_V1_0: u32 = 640;

/// Positions, metres.
const WORLD: (f64, f64) = (0.0, 32.0);
/// Height and thickness of walls, height of openings, metres.
const HEIGHT: (f64, f64) = (0.0, 25.6);
/// Width of openings, metres.
const WIDTH: (f64, f64) = (0.0, 25.6);
/// Sizes of boxes, metres.
const SCALE: (f64, f64) = (0.0, 20.0);
/// Yaw, radians; 6.2832 is the model's own rounding of 2π.
#[expect(clippy::approx_constant, reason = "the trained value, not 2π")]
const ANGLE: (f64, f64) = (-6.2832, 6.2832);

/// How a layout is cut into bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bins {
    /// Number of bins over each range.
    pub num_bins: u32,
    /// Adds half a bin when going back to metres, so that the value stands in the middle of its bin.
    /// `false` reproduces SpatialLM's own output digit by digit.
    pub half_bin: bool,
}

impl Default for Bins {
    fn default() -> Self {
        Self { num_bins: NUM_BINS_V1_1, half_bin: false }
    }
}

impl Bins {
    /// Metres to bins. Values outside the ranges are clipped; not a number becomes bin 0.
    #[must_use]
    pub fn discretise(&self, layout: &Layout) -> Layout {
        let bins = f64::from(self.num_bins);
        map_values(layout, |value, (lo, hi)| {
            let bin = ((value - lo) / (hi - lo) * bins).trunc().clamp(0.0, bins - 1.0);
            if bin.is_nan() { 0.0 } else { bin }
        })
    }

    /// Bins to metres.
    #[must_use]
    pub fn undiscretise(&self, layout: &Layout) -> Layout {
        let bins = f64::from(self.num_bins);
        let offset = if self.half_bin { 0.5 } else { 0.0 };
        map_values(layout, |bin, (lo, hi)| (bin + offset) / bins * (hi - lo) + lo)
    }
}

/// Applies `map` to every number with the range it lives in.
fn map_values(layout: &Layout, map: impl Fn(f64, (f64, f64)) -> f64) -> Layout {
    let position = |p: [f64; 3]| p.map(|v| map(v, WORLD));
    let opening = |o: &OpeningEntity| OpeningEntity {
        center: position(o.center),
        width: map(o.width, WIDTH),
        height: map(o.height, HEIGHT),
        ..*o
    };
    Layout {
        walls: layout
            .walls
            .iter()
            .map(|w| WallEntity {
                a: position(w.a),
                b: position(w.b),
                height: map(w.height, HEIGHT),
                thickness: map(w.thickness, HEIGHT),
                ..*w
            })
            .collect(),
        doors: layout.doors.iter().map(opening).collect(),
        windows: layout.windows.iter().map(opening).collect(),
        boxes: layout
            .boxes
            .iter()
            .map(|b| BoxEntity {
                center: position(b.center),
                yaw: map(b.yaw, ANGLE),
                size: b.size.map(|v| map(v, SCALE)),
                ..b.clone()
            })
            .collect(),
    }
}

/// The layout moved by `offset` metres.
#[must_use]
pub fn translate(layout: &Layout, offset: [f64; 3]) -> Layout {
    let mut moved = layout.clone();
    let points = moved
        .walls
        .iter_mut()
        .flat_map(|w| [&mut w.a, &mut w.b])
        .chain(moved.doors.iter_mut().chain(&mut moved.windows).map(|o| &mut o.center))
        .chain(moved.boxes.iter_mut().map(|b| &mut b.center));
    for point in points {
        for axis in 0..3 {
            point[axis] += offset[axis];
        }
    }
    moved
}

/// The order in which SpatialLM is trained to speak: every wall's ends ordered a < b, then walls by
/// their ends, then doors, windows and boxes by their centre; compared by z, then y, then x.
/// Numbers are given anew from 0, and openings follow their wall.
#[must_use]
pub fn training_order(layout: &Layout) -> Layout {
    let key = |p: &[f64; 3]| [p[2], p[1], p[0]];
    let order = |p: &[f64; 3], q: &[f64; 3]| {
        key(p)
            .iter()
            .zip(&key(q))
            .map(|(x, y)| x.total_cmp(y))
            .find(|o| o.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    let mut sorted = layout.clone();
    for wall in &mut sorted.walls {
        if order(&wall.b, &wall.a).is_lt() {
            std::mem::swap(&mut wall.a, &mut wall.b);
        }
    }
    sorted.walls.sort_by(|v, w| order(&v.a, &w.a).then_with(|| order(&v.b, &w.b)));
    let number_of: std::collections::BTreeMap<u32, u32> =
        (0..).zip(&sorted.walls).map(|(new, wall)| (wall.id, new)).collect();
    for (new, wall) in (0..).zip(&mut sorted.walls) {
        wall.id = new;
    }
    for openings in [&mut sorted.doors, &mut sorted.windows] {
        openings.sort_by(|v, w| order(&v.center, &w.center));
        for (new, opening) in (0..).zip(openings) {
            opening.id = new;
            opening.wall = number_of.get(&opening.wall).copied().unwrap_or(opening.wall);
        }
    }
    sorted.boxes.sort_by(|v, w| order(&v.center, &w.center));
    for (new, object) in (0..).zip(&mut sorted.boxes) {
        object.id = new;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::ReadMode;

    /// Whole numbers as SpatialLM speaks them, with its faults.
    const SPOKEN: &str = "wall_0=Wall(12,34,5,210,34,5,104,0)\ndoor_0=Door(wall_0,100,34,40,36,80)\n\
        door_7=Door(wall_9,100,34,40,36,80)\nbbox_0=Bbox(sofa,100,100,20,640,90,40,35)\n\
        bbox_1=Bbox(dining_table,50.5,60,20,1279,-30,10,12)\ngarbage";

    #[test]
    fn compatible_mode_gives_the_published_values() {
        let (bins, touched) = Layout::parse(SPOKEN, ReadMode::Lenient).expect("lenient");
        assert_eq!(touched.len(), 3);
        let metric = Bins::default().undiscretise(&bins);
        let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-12, "{x} is not {y}");
        close(metric.walls[0].a[0], 0.3);
        close(metric.walls[0].height, 2.08);
        close(metric.doors[0].width, 0.72);
        close(metric.boxes[0].yaw, 0.0);
        close(metric.boxes[1].yaw, 6.273_382_5);
        close(metric.boxes[1].size[0], 0.46875);
        let back = Bins::default().discretise(&metric);
        close(back.boxes[1].center[0], 50.0);
        close(back.walls[0].b[0], 210.0);
    }

    #[test]
    fn the_half_bin_makes_the_round_trip_exact_and_centred() {
        let bins = Bins { half_bin: true, ..Bins::default() };
        for bin in 0..NUM_BINS_V1_1 {
            let v = f64::from(bin);
            let wall = WallEntity { id: 0, a: [v; 3], b: [v; 3], height: v, thickness: v };
            let layout = Layout { walls: vec![wall], ..Layout::default() };
            assert_eq!(bins.discretise(&bins.undiscretise(&layout)), layout);
        }
    }

    #[test]
    fn nothing_leaves_the_range() {
        let wall = WallEntity { id: 0, a: [-5.0, 99.0, f64::NAN], b: [0.0; 3], height: 1e9, thickness: 0.0 };
        let bins = Bins::default().discretise(&Layout { walls: vec![wall], ..Layout::default() });
        assert_eq!(bins.walls[0].a, [0.0, 1279.0, 0.0]);
        assert_eq!(bins.walls[0].height, 1279.0);
    }

    #[test]
    fn training_order_sorts_and_keeps_doors_on_their_walls() {
        let text = "wall_4=Wall(4,3,0,0,3,0,2.6,0)\nwall_2=Wall(4,0,0,0,0,0,2.6,0)\ndoor_1=Door(wall_4,2,3,1,1,2)\n\
                    door_0=Door(wall_2,2,0,1,1,2)";
        let (layout, _) = Layout::parse(text, ReadMode::Strict).expect("good text");
        let sorted = training_order(&layout);
        assert_eq!(sorted.walls[0].a, [0.0; 3]);
        assert_eq!((sorted.doors[0].wall, sorted.doors[0].center[1]), (0, 0.0));
        assert_eq!((sorted.doors[1].wall, sorted.doors[1].center[1]), (1, 3.0));
    }

    #[test]
    fn translation_moves_every_point() {
        let (layout, _) = Layout::parse(SPOKEN, ReadMode::Lenient).expect("lenient");
        let moved = translate(&layout, [1.0, -2.0, 3.0]);
        assert_eq!(moved.walls[0].b, [211.0, 32.0, 8.0]);
        assert_eq!(moved.boxes[0].center, [101.0, 98.0, 23.0]);
        assert_eq!(translate(&moved, [-1.0, 2.0, -3.0]), layout);
    }
}
