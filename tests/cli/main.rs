//! The command as a person meets it: what it prints, to the letter, and what it ends with. Hermetic.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

mod config;
mod content;
mod cron;
mod demo;
mod documents;
mod environment;
mod help;
mod ledger;
mod mapping;
mod metastore;
mod output;
mod rights;
mod schedule;
mod story;
mod targets;
mod terminal;
mod tour;
mod undo;
mod vault;
