//! `plan.svg`: a scene from above, small enough for a gallery and legible in print.
//!
//! Takes a scene, gives an SVG: rooms with area, walls with thickness, doors, windows, object footprints,
//! a scale bar. Plan of the scene frame, x to the right, y up. Colours are fixed and on white, so that
//! the picture looks the same in light and dark pages. Everything comes from the scene; equal scenes are
//! equal bytes.

use crate::eval::html::escape;
use crate::math::{Point2, Vec2};
use crate::scene::{Object, Opening, OpeningKind, Room, Scene, Source, Wall};
use std::fmt::Write as _;

/// Size of the picture, pixels; the plan is fitted into it.
const WIDTH_PX: f64 = 480.0;
const HEIGHT_PX: f64 = 360.0;
/// Space around the plan, pixels; the scale bar lies in the lower one.
const MARGIN_PX: f64 = 26.0;
/// Largest coordinate that is drawn, metres: a runaway one must not shrink everything to a dot.
const MAX_COORDINATE_M: f64 = 200.0;
/// Height of the letters, pixels: legible when a gallery shows the picture at 40 %.
const LETTER_PX: f64 = 20.0;
/// Lengths that the scale bar can have, metres.
const BARS_M: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Longest scale bar, pixels.
const BAR_PX: f64 = 120.0;

/// The plan as an SVG file.
#[must_use]
pub fn svg(scene: &Scene) -> String {
    let mut drawing = Drawing::of(scene);
    for room in &scene.rooms {
        let corners: Vec<Point2> = room.polygon.iter().map(|&corner| Point2::from(corner)).collect();
        drawing.polygon(&corners, "fill=\"#f4efe6\"", None);
    }
    for object in &scene.objects {
        drawing.object(object);
    }
    for wall in &scene.walls {
        drawing.wall(wall);
    }
    for opening in &scene.openings {
        if let Some(wall) = scene.wall(opening.wall) {
            drawing.opening(opening, wall);
        }
    }
    for room in &scene.rooms {
        drawing.room_name(room);
    }
    drawing.scale_bar();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH_PX} {HEIGHT_PX}\" width=\"{WIDTH_PX}\" \
         height=\"{HEIGHT_PX}\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" \
         fill=\"#fff\"/>\n{}</svg>\n",
        drawing.text
    )
}

struct Drawing {
    text: String,
    center: Point2,
    /// Pixels per metre.
    scale: f64,
}

impl Drawing {
    fn of(scene: &Scene) -> Self {
        let walls = scene.walls.iter().flat_map(|wall| [wall.a, wall.b]);
        let rooms = scene.rooms.iter().flat_map(|room| room.polygon.iter().copied());
        let objects =
            scene.objects.iter().flat_map(|object| footprint(object).map(|corner| [corner.x, corner.y]));
        let points: Vec<[f64; 2]> = walls
            .chain(rooms)
            .chain(objects)
            .filter(|point| point.iter().all(|value| value.abs() <= MAX_COORDINATE_M))
            .collect();
        let bound = |axis: usize, pick: fn(f64, f64) -> f64| {
            points.iter().map(|point| point[axis]).reduce(pick).unwrap_or(0.0)
        };
        let low = Point2::new(bound(0, f64::min), bound(1, f64::min));
        let high = Point2::new(bound(0, f64::max), bound(1, f64::max));
        // At least a metre, so that an empty scene has a scale too.
        let extent = (high - low).map(|length| length.max(1.0));
        let scale = ((WIDTH_PX - 2.0 * MARGIN_PX) / extent.x).min((HEIGHT_PX - 2.0 * MARGIN_PX) / extent.y);
        Self { text: String::new(), center: nalgebra::center(&low, &high), scale }
    }

    fn pixel(&self, point: Point2) -> (f64, f64) {
        let offset = (point - self.center) * self.scale;
        (0.5 * WIDTH_PX + offset.x, 0.5 * HEIGHT_PX - offset.y)
    }

