//! `scene.usda`: Universal Scene Description, text.
//!
//! Z up, metres. Walls, floors and ceilings are meshes to look at; what collides are boxes (purpose
//! `guide` where a mesh is shown beside them). Movable objects are rigid bodies with mass. Names are
//! the identifiers; where a foreign one is no USD name it is mended, and `roomwright:id` keeps it.
//! Source: UsdPhysics schema documentation, "Rigid Body Physics in USD".

use super::mesh::{Mesh, slab_face, wall_mesh, wall_plans};
use super::{Error, Exporter, write_atomically};
use crate::math::Vec2;
use crate::scene::pieces::{SLAB_M, holes, openings_of, room_bounds, wall_pieces};
use crate::scene::{Evidence, Mobility, Object, OpeningKind, Room, Scene, Source, Wall};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Thickness of the panel that shows a door or a window, metres.
const PANEL_M: f64 = 0.04;

/// Exporter of `scene.usda`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usda;

impl Exporter for Usda {
    fn name(&self) -> &'static str {
        "usda"
    }

    fn export(&self, scene: &Scene, dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let path = dir.join("scene.usda");
        write_atomically(&path, usda(scene).as_bytes())?;
        Ok(vec![path])
    }
}

/// The scene as USD text.
#[must_use]
pub fn usda(scene: &Scene) -> String {
    let mut w = Writer::default();
    w.line("#usda 1.0");
    w.line("(\n    defaultPrim = \"scene\"\n    metersPerUnit = 1\n    kilogramsPerUnit = 1\n    upAxis = \"Z\"\n)");
    w.line("");
    w.open("def Xform \"scene\" (\n    kind = \"assembly\"\n)");
    w.open("def PhysicsScene \"physics\"");
    w.line("vector3f physics:gravityDirection = (0, 0, -1)");
    w.line("float physics:gravityMagnitude = 9.81");
    w.close();
    for room in &scene.rooms {
        w.room(room);
    }
    for (wall, plan) in scene.walls.iter().zip(wall_plans(scene)) {
        w.wall(scene, wall, &plan);
    }
    for object in &scene.objects {
        w.object(object);
    }
    w.close();
    w.text
}

#[derive(Default)]
struct Writer {
    text: String,
    depth: usize,
    names: BTreeSet<String>,
}

impl Writer {
    fn line(&mut self, content: &str) {
        for part in content.split('\n') {
            let indent = if part.is_empty() { 0 } else { 4 * self.depth };
            writeln!(self.text, "{:1$}{part}", "", indent).expect("because writing to a String cannot fail");
        }
    }

