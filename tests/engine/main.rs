//! The engine: whole runs from memory to memory, with a real ledger, through everything that can happen to them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crash;
mod deferred;
mod deletes;
mod effort;
mod exact;
mod folded;
mod foreign;
mod lag;
mod laws;
mod mapping;
mod newest;
mod overrides;
mod probe;
mod proof;
mod quiet;
mod refuse;
mod secrets_manager;
mod settled;
mod shapes;
mod stop;
mod undo;
mod world;
