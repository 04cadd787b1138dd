//! Keys of a store that answers for single keys only: the other side, the record and the job lead to them.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{RunError, is_away, of_one_key};
use super::job::Job;
use super::preview::Stores;
use super::read::{Progress, Wanted, read_each, stat_each};
use super::sides::{name_of, target_key, unseen};
use super::survey::Survey;
use crate::model::{ErrorKind, Finding, Kind, Listed, Listing, RemoteKey, Scope, SecretName, Severity, Stage};
use crate::naming::{encode, literal};
use crate::planner::{Baseline, DeletePolicy, Policy};
use crate::provider::{self, Store};

/// Tells whether a store answers for single keys only.
pub(super) fn is_exact(store: &Store) -> bool {
    store.capabilities().listing == Listing::Exact
}

/// The policy of a run between two stores: where one is not listed, nothing is known to be gone.
pub(super) fn policy(job: &Job, stores: &Stores) -> Policy {
    let policy = job.policy();
    let listed = !is_exact(&stores.source) && !is_exact(&stores.target);
    let deletes = if listed { policy.deletes } else { DeletePolicy::Never };
    Policy { deletes, ..policy }
}

/// What a report must say of stores that are not listed.
pub(super) fn findings(job: &Job, stores: &Stores) -> Vec<Finding> {
    let said = [
        (&stores.source, &job.source, "keys that the target has, that were written before or that the job names"),
        (&stores.target, &job.target, "keys that the source has or that were written before"),
    ];
    let exact = said.into_iter().filter(|(store, ..)| is_exact(store));
    let finding = |(_, name, seen): (&Store, &String, &str)| {
        let message = format!("it is not listed (listing = \"exact\"): only {seen} are seen, and nothing is deleted");
        Finding::new(Severity::Info, "listing-exact", name, message)
    };
    exact.map(finding).collect()
}

/// The listings of both sides; of a source that is not listed, every key that something leads to and that is there, and
/// of a target that is not, nothing yet.
pub(super) async fn listings(
    job: &Job,
    stores: &Stores,
    baseline: Option<&Baseline>,
) -> Result<(Vec<Listed>, Vec<Listed>), RunError> {
    let scope = Scope { kinds: job.kinds() };
    let list = |store: &Store| {
        let store = store.clone();
        let scope = scope.clone();
        async move { if is_exact(&store) { Ok(Vec::new()) } else { store.list(&scope).await } }
    };
    let (source, target) = futures::join!(list(&stores.source), list(&stores.target));
    let source = source.map_err(RunError::store(&job.name, &job.source, Stage::List))?;
    let target = target.map_err(RunError::store(&job.name, &job.target, Stage::List))?;
    let source = if is_exact(&stores.source) { sought(job, stores, baseline, &target).await? } else { source };
    Ok((source, target))
}

/// Every key of the source that something leads to and that is there.
async fn sought(
    job: &Job,
    stores: &Stores,
    baseline: Option<&Baseline>,
    target: &[Listed],
) -> Result<Vec<Listed>, RunError> {
    let names = led_to(job, stores, baseline, target);
    let wanted = names.into_iter().filter_map(|name| Some((name.clone(), encode(stores.source.rule(), &name).ok()?)));
    found_in(job, &stores.source, wanted.collect()).await
}

/// Those of the wanted keys that are in the source.
pub(super) async fn found_in(job: &Job, source: &Store, wanted: Vec<Wanted>) -> Result<Vec<Listed>, RunError> {
    let mut listed = Vec::new();
    for (_, key, answer) in look_up(source, wanted).await {
        match answer {
            Ok(found) => listed.extend(found),
            Err(error) if is_away(&error) => {
                return Err(RunError::store(&job.name, &job.source, Stage::Stat)(error));
            }
            // Denied is not absent: reading it will say so of the key.
            Err(_) => listed.push(Listed::live(key)),
        }
    }
    Ok(listed)
}

