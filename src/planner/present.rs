//! What becomes of a name that the source has.

use super::case::{Case, Seen, Verdict};
use super::plan::Remember;
use super::policy::{DriftPolicy, ForeignPolicy, TombstonePolicy};
use super::side::{BaselineEntry, Owner, SourceContent, SourceKey, TargetKey};
use crate::model::{Action, Fingerprint, Reason, Revision, State};

/// Decides on a name that the source has.
pub(super) fn present(case: &Case<'_>, source: &SourceKey) -> Verdict {
    let verdict = respecting_owner(case, decide(case, source));
    let reappeared = case.entry.is_some_and(|entry| entry.absent_runs > 0);
    if reappeared && verdict.remember == Remember::Nothing && !verdict.action.changes() {
        return Verdict { remember: Remember::Presence, ..verdict };
    }
    verdict
}

/// A mark of another owner outweighs whatever we remember: only the policy to overwrite goes over it.
fn respecting_owner(case: &Case<'_>, verdict: Verdict) -> Verdict {
    let writes = matches!(verdict.action, Action::Create | Action::Update | Action::Restore);
    if writes && case.owner == Owner::Other && case.given.policy.foreign != ForeignPolicy::Overwrite {
        return Verdict::block(Reason::OtherOwner);
    }
    verdict
}

fn decide(case: &Case<'_>, source: &SourceKey) -> Verdict {
    match &source.content {
        SourceContent::Blocked(reason, why) => return Verdict::block(*reason).saying(why),
        SourceContent::Quarantined(reason, why) => return Verdict::new(Action::Quarantine, *reason).saying(why),
        SourceContent::Unread | SourceContent::Fits(_) => {}
    }
    if source.target_key.is_none() {
        return Verdict::block(Reason::IllegalName).saying("the target has no spelling for it");
    }
    let Some(fingerprint) = case.source_fingerprint() else {
        return Verdict::block(Reason::SourceFailed).saying("its value was not read in this run");
    };
    let Some(target) = case.target else { return absent(case) };
    if let Some(refusal) = Verdict::of_refusal(target) {
        return refusal;
    }
    match target.state {
        State::Empty => absent(case),
        State::Deleted => deleted(case),
        State::Destroyed => destroyed(case),
        State::Disabled => Verdict::block(Reason::Disabled),
        State::Managed(by) => Verdict::block(Reason::Managed).saying(by.explained()),
        State::Live => live(case, source, fingerprint, target),
    }
}

/// The target has no value under the name.
fn absent(case: &Case<'_>) -> Verdict {
    match case.entry {
        None => Verdict::new(Action::Create, Reason::New),
        Some(_) => drifted(case, Reason::DriftDeleted, Action::Create),
    }
}

/// The name is softly deleted.
fn deleted(case: &Case<'_>) -> Verdict {
    let verdict = match (case.entry, case.owner) {
        (Some(_), _) => drifted(case, Reason::DriftDeleted, Action::Restore),
        // We deleted it once: the record went then, the mark stayed.
        (None, Owner::Ours) => Verdict::new(Action::Restore, Reason::Returned),
        (None, Owner::Other | Owner::Unmarked) => match case.given.policy.tombstone {
            TombstonePolicy::Block => Verdict::block(Reason::Tombstone),
            TombstonePolicy::Restore => Verdict::new(Action::Restore, Reason::TombstoneRestored),
        },
    };
    if verdict.action == Action::Restore && !case.given.rules.restores {
        return Verdict::block(Reason::Tombstone).saying("this store cannot bring it back");
    }
    verdict
}

/// The latest version is gone for good; writing over it makes a new one.
fn destroyed(case: &Case<'_>) -> Verdict {
    let policy = case.given.policy;
    let restored = if case.entry.is_some() && policy.drift == DriftPolicy::Restore {
        Reason::DriftRestored
    } else if policy.tombstone == TombstonePolicy::Restore {
        Reason::TombstoneRestored
    } else {
        return Verdict::block(Reason::Destroyed);
    };
    if case.given.rules.restores {
        Verdict::new(Action::Restore, restored)
    } else {
        Verdict::block(Reason::Destroyed).saying("this store cannot bring it back")
    }
}

fn live(case: &Case<'_>, source: &SourceKey, wanted: &Fingerprint, target: &TargetKey) -> Verdict {
    let value = match case.seen(target) {
        Seen::Remembered(entry) if *wanted == entry.fingerprint => return unchanged(case, entry, source, target),
        Seen::Remembered(_) => return Verdict::new(Action::Update, Reason::SourceChanged),
        Seen::Unknown => return Verdict::unread_target(),
        Seen::Read(fingerprint) if fingerprint == wanted => Value::Equal,
        Seen::Read(_) => Value::Other,
        Seen::Unreadable(why) => Value::Unreadable(why),
    };
    match (case.entry, case.owner) {
        (Some(_), _) if case.remembered().is_some() => touched(case, &value),
        (Some(entry), _) => rekeyed(case, entry, &value, target),
        (None, _) if case.given.sides.baseline.is_none() => without_ledger(case, &value),
        (None, Owner::Ours) => marked(case, &value),
        (None, Owner::Other | Owner::Unmarked) => foreign(case, &value),
    }
}

