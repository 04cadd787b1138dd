//! The stores: where each is, what its last check found, and how long we may still ask it.

use maud::{Markup, html};

use super::Look;
use super::layout::{Sheet, table};
use super::state;
use super::words::{moment_or, number, visible, visible_lines};
use crate::daemon::board::StoreView;
use crate::model::{Finding, Severity, TokenLife, Upkeep};
use crate::provider::Role;

/// The page of all stores.
pub(super) fn stores(look: &Look<'_>) -> Markup {
    let content = html! {
        h1 { "Stores" }
        @if look.view.stores.is_empty() { p { "No job uses a store yet." } }
        @for (name, store) in &look.view.stores {
            section id=(anchor(name)) {
                h2 { (visible(name)) " " (state::of_store(store, look.now).badge()) }
                dl {
                    div { dt { "Kind" } dd { (visible(&store.kind)) ", " (roles(store)) } }
                    div { dt { "Where" } dd { code { (visible(&store.location)) } } }
                    div { dt { "Last check" } dd { (moment_or(store.checked_at, look.now, "not yet")) } }
                    div { dt { "Token ends" } dd { (moment_or(store.token.ends, look.now, "not, or nobody knows")) (after(&store.token)) } }
                }
                @if store.findings.is_empty() && store.checked_at.is_some() { p { "The check found nothing amiss." } }
                @if !store.findings.is_empty() { ul.findings { @for found in &store.findings { (finding(found)) } } }
            }
        }
    };
    Sheet { title: "Stores", path: "/stores", refreshes: true, content }.render(look)
}

/// The table of stores on the overview.
pub(super) fn brief(look: &Look<'_>) -> Markup {
    let row = |(name, store): (&String, &StoreView)| {
        vec![
            html! { a href={ "/stores#" (anchor(name)) } { (visible(name)) } div.quiet { (visible(&store.kind)) } },
            html! {
                (state::of_store(store, look.now).badge())
                @if !store.findings.is_empty() { div.quiet { (number(store.findings.len(), "finding", "findings")) } }
            },
            html! { code { (visible(&store.location)) } div.quiet { (roles(store)) } },
            moment_or(store.checked_at, look.now, "not yet"),
            html! { (moment_or(store.token.ends, look.now, "–")) (after(&store.token)) },
        ]
    };
    let rows: Vec<_> = look.view.stores.iter().map(row).collect();
    table("The stores of all jobs", &["Store", "State", "Where", "Last check", "Token ends"], &rows)
}

/// Who sees to what comes after a token that ends.
fn after(token: &TokenLife) -> Markup {
    let words = token.ends.map(|_| match token.upkeep {
        Upkeep::Ours => "renewed, or got anew, by itself",
        Upkeep::Others => "kept fresh by others",
        Upkeep::Nobody => "somebody has to give another",
    });
    html! { @if let Some(words) = words { div.quiet { (words) } } }
}

/// What leads to a store on its page: an id without blanks.
pub(super) fn anchor(name: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    format!("store-{}", name.chars().map(plain).collect::<String>())
}

fn roles(store: &StoreView) -> &'static str {
    match (store.roles.contains(&Role::Source), store.roles.contains(&Role::Target)) {
        (true, true) => "source and target",
        (true, false) => "source",
        (false, true) => "target",
        (false, false) => "not used",
    }
}

fn finding(finding: &Finding) -> Markup {
    let class = match finding.severity {
        Severity::Error => "bad",
        Severity::Warning => "notable",
        Severity::Info => "",
    };
    html! {
        li {
            strong class=(class) { (finding.severity.as_str()) } " " (visible(&finding.subject)) ": " (visible_lines(&finding.message))
            @if let Some(remedy) = &finding.remedy { pre tabindex="0" aria-label="What to do" { (visible_lines(remedy)) } }
        }
    }
}
