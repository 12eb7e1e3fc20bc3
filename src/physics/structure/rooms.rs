//! Rooms from the faces of the wall graph, and open rooms where it does not close.
//!
//! Takes the graph and the detected interiors, gives walls and rooms of the scene. A face becomes a
//! closed room; a detected interior that fits no face becomes an open one: its outline is moved onto
//! the walls near it, and the stretches without a wall stay open (`None`), with an unresolved
//! finding that says how many metres. Without walls closing anything and without interiors, the hull
//! of all that was seen is the open room, so that things have a floor to stand on.

use super::beyond::beyond_closed_rooms;
use super::faces::{Face, faces};
use super::graph::WallGraph;
use super::inset::room_floor;
use crate::layout::DraftRoom;
use crate::math::{Vec2, median};
use crate::physics::clean::Clean;
use crate::physics::findings::Findings;
use crate::physics::geometry::{contains, convex_hull, line_crossing, perp, signed_area};
use crate::scene::{Evidence, Room, RoomId, Source, Wall, WallId};
use geo::{Area, BooleanOps, BoundingRect, Coord, Intersects, LineString, Polygon};

/// A detected interior is the room of a face from this overlap of areas over union on.
const SAME_ROOM_IOU: f64 = 0.4;
/// An open room may lie in closed ones with at most this share of its area.
const MAX_SHARED: f64 = 0.3;
/// Ceilings of one storey that differ by less are level, metres (noise of height estimates).
const LEVEL_M: f64 = 0.12;
/// A wall this near and parallel to an outline's edge is its wall, metres.
const NEAR_WALL_M: f64 = 0.4;
/// Largest sine between such a wall and the edge (14°).
const NEAR_WALL_SINE: f64 = 0.25;
/// Shorter stretches of an open outline are not cut out, metres.
const MIN_STRETCH_M: f64 = 0.05;
/// Confidence of a room that was not closed and that no detector named.
const HULL_CONFIDENCE: f64 = 0.2;

/// A polygon for `geo`.
pub(crate) fn geo_polygon(points: &[Vec2]) -> Polygon<f64> {
    Polygon::new(LineString::new(points.iter().map(|p| Coord { x: p.x, y: p.y }).collect()), Vec::new())
}

/// Walls and rooms of the scene.
pub(crate) fn rooms(graph: &WallGraph, clean: &Clean, findings: &mut Findings) -> (Vec<Wall>, Vec<Room>) {
    let mut walls: Vec<Wall> = (0..graph.edges.len()).map(|edge| wall_of(graph, edge)).collect();
    let faces = faces(graph);
    let polygons: Vec<Polygon<f64>> = faces.iter().map(|face| geo_polygon(&face.polygon(graph))).collect();
    let interiors: Vec<Polygon<f64>> = clean
        .rooms
        .iter()
        .map(|room| geo_polygon(&room.polygon.iter().map(|&p| Vec2::from(p)).collect::<Vec<_>>()))
        .collect();
    let overlap = |p: &Polygon<f64>, q: &Polygon<f64>| {
        let apart = match (p.bounding_rect(), q.bounding_rect()) {
            (Some(p), Some(q)) => !p.intersects(&q),
            _ => true,
        };
        if apart { 0.0 } else { p.intersection(q).unsigned_area() }
    };
    let iou = |p: &Polygon<f64>, q: &Polygon<f64>| {
        let shared = overlap(p, q);
        shared / (p.unsigned_area() + q.unsigned_area() - shared).max(1e-9)
    };
    let mut rooms = Vec::new();
    for (face, polygon) in faces.iter().zip(&polygons) {
        let detected = interiors
            .iter()
            .enumerate()
            .map(|(k, interior)| (iou(polygon, interior), k))
            .filter(|&(score, _)| score >= SAME_ROOM_IOU)
            .max_by(|p, q| p.0.total_cmp(&q.0))
            .map(|(_, k)| &clean.rooms[k]);
        rooms.push(closed_room(graph, face, detected, RoomId(rooms.len() as u32)));
    }
    for (detected, interior) in clean.rooms.iter().zip(&interiors) {
        let matched = polygons.iter().any(|polygon| iou(polygon, interior) >= SAME_ROOM_IOU);
        let shared: f64 = polygons.iter().map(|polygon| overlap(polygon, interior)).sum();
        if matched || shared > MAX_SHARED * interior.unsigned_area() {
            continue;
        }
        let outline: Vec<Vec2> = detected.polygon.iter().map(|&p| Vec2::from(p)).collect();
        rooms.extend(open_room(&walls, &outline, Some(detected), RoomId(rooms.len() as u32), findings));
    }
    let known: Vec<Vec<Vec2>> =
        rooms.iter().map(|room| room.polygon.iter().map(|&p| Vec2::from(p)).collect()).collect();
    for outline in beyond_closed_rooms(graph, &faces, &known, clean) {
        rooms.extend(open_room(&walls, &outline, None, RoomId(rooms.len() as u32), findings));
    }
    if rooms.is_empty() {
        let mut seen: Vec<Vec2> = walls.iter().flat_map(|w| [Vec2::from(w.a), Vec2::from(w.b)]).collect();
        seen.extend(clean.objects.iter().flat_map(|object| object.shape.footprint()));
        rooms.extend(open_room(&walls, &convex_hull(&seen), None, RoomId(0), findings));
    }
    level_ceilings(&mut rooms, &mut walls);
    attach_walls(&mut walls, &rooms);
    for room in &mut rooms {
        room.area_m2 = signed_area(&room_floor(room, &walls)).max(0.0);
    }
    (walls, rooms)
}

