//! What differs between a row and what a reader saw, in the words of the note that would allow it.

use serde_json::{Map, Value};

use crate::airflow::Seen;
use crate::metastore::Row;

/// No note allows this.
pub const OTHER: &str = "is read as another value";

const FIELDS: [&str; 8] = ["conn_type", "description", "host", "login", "password", "schema", "port", "extra"];

/// Every field that a reader saw otherwise, as `field: words`; or why it saw nothing.
pub fn differences(row: &Row, seen: &Seen) -> Vec<String> {
    if !seen.found || !seen.error.is_null() {
        return vec![format!("{} does not read it: {}", seen.reader, seen.error)];
    }
    if row.kind == "variables" {
        let same = row.value == seen.value;
        return if same { Vec::new() } else { vec![format!("value: {OTHER}")] };
    }
    let fields = seen.fields.clone().unwrap_or_default();
    FIELDS.iter().filter_map(|field| Some(format!("{field}: {}", words(field, &row.fields, &fields)?))).collect()
}

/// Tells whether a difference is one that a note may tell of.
pub fn is_notable(difference: &str) -> bool {
    !difference.ends_with(OTHER) && !difference.contains(" does not read it: ")
}

/// Tells whether a note of a plan is about a field's spelling, and so must be seen by somebody.
pub fn is_of_a_field(note: &str) -> bool {
    FIELDS.iter().any(|field| note.strip_prefix(field).is_some_and(|rest| rest.starts_with(": ")))
}

fn words(field: &str, row: &Map<String, Value>, seen: &Map<String, Value>) -> Option<&'static str> {
    let (source, target) = (row.get(field).unwrap_or(&Value::Null), seen.get(field).unwrap_or(&Value::Null));
    if source == target {
        return None;
    }
    Some(match field {
        _ if is_empty(source) && is_empty(target) => "null and \"\" are one here",
        "description" if target.is_null() => "Airflow does not get it back from here",
        "port" if *source == 0 && target.is_null() => "port 0 is read as none",
        "conn_type" if target.as_str() == spelled(source).as_deref() => "read in Airflow's spelling of the type",
        "extra" if is_same_json(source, target) => "read in another spelling of the same JSON",
        _ => OTHER,
    })
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || *value == ""
}

/// The type as a URI or JSON gives it back.
fn spelled(conn_type: &Value) -> Option<String> {
    match conn_type.as_str()? {
        "postgresql" => Some("postgres".to_owned()),
        other => Some(other.replace('-', "_")),
    }
}

fn is_same_json(source: &Value, target: &Value) -> bool {
    let object = |text: &Value| match text.as_str() {
        None => Some(Map::new()),
        Some(text) => serde_json::from_str::<Map<String, Value>>(text).ok(),
    };
    object(source).is_some() && object(source) == object(target)
}
