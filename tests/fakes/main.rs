//! The fakes themselves: they refuse what the services refuse, and fail as they are told to.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod azure_login;
mod azure_strict;
#[path = "mod.rs"]
mod fakes;
mod google_strict;
mod google_tokens;
mod strict;
mod troubles;
