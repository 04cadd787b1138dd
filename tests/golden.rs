//! Every field of every golden row, made by real Airflow, against our three readers.
//!
//! The rows are in `tests/golden/`, or in the folder that `SECRETFERRY_GOLDEN` names.
#![expect(clippy::panic, reason = "a test that fails says why")]

use std::fs;
use std::path::PathBuf;

use secretferry::model::python::{Object, Text, Value, dumps, dumps_canonical, loads};
use secretferry::model::{
    Aliases, ConnectionDialect, Dialect, Form, Judgement, Kind, ReadError, Reader, Secret, SecretName, SeenConnection,
    TextDialect, judge,
};

const READERS: [(Reader, &str); 3] =
    [(Reader::Airflow2, "v2"), (Reader::Airflow3, "v3"), (Reader::Airflow3Worker, "sdk")];
const FIELDS: [&str; 8] = ["conn_type", "description", "host", "login", "password", "schema", "port", "extra"];

#[test]
fn every_connection_row_agrees() {
    check_file("connections.jsonl", connection_row);
}

#[test]
fn every_uri_row_agrees() {
    check_file("uris.jsonl", text_row);
}

#[test]
fn every_value_row_agrees() {
    check_file("values.jsonl", text_row);
}

#[test]
fn a_planted_fault_is_reported() {
    let planted = row(
        r#"{"id": "p1", "in": "http://h:80", "v2": {"conn_type": "http", "description": null, "host": "h",
        "login": null, "password": null, "schema": "", "port": 81, "extra": null}, "v3": {"error": "ValueError", "message": ""}, "sdk": "=v2"}"#,
    );
    assert_eq!(faults(&planted, text_row), ["p1 v2 port", "p1 v3 error", "p1 sdk port"]);
    let planted = row(
        r#"{"id": "p2", "tag": "plain", "in": {"conn_type": "http", "description": null, "host": "h", "login": null,
        "password": null, "schema": null, "port": null, "extra": null}, "v2": {"stored_diff": {"host": "x"}, "get_uri": "http://H",
        "as_json": "{}", "uri_back": {"error": "", "message": ""}, "uri_back_lossless": true, "json_back": {"host": "h"},
        "json_back_exact": false, "json_back_lossless": false, "surprise": 1}, "v3": "=v2", "sdk": "=v2"}"#,
    );
    let found = faults(&planted, connection_row);
    for field in [
        "stored_diff.host",
        "get_uri",
        "as_json",
        "uri_back.error",
        "uri_back_exact",
        "json_back.conn_type",
        "json_back_exact",
        "json_back_lossless",
        "surprise",
    ] {
        assert!(found.contains(&format!("p2 sdk {field}")), "{field} was not reported: {found:?}");
    }
    assert!(!found.iter().any(|fault| fault.ends_with("uri_back_lossless")));
}

/// Reads a file, and fails with the id, implementation and field of every difference.
fn check_file(file: &str, ours: fn(Reader, &Value) -> Value) {
    let path = folder().join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows: Vec<Object> = text.lines().filter(|line| !line.is_empty()).map(row).collect();
    assert!(!rows.is_empty(), "{} holds no rows", path.display());
    let faults: Vec<String> = rows.iter().flat_map(|row| faults(row, ours)).collect();
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
}

fn folder() -> PathBuf {
    match std::env::var_os("SECRETFERRY_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    }
}

fn row(line: &str) -> Object {
    match loads(&Text::from(line)) {
        Ok(Value::Object(row)) => row,
        _ => panic!("a row is no JSON object"),
    }
}

fn faults(row: &Object, ours: fn(Reader, &Value) -> Value) -> Vec<String> {
    let id = row.get("id").and_then(Value::as_text).and_then(Text::as_str).expect("a row has an id");
    let input = row.get("in").expect("a row has an input");
    let mut faults = Vec::new();
    for (reader, implementation) in READERS {
        let mut fields = Vec::new();
        compare(expected(row, implementation), &ours(reader, input), "", &mut fields);
        faults.extend(fields.iter().map(|field| format!("{id} {implementation} {field}")));
    }
    faults
}

/// The result of an implementation; `"=v2"` stands for that one's.
fn expected<'a>(row: &'a Object, implementation: &str) -> &'a Value {
    let value = row.get(implementation).unwrap_or_else(|| panic!("a row lacks {implementation}"));
    match value.as_text().and_then(Text::as_str) {
        Some(other) => expected(row, other.strip_prefix('=').expect("a reference starts with =")),
        None => value,
    }
}

