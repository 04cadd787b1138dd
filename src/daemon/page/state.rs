//! The one word for how a job or a store stands, and whether somebody must look; pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use crate::daemon::board::{Activity, JobView, StoreView};
use crate::ledger::RunStatus;
use crate::model::Severity;

/// How long a job may be late before it counts as overdue; shorter than that it waits for its turn.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// How grave a state is; told by a word and a sign, never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gravity {
    /// Somebody must look.
    Bad,
    /// Worth knowing.
    Notable,
    /// Something is happening.
    Busy,
    /// All is well.
    Good,
    /// Nothing is known yet.
    Unknown,
}

/// How something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// How grave it is.
    pub(super) gravity: Gravity,
    /// The word for it.
    pub(super) word: &'static str,
}

impl State {
    const fn new(gravity: Gravity, word: &'static str) -> Self {
        Self { gravity, word }
    }

    /// Whether somebody must look.
    pub(super) fn needs_a_look(&self) -> bool {
        self.gravity == Gravity::Bad
    }

    /// The word with its sign.
    pub(super) fn badge(&self) -> Markup {
        let (class, sign) = match self.gravity {
            Gravity::Bad => ("badge bad", "✕"),
            Gravity::Notable => ("badge notable", "!"),
            Gravity::Busy => ("badge busy", "▸"),
            Gravity::Good => ("badge good", "✓"),
            Gravity::Unknown => ("badge", "–"),
        };
        html! { span class=(class) { span aria-hidden="true" { (sign) " " } (self.word) } }
    }
}

/// How a job stands on a target: how its last run ended, unless something more pressing is to be said.
pub(super) fn of_job(job: &JobView, now: Timestamp) -> State {
    let last = job.last.as_ref().map(|run| of_run(run.status));
    if let Some(bad) = last.clone().filter(State::needs_a_look) {
        return bad;
    }
    if matches!(job.activity, Activity::Running { .. }) {
        return State::new(Gravity::Busy, "running");
    }
    if is_overdue(job, now) {
        return State::new(Gravity::Bad, "overdue");
    }
    if job.control.paused.is_some() {
        return State::new(Gravity::Notable, "paused");
    }
    if matches!(job.activity, Activity::Waiting(_)) {
        return State::new(Gravity::Busy, "waiting");
    }
    last.unwrap_or(State::new(Gravity::Unknown, "never ran"))
}

/// How a run ended, or that it has not.
pub(super) fn of_run(status: RunStatus) -> State {
    match status {
        RunStatus::Running => State::new(Gravity::Busy, "running"),
        RunStatus::Succeeded => State::new(Gravity::Good, "in sync"),
        RunStatus::Incomplete => State::new(Gravity::Bad, "incomplete"),
        RunStatus::Failed => State::new(Gravity::Bad, "failed"),
        RunStatus::Interrupted => State::new(Gravity::Notable, "interrupted"),
        RunStatus::Died => State::new(Gravity::Bad, "died"),
    }
}

fn is_overdue(job: &JobView, now: Timestamp) -> bool {
    let late = job.next.is_some_and(|next| now.duration_since(next) > LATE);
    late && job.control.paused.is_none()
}

/// How a store stands: what its last check found, and whether our token has ended.
pub(super) fn of_store(store: &StoreView, now: Timestamp) -> State {
    let worst = store.findings.iter().map(|finding| finding.severity).max();
    let has_ended = store.token.pressing(now, Duration::ZERO).is_some();
    match worst {
        Some(Severity::Error) => State::new(Gravity::Bad, "faulty"),
        _ if has_ended => State::new(Gravity::Bad, "token ended"),
        Some(Severity::Warning) => State::new(Gravity::Notable, "warning"),
        _ if store.checked_at.is_none() => State::new(Gravity::Unknown, "not checked yet"),
        _ => State::new(Gravity::Good, "good"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::page::fixture;
    use crate::model::{Finding, TokenLife, Upkeep};

    #[test]
    fn a_job_is_told_by_what_is_most_pressing() {
        let now = fixture::now();
        let mut job = fixture::job("prod-to-dr", "aws-dr");
        assert_eq!(of_job(&job, now).word, "in sync");
        job.control.paused = Some((now, "page".to_owned()));
        assert_eq!(of_job(&job, now).word, "paused");
        job.activity = fixture::running();
        assert_eq!(of_job(&job, now).word, "running");
        fixture::end(&mut job, RunStatus::Failed);
        let failed = of_job(&job, now);
        assert_eq!(failed.word, "failed");
        assert!(failed.needs_a_look());
        job.last = None;
        job.control.paused = None;
        job.activity = Activity::Idle;
        assert_eq!(of_job(&job, now).word, "never ran");
    }

    #[test]
    fn a_job_is_overdue_only_when_its_time_is_well_past() {
        let now = fixture::now();
        let mut job = fixture::job("prod-to-dr", "aws-dr");
        job.next = Some(now - SignedDuration::from_mins(4));
        assert_eq!(of_job(&job, now).word, "in sync");
        job.next = Some(now - SignedDuration::from_mins(6));
        assert_eq!(of_job(&job, now).word, "overdue");
        job.control.paused = Some((now, "page".to_owned()));
        assert_eq!(of_job(&job, now).word, "paused");
    }

    #[test]
    fn a_store_is_told_by_its_worst_finding_and_its_token() {
        let now = fixture::now();
        let mut store = fixture::store();
        assert_eq!(of_store(&store, now).word, "good");
        let ended = |upkeep| TokenLife { ends: Some(now - SignedDuration::from_secs(1)), upkeep };
        store.token = ended(Upkeep::Ours);
        assert_eq!(of_store(&store, now).word, "good", "the next call gets another");
        for upkeep in [Upkeep::Others, Upkeep::Nobody] {
            store.token = ended(upkeep);
            assert_eq!(of_store(&store, now).word, "token ended");
        }
        store.token = TokenLife::default();
        store.findings.push(Finding::new(Severity::Warning, "token-expires", "vault", "The token ends."));
        assert_eq!(of_store(&store, now).word, "warning");
        store.findings.push(Finding::new(Severity::Error, "denied", "vault", "No right to list."));
        assert_eq!(of_store(&store, now).word, "faulty");
        store.findings.clear();
        store.checked_at = None;
        assert_eq!(of_store(&store, now).word, "not checked yet");
    }
}
