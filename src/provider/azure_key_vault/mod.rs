//! Azure Key Vault as a store of Airflow's keys.
//!
//! # Inside
//!
//! `access` is what a table says of getting in, checked; `auth` its log-in; `session` what comes of them. `fault` turns the
//! SDK's errors into ours. The SDK never repeats anything: that is [`Caller`](super::Caller)'s part.

mod access;
mod auth;
mod chain;
mod codes;
mod fault;
mod findings;
mod identity;
mod login;
mod network;
mod refusal;
mod rights;
mod session;
mod tokens;
mod trust;

pub use access::PaceSettings;
pub use auth::AuthSettings;
