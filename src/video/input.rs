//! Which kind of input a path is, and opening it.

use super::quality::MIN_BRIGHTNESS;
use super::{Error, FrameSet, Options, colmap, images, nerfstudio, tum};
use crate::report::Reporter;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Fewest frames that a trajectory can be made from: two views and one to verify them.
pub const MIN_FRAMES: usize = 3;

/// The kinds of input that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// A video file.
    Video,
    /// A folder of images.
    Images,
    /// nerfstudio's `transforms.json`, or a folder with one.
    Nerfstudio,
    /// A TUM RGB-D folder.
    Tum,
    /// A COLMAP text model with images.
    Colmap,
    /// A point cloud; it enters at the align stage.
    Cloud,
}

impl InputKind {
    /// Finds the kind by name and content.
    ///
    /// # Errors
    /// When there is nothing at the path, or nothing that is read.
    pub fn of(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            return Err(Error::Missing(path.to_owned()));
        }
        if path.is_dir() {
            return Ok(if path.join("transforms.json").is_file() {
                Self::Nerfstudio
            } else if path.join("rgb.txt").is_file() {
                Self::Tum
            } else if colmap::model_folder(path).is_some() {
                Self::Colmap
            } else {
                Self::Images
            });
        }
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        Ok(match ending.as_str() {
            "ply" => Self::Cloud,
            "json" => Self::Nerfstudio,
            "txt" | "csv" | "toml" | "glb" | "gltf" | "pcd" | "las" | "e57" => {
                return Err(Error::UnknownKind { found: format!("a .{ending} file"), path: path.to_owned() });
            }
            _ => Self::Video,
        })
    }

    /// The input brings camera poses.
    #[must_use]
    pub fn has_poses(self) -> bool {
        matches!(self, Self::Nerfstudio | Self::Colmap)
    }
}

/// Opens an input that has frames.
///
/// # Errors
/// When it cannot be used: unreadable, no video stream, too few frames, black.
pub fn open(path: &Path, options: &Options, reporter: &Reporter) -> Result<FrameSet, Error> {
    let set = match InputKind::of(path)? {
        InputKind::Video => open_video(path, options, reporter)?,
        InputKind::Images => images::open_folder(path, options)?,
        InputKind::Nerfstudio if path.is_dir() => nerfstudio::open(&path.join("transforms.json"), options)?,
        InputKind::Nerfstudio => nerfstudio::open(path, options)?,
        InputKind::Tum => tum::open(path, options)?,
        InputKind::Colmap => colmap::open(path, options)?,
        InputKind::Cloud => {
            return Err(Error::UnknownKind { found: "a cloud has no frames".into(), path: path.to_owned() });
        }
    };
    if set.given.is_none() && set.frames.len() < MIN_FRAMES {
        return Err(Error::TooFewFrames {
            found: set.frames.len(),
            needed: MIN_FRAMES,
            path: path.to_owned(),
        });
    }
    let brightest = set.frames.iter().map(|frame| frame.brightness).fold(0.0, f64::max);
    if brightest < MIN_BRIGHTNESS {
        return Err(Error::Black { brightest, needed: MIN_BRIGHTNESS, path: path.to_owned() });
    }
    report_quality(&set, reporter);
    Ok(set)
}

/// Share of black frames above which the user is told, 0..1.
const DARK_SHARE_WARNING: f64 = 0.1;

fn report_quality(set: &FrameSet, reporter: &Reporter) {
    let sharpness: Vec<f64> = set.frames.iter().map(|frame| frame.sharpness).collect();
    let brightness: Vec<f64> = set.frames.iter().map(|frame| frame.brightness).collect();
    let dark = brightness.iter().filter(|&&b| b < MIN_BRIGHTNESS).count() as f64 / brightness.len() as f64;
    reporter.diagnostic("frames", set.frames.len());
    reporter.diagnostic("working_size_px", [set.width, set.height]);
    reporter.diagnostic("median_sharpness", crate::math::median(&sharpness));
    reporter.diagnostic("median_brightness", crate::math::median(&brightness));
    reporter.diagnostic("dark_share", dark);
    if dark > DARK_SHARE_WARNING {
        reporter.warn(
            "dark-frames",
            format!(
                "{:.0} % of the frames are black and tell nothing; film with the lights on",
                100.0 * dark
            ),
        );
    }
}

#[cfg(feature = "opencv")]
fn open_video(path: &Path, options: &Options, reporter: &Reporter) -> Result<FrameSet, Error> {
    super::decode::probe(path, options, reporter)
}

#[cfg(not(feature = "opencv"))]
fn open_video(path: &Path, _options: &Options, _reporter: &Reporter) -> Result<FrameSet, Error> {
    Err(Error::NoDecoder(path.to_owned()))
}
