//! What a service manager is told, where one listens (`NOTIFY_SOCKET`): that we are ready, alive, or about to end.

use std::time::Duration;

use sd_notify::NotifyState;

use super::board::View;

/// All is open: work begins.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The config is read again; [`ready`] follows.
pub fn reloading() {
    // systemd takes the one without the other for a failure of the service.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the service manager was not told of the reload"),
    }
}

/// Nothing more is begun.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The loop lives; to be told at least as often as [`watchdog`] says.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How things stand, one line.
pub fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

/// How often [`alive`] must be told: half of what the service manager allows; `None` where it does not ask.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|allowed| allowed / 2).filter(|every| !every.is_zero())
}

/// How many jobs there are, what is wrong, and which is next: the status line.
pub fn summary(view: &View) -> String {
    let jobs = match view.jobs.len() {
        1 => "1 job".to_owned(),
        jobs => format!("{jobs} jobs"),
    };
    if view.about.draining {
        return format!("{jobs}, about to end");
    }
    let next = view.jobs.iter().filter_map(|job| Some((job.next?, &job.job))).min();
    let next = next.map(|(at, job)| format!("next: {job} at {at:.0}"));
    let unready = view.unready();
    let trouble = unready.first().map(|problem| format!("not ready: {problem}"));
    // A line is a line: what a store says may hold several.
    let parts: Vec<_> = [Some(jobs), trouble, next].into_iter().flatten().collect();
    crate::model::shown(&parts.join("; "))
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager was not told");
    }
}
