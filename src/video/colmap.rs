//! COLMAP text models with their images: `cameras.txt` and `images.txt` beside or below the images.
//!
//! Poses in the file are camera_from_world with OpenCV axes; one camera for all images is read
//! (models SIMPLE_PINHOLE, PINHOLE, SIMPLE_RADIAL, RADIAL, OPENCV). The scale is the model's own.

use super::{Error, FrameSet, GivenFrame, Options, images};
use crate::camera::Camera;
use crate::math::{Pose, Vec3};
use std::path::{Path, PathBuf};

/// Opens a folder that holds `cameras.txt` and `images.txt` (or `sparse/0/` with them).
///
/// # Errors
/// When a file, a camera model or an image is unusable.
pub fn open(folder: &Path, options: &Options) -> Result<FrameSet, Error> {
    let model = model_folder(folder).unwrap_or_else(|| folder.to_owned());
    let camera = read_camera(&model.join("cameras.txt"))?;
    let mut posed = read_images(&model.join("images.txt"))?;
    posed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut files = Vec::new();
    let mut given = Vec::new();
    for (i, (name, camera_from_world)) in posed.into_iter().enumerate() {
        let path = [folder.join("images").join(&name), folder.join(&name), model.join(&name)]
            .into_iter()
            .find(|path| path.is_file())
            .ok_or_else(|| {
                Error::malformed(
                    format!("image {name}"),
                    "it is named in images.txt and is not there",
                    "put the images into a folder `images` beside the model",
                    folder,
                )
            })?;
        files.push((path, i as f64 / images::NOMINAL_FPS));
        given.push(GivenFrame { world_from_camera: camera_from_world.inverse(), depth_path: None });
    }
    let mut set = images::frame_set(files, options)?;
    set.camera = Some(camera.resized(set.width, set.height));
    set.given = Some(given);
    Ok(set)
}

/// The folder at or below `folder` that holds a text model.
#[must_use]
pub fn model_folder(folder: &Path) -> Option<PathBuf> {
    ["", "sparse/0", "sparse"]
        .iter()
        .map(|below| folder.join(below))
        .find(|path| path.join("cameras.txt").is_file() && path.join("images.txt").is_file())
}

fn data_lines(path: &Path) -> Result<Vec<String>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::io(source, path))?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect())
}

fn read_camera(path: &Path) -> Result<Camera, Error> {
    let lines = data_lines(path)?;
    let cameras: Vec<&String> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
    let bad = |cause: String| {
        Error::malformed(
            "cameras.txt",
            cause,
            "export one camera as SIMPLE_PINHOLE, PINHOLE, SIMPLE_RADIAL, RADIAL or OPENCV",
            path,
        )
    };
    let [line] = cameras.as_slice() else {
        return Err(bad(format!("{} cameras where one is read", cameras.len())));
    };
    let fields: Vec<&str> = line.split_whitespace().collect();
    let numbers: Vec<f64> = fields.iter().skip(2).filter_map(|field| field.parse().ok()).collect();
    if fields.len() < 5 || numbers.len() + 2 != fields.len() || !numbers.iter().all(|v| v.is_finite()) {
        return Err(bad(format!("`{line}` is not `ID MODEL WIDTH HEIGHT PARAMS`")));
    }
    let base = Camera::centred(numbers[0] as u32, numbers[1] as u32, numbers.get(2).copied().unwrap_or(0.0));
    let camera = match (fields[1], &numbers[2..]) {
        ("SIMPLE_PINHOLE", &[f, cx, cy]) => Camera { fx: f, fy: f, cx, cy, ..base },
        ("PINHOLE", &[fx, fy, cx, cy]) => Camera { fx, fy, cx, cy, ..base },
        ("SIMPLE_RADIAL", &[f, cx, cy, k1]) => Camera { fx: f, fy: f, cx, cy, k1, ..base },
        ("RADIAL", &[f, cx, cy, k1, k2]) => Camera { fx: f, fy: f, cx, cy, k1, k2, ..base },
        ("OPENCV", &[fx, fy, cx, cy, k1, k2, p1, p2]) => Camera { fx, fy, cx, cy, k1, k2, p1, p2, ..base },
        (model, parameters) => {
            return Err(bad(format!("model {model} with {} parameters is not read", parameters.len())));
        }
    };
    if camera.fx <= 0.0 || camera.fy <= 0.0 || camera.width == 0 || camera.height == 0 {
        return Err(bad(format!("`{line}` has a focal length or a size that is not positive")));
    }
    // COLMAP puts the centre of the top-left pixel at (0.5, 0.5).
    Ok(Camera { cx: camera.cx - 0.5, cy: camera.cy - 0.5, ..camera })
}

/// Name and camera_from_world of every image: every second data line, the others hold its points.
fn read_images(path: &Path) -> Result<Vec<(String, Pose)>, Error> {
    let mut posed = Vec::new();
    for line in data_lines(path)?.iter().step_by(2) {
        if line.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        let numbers: Vec<f64> = fields.iter().take(8).filter_map(|field| field.parse().ok()).collect();
        if fields.len() < 10 || numbers.len() < 8 || !numbers.iter().all(|v| v.is_finite()) {
            return Err(Error::malformed(
                "images.txt",
                format!("`{line}` is not `ID QW QX QY QZ TX TY TZ CAMERA NAME`"),
                "export the model as text with COLMAP",
                path,
            ));
        }
        let quaternion = nalgebra::Quaternion::new(numbers[1], numbers[2], numbers[3], numbers[4]);
        let rotation = nalgebra::UnitQuaternion::from_quaternion(quaternion);
        let translation = Vec3::new(numbers[5], numbers[6], numbers[7]);
        posed.push((fields[9..].join(" "), Pose::from_parts(translation.into(), rotation)));
    }
    if posed.is_empty() {
        return Err(Error::malformed("images.txt", "it holds no image", "give a model with images", path));
    }
    Ok(posed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_model_opens_with_its_pose_and_pixel_convention() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        image::RgbImage::new(64, 48).save(folder.path().join("a.png")).expect("saved");
        std::fs::write(folder.path().join("cameras.txt"), "# x\n1 PINHOLE 64 48 50 51 32 24\n")
            .expect("written");
        std::fs::write(folder.path().join("images.txt"), "# x\n1 1 0 0 0 1 2 3 1 a.png\n\n")
            .expect("written");
        let set = open(folder.path(), &Options::default()).expect("opens");
        let camera = set.camera.expect("given");
        assert_eq!((camera.fx, camera.fy, camera.cx, camera.cy), (50.0, 51.0, 31.5, 23.5));
        let pose = set.given.expect("given")[0].world_from_camera;
        assert!((pose.translation.vector - Vec3::new(-1.0, -2.0, -3.0)).norm() < 1e-12);
    }
}
