//! Tiles of scans that people have labelled: `(folder) -> tiles`, to train on one's own scenes.
//!
//! What a layout text does not say is found from the cloud: how much of an element was seen (the share
//! of its surface with points near) and what is inside (what walls shut off from the outside). Tiles
//! are drawn at random: place, turn, an error of scale. Free space is that of the scan's depth maps, when it has some.

use super::DatasetOptions;
use super::place::{Place, draw_scale, draw_yaw};
use super::tile::{Elements, Tile};
use crate::cloud::{Cloud, CloudPoint, SceneFrame};
use crate::layout::labelled::LabelledScan;
use crate::layout::network::pillars::Beside;
use crate::layout::plan::Raster;
use crate::math::{Point2, wrap_angle};
use crate::scene::classes::CLASSES;
use crate::scene::{ClassMap, Layout, OpeningEntity};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, HashSet};

/// Surfaces are looked at in steps of this, metres.
const STEP_M: f64 = 0.1;
/// Edge of the cells that points fill, metres: a surface has points when its cell or one beside it has.
const CELL_M: f64 = 0.06;
/// Cells of the plan when looking for the inside, metres, and the margin round all walls.
const INSIDE_M: (f64, f64) = (0.05, 1.0);
/// Walls are at least this thick when the plan is shut, metres.
const SHUT_M: f64 = 0.12;
/// The surround of an opening, metres: an open door itself has no points.
const SURROUND_M: f64 = 0.25;

/// A labelled scan, ready for tiles.
pub struct Scanned {
    scan: LabelledScan,
    walls: Vec<f64>,
    openings: Vec<Opening>,
    boxes: Vec<Object>,
    inside: Inside,
}

struct Opening {
    kind: f64,
    entity: OpeningEntity,
    direction: [f64; 2],
    seen: f64,
}

struct Object {
    index: usize,
    class: usize,
    seen: f64,
}

impl Scanned {
    /// Looks at a scan. Beside it the boxes left out because their class is not one of the layout
    /// language, after `classes` where it is given, with their number.
    pub fn new(mut scan: LabelledScan, classes: Option<&ClassMap>) -> (Self, BTreeMap<String, usize>) {
        // Rooms close only with the walls that were hardly seen; the cloud says again how much of them was.
        let hardly = std::mem::take(&mut scan.unseen);
        scan.layout.walls.extend(hardly.walls);
        scan.layout.doors.extend(hardly.doors);
        scan.layout.windows.extend(hardly.windows);
        scan.layout.boxes.extend(hardly.boxes);
        let seen = Seen::new(&scan.cloud);
        let layout = &scan.layout;
        let walls =
            layout.walls.iter().map(|wall| seen.rectangle(wall.a, wall.b, [0.0, wall.height])).collect();
        let kinds = [(0.0, &layout.doors), (1.0, &layout.windows)];
        let openings = kinds
            .into_iter()
            .flat_map(|(kind, list)| list.iter().filter_map(move |o| opening(layout, kind, o)))
            .map(|opening| Opening { seen: seen.opening(&opening), ..opening })
            .collect();
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        let mut boxes = Vec::new();
        for (index, object) in layout.boxes.iter().enumerate() {
            let name = match classes {
                Some(map) => map.target(&object.class).map(str::to_owned),
                None => Some(object.class.clone()),
            };
            let class = name.and_then(|name| CLASSES.iter().position(|class| is_same(class, &name)));
            match class {
                Some(class) => boxes.push(Object { index, class, seen: seen.object(layout, index) }),
                None => *unknown.entry(object.class.clone()).or_default() += 1,
            }
        }
        let inside = Inside::new(layout);
        (Self { scan, walls, openings, boxes, inside }, unknown)
    }

