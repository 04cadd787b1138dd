//! A daemon that tests look at: made by hand, the same each time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::daemon::board::{About, Activity, JobView, LastRun, LedgerView, StoreView, View};
use crate::ledger::{Control, Daemon, Peer, Remark, RunStatus, Standing};
use crate::model::{Outcome, TokenLife, Upkeep};
use crate::provider::Role;

pub(super) const RUN: &str = "0199a3c1-7d1e-7aaa-8000-00005eed0001";

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("a moment")
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(super) fn job(name: &str, target: &str) -> JobView {
    let mut job = JobView {
        job: name.to_owned(),
        source: "vault-prod".to_owned(),
        target: target.to_owned(),
        target_identity: format!("aws-secrets-manager {target}"),
        schedule: Some("every 15 minutes".to_owned()),
        zone: "Europe/Berlin".to_owned(),
        next: Some(now() + SignedDuration::from_mins(12)),
        activity: Activity::Idle,
        control: Control::default(),
        last: None,
        standing: Some(Standing {
            job: name.to_owned(),
            target_identity: format!("aws-secrets-manager {target}"),
            done_at: Some(ago(180)),
            last_good: Some(ago(180)),
            run: None,
            remarks: Vec::new(),
        }),
    };
    end(&mut job, RunStatus::Succeeded);
    job
}

pub(super) fn end(job: &mut JobView, status: RunStatus) {
    job.last = Some(LastRun {
        run: RUN.to_owned(),
        started_at: ago(184),
        ended_at: Some(ago(180)),
        status,
        counts: BTreeMap::from([(Outcome::Kept, 985), (Outcome::Updated, 12)]),
        error: None,
        host: "ferry-0".to_owned(),
    });
}

pub(super) fn running() -> Activity {
    Activity::Running { run: RUN.to_owned(), since: ago(4), host: "ferry-1".to_owned() }
}

pub(super) fn remark(name: &str) -> Remark {
    Remark {
        name: name.to_owned(),
        outcome: "blocked".to_owned(),
        reason: "drift".to_owned(),
        detail: Some(format!("{name}: changed by somebody else")),
    }
}

pub(super) fn store() -> StoreView {
    StoreView {
        kind: "vault".to_owned(),
        location: "https://vault.internal:8200 secret/".to_owned(),
        roles: vec![Role::Source],
        checked_at: Some(ago(60)),
        findings: Vec::new(),
        token: TokenLife { ends: Some(now() + SignedDuration::from_hours(30)), upkeep: Upkeep::Nobody },
    }
}

pub(super) fn view() -> View {
    let daemon = Daemon {
        id: "d-1".to_owned(),
        host: "ferry-0".to_owned(),
        process: 7,
        version: "0.1.0".to_owned(),
        config_digest: "c0ffee".to_owned(),
        address: None,
    };
    View {
        about: About {
            id: "d-1".to_owned(),
            host: "ferry-0".to_owned(),
            started_at: Some(ago(90_000)),
            config: "/etc/secretferry.toml".to_owned(),
            config_digest: "c0ffee".to_owned(),
            config_problem: None,
            draining: false,
        },
        ledger: LedgerView {
            location: "postgres://ledger.internal/ferry".to_owned(),
            answered_at: Some(ago(1)),
            problem: None,
            ahead: 0.1,
            audit_head: "a".repeat(64),
        },
        jobs: vec![job("metastore-to-vault", "vault-prod"), job("prod-to-dr", "aws-dr")],
        stores: BTreeMap::from([("vault-prod".to_owned(), store())]),
        peers: vec![Peer { daemon, started_at: ago(90_000), seen_at: ago(2) }],
    }
}
