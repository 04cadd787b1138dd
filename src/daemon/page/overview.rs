//! The first page: what needs a look, then every job, the stores, the daemons and the ledger.

use jiff::Timestamp;
use maud::{Markup, html};

use super::Look;
use super::layout::{Sheet, table};
use super::state::{self, State};
use super::stores;
use super::words::{counts, digest, exact, job_path, moment, moment_or, number, run_path, short, visible};
use crate::daemon::board::{Activity, JobView, View};
use crate::ledger::Peer;

/// The overview.
pub(super) fn overview(look: &Look<'_>) -> Markup {
    let summary = summary(look.view, look.now);
    let content = html! {
        (headline(&summary, look))
        (jobs(look))
        @if !look.view.stores.is_empty() { section aria-labelledby="stores" {
            h2 id="stores" { "Stores" }
            (stores::brief(look))
        } }
        (peers(look))
        (ledger(look))
    };
    Sheet { title: &summary, path: "/", refreshes: true, content }.render(look)
}

/// The first thing to read.
fn summary(view: &View, now: Timestamp) -> String {
    if let Some(problem) = &view.ledger.problem {
        return format!("The ledger cannot be used: {}", visible(problem));
    }
    if view.jobs.is_empty() {
        return "No jobs".to_owned();
    }
    let bad = view.jobs.iter().filter(|job| state::of_job(job, now).needs_a_look()).count();
    let all = view.jobs.len();
    match (bad, all) {
        (0, 1) => "The job is well".to_owned(),
        (0, _) => format!("All {all} jobs are well"),
        (1, _) => format!("1 of {} needs a look", number(all, "job", "jobs")),
        _ => format!("{bad} of {} need a look", number(all, "job", "jobs")),
    }
}

fn headline(summary: &str, look: &Look<'_>) -> Markup {
    let notes = notes(look);
    let jobs = look.view.jobs.iter().any(|job| state::of_job(job, look.now).needs_a_look());
    let class = if jobs || !notes.is_empty() { "headline bad" } else { "headline good" };
    html! {
        h1 class=(class) { (summary) }
        @if !notes.is_empty() { ul.notes { @for note in &notes { li { (note) } } } }
    }
}

/// What is wrong beyond the jobs.
fn notes(look: &Look<'_>) -> Vec<Markup> {
    let about = &look.view.about;
    let ledger = &look.view.ledger;
    let mut notes = Vec::new();
    if let Some(problem) = &ledger.problem {
        notes.push(html! {
            "Nothing is written to any target until the ledger answers again; then work goes on by itself. It is at "
            code { (visible(&ledger.location)) } ", and said: " (visible(problem))
        });
    } else if ledger.answered_at.is_none() {
        notes.push(html! { "The ledger is not opened yet." });
    }
    if let Some(problem) = &about.config_problem {
        notes.push(html! {
            "The config in " code { (visible(&about.config)) } " was refused; the daemon works by the one before. "
            (visible(problem))
        });
    }
    if about.draining {
        notes.push(html! { "This daemon is about to end: it finishes what is under way and begins nothing more." });
    }
    for (name, store) in &look.view.stores {
        let state = state::of_store(store, look.now);
        if state.needs_a_look() {
            notes.push(html! { "Store " a href={ "/stores#" (stores::anchor(name)) } { (visible(name)) } ": " (state.word) "." });
        }
    }
    notes
}

fn jobs(look: &Look<'_>) -> Markup {
    let mut jobs: Vec<(State, &JobView)> =
        look.view.jobs.iter().map(|job| (state::of_job(job, look.now), job)).collect();
    // A stable sort: beyond what needs a look, rows stay where they were when the page loads again.
    jobs.sort_by_key(|(state, _)| !state.needs_a_look());
    let rows: Vec<Vec<Markup>> = jobs.iter().map(|(state, job)| row(state, job, look.now)).collect();
    let columns = ["Job", "State", "Last run", "Keys", "Last good run", "Next run"];
    html! {
        section aria-labelledby="jobs" {
            h2 id="jobs" { "Jobs" }
            @if rows.is_empty() {
                p { "The config names no jobs; write a " code { "[jobs.NAME]" } " table, and the daemon takes it up." }
            } @else { (table("Every job on each of its targets; those that need a look first", &columns, &rows)) }
        }
    }
}

