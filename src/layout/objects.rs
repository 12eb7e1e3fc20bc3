//! Boxes of the things in the rooms.
//!
//! Takes the samples that are neither floor, ceiling nor wall and lie in a room, groups them
//! (`clusters`), fits upright boxes at the walls' direction where that fits, lets furniture reach the
//! floor, and names them by the rules of `class_rules`. Frame: scene.

use super::class_rules::{Traits, classify};
use super::clusters::{self, Group, PlanBox};
use super::draft::{DraftObject, DraftWall};
use super::heights::Heights;
use super::plan::{PlanLine, Raster};
use super::samples::{Sample, Samples};
use crate::math::{Point2, Vec2};

/// Below this is floor and what lies on it (carpets, noise), metres.
const FLOOR_BAND_M: f64 = 0.09;
/// This near the ceiling is ceiling, metres.
const CEILING_BAND_M: f64 = 0.10;
/// This near a wall's face is wall, metres (pictures are found on the walls themselves).
const WALL_BAND_M: f64 = 0.06;
/// Smallest object: longest side, metres.
const MIN_SIZE_M: f64 = 0.22;
/// Largest object in plan, metres.
const MAX_SIZE_M: f64 = 4.5;
/// Things whose lowest seen point is under this share of their height stand on the floor.
const STANDING_SHARE: f64 = 0.55;
/// … unless that point is higher than this, metres (wall units hang at 1.3–1.5).
const MAX_HIDDEN_FOOT_M: f64 = 0.9;
/// Flat things on the wall are thinner than this, metres.
const THIN_M: f64 = 0.10;

/// Taller sheets that stand in the room are open doors, metres.
const DOOR_LEAF_TOP_M: f64 = 1.6;

/// A wall as an obstacle: line, extent, half thickness.
struct Slab {
    line: PlanLine,
    span: (f64, f64),
    half: f64,
}

/// What the search needs.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Reduced cloud.
    pub samples: &'a Samples,
    /// Heights.
    pub heights: &'a Heights,
    /// Walls.
    pub walls: &'a [DraftWall],
    /// Geometry of `inside`.
    pub raster: &'a Raster,
    /// Pixels inside the rooms, closed or not.
    pub inside: &'a [bool],
    /// Spread of the wall faces, metres: the noise of the cloud.
    pub noise_m: f64,
    /// Dominant direction of the walls, radians.
    pub axis: f64,
}

/// Finds the objects, in the order of their groups.
#[must_use]
pub fn find(context: &Context<'_>) -> Vec<DraftObject> {
    let slabs: Vec<Slab> = context.walls.iter().map(slab).collect();
    let samples = &context.samples.samples;
    let free: Vec<usize> = (0..samples.len()).filter(|&i| is_loose(context, &slabs, &samples[i])).collect();
    clusters::groups(samples, &free, context.axis)
        .iter()
        .filter_map(|group| object(context, &slabs, group))
        .collect()
}

fn slab(wall: &DraftWall) -> Slab {
    let (a, b) = (Point2::from(wall.a), Point2::from(wall.b));
    let line = PlanLine::through(a, b);
    Slab { span: (line.along(&a), line.along(&b)), line, half: 0.5 * wall.thickness }
}

/// Distance from the nearest wall face; negative inside a wall.
fn to_wall(slabs: &[Slab], p: &Point2) -> f64 {
    slabs
        .iter()
        .filter(|s| {
            let t = s.line.along(p);
            t >= s.span.0 - s.half && t <= s.span.1 + s.half
        })
        .map(|s| s.line.distance(p).abs() - s.half)
        .fold(f64::INFINITY, f64::min)
}

/// The sample belongs to a thing in a room.
fn is_loose(context: &Context<'_>, slabs: &[Slab], sample: &Sample) -> bool {
    let [x, y, z] = sample.position.map(f64::from);
    let p = Point2::new(x, y);
    let noise = 1.5 * context.noise_m;
    z > FLOOR_BAND_M.max(noise)
        && z < context.heights.ceiling_m - CEILING_BAND_M.max(noise)
        && to_wall(slabs, &p) > WALL_BAND_M.max(2.0 * context.noise_m)
        && context.raster.index(x, y).is_some_and(|k| context.inside[k])
}

