//! Procedural textures: a pattern becomes a mipmapped image, sampled with trilinear filtering.
//!
//! Repeating patterns are periodic and hold factors of the material's tint (mean about 1); patterns
//! that span their chart hold the albedo itself. Noise is periodic value noise with an integer hash
//! (Perlin's "improving noise" lattice with random values). Values are stored as the square root of
//! half the linear value in 8 bits.

use super::material::{Pattern, hsv};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Edge of repeating textures, texels.
const SIDE: usize = 512;
/// Edge of pictures and rugs, texels.
const PICTURE_SIDE: usize = 256;

/// One mipmapped texture.
pub struct Texture {
    levels: Vec<(usize, Vec<[u8; 3]>)>,
    /// Mean value over the texture.
    pub mean: [f32; 3],
}

fn encode(value: f32) -> u8 {
    ((0.5 * value).clamp(0.0, 1.0).sqrt() * 255.0 + 0.5) as u8
}

fn decode(code: f32) -> f32 {
    let x = code * (1.0 / 255.0);
    2.0 * x * x
}

impl Texture {
    fn from_fn(side: usize, f: impl Fn(f32, f32) -> [f32; 3] + Sync) -> Self {
        let base: Vec<[f32; 3]> = (0..side * side)
            .into_par_iter()
            .map(|i| f((i % side) as f32 / side as f32, (i / side) as f32 / side as f32))
            .collect();
        let count = base.len() as f32;
        let mut mean = [0.0f32; 3];
        for texel in &base {
            for k in 0..3 {
                mean[k] += texel[k] / count;
            }
        }
        let mut levels = Vec::new();
        let (mut current, mut edge) = (base, side);
        loop {
            levels.push((edge, current.iter().map(|c| c.map(encode)).collect()));
            if edge == 1 {
                break;
            }
            let half = edge / 2;
            current = (0..half * half)
                .map(|i| {
                    let (x, y) = (2 * (i % half), 2 * (i / half));
                    std::array::from_fn(|k| {
                        0.25 * (current[y * edge + x][k]
                            + current[y * edge + x + 1][k]
                            + current[(y + 1) * edge + x][k]
                            + current[(y + 1) * edge + x + 1][k])
                    })
                })
                .collect();
            edge = half;
        }
        Self { levels, mean }
    }

    /// Value at (u, v), period 1, for a footprint of `extent` (in periods).
    #[must_use]
    pub fn sample(&self, u: f32, v: f32, extent: f32) -> [f32; 3] {
        self.channels(u, v, extent)
    }

    /// First channel of [`Self::sample`].
    #[must_use]
    pub fn sample_first(&self, u: f32, v: f32, extent: f32) -> f32 {
        self.channels::<1>(u, v, extent)[0]
    }

    /// Trilinear value of the first `N` channels.
    fn channels<const N: usize>(&self, u: f32, v: f32, extent: f32) -> [f32; N] {
        let level =
            (extent * self.levels[0].0 as f32).max(1e-6).log2().clamp(0.0, (self.levels.len() - 1) as f32);
        let low = level as usize;
        let k = level - low as f32;
        let a: [f32; N] = self.bilinear(low, u, v);
        if k < 0.02 || low + 1 >= self.levels.len() {
            return a.map(decode);
        }
        let b: [f32; N] = self.bilinear(low + 1, u, v);
        std::array::from_fn(|c| decode(a[c] + k * (b[c] - a[c])))
    }

    fn bilinear<const N: usize>(&self, level: usize, u: f32, v: f32) -> [f32; N] {
        let (side, texels) = &self.levels[level];
        let mask = side - 1;
        let (x, y) = (u * *side as f32 - 0.5, v * *side as f32 - 0.5);
        let (fx, fy) = (x.floor(), y.floor());
        let (kx, ky) = (x - fx, y - fy);
        let (x0, y0) = ((fx as i64) as usize & mask, (fy as i64) as usize & mask);
        let (x1, y1) = ((x0 + 1) & mask, (y0 + 1) & mask);
        let (p, q) = (texels[y0 * side + x0], texels[y0 * side + x1]);
        let (r, s) = (texels[y1 * side + x0], texels[y1 * side + x1]);
        std::array::from_fn(|c| {
            let top = f32::from(p[c]) + kx * (f32::from(q[c]) - f32::from(p[c]));
            let low = f32::from(r[c]) + kx * (f32::from(s[c]) - f32::from(r[c]));
            top + ky * (low - top)
        })
    }
}

