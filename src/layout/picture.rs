//! A look from above: cloud and draft in plan, for eyes.
//!
//! Grey: vertical surface over 1 m (dark = tall); blue: walls (pale when inferred); red: doors;
//! cyan: windows; green: objects; orange: camera path. Scene frame, y up.

use super::draft::Draft;
use super::wall_grid::SLAB_M;
use crate::cloud::{Cloud, SceneFrame};
use crate::math::{Point2, Point3, Vec2};
use crate::scene::OpeningKind;
use crate::scene::model::Source;
use image::{Rgb, RgbImage};

/// Largest side of the picture, pixels.
const MAX_SIDE_PX: f64 = 1400.0;
/// Scale for ordinary rooms, pixels per metre.
const PX_PER_M: f64 = 100.0;

struct Canvas {
    image: RgbImage,
    min: [f64; 2],
    scale: f64,
}

impl Canvas {
    fn pixel(&self, p: &Point2) -> (i64, i64) {
        let x = (p.x - self.min[0]) * self.scale;
        let y = f64::from(self.image.height()) - 1.0 - (p.y - self.min[1]) * self.scale;
        (x.round() as i64, y.round() as i64)
    }

    fn put(&mut self, x: i64, y: i64, color: [u8; 3]) {
        if x >= 0 && y >= 0 && x < i64::from(self.image.width()) && y < i64::from(self.image.height()) {
            self.image.put_pixel(x as u32, y as u32, Rgb(color));
        }
    }

    fn line(&mut self, a: &Point2, b: &Point2, color: [u8; 3]) {
        let (p, q) = (self.pixel(a), self.pixel(b));
        let steps = (q.0 - p.0).abs().max((q.1 - p.1).abs()).clamp(1, 10_000);
        for k in 0..=steps {
            let t = k as f64 / steps as f64;
            let x = p.0 as f64 + t * (q.0 - p.0) as f64;
            let y = p.1 as f64 + t * (q.1 - p.1) as f64;
            self.put(x.round() as i64, y.round() as i64, color);
        }
    }

    /// Outline of a rectangle round `center` with half extents along `direction` and across it.
    fn rectangle(&mut self, center: Point2, direction: Vec2, half: (f64, f64), color: [u8; 3]) {
        let across = Vec2::new(-direction.y, direction.x);
        let corner = |s: f64, t: f64| center + direction * (s * half.0) + across * (t * half.1);
        let corners = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
        for k in 0..4 {
            self.line(&corners[k], &corners[(k + 1) % 4], color);
        }
    }
}

/// Draws cloud, draft and camera path in plan; a 1 x 1 picture when there is nothing to draw.
#[must_use]
pub fn top_view(cloud: &Cloud<SceneFrame>, draft: &Draft, camera_path: &[Point3]) -> RgbImage {
    let mut canvas = canvas(cloud, draft);
    draw_cloud(&mut canvas, cloud);
    for pair in camera_path.windows(2) {
        canvas.line(&pair[0].xy(), &pair[1].xy(), [240, 150, 40]);
    }
    for object in &draft.objects {
        let direction = Vec2::new(object.yaw.cos(), object.yaw.sin());
        let center = Point2::new(object.center[0], object.center[1]);
        let half = (0.5 * object.size[0], 0.5 * object.size[1]);
        canvas.rectangle(center, direction, half, [40, 150, 60]);
    }
    for wall in &draft.walls {
        let (a, b) = (Point2::from(wall.a), Point2::from(wall.b));
        let color = if wall.source == Source::Inferred { [150, 170, 255] } else { [30, 60, 220] };
        let center = nalgebra::center(&a, &b);
        if let Some(direction) = (b - a).try_normalize(1e-9) {
            canvas.rectangle(center, direction, (0.5 * (b - a).norm(), 0.5 * wall.thickness), color);
            for end in [a, b] {
                canvas.rectangle(end, direction, (0.03, 0.03), [0, 0, 0]);
            }
        }
    }
    for opening in &draft.openings {
        let wall = &draft.walls[opening.wall_idx];
        let along = Point2::from(wall.b) - Point2::from(wall.a);
        let color = if opening.kind == OpeningKind::Door { [230, 30, 30] } else { [0, 190, 220] };
        if let Some(direction) = along.try_normalize(1e-9) {
            let center = Point2::new(opening.center[0], opening.center[1]);
            canvas.rectangle(center, direction, (0.5 * opening.width, 0.5 * wall.thickness + 0.03), color);
            canvas.rectangle(center, direction, (0.5 * opening.width, 0.5 * wall.thickness), color);
        }
    }
    canvas.image
}

fn canvas(cloud: &Cloud<SceneFrame>, draft: &Draft) -> Canvas {
    let mut points: Vec<[f64; 2]> = draft.walls.iter().flat_map(|w| [w.a, w.b]).collect();
    let (mut min, mut max) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    // Without walls the cloud itself gives the frame; with walls stray points must not.
    if points.is_empty() {
        points.extend(cloud.points.iter().map(|p| [f64::from(p.position[0]), f64::from(p.position[1])]));
    }
    for p in points.iter().filter(|p| p[0].is_finite() && p[1].is_finite()) {
        for axis in 0..2 {
            min[axis] = min[axis].min(p[axis] - 0.6);
            max[axis] = max[axis].max(p[axis] + 0.6);
        }
    }
    if !min[0].is_finite() {
        return Canvas { image: RgbImage::from_pixel(1, 1, Rgb([255; 3])), min: [0.0; 2], scale: 1.0 };
    }
    let side = (max[0] - min[0]).max(max[1] - min[1]);
    let scale = PX_PER_M.min(MAX_SIDE_PX / side);
    let size = |axis: usize| (((max[axis] - min[axis]) * scale).ceil() as u32).max(1);
    Canvas { image: RgbImage::from_pixel(size(0), size(1), Rgb([255; 3])), min, scale }
}

fn draw_cloud(canvas: &mut Canvas, cloud: &Cloud<SceneFrame>) {
    let (width, height) = (canvas.image.width() as usize, canvas.image.height() as usize);
    let mut slabs = vec![0u64; width * height];
    for point in &cloud.points {
        let [x, y, z] = point.position.map(f64::from);
        if !(x.is_finite() && y.is_finite() && z > 0.15 && z < 6.0) {
            continue;
        }
        let (px, py) = canvas.pixel(&Point2::new(x, y));
        if px >= 0 && py >= 0 && (px as usize) < width && (py as usize) < height {
            slabs[py as usize * width + px as usize] |= 1 << ((z / SLAB_M) as u32).min(63);
        }
    }
    for (k, slabs) in slabs.iter().enumerate() {
        let tall = slabs.count_ones().min(12) as u8;
        if tall > 0 {
            let grey = 235 - 15 * tall;
            canvas.image.put_pixel((k % width) as u32, (k / width) as u32, Rgb([grey; 3]));
        }
    }
}
