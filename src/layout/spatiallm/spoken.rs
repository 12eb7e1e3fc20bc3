//! What the model has said, as lines with a confidence, and what of it is a layout.
//!
//! Takes text token by token, gives lines; takes lines, gives a [`Reading`]: the entities in bins of the
//! model's discretisation and every line that is none, with the reason. A line must be exactly one
//! entity of the layout language, with values inside the bins: nothing is mended.

use super::error::Error;
use crate::scene::{Layout, ReadMode};

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Without its end.
    pub text: String,
    /// Geometric mean of the probabilities of its tokens, 0..1. How sure the model was of its words;
    /// not calibrated against what is there.
    pub confidence: f64,
}

/// Collects lines from tokens.
#[derive(Debug, Default)]
pub struct Listener {
    lines: Vec<Line>,
    text: String,
    log_probability: f64,
    tokens: usize,
}

impl Listener {
    /// Hears the text of a token. A token that ends a line and begins the next counts for both.
    pub fn hear(&mut self, text: &str, probability: f64) {
        for (index, part) in text.split('\n').enumerate() {
            if index > 0 {
                self.end_line();
            }
            self.text.push_str(part);
            if index == 0 || !part.is_empty() {
                self.log_probability += probability.max(f64::MIN_POSITIVE).ln();
                self.tokens += 1;
            }
        }
    }

    /// All lines that are not blank.
    #[must_use]
    pub fn finish(mut self) -> Vec<Line> {
        self.end_line();
        self.lines
    }

    fn end_line(&mut self) {
        let text = std::mem::take(&mut self.text);
        let confidence = (self.log_probability / self.tokens.max(1) as f64).exp();
        (self.log_probability, self.tokens) = (0.0, 0);
        if !text.trim().is_empty() {
            self.lines.push(Line { text: text.trim().to_owned(), confidence });
        }
    }
}

/// A line that is no entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Number of the line, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
    /// Why.
    pub reason: String,
}

/// What was understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The entities, in bins.
    pub layout: Layout,
    /// Confidence of each wall, in the order of the layout.
    pub walls: Vec<f64>,
    /// Of each door.
    pub doors: Vec<f64>,
    /// Of each window.
    pub windows: Vec<f64>,
    /// Of each box.
    pub boxes: Vec<f64>,
    /// Lines that are no entity.
    pub rejected: Vec<Rejected>,
}

/// Reads lines; values must lie in 0..bins.
///
/// # Errors
/// With `refuse`, the first line that is no entity; without, when there are lines and none is one.
pub fn read(lines: &[Line], bins: u32, refuse: bool) -> Result<Reading, Error> {
    let mut reading = Reading::default();
    let mut accepted = String::new();
    for (index, line) in lines.iter().enumerate() {
        let extended = format!("{accepted}{}\n", line.text);
        match entity(&extended, &reading.layout, bins) {
            Ok(layout) => {
                let told = [
                    (&mut reading.walls, layout.walls.len()),
                    (&mut reading.doors, layout.doors.len()),
                    (&mut reading.windows, layout.windows.len()),
                    (&mut reading.boxes, layout.boxes.len()),
                ];
                for (confidences, count) in told {
                    confidences.resize(count, line.confidence);
                }
                reading.layout = layout;
                accepted = extended;
            }
            Err(reason) if refuse => {
                return Err(Error::BadLine { line: index + 1, reason, text: line.text.clone() });
            }
            Err(reason) => {
                reading.rejected.push(Rejected { line: index + 1, text: line.text.clone(), reason });
            }
        }
    }
    match reading.rejected.first() {
        Some(first) if accepted.is_empty() => Err(Error::NoLayout {
            lines: lines.len(),
            reason: first.reason.clone(),
            first: shortened(&first.text),
        }),
        _ => Ok(reading),
    }
}

/// The layout of `text`, whose last line has been added to what was read before.
fn entity(text: &str, before: &Layout, bins: u32) -> Result<Layout, String> {
    let (layout, _) = Layout::parse(text, ReadMode::Strict).map_err(|error| error.reason)?;
    let mut values = Vec::new();
    for wall in &layout.walls[before.walls.len()..] {
        if wall.a == wall.b {
            return Err("both ends of the wall are one point".to_owned());
        }
        values.extend([wall.a, wall.b].concat());
        values.extend([wall.height, wall.thickness]);
    }
    let doors = &layout.doors[before.doors.len()..];
    for opening in doors.iter().chain(&layout.windows[before.windows.len()..]) {
        values.extend(opening.center);
        values.extend([opening.width, opening.height]);
    }
    for object in &layout.boxes[before.boxes.len()..] {
        values.extend([object.center, object.size].concat());
        values.push(object.yaw);
    }
    match values.iter().find(|value| !(0.0..f64::from(bins)).contains(*value)) {
        Some(value) => Err(format!("{value} is not a bin, 0 to {} are", bins - 1)),
        None => Ok(layout),
    }
}

/// The first characters of a text that may be very long.
#[must_use]
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        text.lines().map(|text| Line { text: text.to_owned(), confidence: 0.5 }).collect()
    }

    #[test]
    fn lines_are_cut_at_newlines_and_weighed_by_their_tokens() {
        let mut listener = Listener::default();
        for (text, probability) in [("wall_0", 0.5), ("=W", 0.5), (")\n", 0.25), ("", 1.0), ("x\n\ny", 0.3)] {
            listener.hear(text, probability);
        }
        let lines = listener.finish();
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["wall_0=W)", "x", "y"]);
        assert!((lines[0].confidence - (0.5f64 * 0.5 * 0.25).cbrt()).abs() < 1e-12);
        assert!((lines[2].confidence - 0.3).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_entity_is_told_with_its_reason() {
        let text = "wall_0=Wall(12,34,5,210,34,5,104,0)\ndoor_0=Door(wall_0,100,34,40,36,80)\n\
                    door_7=Door(wall_9,100,34,40,36,80)\nbbox_0=Bbox(sofa,100,100,20,640,90,40,1280)\ngarbage\n\
                    wall_1=Wall(1,2,3,1,2,3,7,8)\nbbox_1=Bbox(bed,100,100,20,640,90,40,35)\nwall_2=Wall(1,2,3,4";
        let reading = read(&lines(text), 1280, false).expect("some lines are entities");
        let rejected: Vec<usize> = reading.rejected.iter().map(|r| r.line).collect();
        assert_eq!(rejected, [3, 4, 5, 6, 8]);
        assert!(reading.rejected[1].reason.contains("1280"), "{}", reading.rejected[1].reason);
        assert_eq!((reading.layout.walls.len(), reading.layout.doors.len()), (1, 1));
        assert_eq!((reading.layout.boxes[0].id, reading.boxes.as_slice()), (1, &[0.5][..]));
        let refused = read(&lines(text), 1280, true).expect_err("line 3");
        assert!(matches!(refused, Error::BadLine { line: 3, .. }), "{refused}");
    }

    #[test]
    fn silence_is_an_empty_layout_and_noise_is_an_error() {
        assert_eq!(read(&[], 1280, false).expect("nothing said"), Reading::default());
        assert!(matches!(read(&lines("a\nb"), 1280, false), Err(Error::NoLayout { lines: 2, .. })));
    }
}
