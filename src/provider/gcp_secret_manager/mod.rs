//! Google Secret Manager as a store of Airflow's keys.

mod access;
mod auth;
mod codes;
mod fault;
mod login;
mod network;
mod refusal;
mod session;

pub use auth::AuthSettings;
