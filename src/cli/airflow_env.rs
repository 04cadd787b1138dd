//! `airflow-env`: what Airflow must be told to read a store.

use std::path::Path;
use std::sync::Arc;

use super::args::{self, SettingsFormat};
use super::console::Console;
use super::failure::{FOUND, Failure};
use super::progress::Progress;
use super::session::Session;
use crate::report::{airflow_cfg, airflow_variables, json};

/// Prints the settings, the packages and the rights that Airflow needs; credentials are left for a person to fill in.
pub async fn airflow_env(config: Option<&Path>, args: args::AirflowEnv, console: &Console) -> Result<u8, Failure> {
    let session = Session::begin(config, Arc::new(Progress::new(console.bars)) as _)?;
    let name = &args.store;
    let Some(settings) = session.config.stores.get(name) else {
        let known: Vec<_> = session.config.stores.keys().map(String::as_str).collect();
        return Err(Failure::usage(
            format!("no store is called {name}"),
            format!("the config has {}", known.join(", ")),
        ));
    };
    let Some(mut backend) = settings.airflow(session.opening(name)).await else {
        let message = format!("no secrets backend of Airflow reads {name} (kind {})", settings.kind());
        return Err(Failure::local(message).with_exit_code(FOUND));
    };
    // What the jobs write here may need more than the place itself.
    let jobs = session.config.jobs.values().filter(|job| job.targets.contains(name));
    backend
        .requirements
        .extend(jobs.filter_map(|job| job.form).flat_map(|form| form.needs(&backend.dialect)).collect::<Vec<_>>());
    let text = match args.format {
        _ if console.json => json::airflow_env(name, &backend),
        SettingsFormat::Json => json::airflow_env(name, &backend),
        SettingsFormat::Env => airflow_variables(name, &backend),
        SettingsFormat::Cfg => airflow_cfg(name, &backend),
    };
    console.print(&text).map(|()| 0)
}
