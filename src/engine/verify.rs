//! Reads both sides and proves, by the rules of every reader, that Airflow sees in the target what the source holds.

use std::collections::BTreeMap;

use super::error::RunError;
use super::job::Job;
use super::lens::Lens;
use super::outcome::{Mismatch, VerifyReport};
use super::preview::{Stores, lens, masked};
use super::read::{Progress, Wanted, read_each};
use super::reduce::Reduced;
use super::sides::source_side;
use crate::ledger::Ledger;
use crate::model::{Canonical, ErrorKind, Observer, Reason, RemoteKey, Scope, SecretName, SecretValue, Stage, State};
use crate::planner::SourceContent;
use crate::provider::{self, Content, Record};

/// What a source key should look like in the target.
enum Expected {
    Meaning(Canonical, Vec<String>),
    Refused(Reason, String),
    Absent,
}

/// Compares every key in scope; changes nothing.
///
/// A key that a plan blocks or quarantines is reported as not carried, with the same reason.
pub async fn verify(
    job: &Job,
    stores: &Stores,
    ledger: Option<&Ledger>,
    observer: &dyn Observer,
) -> Result<VerifyReport, RunError> {
    let lens = lens(job, stores, ledger);
    let listed = stores.source.list(&Scope { kinds: job.kinds() }).await;
    let listed = listed.map_err(RunError::store(&job.name, &job.source, Stage::List))?;
    let side = source_side(listed, stores.source.rule(), stores.target.rule(), &job.filter);
    let mut report = VerifyReport::new(&job.name, &job.source, &job.target);
    let (mut wanted, mut targets): (Vec<Wanted>, BTreeMap<SecretName, RemoteKey>) = Default::default();
    for (name, key) in side.keys {
        match (key.content, key.target_key) {
            (SourceContent::Blocked(reason, detail) | SourceContent::Quarantined(reason, detail), _) => {
                report.refused(name, reason, detail);
            }
            (_, Some(target)) => {
                wanted.push((name.clone(), key.key));
                targets.insert(name, target);
            }
            (_, None) => {}
        }
    }
    // Both sides are read in the same batches of names, so that no more than a batch of values is held.
    for batch in wanted.chunks(BATCH) {
        compare(job, stores, &lens, observer, batch.to_vec(), &targets, &mut report).await?;
    }
    report.sort();
    Ok(report)
}

/// How many secrets are compared at a time: the bound on values in memory.
const BATCH: usize = 512;

async fn compare(
    job: &Job,
    stores: &Stores,
    lens: &Lens,
    observer: &dyn Observer,
    batch: Vec<Wanted>,
    targets: &BTreeMap<SecretName, RemoteKey>,
    report: &mut VerifyReport,
) -> Result<(), RunError> {
    let progress = Progress::begin(observer, Stage::Verify, &job.target, Some(batch.len()));
    let expected = read_each(&stores.source, batch, Progress::silent(), |name, answer| {
        answer.map(|record| expected(job, lens, name, record.as_ref()))
    })
    .await;
    let mut meanings = BTreeMap::new();
    for (name, answer) in expected {
        match answer {
            Ok(Expected::Meaning(canonical, notes)) => drop(meanings.insert(name, (canonical, notes))),
            Ok(Expected::Refused(reason, detail)) => report.refused(name, reason, detail),
            Ok(Expected::Absent) => {}
            Err(error) if error.kind == ErrorKind::Denied => {
                report.refused(name, Reason::SourceDenied, error.to_string());
            }
            Err(error) => return Err(RunError::store(&job.name, &job.source, Stage::Verify)(error)),
        }
    }
    let wanted = meanings.keys().filter_map(|name| Some((name.clone(), targets.get(name)?.clone()))).collect();
    let found = read_each(&stores.target, wanted, progress, |name, answer| {
        meanings.get(name).map(|(canonical, _)| difference(lens, name, canonical, answer))
    })
    .await;
    progress.end();
    for (name, difference) in found {
        match difference {
            Some(Err(error)) if error.kind == ErrorKind::Unavailable => {
                return Err(RunError::store(&job.name, &job.target, Stage::Verify)(error));
            }
            Some(Err(error)) => report.mismatches.push(Mismatch::failed(name, &error)),
            Some(Ok(Some(mismatch))) => report.mismatches.push(mismatch),
            Some(Ok(None)) => {
                let notes = meanings.remove(&name).map(|(_, notes)| notes).unwrap_or_default();
                report.equal(name, notes);
            }
            None => {}
        }
    }
    Ok(())
}

fn expected(job: &Job, lens: &Lens, name: &SecretName, record: Option<&Record>) -> Expected {
    let Some(record) = record.filter(|record| record.listed.state == State::Live) else { return Expected::Absent };
    match lens.carriage.prepare(name, &record.content, masked(job, name)) {
        Reduced::Ready(ready) => Expected::Meaning(ready.canonical, ready.notes),
        Reduced::Blocked(reason, detail) | Reduced::Quarantined(reason, detail) => Expected::Refused(reason, detail),
        Reduced::Absent => Expected::Absent,
    }
}

/// What is wrong with the target's key, if anything is.
fn difference(
    lens: &Lens,
    name: &SecretName,
    meaning: &Canonical,
    answer: provider::Result<Option<Record>>,
) -> provider::Result<Option<Mismatch>> {
    let wrong = |reason, detail: &str| Some(Mismatch::new(name.clone(), reason, detail, Vec::new()));
    let Some(record) = answer? else { return Ok(wrong(Reason::New, "the target does not have it")) };
    Ok(match &record.content {
        Content::Nothing => wrong(Reason::DriftDeleted, "the target holds no live value"),
        Content::Quarantined(_) => wrong(Reason::TargetUnreadable, "the target's value cannot be understood"),
        Content::Value(stored) => unlike(lens, name, meaning, stored),
    })
}

/// Asks every reader what it sees, and names the fields in which that is not the source's meaning.
fn unlike(lens: &Lens, name: &SecretName, meaning: &Canonical, stored: &SecretValue) -> Option<Mismatch> {
    for reader in &lens.carriage.readers {
        let seen = match lens.carriage.target.see(*reader, name, stored) {
            Ok(Some(seen)) => seen.to_secret(),
            Ok(None) => {
                let detail = format!("{} would not find it", reader.as_str());
                return Some(Mismatch::new(name.clone(), Reason::TargetUnreadable, &detail, Vec::new()));
            }
            Err(error) => Err(error),
        };
        let canonical = match seen {
            Ok(secret) => Canonical::of(&secret),
            Err(error) => {
                let detail = format!("{} cannot read it: {error}", reader.as_str());
                return Some(Mismatch::new(name.clone(), Reason::TargetUnreadable, &detail, Vec::new()));
            }
        };
        if canonical.bytes() != meaning.bytes() {
            let detail = format!("{} sees another value", reader.as_str());
            let fields = differing(&lens.fields(name, meaning), &lens.fields(name, &canonical));
            return Some(Mismatch::new(name.clone(), Reason::Differs, &detail, fields));
        }
    }
    None
}

fn differing(source: &[crate::planner::FieldDigest], target: &[crate::planner::FieldDigest]) -> Vec<String> {
    let mut paths: Vec<_> = source
        .iter()
        .filter(|field| !target.contains(field))
        .chain(target.iter().filter(|field| !source.contains(field)))
        .map(|field| field.path.clone())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}
