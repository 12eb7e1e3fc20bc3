//! Adjusting the map or a part of it, and weeding out what does not fit.

use super::map::{Map, SightId};
use crate::math::Point3;
use crate::pose::bundle::{Bundle, BundleObservation, Loss, Refine, Settings, Summary, adjust};
use crate::pose::triangulate::widest;
use std::collections::BTreeMap;

/// Scale of the robust loss, pixels (about the standard deviation of a corner).
pub const LOSS_PX: f64 = 1.0;

/// What an adjustment of a part of the map changes.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Views whose pose is free.
    pub free: Vec<usize>,
    /// Intrinsics that are free.
    pub refine: Refine,
    /// Most steps.
    pub iterations: usize,
    /// Relative fall of the cost at which to stop.
    pub tolerance: f64,
}

/// Adjusts the free views, the points that they see and, when asked for, the intrinsics; other views
/// that see those points hold them.
pub fn adjust_scope(map: &mut Map, scope: &Scope) -> Summary {
    let mut is_free = vec![false; map.views.len()];
    scope.free.iter().for_each(|&v| is_free[v] = true);
    let mut slots: BTreeMap<usize, u32> = BTreeMap::new();
    let mut bundle = Bundle::default();
    let mut ids = Vec::new();
    let mut chosen: Vec<u32> =
        scope.free.iter().flat_map(|&v| map.views[v].features.iter().filter_map(|f| f.point)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    for id in chosen {
        let Some(point) = &map.points[id as usize] else { continue };
        for &sight in &point.sights {
            let view = sight.0 as usize;
            let Some(pose) = map.views[view].pose else { continue };
            let slot = *slots.entry(view).or_insert_with(|| {
                bundle.poses.push(pose);
                bundle.fixed.push(!is_free[view]);
                bundle.poses.len() as u32 - 1
            });
            let pixel = map.feature(sight).pixel;
            bundle.observations.push(BundleObservation { view: slot, point: ids.len() as u32, pixel });
        }
        ids.push(id);
        bundle.points.push(point.position);
    }
    hold_gauge(&mut bundle);
    let settings = Settings {
        loss: Loss::Huber(LOSS_PX),
        refine: scope.refine,
        max_iterations: scope.iterations,
        tolerance: scope.tolerance,
    };
    let (camera, summary) = adjust(&mut bundle, &map.camera, &settings);
    for (view, slot) in slots {
        map.views[view].pose = Some(bundle.poses[slot as usize]);
    }
    for (id, position) in ids.into_iter().zip(bundle.points) {
        if let Some(point) = &mut map.points[id as usize] {
            point.position = position;
        }
    }
    if scope.refine != Refine::Nothing {
        map.set_camera(camera);
    }
    summary
}

/// At least one view must stay, else the whole map drifts along.
fn hold_gauge(bundle: &mut Bundle) {
    if !bundle.fixed.is_empty() && !bundle.fixed.iter().any(|&f| f) {
        bundle.fixed[0] = true;
    }
}

/// Removes sights with a large error and points that are left with too little. Returns the share of
/// sights removed.
pub fn filter(map: &mut Map, max_error_px: f64, min_angle_rad: f64) -> f64 {
    let mut removed = 0usize;
    let mut total = 0usize;
    let ids: Vec<u32> = map.live_points().map(|(id, _)| id).collect();
    for id in ids {
        let Some(point) = &map.points[id as usize] else { continue };
        let position = point.position;
        total += point.sights.len();
        let bad: Vec<SightId> =
            point.sights.iter().copied().filter(|&s| map.error_px(&position, s) > max_error_px).collect();
        removed += bad.len();
        for sight in bad {
            map.remove_sight(id, sight);
        }
        let Some(point) = &map.points[id as usize] else { continue };
        let sights: Vec<_> = point.sights.iter().filter_map(|&s| map.sight(s)).collect();
        let all: Vec<usize> = (0..sights.len()).collect();
        if sights.len() < 2 || widest(&sights, &all, &position) < min_angle_rad || !is_finite(&position) {
            map.remove_point(id);
        }
    }
    removed as f64 / total.max(1) as f64
}

fn is_finite(point: &Point3) -> bool {
    point.coords.iter().all(|c| c.is_finite())
}
