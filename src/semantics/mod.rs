//! What the pictures show: a segmentation network's scores for groups of objects, laid on the surfaces.
//! `(&DepthMaps, network) -> ScoreMaps`, `(&DepthMaps, &ScoreMaps) -> Semantics`.
//!
//! Optional: without a segmentation network a layout detector does without scores. [`segment`] runs the network on the
//! pictures of the depth maps, [`surface`] carries its scores to the places that the depths show. Groups are coarser than the
//! layout language's classes, since networks trained on photographs name things in their own way.

mod segment;
mod surface;

pub use segment::{ScoreMap, ScoreMaps, Segmenter};

use crate::math::Sim3;
use serde::{Deserialize, Serialize};

/// The groups that scores are given for.
pub const GROUPS: [&str; 13] = [
    "bed", "window", "cabinet", "door", "table", "plant", "curtain", "chair", "picture", "sofa", "shelf",
    "mirror", "rug",
];

/// Scores of the groups, 0..255 for 0..1; their sum is at most 1, the rest is anything else.
pub type Scores = [u8; GROUPS.len()];

/// Edge of the cubes that scores are averaged in, metres.
pub const VOXEL_M: f32 = 0.05;

/// Options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Segmentation network in the manifest; none when empty.
    pub model: String,
    /// Threads of the network.
    pub threads: usize,
    /// At most so many pictures are looked at, evenly chosen.
    pub max_views: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { model: String::new(), threads: 2, max_views: 48 }
    }
}

/// A place on a surface with its scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPoint {
    /// Position, metres, scene frame.
    pub position: [f32; 3],
    /// Mean scores.
    pub scores: Scores,
}

/// What is known of the surfaces of a scene, one point for each voxel that was looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Semantics {
    /// The points, in the order of their voxels.
    pub points: Vec<ScoredPoint>,
}

impl Semantics {
    /// Averages looks in voxels.
    #[must_use]
    pub fn of_looks(looks: &[ScoredPoint]) -> Self {
        let key = |p: [f32; 3]| {
            let cell = p.map(|c| ((c / VOXEL_M).floor() as i64 + (1 << 20)) as u64);
            (cell[2] << 42) | (cell[1] << 21) | cell[0]
        };
        let mut order: Vec<(u64, u32)> =
            looks.iter().enumerate().map(|(index, look)| (key(look.position), index as u32)).collect();
        order.sort_unstable();
        let points =
            order.chunk_by(|a, b| a.0 == b.0).map(|same| mean(same.iter().map(|k| &looks[k.1 as usize])));
        Self { points: points.collect() }
    }

    /// The points elsewhere.
    #[must_use]
    pub fn moved(&self, place: impl Fn([f32; 3]) -> [f32; 3]) -> Self {
        let moved = |point: &ScoredPoint| ScoredPoint { position: place(point.position), ..*point };
        Self { points: self.points.iter().map(moved).collect() }
    }
}

fn mean<'a>(looks: impl Iterator<Item = &'a ScoredPoint>) -> ScoredPoint {
    let (mut position, mut scores, mut count) = ([0.0f32; 3], [0.0f32; GROUPS.len()], 0.0f32);
    for look in looks {
        position.iter_mut().zip(look.position).for_each(|(sum, v)| *sum += v);
        scores.iter_mut().zip(look.scores).for_each(|(sum, v)| *sum += f32::from(v));
        count += 1.0;
    }
    ScoredPoint { position: position.map(|v| v / count), scores: scores.map(|v| (v / count).round() as u8) }
}

/// The scores of the maps at the places that their depths show, in the scene frame.
#[must_use]
pub fn lay(depths: &crate::depth::DepthMaps, scores: &ScoreMaps, scene_from_world: &Sim3) -> Semantics {
    let looks: Vec<ScoredPoint> = scores
        .maps
        .iter()
        .flat_map(|map| surface::looks(&depths.maps[map.map_idx], map, scene_from_world))
        .collect();
    Semantics::of_looks(&looks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(position: [f32; 3], group: usize, score: u8) -> ScoredPoint {
        let mut scores = [0; GROUPS.len()];
        scores[group] = score;
        ScoredPoint { position, scores }
    }

    #[test]
    fn looks_at_one_place_are_averaged_whatever_their_order() {
        let looks =
            [look([0.01, 0.0, 1.0], 2, 200), look([0.51, 0.0, 1.0], 4, 90), look([0.03, 0.0, 1.0], 3, 100)];
        let found = Semantics::of_looks(&looks);
        assert_eq!(found.points.len(), 2);
        assert_eq!((found.points[0].scores[2], found.points[0].scores[3]), (100, 50));
        assert!((found.points[0].position[0] - 0.02).abs() < 1e-6);
        let turned: Vec<ScoredPoint> = looks.iter().rev().copied().collect();
        assert_eq!(Semantics::of_looks(&turned).points[1], found.points[1]);
        assert_eq!(found.moved(|p| [p[0] + 1.0, p[1], p[2]]).points[1].position[0], 1.51);
    }
}
