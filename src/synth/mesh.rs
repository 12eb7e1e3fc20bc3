//! Triangles on flat charts: the geometry that is rendered, scanned and lit.
//!
//! Every triangle lies on a [`Chart`], a rectangle in space with metric surface coordinates (s, t);
//! texture and light are functions of these. [`Builder`] assembles boxes, cylinders and polygons in
//! the local frame of an item. Faces look outwards (normal = u × v). Scene frame, metres, f32.

use super::material::{Material, MaterialId};

/// Spacing of light nodes on large charts, metres.
const LIGHT_SPACING_M: f32 = 0.12;
/// Charts with a smaller area have one light node, square metres.
pub(super) const SINGLE_NODE_AREA_M2: f32 = 0.012;
/// Most light nodes along a side of a chart.
const MAX_LIGHT_NODES: u16 = 96;

/// A vector of the scene frame.
pub type V3 = [f32; 3];

/// a − b.
#[must_use]
pub fn sub(a: V3, b: V3) -> V3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// a + k·b.
#[must_use]
pub fn add_scaled(a: V3, b: V3, k: f32) -> V3 {
    [a[0] + k * b[0], a[1] + k * b[1], a[2] + k * b[2]]
}

/// a · b.
#[must_use]
pub fn dot(a: V3, b: V3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// a × b.
#[must_use]
pub fn cross(a: V3, b: V3) -> V3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// |a|.
#[must_use]
pub fn length(a: V3) -> f32 {
    dot(a, a).sqrt()
}

/// a / |a|; zero stays zero.
#[must_use]
pub fn normalized(a: V3) -> V3 {
    let l = length(a);
    if l > 0.0 { [a[0] / l, a[1] / l, a[2] / l] } else { a }
}

/// A rectangle in space that carries texture and light.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chart {
    /// Corner with s = t = 0.
    pub origin: V3,
    /// Unit direction of s.
    pub u: V3,
    /// Unit direction of t.
    pub v: V3,
    /// Unit normal, u × v.
    pub normal: V3,
    /// Extent in s and t, metres.
    pub size: [f32; 2],
    /// How far the normal leans towards ±u at the ends of s (round surfaces), tangent of the angle.
    pub bend: f32,
    /// Surface.
    pub material: MaterialId,
    /// Shift of the texture, metres.
    pub shift: [f32; 2],
    /// First light node.
    pub light_start: u32,
    /// Light nodes in s and t.
    pub light_size: [u16; 2],
    /// 0 for the shell, 1 + index for an item.
    pub owner: u32,
    /// Seen from behind as well (catalogue meshes, whose sheets are open or wound at random).
    pub two_sided: bool,
}

impl Chart {
    /// Surface coordinates of a point.
    #[must_use]
    pub fn coordinates(&self, p: V3) -> [f32; 2] {
        let d = sub(p, self.origin);
        [dot(d, self.u), dot(d, self.v)]
    }

    /// Normal at surface coordinate `s`.
    #[must_use]
    pub fn normal_at(&self, s: f32) -> V3 {
        if self.bend == 0.0 || self.size[0] <= 0.0 {
            return self.normal;
        }
        normalized(add_scaled(self.normal, self.u, self.bend * (2.0 * s / self.size[0] - 1.0)))
    }
}

/// A triangle on a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triangle {
    /// Corners.
    pub p: [V3; 3],
    /// Index of its chart.
    pub chart: u32,
}

/// Geometry of a house.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    /// Charts.
    pub charts: Vec<Chart>,
    /// Triangles.
    pub triangles: Vec<Triangle>,
    /// Materials of the charts.
    pub materials: Vec<Material>,
    /// Light nodes of all charts.
    pub light_nodes: u32,
}

/// Assembles a mesh in local frames.
#[derive(Debug, Default)]
pub struct Builder {
    /// The mesh so far.
    pub mesh: Mesh,
    origin: [f64; 3],
    yaw_sin_cos: (f64, f64),
    owner: u32,
    shift_state: u32,
}

