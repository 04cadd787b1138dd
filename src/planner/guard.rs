//! Grounds to refuse every delete of a plan; the rest of it goes on.

use super::case::Given;
use super::plan::Step;
use crate::model::{Action, Reason};

/// Turns every delete into a block if the source shrank too far, too many would go, or something could not be read.
pub(super) fn guard(given: Given<'_>, steps: &mut [Step]) {
    if !steps.iter().any(|step| step.action == Action::Delete) {
        return;
    }
    let Some((reason, detail)) = shrunk(given).or_else(|| too_many(given, steps)).or_else(|| unread(given, steps))
    else {
        return;
    };
    for step in steps.iter_mut().filter(|step| step.action == Action::Delete) {
        step.action = Action::Block;
        step.reason = reason;
        step.detail = Some(detail.clone());
    }
}

/// How many keys the job owns, and how many of them the source no longer has.
fn owned_and_gone(given: Given<'_>) -> (u64, u64) {
    let entries = given.sides.baseline.into_iter().flat_map(|baseline| &baseline.entries);
    let own = entries.filter(|(_, entry)| entry.job == given.rules.job);
    own.fold((0, 0), |(owned, gone), (name, _)| {
        (owned + 1, gone + u64::from(!given.sides.source.keys.contains_key(name)))
    })
}

fn shrunk(given: Given<'_>) -> Option<(Reason, String)> {
    let (owned, gone) = owned_and_gone(given);
    if given.sides.source.keys.is_empty() {
        return Some((Reason::ShrinkGuard, format!("the source is empty; keys written from it: {owned}")));
    }
    let most = given.policy.max_shrink_percent;
    let share = percent(gone, owned);
    (share > most).then(|| {
        (Reason::ShrinkGuard, format!("gone from the source: {gone} of {owned} keys ({share:.1} %), at most {most} %"))
    })
}

fn too_many(given: Given<'_>, steps: &[Step]) -> Option<(Reason, String)> {
    let (owned, _) = owned_and_gone(given);
    let deletes = steps.iter().filter(|step| step.action == Action::Delete).count() as u64;
    let (most, most_percent) = (given.policy.max_deletes_count, given.policy.max_deletes_percent);
    let share = percent(deletes, owned);
    (deletes > most || share > most_percent).then(|| {
        let allowed = format!("at most {most} and {most_percent} %");
        (Reason::DeleteGuard, format!("deletes: {deletes} of {owned} keys ({share:.1} %), {allowed}"))
    })
}

fn unread(given: Given<'_>, steps: &[Step]) -> Option<(Reason, String)> {
    let failed = |step: &&Step| {
        let unread = matches!(
            step.reason,
            Reason::SourceDenied | Reason::SourceFailed | Reason::TargetDenied | Reason::TargetFailed
        );
        (unread || step.action == Action::Quarantine) && !given.rules.accepted.contains(&step.name)
    };
    let first = steps.iter().find(failed)?;
    let count = steps.iter().filter(failed).count();
    Some((Reason::ReadErrors, format!("not read: {count}, the first is {} ({})", first.name, first.reason)))
}

/// A share in percent; all of nothing counts as all.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}
