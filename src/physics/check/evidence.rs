//! How far a scene is from the draft that it was made from.
//!
//! Deleting everything is also free of collisions; this figure says what a repair cost. Elements are
//! paired greedily from the nearest: boxes of one class by the distance of their centres, walls of
//! the draft with the nearest parallel wall piece by the distance across it.

use crate::layout::Draft;
use crate::math::Vec2;
use crate::physics::geometry::{cross, segment_distance};
use crate::scene::Scene;
use serde::{Deserialize, Serialize};

/// Boxes farther apart are not the same, metres.
const MAX_BOX_M: f64 = 2.0;
/// Walls farther apart or turned further are not the same, metres and sine.
const MAX_WALL_M: f64 = 1.0;
const MAX_WALL_SINE: f64 = 0.26;

/// Displacement between draft and scene.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct EvidenceDistance {
    /// Mean displacement of box centres, metres.
    pub boxes_mean_m: f64,
    /// Largest displacement of a box centre, metres.
    pub boxes_max_m: f64,
    /// Mean distance of draft walls from the scene's, metres.
    pub walls_mean_m: f64,
    /// Largest such distance, metres.
    pub walls_max_m: f64,
    /// Boxes of the draft that are not in the scene.
    pub boxes_removed: usize,
    /// Walls of the draft without a wall near them in the scene.
    pub walls_removed: usize,
    /// Openings of the draft less those of the scene.
    pub openings_removed: usize,
    /// Walls of the scene that were inferred.
    pub walls_added: usize,
}

/// Measures the distance.
pub(super) fn distance(scene: &Scene, draft: &Draft) -> EvidenceDistance {
    let boxes = boxes(scene, draft);
    let walls: Vec<Option<f64>> = draft.walls.iter().map(|wall| nearest(scene, wall.a, wall.b)).collect();
    let found: Vec<f64> = walls.iter().flatten().copied().collect();
    let mean = |values: &[f64]| {
        if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
    };
    EvidenceDistance {
        boxes_mean_m: mean(&boxes),
        boxes_max_m: boxes.iter().copied().fold(0.0, f64::max),
        walls_mean_m: mean(&found),
        walls_max_m: found.iter().copied().fold(0.0, f64::max),
        boxes_removed: draft.objects.len() - boxes.len(),
        walls_removed: walls.iter().filter(|wall| wall.is_none()).count(),
        openings_removed: draft.openings.len().saturating_sub(scene.openings.len()),
        walls_added: scene
            .walls
            .iter()
            .filter(|wall| wall.evidence.source == crate::scene::Source::Inferred)
            .count(),
    }
}

/// Displacements of the paired boxes.
fn boxes(scene: &Scene, draft: &Draft) -> Vec<f64> {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (i, before) in draft.objects.iter().enumerate() {
        for (j, after) in scene.objects.iter().enumerate().filter(|(_, o)| o.class == before.class) {
            let d = (0..3).map(|k| (before.center[k] - after.center[k]).powi(2)).sum::<f64>().sqrt();
            if d <= MAX_BOX_M {
                pairs.push((d, i, j));
            }
        }
    }
    pairs.sort_by(|p, q| p.0.total_cmp(&q.0).then((p.1, p.2).cmp(&(q.1, q.2))));
    let (mut used, mut taken) = (vec![false; draft.objects.len()], vec![false; scene.objects.len()]);
    let mut distances = Vec::new();
    for (d, i, j) in pairs {
        if !used[i] && !taken[j] {
            used[i] = true;
            taken[j] = true;
            distances.push(d);
        }
    }
    distances
}

/// Distance of a draft wall's middle from the nearest wall of about its direction.
fn nearest(scene: &Scene, a: [f64; 2], b: [f64; 2]) -> Option<f64> {
    let (a, b) = (Vec2::from(a), Vec2::from(b));
    let along = (b - a).try_normalize(1e-9)?;
    let middle = 0.5 * (a + b);
    scene
        .walls
        .iter()
        .filter_map(|wall| {
            let (p, q) = (Vec2::from(wall.a), Vec2::from(wall.b));
            let direction = (q - p).try_normalize(1e-9)?;
            (cross(along, direction).abs() < MAX_WALL_SINE).then(|| segment_distance(p, q, middle))
        })
        .filter(|d| *d <= MAX_WALL_M)
        .min_by(f64::total_cmp)
}
