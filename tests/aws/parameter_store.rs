//! Parameter Store on moto, beyond what the contract asks of every store: calls, tags, tiers, types, history.

use std::collections::BTreeMap;
use std::sync::Arc;

use secretferry::model::{
    Blind, Effect, ErrorKind, Kind, Mark, MarkedName, MasterKey, Purpose, RemoteKey, Revision, Scope, SecretName,
    SecretValue,
};
use secretferry::provider::aws::parameter_store::ParameterStoreSettings;
use secretferry::provider::{
    Entry, Error, Expect, Opening, Quotas, RequestToken, Role, Store, StoreSettings as _, registry,
};
use secretferry::settings::read_table;
use serde_json::json;

use crate::moto::{self, Moto};

/// A store on `moto` in the layers of its role, with `more` lines in its table.
async fn store(moto: &Moto, role: Role, more: &str) -> Store {
    let store = store_at(&moto.address, "test", role, more).await;
    // The key is read at the first login.
    let _ = store.stat(&[variable("warm-up")]).await;
    moto.counts().await;
    store
}

/// A store at an address, entered with an access key.
pub async fn store_at(address: &str, access_key: &str, role: Role, more: &str) -> Store {
    let files = tempfile::tempdir().unwrap();
    let key = files.path().join("key");
    std::fs::write(&key, access_key).unwrap();
    let table = format!(
        r#"
        region = "{}"
        endpoint-url = {address:?}
        auth = {{ method = "static", access-key-id = {{ file = {key:?} }}, secret-access-key = {{ file = {key:?} }} }}
        pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}
        {more}
        "#,
        moto::REGION
    );
    let settings: ParameterStoreSettings = read_table(table.parse().unwrap()).unwrap();
    assert_eq!(settings.faults(), []);
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening =
        Opening { name: "ssm".into(), role, revision_key, observer: Arc::new(Blind), quotas: Quotas::default() };
    let store = registry::open(&settings, opening).await.unwrap();
    // The key is read at the first login.
    let _ = store.stat(&[variable("warm-up")]).await;
    store
}

pub fn variable(id: &str) -> RemoteKey {
    RemoteKey::new(format!("/airflow/variables/{id}"))
}

pub fn entry(text: &str) -> Entry {
    let token = RequestToken(uuid::Uuid::new_v4().to_string());
    Entry { kind: Kind::Variable, value: SecretValue::from(text), mark: Some(mark("x")), description: None, token }
}

pub fn mark(id: &str) -> Mark {
    let name = MarkedName::Whole(SecretName::new(Kind::Variable, id));
    Mark { ledger: "11111111-2222-3333-4444-555555555555".into(), job: "test".into(), name }
}

pub fn everything() -> Scope {
    Scope { kinds: Kind::ALL.to_vec() }
}

pub async fn revision(store: &Store, key: &RemoteKey) -> Revision {
    let looked = store.stat(std::slice::from_ref(key)).await.remove(0).unwrap().unwrap();
    looked.revision.unwrap()
}

async fn text(moto: &Moto, key: &RemoteKey) -> String {
    let answer = moto.must("AmazonSSM.GetParameter", json!({"Name": key.as_str(), "WithDecryption": true})).await;
    answer["Parameter"]["Value"].as_str().unwrap().to_owned()
}

/// What `DescribeParameters` says of one parameter.
async fn described(moto: &Moto, key: &RemoteKey) -> serde_json::Value {
    let filter = json!([{"Key": "Name", "Option": "Equals", "Values": [key.as_str()]}]);
    moto.must("AmazonSSM.DescribeParameters", json!({"ParameterFilters": filter})).await["Parameters"][0].clone()
}

async fn tags(moto: &Moto, key: &RemoteKey) -> BTreeMap<String, String> {
    let body = json!({"ResourceType": "Parameter", "ResourceId": key.as_str()});
    let answer = moto.must("AmazonSSM.ListTagsForResource", body).await;
    let pair = |tag: &serde_json::Value| (tag["Key"].as_str().unwrap().into(), tag["Value"].as_str().unwrap().into());
    answer["TagList"].as_array().unwrap().iter().map(pair).collect()
}

fn calls(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    counts.iter().map(|(name, count)| (name.strip_prefix("AmazonSSM.").unwrap(), *count)).collect()
}

