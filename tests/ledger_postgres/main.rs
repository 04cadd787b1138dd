//! The ledger on a real PostgreSQL: the same story as in a file, and what only a server brings.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apply;
#[path = "../ledger/chain.rs"]
mod chain;
#[path = "../ledger/folding.rs"]
mod folding;
mod frozen;
mod leases;
mod lost;
#[path = "../ledger/moves.rs"]
mod moves;
mod opening;
mod schema;
#[path = "../ledger/sharing.rs"]
mod sharing;
#[path = "../ledger/story.rs"]
mod story;
mod tls;
mod wire;
#[path = "../ledger/words.rs"]
mod words;
mod world;
