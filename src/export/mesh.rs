//! Closed triangle meshes of walls, floors, ceilings and boxes.
//!
//! Internal frame (Z up, metres). Walls are prisms over their plan outline with mitred corners, so
//! that the walls of a room meet without overlap; openings are cut through, and every mesh is closed
//! and manifold: each edge belongs to two triangles. Faces are triangulated by ear cutting (`geo`);
//! vertices are shared by exact position.

use crate::math::Vec2;
use crate::scene::Scene;
use crate::scene::pieces::Hole;
use geo::{Coord, LineString, Polygon, TriangulateEarcut};
use std::collections::BTreeMap;

/// A mitre reaches at most this many thicknesses beyond the corner; sharper corners end square.
const MITRE_LIMIT: f64 = 2.0;
/// Below this sine two walls run in line and their faces end square (1.1°).
const IN_LINE_SINE: f64 = 0.02;

/// Triangles over shared vertices, counter-clockwise seen from outside.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    /// Vertex positions, metres.
    pub positions: Vec<[f64; 3]>,
    /// Triangles by vertex index.
    pub triangles: Vec<[u32; 3]>,
}

/// Builds a mesh whose equal positions are one vertex.
#[derive(Default)]
struct Builder {
    mesh: Mesh,
    index: BTreeMap<[i64; 3], u32>,
}

impl Builder {
    fn vertex(&mut self, p: [f64; 3]) -> u32 {
        /// Positions that agree to a tenth of a micrometre are one vertex.
        const GRID: f64 = 1e7;
        let key = p.map(|x| (x * GRID).round() as i64);
        *self.index.entry(key).or_insert_with(|| {
            self.mesh.positions.push(p);
            (self.mesh.positions.len() - 1) as u32
        })
    }

    fn triangle(&mut self, corners: [[f64; 3]; 3]) {
        let t = corners.map(|p| self.vertex(p));
        if t[0] != t[1] && t[1] != t[2] && t[2] != t[0] {
            self.mesh.triangles.push(t);
        }
    }

    /// A flat polygon with holes, given in its own plane; `place` lifts a plane point into space.
    /// `flip` when the plane's counter-clockwise is clockwise seen from outside.
    fn flat(&mut self, outline: &[Vec2], holes: &[Vec<Vec2>], flip: bool, place: &dyn Fn(Vec2) -> [f64; 3]) {
        for [p, q, r] in triangulate(outline, holes) {
            let corners = if flip { [p, r, q] } else { [p, q, r] };
            self.triangle(corners.map(place));
        }
    }

    fn quad(&mut self, corners: [[f64; 3]; 4]) {
        let [a, b, c, d] = corners;
        self.triangle([a, b, c]);
        self.triangle([a, c, d]);
    }
}

/// Counter-clockwise triangles of a polygon with holes.
fn triangulate(outline: &[Vec2], holes: &[Vec<Vec2>]) -> Vec<[Vec2; 3]> {
    let ring = |points: &[Vec2]| LineString::new(points.iter().map(|p| Coord { x: p.x, y: p.y }).collect());
    let polygon = Polygon::new(ring(outline), holes.iter().map(|hole| ring(hole)).collect());
    polygon
        .earcut_triangles()
        .into_iter()
        .map(|t| {
            let [p, q, r] = [t.v1(), t.v2(), t.v3()].map(|c| Vec2::new(c.x, c.y));
            let area = (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
            if area < 0.0 { [p, r, q] } else { [p, q, r] }
        })
        .collect()
}

/// A floor (`up`) or a ceiling (not `up`): one-sided, over a plan polygon at height z.
#[must_use]
pub fn slab_face(polygon: &[[f64; 2]], z: f64, up: bool) -> Mesh {
    let outline: Vec<Vec2> = polygon.iter().map(|&p| Vec2::from(p)).collect();
    let mut builder = Builder::default();
    builder.flat(&outline, &[], !up, &|p| [p.x, p.y, z]);
    builder.mesh
}

/// A box of full sizes, centred at the origin.
#[must_use]
pub fn cuboid(size: [f64; 3]) -> Mesh {
    let [x, y, z] = size.map(|edge| 0.5 * edge);
    let positions: Vec<[f64; 3]> =
        [-z, z].into_iter().flat_map(|z| [[-x, -y, z], [x, -y, z], [x, y, z], [-x, y, z]]).collect();
    let faces: [[u32; 4]; 6] =
        [[3, 2, 1, 0], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]];
    let triangles = faces.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect();
    Mesh { positions, triangles }
}

