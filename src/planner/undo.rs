//! What an earlier run did × how its keys are now: the plan that puts back what they were.

use std::collections::BTreeSet;

use super::case::Verdict;
use super::plan::{Plan, Remember, Step};
use super::side::{Baseline, BaselineEntry, Depth, Fields, Owner, TargetContent, TargetKey, TargetSide};
use crate::model::{Action, Fingerprint, Reason, RemoteKey, Revision, SecretName, State};

/// One change that a run made, as the ledger tells it.
#[derive(Debug, Clone)]
pub struct Past {
    /// The name in the target.
    pub name: SecretName,
    /// The target's spelling.
    pub key: RemoteKey,
    /// What was done.
    pub action: Action,
    /// Why: it tells whose the key was before.
    pub reason: Reason,
    /// Whether it is known to have been done.
    pub certainty: Certainty,
    /// What the key held before, where that is known.
    pub fingerprint_before: Option<Fingerprint>,
    /// The key's version before.
    pub revision_before: Option<Revision>,
    /// What the key held afterwards.
    pub fingerprint_after: Option<Fingerprint>,
    /// The key's version afterwards.
    pub revision_after: Option<Revision>,
    /// What the source called it, where that was another name.
    pub from: Option<SecretName>,
}

/// Whether a change is known to have been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The store said so, or reading back showed it.
    Done,
    /// Nobody knows.
    Open,
}

/// How the keys of a run are now.
#[derive(Debug, Clone, Copy)]
pub struct Today<'a> {
    /// The keys that are there, with their versions.
    pub target: &'a TargetSide,
    /// What was last written.
    pub baseline: &'a Baseline,
    /// The job whose run it was.
    pub job: &'a str,
    /// The names whose earlier version can still be brought back.
    pub kept: &'a BTreeSet<SecretName>,
    /// Whether the target keeps versions at all.
    pub history: bool,
    /// Whether a key may be deleted: not where that is the end of its history too, unless the policy allows it.
    pub may_delete: bool,
}

/// What must be looked at before an undo can be planned, each in the order of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UndoNeeds {
    /// Keys that are not as the run left them: only their value tells whether they are as before it.
    pub values: Vec<SecretName>,
    /// Keys whose earlier version must still be there.
    pub versions: Vec<SecretName>,
}

/// Finds what must be looked at, from keys of which only versions are known.
pub fn undo_needs<'a>(past: impl IntoIterator<Item = &'a Past>, target: &TargetSide) -> UndoNeeds {
    let mut needs = UndoNeeds::default();
    for change in past.into_iter().filter(|change| matches!(change.action, Action::Update | Action::Delete)) {
        let key = target.keys.get(&change.name);
        if is_as_left(change, key) {
            needs.versions.push(change.name.clone());
        } else if key.is_some_and(is_unread) && change.fingerprint_before.is_some() {
            needs.values.push(change.name.clone());
        }
    }
    needs
}

fn is_unread(key: &TargetKey) -> bool {
    key.state == State::Live && matches!(key.content, TargetContent::Unread)
}

/// Decides how to put back what the changes of run `undoes` replaced; in the order of names.
///
/// A key that is not as the run left it is never touched.
pub fn undo(undoes: &str, past: &[Past], today: Today<'_>) -> Plan {
    let mut steps: Vec<Step> = past.iter().map(|change| step(change, today)).collect();
    steps.sort_by(|one, other| one.name.cmp(&other.name));
    Plan { steps, depth: Depth::Metadata, two_way: false, undoes: Some(undoes.to_owned()) }
}

fn step(change: &Past, today: Today<'_>) -> Step {
    let key = today.target.keys.get(&change.name);
    let Verdict { action, reason, detail, remember } = verdict(change, key, today);
    let as_left = action.changes();
    Step {
        name: change.name.clone(),
        from: change.from.clone(),
        source_key: None,
        key: Some(change.key.clone()),
        action,
        reason,
        detail,
        source: change.fingerprint_before.clone().filter(|_| action != Action::Delete),
        source_revision: change.revision_before.clone().filter(|_| matches!(action, Action::Update | Action::Restore)),
        changed: None,
        target: change.fingerprint_after.clone().filter(|_| as_left),
        target_revision: key.and_then(|key| key.revision.clone()),
        notes: Vec::new(),
        before: Fields::default(),
        after: Fields::default(),
        remember,
    }
}