/// Collects the paths of all differences. Errors are equal to each other: their words are Python's own.
fn compare(theirs: &Value, ours: &Value, path: &str, faults: &mut Vec<String>) {
    let join = |key: &str| {
        if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
    };
    match (theirs.as_object(), ours.as_object()) {
        (Some(theirs), Some(ours)) if theirs.contains("error") || ours.contains("error") => {
            if theirs.contains("error") != ours.contains("error") {
                faults.push(join("error"));
            }
        }
        (Some(theirs), Some(ours)) => {
            let keys =
                theirs.iter().chain(ours.iter().filter(|(key, _)| !theirs.iter().any(|(other, _)| other == *key)));
            for (key, _) in keys {
                let key = key.as_str().expect("our keys are plain text");
                match (theirs.get(key), ours.get(key)) {
                    (Some(theirs), Some(ours)) => compare(theirs, ours, &join(key), faults),
                    _ => faults.push(join(key)),
                }
            }
        }
        _ if dumps(theirs) == dumps(ours) => {}
        _ => faults.push(path.to_owned()),
    }
}

/// A row of `uris.jsonl` and `values.jsonl`: what the backends' base class makes of a stored text.
fn text_row(reader: Reader, input: &Value) -> Value {
    let text = input.as_text().expect("the input is a text");
    fields_or_error(SeenConnection::parse_text(reader, text).as_ref())
}

/// A row of `connections.jsonl`: construct, write both forms, read them back.
fn connection_row(reader: Reader, input: &Value) -> Value {
    let input = input.as_object().expect("the input is an object");
    let seen = match SeenConnection::construct(reader, input.clone()) {
        Ok(seen) => seen,
        Err(error) => return object([("construct", error_value(error))]),
    };
    let mut result = Object::default();
    let diff = FIELDS
        .into_iter()
        .map(|field| (Text::from(field), value_of(&seen, field)))
        .filter(|(field, value)| {
            let given = input.get(field.as_str().expect("ASCII")).expect("all eight fields are given");
            dumps(given) != dumps(value)
        })
        .collect();
    result.set("stored_diff", Value::Object(diff));
    let uri = seen.uri(reader);
    result.set("get_uri", text_or_error(uri.as_ref()));
    let json = seen.json();
    result.set("as_json", text_or_error(json.as_ref()));
    if let Ok(uri) = uri {
        let back = SeenConnection::parse_uri(reader, &uri);
        add_way_back(&mut result, "uri_back", &seen, back, &FIELDS.map(|field| (field, field != "description")));
    }
    if let Ok(json) = json {
        let back = SeenConnection::parse_json(reader, &json);
        add_way_back(&mut result, "json_back", &seen, back, &FIELDS.map(|field| (field, true)));
    }
    Value::Object(result)
}

fn add_way_back(
    result: &mut Object,
    way: &str,
    seen: &SeenConnection,
    back: Result<SeenConnection, ReadError>,
    fields: &[(&'static str, bool)],
) {
    result.set(way, fields_or_error(back.as_ref()));
    let compared = || fields.iter().filter(|(_, compared)| *compared).map(|(field, _)| *field);
    let lossless = back.as_ref().is_ok_and(|back| {
        compared().all(|field| field_is_lossless(field, &value_of(seen, field), &value_of(back, field)))
    });
    if let Ok(back) = &back {
        let exact = compared().all(|field| dumps(&value_of(seen, field)) == dumps(&value_of(back, field)));
        result.set(&format!("{way}_exact"), Value::Bool(exact));
    }
    result.set(&format!("{way}_lossless"), Value::Bool(lossless));
}

fn field_is_lossless(field: &str, given: &Value, back: &Value) -> bool {
    if !given.is_truthy() && !back.is_truthy() {
        return true;
    }
    match (field, given.as_text().map(loads), back.as_text().map(loads)) {
        ("extra", Some(Ok(given)), Some(Ok(back))) => dumps_canonical(&given) == dumps_canonical(&back),
        _ => dumps(given) == dumps(back),
    }
}

fn value_of(seen: &SeenConnection, field: &str) -> Value {
    seen.field(secretferry::model::Field::parse(field).expect("a field's name")).clone()
}

fn fields_or_error(seen: Result<&SeenConnection, &ReadError>) -> Value {
    match seen {
        Ok(seen) => object(FIELDS.map(|field| (field, value_of(seen, field)))),
        Err(error) => error_value(*error),
    }
}

fn text_or_error(text: Result<&Text, &ReadError>) -> Value {
    match text {
        Ok(text) => Value::Text(text.clone()),
        Err(error) => error_value(*error),
    }
}

fn error_value(error: ReadError) -> Value {
    object([("error", Value::from(error.to_string().as_str()))])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(key, value)| (Text::from(key), value)).collect())
}

