//! The depth artefact anyone can open: a folder of 16-bit PNG images.
//!
//! Per map `NNNNN.depth.png` (16-bit, units of `depth_unit` in world units, 0 = no estimate; with
//! metric poses the unit is a millimetre), `NNNNN.confidence.png` (8-bit), `NNNNN.color.png`, and
//! one `maps.json` with intrinsics, poses, the unit and the name of the estimator. Depth is rounded
//! to the unit; a depth that does not fit 16 bits is written as 0 and counted in the returned summary.

use super::{DepthMap, DepthMaps, Error};
use crate::camera::Camera;
use crate::math::Pose;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::io::BufWriter;
use std::path::Path;

/// Depth unit for metric poses, metres.
const METRIC_UNIT: f64 = 0.001;
/// Without metres the deepest pixel is written as no more than this number: the unit is the least power of two that
/// allows it, so that depths in whole units are exact 32-bit floats. The resolution is 0.004 % of the deepest at worst.
const DEEPEST_CODE: f64 = 60_000.0;
/// Name of the index.
const INDEX: &str = "maps.json";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    source: String,
    depth_unit: f64,
    maps: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    frame_idx: usize,
    camera: Camera,
    world_from_camera: Pose,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Written {
    /// World units per count of the depth images.
    pub depth_unit: f64,
    /// Pixels whose depth did not fit and was written as "none".
    pub pixels_out_of_range: usize,
}

/// Writes the maps into `folder`, which is made when missing. `metric` chooses millimetres.
///
/// # Errors
/// When a file cannot be written.
pub fn write(maps: &DepthMaps, metric: bool, folder: &Path) -> Result<Written, Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::io(source, folder))?;
    let depth_unit = if metric { METRIC_UNIT } else { fitting_unit(maps) };
    let lost: Vec<usize> =
        maps.maps.par_iter().map(|map| write_map(map, depth_unit, folder)).collect::<Result<_, Error>>()?;
    let index = Index {
        source: maps.source.clone(),
        depth_unit,
        maps: maps
            .maps
            .iter()
            .map(|map| Entry {
                frame_idx: map.frame_idx,
                camera: map.camera,
                world_from_camera: map.world_from_camera,
            })
            .collect(),
    };
    let path = folder.join(INDEX);
    let text =
        serde_json::to_string_pretty(&index).map_err(|cause| Error::malformed(cause.to_string(), &path))?;
    std::fs::write(&path, text).map_err(|source| Error::io(source, &path))?;
    Ok(Written { depth_unit, pixels_out_of_range: lost.iter().sum() })
}

/// The maps as [`read`] gives them back after [`write`] without metres: depths rounded to the unit, 0 for what does
/// not fit.
#[must_use]
pub fn settled(mut maps: DepthMaps) -> DepthMaps {
    let unit = fitting_unit(&maps);
    maps.maps.par_iter_mut().flat_map(|map| &mut map.depth).for_each(|depth| {
        *depth = decoded(encoded(*depth, unit).unwrap_or(0), unit);
    });
    maps
}

fn fitting_unit(maps: &DepthMaps) -> f64 {
    let depths = maps.maps.iter().flat_map(|map| &map.depth).copied();
    let deepest = depths.filter(|d| d.is_finite()).fold(f32::MIN_POSITIVE, f32::max);
    2.0f64.powi((f64::from(deepest) / DEEPEST_CODE).log2().ceil() as i32)
}

/// Counts of the unit; `None` when they do not fit 16 bits.
fn encoded(depth: f32, unit: f64) -> Option<u16> {
    let code = (f64::from(depth) / unit).round();
    (0.0..=f64::from(u16::MAX)).contains(&code).then_some(code as u16)
}

fn decoded(code: u16, unit: f64) -> f32 {
    (f64::from(code) * unit) as f32
}

/// Returns the number of depths that did not fit.
fn write_map(map: &DepthMap, depth_unit: f64, folder: &Path) -> Result<usize, Error> {
    let mut lost = 0;
    let mut bytes = Vec::with_capacity(2 * map.depth.len());
    for &depth in &map.depth {
        let code = encoded(depth, depth_unit);
        lost += usize::from(code.is_none());
        bytes.extend(code.unwrap_or(0).to_ne_bytes());
    }
    let name = |kind: &str| folder.join(format!("{:05}.{kind}.png", map.frame_idx));
    let size = (map.camera.width, map.camera.height);
    write_png(&name("depth"), &bytes, size, ExtendedColorType::L16)?;
    write_png(&name("confidence"), &map.confidence, size, ExtendedColorType::L8)?;
    write_png(&name("color"), map.color.as_raw(), size, ExtendedColorType::Rgb8)?;
    Ok(lost)
}

