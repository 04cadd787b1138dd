//! The pace under each service's default quotas: how long a first fill takes, and that next to nothing of it is rejected.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "../fakes/cloud.rs"]
#[expect(dead_code, reason = "it is shared with the bench, which uses the rest")]
mod cloud;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
#[path = "../aws/ferry.rs"]
#[expect(dead_code, reason = "it is shared with the tests of one store, which use the rest")]
mod ferry;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secretferry::model::{Action, Blind, Family, MasterKey, Purpose, Tariff};
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{Opening, Pace, Paces, Quotas, Role};
use serde_json::json;
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::ferry::Ferry;

/// What a store with default settings says of its calls and quotas.
fn tariff(kind: &'static str) -> Tariff {
    let cloud = Cloud::start(kind);
    let files = tempfile::tempdir().unwrap();
    let key = files.path().join("key");
    std::fs::write(&key, cloud.key()).unwrap();
    let table = cloud.table().replace("env = \"KEY\"", &format!("file = {key:?}"));
    let table = table.lines().filter(|line| !line.starts_with("kind")).collect::<Vec<_>>().join("\n");
    let settings = StoreKind::find(KINDS, kind).unwrap().read(table.parse().unwrap()).unwrap();
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening {
        name: "cloud".into(),
        role: Role::Target,
        revision_key,
        observer: Arc::new(Blind),
        quotas: Quotas::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(settings.open(opening)).unwrap().capabilities().tariff.clone()
}

/// How long the pacer holds so many creates back, on a clock that runs ahead whenever all wait.
fn first_fill(kind: &'static str, many: u32) -> Duration {
    let tariff = tariff(kind);
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
fn ten_thousand_new_secrets_take_what_the_quotas_say() {
    // 50 creates a second; 3 puts a second; 30 creates a second; 10 writes a second, two for each secret. A timer counts
    // whole milliseconds, a little of which each call loses.
    let rows = [
        ("aws-secrets-manager", 200, 215),
        ("aws-parameter-store", 3333, 3350),
        ("azure-key-vault", 333, 350),
        ("gcp-secret-manager", 2000, 2040),
    ];
    for (kind, least, most) in rows {
        let took = first_fill(kind, 10_000).as_secs();
        assert!((least..=most).contains(&took), "{kind}: {took} s");
    }
}

/// Carries so many variables at the default pace to a stand-in that enforces the quotas; gives calls and rejections.
fn carried_under_quotas(kind: &'static str, many: usize) -> (u64, u64) {
    let cloud = Cloud::start(kind);
    cloud.enforce_quotas();
    let source = "kind = 'local-files'\nvariables-file = 'variables.json'";
    let stores = [("source", source), ("target", &cloud.table())];
    let ferry = Ferry::new(&stores, &[("job", "source", "target")], "kinds = ['variables']").with_key(cloud.key());
    let variables: BTreeMap<String, String> =
        (0..many).map(|number| (format!("key-{number:05}"), format!("value {number}"))).collect();
    std::fs::write(ferry.path("variables.json"), json!(variables).to_string()).unwrap();
    let run = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(run["counts"]["created"], many, "{:#}", run["counts"]);
    (cloud.counts().values().sum(), cloud.rejected())
}

#[test]
fn at_the_default_pace_less_than_one_call_in_a_thousand_is_rejected() {
    let rows = [
        ("aws-secrets-manager", 500),
        ("aws-parameter-store", 30),
        ("azure-key-vault", 400),
        ("gcp-secret-manager", 60),
    ];
    // At once: each waits for its own quota most of the time.
    let counted = std::thread::scope(|scope| {
        let runs = rows.map(|(kind, many)| (kind, scope.spawn(move || carried_under_quotas(kind, many))));
        runs.map(|(kind, run)| (kind, run.join().unwrap()))
    });
    for (kind, (calls, rejected)) in counted {
        assert!(rejected * 1000 <= calls, "{kind}: {rejected} of {calls}");
    }
}
