//! Baked light: irradiance at the nodes of all charts, with sky, lamps and bounces.
//!
//! Method: per node, direct light by area sampling of lamp shades and window panes with shadow rays
//! (Monte Carlo form of the rendering equation, Kajiya 1986), and one cosine-weighted gather whose
//! hits are kept, so that each further bounce is a table look-up (radiosity by gathering, Cohen and
//! Wallace 1993). Sample points are the R2 sequence (Roberts 2018), turned per node by a hash, so
//! that the same mesh gives the same light. Values are irradiance / π: radiance of a white surface.

use super::caster::Caster;
use super::material::Kind;
use super::mesh::{Chart, Mesh, V3, add_scaled, cross, dot, length, normalized, sub};
use rayon::prelude::*;

/// Radiance of the sky in a window, scene units (a white wall by day is near 1).
pub const SKY_RADIANCE: f32 = 4.5;
/// Rays that gather indirect light at a node.
const GATHER_RAYS: usize = 40;
/// Shadow rays to each light.
const RAYS_PER_LIGHT: usize = 8;
/// Lights farther than this are not sampled, metres.
const LIGHT_REACH_M: f32 = 9.0;
/// Nodes whose gather sees more back faces than this lie inside something.
const INSIDE_SHARE: f32 = 0.3;
/// Bounces after the direct light.
const BOUNCES: usize = 3;

/// Light at all nodes of a mesh.
pub struct LightMap {
    values: Vec<[f32; 3]>,
}

struct Light {
    triangles: Vec<[V3; 3]>,
    /// Running sums of the triangles' areas.
    areas: Vec<f32>,
    radiance: [f32; 3],
    center: V3,
}

fn emission(kind: Kind, color: [f32; 3]) -> Option<[f32; 3]> {
    match kind {
        Kind::Lamp(power) => Some(color.map(|c| c * power)),
        Kind::Sky => Some([0.92 * SKY_RADIANCE, 0.97 * SKY_RADIANCE, SKY_RADIANCE]),
        _ => None,
    }
}

/// Lamp shades (one per item) and window panes (one per chart) of a mesh.
fn lights(mesh: &Mesh) -> Vec<Light> {
    let mut found: Vec<((u32, u32), Light)> = Vec::new();
    for triangle in &mesh.triangles {
        let chart = &mesh.charts[triangle.chart as usize];
        let material = mesh.materials[chart.material as usize];
        let Some(radiance) = emission(material.kind, material.color) else { continue };
        let key = if chart.owner == 0 { (0, triangle.chart) } else { (chart.owner, 0) };
        let [p, q, r] = triangle.p;
        let area = 0.5 * length(cross(sub(q, p), sub(r, p)));
        match found.iter_mut().find(|(k, _)| *k == key) {
            Some((_, light)) => {
                let sum = light.areas[light.areas.len() - 1] + area;
                light.areas.push(sum);
                light.triangles.push(triangle.p);
            }
            None => found
                .push((key, Light { triangles: vec![triangle.p], areas: vec![area], radiance, center: p })),
        }
    }
    found.into_iter().map(|(_, light)| light).collect()
}

/// Point `k` of the R2 sequence shifted by `offset`.
fn r2(k: usize, offset: [f32; 2]) -> [f32; 2] {
    let k = k as f32 + 0.5;
    [(offset[0] + k * 0.754_877_7).fract(), (offset[1] + k * 0.569_840_3).fract()]
}

fn node_offset(node: u32) -> [f32; 2] {
    let mut h = node.wrapping_mul(0x9E37_79B1) ^ 0xA511_E9B3;
    h ^= h >> 16;
    h = h.wrapping_mul(0x7FEB_352D);
    h ^= h >> 15;
    let second = h.wrapping_mul(0x846C_A68B) ^ (h >> 11);
    [(h >> 8) as f32 / 16_777_216.0, (second >> 8) as f32 / 16_777_216.0]
}

fn basis(n: V3) -> (V3, V3) {
    let axis = if n[2].abs() < 0.9 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
    let t = normalized(cross(axis, n));
    (t, cross(n, t))
}

/// Position and normal of a chart's light node.
fn node_frame(chart: &Chart, i: u16, j: u16) -> (V3, V3) {
    let along = |k: u16, count: u16, extent: f32| {
        if count <= 1 {
            return 0.5 * extent;
        }
        let margin = (0.15 * extent).min(0.015);
        margin + (extent - 2.0 * margin) * f32::from(k) / f32::from(count - 1)
    };
    let (s, t) = (along(i, chart.light_size[0], chart.size[0]), along(j, chart.light_size[1], chart.size[1]));
    let normal = chart.normal_at(s);
    let p = add_scaled(add_scaled(chart.origin, chart.u, s), chart.v, t);
    (add_scaled(p, chart.normal, 0.003), normal)
}

