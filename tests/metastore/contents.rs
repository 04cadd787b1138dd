//! Every row of every metastore that a real Airflow made is read as that Airflow reads it.

use std::collections::{BTreeMap, BTreeSet};

use secretferry::model::{Kind, RemoteKey};
use secretferry::provider::{Content, Quarantine, Record, Role, Store};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::place::{Ground, as_superuser, names, server_url, told};

#[derive(Deserialize)]
struct Metastores {
    metastores: Vec<Metastore>,
}

#[derive(Deserialize)]
struct Metastore {
    name: String,
    version: String,
    dialect: String,
    url: String,
    fernet_keys: Vec<String>,
    expected: String,
}

#[derive(Debug, Deserialize)]
struct Expected {
    kind: String,
    id: Option<String>,
    team: Option<String>,
    fields: Option<Map<String, Value>>,
    value: Option<String>,
    unreadable: Vec<String>,
}

impl Expected {
    /// The key it is listed under; `None` for a row that is left out.
    fn key(&self) -> Option<String> {
        let id = self.id.as_deref().filter(|id| !id.is_empty())?;
        let is_void = self.fields.is_none() && self.value.is_none();
        let team = self.team.as_ref().map(|team| format!("@{team}")).unwrap_or_default();
        (!is_void).then(|| format!("{}{team}/{id}", self.kind))
    }

    /// Whether `content` is what Airflow reads.
    fn agrees(&self, content: &Content) -> bool {
        match content {
            Content::Quarantined(Quarantine::Undecryptable(column)) => {
                let column = if column == "val" { "value" } else { column };
                self.unreadable.iter().any(|unreadable| unreadable == column)
            }
            Content::Value(_) if !self.unreadable.is_empty() => false,
            Content::Value(value) => match &self.fields {
                None => self.value.as_deref() == Some(value.expose()),
                Some(fields) => {
                    let mut fields = fields.clone();
                    fields.retain(|_, field| !field.is_null());
                    serde_json::from_str::<Map<String, Value>>(value.expose()).is_ok_and(|read| read == fields)
                }
            },
            Content::Nothing | Content::Quarantined(_) => false,
        }
    }
}

impl Metastore {
    fn expected(&self) -> BTreeMap<String, Vec<Expected>> {
        let text = std::fs::read_to_string(&self.expected).expect("the file is there");
        let mut rows: BTreeMap<String, Vec<Expected>> = BTreeMap::new();
        for line in text.lines() {
            let row: Expected = serde_json::from_str(line).expect("a row");
            if let Some(key) = row.key() {
                rows.entry(key).or_default().push(row);
            }
        }
        rows
    }
}

fn metastores() -> Vec<Metastore> {
    let file = format!("{}/metastores.json", told("METASTORES"));
    let text = std::fs::read_to_string(file).expect("the file is there");
    serde_json::from_str::<Metastores>(&text).expect("a list").metastores
}

async fn read_all(store: &Store, keys: &[RemoteKey]) -> Vec<Record> {
    let mut records = Vec::new();
    for batch in keys.chunks(store.capabilities().read_batch) {
        for answer in store.read(batch).await {
            records.push(answer.expect("an answer").expect("it was just listed"));
        }
    }
    records
}

/// Lists and reads all of it; gives the keys that differ from what Airflow reads.
async fn differences(ground: &Ground, expected: &BTreeMap<String, Vec<Expected>>) -> Vec<String> {
    let store = ground.open().await;
    let listed = ground.list().await.expect("a listing");
    let (found, wanted): (BTreeSet<&str>, BTreeSet<&str>) =
        (names(&listed).into_iter().collect(), expected.keys().map(String::as_str).collect());
    let mut different: Vec<String> = found.symmetric_difference(&wanted).map(|key| (*key).to_owned()).collect();
    let keys: Vec<RemoteKey> = listed.iter().map(|listed| listed.key.clone()).collect();
    for (listed, record) in listed.iter().zip(read_all(&store, &keys).await) {
        let agrees = match expected.get(listed.key.as_str()).map(Vec::as_slice) {
            Some([row]) => row.agrees(&record.content),
            Some(rows) => {
                matches!(record.content, Content::Quarantined(Quarantine::Duplicate(count)) if count == rows.len())
            }
            None => false,
        };
        if !agrees || record.listed != *listed {
            different.push(listed.key.to_string());
        }
    }
    different
}

