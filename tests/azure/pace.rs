//! The pace under Key Vault's default quotas: how long a first fill takes, and that next to nothing of it is rejected.

use std::sync::Arc;
use std::time::Duration;

use secretferry::model::{Action, Blind, Family, MasterKey, Purpose, Tariff};
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{Opening, Pace, Paces, Role};
use tokio::time::Instant;

use crate::carried::variables;
use crate::fakes::azure::Vault;

/// What a store with default settings says of its calls and quotas.
fn tariff() -> Tariff {
    let vault = Vault::start();
    let files = tempfile::tempdir().unwrap();
    let token = files.path().join("token");
    std::fs::write(&token, vault.token()).unwrap();
    let table = format!(
        "vault-url = {:?}\nauth = {{ method = \"token\", token = {{ file = {token:?} }} }}\ntls = {{ ca = {:?} }}\n\
         verify-challenge = false",
        vault.url, vault.certificate
    );
    let settings = StoreKind::find(KINDS, "azure-key-vault").unwrap().read(table.parse().unwrap()).unwrap();
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening { name: "azure".into(), role: Role::Target, revision_key, observer: Arc::new(Blind) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(settings.open(opening)).unwrap().capabilities().tariff.clone()
}

/// How long the pacer holds so many creates back, on a clock that runs ahead whenever all wait.
fn first_fill(many: u32) -> Duration {
    let tariff = tariff();
    let paces: Vec<_> = tariff
        .quotas
        .iter()
        .map(|quota| (quota.families.as_slice(), Pace { per_second: quota.per_second, burst: 1 }))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (paces, began) = (Paces::new(16, &paces), Instant::now());
        let calls = tariff.calls.iter().filter(|(action, ..)| *action == Action::Create);
        let families = calls.map(|(_, family, count)| fill(paces.clone(), *family, count * many));
        futures::future::join_all(families).await;
        began.elapsed()
    })
}

async fn fill(paces: Paces, family: Family, calls: u32) {
    for _ in 0..calls {
        drop(paces.admit(family).await);
    }
}

#[test]
fn ten_thousand_new_secrets_take_what_the_quota_of_creates_says() {
    // 30 creates a second. A timer counts whole milliseconds, a little of which each call loses.
    let took = first_fill(10_000).as_secs();
    assert!((333..=350).contains(&took), "{took} s");
}

#[test]
fn at_the_default_pace_less_than_one_call_in_a_thousand_is_rejected() {
    const MANY: usize = 400;
    let vault = Vault::start();
    vault.enforce_quotas();
    let ferry = variables(&vault, MANY, "");
    let began = Instant::now();
    let run = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(run["counts"]["created"], MANY, "{:#}", run["counts"]);
    let (calls, rejected): (u64, u64) = (vault.counts().values().sum(), vault.rejected());
    assert!(rejected * 1000 <= calls, "{rejected} of {calls}");
    // It is the pace that kept them few, not the machine: 30 creates a second, but for a burst of one second.
    assert!(began.elapsed() >= Duration::from_secs((MANY / 30 - 2) as u64), "{:?}", began.elapsed());
}
