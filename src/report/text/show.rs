//! One secret in every store: where it is, whose it is, and its fields as fingerprints.

use crate::engine::{ShowReport, Sight};
use crate::model::State;
use crate::report::page::{Page, Paper, Tone, column};

/// Renders where names are found; never a value.
pub fn show(reports: &[ShowReport], paper: Paper) -> String {
    let mut page = Page::new(paper);
    for report in reports {
        add(&mut page, report);
    }
    page.finish()
}

fn add(page: &mut Page, report: &ShowReport) {
    page.heading(&report.name.to_string());
    for sight in &report.sights {
        page.heading(&format!("{} ({})", sight.store, sight.kind));
        for (label, text) in facts(sight) {
            page.row(2, Tone::Faint, label, 15, &text);
        }
        let column = column(page.width(), 4, sight.fields.iter().map(|field| field.path.as_ref()));
        for field in &sight.fields {
            page.row(4, Tone::Plain, &field.path, column, &field.shown);
        }
    }
}

fn facts(sight: &Sight) -> Vec<(&'static str, String)> {
    let absent = if sight.problem.is_some() { "not known" } else { "not there" };
    let state = sight.state.map_or(absent, State::as_str);
    let known = [
        ("called", sight.called.as_ref().map(ToString::to_string)),
        ("key", sight.key.as_ref().map(ToString::to_string)),
        ("state", Some(state.to_owned())),
        ("owner", sight.owner.clone()),
        ("version", sight.revision.as_ref().map(|revision| revision.as_str().to_owned())),
        ("fingerprint", sight.fingerprint.as_ref().map(|fingerprint| fingerprint.short().to_owned())),
        ("problem", sight.problem.clone()),
    ];
    known.into_iter().filter_map(|(label, text)| Some((label, text?))).collect()
}
