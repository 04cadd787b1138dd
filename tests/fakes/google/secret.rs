//! One secret: its versions, what is said of it, and the messages that say so.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::message::{duration, time};
use super::{NUMBER, rules};

/// What has become of a version; the numbers are those of `SecretVersion.State`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It can be read.
    Enabled = 1,
    /// It cannot be read, and can be enabled.
    Disabled = 2,
    /// What it held is gone for good.
    Destroyed = 3,
}

/// A secret.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name within the project, such as `secrets/a` or `locations/us-east1/secrets/a`.
    pub key: String,
    /// Which it is in the order of their making.
    pub serial: u64,
    /// When it was made.
    pub created: Timestamp,
    /// What it carries, in the form of the `Secret` message, but for what only the service says.
    pub fields: Map<String, Value>,
    /// Its etag, in quotes: <https://google.aip.dev/154>.
    pub etag: String,
    /// Its versions, the oldest first.
    pub versions: Vec<Version>,
}

/// One version of a secret.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its number: they "start at 1 and are incremented for each subsequent version of the secret".
    pub number: u64,
    /// What has become of it.
    pub state: State,
    /// What it holds.
    pub payload: Vec<u8>,
    /// The checksum that is told to readers.
    pub checksum: u32,
    /// Whether the writer gave a checksum.
    pub is_checked: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was destroyed.
    pub destroyed: Option<Timestamp>,
    /// When it will be destroyed.
    pub scheduled: Option<Timestamp>,
    /// Its etag.
    pub etag: String,
}

impl State {
    /// Its name, as a client reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::Destroyed => "DESTROYED",
        }
    }
}

impl Secret {
    /// Its name in answers, which is spelled with the project's number.
    pub fn name(&self) -> String {
        format!("projects/{NUMBER}/{}", self.key)
    }

    /// The newest version, whatever has become of it: "an alias to the most recently created SecretVersion".
    pub fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The number that a version is called by here.
    pub fn number(&self, called: &str) -> Option<u64> {
        match called.parse() {
            Ok(number) => Some(number),
            Err(_) if called == "latest" => self.latest().map(|version| version.number),
            Err(_) => self.fields.get("versionAliases")?.get(called)?.as_str()?.parse().ok(),
        }
    }

    /// A version by its number.
    pub fn version(&self, number: u64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// The name of a version in answers.
    pub fn version_name(&self, number: impl std::fmt::Display) -> String {
        format!("{}/versions/{number}", self.name())
    }

    /// When it will be gone of itself.
    pub fn expiry(&self) -> Option<Timestamp> {
        time(self.fields.get("expireTime")?.as_str()?, "expireTime").ok()
    }

    /// How long its versions wait for their destruction.
    pub fn delay(&self) -> Option<SignedDuration> {
        duration(self.fields.get("versionDestroyTtl")?.as_str()?, "versionDestroyTtl").ok()
    }

    /// The `Secret` message; members that hold nothing are left out, as everywhere in this form.
    pub fn told(&self) -> Value {
        let mut told = json!({"name": self.name(), "createTime": micros(self.created), "etag": self.etag});
        for (name, value) in &self.fields {
            if value.as_object().is_none_or(|map| !map.is_empty()) {
                told[name] = value.clone();
            }
        }
        told
    }

    /// The `SecretVersion` message.
    pub fn told_of(&self, version: &Version, numbers: bool) -> Value {
        let state = if numbers { json!(version.state as u8) } else { json!(version.state.name()) };
        let mut told = json!({
            "name": self.version_name(version.number),
            "createTime": micros(version.created),
            "state": state,
            "etag": version.etag,
        });
        if let Some(replication) = self.fields.get("replication") {
            told["replicationStatus"] = status(replication);
        }
        if version.is_checked {
            told["clientSpecifiedPayloadChecksum"] = json!(true);
        }
        for (name, moment) in [("destroyTime", version.destroyed), ("scheduledDestroyTime", version.scheduled)] {
            if let Some(moment) = moment {
                told[name] = json!(micros(moment));
            }
        }
        told
    }

    /// What it is in a look behind the service's back: no payload.
    pub fn state(&self) -> Value {
        let mut told = self.told();
        told["versions"] = self.versions.iter().map(|version| self.told_of(version, false)).collect();
        told
    }
}

fn status(replication: &Value) -> Value {
    let Some(replicas) = replication["userManaged"]["replicas"].as_array() else { return json!({"automatic": {}}) };
    let replicas: Vec<Value> = replicas.iter().map(|replica| json!({"location": replica["location"]})).collect();
    json!({"userManaged": {"replicas": replicas}})
}

/// A time as answers spell it.
pub fn micros(moment: Timestamp) -> String {
    format!("{moment:.6}")
}

/// The labels of a secret, for a filter.
pub fn labels(secret: &Secret) -> Vec<(&str, &str)> {
    rules::texts(&secret.fields, "labels")
}
