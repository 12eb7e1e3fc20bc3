//! Brings a predicted scene into the truth's frame by the two camera paths.
//!
//! A scene that was reconstructed from video has its own origin and yaw; up, floor height and metres
//! are claims that are to be judged, not to be corrected. So only the turn about Z and the shift in the
//! floor plane are estimated (three degrees of freedom), in closed form, from the associated poses:
//! least squares over the camera centres and over points one metre ahead of the cameras, which fixes
//! the turn also for a camera that turns on the spot. A scale can be estimated with them, to tell what
//! a scene would be worth if its metres were right.

use super::error::{Error, Result};
use super::trajectory::associate;
use super::tum::TimedPose;
use super::umeyama::{Freedom, align};
use crate::math::{Point3, Vec2, Vec3};
use crate::scene::Layout;
use serde::Serialize;

/// Distance of the points ahead of the cameras, metres.
const LOOK_AHEAD_M: f64 = 1.0;
/// Largest time difference of poses that belong together, seconds.
const MAX_TIME_DIFFERENCE_S: f64 = 0.01;
/// Fewer pairs than this do not say where a scene lies.
const MIN_PAIRS: usize = 2;

/// A turn about Z, a uniform scale about the floor's origin, and a shift in the floor plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlanarMotion {
    /// Turn about +Z, radians, counter-clockwise.
    pub yaw_rad: f64,
    /// Scale; 1 unless it was estimated.
    pub scale: f64,
    /// Shift along x and y, metres.
    pub shift_m: [f64; 2],
    /// Root mean square distance of the camera centres in the floor plane that remains, metres.
    pub residual_m: f64,
}

impl PlanarMotion {
    /// The motion that changes nothing.
    pub const IDENTITY: Self = Self { yaw_rad: 0.0, scale: 1.0, shift_m: [0.0; 2], residual_m: 0.0 };

    /// A point in the truth's frame.
    #[must_use]
    pub fn point(&self, p: [f64; 3]) -> [f64; 3] {
        let (sin, cos) = self.yaw_rad.sin_cos();
        [
            self.scale * (cos * p[0] - sin * p[1]) + self.shift_m[0],
            self.scale * (sin * p[0] + cos * p[1]) + self.shift_m[1],
            self.scale * p[2],
        ]
    }

    /// A layout in the truth's frame.
    #[must_use]
    pub fn layout(&self, layout: &Layout) -> Layout {
        let mut moved = layout.clone();
        for wall in &mut moved.walls {
            (wall.a, wall.b) = (self.point(wall.a), self.point(wall.b));
            wall.height *= self.scale;
            wall.thickness *= self.scale;
        }
        for opening in moved.doors.iter_mut().chain(&mut moved.windows) {
            opening.center = self.point(opening.center);
            opening.width *= self.scale;
            opening.height *= self.scale;
        }
        for object in &mut moved.boxes {
            object.center = self.point(object.center);
            object.yaw += self.yaw_rad;
            object.size = object.size.map(|size| self.scale * size);
        }
        moved
    }
}

/// The motion that takes the predicted path to the true one, with or without scale.
///
/// # Errors
/// [`Error::Incomparable`] when fewer than two poses belong together in time.
pub fn register(prediction: &[TimedPose], truth: &[TimedPose], with_scale: bool) -> Result<PlanarMotion> {
    let pairs = associate(prediction, truth, MAX_TIME_DIFFERENCE_S);
    if pairs.len() < MIN_PAIRS {
        return Err(Error::Incomparable(format!(
            "{} poses of the two paths belong together in time, {MIN_PAIRS} needed to place the scene; check the stamps",
            pairs.len()
        )));
    }
    let poses = || pairs.iter().map(|&(p, t)| (&prediction[p], &truth[t]));
    let scale = if with_scale { path_scale(poses()) } else { 1.0 };
    let seen: Vec<[Vec2; 2]> = poses()
        .flat_map(|(p, t)| {
            let (p, t) = (centre_and_ahead(p), centre_and_ahead(t));
            // The look-ahead is a direction: it keeps its length when the path is scaled.
            let ahead = p[0] * scale + (p[1] - p[0]);
            [[p[0] * scale, t[0]], [ahead, t[1]]]
        })
        .collect();
    let count = seen.len() as f64;
    let mean = |side: usize| seen.iter().map(|pair| pair[side]).sum::<Vec2>() / count;
    let (mean_seen, mean_true) = (mean(0), mean(1));
    let (mut sine, mut cosine) = (0.0, 0.0);
    for [p, t] in &seen {
        let (p, t) = (p - mean_seen, t - mean_true);
        sine += p.perp(&t);
        cosine += p.dot(&t);
    }
    let yaw_rad = sine.atan2(cosine);
    let shift = mean_true - nalgebra::Rotation2::new(yaw_rad) * mean_seen;
    let mut motion = PlanarMotion { yaw_rad, scale, shift_m: [shift.x, shift.y], residual_m: 0.0 };
    let squares: f64 = poses()
        .map(|(p, t)| {
            let moved = motion.point(p.world_from_camera.translation.vector.into());
            (Vec3::from(moved) - t.world_from_camera.translation.vector).xy().norm_squared()
        })
        .sum();
    motion.residual_m = (squares / pairs.len() as f64).sqrt();
    Ok(motion)
}

