//! The depth range of a clip without sparse points: a coarse sweep over a wide range.
//!
//! For some keyframes and some gaps to the neighbouring views, planes from infinity to the depth at
//! which the parallax is a third of the image are swept at a quarter of the resolution. The gap at
//! which most pixels find a unique plane tells the range. No unit is assumed: the range comes
//! from the baselines alone.

use super::census::Census;
use super::volume::{CostVolume, Planes};
use super::warp::TurnedSource;
use super::{Options, sgm};
use crate::camera::Camera;
use crate::depth::range::InverseRange;
use crate::depth::views::{View, thin};
use image::imageops::{FilterType, resize};

/// Keyframes that are probed.
const PROBES: usize = 10;
/// Gaps between the probed keyframe and its two sources, views.
const GAPS: [usize; 5] = [1, 2, 4, 8, 16];
/// Width of the probing image, pixels.
const PROBE_WIDTH: u32 = 128;
/// Planes of the probe.
const PROBE_PLANES: usize = 64;
/// Parallax of the nearest plane, share of the image width.
const NEAREST_PARALLAX: f64 = 0.35;
/// Farthest plane: share of the nearest plane's inverse depth.
const FARTHEST: f64 = 0.01;
/// Surfaces in the first planes are not resolved: a longer baseline must show them.
const RESOLVED_PLANE: f32 = 4.0;
/// A pixel counts when its best plane beats the others by this share.
const UNIQUE: f32 = 0.2;
/// A pixel counts when this many of its census pairs have contrast.
const TEXTURED: u8 = 8;
/// Sources turned further than this share too little, radians.
const MAX_TURN_RAD: f64 = 0.5;

/// The range of all surfaces that the probes see; `None` when nothing has parallax.
pub fn range(
    camera: &Camera,
    views: &[View],
    references: &[usize],
    options: &Options,
) -> Option<InverseRange> {
    let height = (camera.height * PROBE_WIDTH / camera.width).max(32);
    let small = camera.resized(PROBE_WIDTH, height);
    let mut depths = Vec::new();
    for reference in thin(references, PROBES) {
        let best = GAPS
            .iter()
            .map(|&gap| probe(&small, views, reference, gap, options))
            .fold(Vec::new(), |best, found| if found.len() > best.len() { found } else { best });
        depths.extend(best);
    }
    InverseRange::of_depths(&depths)
}

/// Depths of the pixels with a unique, resolved plane.
fn probe(camera: &Camera, views: &[View], reference: usize, gap: usize, options: &Options) -> Vec<f64> {
    let here = &views[reference].world_from_camera;
    let around = [reference.checked_sub(gap), Some(reference + gap).filter(|&i| i < views.len())];
    let motions: Vec<_> = around
        .into_iter()
        .flatten()
        .map(|i| (i, views[i].world_from_camera.inverse() * here))
        .filter(|(_, motion)| motion.rotation.angle() < MAX_TURN_RAD)
        .collect();
    let longest = motions.iter().map(|(_, motion)| motion.translation.vector.norm()).fold(0.0, f64::max);
    if longest <= 0.0 {
        return Vec::new();
    }
    let near = NEAREST_PARALLAX * f64::from(camera.width) / (camera.fx * longest);
    let planes = Planes::new(FARTHEST * near, near, PROBE_PLANES);
    let sources: Vec<TurnedSource> = motions
        .iter()
        .filter_map(|(i, motion)| {
            TurnedSource::new(camera, &gray_at(&views[*i], camera), motion, near, planes.far_inv)
        })
        .collect();
    let gray = gray_at(&views[reference], camera);
    let census = Census::new(&gray, camera.width as usize);
    let volume = CostVolume::sweep(camera, &census, &sources, &planes);
    let winners = sgm::aggregate(&volume, &gray, &options.sgm);
    let width = camera.width as usize;
    let last = planes.count as f32 - 1.0 - RESOLVED_PLANE;
    (0..winners.len())
        .filter(|&i| {
            let winner = &winners[i];
            winner.uniqueness > UNIQUE
                && (RESOLVED_PLANE..last).contains(&winner.plane)
                && census.texture(i % width, i / width) >= TEXTURED
        })
        .map(|i| 1.0 / planes.inverse(f64::from(winners[i].plane)))
        .collect()
}

fn gray_at(view: &View, camera: &Camera) -> Vec<u8> {
    let small = resize(&view.color, camera.width, camera.height, FilterType::Triangle);
    crate::video::quality::gray(&small)
}
