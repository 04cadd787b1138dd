//! A row of `cases/*.toml`: source, target, baseline and policy in TOML, made into what the planner takes.
//!
//! A line of a plan is `action name reason`, then what the ledger shall remember in brackets, then the detail. Values are
//! written as words and stand for their fingerprints. What a row leaves out is ordinary: see the defaults below.

#![expect(clippy::panic, reason = "a row that says nothing sensible fails the test")]

use std::collections::BTreeMap;
use std::path::Path;

use secretferry::model::{
    Fingerprint, Kind, Manager, MasterKey, Purpose, Reason, RemoteKey, Revision, SecretName, State, Subkey,
};
use secretferry::planner::{
    Baseline, BaselineEntry, DeletePolicy, Depth, DriftPolicy, ForeignPolicy, Needs, Owner, Policy, Remember, Sides,
    SourceContent, SourceFacts, SourceKey, SourceSide, Step, TargetContent, TargetKey, TargetRules, TargetSide,
    TombstonePolicy, needs, plan,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub case: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Row {
    pub name: String,
    source: BTreeMap<String, SourceRow>,
    target: BTreeMap<String, TargetRow>,
    baseline: BTreeMap<String, BaselineRow>,
    policy: PolicyRow,
    run: Run,
    /// What must be read before deciding, as `source: a b; target: a`; held against the same row with nothing read.
    pub needs: Option<String>,
    pub plan: String,
    /// The versions the steps were planned against, as `name source target`.
    pub versions: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct SourceRow {
    value: Option<String>,
    revision: Option<String>,
    block: Option<[String; 2]>,
    quarantine: Option<[String; 2]>,
    unspelled: bool,
    from: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct TargetRow {
    value: Option<String>,
    revision: Option<String>,
    state: Option<String>,
    owner: Option<String>,
    unreadable: Option<String>,
    denied: Option<String>,
    failed: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BaselineRow {
    value: String,
    source: Option<String>,
    target: Option<String>,
    absent: u32,
    old_ledger_key: bool,
    job: String,
    shape: String,
    spelled: Option<String>,
    from: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PolicyRow {
    deletes: Option<String>,
    max_deletes_count: Option<u64>,
    max_deletes_percent: Option<f64>,
    max_shrink_percent: Option<f64>,
    absent_for: Option<u32>,
    allow_final_deletes: bool,
    foreign: Option<String>,
    drift: Option<String>,
    tombstone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Run {
    depth: String,
    ledger: bool,
    restores: bool,
    recoverable_deletes: bool,
    accepted: Vec<String>,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            name: String::new(),
            source: BTreeMap::new(),
            target: BTreeMap::new(),
            baseline: BTreeMap::new(),
            policy: PolicyRow::default(),
            run: Run::default(),
            needs: None,
            plan: "nothing is expected".to_owned(),
            versions: None,
        }
    }
}

impl Default for BaselineRow {
    fn default() -> Self {
        Self {
            value: "old".to_owned(),
            source: Some("s1".to_owned()),
            target: Some("t1".to_owned()),
            absent: 0,
            old_ledger_key: false,
            job: "job".to_owned(),
            shape: "shape".to_owned(),
            spelled: None,
            from: None,
        }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self {
            depth: "metadata".to_owned(),
            ledger: true,
            restores: true,
            recoverable_deletes: true,
            accepted: Vec::new(),
        }
    }
}

fn ledger_key(byte: char) -> Subkey {
    MasterKey::parse(&format!("{}=", byte.to_string().repeat(43))).expect("32 bytes").subkey(Purpose::Fingerprint)
}

fn connection(id: &str) -> SecretName {
    SecretName::new(Kind::Connection, id)
}

fn spelled(id: &str) -> RemoteKey {
    RemoteKey::new(format!("connections/{id}"))
}

fn fingerprint(key: &Subkey, id: &str, value: &str) -> Fingerprint {
    Fingerprint::of_value(key, &connection(id), value.as_bytes())
}

fn revision(text: Option<&String>) -> Option<Revision> {
    text.map(Revision::new)
}

/// Finds a word's meaning, or fails the whole test: a misspelt row must not pass for an ordinary one.
fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> T {
    words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, meaning)| *meaning)
        .unwrap_or_else(|| panic!("no word: {text}"))
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap_or_else(|| panic!("no reason: {text}"))
}

impl SourceRow {
    fn key(&self, id: &str) -> SourceKey {
        let content = match (&self.value, &self.block, &self.quarantine) {
            (Some(value), None, None) => SourceContent::Fits(Box::new(SourceFacts {
                fingerprint: fingerprint(&ledger_key('A'), id, value),
                fields: Vec::new().into(),
                notes: Vec::new(),
            })),
            (None, Some([word, why]), None) => SourceContent::Blocked(reason(word), why.clone()),
            (None, None, Some([word, why])) => SourceContent::Quarantined(reason(word), why.clone()),
            (None, None, None) => SourceContent::Unread,
            _ => panic!("{id}: a source row has one content"),
        };
        SourceKey {
            from: self.from.as_ref().map(|id| connection(id)),
            key: RemoteKey::new(format!("connection/{id}")),
            revision: revision(self.revision.as_ref()),
            changed: None,
            target_key: (!self.unspelled).then(|| spelled(id)),
            content,
        }
    }
}

impl TargetRow {
    fn key(&self, id: &str) -> TargetKey {
        let content = match (&self.value, &self.unreadable, &self.denied, &self.failed) {
            (Some(value), None, None, None) => {
                TargetContent::Read(fingerprint(&ledger_key('A'), id, value), Vec::new().into())
            }
            (None, Some(why), None, None) => TargetContent::Unreadable(why.clone()),
            (None, None, Some(why), None) => TargetContent::Denied(why.clone()),
            (None, None, None, Some(why)) => TargetContent::Failed(why.clone()),
            (None, None, None, None) => TargetContent::Unread,
            _ => panic!("{id}: a target row has one content"),
        };
        let states = [
            ("live", State::Live),
            ("empty", State::Empty),
            ("deleted", State::Deleted),
            ("destroyed", State::Destroyed),
            ("disabled", State::Disabled),
            ("managed", State::Managed(Manager::Service)),
        ];
        let owners = [("ours", Owner::Ours), ("other", Owner::Other), ("unmarked", Owner::Unmarked)];
        TargetKey {
            key: spelled(id),
            state: word(self.state.as_deref().unwrap_or("live"), &states),
            revision: revision(self.revision.as_ref()),
            owner: word(self.owner.as_deref().unwrap_or("unmarked"), &owners),
            content,
        }
    }
}

impl BaselineRow {
    fn entry(&self, id: &str) -> BaselineEntry {
        let key = ledger_key(if self.old_ledger_key { 'Q' } else { 'A' });
        let known = |text: &Option<String>| revision(text.as_ref().filter(|text| *text != "none"));
        BaselineEntry {
            job: self.job.clone(),
            key: self.spelled.as_ref().map_or_else(|| spelled(id), RemoteKey::new),
            fingerprint: fingerprint(&key, id, &self.value),
            source_revision: known(&self.source),
            target_revision: known(&self.target),
            absent_runs: self.absent,
            shape: self.shape.clone(),
            from: self.from.as_ref().map(|id| connection(id)),
        }
    }
}

impl PolicyRow {
    fn policy(&self) -> Policy {
        let usual = Policy::default();
        let choose = |text: &Option<String>| text.clone().unwrap_or_default();
        Policy {
            deletes: word(&choose(&self.deletes), &[("", usual.deletes), ("owned", DeletePolicy::Owned)]),
            max_deletes_count: self.max_deletes_count.unwrap_or(usual.max_deletes_count),
            max_deletes_percent: self.max_deletes_percent.unwrap_or(usual.max_deletes_percent),
            max_shrink_percent: self.max_shrink_percent.unwrap_or(usual.max_shrink_percent),
            absent_for: self.absent_for.unwrap_or(usual.absent_for),
            allow_final_deletes: self.allow_final_deletes,
            foreign: word(
                &choose(&self.foreign),
                &[("", usual.foreign), ("adopt", ForeignPolicy::Adopt), ("overwrite", ForeignPolicy::Overwrite)],
            ),
            drift: word(
                &choose(&self.drift),
                &[("", usual.drift), ("keep", DriftPolicy::Keep), ("restore", DriftPolicy::Restore)],
            ),
            tombstone: word(&choose(&self.tombstone), &[("", usual.tombstone), ("restore", TombstonePolicy::Restore)]),
        }
    }
}

/// A row, made into what the planner takes.
pub struct Given {
    source: SourceSide,
    target: TargetSide,
    baseline: Option<Baseline>,
    rules: TargetRules,
    policy: Policy,
    depth: Depth,
}

impl Given {
    pub fn new(row: &Row) -> Self {
        let depths = [("listing", Depth::Listing), ("metadata", Depth::Metadata), ("values", Depth::Values)];
        let keys = row.source.iter().map(|(id, source)| (connection(id), source.key(id)));
        let from = |source: &SourceRow| source.from.as_ref().map(|id| connection(id));
        let renamed = row.source.iter().filter_map(|(id, source)| Some((from(source)?, connection(id))));
        let source = SourceSide { keys: keys.collect(), renamed: renamed.collect() };
        let keys = row.target.iter().map(|(id, target)| (connection(id), target.key(id)));
        let target = TargetSide { keys: keys.collect() };
        let entries = row.baseline.iter().map(|(id, entry)| (connection(id), entry.entry(id)));
        let baseline = Baseline { entries: entries.collect() };
        assert!(row.run.ledger || row.baseline.is_empty(), "{}: a baseline without a ledger", row.name);
        let rules = TargetRules {
            recoverable_deletes: row.run.recoverable_deletes,
            restores: row.run.restores,
            defers: false,
            key: ledger_key('A').id().clone(),
            shape: "shape".to_owned(),
            job: "job".to_owned(),
            accepted: row.run.accepted.iter().map(|id| connection(id)).collect(),
        };
        Self {
            source,
            target,
            baseline: row.run.ledger.then_some(baseline),
            rules,
            policy: row.policy.policy(),
            depth: word(&row.run.depth, &depths),
        }
    }

    fn sides(&self) -> Sides<'_> {
        Sides { source: &self.source, target: &self.target, baseline: self.baseline.as_ref() }
    }

    pub fn plan(&self) -> String {
        let plan = plan(self.sides(), &self.rules, &self.policy, self.depth);
        plan.steps.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    pub fn versions(&self) -> String {
        let text = |revision: &Option<Revision>| revision.as_ref().map_or("-".to_owned(), |it| it.as_str().to_owned());
        let plan = plan(self.sides(), &self.rules, &self.policy, self.depth);
        let lines = plan
            .steps
            .iter()
            .map(|step| format!("{} {} {}", step.name.id, text(&step.source_revision), text(&step.target_revision)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Forgets whatever reading gave, then asks what to read.
    pub fn needs(mut self) -> String {
        for key in self.source.keys.values_mut() {
            if matches!(key.content, SourceContent::Fits(_)) {
                key.content = SourceContent::Unread;
            }
        }
        for key in self.target.keys.values_mut() {
            if matches!(key.content, TargetContent::Read(..) | TargetContent::Unreadable(_)) {
                key.content = TargetContent::Unread;
            }
        }
        let Needs { source, target } = needs(self.sides(), &self.rules, &self.policy, self.depth);
        let ids = |names: &[SecretName]| names.iter().map(|name| name.id.as_str()).collect::<Vec<_>>().join(" ");
        format!("source: {}; target: {}", ids(&source), ids(&target))
    }
}

fn line(step: &Step) -> String {
    let remember = match step.remember {
        Remember::Nothing => "",
        Remember::Revisions => " (revisions)",
        Remember::Absence => " (absence)",
        Remember::Presence => " (presence)",
        Remember::Forget => " (forget)",
    };
    let detail = step.detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"));
    format!("{} {} {}{remember}{detail}", step.action, step.name.id, step.reason)
}

pub fn rows() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/planner/cases");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the folder of cases").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).expect("a readable file");
            toml::from_str::<File>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())).case
        })
        .collect()
}
