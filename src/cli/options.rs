//! Options from the configuration file and `--set`, resolved once.

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use std::path::Path;
use toml::{Table, Value};

/// Defaults, overridden by the file, overridden by `--set KEY=VALUE` in the order given.
///
/// # Errors
/// When the file cannot be read, or a key or value is not known.
pub fn resolve<T: DeserializeOwned>(config: Option<&Path>, set: &[String]) -> Result<T> {
    let mut table = match config {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|cause| anyhow!("cannot read the configuration ({cause}): {}", path.display()))?;
            text.parse::<Table>()
                .map_err(|cause| anyhow!("the configuration is no TOML ({cause}): {}", path.display()))?
        }
        None => Table::new(),
    };
    for assignment in set {
        let (key, value) = assignment
            .split_once('=')
            .with_context(|| format!("`--set {assignment}` is not of the form KEY=VALUE"))?;
        insert(&mut table, key, parse_value(value))?;
    }
    Value::Table(table)
        .try_into()
        .map_err(|cause: toml::de::Error| anyhow!("an option is not known or has a wrong value: {cause}"))
}

/// A bare word is a string; everything else is read as TOML.
fn parse_value(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn insert(table: &mut Table, key: &str, value: Value) -> Result<()> {
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop().filter(|part| !part.is_empty()).context("`--set` has an empty key")?;
    let mut inner = table;
    for part in parts {
        let entry = inner.entry(part).or_insert_with(|| Value::Table(Table::new()));
        inner = match entry {
            Value::Table(table) => table,
            _ => bail!("`--set {key}`: `{part}` is a value, not a group of options"),
        };
    }
    inner.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Options;

    #[test]
    fn set_overrides_by_dotted_key_and_unknown_keys_are_named() {
        let options: Options = resolve(None, &["video.max_fps=12.5".into()]).expect("known key");
        assert_eq!(options.video.max_fps, 12.5);
        let message =
            resolve::<Options>(None, &["video.nonsense=1".into()]).expect_err("unknown key").to_string();
        assert!(message.contains("nonsense"), "{message}");
        assert!(resolve::<Options>(None, &["video".into()]).is_err());
    }

    #[test]
    fn bare_words_are_strings() {
        assert_eq!(parse_value("network"), Value::String("network".into()));
        assert_eq!(parse_value("true"), Value::Boolean(true));
        assert_eq!(parse_value("[1, 2]"), Value::Array(vec![Value::Integer(1), Value::Integer(2)]));
    }
}
