//! A daemon's door before a real ledger, which real runs between files have filled.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secretferry::config::DaemonSettings;
use secretferry::daemon::http::{Served, bind, serve};
use secretferry::daemon::{Activity, Board, JobView, LastRun, Metrics, Shelf, StoreView, View};
use secretferry::ledger::{Control, Daemon, Ledger, LedgerSettings, Peer, Remark, Run, RunStatus, Standing};
use secretferry::model::{Finding, Outcome, Severity, TokenLife, Upkeep};
use secretferry::provider::Role;
use secretferry::reference::Reference;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The token; no page may ever show it.
pub const TOKEN: &str = "canary-token-71d0";

/// A value in the source; no page may ever show it.
pub const VALUE: &str = "canary-value-5e1f";

const CONFIG: &str = r#"
[stores.airflow-prod]
kind = "local-files"
variables-file = "source.json"

[stores.region-b]
kind = "local-files"
variables-file = "b.json"

[stores.region-c]
kind = "local-files"
variables-file = "c.json"

[jobs.prod-to-region-b]
source = "airflow-prod"
target = "region-b"
kinds = ["variables"]

[jobs.prod-to-region-c]
source = "airflow-prod"
target = "region-c"
kinds = ["variables"]
"#;

/// The door, what it shows, and the folder all of it lies in.
pub struct Ferry {
    pub home: String,
    pub ledger: Ledger,
    pub served: Served,
    pub runs: Vec<Run>,
    stop: CancellationToken,
    _folder: TempDir,
}

impl Ferry {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let ledger = Ledger::open(&LedgerSettings::default(), folder.path()).await.unwrap();
        let runs = ledger.runs(10).await.unwrap();
        let board = Arc::new(Board::default());
        let audit_head = ledger.overview().await.unwrap().audit_head;
        board.change(|view| paint(view, &runs, audit_head));
        let shelf = Shelf::default();
        shelf.put(Some(ledger.clone()));
        let token = folder.path().join("token");
        fs::write(&token, TOKEN).unwrap();
        let settings = DaemonSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            token: Some(Reference::File(token)),
            ..DaemonSettings::default()
        };
        let served = Served::new(board, shelf, Arc::new(Metrics::default()), settings);
        let door = bind(&served).await.unwrap();
        let home = door.url();
        let stop = CancellationToken::new();
        tokio::spawn(serve(door, served.clone(), stop.clone()));
        Self { home, ledger, served, runs, stop, _folder: folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.home.trim_end_matches('/'))
    }
}

