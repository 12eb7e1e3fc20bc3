//! Floor-plan metrics: 100 random plans against shapely and OpenCV.

use super::normal;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roomwright::eval::plan::{PlanReading, Polygon, score_plan};
use roomwright::math::Point2;

const CASES: usize = 100;
const SEED: u64 = 11;

/// A flat of rooms side by side, some of them with an alcove.
fn random_truth(rng: &mut impl Rng) -> Vec<Polygon> {
    let turn = rng.random_range(0.0..1.5_f64);
    let depth = rng.random_range(3.0..6.0);
    let mut x = 0.0;
    (0..rng.random_range(1..5))
        .map(|_| {
            let width = rng.random_range(1.5..5.0);
            let mut corners = vec![[x, 0.0], [x + width, 0.0], [x + width, depth], [x, depth]];
            if rng.random_bool(0.5) {
                corners.splice(
                    2..3,
                    [[x + width, 0.6 * depth], [x + 0.5 * width, 0.6 * depth], [x + 0.5 * width, depth]],
                );
            }
            x += width;
            let (sin, cos) = turn.sin_cos();
            corners.into_iter().map(|[x, y]| Point2::new(cos * x - sin * y, sin * x + cos * y)).collect()
        })
        .collect()
}

/// Noise, lost and doubled rooms.
fn random_prediction(rng: &mut impl Rng, truth: &[Polygon]) -> Vec<Polygon> {
    let noise = rng.random_range(0.0..0.15);
    let mut rooms = Vec::new();
    for room in truth {
        for _ in 0..[0, 1, 1, 1, 1, 1, 1, 2][rng.random_range(0..8)] {
            let shift = [normal(rng, noise), normal(rng, noise)];
            let moved = |p: &Point2, rng: &mut _| {
                Point2::new(
                    p.x + shift[0] + normal(rng, 0.5 * noise),
                    p.y + shift[1] + normal(rng, 0.5 * noise),
                )
            };
            rooms.push(room.iter().map(|p| moved(p, rng)).collect());
        }
    }
    rooms
}

fn coordinates(rooms: &[Polygon]) -> Vec<Vec<[f64; 2]>> {
    rooms.iter().map(|room| room.iter().map(|p| [p.x, p.y]).collect()).collect()
}

fn counts(reading: &PlanReading) -> serde_json::Value {
    let corners: Vec<[usize; 2]> = reading.corners.iter().map(|c| [c.corners.tp, c.angles.tp]).collect();
    serde_json::json!({ "rooms": reading.rooms.tp, "corners": corners })
}

#[test]
fn random_plans_agree_with_shapely_and_opencv() {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let cases: Vec<(Vec<Polygon>, Vec<Polygon>)> = (0..CASES)
        .map(|_| {
            let truth = random_truth(&mut rng);
            (random_prediction(&mut rng, &truth), truth)
        })
        .collect();
    let folder = tempfile::tempdir().expect("writable");
    let file = folder.path().join("cases.json");
    let json: Vec<_> = cases
        .iter()
        .map(|(predicted, truth)| serde_json::json!({ "predicted": coordinates(predicted), "truth": coordinates(truth) }))
        .collect();
    std::fs::write(&file, serde_json::to_vec(&json).expect("plain")).expect("writable");
    let Some(reference) =
        crate::python::reference("plan_reference.py", &["cv2", "numpy", "shapely"], &[&file])
    else {
        return;
    };
    let mut found = 0;
    for (index, (predicted, truth)) in cases.iter().enumerate() {
        let score = score_plan(predicted, truth);
        assert_eq!(counts(&score.metric), reference[index]["metric"], "case {index}, metric");
        assert_eq!(counts(&score.raster), reference[index]["raster"], "case {index}, raster");
        found += score.metric.rooms.tp;
    }
    assert!(found > CASES, "the cases are not all failures: {found}");
}
