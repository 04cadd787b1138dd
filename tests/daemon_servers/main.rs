//! Daemons for real: several on one PostgreSQL ledger, a real Vault, moto in AWS's place; killed, frozen, cut off, and asked to end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
#![expect(clippy::print_stdout, reason = "a seed that nobody sees cannot be used again")]

mod chaos;
mod fleet;
#[path = "../ledger_postgres/world.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod ledger;
#[path = "../aws/moto.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod moto;
mod shifts;
mod tokens;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod vault;
