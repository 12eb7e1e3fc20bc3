//! Places beyond the closed rooms: a room whose walls were not all seen, or things that are not there.
//!
//! Takes what lies outside of all faces, walls that bound no room and objects, in clusters; gives the
//! outline of each cluster that is likely to be a place. What may hang on the near side of a wall says
//! nothing of the far side. A wall that goes on beyond what was seen has a
//! room beside it, and one thing there is enough. Otherwise boxes decide by their confidences, which
//! are independent: with a wall that ends there two of them must be real, without any wall three, to a
//! probability of [`MIN_PROBABILITY`]. What is no place is left to stage 7, which takes boxes outside of
//! closed rooms out, with a finding each.

use super::close::MAX_LOOSE_SIGMA_M;
use super::faces::Face;
use super::graph::WallGraph;
use super::rooms::geo_polygon;
use crate::math::Vec2;
use crate::physics::clean::{Clean, CleanObject};
use crate::physics::geometry::{boundary_distance, bounds, bounds_meet, contains, convex_hull};
use geo::{Area, BooleanOps};

/// Things nearer to one another than this are in one place, metres.
const SAME_PLACE_M: f64 = 1.2;
/// So many boxes must be real beside a wall that ends where it was seen to end, and without a wall.
const MIN_REAL: usize = 2;
const MIN_REAL_ALONE: usize = 3;
/// Probability to which they must be: two boxes of confidence 0.85 pass, two of 0.8 do not.
const MIN_PROBABILITY: f64 = 0.7;
/// Shorter loose walls are ends that stick out of their corner, metres.
const MIN_LOOSE_WALL_M: f64 = 0.8;
/// Smaller leftovers are gaps, not rooms, square metres.
const MIN_OPEN_AREA_M2: f64 = 1.5;

/// Outlines of the places beyond the closed rooms that are likely to be there. None when no room is
/// closed at all.
pub(super) fn beyond_closed_rooms(
    graph: &WallGraph,
    faces: &[Face],
    known: &[Vec<Vec2>],
    clean: &Clean,
) -> Vec<Vec<Vec2>> {
    if faces.is_empty() {
        return Vec::new();
    }
    let outside = |point: Vec2| !known.iter().any(|room| contains(room, point));
    // Clusters of points: each loose wall and each object outside, joined when near.
    let mut groups: Vec<Seen> = Vec::new();
    let walls = (0..graph.edges.len())
        .filter(|edge| !faces.iter().any(|face| face.edges.contains(edge)))
        .filter(|&edge| graph.length(edge) >= MIN_LOOSE_WALL_M)
        .map(|edge| (edge, <[Vec2; 2]>::from(graph.segment(edge))))
        .filter(|(_, ends)| outside(0.5 * (ends[0] + ends[1])))
        .map(|(edge, ends)| {
            let goes_on = graph.edges[edge].nodes.iter().any(|&n| graph.loose_sigma[n] > MAX_LOOSE_SIGMA_M);
            Seen::new(ends.to_vec(), if goes_on { Wall::GoesOn } else { Wall::Ends }, Vec::new())
        });
    let beyond = |object: &&CleanObject| object.side_is_known() && outside(object.shape.plan());
    let objects = clean.objects.iter().filter(beyond).map(|object| {
        let confidence = vec![object.evidence.confidence];
        Seen::new(object.shape.footprint().to_vec(), Wall::None, confidence)
    });
    for seen in walls.chain(objects) {
        let (near, rest): (Vec<Seen>, Vec<Seen>) = groups.into_iter().partition(|other| seen.is_near(other));
        groups = rest;
        groups.push(near.into_iter().fold(seen, Seen::joined));
    }
    groups
        .into_iter()
        .filter(|seen| seen.hull.len() >= 3 && seen.is_a_place())
        .map(|seen| seen.hull)
        .filter_map(|hull| {
            let mut left = geo::MultiPolygon::from(geo_polygon(&hull));
            for room in known {
                left = left.difference(&geo_polygon(room));
            }
            let largest = left.into_iter().max_by(|p, q| p.unsigned_area().total_cmp(&q.unsigned_area()))?;
            let mut ring: Vec<Vec2> = largest.exterior().coords().map(|c| Vec2::new(c.x, c.y)).collect();
            ring.pop();
            (largest.unsigned_area() > MIN_OPEN_AREA_M2).then_some(ring)
        })
        .collect()
}

/// Walls and objects in one place, as the hull of their corners.
struct Seen {
    hull: Vec<Vec2>,
    bounds: (Vec2, Vec2),
    wall: Wall,
    /// Confidences of the objects.
    objects: Vec<f64>,
}

/// What the walls of a place say; the later says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wall {
    /// There is none.
    None,
    /// It ends where it was seen to end.
    Ends,
    /// It goes on beyond what was seen.
    GoesOn,
}

impl Seen {
    fn new(points: Vec<Vec2>, wall: Wall, objects: Vec<f64>) -> Self {
        let hull = convex_hull(&points);
        let (low, high) = bounds(&hull);
        Self { hull, bounds: (low.add_scalar(-SAME_PLACE_M), high), wall, objects }
    }

    fn joined(self, other: Self) -> Self {
        let points = [self.hull, other.hull].concat();
        Self::new(points, self.wall.max(other.wall), [self.objects, other.objects].concat())
    }

    fn is_a_place(&self) -> bool {
        match self.wall {
            Wall::GoesOn => !self.objects.is_empty(),
            Wall::Ends => probability_of_at_least(MIN_REAL, &self.objects) >= MIN_PROBABILITY,
            Wall::None => probability_of_at_least(MIN_REAL_ALONE, &self.objects) >= MIN_PROBABILITY,
        }
    }

    fn is_near(&self, other: &Self) -> bool {
        let to = |points: &[Vec2], outline: &[Vec2]| {
            let distance = |&point: &Vec2| {
                if contains(outline, point) { 0.0 } else { boundary_distance(outline, point) }
            };
            points.iter().map(distance).fold(f64::INFINITY, f64::min)
        };
        bounds_meet(&self.bounds, &other.bounds)
            && to(&self.hull, &other.hull).min(to(&other.hull, &self.hull)) < SAME_PLACE_M
    }
}

/// Probability that at least `count` of independent things are real (Poisson's binomial).
fn probability_of_at_least(count: usize, confidences: &[f64]) -> f64 {
    // exactly[k]: so far k are real; all above the count together in the last entry.
    let mut exactly = vec![0.0; count + 1];
    exactly[0] = 1.0;
    for p in confidences {
        for k in (0..=count).rev() {
            let stays = if k == count { 1.0 } else { 1.0 - p };
            let rises = if k > 0 { exactly[k - 1] * p } else { 0.0 };
            exactly[k] = exactly[k] * stays + rises;
        }
    }
    exactly[count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_of_coins() {
        assert!((probability_of_at_least(2, &[0.5; 3]) - 0.5).abs() < 1e-12);
        assert!((probability_of_at_least(1, &[0.2, 0.3]) - 0.44).abs() < 1e-12);
        assert_eq!(probability_of_at_least(2, &[0.9]), 0.0);
    }
}
