//! `scene.glb`: glTF 2.0, Y up, one node per element.
//!
//! One scene with one identity root. Walls carry their openings as children and have real thickness
//! with the openings cut through; rooms carry a floor and a ceiling that is seen from below only;
//! objects are boxes. Nodes are called as the elements, meshes of walls, openings and objects are
//! closed, `extras` are flat. Rigid bodies: see `rigid_bodies`. The only module that names
//! `gltf_json`.

mod buffer;
mod materials;
mod rigid_bodies;

use super::mesh::{cuboid, slab_face, wall_mesh, wall_plans};
use super::{Error, Exporter, write_atomically};
use crate::math::Vec2;
use crate::scene::pieces::{SLAB_M, holes, openings_of, room_bounds, wall_pieces};
use crate::scene::{Evidence, Mobility, Object, Opening, OpeningKind, Room, Scene, Wall};
use buffer::{Buffer, y_up};
use gltf_json as json;
use rigid_bodies::RigidBodies;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Friction of floors and walls (painted plaster, wood, tile against furniture).
const STRUCTURE_FRICTION: f64 = 0.5;
/// Thickness of a door leaf and of a pane, metres.
const LEAF_M: f64 = 0.04;
const PANE_M: f64 = 0.02;

/// Exporter of `scene.glb`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gltf;

impl Exporter for Gltf {
    fn name(&self) -> &'static str {
        "glb"
    }

    fn export(&self, scene: &Scene, dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let path = dir.join("scene.glb");
        write_atomically(&path, &glb(scene)?)?;
        Ok(vec![path])
    }
}

/// The scene as a binary glTF file.
///
/// # Errors
/// [`Error::Unwritable`] when it would be larger than the format allows (4 GiB).
pub fn glb(scene: &Scene) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::default();
    let mut children = writer.structure(scene);
    for object in &scene.objects {
        children.push(writer.object(object));
    }
    writer.finish(&provenance(scene), children)
}

/// Rooms, walls and openings only.
///
/// # Errors
/// As [`glb`].
pub fn structure_glb(scene: &Scene) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::default();
    let children = writer.structure(scene);
    writer.finish(&provenance(scene), children)
}

/// One object, centred at the origin and not turned.
///
/// # Errors
/// As [`glb`].
pub fn object_glb(object: &Object) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::default();
    let centred = Object { center: [0.0; 3], yaw: 0.0, ..object.clone() };
    let children = vec![writer.object(&centred)];
    writer.finish(&json!({ "physics_draft": rigid_bodies::DRAFT }), children)
}

fn provenance(scene: &Scene) -> Value {
    json!({
        "schema_version": scene.version,
        "provenance": scene.provenance,
        "physics_draft": rigid_bodies::DRAFT,
    })
}

type NodeIndex = json::Index<json::Node>;

#[derive(Default)]
struct Writer {
    root: json::Root,
    buffer: Buffer,
    materials: materials::Materials,
    bodies: RigidBodies,
}

/// Where a node stands in its parent, Z up.
#[derive(Debug, Clone, Copy, Default)]
struct Stand {
    position: [f64; 3],
    yaw: f64,
}

impl Writer {
    fn structure(&mut self, scene: &Scene) -> Vec<NodeIndex> {
        let rooms: Vec<NodeIndex> = scene.rooms.iter().map(|room| self.room(room)).collect();
        let walls = scene.walls.iter().zip(wall_plans(scene));
        let walls: Vec<NodeIndex> = walls.map(|(wall, plan)| self.wall(scene, wall, &plan)).collect();
        [rooms, walls].concat()
    }

    fn node(
        &mut self,
        name: &str,
        stand: Stand,
        mesh: Option<u32>,
        extras: &Value,
        children: Vec<NodeIndex>,
    ) -> NodeIndex {
        let translation = y_up(stand.position).map(|x| x as f32 + 0.0);
        let half = 0.5 * stand.yaw;
        self.root.push(json::Node {
            name: Some(name.to_owned()),
            mesh: mesh.map(json::Index::new),
            translation: (translation != [0.0; 3]).then_some(translation),
            rotation: (stand.yaw != 0.0)
                .then(|| json::scene::UnitQuaternion([0.0, half.sin() as f32, 0.0, half.cos() as f32])),
            children: (!children.is_empty()).then_some(children),
            extras: raw(extras),
            ..Default::default()
        })
    }

