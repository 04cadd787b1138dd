//! `secretferry.show/1`: one secret in every store.

use serde::Serialize;

use super::plan::{Field, Name, fields};
use super::rendered;
use crate::engine::{ShowReport, Sight};
use crate::model::State;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    name: Name<'a>,
    stores: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    store: &'a str,
    kind: &'static str,
    key: Option<&'a str>,
    state: Option<&'static str>,
    owner: Option<&'a str>,
    revision: Option<&'a str>,
    fingerprint: Option<String>,
    fields: Vec<Field<'a>>,
    problem: Option<&'a str>,
}

/// Renders where a name is found; a store without it has a null state and no problem.
pub fn show(report: &ShowReport) -> String {
    rendered(&Report {
        schema: "secretferry.show/1",
        name: Name::of(&report.name),
        stores: report.sights.iter().map(Place::of).collect(),
    })
}

impl<'a> Place<'a> {
    fn of(sight: &'a Sight) -> Self {
        Self {
            store: &sight.store,
            kind: sight.kind,
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
