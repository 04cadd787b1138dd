//! Turns two listings into the two sides a plan is made of: names, owners, keys that cannot be spelled or that meet. Pure.

use std::collections::BTreeMap;

use crate::model::{Listed, Mark, Reason, RemoteKey, SecretName, State};
use crate::naming::{Filter, Folding, NameError, Rule, collisions, decode, encode};
use crate::planner::{Baseline, Owner, SourceContent, SourceKey, SourceSide, TargetContent, TargetKey, TargetSide};

/// Who we are, as a mark tells.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The ledger's id; `None` without a ledger.
    pub ledger: Option<String>,
    /// The job.
    pub job: String,
}

impl Identity {
    /// Whose a key is, by its mark.
    pub fn owner(&self, mark: Option<&Mark>, name: &SecretName) -> Owner {
        let Some(mark) = mark else { return Owner::Unmarked };
        let installation = self.ledger.as_ref().is_none_or(|ledger| *ledger == mark.ledger);
        if installation && mark.job == self.job && mark.name.is(name) { Owner::Ours } else { Owner::Other }
    }
}

/// Names the source's keys, drops those out of scope, and spells each for the target.
///
/// Where a store is read from several places, the first that has a name wins, as Airflow reads it.
pub fn source_side(listed: Vec<Listed>, source: &Rule, target: &Rule, filter: &Filter) -> SourceSide {
    let mut first: BTreeMap<SecretName, (usize, Listed)> = BTreeMap::new();
    for key in listed {
        let Some(decoded) = decode(source, &key.key) else { continue };
        if !filter.matches(&decoded.name) || !holds_something(key.state) {
            continue;
        }
        match first.get(&decoded.name) {
            Some((place, _)) if *place <= decoded.place => {}
            _ => {
                first.insert(decoded.name, (decoded.place, key));
            }
        }
    }
    let mut keys: BTreeMap<_, _> = first
        .into_iter()
        .map(|(name, (_, listed))| {
            let key = source_key(&name, listed, target);
            (name, key)
        })
        .collect();
    block_collisions(&mut keys, target);
    SourceSide { keys }
}

/// Tells whether a source's key is there to be carried, or to be reported; any other is gone.
pub(super) fn holds_something(state: State) -> bool {
    matches!(state, State::Live | State::Disabled | State::Managed)
}

fn source_key(name: &SecretName, listed: Listed, target: &Rule) -> SourceKey {
    let (target_key, content) = match encode(target, name) {
        Ok(key) => (Some(key), SourceContent::Unread),
        Err(error) => (None, SourceContent::Blocked(error.reason(), error.to_string())),
    };
    let content = if listed.state == State::Disabled {
        SourceContent::Quarantined(Reason::SourceUnreadable, "it is disabled in the source".to_owned())
    } else {
        content
    };
    SourceKey { key: listed.key, revision: listed.revision, target_key, content }
}

fn block_collisions(keys: &mut BTreeMap<SecretName, SourceKey>, target: &Rule) {
    let spelled: Vec<_> = keys.keys().filter_map(|name| Some((name.clone(), wanted(target, name)?))).collect();
    for met in collisions(spelled) {
        for name in &met.names {
            let others: Vec<_> = met.names.iter().filter(|other| *other != name).map(ToString::to_string).collect();
            if let Some(key) = keys.get_mut(name) {
                let detail = format!("meets {} under the key {}", others.join(", "), met.key);
                key.content = SourceContent::Blocked(Reason::NameCollision, detail);
            }
        }
    }
}

/// The key that Airflow would look under; also for a name that may not be written there, as its key is read as another's.
fn wanted(target: &Rule, name: &SecretName) -> Option<RemoteKey> {
    match encode(target, name) {
        Ok(key) | Err(NameError::Ambiguous { key, .. }) => Some(key),
        Err(_) => None,
    }
}

/// Names by their keys.
pub type Spellings = BTreeMap<RemoteKey, SecretName>;

/// The names in a target that folds: it does not tell how a name was spelled, the source and the record do.
pub fn spellings(rule: &Rule, source: &SourceSide, baseline: Option<&Baseline>) -> Spellings {
    if rule.folding == Folding::None {
        return BTreeMap::new();
    }
    let entries = baseline.into_iter().flat_map(|baseline| &baseline.entries);
    let recorded = entries.map(|(name, entry)| (entry.key.clone(), name.clone()));
    let sought = source.keys.iter().filter_map(|(name, key)| Some((key.target_key.clone()?, name.clone())));
    recorded.chain(sought).collect()
}

/// Names the target's keys, by `spellings` first, and drops those out of scope, or not where we would write them.
pub fn target_side(
    listed: Vec<Listed>,
    rule: &Rule,
    filter: &Filter,
    us: &Identity,
    spellings: &Spellings,
) -> TargetSide {
    let keys = listed
        .into_iter()
        .filter_map(|listed| {
            let name = spellings.get(&listed.key).cloned().or_else(|| Some(decode(rule, &listed.key)?.name))?;
            let ours_to_write = encode(rule, &name).is_ok_and(|key| key == listed.key);
            (filter.matches(&name) && ours_to_write).then(|| {
                let key = target_key(listed, us, &name);
                (name, key)
            })
        })
        .collect();
    TargetSide { keys }
}

/// One key of the target as it was listed, not read yet.
pub fn target_key(listed: Listed, us: &Identity, name: &SecretName) -> TargetKey {
    TargetKey {
        owner: us.owner(listed.mark.as_ref(), name),
        key: listed.key,
        state: listed.state,
        revision: listed.revision,
        content: TargetContent::Unread,
    }
}
