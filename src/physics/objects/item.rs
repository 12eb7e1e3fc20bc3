//! An object on its way through the repair.

use crate::math::Vec2;
use crate::physics::Options;
use crate::physics::clean::CleanObject;
use crate::physics::geometry::UprightBox;
use crate::physics::properties::{self, Place, Properties};
use crate::scene::{ElementId, Evidence};

/// Height that a floor covering keeps, metres: below the 1 mm that counts as penetration, so that
/// what stands on a carpet stands on the floor.
pub(crate) const FLOOR_COVERING_M: f64 = 0.0008;

/// No size is known better than this, metres.
const MIN_SIZE_SIGMA_M: f64 = 0.005;

/// What carries an item; objects and walls by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    Floor,
    Item(usize),
    Wall(usize),
    Ceiling,
}

/// An object with its measurement, its present shape and what is decided about it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Class.
    pub class: String,
    /// Class properties.
    pub properties: Properties,
    /// As measured (yaw already snapped).
    pub measured: UprightBox,
    /// As it stands now.
    pub shape: UprightBox,
    /// One standard deviation of the centre, metres, widened where the object itself is doubtful.
    pub sigma: f64,
    /// One standard deviation of each size, metres, widened likewise.
    pub size_sigma: [f64; 3],
    /// What carries it.
    pub carrier: Carrier,
    /// Room by index.
    pub room: Option<usize>,
    /// Evidence.
    pub evidence: Evidence,
    /// Index in the cleaned draft, for findings.
    pub draft: usize,
}

impl Item {
    /// An item of a cleaned draft object.
    pub fn new(object: &CleanObject, draft: usize, options: &Options) -> Self {
        let mut shape = object.shape;
        let mut properties = properties::of(&object.class);
        if properties::is_floor_covering(&object.class) {
            shape.size[2] = FLOOR_COVERING_M;
            shape.center[2] = 0.5 * FLOOR_COVERING_M;
            properties.mobility = crate::scene::Mobility::Fixed;
        }
        // A doubtful object gives way: all its pulls are scaled by its probability of being there.
        let doubt = object.evidence.confidence.max(0.1).sqrt();
        Self {
            class: object.class.clone(),
            properties,
            measured: shape,
            shape,
            sigma: object.evidence.sigma_m / doubt,
            size_sigma: shape.size.map(|edge| (options.size_sigma_rel * edge).max(MIN_SIZE_SIGMA_M) / doubt),
            carrier: Carrier::Floor,
            room: None,
            evidence: object.evidence,
            draft,
        }
    }

    /// Thin things on the floor that do not take part in collisions with what stands on them.
    pub fn is_floor_covering(&self) -> bool {
        properties::is_floor_covering(&self.class)
    }

    /// It usually stands on something.
    pub fn is_surface_thing(&self) -> bool {
        matches!(self.properties.place, Place::Surface)
    }

    /// How it is called in findings.
    pub fn element(&self) -> ElementId {
        ElementId(format!("draft_object_{}", self.draft))
    }

    /// How far the centre is from where it was measured, metres.
    pub fn displacement(&self) -> f64 {
        let d = |k: usize| self.shape.center[k] - self.measured.center[k];
        (d(0).powi(2) + d(1).powi(2) + d(2).powi(2)).sqrt()
    }

    /// The same in plan only.
    pub fn plan_displacement(&self) -> f64 {
        (self.shape.plan() - self.measured.plan()).norm()
    }

    /// One standard deviation of a face across `direction` in plan, metres.
    pub fn face_sigma(&self, direction: Vec2) -> f64 {
        let [x, y] = self.shape.axes();
        let size = (self.size_sigma[0] * x.dot(&direction)).hypot(self.size_sigma[1] * y.dot(&direction));
        self.sigma.hypot(0.5 * size)
    }

    /// One standard deviation of its top or bottom, metres.
    pub fn level_sigma(&self) -> f64 {
        self.sigma.hypot(0.5 * self.size_sigma[2])
    }
}
