//! The program itself: two that share a ledger, one that is killed, and one whose ledger goes away under its hands.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::time::Duration;

use secretferry::ledger::{AuditFilter, RunStatus};
use sqlx::postgres::PgConnection;
use sqlx::raw_sql;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::wire::Wire;
use crate::world::{World, server};

const CONFIG: &str = r#"
[ledger]
url = { file = "url" }
key = { file = "key" }

[stores.airflow]
kind = "airflow-metastore"
url = { file = "metastore.url" }

[stores.files]
kind = "local-files"
variables-file = "variables.json"

[jobs.carry]
source = "airflow"
target = "files"
kinds = ["variables"]
"#;

const METASTORE: &str = "
    CREATE TABLE public.connection (conn_id text, conn_type text, host text, schema text, login text, password text,
        port integer, extra text, is_encrypted boolean, is_extra_encrypted boolean);
    CREATE TABLE public.variable (key text, val text, is_encrypted boolean);
    INSERT INTO public.variable SELECT 'key-' || n, 'value', false FROM generate_series(1, 300) AS n";

/// Everything `apply` needs; the metastore is the same database.
async fn world() -> World {
    let world = World::new().await;
    drop(world.open().await);
    world.sql(METASTORE).await;
    let metastore = format!("postgresql://postgres:postgres@{}/{}", server(), world.database);
    std::fs::write(world.file("metastore.url"), metastore).unwrap();
    std::fs::write(world.file("secretferry.toml"), CONFIG).unwrap();
    world
}

fn start(world: &World, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secretferry"));
    command.args(arguments).current_dir(world.folder.path()).env_clear().kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end: exit code, and all it said, as one line.
async fn end(child: Child) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        timeout(Duration::from_secs(100), child.wait_with_output()).await.expect("it ends").unwrap();
    let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    (status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
}

async fn run(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    end(start(world, arguments)).await
}

/// Holds up whoever reads the source, until it is dropped.
async fn hold_up(world: &World) -> PgConnection {
    let mut lock = world.raw().await;
    raw_sql("BEGIN; LOCK TABLE public.variable IN ACCESS EXCLUSIVE MODE").execute(&mut lock).await.unwrap();
    lock
}

async fn until(world: &World, sql: &'static str) {
    for _ in 0..1000 {
        if world.number(sql).await > 0 {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    unreachable!("it never came to {sql}");
}

const AT_WORK: &str = "SELECT count(*) FROM runs WHERE status = 'running'";

fn written(world: &World) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(world.file("variables.json")).unwrap_or_else(|_| "{}".to_owned());
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_are_started_together_one_works_and_the_other_says_who() {
    let world = world().await;
    let lock = hold_up(&world).await;
    let first = start(&world, &["apply", "--yes"]);
    let process = first.id().unwrap();
    until(&world, AT_WORK).await;
    let (code, said) = run(&world, &["apply", "--yes"]).await;
    assert_eq!(code, Some(1), "{said}");
    let expected = format!("is being worked on by job carry in process {process} on ");
    assert!(said.contains(&expected) && said.contains("Wait for it to end"), "{said}");
    drop(lock);
    let (code, said) = end(first).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(written(&world).len(), 300);
    let (code, said) = run(&world, &["apply", "--yes"]).await;
    assert_eq!((code, world.number("SELECT count(*) FROM steps").await), (Some(0), 300), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_one_that_was_killed() {
    let world = world().await;
    let lock = hold_up(&world).await;
    let mut first = start(&world, &["apply", "--yes"]);
    until(&world, AT_WORK).await;
    first.kill().await.unwrap();
    drop(lock);
    let (code, said) = run(&world, &["apply", "--yes"]).await;
    assert_eq!(code, Some(0), "{said}");
    let runs = world.open().await.runs(10).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.status).collect::<Vec<_>>(), [RunStatus::Succeeded, RunStatus::Died]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_goes_away_is_the_end_of_the_run() {
    let (world, wire) = (world().await, Wire::new().await);
    world.lead_to(&wire.address);
    let running = start(&world, &["apply", "--yes"]);
    until(&world, "SELECT count(*) FROM steps WHERE state = 'done'").await;
    wire.cut();
    let (code, said) = end(running).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nothing more is written: the connection to the ledger was lost"), "{said}");
    let (before, known) = (written(&world), world.number("SELECT count(*) FROM steps").await);
    assert!(before.len() < 300, "the run was over before the wire was cut");
    assert!(before.len() as i64 <= known, "{} keys were written under {known} intents", before.len());
    let begun = world.number("SELECT count(*) FROM steps WHERE state IN ('intended', 'unknown')").await;

    world.lead_to(&server());
    let (code, said) = run(&world, &["apply", "--yes"]).await;
    assert_eq!((code, written(&world).len()), (Some(0), 300), "{said}");
    let ledger = world.open().await;
    assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
    let told = ledger.audit(&AuditFilter::default()).await.unwrap();
    let settled = told.iter().filter(|row| row.event == "settled").count();
    assert_eq!(settled as i64, begun, "what was begun when the wire was cut is settled, and nothing else");
}
