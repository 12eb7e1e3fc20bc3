//! How much of every wall, opening and item a walk has seen.
//!
//! Takes the house, a sight of its mesh (without glass) and the poses, gives shares 0..1. Method: a coarse
//! grid of rays per view; hits mark cells on walls, openings and item surfaces. What was hardly seen
//! goes to the ignore list of the truth (`layout_unseen.txt`). Scene frame, metres.

use super::caster::Hit;
use super::house::House;
use super::mesh::{Mesh, V3, add_scaled};
use super::raster::View;
use super::sight::Sight;
use crate::camera::Camera;
use crate::math::Pose;
use crate::scene::Layout;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Rays per view.
const GRID: [u32; 2] = [56, 42];
/// Edge of a cell on walls and items, metres.
const CELL_M: f32 = 0.2;
/// Cells along each side of an opening.
const OPENING_CELLS: f32 = 4.0;
/// Reach of a look, metres.
const REACH_M: f32 = 9.0;
/// A wall counts as seen from this share of its area.
const WALL_SEEN: f64 = 0.12;
/// An opening counts as seen from this share of its area.
const OPENING_SEEN: f64 = 0.3;
/// An item counts as seen from this share of its visible surface.
const ITEM_SEEN: f64 = 0.2;

/// Observed shares of the elements of a house.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// Per wall piece.
    pub walls: Vec<f64>,
    /// Per opening.
    pub openings: Vec<f64>,
    /// Per item.
    pub items: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Wall(u32, i32, i32),
    Opening(u32, i32, i32),
    Item(u32, i32, i32, i32),
}

/// Looks at the house from all poses.
#[must_use]
pub fn observe(house: &House, mesh: &Mesh, sight: Sight<'_>, camera: &Camera, poses: &[Pose]) -> Coverage {
    let small = camera.without_distortion().resized(GRID[0], GRID[1]);
    let sets: Vec<Vec<Cell>> = poses
        .par_iter()
        .map(|pose| {
            let view = View::new(&small, pose);
            let mut seen = Vec::new();
            for (i, hit) in sight.hits(&small, pose, REACH_M).into_iter().enumerate() {
                let (x, y) = (i as u32 % GRID[0], i as u32 / GRID[0]);
                look_along(house, mesh, hit, view.eye, view.ray(x as f32, y as f32), &mut seen);
            }
            seen.sort_unstable();
            seen.dedup();
            seen
        })
        .collect();
    let mut seen: Vec<Cell> = sets.into_iter().flatten().collect();
    seen.sort_unstable();
    seen.dedup();
    let mut coverage = Coverage {
        walls: vec![0.0; house.plan.walls.len()],
        openings: vec![0.0; house.plan.openings.len()],
        items: vec![0.0; house.items.len()],
    };
    for cell in seen {
        match cell {
            Cell::Wall(w, ..) => coverage.walls[w as usize] += 1.0,
            Cell::Opening(o, ..) => coverage.openings[o as usize] += 1.0,
            Cell::Item(i, ..) => coverage.items[i as usize] += 1.0,
        }
    }
    let cell2 = f64::from(CELL_M * CELL_M);
    for (wall, share) in coverage.walls.iter_mut().enumerate() {
        let holes: f64 =
            house.plan.openings.iter().filter(|o| o.wall == wall).map(|o| o.width_m * o.height_m).sum();
        let area = (house.plan.wall_length(wall) * house.plan.ceiling_m - holes).max(cell2);
        *share = (*share * cell2 / area).min(1.0);
    }
    for share in &mut coverage.openings {
        *share /= f64::from(OPENING_CELLS * OPENING_CELLS);
    }
    for (item, share) in house.items.iter().zip(&mut coverage.items) {
        let [w, d, h] = item.size;
        // Front, top and one side are what one view can show at most.
        let visible = (w * h + w * d + d * h).max(cell2);
        *share = (*share * cell2 / visible).min(1.0);
    }
    coverage
}