    /// Makes a node a body.
    fn embody(&mut self, node: NodeIndex, size: [f64; 3], friction: f64, mass_kg: Option<f64>) {
        let body = self.bodies.body(size, friction, mass_kg);
        let others = Map::from_iter([(rigid_bodies::USED[1].to_owned(), body)]);
        self.root.nodes[node.value()].extensions = Some(json::extensions::scene::Node { others });
    }

    fn room(&mut self, room: &Room) -> NodeIndex {
        let id = room.id.to_string();
        let mut children = Vec::new();
        for (part, z, up, paint) in
            [("floor", 0.0, true, materials::FLOOR), ("ceiling", room.ceiling_z, false, materials::CEILING)]
        {
            let mesh = slab_face(&room.polygon, z, up);
            if mesh.triangles.is_empty() {
                continue;
            }
            let name = format!("{id}_{part}");
            let material = self.materials.index(&mut self.root, part, paint);
            let mesh = self.buffer.add(&mesh, &name, material);
            let extras = json!({ "class": part, "id": name, "parent": id, "area_m2": room.area_m2 });
            children.push(self.node(&name, Stand::default(), Some(mesh), &extras, Vec::new()));
        }
        let (low, high) = room_bounds(room);
        let size = [high[0] - low[0], high[1] - low[1], SLAB_M];
        let center = [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1]), -0.5 * SLAB_M];
        let name = format!("{id}_collider");
        let extras = json!({ "class": "collider", "id": name, "parent": id });
        let slab = self.node(&name, Stand { position: center, yaw: 0.0 }, None, &extras, Vec::new());
        self.embody(slab, size, STRUCTURE_FRICTION, None);
        children.push(slab);
        let size = [high[0] - low[0], high[1] - low[1], room.ceiling_z];
        let mut extras = extras_of("room", &id, "scene", size, &room.evidence);
        extras["kind"] = json!(room.kind);
        extras["area_m2"] = json!(room.area_m2);
        self.node(&id, Stand::default(), None, &extras, children)
    }

    fn wall(&mut self, scene: &Scene, wall: &Wall, plan: &super::mesh::WallPlan) -> NodeIndex {
        let id = wall.id.to_string();
        let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
        let (middle, d) = (0.5 * (a + b), b - a);
        let openings = openings_of(scene, wall);
        let mesh = wall_mesh(plan, wall.height, &holes(wall, &openings));
        let (material, paint) = materials::wall(wall);
        let material = self.materials.index(&mut self.root, material, paint);
        let mesh = self.buffer.add(&mesh, &id, material);
        let along = d.normalize();
        let center_z = wall.base_z + 0.5 * wall.height;
        let mut children: Vec<NodeIndex> = openings
            .iter()
            .map(|opening| {
                let u = along.dot(&(Vec2::new(opening.center[0], opening.center[1]) - middle));
                self.opening(opening, &id, [u, 0.0, opening.center[2] - center_z])
            })
            .collect();
        let size = [d.norm(), wall.thickness, wall.height];
        if !openings.is_empty() {
            for (k, piece) in wall_pieces(wall, &openings).into_iter().enumerate() {
                let name = format!("{id}_collider_{k}");
                let extras = json!({ "class": "collider", "id": name, "parent": id });
                let center = |range: [f64; 2]| 0.5 * (range[0] + range[1]);
                let position = [center(piece.u), 0.0, center(piece.z) - 0.5 * wall.height];
                let node = self.node(&name, Stand { position, yaw: 0.0 }, None, &extras, Vec::new());
                let size = [piece.u[1] - piece.u[0], wall.thickness, piece.z[1] - piece.z[0]];
                self.embody(node, size, STRUCTURE_FRICTION, None);
                children.push(node);
            }
        }
        let mut extras = extras_of("wall", &id, "scene", size, &wall.evidence);
        extras["rooms"] = json!(wall.rooms);
        let stand = Stand { position: [middle.x, middle.y, center_z], yaw: d.y.atan2(d.x) };
        let node = self.node(&id, stand, Some(mesh), &extras, children);
        if openings.is_empty() {
            self.embody(node, size, STRUCTURE_FRICTION, None);
        }
        node
    }

    /// A leaf or a pane in the hole; it does not collide, so that robots pass through doors.
    fn opening(&mut self, opening: &Opening, wall: &str, position: [f64; 3]) -> NodeIndex {
        let (class, depth) = match opening.kind {
            OpeningKind::Door => ("door", LEAF_M),
            OpeningKind::Window => ("window", PANE_M),
        };
        let size = [opening.width, depth, opening.height];
        let (material, paint) = materials::opening(opening);
        let material = self.materials.index(&mut self.root, material, paint);
        let mesh = self.buffer.add(&cuboid(size), &opening.id.0, material);
        let mut extras = extras_of(class, &opening.id.0, wall, size, &opening.evidence);
        extras["rooms"] = json!(opening.rooms);
        self.node(&opening.id.0, Stand { position, yaw: 0.0 }, Some(mesh), &extras, Vec::new())
    }

    fn object(&mut self, object: &Object) -> NodeIndex {
        let material = self.materials.index(&mut self.root, &object.class, materials::class(&object.class));
        let mesh = self.buffer.add(&cuboid(object.size), &object.id.0, material);
        let parent = object.room.map_or("scene".to_owned(), |room| room.to_string());
        let mut extras = extras_of(&object.class, &object.id.0, &parent, object.size, &object.evidence);
        extras["support"] = json!(object.support);
        extras["mass_kg"] = json!(object.mass_kg);
        extras["mobility"] = json!(object.mobility);
        let stand = Stand { position: object.center, yaw: object.yaw };
        let node = self.node(&object.id.0, stand, Some(mesh), &extras, Vec::new());
        let mass = (object.mobility == Mobility::Movable).then_some(object.mass_kg);
        self.embody(node, object.size, object.friction, mass);
        node
    }

    fn finish(mut self, provenance: &Value, children: Vec<NodeIndex>) -> Result<Vec<u8>, Error> {
        let unwritable = |problem: String| Error::Unwritable { format: "glb", problem };
        let empty = children.is_empty();
        let top =
            self.node("scene", Stand::default(), None, &json!({ "class": "scene", "id": "scene" }), children);
        let scene_index = self.root.push(json::Scene {
            name: Some("scene".to_owned()),
            nodes: vec![top],
            extensions: None,
            extras: None,
        });
        self.root.scene = Some(scene_index);
        self.root.asset = json::Asset {
            generator: Some(format!("Roomwright {}", env!("CARGO_PKG_VERSION"))),
            extras: raw(provenance),
            ..Default::default()
        };
        if !empty {
            self.root.extensions_used = rigid_bodies::USED.map(str::to_owned).to_vec();
            let others = Map::from_iter(self.bodies.document());
            self.root.extensions = Some(json::extensions::root::Root { others });
        }
        let bin = self.buffer.finish(&mut self.root);
        let text = json::serialize::to_vec(&self.root).map_err(|error| unwritable(error.to_string()))?;
        let length = u32::try_from(text.len() + bin.len() + 64)
            .map_err(|_| unwritable(format!("{} bytes are more than 4 GiB", text.len() + bin.len())))?;
        let glb = gltf::binary::Glb {
            header: gltf::binary::Header { magic: *b"glTF", version: 2, length },
            json: Cow::Owned(text),
            bin: (!bin.is_empty()).then_some(Cow::Owned(bin)),
        };
        glb.to_vec().map_err(|error| unwritable(error.to_string()))
    }
}

fn raw(value: &Value) -> json::Extras {
    serde_json::value::to_raw_value(value).ok()
}

fn extras_of(class: &str, id: &str, parent: &str, size: [f64; 3], evidence: &Evidence) -> Value {
    json!({
        "class": class,
        "id": id,
        "parent": parent,
        "size_m": size.map(crate::scene::model::rounded),
        "confidence": evidence.confidence,
        "sigma_m": evidence.sigma_m,
        "observed_fraction": evidence.observed_fraction,
        "source": evidence.source,
    })
}