#[tokio::test]
async fn a_listing_costs_its_pages_and_no_call_a_key() {
    let moto = Moto::start();
    for number in 0..45 {
        moto.put_parameter(&format!("/airflow/variables/key_{number:03}"), "x").await;
    }
    for number in 0..20 {
        moto.put_parameter(&format!("/airflow/connections/key_{number:03}"), "x").await;
    }
    moto.put_parameter("/airflow/variables-too/key", "x").await;
    moto.put_parameter("/elsewhere", "x").await;
    let store = store(&moto, Role::Target, "").await;
    let listed = store.list(&everything()).await.unwrap();
    assert_eq!(listed.len(), 65);
    assert!(listed.iter().all(|listed| listed.revision.is_some()));
    // moto gives ten a page.
    assert_eq!(calls(&moto.counts().await), [("DescribeParameters", 7)]);
}

#[tokio::test]
async fn the_time_of_the_last_change_comes_with_listings_looks_and_values() {
    let moto = Moto::start();
    let key = variable("x");
    moto.put_parameter(key.as_str(), "x").await;
    let source = store(&moto, Role::Source, "").await;
    let listed = source.list(&everything()).await.unwrap().remove(0).changed;
    let looked = source.stat(std::slice::from_ref(&key)).await.remove(0).unwrap().unwrap().changed;
    let read = source.read(std::slice::from_ref(&key)).await.remove(0).unwrap().unwrap().listed.changed;
    assert_eq!(calls(&moto.counts().await), [("DescribeParameters", 1), ("GetParameters", 2)], "no call of its own");
    let said = (described(&moto, &key).await["LastModifiedDate"].as_f64().unwrap() * 1000.0).round();
    for changed in [listed, looked, read] {
        assert_eq!(changed.map(|changed| changed.as_millisecond() as f64), Some(said));
    }
}

#[tokio::test]
async fn a_source_reads_ten_a_call_and_asks_for_no_marks() {
    let moto = Moto::start();
    let keys: Vec<_> = (0..10).map(|number| variable(&format!("key_{number}"))).collect();
    for key in &keys {
        moto.put_parameter(key.as_str(), "x").await;
    }
    let source = store(&moto, Role::Source, "").await;
    assert!(source.read(&keys).await.into_iter().all(|answer| answer.unwrap().is_some()));
    assert_eq!(calls(&moto.counts().await), [("GetParameters", 1)]);
    let target = store(&moto, Role::Target, "").await;
    assert!(target.read(&keys).await.into_iter().all(|answer| answer.unwrap().is_some()));
    assert_eq!(calls(&moto.counts().await), [("GetParameters", 1), ("ListTagsForResource", 10)]);
}

#[tokio::test]
async fn a_create_costs_two_calls_and_an_update_six() {
    let moto = Moto::start();
    let store = store(&moto, Role::Target, "").await;
    let key = variable("a");
    let first = store.write(&key, &entry("one"), &Expect::Absent).await.unwrap();
    assert_eq!(calls(&moto.counts().await), [("GetParameters", 1), ("PutParameter", 1)]);
    store.write(&key, &entry("two"), &Expect::At(first)).await.unwrap();
    let expected = [("GetParameterHistory", 1), ("GetParameters", 2), ("ListTagsForResource", 2), ("PutParameter", 1)];
    assert_eq!(calls(&moto.counts().await), expected);
    assert_eq!(described(&moto, &key).await["Type"], "SecureString");
}

#[tokio::test]
async fn an_overwritten_key_gets_its_mark_in_a_call_of_its_own_and_keeps_the_tags_of_others() {
    let moto = Moto::start();
    let key = variable("theirs");
    moto.put_parameter(key.as_str(), "old").await;
    let body =
        json!({"ResourceType": "Parameter", "ResourceId": key.as_str(), "Tags": [{"Key": "team", "Value": "a"}]});
    moto.must("AmazonSSM.AddTagsToResource", body).await;
    let store = store(&moto, Role::Target, "").await;
    let at = Expect::At(revision(&store, &key).await);
    store.write(&key, &entry("new"), &at).await.unwrap();
    let tags = tags(&moto, &key).await;
    assert_eq!(tags["team"], "a");
    assert_eq!(Mark::find(tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))), Some(mark("x")));
    assert_eq!(text(&moto, &key).await, "new");
}

#[tokio::test]
async fn another_owners_mark_is_replaced_whole() {
    let moto = Moto::start();
    let store = store(&moto, Role::Target, "").await;
    let key = variable("a");
    // An id that does not fit a tag is spelled under another key of the mark.
    let odd = Entry { mark: Some(mark("ünïcödé")), ..entry("one") };
    let first = store.write(&key, &odd, &Expect::Absent).await.unwrap();
    store.claim(&key, &mark("x"), &Expect::At(first)).await.unwrap();
    let tags = tags(&moto, &key).await;
    assert!(tags.contains_key("secretferry-id") && !tags.contains_key("secretferry-id-b64"), "{tags:?}");
}

