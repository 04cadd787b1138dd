//! A job as it runs: from where, to where, what, and what it may do.

use std::time::Duration;

use super::outcome::StepOutcome;
use super::overrides::Overrides;
use super::reduce::{FormChoice, Masked};
use crate::model::{Field, Kind, Names, Outcome, Reader, SecretName};
use crate::naming::{Filter, Mapping, Renamed};
use crate::planner::{BaselineEntry, DeletePolicy, Depth, Policy};

/// One configured job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name in the config.
    pub name: String,
    /// The source store's name.
    pub source: String,
    /// The target store's name.
    pub target: String,
    /// Which kinds and ids of the source it carries.
    pub filter: Filter,
    /// What they are called in the target.
    pub mapping: Mapping,
    /// What is set in secrets on their way.
    pub overrides: Overrides,
    /// How connections are written; `None` is the first form the target's backend reads.
    pub form: Option<FormChoice>,
    /// Who must read right what is written.
    pub readers: Vec<Reader>,
    /// How deep to look; `None` is the cheapest depth that proves "unchanged".
    pub depth: Option<Depth>,
    /// How often every value is compared where a target puts that off.
    pub deep_compare_every: Duration,
    /// What it may do.
    pub policy: Policy,
    /// Ids (`conn_id`, or `connections/conn_id`) of either side whose block or quarantine is known and fine.
    pub accept: Vec<String>,
    /// Ids of the source whose value really is `***`.
    pub allow_masked: Vec<String>,
    /// Fields a report may show in clear, at a person's request.
    pub shown: Vec<Field>,
}

impl Job {
    /// The kinds it carries.
    pub fn kinds(&self) -> Vec<Kind> {
        self.filter.kinds().to_vec()
    }

    /// Tells whether a block or quarantine of a key is known and fine.
    pub fn accepts(&self, names: Names<'_>) -> bool {
        named(&self.accept, names.target) || named(&self.accept, names.source)
    }

    /// Tells whether a key ended as a person would wish, or is blocked or quarantined and that is known and fine.
    pub fn is_content_with(&self, step: &StepOutcome) -> bool {
        let refused = matches!(step.outcome, Outcome::Blocked | Outcome::Quarantined);
        step.outcome.is_good() || (refused && self.accepts(step.names()))
    }

    /// Whether `***` is the true value of a key.
    pub fn masked(&self, names: Names<'_>) -> Masked {
        if named(&self.allow_masked, names.source) { Masked::IsValue } else { Masked::IsPoison }
    }

    /// Tells whether a key of the target is in scope although no key of the source is called so now.
    ///
    /// Of what this job wrote, the name counts that it was made from, whatever the mapping is by now. Where nothing is
    /// recorded, every name that the mapping could have made it from must be in scope.
    pub fn concerns(&self, name: &SecretName, entry: Option<&BaselineEntry>) -> bool {
        let mut sources = self.mapping.sources(name).into_iter();
        match entry {
            Some(entry) if entry.job == self.name => self.filter.matches(entry.from.as_ref().unwrap_or(name)),
            Some(_) => sources.any(|source| self.filter.matches(&source)),
            None => sources.len() > 0 && sources.all(|source| self.filter.matches(&source)),
        }
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
    list.iter().any(|entry| Renamed::parse(entry).is(name))
}
