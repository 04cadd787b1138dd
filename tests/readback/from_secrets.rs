//! Secrets that people and AWS made for Airflow in Secrets Manager, as a source: what real Airflow reads from them there,
//! it reads from Parameter Store once they are carried.

use serde_json::{Map, Value, json};

use crate::airflow::{Mode, Question, READERS, Seen, Teams};
use crate::aws::{Account, Service};
use crate::ferry::{Ferry, Step, outcomes};

/// What becomes of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Carried,
    Refused(&'static str),
}

use End::{Carried, Refused};

/// Connections by what is odd about them.
const CONNECTIONS: [(&str, &str, End); 19] = [
    ("json", r#"{"conn_type": "postgres", "host": "h", "login": "u", "password": "p", "port": 5432}"#, Carried),
    ("uri", "postgres://u:p%40ss@h:5432/shop?sslmode=require", Carried),
    (
        "user",
        r#"{"user": "u", "pass": "p", "server": "h", "database": "d", "engine": "postgres", "port": "5432"}"#,
        Carried,
    ),
    ("user_name", r#"{"user_name": "u", "key": "p", "remote_host": "h", "connection_type": "http"}"#, Carried),
    (
        "made_by_rds",
        r#"{"username": "admin", "password": "p@ss", "engine": "mysql", "host": "db.eu.rds.amazonaws.com", "port": 3306, "dbname": "shop", "dbInstanceIdentifier": "shop-1"}"#,
        Carried,
    ),
    ("first_wins", r#"{"conn_id": "x", "conn_type": "mysql", "host": "h"}"#, Carried),
    ("first_wins_too", r#"{"conn_type": "mysql", "conn_id": "x", "host": "h"}"#, Carried),
    ("login_twice", r#"{"username": "first", "login": "second", "conn_type": "ftp"}"#, Carried),
    ("unknown_words", r#"{"conn_type": "http", "host": "h", "comment": "of the shop", "description": "d"}"#, Carried),
    ("extra_as_object", r#"{"conn_type": "http", "extra": {"a": {"b": [1, 2.50]}}}"#, Carried),
    ("extra_as_text", r#"{"conn_type": "http", "extra": "{\"a\":  1}"}"#, Carried),
    ("percent", r#"{"conn_type": "http", "password": "p%2Fq"}"#, Carried),
    ("blanks_around", "\n  {\"conn_type\": \"http\", \"host\": \"h\"}  \n", Carried),
    ("of_a_team/deep", r#"{"conn_type": "http", "host": "h"}"#, Carried),
    ("uri_as_a_word", r#"{"uri": "postgres://u:p@h/d", "conn_type": "http"}"#, Carried),
    ("poisoned", r#"{"conn_type": "http", "pass": "***"}"#, Refused("poisoned")),
    ("quoted_uri", r#""postgres://u:p@h/d""#, Refused("source-malformed")),
    ("empty_key", r#"{"": "postgres://u:p@h/d"}"#, Refused("source-malformed")),
    ("no_connection", "just some text", Refused("source-malformed")),
];

const VARIABLES: [(&str, &str, End); 4] = [
    ("text", " x \n", Carried),
    ("json", r#"{"a": 1.10}"#, Carried),
    ("quotes_inside", r#"it's "quoted""#, Carried),
    ("too_large_for_a_parameter", "", Refused("too-large")),
];

/// An account with all of them in it.
async fn furnished() -> Account {
    let account = Account::new(Service::Secrets);
    for (id, text, _) in CONNECTIONS {
        account.moto.put_secret(&account.key("connections", None, id), text).await;
    }
    for (id, text, _) in VARIABLES {
        let text = if text.is_empty() { "x".repeat(4097) } else { text.to_owned() };
        account.moto.put_secret(&account.key("variables", None, id), &text).await;
    }
    account
}

/// Carries what is in an account to Parameter Store; gives what became of each.
fn carry(source: &Account, words: &str, target: &Account, exit_code: i32) -> Vec<Step> {
    let mut ferry = Ferry::new(&format!("{}\n{words}", source.table()), &target.table(), "");
    ferry.set("TARGET_TOKEN", "anybody");
    let run = ferry.apply(exit_code);
    let again = ferry.apply(exit_code);
    assert_eq!(again["counts"]["created"], 0, "a second run has nothing to do");
    assert_eq!(again["counts"]["kept"], run["counts"]["created"]);
    outcomes(&run)
}

fn look(account: &Account, kwargs: &Value, ids: &Value) -> Vec<Seen> {
    let (backend, mut own) = account.backend();
    own.as_object_mut().unwrap().extend(kwargs.as_object().cloned().unwrap_or_default());
    let question =
        Question { backend, kwargs: own, ids: ids.clone(), teams: Teams::Off, environment: None, cloud: Value::Null };
    question.ask(Mode::Direct, &READERS)
}

/// What a reader saw, without who and where.
fn meaning(seen: &Seen) -> (bool, Option<Map<String, Value>>, Value, bool) {
    (seen.found, seen.fields.clone(), seen.value.clone(), seen.error.is_null())
}

/// Every reader sees in both accounts the same under each of the ids.
fn is_one(source: &[Seen], target: &[Seen]) {
    assert_eq!(source.len(), target.len());
    for (source, target) in source.iter().zip(target) {
        assert_eq!((&source.kind, &source.id, &source.reader), (&target.kind, &target.id, &target.reader));
        assert!(source.found, "{}: Airflow itself does not read {}", source.reader, source.id);
        assert_eq!(meaning(source), meaning(target), "{} of {}", source.id, source.reader);
    }
}

fn end_of(steps: &[Step], kind: &str, id: &str) -> (String, String) {
    let step = steps.iter().find(|step| step.key == (kind.to_owned(), None, id.to_owned()));
    let step = step.unwrap_or_else(|| panic!("{kind}/{id} has no outcome"));
    (step.what.clone(), step.reason.clone())
}

#[tokio::test]
async fn what_people_and_aws_made_is_read_as_airflow_reads_it() {
    let (source, target) = (furnished().await, Account::new(Service::Parameters));
    let steps = carry(&source, "", &target, 3);
    let rows = |kind, rows: &[(&'static str, &str, End)]| {
        rows.iter().map(|(id, _, end)| (kind, *id, *end)).collect::<Vec<_>>()
    };
    let all = [rows("connections", &CONNECTIONS), rows("variables", &VARIABLES)].concat();
    assert_eq!(steps.len(), all.len(), "{steps:#?}");
    for (kind, id, end) in &all {
        match (end_of(&steps, kind, id), end) {
            ((what, _), Carried) => assert_eq!(what, "created", "{kind}/{id}"),
            ((what, reason), Refused(expected)) => {
                assert!(["blocked", "quarantined"].contains(&what.as_str()), "{kind}/{id}: {what}");
                assert_eq!(reason, *expected, "{kind}/{id}");
            }
        }
    }
    let carried = |kind| -> Vec<&str> {
        all.iter().filter(|(of, _, end)| *of == kind && *end == Carried).map(|(_, id, _)| *id).collect()
    };
    let ids = json!({"connections": carried("connections"), "variables": carried("variables")});
    is_one(&look(&source, &json!({}), &ids), &look(&target, &json!({}), &ids));
}

#[tokio::test]
async fn words_of_ones_own_stand_for_fields() {
    let (source, target) = (Account::new(Service::Secrets), Account::new(Service::Parameters));
    let text = r#"{"nick": "u", "conn_type": "http", "where": "h", "login": "later"}"#;
    source.moto.put_secret(&source.key("connections", None, "nicked"), text).await;
    let words = "extra-conn-words = { login = ['nick'], host = ['where'] }";
    carry(&source, words, &target, 0);
    let ids = json!({"connections": ["nicked"]});
    let kwargs = json!({"extra_conn_words": {"login": ["nick"], "host": ["where"]}});
    let seen = look(&target, &json!({}), &ids);
    is_one(&look(&source, &kwargs, &ids), &seen);
    assert!(seen.iter().all(|seen| seen.fields.as_ref().unwrap()["login"] == "u"));
}

/// No provider that reads them so is installed, so what is expected stands here.
#[tokio::test]
async fn values_that_old_providers_decoded_are_decoded() {
    let (source, target) = (Account::new(Service::Secrets), Account::new(Service::Parameters));
    let text = r#"{"user": "u%40x", "password": "p%2Fq", "host": "h", "conn_type": "http"}"#;
    source.moto.put_secret(&source.key("connections", None, "encoded"), text).await;
    carry(&source, "legacy = 'url-encoded'", &target, 0);
    let seen = look(&target, &json!({}), &json!({"connections": ["encoded"]}));
    assert_eq!(seen.len(), READERS.len());
    for seen in seen {
        let fields = seen.fields.unwrap();
        assert_eq!(
            (fields["login"].as_str(), fields["password"].as_str()),
            (Some("u@x"), Some("p/q")),
            "{}",
            seen.reader
        );
    }
}