/// The plan of a wall in its own frame: u along the centre line from its middle, v across.
#[derive(Debug, Clone, PartialEq)]
pub struct WallPlan {
    /// u where the right face (v < 0) begins and ends.
    pub right: [f64; 2],
    /// u where the left face (v > 0) begins and ends.
    pub left: [f64; 2],
    /// Half length of the centre line.
    pub half: f64,
    /// Half thickness.
    pub half_thickness: f64,
}

/// Plans of all walls, mitred where they meet.
#[must_use]
pub fn wall_plans(scene: &Scene) -> Vec<WallPlan> {
    let key = |p: [f64; 2]| p.map(|x| (x * 1e6).round() as i64);
    let mut at: BTreeMap<[i64; 2], Vec<(usize, usize)>> = BTreeMap::new();
    for (i, wall) in scene.walls.iter().enumerate() {
        at.entry(key(wall.a)).or_default().push((i, 0));
        at.entry(key(wall.b)).or_default().push((i, 1));
    }
    scene
        .walls
        .iter()
        .enumerate()
        .map(|(i, wall)| {
            let length = (Vec2::from(wall.b) - Vec2::from(wall.a)).norm();
            let mut plan = WallPlan {
                right: [-0.5 * length, 0.5 * length],
                left: [-0.5 * length, 0.5 * length],
                half: 0.5 * length,
                half_thickness: 0.5 * wall.thickness,
            };
            for (end, corner) in [(0, wall.a), (1, wall.b)] {
                let [cw, ccw] = mitres(scene, i, end, &at[&key(corner)]);
                // Seen from the corner outwards, the clockwise side is right at end 0, left at end 1.
                let (right, left) = if end == 0 { (cw, ccw) } else { (ccw, cw) };
                let inward = if end == 0 { 1.0 } else { -1.0 };
                plan.right[end] += inward * right;
                plan.left[end] += inward * left;
            }
            let too_short = plan.right[1] - plan.right[0] < 1e-3 || plan.left[1] - plan.left[0] < 1e-3;
            if too_short {
                plan.right = [-plan.half, plan.half];
                plan.left = plan.right;
            }
            plan
        })
        .collect()
}

/// How far from the corner the two faces of a wall begin, clockwise and counter-clockwise side.
fn mitres(scene: &Scene, wall: usize, end: usize, corner: &[(usize, usize)]) -> [f64; 2] {
    let outward = |(wall, end): (usize, usize)| {
        let wall = &scene.walls[wall];
        let d = (Vec2::from(wall.b) - Vec2::from(wall.a)).normalize();
        if end == 0 { d } else { -d }
    };
    let own = outward((wall, end));
    let half = 0.5 * scene.walls[wall].thickness;
    // Angle of every other wall counter-clockwise from this one.
    let mut others: Vec<(f64, f64)> = corner
        .iter()
        .filter(|&&other| other != (wall, end))
        .map(|&other| {
            let d = outward(other);
            let angle = (own.x * d.y - own.y * d.x).atan2(own.dot(&d)).rem_euclid(std::f64::consts::TAU);
            (angle, 0.5 * scene.walls[other.0].thickness)
        })
        .collect();
    others.sort_by(|p, q| p.0.total_cmp(&q.0));
    let limit = MITRE_LIMIT * 2.0 * half;
    // The faces v = half and the neighbour's meet at u = (half·cos + other)/sin of the angle between.
    let meet = |angle: f64, other: f64| {
        if angle.sin().abs() < IN_LINE_SINE {
            0.0
        } else {
            ((half * angle.cos() + other) / angle.sin()).clamp(-limit, limit)
        }
    };
    match (others.first(), others.last()) {
        (Some(&(ccw, ccw_half)), Some(&(cw, cw_half))) => {
            [meet(std::f64::consts::TAU - cw, cw_half), meet(ccw, ccw_half)]
        }
        _ => [0.0, 0.0],
    }
}

