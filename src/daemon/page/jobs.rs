//! A job's page: where it stands on each of its targets, what is pending there and why, and its last runs.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::layout::{Sheet, csrf, table};
use super::overview::{activity, next};
use super::state;
use super::words::{counts, job_path, moment, moment_or, number, run_counts, run_path, short, took, visible};
use super::{Look, RUNS};
use crate::daemon::board::JobView;
use crate::ledger::{REMARKS, Remark, Run};
use crate::model::{Outcome, Reason};

/// The page of a job; `runs` are its last ones, or why they cannot be told. `None` where no job has that name.
pub(super) fn job(look: &Look<'_>, name: &str, runs: Result<&[Run], &str>) -> Option<Markup> {
    let legs: Vec<&JobView> = look.view.jobs.iter().filter(|job| job.job == name).collect();
    let first = legs.first()?;
    let content = html! {
        h1 { "Job " (visible(name)) }
        (actions(look, first))
        @for leg in &legs { (standing(look, leg)) }
        (history(look, runs))
    };
    let title = format!("Job {}", visible(name));
    let refreshes = !look.visitor.signed_in;
    Some(Sheet { title: &title, path: &job_path(name), refreshes, content }.render(look))
}

/// What a person may ask of a job.
fn actions(look: &Look<'_>, job: &JobView) -> Markup {
    let path = job_path(&job.job);
    let form = |verb: &str, words: &str| {
        html! {
            form method="post" action={ (path) "/" (verb) } { (csrf(look.visitor)) button type="submit" { (words) } }
        }
    };
    html! {
        @if look.visitor.signed_in {
            div.actions role="group" aria-label="Actions" {
                (form("run", "Run now"))
                @if job.control.paused.is_some() { (form("resume", "Resume")) } @else { (form("pause", "Pause")) }
            }
        } @else if look.visitor.may_sign_in {
            p { a href="/login" { "Sign in" } " to run, pause or resume it." }
        }
    }
}

fn standing(look: &Look<'_>, job: &JobView) -> Markup {
    let state = state::of_job(job, look.now);
    let now = activity(job, look.now);
    let last_good = job.standing.as_ref().and_then(|standing| standing.last_good);
    html! {
        section {
            h2 { (visible(&job.source)) " → " (visible(&job.target)) " " (state.badge()) }
            dl {
                @if !now.0.is_empty() { div { dt { "Now" } dd { (now) } } }
                div { dt { "Last run" } dd {
                    @if let Some(run) = &job.last {
                        a href=(run_path(&run.run)) { (run.status.as_str()) } " "
                        (moment(run.ended_at.unwrap_or(run.started_at), look.now)) ": " (counts(&run.counts))
                        @if let Some(error) = &run.error { div.error { (visible(error)) } }
                    } @else { span.quiet { "never" } }
                } }
                div { dt { "Last good run" } dd { (moment_or(last_good, look.now, "never")) } }
                div { dt { "Next run" } dd { (next(job, look.now)) } }
                div { dt { "Target" } dd { code { (visible(&job.target_identity)) } } }
            }
            @if let Some(standing) = &job.standing { (pending(&standing.remarks)) }
        }
    }
}

/// The keys that are not as they should be: the reason is explained once, the keys follow.
fn pending(remarks: &[Remark]) -> Markup {
    let mut groups: BTreeMap<&str, Vec<&Remark>> = BTreeMap::new();
    for remark in remarks {
        groups.entry(&remark.reason).or_default().push(remark);
    }
    let columns = ["Key", "Outcome", "More"];
    html! {
        h3 { "Pending" }
        @if groups.is_empty() { p { "Nothing: the last run left every key as it should be." } }
        @for (reason, remarks) in &groups {
            h4 { (visible(reason)) " (" (number(remarks.len(), "key", "keys")) ")" }
            @if let Some(known) = Reason::parse(reason) { p { (known.explained()) } }
            (table(&format!("Keys left for the reason {}", visible(reason)), &columns, &remarks.iter().map(|remark| cells(remark)).collect::<Vec<_>>()))
        }
        @if remarks.len() >= REMARKS { p.quiet { "Only the first " (REMARKS) " keys are told here; " code { "secretferry plan" } " tells all." } }
    }
}

fn cells(remark: &Remark) -> Vec<Markup> {
    let explained = Outcome::parse(&remark.outcome).map(Outcome::explained);
    let detail = remark.detail.as_deref().unwrap_or_default();
    let beyond = detail.strip_prefix(&remark.name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(detail);
    vec![
        html! { code { (visible(&remark.name)) } },
        html! { span title=[explained] { (visible(&remark.outcome)) } },
        html! { (visible(beyond)) },
    ]
}

fn history(look: &Look<'_>, runs: Result<&[Run], &str>) -> Markup {
    let row = |run: &Run| {
        vec![
            html! { a href=(run_path(run.id.as_str())) { (short(run.id.as_str())) } },
            html! { (visible(&run.target)) },
            html! { (state::of_run(run.status).badge()) },
            html! {
                (moment(run.started_at, look.now))
                @if let Some(took) = took(run.started_at, run.ended_at) { ", took " (took) }
            },
            html! { (run_counts(run)) @if let Some(error) = &run.error { div.error { (visible(error)) } } },
            html! { (visible(&run.command)) " on " (visible(&run.host)) },
        ]
    };
    html! {
        section aria-labelledby="runs" {
            h2 id="runs" { "Last runs" }
            @match runs {
                Err(problem) => p { "They cannot be told: " (visible(problem)) },
                Ok([]) => p { "It never ran." },
                Ok(runs) => (table(
                    &format!("Its last runs, the latest first, at most {RUNS}"),
                    &["Run", "Target", "State", "Began", "Keys", "By"],
                    &runs.iter().map(row).collect::<Vec<_>>(),
                )),
            }
        }
    }
}
