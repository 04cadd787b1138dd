//! A job as it runs: from where, to where, what, and what it may do.

use super::outcome::StepOutcome;
use super::reduce::Masked;
use crate::model::{Field, Form, Kind, Outcome, Reader, SecretName};
use crate::naming::Filter;
use crate::planner::{DeletePolicy, Depth, Policy};

/// One configured job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name in the config.
    pub name: String,
    /// The source store's name.
    pub source: String,
    /// The target store's name.
    pub target: String,
    /// Which kinds and ids it carries.
    pub filter: Filter,
    /// How connections are written; `None` is the first form the target's backend reads.
    pub form: Option<Form>,
    /// Who must read right what is written.
    pub readers: Vec<Reader>,
    /// How deep to look; `None` is the cheapest depth that proves "unchanged".
    pub depth: Option<Depth>,
    /// What it may do.
    pub policy: Policy,
    /// Ids (`conn_id`, or `connections/conn_id`) whose block or quarantine is known and fine.
    pub accept: Vec<String>,
    /// Ids whose value really is `***`.
    pub allow_masked: Vec<String>,
    /// Fields a report may show in clear, at a person's request.
    pub shown: Vec<Field>,
}

impl Job {
    /// The kinds it carries.
    pub fn kinds(&self) -> Vec<Kind> {
        self.filter.kinds().to_vec()
    }

    /// Tells whether a block or quarantine of `name` is known and fine.
    pub fn accepts(&self, name: &SecretName) -> bool {
        named(&self.accept, name)
    }

    /// Tells whether a key ended as a person would wish, or is blocked or quarantined and that is known and fine.
    pub fn is_content_with(&self, step: &StepOutcome) -> bool {
        let refused = matches!(step.outcome, Outcome::Blocked | Outcome::Quarantined);
        step.outcome.is_good() || (refused && self.accepts(&step.name))
    }

    /// Whether `***` is the true value of `name`.
    pub fn masked(&self, name: &SecretName) -> Masked {
        if named(&self.allow_masked, name) { Masked::IsValue } else { Masked::IsPoison }
    }

    /// The policy of this run: one that a command narrows takes nothing away and counts no key as gone, for the guards
    /// judge by the whole of a job.
    pub fn policy(&self) -> Policy {
        let deletes = if self.filter.is_narrowed() { DeletePolicy::Never } else { self.policy.deletes };
        Policy { deletes, ..self.policy.clone() }
    }
}

/// Matches a list of plain or kind-qualified ids.
fn named(list: &[String], name: &SecretName) -> bool {
    list.iter().any(|entry| match entry.split_once('/') {
        Some((kind, id)) if Kind::parse(kind).is_some() => Kind::parse(kind) == Some(name.kind) && id == name.id,
        _ => *entry == name.id,
    })
}
