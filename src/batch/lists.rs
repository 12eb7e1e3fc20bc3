//! Lists of clips: text, CSV, JSON lines, Parquet.
//!
//! A text list has one path or address a line; empty lines and lines that begin with `#` are passed over.
//! The other kinds have named columns: `input` (or `path`, `video`, `uri`), and if wanted `id`, `start_s`
//! and `end_s`; other columns are passed over. Relative paths are relative to the list's own folder, so
//! that a list can move with its clips.

use super::{Error, Item, table};
use crate::store;
use serde_json::{Map, Value};
use std::path::Path;

/// Names of the column that holds the path or address.
const INPUT_COLUMNS: [&str; 4] = ["input", "path", "video", "uri"];
const ID_COLUMN: &str = "id";
const START_COLUMN: &str = "start_s";
const END_COLUMN: &str = "end_s";

/// The items of a list, in its order.
///
/// # Errors
/// When the list cannot be read, or a row of it cannot be understood: a list that is half understood would
/// leave out clips in silence.
pub fn read(path: &Path) -> Result<Vec<Item>, Error> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_ascii_lowercase();
    match ending.as_str() {
        "csv" => csv(path),
        "jsonl" | "ndjson" => json_lines(path),
        "parquet" | "pq" => parquet(path),
        _ => text(path),
    }
}

fn contents(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { source, path: path.to_owned() })?;
    String::from_utf8(bytes).map_err(|_| bad(path, "it is not UTF-8 text"))
}

fn bad(path: &Path, cause: impl Into<String>) -> Error {
    Error::List { cause: cause.into(), path: path.to_owned() }
}

fn text(path: &Path) -> Result<Vec<Item>, Error> {
    let text = contents(path)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(|line| Item::named(line, resolved(path, line))).collect())
}

fn csv(path: &Path) -> Result<Vec<Item>, Error> {
    let text = contents(path)?;
    // Spreadsheets begin UTF-8 files with a mark.
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|cause| bad(path, cause.to_string()))?.clone();
    let names: Vec<&str> = header.iter().collect();
    input_column(path, &names)?;
    let mut items = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|cause| bad(path, cause.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = names.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
        let row = cells.map(|(name, cell)| ((*name).to_owned(), Value::from(cell))).collect();
        items.push(item(path, &row, &format!("line {line}"))?);
    }
    Ok(items)
}

fn json_lines(path: &Path) -> Result<Vec<Item>, Error> {
    let text = contents(path)?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| {
            let place = format!("line {number}");
            match serde_json::from_str(line) {
                Ok(Value::Object(row)) => item(path, &row, &place),
                Ok(Value::String(input)) => Ok(Item::named(&input, resolved(path, &input))),
                Ok(_) => Err(bad(path, format!("{place} is neither an object nor a string"))),
                Err(cause) => Err(bad(path, format!("{place} is no JSON: {cause}"))),
            }
        })
        .collect()
}

fn parquet(path: &Path) -> Result<Vec<Item>, Error> {
    let names = table::columns(path)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let input = input_column(path, &names)?;
    let wanted = |name: &str| [input, ID_COLUMN, START_COLUMN, END_COLUMN].contains(&name);
    let rows = table::read(path, wanted)?;
    rows.iter().zip(1..).map(|(row, number)| item(path, row, &format!("row {number}"))).collect()
}

fn input_column(path: &Path, names: &[&str]) -> Result<&'static str, Error> {
    INPUT_COLUMNS.into_iter().find(|wanted| names.contains(wanted)).ok_or_else(|| {
        let wanted = INPUT_COLUMNS.join("`, `");
        bad(path, format!("none of its columns ({}) is called `{wanted}`", names.join(", ")))
    })
}

