//! Secrets Manager on moto: what the contract's suite does not ask.

use std::sync::{Arc, Mutex};

use secretferry::model::{
    ErrorKind, Event, Finding, Kind, Listed, Manager, MasterKey, Observer, Purpose, RemoteKey, Revision, Scope,
    SecretValue, State,
};
use secretferry::provider::aws::secrets_manager::SecretsManagerSettings;
use secretferry::provider::layer::fitted;
use secretferry::provider::{Content, Entry, Expect, Opening, Quotas, RequestToken, Role, Store, StoreSettings as _};
use secretferry::settings::read_table;
use serde_json::{Value, json};

use crate::moto::{self, Moto, REGION};

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

impl Diary {
    /// The codes of all that was found, in order.
    pub fn codes(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().map(|finding| finding.code).collect()
    }
}

/// Opens a store below a prefix, in the layers of its role; the folder must live as long as it.
pub async fn open(address: &str, prefix: &str, role: Role, more: &str) -> (Store, Arc<Diary>, tempfile::TempDir) {
    let files = tempfile::tempdir().unwrap();
    let key = files.path().join("key");
    std::fs::write(&key, "test").unwrap();
    let table = format!(
        "endpoint-url = {address:?}\nregion = {REGION:?}\n\
         auth = {{ method = \"static\", access-key-id = {{ file = {key:?} }}, secret-access-key = {{ file = {key:?} }} }}\n\
         connections-prefix = \"{prefix}/connections\"\nvariables-prefix = \"{prefix}/variables\"\n\
         config-prefix = false\n{more}",
    );
    let settings: SecretsManagerSettings = read_table(table.parse().unwrap()).unwrap();
    let diary = Arc::new(Diary::default());
    let observer: Arc<dyn Observer> = Arc::clone(&diary) as _;
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening { name: "aws".into(), role, revision_key, observer, quotas: Quotas::default() };
    (fitted(settings.open(opening).await.unwrap(), role), diary, files)
}

/// One store below a prefix of its own, and who hears of it.
pub struct Place {
    server: &'static Moto,
    prefix: String,
    pub store: Store,
    diary: Arc<Diary>,
    _files: tempfile::TempDir,
}

impl Place {
    pub async fn target(more: &str) -> Self {
        Self::open(moto::shared().await, moto::unique("place"), Role::Target, more).await
    }

    pub async fn open(server: &'static Moto, prefix: String, role: Role, more: &str) -> Self {
        let (store, diary, files) = open(&server.address, &prefix, role, more).await;
        Self { server, prefix, store, diary, _files: files }
    }

    /// The same place, as a job's source.
    async fn source(&self) -> Self {
        Self::open(self.server, self.prefix.clone(), Role::Source, "").await
    }

    pub fn key(&self, id: &str) -> RemoteKey {
        RemoteKey::new(format!("{}/variables/{id}", self.prefix))
    }

    async fn raw(&self, operation: &str, body: Value) -> Value {
        self.server.must(&format!("secretsmanager.{operation}"), body).await
    }

    pub async fn described(&self, key: &RemoteKey) -> Value {
        self.raw("DescribeSecret", json!({"SecretId": key.as_str()})).await
    }

    async fn versions(&self, key: &RemoteKey) -> usize {
        let body = json!({"SecretId": key.as_str(), "IncludeDeprecated": true});
        self.raw("ListSecretVersionIds", body).await["Versions"].as_array().unwrap().len()
    }

    pub async fn write(&self, key: &RemoteKey, text: &str, expect: &Expect) -> Revision {
        self.store.write(key, &entry(text), expect).await.unwrap()
    }

    pub async fn stat(&self, key: &RemoteKey) -> Listed {
        self.store.stat(std::slice::from_ref(key)).await.remove(0).unwrap().unwrap()
    }

    async fn text(&self, key: &RemoteKey) -> Option<String> {
        let record = self.store.read(std::slice::from_ref(key)).await.remove(0).unwrap()?;
        match record.content {
            Content::Value(value) => Some(value.expose().to_owned()),
            Content::Nothing | Content::Quarantined(_) => None,
        }
    }

    pub async fn list(&self) -> Vec<Listed> {
        self.store.list(&Scope { kinds: Kind::ALL.to_vec() }).await.unwrap()
    }
}

