//! `apply --metrics-file`: how a job stands after a run, for the node exporter's textfile collector.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::NamedTempFile;

use super::failure::Failure;
use super::session::Session;
use crate::daemon::{Activity, JobView, LastRun, job_metrics};
use crate::engine::Job;
use crate::ledger::{Overview, RunStatus};

/// Writes what the ledger says of a job on its targets, however its runs ended; the file is replaced as a whole.
pub async fn write(session: &Session, legs: &[Job], path: &Path) -> Result<(), Failure> {
    let Some(ledger) = session.ledger_if_any().await? else { return Ok(()) };
    let overview = ledger.overview().await.map_err(Failure::ledger)?;
    let identity = |job: &Job| session.config.stores.get(&job.target).map(|store| store.identity()).unwrap_or_default();
    let standings: Vec<_> = legs.iter().map(|job| standing(job, identity(job), &overview)).collect();
    let text = job_metrics(&standings);
    replace(path, &text).map_err(|error| {
        Failure::local(format!("the metrics could not be written to {}: {error}", path.display()))
            .with_hint("give --metrics-file a path in a folder that this user may write to")
    })
}

fn standing(job: &Job, identity: String, overview: &Overview) -> JobView {
    let place = (job.name.clone(), identity);
    let run = overview.runs.get(&place).filter(|run| run.status != RunStatus::Running);
    JobView {
        job: job.name.clone(),
        source: job.source.clone(),
        target: job.target.clone(),
        schedule: None,
        zone: String::new(),
        next: None,
        activity: Activity::Idle,
        control: Default::default(),
        last: run.map(LastRun::from),
        standing: overview.standings.get(&place).cloned(),
        target_identity: place.1,
    }
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    // The exporter is another user; nothing in it is a secret.
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}
