//! Oddities of a stored text that no longer show in the secret it is read as.

use super::{Oddity, empty_key, quotes};
use crate::model::connection::is_uri;
use crate::model::python::{Object, Text, Value, literal_eval, loads, strip};
use crate::model::{Aliases, ConnectionDialect, Dialect, Kind, OldForm, SecretName, SecretValue, TextDialect};

/// Looks for oddities in a stored text that no longer show in the secret it is read as.
///
/// Of a connection each of them is damage, as Airflow reads something else than was meant; but for a line end, which
/// every reader strips.
pub fn source_oddities(dialect: &Dialect, name: &SecretName, stored: &SecretValue) -> Vec<Oddity> {
    let text = Text::from(stored);
    match (name.kind, &dialect.connection, dialect.text) {
        (Kind::Connection, connection, _) => of_connection(connection, &text),
        (Kind::Variable | Kind::Config, _, TextDialect::ExportValue) => exported(&text),
        _ => Vec::new(),
    }
}

fn of_connection(dialect: &ConnectionDialect, text: &Text) -> Vec<Oddity> {
    match dialect {
        ConnectionDialect::Text | ConnectionDialect::OldSecretsManager(OldForm::FullUrl, _) => json_or_uri(text),
        ConnectionDialect::FileUri => uri(text),
        ConnectionDialect::FileObject => match loads(text) {
            Ok(Value::Text(inner)) => uri(&inner),
            _ => empty_key(text).into_iter().collect(),
        },
        ConnectionDialect::VaultMap => entry(text),
        ConnectionDialect::OldSecretsManager(OldForm::Split, aliases) => match literal_eval(text) {
            Some(Value::Object(object)) => keys(aliases, &object),
            _ => Vec::new(),
        },
        ConnectionDialect::SecretsManager(aliases) | ConnectionDialect::OldSecretsManager(_, aliases) => {
            let mut found = json_or_uri(text);
            if let Ok(Value::Object(object)) = loads(text) {
                let odd = keys(aliases, &object);
                // An empty key beside fields is one more that is dropped.
                found.retain(|oddity| *oddity != Oddity::EmptyKeyObject || odd.contains(&Oddity::NoField));
                found.extend(odd);
            }
            found
        }
        ConnectionDialect::Columns => Vec::new(),
    }
}

/// What is a JSON object if it starts with `{`, and a URI otherwise.
fn json_or_uri(text: &Text) -> Vec<Oddity> {
    if strip(text.as_bytes()).starts_with(b"{") { around(text) } else { uri(text) }
}

fn uri(text: &Text) -> Vec<Oddity> {
    let stripped = strip(text.as_bytes());
    let mut found = around(text);
    let explained = |oddity: &Oddity| *oddity != Oddity::LineEndDropped;
    if !stripped.is_empty() && !found.iter().any(explained) && !is_uri(stripped) {
        found.push(Oddity::NoConnection);
    }
    found
}

/// The keys of an object of Secrets Manager, against the words that Airflow looks for.
fn keys(aliases: &Aliases, object: &Object) -> Vec<Oddity> {
    let dropped: Vec<_> = object.iter().map(|(key, _)| key).filter(|key| !aliases.is_read(key)).collect();
    if !dropped.is_empty() && dropped.len() == object.iter().len() {
        return vec![Oddity::NoField];
    }
    let known = KNOWN_KEYS.into_iter().filter(|known| dropped.iter().any(|key| **key == **known));
    let mut named: Vec<String> = known.map(str::to_owned).collect();
    let others = dropped.len() - named.len();
    if others > 0 {
        // A console's form filled in the wrong way round has values for keys, so others are not named.
        named.push(format!("{others} of other names"));
    }
    let repeated = aliases.repeated(object).into_iter();
    let repeated = repeated.map(|field| Oddity::RepeatedField { field: field.as_str().to_owned() });
    let ignored = (!named.is_empty()).then(|| Oddity::IgnoredKeys { keys: named.join(", ") });
    ignored.into_iter().chain(repeated).collect()
}

/// Keys that Amazon's own secrets of databases have beside the fields, and those that Airflow takes elsewhere.
const KNOWN_KEYS: [&str; 9] = [
    "dbname",
    "dbInstanceIdentifier",
    "dbClusterIdentifier",
    "masterarn",
    "ssl",
    "description",
    "uri",
    "conn_uri",
    "team_name",
];

/// A Vault entry: the text of its `conn_uri`, or the map itself.
fn entry(text: &Text) -> Vec<Oddity> {
    let map = loads(text).ok();
    let uri = map.as_ref().and_then(Value::as_object).and_then(|map| map.get("conn_uri")).and_then(Value::as_text);
    let mut found = uri.map(json_or_uri).unwrap_or_default();
    found.extend(empty_key(text));
    found
}

/// What a console or an editor has put around a connection.
fn around(text: &Text) -> Vec<Oddity> {
    let mut found = Vec::new();
    if text.as_bytes().starts_with("\u{feff}".as_bytes()) {
        found.push(Oddity::ByteOrderMark { field: "stored text".to_owned() });
    }
    found.extend(quotes(text));
    if text.as_bytes().ends_with(b"\n") {
        found.push(Oddity::LineEndDropped);
    }
    found.extend(empty_key(text));
    found
}

