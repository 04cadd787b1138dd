//! Tables of stored texts and what is seen, and of secrets and how they are judged.
#![expect(clippy::panic, reason = "a test that fails says why")]

use super::*;
use crate::model::python::{Object, Text, Value, dumps, loads};
use crate::model::{Connection, Form, SeenConnection};

const TEXT: Dialect = Dialect { connection: ConnectionDialect::Text, text: TextDialect::Verbatim };
const VAULT: Dialect = Dialect { connection: ConnectionDialect::VaultMap, text: TextDialect::ValueKey };
const FILES: Dialect = Dialect { connection: ConnectionDialect::FileObject, text: TextDialect::JsonValue };
const ENV: Dialect = Dialect { connection: ConnectionDialect::FileUri, text: TextDialect::Verbatim };
const EXPORT: Dialect = Dialect { connection: ConnectionDialect::FileObject, text: TextDialect::ExportValue };
const ROWS: Dialect = Dialect { connection: ConnectionDialect::Columns, text: TextDialect::Verbatim };

fn name(kind: Kind) -> SecretName {
    SecretName::new(kind, "c1")
}

/// Nulls left out, the rest as JSON; texts in quotes; `-` for not found; `!` and the error.
fn shown(seen: Result<Option<Seen>, ReadError>) -> String {
    let json = |value: &Value| dumps(value).as_str().expect("ASCII").to_owned();
    match seen {
        Ok(None) => "-".to_owned(),
        Ok(Some(Seen::Value(value))) => json(&value),
        Ok(Some(Seen::Connection(seen))) => {
            let members: Object = Field::ALL
                .into_iter()
                .map(|field| (Text::from(field.as_str()), seen.field(field).clone()))
                .filter(|(_, value)| !value.is_null())
                .collect();
            json(&Value::Object(members))
        }
        Err(error) => format!("!{error:?}"),
    }
}

/// Checks what the three readers see; one result stands for all three.
fn check_seen(dialect: &Dialect, kind: Kind, stored: &str, wanted: &[&str]) {
    for (index, reader) in Reader::ALL.into_iter().enumerate() {
        let seen = dialect.see(reader, &name(kind), &SecretValue::from(stored));
        assert_eq!(shown(seen), wanted[index.min(wanted.len() - 1)], "{reader} reads {stored}");
    }
}