/// Value below which the given share of the (sorted) heights lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn object(context: &Context<'_>, slabs: &[Slab], group: &Group) -> Option<DraftObject> {
    let samples = &context.samples.samples;
    let points: Vec<Point2> = group
        .members
        .iter()
        .map(|&i| Point2::new(f64::from(samples[i].position[0]), f64::from(samples[i].position[1])))
        .collect();
    let mut plan = clusters::plan_box(&points, context.axis)?;
    let mut heights: Vec<f64> = group.members.iter().map(|&i| f64::from(samples[i].position[2])).collect();
    heights.sort_by(f64::total_cmp);
    let top = quantile(&heights, 0.985);
    let lowest = quantile(&heights, 0.015);
    let bottom = if lowest < STANDING_SHARE * top && lowest < MAX_HIDDEN_FOOT_M { 0.0 } else { lowest };
    let gap = touch_wall(slabs, &mut plan);
    let (long, short) = (plan.size[0].max(plan.size[1]), plan.size[0].min(plan.size[1]));
    if long.max(top - bottom) < MIN_SIZE_M || long > MAX_SIZE_M || short < 0.04 || top - bottom < 0.08 {
        return None;
    }
    let screen = is_screen(context, group, (bottom, top));
    if short < THIN_M && !screen && (gap < THIN_M || top > DOOR_LEAF_TOP_M) {
        // A sheet before a wall is the wall's own noise; a tall one in the room an open door.
        return None;
    }
    let level = group.level.min(top);
    let traits = Traits {
        long,
        short,
        top,
        bottom,
        level,
        to_wall: gap,
        to_ceiling: context.heights.ceiling_m - top,
        green: green_share(samples, &group.members),
        flat: flat_share(samples, &group.members),
    };
    let (class, fit) =
        if short < 2.0 * THIN_M && gap < THIN_M && screen { ("tv", 0.6) } else { classify(&traits) };
    let observed = observed_fraction(&plan, (bottom, top), group.members.len());
    Some(DraftObject {
        class: class.to_owned(),
        center: [plan.center.x, plan.center.y, 0.5 * (bottom + top)],
        yaw: crate::math::wrap_angle(plan.yaw),
        size: [plan.size[0], plan.size[1], top - bottom],
        sigma_m: (context.noise_m.max(0.01).powi(2) + (0.08 * (1.0 - observed)).powi(2)).sqrt(),
        confidence: (fit * (0.4 + 0.6 * observed.min(1.0))).clamp(0.02, 0.9),
        observed_fraction: observed,
    })
}

/// Furniture at a wall reaches it: its back is never seen. Gives the remaining gap, metres.
fn touch_wall(slabs: &[Slab], plan: &mut PlanBox) -> f64 {
    /// Gaps up to this between a box and a wall are the hidden back, metres.
    const MAX_BACK_GAP_M: f64 = 0.16;
    let mut nearest = f64::INFINITY;
    for side in 0..4 {
        let angle = plan.yaw + side as f64 * std::f64::consts::FRAC_PI_2;
        let direction = Vec2::new(angle.cos(), angle.sin());
        let half = 0.5 * plan.size[side % 2];
        let face = plan.center + direction * half;
        for slab in slabs {
            let facing = slab.line.normal.dot(&direction).abs() > 0.985;
            let t = slab.line.along(&face);
            if !facing || t < slab.span.0 || t > slab.span.1 {
                continue;
            }
            let before = slab.line.distance(&plan.center);
            let gap = before.abs() - slab.half - half;
            let towards = slab.line.normal.dot(&direction) * before < 0.0;
            if !towards || !(-0.1..=MAX_BACK_GAP_M).contains(&gap) {
                nearest = if towards { nearest.min(gap.max(0.0)) } else { nearest };
                continue;
            }
            plan.size[side % 2] += gap;
            plan.center += direction * (0.5 * gap);
            nearest = 0.0;
            break;
        }
    }
    nearest
}

/// Dark, hung at eye level: a screen.
fn is_screen(context: &Context<'_>, group: &Group, z: (f64, f64)) -> bool {
    /// Mean channel of a screen that is off, 0..255.
    const MAX_BRIGHTNESS: f64 = 75.0;
    /// Range of bottom and top, metres.
    const BOTTOM_M: (f64, f64) = (0.5, 1.6);
    let samples = &context.samples.samples;
    let sum: f64 =
        group.members.iter().map(|&i| samples[i].rgb.iter().map(|&c| f64::from(c)).sum::<f64>() / 3.0).sum();
    sum / (group.members.len() as f64) < MAX_BRIGHTNESS
        && (BOTTOM_M.0..BOTTOM_M.1).contains(&z.0)
        && z.1 - z.0 < 1.0
}

fn green_share(samples: &[Sample], members: &[usize]) -> f64 {
    let green = members
        .iter()
        .filter(|&&i| {
            let [r, g, b] = samples[i].rgb.map(i32::from);
            g > r + 12 && g > b + 12
        })
        .count();
    green as f64 / members.len() as f64
}

fn flat_share(samples: &[Sample], members: &[usize]) -> f64 {
    let flat =
        members.iter().filter(|&&i| samples[i].normal[2].abs() > super::heights::HORIZONTAL_NZ).count();
    flat as f64 / members.len() as f64
}

/// Share of top and sides that carries samples.
fn observed_fraction(plan: &PlanBox, z: (f64, f64), samples: usize) -> f64 {
    let [u, v] = plan.size;
    let surface = u * v + 2.0 * (u + v) * (z.1 - z.0);
    // One sample stands for one voxel face.
    (samples as f64 * super::samples::VOXEL_M.powi(2) / surface.max(1e-3)).clamp(0.0, 1.0)
}
