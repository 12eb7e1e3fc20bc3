//! Per-frame picture quality: what tells a sharp, lit frame from a blurred or black one.
//!
//! Sharpness is the variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) of the gray image.

use image::RgbImage;

/// Mean gray level below which the brightest frame of a clip counts as black, of 255. Video black is
/// 16 in limited range; sensors in darkness read a few levels above.
pub const MIN_BRIGHTNESS: f64 = 12.0;

/// Rec. 601 luma of every pixel, rounded.
#[must_use]
pub fn gray(image: &RgbImage) -> Vec<u8> {
    image
        .as_raw()
        .chunks_exact(3)
        .map(|rgb| {
            let luma = 77 * u32::from(rgb[0]) + 150 * u32::from(rgb[1]) + 29 * u32::from(rgb[2]);
            (luma >> 8) as u8
        })
        .collect()
}

/// Sharpness (variance of the 4-neighbour Laplacian) and mean gray level.
#[must_use]
pub fn sharpness_and_brightness(image: &RgbImage) -> (f64, f64) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let gray = gray(image);
    let mean = gray.iter().map(|&v| u64::from(v)).sum::<u64>() as f64 / gray.len().max(1) as f64;
    if width < 3 || height < 3 {
        return (0.0, mean);
    }
    let (mut sum, mut sum_sq) = (0i64, 0i64);
    for y in 1..height - 1 {
        let above = &gray[(y - 1) * width..y * width];
        let row = &gray[y * width..(y + 1) * width];
        let below = &gray[(y + 1) * width..(y + 2) * width];
        for x in 1..width - 1 {
            let laplacian =
                i64::from(above[x]) + i64::from(below[x]) + i64::from(row[x - 1]) + i64::from(row[x + 1])
                    - 4 * i64::from(row[x]);
            sum += laplacian;
            sum_sq += laplacian * laplacian;
        }
    }
    let count = ((width - 2) * (height - 2)) as f64;
    let average = sum as f64 / count;
    (sum_sq as f64 / count - average * average, mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_checkerboard_is_sharper_than_its_blur_and_flat_is_zero() {
        let board = RgbImage::from_fn(64, 64, |x, y| {
            let v = if (x / 4 + y / 4) % 2 == 0 { 220 } else { 30 };
            Rgb([v, v, v])
        });
        let blurred = image::imageops::blur(&board, 2.0);
        let flat = RgbImage::from_pixel(64, 64, Rgb([128, 128, 128]));
        let sharp = sharpness_and_brightness(&board).0;
        assert!(sharp > 4.0 * sharpness_and_brightness(&blurred).0);
        let (none, brightness) = sharpness_and_brightness(&flat);
        assert_eq!(none, 0.0);
        assert!((brightness - 128.0).abs() <= 1.0);
    }
}
