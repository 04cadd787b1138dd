//! What all pages share: head, navigation, footer, tables; and the two pages that are little else.

use maud::{DOCTYPE, Markup, html};

use super::words::{digest, moment, short, visible};
use super::{Look, Visitor};

/// How often a page loads itself again, in seconds.
const REFRESH: u32 = 15;

/// One page in its frame.
pub(super) struct Sheet<'a> {
    /// What the tab says.
    pub(super) title: &'a str,
    /// Its path, for the navigation and for loading it again.
    pub(super) path: &'a str,
    /// Whether it loads itself again. Never a page with a form: that would take the focus away.
    pub(super) refreshes: bool,
    /// What is in it.
    pub(super) content: Markup,
}

impl Sheet<'_> {
    /// The whole document.
    pub(super) fn render(&self, look: &Look<'_>) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if self.refreshes && !look.still { meta http-equiv="refresh" content=(REFRESH); }
                    title { (self.title) " · secretferry" }
                    link rel="stylesheet" href="/style.css";
                    link rel="icon" href="/icon.svg" type="image/svg+xml";
                }
                body {
                    a.skip href="#main" { "Skip to content" }
                    (self.header(look))
                    main id="main" tabindex="-1" { (self.content) }
                    (self.footer(look))
                }
            }
        }
    }

    fn header(&self, look: &Look<'_>) -> Markup {
        html! {
            header {
                a.brand href="/" { "secretferry" }
                nav aria-label="Pages" {
                    @for (path, title) in [("/", "Jobs"), ("/stores", "Stores")] {
                        a href=(path) aria-current=[(path == self.path).then_some("page")] { (title) }
                    }
                }
                (session(look.visitor))
            }
        }
    }

    fn footer(&self, look: &Look<'_>) -> Markup {
        let about = &look.view.about;
        html! {
            footer {
                p {
                    "secretferry " (env!("CARGO_PKG_VERSION"))
                    @if !about.host.is_empty() { " on " (visible(&about.host)) }
                    @if !about.id.is_empty() { ", daemon " (short(&about.id)) }
                    @if let Some(began) = about.started_at { ", began " (moment(began, look.now)) }
                    @if !about.config.is_empty() {
                        ". Config " code { (visible(&about.config)) } " " (digest(&about.config_digest))
                    }
                }
                p {
                    "As of " time datetime=(look.now) { (look.now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()) } ". "
                    @if self.refreshes && look.still { a href=(self.path) { "Load again by itself" } }
                    @else if self.refreshes {
                        "Loads itself again every " (REFRESH) " seconds. " a href={ (self.path) "?still" } { "Hold still" }
                    }
                    @else { a href=(self.path) { "Load again" } }
                }
            }
        }
    }
}

fn session(visitor: &Visitor) -> Markup {
    html! {
        div.session {
            @if visitor.signed_in {
                form method="post" action="/logout" { (csrf(visitor)) button.plain type="submit" { "Sign out" } }
            } @else if visitor.may_sign_in {
                a href="/login" { "Sign in" }
            }
        }
    }
}

/// The token that proves that a form is ours.
pub(super) fn csrf(visitor: &Visitor) -> Markup {
    html! { @if let Some(token) = &visitor.csrf { input type="hidden" name="csrf" value=(token); } }
}

/// A table; on a phone each row becomes a card, and each cell says itself what it is.
pub(super) fn table(caption: &str, columns: &[&str], rows: &[Vec<Markup>]) -> Markup {
    // The roles are said again because a browser forgets a table's meaning where the stylesheet lays it out otherwise.
    html! {
        table role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" { @for column in columns { th role="columnheader" scope="col" { (column) } } }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (place, (cell, column)) in row.iter().zip(columns).enumerate() {
                            @if place == 0 { th role="rowheader" scope="row" { (cell) } }
                            @else { td role="cell" data-label=(column) { div { (cell) } } }
                        }
                    }
                }
            }
        }
    }
}

/// The form that asks for the token; `problem` is why it is asked again.
pub(super) fn login(look: &Look<'_>, problem: Option<&str>) -> Markup {
    let content = html! {
        h1 { "Sign in" }
        @if let Some(problem) = problem { p.note.bad role="alert" { strong { "Not signed in: " } (problem) } }
        @if look.visitor.may_sign_in {
            p { "Whoever has the daemon's token may run, pause and resume jobs. What they do is in the audit log." }
            form.login method="post" action="/login" {
                // Password managers file a token under a name.
                input type="text" name="username" value="secretferry" autocomplete="username" hidden;
                label for="token" { "Token" }
                input id="token" name="token" type="password" autocomplete="current-password" required;
                button type="submit" { "Sign in" }
            }
        } @else {
            p { "No token is configured, so nobody may act here. Set " code { "daemon.token" } " in the config." }
        }
    };
    Sheet { title: "Sign in", path: "/login", refreshes: false, content }.render(look)
}

/// A page with one thing to say, such as that there is no such job.
pub(super) fn message(look: &Look<'_>, title: &str, text: &str) -> Markup {
    let content = html! {
        h1 { (visible(title)) }
        p { (visible(text)) }
        p { a href="/" { "All jobs" } }
    };
    Sheet { title: &visible(title), path: "/", refreshes: false, content }.render(look)
}
