//! `scene.json` against its schema, by a reader of the few keywords that the schema uses.

use super::drafts::{noisy, truth};
use super::repair::repaired;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../schema/scene.schema.json");

/// The first place where a value breaks the schema.
fn problem(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = name.trim_start_matches("#/$defs/");
        assert!(root["$defs"][target].is_object(), "the schema has no {name}");
        return problem(root, &root["$defs"][target], value, at);
    }
    for (key, exactly_one) in [("anyOf", false), ("oneOf", true)] {
        if let Some(options) = schema[key].as_array() {
            let fitting = options.iter().filter(|option| problem(root, option, value, at).is_none()).count();
            if fitting == 0 || (exactly_one && fitting > 1) {
                return Some(format!("{at}: {fitting} alternatives of {key} fit {value}"));
            }
        }
    }
    let type_fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some(other) => panic!("type {other} is not read"),
        None => true,
    };
    if !type_fits {
        return Some(format!("{at}: {value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(value))
        || schema.get("const").is_some_and(|only| only != value)
    {
        return Some(format!("{at}: {value} is not allowed"));
    }
    if let Some(number) = value.as_f64() {
        let low = schema["minimum"].as_f64().is_some_and(|least| number < least)
            || schema["exclusiveMinimum"].as_f64().is_some_and(|least| number <= least);
        if low || schema["maximum"].as_f64().is_some_and(|most| number > most) {
            return Some(format!("{at}: {number} is out of range"));
        }
    }
    if let Some(items) = value.as_array() {
        let count = items.len() as u64;
        if schema["minItems"].as_u64().is_some_and(|n| count < n)
            || schema["maxItems"].as_u64().is_some_and(|n| count > n)
        {
            return Some(format!("{at}: {count} entries"));
        }
        return items
            .iter()
            .enumerate()
            .find_map(|(i, item)| problem(root, &schema["items"], item, &format!("{at}[{i}]")));
    }
    let fields = value.as_object()?;
    let properties = schema["properties"].as_object()?;
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
        return Some(format!("{at}: {missing} is missing"));
    }
    fields.iter().find_map(|(name, field)| match properties.get(name) {
        Some(schema) => problem(root, schema, field, &format!("{at}.{name}")),
        None => Some(format!("{at}: {name} is unknown")),
    })
}

#[test]
fn scenes_fit_the_schema_and_broken_ones_do_not() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for seed in 72_000..72_006 {
        let text = repaired(&noisy(&truth(seed), seed)).to_json();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem(&schema, &schema, &value, "scene"), None);
        let mut broken = value.clone();
        broken["objects"][0]["size"][1] = (-1.0).into();
        assert!(problem(&schema, &schema, &broken, "scene").is_some_and(|p| p.contains("size")));
        let mut broken = value;
        broken["walls"][0]["colour"] = "red".into();
        assert!(problem(&schema, &schema, &broken, "scene").is_some_and(|p| p.contains("colour")));
    }
}