    /// A tile drawn by `seed`.
    pub fn tile(&self, seed: u64, options: &DatasetOptions) -> Tile {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let points = &self.scan.cloud.points;
        let at = points[rng.random_range(0..points.len())].position;
        let middle = [0, 1].map(|k| f64::from(at[k]));
        let (scale, yaw) = (draw_scale(&mut rng, options), draw_yaw(&mut rng, options));
        let place = Place { cells: options.cells, middle, yaw, scale, lift_m: 0.0 };
        let moved: Vec<CloudPoint> = points.iter().map(|point| place.moved(point)).collect();
        let free = self.scan.free.as_ref().map(|free| place.turned(free));
        let elements = Elements {
            walls: self.walls(&place),
            openings: self.openings(&place),
            boxes: self.boxes(&place),
        };
        let interior = place.half_cells().map(|p| u8::from(self.inside.holds(p))).collect();
        let semantics = self.scan.semantics.as_ref().map(|semantics| place.scored(semantics));
        let beside = Beside { free: free.as_ref(), semantics: semantics.as_ref() };
        Tile::new((moved, beside), (interior, elements), (scale.ln(), seed), options)
    }

    fn walls(&self, place: &Place) -> Vec<[f64; 7]> {
        let walls = self.scan.layout.walls.iter().zip(&self.walls);
        walls
            .map(|(wall, &seen)| {
                let ([ax, ay], [bx, by]) =
                    (place.place([wall.a[0], wall.a[1]]), place.place([wall.b[0], wall.b[1]]));
                [ax, ay, bx, by, place.scale * wall.height, place.scale * wall.thickness, seen]
            })
            .filter(|&[ax, ay, bx, by, ..]| place.passes_near([ax, ay], [bx, by]))
            .collect()
    }

    fn openings(&self, place: &Place) -> Vec<[f64; 9]> {
        let k = place.scale;
        let row = |opening: &Opening| {
            let o = &opening.entity;
            let [x, y] = place.place([o.center[0], o.center[1]]);
            let [dx, dy] = place.direction(opening.direction);
            [opening.kind, x, y, k * o.center[2], k * o.width, k * o.height, dx, dy, opening.seen]
        };
        self.openings.iter().map(row).filter(|o| place.is_near([o[1], o[2]])).collect()
    }

    fn boxes(&self, place: &Place) -> Vec<[f64; 9]> {
        let k = place.scale;
        let row = |object: &Object| {
            let o = &self.scan.layout.boxes[object.index];
            let [x, y] = place.place([o.center[0], o.center[1]]);
            let [w, d, h] = o.size.map(|s| k * s);
            let yaw = wrap_angle(o.yaw + place.yaw);
            [object.class as f64, x, y, k * o.center[2], yaw, w, d, h, object.seen]
        };
        self.boxes.iter().map(row).filter(|b| place.is_near([b[1], b[2]])).collect()
    }
}

fn is_same(class: &str, name: &str) -> bool {
    let plain = |c: char| if c == ' ' || c == '-' { '_' } else { c.to_ascii_lowercase() };
    class.chars().map(plain).eq(name.trim().chars().map(plain))
}

fn opening(layout: &Layout, kind: f64, entity: &OpeningEntity) -> Option<Opening> {
    let wall = layout.walls.iter().find(|wall| wall.id == entity.wall)?;
    let (dx, dy) = (wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]);
    let length = dx.hypot(dy);
    let direction = [dx / length, dy / length];
    (length > 0.0).then_some(Opening { kind, entity: *entity, direction, seen: 0.0 })
}

/// Where the cloud has points.
struct Seen {
    cells: HashSet<[i32; 3]>,
}

impl Seen {
    fn new(cloud: &Cloud<SceneFrame>) -> Self {
        let cells = cloud.points.iter().map(|point| Self::cell(point.position.map(f64::from))).collect();
        Self { cells }
    }

    fn cell(p: [f64; 3]) -> [i32; 3] {
        p.map(|v| (v / CELL_M).floor() as i32)
    }

    fn is_near(&self, p: [f64; 3]) -> bool {
        let [x, y, z] = Self::cell(p);
        (-1..=1).any(|i| (-1..=1).any(|j| (-1..=1).any(|k| self.cells.contains(&[x + i, y + j, z + k]))))
    }

