//! Rows as Parquet: flat columns that any table reader takes.
//!
//! Maps become columns: `score_parts.camera` is `score_camera`, `counts.walls` is `count_walls`,
//! `stage_seconds.pose` is `seconds_pose`; warnings and models are JSON text. A column of a map is there when any
//! row has the value. Values that a row does not have are null.

use super::Error;
use crate::worker::Row;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

enum Values {
    Text(Vec<Option<String>>),
    Number(Vec<Option<f64>>),
    Whole(Vec<Option<i64>>),
}

/// The file's bytes; `path` is for messages.
///
/// # Errors
/// When the rows have no such form.
pub fn bytes(rows: &[&Row], path: &Path) -> Result<Vec<u8>, Error> {
    let failed =
        |cause: ParquetError| Error::Write { source: std::io::Error::other(cause), path: path.to_owned() };
    let columns = columns(rows);
    let mut message = "message index {\n".to_owned();
    for (name, values) in &columns {
        let kind = match values {
            Values::Text(_) => "BYTE_ARRAY",
            Values::Number(_) => "DOUBLE",
            Values::Whole(_) => "INT64",
        };
        let mark = if matches!(values, Values::Text(_)) { " (UTF8)" } else { "" };
        let _ = writeln!(message, "OPTIONAL {kind} {name}{mark};");
    }
    message.push('}');
    let schema = Arc::new(parse_message_type(&message).map_err(failed)?);
    let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, properties).map_err(failed)?;
    let mut group = writer.next_row_group().map_err(failed)?;
    for (_, values) in columns {
        match values {
            Values::Text(values) => {
                let bytes =
                    values.into_iter().map(|text| text.map(|text| ByteArray::from(text.into_bytes())));
                write::<ByteArrayType, _>(&mut group, bytes.collect())
            }
            Values::Number(values) => write::<DoubleType, _>(&mut group, values),
            Values::Whole(values) => write::<Int64Type, _>(&mut group, values),
        }
        .map_err(failed)?;
    }
    group.close().map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(file)
}

fn write<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: Vec<Option<T::T>>,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let present: Vec<T::T> = values.into_iter().flatten().collect();
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("more values than columns".to_owned()));
    };
    column.typed::<T>().write_batch(&present, Some(&levels), None)?;
    column.close()
}

fn columns(rows: &[&Row]) -> Vec<(String, Values)> {
    let text = |name: &str, of: &dyn Fn(&Row) -> Option<String>| {
        (name.to_owned(), Values::Text(rows.iter().map(|row| of(row)).collect()))
    };
    let number = |name: &str, of: &dyn Fn(&Row) -> Option<f64>| {
        (name.to_owned(), Values::Number(rows.iter().map(|row| of(row)).collect()))
    };
    let whole = |name: &str, of: &dyn Fn(&Row) -> Option<i64>| {
        (name.to_owned(), Values::Whole(rows.iter().map(|row| of(row)).collect()))
    };
    let mut columns = vec![
        text("id", &|row| Some(row.id.clone())),
        text("input", &|row| Some(row.input.clone())),
        number("start_s", &|row| row.start_s),
        number("end_s", &|row| row.end_s),
        text("folder", &|row| row.folder.clone()),
        text("status", &|row| Some(row.status.name().to_owned())),
        whole("code", &|row| Some(i64::from(row.code))),
        text("cause", &|row| Some(row.cause.clone())),
        text("message", &|row| Some(row.message.clone())),
        text("key", &|row| row.key.clone()),
        text("input_sha256", &|row| row.input_sha256.clone()),
        text("program", &|row| Some(row.program.clone())),
        text("models", &|row| serde_json::to_string(&row.models).ok()),
        text("warnings", &|row| serde_json::to_string(&row.warnings).ok()),
        number("score", &|row| row.score),
    ];
    for name in names(rows, |row| &row.score_parts) {
        columns.push(number(&format!("score_{}", plain(name)), &|row| row.score_parts.get(name).copied()));
    }
    for name in names(rows, |row| &row.counts) {
        let count = |row: &Row| row.counts.get(name).and_then(|&count| i64::try_from(count).ok());
        columns.push(whole(&format!("count_{}", plain(name)), &count));
    }
    columns.push(whole("attempts", &|row| Some(i64::from(row.attempts))));
    columns.push(number("seconds", &|row| Some(row.seconds)));
    for name in names(rows, |row| &row.stage_seconds) {
        columns
            .push(number(&format!("seconds_{}", plain(name)), &|row| row.stage_seconds.get(name).copied()));
    }
    columns.push(number("peak_memory_mib", &|row| Some(row.peak_memory_mib)));
    columns.push(number("limit_seconds", &|row| row.limits.map(|limits| limits.seconds)));
    columns.push(number("limit_memory_mib", &|row| row.limits.map(|limits| limits.memory_mib as f64)));
    columns.push(number("finished_unix_s", &|row| Some(row.finished_unix_s)));
    columns
}

fn names<'a, V>(rows: &[&'a Row], map: impl Fn(&'a Row) -> &'a BTreeMap<String, V>) -> BTreeSet<&'a str>
where
    V: 'a,
{
    rows.iter().flat_map(|row| map(row).keys().map(String::as_str)).collect()
}

/// Names are words of the program, but an index of another version may have others.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::table;
    use crate::worker::Job;

    #[test]
    fn rows_come_back_with_nulls_where_they_have_no_value() {
        let job: Job = serde_json::from_str(r#"{"id":"a","input":"ä.mp4","output":"o"}"#).expect("a job");
        let failed = Row { code: 10, cause: "black".into(), ..Row::of(&job) };
        let mut done = Row { id: "b".into(), score: Some(0.75), ..failed.clone() };
        done.score_parts.insert("camera".into(), 0.5);
        done.counts.insert("walls".into(), 7);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("index.parquet");
        std::fs::write(&path, bytes(&[&failed, &done], &path).expect("written")).expect("written");
        let rows = table::read(&path, |_| true).expect("read");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["input"], "ä.mp4");
        assert!(rows[0]["score"].is_null() && rows[0]["score_camera"].is_null());
        assert_eq!((rows[1]["score"].as_f64(), rows[1]["count_walls"].as_i64()), (Some(0.75), Some(7)));
        assert_eq!(rows[0]["cause"], "black");
        assert_eq!(table::columns(&path).expect("columns")[..3], ["id", "input", "start_s"]);
    }

    #[test]
    fn an_index_without_rows_is_a_table_without_rows() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("index.parquet");
        std::fs::write(&path, bytes(&[], &path).expect("written")).expect("written");
        assert!(table::read(&path, |name| name == "id").expect("read").is_empty());
    }
}