impl LightMap {
    /// Computes the light of a mesh; `albedo` is the mean colour of each material.
    #[must_use]
    pub fn bake(mesh: &Mesh, caster: &Caster, albedo: &[[f32; 3]]) -> Self {
        let lights = lights(mesh);
        let nodes: Vec<(u32, u16, u16)> = mesh
            .charts
            .iter()
            .enumerate()
            // A chart that shares the light of an earlier one brings no nodes of its own.
            .scan(0u32, |known, (index, chart)| {
                let own = chart.light_start == *known;
                if own {
                    *known += u32::from(chart.light_size[0]) * u32::from(chart.light_size[1]);
                }
                Some(own.then_some((index, chart)))
            })
            .flatten()
            .flat_map(|(index, chart)| {
                (0..chart.light_size[1])
                    .flat_map(move |j| (0..chart.light_size[0]).map(move |i| (index as u32, i, j)))
            })
            .collect();
        let gathered: Vec<([f32; 3], Vec<u32>, bool)> = nodes
            .par_iter()
            .enumerate()
            .map(|(node, &(chart, i, j))| {
                let chart = &mesh.charts[chart as usize];
                let (p, n) = node_frame(chart, i, j);
                let offset = node_offset(node as u32);
                let (hits, inside) = gather(mesh, caster, p, n, chart.normal, offset);
                let direct = if inside { [0.0; 3] } else { direct_light(&lights, caster, p, n, offset) };
                (direct, hits, inside)
            })
            .collect();
        let direct: Vec<[f32; 3]> = gathered.iter().map(|g| g.0).collect();
        let chart_of: Vec<u32> = nodes.iter().map(|n| n.0).collect();
        let mut total = direct.clone();
        for _ in 0..BOUNCES {
            let indirect: Vec<[f32; 3]> = gathered
                .par_iter()
                .map(|(_, hits, _)| {
                    let mut sum = [0.0f32; 3];
                    for &hit in hits.iter().filter(|&&h| h != u32::MAX) {
                        let material = mesh.charts[chart_of[hit as usize] as usize].material as usize;
                        for c in 0..3 {
                            sum[c] += albedo[material][c] * total[hit as usize][c];
                        }
                    }
                    sum.map(|s| s / GATHER_RAYS as f32)
                })
                .collect();
            total = direct.iter().zip(&indirect).map(|(d, i)| std::array::from_fn(|c| d[c] + i[c])).collect();
        }
        let inside: Vec<bool> = gathered.iter().map(|g| g.2).collect();
        let mut map = Self { values: total };
        for chart in &mesh.charts {
            map.mend(chart, &inside);
        }
        map
    }

    /// Fills nodes that lie inside something from their neighbours, and smooths the rest a little.
    fn mend(&mut self, chart: &Chart, inside: &[bool]) {
        let [w, h] = chart.light_size.map(usize::from);
        if w * h < 2 {
            return;
        }
        let start = chart.light_start as usize;
        let mut valid: Vec<bool> = (0..w * h).map(|k| !inside[start + k]).collect();
        for _ in 0..6 {
            if valid.iter().all(|&v| v) || valid.iter().all(|&v| !v) {
                break;
            }
            let (values, known) = (self.values[start..start + w * h].to_vec(), valid.clone());
            for k in (0..w * h).filter(|&k| !known[k]) {
                if let Some(mean) = neighbour_mean(&values, &known, [w, h], k, 0.0) {
                    self.values[start + k] = mean;
                    valid[k] = true;
                }
            }
        }
        let (values, known) = (self.values[start..start + w * h].to_vec(), valid);
        for k in 0..w * h {
            if let Some(mean) = neighbour_mean(&values, &known, [w, h], k, 2.0) {
                self.values[start + k] = mean;
            }
        }
    }

    /// Light at surface coordinates of a chart, bilinear between nodes.
    #[must_use]
    pub fn sample(&self, chart: &Chart, s: f32, t: f32) -> [f32; 3] {
        let [w, h] = chart.light_size.map(usize::from);
        let start = chart.light_start as usize;
        if w * h == 1 {
            return self.values[start];
        }
        let place = |x: f32, extent: f32, count: usize| {
            let f = (x / extent.max(1e-6)).clamp(0.0, 1.0) * (count - 1) as f32;
            let i = (f as usize).min(count.saturating_sub(2));
            (i, f - i as f32)
        };
        let ((i, a), (j, b)) = (place(s, chart.size[0], w), place(t, chart.size[1], h));
        let (i1, j1) = ((i + 1).min(w - 1), (j + 1).min(h - 1));
        let at = |i: usize, j: usize| self.values[start + j * w + i];
        let (p, q, r, s) = (at(i, j), at(i1, j), at(i, j1), at(i1, j1));
        std::array::from_fn(|c| {
            let (low, high) = (p[c] + a * (q[c] - p[c]), r[c] + a * (s[c] - r[c]));
            low + b * (high - low)
        })
    }

