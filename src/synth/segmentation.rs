//! What a segmentation network would say of the views of a house: `(house, hits of a view) -> scores`.
//!
//! The true groups of [`crate::semantics::GROUPS`], with the mistakes that networks trained on photographs make on
//! rooms: a whole thing is taken for something else or for nothing, mostly in every view alike; borders run wide; now and
//! then there is a patch of something where nothing is. The table holds for sharp photographs; a scan's quality lowers all its
//! shares: on blurred rendered walks the segmentation network of the manifest reaches a third to a half of them, with the
//! confusions of the table (`train/layout/confusion.py` counts them).

use super::caster::Hit;
use super::house::House;
use super::mesh::{Mesh, V3};
use super::scan_errors::smooth_noise;
use crate::semantics::{GROUPS, Scores};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Share of the views in which a thing is judged anew, apart from the other views.
const ANEW_SHARE: f64 = 0.3;
/// A scan's views are so well understood: factor on all shares of the table.
const QUALITY: (f64, f64) = (0.3, 1.0);
/// How sure the network is of what it says.
const STRENGTH: (f32, f32) = (0.4, 1.0);
/// Share of the things for which a second group gets part of the rest.
const SECOND_SHARE: f64 = 0.4;
/// Borders are off by up to this, share of the view's width.
const BORDER: f32 = 0.02;
/// Cells of the noise that moves borders and makes patches, across a view.
const NOISE_CELLS: f32 = 9.0;
/// Noise above this makes a patch of something where nothing is.
const PATCH_LEVEL: f32 = 0.8;
/// A surface belongs to an opening within its frame and this near the middle of its wall, metres.
const OPENING_M: f64 = 0.2;

/// Groups with the shares of things that are taken for them.
type Shares = &'static [(&'static str, f64)];

/// Classes (or `door` and `window`) and the groups that they are taken for, with shares; the rest is nothing.
const TAKEN_FOR: &[(&[&str], Shares)] = &[
    (&["door"], &[("door", 0.6), ("cabinet", 0.04), ("window", 0.03)]),
    (&["window"], &[("window", 0.85), ("picture", 0.04), ("curtain", 0.05), ("mirror", 0.02)]),
    (&["bed", "multifunctional_combination_bed"], &[("bed", 0.75), ("sofa", 0.12), ("table", 0.03)]),
    (&["pillow"], &[("bed", 0.6), ("sofa", 0.2)]),
    (&["sofa", "combination_sofa"], &[("sofa", 0.75), ("bed", 0.1), ("chair", 0.08)]),
    (&["cushion"], &[("sofa", 0.6), ("bed", 0.1), ("chair", 0.15)]),
    (
        &["chair", "dining_chair", "bar_chair"],
        &[("chair", 0.65), ("table", 0.08), ("sofa", 0.05), ("cabinet", 0.03)],
    ),
    (&["stool"], &[("chair", 0.45), ("table", 0.2), ("sofa", 0.05)]),
    (
        &["dining_table", "desk", "dressing_table", "bar", "dining_table_combination"],
        &[("table", 0.6), ("cabinet", 0.1), ("chair", 0.08), ("shelf", 0.05)],
    ),
    (
        &["coffee_table", "side_table"],
        &[("table", 0.5), ("chair", 0.12), ("cabinet", 0.08), ("rug", 0.08), ("sofa", 0.06)],
    ),
    (
        &[
            "wardrobe",
            "nightstand",
            "tv_cabinet",
            "wine_cabinet",
            "bathroom_cabinet",
            "shoe_cabinet",
            "entrance_cabinet",
            "decorative_cabinet",
            "washing_cabinet",
            "wall_cabinet",
            "sideboard",
            "cupboard",
        ],
        &[("cabinet", 0.7), ("door", 0.06), ("shelf", 0.06), ("table", 0.04)],
    ),
    (&["bookcase", "clothes_rack"], &[("shelf", 0.7), ("cabinet", 0.12)]),
    (&["plants", "potted_bonsai"], &[("plant", 0.75), ("picture", 0.03)]),
    (&["curtain"], &[("curtain", 0.6), ("window", 0.08), ("door", 0.03)]),
    (&["painting"], &[("picture", 0.85), ("window", 0.04), ("mirror", 0.02)]),
    (&["wall_decoration"], &[("picture", 0.6), ("mirror", 0.05)]),
    (&["mirror"], &[("mirror", 0.45), ("picture", 0.2), ("window", 0.15)]),
    (
        &["tv", "computer", "screen"],
        &[("picture", 0.25), ("window", 0.1), ("mirror", 0.08), ("cabinet", 0.1)],
    ),
    (&["carpet"], &[("rug", 0.7), ("table", 0.03)]),
    (&["refrigerator"], &[("cabinet", 0.25), ("door", 0.25), ("mirror", 0.05), ("shelf", 0.06)]),
    (
        &[
            "integrated_stove",
            "gas_stove",
            "range_hood",
            "micro-wave_oven",
            "stove",
            "washing_machine",
            "sink",
        ],
        &[("cabinet", 0.5), ("shelf", 0.05)],
    ),
    (&["air_conditioner", "hand_sink", "toilet", "tub", "shower", "shower_room"], &[("cabinet", 0.06)]),
    (&["floor-standing_lamp"], &[("curtain", 0.04)]),
];

