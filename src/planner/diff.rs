//! Source × target × baseline: the plan.

use std::collections::BTreeSet;

use super::case::{Case, Given, Verdict};
use super::gone::gone;
use super::guard::guard;
use super::plan::{Plan, Step};
use super::policy::Policy;
use super::present::present;
use super::side::{Depth, Fields, Sides, SourceContent, TargetContent, TargetRules};
use crate::model::{RemoteKey, Revision, SecretName, State};

/// Decides what becomes of every name; the same input always gives the same plan, in the order of names.
///
/// Expects both sides complete and every name of all three in scope: what is missing from the source counts as gone.
/// A foreign key that the source does not have gets no step.
pub fn plan(sides: Sides<'_>, rules: &TargetRules, policy: &Policy, depth: Depth) -> Plan {
    let given = Given { sides, rules, policy, depth };
    let mut steps: Vec<Step> = names(sides).into_iter().filter_map(|name| step(given, name)).collect();
    guard(given, &mut steps);
    Plan { steps, depth, two_way: sides.baseline.is_none(), undoes: None }
}

/// Every name of any side.
pub(super) fn names(sides: Sides<'_>) -> BTreeSet<&SecretName> {
    let recorded = sides.baseline.into_iter().flat_map(|baseline| baseline.entries.keys());
    sides.source.keys.keys().chain(sides.target.keys.keys()).chain(recorded).collect()
}

fn step(given: Given<'_>, name: &SecretName) -> Option<Step> {
    let case = Case::new(given, name);
    let Verdict { action, reason, detail, remember } = match case.source {
        Some(source) => present(&case, source),
        None => gone(&case)?,
    };
    let (notes, after) = match case.source.map(|source| &source.content) {
        Some(SourceContent::Fits(facts)) => (facts.notes.clone(), facts.fields.clone()),
        _ => (Vec::new(), Fields::default()),
    };
    Some(Step {
        name: name.clone(),
        from: source_name(&case),
        source_key: case.source.map(|source| source.key.clone()),
        key: target_key(&case),
        action,
        reason,
        detail,
        source: case.source_fingerprint().cloned(),
        source_revision: case.source.and_then(|source| source.revision.clone()),
        changed: case.source.and_then(|source| source.changed),
        target: case.target_fingerprint().cloned(),
        target_revision: target_revision(&case),
        notes,
        before: fields_before(&case),
        after,
        remember,
    })
}

fn source_name(case: &Case<'_>) -> Option<SecretName> {
    match case.source {
        Some(source) => source.from.clone(),
        None => case.entry.and_then(|entry| entry.from.clone()),
    }
}

fn target_key(case: &Case<'_>) -> Option<RemoteKey> {
    match case.source {
        Some(source) => source.target_key.clone(),
        None => case.target.map(|target| &target.key).or(case.entry.map(|entry| &entry.key)).cloned(),
    }
}

/// The version seen; where only a listing without versions was looked at, the one the key is taken to have.
fn target_revision(case: &Case<'_>) -> Option<Revision> {
    let target = case.target?;
    let unseen = target.state == State::Live && matches!(target.content, TargetContent::Unread);
    let remembered = case.entry.filter(|_| unseen && case.target_is_remembered(target));
    target.revision.clone().or_else(|| remembered.and_then(|entry| entry.target_revision.clone()))
}

fn fields_before(case: &Case<'_>) -> Fields {
    match case.target.map(|target| &target.content) {
        Some(TargetContent::Read(_, fields)) => fields.clone(),
        _ => Fields::default(),
    }
}
