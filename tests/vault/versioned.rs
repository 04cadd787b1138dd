//! KV v2: values, versions, states, compare-and-set, deletes and the way back; and how many calls each takes.

use secretferry::model::{Effect, ErrorKind, Family, RemoteKey, Revision, State};
use secretferry::provider::{Content, Expect};
use serde_json::{Value, json};

use crate::server::shared;
use crate::shop::{Shop, mark, root};

async fn shop() -> (Shop, String) {
    let server = shared().await;
    let mount = server.mount(2).await;
    (root(server, &format!("mount = {mount:?}")).await, mount)
}

#[tokio::test]
async fn a_value_keeps_every_byte() {
    let (shop, _) = shop().await;
    let texts = [
        r#"{"value":""}"#,
        r#"{}"#,
        r#"{"large":9007199254740992,"list":[1,{"a":-2.5}],"null":null,"small":1e-7,"true":true}"#,
        r#"{"value":"tab\tnewline\n quote\" back\\slash é 🦀 \u0000 <&>"}"#,
    ];
    for text in texts {
        shop.write("variables/v", text, &Expect::Anything).await.unwrap();
        let read = shop.text("variables/v").await.unwrap();
        let values = [text, &read].map(|text| serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(values[0], values[1]);
    }
}

#[tokio::test]
async fn numbers_that_vault_would_change_are_refused() {
    let (shop, mount) = shop().await;
    for number in ["9007199254740993", "1.0", "1E5"] {
        let text = format!("{{\"n\":{number}}}");
        let error = shop.write("variables/v", &text, &Expect::Absent).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Invalid, Effect::None), "{number}");
        // The reason still holds: Vault itself does not give back what it was given.
        let body = json!({"data": serde_json::from_str::<Value>(&text).unwrap()});
        shared().await.must("POST", &format!("{mount}/data/variables/other"), body).await;
        assert_ne!(shop.text("variables/other").await.unwrap(), text);
    }
    // What somebody else wrote is read as it stands.
    let body = json!({"data": {"a": 0.1, "b": 1e30}});
    shared().await.must("POST", &format!("{mount}/data/variables/other"), body).await;
    assert_eq!(shop.text("variables/other").await.unwrap(), r#"{"a":0.1,"b":1e+30}"#);
}

#[tokio::test]
async fn nasty_names_round_trip() {
    let (shop, _) = shop().await;
    let names = [
        "a b", "a?b", "a#b", "a%2Fb", "a%b", "a+b", "é/ü", "...", "a\\b", "a;b=c&d", "tr ", "100%", "~a", "a*", "日本",
        "a:b@c",
    ];
    for (number, name) in names.iter().enumerate() {
        let text = format!("{{\"value\":\"{number}\"}}");
        shop.write(&format!("variables/{name}"), &text, &Expect::Absent).await.unwrap();
    }
    for (number, name) in names.iter().enumerate() {
        let expected = format!("{{\"value\":\"{number}\"}}");
        assert_eq!(shop.text(&format!("variables/{name}")).await, Some(expected), "{name}");
    }
    let mut expected: Vec<_> = names.iter().map(|name| format!("variables/{name}")).collect();
    expected.sort();
    assert_eq!(shop.list().await.unwrap(), expected);
}

