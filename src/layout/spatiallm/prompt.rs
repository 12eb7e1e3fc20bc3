//! What the model is asked: the text round the point tokens.
//!
//! Takes the task, gives the text before and after the place of the point tokens. The model was trained
//! on one fixed wording, which ends with the declarations of the layout language; they are written here
//! from a table of the language's fields. Markers are those of ChatML.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Walls, doors, windows and boxes.
    #[default]
    All,
    /// Walls, doors and windows.
    Structure,
    /// Boxes.
    Objects,
}

/// A field of an entity: its name, and whether it is a name instead of a number.
type Field = (&'static str, bool);
/// A place.
const POSITION: [Field; 3] = [("position_x", false), ("position_y", false), ("position_z", false)];
/// Kinds of the language with their fields, in groups that kinds share.
const KINDS: [(&str, &[&[Field]]); 4] = [
    (
        "Wall",
        &[&[
            ("ax", false),
            ("ay", false),
            ("az", false),
            ("bx", false),
            ("by", false),
            ("bz", false),
            ("height", false),
            ("thickness", false),
        ]],
    ),
    ("Door", OPENING),
    ("Window", OPENING),
    (
        "Bbox",
        &[
            &[("class", true)],
            &POSITION,
            &[("angle_z", false), ("scale_x", false), ("scale_y", false), ("scale_z", false)],
        ],
    ),
];
const OPENING: &[&[Field]] = &[&[("wall_id", true)], &POSITION, &[("width", false), ("height", false)]];

/// Text before the point tokens.
pub const BEFORE: &str = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n";

/// Text after the point tokens. `categories` replace the word "boxes" where the task has it.
#[must_use]
pub fn after(task: Task, categories: &[String]) -> String {
    let boxes = if categories.is_empty() { "boxes".to_owned() } else { categories.join(", ") };
    let wanted = match task {
        Task::All => format!("walls, doors, windows, {boxes}"),
        Task::Structure => "walls, doors, windows".to_owned(),
        Task::Objects => boxes,
    };
    format!(
        "Detect {wanted}. The reference code is as followed: {}<|im_end|>\n<|im_start|>assistant\n",
        declarations()
    )
}

/// The language as declarations.
fn declarations() -> String {
    let mut text = String::new();
    for (kind, groups) in KINDS {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "@dataclass\nclass {kind}:");
        for (field, is_name) in groups.iter().copied().flatten() {
            let _ = write!(text, "\n    {field}: {}", if *is_name { "str" } else { "int" });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declarations_have_the_trained_length() {
        assert_eq!(declarations().len(), 562);
        assert!(declarations().starts_with("@dataclass\nclass Wall:\n    ax: int\n"));
    }

    #[test]
    fn categories_take_the_place_of_boxes() {
        let sofas = ["sofa".to_owned(), "bed".to_owned()];
        assert!(after(Task::All, &sofas).starts_with("Detect walls, doors, windows, sofa, bed. The"));
        assert!(after(Task::Objects, &[]).starts_with("Detect boxes. The"));
        assert!(after(Task::Structure, &sofas).starts_with("Detect walls, doors, windows. The"));
    }
}
