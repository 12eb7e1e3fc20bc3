//! Objects: peaks of the class heats, one box for each place of a layer.
//!
//! `(maps, walls) -> objects with clues`. What stands on the floor is described by other channels than
//! what hangs or lies above it, because a television and its cabinet share a place in plan. Boxes
//! take the direction of a wall that they nearly have, touch the wall that they nearly touch, and
//! stand on the floor when they nearly do. Frame: plan of the maps, z from the floor.

use super::box_sides;
use super::maps::{BOX_CHANNELS, LAYERS, Maps, sigmoid};
use super::wall_things::{self, Faces};
use crate::layout::draft::{DraftObject, DraftWall};
use crate::layout::plan::PlanLine;
use crate::layout::sample_index::SampleIndex;
use crate::math::{Point2, Vec2, wrap_angle};
use crate::nn::Clues;
use crate::scene::classes::CLASSES;
use rayon::prelude::*;
use std::f64::consts::FRAC_PI_2;

/// Classes that hang on walls or stand on furniture.
const UPPER: [&str; 13] = [
    "wall_cabinet",
    "range_hood",
    "micro-wave_oven",
    "wall_decoration",
    "painting",
    "curtain",
    "potted_bonsai",
    "tv",
    "computer",
    "mirror",
    "pillow",
    "cushion",
    "gas_stove",
];
/// Classes of ceilings and floor coverings.
const COVERING: [&str; 4] = ["illumination", "chandelier", "carpet", "air_conditioner"];
/// Classes whose back lies on a wall.
const HANGING: [&str; 6] =
    ["painting", "wall_decoration", "mirror", "wall_cabinet", "range_hood", "air_conditioner"];
/// Lowest heat of a peak.
const MIN_HEAT: f64 = 0.1;
/// Sizes that boxes have, metres.
const SIZE_M: (f64, f64) = (0.01, 8.0);
/// Boxes of one layer are one when their middles are nearer, along both axes of the surer one, than this
/// share of the shorter side there ...
const SAME_SHARE: f64 = 0.45;
/// ... plus this, metres.
const SAME_M: f64 = 0.05;
/// A box takes a wall's direction within this, radians (7 degrees).
const MAX_TURN: f64 = 0.122;
/// ... and what hangs on a wall within this, radians (35 degrees),
const MAX_HANGING_TURN: f64 = 0.61;
/// ... of a wall at most this far from its middle, metres.
const WALL_REACH_M: f64 = 4.0;
/// A side this near a wall's face touches it, metres.
const TOUCH_M: f64 = 0.06;
/// ... and of what hangs on walls within this, metres (two cells).
const HANGING_M: f64 = 0.2;
/// A lamp whose top is this near the ceiling hangs from it, metres.
const CEILING_M: f64 = 0.2;
/// A standing box whose bottom is this near the floor stands on it, metres.
const FLOOR_M: f64 = 0.15;
/// Samples this far beyond a box take part in finding its sides, metres: more than these move and look beyond.
const REFINING_REACH_M: f64 = 0.6;
/// One standard deviation of a place that only the network saw, metres (half a cell).
const PLACE_SIGMA_M: f64 = 0.05;

/// An object with what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The object; confidence and observed share are not yet known.
    pub object: DraftObject,
    /// Clues without the observed share.
    pub clues: Clues,
}

/// Layer of a class.
#[must_use]
pub fn layer(class: &str) -> usize {
    if UPPER.contains(&class) {
        1
    } else if COVERING.contains(&class) {
        2
    } else {
        0
    }
}

/// The objects, by layer, surest first; sides go to the samples near them, lamps to a ceiling that was
/// seen.
#[must_use]
pub fn find(
    maps: &Maps,
    walls: &[DraftWall],
    faces: &Faces,
    samples: Option<&SampleIndex<'_>>,
    ceiling_m: Option<f64>,
) -> Vec<Found> {
    let mut layers: [Vec<Found>; LAYERS] = Default::default();
    for (index, class) in CLASSES.iter().enumerate() {
        let layer = layer(class);
        for peak in maps.box_heat.peaks(index, MIN_HEAT) {
            layers[layer].extend(read(maps, class, layer, peak));
        }
    }
    from_front(&mut layers, maps, faces);
    for found in &mut layers {
        *found = distinct(std::mem::take(found));
    }
    let mut found: Vec<Found> = layers.into_iter().flatten().collect();
    let slabs: Vec<Slab> = walls.iter().map(Slab::new).collect();
    found.par_iter_mut().for_each(|found| {
        turn(&mut found.object, &slabs);
        stand(&mut found.object);
        if let Some(samples) = samples {
            let DraftObject { center: [x, y, _], size: [w, d, _], .. } = found.object;
            let near = samples.around([x, y], 0.5 * w.hypot(d) + REFINING_REACH_M);
            box_sides::refine(&mut found.object, &near);
        }
        touch(&mut found.object, &slabs);
        hang(&mut found.object, ceiling_m);
    });
    found
}

