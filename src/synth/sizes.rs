//! Sizes of furniture by class: width, depth and height intervals, metres.
//!
//! Origin: the 10–90 % quantiles of the metric boxes of the ProcTHOR-10K asset database over 750
//! of its houses (generator: Apache-2.0), narrowed where its assets are not household sizes
//! (doors, fridges, coffee tables, carpets), widened by what catalogues of other regions have, and filled in by
//! usual European catalogue sizes for classes that it does not have. The table is data: statistics, not models.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Size intervals of one class.
#[derive(Debug, Clone, Copy)]
pub struct SizeRange {
    /// Class name.
    pub class: &'static str,
    /// Width, metres.
    pub width_m: (f64, f64),
    /// Depth, metres.
    pub depth_m: (f64, f64),
    /// Height, metres.
    pub height_m: (f64, f64),
}

const fn row(
    class: &'static str,
    width_m: (f64, f64),
    depth_m: (f64, f64),
    height_m: (f64, f64),
) -> SizeRange {
    SizeRange { class, width_m, depth_m, height_m }
}

/// The table.
pub const SIZES: &[SizeRange] = &[
    row("sofa", (1.40, 2.60), (0.76, 1.10), (0.68, 1.02)),
    row("armchair", (0.70, 0.98), (0.70, 0.95), (0.72, 1.05)),
    row("chair", (0.37, 0.60), (0.41, 0.62), (0.77, 1.04)),
    row("dining_chair", (0.37, 0.50), (0.41, 0.56), (0.78, 1.04)),
    row("stool", (0.30, 0.45), (0.28, 0.42), (0.42, 0.70)),
    row("bed", (0.95, 1.90), (1.95, 2.20), (0.67, 1.20)),
    row("wardrobe", (0.90, 2.10), (0.52, 0.65), (1.80, 2.25)),
    row("nightstand", (0.36, 0.58), (0.32, 0.50), (0.42, 0.65)),
    row("tv_cabinet", (1.00, 1.90), (0.36, 0.55), (0.40, 0.70)),
    row("bathroom_cabinet", (0.50, 0.95), (0.40, 0.52), (0.80, 0.98)),
    row("shoe_cabinet", (0.60, 1.10), (0.22, 0.40), (0.80, 1.20)),
    row("sideboard", (0.90, 1.95), (0.36, 0.64), (0.70, 0.98)),
    row("cupboard", (0.60, 1.10), (0.36, 0.60), (0.85, 2.00)),
    row("coffee_table", (0.65, 1.40), (0.45, 0.90), (0.32, 0.56)),
    row("dining_table", (1.00, 2.00), (0.70, 1.06), (0.66, 0.80)),
    row("side_table", (0.38, 0.60), (0.34, 0.55), (0.45, 0.65)),
    row("dressing_table", (0.80, 1.40), (0.38, 0.52), (0.73, 0.85)),
    row("desk", (1.00, 1.70), (0.50, 0.80), (0.71, 0.77)),
    row("refrigerator", (0.55, 1.03), (0.58, 0.83), (1.40, 2.00)),
    row("micro-wave_oven", (0.44, 0.54), (0.32, 0.42), (0.26, 0.32)),
    row("washing_machine", (0.58, 0.62), (0.50, 0.62), (0.84, 0.90)),
    row("toilet", (0.36, 0.42), (0.62, 0.72), (0.74, 0.86)),
    row("tub", (1.40, 1.75), (0.68, 0.80), (0.52, 0.62)),
    row("shower_room", (0.80, 1.05), (0.80, 1.00), (1.90, 2.10)),
    row("painting", (0.33, 1.05), (0.02, 0.04), (0.35, 0.90)),
    row("mirror", (0.40, 0.90), (0.02, 0.04), (0.60, 1.10)),
    row("tv", (0.80, 1.35), (0.06, 0.12), (0.48, 0.80)),
    row("carpet", (1.20, 2.20), (0.90, 1.60), (0.008, 0.02)),
    row("illumination", (0.25, 0.50), (0.25, 0.50), (0.06, 0.14)),
    row("chandelier", (0.30, 0.65), (0.30, 0.65), (0.35, 0.75)),
    row("floor-standing_lamp", (0.30, 0.50), (0.30, 0.50), (1.40, 1.85)),
    row("plants", (0.28, 0.60), (0.28, 0.60), (0.55, 1.40)),
    row("potted_bonsai", (0.14, 0.28), (0.14, 0.28), (0.20, 0.45)),
    row("air_conditioner", (0.70, 1.05), (0.18, 0.26), (0.25, 0.34)),
    row("bookcase", (0.42, 1.20), (0.24, 0.42), (1.00, 2.15)),
    row("clothes_rack", (0.55, 0.95), (0.25, 0.40), (1.60, 1.85)),
    row("wall_decoration", (0.30, 0.80), (0.05, 0.20), (0.15, 0.45)),
    row("computer", (0.45, 0.70), (0.16, 0.22), (0.38, 0.50)),
];

/// A random size of the class, metres: width, depth, height.
///
/// # Panics
/// Never for the classes of [`SIZES`]; other names are a mistake of the caller.
#[must_use]
pub fn draw(rng: &mut ChaCha8Rng, class: &str) -> [f64; 3] {
    let range = SIZES.iter().find(|r| r.class == class).expect("because callers name rows of the table");
    [range.width_m, range.depth_m, range.height_m].map(|(low, high)| rng.random_range(low..high))
}
