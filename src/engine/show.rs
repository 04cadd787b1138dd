//! One name in one store, as a person may see it: where, whose, which version, and its fields as fingerprints.

use super::outcome::{ShowReport, Sight};
use crate::model::{Canonical, Fingerprint, Mark, MarkedName, Names, Reader, SecretName, Subkey};
use crate::naming::encode;
use crate::planner::FieldDigest;
use crate::provider::{self, Content, Quarantine, Record, Store};

/// Looks a secret up in a store, which may call it otherwise; its digests are bound to `name` in every store.
pub async fn sight(store: &Store, name: &SecretName, called: &SecretName, key: &Subkey) -> Sight {
    let mut sight = blank(&store.info().name, store.info().kind);
    sight.called = (called != name).then(|| called.clone());
    let remote = match encode(store.rule(), called) {
        Ok(remote) => remote,
        Err(error) => return Sight { problem: Some(error.to_string()), ..sight },
    };
    sight.key = Some(remote.clone());
    match store.read(std::slice::from_ref(&remote)).await.pop() {
        None | Some(Ok(None)) => {}
        Some(Err(error)) => sight.problem = Some(error.to_string()),
        Some(Ok(Some(record))) => fill(&mut sight, store, Names { source: called, target: name }, key, &record),
    }
    sight
}

/// What is shown of a store that could not be opened.
pub fn unopened(store: &str, kind: &'static str, error: &provider::Error) -> Sight {
    Sight { problem: Some(error.to_string()), ..blank(store, kind) }
}

impl ShowReport {
    /// Tells whether some store has the name, or could not say.
    pub fn is_found(&self) -> bool {
        self.sights.iter().any(|sight| sight.state.is_some())
    }
}

fn blank(store: &str, kind: &'static str) -> Sight {
    Sight {
        store: store.to_owned(),
        kind,
        called: None,
        key: None,
        state: None,
        owner: None,
        revision: None,
        fingerprint: None,
        fields: Vec::new(),
        problem: None,
    }
}

fn fill(sight: &mut Sight, store: &Store, names: Names<'_>, key: &Subkey, record: &Record) {
    let (called, name) = (names.source, names.target);
    sight.state = Some(record.listed.state);
    sight.revision = record.listed.revision.clone();
    sight.owner = record.listed.mark.as_ref().map(|mark| owner(mark, called));
    match &record.content {
        Content::Nothing => {}
        Content::Quarantined(Quarantine::Undecryptable(column)) => {
            sight.problem = Some(format!("none of the Fernet keys opens the column {column}"));
        }
        Content::Quarantined(Quarantine::Duplicate(rows)) => {
            sight.problem = Some(format!("{rows} rows have this name"));
        }
        Content::Quarantined(Quarantine::Malformed(how)) => sight.problem = Some(how.clone()),
        Content::Value(stored) => match store.dialect().normalise(called, stored, &Reader::ALL) {
            Err(fault) => sight.problem = Some(fault.to_string()),
            Ok(None) => sight.problem = Some("Airflow would not find it".to_owned()),
            Ok(Some(secret)) => {
                let canonical = Canonical::of(&secret);
                sight.fingerprint = Some(Fingerprint::of_value(key, name, canonical.bytes()));
                sight.fields = fields(&canonical, name, key);
            }
        },
    }
}

fn fields(canonical: &Canonical, name: &SecretName, key: &Subkey) -> Vec<FieldDigest> {
    let digest = |path: &str, text: &[u8]| Fingerprint::of_field(key, name, path, text).short().to_owned();
    canonical
        .parts()
        .iter()
        .map(|(path, text)| FieldDigest { path: path.clone().into(), shown: digest(path, text.expose().as_bytes()) })
        .collect()
}

fn owner(mark: &Mark, name: &SecretName) -> String {
    let whose = match &mark.name {
        MarkedName::Whole(own) if own == name => String::new(),
        MarkedName::Whole(own) => format!(", for {own}"),
        MarkedName::Digest(_) => ", by digest".to_owned(),
    };
    format!("job {} of ledger {}{whose}", mark.job, mark.ledger)
}