fn read(maps: &Maps, class: &str, layer: usize, (x, y, heat): (usize, usize, f64)) -> Option<Found> {
    let first = layer * BOX_CHANNELS;
    let value = |channel: usize| maps.boxes.at(first + channel, x, y);
    let place = maps.place(&maps.boxes, first, x, y);
    let mut yaw = 0.5 * value(7).atan2(value(6));
    if value(8) * yaw.cos() + value(9) * yaw.sin() < 0.0 {
        yaw += std::f64::consts::PI;
    }
    let object = DraftObject {
        class: class.to_owned(),
        center: [place.x, place.y, value(2)],
        yaw: wrap_angle(yaw),
        size: [3, 4, 5].map(|channel| value(channel).exp().clamp(SIZE_M.0, SIZE_M.1)),
        sigma_m: PLACE_SIGMA_M,
        confidence: 0.0,
        observed_fraction: 0.0,
    };
    let is_finite = object.center.iter().chain([&object.yaw]).all(|v| v.is_finite());
    let clues = Clues::of_plan(heat, sigmoid(value(10)));
    is_finite.then_some(Found { object, clues })
}

/// Asks the elevations about what hangs, and adds what only they show. Where both show a thing, the elevation says
/// where it is.
fn from_front(layers: &mut [Vec<Found>; LAYERS], maps: &Maps, faces: &Faces) {
    let class_of = |name: &str| wall_things::CLASSES.iter().position(|class| *class == name);
    for found in layers.iter_mut().flatten() {
        if let Some(class) = class_of(&found.object.class) {
            found.clues.elevation =
                faces.heat(class, None, found.object.center).unwrap_or(wall_things::NO_OPINION);
        }
    }
    for thing in faces.things.iter().filter(|thing| thing.class > wall_things::WINDOW) {
        let own = &thing.object;
        let Some(class) = CLASSES.iter().position(|class| *class == own.class) else { continue };
        let heat = maps.heat_round(&maps.box_heat, class, &middle(own));
        let clues = Clues { elevation: thing.heat, ..Clues::of_plan(heat, thing.overlap) };
        let seen = Found { object: own.clone(), clues };
        let is_same = |f: &Found| f.object.class == own.class && is_beside(&f.object, own);
        wall_things::join(&mut layers[layer(&own.class)], seen, is_same, |f| &mut f.clues);
    }
}

/// Whether two things of one wall and class are the same one.
fn is_beside(p: &DraftObject, q: &DraftObject) -> bool {
    let (width, height) = (p.size[0].max(p.size[1]).min(q.size[0].max(q.size[1])), p.size[2].min(q.size[2]));
    let apart = (middle(p) - middle(q)).norm();
    apart < SAME_SHARE * width + SAME_M && (p.center[2] - q.center[2]).abs() < SAME_SHARE * height + SAME_M
}

/// Of boxes that stand in each other the surest.
fn distinct(mut found: Vec<Found>) -> Vec<Found> {
    let sure = |f: &Found| f.clues.strength();
    found.sort_by(|a, b| sure(b).total_cmp(&sure(a)));
    let mut kept: Vec<Found> = Vec::new();
    for candidate in found {
        let clash = kept.iter().any(|other| is_same(&other.object, &candidate.object));
        if !clash {
            kept.push(candidate);
        }
    }
    kept
}

/// Whether two boxes of one layer are the same thing.
fn is_same(surer: &DraftObject, other: &DraftObject) -> bool {
    let between = middle(other) - middle(surer);
    let (s, c) = surer.yaw.sin_cos();
    let apart = [c * between.x + s * between.y, c * between.y - s * between.x];
    let is_near = |k: usize| apart[k].abs() <= SAME_SHARE * surer.size[k].min(other.size[k]) + SAME_M;
    let rise = (surer.center[2] - other.center[2]).abs();
    is_near(0) && is_near(1) && rise <= 0.5 * (surer.size[2] + other.size[2])
}

/// A wall as an obstacle.
struct Slab {
    line: PlanLine,
    span: (f64, f64),
    half: f64,
}

