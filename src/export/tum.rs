//! `trajectory.tum`: one pose a line, `timestamp tx ty tz qx qy qz qw`, world_from_camera.
//!
//! The format of the TUM RGB-D benchmark (Sturm et al. 2012). The camera frame is OpenCV's (x right,
//! y down, z forward); the world is the trajectory's own frame or, given a similarity, the scene's.

use crate::math::Sim3;
use crate::pose::Trajectory;
use std::fmt::Write;

/// The trajectory as text, each pose taken by `target_from_world` (scale included).
#[must_use]
pub fn trajectory(trajectory: &Trajectory, target_from_world: &Sim3) -> String {
    let mut text = String::new();
    for pose in &trajectory.poses {
        let moved = target_from_world * pose.world_from_camera;
        let (t, q) = (moved.isometry.translation.vector, moved.isometry.rotation);
        // The canonical one of the two quaternions of a rotation: w ≥ 0.
        let s = if q.w < 0.0 { -1.0 } else { 1.0 };
        writeln!(
            text,
            "{:.6} {:.6} {:.6} {:.6} {:.9} {:.9} {:.9} {:.9}",
            pose.time_s,
            t.x + 0.0,
            t.y + 0.0,
            t.z + 0.0,
            s * q.i + 0.0,
            s * q.j + 0.0,
            s * q.k + 0.0,
            s * q.w
        )
        .expect("because writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Camera;
    use crate::math::{Pose, Vec3};
    use crate::pose::FramePose;

    #[test]
    fn scale_and_rotation_reach_the_file() {
        let trajectory = Trajectory {
            camera: Camera::centred(64, 48, 50.0),
            focal_sigma_px: 0.0,
            frame_count: 1,
            poses: vec![FramePose {
                frame_idx: 0,
                time_s: 0.5,
                world_from_camera: Pose::translation(1.0, 2.0, 3.0),
                is_keyframe: true,
            }],
            points: Vec::new(),
            metric: false,
        };
        let quarter = Vec3::z() * std::f64::consts::FRAC_PI_2;
        let text = super::trajectory(&trajectory, &Sim3::new(Vec3::new(0.0, 0.0, 1.0), quarter, 2.0));
        let numbers: Vec<f64> = text.split_whitespace().map(|x| x.parse().unwrap()).collect();
        let expected = [0.5, -4.0, 2.0, 7.0, 0.0, 0.0, 0.5f64.sqrt(), 0.5f64.sqrt()];
        assert!(numbers.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{text}");
    }
}
