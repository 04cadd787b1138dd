//! The life of our token, with leases of seconds.

use std::time::Duration;

use jiff::Timestamp;
use secretferry::model::{ErrorKind, Family, Kind, Upkeep};
use secretferry::provider::{Expect, Role};
use serde_json::{Value, json};

use crate::server::{Vault, all_of, shared};
use crate::shop::{Shop, open_with, opened, write_file};

async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// A store that logs in with an AppRole; gives the mount of the engine and of the method too.
async fn with_approle(settings: Value) -> (Shop, String, String) {
    let server = shared().await;
    let mount = server.mount(2).await;
    let (method, role, role_id) = server.approle(&all_of(&mount), settings).await;
    let secret_id = server.secret_id(&method, &role).await;
    let shop = open_approle(server, &mount, &method, &role_id, &secret_id, "").await.unwrap();
    (shop, mount, method)
}

async fn open_approle(
    server: &Vault,
    mount: &str,
    method: &str,
    role_id: &str,
    secret_id: &str,
    more: &str,
) -> Result<Shop, secretferry::provider::Error> {
    let files = tempfile::tempdir().unwrap();
    let role_file = write_file(&files, "role-id", &format!("{role_id}\n"));
    let secret_file = write_file(&files, "secret-id", &format!("{secret_id}\n"));
    let table = format!(
        "address = {:?}\nmount = {mount:?}\nauth = {{ method = \"approle\", mount = {method:?}, \
         role-id = {{ file = {role_file:?} }}, secret-id = {{ file = {secret_file:?} }}{more} }}",
        server.address
    );
    open_with(&table, files).await
}

#[tokio::test]
async fn an_approle_logs_in_once_and_renews_at_half_of_its_lease() {
    let (shop, _, _) = with_approle(json!({"token_ttl": "4s", "token_max_ttl": "60s"})).await;
    assert_eq!(shop.diary.calls(), [Family::Auth, Family::Auth], "login, mount");
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    assert_eq!(shop.diary.calls(), [Family::Write]);
    for _ in 0..2 {
        pause(3).await;
        shop.read("variables/k").await.unwrap();
        assert_eq!(shop.diary.calls(), [Family::Auth, Family::Read], "one renewal");
    }
}

#[tokio::test]
async fn near_its_maximum_a_token_is_replaced() {
    let (shop, _, _) = with_approle(json!({"token_ttl": "6s", "token_max_ttl": "7s"})).await;
    shop.diary.calls();
    pause(5).await;
    assert_eq!(shop.read("variables/k").await.unwrap().map(|_| ()), None);
    assert_eq!(shop.diary.calls()[..2], [Family::Auth, Family::Auth], "a renewal that gives little, a login");
    pause(3).await;
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
}

#[tokio::test]
async fn many_calls_share_one_login() {
    let (shop, mount, method) = with_approle(json!({"token_ttl": "60s"})).await;
    let server = shared().await;
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    shop.diary.calls();
    // Revokes every token of the method behind our back.
    server.must("POST", &format!("sys/leases/revoke-prefix/auth/{method}"), Value::Null).await;
    let reads = futures::future::join_all((0..16).map(|_| shop.read("variables/k"))).await;
    assert!(reads.iter().all(|read| read.as_ref().unwrap().is_some()));
    let logins = shop.diary.calls().iter().filter(|family| **family == Family::Auth).count();
    assert!(logins <= 3, "{logins} calls for one new token in {mount}");
}

#[tokio::test]
async fn a_refusal_of_a_live_token_is_denied_and_logs_in_no_more() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let hcl = format!("path \"{mount}/data/connections/*\" {{ capabilities = [\"read\"] }}");
    let token = server.token_with(&hcl, json!({})).await;
    let shop = opened(&server.address, &token, &format!("mount = {mount:?}")).await.unwrap();
    shop.diary.calls();
    let error = shop.read("variables/k").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    let expected = format!("path \"{mount}/data/variables/*\" {{ capabilities = [\"read\"] }}");
    assert!(error.remedy.as_ref().unwrap().contains(&expected), "{error:?} {:?}", error.remedy);
    assert_eq!(shop.diary.calls(), [Family::Read, Family::Auth]);
    assert_eq!(
        shop.read("connections/none").await.unwrap().map(|_| ()),
        None,
        "what it may read is absent, not denied"
    );
}

