//! How things stand at the moment of a scrape, taken from the board.

use std::collections::BTreeSet;

use jiff::Timestamp;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::board::{Activity, JobView, View};
use super::metrics::{Labels, Level, PREFIX, level, with};
use crate::engine::RunStatus;
use crate::model::{Outcome, Severity};

/// In what state a key is after the last run of its job, as the alerts know it.
const STATES: [&str; 5] = ["in-sync", "differing", "blocked", "quarantined", "failed"];

/// Every gauge, set to what the board says at `now`.
pub fn of(view: &View, leases: &BTreeSet<String>, now: Timestamp) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    about(&mut registry, view, now);
    ledger(&mut registry, view, now);
    jobs(&mut registry, view, now);
    stores(&mut registry, view, now);
    let lease = level(&mut registry, "lease_held", "1 for each target whose lease this daemon holds");
    for target in leases {
        set(&lease, vec![("target", target.clone())], 1.0);
    }
    registry
}

fn about(registry: &mut Registry, view: &View, now: Timestamp) {
    build(registry);
    let started = level(registry, "start_time_seconds", "When the daemon began, as a Unix time");
    set(&started, vec![], seconds(view.about.started_at.unwrap_or(now)));
    let ready = level(registry, "ready", "1 while the daemon is ready to work");
    set(&ready, vec![], yes(view.unready().is_empty()));
    let config = level(registry, "config_last_reload_successful", "1 while the config's file is the one worked by");
    set(&config, vec![], yes(view.about.config_problem.is_none()));
    let peers = level(registry, "peers", "Daemons alive on this ledger, this one included");
    set(&peers, vec![], count(view.peers.len()));
}

fn ledger(registry: &mut Registry, view: &View, now: Timestamp) {
    let ledger = &view.ledger;
    let up = level(registry, "ledger_up", "1 while the ledger can be used");
    set(&up, vec![], yes(ledger.problem.is_none() && ledger.answered_at.is_some()));
    let silent = level(registry, "ledger_silence_seconds", "How long ago the ledger last answered");
    if let Some(answered) = ledger.answered_at {
        set(&silent, vec![], since(answered, now));
    }
    let ahead = level(registry, "ledger_clock_ahead_seconds", "How far the ledger's clock is ahead of ours");
    set(&ahead, vec![], ledger.ahead);
    if !ledger.audit_head.is_empty() {
        let labels = vec![("head", ledger.audit_head.clone())];
        registry.register("audit_head", "The audit log's head", Info::new(labels));
    }
}

/// What a run left behind, true until the next one; nothing that changes by itself.
pub fn of_jobs(legs: &[JobView]) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    build(&mut registry);
    results(&mut registry, legs);
    registry
}

fn build(registry: &mut Registry) {
    let labels = vec![("version", env!("CARGO_PKG_VERSION"))];
    registry.register("build", "The program's version", Info::new(labels));
}

fn place(job: &JobView) -> Labels {
    vec![("job", job.job.clone()), ("target", job.target.clone())]
}

/// How the last run of each job ended.
fn results(registry: &mut Registry, jobs: &[JobView]) {
    let keys = level(registry, "keys", "Keys after the last run, by state");
    let outcomes = level(registry, "last_run_keys", "Keys of the last run, by outcome");
    let good = level(registry, "last_success_timestamp_seconds", "When the last run that ended well began");
    let ended = level(registry, "last_run_timestamp_seconds", "When the last run ended");
    let status = level(registry, "last_run_status", "1 for how the last run ended, 0 for the other ways");
    for job in jobs {
        if let Some(last) = last_good(job) {
            set(&good, place(job), seconds(last));
        }
        if let Some(last) = &job.last {
            set(&ended, place(job), seconds(last.ended_at.unwrap_or(last.started_at)));
            for each in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
                set(&status, with(place(job), "status", each.as_str()), yes(each == last.status));
            }
        }
        last_keys(job, &|| place(job), &keys, &outcomes);
    }
}

/// When the last good run began; a part of a job leaves no standing, but may have gone well.
fn last_good(job: &JobView) -> Option<Timestamp> {
    let good = job.last.as_ref().filter(|last| last.status == RunStatus::Succeeded).map(|last| last.started_at);
    job.standing.as_ref().and_then(|standing| standing.last_good).or(good)
}

/// What is true of the moment alone.
fn jobs(registry: &mut Registry, view: &View, now: Timestamp) {
    results(registry, &view.jobs);
    let age = level(registry, "last_success_age_seconds", "How long ago the last run that ended well began");
    let next = level(registry, "next_run_timestamp_seconds", "When the job is next due");
    let running = level(registry, "running", "1 while a run is under way");
    let paused = level(registry, "paused", "1 while the job is paused");
    for job in &view.jobs {
        set(&running, place(job), yes(matches!(job.activity, Activity::Running { .. })));
        set(&paused, place(job), yes(job.control.paused.is_some()));
        if let Some(due) = job.next {
            set(&next, place(job), seconds(due));
        }
        if let Some(last) = last_good(job) {
            set(&age, place(job), since(last, now));
        }
    }
}

fn last_keys(job: &JobView, labels: &dyn Fn() -> Labels, keys: &Level, outcomes: &Level) {
    let Some(last) = &job.last else { return };
    for state in STATES {
        let of_state = last.counts.iter().filter(|(outcome, _)| state_of(**outcome) == Some(state));
        set(keys, with(labels(), "state", state), number(of_state.map(|(_, count)| count).sum()));
    }
    for (outcome, count) in &last.counts {
        set(outcomes, with(labels(), "outcome", outcome.as_str()), number(*count));
    }
}

/// The state that a key is in after it ended so; `None` where nothing of ours is there any more.
fn state_of(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Created | Outcome::Updated | Outcome::Restored | Outcome::Adopted | Outcome::Kept => Some("in-sync"),
        Outcome::Conflict | Outcome::Unknown | Outcome::NotStarted => Some("differing"),
        Outcome::Blocked => Some("blocked"),
        Outcome::Quarantined => Some("quarantined"),
        Outcome::Failed => Some("failed"),
        Outcome::Deleted | Outcome::Released => None,
    }
}

fn stores(registry: &mut Registry, view: &View, now: Timestamp) {
    let good = level(registry, "store_up", "1 where the store's last check found nothing that stops a job");
    let checked = level(registry, "store_check_timestamp_seconds", "When the store was last checked");
    let ends = level(registry, "store_token_expiry_timestamp_seconds", "When the store's token ends");
    let left = level(registry, "store_token_remaining_seconds", "How much of the store's token's life is left");
    for (name, store) in &view.stores {
        let labels = || vec![("store", name.clone())];
        if let Some(at) = store.checked_at {
            set(&good, labels(), yes(!store.findings.iter().any(|finding| finding.severity == Severity::Error)));
            set(&checked, labels(), seconds(at));
        }
        if let (Some(end), Some(remaining)) = (store.token.ends, store.token.left(now)) {
            let labels = with(labels(), "upkeep", store.token.upkeep.as_str());
            set(&ends, labels.clone(), seconds(end));
            set(&left, labels, remaining.as_secs_f64());
        }
    }
}

fn set(gauge: &Level, labels: Labels, value: f64) {
    gauge.get_or_create(&labels).set(value);
}

fn yes(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn since(at: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(at).as_secs_f64().max(0.0)
}

fn count(many: usize) -> f64 {
    number(u64::try_from(many).unwrap_or(u64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay far below 2^53")]
fn number(many: u64) -> f64 {
    many as f64
}
