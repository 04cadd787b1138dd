//! What `check` counts in one table: rows, teams, which key opens how much.

use std::collections::BTreeMap;

use super::fernet::Keyring;
use super::layout::Selection;
use super::oddity::{Names, Oddities};
use super::row::Row;
use crate::model::RemoteKey;
use crate::provider::{Content, Quarantine};

/// The counts of one or both tables. Values are looked at row by row and dropped.
#[derive(Debug, Default)]
pub struct Census {
    /// Rows, odd ones included.
    pub rows: u64,
    /// Of these, of teams.
    pub of_teams: u64,
    /// Encrypted values.
    pub tokens: u64,
    /// How many of these each key opens, by its place in the list.
    pub opened: BTreeMap<usize, u64>,
    /// Those that no key opens, by key and column.
    pub unopened: Names,
    /// Rows that cannot be understood, and why.
    pub malformed: Names,
    /// Rows that are left out.
    pub oddities: Oddities,
    seen: BTreeMap<RemoteKey, u64>,
}

impl Census {
    /// Counts a row.
    pub fn add(&mut self, selection: &Selection, row: &Row, keys: &Keyring) {
        self.rows += 1;
        self.of_teams += u64::from(row.is_of_team());
        let Some(key) = self.oddities.admit(selection, row) else { return };
        // A row whose flags cannot be read is counted as malformed just below.
        for token in row.tokens().unwrap_or_default() {
            self.tokens += 1;
            match token.opened_by(keys) {
                Some(place) => *self.opened.entry(place).or_default() += 1,
                None => self.unopened.add(format!("{key} ({})", token.column)),
            }
        }
        if let Content::Quarantined(Quarantine::Malformed(why)) = row.content(keys) {
            self.malformed.add(format!("{key} ({why})"));
        }
        *self.seen.entry(key).or_default() += 1;
    }

    /// The keys that several rows share.
    pub fn duplicates(&self) -> Names {
        let mut names = Names::default();
        for (key, count) in self.seen.iter().filter(|(_, count)| **count > 1) {
            names.add(format!("{key} ({count} rows)"));
        }
        names
    }
}