fn item(path: &Path, row: &Map<String, Value>, place: &str) -> Result<Item, Error> {
    let input =
        INPUT_COLUMNS.iter().find_map(|name| row.get(*name)?.as_str()).filter(|input| !input.is_empty());
    let input = input.ok_or_else(|| bad(path, format!("{place} names no `{}`", INPUT_COLUMNS[0])))?;
    let start_s = seconds(path, row, START_COLUMN, place)?;
    let end_s = seconds(path, row, END_COLUMN, place)?;
    if let (Some(start), Some(end)) = (start_s, end_s)
        && end <= start
    {
        return Err(bad(path, format!("{place} ends at {end} s, before it begins at {start} s")));
    }
    let id = match row.get(ID_COLUMN) {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        Some(other) => {
            return Err(bad(path, format!("{place} has the id {other}, which is no word or number")));
        }
    };
    let resolved = resolved(path, input);
    let mut item = match (id, start_s.or(end_s)) {
        (Some(id), _) => Item::with_id(&id, resolved),
        (None, None) => Item::named(input, resolved),
        // Parts of one clip are items of their own.
        (None, Some(_)) => {
            let end = end_s.map_or_else(String::new, |end| end.to_string());
            Item::named(&format!("{input}#{}-{end}", start_s.unwrap_or(0.0)), resolved)
        }
    };
    (item.start_s, item.end_s) = (start_s, end_s);
    Ok(item)
}

fn seconds(path: &Path, row: &Map<String, Value>, name: &str, place: &str) -> Result<Option<f64>, Error> {
    let number = match row.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    match number.filter(|number: &f64| number.is_finite() && *number >= 0.0) {
        Some(number) => Ok(Some(number)),
        None => Err(bad(path, format!("{place}: `{name}` is {}, no number of seconds", row[name]))),
    }
}

/// A path relative to the list's folder; addresses and absolute paths stay as they are.
fn resolved(list: &Path, input: &str) -> String {
    if store::is_address(input) || Path::new(input).is_absolute() {
        return input.to_owned();
    }
    list.parent().map_or_else(|| input.to_owned(), |folder| folder.join(input).to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str, text: &str) -> Result<Vec<Item>, Error> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let items = read(&path)?;
        let root = format!("{}/", folder.path().display());
        Ok(items.into_iter().map(|item| Item { input: item.input.replace(&root, "ROOT/"), ..item }).collect())
    }

    #[test]
    fn text_and_csv_and_json_name_the_same_items() {
        let text = list("a.txt", "# walks\nday1/a.mp4\n\n s3://walks/b.mp4 \n/abs/c.mp4\n").expect("read");
        let csv = list("a.csv", "\u{feff}length,path\n3,day1/a.mp4\n4,s3://walks/b.mp4\n5,/abs/c.mp4\n")
            .expect("read");
        let json = "\"day1/a.mp4\"\n{\"uri\":\"s3://walks/b.mp4\"}\n{\"video\":\"/abs/c.mp4\",\"x\":1}\n";
        let json = list("a.jsonl", json).expect("read");
        let inputs: Vec<&str> = text.iter().map(|item| item.input.as_str()).collect();
        assert_eq!(inputs, ["ROOT/day1/a.mp4", "s3://walks/b.mp4", "/abs/c.mp4"]);
        assert_eq!(text, csv);
        assert_eq!(text, json);
    }

    #[test]
    fn parts_of_a_clip_are_items_of_their_own() {
        let items = list("a.csv", "input,id,start_s,end_s\na.mp4,,0,2.5\na.mp4,,2.5,\na.mp4,tail,7,9\n")
            .expect("read");
        assert_eq!((items[0].start_s, items[0].end_s), (Some(0.0), Some(2.5)));
        assert_eq!((items[1].start_s, items[1].end_s), (Some(2.5), None));
        assert_eq!(items[2].id, "tail");
        assert_ne!(items[0].id, items[1].id);
    }

    #[test]
    fn a_list_that_is_half_understood_is_refused_with_the_place() {
        let message = |name, text| list(name, text).expect_err("refused").to_string();
        assert!(message("a.csv", "name,size\na,1\n").contains("name, size"));
        assert!(message("a.csv", "input,start_s\na.mp4,soon\n").contains("line 2"));
        assert!(message("a.csv", "input,start_s,end_s\na.mp4,5,4\n").contains("before it begins"));
        assert!(message("a.jsonl", "{\"input\":\"a\"}\n{\"inptu\":\"b\"}\n").contains("line 2"));
        assert!(message("a.jsonl", "{\"input\":\n").contains("no JSON"));
        assert!(message("a.parquet", "PAR1 and nothing else").contains("a.parquet"));
    }
}
