//! The scene drawn over the frames it was seen in: the quickest way to find an error of geometry.
//!
//! Edges of walls, openings and object boxes are cut into short pieces, projected with the camera's
//! distortion, and left out where a wall stands between them and the camera (openings let through).

use crate::camera::Camera;
use crate::math::{Point2, Point3, Sim3, Vec2};
use crate::pipeline::{self, Capture};
use crate::report::Reporter;
use crate::scene::{Object, Opening, OpeningKind, Scene, Wall};
use image::{Rgb, RgbImage};
use std::path::Path;

/// Length of the pieces that an edge is cut into, metres: short enough to follow distortion.
const PIECE_M: f64 = 0.05;
/// Pieces nearer than this to the image plane are not drawn, metres.
const NEAR_M: f64 = 0.1;
/// A wall hides what lies behind it by more than this, metres: its own thickness and more.
const HIDING_SLACK_M: f64 = 0.25;
/// Colours by element.
const WALL: Rgb<u8> = Rgb([40, 120, 255]);
const DOOR: Rgb<u8> = Rgb([40, 220, 80]);
const WINDOW: Rgb<u8> = Rgb([0, 230, 230]);
const OBJECT: Rgb<u8> = Rgb([255, 140, 0]);

/// Where a frame was taken from.
pub struct View {
    /// Intrinsics of the image.
    pub camera: Camera,
    /// World (reconstruction) to scene frame.
    pub scene_from_world: Sim3,
    /// Pose of the camera in the reconstruction.
    pub world_from_camera: crate::math::Pose,
}

impl View {
    /// A point of the scene in the camera frame, metres.
    fn camera_point(&self, point: Point3) -> Point3 {
        let in_world = self.scene_from_world.inverse_transform_point(&point);
        let in_camera = self.world_from_camera.inverse_transform_point(&in_world);
        in_camera * self.scene_from_world.scaling()
    }

    fn position(&self) -> Point3 {
        self.scene_from_world * Point3::from(self.world_from_camera.translation.vector)
    }
}

/// Frame rate of the overlay video when the clip's own cannot be told, frames per second.
#[cfg(feature = "opencv")]
const FALLBACK_FPS: f64 = 10.0;

/// Writes every registered frame with the scene drawn over it as a video.
///
/// # Errors
/// When the frames cannot be read again or the video cannot be written.
#[cfg(feature = "opencv")]
pub fn write(
    path: &Path,
    scene: &Scene,
    capture: &Capture,
    scene_from_world: &Sim3,
    reporter: &Reporter,
) -> Result<(), pipeline::Error> {
    let frames = &capture.frames;
    let poses = &capture.trajectory.poses;
    let (Some(first), Some(last)) = (poses.first(), poses.last()) else { return Ok(()) };
    let seconds = last.time_s - first.time_s;
    let fps = if seconds > 0.0 { (poses.len() - 1) as f64 / seconds } else { FALLBACK_FPS };
    // H.264 wants even sides.
    let (width, height) = (frames.width & !1, frames.height & !1);
    let mut encoder = crate::video::encode::Encoder::create(path, width, height, fps)?;
    let wanted: Vec<usize> = poses.iter().map(|pose| pose.frame_idx).collect();
    for (done, (item, pose)) in frames.stream_of(&wanted)?.zip(poses).enumerate() {
        let (_, mut image) = item?;
        let view = View {
            camera: capture.trajectory.camera,
            scene_from_world: *scene_from_world,
            world_from_camera: pose.world_from_camera,
        };
        draw(scene, &view, &mut image);
        encoder.push(&image::imageops::crop_imm(&image, 0, 0, width, height).to_image())?;
        reporter.progress(done + 1, poses.len());
    }
    Ok(encoder.finish()?)
}

/// Without OpenCV there is no encoder.
///
/// # Errors
/// Always.
#[cfg(not(feature = "opencv"))]
pub fn write(
    _path: &Path,
    _scene: &Scene,
    _capture: &Capture,
    _scene_from_world: &Sim3,
    _reporter: &Reporter,
) -> Result<(), pipeline::Error> {
    Err(pipeline::Error::Unsupported(
        "this build was made without OpenCV and writes no video; leave `--overlay` out".to_owned(),
    ))
}

/// Draws the edges of all elements that are not behind a wall.
pub fn draw(scene: &Scene, view: &View, image: &mut RgbImage) {
    let eye = view.position();
    for wall in &scene.walls {
        draw_loop(&wall_corners(wall), WALL, scene, view, &eye, image);
    }
    for opening in &scene.openings {
        let color = if opening.kind == OpeningKind::Door { DOOR } else { WINDOW };
        if let Some(wall) = scene.walls.iter().find(|wall| wall.id == opening.wall) {
            draw_loop(&opening_corners(opening, wall), color, scene, view, &eye, image);
        }
    }
    for object in &scene.objects {
        let corners = box_corners(object);
        for (i, j) in BOX_EDGES {
            draw_edge([corners[i], corners[j]], OBJECT, scene, view, &eye, image);
        }
    }
}

