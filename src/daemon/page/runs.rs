//! A run's page: how it went and every step it took, with reasons and fingerprints, never a value.

use maud::{Markup, html};

use super::Look;
use super::layout::{Sheet, table};
use super::state;
use super::words::{exact, job_path, moment, moment_or, run_counts, run_path, short, took, visible};
use crate::ledger::{Run, StepRecord};
use crate::model::{Fingerprint, Outcome};

/// The most steps that the page tells; a browser is slow with ten thousand rows.
const STEPS: usize = 500;

/// The page of a run.
pub(super) fn run(look: &Look<'_>, run: &Run, steps: &[StepRecord]) -> Markup {
    let id = run.id.as_str();
    let under_way = run.ended_at.is_none();
    let content = html! {
        h1 { "Run " (short(id)) " " (state::of_run(run.status).badge()) }
        @if let Some(error) = &run.error { p.note.bad { strong { "Ended early: " } (visible(error)) } }
        dl {
            div { dt { "Job" } dd { a href=(job_path(&run.job)) { (visible(&run.job)) } } }
            div { dt { "From, to" } dd { (visible(&run.source)) " → " (visible(&run.target)) } }
            div { dt { "Began" } dd { (moment(run.started_at, look.now)) } }
            div { dt { "Ended" } dd {
                (moment_or(run.ended_at, look.now, "not yet"))
                @if let Some(took) = took(run.started_at, run.ended_at) { ", took " (took) }
            } }
            div { dt { "Keys" } dd { (run_counts(run)) } }
            div { dt { "Command" } dd { (visible(&run.command)) " on " (visible(&run.host)) ", version " (visible(&run.version)) } }
            div { dt { "Target" } dd { code { (visible(&run.target_identity)) } } }
            div { dt { "Id" } dd { code.long { (visible(id)) } } }
        }
        (taken(id, steps))
    };
    let title = format!("Run of {}", visible(&run.job));
    Sheet { title: &title, path: &run_path(id), refreshes: under_way, content }.render(look)
}

fn taken(id: &str, steps: &[StepRecord]) -> Markup {
    let mut told: Vec<&StepRecord> = steps.iter().collect();
    told.sort_by_key(|step| step.outcome.is_some_and(Outcome::is_good));
    let rows: Vec<_> = told.iter().take(STEPS).map(|step| cells(step)).collect();
    html! {
        section aria-labelledby="steps" {
            h2 id="steps" { "Steps" }
            @if rows.is_empty() { p { "None: it changed nothing." } }
            @else { (table(
                "What it changed, those that did not end well first",
                &["Key", "Outcome", "Why", "Fingerprint", "When"],
                &rows,
            )) }
            @if steps.len() > STEPS { p {
                "These are " (STEPS) " of " (steps.len()) " steps; " code { "secretferry history " (visible(id)) } " tells all."
            } }
        }
    }
}

fn cells(step: &StepRecord) -> Vec<Markup> {
    let intent = &step.intent;
    let name = intent.names().to_string();
    let fingerprint = |given: &Option<Fingerprint>| given.as_ref().map_or("–".to_owned(), |it| it.short().to_owned());
    vec![
        html! { code { (visible(&name)) } @if intent.key.as_str() != name { div.quiet { (visible(intent.key.as_str())) } } },
        html! {
            @match step.outcome {
                Some(outcome) if outcome.is_good() => span title=(outcome.explained()) { (outcome) },
                Some(outcome) => strong.bad title=(outcome.explained()) { (outcome) },
                None => { (intent.action) ", " (step.state.as_str()) },
            }
        },
        html! {
            span title=(intent.reason.explained()) { (intent.reason) }
            @if let Some(failure) = step.failure { div.error { (failure) ": " (failure.explained()) } }
            @if let Some(error) = &step.error { div.error { (visible(error)) } }
        },
        html! { code { (fingerprint(&intent.fingerprint_before)) } " → " code { (fingerprint(&step.fingerprint_after)) } },
        html! {
            @let at = step.settled_at.or(step.concluded_at).unwrap_or(step.intended_at);
            time datetime=(exact(at)) { (at.strftime("%H:%M:%S").to_string()) }
            @if step.settled_at.is_some() { " settled" }
        },
    ]
}
