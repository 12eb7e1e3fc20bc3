//! Which model may stand for which shape: the table of `kinds.toml`.

use super::super::shape::Shape;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    skip: Vec<String>,
    turns: BTreeMap<String, u8>,
    shapes: BTreeMap<Shape, Vec<String>>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        toml::from_str(include_str!("kinds.toml")).expect("because a test reads the table of the sources")
    })
}

fn names(list: &[String], name: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Some shape can be this model.
#[must_use]
pub fn is_known(name: &str, id: &str) -> bool {
    let table = table();
    !table.skip.iter().any(|s| s == id) && table.shapes.values().any(|list| names(list, name))
}

/// The shape can be a model of this name.
#[must_use]
pub fn matches(shape: Shape, name: &str) -> bool {
    table().shapes.get(&shape).is_some_and(|list| names(list, name))
}

/// Quarter turns that bring the model's front to local −y.
#[must_use]
pub fn quarter_turns(id: &str) -> u8 {
    table().turns.get(id).copied().unwrap_or(0) % 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_sources_can_be_read() {
        assert!(matches(Shape::Sofa, "couch") && !matches(Shape::Sofa, "Chair"));
        assert!(is_known("Chair", "any") && !is_known("Escalator", "any"));
    }
}
