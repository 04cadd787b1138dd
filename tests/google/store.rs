//! One secret at a time: what is there, what is not, and what must never reach the wire.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use secretferry::model::{
    ErrorKind, Event, Finding, Kind, Listed, Manager, Mark, MarkedName, MasterKey, Observer, Purpose, RemoteKey, Scope,
    SecretName, State,
};
use secretferry::provider::layer::fitted;
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{
    Content, Entry, Error, Expect, Opening, Quarantine, Quotas, Record, RequestToken, Role, Store,
};
use serde_json::{Value, json};

use crate::fakes::google::secret::State as Given;
use crate::fakes::google::{PROJECT, SecretManager};
use crate::fakes::server::Fake;

/// Writes down what is found.
#[derive(Default)]
pub struct Diary(Mutex<Vec<Finding>>);

impl Observer for Diary {
    fn observe(&self, event: &Event) {
        if let Event::Found(finding) = event {
            self.0.lock().unwrap().push(finding.clone());
        }
    }
}

/// A project of its own, and a store in it.
pub struct Place {
    pub fake: Fake<SecretManager>,
    pub store: Store,
    pub diary: Arc<Diary>,
}

impl Place {
    /// An empty one; `more` is in the store's table.
    pub async fn new(role: Role, more: &str) -> Self {
        Self::of(SecretManager::start_open(), role, more).await
    }

    /// One in a project that is there.
    pub async fn of(fake: Fake<SecretManager>, role: Role, more: &str) -> Self {
        let table = format!(
            "project = {PROJECT:?}\nendpoint-url = {:?}\ntimeout = \"1s\"\nauth = {{ method = \"none\" }}\n\
             pace = {{ list = 10000, read = 10000, write = 10000 }}\n{more}",
            fake.address
        );
        let settings = StoreKind::find(KINDS, "gcp-secret-manager").unwrap().read(table.parse().unwrap()).unwrap();
        let diary = Arc::new(Diary::default());
        let observer: Arc<dyn Observer> = Arc::clone(&diary) as _;
        let revision_key = MasterKey::random().subkey(Purpose::Revision);
        let opening = Opening { name: "google".into(), role, revision_key, observer, quotas: Quotas::default() };
        Self { store: fitted(settings.open(opening).await.unwrap(), role), fake, diary }
    }

    pub async fn read(&self, name: &str) -> Result<Option<Record>, Error> {
        self.store.read(&[RemoteKey::new(name)]).await.remove(0)
    }

    pub async fn stat(&self, name: &str) -> Option<Listed> {
        self.store.stat(&[RemoteKey::new(name)]).await.remove(0).unwrap()
    }

    pub async fn write(&self, name: &str, text: &str, expect: &Expect) -> Result<u64, Error> {
        let revision = self.store.write(&RemoteKey::new(name), &entry(text), expect).await?;
        Ok(revision.as_str().parse().unwrap())
    }

    /// The text that a name reads.
    pub async fn text(&self, name: &str) -> String {
        match self.read(name).await.unwrap().unwrap().content {
            Content::Value(value) => value.expose().to_owned(),
            other => panic!("{name}: {other:?}"),
        }
    }

    /// How many versions a secret has.
    pub fn versions(&self, name: &str) -> usize {
        self.fake.with(|google| google.secrets.secret(name).map_or(0, |secret| secret.versions.len()))
    }

    /// What is said of a secret beside its versions.
    pub fn field(&self, name: &str, field: &str) -> Value {
        self.fake.with(|google| google.secrets.secret(name).unwrap().fields.get(field).cloned().unwrap_or_default())
    }

    /// The codes of all that was found, in order.
    pub fn codes(&self) -> Vec<&'static str> {
        self.diary.0.lock().unwrap().iter().map(|finding| finding.code).collect()
    }
}

pub fn mark() -> Mark {
    let name = MarkedName::Whole(SecretName::new(Kind::Variable, "x"));
    Mark { ledger: "6f1c2a0e-0000-4000-8000-000000000001".into(), job: "job".into(), name }
}

pub fn entry(text: &str) -> Entry {
    let token = RequestToken("6f1c2a0e-0000-4000-8000-000000000002".into());
    Entry { kind: Kind::Variable, value: text.into(), mark: Some(mark()), description: None, token }
}

