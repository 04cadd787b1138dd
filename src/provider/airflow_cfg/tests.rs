//! A file, variables and both; what is carried, what is not, and what `check` says of it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::sync::Arc;

use super::survey::Sources;
use super::*;
use crate::model::{Blind, MasterKey, Purpose, SecretValue};
use crate::provider::contract::{Store, StoreSettings};
use crate::provider::file::Document as _;

const FILE: &str = "\
[core]
fernet_key = abc=
sql_alchemy_conn =
parallelism = 32
[database]
sql_alchemy_conn = postgres://u:p%%40@h/db
sql_alchemy_engine_args = {\"a\":
  1}
[webserver]
secret_key_cmd = cat /run/key
[smtp]
smtp_password = pa$word
[sentry]
sentry_dsn_secret = dsn
[celery]
broker_url = redis://h
[mine]
token = x
";

fn settings(text: &str) -> AirflowCfgSettings {
    crate::settings::read_table(text.parse().unwrap()).unwrap()
}

async fn open(settings: &AirflowCfgSettings) -> Store {
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening {
        name: "cfg".to_owned(),
        role: Role::Source,
        revision_key,
        observer: Arc::new(Blind),
        quotas: crate::provider::Quotas::default(),
    };
    settings.open(opening).await.unwrap()
}

async fn read(table: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("airflow.cfg"), FILE).unwrap();
    let mut settings = settings(table);
    settings.relative_to(folder.path());
    let store = open(&settings).await;
    let listed = store.list(&Scope { kinds: Kind::ALL.to_vec() }).await.unwrap();
    let keys: Vec<_> = listed.into_iter().map(|listed| listed.key).collect();
    let shown = |record: Record| match record.content {
        Content::Value(text) => format!("{}={}", record.listed.key, text.expose()),
        Content::Quarantined(_) | Content::Nothing => format!("{} quarantined", record.listed.key),
    };
    store.read(&keys).await.into_iter().map(|answer| shown(answer.unwrap().unwrap())).collect()
}

#[tokio::test]
async fn sensitive_options_are_configs() {
    let expected = [
        "config/celery_broker_url=redis://h",
        "config/core_fernet_key=abc=",
        "config/database_sql_alchemy_conn=postgres://u:p%40@h/db",
        "config/database_sql_alchemy_engine_args={\"a\":\n1}",
        "config/smtp_smtp_password quarantined",
        "config/webserver_secret_key quarantined",
    ];
    assert_eq!(read("file = 'airflow.cfg'").await, expected);
    let more = read("file = 'airflow.cfg'\noptions = ['mine.token']\nname = 'x-{option}'").await;
    assert!(more.contains(&"config/x-token=x".to_owned()), "{more:?}");
    let met = read("file = 'airflow.cfg'\noptions = ['core.parallelism', 'mine.token']\nname = '{option}'").await;
    assert!(met.contains(&"config/sql_alchemy_conn=postgres://u:p%40@h/db".to_owned()), "{met:?}");
}

#[test]
fn variables_go_before_the_file_in_airflows_order() {
    let document = IniDocument::parse(FILE).unwrap();
    let shown = |names: &[(&str, &str)], section: &str, option: &str| {
        let variables = names.iter().map(|(name, value)| ((*name).to_owned(), Ok(SecretValue::from(*value)))).collect();
        let sources = Sources { variables: &variables, file: Some(&document) };
        match sources.setting(section, option) {
            Setting::Unset => "unset".to_owned(),
            Setting::Value(text) => text.to_string(),
            Setting::Unreadable(_) => "unreadable".to_owned(),
            Setting::InBackend => "in backend".to_owned(),
        }
    };
    let fernet = |names: &[(&str, &str)]| shown(names, "core", "fernet_key");
    assert_eq!(fernet(&[]), "abc=");
    assert_eq!(fernet(&[("AIRFLOW__CORE__FERNET_KEY", "new")]), "new");
    assert_eq!(
        fernet(&[("AIRFLOW__CORE__FERNET_KEY", "")]),
        "unset",
        "an empty variable hides the file, as for Airflow"
    );
    assert_eq!(fernet(&[("AIRFLOW__CORE__FERNET_KEY_CMD", "cat")]), "unreadable");
    assert_eq!(fernet(&[("AIRFLOW__CORE__FERNET_KEY_SECRET", "x")]), "in backend");
    assert_eq!(shown(&[], "webserver", "secret_key"), "unreadable");
    assert_eq!(shown(&[], "sentry", "sentry_dsn"), "in backend");
    assert_eq!(shown(&[("AIRFLOW__SENTRY__SENTRY_DSN", "~/x")], "sentry", "sentry_dsn"), "unreadable");
    assert_eq!(shown(&[("AIRFLOW__SENTRY__SENTRY_DSN", "a$ b~")], "sentry", "sentry_dsn"), "a$ b~");
    assert_eq!(shown(&[], "core", "nothing"), "unset");
    assert!(document.find("core.parallelism").is_some(), "the guard above can fail");
}

#[tokio::test]
async fn check_tells_what_is_left_out_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("airflow.cfg");
    fs::write(&path, FILE).unwrap();
    let table = format!("file = '{}'\noptions = ['mine.token']", path.display());
    let store = open(&settings(&table)).await;
    let found = store.check(Role::Source, &Kind::ALL).await;
    let told: Vec<_> = found.iter().map(|finding| (finding.subject.as_str(), finding.code)).collect();
    let expected = [
        ("mine.token", "perhaps-not-asked-for"),
        ("sentry.sentry_dsn", "already-in-backend"),
        ("smtp.smtp_password", "option-unreadable"),
        ("webserver.secret_key", "option-unreadable"),
    ];
    assert_eq!(&told[told.len() - 4..], expected);
    let said = format!("{found:?}");
    assert!(!said.contains("pa$word") && !said.contains("cat /run"), "{said}");
}

#[test]
fn faults_name_their_keys() {
    let rows: [(&str, &[&str]); 6] = [
        ("", &[""]),
        ("file = 'a'", &[]),
        ("variables = 'process'", &[]),
        ("file = 'a'\nname = '{section}'", &["name"]),
        ("file = 'a'\nname = '{option}{x}'", &["name"]),
        ("file = 'a'\noptions = ['a.b', 'c', '.d']", &["options[1]", "options[2]"]),
    ];
    for (text, expected) in rows {
        let paths: Vec<_> = settings(text).faults().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, expected, "{text}");
    }
}

#[test]
fn the_manual_shows_a_table_that_loads_and_every_option() {
    let manual = include_str!("README.md");
    let block = manual.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config: toml::Table = block.parse().unwrap();
    let mut table = config["stores"]["settings"].as_table().unwrap().clone();
    assert_eq!(table.remove("kind").unwrap().as_str(), Some(KIND));
    assert_eq!(settings(&table.to_string()).faults(), []);
    for (section, option) in options::SENSITIVE {
        assert!(manual.contains(&format!("`{section}.{option}`")), "{section}.{option}");
    }
}
