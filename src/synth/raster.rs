//! Which surface is seen where: a z-buffer rasteriser with four samples a pixel.
//!
//! Takes the triangles of a mesh and a camera pose, gives per sample the chart that is nearest and
//! whether glass lies before it. Method: clip at the near plane, cull back faces, bin triangles to
//! bands of rows, per band exact spans of each row from the edge functions (Pineda, "A parallel
//! algorithm for polygon rasterization", 1988), bands in parallel with rayon. Depth is compared as
//! 1/z, which is linear in the image. Undistorted pinhole camera, OpenCV axes.

use super::material::Kind;
use super::mesh::{Mesh, V3};
use crate::camera::Camera;
use crate::math::Pose;
use rayon::prelude::*;

/// Near plane, metres.
const NEAR_M: f32 = 0.04;
/// Rows of samples in a band.
const BAND_ROWS: usize = 32;
/// Samples along each side of a pixel.
pub const SAMPLES: usize = 2;
/// No surface.
pub const NOTHING: u32 = u32::MAX;

/// What is seen at every sample.
pub struct Visibility {
    /// Samples in a row.
    pub width: usize,
    /// Nearest chart per sample, row-major; [`NOTHING`] where there is none.
    pub chart: Vec<u32>,
    /// Panes of glass before it.
    pub panes: Vec<u8>,
}

/// Rotation rows and position of a camera, in f32: camera_from_scene.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Right, down, forward in scene coordinates.
    pub axes: [V3; 3],
    /// Position in the scene.
    pub eye: V3,
    /// Focal lengths in samples or pixels.
    pub focal: [f32; 2],
    /// Principal point.
    pub center: [f32; 2],
}

impl View {
    /// View of a pose with the camera's pixels.
    #[must_use]
    pub fn new(camera: &Camera, scene_from_camera: &Pose) -> Self {
        let m = scene_from_camera.rotation.to_rotation_matrix();
        let axis = |k: usize| [m[(0, k)] as f32, m[(1, k)] as f32, m[(2, k)] as f32];
        let t = scene_from_camera.translation.vector;
        Self {
            axes: [axis(0), axis(1), axis(2)],
            eye: [t.x as f32, t.y as f32, t.z as f32],
            focal: [camera.fx as f32, camera.fy as f32],
            center: [camera.cx as f32, camera.cy as f32],
        }
    }

    /// The same view with `SAMPLES` samples a pixel along each side.
    #[must_use]
    pub fn sampled(&self) -> Self {
        let k = SAMPLES as f32;
        let shift = 0.5 * (k - 1.0);
        Self {
            focal: self.focal.map(|f| f * k),
            center: [self.center[0] * k + shift, self.center[1] * k + shift],
            ..*self
        }
    }

    /// Point in camera axes.
    #[must_use]
    pub fn to_camera(&self, p: V3) -> V3 {
        let d = super::mesh::sub(p, self.eye);
        self.axes.map(|a| super::mesh::dot(a, d))
    }

    /// Direction (not normalised, z = 1) of a pixel, in scene axes.
    #[must_use]
    pub fn ray(&self, x: f32, y: f32) -> V3 {
        let (a, b) = ((x - self.center[0]) / self.focal[0], (y - self.center[1]) / self.focal[1]);
        std::array::from_fn(|c| a * self.axes[0][c] + b * self.axes[1][c] + self.axes[2][c])
    }
}

/// A triangle in the image: edge functions and the plane of 1/z.
struct Flat {
    edges: [[f64; 3]; 3],
    inverse_depth: [f64; 3],
    rows: [i32; 2],
    chart: u32,
    glass: bool,
}