/// The textures of a mesh's materials.
pub struct TextureSet {
    textures: Vec<Texture>,
    of_material: Vec<usize>,
    /// Fine grain that every repeating surface gets on top.
    pub grain: Texture,
}

impl TextureSet {
    /// Paints the textures that the patterns name.
    #[must_use]
    pub fn new(patterns: &[Pattern]) -> Self {
        let mut index: BTreeMap<Pattern, usize> = BTreeMap::new();
        for pattern in patterns {
            let next = index.len();
            index.entry(*pattern).or_insert(next);
        }
        let mut ordered: Vec<(Pattern, usize)> = index.iter().map(|(p, i)| (*p, *i)).collect();
        ordered.sort_by_key(|(_, i)| *i);
        Self {
            textures: ordered.iter().map(|(p, _)| paint(*p)).collect(),
            of_material: patterns.iter().map(|p| index[p]).collect(),
            grain: Texture::from_fn(SIDE, |u, v| {
                let n = 0.5 * fbm(u, v, 6, 2, 900) + fbm(u, v, 20, 5, 901) + 0.5 * noise(u, v, 256, 902);
                [1.0 + 0.17 * n; 3]
            }),
        }
    }

    /// Texture of a material.
    #[must_use]
    pub fn get(&self, material: usize) -> &Texture {
        &self.textures[self.of_material[material]]
    }
}

fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut h = x.wrapping_mul(0x85EB_CA6B) ^ y.wrapping_mul(0xC2B2_AE35) ^ seed.wrapping_mul(0x27D4_EB2F);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// Uniform number in 0..1 of a lattice point.
fn random(x: i64, y: i64, seed: u32) -> f32 {
    (hash(x as u32, y as u32, seed) >> 8) as f32 / 16_777_216.0
}

/// Value noise in −0.5..0.5 with `cells` lattice cells over one period.
fn noise(u: f32, v: f32, cells: i64, seed: u32) -> f32 {
    stretched_noise(u, v, [cells, cells], seed)
}