#[tokio::test]
async fn names_that_ask_for_something_else_never_reach_the_wire() {
    let place = Place::new(Role::Target, "").await;
    let long = "n".repeat(256);
    for name in
        ["", ".", "..", "../deletedsecrets", "a%2Fb", "x:access", "x:destroy", "a/b_c", "a?b", "ä", "a b", &long]
    {
        let key = RemoteKey::new(name);
        let refusals = [
            place.read(name).await.map(drop),
            place.store.stat(std::slice::from_ref(&key)).await.remove(0).map(drop),
            place.write(name, "text", &Expect::Absent).await.map(drop),
            place.write(name, "text", &Expect::Anything).await.map(drop),
            place.store.delete(&key, &Expect::Anything).await.map(drop),
            place.store.claim(&key, &mark(), &Expect::Anything).await.map(drop),
        ];
        for refusal in refusals {
            assert_eq!(refusal.unwrap_err().kind, ErrorKind::Invalid, "{name:.20}");
        }
    }
    assert_eq!(place.fake.counts(), [].into(), "something was asked");
    place.write("plain-Name_1", "text", &Expect::Absent).await.unwrap();
    assert!(!place.fake.counts().is_empty(), "the fake counts");
}

#[tokio::test]
async fn values_are_kept_to_the_last_byte_or_refused() {
    let place = Place::new(Role::Target, "").await;
    let largest = "ü".repeat(32_768);
    let texts = ["x", " both ", "a\r\nb\n", "***", "Grüße 日本 🎉", "-----BEGIN KEY-----\nMII\n", &largest];
    for (number, text) in texts.into_iter().enumerate() {
        let name = format!("n{number}");
        place.write(&name, text, &Expect::Absent).await.unwrap();
        assert_eq!(place.text(&name).await, text);
        assert_eq!(place.fake.with(|google| google.secrets.text(&name).map(str::to_owned)).as_deref(), Some(text));
    }
    assert!(!place.fake.counts().is_empty(), "the fake counts");
    for (text, kind) in [(String::new(), ErrorKind::Invalid), (format!("{largest}x"), ErrorKind::TooLarge)] {
        let refusal = place.write("refused", &text, &Expect::Absent).await.unwrap_err();
        assert_eq!(refusal.kind, kind);
    }
    assert_eq!(place.fake.counts(), [].into(), "a value that does not fit was sent");
}

#[tokio::test]
async fn a_newest_version_that_cannot_be_read_is_neither_absent_nor_an_older_one() {
    let place = Place::new(Role::Target, "").await;
    for (given, expected) in [(Given::Disabled, State::Disabled), (Given::Destroyed, State::Destroyed)] {
        let name = given.name();
        place.fake.with(|google| {
            google.secrets.put(name, "older");
            google.secrets.put(name, "newer");
            google.secrets.set_state(name, given);
        });
        let record = place.read(name).await.unwrap().unwrap();
        assert_eq!(record.listed.state, expected);
        assert_eq!(record.listed.revision.as_ref().map(|revision| revision.as_str()), Some("2"));
        assert!(matches!(record.content, Content::Nothing));
        assert_eq!(place.stat(name).await.unwrap().state, expected);
    }
}

#[tokio::test]
async fn no_secret_and_no_version_are_two_things() {
    let place = Place::new(Role::Target, "").await;
    place.fake.with(|google| google.secrets.put_empty("empty"));
    assert!(place.read("none").await.unwrap().is_none());
    assert!(place.stat("none").await.is_none());
    let record = place.read("empty").await.unwrap().unwrap();
    assert_eq!(record.listed.state, State::Empty);
    assert_eq!(place.stat("empty").await.unwrap().state, State::Empty);
    place.fake.with(|google| google.denied.insert("secretmanager.versions.access".to_owned()));
    assert_eq!(place.read("none").await.unwrap_err().kind, ErrorKind::Denied, "refused is not absent");
}

#[tokio::test]
async fn a_value_that_is_not_as_it_was_kept_is_an_error() {
    let place = Place::new(Role::Target, "").await;
    place.write("name", "text", &Expect::Absent).await.unwrap();
    place.fake.with(|google| google.secrets.secret_mut("name").unwrap().versions[0].checksum ^= 1);
    let error = place.read("name").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unexpected);
    assert!(error.context.contains("CRC32C"), "{error}");
}

#[tokio::test]
async fn bytes_are_nobodys_text() {
    let fake = SecretManager::start_open();
    fake.with(|google| google.secrets.put_bytes("airflow-variables-b", &[0xff, 0xfe]));
    let place = Place::of(fake, Role::Target, "").await;
    let record = place.read("airflow-variables-b").await.unwrap().unwrap();
    assert_eq!(record.listed.state, State::Managed(Manager::Bytes));
    let place = Place::of(place.fake, Role::Source, "").await;
    let record = place.read("airflow-variables-b").await.unwrap().unwrap();
    assert!(matches!(record.content, Content::Quarantined(Quarantine::Malformed(_))));
}

