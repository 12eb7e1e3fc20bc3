//! From the layout that the model spoke to a draft.
//!
//! Takes a [`Reading`] in bins, gives a [`Draft`] in the scene frame: bins become metres, the corner that
//! was subtracted from the cloud is added back. The text says nothing of doubts and of evidence: the
//! confidence is the model's in its words, sigma is a guess until it is measured on trained weights, and
//! the observed share is counted on the cloud. Limits: rooms are left to physics.

use super::spoken::Reading;
use crate::layout::DetectorInput;
use crate::layout::draft::{Draft, DraftObject, DraftOpening, DraftWall};
use crate::layout::elevation::{self, WallView};
use crate::layout::plan::PlanLine;
use crate::layout::sample_index::SampleIndex;
use crate::layout::samples::{Samples, VOXEL_M};
use crate::layout::wall_lines::PRIOR_THICKNESS_M;
use crate::math::Point2;
use crate::scene::model::Source;
use crate::scene::spatiallm::{Bins, translate};
use crate::scene::{BoxEntity, OpeningEntity, OpeningKind, WallEntity};
use rayon::prelude::*;

/// One standard deviation of any coordinate, metres: two bins of 2.5 cm, one for the rounding of the
/// text and one for the model. Not measured: no trained weights were at hand.
const SIGMA_M: f64 = 0.05;
/// Confidence is kept off certainty.
const CONFIDENCE: (f64, f64) = (0.01, 0.99);

/// The draft.
#[must_use]
pub fn draft(
    reading: &Reading,
    bins: Bins,
    corner: [f64; 3],
    samples: &Samples,
    input: &DetectorInput<'_>,
) -> Draft {
    let samples = &SampleIndex::new(&samples.samples);
    let metres = translate(&bins.undiscretise(&reading.layout), corner);
    let walls: Vec<DraftWall> = metres
        .walls
        .par_iter()
        .zip(&reading.walls)
        .map(|(entity, &confidence)| wall(entity, confidence, samples, input))
        .collect();
    let wall_idx = |number: u32| metres.walls.iter().position(|wall| wall.id == number);
    let kinds = [
        (OpeningKind::Door, &metres.doors, &reading.doors),
        (OpeningKind::Window, &metres.windows, &reading.windows),
    ];
    let openings = kinds.into_iter().flat_map(|(kind, entities, confidences)| {
        entities.iter().zip(confidences).map(move |(entity, &confidence)| (kind, entity, confidence))
    });
    let openings = openings
        .filter_map(|(kind, entity, confidence)| {
            let wall_idx = wall_idx(entity.wall)?;
            let seen = walls[wall_idx].observed_fraction;
            Some(opening(kind, entity, wall_idx, confidence, seen))
        })
        .collect();
    let objects = metres
        .boxes
        .par_iter()
        .zip(&reading.boxes)
        .map(|(entity, &confidence)| object(entity, confidence, samples))
        .collect();
    Draft { walls, openings, objects, detector: super::NAME.to_owned(), ..Draft::default() }
}

fn sure(confidence: f64) -> f64 {
    confidence.clamp(CONFIDENCE.0, CONFIDENCE.1)
}

fn wall(
    entity: &WallEntity,
    confidence: f64,
    samples: &SampleIndex<'_>,
    input: &DetectorInput<'_>,
) -> DraftWall {
    let (a, b) = (Point2::new(entity.a[0], entity.a[1]), Point2::new(entity.b[0], entity.b[1]));
    let height = (entity.height + 0.5 * (entity.a[2] + entity.b[2])).max(VOXEL_M);
    // The text says 0 of walls that were seen from one side.
    let thickness = if entity.thickness > 0.0 { entity.thickness } else { PRIOR_THICKNESS_M };
    let view = WallView {
        line: PlanLine::through(a, b),
        a,
        length: (b - a).norm(),
        height,
        thickness,
        ahead: true,
        behind: true,
    };
    DraftWall {
        a: [a.x, a.y],
        b: [b.x, b.y],
        height,
        thickness,
        offset_sigma_m: SIGMA_M,
        end_sigma_m: [SIGMA_M; 2],
        confidence: sure(confidence),
        observed_fraction: elevation::look(&view, samples, input.free_space).observed().clamp(0.0, 1.0),
        source: Source::Detected,
    }
}

