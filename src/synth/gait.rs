//! How a camera is carried: gait and hand motion about a place and a gaze.
//!
//! Sums of sines with drawn phases: steps, half steps (sway) and slow drifts of height, pitch and roll.
//! Scene frame; camera axes are OpenCV's.

use super::path::PathOptions;
use crate::math::{Mat3, Point3, Pose, Rotation, Vec3};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// Gait and hand motion as sums of sines.
pub(super) struct Shake {
    height: f64,
    pitch: f64,
    amount: f64,
    gait_hz: f64,
    phases: [f64; 8],
}

impl Shake {
    /// Draws the phases; the height too, when the options leave it open.
    pub(super) fn draw(rng: &mut ChaCha8Rng, options: &PathOptions) -> Self {
        let height = if options.height_m > 0.0 { options.height_m } else { rng.random_range(1.35..1.65) };
        let phases = std::array::from_fn(|_| rng.random_range(0.0..TAU));
        Self {
            height,
            pitch: options.pitch_deg.to_radians(),
            amount: options.shake,
            gait_hz: rng.random_range(1.5..1.9),
            phases,
        }
    }

    /// The pose at a time, metres in plan and yaw given.
    pub(super) fn pose(&self, time: f64, place: [f64; 2], yaw: f64) -> Pose {
        let wave = |hz: f64, k: usize| (TAU * hz * time + self.phases[k]).sin();
        let a = self.amount;
        let up = self.height + a * (0.012 * wave(self.gait_hz, 0) + 0.02 * wave(0.21, 1));
        let side = a * 0.012 * wave(0.5 * self.gait_hz, 2);
        let yaw = yaw + a * (0.012 * wave(0.5 * self.gait_hz, 3) + 0.008 * wave(0.83, 4));
        let pitch = self.pitch + a * (0.06 * wave(0.17, 5) + 0.006 * wave(self.gait_hz, 6));
        let roll = a * 0.02 * wave(0.31, 7);
        let place = Point3::new(place[0] - side * yaw.sin(), place[1] + side * yaw.cos(), up);
        look(place, yaw, pitch, roll)
    }
}

/// scene_from_camera of a camera at `place` looking along `yaw`, `pitch` below the horizon.
#[must_use]
pub fn look(place: Point3, yaw: f64, pitch: f64, roll: f64) -> Pose {
    let forward = Vec3::new(yaw.cos() * pitch.cos(), yaw.sin() * pitch.cos(), -pitch.sin());
    let level = Vec3::new(yaw.sin(), -yaw.cos(), 0.0);
    let down = forward.cross(&level);
    let (sin, cos) = roll.sin_cos();
    let right = level * cos + down * sin;
    let down = down * cos - level * sin;
    let rotation = Mat3::from_columns(&[right, down, forward]);
    let rotation = Rotation::from_rotation_matrix(&nalgebra::Rotation3::from_matrix_unchecked(rotation));
    Pose::from_parts(place.coords.into(), rotation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camera_axes_are_right_down_forward() {
        let pose = look(Point3::new(0.0, 0.0, 1.5), 0.0, 0.0, 0.0);
        assert!((pose * Point3::new(0.0, 0.0, 1.0) - Point3::new(1.0, 0.0, 1.5)).norm() < 1e-12);
        assert!((pose * Point3::new(1.0, 0.0, 0.0) - Point3::new(0.0, -1.0, 1.5)).norm() < 1e-12);
        assert!((pose * Point3::new(0.0, 1.0, 0.0) - Point3::new(0.0, 0.0, 0.5)).norm() < 1e-12);
    }
}