    /// Share of a standing rectangle over a segment that has points.
    fn rectangle(&self, a: [f64; 3], b: [f64; 3], [bottom, top]: [f64; 2]) -> f64 {
        let steps = |extent: f64| ((extent / STEP_M).ceil() as usize).max(1);
        let (across, up) = (steps((b[0] - a[0]).hypot(b[1] - a[1])), steps(top - bottom));
        let at = |k: usize, n: usize| (k as f64 + 0.5) / n as f64;
        let seen = (0..across * up).filter(|k| {
            let (s, t) = (at(k % across, across), at(k / across, up));
            self.is_near([a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1]), bottom + t * (top - bottom)])
        });
        seen.count() as f64 / (across * up) as f64
    }

    /// Share of an opening or, when that is more, of the wall round it.
    fn opening(&self, opening: &Opening) -> f64 {
        let (o, [dx, dy]) = (&opening.entity, opening.direction);
        let at = |t: f64| [o.center[0] + t * dx, o.center[1] + t * dy, 0.0];
        let (half, low, high) = (0.5 * o.width, o.center[2] - 0.5 * o.height, o.center[2] + 0.5 * o.height);
        let own = self.rectangle(at(-half), at(half), [low, high]);
        let beside = [(-half - SURROUND_M, -half), (half, half + SURROUND_M)];
        let round = beside.map(|(s, t)| self.rectangle(at(s), at(t), [low, high])).iter().sum::<f64>() / 2.0;
        own.max(round)
    }

    /// Share of a box's sides and top.
    fn object(&self, layout: &Layout, index: usize) -> f64 {
        let object = &layout.boxes[index];
        let (sin, cos) = object.yaw.sin_cos();
        let [w, d, h] = object.size.map(|s| 0.5 * s);
        let world = |x: f64, y: f64, z: f64| {
            [object.center[0] + cos * x - sin * y, object.center[1] + sin * x + cos * y, object.center[2] + z]
        };
        let corners = [world(-w, -d, 0.0), world(w, -d, 0.0), world(w, d, 0.0), world(-w, d, 0.0)];
        let heights = [object.center[2] - h, object.center[2] + h];
        let sides =
            (0..4).map(|k| self.rectangle(corners[k], corners[(k + 1) % 4], heights)).fold(0.0, f64::max);
        let steps = 6;
        let at = |k: usize| 2.0 * (k as f64 + 0.5) / steps as f64 - 1.0;
        let top = (0..steps * steps).filter(|k| self.is_near(world(w * at(k % steps), d * at(k / steps), h)));
        sides.max(top.count() as f64 / (steps * steps) as f64)
    }
}

/// What walls shut off from the outside.
struct Inside {
    raster: Raster,
    is_inside: Vec<bool>,
}

impl Inside {
    fn new(layout: &Layout) -> Self {
        let (pixel_m, margin_m) = INSIDE_M;
        let ends = || layout.walls.iter().flat_map(|wall| [wall.a, wall.b]);
        let low = |k: usize| ends().map(|p| p[k]).fold(f64::INFINITY, f64::min) - margin_m;
        let high = |k: usize| ends().map(|p| p[k]).fold(f64::NEG_INFINITY, f64::max) + margin_m;
        let cells = |k: usize| {
            let extent = high(k) - low(k);
            if extent.is_finite() { (extent / pixel_m).ceil() as usize } else { 0 }
        };
        let raster = Raster { origin: [low(0), low(1)], pixel_m, width: cells(0), height: cells(1) };
        let mut is_wall = vec![false; raster.len()];
        for wall in &layout.walls {
            let (a, b) = (Point2::new(wall.a[0], wall.a[1]), Point2::new(wall.b[0], wall.b[1]));
            let reach = 0.5 * wall.thickness.max(SHUT_M);
            for (k, is_wall) in is_wall.iter_mut().enumerate() {
                let p = raster.center(k % raster.width, k / raster.width);
                let t = ((p - a).dot(&(b - a)) / (b - a).norm_squared().max(1e-12)).clamp(0.0, 1.0);
                *is_wall |= (a + (b - a) * t - p).norm() <= reach;
            }
        }
        // What is reached from the border is outside.
        let mut is_outside = vec![false; raster.len()];
        let mut open: Vec<usize> = (0..raster.len().min(1)).collect();
        open.iter().for_each(|&k| is_outside[k] = true);
        while let Some(k) = open.pop() {
            let (x, y) = (k % raster.width, k / raster.width);
            let beside = [
                (x > 0).then(|| k - 1),
                (x + 1 < raster.width).then(|| k + 1),
                (y > 0).then(|| k - raster.width),
                (y + 1 < raster.height).then(|| k + raster.width),
            ];
            for next in beside.into_iter().flatten() {
                if !is_outside[next] && !is_wall[next] {
                    is_outside[next] = true;
                    open.push(next);
                }
            }
        }
        let is_inside = is_wall.iter().zip(&is_outside).map(|(wall, outside)| !wall && !outside).collect();
        Self { raster, is_inside }
    }

