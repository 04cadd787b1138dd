//! Turns two listings into the two sides a plan is made of: names, owners, keys that cannot be spelled or that meet. Pure.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::job::Job;
use crate::model::{Listed, Mark, MarkedName, Names, Reason, RemoteKey, SecretName, State};
use crate::naming::{Decoded, Filter, LookupPattern, Mapping, NameError, Rule, candidates, collisions, decode, encode};
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
    let mut untold = Vec::new();
    for key in listed.into_iter().filter(|key| holds_something(key.state)) {
        let (named, is_told) = names_of(source, &key, &job.filter);
        for decoded in named {
            match first.get(&decoded.name) {
                Some((place, _)) if *place <= decoded.place => {}
                _ => {
                    untold.extend((!is_told).then(|| decoded.name.clone()));
                    first.insert(decoded.name, (decoded.place, key.clone()));
                }
            }
        }
    }
    let mut side = SourceSide::default();
    for (name, (_, listed)) in first {
        add(&mut side, name, listed, [source, target], &job.mapping);
    }
    block_collisions(&mut side.keys, target);
    for name in untold {
        block_untold(&mut side, &name);
    }
    side
}

/// The names in scope that a listed key can have, and whether its kind is told: by its place, its mark, or by globs that
/// name it.
fn names_of(rule: &Rule, listed: &Listed, filter: &Filter) -> (Vec<Decoded>, bool) {
    if let Some(marked) = marked(rule, listed) {
        return (Some(marked).into_iter().filter(|decoded| filter.matches(&decoded.name)).collect(), true);
    }
    let mut candidates = candidates(rule, &listed.key);
    let is_told = candidates.len() < 2;
    candidates.retain(|decoded| filter.matches(&decoded.name));
    let is_named = candidates.len() == 1 && filter.is_explicit();
    (candidates, is_told || is_named)
}

/// The name that our mark on a key tells, where the key itself tells less and the mark is of this key.
fn marked(rule: &Rule, listed: &Listed) -> Option<Decoded> {
    let mark = listed.mark.as_ref().filter(|_| rule.is_ambiguous())?;
    let candidates = candidates(rule, &listed.key);
    let MarkedName::Whole(name) = &mark.name else {
        return candidates.into_iter().find(|decoded| mark.name.is(&decoded.name));
    };
    let place = candidates.iter().find(|decoded| decoded.name.kind == name.kind)?.place;
    let is_its_key = |key: RemoteKey| rule.folded(&key) == rule.folded(&listed.key);
    encode(rule, name).is_ok_and(is_its_key).then(|| Decoded { name: name.clone(), place })
}

/// How many keys in scope have a name that is a guess: the store does not tell its spelling, and no mark does.
pub(super) fn guessed(listed: &[Listed], rule: &Rule, filter: &Filter) -> usize {
    let is_guess = |key: &&Listed| marked(rule, key).is_none() && !names_of(rule, key, filter).0.is_empty();
    if rule.is_ambiguous() { listed.iter().filter(is_guess).count() } else { 0 }
}

/// The name of a listed key: by its mark where that knows better, else as the key reads.
pub(super) fn name_of(rule: &Rule, listed: &Listed) -> Option<SecretName> {
    marked(rule, listed).or_else(|| decode(rule, &listed.key)).map(|decoded| decoded.name)
}

/// A key whose kind is anybody's guess is not carried as either.
fn block_untold(side: &mut SourceSide, source: &SecretName) {
    let Some(target) = side.named(source).cloned() else { return };
    let said = format!(
        "kinds share a prefix in the source, and it carries no mark of ours; if it is a {}, name it under include in a job \
         of {} alone",
        source.kind,
        source.kind.plural()
    );
    if let Some(key) = side.keys.get_mut(&target) {
        key.content = SourceContent::Blocked(Reason::KindUnknown, said);
    }
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
    SourceKey { from, key: listed.key, revision: listed.revision, changed: listed.changed, target_key, content }
}

/// Carried, it would become visible to DAGs that never saw it.
fn out_of_sight(pattern: &LookupPattern) -> String {
    format!("the source's lookup pattern {:?} does not match it", pattern.as_str())
}

fn block_collisions(keys: &mut BTreeMap<SecretName, SourceKey>, target: &Rule) {
    let spelled = keys.keys().filter_map(|name| Some((name.clone(), target.folded(&wanted(target, name)?))));
    let spelled: Vec<_> = spelled.collect();
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

/// Names by their keys, as the store tells these apart.
pub type Spellings = BTreeMap<RemoteKey, SecretName>;

/// The names in a target that folds: it does not tell how a name was spelled, the source and the record do.
pub fn spellings(rule: &Rule, source: &SourceSide, baseline: Option<&Baseline>) -> Spellings {
    if !rule.is_ambiguous() {
        return BTreeMap::new();
    }
    let entries = baseline.into_iter().flat_map(|baseline| &baseline.entries);
    let recorded = entries.map(|(name, entry)| (rule.folded(&entry.key), name.clone()));
    let sought =
        source.keys.iter().filter_map(|(name, key)| Some((rule.folded(key.target_key.as_ref()?), name.clone())));
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
            let folded = rule.folded(&listed.key);
            let name = spellings.get(&folded).cloned().or_else(|| name_of(rule, &listed))?;
            // As we would write it: a store may show it in other letters.
            let key = encode(rule, &name).ok().filter(|key| rule.folded(key) == folded)?;
            concerns(&name).then(|| {
                let key = target_key(Listed { key, ..listed }, us, &name);
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