pub fn refusal(answer: Result<Revision, Error>) -> (ErrorKind, Effect, String) {
    let error = answer.unwrap_err();
    (error.kind, error.effect, error.explained())
}

#[tokio::test]
async fn what_aws_would_refuse_is_refused_before_any_call() {
    let moto = Moto::start();
    let rows = [
        ("", "x".repeat(4097), ErrorKind::TooLarge),
        (r#"tier = "advanced""#, "x".repeat(8193), ErrorKind::TooLarge),
        (r#"tier = "intelligent""#, "x".repeat(8193), ErrorKind::TooLarge),
        ("", String::new(), ErrorKind::Invalid),
        ("", "run on {{ ds }}".to_owned(), ErrorKind::Invalid),
    ];
    for (tier, value, expected) in rows {
        let store = store(&moto, Role::Target, tier).await;
        let (kind, effect, _) = refusal(store.write(&variable("a"), &entry(&value), &Expect::Absent).await);
        assert_eq!((kind, effect), (expected, Effect::None), "{tier} {} bytes", value.len());
        assert_eq!(moto.counts().await, BTreeMap::new());
    }
}

#[tokio::test]
async fn the_tier_is_asked_for_and_never_lowered() {
    let moto = Moto::start();
    let rows =
        [("", "Standard"), (r#"tier = "advanced""#, "Advanced"), (r#"tier = "intelligent""#, "Intelligent-Tiering")];
    for (number, (tier, expected)) in rows.into_iter().enumerate() {
        let store = store(&moto, Role::Target, tier).await;
        let key = variable(&format!("key_{number}"));
        store.write(&key, &entry("x"), &Expect::Absent).await.unwrap();
        assert_eq!(described(&moto, &key).await["Tier"], expected);
    }
    let advanced = variable("key_1");
    let standard = store(&moto, Role::Target, "").await;
    let at = Expect::At(revision(&standard, &advanced).await);
    standard.write(&advanced, &entry("y"), &at).await.unwrap();
    assert_eq!(described(&moto, &advanced).await["Tier"], "Advanced");
}

#[tokio::test]
async fn a_plain_string_is_read_and_never_overwritten() {
    let moto = Moto::start();
    for (id, kind) in [("plain", "String"), ("list", "StringList")] {
        let key = variable(id);
        moto.must("AmazonSSM.PutParameter", json!({"Name": key.as_str(), "Value": "a,b", "Type": kind})).await;
        let store = store(&moto, Role::Target, "").await;
        let at = Expect::At(revision(&store, &key).await);
        let (kind, effect, said) = refusal(store.write(&key, &entry("new"), &at).await);
        assert_eq!((kind, effect), (ErrorKind::Invalid, Effect::None));
        assert!(said.contains("never changes a parameter's type") && said.contains("delete the parameter"), "{said}");
        assert_eq!(text(&moto, &key).await, "a,b");
    }
}

#[tokio::test]
async fn a_deleted_and_recreated_parameter_is_another_one() {
    let moto = Moto::start();
    let store = store(&moto, Role::Target, "").await;
    let key = variable("a");
    let first = store.write(&key, &entry("one"), &Expect::Absent).await.unwrap();
    moto.must("AmazonSSM.DeleteParameter", json!({"Name": key.as_str()})).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    moto.put_parameter(key.as_str(), "theirs").await;
    let again = revision(&store, &key).await;
    let number = |revision: &Revision| revision.as_str().split('@').next().unwrap().to_owned();
    assert_eq!((number(&first), number(&again)), ("1".to_owned(), "1".to_owned()));
    assert_ne!(first, again);
    assert!(!store.keeps(&[(key.clone(), first.clone())]).await.remove(0).unwrap());
    let (kind, ..) = refusal(store.write(&key, &entry("two"), &Expect::At(first.clone())).await);
    assert_eq!(kind, ErrorKind::Conflict);
    let (kind, ..) = refusal(store.restore(&key, &first, &Expect::Anything).await);
    assert_eq!(kind, ErrorKind::Unsupported);
    assert_eq!(text(&moto, &key).await, "theirs");
}

#[tokio::test]
async fn an_older_version_comes_back_as_the_newest_and_labels_stay() {
    let moto = Moto::start();
    let store = store(&moto, Role::Target, "").await;
    let key = variable("a");
    let first = store.write(&key, &entry("one"), &Expect::Absent).await.unwrap();
    let second = store.write(&key, &entry("two"), &Expect::At(first.clone())).await.unwrap();
    let body = json!({"Name": key.as_str(), "ParameterVersion": 2, "Labels": ["blue"]});
    moto.must("AmazonSSM.LabelParameterVersion", body).await;
    let third = store.restore(&key, &first, &Expect::At(second)).await.unwrap();
    assert_eq!(third, revision(&store, &key).await);
    assert_eq!(text(&moto, &key).await, "one");
    let history = moto.must("AmazonSSM.GetParameterHistory", json!({"Name": key.as_str()})).await;
    let labels: Vec<_> = history["Parameters"].as_array().unwrap().iter().map(|past| past["Labels"].clone()).collect();
    assert_eq!(labels, [json!([]), json!(["blue"]), json!([])]);
    // The newest is not written again.
    moto.counts().await;
    assert_eq!(store.restore(&key, &third, &Expect::Anything).await.unwrap(), third);
    assert_eq!(calls(&moto.counts().await), [("GetParameterHistory", 1)]);
}

#[tokio::test]
async fn a_labelled_hundredth_version_is_explained() {
    let moto = Moto::start();
    let key = variable("a");
    for _ in 0..100 {
        moto.put_parameter(key.as_str(), "x").await;
    }
    let body = json!({"Name": key.as_str(), "ParameterVersion": 1, "Labels": ["first"]});
    moto.must("AmazonSSM.LabelParameterVersion", body).await;
    let store = store(&moto, Role::Target, "").await;
    let at = Expect::At(revision(&store, &key).await);
    let (_, effect, said) = refusal(store.write(&key, &entry("y"), &at).await);
    assert_eq!(effect, Effect::None);
    assert!(said.contains("label"), "{said}");
    // All hundred of them are looked at, two pages long.
    moto.counts().await;
    let newest = revision(&store, &key).await;
    moto.counts().await;
    assert!(store.keeps(&[(key, newest)]).await.remove(0).unwrap());
    assert_eq!(calls(&moto.counts().await), [("GetParameterHistory", 2)]);
}

fn faults(more: &str) -> Vec<String> {
    let settings: ParameterStoreSettings = read_table(more.parse().unwrap()).unwrap();
    settings.faults().iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect()
}

#[test]
fn every_fault_of_a_table_is_named() {
    let rows = [
        ("connections-prefix = \"/air flow\"", "connections-prefix: it has a character that AWS does not take"),
        ("variables-prefix = \"/a//b\"", "variables-prefix: it has an empty level"),
        ("config-prefix = \"AWS/x\"", "config-prefix: it begins with aws or ssm"),
        ("variables-prefix = \"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o\"", "variables-prefix: it has more than 14 levels"),
        ("variables-lookup-pattern = \"(?!x)\"", "variables-lookup-pattern:"),
        ("kms-key-id = \" \"", "kms-key-id: the key is empty"),
        ("pace = { write = 0 }", "pace.write: the pace must be more than 0"),
    ];
    for (more, expected) in rows {
        let found = faults(more);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{more}: {found:?}");
    }
    let all = [rows[0].0, rows[2].0, rows[5].0].join("\n");
    assert_eq!(faults(&all).len(), 3, "all at once");
    for fine in ["connections-prefix = \"\"", "variables-prefix = false", "config-prefix = \"airflow/config/\""] {
        assert_eq!(faults(fine), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn the_manuals_table_is_sound() {
    let manual = include_str!("../../src/provider/aws/parameter_store/README.md");
    let block = manual.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let mut table: toml::Table = block.parse().unwrap();
    let mut store = table["stores"].as_table_mut().unwrap()["parameters"].as_table().unwrap().clone();
    assert_eq!(store.remove("kind").unwrap().as_str(), Some("aws-parameter-store"));
    assert_eq!(read_table::<ParameterStoreSettings>(store).unwrap().faults(), []);
}

#[test]
fn what_costs_money_or_is_spelled_otherwise_is_said() {
    let said = |more: &str| {
        let settings: ParameterStoreSettings = read_table(more.parse().unwrap()).unwrap();
        settings.remarks("ssm").iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(said("region = \"eu-central-1\""), Vec::<&str>::new());
    assert_eq!(said("region = \"eu-central-1\"\ntier = \"advanced\""), ["advanced-tier"]);
    assert_eq!(said("region = \"eu-central-1\"\ntier = \"intelligent\""), ["advanced-tier"]);
    assert_eq!(said("region = \"eu-central-1\"\nvariables-prefix = \"/x/\""), ["prefix-slash"]);
}