impl Builder {
    /// An empty mesh in the scene frame.
    #[must_use]
    pub fn new() -> Self {
        Self { yaw_sin_cos: (0.0, 1.0), ..Self::default() }
    }

    /// Sets the local frame (a point on the floor of the item, and its yaw) and the owner.
    pub fn set_frame(&mut self, origin: [f64; 3], yaw: f64, owner: u32) {
        self.origin = origin;
        self.yaw_sin_cos = yaw.sin_cos();
        self.owner = owner;
        self.shift_state = owner.wrapping_mul(0x9E37_79B9) ^ 0x51;
    }

    /// Registers a material.
    pub fn material(&mut self, material: Material) -> MaterialId {
        if let Some(known) = self.mesh.materials.iter().position(|m| *m == material) {
            return known as MaterialId;
        }
        self.mesh.materials.push(material);
        (self.mesh.materials.len() - 1) as MaterialId
    }

    fn to_scene(&self, p: [f64; 3]) -> V3 {
        let (sin, cos) = self.yaw_sin_cos;
        [
            (self.origin[0] + cos * p[0] - sin * p[1]) as f32,
            (self.origin[1] + sin * p[0] + cos * p[1]) as f32,
            (self.origin[2] + p[2]) as f32,
        ]
    }

    fn next_shift(&mut self) -> [f32; 2] {
        let mut draw = || {
            self.shift_state = self.shift_state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            (self.shift_state >> 12) as f32 / 1_048_576.0
        };
        [draw(), draw()]
    }

    /// A chart over the parallelogram frame origin, origin+u, origin+v (u ⟂ v), without triangles.
    pub fn chart(
        &mut self,
        origin: [f64; 3],
        u: [f64; 3],
        v: [f64; 3],
        bend: f32,
        material: MaterialId,
    ) -> u32 {
        let at = |o: [f64; 3], d: [f64; 3]| [o[0] + d[0], o[1] + d[1], o[2] + d[2]];
        let (o, pu, pv) = (self.to_scene(origin), self.to_scene(at(origin, u)), self.to_scene(at(origin, v)));
        let (du, dv) = (sub(pu, o), sub(pv, o));
        let size = [length(du), length(dv)];
        let (u, v) = (normalized(du), normalized(dv));
        let nodes = |extent: f32| ((extent / LIGHT_SPACING_M).round() as u16 + 1).clamp(2, MAX_LIGHT_NODES);
        let light_size =
            if size[0] * size[1] < SINGLE_NODE_AREA_M2 { [1, 1] } else { [nodes(size[0]), nodes(size[1])] };
        let shift = self.next_shift();
        let light_start = self.mesh.light_nodes;
        self.mesh.light_nodes += u32::from(light_size[0]) * u32::from(light_size[1]);
        self.mesh.charts.push(Chart {
            origin: o,
            u,
            v,
            normal: cross(u, v),
            size,
            bend,
            material,
            shift,
            light_start,
            light_size,
            owner: self.owner,
            two_sided: false,
        });
        (self.mesh.charts.len() - 1) as u32
    }

    /// Makes a chart visible from behind.
    pub fn show_both_sides(&mut self, chart: u32) {
        self.mesh.charts[chart as usize].two_sided = true;
    }

    /// Gives the newest chart the light of an earlier one; both have one node.
    pub fn share_light(&mut self, chart: u32, earlier: u32) {
        let light_start = self.mesh.charts[earlier as usize].light_start;
        let chart = &mut self.mesh.charts[chart as usize];
        if chart.light_size == [1, 1] && chart.light_start + 1 == self.mesh.light_nodes {
            chart.light_start = light_start;
            self.mesh.light_nodes -= 1;
        }
    }

    /// A triangle on an existing chart.
    pub fn triangle(&mut self, chart: u32, p: [[f64; 3]; 3]) {
        let p = p.map(|p| self.to_scene(p));
        self.mesh.triangles.push(Triangle { p, chart });
    }