    fn open(&mut self, head: &str) {
        self.line(head);
        self.line("{");
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    /// A name that USD accepts and that was not used before.
    fn name(&mut self, id: &str) -> String {
        let mut name: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            name.insert(0, '_');
        }
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    fn identity(&mut self, id: &str, class: &str, evidence: &Evidence) {
        let source = match evidence.source {
            Source::Detected => "detected",
            Source::Inferred => "inferred",
            Source::Given => "given",
        };
        self.line(&format!("custom string roomwright:id = \"{id}\""));
        self.line(&format!("custom string roomwright:class = \"{class}\""));
        self.line(&format!("custom string roomwright:source = \"{source}\""));
        self.line(&format!("custom double roomwright:confidence = {}", evidence.confidence));
        self.line(&format!("custom double roomwright:sigma_m = {}", evidence.sigma_m));
    }

    fn stand(&mut self, position: [f64; 3], yaw: f64, size: Option<[f64; 3]>) {
        self.line(&format!("double3 xformOp:translate = {}", vector(position)));
        self.line(&format!("double xformOp:rotateZ = {}", number(yaw.to_degrees())));
        let mut order = String::from("\"xformOp:translate\", \"xformOp:rotateZ\"");
        if let Some(size) = size {
            self.line(&format!("double3 xformOp:scale = {}", vector(size)));
            order += ", \"xformOp:scale\"";
        }
        self.line(&format!("uniform token[] xformOpOrder = [{order}]"));
    }

    /// A unit cube scaled to the box; collides when told.
    fn cube(&mut self, head: &str, position: [f64; 3], yaw: f64, size: [f64; 3], lines: &[String]) {
        self.open(head);
        self.line("double size = 1");
        self.stand(position, yaw, Some(size));
        lines.iter().for_each(|line| self.line(line));
        self.close();
    }

    fn mesh(&mut self, name: &str, mesh: &Mesh, color: [f64; 3], double_sided: bool) {
        self.open(&format!("def Mesh \"{name}\""));
        let points: Vec<String> = mesh.positions.iter().map(|&p| vector(p)).collect();
        let counts = vec!["3"; mesh.triangles.len()].join(", ");
        let indices: Vec<String> = mesh.triangles.iter().flatten().map(u32::to_string).collect();
        self.line(&format!("point3f[] points = [{}]", points.join(", ")));
        self.line(&format!("int[] faceVertexCounts = [{counts}]"));
        self.line(&format!("int[] faceVertexIndices = [{}]", indices.join(", ")));
        self.line(&extent(&mesh.positions));
        self.line(&format!("color3f[] primvars:displayColor = [{}]", vector(color)));
        self.line("uniform token subdivisionScheme = \"none\"");
        self.line(&format!("uniform bool doubleSided = {}", u8::from(double_sided)));
        self.close();
    }

    fn room(&mut self, room: &Room) {
        let name = self.name(&room.id.to_string());
        self.open(&format!("def Xform \"{name}\""));
        self.identity(&room.id.to_string(), "room", &room.evidence);
        self.line(&format!("custom string roomwright:kind = \"{}\"", room.kind));
        for (part, z, up, color) in
            [("floor", 0.0, true, [0.45, 0.36, 0.27]), ("ceiling", room.ceiling_z, false, [0.9; 3])]
        {
            let mesh = slab_face(&room.polygon, z, up);
            if !mesh.triangles.is_empty() {
                self.mesh(part, &mesh, color, false);
            }
        }
        let (low, high) = room_bounds(room);
        self.cube(
            &collider("ground"),
            [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1]), -0.5 * SLAB_M],
            0.0,
            [high[0] - low[0], high[1] - low[1], SLAB_M],
            &guide(),
        );
        self.close();
    }

    fn wall(&mut self, scene: &Scene, wall: &Wall, plan: &super::mesh::WallPlan) {
        let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
        let (middle, d) = (0.5 * (a + b), b - a);
        let openings = openings_of(scene, wall);
        let center_z = wall.base_z + 0.5 * wall.height;
        let name = self.name(&wall.id.to_string());
        self.open(&format!("def Xform \"{name}\""));
        self.identity(&wall.id.to_string(), "wall", &wall.evidence);
        self.stand([middle.x, middle.y, center_z], d.y.atan2(d.x), None);
        self.mesh("body", &wall_mesh(plan, wall.height, &holes(wall, &openings)), [0.84, 0.82, 0.78], false);
        for (k, piece) in wall_pieces(wall, &openings).into_iter().enumerate() {
            let center =
                [0.5 * (piece.u[0] + piece.u[1]), 0.0, 0.5 * (piece.z[0] + piece.z[1]) - 0.5 * wall.height];
            let size = [piece.u[1] - piece.u[0], wall.thickness, piece.z[1] - piece.z[0]];
            self.cube(&collider(&format!("piece_{k}")), center, 0.0, size, &guide());
        }
        let along = d.normalize();
        for opening in openings {
            let u = along.dot(&(Vec2::new(opening.center[0], opening.center[1]) - middle));
            let (class, color) = match opening.kind {
                OpeningKind::Door => ("door", [0.42, 0.24, 0.12]),
                OpeningKind::Window => ("window", [0.55, 0.75, 0.9]),
            };
            let name = self.name(&opening.id.0);
            self.open(&format!("def Xform \"{name}\""));
            self.identity(&opening.id.0, class, &opening.evidence);
            self.stand([u, 0.0, opening.center[2] - center_z], 0.0, None);
            let size = [opening.width, PANEL_M, opening.height];
            let look = [
                format!("color3f[] primvars:displayColor = [{}]", vector(color)),
                "float[] primvars:displayOpacity = [0.5]".to_owned(),
            ];
            self.cube("def Cube \"panel\"", [0.0; 3], 0.0, size, &look);
            self.close();
        }
        self.close();
    }

    fn object(&mut self, object: &Object) {
        let name = self.name(&object.id.0);
        let free = object.mobility == Mobility::Movable;
        let head = if free {
            format!(
                "def Xform \"{name}\" (\n    prepend apiSchemas = [\"PhysicsRigidBodyAPI\", \"PhysicsMassAPI\"]\n)"
            )
        } else {
            format!("def Xform \"{name}\"")
        };
        self.open(&head);
        self.identity(&object.id.0, &object.class, &object.evidence);
        if free {
            self.line(&format!("float physics:mass = {}", object.mass_kg));
        }
        self.stand(object.center, object.yaw, None);
        let color = ["color3f[] primvars:displayColor = [(0.4, 0.55, 0.7)]".to_owned()];
        self.cube(&collider("box"), [0.0; 3], 0.0, object.size, &color);
        self.close();
    }
}

fn collider(name: &str) -> String {
    format!("def Cube \"{name}\" (\n    prepend apiSchemas = [\"PhysicsCollisionAPI\"]\n)")
}

/// What collides but is not drawn.
fn guide() -> [String; 1] {
    ["uniform token purpose = \"guide\"".to_owned()]
}

fn extent(points: &[[f64; 3]]) -> String {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for p in points {
        for axis in 0..3 {
            low[axis] = low[axis].min(p[axis]);
            high[axis] = high[axis].max(p[axis]);
        }
    }
    format!("float3[] extent = [{}, {}]", vector(low), vector(high))
}

fn vector(v: [f64; 3]) -> String {
    let [x, y, z] = v.map(number);
    format!("({x}, {y}, {z})")
}

/// A number to a tenth of a micrometre, shortest form.
fn number(value: f64) -> f64 {
    (value * 1e7).round() / 1e7 + 0.0
}
