//! Listings that lag behind writes: what seems new or gone, or changed right after we wrote it, is looked at by itself.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::error::RunError;
use super::job::Job;
use super::preview::Stores;
use super::seek::{found_in, is_exact};
use super::sides::name_of;
use super::survey::Survey;
use crate::ledger::Ledger;
use crate::model::{Listed, Revisions, SecretName, State};
use crate::naming::encode;
use crate::planner::{Baseline, BaselineEntry, DeletePolicy, SourceContent, TargetKey};
use crate::provider::Store;

fn lags(store: &Store) -> bool {
    !store.capabilities().listing_lag.is_zero() && !is_exact(store)
}

/// The names written so lately that a listing of the target may not show it; none where it does not lag.
pub(super) async fn just_written(
    job: &Job,
    target: &Store,
    ledger: Option<&Ledger>,
) -> Result<BTreeSet<SecretName>, RunError> {
    let Some(ledger) = ledger.filter(|_| lags(target)) else { return Ok(BTreeSet::new()) };
    let since = Timestamp::now().checked_sub(target.capabilities().listing_lag).unwrap_or(Timestamp::MIN);
    ledger.written_since(&target.info().identity, since).await.map_err(RunError::ledger(&job.name))
}

/// The keys of the source that its listing does not show although they are there.
///
/// Only those are looked up whose being gone would have a consequence.
pub(super) async fn missed(
    job: &Job,
    stores: &Stores,
    baseline: Option<&Baseline>,
    listed: &[Listed],
) -> Result<Vec<Listed>, RunError> {
    if !lags(&stores.source) || job.policy().deletes == DeletePolicy::Never {
        return Ok(Vec::new());
    }
    let rule = stores.source.rule();
    let shown: BTreeSet<_> = listed.iter().filter_map(|listed| name_of(rule, listed)).collect();
    let entries = baseline.into_iter().flat_map(|baseline| &baseline.entries);
    let own = entries.filter(|(_, entry)| entry.job == job.name);
    let recorded = own.map(|(name, entry)| entry.from.as_ref().unwrap_or(name));
    let gone = recorded.filter(|name| job.filter.matches(name) && !shown.contains(name));
    found_in(job, &stores.source, gone.filter_map(|name| Some((name.clone(), encode(rule, name).ok()?))).collect())
        .await
}

impl Survey<'_> {
    /// Looks up by itself whatever we have written and the target's listing may not show as it is: what seems gone, and what
    /// was just written and seems changed.
    pub(super) async fn catch_up(
        &mut self,
        baseline: Option<&Baseline>,
        just_written: &BTreeSet<SecretName>,
    ) -> Result<(), RunError> {
        if !lags(&self.stores.target) {
            return Ok(());
        }
        let entries = baseline.into_iter().flat_map(|baseline| &baseline.entries);
        let own = entries.filter(|(name, entry)| entry.job == self.job.name && self.job.concerns(name, Some(entry)));
        let unsure = own.filter(|(name, entry)| match self.target.keys.get(name) {
            None => true,
            Some(key) => just_written.contains(name) && !is_as_written(key, entry),
        });
        self.seek(unsure.map(|(name, entry)| (name.clone(), entry.key.clone())).collect()).await
    }

    /// Looks up by itself whatever would be created, and tells whether any of it is there; once the source is read, for what
    /// cannot be carried need not be looked for.
    pub(super) async fn look_for_new(&mut self) -> Result<bool, RunError> {
        // Where looks are slow, they would take as long as the creates, and the store itself refuses to make what is there.
        let is_slow = self.stores.target.capabilities().revisions == Revisions::Deferred;
        if is_slow || !lags(&self.stores.target) {
            return Ok(false);
        }
        let known = self.target.keys.len();
        let new = self.source.keys.iter().filter(|(name, key)| {
            matches!(key.content, SourceContent::Fits(_)) && !self.target.keys.contains_key(name)
        });
        let new = new.filter_map(|(name, key)| Some((name.clone(), key.target_key.clone()?)));
        self.seek(new.collect()).await?;
        Ok(self.target.keys.len() > known)
    }
}

/// What a listing tells of a key; one without versions tells no more than that it is there.
fn is_as_written(key: &TargetKey, entry: &BaselineEntry) -> bool {
    key.state == State::Live && (key.revision.is_none() || key.revision == entry.target_revision)
}