fn row(state: &State, job: &JobView, now: Timestamp) -> Vec<Markup> {
    vec![
        html! {
            a href=(job_path(&job.job)) { (visible(&job.job)) }
            div.quiet { (visible(&job.source)) " → " (visible(&job.target)) }
        },
        html! { (state.badge()) (activity(job, now)) },
        last_run(job, now),
        html! { @if let Some(run) = &job.last { (counts(&run.counts)) } @else { span.quiet { "–" } } },
        moment_or(job.standing.as_ref().and_then(|standing| standing.last_good), now, "never"),
        next(job, now),
    ]
}

/// What a job does at the moment, in words; nothing where it rests.
pub(super) fn activity(job: &JobView, now: Timestamp) -> Markup {
    html! {
        @match &job.activity {
            Activity::Idle => {}
            Activity::Waiting(why) => div.quiet { "waits: " (visible(why)) },
            Activity::Running { run, since, host } => div.quiet {
                a href=(run_path(run)) { "run " (short(run)) } " on " (visible(host)) ", began " (moment(*since, now))
            },
        }
        @if let Some((at, by)) = &job.control.paused {
            div.quiet { "paused " (moment(*at, now)) " by " (visible(by)) }
        }
        @if let Some((at, by)) = &job.control.asked {
            @if job.last.as_ref().is_none_or(|run| run.started_at < *at) {
                div.quiet { "run asked for " (moment(*at, now)) " by " (visible(by)) }
            }
        }
    }
}

fn last_run(job: &JobView, now: Timestamp) -> Markup {
    let Some(run) = &job.last else { return html! { span.quiet { "never" } } };
    html! {
        a href=(run_path(&run.run)) { (run.status.as_str()) } " "
        (moment(run.ended_at.unwrap_or(run.started_at), now))
        @if let Some(error) = &run.error { div.error { (visible(error)) } }
    }
}

/// When a job is next due, and by which rule.
pub(super) fn next(job: &JobView, now: Timestamp) -> Markup {
    let otherwise = if job.control.paused.is_some() { "not while paused" } else { "only when asked" };
    html! {
        (moment_or(job.next, now, otherwise))
        @if let Some(schedule) = &job.schedule {
            div.quiet { (visible(schedule)) @if !job.zone.is_empty() && job.zone != "UTC" { ", " (visible(&job.zone)) } }
        }
    }
}

fn peers(look: &Look<'_>) -> Markup {
    let about = &look.view.about;
    let row = |peer: &Peer| {
        let daemon = &peer.daemon;
        vec![
            html! { (visible(&daemon.host)) @if daemon.id == about.id { " " span.quiet { "(this one)" } } },
            html! { (daemon.process) },
            html! { (visible(&daemon.version)) },
            html! {
                (digest(&daemon.config_digest))
                @if daemon.config_digest != about.config_digest { " " strong.bad { "another than ours" } }
            },
            moment(peer.started_at, look.now),
            moment(peer.seen_at, look.now),
        ]
    };
    let rows: Vec<_> = look.view.peers.iter().map(row).collect();
    let columns = ["Machine", "Process", "Version", "Config", "Began", "Last heard of"];
    html! {
        @if !rows.is_empty() {
            section aria-labelledby="daemons" {
                h2 id="daemons" { "Daemons" }
                (table("The live daemons that share the ledger, the eldest first", &columns, &rows))
            }
        }
    }
}

fn ledger(look: &Look<'_>) -> Markup {
    let ledger = &look.view.ledger;
    let skew = match ledger.ahead {
        ahead if ahead.abs() < 1.0 => "agrees with ours".to_owned(),
        ahead if ahead > 0.0 => format!("{ahead:.0} s ahead of ours"),
        ahead => format!("{:.0} s behind ours", -ahead),
    };
    html! {
        section aria-labelledby="ledger" {
            h2 id="ledger" { "Ledger" }
            dl {
                div { dt { "Where" } dd { code { (visible(&ledger.location)) } } }
                div { dt { "Last answer" } dd { (moment_or(ledger.answered_at, look.now, "none yet")) } }
                @if ledger.answered_at.is_some() { div { dt { "Its clock" } dd { (skew) } } }
                div { dt { "Audit head" } dd {
                    @if ledger.audit_head.is_empty() { span.quiet { "not known" } }
                    @else { code.long { (visible(&ledger.audit_head)) } " as of " (exact(look.now)) }
                } }
            }
        }
    }
}