/// Camera centre and the point ahead of it, in plan.
fn centre_and_ahead(pose: &TimedPose) -> [Vec2; 2] {
    let ahead = pose.world_from_camera * Point3::new(0.0, 0.0, LOOK_AHEAD_M);
    [pose.world_from_camera.translation.vector.xy(), ahead.coords.xy()]
}

/// The least-squares scale of the two paths, 1 when the prediction stands still.
fn path_scale<'a>(poses: impl Iterator<Item = (&'a TimedPose, &'a TimedPose)>) -> f64 {
    let centre = |pose: &TimedPose| Point3::from(pose.world_from_camera.translation.vector);
    let (seen, truth): (Vec<Point3>, Vec<Point3>) = poses.map(|(p, t)| (centre(p), centre(t))).unzip();
    align(&seen, &truth, Freedom::Similarity).map_or(1.0, |motion| motion.scaling())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{Pose, Rotation};
    use crate::scene::ReadMode;

    /// Camera looking along the path's own direction, level.
    fn path(radius: f64) -> Vec<TimedPose> {
        (0..40)
            .map(|i| {
                let angle = 0.1 * f64::from(i);
                let level = Rotation::from_scaled_axis(Vec3::new(-std::f64::consts::FRAC_PI_2, 0.0, 0.0));
                let turn = Rotation::from_scaled_axis(Vec3::new(0.0, 0.0, 2.0 * angle));
                let centre = Vec3::new(radius * angle.cos(), radius * angle.sin(), 1.5);
                TimedPose {
                    time_s: f64::from(i),
                    world_from_camera: Pose::from_parts(centre.into(), turn * level),
                }
            })
            .collect()
    }

    fn moved(poses: &[TimedPose], yaw: f64, shift: [f64; 2], scale: f64) -> Vec<TimedPose> {
        let turn = Rotation::from_scaled_axis(Vec3::new(0.0, 0.0, yaw));
        poses
            .iter()
            .map(|p| {
                let centre = turn * (p.world_from_camera.translation.vector * scale)
                    + Vec3::new(shift[0], shift[1], 0.0);
                let rotation = turn * p.world_from_camera.rotation;
                TimedPose { world_from_camera: Pose::from_parts(centre.into(), rotation), ..*p }
            })
            .collect()
    }

    #[test]
    fn yaw_and_shift_are_found_also_on_the_spot() {
        for radius in [0.0, 2.0] {
            let seen = path(radius);
            let motion = register(&seen, &moved(&seen, 2.5, [3.0, -1.0], 1.0), false).expect("enough pairs");
            assert!((motion.yaw_rad - 2.5).abs() < 1e-9, "radius {radius}: {motion:?}");
            assert!((motion.shift_m[0] - 3.0).abs() < 1e-9 && (motion.shift_m[1] + 1.0).abs() < 1e-9);
            assert!(motion.residual_m < 1e-9 && motion.scale == 1.0);
        }
    }

    #[test]
    fn scale_is_found_when_asked_and_left_when_not() {
        let seen = path(2.0);
        let truth = moved(&seen, -0.7, [1.0, 1.0], 1.2);
        assert!((register(&seen, &truth, true).expect("enough").scale - 1.2).abs() < 1e-9);
        let metric = register(&seen, &truth, false).expect("enough");
        assert!(metric.scale == 1.0 && metric.residual_m > 0.1);
        assert!(register(&seen[..1], &truth, false).is_err());
    }

    #[test]
    fn a_moved_layout_keeps_its_shape() {
        let text = "wall_0=Wall(1,0,0,4,0,0,2.6,0.1)\ndoor_0=Door(wall_0,2,0,1,0.9,2)\nbbox_0=Bbox(sofa,1,1,0.4,0.5,2,0.9,0.8)";
        let (layout, _) = Layout::parse(text, ReadMode::Strict).expect("good text");
        let motion = PlanarMotion {
            yaw_rad: std::f64::consts::FRAC_PI_2,
            scale: 2.0,
            shift_m: [10.0, 0.0],
            residual_m: 0.0,
        };
        let moved = motion.layout(&layout);
        let close = |a: [f64; 3], b: [f64; 3]| (Vec3::from(a) - Vec3::from(b)).norm() < 1e-12;
        assert!(close(moved.walls[0].b, [10.0, 8.0, 0.0]) && close(moved.boxes[0].center, [8.0, 2.0, 0.8]));
        assert!((moved.doors[0].width - 1.8).abs() < 1e-12 && (moved.boxes[0].size[0] - 4.0).abs() < 1e-12);
        assert_eq!(PlanarMotion::IDENTITY.layout(&layout), layout);
    }
}