#[tokio::test]
async fn names_that_a_url_would_bend_are_refused_before_any_request() {
    let (shop, mount) = shop().await;
    shop.diary.calls();
    for key in ["variables/../x", "variables//x", "variables/.", "/x", "variables/x/"] {
        let error = shop.write(key, "{}", &Expect::Anything).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Invalid, Effect::None), "{key}");
        assert_eq!(shop.read(key).await.unwrap_err().kind, ErrorKind::Invalid);
        assert_eq!(shop.stat(key).await.unwrap_err().kind, ErrorKind::Invalid);
    }
    assert_eq!(shop.diary.calls(), []);
    assert_eq!(shared().await.ask("LIST", &format!("{mount}/metadata/"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn every_state_is_told_apart() {
    let (shop, mount) = shop().await;
    let server = shared().await;
    let key = "variables/k";
    let state = async |expected: Option<State>| {
        let read = shop.read(key).await.unwrap();
        let stat = shop.stat(key).await.unwrap();
        assert_eq!(read.as_ref().map(|record| record.listed.state), expected);
        assert_eq!(read.as_ref().map(|record| record.listed.clone()), stat, "read and stat agree");
        let holds = read.is_some_and(|record| matches!(record.content, Content::Value(_)));
        assert_eq!(holds, expected == Some(State::Live));
    };
    state(None).await;
    server.must("POST", &format!("{mount}/metadata/{key}"), json!({"custom_metadata": {"team": "x"}})).await;
    state(Some(State::Empty)).await;
    server.must("POST", &format!("{mount}/data/{key}"), json!({"data": {"value": "1"}})).await;
    state(Some(State::Live)).await;
    server.must("POST", &format!("{mount}/delete/{key}"), json!({"versions": [1]})).await;
    state(Some(State::Deleted)).await;
    server.must("POST", &format!("{mount}/destroy/{key}"), json!({"versions": [1]})).await;
    state(Some(State::Destroyed)).await;
    server.must("DELETE", &format!("{mount}/metadata/{key}"), Value::Null).await;
    state(None).await;
}

#[tokio::test]
async fn a_deletion_that_is_still_to_come_is_none() {
    let (shop, mount) = shop().await;
    let body = json!({"delete_version_after": "1h"});
    shared().await.must("POST", &format!("{mount}/metadata/variables/k"), body).await;
    shop.write("variables/k", "{}", &Expect::Anything).await.unwrap();
    assert_eq!(shop.stat("variables/k").await.unwrap().unwrap().state, State::Live);
}

#[tokio::test]
async fn every_change_behind_our_back_is_another_revision() {
    let (shop, mount) = shop().await;
    let server = shared().await;
    let mut seen: Vec<Revision> = vec![shop.write("variables/k", "{}", &Expect::Absent).await.unwrap()];
    let changes = [
        ("data", json!({"data": {}})),
        ("delete", json!({"versions": [2]})),
        ("undelete", json!({"versions": [2]})),
        ("destroy", json!({"versions": [2]})),
    ];
    for (area, body) in changes {
        server.must("POST", &format!("{mount}/{area}/variables/k"), body).await;
        let revision = shop.stat("variables/k").await.unwrap().unwrap().revision.unwrap();
        // A deletion taken back leaves the version as it was.
        assert_eq!(seen.contains(&revision), area == "undelete", "{area}");
        if area == "data" || area == "delete" || area == "destroy" {
            seen.push(revision);
        }
        if area == "data" {
            assert_eq!(shop.read("variables/k").await.unwrap().unwrap().listed.revision, seen.last().cloned());
        }
    }
    server.must("POST", &format!("{mount}/metadata/variables/k"), json!({"custom_metadata": {"a": "b"}})).await;
    let after = shop.stat("variables/k").await.unwrap().unwrap().revision;
    assert_eq!(after, seen.last().cloned(), "metadata is no version");
}

#[tokio::test]
async fn a_write_meets_another_state_than_expected() {
    let (shop, mount) = shop().await;
    let server = shared().await;
    let first = shop.write("variables/k", "{\"value\":\"1\"}", &Expect::Absent).await.unwrap();
    let second = shop.write("variables/k", "{\"value\":\"2\"}", &Expect::At(first.clone())).await.unwrap();
    let holding = |text: &str| Expect::Holding(text.into());
    let refused = [Expect::Absent, Expect::At(first), Expect::Deleted(second.clone()), holding("{\"value\":\"1\"}")];
    for expect in refused {
        let error = shop.write_marked("variables/k", "{\"value\":\"x\"}", &expect).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Conflict, Effect::None), "{expect:?}");
    }
    assert_eq!(shop.text("variables/k").await.unwrap(), "{\"value\":\"2\"}");
    assert_eq!(shop.stat("variables/k").await.unwrap().unwrap().mark, None, "a refused write marks nothing");
    let third = shop.write("variables/k", "{\"value\":\"3\"}", &holding("{\"value\":\"2\"}")).await.unwrap();
    assert_ne!(third, second);
    server.must("POST", &format!("{mount}/delete/variables/k"), json!({"versions": [3]})).await;
    let error = shop.write("variables/k", "{}", &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "a soft-deleted name is in the way");
    let deleted = shop.stat("variables/k").await.unwrap().unwrap().revision.unwrap();
    shop.write("variables/k", "{}", &Expect::Deleted(deleted)).await.unwrap();
    assert_eq!(shop.text("variables/k").await.unwrap(), "{}");
}

#[tokio::test]
async fn a_delete_is_soft_and_of_the_expected_version() {
    let (shop, _) = shop().await;
    let key = RemoteKey::new("variables/k");
    let first = shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    let second = shop.write("variables/k", "{}", &Expect::At(first.clone())).await.unwrap();
    let error = shop.store.delete(&key, &Expect::At(first)).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Conflict, Effect::None));
    assert_eq!(shop.stat("variables/k").await.unwrap().unwrap().state, State::Live);
    let left = shop.store.delete(&key, &Expect::At(second)).await.unwrap();
    let stat = shop.stat("variables/k").await.unwrap().unwrap();
    assert_eq!((stat.state, stat.revision), (State::Deleted, left));
    assert_eq!(shop.store.delete(&RemoteKey::new("variables/none"), &Expect::Anything).await.unwrap(), None);
}

