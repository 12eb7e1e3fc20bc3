//! Which closings are tried together.
//!
//! Takes the closings that are possible, gives each one alone, the shortest two by two, and chains of
//! two or three from one group of joined walls to the next until they are back at the first. Where a
//! room lacks several walls, none of them closes it alone. A chain is walked from end to end with few
//! ways on from each end, nearest first, so that the search stays linear in the number of ends.

use super::super::graph::WallGraph;
use super::candidates::Closing;
use crate::math::Vec2;
use crate::physics::geometry::line_crossing;
use std::collections::BTreeMap;

/// Closings that each one is paired with, shortest first.
const MAX_PAIRED: usize = 28;
/// Closings that start farther apart close no common room, metres.
const REACH_M: f64 = 12.0;
/// Ways on from each end of a wall that chains may take, nearest first.
const MAX_LINKS_AT_END: usize = 5;
/// A way in a direction that no wall there has counts as so many times its length.
const OBLIQUE_DETOUR: f64 = 2.0;
/// Chains that are tried from each way on, shortest first.
const MAX_CHAINS_OF_LINK: usize = 24;

/// Sets of closings to try; `is_possible` tells whether one stands free by itself.
pub(super) fn sets(
    graph: &WallGraph,
    closings: Vec<Closing>,
    is_possible: impl Fn(&Closing) -> bool,
) -> Vec<Vec<Closing>> {
    let mut all = pairs(graph, &closings);
    all.extend(chains(graph, &closings, is_possible));
    all.extend(closings.into_iter().map(|closing| vec![closing]));
    all
}

fn pairs(graph: &WallGraph, closings: &[Closing]) -> Vec<Vec<Closing>> {
    let at_ends: Vec<&Closing> =
        closings.iter().filter(|c| c.end_node().is_some() && !c.needs_hint).collect();
    let mut all: Vec<Vec<Closing>> = Vec::new();
    for (k, a) in at_ends.iter().enumerate() {
        let near = |b: &&&Closing| (graph.nodes[a.from] - graph.nodes[b.from]).norm() < REACH_M;
        for b in at_ends[k + 1..].iter().filter(near).take(MAX_PAIRED) {
            if !a.nodes().any(|node| b.nodes().any(|other| other == node)) {
                all.push(vec![(*a).clone(), (*b).clone()]);
            }
        }
    }
    all
}

/// A straight closing between two groups of joined walls.
struct Link<'a> {
    closing: &'a Closing,
    nodes: [usize; 2],
    groups: [usize; 2],
}

impl Link<'_> {
    /// The group that it leads to from one of its groups.
    fn beyond(&self, group: usize) -> usize {
        if self.groups[0] == group { self.groups[1] } else { self.groups[0] }
    }

    /// Both may belong to one chain: they share no end and do not cross.
    fn goes_with(&self, other: &Self, graph: &WallGraph) -> bool {
        let at = |link: &Self| link.nodes.map(|node| graph.nodes[node]);
        let ([a, b], [c, d]): ([Vec2; 2], [Vec2; 2]) = (at(self), at(other));
        let on = |share: f64| (0.0..=1.0).contains(&share);
        !self.nodes.iter().any(|node| other.nodes.contains(node))
            && line_crossing(a, b, c, d).is_none_or(|(s, t)| !on(s) || !on(t))
    }
}

/// Chains of two or three closings that lead back to where they started. Something that stands about
/// must ask for them. Two closings at free ends are a pair already.
fn chains(
    graph: &WallGraph,
    closings: &[Closing],
    is_possible: impl Fn(&Closing) -> bool,
) -> Vec<Vec<Closing>> {
    let links = links(graph, closings, is_possible);
    let mut at: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, link) in links.iter().enumerate() {
        link.groups.iter().for_each(|&group| at.entry(group).or_default().push(number));
    }
    let mut all = Vec::new();
    // Every chain is walked once, from its nearest link on.
    for (first, link) in links.iter().enumerate() {
        let [start, next] = link.groups;
        let mut found: Vec<Vec<usize>> = Vec::new();
        for &second in at[&next].iter().filter(|&&second| second > first) {
            if !links[second].goes_with(link, graph) {
                continue;
            }
            let last = links[second].beyond(next);
            if last == start {
                if link.closing.needs_hint || links[second].closing.needs_hint {
                    found.push(vec![first, second]);
                }
                continue;
            }
            let leads_back = |third: usize| {
                third > first
                    && links[third].beyond(last) == start
                    && links[third].goes_with(link, graph)
                    && links[third].goes_with(&links[second], graph)
            };
            let thirds = at[&last].iter().copied().filter(|&third| leads_back(third));
            found.extend(thirds.map(|third| vec![first, second, third]));
        }
        let length = |chain: &Vec<usize>| chain.iter().map(|&k| links[k].closing.length).sum::<f64>();
        found.sort_by(|p, q| length(p).total_cmp(&length(q)));
        found.truncate(MAX_CHAINS_OF_LINK);
        let asked = |&link: &usize| Closing { needs_hint: true, ..links[link].closing.clone() };
        all.extend(found.iter().map(|chain| chain.iter().map(asked).collect()));
    }
    all
}

/// The nearest ways on from each end to other groups of walls.
fn links<'a>(
    graph: &WallGraph,
    closings: &'a [Closing],
    is_possible: impl Fn(&Closing) -> bool,
) -> Vec<Link<'a>> {
    let groups = groups(graph);
    let mut ways: Vec<Link<'a>> = closings
        .iter()
        .filter(|closing| closing.is_asked && closing.via.is_none())
        .filter_map(|closing| {
            let nodes = [closing.from, closing.end_node()?];
            let groups = nodes.map(|node| groups[node]);
            (groups[0] != groups[1]).then_some(Link { closing, nodes, groups })
        })
        .collect();
    let way =
        |link: &Link<'_>| link.closing.length * if link.closing.is_doubtful() { OBLIQUE_DETOUR } else { 1.0 };
    ways.sort_by(|p, q| way(p).total_cmp(&way(q)));
    let mut at_end = vec![0; graph.nodes.len()];
    let mut links: Vec<Link<'a>> = Vec::new();
    for link in ways {
        let has_room = link.nodes.iter().all(|&node| at_end[node] < MAX_LINKS_AT_END);
        // A whole corner and a free end suggest the same closing both ways.
        let is_known = |known: &Link<'_>| known.nodes == [link.nodes[1], link.nodes[0]];
        if has_room && !links.iter().rev().take(MAX_LINKS_AT_END).any(is_known) && is_possible(link.closing) {
            link.nodes.iter().for_each(|&node| at_end[node] += 1);
            links.push(link);
        }
    }
    links
}

/// Number of the group of joined walls, by node.
fn groups(graph: &WallGraph) -> Vec<usize> {
    let mut group: Vec<usize> = (0..graph.nodes.len()).collect();
    fn root(group: &mut [usize], mut node: usize) -> usize {
        while group[node] != node {
            group[node] = group[group[node]];
            node = group[node];
        }
        node
    }
    for edge in &graph.edges {
        let [a, b] = edge.nodes.map(|node| root(&mut group, node));
        group[a.max(b)] = a.min(b);
    }
    (0..group.len()).map(|node| root(&mut group, node)).collect()
}