fn write_png(
    path: &Path,
    bytes: &[u8],
    (width, height): (u32, u32),
    color: ExtendedColorType,
) -> Result<(), Error> {
    let file = std::fs::File::create(path).map_err(|source| Error::io(source, path))?;
    PngEncoder::new_with_quality(BufWriter::new(file), CompressionType::Fast, FilterType::Adaptive)
        .write_image(bytes, width, height, color)
        .map_err(|cause| Error::io(std::io::Error::other(cause), path))
}

/// Reads what [`write`] wrote.
///
/// # Errors
/// When a file is missing, is of another size than the index says, or is no such image.
pub fn read(folder: &Path) -> Result<DepthMaps, Error> {
    let path = folder.join(INDEX);
    let text = std::fs::read_to_string(&path).map_err(|source| Error::io(source, &path))?;
    let index: Index =
        serde_json::from_str(&text).map_err(|cause| Error::malformed(cause.to_string(), &path))?;
    if !(index.depth_unit.is_finite() && index.depth_unit > 0.0) {
        return Err(Error::malformed(format!("its depth unit is {}", index.depth_unit), path));
    }
    let maps = index
        .maps
        .into_par_iter()
        .map(|entry| read_map(entry, index.depth_unit, folder))
        .collect::<Result<_, Error>>()?;
    Ok(DepthMaps { maps, source: index.source })
}

fn read_map(entry: Entry, depth_unit: f64, folder: &Path) -> Result<DepthMap, Error> {
    let Entry { frame_idx, camera, world_from_camera } = entry;
    let open = |kind: &str| {
        let path = folder.join(format!("{frame_idx:05}.{kind}.png"));
        let image = image::open(&path).map_err(|cause| Error::malformed(cause.to_string(), &path))?;
        if (image.width(), image.height()) != (camera.width, camera.height) {
            let cause = format!(
                "it is {}x{}, the index says {}x{}",
                image.width(),
                image.height(),
                camera.width,
                camera.height
            );
            return Err(Error::malformed(cause, path));
        }
        Ok(image)
    };
    let codes = open("depth")?.into_luma16().into_raw();
    let depth = codes.iter().map(|&code| decoded(code, depth_unit)).collect();
    Ok(DepthMap {
        frame_idx,
        camera,
        world_from_camera,
        depth,
        confidence: open("confidence")?.into_luma8().into_raw(),
        color: open("color")?.into_rgb8(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maps() -> DepthMaps {
        let camera = Camera::centred(6, 4, 5.0);
        let depth = (0..24).map(|i| if i == 3 { 0.0 } else { 1.0 + 0.137 * i as f32 }).collect();
        let map = DepthMap {
            frame_idx: 7,
            camera,
            world_from_camera: Pose::translation(0.1, -0.2, 0.3),
            depth,
            confidence: (0..24).map(|i| i * 10).collect(),
            color: image::RgbImage::from_fn(6, 4, |x, y| image::Rgb([x as u8, y as u8, 9])),
        };
        DepthMaps { maps: vec![map], source: "plane_sweep".into() }
    }

    #[test]
    fn maps_survive_the_folder_within_half_a_unit() {
        for metric in [true, false] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let written = write(&maps(), metric, folder.path()).expect("written");
            assert_eq!(written.pixels_out_of_range, 0);
            let back = read(folder.path()).expect("read");
            let (a, b) = (&maps().maps[0], &back.maps[0]);
            assert_eq!((a.confidence.clone(), a.color.clone()), (b.confidence.clone(), b.color.clone()));
            assert_eq!((a.camera, a.frame_idx, &back.source[..]), (b.camera, b.frame_idx, "plane_sweep"));
            assert_eq!(b.depth[3], 0.0);
            for (x, y) in a.depth.iter().zip(&b.depth) {
                assert!((x - y).abs() as f64 <= 0.51 * written.depth_unit, "{x} against {y}");
            }
        }
    }

    #[test]
    fn settled_maps_come_back_bit_by_bit() {
        for scale in [1.0, 0.37, 1e-3, 2.0f32.powi(15)] {
            let mut drawn = maps();
            drawn.maps[0].depth.iter_mut().for_each(|depth| *depth *= scale);
            drawn.maps[0].depth[1] = f32::NAN;
            let kept = settled(drawn.clone());
            assert_eq!(kept.maps[0].depth[1], 0.0);
            assert!(drawn.maps[0].depth[2..].iter().zip(&kept.maps[0].depth[2..]).any(|(a, b)| a != b));
            let folder = tempfile::tempdir().expect("a temporary folder");
            write(&kept, false, folder.path()).expect("written");
            assert_eq!(read(folder.path()).expect("read"), kept);
        }
    }

    #[test]
    fn depth_beyond_16_bits_is_dropped_and_counted() {
        let mut deep = maps();
        deep.maps[0].depth[5] = 70.0;
        deep.maps[0].depth[6] = f32::NAN;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let written = write(&deep, true, folder.path()).expect("written");
        assert_eq!(written.pixels_out_of_range, 2);
        assert_eq!(read(folder.path()).expect("read").maps[0].depth[5], 0.0);
    }
}
