//! Rays against the mesh: nearest hit and shadow tests.
//!
//! Takes a [`Mesh`], gives a [`Caster`] on parry3d's bounding volume hierarchy with the triangle
//! test of Möller and Trumbore ("Fast, minimum storage ray/triangle intersection", 1997). Triangles
//! of kinds that the caller leaves out (glass for light) do not exist for it. Scene frame, metres.

use super::material::Kind;
use super::mesh::{Mesh, V3, cross, dot, sub};
use parry3d::bounding_volume::Aabb;
use parry3d::math::Vector;
use parry3d::partitioning::{Bvh, BvhBuildStrategy};
use parry3d::query::Ray;

/// A hit of a ray.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Distance in lengths of the ray's direction.
    pub t: f32,
    /// Chart of the triangle.
    pub chart: u32,
    /// The ray came from behind the surface (never for charts that have two sides).
    pub from_behind: bool,
}

struct Facet {
    p: V3,
    e1: V3,
    e2: V3,
    chart: u32,
    two_sided: bool,
}

/// Casts rays at a mesh.
pub struct Caster {
    bvh: Bvh,
    facets: Vec<Facet>,
}

impl Caster {
    /// Builds the search tree over the triangles whose material's kind is `kept`.
    #[must_use]
    pub fn new(mesh: &Mesh, kept: impl Fn(Kind) -> bool) -> Self {
        let facets: Vec<Facet> = mesh
            .triangles
            .iter()
            .filter(|t| kept(mesh.materials[mesh.charts[t.chart as usize].material as usize].kind))
            .map(|t| Facet {
                p: t.p[0],
                e1: sub(t.p[1], t.p[0]),
                e2: sub(t.p[2], t.p[0]),
                chart: t.chart,
                two_sided: mesh.charts[t.chart as usize].two_sided,
            })
            .collect();
        let boxes: Vec<Aabb> = facets
            .iter()
            .map(|f| {
                let corner = |e: V3| [f.p[0] + e[0], f.p[1] + e[1], f.p[2] + e[2]];
                let points = [f.p, corner(f.e1), corner(f.e2)];
                let low = std::array::from_fn::<f32, 3, _>(|k| {
                    points.iter().map(|p| p[k]).fold(f32::MAX, f32::min)
                });
                let high = std::array::from_fn::<f32, 3, _>(|k| {
                    points.iter().map(|p| p[k]).fold(f32::MIN, f32::max)
                });
                Aabb::new(Vector::new(low[0], low[1], low[2]), Vector::new(high[0], high[1], high[2]))
            })
            .collect();
        Self { bvh: Bvh::from_leaves(BvhBuildStrategy::Binned, &boxes), facets }
    }

    /// Nearest hit within `reach` lengths of `direction`.
    #[must_use]
    pub fn cast(&self, origin: V3, direction: V3, reach: f32) -> Option<Hit> {
        let ray = to_ray(origin, direction);
        let (leaf, t) = self.bvh.cast_ray(&ray, reach, |leaf, _| self.meet(leaf, origin, direction))?;
        let facet = &self.facets[leaf as usize];
        let from_behind = !facet.two_sided && dot(cross(facet.e1, facet.e2), direction) > 0.0;
        Some(Hit { t, chart: facet.chart, from_behind })
    }

    /// True when something lies between the origin and `reach`.
    #[must_use]
    pub fn is_blocked(&self, origin: V3, direction: V3, reach: f32) -> bool {
        self.cast(origin, direction, reach).is_some()
    }

    fn meet(&self, leaf: u32, origin: V3, direction: V3) -> Option<f32> {
        let facet = &self.facets[leaf as usize];
        let h = cross(direction, facet.e2);
        let det = dot(facet.e1, h);
        if det.abs() < 1e-12 {
            return None;
        }
        let inv = 1.0 / det;
        let s = sub(origin, facet.p);
        let u = dot(s, h) * inv;
        if !(-1e-6..=1.000_001).contains(&u) {
            return None;
        }
        let q = cross(s, facet.e1);
        let v = dot(direction, q) * inv;
        if v < -1e-6 || u + v > 1.000_001 {
            return None;
        }
        let t = dot(facet.e2, q) * inv;
        (t > 1e-4).then_some(t)
    }
}

fn to_ray(origin: V3, direction: V3) -> Ray {
    Ray::new(
        Vector::new(origin[0], origin[1], origin[2]),
        Vector::new(direction[0], direction[1], direction[2]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::material::Material;
    use crate::synth::mesh::Builder;

    #[test]
    fn rays_hit_the_near_side_of_a_box() {
        let mut builder = Builder::new();
        let m = builder.material(Material::default());
        builder.cuboid([-1.0, -1.0, 0.0], [1.0, 1.0, 2.0], m);
        let caster = Caster::new(&builder.mesh, |_| true);
        let hit = caster.cast([-3.0, 0.2, 1.0], [1.0, 0.0, 0.0], 10.0).expect("the box is in the way");
        assert!((hit.t - 2.0).abs() < 1e-5 && !hit.from_behind);
        let inside = caster.cast([0.0, 0.2, 1.0], [1.0, 0.0, 0.0], 10.0).expect("from within too");
        assert!((inside.t - 1.0).abs() < 1e-5 && inside.from_behind);
        assert!(caster.cast([-3.0, 0.2, 3.0], [1.0, 0.0, 0.0], 10.0).is_none());
        assert!(!caster.is_blocked([-3.0, 0.2, 1.0], [1.0, 0.0, 0.0], 1.9));
    }
}
