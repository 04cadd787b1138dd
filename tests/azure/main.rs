//! Azure Key Vault on its strict stand-in.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod access;
mod carried;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod faults;
#[path = "../aws/ferry.rs"]
#[expect(dead_code, reason = "it is shared with the tests of AWS, which use all of it")]
mod ferry;
mod idle;
mod journeys;
mod kept;
mod opened;
mod program;
mod soft;
mod wire;
