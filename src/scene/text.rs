//! Reading and writing of `layout.txt` (the layout language, compatible with SpatialLM's text).
//!
//! Takes text, gives a [`Layout`] and, in lenient mode, what had to be dropped or mended; takes a
//! [`Layout`], gives text. One entity a line:
//!
//! ```text
//! wall_0=Wall(ax,ay,az,bx,by,bz,height,thickness)
//! door_0=Door(wall_0,x,y,z,width,height)
//! window_0=Window(wall_0,x,y,z,width,height)
//! bbox_0=Bbox(class,x,y,z,angle_z,sx,sy,sz)
//! ```
//!
//! Metres, radians, Z up, right-handed. SpatialLM's own reader drops a bad line silently; this one
//! either refuses the text with line and reason ([`ReadMode::Strict`]) or keeps the rest and reports
//! every line it touched ([`ReadMode::Lenient`]).
//!
//! Limits: comments do not exist in the language; a class may not hold a comma, parenthesis, `=` or
//! white space at its ends; numbers beyond [`MAX_ABS_VALUE`] are refused.

use super::language::{BoxEntity, Layout, OpeningEntity, WallEntity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Decimals that are written: micrometres and microradians, far below any measurement here, and
/// enough that corners which are equal stay equal.
const DECIMALS: usize = 6;
/// Largest magnitude that is accepted, metres or radians: no building is a thousand kilometres away,
/// so a larger number is a broken file and would overflow later arithmetic.
pub const MAX_ABS_VALUE: f64 = 1e6;

/// How a bad line is met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadMode {
    /// The first bad line is an error (this project's own files).
    #[default]
    Strict,
    /// Bad lines are dropped or mended, and reported (other tools' files): surplus parameters are
    /// ignored, sizes take their absolute value, a repeated number is replaced by a free one.
    Lenient,
}

/// What lenient reading did to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineAction {
    /// The line is not in the layout.
    Dropped,
    /// The line is in the layout, with a change.
    Mended,
}

/// A line that lenient reading did not take as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedLine {
    /// Number of the line, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
    /// What was wrong with it.
    pub reason: String,
    /// What became of it.
    pub action: LineAction,
}

/// Why a text is not a layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}; mend the line or read it leniently: `{text}`")]
pub struct LayoutTextError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
    /// The line.
    pub text: String,
}

impl Layout {
    /// The layout as text: walls, doors, windows, boxes, each in the order held, fixed decimals, a
    /// newline after every line. Characters that the language cannot hold in a class become `_`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for wall in &self.walls {
            let numbers = [&wall.a[..], &wall.b, &[wall.height, wall.thickness]].concat();
            push_line(&mut text, &format!("wall_{}=Wall(", wall.id), &numbers);
        }
        for (label, name, openings) in [("door", "Door", &self.doors), ("window", "Window", &self.windows)] {
            for opening in openings {
                let head = format!("{label}_{}={name}(wall_{},", opening.id, opening.wall);
                let numbers = [&opening.center[..], &[opening.width, opening.height]].concat();
                push_line(&mut text, &head, &numbers);
            }
        }
        for object in &self.boxes {
            let head = format!("bbox_{}=Bbox({},", object.id, writable_class(&object.class));
            push_line(&mut text, &head, &[&object.center[..], &[object.yaw], &object.size].concat());
        }
        text
    }

    /// Reads a layout text. Blank lines, a byte order mark and carriage returns are allowed.
    ///
    /// In strict mode the list that comes with the layout is empty.
    ///
    /// # Errors
    /// In strict mode: the first line that is malformed, repeats a number, names a wall that does not
    /// stand above it, or holds a negative size. In lenient mode: never.
    pub fn parse(text: &str, mode: ReadMode) -> Result<(Self, Vec<DroppedLine>), LayoutTextError> {
        let mut reader = Reader { mode, ..Reader::default() };
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() {
                reader.read_line(index + 1, line)?;
            }
        }
        reader.number_repeated();
        Ok((reader.layout, reader.touched))
    }
}

/// Appends `head`, the numbers and the closing parenthesis.
fn push_line(text: &mut String, head: &str, numbers: &[f64]) {
    text.push_str(head);
    for (index, &number) in numbers.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let start = text.len();
        // Writing to a String cannot fail.
        let _ = write!(text, "{number:.DECIMALS$}");
        if text[start..].starts_with('-') && !text[start..].contains(|c: char| matches!(c, '1'..='9' | 'i')) {
            text.remove(start); // no negative zero
        }
    }
    text.push_str(")\n");
}

