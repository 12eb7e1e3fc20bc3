//! nerfstudio's `transforms.json`: posed images, and depth when `depth_file_path` is there.
//!
//! The file's cameras look along −z with y up (OpenGL); poses are turned to OpenCV's axes here.
//! Poses are taken as metric, since depth in metres comes with them or they come from a metric system.

use super::{Error, FrameSet, GivenFrame, Options, images};
use crate::camera::Camera;
use crate::math::{Mat3, Pose, Rotation, Vec3};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How far a given rotation may be from orthonormal, as the largest deviation of RᵀR from 1.
const MAX_ROTATION_DEFECT: f64 = 1e-2;

#[derive(Deserialize)]
struct File {
    fl_x: Option<f64>,
    fl_y: Option<f64>,
    camera_angle_x: Option<f64>,
    cx: Option<f64>,
    cy: Option<f64>,
    w: Option<f64>,
    h: Option<f64>,
    #[serde(default)]
    k1: f64,
    #[serde(default)]
    k2: f64,
    #[serde(default)]
    p1: f64,
    #[serde(default)]
    p2: f64,
    depth_unit_scale_factor: Option<f64>,
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    file_path: PathBuf,
    depth_file_path: Option<PathBuf>,
    timestamp: Option<f64>,
    time: Option<f64>,
    transform_matrix: Vec<Vec<f64>>,
}

/// Opens a `transforms.json`.
///
/// # Errors
/// When the JSON, an image or a pose in it is unusable.
pub fn open(path: &Path, options: &Options) -> Result<FrameSet, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::io(source, path))?;
    let remedy = "write it as nerfstudio's data format says";
    let mut file: File = serde_json::from_str(&text)
        .map_err(|cause| Error::malformed("transforms.json", cause.to_string(), remedy, path))?;
    if file.frames.is_empty() {
        return Err(Error::malformed("transforms.json", "its list of frames is empty", remedy, path));
    }
    let time_of =
        |frame: &Frame, i: usize| frame.timestamp.or(frame.time).unwrap_or(i as f64 / images::NOMINAL_FPS);
    let times: Vec<f64> = file.frames.iter().enumerate().map(|(i, f)| time_of(f, i)).collect();
    let mut order: Vec<usize> = (0..file.frames.len()).collect();
    order.sort_by(|&i, &j| times[i].total_cmp(&times[j]).then(i.cmp(&j)));

    let folder = path.parent().unwrap_or(Path::new("."));
    let mut given = Vec::with_capacity(order.len());
    let mut files = Vec::with_capacity(order.len());
    for &i in &order {
        let frame = &mut file.frames[i];
        let world_from_camera = opencv_pose(&frame.transform_matrix).map_err(|cause| {
            Error::malformed(format!("the pose of frame {i}"), cause, "give rigid 4x4 matrices", path)
        })?;
        given.push(GivenFrame {
            world_from_camera,
            depth_path: frame.depth_file_path.take().map(|depth| folder.join(depth)),
        });
        files.push((folder.join(&frame.file_path), times[i]));
    }
    let mut set = images::frame_set(files, options)?;
    set.given = Some(given);
    set.depth_unit_m = file.depth_unit_scale_factor.unwrap_or(0.001);
    set.camera = camera(&file, &set).map(|full| full.resized(set.width, set.height));
    Ok(set)
}

/// Intrinsics at the full resolution that the file speaks of.
fn camera(file: &File, set: &FrameSet) -> Option<Camera> {
    let width = file.w.map_or(set.width, |w| w.round() as u32).max(1);
    let height = file.h.map_or(set.height, |h| h.round() as u32).max(1);
    let fx = file
        .fl_x
        .or_else(|| file.camera_angle_x.map(|angle| 0.5 * f64::from(width) / (0.5 * angle).tan()))
        .filter(|fx| fx.is_finite() && *fx > 0.0)?;
    let centred = Camera::centred(width, height, fx);
    Some(Camera {
        fy: file.fl_y.unwrap_or(fx),
        cx: file.cx.unwrap_or(centred.cx),
        cy: file.cy.unwrap_or(centred.cy),
        k1: file.k1,
        k2: file.k2,
        p1: file.p1,
        p2: file.p2,
        ..centred
    })
}

/// `world_from_camera` with OpenCV axes from a 4x4 matrix with OpenGL axes.
fn opencv_pose(rows: &[Vec<f64>]) -> Result<Pose, String> {
    if rows.len() < 3 || rows.iter().any(|row| row.len() != 4) {
        return Err("the matrix is not 4x4".into());
    }
    let gl = Mat3::from_fn(|r, c| rows[r][c]);
    let rotation = gl * Mat3::from_diagonal(&Vec3::new(1.0, -1.0, -1.0));
    let translation = Vec3::new(rows[0][3], rows[1][3], rows[2][3]);
    rigid(&rotation, translation)
}

/// A pose from a rotation matrix that may be slightly off; refuses what is no rotation.
pub(super) fn rigid(rotation: &Mat3, translation: Vec3) -> Result<Pose, String> {
    let defect = (rotation.transpose() * rotation - Mat3::identity()).abs().max();
    if !defect.is_finite() || !translation.iter().all(|v| v.is_finite()) {
        return Err("it holds values that are not finite".into());
    }
    if defect > MAX_ROTATION_DEFECT || rotation.determinant() < 0.0 {
        return Err(format!("its rotation is off orthonormal by {defect:.3}"));
    }
    let quaternion = Rotation::from_matrix(rotation);
    Ok(Pose::from_parts(translation.into(), quaternion))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opengl_axes_become_opencv_axes() {
        let identity: Vec<Vec<f64>> =
            (0..4).map(|r| (0..4).map(|c| f64::from(u8::from(r == c))).collect()).collect();
        let pose = opencv_pose(&identity).expect("rigid");
        let forward = pose.rotation * Vec3::z();
        assert!((forward + Vec3::z()).norm() < 1e-12, "an OpenGL camera looks along -z");
    }

    #[test]
    fn a_mirroring_matrix_is_refused() {
        let mut rows: Vec<Vec<f64>> =
            (0..4).map(|r| (0..4).map(|c| f64::from(u8::from(r == c))).collect()).collect();
        rows[0][0] = -1.0;
        assert!(opencv_pose(&rows).is_err());
    }
}
