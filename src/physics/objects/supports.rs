//! What carries each object.
//!
//! Every possible carrier has a cost: the gap between the faces that would have to touch, in sigmas,
//! plus what the class table says against it. The cheapest wins; carriers of carriers may not form a
//! ring. Order: from the lowest object up, so that piles are built from the floor.

use super::broad_phase::Grid;
use super::item::{Carrier, Item};
use super::place::Surroundings;
use crate::physics::properties::Place;

/// Cost of a carrier that the class does not expect, sigmas: floor, object, wall, ceiling by row of
/// the place that the class table names. Chosen so that a gap of 3–5 sigmas overrules the table.
fn prior(place: Place, carrier: Carrier) -> f64 {
    match (place, carrier) {
        (Place::Floor, Carrier::Floor)
        | (Place::Surface, Carrier::Item(_))
        | (Place::Wall, Carrier::Wall(_))
        | (Place::Ceiling, Carrier::Ceiling)
        | (Place::Any, Carrier::Floor) => 0.0,
        (Place::Any, Carrier::Item(_) | Carrier::Wall(_)) => 0.5,
        (Place::Surface, Carrier::Floor) => 1.5,
        (Place::Floor, Carrier::Item(_)) => 2.0,
        (Place::Floor | Place::Surface, Carrier::Wall(_)) => 4.0,
        (Place::Wall | Place::Ceiling, Carrier::Floor | Carrier::Item(_)) => 4.0,
        (Place::Ceiling, Carrier::Wall(_)) => 3.0,
        (_, Carrier::Ceiling) => 6.0,
    }
}

/// A carrier's footprint must hold this share of the carried one's.
const MIN_CARRIED_SHARE: f64 = 0.3;
/// Walls farther than this do not carry, metres.
const MAX_WALL_GAP_M: f64 = 0.6;

/// Decides every item's carrier.
pub(crate) fn decide(items: &mut [Item], surroundings: &Surroundings) {
    let mut grid = Grid::default();
    for (i, item) in items.iter().enumerate() {
        grid.insert(i, &item.measured);
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&i, &j| items[i].measured.bottom().total_cmp(&items[j].measured.bottom()).then(i.cmp(&j)));
    let mut decided = vec![false; items.len()];
    for i in order {
        let carrier = cheapest(items, i, &grid, &decided, surroundings);
        items[i].carrier = carrier;
        decided[i] = true;
    }
}

fn cheapest(items: &[Item], i: usize, grid: &Grid, decided: &[bool], surroundings: &Surroundings) -> Carrier {
    let item = &items[i];
    if item.is_floor_covering() {
        return Carrier::Floor;
    }
    let place = item.properties.place;
    let level = item.level_sigma();
    let mut options = vec![(item.measured.bottom().abs() / level, Carrier::Floor)];
    for j in grid.near(&item.measured, 0.0) {
        let below = &items[j];
        let (Carrier::Floor | Carrier::Item(_)) = below.carrier else { continue };
        if j == i || !decided[j] || below.is_floor_covering() || below.is_surface_thing() {
            continue;
        }
        let [x, y] = below.measured.axes();
        let offset = item.measured.plan() - below.measured.plan();
        let centred = offset.dot(&x).abs() < 0.5 * below.measured.size[0]
            && offset.dot(&y).abs() < 0.5 * below.measured.size[1];
        let footprint = item.measured.size[0] * item.measured.size[1];
        if centred && item.measured.plan_overlap(&below.measured) > MIN_CARRIED_SHARE * footprint {
            let gap = (item.measured.bottom() - below.measured.top()).abs();
            options.push((gap / level.hypot(below.level_sigma()), Carrier::Item(j)));
        }
    }
    if let Some((wall, gap)) = surroundings.nearest_wall(item)
        && gap.abs() < MAX_WALL_GAP_M
    {
        options.push((gap.abs() / item.sigma, Carrier::Wall(wall)));
    }
    let below_ceiling = surroundings.ceiling(item.room) - item.measured.top();
    options.push((below_ceiling.abs() / level, Carrier::Ceiling));
    options
        .into_iter()
        .map(|(cost, carrier)| (cost + prior(place, carrier), carrier))
        .min_by(|p, q| p.0.total_cmp(&q.0))
        .map_or(Carrier::Floor, |(_, carrier)| carrier)
}