/// An opening is a hole where it is seen at all: what is known of its place is known of its wall.
fn opening(
    kind: OpeningKind,
    entity: &OpeningEntity,
    wall_idx: usize,
    confidence: f64,
    seen: f64,
) -> DraftOpening {
    DraftOpening {
        kind,
        wall_idx,
        center: entity.center,
        width: entity.width,
        height: entity.height,
        sigma_m: SIGMA_M,
        confidence: sure(confidence),
        observed_fraction: seen,
    }
}

fn object(entity: &BoxEntity, confidence: f64, samples: &SampleIndex<'_>) -> DraftObject {
    DraftObject {
        class: entity.class.clone(),
        center: entity.center,
        yaw: entity.yaw,
        size: entity.size,
        sigma_m: SIGMA_M,
        confidence: sure(confidence),
        observed_fraction: observed(entity, samples),
    }
}

/// Share of top and sides that carries samples; one sample stands for one voxel face.
fn observed(entity: &BoxEntity, samples: &SampleIndex<'_>) -> f64 {
    let (sin, cos) = entity.yaw.sin_cos();
    let half = entity.size.map(|side| 0.5 * side + VOXEL_M);
    let near = samples.around([entity.center[0], entity.center[1]], half[0].hypot(half[1]));
    let inside = near.iter().filter(|sample| {
        let d = [0, 1, 2].map(|k| f64::from(sample.position[k]) - entity.center[k]);
        let local = [cos * d[0] + sin * d[1], cos * d[1] - sin * d[0], d[2]];
        // What it stands on is no part of it.
        (0..3).all(|k| local[k].abs() <= half[k]) && local[2] > VOXEL_M - 0.5 * entity.size[2]
    });
    let [u, v, z] = entity.size;
    let surface = u * v + 2.0 * (u + v) * z;
    // Flatter than a voxel face: as good as one.
    (inside.count() as f64 * VOXEL_M.powi(2) / surface.max(VOXEL_M.powi(2))).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Cloud, CloudPoint, SceneFrame};
    use crate::layout::samples;
    use crate::layout::spatiallm::spoken::{Line, read};

    #[test]
    fn bins_become_metres_of_the_scene() {
        let at = |x: f64, y: f64, z: f64| CloudPoint {
            position: [x as f32, y as f32, z as f32],
            normal: [0.0; 3],
            rgb: [0; 3],
            weight: 1.0,
        };
        // A wall face of 4 x 2 m at y = -1, from x = -2.
        let points: Vec<CloudPoint> = (0..16_000)
            .map(|i| at(-2.0 + 0.02 * f64::from(i % 200), -1.0, 0.025 * f64::from(i / 200)))
            .collect();
        let cloud: Cloud<SceneFrame> = Cloud::new(points);
        let samples = samples::reduce(&cloud).expect("enough points");
        let input = DetectorInput::of_cloud(&cloud);
        let text = "wall_5=Wall(0,0,0,160,0,0,100,0)\ndoor_0=Door(wall_5,80,0,40,40,80)\n\
                    bbox_0=Bbox(bed,80,60,20,640,64,128,32)";
        let lines: Vec<Line> =
            text.lines().map(|text| Line { text: text.to_owned(), confidence: 0.7 }).collect();
        let reading = read(&lines, 1280, true).expect("entities");
        let draft = draft(&reading, Bins::default(), [-2.0, -1.0, 0.0], &samples, &input);
        let wall = &draft.walls[0];
        assert_eq!((wall.a, wall.b, wall.height), ([-2.0, -1.0], [2.0, -1.0], 2.0));
        assert!(wall.observed_fraction > 0.9, "{}", wall.observed_fraction);
        assert_eq!((draft.openings[0].wall_idx, draft.openings[0].center), (0, [0.0, -1.0, 1.0]));
        assert_eq!((draft.objects[0].size, draft.objects[0].yaw), ([1.0, 2.0, 0.5], 0.0));
        assert_eq!(draft.objects[0].observed_fraction, 0.0);
        assert!((draft.objects[0].confidence - 0.7).abs() < 1e-12);
    }
}
