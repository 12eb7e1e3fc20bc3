//! Flat pieces of a mesh and which side of them is outside.
//!
//! Catalogue meshes wind their triangles at random. Method: regions grow over shared edges from the
//! largest triangle while the neighbours lie in its plane, whatever their winding; a region looks to
//! the side from which more rays leave the mesh. Unit box of the model, thresholds in metres.

use super::super::caster::Caster;
use super::super::material::Material;
use super::super::mesh::{Builder, Triangle, V3, add_scaled, cross, dot, length, normalized, sub};
use super::model::Facet;
use rayon::prelude::*;
use std::collections::{BTreeMap, VecDeque};

/// Corners closer than this are one, metres.
const WELD_M: f32 = 1e-4;
/// Distance from the plane of its region that a corner may have, metres.
const FLAT_M: f32 = 0.0015;
/// Cosine of the angle to the normal of its region that a triangle may have (2.5°).
const FLAT_COS: f32 = 0.999;
/// Directions that are tried from a region.
const DIRECTIONS: usize = 32;
/// Triangles of a region that are tried.
const PROBES: usize = 3;
/// Start of a ray above its triangle, metres.
const LIFT_M: f32 = 0.001;
/// Smallest area of a triangle, square metres.
const MIN_AREA_M2: f32 = 1e-9;

/// A flat piece of the surface.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Its triangles, largest first.
    pub facets: Vec<usize>,
    /// The outer side is that from which the first triangle winds counter-clockwise.
    pub as_wound: bool,
}

/// Flat pieces of a mesh in the order of their largest triangles.
#[must_use]
pub fn regions(facets: &[Facet], size_m: [f64; 3]) -> Vec<Region> {
    let metric: Vec<[V3; 3]> =
        facets.iter().map(|f| f.p.map(|p| std::array::from_fn(|k| (p[k] * size_m[k]) as f32))).collect();
    let areas: Vec<f32> = metric.iter().map(|t| 0.5 * length(wound(t))).collect();
    let mut order: Vec<usize> = (0..facets.len()).filter(|&i| areas[i] > MIN_AREA_M2).collect();
    order.sort_by(|&a, &b| areas[b].total_cmp(&areas[a]).then(a.cmp(&b)));
    let neighbours = neighbours(&metric);
    let mut taken: Vec<bool> = areas.iter().map(|&a| a <= MIN_AREA_M2).collect();
    let mut pieces = Vec::new();
    for &seed in &order {
        if taken[seed] {
            continue;
        }
        taken[seed] = true;
        let (origin, normal) = (metric[seed][0], normalized(wound(&metric[seed])));
        let (mut piece, mut queue) = (vec![seed], VecDeque::from([seed]));
        while let Some(from) = queue.pop_front() {
            for &next in &neighbours[from] {
                let flat = !taken[next]
                    && facets[next].material == facets[seed].material
                    && dot(normalized(wound(&metric[next])), normal).abs() > FLAT_COS
                    && metric[next].iter().all(|&p| dot(sub(p, origin), normal).abs() < FLAT_M);
                if flat {
                    taken[next] = true;
                    piece.push(next);
                    queue.push_back(next);
                }
            }
        }
        piece.sort_by(|&a, &b| areas[b].total_cmp(&areas[a]).then(a.cmp(&b)));
        pieces.push(piece);
    }
    let caster = caster(&metric);
    pieces
        .into_par_iter()
        .map(|facets| {
            let as_wound = is_outside(&caster, &metric, &facets);
            Region { facets, as_wound }
        })
        .collect()
}

fn wound(t: &[V3; 3]) -> V3 {
    cross(sub(t[1], t[0]), sub(t[2], t[0]))
}

/// Triangles that share an edge with each triangle.
fn neighbours(metric: &[[V3; 3]]) -> Vec<Vec<usize>> {
    let key = |p: V3| p.map(|c| (c / WELD_M).round() as i32);
    let mut edges: BTreeMap<[[i32; 3]; 2], Vec<usize>> = BTreeMap::new();
    for (index, t) in metric.iter().enumerate() {
        let k = t.map(key);
        for (a, b) in [(k[0], k[1]), (k[1], k[2]), (k[2], k[0])] {
            edges.entry(if a < b { [a, b] } else { [b, a] }).or_default().push(index);
        }
    }
    let mut found = vec![Vec::new(); metric.len()];
    for sharing in edges.values() {
        for &a in sharing {
            found[a].extend(sharing.iter().copied().filter(|&b| b != a));
        }
    }
    found
}

fn caster(metric: &[[V3; 3]]) -> Caster {
    let mut builder = Builder::new();
    let material = builder.material(Material::default());
    let chart = builder.chart([0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], 0.0, material);
    builder.mesh.triangles = metric.iter().map(|&p| Triangle { p, chart }).collect();
    Caster::new(&builder.mesh, |_| true)
}

/// More rays leave the mesh from the side of the winding than from the other.
fn is_outside(caster: &Caster, metric: &[[V3; 3]], piece: &[usize]) -> bool {
    let normal = normalized(wound(&metric[piece[0]]));
    let mut balance = 0i32;
    for &facet in piece.iter().take(PROBES) {
        let t = &metric[facet];
        let center: V3 = std::array::from_fn(|k| (t[0][k] + t[1][k] + t[2][k]) / 3.0);
        for d in (0..DIRECTIONS).map(direction) {
            let side = dot(d, normal).signum();
            if !caster.is_blocked(add_scaled(center, normal, side * LIFT_M), d, 10.0) {
                balance += side as i32;
            }
        }
    }
    balance >= 0
}

/// Direction `k` of a spherical Fibonacci lattice.
fn direction(k: usize) -> V3 {
    let z = 1.0 - (2.0 * k as f32 + 1.0) / DIRECTIONS as f32;
    let (sin, cos) = (2.399_963_2 * k as f32).sin_cos();
    let r = (1.0 - z * z).max(0.0).sqrt();
    [r * cos, r * sin, z]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badly_wound_box_looks_outwards() {
        let mut builder = Builder::new();
        let m = builder.material(Material::default());
        builder.cuboid([-0.5, -0.5, 0.0], [0.5, 0.5, 1.0], m);
        let facets: Vec<Facet> = builder
            .mesh
            .triangles
            .iter()
            .enumerate()
            .map(|(i, t)| {
                let [a, b, c] = t.p.map(|p| p.map(f64::from));
                Facet { p: if i % 3 == 0 { [a, c, b] } else { [a, b, c] }, material: 0 }
            })
            .collect();
        let regions = regions(&facets, [1.0; 3]);
        assert_eq!(regions.len(), 6);
        for region in &regions {
            assert_eq!(region.facets.len(), 2);
            let right = region.facets[0] % 3 != 0;
            assert_eq!(region.as_wound, right);
        }
    }
}
