//! `KHR_physics_rigid_bodies` and `KHR_implicit_shapes`: boxes only.
//!
//! Both are unratified drafts (as of [`DRAFT`]; github.com/eoineoineoin/glTF_Physics), so they stand
//! in `extensionsUsed` and never in `extensionsRequired`. A collider requires `geometry`; a node
//! without `motion` is static; a shape is centred on its node.

use super::buffer::y_up;
use serde_json::{Value, json};

/// State of the drafts that is written: the collider has `geometry`, the shapes are called implicit.
pub(super) const DRAFT: &str = "2024-10";
/// Names of the two extensions.
pub(super) const USED: [&str; 2] = ["KHR_implicit_shapes", "KHR_physics_rigid_bodies"];
/// Coefficient of restitution of furniture and walls.
const RESTITUTION: f64 = 0.0;

/// Shapes and physics materials under construction.
#[derive(Default)]
pub(super) struct RigidBodies {
    shapes: Vec<Value>,
    frictions: Vec<f64>,
}

impl RigidBodies {
    /// The node extension of a box of full sizes (Z up); `mass_kg` makes it a free body.
    pub fn body(&mut self, size: [f64; 3], friction: f64, mass_kg: Option<f64>) -> Value {
        let size = y_up(size).map(|edge| single(edge.abs()));
        self.shapes.push(json!({ "type": "box", "box": { "size": size } }));
        let material = self.frictions.iter().position(|&known| known == friction).unwrap_or_else(|| {
            self.frictions.push(friction);
            self.frictions.len() - 1
        });
        let collider = json!({
            "geometry": { "shape": self.shapes.len() - 1 },
            "physicsMaterial": material,
        });
        match mass_kg {
            Some(mass) => json!({ "motion": { "mass": single(mass) }, "collider": collider }),
            None => json!({ "collider": collider }),
        }
    }

    /// The two extensions of the document.
    pub fn document(self) -> [(String, Value); 2] {
        let materials: Vec<Value> = self
            .frictions
            .iter()
            .map(|&friction| {
                json!({
                    "staticFriction": friction,
                    "dynamicFriction": friction,
                    "restitution": RESTITUTION,
                })
            })
            .collect();
        [
            (USED[0].to_owned(), json!({ "shapes": self.shapes })),
            (USED[1].to_owned(), json!({ "physicsMaterials": materials })),
        ]
    }
}

/// A number to the micrometre, as all of the file.
fn single(value: f64) -> f64 {
    crate::scene::model::rounded(value)
}