impl Slab {
    fn new(wall: &DraftWall) -> Self {
        let (a, b) = (Point2::from(wall.a), Point2::from(wall.b));
        let line = PlanLine::through(a, b);
        Self { span: (line.along(&a), line.along(&b)), line, half: 0.5 * wall.thickness }
    }

    /// Distance of a place in plan from the wall's centre line.
    fn distance(&self, p: &Point2) -> f64 {
        let t = self.line.along(p);
        let beyond = (self.span.0 - t).max(t - self.span.1).max(0.0);
        self.line.distance(p).abs().hypot(beyond)
    }
}

fn middle(object: &DraftObject) -> Point2 {
    Point2::new(object.center[0], object.center[1])
}

/// Takes the direction of the nearest wall that runs nearly along or across.
fn turn(object: &mut DraftObject, slabs: &[Slab]) {
    let center = middle(object);
    let limit = if is_hanging(object) { MAX_HANGING_TURN } else { MAX_TURN };
    let off = |slab: &Slab| {
        let wall = slab.line.angle();
        let quarter = (object.yaw - wall + 0.5 * FRAC_PI_2).rem_euclid(FRAC_PI_2) - 0.5 * FRAC_PI_2;
        (slab.distance(&center), quarter)
    };
    let nearest = slabs
        .iter()
        .map(off)
        .filter(|(distance, turn)| *distance < WALL_REACH_M && turn.abs() < limit)
        .min_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((_, turn)) = nearest {
        object.yaw = wrap_angle(object.yaw - turn);
    }
}

/// Moves a side that nearly touches a wall's face onto it; the opposite side stays.
fn touch(object: &mut DraftObject, slabs: &[Slab]) {
    /// The side faces the wall (cosine of 8 degrees).
    const FACING: f64 = 0.99;
    // What hangs on a wall lies on it with its broad side.
    let hanging = is_hanging(object);
    let (reach, thin) =
        if hanging { (HANGING_M, usize::from(object.size[1] < object.size[0])) } else { (TOUCH_M, 2) };
    for side in 0..4 {
        if hanging && side % 2 != thin {
            continue;
        }
        let angle = object.yaw + side as f64 * FRAC_PI_2;
        let outward = Vec2::new(angle.cos(), angle.sin());
        let center = middle(object);
        let half = 0.5 * object.size[side % 2];
        let face = center + outward * half;
        let gap = |slab: &Slab| {
            let before = slab.line.distance(&center);
            let towards = slab.line.normal.dot(&outward) * before < 0.0;
            let t = slab.line.along(&face);
            let facing = slab.line.normal.dot(&outward).abs() > FACING && t > slab.span.0 && t < slab.span.1;
            let gap = before.abs() - slab.half - half;
            (towards && facing && gap.abs() < reach).then_some(gap)
        };
        let nearest = slabs.iter().filter_map(gap).min_by(|a, b| a.abs().total_cmp(&b.abs()));
        if let Some(gap) = nearest
            && object.size[side % 2] + gap > SIZE_M.0
        {
            // A thin thing is moved, a deep one is made to reach.
            if !hanging && object.size[side % 2] > 2.0 * TOUCH_M {
                object.size[side % 2] += gap;
                object.center[0] += 0.5 * gap * outward.x;
                object.center[1] += 0.5 * gap * outward.y;
            } else {
                object.center[0] += gap * outward.x;
                object.center[1] += gap * outward.y;
            }
        }
    }
}

fn is_hanging(object: &DraftObject) -> bool {
    HANGING.contains(&object.class.as_str())
}

/// Moves lamps to the ceiling and carpets to the floor.
fn hang(object: &mut DraftObject, ceiling_m: Option<f64>) {
    let half = 0.5 * object.size[2];
    match (object.class.as_str(), ceiling_m) {
        ("illumination" | "chandelier", Some(ceiling))
            if (object.center[2] + half - ceiling).abs() < CEILING_M =>
        {
            object.center[2] = ceiling - half;
        }
        ("carpet", _) if (object.center[2] - half).abs() < FLOOR_M => object.center[2] = half,
        _ => {}
    }
}

/// Puts a standing box on the floor; its top stays.
fn stand(object: &mut DraftObject) {
    let bottom = object.center[2] - 0.5 * object.size[2];
    let top = object.center[2] + 0.5 * object.size[2];
    if layer(&object.class) == 0 && bottom.abs() < FLOOR_M && top > SIZE_M.0 {
        object.size[2] = top;
        object.center[2] = 0.5 * top;
    }
}