/// The closed mesh of a wall in its own frame: u along, v across, z from the middle of its height.
#[must_use]
pub fn wall_mesh(plan: &WallPlan, height: f64, holes: &[Hole]) -> Mesh {
    let low = plan.right[0].max(plan.left[0]);
    let high = plan.right[1].min(plan.left[1]);
    // A file made elsewhere may hold an opening that does not fit: the wall stays whole there.
    let fits = |hole: &&Hole| {
        hole.u[0] > low && hole.u[1] < high && hole.z[1] < height && hole.z[0] >= 0.0 && hole.z[1] > hole.z[0]
    };
    let mut cut: Vec<Hole> = Vec::new();
    for hole in holes.iter().filter(fits) {
        let apart = |other: &Hole| {
            hole.u[0] > other.u[1]
                || other.u[0] > hole.u[1]
                || hole.z[0] > other.z[1]
                || other.z[0] > hole.z[1]
        };
        if cut.iter().all(apart) {
            cut.push(*hole);
        }
    }
    let mut builder = Builder::default();
    let base = -0.5 * height;
    let t = plan.half_thickness;
    for (side, ends) in [(-1.0, plan.right), (1.0, plan.left)] {
        let (outline, inner) = face(ends, height, &cut);
        builder.flat(&outline, &inner, side > 0.0, &|p| [p.x, side * t, base + p.y]);
    }
    caps(&mut builder, plan, height, &cut);
    for hole in &cut {
        reveal(&mut builder, t, base, hole);
    }
    builder.mesh
}

/// Outline of a wall's face with doors as notches, and its windows as holes.
fn face(ends: [f64; 2], height: f64, holes: &[Hole]) -> (Vec<Vec2>, Vec<Vec<Vec2>>) {
    let mut outline = vec![Vec2::new(ends[0], 0.0)];
    let mut inner = Vec::new();
    for hole in holes {
        let [u0, u1] = hole.u;
        let [z0, z1] = hole.z;
        if z0 == 0.0 {
            outline.extend([(u0, 0.0), (u0, z1), (u1, z1), (u1, 0.0)].map(|(u, z)| Vec2::new(u, z)));
        } else {
            inner.push([(u0, z0), (u0, z1), (u1, z1), (u1, z0)].map(|(u, z)| Vec2::new(u, z)).to_vec());
        }
    }
    outline.extend([(ends[1], 0.0), (ends[1], height), (ends[0], height)].map(|(u, z)| Vec2::new(u, z)));
    (outline, inner)
}

/// Ends, top and bottom of a wall.
fn caps(builder: &mut Builder, plan: &WallPlan, height: f64, holes: &[Hole]) {
    let t = plan.half_thickness;
    let base = -0.5 * height;
    let (r, l) = (plan.right, plan.left);
    // Plan outline counter-clockwise; at a mitred end the centre line's end lies between the faces.
    let end = |k: usize, centre: f64| {
        // A corner on a straight end would make a T-junction in the mesh.
        ((0.5 * (r[k] + l[k]) - centre).abs() > 1e-7).then_some(Vec2::new(centre, 0.0))
    };
    let (start, stop) = (end(0, -plan.half), end(1, plan.half));
    let right = |u: f64| Vec2::new(u, -t);
    let left = |u: f64| Vec2::new(u, t);
    let mut top = vec![right(r[0]), right(r[1])];
    top.extend(stop);
    top.extend([left(l[1]), left(l[0])]);
    top.extend(start);
    builder.flat(&top, &[], false, &|p| [p.x, p.y, -base]);
    // The bottom is cut where doors stand.
    let doors: Vec<&Hole> = holes.iter().filter(|hole| hole.z[0] == 0.0).collect();
    let mut from = (r[0], l[0], start);
    for k in 0..=doors.len() {
        let to = doors.get(k).map_or((r[1], l[1], stop), |door| (door.u[0], door.u[0], None));
        let mut piece = vec![right(from.0), right(to.0)];
        piece.extend(to.2);
        piece.extend([left(to.1), left(from.1)]);
        piece.extend(from.2);
        builder.flat(&piece, &[], true, &|p| [p.x, p.y, base]);
        if let Some(door) = doors.get(k) {
            from = (door.u[1], door.u[1], None);
        }
    }
    let mut upright = |p: Vec2, q: Vec2| {
        builder.quad([[p.x, p.y, base], [q.x, q.y, base], [q.x, q.y, -base], [p.x, p.y, -base]]);
    };
    for path in [
        std::iter::once(right(r[1])).chain(stop).chain([left(l[1])]).collect::<Vec<_>>(),
        std::iter::once(left(l[0])).chain(start).chain([right(r[0])]).collect(),
    ] {
        path.windows(2).for_each(|pair| upright(pair[0], pair[1]));
    }
}

