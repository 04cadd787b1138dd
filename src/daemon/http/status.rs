//! `secretferry.status/1`: the board as JSON; within one number keys are only ever added.

use serde_json::{Value, json};

use crate::daemon::board::{Activity, JobView, LastRun, StoreView, View};
use crate::ledger::{Peer, Standing};
use crate::model::Finding;

/// Renders the board.
pub fn status(view: &View) -> String {
    let (about, ledger, unready) = (&view.about, &view.ledger, view.unready());
    let text = json!({
        "schema": "secretferry.status/1",
        "ready": unready.is_empty(),
        "unready": unready,
        "daemon": {
            "id": about.id,
            "host": about.host,
            "version": env!("CARGO_PKG_VERSION"),
            "started_at": about.started_at.map(|at| at.to_string()),
            "config": about.config,
            "config_digest": about.config_digest,
            "config_problem": about.config_problem,
            "draining": about.draining,
        },
        "ledger": {
            "location": ledger.location,
            "answered_at": ledger.answered_at.map(|at| at.to_string()),
            "problem": ledger.problem,
            "clock_ahead_seconds": ledger.ahead,
            "audit_head": ledger.audit_head,
        },
        "jobs": view.jobs.iter().map(job).collect::<Vec<_>>(),
        "stores": view.stores.iter().map(|(name, known)| store(name, known)).collect::<Vec<_>>(),
        "peers": view.peers.iter().map(peer).collect::<Vec<_>>(),
    });
    format!("{text:#}\n")
}

fn job(job: &JobView) -> Value {
    let asked = |wish: &Option<(jiff::Timestamp, String)>| {
        wish.as_ref().map(|(at, by)| json!({ "at": at.to_string(), "by": by }))
    };
    json!({
        "job": job.job,
        "source": job.source,
        "target": job.target,
        "target_identity": job.target_identity,
        "schedule": job.schedule,
        "zone": job.zone,
        "next": job.next.map(|at| at.to_string()),
        "activity": activity(&job.activity),
        "paused": asked(&job.control.paused),
        "asked": asked(&job.control.asked),
        "last_run": job.last.as_ref().map(last),
        "standing": job.standing.as_ref().map(standing),
    })
}

fn activity(activity: &Activity) -> Value {
    match activity {
        Activity::Idle => json!({ "state": "idle" }),
        Activity::Waiting(why) => json!({ "state": "waiting", "why": why }),
        Activity::Running { run, since, host } => {
            json!({ "state": "running", "run": run, "since": since.to_string(), "host": host })
        }
    }
}

fn last(run: &LastRun) -> Value {
    let counts: serde_json::Map<_, _> =
        run.counts.iter().map(|(outcome, count)| (outcome.as_str().to_owned(), json!(count))).collect();
    json!({
        "run": run.run,
        "started_at": run.started_at.to_string(),
        "ended_at": run.ended_at.map(|at| at.to_string()),
        "status": run.status.as_str(),
        "counts": counts,
        "error": run.error,
        "host": run.host,
    })
}

fn standing(standing: &Standing) -> Value {
    json!({
        "done_at": standing.done_at.map(|at| at.to_string()),
        "last_good": standing.last_good.map(|at| at.to_string()),
        "run": standing.run.as_ref().map(|run| run.as_str()),
        "remarks": standing.remarks,
    })
}

fn store(name: &str, store: &StoreView) -> Value {
    json!({
        "store": name,
        "kind": store.kind,
        "location": store.location,
        "checked_at": store.checked_at.map(|at| at.to_string()),
        "findings": store.findings.iter().map(finding).collect::<Vec<_>>(),
        "token_ends": store.token.ends.map(|at| at.to_string()),
        "token_upkeep": store.token.ends.map(|_| store.token.upkeep.as_str()),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.as_str(),
        "code": finding.code,
        "subject": finding.subject,
        "message": finding.message,
        "remedy": finding.remedy,
    })
}

fn peer(peer: &Peer) -> Value {
    json!({
        "id": peer.daemon.id,
        "host": peer.daemon.host,
        "process": peer.daemon.process,
        "version": peer.daemon.version,
        "config_digest": peer.daemon.config_digest,
        "address": peer.daemon.address,
        "started_at": peer.started_at.to_string(),
        "seen_at": peer.seen_at.to_string(),
    })
}
