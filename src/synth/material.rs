//! Surfaces: a pattern, a tint and how they shine; and the palette of a house.
//!
//! Colours are linear RGB albedo. Tints are drawn from ranges of measured paints and woods
//! (white paint about 0.75, wood 0.1–0.5, dark cloth 0.05).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Index into the materials of a mesh.
pub type MaterialId = u16;

/// Texture patterns. The number is a variant seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// Paint on smooth ground: faint stains only.
    Plain,
    /// Painted plaster: slight bumps.
    Plaster(u8),
    /// Boards with joints.
    Planks(u8),
    /// Grain of one piece of wood.
    Wood(u8),
    /// Square tiles with joints.
    Tiles(u8),
    /// Long pile.
    Carpet(u8),
    /// Woven cloth.
    Fabric(u8),
    /// Brickwork.
    Brick(u8),
    /// Stone with veins.
    Marble(u8),
    /// Printed paper.
    Wallpaper(u8),
    /// Brushed metal.
    Metal,
    /// A picture; spans its chart.
    Poster(u32),
    /// Patterned rug; spans its chart.
    Rug(u32),
    /// Backs of books; spans its chart.
    Books(u32),
    /// Front of an appliance with knobs and lettering; spans its chart.
    Panel(u32),
    /// Leaf with ribs; spans its chart.
    Leaf(u8),
    /// Corrugated board with print.
    Carton(u8),
}

impl Pattern {
    /// The texture is stretched over its chart instead of repeated.
    #[must_use]
    pub fn spans_chart(self) -> bool {
        matches!(self, Self::Poster(_) | Self::Rug(_) | Self::Books(_) | Self::Panel(_) | Self::Leaf(_))
    }
}

/// How light meets the surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Reflects.
    Opaque,
    /// Lets light and sight through, with a faint reflection; gives no reliable depth.
    Glass,
    /// Reflects like a mirror.
    Mirror,
    /// The world outside a window.
    Sky,
    /// Gives light, watts per square metre and steradian of white in scene units.
    Lamp(f32),
}

/// A surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Material {
    /// Texture.
    pub pattern: Pattern,
    /// Tint that multiplies the texture (linear).
    pub color: [f32; 3],
    /// Edge of one repeat of the texture, metres.
    pub repeat_m: f32,
    /// Share of specular reflection at normal incidence, 0..1.
    pub gloss: f32,
    /// How light meets it.
    pub kind: Kind,
}

impl Default for Material {
    fn default() -> Self {
        Self { pattern: Pattern::Plain, color: [0.6; 3], repeat_m: 1.0, gloss: 0.02, kind: Kind::Opaque }
    }
}

impl Material {
    /// An opaque surface.
    #[must_use]
    pub fn new(pattern: Pattern, color: [f32; 3], repeat_m: f32, gloss: f32) -> Self {
        Self { pattern, color, repeat_m, gloss, kind: Kind::Opaque }
    }
}

fn scaled(color: [f32; 3], k: f32) -> [f32; 3] {
    color.map(|c| (c * k).clamp(0.005, 0.9))
}

/// A wood tint from pale to dark, or white paint.
pub fn wood(rng: &mut ChaCha8Rng) -> Material {
    let tints =
        [[0.42, 0.27, 0.15], [0.30, 0.17, 0.08], [0.55, 0.42, 0.28], [0.14, 0.07, 0.035], [0.48, 0.36, 0.25]];
    let tint = tints[rng.random_range(0..tints.len())];
    let pattern = Pattern::Wood(rng.random_range(0..3));
    Material::new(pattern, scaled(tint, rng.random_range(0.8..1.3)), rng.random_range(0.7..1.2), 0.03)
}

/// Lacquer: white, grey, black or a colour.
pub fn lacquer(rng: &mut ChaCha8Rng) -> Material {
    let tints = [
        [0.72, 0.72, 0.70],
        [0.65, 0.63, 0.58],
        [0.30, 0.31, 0.33],
        [0.08, 0.08, 0.09],
        [0.15, 0.25, 0.30],
        [0.35, 0.42, 0.33],
    ];
    let tint = tints[rng.random_range(0..tints.len())];
    Material::new(Pattern::Plain, scaled(tint, rng.random_range(0.85..1.15)), 1.5, 0.04)
}

/// Furniture fronts: wood or lacquer.
pub fn front(rng: &mut ChaCha8Rng) -> Material {
    if rng.random_bool(0.6) { wood(rng) } else { lacquer(rng) }
}

/// Upholstery and cloth.
pub fn cloth(rng: &mut ChaCha8Rng) -> Material {
    let hue: f32 = rng.random_range(0.0..1.0);
    let vivid = rng.random_range(0.0..0.6);
    let tint = hsv(hue, vivid, rng.random_range(0.08..0.55));
    Material::new(Pattern::Fabric(rng.random_range(0..4)), tint, rng.random_range(0.25..0.6), 0.01)
}

/// Metal of legs and handles.
pub fn metal(rng: &mut ChaCha8Rng) -> Material {
    let level = if rng.random_bool(0.5) { 0.45 } else { 0.06 };
    Material::new(Pattern::Metal, [level; 3], 0.5, 0.25)
}

/// Hue, saturation and value (0..1) to linear RGB.
#[must_use]
pub fn hsv(hue: f32, saturation: f32, value: f32) -> [f32; 3] {
    let channel = |offset: f32| {
        let k = (offset + hue * 6.0).rem_euclid(6.0);
        value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
    };
    [channel(5.0), channel(3.0), channel(1.0)]
}

/// The wall paint, paper or tile of a room.
pub fn wall(rng: &mut ChaCha8Rng, wet: bool) -> Material {
    if wet {
        let tint = hsv(rng.random_range(0.0..1.0), rng.random_range(0.0..0.2), rng.random_range(0.45..0.75));
        return Material::new(Pattern::Tiles(rng.random_range(0..4)), tint, rng.random_range(0.6..1.2), 0.05);
    }
    let tint = hsv(rng.random_range(0.05..0.65), rng.random_range(0.02..0.22), rng.random_range(0.5..0.78));
    match rng.random_range(0..10) {
        0 | 1 => {
            Material::new(Pattern::Wallpaper(rng.random_range(0..6)), tint, rng.random_range(0.5..0.9), 0.01)
        }
        2 => Material::new(
            Pattern::Brick(0),
            [0.5, 0.28, 0.2].map(|c: f32| c * rng.random_range(0.8..1.3)),
            1.0,
            0.01,
        ),
        _ => Material::new(Pattern::Plaster(rng.random_range(0..3)), tint, 1.7, 0.01),
    }
}

/// The floor of a room.
pub fn floor(rng: &mut ChaCha8Rng, wet: bool) -> Material {
    if wet || rng.random_bool(0.15) {
        let tint =
            hsv(rng.random_range(0.05..0.6), rng.random_range(0.0..0.25), rng.random_range(0.25..0.65));
        let pattern = if rng.random_bool(0.3) {
            Pattern::Marble(rng.random_range(0..2))
        } else {
            Pattern::Tiles(rng.random_range(0..4))
        };
        return Material::new(pattern, tint, rng.random_range(1.0..1.6), 0.05);
    }
    if rng.random_bool(0.15) {
        let tint = hsv(rng.random_range(0.0..1.0), rng.random_range(0.05..0.35), rng.random_range(0.15..0.4));
        return Material::new(Pattern::Carpet(rng.random_range(0..2)), tint, 0.9, 0.0);
    }
    let tint = wood(rng).color;
    Material::new(Pattern::Planks(rng.random_range(0..4)), tint, rng.random_range(1.4..2.0), 0.04)
}