fn look_along(house: &House, mesh: &Mesh, hit: Option<Hit>, eye: V3, ray: V3, seen: &mut Vec<Cell>) {
    let reach = hit.map_or(REACH_M, |h| h.t);
    for (index, opening) in house.plan.openings.iter().enumerate() {
        if let Some([u, v]) = crossing(house, opening, eye, ray, reach + 0.15) {
            seen.push(Cell::Opening(index as u32, (u * OPENING_CELLS) as i32, (v * OPENING_CELLS) as i32));
        }
    }
    let Some(hit) = hit else { return };
    let p = add_scaled(eye, ray, hit.t);
    let owner = mesh.charts[hit.chart as usize].owner;
    let cell = |x: f32| (x / CELL_M).floor() as i32;
    if owner > 0 {
        seen.push(Cell::Item(owner - 1, cell(p[0]), cell(p[1]), cell(p[2])));
        return;
    }
    for wall in 0..house.plan.walls.len() {
        let (a, _) = house.plan.wall_ends(wall);
        let (direction, normal) = house.plan.wall_axes(wall);
        let d = [f64::from(p[0]) - a[0], f64::from(p[1]) - a[1]];
        let across = d[0] * normal[0] + d[1] * normal[1];
        let along = d[0] * direction[0] + d[1] * direction[1];
        let near_face = (across.abs() - 0.5 * house.plan.thickness_m).abs() < 0.02;
        if near_face && along >= 0.0 && along <= house.plan.wall_length(wall) && p[2] > 0.02 {
            seen.push(Cell::Wall(wall as u32, cell(along as f32), cell(p[2])));
        }
    }
}

/// Where a ray crosses an opening before `reach`, as fractions of its width and height.
fn crossing(
    house: &House,
    opening: &super::plan::PlanOpening,
    eye: V3,
    ray: V3,
    reach: f32,
) -> Option<[f32; 2]> {
    let (a, _) = house.plan.wall_ends(opening.wall);
    let (direction, normal) = house.plan.wall_axes(opening.wall);
    let toward = f64::from(ray[0]) * normal[0] + f64::from(ray[1]) * normal[1];
    if toward.abs() < 1e-6 {
        return None;
    }
    let t = ((a[0] - f64::from(eye[0])) * normal[0] + (a[1] - f64::from(eye[1])) * normal[1]) / toward;
    if t <= 0.0 || t > f64::from(reach) {
        return None;
    }
    let p = add_scaled(eye, ray, t as f32);
    let along = (f64::from(p[0]) - a[0]) * direction[0] + (f64::from(p[1]) - a[1]) * direction[1];
    let u = (along - opening.along_m) / opening.width_m + 0.5;
    let v = (f64::from(p[2]) - opening.bottom_m) / opening.height_m;
    ((0.0..1.0).contains(&u) && (0.0..1.0).contains(&v)).then_some([u as f32, v as f32])
}

/// The truth split into what was seen and what was not. Walls of kept openings stay with them.
#[must_use]
pub fn split_layout(house: &House, coverage: &Coverage) -> (Layout, Layout) {
    let all = house.layout();
    let share_of = |window: bool, id: u32| {
        let found =
            house.plan.openings.iter().enumerate().filter(|(_, o)| o.window == window).nth(id as usize);
        found.map_or(0.0, |(index, _)| coverage.openings[index])
    };
    let boxes_share: Vec<f64> =
        house.items.iter().zip(&coverage.items).filter(|(i, _)| i.class.is_some()).map(|(_, &s)| s).collect();
    let mut parts = (Layout::default(), Layout::default());
    for (seen, part) in [(true, &mut parts.0), (false, &mut parts.1)] {
        part.doors =
            all.doors.iter().filter(|d| (share_of(false, d.id) >= OPENING_SEEN) == seen).copied().collect();
        part.windows =
            all.windows.iter().filter(|w| (share_of(true, w.id) >= OPENING_SEEN) == seen).copied().collect();
        part.boxes =
            all.boxes.iter().filter(|b| (boxes_share[b.id as usize] >= ITEM_SEEN) == seen).cloned().collect();
        let needed: BTreeSet<u32> = part.doors.iter().chain(&part.windows).map(|o| o.wall).collect();
        part.walls = all
            .walls
            .iter()
            .filter(|w| (coverage.walls[w.id as usize] >= WALL_SEEN) == seen || needed.contains(&w.id))
            .copied()
            .collect();
    }
    parts
}
