//! Where a robot can stand and what it reaches.
//!
//! The plan is rastered: floors and doorways are ground, everything that stands lower than the robot
//! is high blocks it. Ground is shrunk by the robot's radius (a cell is free when no blocked cell
//! lies within it); connected parts are 4-neighbour components.

use super::{Navigability, Share};
use crate::math::Vec2;
use crate::physics::geometry::{UprightBox, bounds, contains, perp};
use crate::physics::properties::is_floor_covering;
use crate::scene::{OpeningKind, Scene, Support};

/// Edge of a raster cell, metres; coarser where the scene is very large.
const CELL_M: f64 = 0.05;
/// Most cells of the raster.
const MAX_CELLS: f64 = 4e6;
/// Height of the robot, metres: what hangs higher is no obstacle.
const ROBOT_HEIGHT_M: f64 = 1.0;
/// Beyond its own radius the robot touches things this far away, metres.
const TOUCH_M: f64 = 0.1;

struct Raster {
    origin: Vec2,
    cell: f64,
    width: usize,
    height: usize,
}

impl Raster {
    fn over(points: &[Vec2]) -> Option<Self> {
        let (low, high) = bounds(points);
        if !(low.x.is_finite() && high.x.is_finite()) {
            return None;
        }
        let size = high - low;
        let cell = CELL_M.max((size.x * size.y / MAX_CELLS).sqrt()).max(size.max() / MAX_CELLS.sqrt());
        let cells = |length: f64| (length / cell).ceil() as usize + 3;
        Some(Self { origin: low.add_scalar(-cell), cell, width: cells(size.x), height: cells(size.y) })
    }

    fn center(&self, i: usize) -> Vec2 {
        let (x, y) = (i % self.width, i / self.width);
        self.origin + Vec2::new(x as f64 + 0.5, y as f64 + 0.5) * self.cell
    }

    /// Cells whose centre lies in the bounds of the points, grown by a margin.
    fn cells_near(&self, points: &[Vec2], margin: f64) -> Vec<usize> {
        let (low, high) = bounds(points);
        let index = |x: f64, origin: f64, count: usize| {
            (((x - origin) / self.cell).floor().max(0.0) as usize).min(count - 1)
        };
        let (x0, x1) = (
            index(low.x - margin, self.origin.x, self.width),
            index(high.x + margin, self.origin.x, self.width),
        );
        let (y0, y1) = (
            index(low.y - margin, self.origin.y, self.height),
            index(high.y + margin, self.origin.y, self.height),
        );
        (y0..=y1).flat_map(|y| (x0..=x1).map(move |x| (x, y))).map(|(x, y)| y * self.width + x).collect()
    }
}

/// The figures of a scene for a robot of this radius.
pub(super) fn navigability(
    scene: &Scene,
    shapes: &[UprightBox],
    floors: &[Vec<Vec2>],
    radius: f64,
) -> Navigability {
    let corners = scene.rooms.iter().flat_map(|room| room.polygon.iter().map(|&p| Vec2::from(p)));
    let Some(raster) = Raster::over(&corners.collect::<Vec<_>>()) else {
        let reachable = Share::of(scene.objects.iter().map(|object| ((&object.id).into(), false)));
        return Navigability { robot_radius_m: radius, free_area_m2: 0.0, largest_share: 0.0, reachable };
    };
    let mut ground = vec![false; raster.width * raster.height];
    for floor in floors.iter().filter(|floor| floor.len() >= 3) {
        for cell in raster.cells_near(floor, 0.0) {
            ground[cell] |= contains(floor, raster.center(cell));
        }
    }
    for passage in passages(scene) {
        for cell in raster.cells_near(&passage.footprint(), 0.0) {
            ground[cell] |= covers(&passage, raster.center(cell), 0.0);
        }
    }
    for (object, shape) in scene.objects.iter().zip(shapes) {
        if is_floor_covering(&object.class) || shape.bottom() > ROBOT_HEIGHT_M {
            continue;
        }
        for cell in raster.cells_near(&shape.footprint(), 0.0) {
            if covers(shape, raster.center(cell), 0.0) {
                ground[cell] = false;
            }
        }
    }
    let free = shrink(&raster, &ground, radius);
    let (largest, largest_count) = largest_component(&raster, &free);
    let count = free.iter().filter(|free| **free).count();
    let touch = radius + TOUCH_M;
    let reachable = Share::of(scene.objects.iter().enumerate().map(|(i, object)| {
        let base = &shapes[standing_base(scene, i)];
        let cells = raster.cells_near(&base.footprint(), touch);
        let touched = cells.iter().any(|&cell| largest[cell] && covers(base, raster.center(cell), touch));
        // What hangs is reached when one can stand under it or before it, or before what is below it.
        let under = !touched
            && matches!(object.support, Support::Wall(_) | Support::Ceiling)
            && shapes.iter().enumerate().any(|(j, below)| {
                j != i
                    && below.bottom() < ROBOT_HEIGHT_M
                    && below.plan_gap(base) < touch
                    && raster
                        .cells_near(&below.footprint(), touch)
                        .iter()
                        .any(|&cell| largest[cell] && covers(below, raster.center(cell), touch))
            });
        ((&object.id).into(), touched || under)
    }));
    Navigability {
        robot_radius_m: radius,
        free_area_m2: count as f64 * raster.cell * raster.cell,
        largest_share: if count == 0 { 0.0 } else { largest_count as f64 / count as f64 },
        reachable,
    }
}

