//! `habitat/`: a scene dataset for Habitat-Sim.
//!
//! Y up. The stage is a GLB of rooms, walls and openings; every object is its own GLB, placed by the
//! scene instance (rotation quaternion w first, translation of the centre of mass). `up` and `front`
//! are given together. Source: Habitat-Sim documentation, "Attributes JSON".

use super::gltf::{object_glb, structure_glb};
use super::{Error, Exporter, write_atomically};
use crate::scene::model::rounded;
use crate::scene::{Mobility, Object, Scene};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Name of the stage, the instance and the dataset.
const NAME: &str = "scene";

/// Exporter of the `habitat/` folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Habitat;

impl Exporter for Habitat {
    fn name(&self) -> &'static str {
        "habitat"
    }

    fn export(&self, scene: &Scene, dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let root = dir.join("habitat");
        for folder in ["stages", "objects", "scenes"] {
            let path = root.join(folder);
            std::fs::create_dir_all(&path).map_err(|source| Error::Write { source, path })?;
        }
        let mut files: Vec<(PathBuf, Vec<u8>)> = vec![
            (root.join(format!("stages/{NAME}.glb")), structure_glb(scene)?),
            (root.join(format!("stages/{NAME}.stage_config.json")), text(&stage())),
        ];
        for object in &scene.objects {
            files.push((root.join(format!("objects/{}.glb", object.id)), object_glb(object)?));
            let config = root.join(format!("objects/{}.object_config.json", object.id));
            files.push((config, text(&object_config(object))));
        }
        files.push((root.join(format!("scenes/{NAME}.scene_instance.json")), text(&instance(scene))));
        files.push((root.join(format!("{NAME}.scene_dataset_config.json")), text(&dataset())));
        files
            .into_iter()
            .map(|(path, bytes)| {
                write_atomically(&path, &bytes)?;
                Ok(path)
            })
            .collect()
    }
}

fn text(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn stage() -> Value {
    json!({
        "render_asset": format!("{NAME}.glb"),
        "collision_asset": format!("{NAME}.glb"),
        "up": [0.0, 1.0, 0.0],
        "front": [0.0, 0.0, -1.0],
        "units_to_meters": 1.0,
        "gravity": [0.0, -9.81, 0.0],
        "requires_lighting": false,
    })
}

fn object_config(object: &Object) -> Value {
    json!({
        "render_asset": format!("{}.glb", object.id),
        "up": [0.0, 1.0, 0.0],
        "front": [0.0, 0.0, -1.0],
        "units_to_meters": 1.0,
        "mass": object.mass_kg,
        "friction_coefficient": object.friction,
        "restitution_coefficient": 0.0,
        "use_bounding_box_for_collision": true,
        "is_collidable": !matches!(object.class.as_str(), "carpet" | "rug"),
    })
}

fn instance(scene: &Scene) -> Value {
    let objects: Vec<Value> = scene
        .objects
        .iter()
        .map(|object| {
            let [x, y, z] = object.center;
            let half = 0.5 * object.yaw;
            let motion = match object.mobility {
                Mobility::Movable => "DYNAMIC",
                Mobility::Fixed => "STATIC",
            };
            json!({
                "template_name": format!("objects/{}", object.id),
                "motion_type": motion,
                "translation": [x, z, rounded(-y)],
                "rotation": [rounded(half.cos()), 0.0, rounded(half.sin()), 0.0],
                "translation_origin": "COM",
            })
        })
        .collect();
    json!({
        "stage_instance": {
            "template_name": format!("stages/{NAME}"),
            "translation": [0.0, 0.0, 0.0],
            "rotation": [1.0, 0.0, 0.0, 0.0],
        },
        "default_lighting": "default",
        "object_instances": objects,
    })
}

fn dataset() -> Value {
    let paths = |folder: &str| json!({ "paths": { ".json": [folder] } });
    json!({
        "stages": paths("stages"),
        "objects": paths("objects"),
        "scene_instances": paths("scenes"),
    })
}