fn verdict(change: &Past, key: Option<&TargetKey>, today: Today<'_>) -> Verdict {
    if change.certainty == Certainty::Open {
        return Verdict::block(Reason::EffectUnknown).saying("whether the run changed it is not known yet");
    }
    if !today.history {
        return Verdict::block(Reason::NoHistory);
    }
    if let Some(refusal) = key.and_then(Verdict::of_refusal) {
        return refusal;
    }
    let record = today.baseline.entries.get(&change.name);
    if is_as_before(change, key, record) {
        return Verdict::keep(Reason::AsBefore, Remember::Nothing);
    }
    if !is_as_left(change, key) {
        return Verdict::block(Reason::ChangedSince).saying(found(change, key));
    }
    let is_others = record.is_some_and(|record| record.job != today.job);
    if is_others || key.is_some_and(|key| key.owner == Owner::Other) {
        return Verdict::block(Reason::OtherOwner).saying("it was taken over since the run");
    }
    let Some(action) = opposite(change.action) else {
        return Verdict::keep(Reason::AsBefore, Remember::Nothing);
    };
    let goes_back = matches!(action, Action::Update | Action::Restore);
    if goes_back && !today.kept.contains(&change.name) {
        return Verdict::block(Reason::VersionGone);
    }
    if action == Action::Delete && !today.may_delete {
        let said = "the run created it, and to take that back would delete it with all its versions";
        return Verdict::block(Reason::FinalDelete).saying(said);
    }
    Verdict::new(action, reason(change))
}

/// What takes an action back; nothing is to be done about what changed nothing.
const fn opposite(action: Action) -> Option<Action> {
    Some(match action {
        Action::Create | Action::Restore => Action::Delete,
        Action::Update => Action::Update,
        Action::Delete => Action::Restore,
        Action::Adopt => Action::Release,
        Action::Release => Action::Adopt,
        Action::Keep | Action::Block | Action::Quarantine => return None,
    })
}

/// Why a change is taken back, in words that tell whose the key is afterwards: so that this can be taken back, too.
const fn reason(change: &Past) -> Reason {
    match (change.reason, change.action) {
        (Reason::ForeignOverwritten | Reason::EqualUnowned | Reason::TombstoneRestored | Reason::RedoTakeover, _) => {
            Reason::UndoTakeover
        }
        (Reason::DriftRestored | Reason::RedoDrift, Action::Update) => Reason::UndoDrift,
        (Reason::UndoTakeover, _) => Reason::RedoTakeover,
        (Reason::UndoDrift, _) => Reason::RedoDrift,
        _ => Reason::Undo,
    }
}

/// Whether the key is exactly as the run left it.
fn is_as_left(change: &Past, key: Option<&TargetKey>) -> bool {
    let left = if change.action == Action::Delete { State::Deleted } else { State::Live };
    match key {
        Some(key) => key.state == left && key.revision.is_some() && key.revision == change.revision_after,
        // A store that leaves nothing behind of what it deletes.
        None => change.action == Action::Delete && change.revision_after.is_none(),
    }
}

/// Whether there is nothing to take back any more, as after an undo that was cut short.
fn is_as_before(change: &Past, key: Option<&TargetKey>, record: Option<&BaselineEntry>) -> bool {
    let state = key.map(|key| key.state);
    let holds_it = |key: &TargetKey| {
        let read = if let TargetContent::Read(fingerprint, _) = &key.content { Some(fingerprint) } else { None };
        read.is_some() && read == change.fingerprint_before.as_ref()
    };
    match change.action {
        Action::Create | Action::Restore => {
            matches!(state, None | Some(State::Empty | State::Deleted | State::Destroyed))
        }
        Action::Update | Action::Delete => state == Some(State::Live) && key.is_some_and(holds_it),
        Action::Adopt => record.is_none(),
        Action::Release => record.is_some(),
        Action::Keep | Action::Block | Action::Quarantine => true,
    }
}

/// What is there instead of what the run left.
fn found(change: &Past, key: Option<&TargetKey>) -> &'static str {
    match key.map(|key| key.state) {
        None | Some(State::Empty) => "there is no such key any more",
        Some(State::Live) if change.action == Action::Delete => "somebody wrote it again",
        Some(State::Live) => "somebody wrote another version",
        Some(State::Deleted) if change.action == Action::Delete => "it was written and deleted again",
        Some(State::Deleted) => "somebody deleted it",
        Some(State::Destroyed) => "its latest version was destroyed for good",
        Some(State::Disabled) => "it is disabled",
        Some(State::Managed(by)) => by.explained(),
    }
}
