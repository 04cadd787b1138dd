//! How a run looks at values: it sees fingerprints, digests of fields and owners, and hands nothing else on.

use super::reduce::{Carriage, Reduced, quarantine_words};
use super::sides::{Identity, target_key};
use crate::model::{Canonical, Field, Fingerprint, Kind, SecretName, SecretValue, Subkey};
use crate::planner::{FieldDigest, Fields, SourceContent, SourceFacts, TargetContent, TargetKey};
use crate::provider::{Content, Record};

/// How values are carried, digested and owned in one run.
#[derive(Debug, Clone)]
pub struct Lens {
    /// How a source's values become a target's.
    pub carriage: Carriage,
    /// The fingerprint key.
    pub key: Subkey,
    /// Fields shown in clear on request.
    pub shown: Vec<Field>,
    /// Who we are.
    pub us: Identity,
}

impl Lens {
    /// The same, looking as another job of this installation does.
    pub fn of_job(&self, job: &str) -> Self {
        Self { us: Identity { job: job.to_owned(), ..self.us.clone() }, ..self.clone() }
    }

    /// The fingerprint of a canonical value.
    pub fn fingerprint(&self, name: &SecretName, canonical: &Canonical) -> Fingerprint {
        Fingerprint::of_value(&self.key, name, canonical.bytes())
    }

    /// The fingerprint of what the target holds, if a reader understands it.
    pub fn fingerprint_of_target(&self, name: &SecretName, stored: &SecretValue) -> Option<Fingerprint> {
        let canonical = self.carriage.canonical_of_target(name, stored).ok()?;
        Some(self.fingerprint(name, &canonical))
    }

    /// The digests of the fields, in order.
    pub fn fields(&self, name: &SecretName, canonical: &Canonical) -> Fields {
        canonical.parts().iter().map(|(path, text)| self.field(name, path, text)).collect()
    }

    fn field(&self, name: &SecretName, path: &str, text: &SecretValue) -> FieldDigest {
        let clear = name.kind == Kind::Connection && self.shown.iter().any(|field| field.as_str() == path);
        let shown = if clear {
            text.expose().to_owned()
        } else {
            Fingerprint::of_field(&self.key, name, path, text.expose().as_bytes()).short().to_owned()
        };
        // Nearly all paths are the fields' own names.
        let path = Field::parse(path).map_or_else(|| path.to_owned().into(), |field| field.as_str().into());
        FieldDigest { path, shown }
    }

    /// What planning keeps of a source value; `None` where Airflow would not find it.
    pub fn source(&self, name: &SecretName, reduced: Reduced) -> Option<SourceContent> {
        Some(match reduced {
            Reduced::Ready(prepared) => SourceContent::Fits(Box::new(SourceFacts {
                fingerprint: self.fingerprint(name, &prepared.canonical),
                fields: self.fields(name, &prepared.canonical),
                notes: prepared.notes,
            })),
            Reduced::Blocked(reason, detail) => SourceContent::Blocked(reason, detail),
            Reduced::Quarantined(reason, detail) => SourceContent::Quarantined(reason, detail),
            Reduced::Absent => return None,
        })
    }

    /// What planning keeps of a target value.
    pub fn target(&self, name: &SecretName, record: &Record) -> TargetContent {
        match &record.content {
            Content::Nothing => TargetContent::Unread,
            Content::Quarantined(why) => TargetContent::Unreadable(quarantine_words(why).1),
            Content::Value(stored) => match self.carriage.canonical_of_target(name, stored) {
                Err(why) => TargetContent::Unreadable(why),
                Ok(canonical) => TargetContent::Read(self.fingerprint(name, &canonical), self.fields(name, &canonical)),
            },
        }
    }

    /// What planning keeps of a key of the target that was read.
    pub fn target_key(&self, name: &SecretName, record: Record) -> TargetKey {
        let content = self.target(name, &record);
        TargetKey { content, ..target_key(record.listed, &self.us, name) }
    }
}