/// The class with what would break a line replaced by `_`.
fn writable_class(class: &str) -> String {
    let class = class.trim();
    if class.is_empty() {
        return "unknown".to_owned();
    }
    class
        .chars()
        .map(|c| if matches!(c, ',' | '(' | ')' | '=') || c.is_control() { '_' } else { c })
        .collect()
}

/// Kind of an entity, in the order of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Wall,
    Door,
    Window,
    Bbox,
}

impl Kind {
    fn of_label(label: &str) -> Option<Self> {
        [Self::Wall, Self::Door, Self::Window, Self::Bbox].into_iter().find(|kind| kind.label() == label)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Door => "door",
            Self::Window => "window",
            Self::Bbox => "bbox",
        }
    }

    fn constructor(self) -> &'static str {
        match self {
            Self::Wall => "Wall",
            Self::Door => "Door",
            Self::Window => "Window",
            Self::Bbox => "Bbox",
        }
    }

    /// Parameters, and how many of them (at the front) are names instead of numbers.
    fn parameters(self) -> (usize, usize) {
        match self {
            Self::Wall => (8, 0),
            Self::Door | Self::Window => (6, 1),
            Self::Bbox => (8, 1),
        }
    }
}

/// A line taken apart: `kind_id=Kind(name,numbers...)`.
struct Entity<'a> {
    kind: Kind,
    id: u32,
    name: &'a str,
    numbers: Vec<f64>,
}

#[derive(Default)]
struct Reader {
    mode: ReadMode,
    layout: Layout,
    touched: Vec<DroppedLine>,
    used: BTreeMap<Kind, BTreeSet<u32>>,
    /// Entities whose number was taken, as kind and index in the layout.
    repeated: Vec<(Kind, usize)>,
    /// Number in the text to index of the latest wall of that number.
    wall_of_number: BTreeMap<u32, usize>,
    /// Wall index of every door and window, in the order held.
    wall_of_door: Vec<usize>,
    wall_of_window: Vec<usize>,
}

impl Reader {
    /// Reads one line that is not blank.
    fn read_line(&mut self, line: usize, text: &str) -> Result<(), LayoutTextError> {
        let mut mended = Vec::new();
        let outcome = self.take_line(text, &mut mended);
        let (reason, action) = match outcome {
            Ok(()) if mended.is_empty() => return Ok(()),
            Ok(()) => (mended.join("; "), LineAction::Mended),
            Err(reason) => (reason, LineAction::Dropped),
        };
        if self.mode == ReadMode::Strict {
            return Err(LayoutTextError { line, reason, text: text.to_owned() });
        }
        self.touched.push(DroppedLine { line, text: text.to_owned(), reason, action });
        Ok(())
    }

    /// Adds the entity of a line. What has to be mended goes to `mended`; what cannot be is the error.
    fn take_line(&mut self, text: &str, mended: &mut Vec<String>) -> Result<(), String> {
        let mut entity = take_apart(text, mended)?;
        let wall_index = match entity.kind {
            Kind::Door | Kind::Window => Some(self.named_wall(&entity)?),
            Kind::Wall | Kind::Bbox => None,
        };
        let sizes = match entity.kind {
            Kind::Wall => 6..8,
            Kind::Door | Kind::Window => 3..5,
            Kind::Bbox => 4..7,
        };
        for size in &mut entity.numbers[sizes] {
            if *size < 0.0 {
                mended.push(format!("negative size {size}"));
                *size = size.abs();
            }
        }
        let fresh = self.used.entry(entity.kind).or_default().insert(entity.id);
        if !fresh {
            mended.push(format!("{}_{} stands above already", entity.kind.label(), entity.id));
        }
        let index = self.push(&entity, wall_index);
        if !fresh {
            self.repeated.push((entity.kind, index));
        }
        Ok(())
    }

    /// Index of the wall that a door or window names.
    fn named_wall(&self, entity: &Entity<'_>) -> Result<usize, String> {
        let number: u32 = entity
            .name
            .strip_prefix("wall_")
            .and_then(parse_number_id)
            .ok_or_else(|| format!("`{}` does not name a wall (wall_<number>)", entity.name))?;
        self.wall_of_number.get(&number).copied().ok_or_else(|| format!("no wall_{number} stands above"))
    }