    /// A rectangle on an existing chart.
    pub fn rectangle(&mut self, chart: u32, origin: [f64; 3], u: [f64; 3], v: [f64; 3]) {
        let at = |a: f64, b: f64| {
            [
                origin[0] + a * u[0] + b * v[0],
                origin[1] + a * u[1] + b * v[1],
                origin[2] + a * u[2] + b * v[2],
            ]
        };
        let (p, q, r, s) = (at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(0.0, 1.0));
        self.triangle(chart, [p, q, r]);
        self.triangle(chart, [p, r, s]);
    }

    /// A rectangle with its own chart; its normal is u × v.
    pub fn quad(&mut self, origin: [f64; 3], u: [f64; 3], v: [f64; 3], material: MaterialId) {
        let chart = self.chart(origin, u, v, 0.0, material);
        self.rectangle(chart, origin, u, v);
    }

    /// A box with one material.
    pub fn cuboid(&mut self, low: [f64; 3], high: [f64; 3], material: MaterialId) {
        self.cuboid_faces(low, high, [material; 6]);
    }

    /// A box with materials for −x, +x, −y, +y, −z, +z.
    pub fn cuboid_faces(&mut self, low: [f64; 3], high: [f64; 3], m: [MaterialId; 6]) {
        let [dx, dy, dz] = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
        if dx <= 0.0 || dy <= 0.0 || dz <= 0.0 {
            return;
        }
        let (x, y, z) = ([dx, 0.0, 0.0], [0.0, dy, 0.0], [0.0, 0.0, dz]);
        let (nx, ny) = ([-dx, 0.0, 0.0], [0.0, -dy, 0.0]);
        self.quad([low[0], high[1], low[2]], ny, z, m[0]);
        self.quad([high[0], low[1], low[2]], y, z, m[1]);
        self.quad(low, x, z, m[2]);
        self.quad([high[0], high[1], low[2]], nx, z, m[3]);
        self.quad([low[0], high[1], low[2]], x, ny, m[4]);
        self.quad([low[0], low[1], high[2]], x, y, m[5]);
    }

    /// A box with its upper edges bevelled by `bevel`: cushions, mattresses, upholstery.
    pub fn cushion(&mut self, low: [f64; 3], high: [f64; 3], bevel: f64, material: MaterialId) {
        let b =
            bevel.min(0.45 * (high[0] - low[0])).min(0.45 * (high[1] - low[1])).min(0.9 * (high[2] - low[2]));
        let top = high[2] - b;
        let (x0, x1, y0, y1) = (low[0], high[0], low[1], high[1]);
        let (dx, dy) = (x1 - x0, y1 - y0);
        let dz = top - low[2];
        let z = [0.0, 0.0, dz];
        self.quad([x0, y1, low[2]], [0.0, -dy, 0.0], z, material);
        self.quad([x1, y0, low[2]], [0.0, dy, 0.0], z, material);
        self.quad([x0, y0, low[2]], [dx, 0.0, 0.0], z, material);
        self.quad([x1, y1, low[2]], [-dx, 0.0, 0.0], z, material);
        self.quad([x0, y1, low[2]], [dx, 0.0, 0.0], [0.0, -dy, 0.0], material);
        self.quad([x0 + b, y0 + b, high[2]], [dx - 2.0 * b, 0.0, 0.0], [0.0, dy - 2.0 * b, 0.0], material);
        // Four slanted borders, each a trapezoid on a chart of its bounding rectangle.
        let slope =
            |from: [f64; 3], along: [f64; 3], up: [f64; 3], inner: [[f64; 3]; 2], builder: &mut Self| {
                let chart = builder.chart(from, along, up, 0.0, material);
                let end = [from[0] + along[0], from[1] + along[1], from[2] + along[2]];
                builder.triangle(chart, [from, end, inner[1]]);
                builder.triangle(chart, [from, inner[1], inner[0]]);
            };
        let h = high[2];
        slope([x0, y0, top], [dx, 0.0, 0.0], [0.0, b, b], [[x0 + b, y0 + b, h], [x1 - b, y0 + b, h]], self);
        slope([x1, y0, top], [0.0, dy, 0.0], [-b, 0.0, b], [[x1 - b, y0 + b, h], [x1 - b, y1 - b, h]], self);
        slope([x1, y1, top], [-dx, 0.0, 0.0], [0.0, -b, b], [[x1 - b, y1 - b, h], [x0 + b, y1 - b, h]], self);
        slope([x0, y1, top], [0.0, -dy, 0.0], [b, 0.0, b], [[x0 + b, y1 - b, h], [x0 + b, y0 + b, h]], self);
    }

