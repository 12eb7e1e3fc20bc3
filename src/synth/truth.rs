//! Truth files of a rendered walk, in the formats that `run` and `eval` read.
//!
//! `layout.txt`, `layout_unseen.txt` (layout language), `groundtruth_scene.tum` (scene_from_camera,
//! OpenCV axes), `transforms.json` (nerfstudio, OpenGL camera axes), `K.txt`, `meta.json`,
//! `depth/%05d.png` (16-bit millimetres, 0 = none). Scene frame, metres.

use super::error::Error;
use super::house::House;
use crate::camera::Camera;
use crate::export::write_atomically;
use crate::math::Pose;
use crate::scene::Layout;
use image::{ImageBuffer, Luma};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// Depth images store millimetres.
const DEPTH_UNIT_M: f64 = 0.001;

/// What a truth folder says beside the pictures.
pub struct Truth<'a> {
    /// The house.
    pub house: &'a House,
    /// Camera of the images.
    pub camera: &'a Camera,
    /// Frames per second.
    pub fps: f64,
    /// Pose of every frame, scene_from_camera.
    pub poses: &'a [Pose],
    /// Every n-th frame is listed in `transforms.json`.
    pub every: usize,
    /// The listed frames have files `rgb/%05d.jpg` and `depth/%05d.png`.
    pub has_images: bool,
    /// Elements that were seen.
    pub seen: &'a Layout,
    /// Elements that were hardly seen.
    pub unseen: &'a Layout,
}

impl Truth<'_> {
    /// Writes all text files into a folder.
    ///
    /// # Errors
    /// [`Error::Export`] when a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let camera = self.camera;
        let k = format!(
            "{:.6} 0.000000 {:.6}\n0.000000 {:.6} {:.6}\n0.000000 0.000000 1.000000\n",
            camera.fx, camera.cx, camera.fy, camera.cy
        );
        let pretty = |value: &Value| {
            serde_json::to_string_pretty(value).map(|t| t + "\n").map_err(|e| Error::Json(e.to_string()))
        };
        for (name, text) in [
            ("layout.txt", self.seen.to_text()),
            ("layout_unseen.txt", self.unseen.to_text()),
            ("groundtruth_scene.tum", self.tum()),
            ("K.txt", k),
            ("transforms.json", self.transforms()),
            ("meta.json", pretty(&self.meta())?),
        ] {
            write_atomically(&folder.join(name), text.as_bytes())?;
        }
        Ok(())
    }

    fn tum(&self) -> String {
        let mut text = String::from(
            "# timestamp tx ty tz qx qy qz qw  (scene_from_camera: Z up, floor z=0, metres; OpenCV camera axes)\n",
        );
        for (index, pose) in self.poses.iter().enumerate() {
            let (t, q) = (pose.translation.vector, pose.rotation);
            let s = if q.w < 0.0 { -1.0 } else { 1.0 };
            writeln!(
                text,
                "{:.6} {:.6} {:.6} {:.6} {:.9} {:.9} {:.9} {:.9}",
                index as f64 / self.fps,
                t.x,
                t.y,
                t.z,
                s * q.i,
                s * q.j,
                s * q.k,
                s * q.w
            )
            .expect("because writing to a String cannot fail");
        }
        text
    }

    /// One frame a line, so that people can read and compare it.
    fn transforms(&self) -> String {
        let camera = self.camera;
        let frames: Vec<String> = (0..self.poses.len())
            .step_by(self.every.max(1))
            .map(|index| {
                let mut frame = json!({
                    "timestamp": round6(index as f64 / self.fps),
                    "transform_matrix": opengl_rows(&self.poses[index]).map(|row| row.map(round6)),
                });
                if self.has_images {
                    frame["file_path"] = json!(format!("rgb/{index:05}.jpg"));
                    frame["depth_file_path"] = json!(format!("depth/{index:05}.png"));
                }
                frame.to_string()
            })
            .collect();
        let head = json!({
            "camera_model": "OPENCV",
            "fl_x": camera.fx, "fl_y": camera.fy, "cx": camera.cx, "cy": camera.cy,
            "w": camera.width, "h": camera.height,
            "k1": camera.k1, "k2": camera.k2, "p1": camera.p1, "p2": camera.p2,
            "depth_unit_scale_factor": DEPTH_UNIT_M,
        })
        .to_string();
        format!("{},\n\"frames\": [\n{}\n]}}\n", head.trim_end_matches('}'), frames.join(",\n"))
    }

    fn meta(&self) -> Value {
        let plan = &self.house.plan;
        let rooms: Vec<Value> = (0..plan.rooms.len())
            .map(|room| {
                let polygon = plan.inner_polygon(room);
                json!({
                    "type": plan.rooms[room].kind.name(),
                    "area_m2": round(super::plan::signed_area(&polygon)),
                    "inner_polygon": polygon.iter().map(|p| p.map(round)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let path: f64 =
            self.poses.windows(2).map(|w| (w[1].translation.vector - w[0].translation.vector).norm()).sum();
        json!({
            "generator": concat!("roomwright synth ", env!("CARGO_PKG_VERSION")),
            "seed": self.house.seed,
            "fps": self.fps,
            "frames": self.poses.len(),
            "seconds": round(self.poses.len() as f64 / self.fps),
            "width": self.camera.width,
            "height": self.camera.height,
            "hfov_deg": round(2.0 * (0.5 * f64::from(self.camera.width) / self.camera.fx).atan().to_degrees()),
            "ceiling": round(plan.ceiling_m),
            "wall_thickness": round(plan.thickness_m),
            "path_m": round(path),
            "rooms": rooms,
            "counts": {
                "walls": self.seen.walls.len(), "doors": self.seen.doors.len(),
                "windows": self.seen.windows.len(), "boxes": self.seen.boxes.len(),
                "unseen": self.unseen.doors.len() + self.unseen.windows.len() + self.unseen.boxes.len(),
            },
        })
    }
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn round6(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Rows of scene_from_camera with OpenGL camera axes (y up, z backwards).
fn opengl_rows(pose: &Pose) -> [[f64; 4]; 4] {
    let m = pose.to_homogeneous();
    std::array::from_fn(|r| {
        std::array::from_fn(|c| if r < 3 && (c == 1 || c == 2) { -m[(r, c)] } else { m[(r, c)] })
    })
}

/// Writes depth as a 16-bit PNG of millimetres.
///
/// # Errors
/// [`Error::Image`] when the file cannot be written.
pub fn write_depth(depth: &[f32], width: u32, height: u32, path: &Path) -> Result<(), Error> {
    let image: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_fn(width, height, |x, y| {
        let metres = f64::from(depth[(y * width + x) as usize]);
        Luma([(metres / DEPTH_UNIT_M).round().clamp(0.0, 65_535.0) as u16])
    });
    image.save(path).map_err(|source| Error::Image { source, path: path.to_owned() })
}