/// Finds what is seen at the samples of an image of `size` pixels.
#[must_use]
pub fn visibility(mesh: &Mesh, view: &View, size: [usize; 2]) -> Visibility {
    let view = view.sampled();
    let (width, height) = (size[0] * SAMPLES, size[1] * SAMPLES);
    let flats: Vec<Flat> = mesh
        .triangles
        .par_iter()
        .with_min_len(512)
        .flat_map_iter(|triangle| {
            let chart = &mesh.charts[triangle.chart as usize];
            let toward = super::mesh::dot(chart.normal, super::mesh::sub(triangle.p[0], view.eye));
            let kind = mesh.materials[chart.material as usize].kind;
            // Glass is seen from both sides.
            let seen = toward < 0.0 || kind == Kind::Glass || chart.two_sided;
            let (corners, count) =
                if seen { clipped(triangle.p.map(|p| view.to_camera(p))) } else { ([[0.0; 3]; 4], 0) };
            let chart_idx = triangle.chart;
            (2..count).filter_map(move |k| {
                flatten(&view, [corners[0], corners[k - 1], corners[k]], [width, height]).map(|mut flat| {
                    flat.chart = chart_idx;
                    flat.glass = kind == Kind::Glass;
                    flat
                })
            })
        })
        .collect();
    let bands = height.div_ceil(BAND_ROWS);
    let mut bins: Vec<Vec<u32>> = vec![Vec::new(); bands];
    for (index, flat) in flats.iter().enumerate() {
        for band in bins
            .iter_mut()
            .take(flat.rows[1] as usize / BAND_ROWS + 1)
            .skip(flat.rows[0] as usize / BAND_ROWS)
        {
            band.push(index as u32);
        }
    }
    let mut chart = vec![NOTHING; width * height];
    let mut panes = vec![0u8; width * height];
    chart
        .par_chunks_mut(width * BAND_ROWS)
        .zip(panes.par_chunks_mut(width * BAND_ROWS))
        .enumerate()
        .for_each(|(band, (chart, panes))| {
            fill_band(&flats, &bins[band], band * BAND_ROWS, width, chart, panes)
        });
    Visibility { width, chart, panes }
}

/// The part of a triangle before the near plane: 3 or 4 corners, or none.
fn clipped(p: [V3; 3]) -> ([V3; 4], usize) {
    if p.iter().all(|c| c[2] > NEAR_M) {
        return ([p[0], p[1], p[2], p[2]], 3);
    }
    let (mut out, mut count) = ([[0.0; 3]; 4], 0);
    let mut push = |corner: V3| {
        out[count] = corner;
        count += 1;
    };
    for k in 0..3 {
        let (a, b) = (p[k], p[(k + 1) % 3]);
        if a[2] > NEAR_M {
            push(a);
        }
        if (a[2] > NEAR_M) != (b[2] > NEAR_M) {
            let t = (NEAR_M - a[2]) / (b[2] - a[2]);
            push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), NEAR_M]);
        }
    }
    (out, count)
}

fn flatten(view: &View, p: [V3; 3], size: [usize; 2]) -> Option<Flat> {
    let q: [[f64; 3]; 3] = p.map(|c| {
        let z = f64::from(c[2]);
        [
            f64::from(view.focal[0]) * f64::from(c[0]) / z + f64::from(view.center[0]),
            f64::from(view.focal[1]) * f64::from(c[1]) / z + f64::from(view.center[1]),
            1.0 / z,
        ]
    });
    let (low_x, high_x) = (q[0][0].min(q[1][0]).min(q[2][0]), q[0][0].max(q[1][0]).max(q[2][0]));
    let (low_y, high_y) = (q[0][1].min(q[1][1]).min(q[2][1]), q[0][1].max(q[1][1]).max(q[2][1]));
    if high_x < 0.0 || low_x > size[0] as f64 - 1.0 {
        return None;
    }
    let rows = [low_y.ceil().max(0.0), high_y.floor().min(size[1] as f64 - 1.0)];
    if rows[0] > rows[1] {
        return None;
    }
    let area = (q[1][0] - q[0][0]) * (q[2][1] - q[0][1]) - (q[1][1] - q[0][1]) * (q[2][0] - q[0][0]);
    if area.abs() < 1e-9 {
        return None;
    }
    let sign = area.signum();
    let edges: [[f64; 3]; 3] = std::array::from_fn(|k| {
        let (a, b) = (q[(k + 1) % 3], q[(k + 2) % 3]);
        let (ex, ey) = (sign * (a[1] - b[1]), sign * (b[0] - a[0]));
        [ex, ey, -(ex * a[0] + ey * a[1])]
    });
    let inverse_depth =
        std::array::from_fn(|c| (0..3).map(|k| edges[k][c] * q[k][2]).sum::<f64>() / area.abs());
    Some(Flat { edges, inverse_depth, rows: rows.map(|r| r as i32), chart: 0, glass: false })
}