/// An entry for a variable.
pub fn entry(text: &str) -> Entry {
    let token = RequestToken(uuid::Uuid::new_v4().to_string());
    Entry { kind: Kind::Variable, value: text.into(), mark: None, description: None, token }
}

#[tokio::test]
async fn a_step_that_is_repeated_makes_one_version() {
    let place = Place::target("").await;
    let key = place.key("repeated");
    let create = entry("one");
    let first = place.store.write(&key, &create, &Expect::Absent).await.unwrap();
    assert_eq!(first.as_str(), create.token.0, "the token becomes the version's id");
    assert_eq!(place.store.write(&key, &create, &Expect::Absent).await.unwrap(), first);
    let update = entry("two");
    let second = place.store.write(&key, &update, &Expect::At(first)).await.unwrap();
    assert_eq!(place.store.write(&key, &update, &Expect::Anything).await.unwrap(), second);
    assert_eq!(place.versions(&key).await, 2);
    let other_value = Entry { value: "three".into(), ..update };
    let refused = place.store.write(&key, &other_value, &Expect::Anything).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict, "one token never stands for two values: {refused}");
    assert_eq!(place.text(&key).await.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_create_carries_tags_description_and_key() {
    let place = Place::target("kms-key-id = \"alias/airflow\"").await;
    let key = place.key("described");
    let described = |text: &str, description: &str| Entry { description: Some(description.into()), ..entry(text) };
    let first = place.store.write(&key, &described("one", "the shop's database"), &Expect::Absent).await.unwrap();
    let seen = place.described(&key).await;
    assert_eq!(
        (seen["Description"].as_str(), seen["KmsKeyId"].as_str()),
        (Some("the shop's database"), Some("alias/airflow"))
    );

    let second = place.store.write(&key, &described("two", "the shop's new one"), &Expect::At(first)).await.unwrap();
    assert_eq!(place.described(&key).await["Description"], "the shop's new one");
    assert_eq!(place.versions(&key).await, 2, "value and description go in one call");
    place.write(&key, "three", &Expect::At(second)).await;
    let seen = place.described(&key).await;
    assert_eq!(seen["Description"], "the shop's new one", "no description leaves the one that is there");
    assert_eq!(seen["KmsKeyId"], "alias/airflow");
}

#[tokio::test]
async fn an_update_tags_only_what_is_not_tagged() {
    let server: &'static Moto = Box::leak(Box::new(Moto::start()));
    let place = Place::open(server, "p".into(), Role::Target, "").await;
    let marked = |text: &str| Entry { mark: Some(mark("x")), ..entry(text) };
    let (ours, bare) = (place.key("ours"), place.key("bare"));
    let first = place.store.write(&ours, &marked("one"), &Expect::Absent).await.unwrap();
    server.put_secret(bare.as_str(), "theirs").await;
    let theirs = place.stat(&bare).await.revision.unwrap();
    server.counts().await;

    place.store.write(&ours, &marked("two"), &Expect::At(first)).await.unwrap();
    let counts = server.counts().await;
    assert_eq!(counts.get("secretsmanager.TagResource"), None, "{counts:?}");
    assert_eq!(counts.values().sum::<u64>(), 2, "a look and a write: {counts:?}");
    place.store.write(&bare, &marked("ours now"), &Expect::At(theirs)).await.unwrap();
    assert_eq!(server.counts().await.get("secretsmanager.TagResource"), Some(&1));
    assert_eq!(place.stat(&bare).await.mark, Some(mark("x")));
}

/// A mark of ours.
pub fn mark(id: &str) -> secretferry::model::Mark {
    let name = secretferry::model::MarkedName::Whole(secretferry::model::SecretName::new(Kind::Variable, id));
    secretferry::model::Mark { ledger: "11111111-2222-3333-4444-555555555555".into(), job: "shop".into(), name }
}

#[tokio::test]
async fn what_is_scheduled_for_deletion_is_seen_and_taken_back_with_a_new_value() {
    let place = Place::target("recovery-window = 7").await;
    let key = place.key("deleted");
    let first = place.write(&key, "one", &Expect::Absent).await;
    place.raw("TagResource", json!({"SecretId": key.as_str(), "Tags": [{"Key": "team", "Value": "shop"}]})).await;
    let left = place.store.delete(&key, &Expect::At(first.clone())).await.unwrap();
    assert_eq!(left, Some(first.clone()));
    assert!(place.described(&key).await["DeletedDate"].is_number());
    let seen = place.list().await;
    assert_eq!(seen.iter().map(|listed| listed.state).collect::<Vec<_>>(), [State::Deleted]);

    let refused = place.store.write(&key, &entry("two"), &Expect::Absent).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(refused.explained().contains("scheduled for deletion"), "{}", refused.explained());
    assert!(refused.explained().contains("tombstone"), "{}", refused.explained());

    place.write(&key, "two", &Expect::Deleted(first)).await;
    assert_eq!(place.text(&key).await.as_deref(), Some("two"));
    let seen = place.described(&key).await;
    assert_eq!((seen["DeletedDate"].clone(), seen["Tags"][0]["Key"].as_str()), (Value::Null, Some("team")));
}

#[tokio::test]
async fn bytes_are_nobodys_to_write_over() {
    let place = Place::target("").await;
    let key = place.key("bytes");
    place.write(&place.key("text"), "text", &Expect::Absent).await;
    place
        .raw("CreateSecret", json!({"Name": key.as_str(), "SecretBinary": "AAEC", "ClientRequestToken": token()}))
        .await;
    let keys = [key.clone(), place.key("text")];
    for keys in [&keys[..1], &keys[..]] {
        let record = place.store.read(keys).await.remove(0).unwrap().unwrap();
        assert_eq!(record.listed.state, State::Managed(Manager::Bytes));
        let record = place.source().await.store.read(keys).await.remove(0).unwrap().unwrap();
        assert_eq!(record.listed.state, State::Live);
        assert!(matches!(record.content, Content::Quarantined(_)), "{record:?}");
    }
}

fn token() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[tokio::test]
async fn what_rotates_is_nobodys_to_write_over() {
    let place = Place::target("").await;
    let key = place.key("rotated");
    place.write(&key, "one", &Expect::Absent).await;
    let seen = place.stat(&key).await;
    let rotation = json!({
        "SecretId": key.as_str(), "ClientRequestToken": token(), "RotateImmediately": false,
        "RotationLambdaARN": format!("arn:aws:lambda:{REGION}:123456789012:function:rotate"),
        "RotationRules": {"AutomaticallyAfterDays": 30},
    });
    place.server.ask("secretsmanager.RotateSecret", rotation).await;
    let managed = State::Managed(Manager::Rotation);
    assert_eq!(place.stat(&key).await.state, managed);
    assert_eq!(place.list().await.remove(0).state, managed);
    for expect in [Expect::At(seen.revision.unwrap()), Expect::Anything] {
        let refused = place.store.write(&key, &entry("two"), &expect).await.unwrap_err();
        assert!(matches!(refused.kind, ErrorKind::Conflict | ErrorKind::Denied), "{refused}");
        place.store.delete(&key, &expect).await.unwrap_err();
    }
    assert_eq!(place.source().await.stat(&key).await.state, State::Live, "a source is only read");
}

#[tokio::test]
async fn a_name_without_a_version_is_there_and_can_be_filled() {
    let place = Place::target("").await;
    let key = place.key("empty");
    place.raw("CreateSecret", json!({"Name": key.as_str()})).await;
    assert_eq!(place.stat(&key).await.state, State::Empty);
    assert_eq!(place.text(&key).await, None);
    place.write(&key, "one", &Expect::Absent).await;
    assert_eq!(place.text(&key).await.as_deref(), Some("one"));
}

#[tokio::test]
async fn an_older_version_is_made_current_without_a_value_on_the_way() {
    let place = Place::target("").await;
    let key = place.key("older");
    let mut revisions = vec![place.write(&key, "0", &Expect::Absent).await];
    for number in 1..4 {
        let last = revisions.last().cloned().unwrap();
        revisions.push(place.write(&key, &number.to_string(), &Expect::At(last)).await);
    }
    let (oldest, newest) = (revisions[0].clone(), revisions[3].clone());
    let wanted: Vec<_> = revisions.iter().map(|revision| (key.clone(), revision.clone())).collect();
    for kept in place.store.keeps(&wanted).await {
        assert!(kept.unwrap());
    }
    let gone = Revision::new(token());
    assert!(!place.store.keeps(&[(key.clone(), gone.clone())]).await.remove(0).unwrap());
    let refused = place.store.restore(&key, &gone, &Expect::At(newest.clone())).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unsupported, "{refused}");

    assert_eq!(place.store.restore(&key, &oldest, &Expect::At(newest.clone())).await.unwrap(), oldest);
    assert_eq!(place.text(&key).await.as_deref(), Some("0"));
    assert_eq!(place.versions(&key).await, 4);

    place.store.delete(&key, &Expect::At(oldest.clone())).await.unwrap();
    place.store.restore(&key, &newest, &Expect::Deleted(oldest)).await.unwrap();
    assert_eq!(place.text(&key).await.as_deref(), Some("3"), "back from a deletion, and to another version");
}

