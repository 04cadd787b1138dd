//! Faults of the real server: sealed, throttled, gone, wrong mount, wrong version.

use secretferry::model::{Effect, ErrorKind, Kind};
use secretferry::provider::Expect;
use serde_json::{Value, json};

use crate::server::{Vault, shared, unique};
use crate::shop::{opened, root};

#[tokio::test]
async fn a_sealed_vault_is_unavailable_without_effect() {
    let server = Vault::start(&[]);
    server.mount_at("kv", 2).await;
    let shop = root(&server, "mount = \"kv\"\ntimeout = \"2s\"").await;
    server.must("PUT", "sys/seal", Value::Null).await;
    let error = shop.write("variables/k", "{}", &Expect::Absent).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Unavailable, Effect::None));
    assert!(error.context.contains("sealed") && error.remedy.unwrap().contains("unseal"));
    let findings = shop.store.check(secretferry::provider::Role::Target, &Kind::ALL).await;
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["sealed"]);
    server.must("PUT", "sys/unseal", json!({"key": server.unseal_key})).await;
    shop.write("variables/k", "{}", &Expect::Absent).await.unwrap();
}

#[tokio::test]
async fn a_quota_is_waited_out() {
    let server = Vault::start(&[]);
    server.mount_at("kv", 2).await;
    let shop = root(&server, "mount = \"kv\"").await;
    let quota = json!({"path": "kv/", "rate": 2, "interval": "1s"});
    server.must("POST", "sys/quotas/rate-limit/slow", quota).await;
    for number in 0..6 {
        shop.write(&format!("variables/k{number}"), "{}", &Expect::Absent).await.unwrap();
    }
    assert!(shop.diary.waits() > 0, "nobody waited");
}

#[tokio::test]
async fn a_wrong_address_is_said_with_its_remedy() {
    for address in ["http://127.0.0.1:1", "http://localhost:1"] {
        let error = opened(address, "hvs.x", "timeout = \"2s\"").await.err().unwrap();
        assert_eq!((error.kind, error.effect), (ErrorKind::Unavailable, Effect::None));
        assert!(error.context.contains("refused"), "{error:?}");
        assert!(error.remedy.unwrap().contains("address"));
    }
}

#[tokio::test]
async fn the_version_is_found_out_and_a_wrong_one_refused() {
    let server = shared().await;
    let (one, two) = (server.mount(1).await, server.mount(2).await);
    for (mount, versions) in [(&one, [true, false]), (&two, [false, true])] {
        let found = root(server, &format!("mount = {mount:?}")).await;
        assert_eq!(found.store.capabilities().history, versions[1]);
        for (version, right) in [1, 2].into_iter().zip(versions) {
            let table = format!("mount = {mount:?}\nkv-version = {version}");
            match opened(&server.address, &server.token, &table).await {
                Ok(_) => assert!(right, "{table}"),
                Err(error) => {
                    assert!(!right && error.kind == ErrorKind::Invalid, "{error:?}");
                    assert!(error.remedy.unwrap().contains("kv-version"));
                }
            }
        }
    }
}

#[tokio::test]
async fn wrong_mounts_are_refused_before_anything_is_read_from_them() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let rows = [
        (unique("nothing"), ErrorKind::Denied, "kv-version"),
        (format!("{mount}/airflow"), ErrorKind::Invalid, "connections-path"),
        ("cubbyhole".to_owned(), ErrorKind::Invalid, "vault secrets list"),
    ];
    for (mount, kind, hint) in rows {
        let error = opened(&server.address, &server.token, &format!("mount = {mount:?}")).await.err().unwrap();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.remedy.clone().unwrap().contains(hint), "{:?}", error.remedy);
    }
    // Who insists on a version gets as far as the first request, and is told there.
    let nothing = unique("nothing");
    let shop = root(server, &format!("mount = {nothing:?}\nkv-version = 2")).await;
    let error = shop.list().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.context.contains("no handler for route"), "{error:?}");
    let error = shop.read("variables/k").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid, "nothing mounted is not absent");
}

#[tokio::test]
async fn what_a_wrong_version_answers_is_never_absent() {
    // A mount that was upgraded after it was opened.
    let server = shared().await;
    let mount = server.mount(1).await;
    let shop = root(server, &format!("mount = {mount:?}")).await;
    shop.write("variables/k", "{\"value\":\"x\"}", &Expect::Anything).await.unwrap();
    server.must("POST", &format!("sys/mounts/{mount}/tune"), json!({"options": {"version": "2"}})).await;
    for _ in 0..60 {
        match shop.read("variables/k").await {
            Err(error) if error.context.contains("versioned") => {
                assert_eq!(error.kind, ErrorKind::Invalid);
                assert!(error.remedy.unwrap().contains("kv-version"));
                return;
            }
            // While Vault is about it.
            Err(error) => assert!(matches!(error.kind, ErrorKind::Invalid | ErrorKind::Unavailable), "{error:?}"),
            Ok(record) => assert!(record.is_some(), "the key was said to be absent"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the mount was never upgraded");
}

#[tokio::test]
async fn limits_are_ours_before_they_are_vaults() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let shop = root(server, &format!("mount = {mount:?}")).await;
    let limit = shop.store.capabilities().max_value.unwrap();
    let text = |length: usize| format!("{{\"value\":\"{}\"}}", "x".repeat(length - 12));
    shop.diary.calls();
    let error = shop.write_marked("variables/k", &text(limit + 1), &Expect::Absent).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::TooLarge, Effect::None));
    assert_eq!(shop.diary.calls(), [], "nothing was sent");
    shop.write("variables/k", &text(limit), &Expect::Absent).await.unwrap();
    assert_eq!(shop.text("variables/k").await.unwrap().len(), limit);
    let error = shop.write("variables/k", "[1]", &Expect::Anything).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Invalid, Effect::None));
}

#[tokio::test]
async fn names_that_vault_refuses_are_invalid() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let shop = root(server, &format!("mount = {mount:?}")).await;
    let error = shop.write("variables/a\u{a0}b", "{}", &Expect::Absent).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Invalid, Effect::None));
    assert!(error.remedy.unwrap().contains("printed"));
}
