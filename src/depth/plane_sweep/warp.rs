//! Source views turned into the reference orientation, and their rows at a depth plane.
//!
//! Once a source image has been resampled by the infinite homography K·R·K⁻¹, a fronto-parallel
//! plane at inverse depth w maps reference to source by a uniform scale and a shift (Gallup et al.,
//! CVPR 2007, without the division per pixel): with c the reference origin in the turned source
//! frame, p the pixel relative to the principal point and f the focal length,
//! `p' = (p + w f c_xy) / (1 + w c_z)`. A plane then costs one multiply-add per row and per column.
//!
//! Frame: pixels of the reference camera; turned sources carry an integer origin because the part
//! that the planes need may stick out of the reference image.

use crate::camera::Camera;
use crate::math::{Point2, Pose, Vec3};

/// Bits of the bilinear weights; six keep `255 * 64` within the i16 sums of `pmaddubsw`.
pub const WEIGHT_BITS: u32 = 6;
/// One in bilinear weights.
pub const WEIGHT_ONE: i32 = 1 << WEIGHT_BITS;
/// A plane may not zoom by more than this: beyond, a source pixel is no sample of the same surface.
const MAX_ZOOM: f64 = 1.9;
/// A turned source never reaches further out of the reference image than this share of its size.
const MAX_MARGIN: f64 = 0.6;

/// A source view in the orientation of the reference camera.
#[derive(Debug, Clone)]
pub struct TurnedSource {
    /// Reference pixel of the first column and row.
    pub origin: [i32; 2],
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Gray levels, row-major; 0 where the source does not reach.
    pub gray: Vec<u8>,
    /// Columns `start..end` of each row that the source reaches.
    pub valid: Vec<[u32; 2]>,
    /// Reference camera's origin in the turned source frame, world units.
    pub offset: Vec3,
}

/// Scale and shift of one plane: `x' = scale * x + shift_x` in the turned source's own pixels.
#[derive(Debug, Clone, Copy)]
pub struct PlaneMap {
    /// Zoom.
    pub scale: f64,
    /// Shift along x, pixels.
    pub shift_x: f64,
    /// Shift along y, pixels.
    pub shift_y: f64,
}

impl TurnedSource {
    /// Turns the `gray` image of a source camera at `world_from_source` into the orientation of the
    /// reference, large enough for planes of inverse depth `near_inv` to `far_inv`.
    ///
    /// `None` when the two views do not share any direction or the planes zoom too much.
    #[must_use]
    pub fn new(
        camera: &Camera,
        gray: &[u8],
        source_from_reference: &Pose,
        near_inv: f64,
        far_inv: f64,
    ) -> Option<Self> {
        let turn = source_from_reference.rotation;
        let offset = turn.inverse() * source_from_reference.translation.vector;
        let bounds = bounds(camera, &offset, near_inv, far_inv)?;
        let [x0, y0, x1, y1] = bounds;
        let (width, height) = ((x1 - x0 + 1) as usize, (y1 - y0 + 1) as usize);
        let mut turned = Self {
            origin: [x0, y0],
            width,
            height,
            gray: vec![0; width * height],
            valid: vec![[0, 0]; height],
            offset,
        };
        let (max_x, max_y) = (f64::from(camera.width) - 1.0, f64::from(camera.height) - 1.0);
        let stride = camera.width as usize;
        for row in 0..height {
            let mut span: Option<[u32; 2]> = None;
            for column in 0..width {
                let pixel = Point2::new(f64::from(x0) + column as f64, f64::from(y0) + row as f64);
                let xy = camera.normalize(pixel);
                let ray = turn * Vec3::new(xy.x, xy.y, 1.0);
                if ray.z < 0.1 {
                    continue;
                }
                let x = camera.fx * ray.x / ray.z + camera.cx;
                let y = camera.fy * ray.y / ray.z + camera.cy;
                if !(x >= 0.0 && y >= 0.0 && x <= max_x && y <= max_y) {
                    continue;
                }
                turned.gray[row * width + column] = bilinear(gray, stride, x, y);
                let column = column as u32;
                span = Some(span.map_or([column, column + 1], |[start, _]| [start, column + 1]));
            }
            turned.valid[row] = span.unwrap_or([0, 0]);
        }
        turned.valid.iter().any(|[start, end]| end > start).then_some(turned)
    }

    /// Where the plane of inverse depth `inverse` maps the reference pixels; `None` when the plane
    /// lies behind the source or zooms too much.
    #[must_use]
    pub fn plane(&self, camera: &Camera, inverse: f64) -> Option<PlaneMap> {
        let (scale, shift_x, shift_y) = plane_map(camera, &self.offset, inverse)?;
        Some(PlaneMap {
            scale,
            shift_x: shift_x - f64::from(self.origin[0]),
            shift_y: shift_y - f64::from(self.origin[1]),
        })
    }
}

fn plane_map(camera: &Camera, offset: &Vec3, inverse: f64) -> Option<(f64, f64, f64)> {
    let scale = 1.0 / (1.0 + inverse * offset.z);
    if !(1.0 / MAX_ZOOM..=MAX_ZOOM).contains(&scale) {
        return None;
    }
    let shift_x = camera.cx + scale * (inverse * camera.fx * offset.x - camera.cx);
    let shift_y = camera.cy + scale * (inverse * camera.fy * offset.y - camera.cy);
    Some((scale, shift_x, shift_y))
}

/// Smallest rectangle of reference pixels that all planes need: `[x0, y0, x1, y1]`.
fn bounds(camera: &Camera, offset: &Vec3, near_inv: f64, far_inv: f64) -> Option<[i32; 4]> {
    let (width, height) = (f64::from(camera.width), f64::from(camera.height));
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    // The planes between two usable ones are usable: zoom is monotonous in inverse depth.
    for step in 0..=8 {
        let inverse = far_inv + (near_inv - far_inv) * f64::from(step) / 8.0;
        let Some((scale, shift_x, shift_y)) = plane_map(camera, offset, inverse) else {
            continue;
        };
        for (axis, shift, size) in [(0, shift_x, width), (1, shift_y, height)] {
            low[axis] = low[axis].min(shift);
            high[axis] = high[axis].max(scale * (size - 1.0) + shift);
        }
    }
    if !(low[0].is_finite() && low[1].is_finite()) {
        return None;
    }
    let clip = |value: f64, size: f64| value.clamp(-MAX_MARGIN * size, (1.0 + MAX_MARGIN) * size);
    let x0 = clip(low[0], width).floor() as i32 - 1;
    let y0 = clip(low[1], height).floor() as i32 - 1;
    let x1 = clip(high[0], width).ceil() as i32 + 1;
    let y1 = clip(high[1], height).ceil() as i32 + 1;
    (x1 > x0 && y1 > y0).then_some([x0, y0, x1, y1])
}

fn bilinear(gray: &[u8], stride: usize, x: f64, y: f64) -> u8 {
    let (x0, y0) = (x as usize, y as usize);
    let (wx, wy) = (x - x0 as f64, y - y0 as f64);
    let last = gray.len() / stride - 1;
    let (x1, y1) = ((x0 + 1).min(stride - 1), (y0 + 1).min(last));
    let at = |px: usize, py: usize| f64::from(gray[py * stride + px]);
    let top = at(x0, y0) * (1.0 - wx) + at(x1, y0) * wx;
    let bottom = at(x0, y1) * (1.0 - wx) + at(x1, y1) * wx;
    (top * (1.0 - wy) + bottom * wy + 0.5) as u8
}