#[tokio::test]
async fn every_row_is_read_as_airflow_reads_it() {
    let metastores = metastores();
    assert_eq!(metastores.len(), 5);
    for metastore in metastores {
        let expected = metastore.expected();
        let unreadable = expected.values().flatten().filter(|row| !row.unreadable.is_empty()).count();
        assert!(expected.len() > 20 && unreadable > 0, "{} is no test", metastore.name);
        let ground = Ground::new(&metastore.url, &metastore.fernet_keys.join(","));
        let different = differences(&ground, &expected).await;
        assert_eq!(different, Vec::<String>::new(), "{}", metastore.name);
        let findings = ground.open().await.check(Role::Source, &Kind::ALL).await;
        let release = &findings.iter().find(|finding| finding.code == "airflow-release").expect("it is said").message;
        let version = metastore.version.rsplit_once('.').map_or("", |(version, _)| version);
        assert!(release.contains(version), "{}: {release}", metastore.name);
    }
}

/// The comparison above can fail: a wrong key, a changed field and a missing row are all seen.
#[tokio::test]
async fn the_comparison_sees_faults() {
    let metastore = metastores().into_iter().find(|metastore| metastore.name == "3.3.2-sqlite").expect("it is listed");
    let mut expected = metastore.expected();
    let first_only = Ground::new(&metastore.url, &metastore.fernet_keys[0]);
    assert!(!differences(&first_only, &expected).await.is_empty());
    let ground = Ground::new(&metastore.url, &metastore.fernet_keys.join(","));
    let readable = |row: &Expected| row.unreadable.is_empty() && row.fields.is_some();
    let key =
        expected.iter().find(|(_, rows)| readable(&rows[0])).map(|(key, _)| key.clone()).expect("one is readable");
    let fields = expected.get_mut(&key).and_then(|rows| rows[0].fields.as_mut()).expect("it has fields");
    fields.insert("login".to_owned(), Value::from("another"));
    assert_eq!(differences(&ground, &expected).await.join(" "), key);
    expected.remove(&key);
    assert_eq!(differences(&ground, &expected).await.join(" "), format!("{key} {key}"));
}

#[tokio::test]
async fn the_right_to_select_from_two_tables_is_enough() {
    for metastore in metastores().into_iter().filter(|metastore| metastore.dialect == "postgresql") {
        let database = metastore.url.rsplit('/').next().expect("a URL has a database");
        let role = format!("reader_of_{database}");
        let statements =
            format!("CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT SELECT ON connection, variable TO {role}");
        as_superuser(database, &statements).await;
        let ground = Ground::new(&server_url(&format!("{role}:p"), database), &metastore.fernet_keys.join(","));
        assert_eq!(differences(&ground, &metastore.expected()).await, Vec::<String>::new(), "{}", metastore.name);
        let codes: Vec<&str> =
            ground.open().await.check(Role::Source, &Kind::ALL).await.iter().map(|finding| finding.code).collect();
        assert!(!codes.contains(&"role-can-write") && !codes.contains(&"denied"), "{codes:?}");
        let owner = Ground::new(&metastore.url, "");
        let codes: Vec<&str> =
            owner.open().await.check(Role::Source, &Kind::ALL).await.iter().map(|finding| finding.code).collect();
        assert!(codes.contains(&"role-can-write") && codes.contains(&"undecryptable"), "{codes:?}");
    }
}
