//! A catalogue model in an item's box: its flat pieces become charts that are seen from both sides.
//!
//! Small pieces close together that look the same way share a light node, so that a finely
//! tessellated model costs the light no more than a parametric one.

use super::super::material::MaterialId;
use super::super::mesh::{Builder, SINGLE_NODE_AREA_M2};
use super::super::placement::Item;
use super::model::Model;
use super::outward::Region;
use std::collections::BTreeMap;

/// Gap between the model and its box, metres: surfaces do not coincide with the floor or a wall.
const INSET_M: f64 = 0.0015;
/// Edge of the cells within which small pieces share light, metres.
const LIGHT_CELL_M: f64 = 0.08;
/// Steps of a normal's components within which small pieces share light.
const NORMAL_STEPS: f64 = 3.0;
/// Sides of a chart are at least this long, metres.
const MIN_SIDE_M: f64 = 1e-4;

type V = [f64; 3];

fn sub(a: V, b: V) -> V {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: V, b: V) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: V, b: V) -> V {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn scaled(a: V, k: f64) -> V {
    a.map(|c| c * k)
}

fn unit(a: V) -> V {
    let l = dot(a, a).sqrt();
    if l > 0.0 { scaled(a, 1.0 / l) } else { a }
}

/// Adds a model; the builder's frame is that of the item.
pub fn build(builder: &mut Builder, item: &Item, model: &Model) {
    let inner = item.size.map(|s| (s - 2.0 * INSET_M).max(0.5 * s));
    let place = |p: V| [p[0] * inner[0], p[1] * inner[1], 0.5 * (item.size[2] - inner[2]) + p[2] * inner[2]];
    let materials: Vec<MaterialId> = model.materials.iter().map(|m| builder.material(*m)).collect();
    let mut lit: BTreeMap<(MaterialId, [i64; 6]), u32> = BTreeMap::new();
    for region in model.regions() {
        let triangles: Vec<[V; 3]> = region.facets.iter().map(|&f| model.facets[f].p.map(place)).collect();
        let material = materials[model.facets[region.facets[0]].material];
        let Some((chart, key)) = add(builder, region, &triangles, material) else { continue };
        if let Some(key) = key {
            match lit.get(&(material, key)) {
                Some(&known) => builder.share_light(chart, known),
                None => {
                    lit.insert((material, key), chart);
                }
            }
        }
    }
}

/// Adds the chart and triangles of a region; with the key of its light when that can be shared.
fn add(
    builder: &mut Builder,
    region: &Region,
    triangles: &[[V; 3]],
    material: MaterialId,
) -> Option<(u32, Option<[i64; 6]>)> {
    let wound = |t: &[V; 3]| cross(sub(t[1], t[0]), sub(t[2], t[0]));
    let first = triangles[0];
    let toward = wound(&first);
    let normal = unit(if region.as_wound { toward } else { scaled(toward, -1.0) });
    if dot(normal, normal) < 0.5 {
        return None;
    }
    let area: f64 = triangles.iter().map(|t| 0.5 * dot(wound(t), wound(t)).sqrt()).sum();
    let small = area < f64::from(SINGLE_NODE_AREA_M2);
    // The middle of a rectangle on a triangle's longest edge lies in the triangle, so light is
    // taken there; on large pieces the grain runs level.
    let along = if small {
        (0..3)
            .map(|k| sub(first[(k + 1) % 3], first[k]))
            .max_by(|a, b| dot(*a, *a).total_cmp(&dot(*b, *b)))?
    } else if normal[2].abs() < 0.95 {
        [-normal[1], normal[0], 0.0]
    } else {
        [1.0, 0.0, 0.0]
    };
    let u = unit(sub(along, scaled(normal, dot(along, normal))));
    let v = cross(normal, u);
    let range = |d: V| {
        let places = triangles.iter().flatten().map(|&p| dot(sub(p, first[0]), d));
        places.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)))
    };
    let ((u0, u1), (v0, v1)) = (range(u), range(v));
    let origin: V = std::array::from_fn(|k| first[0][k] + u0 * u[k] + v0 * v[k]);
    let (du, dv) = ((u1 - u0).max(MIN_SIDE_M), (v1 - v0).max(MIN_SIDE_M));
    let chart = builder.chart(origin, scaled(u, du), scaled(v, dv), 0.0, material);
    builder.show_both_sides(chart);
    for t in triangles {
        let [a, b, c] = *t;
        builder.triangle(chart, if dot(wound(t), normal) > 0.0 { [a, b, c] } else { [a, c, b] });
    }
    let cell = |x: f64| (x / LIGHT_CELL_M).floor() as i64;
    let step = |x: f64| (x * NORMAL_STEPS).round() as i64;
    let key = [
        cell(first[0][0]),
        cell(first[0][1]),
        cell(first[0][2]),
        step(normal[0]),
        step(normal[1]),
        step(normal[2]),
    ];
    Some((chart, small.then_some(key)))
}
