//! Reader of TUM trajectories: `timestamp tx ty tz qx qy qz qw` a line, world_from_camera.
//!
//! Takes text, gives poses in time order. Comments start with `#`; fields are separated by white
//! space or commas. Times in seconds, translations in the file's unit, quaternions are normalised.
//! Source: the format of the TUM RGB-D benchmark (Sturm et al. 2012).

use super::error::{Error, Result, read_text};
use crate::math::Pose;
use nalgebra::{Quaternion, Translation3, UnitQuaternion};
use std::path::{Path, PathBuf};

/// A quaternion whose norm is further from 1 than this is a broken line, not a rounded one; files
/// with three decimals stay within 0.002.
const QUATERNION_NORM_TOLERANCE: f64 = 0.05;

/// A pose with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedPose {
    /// Time stamp, seconds.
    pub time_s: f64,
    /// Camera to world (or scene) frame.
    pub world_from_camera: Pose,
}

/// Reads a trajectory; sorts it by time. Of several poses with one time stamp the first is kept.
///
/// # Errors
/// [`Error::Line`] for a line without eight finite numbers or with a quaternion that is not unit.
pub fn parse(text: &str) -> Result<Vec<TimedPose>> {
    let mut poses = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let pose = parse_line(line).map_err(|reason| Error::Line {
            line: index + 1,
            reason,
            path: PathBuf::new(),
        })?;
        poses.push(pose);
    }
    poses.sort_by(|p, q| p.time_s.total_cmp(&q.time_s));
    poses.dedup_by(|later, first| later.time_s == first.time_s);
    Ok(poses)
}

/// Reads a trajectory from a file.
///
/// # Errors
/// As [`parse`], and when the file cannot be read or holds no pose.
pub fn read(path: &Path) -> Result<Vec<TimedPose>> {
    let poses = parse(&read_text(path)?).map_err(|error| error.at(path))?;
    if poses.is_empty() {
        let reason = "the trajectory holds no pose; give a file with lines `timestamp tx ty tz qx qy qz qw`";
        return Err(Error::Content { reason: reason.to_owned(), path: path.to_owned() });
    }
    Ok(poses)
}

fn parse_line(line: &str) -> std::result::Result<TimedPose, String> {
    let numbers = line
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|field| !field.is_empty())
        .map(|field| match field.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("`{field}` is not a finite number")),
        })
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let &[time_s, tx, ty, tz, qx, qy, qz, qw] = numbers.as_slice() else {
        return Err(format!("{} numbers, 8 needed", numbers.len()));
    };
    let quaternion = Quaternion::new(qw, qx, qy, qz);
    if (quaternion.norm() - 1.0).abs() > QUATERNION_NORM_TOLERANCE {
        return Err(format!("the quaternion has norm {:.4}, not 1", quaternion.norm()));
    }
    let rotation = UnitQuaternion::from_quaternion(quaternion);
    Ok(TimedPose { time_s, world_from_camera: Pose::from_parts(Translation3::new(tx, ty, tz), rotation) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sorts_and_skips_comments() {
        let poses =
            parse("# t x y z\n2.0 1 2 3 0 0 0 1\n\n1.0,4,5,6,0,0,1,0\n1.0 0 0 0 0 0 0 1\n").expect("good");
        assert_eq!(poses.len(), 2);
        assert_eq!(poses[0].world_from_camera.translation.vector.x, 4.0);
        assert_eq!(poses[1].time_s, 2.0);
    }

    #[test]
    fn a_bad_line_is_named() {
        for (text, reason) in [
            ("1 2 3", "3 numbers, 8 needed"),
            ("1 0 0 0 0 0 0 0", "norm 0.0000"),
            ("1 0 0 nan 0 0 0 1", "`nan` is not a finite number"),
        ] {
            let error = parse(text).expect_err("bad").to_string();
            assert!(error.contains(reason) && error.starts_with("line 1"), "{error}");
        }
    }
}
