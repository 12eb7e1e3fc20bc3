//! Reading Parquet: chosen columns of all rows, as JSON values.
//!
//! Flat columns of any primitive type, compressed by Snappy, zstd or gzip. Columns that are not asked for
//! are not decoded. Only this file and [`super::parquet_index`] name the `parquet` crate.

use super::Error;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Value};
use std::fs::File;
use std::path::Path;

/// The rows of a file with those of the columns that it has.
///
/// # Errors
/// When the file cannot be read or is no Parquet.
pub fn read(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Map<String, Value>>, Error> {
    let bad = |cause: parquet::errors::ParquetError| Error::List {
        cause: cause.to_string(),
        path: path.to_owned(),
    };
    let file = File::open(path).map_err(|source| Error::Read { source, path: path.to_owned() })?;
    let reader = SerializedFileReader::new(file).map_err(bad)?;
    let schema = reader.metadata().file_metadata().schema();
    let chosen: Vec<_> = schema
        .get_fields()
        .iter()
        .filter(|field| field.is_primitive() && wanted(field.name()))
        .cloned()
        .collect();
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let projection = Type::group_type_builder(schema.name()).with_fields(chosen).build().map_err(bad)?;
    let rows = reader.get_row_iter(Some(projection)).map_err(bad)?;
    rows.map(|row| row.map(values).map_err(bad)).collect()
}

/// Names of the columns of a file that are no groups.
///
/// # Errors
/// As [`read`].
pub fn columns(path: &Path) -> Result<Vec<String>, Error> {
    let file = File::open(path).map_err(|source| Error::Read { source, path: path.to_owned() })?;
    let reader = SerializedFileReader::new(file)
        .map_err(|cause| Error::List { cause: cause.to_string(), path: path.to_owned() })?;
    let fields = reader.metadata().file_metadata().schema().get_fields();
    Ok(fields.iter().filter(|field| field.is_primitive()).map(|field| field.name().to_owned()).collect())
}

fn values(row: Row) -> Map<String, Value> {
    row.into_columns().into_iter().map(|(name, field)| (name, value(field))).collect()
}

/// Numbers and words; what a list of clips has no use for becomes null.
fn value(field: Field) -> Value {
    match field {
        Field::Bool(value) => value.into(),
        Field::Byte(value) => value.into(),
        Field::Short(value) => value.into(),
        Field::Int(value) => value.into(),
        Field::Long(value) => value.into(),
        Field::UByte(value) => value.into(),
        Field::UShort(value) => value.into(),
        Field::UInt(value) => value.into(),
        Field::ULong(value) => value.into(),
        Field::Float(value) => f64::from(value).into(),
        Field::Double(value) => value.into(),
        Field::Str(value) => value.into(),
        // Some writers leave the mark of text away.
        Field::Bytes(value) => std::str::from_utf8(value.data()).map_or(Value::Null, Value::from),
        _ => Value::Null,
    }
}
