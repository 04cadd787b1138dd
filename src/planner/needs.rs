//! How deep a run looks, and which values it cannot decide without.

use super::case::{Case, Given};
use super::diff::names;
use super::policy::{DeletePolicy, Policy};
use super::side::{Depth, Owner, Sides, SourceContent, SourceKey, TargetContent, TargetKey, TargetRules};
use crate::model::{Capabilities, Revisions, SecretName, State};

/// The values a run must read before it can plan, each in the order of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Of the source.
    pub source: Vec<SecretName>,
    /// Of the target.
    pub target: Vec<SecretName>,
}

/// Whether a target that puts comparisons off is to be read whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deep {
    /// The last deep comparison is long enough ago.
    Due,
    /// It is not.
    NotYet,
}

/// Finds the cheapest depth that proves "unchanged" where the config leaves it open (`auto`, here `None`).
///
/// A source without versions asks for no depth of its own: [`needs`] reads what has none. Where `deep` is due, all is
/// read that a target puts off.
pub fn depth(asked: Option<Depth>, source: &Capabilities, target: &Capabilities, deep: Deep) -> Depth {
    asked.unwrap_or(match (source.revisions, target.revisions) {
        (_, Revisions::None) => Depth::Values,
        (_, Revisions::Deferred) if deep == Deep::Due => Depth::Values,
        (Revisions::Stat, _) | (_, Revisions::Stat) => Depth::Metadata,
        (_, Revisions::Listing | Revisions::Deferred) => Depth::Listing,
    })
}

/// Finds the values that must be read, from sides on which nothing was read yet: listed, looked up, and named.
///
/// Keys whose content is settled already (blocked for their name, denied) are not asked for.
pub fn needs(sides: Sides<'_>, rules: &TargetRules, policy: &Policy, depth: Depth) -> Needs {
    let given = Given { sides, rules, policy, depth };
    let mut needs = Needs::default();
    for name in names(sides) {
        let case = Case::new(given, name);
        if case.source.is_some_and(|source| needs_source(&case, source)) {
            needs.source.push(name.clone());
        }
        if case.target.is_some_and(|target| needs_target(&case, target)) {
            needs.target.push(name.clone());
        }
    }
    needs
}

fn needs_source(case: &Case<'_>, source: &SourceKey) -> bool {
    matches!(source.content, SourceContent::Unread)
        && source.target_key.is_some()
        && (case.given.depth == Depth::Values || !case.source_is_remembered(source))
}

fn needs_target(case: &Case<'_>, target: &TargetKey) -> bool {
    if target.state != State::Live || !matches!(target.content, TargetContent::Unread) {
        return false;
    }
    match case.source.map(|source| &source.content) {
        Some(SourceContent::Blocked(..) | SourceContent::Quarantined(..)) => false,
        Some(SourceContent::Unread | SourceContent::Fits(_)) => {
            case.given.depth == Depth::Values || !case.target_is_remembered(target)
        }
        None => may_be_deleted(case) && !case.target_is_untouched(target),
    }
}

fn may_be_deleted(case: &Case<'_>) -> bool {
    case.entry.is_some() && case.owner != Owner::Other && case.given.policy.deletes == DeletePolicy::Owned
}
