//! Parsing and rendering connections: as each of the three Airflows reads a form, and with the proof that all read it right.

use std::fmt::Write as _;
use std::hint::black_box;

use secretferry::model::{
    ConnectionDialect, Dialect, Form, Judgement, Kind, Reader, Secret, SecretName, SecretValue, TextDialect, judge,
};

use crate::quickest;

const CONNECTIONS: usize = 2_000;
const TIMES: usize = 5;

/// Connections a second for each form.
pub fn measured() -> String {
    let connections: Vec<_> = (0..CONNECTIONS).map(connection).collect();
    let mut table =
        "| form | parsed for three readers | rendered | rendered and proved for three readers |\n|---|---:|---:|---:|\n"
            .to_owned();
    for form in [Form::Fields, Form::Json, Form::Uri] {
        let rates = rates(form, &connections).map(|rate| format!("{:.0}/s", rate));
        let _ = writeln!(table, "| {form} | {} |", rates.join(" | "));
    }
    table
}

fn rates(form: Form, connections: &[(SecretName, Secret)]) -> [f64; 3] {
    let dialect = Dialect { connection: ConnectionDialect::VaultMap, text: TextDialect::ValueKey };
    let stored: Vec<_> =
        connections.iter().map(|(name, secret)| (name, dialect.render(secret, form).unwrap())).collect();
    let parsed = quickest(TIMES, || {
        for (name, text) in &stored {
            assert!(dialect.normalise(name, text, &Reader::ALL).unwrap().is_some());
        }
    });
    let rendered = quickest(TIMES, || {
        for (_, secret) in connections {
            black_box(dialect.render(secret, form).unwrap());
        }
    });
    let proved = quickest(TIMES, || {
        for (name, secret) in connections {
            assert!(matches!(judge(name, secret, &dialect, form, &Reader::ALL), Judgement::Fits { .. }));
        }
    });
    [parsed, rendered, proved].map(|time| connections.len() as f64 / time.as_secs_f64())
}

/// A connection as they are met in the field, from a row of a metastore.
fn connection(number: usize) -> (SecretName, Secret) {
    let name = SecretName::new(Kind::Connection, format!("conn_{number:07}"));
    let row = serde_json::json!({
        "conn_type": "postgres", "description": null, "host": format!("db{}.internal", number % 50), "login": "airflow",
        "password": format!("p@ss/w:rd #{number}%"), "schema": "reporting", "port": 5432,
        "extra": "{\"sslmode\": \"require\", \"connect_timeout\": 10}",
    });
    let columns = Dialect { connection: ConnectionDialect::Columns, text: TextDialect::Verbatim };
    let secret = columns.normalise(&name, &SecretValue::from(row.to_string().as_str()), &Reader::ALL);
    (name, secret.unwrap().unwrap())
}
