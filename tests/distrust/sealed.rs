//! A Vault that is sealed before a run or in the middle of one, throttles, or is no active node.

use serde_json::{Value, json};

use crate::proxy::{Deed, Proxy};
use crate::vault::{Vault, shared};
use crate::world::{Setting, World};

const MANY: Setting<'_> = Setting { kv: 2, variables: 40, target: "", policy: "", job: "" };

#[tokio::test]
async fn sealed_before_the_run() {
    let vault = Vault::start(&[]);
    let world = World::new(&vault, Setting::default()).await;
    vault.must("PUT", "sys/seal", Value::Null).await;
    for command in [&["apply", "--yes"][..], &["plan"], &["verify"]] {
        world.ferry(command).await.with_code(1).telling(&["vault", "sealed", "vault operator unseal"]);
    }
    let check = world.ferry(&["check"]).await.with_code(3);
    assert!(check.out.contains("sealed") && check.out.contains("unseal"), "{check:?}");
    vault.must("PUT", "sys/unseal", json!({"key": vault.unseal_key})).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    world.holds(|_| 1).await;
    world.is_at_rest().await;
}

#[tokio::test]
async fn sealed_in_the_middle_of_a_run() {
    let vault = Vault::start(&[]);
    let world = World::new(&vault, MANY).await;
    let running = world.applying();
    world.proxy.seen("POST", 16).await;
    vault.must("PUT", "sys/seal", Value::Null).await;
    let ended = running.ended().await.with_code(1);
    let report = ended.json();
    assert_eq!(report["status"], "failed");
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("sealed") && error.contains("vault operator unseal"), "{error}");
    let count = |outcome: &str| report["counts"][outcome].as_u64().unwrap();
    assert!(count("created") > 0 && count("not-started") > 0, "{report:#}");
    let counted: u64 = ["created", "failed", "unknown", "not-started"].into_iter().map(count).sum();
    assert_eq!(counted, 42, "{report:#}");
    vault.must("PUT", "sys/unseal", json!({"key": vault.unseal_key})).await;
    world.apply().await.with_code(0);
    world.holds(|_| 1).await;
    world.is_at_rest().await;
}

#[tokio::test]
async fn a_small_quota_is_got_through_slowly() {
    for told in [false, true] {
        let vault = Vault::start(&[]);
        let world = World::new(&vault, Setting { variables: 8, ..Setting::default() }).await;
        vault.must("POST", "sys/quotas/config", json!({"enable_rate_limit_response_headers": told})).await;
        let quota = json!({"path": format!("{}/", world.mount), "rate": 5, "interval": "1s"});
        vault.must("POST", "sys/quotas/rate-limit/slow", quota).await;
        let ended = world.ferry(&["apply", "--yes", "--json", "-v"]).await.with_outcomes(0, &[("created", 10)]);
        assert!(ended.err.contains("waiting"), "the control: the quota was met: {}", ended.err);
        vault.must("DELETE", "sys/quotas/rate-limit/slow", Value::Null).await;
        world.holds(|_| 1).await;
        world.is_at_rest().await;
    }
}

#[tokio::test]
async fn a_throttle_that_asks_for_too_long_ends_the_run_with_those_words() {
    let world = World::new(shared().await, MANY).await;
    world.proxy.rule(|request| match request.changes("/data/") {
        true => Deed::Answer(429, vec![("retry-after", "3600".to_owned())], "{\"errors\":[]}".to_owned()),
        false => Deed::Pass,
    });
    let report = world.apply().await.with_code(1).json();
    let count = |outcome: &str| report["counts"][outcome].as_u64().unwrap();
    assert!((8..=11).contains(&count("failed")), "eight, and those that were in flight: {report:#}");
    assert_eq!(count("failed") + count("not-started"), 42);
    assert!(report["error"].as_str().unwrap().contains("wait of 3600s"), "{report:#}");
    world.proxy.pass();
    world.apply().await.with_outcomes(0, &[("created", 42)]);
    world.holds(|_| 1).await;
}

#[tokio::test]
async fn a_standby_sends_us_on_or_is_named() {
    let vault = shared().await;
    let active = Proxy::before(&vault.address).await;
    let world = World::new(vault, Setting::default()).await;
    let place = active.address.clone();
    world.proxy.rule(move |request| {
        let path = request.line.split(' ').nth(1).unwrap();
        Deed::Answer(307, vec![("location", format!("{place}{path}"))], String::new())
    });
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    assert!(active.count("POST") > 0 && active.received().iter().all(|one| one.headers.contains_key("x-vault-token")));
    world.holds(|_| 1).await;
    for status in [472, 473] {
        world.proxy.rule(move |_| Deed::Answer(status, Vec::new(), String::new()));
        world.ferry(&["apply", "--yes"]).await.with_code(1).telling(&["active node"]);
    }
    world.proxy.rule(|request| match request.line.contains("sys/health") {
        true => Deed::Answer(429, Vec::new(), String::new()),
        false => Deed::Pass,
    });
    let check = world.ferry(&["check", "vault"]).await;
    assert!(check.out.contains("standby"), "{check:?}");
    world.proxy.pass();
    world.is_at_rest().await;
}

#[tokio::test]
async fn every_request_names_the_namespace() {
    let target = "namespace = \"/team/a/\"";
    let world = World::new(shared().await, Setting { target, ..Setting::default() }).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    world.ferry(&["check"]).await.with_code(0);
    let received = world.proxy.received();
    let elsewhere: Vec<_> = received
        .iter()
        .filter(|one| !one.line.contains("sys/health")) // a question to the server, which no namespace has
        .filter(|one| one.headers.get("x-vault-namespace").is_none_or(|namespace| namespace != "team/a"))
        .map(|one| one.line.as_str())
        .collect();
    assert!(elsewhere.is_empty() && !received.is_empty(), "{elsewhere:?}");
    world.holds(|_| 1).await;
}