fn fill_band(
    flats: &[Flat],
    bin: &[u32],
    first_row: usize,
    width: usize,
    chart: &mut [u32],
    panes: &mut [u8],
) {
    let rows = chart.len() / width;
    let mut depth = vec![0.0f32; chart.len()];
    // Opaque surfaces first, then glass against their depth.
    for glass in [false, true] {
        for &index in bin {
            let flat = &flats[index as usize];
            if flat.glass != glass {
                continue;
            }
            let from = (flat.rows[0].max(first_row as i32) as usize) - first_row;
            let to = (flat.rows[1] as usize).min(first_row + rows - 1);
            if to < first_row {
                continue;
            }
            for row in from..=to - first_row {
                let y = (first_row + row) as f64;
                let Some([x0, x1]) = span(flat, y, width) else { continue };
                let d = flat.inverse_depth;
                let start = (d[0] * x0 as f64 + d[1] * y + d[2]) as f32;
                let step = d[0] as f32;
                let base = row * width;
                for (k, x) in (x0..=x1).enumerate() {
                    let w = start + step * k as f32;
                    let at = base + x;
                    if w > depth[at] {
                        if glass {
                            panes[at] = panes[at].saturating_add(1);
                        } else {
                            depth[at] = w;
                            chart[at] = flat.chart;
                        }
                    }
                }
            }
        }
    }
}

/// First and last sample of a row inside the triangle.
fn span(flat: &Flat, y: f64, width: usize) -> Option<[usize; 2]> {
    let (mut low, mut high) = (0.0f64, width as f64 - 1.0);
    for [a, b, c] in flat.edges {
        let rest = b * y + c;
        if a > 1e-12 {
            low = low.max(-rest / a);
        } else if a < -1e-12 {
            high = high.min(-rest / a);
        } else if rest < 0.0 {
            return None;
        }
    }
    let (low, high) = ((low - 1e-7).ceil().max(0.0), (high + 1e-7).floor());
    (low <= high).then_some([low as usize, high as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Point3;
    use crate::synth::caster::Caster;
    use crate::synth::house::{HouseOptions, generate};
    use crate::synth::path::look;

    #[test]
    fn samples_agree_with_ray_casting() {
        let house =
            generate(5, &HouseOptions { max_rooms: 1, random_pose: false, ..HouseOptions::default() });
        let mesh = house.mesh();
        let caster = Caster::new(&mesh, |kind| kind != Kind::Glass);
        let center = house.plan.inner_polygon(0).iter().fold([0.0, 0.0], |m, p| [m[0] + p[0], m[1] + p[1]]);
        let count = house.plan.inner_polygon(0).len() as f64;
        let camera = Camera::centred(80, 60, 60.0);
        let mut checked = 0;
        for turn in 0..6 {
            let pose =
                look(Point3::new(center[0] / count, center[1] / count, 1.6), f64::from(turn), 0.2, 0.05);
            let view = View::new(&camera, &pose);
            let seen = visibility(&mesh, &view, [80, 60]);
            let sampled = view.sampled();
            for y in (3..117).step_by(7) {
                for x in (3..157).step_by(5) {
                    let ray = sampled.ray(x as f32, y as f32);
                    let Some(hit) = caster.cast(view.eye, ray, 50.0) else { continue };
                    if hit.from_behind {
                        continue;
                    }
                    let here = seen.chart[y * seen.width + x];
                    checked += 1;
                    if here != hit.chart && here != NOTHING {
                        // A different chart is fine only at the same depth (touching surfaces).
                        let c = &mesh.charts[here as usize];
                        let d = super::super::mesh::sub(c.origin, view.eye);
                        let t = super::super::mesh::dot(d, c.normal) / super::super::mesh::dot(ray, c.normal);
                        assert!((t - hit.t).abs() < 0.02, "sample {x},{y}: {t} against {}", hit.t);
                    }
                    assert!(here != NOTHING, "sample {x},{y} sees nothing, the ray hits at {}", hit.t);
                }
            }
        }
        assert!(checked > 1000, "{checked}");
    }
}
