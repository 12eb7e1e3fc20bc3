//! The floor between the faces of the walls.
//!
//! A room's polygon runs along the centre lines; its floor is that polygon with every edge moved in
//! by half of its wall's thickness (not at all where the room is open). Frame: plan, metres.

use crate::math::Vec2;
use crate::physics::geometry::{cross, line_crossing, perp, signed_area};
use crate::scene::{Room, Wall};

/// Below this sine two edges run in line and share their offset (0.6°).
const IN_LINE_SINE: f64 = 0.01;

/// The polygon with edge i moved in by `insets[i]`; empty when nothing is left.
pub(crate) fn inset(polygon: &[Vec2], insets: &[f64]) -> Vec<Vec2> {
    let n = polygon.len();
    let edge = |i: usize| (polygon[(i + 1) % n] - polygon[i]).try_normalize(1e-12);
    let mut out = Vec::with_capacity(n);
    for i in 0..n {
        let previous = (i + n - 1) % n;
        let (Some(d0), Some(d1)) = (edge(previous), edge(i)) else { continue };
        let p0 = polygon[i] + perp(d0) * insets[previous];
        let p1 = polygon[i] + perp(d1) * insets[i];
        if cross(d0, d1).abs() < IN_LINE_SINE {
            out.push(p0);
            if (p0 - p1).norm() > 1e-9 {
                out.push(p1);
            }
        } else if let Some((t, _)) = line_crossing(p0, p0 + d0, p1, p1 + d1) {
            out.push(p0 + d0 * t);
        }
    }
    if out.len() >= 3 && signed_area(&out) > 0.0 { out } else { Vec::new() }
}

/// The floor of a room inside its wall faces.
pub(crate) fn room_floor(room: &Room, walls: &[Wall]) -> Vec<Vec2> {
    let polygon: Vec<Vec2> = room.polygon.iter().map(|&p| Vec2::from(p)).collect();
    let insets: Vec<f64> = room
        .walls
        .iter()
        .map(|id| {
            id.and_then(|id| walls.iter().find(|wall| wall.id == id)).map_or(0.0, |wall| 0.5 * wall.thickness)
        })
        .collect();
    if insets.len() == polygon.len() { inset(&polygon, &insets) } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_l_shaped_floor_loses_its_walls() {
        let polygon: Vec<Vec2> = [(0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (2.0, 2.0), (2.0, 4.0), (0.0, 4.0)]
            .iter()
            .map(|&(x, y)| Vec2::new(x, y))
            .collect();
        let floor = inset(&polygon, &[0.1; 6]);
        assert_eq!(floor.len(), 6);
        // 12 m² less 0.1 m along 16 m of outline, plus five convex and one reflex corner.
        assert!((signed_area(&floor) - (12.0 - 1.6 + 5.0 * 0.01 - 0.01)).abs() < 1e-9);
    }
}
