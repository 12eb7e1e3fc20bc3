//! Colour and depth of one view: visibility, textures and baked light become linear radiance.
//!
//! Takes a prepared [`Renderer`] (mesh, textures, light, ray caster) and a pose, gives a
//! [`Frame`] of linear radiance and depth along the optical axis. Deferred shading: a pixel whose
//! four samples see one chart is shaded once; edges shade each chart that they see. Because every
//! surface is flat, the point of a pixel is the ray's meeting with the chart's plane. Mirrors follow
//! one reflected ray. Undistorted pinhole camera, OpenCV axes, metres.

use super::caster::Caster;
use super::house::House;
use super::light::{LightMap, SKY_RADIANCE};
use super::material::Kind;
use super::mesh::{Chart, Mesh, V3, add_scaled, dot, length, normalized, sub};
use super::raster::{NOTHING, SAMPLES, View, visibility};
use super::texture::TextureSet;
use crate::camera::Camera;
use crate::math::Pose;
use rayon::prelude::*;

/// Share of light that a pane of glass lets through.
const GLASS_PASS: f32 = 0.86;
/// Light that a pane of glass adds by reflection, scene units.
const GLASS_SHEEN: f32 = 0.03;
/// Edge of one repeat of the fine grain, metres.
const GRAIN_M: f32 = 0.23;

/// Everything needed to render a house.
pub struct Renderer {
    /// Geometry.
    pub mesh: Mesh,
    textures: TextureSet,
    light: LightMap,
    caster: Caster,
    lamps: Vec<(V3, f32)>,
    view_seed: u32,
}

/// One rendered view.
pub struct Frame {
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
    /// Linear radiance, scene units, row-major.
    pub radiance: Vec<[f32; 3]>,
    /// Depth along the optical axis, metres; 0 where nothing solid is seen.
    pub depth: Vec<f32>,
}

/// Arc tangent of 0..1, within 0.005 rad (Rajan et al. 2006).
fn arc_tangent(x: f32) -> f32 {
    x / (1.0 + 0.281_25 * x * x)
}

impl Renderer {
    /// Paints textures and bakes light for a house.
    #[must_use]
    pub fn new(house: &House) -> Self {
        let mesh = house.mesh();
        let patterns: Vec<_> = mesh.materials.iter().map(|m| m.pattern).collect();
        let textures = TextureSet::new(&patterns);
        let albedo: Vec<[f32; 3]> = mesh
            .materials
            .iter()
            .enumerate()
            .map(|(i, m)| std::array::from_fn(|c| (m.color[c] * textures.get(i).mean[c]).min(0.9)))
            .collect();
        let caster = Caster::new(&mesh, |kind| kind != Kind::Glass);
        let light = LightMap::bake(&mesh, &caster, &albedo);
        let lamps = house
            .items
            .iter()
            .filter(|i| matches!(i.shape, super::shape::Shape::CeilingLamp | super::shape::Shape::Chandelier))
            .map(|i| (i.center.map(|c| c as f32), i.size[0] as f32))
            .collect();
        Self { mesh, textures, light, caster, lamps, view_seed: house.seed as u32 }
    }

    /// Typical irradiance / π in the house, for the exposure.
    #[must_use]
    pub fn typical_light(&self) -> f32 {
        self.light.typical(&self.mesh)
    }

    /// Renders one view; the camera's distortion is ignored (see [`super::sensor`]).
    #[must_use]
    pub fn render(&self, camera: &Camera, scene_from_camera: &Pose) -> Frame {
        let (width, height) = (camera.width as usize, camera.height as usize);
        let view = View::new(camera, scene_from_camera);
        let seen = visibility(&self.mesh, &view, [width, height]);
        let mut radiance = vec![[0.0f32; 3]; width * height];
        let mut depth = vec![0.0f32; width * height];
        radiance.par_chunks_mut(width).zip(depth.par_chunks_mut(width)).enumerate().for_each(
            |(y, (row, depths))| {
                for x in 0..width {
                    let mut charts = [NOTHING; SAMPLES * SAMPLES];
                    let mut panes = 0u32;
                    for (k, chart) in charts.iter_mut().enumerate() {
                        let at = (y * SAMPLES + k / SAMPLES) * seen.width + x * SAMPLES + k % SAMPLES;
                        *chart = seen.chart[at];
                        panes += u32::from(seen.panes[at]);
                    }
                    let (color, d) = self.pixel(&view, x as f32, y as f32, &charts);
                    row[x] = if panes == 0 {
                        color
                    } else {
                        let panes = panes as f32 / (SAMPLES * SAMPLES) as f32;
                        let pass = GLASS_PASS.powf(panes);
                        color.map(|c| c * pass + GLASS_SHEEN * panes)
                    };
                    depths[x] = d;
                }
            },
        );
        Frame { width, height, radiance, depth }
    }

