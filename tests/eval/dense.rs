//! Cloud and depth errors against scipy and numpy.

use super::{assert_close, normal};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roomwright::eval::cloud::{self, score_cloud};
use roomwright::eval::depth::{DepthAlignment, DepthImage, score_depth};
use roomwright::math::Vec3;

const SEED: u64 = 3;

#[test]
fn clouds_and_depths_agree_with_scipy_and_numpy() {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    // Two walls and a floor, in planes of equal coordinates; the prediction is noisy and partial.
    let truth: Vec<Vec3> = (0..6000)
        .map(|i| {
            let (u, v) = (rng.random_range(0.0..2.0), rng.random_range(0.0..2.0));
            [Vec3::new(u, v, 0.0), Vec3::new(0.0, u, v), Vec3::new(u, 0.0, v)][i % 3]
        })
        .collect();
    let prediction: Vec<Vec3> = truth
        .iter()
        .filter(|p| p.x < 1.5)
        .map(|p| p + Vec3::from_fn(|_, _| normal(&mut rng, 0.02)))
        .collect();
    let images: Vec<(DepthImage, DepthImage)> = (0..5)
        .map(|_| {
            let scale = rng.random_range(0.5..2.0);
            let truth: Vec<f32> = (0..400).map(|_| rng.random_range(0.0..12.0)).collect();
            let noisy = |g: f32, rng: &mut ChaCha8Rng| {
                if rng.random_bool(0.2) {
                    0.0
                } else {
                    (g * scale * (1.0 + normal(rng, 0.15) as f32)).max(0.0)
                }
            };
            let depth = truth.iter().map(|&g| noisy(g, &mut rng)).collect();
            (DepthImage { width: 20, height: 20, depth }, DepthImage { width: 20, height: 20, depth: truth })
        })
        .collect();
    let points = |points: &[Vec3]| points.iter().map(|p| [p.x, p.y, p.z]).collect::<Vec<_>>();
    let json = serde_json::json!({
        "prediction": points(&prediction),
        "truth": points(&truth),
        "depth": images.iter().map(|(p, t)| serde_json::json!({ "prediction": p.depth, "truth": t.depth })).collect::<Vec<_>>(),
    });
    let folder = tempfile::tempdir().expect("writable");
    let file = folder.path().join("case.json");
    std::fs::write(&file, json.to_string()).expect("writable");
    let Some(reference) = crate::python::reference("dense_reference.py", &["numpy", "scipy"], &[&file])
    else {
        return;
    };
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let ours = score_cloud(&prediction, &truth, &cloud::Options::default()).expect("has points");
    let ours = serde_json::to_value(&ours).expect("plain");
    for key in ["accuracy_m", "completeness_m", "chamfer_m", "precision", "recall", "f_score"] {
        assert_close(number(&ours[key]), number(&reference["cloud"][key]), key);
    }
    let depth = score_depth(&images);
    assert_close(depth.coverage, number(&reference["depth"]["coverage"]), "coverage");
    assert_close(
        depth.clip_scale.expect("has pixels"),
        number(&reference["depth"]["clip_scale"]),
        "clip scale",
    );
    for (alignment, key) in
        DepthAlignment::ALL.into_iter().zip(["none", "clip_median", "image_median", "image_scale_shift"])
    {
        let errors = depth.errors[&alignment];
        for (index, ours) in [errors.abs_rel, errors.rmse_m, errors.delta1].into_iter().enumerate() {
            assert_close(ours, number(&reference["depth"][key][index]), key);
        }
    }
}