    /// Median brightness of the nodes of large charts, to choose an exposure.
    #[must_use]
    pub fn typical(&self, mesh: &Mesh) -> f32 {
        let mut levels: Vec<f32> = mesh
            .charts
            .iter()
            .filter(|c| c.size[0] * c.size[1] > 0.5)
            .flat_map(|c| {
                let start = c.light_start as usize;
                self.values[start..start + usize::from(c.light_size[0]) * usize::from(c.light_size[1])].iter()
            })
            .map(|v| v[1])
            .collect();
        levels.sort_by(f32::total_cmp);
        levels.get(levels.len() / 2).copied().unwrap_or(1.0).max(1e-3)
    }
}

fn neighbour_mean(
    values: &[[f32; 3]],
    known: &[bool],
    size: [usize; 2],
    k: usize,
    own: f32,
) -> Option<[f32; 3]> {
    let [w, h] = size;
    let (x, y) = (k % w, k / w);
    let (mut sum, mut weight) = ([0.0f32; 3], 0.0f32);
    for dy in y.saturating_sub(1)..=(y + 1).min(h - 1) {
        for dx in x.saturating_sub(1)..=(x + 1).min(w - 1) {
            let n = dy * w + dx;
            if known[n] {
                let share = if n == k { own } else { 1.0 };
                for c in 0..3 {
                    sum[c] += share * values[n][c];
                }
                weight += share;
            }
        }
    }
    (weight > 0.0).then(|| sum.map(|s| s / weight))
}

/// Light nodes that the gather rays hit (`u32::MAX` for none or a light), and whether the point is
/// inside something.
fn gather(mesh: &Mesh, caster: &Caster, p: V3, n: V3, flat: V3, offset: [f32; 2]) -> (Vec<u32>, bool) {
    let (t, b) = basis(n);
    let mut behind = 0usize;
    let hits: Vec<u32> = (0..GATHER_RAYS)
        .map(|k| {
            let [u, v] = r2(k, offset);
            let (r, (sin, cos)) = (u.sqrt(), (std::f32::consts::TAU * v).sin_cos());
            let up = (1.0 - u).max(0.0).sqrt();
            let d: V3 = std::array::from_fn(|c| r * cos * t[c] + r * sin * b[c] + up * n[c]);
            if dot(d, flat) <= 0.0 {
                return u32::MAX;
            }
            let Some(hit) = caster.cast(p, d, 30.0) else { return u32::MAX };
            if hit.from_behind {
                behind += 1;
                return u32::MAX;
            }
            let chart = &mesh.charts[hit.chart as usize];
            let [s, t] = chart.coordinates(add_scaled(p, d, hit.t));
            let index = |x: f32, extent: f32, count: u16| {
                ((x / extent.max(1e-6)).clamp(0.0, 1.0) * f32::from(count - 1) + 0.5) as u32
            };
            let i = index(s, chart.size[0], chart.light_size[0]);
            let j = index(t, chart.size[1], chart.light_size[1]);
            chart.light_start + j * u32::from(chart.light_size[0]) + i
        })
        .collect();
    (hits, behind as f32 > INSIDE_SHARE * GATHER_RAYS as f32)
}

fn direct_light(lights: &[Light], caster: &Caster, p: V3, n: V3, offset: [f32; 2]) -> [f32; 3] {
    let mut sum = [0.0f32; 3];
    for (index, light) in lights.iter().enumerate() {
        if length(sub(light.center, p)) > LIGHT_REACH_M {
            continue;
        }
        let area = light.areas[light.areas.len() - 1];
        let mut form = 0.0f32;
        for k in 0..RAYS_PER_LIGHT {
            let [u, v] = r2(k + 13 * index, offset);
            // Stratified choice of the triangle, then a point on it.
            let pick = (k as f32 + u) / RAYS_PER_LIGHT as f32 * area;
            let i = light.areas.partition_point(|&a| a < pick).min(light.triangles.len() - 1);
            let [a, b, c] = light.triangles[i];
            let (r, w) = (v.sqrt(), (u * 7.13).fract());
            let q: V3 = std::array::from_fn(|x| (1.0 - r) * a[x] + r * (1.0 - w) * b[x] + r * w * c[x]);
            let normal = normalized(cross(sub(b, a), sub(c, a)));
            let d = sub(q, p);
            let (cos_here, cos_there) = (dot(d, n), -dot(d, normal));
            if cos_here <= 0.0 || cos_there <= 0.0 {
                continue;
            }
            let r2 = dot(d, d).max(0.01);
            if !caster.is_blocked(p, d, 0.995) {
                form += (cos_here * cos_there / (r2 * r2)).min(40.0);
            }
        }
        let k = form * area / (RAYS_PER_LIGHT as f32 * std::f32::consts::PI);
        sum = std::array::from_fn(|c| sum[c] + k * light.radiance[c]);
    }
    sum
}
