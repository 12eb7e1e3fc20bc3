//! Gravity and scale against truth, and whether the stated sigmas are honest.
//!
//! Takes estimated and true up directions and scales, gives the angle between the ups and
//! |ln(estimated / true)|. Calibration over scenes: the share of errors within the stated one sigma
//! and the root mean square of error / sigma. A stated sigma is taken as that of the angle (or of the
//! logarithm) itself, so that 68 % of honest errors lie within it.

use super::error::{Error, Result, read_text};
use super::table::{Table, number, percent};
use crate::align::Alignment;
use crate::math::{Mat3, Vec3};
use serde::Serialize;
use std::path::Path;

/// Share of a Gaussian within one standard deviation.
const ONE_SIGMA_SHARE: f64 = 0.682_689_492_137_085_9;

/// Gravity and scale of one scene.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrameScore {
    /// Angle between estimated and true up, degrees.
    pub gravity_error_deg: f64,
    /// Stated sigma of the up direction, degrees.
    pub gravity_sigma_deg: f64,
    /// The error lies within the stated sigma.
    pub gravity_in_sigma: bool,
    /// Estimated scale / true scale.
    pub scale_ratio: f64,
    /// |ln of the ratio|.
    pub scale_log_error: f64,
    /// Stated sigma of the logarithm of the scale.
    pub scale_log_sigma: f64,
    /// The error lies within the stated sigma.
    pub scale_in_sigma: bool,
}

/// Compares an estimated alignment with the true similarity, given as its linear part (rotation times
/// scale: metres per world unit).
///
/// # Errors
/// [`Error::Incomparable`] when the true matrix is no similarity with a positive scale.
pub fn score_frame(estimate: &Alignment, true_scene_from_world: &Mat3) -> Result<FrameScore> {
    let true_scale = true_scene_from_world.determinant().cbrt();
    if !(true_scale.is_finite() && true_scale > 0.0) {
        return Err(Error::Incomparable(format!(
            "the true transform has scale {true_scale}; give a 4x4 similarity scene_from_world"
        )));
    }
    // Up of the scene, seen in the world: the third row of the rotation.
    let true_up = true_scene_from_world.row(2).transpose().normalize();
    let up = estimate.scene_from_world.isometry.rotation.inverse() * Vec3::z();
    let gravity_error_deg = up.angle(&true_up).to_degrees();
    let gravity_sigma_deg = estimate.gravity_sigma_rad.to_degrees();
    let scale_ratio = estimate.scene_from_world.scaling() / true_scale;
    let scale_log_error = scale_ratio.ln().abs();
    Ok(FrameScore {
        gravity_error_deg,
        gravity_sigma_deg,
        gravity_in_sigma: gravity_error_deg <= gravity_sigma_deg,
        scale_ratio,
        scale_log_error,
        scale_log_sigma: estimate.scale_log_sigma,
        scale_in_sigma: scale_log_error <= estimate.scale_log_sigma,
    })
}

/// Compares an `align.json` with a text file of the true 4x4 scene_from_world.
///
/// # Errors
/// When a file cannot be read or does not hold what it should.
pub fn run_frame(alignment: &Path, true_scene_from_world: &Path) -> Result<FrameScore> {
    let estimate: Alignment = serde_json::from_str(&read_text(alignment)?).map_err(|error| {
        Error::Content { reason: format!("not an align.json: {error}"), path: alignment.to_owned() }
    })?;
    let text = read_text(true_scene_from_world)?;
    let numbers: Vec<f64> = text.split_whitespace().map_while(|word| word.parse().ok()).collect();
    if numbers.len() < 12 {
        let reason = format!("{} numbers, a row-major 4x4 matrix has 16", numbers.len());
        return Err(Error::Content { reason, path: true_scene_from_world.to_owned() });
    }
    score_frame(&estimate, &Mat3::from_fn(|row, column| numbers[4 * row + column]))
}

/// Whether stated sigmas hold the truth as often as they should.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Calibration {
    /// Errors with a stated sigma.
    pub count: usize,
    /// Share of errors within one stated sigma.
    pub within_one_sigma: f64,
    /// What that share should be.
    pub expected: f64,
    /// Root mean square of error / sigma; 1 is honest, more is overconfident.
    pub rms_ratio: f64,
}

