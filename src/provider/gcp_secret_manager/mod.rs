//! Google Secret Manager as a store of Airflow's keys.

mod access;
mod auth;
mod codes;
mod fault;
mod findings;
mod identity;
mod login;
mod network;
mod refusal;
mod rights;
mod session;

pub use auth::AuthSettings;