    /// Colour and depth of a pixel from the charts of its samples.
    fn pixel(&self, view: &View, x: f32, y: f32, charts: &[u32; SAMPLES * SAMPLES]) -> ([f32; 3], f32) {
        if charts.iter().all(|&c| c == charts[0]) {
            return self.shade(view, x, y, charts[0]);
        }
        let mut sum = [0.0f32; 3];
        // The depth of the pixel is that of the sample nearest to its centre that is solid.
        let mut nearest = 0.0f32;
        for (k, &chart) in charts.iter().enumerate() {
            if charts[..k].contains(&chart) {
                continue;
            }
            // All samples that see a chart are shaded at once, in their middle.
            let (mut dx, mut dy, mut count) = (0.0f32, 0.0f32, 0.0f32);
            for (i, _) in charts.iter().enumerate().filter(|(_, c)| **c == chart) {
                let offset = |i: usize| (i as f32 + 0.5) / SAMPLES as f32 - 0.5;
                dx += offset(i % SAMPLES);
                dy += offset(i / SAMPLES);
                count += 1.0;
            }
            let (color, d) = self.shade(view, x + dx / count, y + dy / count, chart);
            if d > 0.0 && (nearest == 0.0 || d < nearest) {
                nearest = d;
            }
            let share = count / charts.len() as f32;
            for c in 0..3 {
                // Bright samples are limited, so that a lamp's edge does not stay jagged.
                sum[c] += color[c].min(4.0) * share;
            }
        }
        (sum, nearest)
    }

    fn shade(&self, view: &View, x: f32, y: f32, chart_idx: u32) -> ([f32; 3], f32) {
        let ray = view.ray(x, y);
        if chart_idx == NOTHING {
            return (self.sky(ray), 0.0);
        }
        let chart = &self.mesh.charts[chart_idx as usize];
        let facing = dot(chart.normal, ray);
        if facing.abs() < 1e-6 {
            return ([0.0; 3], 0.0);
        }
        let t = dot(chart.normal, sub(chart.origin, view.eye)) / facing;
        let material = &self.mesh.materials[chart.material as usize];
        match material.kind {
            Kind::Sky => return (self.sky(ray), 0.0),
            Kind::Mirror => return (self.reflection(view, chart, ray, t), t),
            _ => {}
        }
        let point = add_scaled(view.eye, ray, t);
        // Footprint of a pixel: across is t/f; along the slope it grows with 1/cos.
        let cos = (facing / length(ray)).abs().max(0.08);
        let footprint = t / view.focal[0] / cos.sqrt();
        (self.surface(chart, point, normalized(ray), footprint), t)
    }

    /// Radiance that leaves a point of a chart towards −`direction`.
    fn surface(&self, chart: &Chart, point: V3, direction: V3, footprint: f32) -> [f32; 3] {
        let material = &self.mesh.materials[chart.material as usize];
        let [s, t] = chart.coordinates(point);
        let texture = self.textures.get(chart.material as usize);
        let spans = material.pattern.spans_chart();
        let texel = if spans {
            let extent = footprint / chart.size[0].min(chart.size[1]).max(1e-4);
            // Textures have rows from below upwards; clamp keeps the far edge out.
            let (u, v) = ((s / chart.size[0]).clamp(0.002, 0.998), (t / chart.size[1]).clamp(0.002, 0.998));
            texture.sample(u, v, extent)
        } else {
            let k = 1.0 / material.repeat_m;
            let base = texture.sample(s * k + chart.shift[0], t * k + chart.shift[1], footprint * k);
            let fine = self.textures.grain.sample_first(
                s / GRAIN_M + chart.shift[1],
                t / GRAIN_M + chart.shift[0],
                footprint / GRAIN_M,
            );
            // Large uneven stains hide the repeats.
            let broad =
                self.textures.grain.sample_first(s / 5.3 + chart.shift[0], t / 5.3 + chart.shift[1], 0.02);
            base.map(|b| b * fine * (0.6 + 0.4 * broad))
        };
        if let Kind::Lamp(power) = material.kind {
            return std::array::from_fn(|c| material.color[c] * power * (0.9 + 0.1 * texel[c]));
        }
        let light = self.light.sample(chart, s, t);
        let normal = chart.normal_at(s);
        let mut color: [f32; 3] = std::array::from_fn(|c| material.color[c] * texel[c] * light[c]);
        if material.gloss > 0.0 {
            let normal =
                if chart.two_sided && dot(normal, direction) > 0.0 { normal.map(|c| -c) } else { normal };
            let sheen = self.sheen(point, normal, direction, material.gloss);
            for c in 0..3 {
                color[c] += sheen * light[c].min(2.0);
            }
        }
        color
    }

