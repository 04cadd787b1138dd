//! Planning alone: as many names in the source as in the target, nearly all unchanged, some new, some changed, some gone.

use std::hint::black_box;

use secretferry::model::{Fingerprint, Kind, MasterKey, Purpose, RemoteKey, Revision, SecretName, State, Subkey};
use secretferry::planner::{
    Baseline, BaselineEntry, Depth, FieldDigest, Owner, Policy, Sides, SourceContent, SourceFacts, SourceKey,
    SourceSide, TargetContent, TargetKey, TargetRules, TargetSide, needs, plan,
};

use crate::quickest;

const SIZES: [usize; 4] = [25_000, 50_000, 100_000, 200_000];
const TIMES: usize = 5;

/// The times, and the slope of time over size: 1 is linear.
pub fn measured() -> String {
    let seconds = SIZES.map(|size| {
        let case = Case::of(size);
        (size as f64, quickest(TIMES, || case.decide()).as_secs_f64())
    });
    let lines: String = seconds.iter().map(|(size, time)| format!("| {size} | {:.0} ms |\n", time * 1e3)).collect();
    format!(
        "| names on each side | planning |\n|---:|---:|\n{lines}\nSlope of time over size: {:.2}\n",
        slope(&seconds)
    )
}

/// The line through the logarithms.
fn slope(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<_> = points.iter().map(|(size, time)| (size.ln(), time.ln())).collect();
    let count = logs.len() as f64;
    let middle = logs.iter().fold((0.0, 0.0), |sum, log| (sum.0 + log.0 / count, sum.1 + log.1 / count));
    let (mut above, mut below) = (0.0, 0.0);
    for (size, time) in logs {
        above += (size - middle.0) * (time - middle.1);
        below += (size - middle.0).powi(2);
    }
    above / below
}

struct Case {
    source: SourceSide,
    target: TargetSide,
    baseline: Baseline,
    rules: TargetRules,
}

impl Case {
    /// One in a hundred is new, one changed, one gone.
    fn of(size: usize) -> Self {
        let key = MasterKey::random().subkey(Purpose::Fingerprint);
        let rules = TargetRules {
            recoverable_deletes: true,
            restores: true,
            key: key.id().clone(),
            shape: "fields".to_owned(),
            job: "ferry".to_owned(),
            accepted: Vec::new(),
            defers: false,
        };
        let mut case =
            Self { source: SourceSide::default(), target: TargetSide::default(), baseline: Baseline::default(), rules };
        for number in 0..size {
            let name = SecretName::new(Kind::Connection, format!("team_{}_conn_{number:07}", number % 40));
            if number % 100 != 0 {
                case.source.keys.insert(name.clone(), source(&key, &name, number));
            }
            if number % 100 != 1 {
                case.target.keys.insert(name.clone(), target(&name));
                case.baseline.entries.insert(name.clone(), entry(&key, &name));
            }
        }
        case
    }

    fn decide(&self) {
        let sides = Sides { source: &self.source, target: &self.target, baseline: Some(&self.baseline) };
        let policy = Policy::default();
        black_box(needs(sides, &self.rules, &policy, Depth::Metadata));
        black_box(plan(sides, &self.rules, &policy, Depth::Metadata));
    }
}

fn source(key: &Subkey, name: &SecretName, number: usize) -> SourceKey {
    let text: &[u8] = if number % 100 == 2 { b"new" } else { b"old" };
    let shown = |path: &&'static str| FieldDigest { path: (*path).into(), shown: "0123456789ab".to_owned() };
    let facts = SourceFacts {
        fingerprint: Fingerprint::of_value(key, name, text),
        fields: ["conn_type", "host", "login", "password", "schema", "port"].iter().map(shown).collect(),
        notes: Vec::new(),
    };
    SourceKey {
        from: None,
        changed: None,
        key: RemoteKey::new(name.id.clone()),
        revision: Some(Revision::new("row")),
        target_key: Some(remote(name)),
        content: SourceContent::Fits(Box::new(facts)),
    }
}

fn target(name: &SecretName) -> TargetKey {
    TargetKey {
        key: remote(name),
        state: State::Live,
        revision: Some(Revision::new("1")),
        owner: Owner::Ours,
        content: TargetContent::Unread,
    }
}

fn entry(key: &Subkey, name: &SecretName) -> BaselineEntry {
    BaselineEntry {
        from: None,
        job: "ferry".to_owned(),
        key: remote(name),
        fingerprint: Fingerprint::of_value(key, name, b"old"),
        source_revision: Some(Revision::new("row")),
        target_revision: Some(Revision::new("1")),
        absent_runs: 0,
        shape: "fields".to_owned(),
    }
}

fn remote(name: &SecretName) -> RemoteKey {
    RemoteKey::new(format!("connections/{}", name.id))
}
