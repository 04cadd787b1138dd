//! What the contract suite cannot ask: files that were there before us, several writers at once, and what `check` finds.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

use super::*;
use crate::model::{Event, MasterKey, Observer, Purpose};
use crate::provider::contract::{Content, Quarantine, RequestToken, Store, StoreSettings as _};

/// Counts the replacements of files.
#[derive(Default)]
struct Replacements(AtomicUsize);

impl Observer for Replacements {
    fn observe(&self, event: &Event) {
        if matches!(event, Event::Called { family: Family::Write, .. }) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn open(folder: &Path, role: Role) -> (Store, Arc<Replacements>) {
    let observer = Arc::<Replacements>::default();
    let mut settings = LocalFilesSettings {
        connections_file: Some("connections.json".into()),
        variables_file: Some("variables.json".into()),
        ..LocalFilesSettings::default()
    };
    settings.relative_to(folder);
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening {
        name: "files".to_owned(),
        role,
        revision_key,
        observer: observer.clone(),
        quotas: crate::provider::Quotas::default(),
    };
    (settings.open(opening).await.unwrap(), observer)
}

fn variable(id: &str) -> RemoteKey {
    rule::key(Kind::Variable, id)
}

fn entry(text: &str) -> Entry {
    let token = RequestToken("token".to_owned());
    Entry { kind: Kind::Variable, value: text.into(), mark: None, description: None, token }
}

async fn read(store: &Store, key: RemoteKey) -> Result<Option<Record>> {
    store.read(&[key]).await.pop().unwrap()
}

#[tokio::test]
async fn other_entries_keep_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("variables.json");
    fs::write(&path, "{\n\t\"b\" : 1.10,\n\t\"a\": [NaN,  \"\\u00e9\"],\n\n\t\"gone\": null\n}").unwrap();
    let (store, _) = open(folder.path(), Role::Target).await;
    store.write(&variable("b"), &entry("\"new\""), &Expect::Holding("1.10".into())).await.unwrap();
    store.delete(&variable("gone"), &Expect::Anything).await.unwrap();
    store.write(&variable("added"), &entry("true"), &Expect::Absent).await.unwrap();
    let expected = "{\n\t\"b\" : \"new\",\n\t\"a\": [NaN,  \"\\u00e9\"],\n\t\"added\": true\n}";
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
}

#[tokio::test]
async fn writers_that_come_together_share_replacements() {
    let folder = tempfile::tempdir().unwrap();
    let (store, replacements) = open(folder.path(), Role::Target).await;
    let keys: Vec<_> = (0..200).map(|number| variable(&number.to_string())).collect();
    let entry = entry("1");
    let written = join_all(keys.iter().map(|key| store.write(key, &entry, &Expect::Absent))).await;
    assert!(written.iter().all(Result::is_ok));
    let together = replacements.0.load(Ordering::SeqCst);
    assert!(together <= 10, "{together} replacements for 200 writes");
    for key in &keys[..20] {
        store.delete(key, &Expect::Anything).await.unwrap();
    }
    let apart = replacements.0.load(Ordering::SeqCst) - together;
    assert_eq!(apart, 20, "one after the other nothing can be shared: the count above can fail");
    assert_eq!(store.list(&Scope { kinds: Kind::ALL.to_vec() }).await.unwrap().len(), 180);
}

#[tokio::test]
async fn an_id_that_is_there_twice_is_quarantined_and_can_be_settled() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("variables.json"), r#"{"a": 1, "b": 2, "a": 3}"#).unwrap();
    let (store, _) = open(folder.path(), Role::Target).await;
    let content = read(&store, variable("a")).await.unwrap().unwrap().content;
    assert!(matches!(content, Content::Quarantined(Quarantine::Duplicate(2))));
    let refused = store.write(&variable("a"), &entry("4"), &Expect::Holding("3".into())).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    store.write(&variable("a"), &entry("4"), &Expect::Anything).await.unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("variables.json")).unwrap(), r#"{"b": 2, "a": 4}"#);
}

#[tokio::test]
async fn a_missing_file_is_an_empty_target_but_no_source() {
    let folder = tempfile::tempdir().unwrap();
    let every = Scope { kinds: Kind::ALL.to_vec() };
    let (target, _) = open(folder.path(), Role::Target).await;
    assert_eq!(target.list(&every).await.unwrap(), []);
    let (source, _) = open(folder.path(), Role::Source).await;
    assert!(source.list(&every).await.unwrap_err().remedy.is_some());
    assert!(read(&source, variable("a")).await.is_err(), "not known is not absent");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), Role::Target).await;
    let config = rule::key(Kind::Config, "a");
    let refused = [
        read(&store, config.clone()).await.err(),
        read(&store, RemoteKey::new("variables/")).await.err(),
        store.write(&config, &entry("1"), &Expect::Anything).await.err(),
        store.restore(&config, &Revision::new("1"), &Expect::Anything).await.err(),
        store.restore(&variable("a"), &Revision::new("1"), &Expect::Absent).await.err(),
    ];
    for error in refused {
        assert_eq!(error.unwrap().kind, ErrorKind::Unsupported);
    }
    let broken = store.write(&variable("a"), &entry("{\"canary"), &Expect::Anything).await.unwrap_err();
    assert_eq!(broken.kind, ErrorKind::Invalid);
    assert!(!format!("{broken:?}").contains("canary"));
}

#[tokio::test]
async fn a_malformed_file_is_no_listing_and_its_content_is_not_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("variables.json"), "{\"a\": \"canary\" 1}").unwrap();
    let (store, _) = open(folder.path(), Role::Target).await;
    let error = store.list(&Scope { kinds: vec![Kind::Variable] }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let said = format!("{error} {error:?} {:?}", error.remedy);
    assert!(
        said.contains("line 1, column 16: no JSON object: expected `,` or `}`") && !said.contains("canary"),
        "{said}"
    );
    assert_eq!(store.list(&Scope { kinds: vec![Kind::Connection] }).await.unwrap(), []);
}

#[tokio::test]
async fn check_finds_what_would_stop_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let codes = async |path: &Path, role| {
        let (store, _) = open(path, role).await;
        store.check(role, &Kind::ALL).await.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(folder.path(), Role::Source).await, ["file-missing", "file-missing"]);
    assert!(codes(folder.path(), Role::Target).await.is_empty());
    let nowhere = folder.path().join("nowhere");
    assert_eq!(codes(&nowhere, Role::Target).await, ["folder-not-writable", "folder-not-writable"]);
    for (name, text, mode) in [("connections", "{\"a\": 1, \"a\": 2}", 0o600), ("variables", "[]", 0o644)] {
        let path = folder.path().join(format!("{name}.json"));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    let found = codes(folder.path(), Role::Source).await;
    assert_eq!(found, ["duplicate-name", "file-unreadable", "file-open-to-others"]);
}
