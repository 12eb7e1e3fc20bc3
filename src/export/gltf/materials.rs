//! Colours: structure in fixed ones, every object class in its own.

use crate::scene::{Opening, OpeningKind, Source, Wall};
use gltf_json as json;
use json::validation::Checked::Valid;
use std::collections::BTreeMap;

/// A surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paint {
    /// Linear red, green, blue, alpha.
    pub rgba: [f32; 4],
}

/// Paint of a wall; what nobody saw is drawn in another colour.
pub(super) fn wall(wall: &Wall) -> (&'static str, Paint) {
    match wall.evidence.source {
        Source::Inferred => ("wall_inferred", Paint { rgba: [0.80, 0.55, 0.35, 1.0] }),
        Source::Detected | Source::Given => ("wall", Paint { rgba: [0.84, 0.82, 0.78, 1.0] }),
    }
}

/// Paint of a floor.
pub(super) const FLOOR: Paint = Paint { rgba: [0.45, 0.36, 0.27, 1.0] };
/// Paint of a ceiling.
pub(super) const CEILING: Paint = Paint { rgba: [0.90, 0.90, 0.90, 1.0] };

/// Paint of a door leaf or a window pane.
pub(super) fn opening(opening: &Opening) -> (&'static str, Paint) {
    match opening.kind {
        OpeningKind::Door => ("door", Paint { rgba: [0.42, 0.24, 0.12, 0.6] }),
        OpeningKind::Window => ("window", Paint { rgba: [0.55, 0.75, 0.90, 0.35] }),
    }
}

/// Paint of an object class: a hue from its name (FNV-1a), so that a class looks the same everywhere.
pub(super) fn class(class: &str) -> Paint {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in class.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let hue = (hash % 360) as f32 / 60.0;
    let value = 0.45 + 0.25 * ((hash >> 16) % 4) as f32 / 3.0;
    let channel = |offset: f32| {
        let k = (offset + hue) % 6.0;
        value * (1.0 - 0.6 * k.min(4.0 - k).clamp(0.0, 1.0))
    };
    Paint { rgba: [channel(5.0), channel(3.0), channel(1.0), 1.0] }
}

/// Materials by name, each made once.
#[derive(Default)]
pub(super) struct Materials {
    by_name: BTreeMap<String, json::Index<json::Material>>,
}

impl Materials {
    /// The index of a material, made at its first use.
    pub fn index(&mut self, root: &mut json::Root, name: &str, paint: Paint) -> json::Index<json::Material> {
        if let Some(&index) = self.by_name.get(name) {
            return index;
        }
        let blend = paint.rgba[3] < 1.0;
        let index = root.push(json::Material {
            name: Some(name.to_owned()),
            alpha_mode: Valid(if blend {
                json::material::AlphaMode::Blend
            } else {
                json::material::AlphaMode::Opaque
            }),
            pbr_metallic_roughness: json::material::PbrMetallicRoughness {
                base_color_factor: json::material::PbrBaseColorFactor(paint.rgba),
                metallic_factor: json::material::StrengthFactor(0.0),
                roughness_factor: json::material::StrengthFactor(0.9),
                ..Default::default()
            },
            ..Default::default()
        });
        self.by_name.insert(name.to_owned(), index);
        index
    }
}
