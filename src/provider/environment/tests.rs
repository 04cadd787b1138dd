//! What Docker Compose reads, text by text; plain lines; what `check` finds; and changes that leave everything else alone.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise, and says which")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::model::{Blind, MasterKey, Purpose};
use crate::provider::contract::{RequestToken, Store, StoreSettings as _};

/// Made by `tests/servers/dotenv` with the `dotenv` of compose-go 2.16.2.
const CASES: &str = include_str!("../../../tests/golden/dotenv.jsonl");

fn shown(found: Option<Found<'_>>) -> String {
    match found {
        Some(Found::Value(value)) => format!("{value:?}"),
        Some(Found::Several(_)) => "several".to_owned(),
        Some(Found::Unreadable(_)) => "unreadable".to_owned(),
        None => "nothing".to_owned(),
    }
}

/// What is wrong with our reading of one text; `None` if it is compose-go's.
fn difference(case: &serde_json::Value) -> Option<String> {
    let parsed = ComposeDocument::parse(case["text"].as_str().unwrap());
    let Some(entries) = case["entries"].as_object() else {
        let spoilt =
            |read: &ComposeDocument| read.ids().iter().any(|id| !matches!(read.find(id), Some(Found::Value(_))));
        let refused = case["refused"].as_bool().unwrap_or_default();
        return match parsed {
            Ok(read) if refused && !spoilt(&read) => Some("compose-go refuses it".to_owned()),
            Ok(read) if !refused && !read.ids().is_empty() => Some("compose-go finds nothing in it".to_owned()),
            _ => None,
        };
    };
    let read = match parsed {
        Ok(read) => read,
        // A name that the file ends with is a value without a name to compose-go; we do not guess.
        Err(_) if entries.contains_key("") => return None,
        Err(malformed) => return Some(format!("we refuse it: {malformed}")),
    };
    for (name, value) in entries.iter().filter(|(name, _)| !name.is_empty()) {
        let wanted = value.as_str().map_or("unreadable".to_owned(), |value| format!("{value:?}"));
        let found = shown(read.find(name));
        if found != wanted && found != "several" {
            return Some(format!("{name}: {found}, and compose-go reads {wanted}"));
        }
    }
    let more: Vec<_> = read.ids().into_iter().filter(|name| !entries.contains_key(*name)).collect();
    (!more.is_empty()).then(|| format!("compose-go does not find {more:?}"))
}

#[test]
fn reads_what_docker_compose_reads() {
    let cases: Vec<serde_json::Value> = CASES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 200, "the cases were not found");
    let told = |case: &serde_json::Value| difference(case).map(|what| format!("{}: {what}", case["text"]));
    let differences: Vec<_> = cases.iter().filter_map(told).collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

const PIECES: &[&str] = &[
    "a", "'", "\"", "\\", "$", "$$", "\\$", "\n", "\r", "\t", " ", "#", " #", "{", "}", "=", "é", "\u{85}", "\\n",
    "\\0", "1", "\u{a0}",
];

proptest::proptest! {
    #[test]
    fn every_value_is_spelled_so_that_it_is_read_back(
        picks in proptest::collection::vec(proptest::sample::select(PIECES), 0..9),
    ) {
        let value = picks.concat();
        let mut document = ComposeDocument::parse("B='1'\n").unwrap();
        document.put("A", &value).unwrap();
        let text = document.text().unwrap();
        let read = ComposeDocument::parse(&text).unwrap();
        proptest::prop_assert!(read.find("A") == Some(Found::Value(&value)), "{:?} became {:?}", value, text.as_str());
        proptest::prop_assert!(read.find("B") == Some(Found::Value("1")));
    }
}

