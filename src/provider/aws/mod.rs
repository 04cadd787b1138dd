//! Amazon Web Services: what its two stores share, and the stores themselves.
#![doc = include_str!("README.md")]
//!
//! # Inside
//!
//! `access` is the part of a table that both share, checked; `auth` its log-in; `session` what comes of them: the SDK's
//! settings with credentials, trust and paces, from which each store makes one client. `fault` turns the SDK's errors
//! into ours. The SDK never repeats anything: that is [`Caller`](super::Caller)'s part.

mod access;
mod airflow;
mod auth;
mod codes;
mod fault;
mod identity;
mod kwargs;
mod login;
#[cfg(feature = "aws-parameter-store")]
pub mod parameter_store;
mod patterns;
mod refusal;
mod rights;
#[cfg(feature = "aws-secrets-manager")]
pub mod secrets_manager;
mod session;
#[cfg(test)]
mod tests;
mod trust;

pub use auth::AuthSettings;