#[tokio::test]
async fn a_dead_token_that_nobody_replaces_is_named() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let token = server.token_with(&all_of(&mount), json!({})).await;
    let shop = opened(&server.address, &token, &format!("mount = {mount:?}")).await.unwrap();
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    server.must("POST", "auth/token/revoke", json!({"token": token})).await;
    let error = shop.read("variables/k").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.context.contains("expired or revoked"), "{error:?}");
    assert!(!format!("{error:?} {:?}", error.remedy).contains(&token));
}

#[tokio::test]
async fn a_token_file_is_read_again_when_its_token_dies() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let first = server.token_with(&all_of(&mount), json!({})).await;
    let files = tempfile::tempdir().unwrap();
    let file = write_file(&files, "agent-token", &format!("  {first}\n"));
    let table = format!(
        "address = {:?}\nmount = {mount:?}\nauth = {{ method = \"token-file\", path = {file:?} }}",
        server.address
    );
    let shop = open_with(&table, files).await.unwrap();
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    let second = server.token_with(&all_of(&mount), json!({})).await;
    std::fs::write(&file, &second).unwrap();
    server.must("POST", "auth/token/revoke", json!({"token": first})).await;
    assert!(shop.read("variables/k").await.unwrap().is_some());
    assert_eq!(shop.diary.token().unwrap().upkeep, Upkeep::Others);
}

#[tokio::test]
async fn who_sees_to_a_token_that_ends_is_told_with_its_last_end() {
    let server = shared().await;
    let mount = server.mount(2).await;
    // A token of ours by what Vault is told of it: who sees to it, and how many minutes are left.
    let rows = [
        (json!({"ttl": "40m", "renewable": false}), Upkeep::Nobody, Some(40)),
        (json!({"ttl": "40m", "explicit_max_ttl": "70m"}), Upkeep::Nobody, Some(70)),
        (json!({"ttl": "40m"}), Upkeep::Ours, Some(40)),
        (json!({"period": "40m"}), Upkeep::Ours, Some(40)),
    ];
    for (more, upkeep, minutes) in rows {
        let token = server.token_with(&all_of(&mount), more.clone()).await;
        let shop = opened(&server.address, &token, &format!("mount = {mount:?}")).await.unwrap();
        let life = shop.diary.token().unwrap();
        let left = life.left(Timestamp::now()).map(|left| (left.as_secs() + 30) / 60);
        assert_eq!((life.upkeep, left), (upkeep, minutes), "{more}");
    }
    let (shop, _, _) = with_approle(json!({"token_ttl": "40m", "token_max_ttl": "40m"})).await;
    assert_eq!(shop.diary.token().unwrap().upkeep, Upkeep::Ours, "it logs in again");
}

#[tokio::test]
async fn a_token_with_an_end_is_somebodys_business_until_another_lies_in_its_place() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let files = tempfile::tempdir().unwrap();
    let first = server.token_with(&all_of(&mount), json!({"ttl": "4s", "explicit_max_ttl": "30s"})).await;
    let file = write_file(&files, "token", &first);
    let table = format!(
        "address = {:?}\nmount = {mount:?}\nauth = {{ method = \"token\", token = {{ file = {file:?} }} }}",
        server.address
    );
    let shop = open_with(&table, files).await.unwrap();
    pause(3).await;
    assert!(shop.read("variables/k").await.unwrap().is_none(), "it was renewed");
    assert_eq!(shop.diary.token().unwrap().upkeep, Upkeep::Nobody);
    std::fs::write(&file, "hvs.of-nobody").unwrap();
    shop.store.check(Role::Target, &Kind::ALL).await;
    assert_eq!(shop.diary.token().unwrap().upkeep, Upkeep::Nobody, "a token that is dead is not taken up");
    std::fs::write(&file, server.token_with(&all_of(&mount), json!({"period": "1h"})).await).unwrap();
    shop.store.check(Role::Target, &Kind::ALL).await;
    assert_eq!(shop.diary.token().unwrap().upkeep, Upkeep::Ours, "a check takes up what lies there now");
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_to_its_end() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let token = server.token_with(&all_of(&mount), json!({"ttl": "4s", "renewable": false})).await;
    let shop = opened(&server.address, &token, &format!("mount = {mount:?}")).await.unwrap();
    pause(3).await;
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    pause(2).await;
    assert_eq!(shop.read("variables/k").await.unwrap_err().kind, ErrorKind::Denied);
}

