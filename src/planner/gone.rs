//! What becomes of a name that the source does not have.

use super::case::{Case, Seen, Verdict};
use super::plan::Remember;
use super::policy::DeletePolicy;
use super::side::{BaselineEntry, Owner, Sides, TargetContent, TargetKey};
use crate::model::{Action, Reason, SecretName, State};

/// Decides on a name that the source does not have; `None` for a key that is not ours, which is left unsaid.
pub(super) fn gone(case: &Case<'_>) -> Option<Verdict> {
    let Some(entry) = case.entry else { return unrecorded(case) };
    let Some(target) = case.target else { return Some(forgotten()) };
    if let Some(refusal) = Verdict::of_refusal(target) {
        return Some(refusal);
    }
    Some(match target.state {
        State::Empty | State::Deleted | State::Destroyed => forgotten(),
        State::Live | State::Disabled | State::Managed(_) if case.given.policy.deletes == DeletePolicy::Never => {
            match case.moved_to() {
                None => Verdict::keep(Reason::DeletesOff, Remember::Nothing),
                Some(new) => renamed(new, Remember::Nothing),
            }
        }
        State::Disabled => Verdict::block(Reason::Disabled),
        State::Managed(by) => Verdict::block(Reason::Managed).saying(by.explained()),
        State::Live => live(case, entry, target),
    })
}

/// Without a record a mark alone is no ground to delete.
fn unrecorded(case: &Case<'_>) -> Option<Verdict> {
    let target = case.target.filter(|_| case.owner == Owner::Ours)?;
    if let Some(refusal) = Verdict::of_refusal(target) {
        return Some(refusal);
    }
    let said = "it carries our mark, but the ledger has no record of it, so it is not deleted";
    (target.state == State::Live).then(|| Verdict::keep(Reason::DeletesOff, Remember::Nothing).saying(said))
}

fn forgotten() -> Verdict {
    Verdict::keep(Reason::GoneFromBoth, Remember::Forget)
}

fn renamed(new: &SecretName, remember: Remember) -> Verdict {
    Verdict::keep(Reason::Renamed, remember).saying(format!("now {new}"))
}

/// Whether this job has written a name, and the target has it.
fn is_in_place(case: &Case<'_>, name: &SecretName) -> bool {
    let Sides { target, baseline, .. } = case.given.sides;
    let entry = baseline.and_then(|baseline| baseline.entries.get(name));
    entry.is_some_and(|entry| entry.job == case.given.rules.job)
        && target.keys.get(name).is_some_and(|key| key.state == State::Live)
}

fn live(case: &Case<'_>, entry: &BaselineEntry, target: &TargetKey) -> Verdict {
    let (policy, rules) = (case.given.policy, case.given.rules);
    if case.owner == Owner::Other {
        return Verdict::block(Reason::OtherOwner);
    }
    // Whatever the policy on drift: a delete must not destroy somebody's change.
    if !holds_what_we_wrote(case, target) {
        return Verdict::block(Reason::Drift)
            .saying("the source no longer has it, but a delete would destroy the change");
    }
    let too_short = entry.absent_runs.saturating_add(1) < policy.absent_for;
    match case.moved_to() {
        // Under its old name it is the only copy until the new one is there.
        Some(new) if too_short || !is_in_place(case, new) => return renamed(new, Remember::Absence),
        None if too_short => return Verdict::keep(Reason::AbsentTooShort, Remember::Absence),
        _ => {}
    }
    if !rules.recoverable_deletes && !policy.allow_final_deletes {
        return Verdict::block(Reason::FinalDelete);
    }
    let verdict = Verdict::new(Action::Delete, Reason::GoneFromSource);
    match case.moved_to() {
        None => verdict,
        Some(new) => verdict.saying(format!("now {new}")),
    }
}

/// A listing without versions proves nothing here: what is to be deleted must have our version or our value.
fn holds_what_we_wrote(case: &Case<'_>, target: &TargetKey) -> bool {
    let read = matches!(target.content, TargetContent::Read(..));
    case.target_is_untouched(target) || (read && matches!(case.seen(target), Seen::Remembered(_)))
}