/// The floor in doorways, a little longer than the wall is thick.
fn passages(scene: &Scene) -> Vec<UprightBox> {
    let doors = scene.openings.iter().filter(|opening| opening.kind == OpeningKind::Door);
    doors
        .filter_map(|door| {
            let wall = scene.wall(door.wall)?;
            let d = Vec2::from(wall.b) - Vec2::from(wall.a);
            Some(UprightBox {
                center: door.center,
                size: [door.width, wall.thickness + 2.0 * CELL_M, door.height],
                yaw: d.y.atan2(d.x),
            })
        })
        .filter(|passage| {
            // A door to the outside leads nowhere that is known.
            let normal = perp(passage.axes()[0]);
            let reach = 0.5 * passage.size[1] + CELL_M;
            [-1.0, 1.0].iter().all(|side| {
                let probe = passage.plan() + normal * (side * reach);
                scene.rooms.iter().any(|room| {
                    contains(&room.polygon.iter().map(|&p| Vec2::from(p)).collect::<Vec<_>>(), probe)
                })
            })
        })
        .collect()
}

fn covers(shape: &UprightBox, point: Vec2, margin: f64) -> bool {
    let [x, y] = shape.axes();
    let d = point - shape.plan();
    d.dot(&x).abs() <= 0.5 * shape.size[0] + margin && d.dot(&y).abs() <= 0.5 * shape.size[1] + margin
}

/// The object at the bottom of the pile that carries object `i`.
fn standing_base(scene: &Scene, i: usize) -> usize {
    let mut at = i;
    for _ in 0..scene.objects.len() {
        match &scene.objects[at].support {
            Support::Object(id) => match scene.objects.iter().position(|object| object.id == *id) {
                Some(below) => at = below,
                None => break,
            },
            _ => break,
        }
    }
    at
}

/// Cells around which nothing is blocked within the radius.
fn shrink(raster: &Raster, ground: &[bool], radius: f64) -> Vec<bool> {
    let reach = (radius / raster.cell).floor() as isize;
    let disc: Vec<(isize, isize)> = (-reach..=reach)
        .flat_map(|y| (-reach..=reach).map(move |x| (x, y)))
        .filter(|&(x, y)| ((x * x + y * y) as f64).sqrt() * raster.cell <= radius)
        .collect();
    let mut free = ground.to_vec();
    let (width, height) = (raster.width as isize, raster.height as isize);
    for i in 0..ground.len() {
        if ground[i] {
            continue;
        }
        let (x, y) = (i as isize % width, i as isize / width);
        // Only cells at the border of the ground shrink it.
        let beside_ground = [(1, 0), (-1, 0), (0, 1), (0, -1)].iter().any(|(dx, dy)| {
            let (x, y) = (x + dx, y + dy);
            x >= 0 && y >= 0 && x < width && y < height && ground[(y * width + x) as usize]
        });
        if !beside_ground {
            continue;
        }
        for (dx, dy) in &disc {
            let (x, y) = (x + dx, y + dy);
            if x >= 0 && y >= 0 && x < width && y < height {
                free[(y * width + x) as usize] = false;
            }
        }
    }
    free
}

/// Members of the largest 4-connected component, and how many they are.
fn largest_component(raster: &Raster, free: &[bool]) -> (Vec<bool>, usize) {
    let mut label = vec![0usize; free.len()];
    let (mut best, mut best_count, mut next) = (0, 0, 0);
    let mut stack = Vec::new();
    for start in 0..free.len() {
        if !free[start] || label[start] != 0 {
            continue;
        }
        next += 1;
        label[start] = next;
        stack.push(start);
        let mut count = 0;
        while let Some(i) = stack.pop() {
            count += 1;
            let (x, y) = (i % raster.width, i / raster.width);
            let mut visit = |j: usize| {
                if free[j] && label[j] == 0 {
                    label[j] = next;
                    stack.push(j);
                }
            };
            if x > 0 {
                visit(i - 1);
            }
            if x + 1 < raster.width {
                visit(i + 1);
            }
            if y > 0 {
                visit(i - raster.width);
            }
            if y + 1 < raster.height {
                visit(i + raster.width);
            }
        }
        if count > best_count {
            (best, best_count) = (next, count);
        }
    }
    (label.iter().map(|&l| l != 0 && l == best).collect(), best_count)
}
