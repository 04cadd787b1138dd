//! Every field of what real Airflow reads from texts in AWS Secrets Manager, against our readers.
//!
//! The rows of `tests/golden/secrets_manager.jsonl` are printed by `tests/airflow/secrets_manager_cases.py`.
#![expect(clippy::panic, reason = "a test that fails says why")]

use std::fs;
use std::path::Path;

use secretferry::model::python::{Object, Text, Value, dumps, loads};
use secretferry::model::{
    Aliases, ConnectionDialect, Dialect, Field, Kind, OldForm, Reader, SecretName, SecretValue, Seen, TextDialect,
};

#[test]
fn every_row_agrees() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/secrets_manager.jsonl");
    let rows = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows: Vec<Object> = rows.lines().map(row).collect();
    for wanted in ["airflow-2", "airflow-3", "airflow-3-worker", "full-url", "split", "url-encoded"] {
        let count = rows.iter().filter(|row| text(row, "reader") == wanted || text(row, "form") == wanted).count();
        assert!(count > 100, "{wanted}: {count} rows");
    }
    let faults: Vec<String> = rows.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{} of {} rows differ:\n{}", faults.len(), rows.len(), faults.join("\n"));
}

#[test]
fn planted_faults_are_reported() {
    let wrong = [
        r#"{"text": "{\"user\": \"u\"}", "reader": "airflow-2", "fields": {"login": "v"}}"#,
        r#"{"text": "{\"user\": \"u\"}", "reader": "airflow-3", "fields": null}"#,
        r#"{"text": "{\"user\": \"u\"}", "reader": "airflow-3-worker", "error": "TypeError"}"#,
        r#"{"text": "{\"nick\": \"u\"}", "words": {"user": ["nick"]}, "reader": "airflow-2", "fields": {"login": null}}"#,
        r#"{"text": "{\"login\": \"%41\"}", "form": "url-encoded", "reader": "airflow-2", "fields": {"login": "%41"}}"#,
    ];
    for line in wrong {
        assert!(fault(&row(line)).is_some(), "{line}");
    }
}

fn row(line: &str) -> Object {
    match loads(&Text::from(line)) {
        Ok(Value::Object(row)) => row,
        _ => panic!("a row is no JSON object"),
    }
}

fn text<'a>(row: &'a Object, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_text).and_then(Text::as_str).unwrap_or_default()
}

/// The field in which we differ from Airflow, if any.
fn fault(row: &Object) -> Option<String> {
    let dialect = Dialect { connection: dialect(row), text: TextDialect::Verbatim };
    let reader = Reader::parse(text(row, "reader")).expect("a reader");
    let name = SecretName::new(Kind::Connection, "c1");
    let seen = dialect.see(reader, &name, &SecretValue::from(text(row, "text")));
    // Up to provider 4 a text that is no literal counted as not found; to us it is one that cannot be read.
    let is_error =
        row.contains("error") || (text(row, "form") == "split" && row.get("fields").is_some_and(Value::is_null));
    let differs = match (&seen, row.get("fields").and_then(Value::as_object)) {
        (Err(_), _) if is_error => None,
        (Err(error), _) => Some(error.to_string()),
        (Ok(None), None) if !is_error => None,
        (Ok(Some(Seen::Connection(seen))), Some(fields)) => fields
            .iter()
            .map(|(field, value)| (field.as_str().expect("ASCII"), value))
            .find(|(field, value)| dumps(seen.field(Field::parse(field).expect("a field"))) != dumps(value))
            .map(|(field, _)| field.to_owned()),
        _ => Some("found, or not".to_owned()),
    };
    differs.map(|differs| format!("{}: {differs}", dumps(&Value::Object(row.clone())).as_str().expect("ASCII")))
}

fn dialect(row: &Object) -> ConnectionDialect {
    let words = row.get("words").and_then(Value::as_object).cloned().unwrap_or_default();
    let words = words.iter().map(|(field, words)| {
        let field = field.as_str().and_then(Aliases::field).expect("a field");
        let Value::List(words) = words else { panic!("words are a list") };
        let words = words.iter().map(|word| word.as_text().and_then(Text::as_str).expect("a word").to_owned());
        (field, words.collect())
    });
    let aliases = Aliases::with(words);
    match text(row, "form") {
        "" => ConnectionDialect::SecretsManager(aliases),
        "full-url" => ConnectionDialect::OldSecretsManager(OldForm::FullUrl, aliases),
        "split" => ConnectionDialect::OldSecretsManager(OldForm::Split, aliases),
        "url-encoded" => ConnectionDialect::OldSecretsManager(OldForm::UrlEncoded, aliases),
        other => panic!("the form {other}"),
    }
}
