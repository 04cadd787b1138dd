//! The metrics: every series, in both formats, and by whom they are counted.

use std::time::Duration;

use jiff::Timestamp;
use secretferry::daemon::{Exposition, JobView, LastRun, StoreView, Witness};
use secretferry::engine::{RunReport, RunStatus, StepOutcome};
use secretferry::ledger::Standing;
use secretferry::model::{
    Action, ErrorKind, Event, Family, Kind, Observer as _, Outcome, Reason, SecretName, TokenLife, Upkeep,
};
use secretferry::provider::Role;

use crate::api::job;
use crate::ask::{House, answer};

#[tokio::test]
async fn calls_and_waits_are_counted_by_store_operation_and_status() {
    let house = House::open().await;
    let called = |error| Event::Called {
        store: "vault-a".to_owned(),
        family: Family::Read,
        took: Duration::from_millis(20),
        error,
    };
    for error in [None, None, Some(ErrorKind::Denied)] {
        house.served.metrics.observe(&called(error));
    }
    let pause = Duration::from_millis(1500);
    house.served.metrics.observe(&Event::Waiting { store: "vault-a".to_owned(), family: Family::Write, pause });
    let (_, text) = answer(house.get("/metrics")).await;
    for line in [
        "secretferry_store_calls_total{store=\"vault-a\",operation=\"read\",status=\"ok\"} 2",
        "secretferry_store_calls_total{store=\"vault-a\",operation=\"read\",status=\"denied\"} 1",
        "secretferry_store_call_duration_seconds_count{store=\"vault-a\",operation=\"read\"} 3",
        "secretferry_store_waits_total{store=\"vault-a\",operation=\"write\"} 1",
        "secretferry_store_wait_seconds_total{store=\"vault-a\",operation=\"write\"} 1.5",
        "# TYPE secretferry_store_calls_total counter",
        "# TYPE secretferry_build_info gauge",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn who_asks_for_openmetrics_gets_it() {
    let house = House::open().await;
    let answered = house.get("/metrics").header("accept", "application/openmetrics-text; version=1.0.0").send();
    let answered = answered.await.unwrap();
    assert!(answered.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert!(answered.text().await.unwrap().ends_with("# EOF\n"));
    let plain = house.get("/metrics").send().await.unwrap();
    assert_eq!(plain.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(!plain.text().await.unwrap().contains("# EOF"));
}

/// A board on which every gauge has something to show.
fn full(house: &House) {
    let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
    house.served.board.change(|view| {
        let counts = Outcome::ALL.iter().map(|outcome| (*outcome, 3)).collect();
        let last = LastRun {
            run: "run-1".to_owned(),
            started_at: at(1_000),
            ended_at: Some(at(1_060)),
            status: RunStatus::Incomplete,
            counts,
            error: None,
            host: "here".to_owned(),
        };
        let standing = Standing {
            job: "nightly".to_owned(),
            target_identity: "vault:b".to_owned(),
            done_at: Some(at(1_000)),
            last_good: Some(at(900)),
            run: None,
            remarks: Vec::new(),
        };
        let (last, standing, next) = (Some(last), Some(standing), Some(at(2_000)));
        view.jobs = vec![JobView { last, standing, next, ..job("nightly") }];
        view.ledger.audit_head = "7:abcdef".to_owned();
        view.about.started_at = Some(at(500));
        let store = StoreView {
            kind: "vault".to_owned(),
            location: "https://vault.example".to_owned(),
            roles: vec![Role::Source],
            checked_at: Some(at(1_000)),
            findings: Vec::new(),
            token: TokenLife { ends: Some(at(5_000)), upkeep: Upkeep::Nobody },
        };
        view.stores.insert("vault-a".to_owned(), store);
    });
    let metrics = &house.served.metrics;
    let key = |reason| StepOutcome {
        name: SecretName::new(Kind::Connection, "canary_key"),
        from: None,
        action: Action::Update,
        outcome: Outcome::Updated,
        reason,
        detail: Some("canary-detail".to_owned()),
        notes: Vec::new(),
        fingerprint: None,
        revision: None,
    };
    metrics.run_ended(&RunReport {
        run: None,
        undoes: None,
        job: "nightly".to_owned(),
        source: "vault-a".to_owned(),
        target: "vault-b".to_owned(),
        took: Duration::from_secs(3),
        outcomes: vec![key(Reason::Differs), key(Reason::Drift)],
        status: RunStatus::Succeeded,
        error: None,
        audit_head: None,
        findings: Vec::new(),
    });
    metrics.run_panicked("nightly");
    metrics.lease_held("vault:b", true);
    metrics.config_reloaded(true);
    let (action, outcome, reason) = (Action::Update, Outcome::Updated, Reason::Differs);
    let name = SecretName::new(Kind::Connection, "canary_key");
    metrics.observe(&Event::StepEnded { name, action, outcome, reason });
    let (store, family) = ("vault-a".to_owned(), Family::Read);
    metrics.observe(&Event::Called { store: store.clone(), family, took: Duration::from_millis(7), error: None });
    metrics.observe(&Event::Waiting { store, family, pause: Duration::from_secs(1) });
}

#[tokio::test]
async fn how_things_stand_is_read_off_the_board_at_the_moment_of_the_scrape() {
    let house = House::open().await;
    full(&house);
    let now = Timestamp::from_second(1_500).unwrap();
    let text = house.served.metrics.render_as(Exposition::Prometheus, &house.served.board.view(), now);
    for line in [
        "secretferry_keys{job=\"nightly\",target=\"vault-b\",state=\"in-sync\"} 15.0",
        "secretferry_keys{job=\"nightly\",target=\"vault-b\",state=\"differing\"} 9.0",
        "secretferry_keys{job=\"nightly\",target=\"vault-b\",state=\"blocked\"} 3.0",
        "secretferry_last_success_age_seconds{job=\"nightly\",target=\"vault-b\"} 600.0",
        "secretferry_last_run_status{job=\"nightly\",target=\"vault-b\",status=\"incomplete\"} 1.0",
        "secretferry_last_run_status{job=\"nightly\",target=\"vault-b\",status=\"succeeded\"} 0.0",
        "secretferry_store_token_remaining_seconds{store=\"vault-a\",upkeep=\"nobody\"} 3500.0",
        "secretferry_lease_held{target=\"vault:b\"} 1.0",
        "secretferry_runs_total{job=\"nightly\",target=\"vault-b\",status=\"succeeded\"} 1",
        "secretferry_outcomes_total{job=\"nightly\",target=\"vault-b\",outcome=\"updated\",reason=\"drift\"} 1",
        "secretferry_audit_head_info{head=\"7:abcdef\"} 1",
        "secretferry_ledger_up 1.0",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("canary"), "no name of a key, and nothing of it, is in a label");
    house.served.metrics.lease_held("vault:b", false);
    house.served.board.change(|view| view.ledger.problem = Some("away".to_owned()));
    let text = house.served.metrics.render_as(Exposition::Prometheus, &house.served.board.view(), now);
    assert!(text.contains("secretferry_ledger_up 0.0\n"));
    assert!(!text.contains("lease_held{"));
}

#[tokio::test]
async fn a_tokens_life_reaches_the_board() {
    let house = House::open().await;
    let witness = Witness(house.served.board.clone());
    let ending = TokenLife { ends: Some(Timestamp::from_second(5_000).unwrap()), upkeep: Upkeep::Nobody };
    for life in [ending, TokenLife::default()] {
        witness.observe(&Event::TokenLife { store: "vault-a".to_owned(), life });
        assert_eq!(house.served.board.view().stores["vault-a"].token, life);
    }
}

#[cfg(feature = "real-servers")]
mod promtool {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use secretferry::daemon::job_metrics;

    use super::*;

    /// In the order of the rendering; a new one is to be shown to promtool as well.
    const EVERY_SERIES: &str = "runs_total outcomes_total run_duration_seconds run_panics_total steps_total store_calls_total
        store_call_duration_seconds store_waits_total store_wait_seconds_total config_reloads_total http_requests_total
        build_info start_time_seconds ready config_last_reload_successful peers ledger_up ledger_silence_seconds
        ledger_clock_ahead_seconds audit_head_info keys last_run_keys last_success_timestamp_seconds
        last_run_timestamp_seconds last_run_status last_success_age_seconds next_run_timestamp_seconds running paused store_up
        store_check_timestamp_seconds store_token_expiry_timestamp_seconds store_token_remaining_seconds lease_held";

    /// What promtool has against these metrics.
    fn judged(text: &str) -> Result<(), String> {
        let promtool =
            std::env::var("SECRETFERRY_TEST_PROMTOOL").expect("run this by `make test`, which fetches promtool");
        let mut judge = Command::new(promtool);
        let judge =
            judge.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut judge = judge.spawn().unwrap();
        judge.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let told = judge.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&told.stderr).into_owned() + &String::from_utf8_lossy(&told.stdout);
        if told.status.success() && words.is_empty() { Ok(()) } else { Err(words) }
    }

    #[tokio::test]
    async fn promtool_has_nothing_against_a_rendering_with_every_series() {
        let house = House::open().await;
        full(&house);
        answer(house.get("/healthz")).await;
        let (_, text) = answer(house.get("/metrics")).await;
        judged(&text).unwrap();
        let heads = text.lines().filter_map(|line| line.strip_prefix("# TYPE secretferry_"));
        let names: Vec<_> = heads.map(|head| head.split(' ').next().unwrap()).collect();
        assert_eq!(names, EVERY_SERIES.split_whitespace().collect::<Vec<_>>());
        judged(&job_metrics(&house.served.board.view().jobs[..1])).unwrap();
        assert!(judged(&text.replace("secretferry_runs_total", "secretferry_runs")).unwrap_err().contains("_total"));
        assert!(judged(&text.replace("# HELP secretferry_peers", "# HALP secretferry_peers")).is_err());
        assert!(judged(&format!("{text}secretferry_peers seven\n")).is_err(), "no number");
    }
}
