//! `secretferry.airflow-env/1`: what Airflow must be told to read a store.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rendered;
use crate::provider::AirflowBackend;
use crate::report::settings::variables;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    store: &'a str,
    backend: Option<&'static str>,
    backend_kwargs: &'a serde_json::Map<String, serde_json::Value>,
    environment: BTreeMap<&'static str, String>,
    packages: Vec<Package>,
    policy: Option<&'a str>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Package {
    requirement: String,
    needed_for: &'static str,
}

/// Renders the backend of a store.
pub fn airflow_env(store: &str, backend: &AirflowBackend) -> String {
    let package =
        |needed: crate::model::Requirement| Package { requirement: needed.to_string(), needed_for: needed.what };
    rendered(&Report {
        schema: "secretferry.airflow-env/1",
        store,
        backend: backend.class,
        backend_kwargs: &backend.kwargs,
        environment: variables(backend).into_iter().collect(),
        packages: backend.least_versions().into_iter().map(package).collect(),
        policy: backend.policy.as_ref().map(|policy| policy.text.as_str()),
        notes: &backend.notes,
    })
}