#[tokio::test]
async fn nothing_there_but_beside_a_slash() {
    let server = moto::shared().await;
    let prefix = moto::unique("twin");
    let place = Place::open(server, format!("/{prefix}"), Role::Source, "").await;
    assert!(place.list().await.is_empty());
    assert!(place.diary.codes().is_empty(), "nothing lies beside it yet");
    server.put_secret(&format!("{prefix}/connections/shop"), "http://shop").await;
    assert!(place.list().await.is_empty());
    assert_eq!(place.diary.codes(), ["prefix-twin"]);
    let finding = place.diary.0.lock().unwrap().remove(0);
    let remedy = finding.remedy.unwrap();
    assert!(remedy.contains(&format!("connections-prefix = \"{prefix}/connections\"")), "{remedy}");
    let told = async || -> Vec<String> {
        let findings = place.store.check(Role::Source, &[Kind::Connection, Kind::Variable]).await;
        findings.into_iter().filter(|finding| finding.code == "prefix-twin").map(|finding| finding.message).collect()
    };
    assert!(told().await[0].starts_with("there are no connections under"));
    server.put_secret(&format!("/{prefix}/connections/own"), "http://own").await;
    assert_eq!(told().await, [""; 0], "where something lies, what lies beside it is somebody else's");
}

#[tokio::test]
async fn names_and_values_that_aws_refuses_are_not_sent() {
    let server: &'static Moto = Box::leak(Box::new(Moto::start()));
    let place = Place::open(server, "p".into(), Role::Target, "").await;
    let rows = [
        ("blank name".to_owned(), 1, ErrorKind::Invalid),
        ("x".repeat(600), 1, ErrorKind::Invalid),
        ("large".to_owned(), 65_537, ErrorKind::TooLarge),
        ("empty".to_owned(), 0, ErrorKind::Invalid),
    ];
    for (id, size, expected) in rows {
        let entry = Entry { value: SecretValue::new("x".repeat(size)), ..entry("") };
        let refused = place.store.write(&place.key(&id), &entry, &Expect::Absent).await.unwrap_err();
        assert_eq!(refused.kind, expected, "{refused}");
        assert!(refused.remedy.is_some(), "{refused}");
    }
    assert!(server.counts().await.is_empty(), "moto takes all of them, so none may reach it");
}