/// A network's opinions of the things of one house.
pub struct Opinions<'a> {
    house: &'a House,
    mesh: &'a Mesh,
    quality: f64,
    of_items: Vec<Scores>,
    of_openings: Vec<Scores>,
}

impl<'a> Opinions<'a> {
    /// Opinions drawn by `seed`.
    #[must_use]
    pub fn new(house: &'a House, mesh: &'a Mesh, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5E63);
        let quality = rng.random_range(QUALITY.0..QUALITY.1);
        let of_items = house.items.iter().map(|item| opinion(item.class, quality, &mut rng)).collect();
        let openings = house.plan.openings.iter();
        let of_openings =
            openings.map(|o| opinion(Some(opening_class(o.window)), quality, &mut rng)).collect();
        Self { house, mesh, quality, of_items, of_openings }
    }

    /// The scores of every pixel of a view whose mistakes `seed` draws; `at` gives the place that a pixel shows.
    #[must_use]
    pub fn of_view(
        &self,
        seed: u64,
        hits: &[Option<Hit>],
        [width, height]: [usize; 2],
        at: impl Fn(usize, &Hit) -> V3,
    ) -> Vec<Scores> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x71E3);
        let mut anew = |known: &[Scores], class: &dyn Fn(usize) -> Option<&'static str>| -> Vec<Scores> {
            let judge = |(k, scores): (usize, &Scores)| {
                if rng.random_bool(ANEW_SHARE) { opinion(class(k), self.quality, &mut rng) } else { *scores }
            };
            known.iter().enumerate().map(judge).collect()
        };
        let items = anew(&self.of_items, &|k| self.house.items[k].class);
        let openings = anew(&self.of_openings, &|k| Some(opening_class(self.house.plan.openings[k].window)));
        let patch = opinion_of(rng.random_range(0..GROUPS.len()), &mut rng);
        let true_scores = |k: usize| {
            let hit = hits[k].as_ref()?;
            match self.mesh.charts[hit.chart as usize].owner as usize {
                0 => self.opening_at(at(k, hit)).map(|opening| openings[opening]),
                owner => items.get(owner - 1).copied(),
            }
        };
        let known: Vec<Option<Scores>> = (0..width * height).map(true_scores).collect();
        let noise = |x: usize, y: usize, salt: u32| {
            let cell = NOISE_CELLS / width as f32;
            smooth_noise(x as f32 * cell, y as f32 * cell, (seed >> 20) as u32 ^ salt)
        };
        let reach = BORDER * width as f32;
        let scores = |k: usize| {
            let (x, y) = (k % width, k / width);
            let moved = |v: usize, salt: u32, limit: usize| {
                (v as f32 + reach * noise(x, y, salt)).round().clamp(0.0, (limit - 1) as f32) as usize
            };
            let nothing = if noise(x, y, 3) > PATCH_LEVEL { patch } else { Scores::default() };
            known[moved(y, 2, height) * width + moved(x, 1, width)].unwrap_or(nothing)
        };
        (0..width * height).map(scores).collect()
    }

    fn opening_at(&self, p: V3) -> Option<usize> {
        let plan = &self.house.plan;
        plan.openings.iter().position(|opening| {
            let (a, _) = plan.wall_ends(opening.wall);
            let (direction, normal) = plan.wall_axes(opening.wall);
            let d = [f64::from(p[0]) - a[0], f64::from(p[1]) - a[1]];
            let across = d[0] * normal[0] + d[1] * normal[1];
            let along = d[0] * direction[0] + d[1] * direction[1];
            let z = f64::from(p[2]) - opening.bottom_m;
            across.abs() < OPENING_M
                && (along - opening.along_m).abs() < 0.5 * opening.width_m
                && z > 0.0
                && z < opening.height_m
        })
    }
}

