//! Sides of boxes moved to where the points are: `(object, samples) -> object`.
//!
//! A network places a side within some centimetres; a side that was seen is a sheet of points. Each
//! side moves to the place, within reach, where points are dense just inside and scarce just outside.
//! Sides without such a place stay. Frame: plan of the maps, z from the floor.

use super::boxes::layer;
use crate::layout::draft::DraftObject;
use crate::layout::samples::Sample;

/// A side moves at most this far, metres.
const REACH_M: f64 = 0.10;
/// ... in steps of this, metres.
const STEP_M: f64 = 0.01;
/// Layers that are compared on either side, metres (noise of multi-view depth).
const LAYER_M: f64 = 0.04;
/// Fewer samples within the inner layer tell nothing.
const MIN_SAMPLES: f64 = 12.0;
/// The inner layer holds at least so many times the outer one.
const MIN_CONTRAST: f64 = 2.0;
/// Share of a layer's points that lie within the side (the rest is noise beyond it).
const SIDE_QUANTILE: f64 = 0.8;
/// A place at the end of the reach counts this much less than one where the side is.
const FAR_DISCOUNT: f64 = 0.5;
/// Below this is floor, metres.
const FLOOR_M: f64 = 0.08;
/// Classes that keep their sides: leaves have no sheets of points, and the densest place is the stem.
const LEAFY: [&str; 1] = ["plants"];
/// Boxes thinner than this keep their sides, metres.
const MIN_SIZE_M: f64 = 0.15;

/// Moves the sides of a standing box and its top.
pub fn refine(object: &mut DraftObject, samples: &[Sample]) {
    if layer(&object.class) != 0 || LEAFY.contains(&object.class.as_str()) {
        return;
    }
    let near = local(object, samples);
    // x, then y, then top: each pair of sides is independent of the others but for their extent.
    for axis in 0..2 {
        for sign in [1.0, -1.0] {
            side(object, &near, axis, sign);
        }
    }
    side(object, &near, 2, 1.0);
}

/// Samples around a box in its own axes from its middle, metres.
fn local(object: &DraftObject, samples: &[Sample]) -> Vec<[f64; 3]> {
    let (sin, cos) = object.yaw.sin_cos();
    let reach = object.size.map(|s| 0.5 * s + REACH_M + LAYER_M);
    samples
        .iter()
        .filter(|s| f64::from(s.position[2]) > FLOOR_M)
        .filter_map(|s| {
            let [x, y, z] = [0, 1, 2].map(|k| f64::from(s.position[k]) - object.center[k]);
            let p = [cos * x + sin * y, cos * y - sin * x, z];
            (0..3).all(|k| p[k].abs() < reach[k]).then_some(p)
        })
        .collect()
}

fn side(object: &mut DraftObject, near: &[[f64; 3]], axis: usize, sign: f64) {
    if object.size[axis] < MIN_SIZE_M {
        return;
    }
    let half = object.size.map(|s| 0.5 * s);
    let others = [(axis + 1) % 3, (axis + 2) % 3];
    let mut along: Vec<f64> = near
        .iter()
        .filter(|p| others.iter().all(|&k| p[k].abs() < half[k]))
        .map(|p| sign * p[axis])
        .collect();
    along.sort_by(f64::total_cmp);
    let count = |from: f64, to: f64| {
        (along.partition_point(|&v| v < to) - along.partition_point(|&v| v < from)) as f64
    };
    let steps = (REACH_M / STEP_M).round() as i32;
    let score = |step: i32| {
        let edge = half[axis] + f64::from(step) * STEP_M;
        let (inner, outer) = (count(edge - LAYER_M, edge), count(edge, edge + LAYER_M));
        let is_clear = inner >= MIN_SAMPLES && inner >= MIN_CONTRAST * outer;
        let discount = 1.0 - FAR_DISCOUNT * f64::from(step.abs()) / f64::from(steps);
        is_clear.then_some(((inner - outer) * discount, step))
    };
    let best =
        (-steps..=steps).filter_map(score).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.abs().cmp(&a.1.abs())));
    let Some((_, step)) = best else { return };
    // Within the inner layer the side is where most of its points end.
    let edge = half[axis] + f64::from(step) * STEP_M;
    let inner = along.partition_point(|&v| v < edge - LAYER_M)..along.partition_point(|&v| v < edge);
    let side = along[inner.start + ((inner.len() - 1) as f64 * SIDE_QUANTILE) as usize];
    let by = side - half[axis];
    if object.size[axis] + by < MIN_SIZE_M {
        return;
    }
    object.size[axis] += by;
    let shift = 0.5 * by * sign;
    let (sin, cos) = object.yaw.sin_cos();
    match axis {
        0 => {
            object.center[0] += shift * cos;
            object.center[1] += shift * sin;
        }
        1 => {
            object.center[0] -= shift * sin;
            object.center[1] += shift * cos;
        }
        _ => object.center[2] += shift,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of the faces of a box about the origin, standing on the floor.
    fn faces(size: [f64; 3]) -> Vec<Sample> {
        let mut samples = Vec::new();
        let n = 40;
        for i in 0..=n {
            for j in 0..=n {
                let (s, t) = (f64::from(i) / f64::from(n) - 0.5, f64::from(j) / f64::from(n));
                for p in [
                    [s * size[0], 0.5 * size[1], t * size[2]],
                    [s * size[0], -0.5 * size[1], t * size[2]],
                    [0.5 * size[0], s * size[1], t * size[2]],
                    [-0.5 * size[0], s * size[1], t * size[2]],
                    [s * size[0], (t - 0.5) * size[1], size[2]],
                ] {
                    samples.push(Sample {
                        position: p.map(|v| v as f32),
                        normal: [0.0, 0.0, 1.0],
                        oriented: true,
                        rgb: [0; 3],
                    });
                }
            }
        }
        samples
    }

    #[test]
    fn sides_go_to_their_points_and_stay_without_any() {
        let wrong = DraftObject {
            class: "cupboard".to_owned(),
            center: [0.04, -0.03, 0.42],
            yaw: 0.0,
            size: [1.06, 0.55, 0.84],
            sigma_m: 0.05,
            confidence: 0.5,
            observed_fraction: 0.5,
        };
        let mut object = wrong.clone();
        refine(&mut object, &faces([1.0, 0.6, 0.9]));
        for (found, truth) in object.size.iter().zip([1.0, 0.6, 0.9]) {
            assert!((found - truth).abs() < LAYER_M, "{object:?}");
        }
        assert!(object.center[0].abs() < 0.02 && object.center[1].abs() < 0.02, "{object:?}");
        let mut alone = wrong.clone();
        refine(&mut alone, &[]);
        assert_eq!(alone, wrong);
    }
}
