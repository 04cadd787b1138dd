//! The ledger, told as a story and then fault by fault.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod chain;
mod faults;
mod folding;
mod forged;
mod moves;
mod opening;
mod sharing;
mod story;
mod words;
mod world;