    fn holds(&self, p: [f64; 2]) -> bool {
        self.raster.index(p[0], p[1]).is_some_and(|index| self.is_inside[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::ReadMode;

    const HARDLY: &str = "wall_3=Wall(0,3,0,0,0,0,2.5,0.1)\n";
    const ROOM: &str = "wall_0=Wall(0,0,0,4,0,0,2.5,0.1)\nwall_1=Wall(4,0,0,4,3,0,2.5,0.1)\n\
                        wall_2=Wall(4,3,0,0,3,0,2.5,0.1)\n\
                        door_0=Door(wall_0,1,0,1,0.9,2)\nbbox_0=Bbox(My Sofa,2,2.5,0.4,0,2,0.9,0.8)\n\
                        bbox_1=Bbox(unicorn,1,1,0.5,0,1,1,1)\n";

    fn scan() -> LabelledScan {
        let layout = Layout::parse(ROOM, ReadMode::Strict).unwrap().0;
        let grid = |n: usize, at: fn(f64, f64) -> [f32; 3]| {
            (0..n * n).map(move |k| at((k % n) as f64 / n as f64, (k / n) as f64 / n as f64))
        };
        // The floor, one wall, and the top of the sofa.
        let points = grid(80, |s, t| [(4.0 * s) as f32, (3.0 * t) as f32, 0.0])
            .chain(grid(80, |s, t| [(4.0 * s) as f32, 0.0, (2.5 * t) as f32]))
            .chain(grid(40, |s, t| [(1.0 + 2.0 * s) as f32, (2.05 + 0.9 * t) as f32, 0.8]));
        let point = |position| CloudPoint { position, normal: [0.0, 0.0, 1.0], rgb: [99; 3], weight: 1.0 };
        LabelledScan {
            name: "room".to_owned(),
            cloud: Cloud::new(points.map(point).collect()),
            layout,
            unseen: Layout::parse(HARDLY, ReadMode::Strict).unwrap().0,
            free: None,
            semantics: None,
            path: Vec::new(),
        }
    }

    #[test]
    fn what_was_seen_and_what_is_inside_is_found_from_the_cloud() {
        let classes = ClassMap::parse("class,target\nmy_sofa,sofa\n", None).unwrap();
        let (scanned, unknown) = Scanned::new(scan(), Some(&classes));
        assert_eq!(unknown, BTreeMap::from([("unicorn".to_owned(), 1)]));
        assert!(
            scanned.walls[0] > 0.95 && scanned.walls[2] < 0.3 && scanned.walls[3] < 0.3,
            "{:?}",
            scanned.walls
        );
        assert!(scanned.openings[0].seen > 0.9 && scanned.boxes[0].seen > 0.9);
        assert_eq!(CLASSES[scanned.boxes[0].class], "sofa");
        assert!(scanned.inside.holds([2.0, 1.5]) && !scanned.inside.holds([2.0, -0.5]));
        assert!(!scanned.inside.holds([2.0, 0.0]) && !scanned.inside.holds([50.0, 0.0]));
        let options = DatasetOptions { scale_share: 0.0, ..DatasetOptions::default() };
        let tile = scanned.tile(3, &options);
        let floor = tile.interior.iter().filter(|&&v| v == 1).count() as f64 * 0.01;
        assert!((floor - 3.9 * 2.9).abs() < 0.6, "{floor}");
        assert_eq!(
            (tile.elements.walls.len(), tile.elements.openings.len(), tile.elements.boxes.len()),
            (4, 1, 1)
        );
        assert_eq!(tile.input, scanned.tile(3, &options).input);
        assert_ne!(tile.input, scanned.tile(4, &options).input);
    }
}
