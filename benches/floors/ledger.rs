//! The ledger by itself: steps from intent to outcome, so many at once, on both databases.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use futures::{StreamExt as _, stream};
use secretferry::ledger::{
    BaselineChange, Conclusion, Done, Holder, Intent, Ledger, LedgerSettings, LedgerUrl, RunStart,
};
use secretferry::model::{
    Action, Fingerprint, Kind, MasterKey, Outcome, Purpose, Reason, RemoteKey, Revision, SecretName, Subkey,
};
use secretferry::reference::Reference;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

const STEPS: usize = 5_000;
const WIDTHS: [usize; 3] = [1, 16, 64];

/// Steps a second.
pub async fn measured() -> String {
    let mut table = "| ledger | steps at once | steps/s | commits a step |\n|---|---:|---:|---:|\n".to_owned();
    for width in WIDTHS {
        let folder = tempfile::tempdir().unwrap();
        measure(&mut table, "SQLite, synced to disk", &LedgerSettings::default(), folder.path(), width).await;
    }
    for width in WIDTHS {
        let folder = tempfile::tempdir().unwrap();
        let settings = on_server(folder.path(), width).await;
        measure(&mut table, "PostgreSQL, the tests' own", &settings, folder.path(), width).await;
    }
    table
}

/// A database of its own on the server of `tests/servers/with.sh`.
async fn on_server(folder: &Path, width: usize) -> LedgerSettings {
    let server = std::env::var("SECRETFERRY_TEST_POSTGRES").expect("no PostgreSQL to measure: run `make bench`");
    let database = format!("bench_ledger_{width}");
    let mut connection = PgConnection::connect(&server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {database}"))).execute(&mut connection).await.unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    std::fs::write(folder.join("url"), format!("{server}/{database}")).unwrap();
    std::fs::write(folder.join("key"), MasterKey::random().encode().as_bytes()).unwrap();
    LedgerSettings {
        url: LedgerUrl::Reference(Reference::File("url".into())),
        key: Some(Reference::File("key".into())),
        ..LedgerSettings::default()
    }
}

async fn measure(table: &mut String, what: &str, settings: &LedgerSettings, folder: &Path, width: usize) {
    let steps = if width == 1 { STEPS / 10 } else { STEPS };
    let ledger = Ledger::open(settings, folder).await.unwrap();
    let holder = Holder { host: "bench".to_owned(), process: 1, job: "ferry".to_owned() };
    let lease = ledger.lease("vault", &holder).await.unwrap();
    let run = ledger.begin_run(&lease, start()).await.unwrap();
    let key = MasterKey::random().subkey(Purpose::Fingerprint);
    let (before, begun) = (ledger.commits(), Instant::now());
    let (ledger, lease, run, key) = (&ledger, &lease, &run, &key);
    stream::iter(0..steps)
        .map(|number| async move {
            let intent = intent(key, number);
            let fingerprint = intent.source_fingerprint.clone().unwrap();
            let step = ledger.intend(run, lease, intent).await.unwrap();
            ledger.conclude(step, done(fingerprint)).await.unwrap();
        })
        .buffer_unordered(width)
        .collect::<()>()
        .await;
    let rate = steps as f64 / begun.elapsed().as_secs_f64();
    let commits = (ledger.commits() - before) as f64 / steps as f64;
    let _ = writeln!(table, "| {what} | {width} | {rate:.0} | {commits:.2} |");
}

fn start() -> RunStart {
    RunStart {
        job: "ferry".to_owned(),
        command: "apply".to_owned(),
        source: "airflow".to_owned(),
        target: "vault".to_owned(),
        host: "bench".to_owned(),
        config_digest: "c0ffee".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instant: None,
    }
}

fn intent(key: &Subkey, number: usize) -> Intent {
    let name = SecretName::new(Kind::Connection, format!("conn_{number:07}"));
    Intent {
        from: None,
        key: RemoteKey::new(format!("connections/{}", name.id)),
        action: Action::Create,
        reason: Reason::New,
        shape: "fields".to_owned(),
        token: format!("token-{number}"),
        source_fingerprint: Some(Fingerprint::of_value(key, &name, b"value")),
        source_revision: Some(Revision::new("row")),
        fingerprint_before: None,
        revision_before: None,
        name,
    }
}

fn done(fingerprint: Fingerprint) -> Conclusion {
    Conclusion::Done(Done {
        outcome: Outcome::Created,
        revision: Some(Revision::new("1")),
        baseline: BaselineChange::Write(fingerprint),
        request: None,
    })
}
