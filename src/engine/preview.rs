//! Looks at both sides and decides: a dry run ends here.

use std::time::Duration;

use jiff::Timestamp;

use super::error::RunError;
use super::job::Job;
use super::lag;
use super::lens::Lens;
use super::reduce::{Carriage, FormChoice};
use super::seek;
use super::sides::Identity;
use super::survey::Survey;
use crate::ledger::Ledger;
use crate::model::{Dialect, Finding, Kind, MasterKey, Observer, Purpose, Revisions, Severity};
use crate::planner::{Baseline, Deep, Depth, Effort, Plan, depth, effort, needs, plan};
use crate::provider::Store;

/// The two opened stores of a job.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Where it reads.
    pub source: Store,
    /// Where it writes.
    pub target: Store,
}

/// A plan and what acting on it needs beside it.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The decision.
    pub plan: Plan,
    /// How the run looks at values.
    pub lens: Lens,
    /// What a person should hear.
    pub findings: Vec<Finding>,
    /// What acting on it takes.
    pub effort: Effort,
    /// How long it took a run to come to it.
    pub took: Duration,
}

/// Looks at both sides and decides; changes nothing anywhere.
///
/// Without a ledger two sides are compared, not three, and fingerprints hold for this run alone.
pub async fn preview(
    job: &Job,
    stores: &Stores,
    ledger: Option<&Ledger>,
    observer: &dyn Observer,
) -> Result<Preview, RunError> {
    let mut baseline = match ledger {
        None => None,
        Some(ledger) => Some(remembered(job, stores, ledger).await?),
    };
    let deep = deep(job, stores, ledger).await?;
    let depth = depth(job.depth, stores.source.capabilities(), stores.target.capabilities(), deep);
    let policy = seek::policy(job, stores);
    let mut survey = Survey::list(job, stores, lens(job, stores, ledger), baseline.as_ref(), observer).await?;
    if let Some(baseline) = &mut baseline {
        survey.narrow(baseline);
    }
    survey.catch_up(baseline.as_ref(), &lag::just_written(job, &stores.target, ledger).await?).await?;
    survey.look(baseline.as_ref(), depth).await?;
    let rules = survey.rules();
    let wanted = needs(survey.sides(baseline.as_ref()), &rules, &policy, depth);
    survey.read_target(wanted.target).await?;
    survey.read_source(wanted.source).await?;
    if survey.look_for_new().await? {
        let wanted = needs(survey.sides(baseline.as_ref()), &rules, &policy, depth);
        survey.read_target(wanted.target).await?;
    }
    let plan = plan(survey.sides(baseline.as_ref()), &rules, &policy, depth);
    let mut findings = survey.findings();
    findings.extend(no_way_back(job, &plan, stores));
    findings.extend(at_its_word(job, &plan, stores));
    let effort = effort(&plan, stores.source.capabilities(), stores.target.capabilities());
    Ok(Preview { plan, lens: survey.lens, findings, effort, took: Duration::ZERO })
}

/// Said before anything is done: a run on a store without versions cannot be undone.
fn no_way_back(job: &Job, plan: &Plan, stores: &Stores) -> Option<Finding> {
    let has_one = stores.target.capabilities().history || plan.changes().next().is_none();
    let message = "keeps no versions, so `secretferry undo` cannot take back what this run does";
    (!has_one).then(|| Finding::new(Severity::Info, "no-undo", &job.target, message))
}

/// How deep a run looks is stated: between deep comparisons nobody would notice what others changed in such a target.
fn at_its_word(job: &Job, plan: &Plan, stores: &Stores) -> Option<Finding> {
    let is_taken = stores.target.capabilities().revisions == Revisions::Deferred && plan.depth != Depth::Values;
    let message = "its listing tells no versions: what is there and ours counts as unchanged until the values are compared, as \
                   often as deep-compare-every says";
    (is_taken && !plan.two_way).then(|| Finding::new(Severity::Info, "listing-trusted", &job.target, message))
}

/// Whether a target that puts comparisons off is due for one: so long after the last, or after the first run.
async fn deep(job: &Job, stores: &Stores, ledger: Option<&Ledger>) -> Result<Deep, RunError> {
    let target = &stores.target;
    let Some(ledger) = ledger.filter(|_| target.capabilities().revisions == Revisions::Deferred) else {
        return Ok(Deep::NotYet);
    };
    let last = ledger.last_deep_run(&job.name, &target.info().identity).await.map_err(RunError::ledger(&job.name))?;
    let since = last.map(|last| Timestamp::now().duration_since(last).unsigned_abs());
    Ok(if since.is_some_and(|since| since >= job.deep_compare_every) { Deep::Due } else { Deep::NotYet })
}

/// What was last written to the target, by this job or another.
async fn remembered(job: &Job, stores: &Stores, ledger: &Ledger) -> Result<Baseline, RunError> {
    let baseline = ledger.baseline(&stores.target.info().identity).await;
    baseline.map_err(RunError::ledger(&job.name))
}

/// How a job looks at values; without a ledger its digests hold for this run alone.
pub fn lens(job: &Job, stores: &Stores, ledger: Option<&Ledger>) -> Lens {
    lens_between(job, stores.source.dialect().clone(), &stores.target, ledger)
}

/// How a job looks at what its target holds, where the source is not asked.
pub fn lens_on(job: &Job, target: &Store, ledger: &Ledger) -> Lens {
    lens_between(job, target.dialect().clone(), target, Some(ledger))
}

fn lens_between(job: &Job, source: Dialect, target: &Store, ledger: Option<&Ledger>) -> Lens {
    let key = ledger.map_or_else(MasterKey::random, |ledger| ledger.key().clone()).subkey(Purpose::Fingerprint);
    let capabilities = target.capabilities();
    let target = target.dialect().clone();
    let carriage = Carriage {
        source,
        form: job.form.unwrap_or(FormChoice::Only(target.forms(Kind::Connection)[0])),
        target,
        overridden: job.overrides.digest(&key),
        overrides: job.overrides.clone(),
        readers: job.readers.clone(),
        max_value: capabilities.max_value,
        empty_values: capabilities.empty_values,
        double_braces: capabilities.double_braces,
    };
    Lens {
        carriage,
        key,
        shown: job.shown.clone(),
        us: Identity { ledger: ledger.map(|ledger| ledger.id().to_owned()), job: job.name.clone() },
    }
}
