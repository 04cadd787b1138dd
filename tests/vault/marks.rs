//! Ownership marks: beside other people's metadata, never on other people's keys, and not at any price.

use secretferry::model::{ErrorKind, RemoteKey, Severity, State};
use secretferry::provider::Expect;
use serde_json::{Value, json};

use crate::server::{Vault, shared};
use crate::shop::{Shop, entry, mark, opened, root};

async fn shop() -> (Shop, &'static Vault, String) {
    let server = shared().await;
    let mount = server.mount(2).await;
    (root(server, &format!("mount = {mount:?}")).await, server, mount)
}

async fn custom(server: &Vault, mount: &str, key: &str) -> Value {
    server.must("GET", &format!("{mount}/metadata/{key}"), Value::Null).await["data"]["custom_metadata"].clone()
}

#[tokio::test]
async fn a_value_that_is_refused_leaves_no_mark() {
    let (shop, server, mount) = shop().await;
    let hcl = format!(
        "path \"{mount}/metadata/*\" {{ capabilities = [\"create\", \"update\", \"patch\", \"read\", \"list\"] }}"
    );
    let token = server.token_with(&hcl, json!({})).await;
    let poor = opened(&server.address, &token, &format!("mount = {mount:?}")).await.unwrap();
    let error = poor.write_marked("variables/k", "{}", &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(shop.stat("variables/k").await.unwrap(), None);
}

#[tokio::test]
async fn an_empty_name_with_a_mark_counts_as_absent_and_keeps_it() {
    let (shop, server, mount) = shop().await;
    shop.write_marked("variables/other", "{}", &Expect::Absent).await.unwrap();
    let ours = custom(server, &mount, "variables/other").await;
    server.must("POST", &format!("{mount}/metadata/variables/k"), json!({ "custom_metadata": ours })).await;
    let seen = shop.stat("variables/k").await.unwrap().unwrap();
    assert_eq!((seen.state, seen.mark), (State::Empty, Some(mark("one"))));
    shop.write_marked("variables/k", "{}", &Expect::Absent).await.unwrap();
    let read = shop.read("variables/k").await.unwrap().unwrap().listed;
    assert_eq!((read.state, read.mark), (State::Live, Some(mark("one"))));
}

#[tokio::test]
async fn other_peoples_metadata_is_kept() {
    let (shop, server, mount) = shop().await;
    let theirs = json!({"custom_metadata": {"team": "data"}, "max_versions": 3, "cas_required": true});
    server.must("POST", &format!("{mount}/metadata/variables/empty"), theirs.clone()).await;
    shop.write_marked("variables/empty", "{}", &Expect::Absent).await.unwrap();
    server.must("POST", &format!("{mount}/data/variables/live"), json!({"data": {"value": "x"}})).await;
    server.must("POST", &format!("{mount}/metadata/variables/live"), theirs).await;
    let revision = shop.stat("variables/live").await.unwrap().unwrap().revision.unwrap();
    let claimed =
        shop.store.claim(&RemoteKey::new("variables/live"), &mark("old"), &Expect::At(revision.clone())).await;
    assert_eq!(claimed.unwrap(), revision, "a claim is no new version");
    shop.write_marked("variables/live", "{}", &Expect::At(revision)).await.unwrap();
    for key in ["variables/empty", "variables/live"] {
        let metadata = server.must("GET", &format!("{mount}/metadata/{key}"), Value::Null).await["data"].clone();
        assert_eq!(metadata["custom_metadata"]["team"], "data", "{key}");
        assert_eq!((&metadata["max_versions"], &metadata["cas_required"]), (&json!(3), &json!(true)), "{key}");
        assert_eq!(shop.stat(key).await.unwrap().unwrap().mark, Some(mark("one")), "{key}");
    }
}

#[tokio::test]
async fn an_older_mark_of_another_spelling_leaves_nothing_behind() {
    let (shop, server, mount) = shop().await;
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    let old = json!({"custom_metadata": {
        "managed-by": "secretferry", "secretferry-mark": "1", "secretferry-ledger": "x", "secretferry-job": "y",
        "secretferry-id-sha256": "00", "team": "data",
    }});
    server.must("POST", &format!("{mount}/metadata/variables/k"), old).await;
    shop.write_marked("variables/k", "{}", &Expect::Anything).await.unwrap();
    assert_eq!(shop.stat("variables/k").await.unwrap().unwrap().mark, Some(mark("one")));
    let custom = custom(server, &mount, "variables/k").await;
    assert_eq!((custom.get("secretferry-id-sha256"), &custom["team"]), (None, &json!("data")));
}

#[tokio::test]
async fn a_key_that_is_there_already_is_not_touched() {
    let (shop, server, mount) = shop().await;
    server.must("POST", &format!("{mount}/data/variables/k"), json!({"data": {"value": "theirs"}})).await;
    server.must("POST", &format!("{mount}/metadata/variables/k"), json!({"custom_metadata": {"team": "data"}})).await;
    let error = shop.write_marked("variables/k", "{}", &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(custom(server, &mount, "variables/k").await, json!({"team": "data"}));
    assert_eq!(shop.text("variables/k").await.unwrap(), "{\"value\":\"theirs\"}");
}

#[tokio::test]
async fn of_two_that_create_one_key_the_loser_leaves_no_mark() {
    let (shop, server, mount) = shop().await;
    let other = root(server, &format!("mount = {mount:?}")).await;
    for round in 0..20 {
        let key = format!("variables/k{round}");
        let key = RemoteKey::new(&*key);
        let (one, two) = (entry("{\"v\":\"one\"}", Some(mark("one"))), entry("{\"v\":\"two\"}", None));
        let (ours, theirs) = tokio::join!(
            shop.store.write(&key, &one, &Expect::Absent),
            other.store.write(&key, &two, &Expect::Absent),
        );
        assert_ne!(ours.is_ok(), theirs.is_ok(), "exactly one wins");
        let seen = shop.stat(key.as_str()).await.unwrap().unwrap();
        assert_eq!(seen.mark, ours.is_ok().then(|| mark("one")), "round {round}");
    }
}

#[tokio::test]
async fn without_the_right_keys_are_written_unmarked_and_it_is_said_once() {
    let (_, server, mount) = shop().await;
    let hcl = format!("path \"{mount}/data/*\" {{ capabilities = [\"create\", \"read\", \"update\"] }}");
    let token = server.token_with(&hcl, json!({})).await;
    let poor = opened(&server.address, &token, &format!("mount = {mount:?}")).await.unwrap();
    for number in 0..3 {
        let key = format!("variables/k{number}");
        let revision = poor.write_marked(&key, "{\"v\":\"1\"}", &Expect::Absent).await.unwrap();
        poor.write_marked(&key, "{\"v\":\"2\"}", &Expect::At(revision)).await.unwrap();
        assert_eq!(poor.text(&key).await.unwrap(), "{\"v\":\"2\"}");
    }
    let findings = poor.diary.findings();
    assert_eq!(
        findings.iter().map(|finding| (finding.severity, finding.code)).collect::<Vec<_>>(),
        [(Severity::Warning, "marks-refused")]
    );
    assert!(findings[0].remedy.as_ref().unwrap().contains(&format!("{mount}/metadata/variables/*")));
    let error = poor.stat("variables/k0").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "denied is not absent");
    assert!(
        error
            .remedy
            .unwrap()
            .contains(&format!("path \"{mount}/metadata/variables/*\" {{ capabilities = [\"read\"] }}"))
    );
}

#[tokio::test]
async fn without_patch_the_pairs_are_merged_by_hand() {
    let (shop, server, mount) = shop().await;
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    server.must("POST", &format!("{mount}/metadata/variables/k"), json!({"custom_metadata": {"team": "data"}})).await;
    let hcl = format!(
        "path \"{mount}/data/*\" {{ capabilities = [\"create\", \"read\", \"update\"] }}
         path \"{mount}/metadata/*\" {{ capabilities = [\"create\", \"read\", \"update\", \"list\"] }}"
    );
    let token = server.token_with(&hcl, json!({})).await;
    let poor = opened(&server.address, &token, &format!("mount = {mount:?}")).await.unwrap();
    poor.write_marked("variables/k", "{}", &Expect::Anything).await.unwrap();
    assert_eq!(shop.stat("variables/k").await.unwrap().unwrap().mark, Some(mark("one")));
    assert_eq!(custom(server, &mount, "variables/k").await["team"], "data");
    assert_eq!(poor.diary.findings(), []);
}