/// What the target holds, seen from the source.
enum Value<'a> {
    Equal,
    Other,
    Unreadable(&'a str),
}

impl Value<'_> {
    fn is_equal(&self) -> bool {
        matches!(self, Self::Equal)
    }

    /// Adds why no reader understands it, where none does.
    fn explain(&self, verdict: Verdict) -> Verdict {
        match self {
            Self::Unreadable(why) => verdict.saying(*why),
            Self::Equal | Self::Other => verdict,
        }
    }
}

/// Both sides hold what we last wrote.
fn unchanged(case: &Case<'_>, entry: &BaselineEntry, source: &SourceKey, target: &TargetKey) -> Verdict {
    let source_moved = moved(source.revision.as_ref(), entry.source_revision.as_ref());
    let target_moved = moved(target.revision.as_ref(), entry.target_revision.as_ref());
    let news = source_moved || target_moved || entry.shape != case.given.rules.shape || entry.from != source.from;
    let reason = if source_moved && entry.source_revision.is_some() { Reason::ReEncrypted } else { Reason::Unchanged };
    Verdict::keep(reason, if news { Remember::Revisions } else { Remember::Nothing })
}

/// Whether a version is known now that was not known so; one that was not looked up says nothing.
fn moved(now: Option<&Revision>, before: Option<&Revision>) -> bool {
    now.is_some() && now != before
}

/// The target holds something else than we last wrote.
fn touched(case: &Case<'_>, value: &Value<'_>) -> Verdict {
    if value.is_equal() {
        return Verdict::keep(Reason::Converged, Remember::Revisions);
    }
    value.explain(drifted(case, Reason::Drift, Action::Update))
}

/// We wrote it, but the record's digest is of another key: whether the value changed cannot be told from it.
fn rekeyed(case: &Case<'_>, entry: &BaselineEntry, value: &Value<'_>, target: &TargetKey) -> Verdict {
    if value.is_equal() {
        return Verdict::keep(Reason::Equal, Remember::Revisions);
    }
    let versions_known = target.revision.is_some() && entry.target_revision.is_some();
    let ours = if versions_known { case.target_is_untouched(target) } else { case.owner == Owner::Ours };
    let verdict = if ours {
        Verdict::new(Action::Update, Reason::SourceChanged)
    } else {
        drifted(case, Reason::Drift, Action::Update)
    };
    value.explain(verdict)
}

/// It carries our mark, but there is no record of it.
fn marked(case: &Case<'_>, value: &Value<'_>) -> Verdict {
    if value.is_equal() {
        return Verdict::new(Action::Adopt, Reason::EqualMarked);
    }
    drifted(case, Reason::Drift, Action::Update).saying("it carries our mark, but the ledger has no record of it")
}

/// There is no ledger: two sides are compared.
fn without_ledger(case: &Case<'_>, value: &Value<'_>) -> Verdict {
    if value.is_equal() {
        return Verdict::keep(Reason::Equal, Remember::Nothing);
    }
    if case.owner == Owner::Ours {
        return value.explain(Verdict::new(Action::Update, Reason::Differs));
    }
    let verdict = foreign(case, value);
    if verdict.action.changes() { verdict } else { verdict.saying("it differs; no ledger, so ownership is unknown") }
}

/// Somebody else wrote it.
fn foreign(case: &Case<'_>, value: &Value<'_>) -> Verdict {
    match (case.given.policy.foreign, value) {
        (ForeignPolicy::Adopt | ForeignPolicy::Overwrite, Value::Equal) => {
            Verdict::new(Action::Adopt, Reason::EqualUnowned)
        }
        (ForeignPolicy::Overwrite, _) => value.explain(Verdict::new(Action::Update, Reason::ForeignOverwritten)),
        (ForeignPolicy::Adopt, Value::Unreadable(why)) => Verdict::block(Reason::TargetUnreadable).saying(*why),
        (ForeignPolicy::Adopt, Value::Other) => Verdict::block(Reason::ForeignDiffers),
        (ForeignPolicy::Block, _) => {
            let reason = if case.owner == Owner::Other { Reason::OtherOwner } else { Reason::Foreign };
            Verdict::block(reason).saying(match value {
                Value::Equal => "its value equals the source's; foreign = \"adopt\" would take it over".to_owned(),
                Value::Other => "its value differs from the source's".to_owned(),
                Value::Unreadable(why) => format!("its value cannot be understood: {why}"),
            })
        }
    }
}

/// Our key was changed or taken away behind our back.
fn drifted(case: &Case<'_>, blocked: Reason, restored: Action) -> Verdict {
    match case.given.policy.drift {
        DriftPolicy::Block => Verdict::block(blocked),
        DriftPolicy::Keep => Verdict::keep(Reason::DriftKept, Remember::Nothing),
        DriftPolicy::Restore => Verdict::new(restored, Reason::DriftRestored),
    }
}
