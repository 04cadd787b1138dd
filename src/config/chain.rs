//! Chains and loops: jobs that read what other jobs write.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::job::JobSettings;
use crate::model::{Finding, Severity};
use crate::naming::{JobNames, Mapping, Rule, shared_key};
use crate::provider::StoreSettings;
use crate::settings::{SettingsFault, TablePath};

/// A job on one of its targets: an edge from store to store.
#[derive(Debug)]
pub(super) struct Leg<'a> {
    job: &'a JobSettings,
    target: &'a str,
    from: Place,
    to: Place,
}

/// A store under any name, and how it spells names.
#[derive(Debug)]
struct Place {
    identity: String,
    rule: Rule,
}

/// Legs of which each reads what the one before wrote, and the first what the last did.
#[derive(Debug)]
pub(super) struct Loop {
    /// The job, its source and its target.
    legs: Vec<[String; 3]>,
    scheduled: bool,
}

/// The legs of jobs whose stores are known.
pub(super) fn legs<'a>(
    jobs: impl Iterator<Item = &'a JobSettings>,
    store: impl Fn(&String) -> Option<&'a dyn StoreSettings>,
) -> Vec<Leg<'a>> {
    let place = |name: &String| store(name).map(|store| Place { identity: store.identity(), rule: store.rule() });
    let of_job = |job: &'a JobSettings| {
        job.targets.iter().filter_map(move |target| Some((job, target, place(&job.source)?, place(target)?)))
    };
    jobs.flat_map(of_job).map(|(job, target, from, to)| Leg { job, target, from, to }).collect()
}

/// Every loop once, the shortest through each leg.
pub(super) fn loops(legs: &[Leg<'_>]) -> Vec<Loop> {
    let readers = readers(legs);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in 0..legs.len() {
        let Some(path) = way_round(&readers, start) else { continue };
        let members: BTreeSet<usize> = path.iter().copied().collect();
        if seen.insert(members) {
            let legs: Vec<&Leg<'_>> = path.iter().map(|index| &legs[*index]).collect();
            found.push(Loop::of(&legs));
        }
    }
    found
}

/// The jobs that write what `job` reads and do not themselves wait for it.
pub(super) fn before<'a>(legs: &[Leg<'a>], job: &str) -> Vec<&'a str> {
    let readers = readers(legs);
    let own: Vec<usize> = (0..legs.len()).filter(|index| legs[*index].job.name == job).collect();
    let after = own.iter().fold(BTreeSet::new(), |mut after, start| {
        after.extend(reached(&readers, *start).into_keys());
        after
    });
    let after: BTreeSet<&str> = after.into_iter().map(|index| legs[index].job.name.as_str()).collect();
    let writes = |index: &usize| readers[*index].iter().any(|reader| own.contains(reader));
    let writers = (0..legs.len()).filter(writes).map(|index| legs[index].job.name.as_str());
    let before: BTreeSet<&str> = writers.filter(|name| *name != job && !after.contains(name)).collect();
    before.into_iter().collect()
}

/// For each leg the legs that read what it writes.
fn readers(legs: &[Leg<'_>]) -> Vec<Vec<usize>> {
    let reads = |leg: &Leg<'_>, other: &Leg<'_>| leg.to.identity == other.from.identity && leg.meets(other);
    legs.iter().map(|leg| (0..legs.len()).filter(|index| reads(leg, &legs[*index])).collect()).collect()
}

/// The legs that `start` leads to, each with the one before it on a shortest way.
fn reached(readers: &[Vec<usize>], start: usize) -> BTreeMap<usize, usize> {
    let mut before = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(leg) = queue.pop_front() {
        for next in &readers[leg] {
            if !before.contains_key(next) {
                before.insert(*next, leg);
                queue.push_back(*next);
            }
        }
    }
    before
}

/// A shortest way from a leg back to itself, which it begins with.
fn way_round(readers: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let before = reached(readers, start);
    let mut path = vec![start];
    let mut at = *before.get(&start)?;
    while at != start {
        path.push(at);
        at = *before.get(&at)?;
    }
    path[1..].reverse();
    Some(path)
}

impl Leg<'_> {
    /// Tells whether `reader` has in its scope what this leg may write.
    fn meets(&self, reader: &Leg<'_>) -> bool {
        let unchanged = Mapping::default();
        let written = names(self.job, &self.to, &self.job.mapping);
        let read = names(reader.job, &reader.from, &unchanged);
        shared_key(&written, &read).is_some()
    }
}

fn names<'a>(job: &'a JobSettings, place: &'a Place, mapping: &'a Mapping) -> JobNames<'a> {
    JobNames {
        job: &job.name,
        store: &job.source,
        identity: &place.identity,
        rule: &place.rule,
        kinds: &job.kinds,
        include: &job.include,
        exclude: &job.exclude,
        mapping,
    }
}

impl Loop {
    fn of(legs: &[&Leg<'_>]) -> Self {
        let words = |leg: &&Leg<'_>| [leg.job.name.clone(), leg.job.source.clone(), leg.target.to_owned()];
        Self { legs: legs.iter().map(words).collect(), scheduled: legs.iter().all(|leg| leg.job.is_scheduled()) }
    }

    /// Tells whether nobody has to start any of its jobs.
    pub(super) fn runs_by_itself(&self) -> bool {
        self.scheduled
    }

    fn path(&self) -> String {
        let legs = self.legs.iter().map(|[job, source, target]| format!("{job}: {source} → {target}"));
        legs.collect::<Vec<_>>().join(", ")
    }

    /// What refuses the config; the last job is the one to change.
    pub(super) fn fault(&self) -> SettingsFault {
        let job = self.legs.last().map_or("", |[job, ..]| job);
        let problem = format!("secrets would go round for ever: {}", self.path());
        SettingsFault::new(TablePath::default().key("jobs").key(job).to_string(), problem)
            .with_hint("narrow the kinds, include or exclude of one of these jobs, or take its schedule away")
    }

    /// What is said where somebody has to start a job of it.
    pub(super) fn finding(&self) -> Finding {
        let job = self.legs.first().map_or("", |[job, ..]| job);
        let message = format!("secrets can go round: {}", self.path());
        Finding::new(Severity::Warning, "jobs-in-a-loop", job, message)
            .with_remedy("run these jobs one at a time, or narrow the kinds, include or exclude of one")
    }
}
