//! `check`: every missing right with the policy that grants it, and what will end sooner or later.

use secretferry::model::{Finding, Kind, Severity};
use secretferry::provider::Role;
use serde_json::json;

use crate::server::{Vault, shared};
use crate::shop::{Shop, opened, root};

const ONE_PATH: &str = "connections-path = \"air\"\nvariables-path = false\nconfig-path = false";

async fn with_policy(server: &Vault, mount: &str, hcl: &str, more: serde_json::Value) -> Shop {
    let token = server.token_with(&hcl.replace("MOUNT", mount), more).await;
    opened(&server.address, &token, &format!("mount = {mount:?}\n{ONE_PATH}")).await.unwrap()
}

fn said(findings: &[Finding]) -> Vec<(Severity, &'static str)> {
    findings.iter().map(|finding| (finding.severity, finding.code)).collect()
}

/// The policy that findings ask for.
fn asked_for(findings: &[Finding]) -> String {
    findings.iter().filter_map(|finding| finding.remedy.clone()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn who_may_do_everything_hears_nothing() {
    let server = shared().await;
    let mount = server.mount(2).await;
    server.must("POST", &format!("{mount}/data/air/c"), json!({"data": {}})).await;
    let shop = root(server, &format!("mount = {mount:?}\n{ONE_PATH}")).await;
    assert_eq!(said(&shop.store.check(Role::Source, &Kind::ALL).await), []);
    assert_eq!(said(&shop.store.check(Role::Target, &Kind::ALL).await), []);
}

#[tokio::test]
async fn the_policy_asked_for_is_the_policy_that_suffices() {
    let server = shared().await;
    for version in [1, 2] {
        for role in [Role::Source, Role::Target] {
            let mount = server.mount(version).await;
            let key = if version == 2 { format!("{mount}/data/air/c") } else { format!("{mount}/air/c") };
            server.must("POST", &key, json!({"data": {}})).await;
            // Something of the mount must be allowed, or Vault hides it altogether.
            let some = "path \"MOUNT/other/*\" { capabilities = [\"read\"] }";
            let poor = with_policy(server, &mount, some, json!({})).await;
            let findings = poor.store.check(role, &Kind::ALL).await;
            assert!(findings.iter().any(|finding| finding.severity == Severity::Error), "{version} {role:?}");
            assert!(findings.iter().all(|finding| finding.code == "right-missing"), "{findings:?}");
            let hcl = asked_for(&findings);
            let rich = with_policy(server, &mount, &merged(&hcl), json!({})).await;
            assert_eq!(said(&rich.store.check(role, &Kind::ALL).await), [], "{version} {role:?}\n{hcl}");
            rich.list().await.unwrap();
        }
    }
}

/// Vault takes the last of two stanzas for one path; people merge them, and so do we.
fn merged(hcl: &str) -> String {
    let mut paths = std::collections::BTreeMap::<&str, Vec<&str>>::new();
    for line in hcl.lines() {
        let (path, capabilities) = line.split_once(" { capabilities = [").unwrap();
        paths.entry(path).or_default().push(capabilities.trim_end_matches("] }"));
    }
    let stanza = |(path, all): (&str, Vec<&str>)| format!("{path} {{ capabilities = [{}] }}", all.join(", "));
    paths.into_iter().map(stanza).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn marks_and_deletes_are_warnings() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let hcl = "path \"MOUNT/data/air/*\" { capabilities = [\"create\", \"read\", \"update\"] }
               path \"MOUNT/metadata/air/*\" { capabilities = [\"read\", \"list\"] }";
    let shop = with_policy(server, &mount, hcl, json!({})).await;
    let warning = (Severity::Warning, "right-missing");
    assert_eq!(said(&shop.store.check(Role::Target, &Kind::ALL).await), [warning, warning, warning]);
}

#[tokio::test]
async fn a_token_that_ends_is_named() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let all = "path \"MOUNT/*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\", \"list\"] }";
    let rows = [
        (json!({"ttl": "1h", "renewable": false}), Some((Severity::Warning, "token-expires"))),
        (json!({"ttl": "1h"}), None),
        (json!({"ttl": "1h", "explicit_max_ttl": "3h"}), Some((Severity::Warning, "token-expires"))),
        (json!({"num_uses": 20}), Some((Severity::Error, "token-uses"))),
    ];
    for (more, expected) in rows {
        let shop = with_policy(server, &mount, all, more.clone()).await;
        assert_eq!(
            said(&shop.store.check(Role::Target, &Kind::ALL).await),
            expected.into_iter().collect::<Vec<_>>(),
            "{more}"
        );
    }
}

#[tokio::test]
async fn an_empty_source_is_noted() {
    let server = shared().await;
    let mount = server.mount(2).await;
    let shop = root(server, &format!("mount = {mount:?}\n{ONE_PATH}")).await;
    assert_eq!(said(&shop.store.check(Role::Source, &Kind::ALL).await), [(Severity::Info, "prefix-empty")]);
}

#[tokio::test]
async fn a_dead_token_and_a_dead_server_are_findings() {
    let server = Vault::start(&[]);
    server.mount_at("kv", 2).await;
    let token = server.token_with("path \"kv/*\" { capabilities = [\"read\"] }", json!({})).await;
    let shop = opened(&server.address, &token, "mount = \"kv\"").await.unwrap();
    server.must("POST", "auth/token/revoke", json!({"token": token})).await;
    assert_eq!(said(&shop.store.check(Role::Source, &Kind::ALL).await), [(Severity::Error, "login-failed")]);
    drop(server);
    assert_eq!(said(&shop.store.check(Role::Source, &Kind::ALL).await), [(Severity::Error, "unreachable")]);
}
