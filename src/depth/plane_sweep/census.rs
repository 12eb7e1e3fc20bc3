//! Ternary centre-symmetric census: what a pixel's surroundings look like, and how different two are.
//!
//! For pairs of pixels mirrored about the centre of a 7x7 window, the sign of their difference with
//! a dead zone (0 when within [`DEAD_ZONE`] gray levels). The distance of two descriptors is the sum
//! of |sign difference|. Invariant to gain and offset; the dead zone keeps the noise of blank walls
//! from looking like texture (after Stein, DAGM 2004, and Spangenberg et al., CAIP 2013).

/// Half the window, pixels.
pub const RADIUS: usize = 3;
/// Gray levels within which two pixels are equal: twice the noise of a compressed phone video.
pub const DEAD_ZONE: u8 = 2;
/// Offsets (dx, dy) of one pixel of each pair; the other is at (−dx, −dy).
pub const PAIRS: [(isize, isize); PAIR_COUNT] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (-3, 1),
    (-2, 1),
    (-1, 1),
    (0, 1),
    (1, 1),
    (2, 1),
    (3, 1),
    (-3, 2),
    (-2, 2),
    (-1, 2),
    (0, 2),
    (1, 2),
    (2, 2),
    (3, 2),
    (-3, 3),
    (-2, 3),
    (-1, 3),
    (0, 3),
    (1, 3),
    (2, 3),
    (3, 3),
];
/// Number of pairs.
pub const PAIR_COUNT: usize = 24;
/// Largest distance of two descriptors.
pub const MAX_DISTANCE: u8 = 2 * PAIR_COUNT as u8;

/// Descriptors of an image: for each row and pair, one sign per pixel (0, 1 or 2; 1 is "equal").
#[derive(Debug, Clone)]
pub struct Census {
    width: usize,
    signs: Vec<u8>,
}

impl Census {
    /// Descriptors of a gray image; the outer [`RADIUS`] pixels stay "equal".
    #[must_use]
    pub fn new(gray: &[u8], width: usize) -> Self {
        let height = gray.len() / width.max(1);
        let mut signs = vec![1u8; PAIR_COUNT * gray.len()];
        for y in RADIUS..height.saturating_sub(RADIUS) {
            for (pair, &(dx, dy)) in PAIRS.iter().enumerate() {
                let row = &mut signs[(y * PAIR_COUNT + pair) * width..][..width];
                for x in RADIUS..width.saturating_sub(RADIUS) {
                    let a = gray[(y as isize + dy) as usize * width + (x as isize + dx) as usize];
                    let b = gray[(y as isize - dy) as usize * width + (x as isize - dx) as usize];
                    row[x] = sign(a, b);
                }
            }
        }
        Self { width, signs }
    }

    /// Signs of one pair along a row.
    fn row(&self, y: usize, pair: usize) -> &[u8] {
        &self.signs[(y * PAIR_COUNT + pair) * self.width..][..self.width]
    }

    /// Number of pairs with contrast at a pixel: 0 on a blank wall, [`PAIR_COUNT`] in rich texture.
    #[must_use]
    pub fn texture(&self, x: usize, y: usize) -> u8 {
        (0..PAIR_COUNT).filter(|&pair| self.row(y, pair)[x] != 1).count() as u8
    }
}

#[inline(always)]
fn sign(a: u8, b: u8) -> u8 {
    1 + u8::from(a > b.saturating_add(DEAD_ZONE)) - u8::from(b > a.saturating_add(DEAD_ZONE))
}

/// Distances between the reference descriptors of row `y` and those of the warped image's row `y`,
/// for columns `start..end` (at least [`RADIUS`] from the border), written to `out[start..end]`.
pub fn row_distances(reference: &Census, warped: &[u8], y: usize, start: usize, end: usize, out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature, as just checked.
        return unsafe { row_distances_avx2(reference, warped, y, start, end, out) };
    }
    row_distances_any(reference, warped, y, start, end, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn row_distances_avx2(reference: &Census, warped: &[u8], y: usize, start: usize, end: usize, out: &mut [u8]) {
    row_distances_any(reference, warped, y, start, end, out);
}

#[inline(always)]
fn row_distances_any(reference: &Census, warped: &[u8], y: usize, start: usize, end: usize, out: &mut [u8]) {
    let count = end - start;
    let out = &mut out[start..end];
    out.fill(0);
    for (pair, &(dx, dy)) in PAIRS.iter().enumerate() {
        let at = |dx: isize, dy: isize| {
            let first = (y as isize + dy) * reference.width as isize + start as isize + dx;
            &warped[first as usize..][..count]
        };
        let (a, b) = (at(dx, dy), at(-dx, -dy));
        let signs = &reference.row(y, pair)[start..end];
        for i in 0..count {
            out[i] += sign(a[i], b[i]).abs_diff(signs[i]);
        }
    }
}