    /// Writing to a String cannot fail.
    fn push(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn polygon(&mut self, corners: &[Point2], style: &str, title: Option<&str>) {
        let points: Vec<String> = corners
            .iter()
            .map(|&corner| {
                let (x, y) = self.pixel(corner);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let points = points.join(" ");
        match title {
            Some(title) => self.push(&format!(
                "<polygon points=\"{points}\" {style}><title>{}</title></polygon>",
                escape(title)
            )),
            None => self.push(&format!("<polygon points=\"{points}\" {style}/>")),
        }
    }

    fn object(&mut self, object: &Object) {
        let style = "fill=\"#d5e4f3\" stroke=\"#3d6a96\" stroke-width=\"1\"";
        self.polygon(&footprint(object), style, Some(&object.class.replace('_', " ")));
    }

    fn wall(&mut self, wall: &Wall) {
        let fill = if wall.evidence.source == Source::Inferred { "#c98a55" } else { "#3c4650" };
        let (a, b) = (Point2::from(wall.a), Point2::from(wall.b));
        if let Some(corners) = bar(a, b, 0.5 * wall.thickness, 0.5 * wall.thickness) {
            self.polygon(&corners, &format!("fill=\"{fill}\""), Some(&wall.id.to_string()));
        }
    }

    /// A gap with the leaf's line for a door, a pale bar for a window.
    fn opening(&mut self, opening: &Opening, wall: &Wall) {
        let along = Point2::from(wall.b) - Point2::from(wall.a);
        let Some(along) = along.try_normalize(1e-9) else { return };
        let center = Point2::new(opening.center[0], opening.center[1]);
        let half = along * (0.5 * opening.width);
        let Some(corners) = bar(center - half, center + half, 0.5 * wall.thickness, 0.0) else { return };
        let style = match opening.kind {
            OpeningKind::Door => "fill=\"#fff\" stroke=\"#8a4b20\" stroke-width=\"1.5\"",
            OpeningKind::Window => "fill=\"#9fd0f5\" stroke=\"#1f6aa5\" stroke-width=\"1\"",
        };
        self.polygon(&corners, style, Some(&opening.id.0));
    }

    /// Kind and area, one above the other.
    fn room_name(&mut self, room: &Room) {
        let Some(at) = inner_point(room) else { return };
        let (x, y) = self.pixel(at);
        let kind = if room.kind == "unknown" { room.id.to_string() } else { room.kind.clone() };
        for (line, weight, above) in
            [(kind.replace('_', " "), "bold", 0.1), (format!("{:.1} m²", room.area_m2), "normal", -0.9)]
        {
            self.push(&format!(
                "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"{LETTER_PX}\" font-weight=\"{weight}\" \
                 text-anchor=\"middle\" fill=\"#1b2530\" stroke=\"#fff\" stroke-width=\"4\" \
                 paint-order=\"stroke\">{}</text>",
                y - above * LETTER_PX,
                escape(&line)
            ));
        }
    }

    fn scale_bar(&mut self) {
        let fitting = BARS_M.iter().rev().find(|&&length| length * self.scale <= BAR_PX);
        let length_m = *fitting.unwrap_or(&BARS_M[0]);
        let (left, y) = (MARGIN_PX, HEIGHT_PX - 9.0);
        let right = left + length_m * self.scale;
        self.push(&format!(
            "<path d=\"M{left:.1} {:.1}V{y:.1}H{right:.1}V{:.1}\" fill=\"none\" stroke=\"#1b2530\" stroke-width=\"1.5\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"16\" fill=\"#1b2530\">{length_m} m</text>",
            y - 5.0,
            y - 5.0,
            right + 5.0,
            y + 2.0
        ));
    }
}

/// A rectangle around the segment a–b, `beyond` longer at both ends; `None` for a point.
fn bar(a: Point2, b: Point2, half_width: f64, beyond: f64) -> Option<[Point2; 4]> {
    let along = (b - a).try_normalize(1e-9)?;
    let across = Vec2::new(-along.y, along.x) * half_width;
    let (a, b) = (a - along * beyond, b + along * beyond);
    Some([a - across, b - across, b + across, a + across])
}

fn footprint(object: &Object) -> [Point2; 4] {
    let center = Point2::new(object.center[0], object.center[1]);
    let (sin, cos) = object.yaw.sin_cos();
    let (x, y) = (0.5 * object.size[0], 0.5 * object.size[1]);
    [(-x, -y), (x, -y), (x, y), (-x, y)]
        .map(|(x, y)| center + Vec2::new(cos * x - sin * y, sin * x + cos * y))
}

/// A point well inside a room, for its name: the centroid, or for a bent room what `geo` finds.
fn inner_point(room: &Room) -> Option<Point2> {
    use geo::InteriorPoint;
    use geo::{Centroid, Contains, LineString, Polygon};
    let ring: LineString<f64> = room.polygon.iter().map(|&[x, y]| (x, y)).collect();
    let polygon = Polygon::new(ring, Vec::new());
    let centroid = polygon.centroid()?;
    let point = if polygon.contains(&centroid) { centroid } else { polygon.interior_point()? };
    Some(Point2::new(point.x(), point.y()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::parse_scene;
    use crate::scene::SceneParts;

    /// The scene of the sample clip, as it should come out.
    fn sample() -> Scene {
        parse_scene(include_str!("../../samples/two-room-flat/expected_scene.json")).expect("a scene")
    }

    #[test]
    fn everything_is_drawn_once_and_inside_the_picture() {
        let scene = sample();
        let svg = svg(&scene);
        assert_eq!(
            svg.matches("<title>").count(),
            scene.walls.len() + scene.openings.len() + scene.objects.len()
        );
        assert_eq!(svg.matches("m²").count(), scene.rooms.len());
        for points in svg.split("points=\"").skip(1) {
            for pair in points.split('"').next().expect("closed").split(' ') {
                let (x, y) = pair.split_once(',').expect("x,y");
                let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
                assert!((0.0..=WIDTH_PX).contains(&x) && (0.0..=HEIGHT_PX).contains(&y), "{pair}");
            }
        }
    }

    #[test]
    fn hostile_names_are_text() {
        let mut parts = (*sample()).clone();
        parts.rooms[0].kind = "<script>&".to_owned();
        let text = serde_json::to_string(&parts).expect("JSON");
        let svg = svg(&parse_scene(&text).expect("a scene"));
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;&amp;"));
    }

    #[test]
    fn an_empty_scene_has_a_plan() {
        let parts = SceneParts {
            rooms: Vec::new(),
            walls: Vec::new(),
            openings: Vec::new(),
            objects: Vec::new(),
            relations: Vec::new(),
            findings: Vec::new(),
            ..(*sample()).clone()
        };
        let scene = parse_scene(&serde_json::to_string(&parts).expect("JSON")).expect("a scene");
        let svg = svg(&scene);
        assert!(svg.contains("0.2 m</text>") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