fn opening_class(window: bool) -> &'static str {
    if window { "window" } else { "door" }
}

/// What a thing of a class is taken for.
fn opinion(class: Option<&str>, quality: f64, rng: &mut ChaCha8Rng) -> Scores {
    let row = class.and_then(|class| TAKEN_FOR.iter().find(|row| row.0.contains(&class)));
    let mut drawn = rng.random::<f64>() / quality;
    for (group, share) in row.map_or(&[][..], |row| row.1) {
        if drawn < *share {
            return opinion_of(GROUPS.iter().position(|g| g == group).unwrap_or(0), rng);
        }
        drawn -= share;
    }
    Scores::default()
}

/// Sure of a group to some degree.
fn opinion_of(group: usize, rng: &mut ChaCha8Rng) -> Scores {
    let mut scores = Scores::default();
    let strength = rng.random_range(STRENGTH.0..STRENGTH.1);
    if rng.random_bool(SECOND_SHARE) {
        let rest = (1.0 - strength) * rng.random_range(0.0..1.0_f32);
        scores[rng.random_range(0..GROUPS.len())] = (255.0 * rest) as u8;
    }
    scores[group] = (255.0 * strength) as u8;
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::classes::CLASSES;

    #[test]
    fn the_table_names_classes_and_groups_that_exist_once_and_its_shares_are_shares() {
        let mut named: Vec<&str> = TAKEN_FOR.iter().flat_map(|row| row.0).copied().collect();
        for class in &named {
            assert!(CLASSES.contains(class) || ["door", "window"].contains(class), "{class}");
        }
        let count = named.len();
        named.sort_unstable();
        named.dedup();
        assert_eq!(named.len(), count, "no class stands twice");
        for (classes, shares) in TAKEN_FOR {
            assert!(shares.iter().map(|s| s.1).sum::<f64>() <= 1.0, "{classes:?}");
            assert!(shares.iter().all(|s| GROUPS.contains(&s.0)), "{classes:?}");
        }
    }

    #[test]
    fn most_sofas_are_sofas_and_what_has_no_name_is_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let sofa = GROUPS.iter().position(|g| *g == "sofa").unwrap();
        let right = (0..1000).filter(|_| opinion(Some("sofa"), 1.0, &mut rng)[sofa] > 100).count();
        assert!((680..830).contains(&right), "{right}");
        let poor = (0..1000).filter(|_| opinion(Some("sofa"), 0.4, &mut rng)[sofa] > 100).count();
        assert!((250..350).contains(&poor), "{poor}");
        assert_eq!(opinion(None, 1.0, &mut rng), Scores::default());
    }
}