fn wall_of(graph: &WallGraph, edge: usize) -> Wall {
    let (a, b) = graph.segment(edge);
    let source = &graph.edges[edge];
    Wall {
        id: WallId(edge as u32),
        a: [a.x, a.y],
        b: [b.x, b.y],
        base_z: 0.0,
        height: source.height,
        thickness: source.thickness,
        rooms: Vec::new(),
        evidence: source.evidence,
    }
}

fn closed_room(graph: &WallGraph, face: &Face, detected: Option<&DraftRoom>, id: RoomId) -> Room {
    let (mut length, mut confidence, mut observed) = (0.0, 0.0, 0.0);
    let (mut sigma, mut inferred) = (0.0f64, false);
    let mut heights = Vec::new();
    for &edge in &face.edges {
        let (l, evidence) = (graph.length(edge), &graph.edges[edge].evidence);
        length += l;
        confidence += l * evidence.confidence;
        observed += l * evidence.observed_fraction;
        sigma = sigma.max(evidence.sigma_m);
        inferred |= graph.edges[edge].is_inferred();
        if !graph.edges[edge].is_inferred() {
            // The median of the heights, each counted once per decimetre of wall.
            heights
                .extend(std::iter::repeat_n(graph.edges[edge].height, (10.0 * l).clamp(1.0, 500.0) as usize));
        }
    }
    let ceiling = detected.and_then(|room| room.ceiling_z).filter(|z| z.is_finite() && *z > 0.5 && *z < 20.0);
    let source = if inferred { Source::Inferred } else { graph.edges[face.edges[0]].evidence.source };
    Room {
        id,
        kind: "unknown".to_owned(),
        polygon: face.polygon(graph).iter().map(|p| [p.x, p.y]).collect(),
        walls: face.edges.iter().map(|&edge| Some(WallId(edge as u32))).collect(),
        ceiling_z: ceiling.or_else(|| median(&heights)).unwrap_or(graph.edges[face.edges[0]].height),
        area_m2: face.area,
        evidence: Evidence {
            confidence: confidence / length,
            sigma_m: sigma,
            observed_fraction: observed / length,
            source,
        },
    }
}

/// A room whose outline is moved onto the walls near it and stays open elsewhere.
fn open_room(
    walls: &[Wall],
    outline: &[Vec2],
    detected: Option<&DraftRoom>,
    id: RoomId,
    findings: &mut Findings,
) -> Option<Room> {
    let mut outline = outline.to_vec();
    outline.dedup_by(|p, q| (*p - *q).norm() < MIN_STRETCH_M);
    if outline.len() < 3 {
        return None;
    }
    if signed_area(&outline) < 0.0 {
        outline.reverse();
    }
    let outline = onto_walls(walls, &outline);
    if signed_area(&outline) < 1e-3 {
        return None;
    }
    let (mut polygon, mut edge_walls) = (Vec::new(), Vec::new());
    let (mut open, mut total) = (0.0, 0.0);
    for i in 0..outline.len() {
        let (p, q) = (outline[i], outline[(i + 1) % outline.len()]);
        for (from, to, wall) in stretches(walls, p, q) {
            let length = (to - from).norm();
            total += length;
            if wall.is_none() {
                open += length;
            }
            polygon.push([from.x, from.y]);
            edge_walls.push(wall);
        }
    }
    let heights: Vec<f64> = walls.iter().map(|wall| wall.height).collect();
    let ceiling = detected.and_then(|room| room.ceiling_z).filter(|z| z.is_finite() && *z > 0.5 && *z < 20.0);
    if open > MIN_STRETCH_M {
        findings.unresolved(
            "room-unclosed",
            vec![id.into()],
            format!("{open:.2} m of the {total:.2} m round {id} are open: no wall was seen there"),
            Some(open),
        );
    }
    Some(Room {
        id,
        kind: "unknown".to_owned(),
        polygon,
        walls: edge_walls,
        ceiling_z: ceiling.or_else(|| median(&heights)).unwrap_or(2.5),
        area_m2: 0.0,
        evidence: Evidence {
            confidence: detected.map_or(HULL_CONFIDENCE, |room| room.confidence),
            sigma_m: 0.3,
            observed_fraction: 1.0 - open / total.max(1e-9),
            source: Source::Detected,
        },
    })
}

