//! Carries Apache Airflow connections, variables and configs from one secrets store to another.

pub mod model;

pub mod reference;
pub mod settings;

pub mod naming;

pub mod planner;

pub mod ledger;
pub mod provider;

pub mod engine;

pub mod report;

pub mod config;

pub mod report;

pub mod cli;