#[tokio::test]
async fn the_way_back() {
    let (shop, mount) = shop().await;
    let server = shared().await;
    let key = RemoteKey::new("variables/k");
    let first = shop.write("variables/k", "{\"value\":\"1\"}", &Expect::Absent).await.unwrap();
    let second = shop.write("variables/k", "{\"value\":\"2\"}", &Expect::At(first.clone())).await.unwrap();
    let third = shop.store.restore(&key, &first, &Expect::At(second.clone())).await.unwrap();
    assert_eq!(shop.text("variables/k").await.unwrap(), "{\"value\":\"1\"}");
    let left = shop.store.delete(&key, &Expect::At(third.clone())).await.unwrap().unwrap();
    assert_eq!(
        shop.store.restore(&key, &third, &Expect::Deleted(left)).await.unwrap(),
        third,
        "the deletion is undone"
    );
    // An old version that is soft-deleted itself.
    server.must("POST", &format!("{mount}/delete/variables/k"), json!({"versions": [2]})).await;
    let fourth = shop.store.restore(&key, &second, &Expect::At(third)).await.unwrap();
    assert_eq!(shop.text("variables/k").await.unwrap(), "{\"value\":\"2\"}");
    server.must("POST", &format!("{mount}/destroy/variables/k"), json!({"versions": [1]})).await;
    let error = shop.store.restore(&key, &first, &Expect::At(fourth.clone())).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Unsupported, Effect::None));
    let error = shop.store.restore(&key, &second, &Expect::At(first)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
}

#[tokio::test]
async fn each_operation_takes_as_many_calls_as_it_says() {
    use Family::{Delete, List, Read, Stat, Write};
    let (shop, _) = shop().await;
    let key = RemoteKey::new("variables/k");
    shop.diary.calls();
    let first = shop.write_marked("variables/k", "{}", &Expect::Absent).await.unwrap();
    assert_eq!(shop.diary.calls(), [Write, Write], "create: value, mark");
    shop.write("variables/unmarked", "{}", &Expect::Absent).await.unwrap();
    assert_eq!(shop.diary.calls(), [Write], "create without a mark");
    let second = shop.write_marked("variables/k", "{}", &Expect::At(first)).await.unwrap();
    assert_eq!(shop.diary.calls(), [Write], "update");
    shop.stat("variables/k").await.unwrap();
    assert_eq!(shop.diary.calls(), [Stat]);
    shop.read("variables/k").await.unwrap();
    assert_eq!(shop.diary.calls(), [Read]);
    assert_eq!(shop.read("variables/none").await.unwrap().map(|_| ()), None);
    assert_eq!(shop.diary.calls(), [Read, Stat], "an absent key is told from an empty name");
    shop.store.claim(&key, &mark("two"), &Expect::At(second.clone())).await.unwrap();
    assert_eq!(shop.diary.calls(), [Stat, Write], "claim");
    shop.list().await.unwrap();
    assert_eq!(shop.diary.calls(), [List, List, List], "one a folder");
    shop.store.delete(&key, &Expect::At(second)).await.unwrap();
    assert_eq!(shop.diary.calls(), [Stat, Delete, Stat], "delete: look, delete, the revision left");
}

#[tokio::test]
async fn a_look_and_a_value_tell_when_the_current_version_was_written() {
    let (shop, mount) = shop().await;
    for text in ["1", "2"] {
        shop.write("variables/k", &format!("{{\"value\":\"{text}\"}}"), &Expect::Anything).await.unwrap();
    }
    let path = format!("{mount}/metadata/variables/k");
    let (_, answer) = shared().await.ask("GET", &path, Value::Null).await;
    let versions = &answer["data"]["versions"];
    let time = |number: &str| versions[number]["created_time"].as_str().and_then(|time| time.parse().ok());
    assert!(time("2") > time("1") && time("1").is_some(), "{versions}");
    let newest: Option<jiff::Timestamp> = time("2");
    shop.diary.calls();
    assert_eq!(shop.stat("variables/k").await.unwrap().unwrap().changed, newest);
    assert_eq!(shop.read("variables/k").await.unwrap().unwrap().listed.changed, newest);
    assert_eq!(shop.diary.calls().len(), 2, "no call of its own");
}