/// Our JSON, as text, as a Vault map and in a file, carries every golden connection exactly, but for what no JSON can.
#[test]
fn every_connection_is_carried() {
    let text = fs::read_to_string(folder().join("connections.jsonl")).expect("the connections are there");
    let faults: Vec<String> =
        text.lines().filter(|line| !line.is_empty()).map(row).flat_map(|row| carried(&row)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn carried(row: &Object) -> Vec<String> {
    let id = row.get("id").and_then(Value::as_text).and_then(Text::as_str).expect("a row has an id");
    let input = row.get("in").and_then(Value::as_object).expect("a row has fields");
    let seen = SeenConnection::construct(Reader::Airflow3Worker, input.clone()).expect("the eight fields");
    let name = SecretName::new(Kind::Connection, id);
    let connection = match seen.to_connection() {
        Ok(connection) => connection,
        // A lone surrogate: nothing we could hold, and nothing Airflow could hand out.
        Err(_) => return Vec::new(),
    };
    let secret = Secret::Connection(connection);
    let refused = expected(row, "v3").as_object().is_some_and(|v3| v3.contains("construct"));
    let without_uri =
        expected(row, "sdk").as_object().and_then(|sdk| sdk.get("get_uri")).is_none_or(|uri| uri.as_text().is_none());
    let mut faults = Vec::new();
    for (connection, form) in [
        (ConnectionDialect::Text, Form::Json),
        (ConnectionDialect::VaultMap, Form::Fields),
        (ConnectionDialect::FileObject, Form::Json),
        (ConnectionDialect::SecretsManager(Aliases::default()), Form::Json),
    ] {
        let wanted = if without_uri || refused { "blocked".to_owned() } else { unavoidable(input, &connection) };
        let dialect = Dialect { connection, text: TextDialect::Verbatim };
        let got = match judge(&name, &secret, &dialect, form, &Reader::ALL) {
            Judgement::Blocked(_) => "blocked".to_owned(),
            Judgement::Fits { notes, .. } => {
                notes.iter().map(|note| format!("{}: {}; ", note.field, note.kind.as_str())).collect()
            }
        };
        if got != wanted {
            faults.push(format!("{id} {:?}: wanted {wanted:?}, got {got:?}", dialect.connection));
        }
    }
    faults
}

/// The notes that no JSON avoids: section 0 of the facts names the five.
fn unavoidable(input: &Object, dialect: &ConnectionDialect) -> String {
    let text = |field: &str| input.get(field).and_then(Value::as_text).and_then(Text::as_str);
    let in_file = *dialect == ConnectionDialect::FileObject;
    let mut notes = String::new();
    match text("conn_type") {
        Some("") if !in_file => notes += "conn_type: null-against-empty; ",
        Some(conn_type) if !in_file && (conn_type.contains('-') || conn_type == "postgresql") => {
            notes += "conn_type: type-spelling; ";
        }
        _ => {}
    }
    if matches!(dialect, ConnectionDialect::SecretsManager(_)) {
        notes += match text("description") {
            None => "",
            Some("") => "description: null-against-empty; ",
            Some(_) => "description: not-returned; ",
        };
    }
    if text("password") == Some("") {
        notes += "password: null-against-empty; ";
    }
    if !in_file && input.get("port").is_some_and(|port| !port.is_null() && !port.is_truthy()) {
        notes += "port: port-zero; ";
    }
    if !in_file && text("extra") == Some("") {
        notes += "extra: null-against-empty; ";
    }
    notes
}
