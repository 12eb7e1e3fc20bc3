//! What a view hits: by rays against the search tree, or by the rasteriser.
//!
//! Both give the same hits up to their corner cases: rays know panes of glass and back faces, the
//! rasteriser looks through glass, leaves back faces out, and is several times faster on whole views.
//! Undistorted pinhole camera, OpenCV axes, scene frame.

use super::caster::{Caster, Hit};
use super::mesh::{Mesh, dot, sub};
use super::raster::{NOTHING, SAMPLES, View, visibility};
use crate::camera::Camera;
use crate::math::Pose;

/// A way to look at a mesh.
#[derive(Clone, Copy)]
pub enum Sight<'a> {
    /// A ray a pixel.
    Rays(&'a Caster),
    /// The z-buffer; the image's width and height must be even.
    Raster(&'a Mesh),
}

impl Sight<'_> {
    /// The nearest hit of every pixel within `reach` (depth along the optical axis, metres), row-major.
    #[must_use]
    pub fn hits(&self, camera: &Camera, pose: &Pose, reach: f32) -> Vec<Option<Hit>> {
        let view = View::new(camera, pose);
        let (width, height) = (camera.width as usize, camera.height as usize);
        let pixel = |i: usize| view.ray((i % width) as f32, (i / width) as f32);
        match self {
            Self::Rays(caster) => {
                (0..width * height).map(|i| caster.cast(view.eye, pixel(i), reach)).collect()
            }
            Self::Raster(mesh) => {
                let coarse = camera.resized((width / SAMPLES) as u32, (height / SAMPLES) as u32);
                let seen = visibility(mesh, &View::new(&coarse, pose), [width / SAMPLES, height / SAMPLES]);
                let hit = |(i, &chart): (usize, &u32)| {
                    if chart == NOTHING {
                        return None;
                    }
                    let plane = &mesh.charts[chart as usize];
                    let t = dot(sub(plane.origin, view.eye), plane.normal) / dot(pixel(i), plane.normal);
                    (t > 0.0 && t < reach).then_some(Hit { t, chart, from_behind: false })
                };
                seen.chart.iter().enumerate().map(hit).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Point3;
    use crate::synth::house::{HouseOptions, generate};
    use crate::synth::material::Kind;
    use crate::synth::path::look;

    #[test]
    fn both_ways_see_the_same_depth() {
        let house =
            generate(8, &HouseOptions { max_rooms: 1, random_pose: false, ..HouseOptions::default() });
        let mesh = house.mesh();
        let caster = Caster::new(&mesh, |kind| kind != Kind::Glass);
        let polygon = house.plan.inner_polygon(0);
        let count = polygon.len() as f64;
        let center = polygon.iter().fold([0.0, 0.0], |m, p| [m[0] + p[0] / count, m[1] + p[1] / count]);
        let camera = Camera::centred(64, 48, 50.0);
        let pose = look(Point3::new(center[0], center[1], 1.5), 0.7, 0.2, 0.0);
        let [rays, raster] =
            [Sight::Rays(&caster), Sight::Raster(&mesh)].map(|sight| sight.hits(&camera, &pose, 30.0));
        let pairs: Vec<(f32, f32)> = rays
            .iter()
            .zip(&raster)
            .filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)))
            .filter(|(a, _)| !a.from_behind)
            .map(|(a, b)| (a.t, b.t))
            .collect();
        assert!(pairs.len() > 2500, "{}", pairs.len());
        let far = pairs.iter().filter(|(a, b)| (a - b).abs() > 0.03).count();
        assert!(far * 50 < pairs.len(), "{far} of {} differ", pairs.len());
    }
}
