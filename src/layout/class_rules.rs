//! Class of an object box from its size, height and place: a table, and how well each row fits.
//!
//! Every row gives the usual range of each quantity (furniture catalogues and the ProcTHOR asset
//! boxes); outside its range a quantity costs by how far it is off relative to the slack. Geometry
//! alone tells classes badly: the confidence says so. Units: metres.

/// What is known of a box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traits {
    /// Longer side in plan.
    pub long: f64,
    /// Shorter side in plan.
    pub short: f64,
    /// Height of the top above the floor.
    pub top: f64,
    /// Height of the bottom above the floor.
    pub bottom: f64,
    /// Height of its largest level surface.
    pub level: f64,
    /// Distance to the nearest wall face.
    pub to_wall: f64,
    /// Distance of the top from the ceiling.
    pub to_ceiling: f64,
    /// Share of greenish colour, 0..1.
    pub green: f64,
    /// Share of level (horizontal) surface among its samples, 0..1.
    pub flat: f64,
}

struct Rule {
    class: &'static str,
    long: (f64, f64),
    short: (f64, f64),
    top: (f64, f64),
    bottom: (f64, f64),
    level: (f64, f64),
    /// Stands or hangs at a wall: `Some(true)` must, `Some(false)` must not.
    at_wall: Option<bool>,
    /// Share of green.
    green: (f64, f64),
    /// Commoner classes win ties, 0..1.
    prior: f64,
}

const ANY: (f64, f64) = (0.0, 10.0);
const FLOOR: (f64, f64) = (0.0, 0.15);

/// Shorthand of the table.
#[allow(clippy::too_many_arguments)]
const fn rule(
    class: &'static str,
    long: (f64, f64),
    short: (f64, f64),
    top: (f64, f64),
    bottom: (f64, f64),
    level: (f64, f64),
    at_wall: Option<bool>,
    prior: f64,
) -> Rule {
    Rule { class, long, short, top, bottom, level, at_wall, green: (0.0, 0.5), prior }
}

const RULES: [Rule; 24] = [
    rule("bed", (1.8, 2.4), (0.85, 2.2), (0.4, 1.3), FLOOR, (0.30, 0.72), None, 0.9),
    rule("sofa", (1.3, 3.0), (0.7, 1.2), (0.6, 1.05), FLOOR, (0.30, 0.62), None, 1.0),
    rule("chair", (0.40, 0.75), (0.35, 0.65), (0.72, 1.15), FLOOR, (0.35, 0.60), None, 1.0),
    rule("sofa", (0.7, 1.1), (0.65, 1.0), (0.65, 1.05), FLOOR, (0.35, 0.60), None, 0.5),
    rule("stool", (0.28, 0.55), (0.25, 0.5), (0.35, 0.75), FLOOR, (0.35, 0.75), None, 0.5),
    rule("dining_table", (0.8, 2.4), (0.65, 1.3), (0.66, 0.86), FLOOR, (0.66, 0.84), None, 1.0),
    rule("desk", (1.0, 1.8), (0.5, 0.8), (0.68, 0.85), FLOOR, (0.68, 0.82), Some(true), 0.7),
    rule("coffee_table", (0.6, 1.4), (0.4, 0.9), (0.25, 0.56), FLOOR, (0.25, 0.56), Some(false), 0.9),
    rule("side_table", (0.3, 0.65), (0.3, 0.6), (0.4, 0.68), FLOOR, (0.4, 0.68), Some(false), 0.6),
    rule("nightstand", (0.35, 0.65), (0.3, 0.55), (0.4, 0.72), FLOOR, (0.4, 0.72), Some(true), 0.8),
    rule("tv_cabinet", (1.0, 2.4), (0.3, 0.6), (0.3, 0.68), FLOOR, (0.3, 0.68), Some(true), 0.8),
    rule("cupboard", (0.4, 3.5), (0.3, 0.72), (0.75, 1.25), FLOOR, (0.75, 1.25), Some(true), 0.9),
    rule("wardrobe", (0.8, 3.0), (0.45, 0.75), (1.75, 2.6), FLOOR, ANY, Some(true), 0.9),
    rule("bookcase", (0.4, 2.0), (0.2, 0.42), (1.2, 2.3), FLOOR, ANY, Some(true), 0.8),
    rule("refrigerator", (0.55, 1.05), (0.55, 0.85), (1.45, 2.05), FLOOR, ANY, None, 0.8),
    rule("wall_cabinet", (0.4, 3.0), (0.25, 0.5), (1.8, 2.6), (1.2, 1.75), ANY, Some(true), 0.9),
    rule("air_conditioner", (0.65, 1.2), (0.15, 0.35), (2.0, 2.8), (1.75, 2.4), ANY, Some(true), 0.7),
    rule("curtain", (0.3, 3.0), (0.03, 0.28), (1.7, 2.8), (0.0, 1.0), ANY, Some(true), 0.7),
    rule("chandelier", (0.25, 1.1), (0.2, 1.1), (1.8, 3.0), (1.5, 2.6), ANY, Some(false), 0.8),
    rule("floor-standing_lamp", (0.2, 0.55), (0.15, 0.5), (1.2, 1.9), (0.0, 0.3), ANY, None, 0.6),
    rule("toilet", (0.55, 0.8), (0.33, 0.48), (0.65, 0.95), FLOOR, (0.35, 0.5), Some(true), 0.5),
    rule("tub", (1.4, 1.8), (0.65, 0.9), (0.45, 0.65), FLOOR, (0.05, 0.62), Some(true), 0.5),
    rule("washing_machine", (0.55, 0.65), (0.5, 0.62), (0.8, 0.9), FLOOR, (0.8, 0.9), Some(true), 0.4),
    Rule {
        class: "plants",
        long: (0.2, 1.0),
        short: (0.2, 0.9),
        top: (0.3, 2.0),
        bottom: (0.0, 1.0),
        level: ANY,
        at_wall: None,
        green: (0.25, 1.0),
        prior: 1.0,
    },
];