#[test]
fn values_are_spelled_as_simply_as_can_be() {
    let rows = [
        ("postgres://u:p%40ss@h:5432/s", "postgres://u:p%40ss@h:5432/s"),
        ("a b", "'a b'"),
        (r#"{"a": "$b"}"#, r#"'{"a": "$b"}'"#),
        (r#"{"a": "\"b\""}"#, r#""{\"a\": \"\\\"b\\\"\"}""#),
        ("it's $5", "\"it's \\$5\""),
        ("one\ntwo", "\"one\\ntwo\""),
        ("", ""),
    ];
    for (value, expected) in rows {
        assert_eq!(quoting::spell(value).as_str(), expected);
    }
}

/// A name and its new value; `None` removes.
type Change = (&'static str, Option<&'static str>);

fn changed(dialect: EnvDialect, text: &str, changes: &[Change]) -> String {
    let mut document = dialect.parse(text).unwrap();
    for (name, value) in changes {
        match value {
            Some(value) => document.put(name, value).unwrap(),
            None => document.remove(name),
        }
    }
    document.text().unwrap().to_string()
}

#[test]
fn changes_what_is_asked_and_no_other_byte() {
    use EnvDialect::{Compose, Plain};
    const FILE: &str = "# head\nFOO=1\nAIRFLOW_VAR_A=one # c\n\nexport BAR='x'\n";
    const A: &str = "AIRFLOW_VAR_A";
    const B: &str = "AIRFLOW_VAR_B";
    let rows: &[(EnvDialect, &str, &[Change], &str)] = &[
        (Compose, FILE, &[], FILE),
        (Plain, FILE, &[], FILE),
        (Compose, FILE, &[(A, Some("x y"))], &FILE.replace("A=one", "A='x y'")),
        (Plain, FILE, &[(A, Some("x y"))], &FILE.replace("A=one # c", "A=x y")),
        (Compose, FILE, &[(A, None)], &FILE.replace("AIRFLOW_VAR_A=one # c\n", "")),
        (Plain, FILE, &[(A, None)], &FILE.replace("AIRFLOW_VAR_A=one # c\n", "")),
        (Compose, FILE, &[(B, Some("1"))], &format!("{FILE}{B}=1\n")),
        (Plain, FILE, &[(B, Some("1"))], &format!("{FILE}{B}=1\n")),
        (Compose, "A=1", &[(B, Some("1"))], "A=1\nAIRFLOW_VAR_B=1\n"),
        (Plain, "A=1", &[(B, Some("1"))], "A=1\nAIRFLOW_VAR_B=1\n"),
        (Plain, "A=1\r\n", &[(B, Some("1"))], "A=1\r\nAIRFLOW_VAR_B=1\r\n"),
        (Compose, "", &[(A, Some("1")), (B, Some("2"))], "AIRFLOW_VAR_A=1\nAIRFLOW_VAR_B=2\n"),
        (Compose, "AIRFLOW_VAR_A=1\nB=2\n", &[(A, None)], "B=2\n"),
        (Compose, "AIRFLOW_VAR_A='1' B=2\n", &[(A, Some("x"))], "AIRFLOW_VAR_A=x B=2\n"),
        (Compose, "export AIRFLOW_VAR_A=1\nAIRFLOW_VAR_A=2\n", &[(A, Some("3"))], "AIRFLOW_VAR_A=3\n"),
        (Plain, "\u{feff}AIRFLOW_VAR_A=1\n", &[(A, Some("3"))], "\u{feff}AIRFLOW_VAR_A=3\n"),
    ];
    for (dialect, text, changes, expected) in rows {
        if text.contains("' B=2") {
            let mut document = dialect.parse(text).unwrap();
            document.put(A, "x").unwrap();
            assert!(document.text().is_err(), "a bare value would swallow what shares its line");
            continue;
        }
        assert_eq!(changed(*dialect, text, changes), *expected, "{dialect:?} {text:?} {changes:?}");
    }
}

#[test]
fn plain_lines_of_ours_are_taken_as_they_stand_or_not_at_all() {
    let rows = [
        ("AIRFLOW_VAR_A=1", "\"1\""),
        ("AIRFLOW_VAR_A= 1 # c", "\" 1 # c\""),
        ("AIRFLOW_VAR_A='1'", "\"'1'\""),
        ("AIRFLOW_VAR_A=a=b", "\"a=b\""),
        ("AIRFLOW_VAR_A=", "unreadable"),
        ("#AIRFLOW_VAR_A=1", "nothing"),
        ("FOO=AIRFLOW_VAR_A=1", "nothing"),
        ("no line of ours", "nothing"),
        ("AIRFLOW_VAR_A=1\nAIRFLOW_VAR_A=1", "several"),
        (
            "FOO\nexport AIRFLOW_VAR_A=1",
            "line 2: this is a shell's syntax, which readers of plain lines take for a part of the name",
        ),
        ("ENV AIRFLOW_VAR_A=1", "line 1: this is a Dockerfile's instruction"),
        ("ENV AIRFLOW_VAR_A 1", "line 1: this is a Dockerfile's instruction"),
        ("AIRFLOW_VAR_A: 1", "line 1: this is YAML, as in a compose file"),
        ("  - AIRFLOW_VAR_A=1", "line 1: this is YAML, as in a compose file"),
        ("AIRFLOW_CONN_A: h://h?a=1", "line 1: this is YAML, as in a compose file"),
        ("AIRFLOW_VAR_A", "line 1: there is no `=`: some readers take the value from their own environment"),
        ("AIRFLOW_VAR_A =1", "line 1: the name has blanks around it, or something before it"),
        ("MY_AIRFLOW_VAR_A=1", "line 1: the name has blanks around it, or something before it"),
        ("AIRFLOW_VAR_A=x\u{b}y", "line 1: the line ends in a character that not every reader takes for a line end"),
    ];
    for (text, expected) in rows {
        let read = match EnvDialect::Plain.parse(text) {
            Ok(document) => shown(document.find("AIRFLOW_VAR_A")),
            Err(malformed) => {
                assert!(malformed.remedy.is_some(), "{text}");
                malformed.to_string()
            }
        };
        assert_eq!(read, expected, "{text:?}");
    }
}

async fn open(folder: &Path, dialect: Option<EnvDialect>, role: Role) -> Result<Store> {
    let file = dialect.map(|_| folder.join(".env"));
    let settings = EnvironmentSettings { file, dialect, ..EnvironmentSettings::default() };
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    settings
        .open(Opening {
            name: "env".to_owned(),
            role,
            revision_key,
            observer: Arc::new(Blind),
            quotas: crate::provider::Quotas::default(),
        })
        .await
}

#[tokio::test]
async fn the_process_is_read_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let refused = open(folder.path(), None, Role::Target).await.unwrap_err();
    assert!(refused.kind == ErrorKind::Unsupported && refused.remedy.is_some());
    let process = open(folder.path(), None, Role::Source).await.unwrap();
    // Whatever is set where this runs: every listed key is read.
    let listed = process.list(&Scope { kinds: Kind::ALL.to_vec() }).await.unwrap();
    let keys: Vec<_> = listed.into_iter().map(|listed| listed.key).collect();
    assert!(process.read(&keys).await.into_iter().all(|answer| answer.is_ok_and(|record| record.is_some())));
    let none = process.read(&[RemoteKey::new("AIRFLOW_VAR_NO_SUCH_THING_8471")]).await.pop().unwrap();
    assert!(none.unwrap().is_none());
    assert_eq!(process.read(&[RemoteKey::new("PATH")]).await.pop().unwrap().unwrap_err().kind, ErrorKind::Unsupported);
}

#[tokio::test]
async fn check_tells_of_names_that_airflow_never_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let text = "AIRFLOW_VAR_a=1\nAIRFLOW_CONN_B='x'\nAIRFLOW_VAR_C=$D\nOTHER_e=1\n";
    fs::write(folder.path().join(".env"), text).unwrap();
    let codes = async |dialect| {
        let store = open(folder.path(), Some(dialect), Role::Source).await.unwrap();
        let found = store.check(Role::Source, &Kind::ALL).await;
        found.into_iter().map(|finding| finding.code).filter(|code| *code != "file-open-to-others").collect::<Vec<_>>()
    };
    assert_eq!(codes(EnvDialect::Plain).await, ["quoted-value", "never-read"]);
    assert_eq!(codes(EnvDialect::Compose).await, ["entry-unreadable", "never-read"]);
}

