//! `secretferry.show/1`: one id in every store; a connection, a variable and a config may all have it.

use serde::Serialize;

use super::plan::{Field, Name, fields};
use super::rendered;
use crate::engine::{ShowReport, Sight};
use crate::model::State;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    found: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    name: Name<'a>,
    stores: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    store: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    called: Option<Name<'a>>,
    key: Option<&'a str>,
    state: Option<&'static str>,
    owner: Option<&'a str>,
    revision: Option<&'a str>,
    fingerprint: Option<String>,
    fields: Vec<Field<'a>>,
    problem: Option<&'a str>,
}

/// Renders where names are found; a store without one has a null state and no problem.
pub fn show(reports: &[ShowReport]) -> String {
    rendered(&Report { schema: "secretferry.show/1", found: reports.iter().map(Found::of).collect() })
}

impl<'a> Found<'a> {
    fn of(report: &'a ShowReport) -> Self {
        Self { name: Name::of(&report.name), stores: report.sights.iter().map(Place::of).collect() }
    }
}

impl<'a> Place<'a> {
    fn of(sight: &'a Sight) -> Self {
        Self {
            store: &sight.store,
            kind: sight.kind,
            called: sight.called.as_ref().map(Name::of),
            key: sight.key.as_ref().map(|key| key.as_str()),
            state: sight.state.map(State::as_str),
            owner: sight.owner.as_deref(),
            revision: sight.revision.as_ref().map(|revision| revision.as_str()),
            fingerprint: sight.fingerprint.as_ref().map(ToString::to_string),
            fields: fields(&sight.fields),
            problem: sight.problem.as_deref(),
        }
    }
}
