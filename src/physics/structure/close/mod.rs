//! Walls that nobody saw but that must be there.
//!
//! Takes the wall graph and hints of where people or things were (object centres, detected room
//! interiors), adds edges of source `Inferred` where they close a room that is almost closed:
//! straight between two corners, round one missing corner, or on to the next wall ([`candidates`]),
//! alone, two at once or in a chain of three ([`sets`]). A candidate is taken only if it crosses nothing (nor the way of the camera),
//! is not too long, the new room has a plausible area, enough of its outline was seen, and either a
//! wall ends free there or a hint lies inside ([`attempt`]). The one that leaves the least of its room
//! unseen, takes in most of what stands about and cuts through the fewest things comes first; one wall
//! is likelier than two or three, and a wall that ends where it was seen to end is likelier than one
//! that goes on.
//! Ends that lie beyond what was observed (large sigma) close nothing: the room goes on there.

mod attempt;
mod candidates;
mod grid;
mod sets;

pub(super) use candidates::MAX_LOOSE_SIGMA_M;

use super::faces::faces;
use super::graph::WallGraph;
use crate::math::Vec2;
use crate::physics::Options;
use crate::physics::findings::Findings;
use crate::physics::geometry::{UprightBox, line_crossing};
use attempt::{apply, attempt, is_free_alone};
use candidates::{Closing, candidates};
use grid::{CELL_M, Grid};
use sets::sets;

/// Larger graphs are no dwelling and are left as they are.
const MAX_EDGES: usize = 5000;
/// Most rounds in one scene; each takes all closings that do not touch one another.
const MAX_ROUNDS: usize = 60;
/// Most pieces of wall that all attempts in one scene look at (about 10 s; the drafts of the tests need up to
/// 0.2 million). Where walls cross in their dozens, attempts and the walls near each grow alike.
const MAX_WORK: usize = 10_000_000;

/// Where people or things were.
pub(crate) struct Places<'a> {
    /// Points that must lie in a room.
    pub inside: &'a [Vec2],
    /// Boxes of the things at the first of those points.
    pub bodies: &'a [UprightBox],
    /// The way of the camera: no unseen wall stands across it.
    pub camera_path: &'a [Vec2],
}

impl Places<'_> {
    /// The camera went through the segment a–b.
    fn walked_through(&self, a: Vec2, b: Vec2) -> bool {
        let on = |share: f64| (0.0..=1.0).contains(&share);
        self.camera_path
            .windows(2)
            .any(|step| line_crossing(a, b, step[0], step[1]).is_some_and(|(s, t)| on(s) && on(t)))
    }
}

/// Adds inferred walls until nothing reasonable is left.
pub(crate) fn close_rooms(
    graph: &mut WallGraph,
    places: &Places<'_>,
    options: &Options,
    findings: &mut Findings,
) {
    if graph.edges.len() > MAX_EDGES {
        findings.note(
            "closing-skipped",
            Vec::new(),
            format!(
                "{} wall pieces are too many to look for missing ones (limit {MAX_EDGES})",
                graph.edges.len()
            ),
            None,
        );
        return;
    }
    // Where walls were added in the last round: only there anything can be new. All at first.
    let mut changed: Option<Vec<Vec2>> = None;
    let mut work = 0;
    for _ in 0..MAX_ROUNDS {
        let is_new = |closing: &Closing| {
            let place = graph.nodes[closing.from];
            changed.as_ref().is_none_or(|places| is_near(places, place))
        };
        let mut grid = Grid::new(graph, places.inside);
        let mut candidates = candidates((graph, &grid), &faces(graph), places.inside, options);
        candidates.retain(is_new);
        let looks = |closing: &Closing| grid.count_near(graph.nodes[closing.from]);
        work += candidates.iter().map(looks).sum::<usize>();
        if work > MAX_WORK {
            return stopped(work, findings);
        }
        let is_possible = |closing: &Closing| is_free_alone((graph, &grid), closing, places);
        let sets = sets(graph, candidates, is_possible);
        work += sets.iter().map(|closings| looks(&closings[0])).sum::<usize>();
        if work > MAX_WORK {
            return stopped(work, findings);
        }
        let mut possible: Vec<(f64, Vec<Closing>)> = sets
            .into_iter()
            .filter_map(|closings| {
                Some((attempt((graph, &grid), &closings, places, options)?.score, closings))
            })
            .collect();
        possible.sort_by(|p, q| p.0.total_cmp(&q.0));
        // The best first; each later one must still be possible beside those taken before it.
        let mut taken: Vec<Vec2> = Vec::new();
        let mut used: Vec<usize> = Vec::new();
        for (_, closings) in possible {
            // A closed end is loose no more, and a wall that was split is another one. What much speaks
            // against is a last resort: another round may offer a better way there.
            let place = graph.nodes[closings[0].from];
            let waits = closings.iter().any(|c| c.end_node().is_none() || c.is_doubtful());
            let ends: Vec<usize> = closings.iter().flat_map(Closing::nodes).collect();
            if (waits && is_near(&taken, place)) || ends.iter().any(|node| used.contains(node)) {
                continue;
            }
            if let Some(found) = attempt((graph, &grid), &closings, places, options) {
                apply(graph, &closings, found.unseen_share);
                grid = Grid::new(graph, places.inside);
                used.extend(ends);
                taken.push(place);
            }
        }
        if taken.is_empty() {
            return;
        }
        changed = Some(taken);
    }
}

/// The search for missing walls ends here: there are too many ways to close something.
fn stopped(work: usize, findings: &mut Findings) {
    let message = format!(
        "missing walls were not looked for to the end: {work} looks at pieces of wall would be needed (limit \
         {MAX_WORK}), so many walls end or cross there"
    );
    findings.note("closing-stopped", Vec::new(), message, None);
}

/// One of the places is so near that a wall there bears on this one.
fn is_near(places: &[Vec2], to: Vec2) -> bool {
    places.iter().any(|place| (place - to).norm() < 2.0 * CELL_M)
}