#[tokio::test]
async fn what_a_process_cannot_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |text: &str| Entry {
        kind: Kind::Variable,
        value: text.into(),
        mark: None,
        description: None,
        token: RequestToken("token".to_owned()),
    };
    let key = RemoteKey::new("AIRFLOW_VAR_A");
    let plain = open(folder.path(), Some(EnvDialect::Plain), Role::Target).await.unwrap();
    for (text, kind) in [("one\ntwo", ErrorKind::Invalid), ("", ErrorKind::Invalid)] {
        assert_eq!(plain.write(&key, &entry(text), &Expect::Absent).await.unwrap_err().kind, kind, "{text:?}");
    }
    let long = "x".repeat(64_001);
    assert_eq!(plain.write(&key, &entry(&long), &Expect::Absent).await.unwrap_err().kind, ErrorKind::TooLarge);
    assert!(!folder.path().join(".env").exists());
}

#[test]
fn the_manual_shows_tables_that_load() {
    let manual = include_str!("README.md");
    let block = manual.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config: toml::Table = block.parse().unwrap();
    for (name, table) in config["stores"].as_table().unwrap() {
        let mut table = table.as_table().unwrap().clone();
        assert_eq!(table.remove("kind").unwrap().as_str(), Some(KIND));
        let settings = crate::settings::read_table::<EnvironmentSettings>(table);
        assert_eq!(settings.unwrap_or_else(|faults| panic!("{name}: {faults:?}")).faults(), [], "{name}");
    }
}