    /// Puts the entity into the layout; gives its index.
    fn push(&mut self, entity: &Entity<'_>, wall_index: Option<usize>) -> usize {
        let n = &entity.numbers;
        let id = entity.id;
        match (entity.kind, wall_index) {
            (Kind::Wall, _) => {
                self.wall_of_number.insert(id, self.layout.walls.len());
                self.layout.walls.push(WallEntity {
                    id,
                    a: [n[0], n[1], n[2]],
                    b: [n[3], n[4], n[5]],
                    height: n[6],
                    thickness: n[7],
                });
                self.layout.walls.len() - 1
            }
            (Kind::Bbox, _) => {
                self.layout.boxes.push(BoxEntity {
                    id,
                    class: entity.name.to_owned(),
                    center: [n[0], n[1], n[2]],
                    yaw: n[3],
                    size: [n[4], n[5], n[6]],
                });
                self.layout.boxes.len() - 1
            }
            (Kind::Door | Kind::Window, wall_index) => {
                let wall_index = wall_index.expect("because `take_line` looked the wall up");
                let wall = self.layout.walls[wall_index].id;
                let opening =
                    OpeningEntity { id, wall, center: [n[0], n[1], n[2]], width: n[3], height: n[4] };
                let (openings, walls) = if entity.kind == Kind::Door {
                    (&mut self.layout.doors, &mut self.wall_of_door)
                } else {
                    (&mut self.layout.windows, &mut self.wall_of_window)
                };
                openings.push(opening);
                walls.push(wall_index);
                openings.len() - 1
            }
        }
    }

    /// Gives repeated entities free numbers and lets openings follow their wall.
    fn number_repeated(&mut self) {
        for (kind, index) in std::mem::take(&mut self.repeated) {
            let used = self.used.entry(kind).or_default();
            let id = free_number(used);
            used.insert(id);
            match kind {
                Kind::Wall => self.layout.walls[index].id = id,
                Kind::Door => self.layout.doors[index].id = id,
                Kind::Window => self.layout.windows[index].id = id,
                Kind::Bbox => self.layout.boxes[index].id = id,
            }
        }
        for (opening, &wall) in self.layout.doors.iter_mut().zip(&self.wall_of_door) {
            opening.wall = self.layout.walls[wall].id;
        }
        for (opening, &wall) in self.layout.windows.iter_mut().zip(&self.wall_of_window) {
            opening.wall = self.layout.walls[wall].id;
        }
    }
}

/// One more than the largest number, or the smallest gap when that would overflow.
fn free_number(used: &BTreeSet<u32>) -> u32 {
    match used.last().and_then(|last| last.checked_add(1)) {
        Some(next) => next,
        None => (0..=u32::MAX)
            .find(|id| !used.contains(id))
            .expect("because a text holds fewer than 2^32 entities"),
    }
}

/// Digits only: `+3`, ` 3` and the empty string are not numbers of entities.
fn parse_number_id(digits: &str) -> Option<u32> {
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Takes a line apart; the error is the reason in words.
fn take_apart<'a>(text: &'a str, mended: &mut Vec<String>) -> Result<Entity<'a>, String> {
    let (label_id, call) = text.split_once('=').ok_or("there is no `=`")?;
    let (label, id) = label_id.trim().rsplit_once('_').ok_or("the name is not of the form kind_number")?;
    let kind = Kind::of_label(label).ok_or_else(|| format!("unknown kind `{label}`"))?;
    let id = parse_number_id(id).ok_or_else(|| format!("`{id}` is not a number of an entity"))?;
    let (constructor, rest) = call.split_once('(').ok_or("there is no `(`")?;
    if constructor.trim() != kind.constructor() {
        return Err(format!("{label} is not built by `{}`", constructor.trim()));
    }
    let (inside, after) = rest.split_once(')').ok_or("there is no `)`")?;
    if !after.trim().is_empty() {
        mended.push(format!("`{}` after the closing parenthesis", after.trim()));
    }
    let parameters: Vec<&str> = inside.split(',').map(str::trim).collect();
    let (wanted, names) = kind.parameters();
    if parameters.len() < wanted {
        return Err(format!("{} parameters, {} needed", parameters.len(), wanted));
    }
    if parameters.len() > wanted {
        mended.push(format!("{} parameters, {} needed", parameters.len(), wanted));
    }
    let name = if names == 1 { parameters[0] } else { "" };
    if names == 1 && name.is_empty() {
        return Err("the first parameter is empty".to_owned());
    }
    let numbers = parameters[names..wanted].iter().map(|p| parse_value(p)).collect::<Result<_, _>>()?;
    Ok(Entity { kind, id, name, numbers })
}

/// A finite number of a sane magnitude.
fn parse_value(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if !value.is_finite() || value.abs() > MAX_ABS_VALUE {
        return Err(format!("{text} is not within ±{MAX_ABS_VALUE}"));
    }
    Ok(value)
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