#[tokio::test]
async fn old_forms_are_read_but_never_written() {
    let table = format!("region = {REGION:?}\nlegacy = \"split\"");
    let settings: SecretsManagerSettings = read_table(table.parse().unwrap()).unwrap();
    let opening = |role| Opening {
        name: "aws".into(),
        role,
        revision_key: MasterKey::random().subkey(Purpose::Revision),
        observer: Arc::new(Diary::default()),
        quotas: Quotas::default(),
    };
    assert!(settings.open(opening(Role::Source)).await.is_ok());
    let refused = settings.open(opening(Role::Target)).await.unwrap_err();
    assert!(refused.explained().contains("leave legacy out"), "{}", refused.explained());
}

#[test]
fn the_manuals_table_is_sound() {
    let manuals = [
        ("secrets", include_str!("../../src/provider/aws/secrets_manager/README.md")),
        ("aws", include_str!("../../src/provider/aws/README.md")),
    ];
    for (name, manual) in manuals {
        let block = manual.split("```toml").nth(1).unwrap().split("```").next().unwrap();
        let mut table: toml::Table = block.parse().unwrap();
        let mut store = table["stores"].as_table_mut().unwrap()[name].as_table().unwrap().clone();
        assert_eq!(store.remove("kind").unwrap().as_str(), Some("aws-secrets-manager"));
        assert_eq!(read_table::<SecretsManagerSettings>(store).unwrap().faults(), [], "{name}");
    }
}
