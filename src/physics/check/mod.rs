//! Physical consistency, measured: every figure of the metrics document.
//!
//! Takes a finished [`Scene`] (from this program or from a file), gives numbers; it repairs nothing
//! and believes no claim of the scene (supports are tested by geometry, not by what is written).

mod clearance;
mod closure;
mod contact;
mod evidence;
mod table;
mod walkable;

pub use evidence::EvidenceDistance;

use super::geometry::UprightBox;
use super::relations::shape;
use super::simulation;
use crate::layout::Draft;
use crate::math::Vec2;
use crate::scene::{ElementId, Finding, Scene, Walkability};
use serde::{Deserialize, Serialize};

/// Simulated time of the stability figure, seconds.
const STABILITY_S: f64 = 5.0;
/// Radius of the robot of the navigability figure, metres (a robot 0.3 m wide).
const ROBOT_RADIUS_M: f64 = 0.15;

/// A share of counted things, and which ones are not among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// How many fulfil the condition.
    pub count: usize,
    /// Of how many.
    pub total: usize,
    /// `count / total`; 1 when there are none.
    pub rate: f64,
    /// Those that do not.
    pub failing: Vec<ElementId>,
}

impl Share {
    fn of<'a>(tested: impl IntoIterator<Item = (ElementId, bool)> + 'a) -> Self {
        let (mut count, mut total, mut failing) = (0, 0, Vec::new());
        for (id, holds) in tested {
            total += 1;
            if holds {
                count += 1;
            } else {
                failing.push(id);
            }
        }
        let rate = if total == 0 { 1.0 } else { count as f64 / total as f64 };
        Self { count, total, rate, failing }
    }
}

/// Objects that penetrate others or walls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collision {
    /// Objects penetrating another object or a wall by more than 1 mm.
    pub colliding: usize,
    /// `colliding / objects`.
    pub rate: f64,
    /// Deepest penetration, millimetres; 0 without any.
    pub deepest_mm: f64,
    /// The pairs, deepest first.
    pub pairs: Vec<Penetration>,
}

/// A penetrating pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Penetration {
    /// The two elements.
    pub elements: [ElementId; 2],
    /// How deep, millimetres.
    pub depth_mm: f64,
}

/// Free room before openings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpeningClearance {
    /// Mean free share of the doors' swing on their better side, 0..1; 1 without doors.
    pub doors: f64,
    /// Mean free share of the 0.5 m before windows, 0..1; 1 without windows.
    pub windows: f64,
    /// Openings of which less than half is free.
    pub blocked: Vec<ElementId>,
}

/// Where a robot can go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Navigability {
    /// Radius of the robot, metres.
    pub robot_radius_m: f64,
    /// Floor that its centre can stand on, square metres.
    pub free_area_m2: f64,
    /// Largest connected part over all of it, 0..1.
    pub largest_share: f64,
    /// Objects that touch the largest part.
    pub reachable: Share,
}

/// Whether rooms close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watertight {
    /// Rooms whose floor, walls and ceiling close to 1 mm.
    pub rooms: Share,
    /// Widest gap, millimetres (an open stretch counts with its length).
    pub widest_gap_mm: f64,
    /// Openings inside their wall.
    pub openings: Share,
    /// Wall ends that meet share their corner exactly.
    pub corners_shared: bool,
}

/// Behaviour in a rigid-body simulator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// Free objects that moved at most 1 cm and 0.1 rad.
    pub still: Share,
    /// Farthest move, metres.
    pub farthest_m: f64,
    /// Simulated time, seconds.
    pub seconds: f64,
}

/// All figures of a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consistency {
    /// Objects in the scene.
    pub objects: usize,
    /// Penetration.
    pub collision: Collision,
    /// Objects with a support.
    pub support: Share,
    /// Objects whose footprint lies on a room's floor to 99 %.
    pub in_bounds: Share,
    /// Room before doors and windows.
    pub opening_clearance: OpeningClearance,
    /// Where a robot can go.
    pub navigability: Navigability,
    /// Whether rooms close.
    pub watertight: Watertight,
    /// Behaviour in a rigid-body simulator.
    pub stability: Stability,
    /// Distance to the draft that the scene was made from, when given.
    pub evidence: Option<EvidenceDistance>,
    /// Findings of the scene that are not resolved.
    pub unresolved_findings: usize,
}