fn stretched_noise(u: f32, v: f32, cells: [i64; 2], seed: u32) -> f32 {
    let (x, y) = (u * cells[0] as f32, v * cells[1] as f32);
    let (fx, fy) = (x.floor(), y.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (kx, ky) = (smooth(x - fx), smooth(y - fy));
    let at = |i: i64, j: i64| {
        random((fx as i64 + i).rem_euclid(cells[0]), (fy as i64 + j).rem_euclid(cells[1]), seed)
    };
    let top = at(0, 0) + kx * (at(1, 0) - at(0, 0));
    let low = at(0, 1) + kx * (at(1, 1) - at(0, 1));
    top + ky * (low - top) - 0.5
}

/// Sum of octaves of noise, each of half the amplitude.
fn fbm(u: f32, v: f32, cells: i64, octaves: u32, seed: u32) -> f32 {
    (0..octaves).map(|o| noise(u, v, cells << o, seed + o) / (1 << o) as f32).sum()
}

fn gray(value: f32) -> [f32; 3] {
    [value.max(0.0); 3]
}

fn mul(color: [f32; 3], k: f32) -> [f32; 3] {
    color.map(|c| (c * k).max(0.0))
}

fn mix(a: [f32; 3], b: [f32; 3], k: f32) -> [f32; 3] {
    std::array::from_fn(|c| a[c] + k * (b[c] - a[c]))
}

fn paint(pattern: Pattern) -> Texture {
    match pattern {
        Pattern::Plain => {
            Texture::from_fn(SIDE, |u, v| gray(1.0 + 0.05 * fbm(u, v, 3, 4, 7) + 0.03 * noise(u, v, 128, 8)))
        }
        Pattern::Plaster(n) => plaster(u32::from(n)),
        Pattern::Planks(n) => planks(u32::from(n)),
        Pattern::Wood(n) => wood(u32::from(n)),
        Pattern::Tiles(n) => tiles(u32::from(n)),
        Pattern::Carpet(n) => Texture::from_fn(SIDE, move |u, v| {
            let s = 60 + u32::from(n);
            gray(
                1.0 + 0.55 * noise(u, v, 170, s)
                    + 0.3 * noise(u, v, 64, s + 1)
                    + 0.3 * fbm(u, v, 4, 3, s + 2),
            )
        }),
        Pattern::Fabric(n) => fabric(u32::from(n)),
        Pattern::Brick(n) => brick(u32::from(n)),
        Pattern::Marble(n) => marble(u32::from(n)),
        Pattern::Wallpaper(n) => wallpaper(u32::from(n)),
        Pattern::Metal => Texture::from_fn(SIDE, |u, v| {
            gray(1.0 + 0.12 * stretched_noise(u, v, [256, 4], 77) + 0.12 * fbm(u, v, 3, 3, 78))
        }),
        Pattern::Poster(seed) => poster(seed),
        Pattern::Rug(seed) => rug(seed),
        Pattern::Books(seed) => books(seed),
        Pattern::Panel(seed) => panel(seed),
        Pattern::Leaf(_) => Texture::from_fn(64, |u, v| {
            let rib = (1.0 - ((v - 0.5).abs() * 30.0).min(1.0)) * 0.5;
            let side = ((u * 9.0 + (v - 0.5).abs() * 6.0).fract() - 0.5).abs();
            [0.8 + rib + 0.3 * side + 0.4 * noise(u, v, 16, 5), 0.85 + rib + 0.35 * side, 0.8 + rib]
        }),
        Pattern::Carton(n) => carton(u32::from(n)),
    }
}

fn plaster(n: u32) -> Texture {
    let bump = [0.18, 0.28, 0.4][(n % 3) as usize];
    Texture::from_fn(SIDE, move |u, v| {
        let roll = fbm(u, v, 40, 4, 20 + n);
        let stain = fbm(u, v, 3, 3, 30 + n);
        let speck = random((u * 512.0) as i64, (v * 512.0) as i64, 40 + n);
        let scuff = if speck > 0.9985 { -0.25 } else { 0.0 };
        // Dents and stains of a centimetre are what a camera can hold on to on a lived-in wall.
        let mark = random((u * 128.0) as i64, (v * 128.0) as i64, 50 + n);
        let dent = if mark > 0.997 { [-0.14, -0.25, -0.25][(n % 3) as usize] } else { 0.0 };
        gray(1.0 + bump * roll + 0.10 * stain + scuff + dent)
    })
}

/// Boards along u: rows of different tone with staggered end joints.
fn planks(n: u32) -> Texture {
    let rows = [9, 12, 14, 8][(n % 4) as usize];
    let variety = [0.25, 0.45, 0.35, 0.6][(n % 4) as usize];
    Texture::from_fn(SIDE, move |u, v| {
        let row = (v * rows as f32).floor();
        let in_row = v * rows as f32 - row;
        let start = random(row as i64, 0, 200 + n);
        let lengths = 2.0 + (random(row as i64, 1, 201 + n) * 1.99).floor();
        let along = (u + start) * lengths;
        let board = along.floor().rem_euclid(lengths);
        let in_board = along - along.floor();
        let id = (row as i64) * 16 + board as i64;
        let tone = 1.0 + variety * (random(id, 2, 202 + n) - 0.5);
        let warm = 0.12 * (random(id, 3, 203 + n) - 0.5);
        let shift = random(id, 4, 204 + n);
        let grain = stretched_noise((u + shift).fract(), (v + 3.7 * shift).fract(), [6, 128], 205 + n)
            + 0.6 * stretched_noise((u + shift).fract(), v, [24, 256], 206 + n);
        let knot = {
            let k = random(id, 5, 207 + n);
            let d = ((in_board - k) * 1.2 / lengths).hypot((in_row - 0.5) * 0.9 / rows as f32);
            if random(id, 6, 208 + n) > 0.6 { (-(d / 0.012).powi(2)).exp() * 0.5 } else { 0.0 }
        };
        let joint =
            if !(0.02..=0.98).contains(&in_row) || in_board * 1.0 < 0.004 * lengths { 0.45 } else { 1.0 };
        let value = tone * (1.0 + 0.35 * grain) * joint - knot;
        [value * (1.0 + warm), value, value * (1.0 - warm)].map(|c| c.max(0.02))
    })
}

fn wood(n: u32) -> Texture {
    Texture::from_fn(SIDE, move |u, v| {
        let warp = 0.05 * fbm(u, v, 3, 2, 300 + n);
        let ring = ((v + warp) * (14.0 + 6.0 * n as f32) * 1.0).sin();
        let fibre =
            stretched_noise(u, v, [8, 200], 310 + n) + 0.5 * stretched_noise(u, v, [32, 256], 311 + n);
        let value = 1.0
            + 0.10 * ring * (0.6 + fbm(u, v, 4, 2, 312 + n))
            + 0.32 * fibre
            + 0.15 * fbm(u, v, 2, 3, 313 + n);
        [value * 1.02, value, value * 0.97]
    })
}

fn tiles(n: u32) -> Texture {
    let count = [3.0, 4.0, 6.0, 2.0][(n % 4) as usize];
    Texture::from_fn(SIDE, move |u, v| {
        let (x, y) = (u * count, v * count);
        let (i, j) = (x.floor(), y.floor());
        let (fx, fy) = (x - i, y - j);
        let border = fx.min(fy).min(1.0 - fx).min(1.0 - fy);
        let grout = 0.012 * count;
        if border < grout * 0.6 {
            return gray(0.62 + 0.2 * noise(u, v, 200, 400 + n));
        }
        let tone = 1.0 + 0.12 * (random(i as i64, j as i64, 401 + n) - 0.5);
        let edge = if border < grout { 0.9 } else { 1.0 };
        let checker = if n % 4 == 1 && (i + j) as i64 % 2 == 0 { 0.72 } else { 1.0 };
        gray(tone * edge * checker * (1.0 + 0.10 * fbm(u, v, 8, 5, 402 + n)))
    })
}

fn fabric(n: u32) -> Texture {
    Texture::from_fn(SIDE, move |u, v| {
        let threads = 96.0;
        let weave = (u * threads * std::f32::consts::TAU).sin() * (v * threads * std::f32::consts::TAU).sin();
        let blotch = fbm(u, v, 6, 4, 500 + n);
        let base = 1.0 + 0.14 * weave + 0.22 * blotch + 0.15 * noise(u, v, 220, 501 + n);
        let value = match n % 4 {
            1 => base * if (u * 10.0).fract() < 0.5 { 1.18 } else { 0.85 },
            2 => {
                let (a, b) = ((u * 6.0).fract() < 0.5, (v * 6.0).fract() < 0.5);
                base * if a == b { 1.12 } else { 0.88 }
            }
            _ => base,
        };
        gray(value)
    })
}

fn brick(n: u32) -> Texture {
    Texture::from_fn(SIDE, move |u, v| {
        let row = (v * 12.0).floor();
        let x = u * 4.0 + 0.5 * (row as i64 % 2) as f32;
        let (i, fx, fy) = (x.floor() as i64 % 4, x - x.floor(), v * 12.0 - row);
        if !(0.025..=0.975).contains(&fx) || !(0.08..=0.92).contains(&fy) {
            return mul([1.25, 1.6, 1.8], 1.0 + 0.3 * noise(u, v, 200, 600 + n));
        }
        let tone = 1.0 + 0.5 * (random(i, row as i64, 601 + n) - 0.5);
        gray(tone * (1.0 + 0.4 * fbm(u, v, 24, 4, 602 + n)))
    })
}

fn marble(n: u32) -> Texture {
    Texture::from_fn(SIDE, move |u, v| {
        let t = fbm(u, v, 4, 6, 700 + n);
        let vein = 1.0 - (8.0 * (t + 0.3 * fbm(u, v, 2, 3, 701 + n))).sin().abs();
        let speck = 0.25 * noise(u, v, 250, 702 + n);
        gray(
            1.0 + 0.35 * fbm(u, v, 5, 5, 703 + n) - 0.3 * vein.powi(6)
                + speck * if n % 2 == 1 { 1.6 } else { 0.5 },
        )
    })
}

fn wallpaper(n: u32) -> Texture {
    let accent = hsv(n as f32 / 6.0, 0.35, 1.0);
    Texture::from_fn(SIDE, move |u, v| {
        let paper = 1.0 + 0.05 * fbm(u, v, 30, 4, 800 + n) + 0.05 * fbm(u, v, 2, 2, 805 + n);
        let motif = match n % 3 {
            0 => (u * 8.0).fract() < 0.35,
            1 => {
                let (x, y) =
                    ((u * 6.0).fract() - 0.5, (v * 6.0 + 0.5 * ((u * 6.0) as i32 % 2) as f32).fract() - 0.5);
                let angle = y.atan2(x);
                x.hypot(y) < 0.14 + 0.13 * (5.0 * angle).cos()
            }
            _ => {
                let (x, y) = ((u * 5.0).fract() - 0.5, (v * 5.0).fract() - 0.5);
                (x.abs() + y.abs() - 0.36).abs() < 0.035 || x.hypot(y) < 0.06
            }
        };
        if motif { mul(accent, 0.72 * paper) } else { gray(paper) }
    })
}

/// Pictures: landscapes, blocks of colour, circles, text posters.
fn poster(seed: u32) -> Texture {
    let r = |k: i64| random(k, 11, seed);
    let palette: Vec<[f32; 3]> = (0..6)
        .map(|k| {
            hsv((r(0) + 0.17 * k as f32 * r(1)).fract(), 0.25 + 0.65 * r(10 + k), 0.08 + 0.65 * r(20 + k))
        })
        .collect();
    let style = (r(2) * 5.0) as u32;
    Texture::from_fn(PICTURE_SIDE, move |u, v| {
        let margin = 0.06;
        let inside = margin..1.0 - margin;
        if style != 0 && (!inside.contains(&u) || !inside.contains(&v)) {
            return [0.7, 0.69, 0.65];
        }
        let paint = 1.0 + 0.25 * fbm(u, v, 16, 4, seed ^ 1);
        let color = match style {
            0 => {
                // Hills before a sky, from far to near.
                let mut color = mix(palette[0], [0.6, 0.65, 0.7], v);
                for k in 0..4 {
                    let crest = 0.75 - 0.17 * k as f32 + 0.25 * fbm(u, 0.1 * k as f32, 3, 5, seed ^ (k + 2));
                    if v < crest {
                        color = mul(palette[1 + k as usize], 1.0 + 0.5 * fbm(u, v, 24, 4, seed ^ (k + 9)));
                    }
                }
                color
            }
            1 => {
                // Blocks with dark lines.
                let (mut x0, mut x1, mut y0, mut y1) = (0.0f32, 1.0f32, 0.0f32, 1.0f32);
                let mut id = 1i64;
                for depth in 0..4 {
                    let cut = 0.3 + 0.4 * random(id, depth, seed ^ 5);
                    if depth % 2 == 0 {
                        let c = x0 + cut * (x1 - x0);
                        if u < c {
                            x1 = c;
                            id *= 2
                        } else {
                            x0 = c;
                            id = id * 2 + 1
                        }
                    } else {
                        let c = y0 + cut * (y1 - y0);
                        if v < c {
                            y1 = c;
                            id *= 2
                        } else {
                            y0 = c;
                            id = id * 2 + 1
                        }
                    }
                }
                let line = (u - x0).min(x1 - u).min(v - y0).min(y1 - v) < 0.012;
                if line { [0.02; 3] } else { palette[(random(id, 77, seed) * 5.99) as usize] }
            }
            2 => {
                // Circles over each other.
                let mut color = palette[0];
                for k in 0..9 {
                    let (cx, cy, radius) = (r(100 + k), r(120 + k), 0.05 + 0.22 * r(140 + k));
                    let d = (u - cx).hypot(v - cy);
                    if d < radius {
                        color = if d > 0.85 * radius { [0.03; 3] } else { palette[(k % 6) as usize] };
                    }
                }
                color
            }
            3 => {
                // A poster with lines of text and a block of colour.
                let ink = palette[1];
                let line = ((v * 26.0) as i64, (u * 40.0) as i64);
                let text = v < 0.5
                    && (v * 26.0).fract() > 0.45
                    && random(line.1, line.0, seed ^ 8) > 0.35
                    && u > 0.12
                    && u < 0.12 + 0.76 * (0.6 + 0.4 * random(line.0, 3, seed));
                if v > 0.55 && (0.12..0.88).contains(&u) && v < 0.9 {
                    mul(palette[2], 1.0 + 1.2 * fbm(u, v, 6, 5, seed ^ 12))
                } else if text {
                    mul(ink, 0.3)
                } else {
                    [0.62, 0.6, 0.55]
                }
            }
            _ => {
                let t = fbm(u, v, 4, 6, seed ^ 21);
                let k = ((t + 0.6) * 5.0).clamp(0.0, 4.999);
                mix(palette[k as usize], palette[k as usize + 1], k.fract())
            }
        };
        mul(color, paint)
    })
}

fn rug(seed: u32) -> Texture {
    let r = |k: i64| random(k, 13, seed);
    let palette: Vec<[f32; 3]> = (0..4)
        .map(|k| hsv((r(0) + 0.3 * r(k + 1)).fract(), 0.2 + 0.5 * r(k + 5), 0.1 + 0.4 * r(k + 9)))
        .collect();
    let style = (r(20) * 3.0) as u32;
    Texture::from_fn(PICTURE_SIDE, move |u, v| {
        let border = u.min(v).min(1.0 - u).min(1.0 - v);
        let pile = 1.0 + 0.5 * noise(u, v, 128, seed ^ 3) + 0.3 * fbm(u, v, 8, 3, seed ^ 4);
        let color = if border < 0.05 {
            palette[0]
        } else if border < 0.11 {
            if ((u + v) * 24.0).fract() < 0.5 { palette[1] } else { palette[2] }
        } else {
            match style {
                0 => {
                    let (x, y) = ((u * 5.0).fract() - 0.5, (v * 5.0).fract() - 0.5);
                    let d = x.abs() + y.abs();
                    if d < 0.2 {
                        palette[1]
                    } else if d < 0.36 {
                        palette[2]
                    } else {
                        palette[3]
                    }
                }
                1 => palette[((v * 9.0 + 0.3 * (u * std::f32::consts::TAU).sin()) as usize) % 4],
                _ => {
                    let d = ((u - 0.5) * 1.2).hypot(v - 0.5) + 0.06 * fbm(u, v, 8, 3, seed ^ 9);
                    palette[((d * 14.0) as usize) % 4]
                }
            }
        };
        mul(color, pile)
    })
}

/// Backs of books side by side with titles.
fn books(seed: u32) -> Texture {
    Texture::from_fn(PICTURE_SIDE, move |u, v| {
        let count = 9.0;
        let x = u * count + 0.25 * (random((u * count) as i64, 0, seed) - 0.5);
        let id = x.floor() as i64;
        let fx = x - x.floor();
        let tall = 0.75 + 0.25 * random(id, 1, seed);
        if v > tall || fx < 0.03 {
            return [0.015; 3];
        }
        let cover =
            hsv(random(id, 2, seed), 0.2 + 0.7 * random(id, 3, seed), 0.05 + 0.5 * random(id, 4, seed));
        let title = (0.35..0.85).contains(&(v / tall))
            && (0.3..0.7).contains(&fx)
            && random((v * 48.0) as i64, id, seed ^ 6) > 0.4;
        let band = ((v / tall - 0.12).abs() < 0.02) || ((v / tall - 0.92).abs() < 0.015);
        let shade = 0.75 + 0.5 * (std::f32::consts::PI * fx).sin();
        if title || band { mul([0.55, 0.5, 0.35], shade) } else { mul(cover, shade) }
    })
}

/// Knobs, a display and lettering on a plain panel.
fn panel(seed: u32) -> Texture {
    let dark = random(1, 1, seed) > 0.5;
    Texture::from_fn(PICTURE_SIDE, move |u, v| {
        let ground = if dark { [0.03, 0.03, 0.035] } else { [0.6, 0.6, 0.6] };
        let ink = if dark { [0.6, 0.62, 0.6] } else { [0.05; 3] };
        for k in 0..4 {
            let (cx, cy) = (0.12 + 0.12 * k as f32, 0.5);
            let d = ((u - cx) * 4.0).hypot(v - cy);
            if d < 0.26 {
                return if d > 0.2 || (v > cy && (u - cx).abs() < 0.006) { ink } else { mul(ground, 0.6) };
            }
        }
        if (0.6..0.8).contains(&u) && (0.3..0.7).contains(&v) {
            let lit = random((u * 60.0) as i64, (v * 12.0) as i64, seed) > 0.6;
            return if lit { [0.1, 0.5, 0.45] } else { [0.01, 0.03, 0.03] };
        }
        let text = (0.83..0.97).contains(&u)
            && ((v * 9.0).fract() > 0.5)
            && random((u * 90.0) as i64, (v * 9.0) as i64, seed ^ 2) > 0.4;
        if text { ink } else { mul(ground, 1.0 + 0.06 * fbm(u, v, 8, 3, seed)) }
    })
}

fn carton(n: u32) -> Texture {
    Texture::from_fn(PICTURE_SIDE, move |u, v| {
        let flute = 1.0 + 0.06 * (u * 300.0).sin() + 0.2 * fbm(u, v, 6, 4, 950 + n);
        let tape = (v - 0.5).abs() < 0.06;
        let print = (0.15..0.55).contains(&u)
            && (0.65..0.9).contains(&v)
            && random((u * 24.0) as i64, (v * 16.0) as i64, 951 + n) > 0.5;
        if print {
            gray(0.35)
        } else if tape {
            mul([1.25, 1.1, 0.9], flute)
        } else {
            gray(flute)
        }
    })
}