    /// Highlights of the ceiling lamps and a brighter grazing view (Schlick's approximation).
    fn sheen(&self, point: V3, normal: V3, direction: V3, gloss: f32) -> f32 {
        let cos = (-dot(normal, direction)).clamp(0.0, 1.0);
        let fresnel = gloss + (1.0 - gloss) * 0.35 * (1.0 - cos).powi(5) * (gloss * 12.0).min(1.0);
        let mirrored = add_scaled(direction, normal, 2.0 * cos);
        let mut highlight = 0.0;
        for (lamp, width) in &self.lamps {
            let d = sub(*lamp, point);
            let (along, l) = (dot(mirrored, d), length(d));
            // What shines from aside adds nothing that can be seen.
            if along > 0.0 && l < 7.0 {
                let aligned = along / l;
                let half_angle = arc_tangent(0.5 * width / l) + 0.05;
                let miss = (1.0 - aligned).max(0.0) / (0.5 * half_angle * half_angle);
                highlight += 3.0 / (1.0 + miss * miss);
            }
        }
        fresnel * (0.8 + highlight)
    }

    fn reflection(&self, view: &View, chart: &Chart, ray: V3, t: f32) -> [f32; 3] {
        let direction = normalized(ray);
        let point = add_scaled(view.eye, ray, t);
        let mirrored = add_scaled(direction, chart.normal, -2.0 * dot(direction, chart.normal));
        let start = add_scaled(point, chart.normal, 0.002);
        let way = t * length(ray);
        let Some(hit) = self.caster.cast(start, mirrored, 40.0) else { return self.sky(mirrored) };
        let other = &self.mesh.charts[hit.chart as usize];
        match self.mesh.materials[other.material as usize].kind {
            Kind::Sky => self.sky(mirrored),
            Kind::Mirror => [0.3; 3],
            _ => {
                let end = add_scaled(start, mirrored, hit.t);
                let total = way + hit.t;
                let c = self.surface(other, end, mirrored, total / view.focal[0]);
                c.map(|c| c * 0.85)
            }
        }
    }

    /// The world outside: sky, houses with windows and trees, at infinity.
    fn sky(&self, ray: V3) -> [f32; 3] {
        let d = normalized(ray);
        let azimuth = d[1].atan2(d[0]) / std::f32::consts::TAU + 0.5;
        let grain = |u: f32, v: f32, e: f32| self.textures.grain.sample_first(u, v, e);
        let column = (azimuth * 40.0).floor();
        let house = ((column * 12.9898 + (self.view_seed % 97) as f32).sin() * 43_758.547).fract().abs();
        let roof = 0.02 + 0.28 * house;
        let tree = -0.06 + 0.22 * (grain(azimuth * 9.0, 0.3, 0.01) - 0.9);
        let bright = SKY_RADIANCE;
        if d[2] < tree {
            let leaf = grain(azimuth * 60.0, d[2] * 8.0, 0.002);
            let near = grain(azimuth * 210.0, d[2] * 33.0, 0.002);
            return [0.045, 0.065, 0.025].map(|c| c * bright * (leaf * near * 5.0 - 3.9).clamp(0.15, 2.2));
        }
        if d[2] < roof && house > 0.3 {
            let (fx, fy) = ((azimuth * 400.0).fract(), (d[2] * 26.0).fract());
            let window = (0.3..0.7).contains(&fx) && (0.25..0.75).contains(&fy);
            let wall = [0.13 + 0.16 * house, 0.13 + 0.11 * house, 0.11 + 0.09 * house];
            let stain = grain(azimuth * 90.0, d[2] * 12.0, 0.003);
            return if window { [0.03 * bright; 3] } else { wall.map(|c| c * bright * stain) };
        }
        let k = (d[2] * 2.0).clamp(0.0, 1.0);
        let cloud = (grain(azimuth * 4.0, d[2] * 1.5, 0.01) - 0.95).max(0.0) * 2.0;
        [
            (0.50 - 0.25 * k + cloud) * bright,
            (0.60 - 0.2 * k + cloud) * bright,
            (0.78 - 0.1 * k + cloud) * bright,
        ]
    }
}