/// Every name in scope that the source may have, as far as anything tells.
fn led_to(job: &Job, stores: &Stores, baseline: Option<&Baseline>, target: &[Listed]) -> BTreeSet<SecretName> {
    let rule = stores.target.rule();
    let of_target = target.iter().filter_map(|listed| name_of(rule, listed));
    let of_target = of_target.flat_map(|name| job.mapping.sources(&name));
    let entries = baseline.into_iter().flat_map(|baseline| &baseline.entries);
    let own = entries.filter(|(_, entry)| entry.job == job.name);
    let recorded = own.map(|(name, entry)| entry.from.as_ref().unwrap_or(name).clone());
    let of_kinds = |id: &str, of: &dyn Fn(Kind) -> bool| {
        let kinds = job.filter.kinds().iter().copied().filter(|kind| of(*kind));
        kinds.map(|kind| SecretName::new(kind, id)).collect::<Vec<_>>()
    };
    let included = job.filter.included().iter().filter_map(|glob| literal(glob));
    let included = included.flat_map(|id| of_kinds(id, &|_| true));
    let renamed = job.mapping.renames().flat_map(|(renamed, _)| of_kinds(&renamed.id, &|kind| renamed.is_of(kind)));
    let all = of_target.chain(recorded).chain(included).chain(renamed);
    all.filter(|name| job.filter.matches(name)).collect()
}

type Found<T> = (SecretName, RemoteKey, provider::Result<Option<T>>);

/// Looks keys up; where a look without the value is denied, reading tells whether the key is there.
async fn look_up(store: &Store, wanted: Vec<Wanted>) -> Vec<Found<Listed>> {
    let keys: BTreeMap<_, _> = wanted.iter().cloned().collect();
    let (mut found, mut denied) = (Vec::new(), Vec::new());
    for (name, answer) in stat_each(store, wanted, Progress::silent()).await {
        let key = keys[&name].clone();
        match answer {
            Err(error) if error.kind == ErrorKind::Denied && !is_away(&error) => denied.push((name, key)),
            answer => found.push((name, key, answer)),
        }
    }
    let read = read_each(store, denied, Progress::silent(), |_, answer| {
        answer.map(|record| record.map(|record| record.listed))
    });
    found.extend(read.await.into_iter().map(|(name, answer)| {
        let key = keys[&name].clone();
        (name, key, answer)
    }));
    found
}

impl Survey<'_> {
    /// Looks up in a target that is not listed whatever the source and the record lead to.
    pub(super) async fn seek_target(&mut self, baseline: Option<&Baseline>) -> Result<(), RunError> {
        if !is_exact(&self.stores.target) {
            return Ok(());
        }
        let sought = self.source.keys.iter().filter_map(|(name, key)| Some((name.clone(), key.target_key.clone()?)));
        let entries = baseline.into_iter().flat_map(|baseline| &baseline.entries);
        let own = entries.filter(|(name, entry)| entry.job == self.job.name && self.job.concerns(name, Some(entry)));
        let recorded = own.map(|(name, entry)| (name.clone(), entry.key.clone()));
        self.seek(recorded.chain(sought).collect()).await
    }

    /// Looks keys of the target up; those that are there join the side, the others leave it.
    pub(super) async fn seek(&mut self, wanted: BTreeMap<SecretName, RemoteKey>) -> Result<(), RunError> {
        for (name, key, answer) in look_up(&self.stores.target, wanted.into_iter().collect()).await {
            match answer {
                Ok(None) => drop(self.target.keys.remove(&name)),
                Ok(Some(listed)) => {
                    let key = target_key(listed, &self.lens.us, &name);
                    self.target.keys.insert(name, key);
                }
                Err(error) => {
                    let content = of_one_key(self.job, error, Stage::Stat)?;
                    self.target.keys.insert(name, unseen(key, content));
                }
            }
        }
        Ok(())
    }
}
