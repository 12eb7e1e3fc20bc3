//! The Levenberg–Marquardt loop.

use super::residual::perturb;
use super::schur::{Layout, cost, eliminate};
use super::{Adjusted, Bundle, Settings, Summary};
use crate::camera::Camera;
use crate::math::Vec3;
use nalgebra::{Vector3, Vector6};

/// First damping factor (relative to the diagonal).
const FIRST_DAMPING: f64 = 1e-4;
/// Damping above which no step is believed to help.
const MAX_DAMPING: f64 = 1e6;
/// Weak prior of the radial coefficients, one standard deviation (phone lenses: |k1| < 0.3).
const RADIAL_SIGMA: f64 = 0.2;
/// Residual standard deviation by which the prior is weighed, pixels.
const PRIOR_RESIDUAL_PX: f64 = 1.0;
/// Longest believable step of the log focal length in one iteration.
const MAX_LOG_FOCAL_STEP: f64 = 0.2;

fn radial_prior(camera: &Camera, settings: &Settings) -> f64 {
    let free = settings.refine.free();
    let scale = (PRIOR_RESIDUAL_PX / RADIAL_SIGMA).powi(2);
    f64::from(u8::from(free[1])) * scale * camera.k1.powi(2)
        + f64::from(u8::from(free[2])) * scale * camera.k2.powi(2)
}

fn apply(bundle: &mut Bundle, slots: &[Option<u32>], views: &[Vector6<f64>], points: &[Vec3]) {
    for (pose, slot) in bundle.poses.iter_mut().zip(slots) {
        if let Some(slot) = slot {
            *pose = perturb(pose, &views[*slot as usize]);
        }
    }
    bundle.points.iter_mut().zip(points).for_each(|(point, step)| *point += step);
}

fn moved(camera: &Camera, step: &Vector3<f64>) -> Camera {
    let gain = step[0].clamp(-MAX_LOG_FOCAL_STEP, MAX_LOG_FOCAL_STEP).exp();
    Camera {
        fx: camera.fx * gain,
        fy: camera.fy * gain,
        k1: camera.k1 + step[1],
        k2: camera.k2 + step[2],
        ..*camera
    }
}

/// Adds damping and priors to a reduced system.
fn regularize(
    elimination: &mut super::schur::Elimination,
    layout: &Layout,
    camera: &Camera,
    (settings, damping): (&Settings, f64),
) {
    let reduced = &mut elimination.reduced;
    let free = settings.refine.free();
    let prior = (PRIOR_RESIDUAL_PX / RADIAL_SIGMA).powi(2);
    for (k, value) in [(1, camera.k1), (2, camera.k2)] {
        if free[k] {
            reduced.corner[(k, k)] += prior;
            reduced.rhs_corner[k] -= prior * value;
        }
    }
    for (k, &is_free) in free.iter().enumerate() {
        reduced.corner[(k, k)] += if is_free { damping * reduced.corner[(k, k)].max(1e-9) } else { 1.0 };
    }
    for slot in 0..layout.structure.views as u32 {
        let block = &mut reduced.blocks[layout.structure.block(slot, slot)];
        for k in 0..6 {
            block[(k, k)] += damping * block[(k, k)].abs().max(1e-6) + 1e-9;
        }
    }
}

/// Adjusts the bundle in place; returns the adjusted camera and what happened. Views marked fixed
/// keep their pose; at least one should be, else the gauge is held only by the damping.
#[must_use]
pub fn adjust(bundle: &mut Bundle, camera: &Camera, settings: &Settings) -> Adjusted {
    let layout = Layout::new(bundle);
    let mut camera = *camera;
    let mut current = cost(bundle, &camera, &layout, settings) + radial_prior(&camera, settings);
    let mut summary =
        Summary { iterations: 0, initial_cost: current, final_cost: current, focal_sigma_px: 0.0 };
    let mut damping = FIRST_DAMPING;
    while summary.iterations < settings.max_iterations && damping < MAX_DAMPING {
        summary.iterations += 1;
        let mut elimination = eliminate(bundle, &camera, &layout, settings, damping);
        regularize(&mut elimination, &layout, &camera, (settings, damping));
        let Some((views, intrinsics)) = elimination.reduced.solve(&layout.structure) else {
            damping *= 10.0;
            continue;
        };
        let points = elimination.back_substitute(&views, &intrinsics);
        let before = (bundle.poses.clone(), bundle.points.clone());
        apply(bundle, &layout.slots, &views, &points);
        let candidate_camera = moved(&camera, &intrinsics);
        let next =
            cost(bundle, &candidate_camera, &layout, settings) + radial_prior(&candidate_camera, settings);
        if next < current {
            let share = (current - next) / current.max(1e-12);
            camera = candidate_camera;
            current = next;
            damping = (damping * 0.25).max(1e-8);
            if share < settings.tolerance {
                break;
            }
        } else {
            (bundle.poses, bundle.points) = before;
            damping *= 6.0;
        }
    }
    summary.final_cost = current;
    if settings.refine.free()[0] {
        summary.focal_sigma_px = focal_sigma(bundle, &camera, &layout, (settings, current));
    }
    (camera, summary)
}

/// Formal standard deviation of the focal length. The free scale of the world makes the system
/// singular in one direction, which the focal length has no part in: a little damping takes the
/// singularity away and changes nothing else.
fn focal_sigma(bundle: &Bundle, camera: &Camera, layout: &Layout, (settings, cost): (&Settings, f64)) -> f64 {
    const DAMPINGS: [f64; 4] = [1e-8, 1e-6, 1e-5, 1e-4];
    let unknowns = 6 * layout.structure.views + 3 * bundle.points.len();
    let freedom = (2 * bundle.observations.len()).saturating_sub(unknowns).max(1);
    let variance = cost / freedom as f64;
    DAMPINGS
        .iter()
        .find_map(|&damping| {
            let mut elimination = eliminate(bundle, camera, layout, settings, damping);
            regularize(&mut elimination, layout, camera, (settings, damping));
            elimination.reduced.focal_variance(&layout.structure).filter(|v| v.is_finite() && *v > 0.0)
        })
        .map_or(f64::INFINITY, |v| camera.fx * (v * variance).sqrt())
}