    /// An upright frustum with caps; radii at bottom and top.
    pub fn cylinder(
        &mut self,
        center: [f64; 2],
        z: [f64; 2],
        radius: [f64; 2],
        segments: usize,
        material: MaterialId,
    ) {
        let step = std::f64::consts::TAU / segments as f64;
        let at = |k: usize, r: f64, height: f64| {
            let (sin, cos) = (step * k as f64).sin_cos();
            [center[0] + r * cos, center[1] + r * sin, height]
        };
        let bend = (0.5 * step).tan() as f32;
        for k in 0..segments {
            let (p, q) = (at(k, radius[0], z[0]), at(k + 1, radius[0], z[0]));
            let (r, s) = (at(k + 1, radius[1], z[1]), at(k, radius[1], z[1]));
            // Chart axes: along the wider edge, and up the middle of the facet.
            let wide = if radius[0] >= radius[1] { [p, q] } else { [s, r] };
            let along = [wide[1][0] - wide[0][0], wide[1][1] - wide[0][1], 0.0];
            let mid =
                |a: [f64; 3], b: [f64; 3]| [0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1]), 0.5 * (a[2] + b[2])];
            let (low, high) = (mid(p, q), mid(s, r));
            let up = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
            let origin = [low[0] - 0.5 * along[0], low[1] - 0.5 * along[1], low[2]];
            let chart = self.chart(origin, along, up, bend, material);
            self.triangle(chart, [p, q, r]);
            self.triangle(chart, [p, r, s]);
        }
        for (r, height, up) in [(radius[0], z[0], false), (radius[1], z[1], true)] {
            if r <= 0.0 {
                continue;
            }
            let (origin, u, v) = if up {
                ([center[0] - r, center[1] - r, height], [2.0 * r, 0.0, 0.0], [0.0, 2.0 * r, 0.0])
            } else {
                ([center[0] - r, center[1] + r, height], [2.0 * r, 0.0, 0.0], [0.0, -2.0 * r, 0.0])
            };
            let chart = self.chart(origin, u, v, 0.0, material);
            let middle = [center[0], center[1], height];
            for k in 0..segments {
                let (p, q) = (at(k, r, height), at(k + 1, r, height));
                self.triangle(chart, if up { [middle, p, q] } else { [middle, q, p] });
            }
        }
    }

    /// A horizontal polygon (counter-clockwise in plan) looking up or down.
    pub fn slab(&mut self, polygon: &[[f64; 2]], z: f64, up: bool, axis: [f64; 2], material: MaterialId) {
        let (u, v) = (axis, [-axis[1], axis[0]]);
        let along = |p: &[f64; 2], d: [f64; 2]| p[0] * d[0] + p[1] * d[1];
        let range = |d: [f64; 2]| {
            polygon
                .iter()
                .map(|p| along(p, d))
                .fold((f64::MAX, f64::MIN), |(lo, hi), x| (lo.min(x), hi.max(x)))
        };
        let ((u0, u1), (v0, v1)) = (range(u), range(v));
        let corner = |a: f64, b: f64| [a * u[0] + b * v[0], a * u[1] + b * v[1], z];
        let (du, dv) = (u1 - u0, v1 - v0);
        let chart = if up {
            self.chart(
                corner(u0, v0),
                [du * u[0], du * u[1], 0.0],
                [dv * v[0], dv * v[1], 0.0],
                0.0,
                material,
            )
        } else {
            self.chart(
                corner(u0, v1),
                [du * u[0], du * u[1], 0.0],
                [-dv * v[0], -dv * v[1], 0.0],
                0.0,
                material,
            )
        };
        for [a, b, c] in triangulate(polygon) {
            let at = |i: usize| [polygon[i][0], polygon[i][1], z];
            self.triangle(chart, if up { [at(a), at(b), at(c)] } else { [at(a), at(c), at(b)] });
        }
    }
}

