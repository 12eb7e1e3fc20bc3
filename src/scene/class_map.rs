//! Which class an object is scored as: the table of data `class_map.csv`, or the user's own.
//!
//! A table is text: `#` comments, a head line, then rows `class,target[,target...]`, separated by
//! commas or tabulators. A class without a target is not scored. Spaces and underscores are the same,
//! case does not matter. The 20 benchmark classes are those that SpatialLM's evaluation scores; which
//! of the 59 go where is this project's own reading, which is why the table can be replaced.

use std::collections::BTreeMap;

/// The table of the repository.
const BUILT_IN: &str = include_str!("class_map.csv");

/// From a class as written to the class that is scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMap {
    name: String,
    target_of: BTreeMap<String, String>,
}

/// Why a table of classes cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassMapError {
    /// A row is not of the form `class,target`.
    #[error("line {line} of the class table: {reason}; write `class,target`, or leave the target empty")]
    Row {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no column of that name.
    #[error("the class table has no column `{column}`, it has: {columns}; name one of these")]
    Column {
        /// The column asked for.
        column: String,
        /// The columns there are.
        columns: String,
    },
}

impl ClassMap {
    /// 59 classes (and common aliases) to the 20 of the public benchmark.
    #[must_use]
    pub fn benchmark() -> Self {
        Self::parse(BUILT_IN, Some("benchmark")).expect("because the table of the repository is tested")
    }

    /// A coarse grouping, for truth that says only `table` or `cabinet`.
    #[must_use]
    pub fn coarse() -> Self {
        Self::parse(BUILT_IN, Some("coarse")).expect("because the table of the repository is tested")
    }

    /// Reads a table; `column` names the target column, the second one when absent.
    ///
    /// # Errors
    /// When a row has no class or repeats one with another target, or the column does not exist.
    pub fn parse(text: &str, column: Option<&str>) -> Result<Self, ClassMapError> {
        let mut rows = text
            .trim_start_matches('\u{feff}')
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim_end_matches('\r')))
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(line, row)| (line, row.split([',', '\t']).map(str::trim).collect::<Vec<_>>()));
        let (_, heads) = rows
            .next()
            .ok_or_else(|| ClassMapError::Row { line: 1, reason: "the table is empty".to_owned() })?;
        let target = match column {
            None => 1,
            Some(name) => heads.iter().position(|&head| head == name).ok_or_else(|| {
                ClassMapError::Column { column: name.to_owned(), columns: heads.join(", ") }
            })?,
        };
        let name = heads.get(target).copied().unwrap_or("classes").to_owned();
        let mut target_of = BTreeMap::new();
        for (line, cells) in rows {
            let class = normalised(cells[0]);
            if class.is_empty() {
                return Err(ClassMapError::Row { line, reason: "the class is empty".to_owned() });
            }
            let target = normalised(cells.get(target).copied().unwrap_or(""));
            if let Some(other) = target_of.insert(class.clone(), target.clone())
                && other != target
            {
                let reason = format!("`{class}` goes to `{other}` and to `{target}`");
                return Err(ClassMapError::Row { line, reason });
            }
        }
        let mut map = Self { name, target_of };
        map.add_targets_themselves();
        Ok(map)
    }

    /// A target that is no class of its own is scored as itself (`tv cabinet`).
    fn add_targets_themselves(&mut self) {
        let targets: Vec<String> =
            self.target_of.values().filter(|target| !target.is_empty()).cloned().collect();
        for target in targets {
            self.target_of.entry(target.clone()).or_insert(target);
        }
    }

    /// Name of the target column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `class` is scored as; `None` when it is not.
    #[must_use]
    pub fn target(&self, class: &str) -> Option<&str> {
        self.target_of.get(&normalised(class)).map(String::as_str).filter(|target| !target.is_empty())
    }

    /// The classes that are scored, each once, in alphabetical order.
    #[must_use]
    pub fn targets(&self) -> Vec<&str> {
        let mut targets: Vec<&str> =
            self.target_of.values().map(String::as_str).filter(|target| !target.is_empty()).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }
}

/// Lower case, with spaces for underscores.
fn normalised(class: &str) -> String {
    class.trim().to_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::classes::CLASSES;

    /// The classes that SpatialLM's benchmark scores.
    const BENCHMARK: [&str; 20] = [
        "curtain",
        "nightstand",
        "chandelier",
        "wardrobe",
        "bed",
        "sofa",
        "chair",
        "cabinet",
        "dining table",
        "plants",
        "tv cabinet",
        "coffee table",
        "side table",
        "air conditioner",
        "dresser",
        "stool",
        "refrigerator",
        "painting",
        "carpet",
        "tv",
    ];

    #[test]
    fn the_benchmark_column_has_exactly_the_twenty() {
        let mut wanted = BENCHMARK.to_vec();
        wanted.sort_unstable();
        assert_eq!(ClassMap::benchmark().targets(), wanted);
        for class in BENCHMARK {
            assert_eq!(ClassMap::benchmark().target(class), Some(class));
        }
    }

    #[test]
    fn every_class_of_the_language_has_a_row() {
        for class in CLASSES {
            assert!(ClassMap::benchmark().target_of.contains_key(&normalised(class)), "{class}");
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        let map = ClassMap::benchmark();
        assert_eq!(map.target("Dining_Table"), Some("dining table"));
        assert_eq!(map.target("potted_bonsai"), Some("plants"));
        assert_eq!(map.target("toilet"), None);
        assert_eq!(map.target("no such thing"), None);
        assert_eq!(ClassMap::coarse().target("coffee_table"), ClassMap::coarse().target("table"));
    }

    #[test]
    fn user_tables_are_read_and_checked() {
        let map = ClassMap::parse("mine\ttheirs\nDing\tthing\nwurst\t\n", None).expect("good");
        assert_eq!((map.name(), map.target("ding"), map.target("wurst")), ("theirs", Some("thing"), None));
        assert!(matches!(ClassMap::parse("", None), Err(ClassMapError::Row { line: 1, .. })));
        assert!(matches!(ClassMap::parse("a,b\nx,y\nx,z", None), Err(ClassMapError::Row { line: 3, .. })));
        let error = ClassMap::parse("a,b\nx,y", Some("c")).expect_err("no such column").to_string();
        assert!(error.contains("it has: a, b"), "{error}");
    }
}