impl Consistency {
    /// True when nothing penetrates, everything is supported, in bounds and still, and rooms close.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.collision.colliding == 0
            && self.support.failing.is_empty()
            && self.in_bounds.failing.is_empty()
            && self.watertight.rooms.failing.is_empty()
            && self.watertight.openings.failing.is_empty()
            && self.watertight.corners_shared
            && self.stability.still.failing.is_empty()
    }
}

/// Measures a scene; with its draft also how far it is from the evidence.
#[must_use]
pub fn check(scene: &Scene, draft: Option<&Draft>) -> Consistency {
    let (shapes, floors) = shapes_and_floors(scene);
    Consistency {
        objects: scene.objects.len(),
        collision: contact::collision(scene, &shapes),
        support: contact::support(scene, &shapes, &floors),
        in_bounds: contact::in_bounds(scene, &shapes, &floors),
        opening_clearance: clearance::clearance(scene, &shapes),
        navigability: walkable::navigability(scene, &shapes, &floors, ROBOT_RADIUS_M),
        watertight: closure::watertight(scene),
        stability: stability(scene),
        evidence: draft.map(|draft| evidence::distance(scene, draft)),
        unresolved_findings: scene.findings.iter().filter(|finding| finding.unresolved).count(),
    }
}

/// Where a robot of this radius can go.
pub(super) fn walkability(scene: &Scene, robot_radius_m: f64) -> Walkability {
    let (shapes, floors) = shapes_and_floors(scene);
    let figures = walkable::navigability(scene, &shapes, &floors, robot_radius_m);
    let blocked = &figures.reachable.failing;
    let reachable = scene.objects.iter().map(|object| &object.id);
    Walkability {
        robot_radius_m,
        free_area_m2: figures.free_area_m2,
        largest_share: figures.largest_share,
        reachable: reachable.filter(|id| !blocked.iter().any(|blocked| blocked.0 == id.0)).cloned().collect(),
    }
}

fn shapes_and_floors(scene: &Scene) -> (Vec<UprightBox>, Vec<Vec<Vec2>>) {
    let floors = scene.rooms.iter().map(|room| super::structure::room_floor(room, &scene.walls));
    (scene.objects.iter().map(shape).collect(), floors.collect())
}

/// What a scene still violates, as findings: penetration, lacking support, out of bounds, and, when
/// simulated for some seconds, what does not stand still.
pub(super) fn violations(scene: &Scene, settle_s: f64) -> Vec<Finding> {
    let (shapes, floors) = shapes_and_floors(scene);
    let mut findings = Vec::new();
    let mut say = |code: &str, elements: Vec<ElementId>, message: String, value_m: Option<f64>| {
        findings.push(Finding { code: code.to_owned(), elements, message, value_m, unresolved: true });
    };
    for pair in contact::collision(scene, &shapes).pairs {
        let [p, q] = &pair.elements;
        let message = format!("{p} penetrates {q} by {:.1} mm", pair.depth_mm);
        say("penetration", pair.elements.to_vec(), message, Some(1e-3 * pair.depth_mm));
    }
    for id in contact::support(scene, &shapes, &floors).failing {
        let message = format!("nothing within 1 cm carries {id}");
        say("unsupported", vec![id], message, None);
    }
    for id in contact::in_bounds(scene, &shapes, &floors).failing {
        let message = format!("less than 99 % of the footprint of {id} lie on a room's floor");
        say("out-of-bounds", vec![id], message, None);
    }
    if settle_s > 0.0 {
        for motion in simulation::simulate(scene, settle_s).iter().filter(|motion| !motion.is_still()) {
            let id = &scene.objects[motion.object].id;
            let message = format!(
                "{id} moved {:.3} m and turned {:.2} rad in {settle_s} s of simulation",
                motion.moved_m, motion.turned_rad
            );
            say("unstable", vec![id.into()], message, Some(motion.moved_m));
        }
    }
    findings
}

fn stability(scene: &Scene) -> Stability {
    let motions = simulation::simulate(scene, STABILITY_S);
    let farthest_m = motions.iter().map(|motion| motion.moved_m).fold(0.0, f64::max);
    let still = Share::of(motions.iter().map(|motion| {
        let id = (&scene.objects[motion.object].id).into();
        (id, motion.is_still())
    }));
    Stability { still, farthest_m, seconds: STABILITY_S }
}
