//! One job from its first plan to Airflow's reading, and all that must hold on the way.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::airflow::{Mode, Question, Seen, Teams};
use crate::checker::{Account, is_good};
use crate::deserved::{Manner, deserved};
use crate::ferry::{Ferry, METASTORE, Step, key, outcomes, planned};
use crate::metastore::{Key, Metastore, Row};
use crate::target::Target;

/// A metastore carried to a target.
pub struct Journey {
    /// The program and its folder.
    pub ferry: Ferry,
    /// Where to.
    pub target: Target,
    /// The source's rows.
    pub rows: Vec<Row>,
    /// What became of each key at first.
    pub steps: Vec<Step>,
    findings: Value,
    manner: Manner,
}

impl Journey {
    /// Plans, and applies what was planned.
    pub fn begin(metastore: &Metastore, target: Target, form: &'static str, readers: &'static [&'static str]) -> Self {
        let rows = metastore.rows();
        let job = format!("format = '{form}'\nreaders = {}", json!(readers));
        let mut ferry = Ferry::new(METASTORE, &target.table(), &job);
        ferry.read_from(metastore);
        ferry.set("TARGET_TOKEN", target.token());
        let exit_code = 3; // every metastore has rows that are refused
        let plan = ferry.plan(exit_code);
        assert_eq!(plan["two_way"], true);
        let run = ferry.apply(exit_code);
        let steps = outcomes(&run);
        assert_eq!(steps, as_done(planned(&plan)), "what was shown is what was done");
        let manner = Manner { form, place: target.place(), readers };
        Self { ferry, target, rows, steps, findings: run["findings"].clone(), manner }
    }

    /// The whole way: nothing is left to do, both sides are equal, and Airflow reads what the source has.
    pub async fn complete(&mut self) {
        self.holds_only_what_was_carried().await;
        self.has_nothing_left_to_do().await;
        self.is_verified();
        let faults = self.faults();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }

    /// What is in the target is what was carried, key for key.
    async fn holds_only_what_was_carried(&self) {
        let found: BTreeSet<String> = self.target.survey().await.into_keys().collect();
        let expected: BTreeSet<String> =
            self.carried().map(|(kind, team, id)| self.target.key(kind, team.as_deref(), id)).collect();
        assert_eq!(found, expected);
        assert!(expected.len() > 10, "only {} keys", expected.len());
    }

    fn carried(&self) -> impl Iterator<Item = &Key> {
        self.steps.iter().filter(|step| is_good(step)).map(|step| &step.key)
    }

    /// A second run with a token that may not write keeps every key, and leaves every version, time and mark as it was.
    pub async fn has_nothing_left_to_do(&mut self) {
        let before = self.target.survey().await;
        self.ferry.set("TARGET_TOKEN", &self.target.looking_token().await);
        let run = self.ferry.apply(3);
        assert_eq!(by_key(outcomes(&run)), kept(&self.steps));
        assert_eq!(self.target.survey().await, before, "a run with nothing to do wrote");
        self.ferry.set("TARGET_TOKEN", self.target.token());
    }

    /// `verify` finds every carried key equal, and names every other.
    fn is_verified(&self) {
        let report = self.ferry.verify(3);
        assert_eq!(report["mismatches"], json!([]));
        assert_eq!(report["equal"], self.carried().count());
        let names = |list: &str| {
            report[list].as_array().unwrap().iter().map(|line| key(&line["name"])).collect::<BTreeSet<_>>()
        };
        let (good, bad): (Vec<_>, Vec<_>) = self.steps.iter().partition(|step| is_good(step));
        assert_eq!(names("refused"), bad.iter().map(|step| step.key.clone()).collect());
        let noted = good.iter().filter(|step| !step.notes.is_empty()).map(|step| step.key.clone());
        assert_eq!(names("noted"), noted.collect());
    }

    /// All that the checker has to say after Airflow has looked.
    pub fn faults(&self) -> Vec<String> {
        self.faults_of(&self.rows, &self.look())
    }

    /// All that it has to say of what was seen, were these the source's rows.
    pub fn faults_of(&self, rows: &[Row], looks: &[Vec<Seen>]) -> Vec<String> {
        let deserved = deserved(rows, self.manner);
        let mut faults = BTreeSet::new();
        for seen in looks {
            let account = Account {
                rows,
                steps: &self.steps,
                findings: &self.findings,
                deserved: &deserved,
                readers: self.manner.readers,
                seen,
            };
            faults.extend(account.faults());
        }
        faults.into_iter().collect()
    }

    /// What the readers see of every id of the source, carried or not: directly, and in a search.
    ///
    /// A worker's search is never for a team, so with teams the backend alone is asked, once more for the team.
    pub fn look(&self) -> Vec<Vec<Seen>> {
        let question = self.question();
        // A search through the file backend is as it is with JSON.
        if matches!(self.target, Target::Files(_, "yaml" | "env")) {
            return vec![question.ask(Mode::Direct, self.manner.readers)];
        }
        if question.teams == Teams::Off {
            return question.ask_in(&[Mode::Direct, Mode::Search], self.manner.readers);
        }
        let mut seen = question.ask(Mode::Direct, self.manner.readers);
        seen.extend(self.question_of_the_team().ask(Mode::Direct, self.manner.readers));
        vec![seen]
    }

    /// What belongs to the team, asked for it.
    pub fn question_of_the_team(&self) -> Question {
        let rows: Vec<_> = self.rows.iter().filter(|row| row.team.is_some()).cloned().collect();
        Question { teams: Teams::One("data"), ..self.target.question(ids(&rows)) }
    }

    /// Everything that the source has a row for.
    fn question(&self) -> Question {
        self.target.question(ids(&self.rows))
    }
}

/// The ids of rows, by kind.
fn ids(rows: &[Row]) -> Value {
    let mut ids = BTreeMap::<String, BTreeSet<String>>::new();
    for (kind, _, id) in rows.iter().filter_map(Row::key) {
        ids.entry(kind).or_default().insert(id);
    }
    json!(ids)
}

/// Steps as they look when they have been carried out.
fn as_done(steps: Vec<Step>) -> Vec<Step> {
    let done = |action: &str| match action {
        "create" => "created",
        "block" => "blocked",
        "quarantine" => "quarantined",
        other => panic!("an empty target needs no {other}"),
    };
    steps.into_iter().map(|step| Step { what: done(&step.what).to_owned(), ..step }).collect()
}

/// What becomes of keys, without the why.
pub fn by_key(steps: Vec<Step>) -> BTreeMap<Key, String> {
    steps.into_iter().map(|step| (step.key, step.what)).collect()
}

/// What becomes of the same keys in a run that finds nothing changed.
pub fn kept(steps: &[Step]) -> BTreeMap<Key, String> {
    let later = |step: &Step| if is_good(step) { "kept".to_owned() } else { step.what.clone() };
    steps.iter().map(|step| (step.key.clone(), later(step))).collect()
}