fn wall_corners(wall: &Wall) -> [Point3; 4] {
    let top = wall.base_z + wall.height;
    let at = |p: [f64; 2], z| Point3::new(p[0], p[1], z);
    [at(wall.a, wall.base_z), at(wall.b, wall.base_z), at(wall.b, top), at(wall.a, top)]
}

fn opening_corners(opening: &Opening, wall: &Wall) -> [Point3; 4] {
    let along = Vec2::new(wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]).normalize() * (0.5 * opening.width);
    let [x, y, z] = opening.center;
    let half = 0.5 * opening.height;
    let at = |side: f64, up: f64| Point3::new(x + side * along.x, y + side * along.y, z + up * half);
    [at(-1.0, -1.0), at(1.0, -1.0), at(1.0, 1.0), at(-1.0, 1.0)]
}

const BOX_EDGES: [(usize, usize); 12] =
    [(0, 1), (1, 3), (3, 2), (2, 0), (4, 5), (5, 7), (7, 6), (6, 4), (0, 4), (1, 5), (2, 6), (3, 7)];

fn box_corners(object: &Object) -> [Point3; 8] {
    let (sin, cos) = object.yaw.sin_cos();
    std::array::from_fn(|i| {
        let sign = |bit: usize| if i >> bit & 1 == 1 { 0.5 } else { -0.5 };
        let (x, y) = (sign(0) * object.size[0], sign(1) * object.size[1]);
        Point3::new(
            object.center[0] + cos * x - sin * y,
            object.center[1] + sin * x + cos * y,
            object.center[2] + sign(2) * object.size[2],
        )
    })
}

fn draw_loop(
    corners: &[Point3; 4],
    color: Rgb<u8>,
    scene: &Scene,
    view: &View,
    eye: &Point3,
    image: &mut RgbImage,
) {
    for i in 0..4 {
        draw_edge([corners[i], corners[(i + 1) % 4]], color, scene, view, eye, image);
    }
}

fn draw_edge(
    ends: [Point3; 2],
    color: Rgb<u8>,
    scene: &Scene,
    view: &View,
    eye: &Point3,
    image: &mut RgbImage,
) {
    let pieces = ((ends[1] - ends[0]).norm() / PIECE_M).ceil().clamp(1.0, 2000.0) as usize;
    let at = |i: usize| ends[0] + (ends[1] - ends[0]) * (i as f64 / pieces as f64);
    let pixel = |i: usize| -> Option<Point2> {
        let point = at(i);
        let in_camera = view.camera_point(point);
        if in_camera.z < NEAR_M || hidden(scene, eye, &point) {
            return None;
        }
        // Far outside the image the distortion polynomial folds back: test without it first.
        let straight = view.camera.without_distortion().project(&in_camera)?;
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        let near_image = straight.x > -width && straight.x < 2.0 * width;
        let near_image = near_image && straight.y > -height && straight.y < 2.0 * height;
        if near_image { view.camera.project(&in_camera) } else { None }
    };
    let pixels: Vec<Option<Point2>> = (0..=pieces).map(pixel).collect();
    for pair in pixels.windows(2) {
        if let [Some(from), Some(to)] = pair {
            draw_line(*from, *to, color, image);
        }
    }
}

/// A wall stands between the eye and the point, and no opening lets the ray through.
fn hidden(scene: &Scene, eye: &Point3, point: &Point3) -> bool {
    scene.walls.iter().any(|wall| {
        let Some((share, z)) = crossing(wall, eye, point) else { return false };
        let behind = (1.0 - share) * (point - eye).norm();
        if behind < HIDING_SLACK_M || z > wall.base_z + wall.height {
            return false;
        }
        let hit = eye + (point - eye) * share;
        !scene.openings.iter().filter(|opening| opening.wall == wall.id).any(|opening| {
            let [x, y, center_z] = opening.center;
            (hit.x - x).hypot(hit.y - y) < 0.5 * opening.width && (z - center_z).abs() < 0.5 * opening.height
        })
    })
}

/// Where the segment eye–point crosses the wall's centre plane: share of the way, and height.
fn crossing(wall: &Wall, eye: &Point3, point: &Point3) -> Option<(f64, f64)> {
    let direction = Vec2::new(point.x - eye.x, point.y - eye.y);
    let along = Vec2::new(wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]);
    let offset = Vec2::new(wall.a[0] - eye.x, wall.a[1] - eye.y);
    let cross = direction.x * along.y - direction.y * along.x;
    if cross.abs() < 1e-12 {
        return None;
    }
    let share = (offset.x * along.y - offset.y * along.x) / cross;
    let on_wall = (offset.x * direction.y - offset.y * direction.x) / cross;
    ((0.0..1.0).contains(&share) && (0.0..=1.0).contains(&on_wall))
        .then(|| (share, eye.z + share * (point.z - eye.z)))
}

