//! One secret: its versions, what each says of itself, and whether it is in the bin.
//!
//! Members: `SecretBundle`, `SecretItem`, `DeletedSecretBundle` and `SecretAttributes` of the REST reference,
//! <https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A secret, under the name that it was made with.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its versions, the oldest first.
    pub versions: Vec<Version>,
    /// Whether it belongs to a certificate.
    pub is_managed: bool,
    /// When it was deleted, if it is.
    pub deleted: Option<Deletion>,
    /// How far its recovery is, if it was ever recovered.
    pub recovery: Option<Recovery>,
}

/// One version of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// What it holds.
    pub value: String,
    /// What kind of text that is.
    pub content_type: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether it may be read.
    pub enabled: bool,
    /// The second before which it should not be used.
    pub not_before: Option<u64>,
    /// The second from which it should not be used.
    pub expires: Option<u64>,
    /// The second in which it was made.
    pub created: u64,
    /// The second in which it was last changed.
    pub updated: u64,
}

/// A deletion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deletion {
    /// When.
    pub at: f64,
    /// When it is done, and the secret is seen in the bin.
    pub done: f64,
}

/// A recovery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recovery {
    /// When the secret is seen again.
    pub seen: f64,
    /// When it can be written again.
    pub done: f64,
}

/// Where a secret is between being there and being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is there.
    Live,
    /// It is there, and not yet to be written: <https://github.com/Azure/azure-sdk-for-net/issues/31581>.
    Settling,
    /// It is nowhere to be seen, on its way to the bin.
    BeingDeleted,
    /// It is in the bin.
    Deleted,
    /// It is nowhere to be seen, on its way back.
    BeingRecovered,
}

/// What a vault says of all of its secrets.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its address.
    pub address: String,
    /// How long a deleted secret can be recovered: 7 to 90 days.
    pub days: u64,
    /// Whether nobody may purge before that.
    pub is_protected: bool,
}

impl Version {
    /// A version that holds a text, and nothing else of its own.
    pub fn new(value: &str, now: u64) -> Self {
        Self {
            id: uuid::Uuid::new_v4().simple().to_string(),
            value: value.to_owned(),
            content_type: None,
            tags: BTreeMap::new(),
            enabled: true,
            not_before: None,
            expires: None,
            created: now,
            updated: now,
        }
    }

    fn attributes(&self, place: &Place) -> Value {
        let mut said = json!({"enabled": self.enabled});
        for (member, value) in [("nbf", self.not_before), ("exp", self.expires)] {
            if let Some(value) = value {
                said[member] = json!(value);
            }
        }
        said["created"] = json!(self.created);
        said["updated"] = json!(self.updated);
        said["recoveryLevel"] = json!(place.recovery_level());
        said["recoverableDays"] = json!(place.days);
        said
    }
}

impl Place {
    /// `DeletionRecoveryLevel` of the REST reference.
    pub fn recovery_level(&self) -> &'static str {
        match (self.days == 90, self.is_protected) {
            (true, false) => "Recoverable+Purgeable",
            (true, true) => "Recoverable",
            (false, false) => "CustomizedRecoverable+Purgeable",
            (false, true) => "CustomizedRecoverable",
        }
    }
}

impl Secret {
    /// A secret without a version.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), versions: Vec::new(), is_managed: false, deleted: None, recovery: None }
    }

    /// The version that is read where none is named.
    pub fn latest(&self) -> &Version {
        self.versions.last().expect("a secret is made with a version")
    }

    /// The same, to be changed.
    pub fn latest_mut(&mut self) -> &mut Version {
        self.versions.last_mut().expect("a secret is made with a version")
    }

    /// Where it is.
    pub fn stage(&self, now: f64) -> Stage {
        match (self.deleted, self.recovery) {
            (Some(deletion), _) if now < deletion.done => Stage::BeingDeleted,
            (Some(_), _) => Stage::Deleted,
            (None, Some(recovery)) if now < recovery.seen => Stage::BeingRecovered,
            (None, Some(recovery)) if now < recovery.done => Stage::Settling,
            _ => Stage::Live,
        }
    }

    /// A version with its value.
    pub fn told(&self, version: &Version, place: &Place) -> Value {
        let mut said = self.described(version, place);
        said["value"] = json!(version.value);
        said
    }

    /// A version without its value.
    pub fn described(&self, version: &Version, place: &Place) -> Value {
        let id = format!("{}/secrets/{}/{}", place.address, self.name, version.id);
        self.said(&id, version, place)
    }

    /// What a listing says of it: of its latest version, whose id is not told.
    pub fn listed(&self, place: &Place) -> Value {
        self.said(&format!("{}/secrets/{}", place.address, self.name), self.latest(), place)
    }

    /// What is said of it in the bin: of its latest version, with (`DeletedSecretBundle`) or without (`DeletedSecretItem`) its id.
    pub fn binned(&self, said: Value, place: &Place) -> Value {
        let deletion = self.deleted.expect("it is in the bin");
        let mut said = said;
        said["recoveryId"] = json!(format!("{}/deletedsecrets/{}", place.address, self.name));
        said["deletedDate"] = json!(deletion.at as u64);
        said["scheduledPurgeDate"] = json!(deletion.at as u64 + place.days * 86_400);
        said
    }

    fn said(&self, id: &str, version: &Version, place: &Place) -> Value {
        let mut said = json!({"id": id, "attributes": version.attributes(place), "tags": version.tags});
        if let Some(content_type) = &version.content_type {
            said["contentType"] = json!(content_type);
        }
        if self.is_managed {
            said["managed"] = json!(true);
        }
        said
    }
}
