//! One secret: its versions, their stages, and what is said of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// The stage of the version that is read.
pub const CURRENT: &str = "AWSCURRENT";
/// The stage of the one before.
pub const PREVIOUS: &str = "AWSPREVIOUS";
/// How many versions without a stage are kept.
const KEPT: usize = 100;

/// A secret.
#[derive(Debug, Clone, Default)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its own description.
    pub description: Option<String>,
    /// The key it is encrypted with, unless it is the account's default.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its versions, the oldest first.
    pub versions: Vec<Version>,
    /// When it was made.
    pub created: f64,
    /// When it was last changed in any way.
    pub changed: f64,
    /// When it will be gone.
    pub deleted: Option<f64>,
    /// Whether its value is rotated.
    pub is_rotated: bool,
    /// The service that owns it.
    pub owner: Option<String>,
    /// The region it is a replica of.
    pub primary_region: Option<String>,
}

/// One version of a secret.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its id: the token it was written with.
    pub id: String,
    /// What it holds.
    pub content: Content,
    /// Its stages.
    pub stages: BTreeSet<String>,
    /// When it was made.
    pub created: f64,
}

/// What a version holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text.
    Text(String),
    /// Bytes, in base64.
    Binary(String),
}

impl Secret {
    /// The version that carries a stage.
    pub fn staged(&self, stage: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.contains(stage))
    }

    /// The version with an id.
    pub fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    /// Adds a version, and gives it its stages.
    pub fn add(&mut self, id: &str, content: Content, stages: &[String], now: f64) {
        self.versions.push(Version { id: id.to_owned(), content, stages: BTreeSet::new(), created: now });
        for stage in stages {
            self.give(id, stage);
        }
        let spare = self.versions.iter().filter(|version| version.stages.is_empty()).count().saturating_sub(KEPT);
        let mut dropped = 0;
        self.versions.retain(|version| {
            let goes = version.stages.is_empty() && dropped < spare;
            dropped += usize::from(goes);
            !goes
        });
        self.changed = now;
    }

    /// Gives a version a stage; whoever had it loses it, and who was current is now the previous one.
    pub fn give(&mut self, id: &str, stage: &str) {
        let had = self.staged(stage).map(|version| version.id.clone());
        for version in &mut self.versions {
            version.stages.remove(stage);
            if version.id == id {
                version.stages.insert(stage.to_owned());
            }
        }
        if stage == CURRENT
            && let Some(had) = had
            && had != id
        {
            self.give(&had, PREVIOUS);
        }
        for version in &mut self.versions {
            if version.stages.contains(CURRENT) {
                version.stages.remove(PREVIOUS);
            }
        }
    }

    /// What a listing says of it; `stages` is what the operation calls the versions.
    pub fn described(&self, stages: &str) -> Value {
        let versions: Map<String, Value> = self
            .versions
            .iter()
            .filter(|version| !version.stages.is_empty())
            .map(|version| (version.id.clone(), json!(version.stages)))
            .collect();
        let tags: Vec<Value> = self.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let mut said = json!({
            "ARN": self.arn, "Name": self.name, "CreatedDate": self.created, "LastChangedDate": self.changed,
            stages: versions, "Tags": tags,
        });
        let optional = [
            ("Description", json!(self.description)),
            ("KmsKeyId", json!(self.kms_key)),
            ("DeletedDate", json!(self.deleted)),
            ("RotationEnabled", if self.is_rotated { json!(true) } else { Value::Null }),
            ("OwningService", json!(self.owner)),
            ("PrimaryRegion", json!(self.primary_region)),
        ];
        for (member, value) in optional.into_iter().filter(|(_, value)| !value.is_null()) {
            said[member] = value;
        }
        said
    }

    /// A version with what it holds.
    pub fn told(&self, version: &Version) -> Value {
        let (member, content) = match &version.content {
            Content::Text(text) => ("SecretString", text),
            Content::Binary(bytes) => ("SecretBinary", bytes),
        };
        json!({
            "ARN": self.arn, "Name": self.name, "VersionId": version.id, "VersionStages": version.stages,
            "CreatedDate": version.created, member: content,
        })
    }
}
