//! Google Secret Manager on its strict stand-in.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod access;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod faults;
#[path = "../aws/ferry.rs"]
mod ferry;
mod journey;
#[path = "../azure/program.rs"]
mod program;
mod store;
mod versions;
