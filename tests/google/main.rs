//! Google Secret Manager on its strict stand-in.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
#[path = "../aws/ferry.rs"]
#[expect(dead_code, reason = "it is shared with the tests of AWS, whose stores need a key")]
mod ferry;
mod journey;
mod store;
mod versions;
