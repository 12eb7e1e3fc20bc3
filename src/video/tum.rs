//! TUM RGB-D benchmark folders: `rgb.txt`, and `depth.txt` and `groundtruth.txt` when they are there
//! (Sturm et al., IROS 2012). Depth is in 1/5000 m.

use super::{Error, FrameSet, GivenFrame, Options, images};
use crate::math::{Pose, Vec3};
use std::path::{Path, PathBuf};

/// Metres per unit of the benchmark's depth images.
const DEPTH_UNIT_M: f64 = 1.0 / 5000.0;
/// Largest time between a colour image and its depth or pose, seconds (the benchmark's own
/// `associate.py` uses this value).
const MAX_TIME_GAP_S: f64 = 0.02;

/// Opens a TUM RGB-D folder. Frames without pose are left out when `groundtruth.txt` is there.
///
/// # Errors
/// When a list or an image is unusable.
pub fn open(folder: &Path, options: &Options) -> Result<FrameSet, Error> {
    let color = rows(&folder.join("rgb.txt"), 2)?;
    let depth = optional_rows(&folder.join("depth.txt"), 2)?;
    let poses = optional_rows(&folder.join("groundtruth.txt"), 8)?;
    let mut files: Vec<(PathBuf, f64)> = Vec::new();
    let mut given = Vec::new();
    for row in &color {
        let time = row.time;
        if poses.is_empty() {
            files.push((folder.join(&row.fields[0]), time));
            continue;
        }
        let Some(pose) = nearest(&poses, time) else { continue };
        given.push(GivenFrame {
            world_from_camera: parse_pose(&pose.fields, folder)?,
            depth_path: nearest(&depth, time).map(|row| folder.join(&row.fields[0])),
        });
        files.push((folder.join(&row.fields[0]), time));
    }
    if files.is_empty() {
        return Err(Error::malformed(
            "groundtruth.txt",
            format!("no pose within {MAX_TIME_GAP_S} s of any image"),
            "give lists of the same recording",
            folder,
        ));
    }
    let mut set = images::frame_set(files, options)?;
    set.depth_unit_m = DEPTH_UNIT_M;
    set.given = (!given.is_empty()).then_some(given);
    Ok(set)
}

struct Row {
    time: f64,
    fields: Vec<String>,
}

fn optional_rows(path: &Path, columns: usize) -> Result<Vec<Row>, Error> {
    if path.exists() { rows(path, columns) } else { Ok(Vec::new()) }
}

fn rows(path: &Path, columns: usize) -> Result<Vec<Row>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::io(source, path))?;
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut fields = line.split_whitespace().map(str::to_owned);
        let time = fields.next().and_then(|field| field.parse::<f64>().ok()).filter(|t| t.is_finite());
        let fields: Vec<String> = fields.collect();
        match time {
            Some(time) if fields.len() + 1 >= columns => rows.push(Row { time, fields }),
            _ => {
                return Err(Error::malformed(
                    format!("line {}", number + 1),
                    format!("`{line}` has no time stamp and {} fields", columns - 1),
                    "write it as the TUM RGB-D format says",
                    path,
                ));
            }
        }
    }
    rows.sort_by(|a, b| a.time.total_cmp(&b.time));
    Ok(rows)
}

fn nearest(rows: &[Row], time: f64) -> Option<&Row> {
    let after = rows.partition_point(|row| row.time < time);
    [after.checked_sub(1), Some(after)]
        .into_iter()
        .flatten()
        .filter_map(|i| rows.get(i))
        .min_by(|a, b| (a.time - time).abs().total_cmp(&(b.time - time).abs()))
        .filter(|row| (row.time - time).abs() <= MAX_TIME_GAP_S)
}

fn parse_pose(fields: &[String], path: &Path) -> Result<Pose, Error> {
    let values: Vec<f64> = fields.iter().filter_map(|field| field.parse().ok()).collect();
    let bad = |cause: &str| Error::malformed("groundtruth.txt", cause, "give tx ty tz qx qy qz qw", path);
    if values.len() < 7 || !values.iter().all(|v| v.is_finite()) {
        return Err(bad("a pose has fewer than seven finite numbers"));
    }
    let quaternion = nalgebra::Quaternion::new(values[6], values[3], values[4], values[5]);
    if quaternion.norm() < 0.5 {
        return Err(bad("a quaternion is zero"));
    }
    let rotation = nalgebra::UnitQuaternion::from_quaternion(quaternion);
    Ok(Pose::from_parts(Vec3::new(values[0], values[1], values[2]).into(), rotation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_row_is_found_within_the_gap_only() {
        let row = |time| Row { time, fields: vec![] };
        let rows = [row(0.0), row(1.0), row(2.0)];
        assert_eq!(nearest(&rows, 1.015).map(|r| r.time), Some(1.0));
        assert!(nearest(&rows, 1.5).is_none());
    }
}
