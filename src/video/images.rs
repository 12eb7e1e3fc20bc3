//! Image files as frames: a sorted folder, at a nominal rate.

use super::quality::sharpness_and_brightness;
use super::{Error, FrameInfo, FrameSet, FrameSource, Options};
use image::RgbImage;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Frame rate assumed for a folder of images without time stamps, frames per second.
pub const NOMINAL_FPS: f64 = 10.0;

/// File name endings that are read as images.
pub const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];

/// Loads an image as RGB, scaled to `size` when given.
///
/// # Errors
/// When the file cannot be read or decoded.
pub fn load(path: &Path, size: Option<(u32, u32)>) -> Result<RgbImage, Error> {
    let image = image::ImageReader::open(path)
        .map_err(|source| Error::io(source, path))?
        .with_guessed_format()
        .map_err(|source| Error::io(source, path))?
        .decode()
        .map_err(|cause| {
            Error::malformed("the image", cause.to_string(), "save it again as JPEG or PNG", path)
        })?
        .into_rgb8();
    Ok(match size {
        Some((width, height)) if (width, height) != image.dimensions() => {
            image::imageops::resize(&image, width, height, image::imageops::FilterType::Triangle)
        }
        _ => image,
    })
}

/// Working size of an image of `width` x `height`: the longer side at most `max_side_px`.
#[must_use]
pub fn working_size(width: u32, height: u32, max_side_px: u32) -> (u32, u32) {
    let longer = width.max(height);
    if max_side_px == 0 || longer <= max_side_px {
        return (width, height);
    }
    let scaled =
        |side: u32| ((f64::from(side) * f64::from(max_side_px) / f64::from(longer)).round() as u32).max(1);
    (scaled(width), scaled(height))
}

/// The image files of a folder, sorted by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| Error::io(source, folder))? {
        let path = entry.map_err(|source| Error::io(source, folder))?.path();
        let is_image = path
            .extension()
            .and_then(|ending| ending.to_str())
            .is_some_and(|ending| EXTENSIONS.contains(&ending.to_ascii_lowercase().as_str()));
        if is_image && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A frame set of image files with their time stamps; all must have one size.
///
/// # Errors
/// When an image cannot be read or its size differs from the first one's.
pub fn frame_set(files: Vec<(PathBuf, f64)>, options: &Options) -> Result<FrameSet, Error> {
    let Some((first, _)) = files.first() else {
        return Err(Error::UnknownKind { found: "no image files".into(), path: PathBuf::new() });
    };
    let (full_width, full_height) = image::image_dimensions(first).map_err(|cause| {
        Error::malformed("the image", cause.to_string(), "save it again as JPEG or PNG", first)
    })?;
    let size = working_size(full_width, full_height, options.max_side_px);
    let frames = files
        .par_iter()
        .enumerate()
        .map(|(source_idx, (path, time_s))| {
            let image = load(path, None)?;
            if image.dimensions() != (full_width, full_height) {
                let (width, height) = image.dimensions();
                return Err(Error::malformed(
                    "the image",
                    format!("{width}x{height} pixels where the first has {full_width}x{full_height}"),
                    "give frames of one camera at one size",
                    path,
                ));
            }
            let (sharpness, brightness) = sharpness_and_brightness(&image);
            Ok(FrameInfo { source_idx, time_s: *time_s, sharpness, brightness })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(FrameSet {
        source: FrameSource::Images { paths: files.into_iter().map(|(path, _)| path).collect() },
        width: size.0,
        height: size.1,
        frames,
        camera: None,
        given: None,
        depth_unit_m: 0.001,
    })
}

/// Opens a folder of images at the nominal rate.
///
/// # Errors
/// When the folder holds no image, or one cannot be read.
pub fn open_folder(folder: &Path, options: &Options) -> Result<FrameSet, Error> {
    let paths = list(folder)?;
    if paths.is_empty() {
        return Err(Error::UnknownKind {
            found: "a folder without .jpg or .png files".into(),
            path: folder.to_owned(),
        });
    }
    let files = paths.into_iter().enumerate().map(|(i, path)| (path, i as f64 / NOMINAL_FPS)).collect();
    frame_set(files, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_size_keeps_the_aspect_and_never_enlarges() {
        assert_eq!(working_size(1920, 1080, 640), (640, 360));
        assert_eq!(working_size(1080, 1920, 640), (360, 640));
        assert_eq!(working_size(518, 294, 640), (518, 294));
        assert_eq!(working_size(4000, 1, 640), (640, 1));
    }

    #[test]
    fn images_of_two_sizes_are_refused_with_both_sizes_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        RgbImage::new(32, 24).save(folder.path().join("a.png")).expect("saved");
        RgbImage::new(24, 32).save(folder.path().join("b.png")).expect("saved");
        let message = open_folder(folder.path(), &Options::default()).expect_err("two sizes").to_string();
        assert!(message.contains("24x32") && message.contains("32x24"), "{message}");
    }
}
