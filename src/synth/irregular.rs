//! Edits that make a plan less regular: slanted walls, chamfered and notched corners, alcoves.
//!
//! Every edit is kept only when [`FloorPlan::is_valid`] still holds. Plan coordinates, metres.

use super::plan::{FloorPlan, PlanOptions};
use super::polygon::{distance, towards};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

impl FloorPlan {
    pub(super) fn make_irregular(&mut self, rng: &mut ChaCha8Rng, options: &PlanOptions) {
        if rng.random_bool(options.oblique_share) {
            self.try_edit(|plan| plan.slant_line(rng));
        }
        for _ in 0..self.rooms.len() {
            if rng.random_bool(options.alcove_share) {
                let choice = rng.random_range(0..4);
                self.try_edit(|plan| match choice {
                    0 => plan.cut_corner(rng, true),
                    1 => plan.add_alcove(rng),
                    _ => plan.cut_corner(rng, false),
                });
            } else if rng.random_bool(options.oblique_share * 0.4) {
                self.try_edit(|plan| plan.cut_corner(rng, true));
            }
        }
    }

    /// Applies an edit and keeps it only when the plan stays valid.
    fn try_edit(&mut self, edit: impl FnOnce(&mut Self)) {
        let before = self.clone();
        edit(self);
        self.rebuild_walls();
        if !self.is_valid() {
            *self = before;
        }
    }

    /// Slants one straight line of walls; walls that end on it only grow or shrink.
    fn slant_line(&mut self, rng: &mut ChaCha8Rng) {
        let wall = rng.random_range(0..self.walls.len());
        let (a, b) = self.wall_ends(wall);
        let vertical = (a[0] - b[0]).abs() < 1e-9;
        let (across, along) = if vertical { (0, 1) } else { (1, 0) };
        let line = a[across];
        // Only the connected stretch of collinear walls moves.
        let mut stretch = vec![self.walls[wall].a, self.walls[wall].b];
        loop {
            let grown: Vec<usize> = self
                .walls
                .iter()
                .filter(|w| {
                    (self.nodes[w.a][across] - line).abs() < 1e-9
                        && (self.nodes[w.b][across] - line).abs() < 1e-9
                })
                .filter(|w| stretch.contains(&w.a) != stretch.contains(&w.b))
                .flat_map(|w| [w.a, w.b])
                .collect();
            if grown.is_empty() {
                break;
            }
            stretch.extend(grown);
            stretch.sort_unstable();
            stretch.dedup();
        }
        let middle = 0.5 * (a[along] + b[along]);
        let slope = rng.random_range(0.06..0.3) * if rng.random_bool(0.5) { 1.0 } else { -1.0 };
        for node in stretch {
            let offset = slope * (self.nodes[node][along] - middle);
            self.nodes[node][across] += offset;
        }
    }

    /// Takes a corner of the outer outline away: by a slanted wall, or by a rectangular notch.
    fn cut_corner(&mut self, rng: &mut ChaCha8Rng, slanted: bool) {
        let corners: Vec<(usize, usize)> = self.outer_convex_corners();
        if corners.is_empty() {
            return;
        }
        let (room, i) = corners[rng.random_range(0..corners.len())];
        let loop_nodes = self.rooms[room].nodes.clone();
        let count = loop_nodes.len();
        let corner = self.nodes[loop_nodes[i]];
        let before = self.nodes[loop_nodes[(i + count - 1) % count]];
        let after = self.nodes[loop_nodes[(i + 1) % count]];
        let (to_before, to_after) = (distance(corner, before), distance(corner, after));
        let cut = |rng: &mut ChaCha8Rng, length: f64| rng.random_range(0.25..0.55) * length;
        let (c0, c1) = (cut(rng, to_before), cut(rng, to_after));
        let p = towards(corner, before, c0);
        let q = towards(corner, after, c1);
        let mut new_nodes = vec![p];
        if !slanted {
            new_nodes.push([p[0] + q[0] - corner[0], p[1] + q[1] - corner[1]]);
        }
        new_nodes.push(q);
        let first = self.nodes.len();
        let ids: Vec<usize> = (0..new_nodes.len()).map(|k| first + k).collect();
        self.nodes.extend(new_nodes);
        self.rooms[room].nodes.splice(i..=i, ids);
    }

    /// (room, position in its loop) of convex corners that only one room has.
    fn outer_convex_corners(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (room, plan_room) in self.rooms.iter().enumerate() {
            let count = plan_room.nodes.len();
            for i in 0..count {
                let node = plan_room.nodes[i];
                let owners = self.rooms.iter().filter(|r| r.nodes.contains(&node)).count();
                let p = self.nodes[plan_room.nodes[(i + count - 1) % count]];
                let (c, q) = (self.nodes[node], self.nodes[plan_room.nodes[(i + 1) % count]]);
                let cross = (c[0] - p[0]) * (q[1] - c[1]) - (c[1] - p[1]) * (q[0] - c[0]);
                if owners == 1 && cross > 1e-6 && distance(p, c) > 1.8 && distance(c, q) > 1.8 {
                    found.push((room, i));
                }
            }
        }
        found
    }

    /// Pushes the middle of an outer wall out of its room.
    fn add_alcove(&mut self, rng: &mut ChaCha8Rng) {
        let long: Vec<usize> = (0..self.walls.len())
            .filter(|&w| self.walls[w].right.is_none() && self.wall_length(w) > 2.4)
            .collect();
        if long.is_empty() {
            return;
        }
        let wall_idx = long[rng.random_range(0..long.len())];
        let wall = self.walls[wall_idx];
        let length = self.wall_length(wall_idx);
        let width = rng.random_range(0.9..length - 1.3);
        let start = rng.random_range(0.6..length - width - 0.55);
        let depth = rng.random_range(0.4..0.8);
        let (direction, normal) = self.wall_axes(wall_idx);
        let a = self.nodes[wall.a];
        let at = |along: f64, out: f64| {
            [a[0] + direction[0] * along - normal[0] * out, a[1] + direction[1] * along - normal[1] * out]
        };
        let first = self.nodes.len();
        self.nodes.extend([
            at(start, 0.0),
            at(start, depth),
            at(start + width, depth),
            at(start + width, 0.0),
        ]);
        let ids: Vec<usize> = (first..first + 4).collect();
        let nodes = &mut self.rooms[wall.left].nodes;
        let Some(position) = nodes.iter().position(|&n| n == wall.a) else { return };
        nodes.splice(position + 1..position + 1, ids);
    }
}
