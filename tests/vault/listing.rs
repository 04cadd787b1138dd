//! Listings: folders, prefixes, several mounts, and mounts of several segments.

use std::collections::BTreeSet;

use secretferry::model::{ErrorKind, Kind, Scope};
use secretferry::provider::Expect;
use serde_json::{Value, json};

use crate::server::{Vault, shared, unique};
use crate::shop::{Shop, root};

async fn put(server: &Vault, path: &str) {
    server.must("POST", path, json!({"data": {"value": "x"}})).await;
}

async fn listed(shop: &Shop, kind: Kind) -> Vec<String> {
    let listed = shop.store.list(&Scope { kinds: vec![kind] }).await.unwrap();
    listed.into_iter().map(|listed| listed.key.as_str().to_owned()).collect()
}

#[tokio::test]
async fn folders_are_walked_and_a_name_can_be_both() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let shop = root(server, &format!("mount = {mount:?}\nwidth = 4")).await;
    assert_eq!(shop.list().await.unwrap(), Vec::<String>::new());
    let mut expected =
        BTreeSet::from(["variables/a".to_owned(), "variables/a/b".to_owned(), "variables/a/b/c".to_owned()]);
    expected.extend((0..60).map(|number| format!("variables/f{}/g/k{number}", number % 12)));
    for key in &expected {
        put(server, &format!("{mount}/data/{key}")).await;
    }
    put(server, &format!("{mount}/data/elsewhere/x")).await;
    assert_eq!(shop.list().await.unwrap(), expected.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn prefixes_are_lists_bare_nested_or_off() {
    let server = shared().await;
    let mount = server.mount(2).await;
    for key in ["air/new/c", "air/old/c", "air/vars/v", "top"] {
        put(server, &format!("{mount}/data/{key}")).await;
    }
    let table = "connections-path = [\"air/new\", \"air/old/\"]\nvariables-path = \"\"\nconfig-path = false";
    let shop = root(server, &format!("mount = {mount:?}\n{table}")).await;
    assert_eq!(listed(&shop, Kind::Connection).await, ["air/new/c", "air/old/c"]);
    assert_eq!(listed(&shop, Kind::Variable).await, ["air/vars/v", "top"], "bare: all that is nobody else's");
    assert_eq!(listed(&shop, Kind::Config).await, Vec::<String>::new());
    assert_eq!(shop.list().await.unwrap(), ["air/new/c", "air/old/c", "air/vars/v", "top"], "each once");
}

#[tokio::test]
async fn a_mount_of_several_segments() {
    let server = shared().await;
    let mount = format!("{}/airflow/kv", unique("team"));
    server.mount_at(&mount, 2).await;
    let shop = root(server, &format!("mount = \"{mount}/\"")).await;
    shop.write("connections/c", "{}", &Expect::Absent).await.unwrap();
    assert_eq!(shop.list().await.unwrap(), ["connections/c"]);
    let (status, _) = server.ask("GET", &format!("{mount}/data/connections/c"), Value::Null).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn without_a_mount_the_first_segment_names_it() {
    let server = Vault::start(&[]);
    server.mount_at("one", 1).await;
    server.mount_at("first", 2).await;
    server.mount_at("second", 2).await;
    server.mount_at("deep/er", 2).await;
    put(&server, "first/data/connections/c1").await;
    put(&server, "second/data/connections/c2").await;
    put(&server, "second/data/unrelated").await;
    put(&server, "deep/er/data/connections/c3").await;
    server.must("POST", "one/connections/c4", json!({"value": "x"})).await;
    let shop = root(&server, "mount = \"\"").await;
    assert_eq!(shop.list().await.unwrap(), ["first/connections/c1", "second/connections/c2"]);
    shop.write("first/connections/new", "{\"a\":\"b\"}", &Expect::Absent).await.unwrap();
    assert_eq!(shop.text("first/connections/new").await.unwrap(), "{\"a\":\"b\"}");
    // The other version's API would put it somewhere else.
    let error = shop.write("one/connections/new", "{}", &Expect::Anything).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let (_, names) = server.ask("LIST", "one/", Value::Null).await;
    assert_eq!(names["data"]["keys"], json!(["connections/"]));
}

#[tokio::test]
async fn a_denied_folder_is_an_error_and_not_a_shorter_listing() {
    let server = shared().await;
    let mount = server.mount(2).await;
    put(server, &format!("{mount}/data/variables/a")).await;
    put(server, &format!("{mount}/data/variables/secret/b")).await;
    let hcl = format!("path \"{mount}/metadata/variables/\" {{ capabilities = [\"list\"] }}");
    let token = server.token_with(&hcl, json!({})).await;
    let shop = crate::shop::opened(
        &server.address,
        &token,
        &format!("mount = {mount:?}\nconnections-path = false\nconfig-path = false"),
    )
    .await
    .unwrap();
    let error = shop.list().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    let remedy = error.remedy.unwrap();
    assert!(
        remedy.contains(&format!("path \"{mount}/metadata/variables/secret/*\" {{ capabilities = [\"list\"] }}")),
        "{remedy}"
    );
}