#[tokio::test]
async fn a_token_that_may_not_look_at_itself_works_all_the_same() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let hcl = format!("path \"{mount}/data/connections/*\" {{ capabilities = [\"read\", \"create\"] }}");
    let token = server.token_with(&hcl, json!({"no_default_policy": true})).await;
    let shop = opened(&server.address, &token, &format!("mount = {mount:?}\nkv-version = 2")).await.unwrap();
    shop.write("connections/c", "{}", &Expect::Absent).await.unwrap();
    let error = shop.read("variables/k").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.remedy.unwrap().contains("/data/variables/*"), "the refusal stands, whoever the token is");
    shop.read("connections/c").await.unwrap();
}

#[tokio::test]
async fn a_wrapped_secret_id_is_unwrapped_once_and_serves_every_login() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let (method, role, role_id) = server.approle(&all_of(&mount), json!({"token_ttl": "60s"})).await;
    let wrapped = wrap(server, &format!("auth/{method}/role/{role}/secret-id")).await;
    let shop = open_approle(server, &mount, &method, &role_id, &wrapped, ", wrapped = true").await.unwrap();
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
    server.must("POST", &format!("sys/leases/revoke-prefix/auth/{method}"), Value::Null).await;
    assert!(shop.read("variables/k").await.unwrap().is_some(), "logged in again with what was unwrapped");
    let error = open_approle(server, &mount, &method, &role_id, &wrapped, ", wrapped = true").await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.remedy.unwrap().contains("was used before"));
}

#[tokio::test]
async fn a_swapped_wrapping_token_is_refused() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let (method, _, role_id) = server.approle(&all_of(&mount), json!({})).await;
    let swapped = wrap(server, "auth/token/create").await;
    let error = open_approle(server, &mount, &method, &role_id, &swapped, ", wrapped = true").await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.context.contains("auth/token/create"), "{error:?}");
}

async fn wrap(server: &Vault, path: &str) -> String {
    let request = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).build().unwrap();
    let answer = request
        .post(format!("{}/v1/{path}", server.address))
        .header("x-vault-token", &server.token)
        .header("x-vault-wrap-ttl", "5m")
        .body("{}")
        .send()
        .await
        .unwrap();
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    answer["wrap_info"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_cannot_log_in_says_why() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let (method, role, role_id) = server.approle(&all_of(&mount), json!({})).await;
    let secret_id = server.secret_id(&method, &role).await;
    let rows = [
        (method.as_str(), role_id.as_str(), "wrong", ErrorKind::Denied, "secret-id"),
        (&method, "wrong", &secret_id, ErrorKind::Denied, "role-id"),
        ("nowhere", &role_id, &secret_id, ErrorKind::Denied, "auth"),
        (&method, &role_id, "a\u{7}b", ErrorKind::Invalid, ""),
    ];
    for (method, role_id, secret_id, kind, hint) in rows {
        let error = open_approle(server, &mount, method, role_id, secret_id, "").await.err().unwrap();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.remedy.clone().unwrap_or_default().contains(hint), "{error:?} {:?}", error.remedy);
        assert!(!format!("{error:?} {:?}", error.remedy).contains(secret_id), "{error:?}");
    }
    let error = opened(&server.address, "hvs.line\nbreak", "").await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Invalid, "no header could carry it");
    let error = opened(&server.address, "hvs.unknown", "").await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
}
