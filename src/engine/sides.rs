//! Turns two listings into the two sides a plan is made of: names, owners, keys that cannot be spelled or that meet. Pure.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::job::Job;
use crate::model::{Listed, Mark, Names, Reason, RemoteKey, SecretName, State};
use crate::naming::{Folding, LookupPattern, Mapping, NameError, Rule, collisions, decode, encode};
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

/// Names the source's keys, drops those out of scope, and names and spells each for the target.
///
/// Where a store is read from several places, the first that has a name wins, as Airflow reads it.
pub fn source_side(listed: Vec<Listed>, source: &Rule, target: &Rule, job: &Job) -> SourceSide {
    let mut first: BTreeMap<SecretName, (usize, Listed)> = BTreeMap::new();
    for key in listed {
        let Some(decoded) = decode(source, &key.key) else { continue };
        if !job.filter.matches(&decoded.name) || !holds_something(key.state) {
            continue;
        }
        match first.get(&decoded.name) {
            Some((place, _)) if *place <= decoded.place => {}
            _ => {
                first.insert(decoded.name, (decoded.place, key));
            }
        }
    }
    let mut side = SourceSide::default();
    for (name, (_, listed)) in first {
        add(&mut side, name, listed, [source, target], &job.mapping);
    }
    block_collisions(&mut side.keys, target);
    side
}

/// Adds a key under its name in the target; two keys that become one name are refused together.
fn add(side: &mut SourceSide, source: SecretName, listed: Listed, rules: [&Rule; 2], mapping: &Mapping) {
    let target = mapping.target(&source);
    let from = (source != target).then(|| source.clone());
    if from.is_some() {
        side.renamed.insert(source.clone(), target.clone());
    }
    match side.keys.entry(target) {
        Entry::Vacant(free) => {
            let key = source_key(free.key(), from, listed, rules);
            free.insert(key);
        }
        Entry::Occupied(mut taken) => {
            let first = taken.get().from.as_ref().unwrap_or(taken.key());
            let detail = match &taken.get().content {
                SourceContent::Blocked(Reason::NameCollision, detail) => format!("{source}, {detail}"),
                _ => format!("{source} and {first} of the source would both become it; rename one"),
            };
            taken.get_mut().content = SourceContent::Blocked(Reason::NameCollision, detail);
        }
    }
}

/// Tells whether a source's key is there to be carried, or to be reported; any other is gone.
pub(super) fn holds_something(state: State) -> bool {
    matches!(state, State::Live | State::Disabled | State::Managed(_))
}

fn source_key(name: &SecretName, from: Option<SecretName>, listed: Listed, [source, target]: [&Rule; 2]) -> SourceKey {
    let (target_key, content) = match encode(target, name) {
        Ok(key) => (Some(key), SourceContent::Unread),
        Err(error) => (None, SourceContent::Blocked(error.reason(), error.to_string())),
    };
    let content = if listed.state == State::Disabled {
        SourceContent::Quarantined(Reason::SourceUnreadable, "it is disabled in the source".to_owned())
    } else {
        content
    };
    let content = match source.patterns.against(from.as_ref().unwrap_or(name)) {
        Some(pattern) => SourceContent::Blocked(Reason::Unreachable, out_of_sight(pattern)),
        None => content,
    };
    SourceKey { from, key: listed.key, revision: listed.revision, target_key, content }
}

/// Carried, it would become visible to DAGs that never saw it.
fn out_of_sight(pattern: &LookupPattern) -> String {
    format!("the source's lookup pattern {:?} does not match it", pattern.as_str())
}

fn block_collisions(keys: &mut BTreeMap<SecretName, SourceKey>, target: &Rule) {
    let spelled: Vec<_> = keys.keys().filter_map(|name| Some((name.clone(), wanted(target, name)?))).collect();
    for met in collisions(spelled) {
        let told = |name: &SecretName| Names::new(name, keys.get(name).and_then(|key| key.from.as_ref())).to_string();
        let told: Vec<_> = met.names.iter().map(told).collect();
        for (position, name) in met.names.iter().enumerate() {
            let others: Vec<_> = told.iter().enumerate().filter(|(other, _)| *other != position).collect();
            let others = others.into_iter().map(|(_, told)| told.as_str()).collect::<Vec<_>>().join(", ");
            if let Some(key) = keys.get_mut(name) {
                let detail = format!("meets {others} under the key {}", met.key);
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

/// Names the target's keys, by `spellings` first, and drops those that do not concern the job, or are not where we would
/// write them.
pub fn target_side(
    listed: Vec<Listed>,
    rule: &Rule,
    us: &Identity,
    spellings: &Spellings,
    concerns: impl Fn(&SecretName) -> bool,
) -> TargetSide {
    let keys = listed
        .into_iter()
        .filter_map(|listed| {
            let name = spellings.get(&listed.key).cloned().or_else(|| Some(decode(rule, &listed.key)?.name))?;
            let ours_to_write = encode(rule, &name).is_ok_and(|key| key == listed.key);
            (concerns(&name) && ours_to_write).then(|| {
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

/// A key as reading it shows it, beside what the listing or a look had told: in some stores a value travels without its mark, and
/// without a word of who keeps it.
pub(super) fn read_over(known: Option<&TargetKey>, read: TargetKey) -> TargetKey {
    let Some(known) = known else { return read };
    let owner = if read.owner == Owner::Unmarked { known.owner } else { read.owner };
    let is_kept_by_others = matches!(known.state, State::Managed(_)) && read.state == State::Live;
    let state = if is_kept_by_others { known.state } else { read.state };
    TargetKey { owner, state, ..read }
}

/// A key of which nothing is known but that the target does not show it: denied is not absent.
pub fn unseen(key: RemoteKey, content: TargetContent) -> TargetKey {
    TargetKey { key, state: State::Live, revision: None, owner: Owner::Unmarked, content }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Manager;

    #[test]
    fn what_a_value_does_not_tell_is_kept() {
        let key = |owner, state| TargetKey { owner, state, ..unseen(RemoteKey::new("k"), TargetContent::Unread) };
        let rotated = State::Managed(Manager::Rotation);
        let rows = [
            ((Owner::Ours, State::Live), (Owner::Unmarked, State::Live), (Owner::Ours, State::Live)),
            ((Owner::Ours, State::Live), (Owner::Other, State::Live), (Owner::Other, State::Live)),
            ((Owner::Unmarked, State::Live), (Owner::Ours, State::Deleted), (Owner::Ours, State::Deleted)),
            ((Owner::Unmarked, rotated), (Owner::Unmarked, State::Live), (Owner::Unmarked, rotated)),
            ((Owner::Unmarked, rotated), (Owner::Unmarked, State::Deleted), (Owner::Unmarked, State::Deleted)),
        ];
        for (known, read, expected) in rows {
            let over = read_over(Some(&key(known.0, known.1)), key(read.0, read.1));
            assert_eq!((over.owner, over.state), expected, "{known:?} {read:?}");
        }
        let alone = read_over(None, key(Owner::Unmarked, State::Live));
        assert_eq!((alone.owner, alone.state), (Owner::Unmarked, State::Live));
    }
}
