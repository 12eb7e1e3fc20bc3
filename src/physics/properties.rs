//! What is known of a class before anything is seen: its place, density, friction, mobility.
//!
//! Data: `classes.csv` beside this file, whose header names units and sources. A class that is not in
//! it takes the row `*`.

use crate::scene::Mobility;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Lightest and heaviest object, kilograms: bounds what an odd box can weigh.
const MASS_RANGE_KG: (f64, f64) = (0.1, 800.0);

/// What usually carries a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It stands on the floor.
    Floor,
    /// It stands on something.
    Surface,
    /// It is fixed to a wall.
    Wall,
    /// It hangs from the ceiling.
    Ceiling,
    /// Any of them.
    Any,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Properties {
    /// What usually carries it.
    pub place: Place,
    /// Weight over the volume of the bounding box, kg/m³.
    pub density: f64,
    /// Static friction coefficient.
    pub friction: f64,
    /// Whether a robot can move it.
    pub mobility: Mobility,
}

impl Properties {
    /// Mass of a box of this volume, kilograms.
    pub fn mass_kg(&self, volume_m3: f64) -> f64 {
        (self.density * volume_m3).clamp(MASS_RANGE_KG.0, MASS_RANGE_KG.1)
    }
}

fn table() -> &'static BTreeMap<&'static str, Properties> {
    static TABLE: OnceLock<BTreeMap<&'static str, Properties>> = OnceLock::new();
    TABLE.get_or_init(|| {
        include_str!("classes.csv")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.starts_with("class,") && !line.trim().is_empty())
            .map(|line| row(line).unwrap_or_else(|| panic!("classes.csv is part of the program: `{line}`")))
            .collect()
    })
}

fn row(line: &'static str) -> Option<(&'static str, Properties)> {
    let cells: Vec<&str> = line.split(',').collect();
    let [class, place, density, friction, mobility] = cells.try_into().ok()?;
    let place = match place {
        "floor" => Place::Floor,
        "surface" => Place::Surface,
        "wall" => Place::Wall,
        "ceiling" => Place::Ceiling,
        "any" => Place::Any,
        _ => return None,
    };
    let mobility = match mobility {
        "movable" => Mobility::Movable,
        "fixed" => Mobility::Fixed,
        _ => return None,
    };
    Some((
        class,
        Properties { place, density: density.parse().ok()?, friction: friction.parse().ok()?, mobility },
    ))
}

/// The properties of a class; those of `*` when it is not in the table.
pub(crate) fn of(class: &str) -> Properties {
    let table = table();
    *table.get(class).unwrap_or_else(|| &table["*"])
}

/// Floor coverings: other objects stand on them as on the floor.
pub(crate) fn is_floor_covering(class: &str) -> bool {
    matches!(class, "carpet" | "rug")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_parses_and_every_class_is_listed() {
        for class in crate::scene::classes::CLASSES {
            assert!(table().contains_key(class), "{class} has no row");
        }
        assert!(table().values().all(|p| p.density > 0.0 && p.friction > 0.0 && p.friction < 1.5));
        assert_eq!(of("something else"), of("*"));
    }
}
