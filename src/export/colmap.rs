//! COLMAP text model: `cameras.txt`, `images.txt`, `points3D.txt`.
//!
//! camera_from_world; x right, y down, z forward; quaternion w first; COLMAP's `OPENCV` camera. COLMAP
//! puts the centre of the top-left pixel at (0.5, 0.5), this program at (0, 0): half a pixel is added
//! to the principal point and to every observation. Source: COLMAP documentation, "Output format".

use super::{Error, write_atomically};
use crate::pose::Trajectory;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// COLMAP's pixel coordinates minus this program's.
const PIXEL_OFFSET: f64 = 0.5;

/// Writes the model into a folder that exists; images are called `00000.jpg` and so on by frame.
///
/// # Errors
/// [`Error::Write`] when a file cannot be written.
pub fn write(trajectory: &Trajectory, dir: &Path) -> Result<(), Error> {
    let files = [
        ("cameras.txt", cameras(trajectory)),
        ("images.txt", images(trajectory)),
        ("points3D.txt", points(trajectory)),
    ];
    files.into_iter().try_for_each(|(name, text)| write_atomically(&dir.join(name), text.as_bytes()))
}

fn cameras(trajectory: &Trajectory) -> String {
    let c = &trajectory.camera;
    format!(
        "# Camera list: CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[] (fx, fy, cx, cy, k1, k2, p1, p2)\n\
         1 OPENCV {} {} {} {} {} {} {} {} {} {}\n",
        c.width,
        c.height,
        c.fx,
        c.fy,
        c.cx + PIXEL_OFFSET,
        c.cy + PIXEL_OFFSET,
        c.k1,
        c.k2,
        c.p1,
        c.p2
    )
}

/// COLMAP's image numbers start at 1.
fn image_id(frame_idx: usize) -> usize {
    frame_idx + 1
}

/// Observations of every frame: (pixel, point number), in point order.
fn observations(trajectory: &Trajectory) -> BTreeMap<usize, Vec<([f64; 2], usize)>> {
    let mut by_frame: BTreeMap<usize, Vec<([f64; 2], usize)>> = BTreeMap::new();
    for (k, point) in trajectory.points.iter().enumerate() {
        for observation in &point.observations {
            by_frame
                .entry(observation.frame_idx)
                .or_default()
                .push(([observation.pixel.x, observation.pixel.y], k + 1));
        }
    }
    by_frame
}

fn images(trajectory: &Trajectory) -> String {
    let observations = observations(trajectory);
    let mut text = String::from(
        "# Image list, two lines an image: IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n\
         # POINTS2D[] as (X, Y, POINT3D_ID)\n",
    );
    for pose in &trajectory.poses {
        let camera_from_world = pose.world_from_camera.inverse();
        let (t, q) = (camera_from_world.translation.vector, camera_from_world.rotation);
        let id = image_id(pose.frame_idx);
        write!(
            text,
            "{id} {} {} {} {} {} {} {} 1 {:05}.jpg\n{}\n",
            q.w,
            q.i,
            q.j,
            q.k,
            t.x,
            t.y,
            t.z,
            pose.frame_idx,
            observations.get(&pose.frame_idx).map_or(String::new(), |seen| seen
                .iter()
                .map(|(p, point)| format!("{} {} {point}", p[0] + PIXEL_OFFSET, p[1] + PIXEL_OFFSET))
                .collect::<Vec<_>>()
                .join(" "))
        )
        .expect("because writing to a String cannot fail");
    }
    text
}

fn points(trajectory: &Trajectory) -> String {
    let mut next: BTreeMap<usize, usize> = BTreeMap::new();
    let mut text = String::from(
        "# 3D point list: POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)\n",
    );
    for (k, point) in trajectory.points.iter().enumerate() {
        let track: Vec<String> = point
            .observations
            .iter()
            .map(|observation| {
                let slot = next.entry(observation.frame_idx).or_default();
                *slot += 1;
                format!("{} {}", image_id(observation.frame_idx), *slot - 1)
            })
            .collect();
        let (p, [r, g, b]) = (point.position, point.rgb);
        writeln!(
            text,
            "{} {} {} {} {r} {g} {b} {} {}",
            k + 1,
            p.x,
            p.y,
            p.z,
            point.error_px,
            track.join(" ")
        )
        .expect("because writing to a String cannot fail");
    }
    text
}
