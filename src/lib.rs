//! Carries Apache Airflow connections, variables and configs from one secrets store to another.

pub mod model;