#[test]
fn connections_as_readers_see_them() {
    let rows: &[(Dialect, &str, &[&str])] = &[
        (TEXT, "", &["-"]),
        (TEXT, " \n", &["!Blank"]),
        (TEXT, r#" {"conn_type": "a-b", "port": "80"}"#, &[r#"{"conn_type": "a_b", "port": 80}"#]),
        (TEXT, r#"{"host": 5}"#, &["!NoUri(Host)"]),
        (TEXT, r#"{"password": 123}"#, &["!WrongType(Password)", "!WrongType(Password)", "!NoUri(Password)"]),
        (TEXT, r#"{"extra": {"a": "\ud800"}}"#, &["!NoUri(Extra)"]),
        (TEXT, r#"{"extra": "[1]"}"#, &[r#"{"extra": "[1]"}"#, "!ExtraNotObject", r#"{"extra": "[1]"}"#]),
        (
            TEXT,
            "h://h?a=1",
            &[
                r#"{"conn_type": "h", "host": "h", "schema": "", "extra": "{\"a\": \"1\"}"}"#,
                r#"{"conn_type": "h", "host": "h", "schema": "", "extra": "{\"a\": 1}"}"#,
                r#"{"conn_type": "h", "host": "h", "schema": "", "extra": "{\"a\": \"1\"}"}"#,
            ],
        ),
        // Vault: conn_uri wins; without it every key must be a field; an empty one is a key like any other.
        (VAULT, "{}", &["{}"]),
        (VAULT, r#"{"conn_uri": "h://x", "foo": 1}"#, &[r#"{"conn_type": "h", "host": "x", "schema": ""}"#]),
        (VAULT, r#"{"conn_uri": " {\"host\": \"x\"}", "host": "y"}"#, &[r#"{"host": "x"}"#]),
        (VAULT, r#"{"conn_uri": "", "host": "y"}"#, &["!UnknownKey"]),
        (VAULT, r#"{"conn_uri": " "}"#, &["!Blank"]),
        (VAULT, r#"{"conn_uri": {"a": 1}}"#, &["!UriNotText"]),
        (VAULT, r#"{"conn_id": "c1", "host": "y"}"#, &["!RepeatedId"]),
        (VAULT, r#"{"host": "y", "foo": ""}"#, &["!UnknownKey"]),
        (
            VAULT,
            r#"{"conn_type": "a-b", "port": "5", "extra": {"a": 1.10}}"#,
            &[r#"{"conn_type": "a_b", "port": 5, "extra": "{\"a\": 1.1}"}"#],
        ),
        (VAULT, "[]", &["!WrongShape"]),
        // Local files: a string is a URI; an object goes to the constructor as it is.
        (FILES, r#""h://x""#, &[r#"{"conn_type": "h", "host": "x", "schema": ""}"#]),
        (FILES, r#""{\"host\": \"x\"}""#, &[r#"{"conn_type": "", "host": "", "schema": "\"host\": \"x\"}"}"#]),
        (FILES, r#""""#, &["{}"]),
        (FILES, r#"{"conn_type": "postgresql", "port": "80"}"#, &[r#"{"conn_type": "postgresql", "port": "80"}"#]),
        (FILES, r#"{"conn_type": "a-b", "port": 0, "host": ""}"#, &[r#"{"conn_type": "a-b", "host": "", "port": 0}"#]),
        (FILES, r#"{"conn_id": "c1", "extra_dejson": {"a": 1}}"#, &[r#"{"extra": "{\"a\": 1}"}"#]),
        (FILES, r#"{"extra_dejson": null}"#, &[r#"{"extra": "null"}"#, "!ExtraNotObject"]),
        (FILES, r#"{"conn_id": "c2"}"#, &["!OtherId"]),
        (FILES, r#"{"conn_id": null}"#, &["!OtherId"]),
        (FILES, r#"{"extra": {}, "extra_dejson": {}}"#, &["!TwoExtras"]),
        (FILES, r#"{"extra": {}}"#, &[r#"{"extra": {}}"#]),
        (
            FILES,
            r#"{"uri": "h://x", "description": "d"}"#,
            &[r#"{"conn_type": "h", "description": "d", "host": "x", "schema": ""}"#],
        ),
        (FILES, r#"{"uri": "h://x", "login": "u"}"#, &["!MixedUri"]),
        // The file's class has a password setter and the 3.x rules in a worker, too.
        (FILES, r#"{"password": ""}"#, &["{}"]),
        (FILES, r#"{"team_name": "t"}"#, &["!UnknownKey", "{}"]),
        (FILES, r#"{"extra": "[1]"}"#, &[r#"{"extra": "[1]"}"#, "!ExtraNotObject"]),
        (FILES, r#"{"id": 1}"#, &["!UnknownKey"]),
        (FILES, r#"[{"host": "x"}]"#, &[r#"{"host": "x"}"#]),
        (FILES, "[]", &["-"]),
        (FILES, r#"["h://x", "h://y"]"#, &["!SeveralValues"]),
        (FILES, "5", &["!WrongShape"]),
        (ENV, r#"{"host": "x"}"#, &[r#"{"conn_type": "", "host": "", "schema": "\"host\": \"x\"}"}"#]),
        (ENV, "", &["!Blank"]),
        (ENV, "h://x\u{85}y", &["!SeveralLines"]),
        (
            ROWS,
            r#"{"conn_type": "a-b", "password": "", "port": 0}"#,
            &[r#"{"conn_type": "a-b", "password": "", "port": 0}"#],
        ),
        (ROWS, r#"{"extra": "x"}"#, &[r#"{"extra": "x"}"#, "!ExtraNotObject"]),
        (ROWS, r#"{"id": 1}"#, &["!UnknownKey"]),
    ];
    for (dialect, stored, wanted) in rows {
        check_seen(dialect, Kind::Connection, stored, wanted);
    }
}

#[test]
fn texts_as_readers_see_them() {
    let rows: &[(Dialect, Kind, &str, &[&str])] = &[
        (TEXT, Kind::Variable, "", &[r#""""#]),
        (TEXT, Kind::Config, " x \n", &[r#"" x \n""#]),
        (VAULT, Kind::Variable, r#"{"value": "", "other": 1}"#, &[r#""""#]),
        (VAULT, Kind::Variable, r#"{"value": 5}"#, &["5"]),
        (VAULT, Kind::Variable, r#"{"value": null}"#, &["-"]),
        (VAULT, Kind::Config, r#"{"val": "x"}"#, &["-"]),
        (VAULT, Kind::Config, "{}", &["-"]),
        (FILES, Kind::Variable, r#""x""#, &[r#""x""#]),
        (FILES, Kind::Variable, "null", &["-"]),
        (FILES, Kind::Variable, r#"{"a": 1}"#, &[r#"{"a": 1}"#]),
        (FILES, Kind::Variable, r#"["x"]"#, &[r#""x""#, r#"["x"]"#]),
        (FILES, Kind::Variable, r#"["x", "y"]"#, &["!SeveralValues", r#"["x", "y"]"#]),
        (FILES, Kind::Config, r#"["x"]"#, &["-", r#""x""#]),
        (FILES, Kind::Config, "[]", &["-", "!SeveralValues"]),
        (FILES, Kind::Variable, "x", &["!NotJson"]),
        (EXPORT, Kind::Variable, r#""x""#, &[r#""x""#]),
        (EXPORT, Kind::Variable, r#"{"a":1, "b": []}"#, &[r#""{\n  \"a\": 1,\n  \"b\": []\n}""#]),
        (EXPORT, Kind::Variable, r#"{"value": "x", "description": "d"}"#, &[r#""x""#]),
        (EXPORT, Kind::Variable, r#"{"value": {"value": 1.10}}"#, &[r#""{\n  \"value\": 1.1\n}""#]),
        (EXPORT, Kind::Variable, "null", &[r#""null""#]),
    ];
    for (dialect, kind, stored, wanted) in rows {
        check_seen(dialect, *kind, stored, wanted);
    }
}

#[test]
fn one_meaning_or_a_fault() {
    let meaning = |dialect: Dialect, kind, stored: &str, readers: &[Reader]| match dialect.normalise(
        &name(kind),
        &SecretValue::from(stored),
        readers,
    ) {
        Ok(None) => "-".to_owned(),
        Ok(Some(Secret::Text(text))) => text.expose().to_owned(),
        Ok(Some(Secret::Connection(connection))) => {
            shown(Ok(Some(Seen::Connection(Box::new(SeenConnection::of(&connection))))))
        }
        Err(fault) => fault.to_string(),
    };
    let check =
        |dialect, kind, stored, wanted: &str| assert_eq!(meaning(dialect, kind, stored, &[]), wanted, "{stored}");
    check(
        TEXT,
        Kind::Connection,
        "h://h?a=x",
        r#"{"conn_type": "h", "host": "h", "schema": "", "extra": "{\"a\": \"x\"}"}"#,
    );
    check(TEXT, Kind::Connection, "h://h?a=1", "airflow-2 and airflow-3 read it differently (field `extra`)");
    check(TEXT, Kind::Connection, "h://u:@h", r#"{"conn_type": "h", "host": "h", "login": "u", "schema": ""}"#);
    check(TEXT, Kind::Connection, r#"{"extra": "x"}"#, "airflow-3 cannot read it: `extra` is no JSON object");
    check(
        TEXT,
        Kind::Connection,
        r#"{"description": 5}"#,
        "airflow-2 cannot read it: the field `description` is of the wrong type",
    );
    check(TEXT, Kind::Connection, "", "-");
    check(
        FILES,
        Kind::Connection,
        r#"{"port": "80"}"#,
        "airflow-2 cannot read it: the field `port` is of the wrong type",
    );
    check(FILES, Kind::Variable, "5", "airflow-2 cannot read it: the value is no text");
    check(FILES, Kind::Config, r#""x""#, "x");
    check(EXPORT, Kind::Variable, "[1]", "[\n  1\n]");
    check(
        ROWS,
        Kind::Connection,
        r#"{"conn_type": "a-b", "extra": "x", "port": 0}"#,
        r#"{"conn_type": "a-b", "port": 0, "extra": "x"}"#,
    );
    let alone = [Reader::Airflow3Worker];
    assert_eq!(meaning(TEXT, Kind::Connection, r#"{"extra": "x"}"#, &alone), r#"{"extra": "x"}"#);
}

fn connection(fields: &str) -> Secret {
    let mut seen = SeenConnection::default();
    let Ok(Value::Object(object)) = loads(&Text::from(fields)) else { panic!("{fields} is no object") };
    for (key, value) in object.iter() {
        *seen.field_mut(key.as_str().and_then(Field::parse).expect("a field")) = value.clone();
    }
    Secret::Connection(seen.to_connection().expect("our types"))
}

/// The stored text and the notes, or `!` and the differences.
fn judged(secret: &Secret, dialect: &Dialect, form: Form) -> String {
    let kind = match secret {
        Secret::Connection(_) => Kind::Connection,
        Secret::Text(_) => Kind::Variable,
    };
    match judge(&name(kind), secret, dialect, form, &[]) {
        Judgement::Fits { stored, notes, .. } => {
            let notes: String = notes.iter().map(|note| format!(" | {}: {}", note.field, note.kind.as_str())).collect();
            format!("{}{notes}", stored.expose())
        }
        Judgement::Blocked(differences) => {
            let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
            format!("!{}", all.join(" | "))
        }
    }
}

#[test]
fn connections_judged() {
    let rows: &[(&str, Dialect, Form, &str)] = &[
        (
            r#"{"conn_type": "aws", "host": "Db", "port": 1, "extra": "{\"a\":1.10}"}"#,
            TEXT,
            Form::Json,
            r#"{"conn_type": "aws", "host": "Db", "port": 1, "extra": "{\"a\":1.10}"}"#,
        ),
        (
            r#"{"conn_type": "postgresql", "host": ""}"#,
            TEXT,
            Form::Json,
            r#"{"conn_type": "postgresql", "host": ""} | conn_type: type-spelling"#,
        ),
        (r#"{"conn_type": "postgresql"}"#, FILES, Form::Json, r#"{"conn_type": "postgresql"}"#),
        (
            r#"{"conn_type": "a-b", "port": 0, "extra": "", "password": ""}"#,
            VAULT,
            Form::Fields,
            r#"{"conn_type": "a-b", "password": "", "port": 0, "extra": ""} | conn_type: type-spelling | password: null-against-empty | port: port-zero | extra: null-against-empty"#,
        ),
        (r#"{"conn_type": ""}"#, TEXT, Form::Json, r#"{"conn_type": ""} | conn_type: null-against-empty"#),
        (
            r#"{"conn_type": "x", "extra": "[1]"}"#,
            TEXT,
            Form::Json,
            "!airflow-3: it cannot be read: `extra` is no JSON object",
        ),
        (
            r#"{"conn_type": "x", "extra": "{\"a\": \"\\ud800\"}"}"#,
            TEXT,
            Form::Json,
            "!airflow-2: it cannot be read: Airflow cannot write the connection as a URI, which it does before handing it out (field `extra`) \
             | airflow-3: it cannot be read: Airflow cannot write the connection as a URI, which it does before handing it out (field `extra`) \
             | airflow-3-worker: it cannot be read: Airflow cannot write the connection as a URI, which it does before handing it out (field `extra`)",
        ),
        (r#"{"conn_type": "h", "host": "h", "login": "u", "schema": "s"}"#, TEXT, Form::Uri, "h://u@h/s"),
        (
            r#"{"conn_type": "h", "host": "h", "description": "d"}"#,
            VAULT,
            Form::Uri,
            r#"{"conn_uri": "h://h"} | description: not-returned | schema: null-against-empty"#,
        ),
        (
            r#"{"conn_type": "h", "host": "H", "schema": "s"}"#,
            FILES,
            Form::Uri,
            "!airflow-2: field `host`: it is read as another value | airflow-3: field `host`: it is read as another value | airflow-3-worker: field `host`: it is read as another value",
        ),
        (
            r#"{"conn_type": "h", "schema": "s", "host": "h", "extra": "{\"a\":\"1\"}"}"#,
            TEXT,
            Form::Uri,
            "!airflow-3: field `extra`: it is read as another value",
        ),
        (
            r#"{"conn_type": "h", "schema": "s", "host": "h", "extra": "{\"a\":\"x\"}"}"#,
            TEXT,
            Form::Uri,
            "h://h/s?a=x | extra: extra-spelling",
        ),
        (r#"{"conn_type": "https", "host": "https://h", "schema": "s"}"#, TEXT, Form::Uri, "https://https%3A%2F%2Fh/s"),
        (
            r#"{"conn_type": "h", "host": "h", "port": 70000}"#,
            ENV,
            Form::Uri,
            "!airflow-2: it cannot be read: the port in the URI is no number from 0 to 65535 | airflow-3: it cannot be read: the port in the URI is no number from 0 to 65535 | airflow-3-worker: it cannot be read: the port in the URI is no number from 0 to 65535",
        ),
        (r#"{"conn_type": "h"}"#, TEXT, Form::Fields, "!this store carries no secret of this kind as fields"),
        (r#"{"conn_type": "h"}"#, VAULT, Form::Json, r#"{"conn_uri": "{\"conn_type\": \"h\"}"}"#),
        (r#"{"conn_type": "h"}"#, ENV, Form::Json, "!this store carries no secret of this kind as json"),
    ];
    for (fields, dialect, form, wanted) in rows {
        assert_eq!(judged(&connection(fields), dialect, *form), *wanted, "{fields}");
    }
}

#[test]
fn texts_judged() {
    let text = |text: &str| Secret::Text(SecretValue::from(text));
    assert_eq!(judged(&text(" x\n"), &TEXT, Form::Text), " x\n");
    assert_eq!(judged(&text("ü"), &VAULT, Form::Text), r#"{"value": "\u00fc"}"#);
    assert_eq!(judged(&text(""), &FILES, Form::Text), r#""""#);
    assert!(judged(&text("x"), &EXPORT, Form::Text).starts_with('!'));
    let config = judge(&name(Kind::Config), &text("x"), &FILES, Form::Text, &[]);
    let blocked = Difference { reader: Some(Reader::Airflow2), field: None, what: Mismatch::NotFound };
    assert_eq!(config, Judgement::Blocked(vec![blocked]));
}

#[test]
fn the_form_that_carries_it() {
    let best = |fields: &str, dialect: Dialect| {
        judge_forms(&name(Kind::Connection), &connection(fields), &dialect, &[])
            .map(|(form, judgement)| (form, judgement.is_exact()))
    };
    assert_eq!(best(r#"{"conn_type": "h", "host": "H"}"#, TEXT), Some((Form::Json, true)));
    assert_eq!(best(r#"{"conn_type": "h", "port": 0}"#, VAULT), Some((Form::Fields, false)));
    assert_eq!(best(r#"{"conn_type": "h", "host": "H"}"#, ENV), None);
}

#[test]
fn other_keys_are_named_and_kept() {
    let value = |text: &str| SecretValue::from(text);
    let existing = value(r#"{"login": "old", "rotated": "2024", "value": "v", "conn_uri": "x"}"#);
    assert_eq!(VAULT.other_keys(Kind::Connection, &existing), ["rotated", "value"]);
    assert_eq!(VAULT.other_keys(Kind::Variable, &existing), ["login", "rotated", "conn_uri"]);
    assert!(TEXT.other_keys(Kind::Connection, &existing).is_empty());
    let merge = |kind, new: &str| {
        VAULT
            .merge(kind, value(new), &existing)
            .map(|merged| merged.expose().to_owned())
            .map_err(|fault| fault.to_string())
    };
    assert_eq!(
        merge(Kind::Variable, r#"{"value": "n"}"#).as_deref(),
        Ok(r#"{"value": "n", "login": "old", "rotated": "2024", "conn_uri": "x"}"#)
    );
    assert_eq!(
        merge(Kind::Connection, r#"{"conn_uri": "n"}"#).as_deref(),
        Ok(r#"{"conn_uri": "n", "rotated": "2024", "value": "v"}"#)
    );
    assert_eq!(
        merge(Kind::Connection, r#"{"host": "n"}"#).expect_err("other keys"),
        "the entry also holds keys that are no fields of a connection: rotated, value"
    );
    let own = value(r#"{"login": "old"}"#);
    assert_eq!(VAULT.merge(Kind::Connection, value("{}"), &own), Ok(value("{}")));
}

#[test]
fn nothing_shows_a_value() {
    let secret = connection(r#"{"conn_type": "h", "password": "canary", "extra": "{\"a\": \"canary\"}"}"#);
    let Secret::Connection(inner) = &secret else { panic!("a connection") };
    let judgement = judge(&name(Kind::Connection), &secret, &TEXT, Form::Json, &[]);
    let stored = SecretValue::from(r#"{"conn_type": "h", "password": "canary"}"#);
    let seen = TEXT.see(Reader::Airflow2, &name(Kind::Connection), &stored);
    let canonical = Canonical::of(&secret);
    let all = format!("{secret:?} {inner:?} {judgement:?} {seen:?} {canonical:?} {:?}", canonical.parts());
    assert!(!all.contains("canary"), "{all}");
    assert_eq!(Connection::default(), Connection::default());
}
