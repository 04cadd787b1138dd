//! Azure Key Vault on its strict stand-in.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod access;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod program;