fn exported(text: &Text) -> Vec<Oddity> {
    let value = match loads(text) {
        Ok(value) => value,
        Err(_) => return Vec::new(),
    };
    let inner = value.as_object().and_then(|object| object.get("value"));
    let mut found = Vec::new();
    if inner.is_some() {
        found.push(Oddity::Unwrapped);
    }
    if inner.unwrap_or(&value).as_text().is_none() {
        found.push(Oddity::Reencoded);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::codes;
    use super::*;
    use crate::model::Field;

    fn check(connection: ConnectionDialect, text: TextDialect, kind: Kind, stored: &str, wanted: &[&str]) {
        let (dialect, name) = (Dialect { connection, text }, SecretName::new(kind, "x"));
        assert_eq!(codes(&source_oddities(&dialect, &name, &SecretValue::from(stored))), wanted, "{stored}");
    }

    #[test]
    fn of_stored_texts() {
        let text = |stored, wanted: &[&str]| {
            check(ConnectionDialect::Text, TextDialect::Verbatim, Kind::Connection, stored, wanted);
        };
        text("postgres://h", &[]);
        text("\"postgres://h\"", &["quoted-text"]);
        text(" 'postgres://h'\n", &["quoted-text", "line-end-dropped"]);
        text("postgres://h\n", &["line-end-dropped"]);
        text("\u{feff}{}", &["byte-order-mark (stored text)"]);
        text(r#" {"": "postgres://h"}"#, &["empty-key-object"]);
        let vault = |stored, wanted: &[&str]| {
            check(ConnectionDialect::VaultMap, TextDialect::ValueKey, Kind::Connection, stored, wanted);
        };
        vault(r#"{"": "postgres://h"}"#, &["empty-key-object"]);
        vault(r#"{"conn_uri": "'postgres://h'", "": "x"}"#, &["quoted-text"]);
        vault(r#"{"conn_uri": "postgres://h", "note": "x"}"#, &[]);
        check(ConnectionDialect::FileObject, TextDialect::JsonValue, Kind::Connection, r#""'x'""#, &["quoted-text"]);
        let export = |stored, wanted: &[&str]| {
            check(ConnectionDialect::Text, TextDialect::ExportValue, Kind::Variable, stored, wanted);
        };
        export(r#""x""#, &[]);
        export("1.1", &["reencoded"]);
        export(r#"{"value": "x"}"#, &["unwrapped"]);
        export(r#"{"value": {"a": 1}}"#, &["unwrapped", "reencoded"]);
    }

    #[test]
    fn of_texts_that_are_no_connection() {
        let text = |stored, wanted: &[&str]| {
            check(ConnectionDialect::Text, TextDialect::Verbatim, Kind::Connection, stored, wanted);
            let secret = ConnectionDialect::SecretsManager(Aliases::default());
            check(secret, TextDialect::Verbatim, Kind::Connection, stored, wanted);
        };
        for plain in ["hunter2", "42", "[1]", r#"["h://x"]"#, "user:password", "google_cloud_platform://h", "/x://h"] {
            text(plain, &["no-connection"]);
        }
        text("hunter2\n", &["line-end-dropped", "no-connection"]);
        for connection in
            ["aws://", "aws:", "aws:?region_name=x", "//h", "a+b-c.d://h", " h://x?y=z", "", " ", "{}", "{"]
        {
            text(connection, &[]);
        }
        let line = |stored, wanted: &[&str]| {
            check(ConnectionDialect::FileUri, TextDialect::FileLine, Kind::Connection, stored, wanted);
        };
        line(r#"{"conn_type": "h"}"#, &["no-connection"]);
        let vault = |stored, wanted: &[&str]| {
            check(ConnectionDialect::VaultMap, TextDialect::ValueKey, Kind::Connection, stored, wanted);
        };
        vault(r#"{"conn_uri": "hunter2"}"#, &["no-connection"]);
        vault(r#"{"conn_uri": "{}"}"#, &[]);
    }

    #[test]
    fn of_keys_in_secrets_manager() {
        let aliases = || Aliases::with([(Field::Schema, vec!["dbname".to_owned()])]);
        let object = |stored, wanted: &[&str]| {
            let dialect = ConnectionDialect::SecretsManager(aliases());
            check(dialect, TextDialect::Verbatim, Kind::Connection, stored, wanted);
            let dialect = ConnectionDialect::OldSecretsManager(OldForm::Split, aliases());
            check(dialect, TextDialect::Verbatim, Kind::Connection, stored, wanted);
        };
        object(r#"{"engine": "postgres", "username": "u", "dbname": "d"}"#, &[]);
        object(r#"{"login": "u", "dbInstanceIdentifier": "i", "hunter2": "x"}"#, &["ignored-keys"]);
        object(r#"{"API_KEY": "x", "description": "d"}"#, &["no-field"]);
        object(
            r#"{"conn_id": "x", "conn_type": "mysql", "uri": "h://x"}"#,
            &["ignored-keys", "repeated-field (conn_type)"],
        );
        object(r#"{"": "x", "login": "u"}"#, &["ignored-keys"]);
        object("{}", &[]);
        let empty = ConnectionDialect::SecretsManager(aliases());
        check(empty, TextDialect::Verbatim, Kind::Connection, r#"{"": "h://x"}"#, &["empty-key-object", "no-field"]);
        let dialect = Dialect { connection: ConnectionDialect::SecretsManager(aliases()), text: TextDialect::Verbatim };
        let stored = SecretValue::from(r#"{"login": "u", "uri": "x", "hunter2": "x"}"#);
        let found = source_oddities(&dialect, &SecretName::new(Kind::Connection, "x"), &stored);
        assert_eq!(found[0].to_string(), "has keys that Airflow does not read: uri, 1 of other names");
    }
}