impl Drop for Ferry {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Lets the program itself carry secrets, twice for one job, so that there are runs with steps and one without.
fn fill(folder: &Path) {
    let secrets: BTreeMap<String, String> =
        (0..12).map(|place| (format!("team_{place}_endpoint"), format!("{VALUE}-{place}"))).collect();
    fs::write(folder.join("source.json"), serde_json::to_string(&secrets).unwrap()).unwrap();
    fs::write(folder.join("secretferry.toml"), CONFIG).unwrap();
    for job in ["prod-to-region-b", "prod-to-region-c", "prod-to-region-b"] {
        let output = Command::new(env!("CARGO_BIN_EXE_secretferry"))
            .args(["apply", "--yes", job])
            .current_dir(folder)
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Fills the board as a daemon of some days would have it.
fn paint(view: &mut View, runs: &[Run], audit_head: String) {
    let now = Timestamp::now();
    let ago = |seconds| now - SignedDuration::from_secs(seconds);
    view.about.id = "0199f2d4-55aa-7c1e-9d0b-3f8e12ab77c0".to_owned();
    view.about.host = "ferry-0".to_owned();
    view.about.started_at = Some(ago(3 * 86_400));
    view.about.config = "/etc/secretferry/secretferry.toml".to_owned();
    view.about.config_digest = "8c1d5ff02a9b".to_owned();
    view.ledger.location = "postgres://ledger.internal:5432/secretferry".to_owned();
    view.ledger.answered_at = Some(ago(1));
    view.ledger.audit_head = audit_head;
    let latest = |job: &str| runs.iter().find(|run| run.job == job).expect("it ran");
    let kept = leg(latest("prod-to-region-b"), "every 15 minutes", now);
    let mut drifted = leg(latest("prod-to-region-c"), "every hour at minute 5", now);
    drift(&mut drifted);
    let mut paused = kept.clone();
    paused.job = "metastore-to-region-b".to_owned();
    paused.control.paused = Some((ago(5_400), "page from 127.0.0.1".to_owned()));
    paused.next = None;
    let mut running = kept.clone();
    running.job = "analytics-to-region-b".to_owned();
    running.activity =
        Activity::Running { run: kept.last.as_ref().unwrap().run.clone(), since: ago(4), host: "ferry-1".to_owned() };
    view.jobs = vec![running, paused, kept, drifted];
    let store = |roles: &[Role], place: &str| StoreView {
        kind: "local-files".to_owned(),
        location: place.to_owned(),
        roles: roles.to_vec(),
        checked_at: Some(ago(140)),
        findings: Vec::new(),
        token: TokenLife::default(),
    };
    view.stores.insert("airflow-prod".to_owned(), store(&[Role::Source], "/srv/airflow/variables.json"));
    view.stores.insert("region-b".to_owned(), store(&[Role::Target], "/mnt/region-b/variables.json"));
    let mut warned = store(&[Role::Target], "/mnt/region-c/variables.json");
    warned.token = TokenLife { ends: Some(now + SignedDuration::from_hours(20)), upkeep: Upkeep::Nobody };
    let warning = "The token ends in 20 hours and cannot be renewed.";
    let remedy = "Issue another one:\n  vault token create -orphan -period=768h -policy=secretferry-target -display-name=a-name-that-is-long";
    warned.findings.push(Finding::new(Severity::Warning, "token-expires", "region-c", warning).with_remedy(remedy));
    view.stores.insert("region-c".to_owned(), warned);
    for (place, host) in ["ferry-0", "ferry-1"].into_iter().enumerate() {
        let id = if place == 0 { view.about.id.clone() } else { "0199f2d4-66bb".to_owned() };
        let daemon = Daemon {
            id,
            host: host.to_owned(),
            process: 7,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config_digest: view.about.config_digest.clone(),
            address: None,
        };
        view.peers.push(Peer { daemon, started_at: ago(3 * 86_400), seen_at: ago(2) });
    }
}

fn leg(run: &Run, schedule: &str, now: Timestamp) -> JobView {
    JobView {
        job: run.job.clone(),
        source: run.source.clone(),
        target: run.target.clone(),
        target_identity: run.target_identity.clone(),
        schedule: Some(schedule.to_owned()),
        zone: "Europe/Berlin".to_owned(),
        next: Some(now + SignedDuration::from_secs(734)),
        activity: Activity::Idle,
        control: Control::default(),
        last: Some(LastRun::from(run)),
        standing: Some(Standing {
            job: run.job.clone(),
            target_identity: run.target_identity.clone(),
            done_at: run.ended_at,
            last_good: Some(run.started_at),
            run: Some(run.id.clone()),
            remarks: Vec::new(),
        }),
    }
}

/// As if somebody had changed three keys of the target behind our back.
fn drift(job: &mut JobView) {
    let last = job.last.as_mut().unwrap();
    last.status = RunStatus::Incomplete;
    last.counts = BTreeMap::from([(Outcome::Kept, 9), (Outcome::Blocked, 3)]);
    let remark = |place: usize| Remark {
        name: format!("variables/team_{place}_endpoint"),
        outcome: "blocked".to_owned(),
        reason: "drift".to_owned(),
        detail: Some("changed since we wrote it; secretferry accept, or policy drift = \"restore\"".to_owned()),
    };
    let standing = job.standing.as_mut().unwrap();
    standing.remarks = (0..3).map(remark).collect();
    standing.last_good = standing.last_good.map(|good| good - SignedDuration::from_hours(7));
}
