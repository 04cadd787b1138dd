//! Reads both sides and proves, by the rules of every reader, that Airflow sees in the target what the source holds.

use std::collections::BTreeMap;

use super::error::{RunError, is_away, unread_source};
use super::job::Job;
use super::lens::Lens;
use super::outcome::{Mismatch, VerifyReport};
use super::preview::{Stores, lens};
use super::read::{Progress, Wanted, read_each};
use super::reduce::Reduced;
use super::seek;
use super::sides::source_side;
use crate::ledger::Ledger;
use crate::model::{Canonical, Listed, Names, Observer, Reason, RemoteKey, Scope, SecretName, SecretValue, Stage};
use crate::planner::{SourceContent, SourceKey};
use crate::provider::{self, Content, Record};

/// How many secrets are compared at a time: the bound on values in memory.
const BATCH: usize = 512;

/// Compares every key in scope; changes nothing.
///
/// A key that a plan blocks or quarantines is reported as not carried, with the same reason.
pub async fn verify(
    job: &Job,
    stores: &Stores,
    ledger: Option<&Ledger>,
    observer: &dyn Observer,
) -> Result<VerifyReport, RunError> {
    let listed = listed(job, stores, ledger).await?;
    let side = source_side(listed, stores.source.rule(), stores.target.rule(), job);
    let sources = side.renamed.into_iter().map(|(source, target)| (target, source)).collect();
    let progress = Progress::begin(observer, Stage::Verify, &job.target, Some(side.keys.len()));
    let mut report = VerifyReport::new(&job.name, &job.source, &job.target);
    let pairs: Vec<_> = side.keys.into_iter().filter_map(|(name, key)| pair(name, key, &mut report)).collect();
    let proof = Proof { job, stores, sources: &sources, lens: lens(job, stores, ledger), progress };
    // Both sides are read in the same batches of names, so that no more than a batch of values is held.
    for batch in pairs.chunks(BATCH) {
        let meanings = proof.meanings(batch, &mut report).await?;
        proof.compare(batch, meanings, &mut report).await?;
    }
    progress.end();
    report.tell_sources(&sources);
    report.findings = seek::findings(job, stores);
    report.sort();
    Ok(report)
}

/// What the source has; where it is not listed, the target and the record lead to it.
async fn listed(job: &Job, stores: &Stores, ledger: Option<&Ledger>) -> Result<Vec<Listed>, RunError> {
    if !seek::is_exact(&stores.source) {
        let listed = stores.source.list(&Scope { kinds: job.kinds() }).await;
        return listed.map_err(RunError::store(&job.name, &job.source, Stage::List));
    }
    let baseline = match ledger {
        None => None,
        Some(ledger) => {
            let baseline = ledger.baseline(&stores.target.info().identity).await;
            Some(baseline.map_err(RunError::ledger(&job.name))?)
        }
    };
    seek::listings(job, stores, baseline.as_ref()).await.map(|(source, _)| source)
}

/// A name with its spelling in the source and in the target.
struct Pair {
    name: SecretName,
    source: RemoteKey,
    target: RemoteKey,
}

fn pair(name: SecretName, key: SourceKey, report: &mut VerifyReport) -> Option<Pair> {
    if let SourceContent::Blocked(reason, detail) | SourceContent::Quarantined(reason, detail) = key.content {
        report.refused(name, reason, detail);
        return None;
    }
    Some(Pair { name, source: key.key, target: key.target_key? })
}

/// What readers should see, and what the target does not carry exactly.
type Meanings = BTreeMap<SecretName, (Canonical, Vec<String>)>;

struct Proof<'a> {
    job: &'a Job,
    stores: &'a Stores,
    /// What the source calls keys that it calls otherwise.
    sources: &'a BTreeMap<SecretName, SecretName>,
    lens: Lens,
    progress: Progress<'a>,
}

impl Proof<'_> {
    /// What the source's keys should look like in the target; those that cannot be carried go to the report.
    async fn meanings(&self, batch: &[Pair], report: &mut VerifyReport) -> Result<Meanings, RunError> {
        let wanted: Vec<Wanted> = batch.iter().map(|pair| (pair.name.clone(), pair.source.clone())).collect();
        let reduced = read_each(&self.stores.source, wanted, Progress::silent(), |name, answer| {
            let names = Names::new(name, self.sources.get(name));
            answer.map(|record| self.lens.carriage.prepare(names, record.as_ref(), self.job.masked(names)))
        });
        let mut meanings = Meanings::new();
        for (name, answer) in reduced.await {
            match answer {
                Ok(Reduced::Ready(ready)) => drop(meanings.insert(name, (ready.canonical, ready.notes))),
                Ok(Reduced::Blocked(reason, detail) | Reduced::Quarantined(reason, detail)) => {
                    report.refused(name, reason, detail);
                }
                Ok(Reduced::Absent) => {}
                Err(error) if is_away(&error) => {
                    return Err(RunError::store(&self.job.name, &self.job.source, Stage::Verify)(error));
                }
                Err(error) => report.refused(name, unread_source(&error), error.to_string()),
            }
        }
        Ok(meanings)
    }

    async fn compare(&self, batch: &[Pair], mut meanings: Meanings, report: &mut VerifyReport) -> Result<(), RunError> {
        let wanted = batch.iter().filter(|pair| meanings.contains_key(&pair.name));
        let wanted: Vec<Wanted> = wanted.map(|pair| (pair.name.clone(), pair.target.clone())).collect();
        let found = read_each(&self.stores.target, wanted, Progress::silent(), |name, answer| {
            meanings.get(name).map(|(meaning, _)| difference(&self.lens, name, meaning, answer))
        });
        for (name, difference) in found.await {
            match difference {
                Some(Err(error)) if is_away(&error) => {
                    return Err(RunError::store(&self.job.name, &self.job.target, Stage::Verify)(error));
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
        self.progress.advance(batch.len());
        Ok(())
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
        .map(|field| field.path.to_string())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}