/// The inner faces of an opening.
fn reveal(builder: &mut Builder, t: f64, base: f64, hole: &Hole) {
    let [u0, u1] = hole.u;
    let (z0, z1) = (base + hole.z[0], base + hole.z[1]);
    builder.quad([[u0, -t, z0], [u0, t, z0], [u0, t, z1], [u0, -t, z1]]);
    builder.quad([[u1, t, z0], [u1, -t, z0], [u1, -t, z1], [u1, t, z1]]);
    builder.quad([[u0, -t, z1], [u0, t, z1], [u1, t, z1], [u1, -t, z1]]);
    if hole.z[0] > 0.0 {
        builder.quad([[u0, t, z0], [u0, -t, z0], [u1, -t, z0], [u1, t, z0]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every directed edge has exactly one opposite: closed and consistently turned.
    fn assert_closed(mesh: &Mesh) {
        let mut edges: BTreeMap<(u32, u32), i32> = BTreeMap::new();
        for t in &mesh.triangles {
            for k in 0..3 {
                *edges.entry((t[k], t[(k + 1) % 3])).or_default() += 1;
            }
        }
        for (&(a, b), &count) in &edges {
            assert_eq!(count, 1, "edge {a}-{b} is used {count} times");
            assert_eq!(edges.get(&(b, a)), Some(&1), "edge {a}-{b} has no partner");
        }
    }

    fn volume(mesh: &Mesh) -> f64 {
        let at = |i: u32| nalgebra::Vector3::from(mesh.positions[i as usize]);
        mesh.triangles.iter().map(|&[a, b, c]| at(a).dot(&at(b).cross(&at(c))) / 6.0).sum()
    }

    #[test]
    fn a_wall_with_door_and_windows_is_closed_and_has_its_volume() {
        let plan = WallPlan { right: [-2.0, 2.0], left: [-1.9, 1.8], half: 1.95, half_thickness: 0.05 };
        let holes = [
            Hole { u: [-1.5, -0.6], z: [0.0, 2.0] },
            Hole { u: [-0.2, 0.4], z: [0.9, 2.0] },
            Hole { u: [0.8, 1.6], z: [0.0, 2.1] },
        ];
        let mesh = wall_mesh(&plan, 2.5, &holes);
        assert_closed(&mesh);
        // The plan: a trapezium of mean length and, on its ends, the triangles to the centre line.
        let plan_area = {
            let p: Vec<Vec2> =
                [(-2.0, -0.05), (2.0, -0.05), (1.95, 0.0), (1.8, 0.05), (-1.9, 0.05), (-1.95, 0.0)]
                    .iter()
                    .map(|&(x, y)| Vec2::new(x, y))
                    .collect();
            (0..6).map(|i| p[i].x * p[(i + 1) % 6].y - p[(i + 1) % 6].x * p[i].y).sum::<f64>() * 0.5
        };
        let cut: f64 = holes.iter().map(|h| (h.u[1] - h.u[0]) * (h.z[1] - h.z[0]) * 0.1).sum();
        assert!((volume(&mesh) - (plan_area * 2.5 - cut)).abs() < 1e-9, "{}", volume(&mesh));
    }

    #[test]
    fn boxes_are_closed_and_face_outwards() {
        let mesh = cuboid([1.0, 2.0, 3.0]);
        assert_closed(&mesh);
        assert!((volume(&mesh) - 6.0).abs() < 1e-12);
    }

    #[test]
    fn openings_that_do_not_fit_leave_the_wall_whole() {
        let plan = WallPlan { right: [-1.0, 1.0], left: [-1.0, 1.0], half: 1.0, half_thickness: 0.05 };
        let holes = [Hole { u: [-2.0, 0.0], z: [0.0, 2.0] }, Hole { u: [0.0, 0.5], z: [1.0, 9.0] }];
        let mesh = wall_mesh(&plan, 2.5, &holes);
        assert_closed(&mesh);
        assert!((volume(&mesh) - 0.5).abs() < 1e-9);
    }
}