/// Moves every edge of the outline that has a wall near it onto that wall's centre line.
fn onto_walls(walls: &[Wall], outline: &[Vec2]) -> Vec<Vec2> {
    let n = outline.len();
    let lines: Vec<(Vec2, Vec2)> = (0..n)
        .map(|i| {
            let (p, q) = (outline[i], outline[(i + 1) % n]);
            nearest_wall(walls, p, q).map_or((p, q), |wall| (Vec2::from(wall.a), Vec2::from(wall.b)))
        })
        .collect();
    (0..n)
        .map(|i| {
            let (before, after) = (lines[(i + n - 1) % n], lines[i]);
            let corner = line_crossing(before.0, before.1, after.0, after.1)
                .map(|(t, _)| before.0 + (before.1 - before.0) * t)
                .filter(|p| (p - outline[i]).norm() < 2.0 * NEAR_WALL_M);
            corner.unwrap_or_else(|| {
                let d = (after.1 - after.0).normalize();
                after.0 + d * d.dot(&(outline[i] - after.0))
            })
        })
        .collect()
}

fn nearest_wall(walls: &[Wall], p: Vec2, q: Vec2) -> Option<&Wall> {
    let along = (q - p).try_normalize(1e-9)?;
    let normal = perp(along);
    walls
        .iter()
        .filter_map(|wall| {
            let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
            let direction = (b - a).try_normalize(1e-9)?;
            let offset = normal.dot(&(0.5 * (a + b) - p)).abs();
            let (u, v) = (along.dot(&(a - p)), along.dot(&(b - p)));
            let shared = u.max(v).min((q - p).norm()) - u.min(v).max(0.0);
            (normal.dot(&direction).abs() < NEAR_WALL_SINE && offset < NEAR_WALL_M && shared > 0.2)
                .then_some((shared - offset, wall))
        })
        .max_by(|x, y| x.0.total_cmp(&y.0))
        .map(|(_, wall)| wall)
}

/// The edge p → q cut where walls on its line begin and end.
fn stretches(walls: &[Wall], p: Vec2, q: Vec2) -> Vec<(Vec2, Vec2, Option<WallId>)> {
    let length = (q - p).norm();
    let Some(along) = (q - p).try_normalize(1e-9) else { return Vec::new() };
    let mut covered: Vec<(f64, f64, WallId)> = walls
        .iter()
        .filter_map(|wall| {
            let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
            let off = |point: Vec2| perp(along).dot(&(point - p)).abs();
            let (u, v) = (along.dot(&(a - p)), along.dot(&(b - p)));
            let (u, v) = (u.min(v).max(0.0), u.max(v).min(length));
            (off(a) < 1e-3 && off(b) < 1e-3 && v - u > MIN_STRETCH_M).then_some((u, v, wall.id))
        })
        .collect();
    covered.sort_by(|x, y| x.0.total_cmp(&y.0));
    let mut out = Vec::new();
    let mut at = 0.0;
    for (u, v, wall) in covered {
        if v <= at {
            continue;
        }
        let u = if u - at > MIN_STRETCH_M {
            out.push((p + along * at, p + along * u, None));
            u
        } else {
            at
        };
        out.push((p + along * u, p + along * v, Some(wall)));
        at = v;
    }
    if length - at > MIN_STRETCH_M || out.is_empty() {
        out.push((p + along * at, q, None));
    }
    out
}

/// Makes nearly level ceilings level and lets every wall reach the higher of its rooms' ceilings.
fn level_ceilings(rooms: &mut [Room], walls: &mut [Wall]) {
    let ceilings: Vec<f64> = rooms.iter().map(|room| room.ceiling_z).collect();
    let Some(common) = median(&ceilings) else { return };
    for room in rooms.iter_mut().filter(|room| (room.ceiling_z - common).abs() < LEVEL_M) {
        room.ceiling_z = common;
    }
    for wall in walls.iter_mut() {
        let bounds = rooms.iter().filter(|room| room.walls.contains(&Some(wall.id)));
        let highest = bounds.map(|room| room.ceiling_z).fold(f64::NEG_INFINITY, f64::max);
        if highest.is_finite() {
            wall.height = highest;
        } else if (wall.height - common).abs() < LEVEL_M {
            wall.height = common;
        }
    }
}

/// Names the rooms on both sides of every wall.
fn attach_walls(walls: &mut [Wall], rooms: &[Room]) {
    for wall in walls.iter_mut() {
        wall.rooms =
            rooms.iter().filter(|r| r.walls.contains(&Some(wall.id))).map(|r| r.id).take(2).collect();
        if wall.rooms.is_empty() {
            let middle = 0.5 * (Vec2::from(wall.a) + Vec2::from(wall.b));
            let around = rooms.iter().find(|room| {
                let polygon: Vec<Vec2> = room.polygon.iter().map(|&p| Vec2::from(p)).collect();
                contains(&polygon, middle)
            });
            wall.rooms.extend(around.map(|room| room.id));
        }
    }
}
