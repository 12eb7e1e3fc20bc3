//! Small bridges to OpenCV: error conversion, matrices from slices, the solvers that are called.

use crate::camera::Camera;
use crate::math::{Mat3, Point3, Pose, Rotation, Vec2, Vec3};
use crate::pose::Error;
use opencv::core::{Mat, Point2d, Point3d, Vector};
use opencv::prelude::*;
use opencv::{calib3d, core};

/// Names the routine in an error.
pub fn in_routine<T>(routine: &'static str, result: opencv::Result<T>) -> Result<T, Error> {
    result.map_err(|error| Error::OpenCv { routine, cause: error.message })
}

/// Gray image as a matrix (copied).
pub fn gray_mat(gray: &[u8], width: u32, height: u32) -> Result<Mat, Error> {
    let view = in_routine("Mat", Mat::new_rows_cols_with_data(height as i32, width as i32, gray))?;
    in_routine("Mat", view.try_clone())
}

/// Points as OpenCV wants them: ideal pixels of a unit camera scaled by `focal`.
fn scaled(rays: &[Vec2], focal: f64) -> Vector<Point2d> {
    rays.iter().map(|ray| Point2d::new(ray.x * focal, ray.y * focal)).collect()
}

fn mask_to_bools(mask: &Mat, len: usize) -> Vec<bool> {
    mask.data_bytes().map_or_else(|_| vec![false; len], |bytes| bytes.iter().map(|&b| b != 0).collect())
}

fn matrix3(mat: &Mat) -> Option<Mat3> {
    let mut out = Mat3::zeros();
    for r in 0..3 {
        for c in 0..3 {
            out[(r, c)] = *mat.at_2d::<f64>(r as i32, c as i32).ok()?;
        }
    }
    Some(out)
}

fn focal_matrix(focal: f64) -> Result<Mat, Error> {
    in_routine("Mat", Mat::from_slice_2d(&[[focal, 0.0, 0.0], [0.0, focal, 0.0], [0.0, 0.0, 1.0]]))
}

/// Essential matrix between normalised rays (`b` from `a`) by USAC/MAGSAC, and its inliers.
/// `None` when there is none.
pub fn essential(
    a: &[Vec2],
    b: &[Vec2],
    focal: f64,
    threshold_px: f64,
) -> Result<Option<(Mat3, Vec<bool>)>, Error> {
    const CONFIDENCE: f64 = 0.999;
    const ITERATIONS: i32 = 1000;
    if a.len() < 6 {
        return Ok(None);
    }
    let mut mask = Mat::default();
    let found = calib3d::find_essential_mat(
        &scaled(a, focal),
        &scaled(b, focal),
        &focal_matrix(focal)?,
        calib3d::USAC_MAGSAC,
        CONFIDENCE,
        threshold_px,
        ITERATIONS,
        &mut mask,
    );
    // USAC raises an error instead of an empty result on some degenerate sets.
    let Ok(mat) = found else { return Ok(None) };
    if mat.rows() != 3 || mat.cols() != 3 {
        return Ok(None);
    }
    Ok(matrix3(&mat).map(|e| (e, mask_to_bools(&mask, a.len()))))
}

/// Inliers of the fundamental matrix between pixels; all false when there is none.
pub fn fundamental_inliers(a: &[Vec2], b: &[Vec2], threshold_px: f64) -> Result<Vec<bool>, Error> {
    const CONFIDENCE: f64 = 0.999;
    const ITERATIONS: i32 = 2000;
    if a.len() < 8 {
        return Ok(vec![false; a.len()]);
    }
    let mut mask = Mat::default();
    let found = calib3d::find_fundamental_mat(
        &scaled(a, 1.0),
        &scaled(b, 1.0),
        calib3d::USAC_MAGSAC,
        threshold_px,
        CONFIDENCE,
        ITERATIONS,
        &mut mask,
    );
    Ok(match found {
        Ok(mat) if mat.rows() >= 3 => mask_to_bools(&mask, a.len()),
        _ => vec![false; a.len()],
    })
}

/// Homography `b` from `a` (any plane coordinates) and its inliers.
pub fn homography(
    a: &[Vec2],
    b: &[Vec2],
    focal: f64,
    threshold_px: f64,
) -> Result<Option<(Mat3, Vec<bool>)>, Error> {
    if a.len() < 5 {
        return Ok(None);
    }
    let mut mask = Mat::default();
    let found = calib3d::find_homography(
        &scaled(a, focal),
        &scaled(b, focal),
        &mut mask,
        calib3d::USAC_MAGSAC,
        threshold_px,
    );
    let Ok(mat) = found else { return Ok(None) };
    if mat.rows() != 3 {
        return Ok(None);
    }
    Ok(matrix3(&mat).map(|h| (h, mask_to_bools(&mask, a.len()))))
}

/// `camera_from_world` by P3P-RANSAC on normalised rays, and its inliers.
pub fn resect(
    camera: &Camera,
    points: &[Point3],
    rays: &[Vec2],
    threshold_px: f64,
) -> Result<Option<(Pose, Vec<usize>)>, Error> {
    const CONFIDENCE: f64 = 0.9999;
    const ITERATIONS: i32 = 2000;
    if points.len() < 6 {
        return Ok(None);
    }
    let focal = camera.fx;
    let object: Vector<Point3d> = points.iter().map(|p| Point3d::new(p.x, p.y, p.z)).collect();
    let (mut rvec, mut tvec, mut inliers) = (Mat::default(), Mat::default(), Mat::default());
    let found = calib3d::solve_pnp_ransac(
        &object,
        &scaled(rays, focal),
        &focal_matrix(focal)?,
        &core::no_array(),
        &mut rvec,
        &mut tvec,
        false,
        ITERATIONS,
        threshold_px as f32,
        CONFIDENCE,
        &mut inliers,
        calib3d::SOLVEPNP_AP3P,
    );
    if !matches!(found, Ok(true)) {
        return Ok(None);
    }
    let vec3 = |mat: &Mat| -> Option<Vec3> {
        let data = mat.data_typed::<f64>().ok()?;
        (data.len() == 3 && data.iter().all(|v| v.is_finite())).then(|| Vec3::new(data[0], data[1], data[2]))
    };
    let (Some(turn), Some(shift)) = (vec3(&rvec), vec3(&tvec)) else { return Ok(None) };
    let chosen = inliers
        .data_typed::<i32>()
        .map_or_else(|_| Vec::new(), |ids| ids.iter().map(|&k| k as usize).collect::<Vec<_>>());
    Ok(Some((Pose::from_parts(shift.into(), Rotation::from_scaled_axis(turn)), chosen)))
}
