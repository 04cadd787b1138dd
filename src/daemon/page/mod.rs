//! The status page: what an operator wants to know at three in the morning, as HTML without a script.
//!
//! Every page is a pure function of the board's view and the ledger's rows; no value ever reaches one.

mod jobs;
mod layout;
mod overview;
mod routes;
mod runs;
mod state;
mod stores;
mod words;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod proof;

use jiff::Timestamp;

use super::board::View;
use super::http::Visitor;

pub use routes::routes;

/// The most runs that a job's page lists.
const RUNS: u32 = 20;

/// What every page is made of.
#[derive(Debug, Clone, Copy)]
struct Look<'a> {
    /// What the daemon knows.
    view: &'a View,
    /// The moment of the look.
    now: Timestamp,
    /// Who looks.
    visitor: &'a Visitor,
    /// Whether they want the page to stay as it is, rather than to load itself again.
    still: bool,
}
