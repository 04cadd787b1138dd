//! One daemon goes and another goes on: at its end, at its death, frozen and woken, cut off from the ledger.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::vault::{self, Vault};

const DAEMON: &str = "lease = \"4s\"\ngrace = \"10s\"";

/// A file that is carried to a Vault every second.
struct Lane {
    fleet: Fleet,
    mount: String,
    vault: &'static Vault,
}

impl Lane {
    async fn new() -> Self {
        let vault = vault::shared().await;
        let mount = vault.mount(2).await;
        let config = format!(
            "[stores.desk]\nkind = \"local-files\"\nvariables-file = \"variables.json\"\n\
             [stores.vault]\nkind = \"vault\"\naddress = \"{}\"\nmount = \"{mount}\"\ntimeout = \"2s\"\n\
             auth = {{ method = \"token\", token = {{ file = \"token\" }} }}\n\
             [jobs.lane]\nsource = \"desk\"\ntarget = \"vault\"\nkinds = [\"variables\"]\n\
             schedule = {{ every = \"1s\" }}\n",
            vault.address
        );
        let fleet = Fleet::new(DAEMON, &config).await;
        std::fs::write(fleet.world.file("token"), &vault.token).unwrap();
        let lane = Self { fleet, mount, vault };
        lane.put("0");
        lane
    }

    fn put(&self, text: &str) {
        let file = self.fleet.world.file("variables.json");
        std::fs::write(file.with_extension("new"), json!({"x": text}).to_string()).unwrap();
        std::fs::rename(file.with_extension("new"), file).unwrap();
    }

    async fn held(&self) -> Option<String> {
        let (status, answer) = self.vault.ask("GET", &format!("{}/data/variables/x", self.mount), Value::Null).await;
        (status == 200).then(|| answer["data"]["data"]["value"].as_str().unwrap().to_owned())
    }

    /// Waits until the target holds a text; says how long that took.
    async fn until(&self, text: &str) -> Duration {
        let began = Instant::now();
        while self.held().await.as_deref() != Some(text) {
            assert!(began.elapsed() < Duration::from_secs(40), "{text} does not arrive:\n{}", self.fleet.logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    }
}

#[tokio::test]
async fn one_that_is_told_to_end_finishes_gives_its_targets_back_and_exits_well() {
    let mut lane = Lane::new().await;
    lane.fleet.start().await;
    lane.until("0").await;
    lane.fleet.signal(0, "TERM");
    let (code, took) = lane.fleet.ended(0).await;
    assert_eq!(code, Some(0), "{}", lane.fleet.logs());
    assert!(took < Duration::from_secs(10), "{took:?}");
    let kept = "SELECT count(*) FROM leases WHERE released_at IS NULL";
    assert_eq!(lane.fleet.world.number(kept).await, 0);
    // Nobody waits for it.
    lane.put("1");
    lane.fleet.start().await;
    assert!(lane.until("1").await < Duration::from_secs(4));
}

#[tokio::test]
async fn a_dead_ones_work_is_gone_on_with_by_the_other() {
    let mut lane = Lane::new().await;
    for _ in 0..2 {
        lane.fleet.start().await;
    }
    lane.until("0").await;
    lane.put("1");
    lane.fleet.kill(0);
    lane.until("1").await;
    let open = "SELECT count(*) FROM steps WHERE state IN ('intended', 'unknown')";
    assert_eq!(lane.fleet.world.number(open).await, 0);
}

#[tokio::test]
async fn one_that_was_frozen_past_its_lease_writes_nothing_once_it_wakes_up() {
    let mut lane = Lane::new().await;
    for _ in 0..2 {
        lane.fleet.start().await;
    }
    for round in 1..4 {
        lane.fleet.signal(round % 2, "STOP");
        lane.put(&round.to_string());
        lane.until(&round.to_string()).await;
        lane.fleet.signal(round % 2, "CONT");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(lane.held().await.as_deref(), Some("3"));
    // Each version of the key is one step of the ledger, under fences that only grow.
    let late = "SELECT count(*) FROM steps a JOIN steps b ON a.id < b.id AND a.fence > b.fence";
    assert_eq!(lane.fleet.world.number(late).await, 0);
    let metadata = lane.vault.must("GET", &format!("{}/metadata/variables/x", lane.mount), Value::Null).await;
    let done = "SELECT count(*) FROM steps WHERE state IN ('done', 'settled') AND action IN ('create', 'update') AND \
                coalesce(settled_as, 'done') = 'done'";
    assert_eq!(metadata["data"]["current_version"].as_i64(), Some(lane.fleet.world.number(done).await));
}

#[tokio::test]
async fn without_its_ledger_it_writes_nothing_says_so_and_goes_on_once_it_is_back() {
    let mut lane = Lane::new().await;
    lane.fleet.start().await;
    lane.until("0").await;
    let database = lane.fleet.world.database.clone();
    let mut root = crate::ledger::superuser("postgres").await;
    let run = |sql: String| sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    run(format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false")).execute(&mut root).await.unwrap();
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
    run(end).execute(&mut root).await.unwrap();
    let began = Instant::now();
    while !matches!(lane.fleet.ask(0, "/readyz").await, Some((503, text)) if text.contains("ledger")) {
        assert!(began.elapsed() < Duration::from_secs(15), "{}", lane.fleet.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    lane.put("1");
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(lane.held().await.as_deref(), Some("0"), "nothing is written without a ledger");
    run(format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true")).execute(&mut root).await.unwrap();
    lane.until("1").await;
    assert_eq!(lane.fleet.ask(0, "/readyz").await.unwrap().0, 200);
}