/// Distance up to which something stands at a wall, metres.
const AT_WALL_M: f64 = 0.25;
/// Relative slack of sizes: a size off by this share of the limit costs a factor e^-1.
const SLACK: f64 = 0.18;
/// Slack of heights, metres.
const HEIGHT_SLACK_M: f64 = 0.10;
/// Factor for standing at a wall or not against the rule.
const WRONG_PLACE: f64 = 0.45;
/// Fit under which the class is unknown and the fallback is taken.
const MIN_FIT: f64 = 0.05;

fn off(value: f64, range: (f64, f64), slack: f64) -> f64 {
    let outside = (range.0 - value).max(value - range.1).max(0.0);
    (outside / slack).powi(2)
}

fn fit(rule: &Rule, t: &Traits) -> f64 {
    let cost = off(t.long, rule.long, SLACK * rule.long.1.min(t.long + 0.5))
        + off(t.short, rule.short, SLACK * rule.short.1.min(t.short + 0.5))
        + off(t.top, rule.top, HEIGHT_SLACK_M)
        + off(t.bottom, rule.bottom, HEIGHT_SLACK_M)
        + 0.5 * off(t.level, rule.level, HEIGHT_SLACK_M)
        + off(t.green, rule.green, 0.15);
    let place = match rule.at_wall {
        Some(must) if must != (t.to_wall <= AT_WALL_M) => WRONG_PLACE,
        _ => 1.0,
    };
    rule.prior * place * (-cost).exp()
}

/// The best class and the probability that it is right among the classes of the table, 0..1.
#[must_use]
pub fn classify(traits: &Traits) -> (&'static str, f64) {
    let fits: Vec<f64> = RULES.iter().map(|rule| fit(rule, traits)).collect();
    let best = (0..RULES.len()).max_by(|&a, &b| fits[a].total_cmp(&fits[b])).unwrap_or(0);
    if fits[best] < MIN_FIT {
        return (fallback(traits), 0.15);
    }
    let rivals: f64 =
        (0..RULES.len()).filter(|&k| RULES[k].class != RULES[best].class).map(|k| fits[k]).sum();
    (RULES[best].class, fits[best] / (fits[best] + rivals + 0.15))
}

/// What an unusual box most likely is.
fn fallback(t: &Traits) -> &'static str {
    if t.bottom > 1.0 {
        "wall_cabinet"
    } else if t.top > 1.4 {
        if t.long < 0.6 { "floor-standing_lamp" } else { "wardrobe" }
    } else if t.to_wall <= AT_WALL_M && t.level > 0.6 {
        "cupboard"
    } else if t.long > 1.2 {
        "sofa"
    } else {
        "chair"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits(long: f64, short: f64, top: f64, bottom: f64, level: f64, to_wall: f64) -> Traits {
        Traits { long, short, top, bottom, level, to_wall, to_ceiling: 2.5 - top, green: 0.0, flat: 0.3 }
    }

    #[test]
    fn typical_furniture_is_named() {
        for (t, class) in [
            (traits(2.0, 1.6, 0.9, 0.0, 0.5, 0.05), "bed"),
            (traits(2.0, 0.9, 0.82, 0.0, 0.42, 0.1), "sofa"),
            (traits(0.5, 0.45, 0.88, 0.0, 0.45, 1.0), "chair"),
            (traits(1.6, 0.9, 0.74, 0.0, 0.74, 1.0), "dining_table"),
            (traits(1.0, 0.6, 0.42, 0.0, 0.42, 1.0), "coffee_table"),
            (traits(0.7, 0.68, 1.8, 0.0, 1.8, 0.05), "refrigerator"),
            (traits(1.8, 0.6, 2.1, 0.0, 2.1, 0.02), "wardrobe"),
            (traits(1.2, 0.32, 2.2, 1.45, 2.2, 0.0), "wall_cabinet"),
        ] {
            assert_eq!(classify(&t).0, class, "{t:?}");
        }
        let plant = Traits { green: 0.6, ..traits(0.4, 0.38, 0.7, 0.0, 0.6, 0.3) };
        assert_eq!(classify(&plant).0, "plants");
    }
}
