//! `scene.xml`: MuJoCo's MJCF.
//!
//! Z up, radians, boxes by half extents. Walls (cut at their openings), hung and fixed objects are
//! static geoms of the world body; movable objects are bodies with a free joint, mass and friction.
//! The floor is one plane at z = 0. Doors and windows are sites, so that they are there without
//! colliding. Floor coverings do not collide: what stands on a carpet stands on the floor.
//! Source: MuJoCo documentation, "XML Reference".

use super::{Error, Exporter, write_atomically};
use crate::math::Vec2;
use crate::scene::pieces::{openings_of, wall_pieces};
use crate::scene::{Mobility, Object, Scene, Wall};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Time constant of contacts, seconds: stiff enough that furniture sinks in by micrometres.
const CONTACT_TIME_S: f64 = 0.005;
/// Step, seconds.
const STEP_S: f64 = 0.001;
/// Friction of floor and walls.
const STRUCTURE_FRICTION: f64 = 0.5;
/// Classes that lie under things without carrying them.
const COVERINGS: [&str; 2] = ["carpet", "rug"];

/// Exporter of `scene.xml`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mjcf;

impl Exporter for Mjcf {
    fn name(&self) -> &'static str {
        "mjcf"
    }

    fn export(&self, scene: &Scene, dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let path = dir.join("scene.xml");
        write_atomically(&path, mjcf(scene).as_bytes())?;
        Ok(vec![path])
    }
}

/// The scene as MJCF text.
#[must_use]
pub fn mjcf(scene: &Scene) -> String {
    let mut text = String::new();
    let mut line = |indent: usize, content: String| {
        writeln!(text, "{:1$}{content}", "", 2 * indent).expect("because writing to a String cannot fail");
    };
    line(0, "<mujoco model=\"scene\">".into());
    line(1, "<compiler angle=\"radian\" autolimits=\"true\"/>".into());
    line(1, format!("<option timestep=\"{STEP_S}\" gravity=\"0 0 -9.81\" integrator=\"implicitfast\"/>"));
    line(1, "<default>".into());
    line(
        2,
        format!(
            "<geom solref=\"{CONTACT_TIME_S} 1\" friction=\"{STRUCTURE_FRICTION}\" rgba=\"0.84 0.82 0.78 1\"/>"
        ),
    );
    line(1, "</default>".into());
    line(1, "<worldbody>".into());
    line(2, "<light pos=\"0 0 6\" dir=\"0 0 -1\" castshadow=\"false\"/>".into());
    line(2, "<geom name=\"floor\" type=\"plane\" size=\"0 0 0.1\" rgba=\"0.45 0.36 0.27 1\"/>".into());
    for wall in &scene.walls {
        for geom in wall_geoms(scene, wall) {
            line(2, geom);
        }
    }
    for opening in &scene.openings {
        if let Some(wall) = scene.wall(opening.wall) {
            let size = [opening.width, wall.thickness, opening.height];
            let place = placed(opening.center, yaw_of(wall));
            let half = half(size);
            line(
                2,
                format!(
                    "<site name=\"{}\" type=\"box\" {place} size=\"{half}\" rgba=\"0.5 0.7 0.9 0.3\"/>",
                    opening.id
                ),
            );
        }
    }
    for object in &scene.objects {
        object_lines(object).into_iter().for_each(|(indent, content)| line(indent + 2, content));
    }
    line(1, "</worldbody>".into());
    line(0, "</mujoco>".into());
    text
}

fn yaw_of(wall: &Wall) -> f64 {
    (wall.b[1] - wall.a[1]).atan2(wall.b[0] - wall.a[0])
}

fn wall_geoms(scene: &Scene, wall: &Wall) -> Vec<String> {
    let middle = 0.5 * (Vec2::from(wall.a) + Vec2::from(wall.b));
    let along = (Vec2::from(wall.b) - Vec2::from(wall.a)).normalize();
    let pieces = wall_pieces(wall, &openings_of(scene, wall));
    let whole = pieces.len() == 1;
    pieces
        .into_iter()
        .enumerate()
        .map(|(k, piece)| {
            let center = middle + along * (0.5 * (piece.u[0] + piece.u[1]));
            let z = wall.base_z + 0.5 * (piece.z[0] + piece.z[1]);
            let size = [piece.u[1] - piece.u[0], wall.thickness, piece.z[1] - piece.z[0]];
            let name = if whole { wall.id.to_string() } else { format!("{}_piece_{k}", wall.id) };
            let place = placed([center.x, center.y, z], yaw_of(wall));
            format!("<geom name=\"{name}\" type=\"box\" {place} size=\"{}\"/>", half(size))
        })
        .collect()
}

fn object_lines(object: &Object) -> Vec<(usize, String)> {
    let place = placed(object.center, object.yaw);
    let (id, size) = (&object.id, half(object.size));
    if COVERINGS.contains(&object.class.as_str()) {
        return vec![(
            0,
            format!(
                "<geom name=\"{id}\" type=\"box\" {place} size=\"{size}\" contype=\"0\" conaffinity=\"0\" rgba=\"0.6 0.3 0.3 1\"/>"
            ),
        )];
    }
    let friction = object.friction;
    if object.mobility == Mobility::Fixed {
        return vec![(
            0,
            format!(
                "<geom name=\"{id}\" type=\"box\" {place} size=\"{size}\" friction=\"{friction}\" rgba=\"0.5 0.5 0.6 1\"/>"
            ),
        )];
    }
    let mass = object.mass_kg;
    vec![
        (0, format!("<body name=\"{id}\" {place}>")),
        (1, format!("<freejoint name=\"{id}_joint\"/>")),
        (
            1,
            format!(
                "<geom name=\"{id}_geom\" type=\"box\" size=\"{size}\" mass=\"{mass}\" friction=\"{friction}\" rgba=\"0.4 0.55 0.7 1\"/>"
            ),
        ),
        (0, "</body>".into()),
    ]
}

fn placed(center: [f64; 3], yaw: f64) -> String {
    let [x, y, z] = center.map(number);
    format!("pos=\"{x} {y} {z}\" euler=\"0 0 {}\"", number(yaw))
}

fn half(size: [f64; 3]) -> String {
    let [x, y, z] = size.map(|edge| number(0.5 * edge));
    format!("{x} {y} {z}")
}

/// A number to a tenth of a micrometre, shortest form.
fn number(value: f64) -> f64 {
    (value * 1e7).round() / 1e7 + 0.0
}
