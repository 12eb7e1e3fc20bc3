//! Shi–Tomasi corners, spread over the picture by grid cells.
//!
//! Takes a gray picture and the corners that are there already, gives new ones: per free cell the
//! strongest local maximum of the smaller eigenvalue of the structure tensor (Shi & Tomasi 1994).
//! A low absolute threshold keeps the weak corners of blank walls; the bundle's robust loss and the
//! forward–backward check weed the bad ones out.

use super::cv::in_routine;
use crate::pose::Error;
use opencv::core::Mat;
use opencv::imgproc;
use opencv::prelude::*;

/// Neighbourhood of the structure tensor, pixels.
const BLOCK_PX: i32 = 5;
/// Least eigenvalue, in OpenCV's units (gradients scaled to gray levels of 0..1 per pixel and block);
/// sensor noise of 2 gray levels gives about 2e-5.
const MIN_EIGENVALUE: f32 = 6e-5;
/// Margin of the picture without corners, pixels.
const BORDER_PX: usize = 6;
/// Least edge of a grid cell, pixels.
const MIN_CELL_PX: f64 = 10.0;

/// Corners that are there already.
pub struct Occupied {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 2]>,
}

impl Occupied {
    /// Of these pixels in a picture of that size.
    pub fn new(width: u32, height: u32, pixels: impl Iterator<Item = [f32; 2]>) -> Self {
        Self { width: width as usize, height: height as usize, pixels: pixels.collect() }
    }
}

/// New corners so that there are about `most` in all, each in a cell of its own.
pub fn detect(gray: &Mat, occupied: &Occupied, most: usize) -> Result<Vec<[f32; 2]>, Error> {
    let (width, height) = (occupied.width, occupied.height);
    if width <= 2 * BORDER_PX || height <= 2 * BORDER_PX || most == 0 {
        return Ok(Vec::new());
    }
    let mut response = Mat::default();
    in_routine("cornerMinEigenVal", imgproc::corner_min_eigen_val_def(gray, &mut response, BLOCK_PX))?;
    let response = in_routine("cornerMinEigenVal", response.data_typed::<f32>())?;
    let cell = ((width * height) as f64 / most as f64).sqrt().max(MIN_CELL_PX);
    let columns = (width as f64 / cell).ceil() as usize;
    let rows = (height as f64 / cell).ceil() as usize;
    let cell_of = |x: f64, y: f64| (y / cell) as usize * columns + (x / cell) as usize;
    let mut taken = vec![false; columns * rows];
    for pixel in &occupied.pixels {
        let slot = cell_of(f64::from(pixel[0].max(0.0)), f64::from(pixel[1].max(0.0)));
        if let Some(flag) = taken.get_mut(slot) {
            *flag = true;
        }
    }
    let mut best: Vec<Option<(f32, usize, usize)>> = vec![None; columns * rows];
    for y in BORDER_PX..height - BORDER_PX {
        for x in BORDER_PX..width - BORDER_PX {
            let value = response[y * width + x];
            if value < MIN_EIGENVALUE {
                continue;
            }
            let slot = cell_of(x as f64, y as f64);
            if !taken[slot]
                && best[slot].is_none_or(|(old, _, _)| value > old)
                && is_peak(response, width, (x, y))
            {
                best[slot] = Some((value, x, y));
            }
        }
    }
    let mut found: Vec<(f32, usize, usize)> = best.into_iter().flatten().collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)).then(a.1.cmp(&b.1)));
    let room = most.saturating_sub(occupied.pixels.len());
    Ok(thin(found, &occupied.pixels, 0.5 * cell as f32, room))
}

fn is_peak(response: &[f32], width: usize, (x, y): (usize, usize)) -> bool {
    let own = response[y * width + x];
    (y - 1..=y + 1).all(|v| (x - 1..=x + 1).all(|u| response[v * width + u] <= own))
}

/// Keeps the strongest, none closer than `distance` to another.
fn thin(found: Vec<(f32, usize, usize)>, before: &[[f32; 2]], distance: f32, room: usize) -> Vec<[f32; 2]> {
    let mut grid: std::collections::BTreeMap<(i32, i32), Vec<[f32; 2]>> = std::collections::BTreeMap::new();
    let key = |p: &[f32; 2]| ((p[0] / distance).floor() as i32, (p[1] / distance).floor() as i32);
    for pixel in before {
        grid.entry(key(pixel)).or_default().push(*pixel);
    }
    let mut kept = Vec::new();
    for (_, x, y) in found {
        let pixel = [x as f32, y as f32];
        let (i, j) = key(&pixel);
        let near = (i - 1..=i + 1).any(|u| {
            (j - 1..=j + 1).any(|v| {
                grid.get(&(u, v)).is_some_and(|list| {
                    list.iter().any(|p| (p[0] - pixel[0]).hypot(p[1] - pixel[1]) < distance)
                })
            })
        });
        if !near {
            grid.entry((i, j)).or_default().push(pixel);
            kept.push(pixel);
            if kept.len() >= room {
                break;
            }
        }
    }
    kept
}