/// Ear clipping of a simple counter-clockwise polygon; collinear corners are allowed.
#[must_use]
pub fn triangulate(polygon: &[[f64; 2]]) -> Vec<[usize; 3]> {
    let mut left: Vec<usize> = (0..polygon.len()).collect();
    let mut triangles = Vec::new();
    let turn =
        |a: [f64; 2], b: [f64; 2], c: [f64; 2]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    while left.len() >= 3 {
        let count = left.len();
        let ear = (0..count).find(|&i| {
            let (a, b, c) = (left[(i + count - 1) % count], left[i], left[(i + 1) % count]);
            let (pa, pb, pc) = (polygon[a], polygon[b], polygon[c]);
            turn(pa, pb, pc) > 1e-12
                && !left.iter().any(|&k| {
                    let p = polygon[k];
                    k != a
                        && k != b
                        && k != c
                        && turn(pa, pb, p) >= -1e-12
                        && turn(pb, pc, p) >= -1e-12
                        && turn(pc, pa, p) >= -1e-12
                })
        });
        match ear {
            Some(i) => {
                triangles.push([left[(i + count - 1) % count], left[i], left[(i + 1) % count]]);
                left.remove(i);
            }
            None => {
                // Only collinear corners remain convex: take one of those away.
                let flat = (0..count).min_by(|&i, &j| {
                    let area = |i: usize| {
                        turn(
                            polygon[left[(i + count - 1) % count]],
                            polygon[left[i]],
                            polygon[left[(i + 1) % count]],
                        )
                        .abs()
                    };
                    area(i).total_cmp(&area(j))
                });
                match flat {
                    Some(i) => left.remove(i),
                    None => break,
                };
            }
        }
    }
    triangles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::plan::signed_area;

    #[test]
    fn triangles_cover_a_polygon_with_collinear_corners() {
        let polygon = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0], [1.0, 2.0], [1.0, 1.0], [0.0, 1.0]];
        let sum: f64 = triangulate(&polygon).iter().map(|t| signed_area(&t.map(|i| polygon[i]))).sum();
        assert!((sum - signed_area(&polygon)).abs() < 1e-12);
    }

    #[test]
    fn faces_of_solids_look_outwards() {
        let material = Material::default();
        let mut builder = Builder::new();
        builder.set_frame([1.0, 2.0, 0.5], 0.7, 1);
        let id = builder.material(material);
        builder.cuboid([-0.5, -0.4, 0.0], [0.5, 0.4, 1.0], id);
        builder.cushion([-0.5, -0.4, 0.0], [0.5, 0.4, 1.0], 0.1, id);
        builder.cylinder([0.0, 0.0], [0.0, 1.0], [0.3, 0.1], 12, id);
        for triangle in &builder.mesh.triangles {
            let [p, q, r] = triangle.p;
            let normal = cross(sub(q, p), sub(r, p));
            let out = sub(p, [1.0, 2.0, 1.0]);
            assert!(dot(normal, out) > 0.0, "{triangle:?}");
            assert!(dot(normal, builder.mesh.charts[triangle.chart as usize].normal) > 0.0, "{triangle:?}");
        }
    }
}
