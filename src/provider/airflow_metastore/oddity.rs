//! Rows that are not handed out as a key with a value, so that none of them is lost in silence.

use std::collections::BTreeMap;

use super::layout::{Selection, TeamColumn};
use super::row::{Nameless, Row};
use crate::model::{Finding, Kind, Severity};

/// The odd rows that were met on the way through a table.
#[derive(Debug, Default)]
pub struct Oddities {
    nameless: BTreeMap<(Kind, Nameless), u64>,
    void: Names,
    team_ids: Names,
}

/// The first few names of many, and how many.
#[derive(Debug, Default)]
pub struct Names {
    shown: Vec<String>,
    count: u64,
}

const MOST_SHOWN: usize = 20;

impl Names {
    /// Takes one more.
    pub fn add(&mut self, name: impl Into<String>) {
        self.count += 1;
        if self.shown.len() < MOST_SHOWN {
            self.shown.push(name.into());
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first few, and how many are left unsaid.
    pub fn text(&self) -> String {
        let more = self.count - self.shown.len() as u64;
        let shown = self.shown.join(", ");
        if more == 0 { shown } else { format!("{shown} and {more} more") }
    }
}

impl Oddities {
    /// Looks at a row; tells whether it is handed out under a key.
    pub fn admit(&mut self, selection: &Selection, row: &Row) -> Option<crate::model::RemoteKey> {
        let key = match row.key() {
            Ok(key) => key,
            Err(nameless) => {
                *self.nameless.entry((selection.kind, nameless)).or_default() += 1;
                return None;
            }
        };
        if row.is_void() {
            self.void.add(key.as_str());
            return None;
        }
        if selection.team == TeamColumn::Id && row.is_of_team() {
            self.team_ids.add(key.as_str());
        }
        Some(key)
    }

    /// What there is to say about them.
    pub fn findings(&self, store: &str) -> Vec<Finding> {
        let nameless = self.nameless.iter().map(|((kind, nameless), count)| {
            let what = match nameless {
                Nameless::Id => "have no name (null, empty or no UTF-8 text)",
                Nameless::Team => "are of a team whose name is empty, holds a / or is no UTF-8 text",
            };
            let message = format!("{count} rows of the table {kind} {what}: they cannot be carried and are left out");
            Finding::new(Severity::Warning, "nameless-row", store, message)
                .with_remedy("give them a name in Airflow, or delete them")
        });
        let mut findings: Vec<Finding> = nameless.collect();
        if self.void.count() > 0 {
            let message = format!(
                "variables without a value (null), which Airflow does not find either, are left out: {}",
                self.void.text()
            );
            findings.push(Finding::new(Severity::Info, "void-variable", store, message));
        }
        if self.team_ids.count() > 0 {
            let message =
                format!("the names of teams cannot be read, so their ids stand for them: {}", self.team_ids.text());
            let remedy = "let the role read the columns id and name of the table team";
            findings.push(Finding::new(Severity::Warning, "team-unnamed", store, message).with_remedy(remedy));
        }
        findings
    }
}