/// A line two pixels wide.
fn draw_line(from: Point2, to: Point2, color: Rgb<u8>, image: &mut RgbImage) {
    let steps = (to - from).amax().ceil().clamp(1.0, 4096.0) as usize;
    for i in 0..=steps {
        let at = from + (to - from) * (i as f64 / steps as f64);
        for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
            let (x, y) = ((at.x + dx).round(), (at.y + dy).round());
            if x >= 0.0 && y >= 0.0 && x < f64::from(image.width()) && y < f64::from(image.height()) {
                image.put_pixel(x as u32, y as u32, color);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{Pose, Rotation, Vec3};
    use nalgebra::{Matrix3, Rotation3, Translation3};

    const EYE_M: f64 = 1.5;

    fn sample() -> Scene {
        crate::physics::parse_scene(include_str!("../../samples/two-room-flat/expected_scene.json"))
            .expect("a scene")
    }

    /// A level camera in the middle of an object's room that looks at the object.
    fn view_of(scene: &Scene, object: &Object) -> View {
        let room = scene.rooms.iter().find(|room| Some(room.id) == object.room).expect("it has a room");
        let count = room.polygon.len() as f64;
        let middle = |axis: usize| room.polygon.iter().map(|p| p[axis]).sum::<f64>() / count;
        let eye = Vec3::new(middle(0), middle(1), EYE_M);
        let forward = Vec3::new(object.center[0] - eye.x, object.center[1] - eye.y, 0.0).normalize();
        let down = Vec3::new(0.0, 0.0, -1.0);
        let axes = Matrix3::from_columns(&[down.cross(&forward), down, forward]);
        let rotation = Rotation::from_rotation_matrix(&Rotation3::from_matrix(&axes));
        View {
            camera: Camera::centred(640, 480, 160.0),
            scene_from_world: Sim3::identity(),
            world_from_camera: Pose::from_parts(Translation3::from(eye), rotation),
        }
    }

    #[test]
    fn an_object_is_drawn_where_the_camera_sees_it() {
        let scene = sample();
        let sofa = scene.objects.iter().find(|object| object.class == "sofa").expect("there is one");
        let view = view_of(&scene, sofa);
        let mut image = RgbImage::new(640, 480);
        draw(&scene, &view, &mut image);
        let mut seen = 0;
        for corner in box_corners(sofa) {
            let in_camera = view.camera_point(corner);
            let Some(pixel) = view.camera.project(&in_camera).filter(|_| in_camera.z > NEAR_M) else {
                continue;
            };
            if (0.0..640.0).contains(&pixel.x) && (0.0..480.0).contains(&pixel.y) {
                let color = image.get_pixel(pixel.x.round() as u32 % 640, pixel.y.round() as u32 % 480);
                assert_eq!(*color, OBJECT, "corner at {pixel}");
                seen += 1;
            }
        }
        assert!(seen >= 4, "{seen} corners of the sofa are in the picture");
    }

    #[test]
    fn walls_hide_what_is_behind_them_and_openings_do_not() {
        let scene = sample();
        let sofa = scene.objects.iter().find(|object| object.class == "sofa").expect("there is one");
        let eye = view_of(&scene, sofa).position();
        assert!(!hidden(&scene, &eye, &Point3::from(sofa.center)), "in the same room");
        // A metre beyond each opening of the room, on the line from the eye through its middle.
        let room = sofa.room.expect("it has a room");
        let mut let_through = 0;
        for opening in scene.openings.iter().filter(|opening| opening.rooms.contains(&room)) {
            let middle = Point3::from(opening.center);
            let beyond = middle + (middle - eye).normalize();
            assert!(!hidden(&scene, &eye, &beyond), "{} lets through", opening.id.0);
            let above = Point3::new(beyond.x, beyond.y, 2.0 * (opening.center[2] + opening.height));
            let wall = scene.wall(opening.wall).expect("it has a wall");
            let crosses_wall = crossing(wall, &eye, &above).is_some_and(|(_, z)| z < wall.height);
            assert!(
                !crosses_wall || hidden(&scene, &eye, &above),
                "{}: the wall above it hides",
                opening.id.0
            );
            let_through += 1;
        }
        assert!(let_through > 0, "the room has openings");
        let far = scene.walls.iter().flat_map(|wall| [wall.a, wall.b]).map(|p| p[0]).fold(0.0, f64::max);
        let outside = (0..40).map(|k| Point3::new(far + 3.0, -4.0 + 0.2 * f64::from(k), EYE_M));
        assert!(
            outside.filter(|point| hidden(&scene, &eye, point)).count() > 10,
            "outer walls hide the street"
        );
    }
}