/// Calibration of (error, stated sigma); those without a positive sigma are left out. `None` when
/// nothing remains.
#[must_use]
pub fn calibration(errors_and_sigmas: &[(f64, f64)]) -> Option<Calibration> {
    let ratios: Vec<f64> = errors_and_sigmas
        .iter()
        .filter(|(_, sigma)| *sigma > 0.0)
        .map(|(error, sigma)| error.abs() / sigma)
        .collect();
    if ratios.is_empty() {
        return None;
    }
    let count = ratios.len() as f64;
    Some(Calibration {
        count: ratios.len(),
        within_one_sigma: ratios.iter().filter(|ratio| **ratio <= 1.0).count() as f64 / count,
        expected: ONE_SIGMA_SHARE,
        rms_ratio: (ratios.iter().map(|ratio| ratio * ratio).sum::<f64>() / count).sqrt(),
    })
}

/// Gravity and scale over scenes as a plain-text table, with their calibration.
#[must_use]
pub fn frame_table(scores: &[(String, FrameScore)]) -> String {
    let mut table = Table::new(&["scene", "tilt deg", "sigma deg", "scale ratio", "|ln| %", "sigma %"]);
    for (name, score) in scores {
        table.row([
            name.clone(),
            format!("{:.2}", score.gravity_error_deg),
            format!("{:.2}", score.gravity_sigma_deg),
            format!("{:.4}", score.scale_ratio),
            format!("{:.2}", 100.0 * score.scale_log_error),
            format!("{:.2}", 100.0 * score.scale_log_sigma),
        ]);
    }
    let mut text = table.to_text();
    let pairs = |pair: &dyn Fn(&FrameScore) -> (f64, f64)| {
        calibration(&scores.iter().map(|(_, s)| pair(s)).collect::<Vec<_>>())
    };
    for (name, calibration) in [
        ("tilt", pairs(&|s| (s.gravity_error_deg, s.gravity_sigma_deg))),
        ("scale", pairs(&|s| (s.scale_log_error, s.scale_log_sigma))),
    ] {
        text.push_str(&format!(
            "{name}: within one sigma {} % (should be {}), rms error/sigma {}\n",
            percent(calibration.map(|c| c.within_one_sigma)),
            percent(Some(ONE_SIGMA_SHARE)),
            number(calibration.map(|c| c.rms_ratio), 2),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::align::ScaleSource;
    use crate::math::{Rotation, Sim3};

    fn estimate(tilt_deg: f64, scale: f64) -> Alignment {
        let rotation = Rotation::from_scaled_axis(Vec3::new(tilt_deg.to_radians(), 0.0, 0.0));
        Alignment {
            scene_from_world: Sim3::from_parts(Vec3::new(1.0, 2.0, 3.0).into(), rotation, scale),
            gravity_sigma_rad: 1.0_f64.to_radians(),
            gravity_sources: Vec::new(),
            manhattan_share: 1.0,
            scale_source: ScaleSource::Fused,
            scale_log_sigma: 0.05,
            scale_cues: Vec::new(),
            ceiling_height_m: None,
        }
    }

    #[test]
    fn tilt_and_scale_are_measured_and_yaw_is_free() {
        let yaw = Rotation::from_scaled_axis(Vec3::new(0.0, 0.0, 1.2));
        let truth = *yaw.to_rotation_matrix().matrix() * 2.0;
        let score = score_frame(&estimate(2.0, 2.2), &truth).expect("similarity");
        assert!((score.gravity_error_deg - 2.0).abs() < 1e-9 && !score.gravity_in_sigma);
        assert!((score.scale_ratio - 1.1).abs() < 1e-9 && !score.scale_in_sigma);
        let good = score_frame(&estimate(0.5, 2.02), &truth).expect("similarity");
        assert!(good.gravity_in_sigma && good.scale_in_sigma);
        assert!(score_frame(&estimate(0.0, 1.0), &Mat3::zeros()).is_err());
        assert!(frame_table(&[("a".into(), score), ("b".into(), good)]).contains("within one sigma 50.0 %"));
    }

    #[test]
    fn calibration_counts_within_and_squares_ratios() {
        let found = calibration(&[(1.0, 1.0), (2.0, 1.0), (9.0, 0.0)]).expect("two remain");
        assert_eq!((found.count, found.within_one_sigma), (2, 0.5));
        assert!((found.rms_ratio - 2.5_f64.sqrt()).abs() < 1e-12);
        assert!(calibration(&[]).is_none());
    }
}