#[tokio::test]
async fn a_listing_has_what_is_in_scope_and_says_who_keeps_it() {
    let place = Place::new(Role::Target, "config-prefix = false").await;
    place.write("airflow-variables-ours", "text", &Expect::Absent).await.unwrap();
    place.fake.with(|google| {
        for name in ["airflow-variables-x", "airflow-connections-c", "airflow-config-c", "other", "airflow-variables"] {
            google.secrets.put(name, "text");
        }
        google.secrets.put("airflow-variables-r", "text");
        let rotated = &mut google.secrets.secret_mut("airflow-variables-r").unwrap().fields;
        rotated.insert("rotation".into(), json!({"nextRotationTime": "2099-01-01T00:00:00Z"}));
        let expiring = &mut google.secrets.secret_mut("airflow-variables-x").unwrap().fields;
        expiring.insert("expireTime".into(), json!("2099-01-01T00:00:00Z"));
    });
    let listed = place.store.list(&Scope { kinds: vec![Kind::Variable, Kind::Config] }).await.unwrap();
    let seen: Vec<_> = listed.iter().map(|listed| (listed.key.as_str(), listed.state, listed.mark.is_some())).collect();
    let expected = [
        ("airflow-variables-ours", State::Live, true),
        ("airflow-variables-r", State::Managed(Manager::Rotation), false),
        ("airflow-variables-x", State::Live, false),
    ];
    assert_eq!(seen, expected);
    assert_eq!(place.codes(), ["secrets-expire"]);
    let all = place.store.list(&Scope { kinds: vec![Kind::Connection] }).await.unwrap();
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn a_listing_tells_when_a_secret_was_made_and_a_look_when_its_newest_version_was() {
    let place = Place::new(Role::Source, "").await;
    let name = "airflow-variables-x";
    let [made, first, second] = [1_500_000_000, 1_500_000_001, 1_600_000_000].map(|at| Timestamp::from_second(at).ok());
    place.fake.with(|google| {
        google.secrets.put(name, "one");
        google.secrets.put(name, "two");
        let secret = google.secrets.secret_mut(name).unwrap();
        secret.created = made.unwrap();
        (secret.versions[0].created, secret.versions[1].created) = (first.unwrap(), second.unwrap());
    });
    let listed = place.store.list(&Scope { kinds: vec![Kind::Variable] }).await.unwrap();
    assert_eq!(listed[0].changed, made, "of versions a listing knows nothing");
    assert_eq!(place.stat(name).await.unwrap().changed, second);
    assert_eq!(place.read(name).await.unwrap().unwrap().listed.changed, None, "a value comes without a time");
}

#[tokio::test]
async fn a_secret_is_made_where_and_how_the_table_says() {
    const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";
    let rows = [
        (String::new(), json!({"automatic": {}})),
        (format!("kms-key = {KEY:?}"), json!({"automatic": {"customerManagedEncryption": {"kmsKeyName": KEY}}})),
        (
            "replication = [\"europe-west6\", \"us-east1\"]".to_owned(),
            json!({"userManaged": {"replicas": [{"location": "europe-west6"}, {"location": "us-east1"}]}}),
        ),
    ];
    for (more, expected) in rows {
        let place = Place::new(Role::Target, &more).await;
        place.write("name", "text", &Expect::Absent).await.unwrap();
        assert_eq!(place.field("name", "replication"), expected, "{more}");
        assert_eq!(place.field("name", "labels"), json!({"managed-by": "secretferry"}));
        assert_eq!(place.stat("name").await.unwrap().mark, Some(mark()));
    }
}

#[tokio::test]
async fn regional_secrets_are_made_and_read_in_their_location() {
    let place = Place::new(Role::Target, "location = \"europe-west6\"").await;
    place.write("airflow-variables-a", "text", &Expect::Absent).await.unwrap();
    let keys: Vec<String> = place.fake.with(|google| google.secrets.all().map(|secret| secret.key.clone()).collect());
    assert_eq!(keys, ["locations/europe-west6/secrets/airflow-variables-a"]);
    assert_eq!(place.text("airflow-variables-a").await, "text");
    let listed = place.store.list(&Scope { kinds: vec![Kind::Variable] }).await.unwrap();
    assert_eq!(listed.len(), 1);
}
