//! What the board says of jobs: the config, what the ledger knows, and what waits here.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::board::{Activity, JobView, LastRun, View};
use super::setup::{Leg, Setup};
use crate::engine::Schedule;
use crate::ledger::{Overview, RunStatus};

/// Writes every job anew; what only the ledger knows stays as it was last known while the ledger is away.
pub fn jobs(
    view: &mut View,
    setup: &Setup,
    overview: Option<&Overview>,
    waiting: &BTreeMap<Leg, Activity>,
    next: &dyn Fn(&Leg) -> Option<Timestamp>,
) {
    let before = std::mem::take(&mut view.jobs);
    view.jobs = setup
        .legs
        .iter()
        .map(|leg| {
            let mut known = fresh(setup, leg);
            known.next = next(leg);
            match overview {
                Some(overview) => fill(&mut known, leg, overview, waiting.get(leg)),
                None => {
                    let same = |old: &&JobView| old.job == known.job && old.target_identity == known.target_identity;
                    if let Some(old) = before.iter().find(same) {
                        let (last, standing) = (old.last.clone(), old.standing.clone());
                        (known.last, known.standing, known.control) = (last, standing, old.control.clone());
                    }
                }
            }
            known
        })
        .collect();
}

fn fresh(setup: &Setup, leg: &Leg) -> JobView {
    let schedule = setup.schedule(leg);
    JobView {
        job: leg.job.clone(),
        source: setup.job(leg).source.clone(),
        target: leg.target.clone(),
        target_identity: leg.identity.clone(),
        schedule: schedule.map(Schedule::words),
        zone: schedule.map(Schedule::zone).unwrap_or_default(),
        next: None,
        activity: Activity::Idle,
        control: Default::default(),
        last: None,
        standing: None,
    }
}

fn fill(known: &mut JobView, leg: &Leg, overview: &Overview, waiting: Option<&Activity>) {
    let run = overview.runs.get(&leg.place());
    known.control = overview.controls.get(&leg.job).cloned().unwrap_or_default();
    known.standing = overview.standings.get(&leg.place()).cloned();
    known.activity = match run {
        Some(run) if run.status == RunStatus::Running => {
            Activity::Running { run: run.id.to_string(), since: run.started_at, host: run.host.clone() }
        }
        _ => waiting.cloned().unwrap_or(Activity::Idle),
    };
    known.last = run.filter(|run| run.status != RunStatus::Running).map(LastRun::from);
}
