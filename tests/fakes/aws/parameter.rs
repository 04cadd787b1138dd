//! One parameter: its versions, their labels, and what is said of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::arn;
use super::ask::Refused;

/// How many versions are kept.
pub const KEPT: usize = 100;

/// A parameter.
#[derive(Debug, Clone, Default)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its versions, the oldest first; never empty.
    pub versions: Vec<Version>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// One version of a parameter.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// Counted from 1.
    pub number: u64,
    /// What it holds.
    pub value: String,
    /// `String`, `StringList` or `SecureString`.
    pub kind: String,
    /// The key it is encrypted with.
    pub key: Option<String>,
    /// `Standard` or `Advanced`.
    pub tier: String,
    /// Its description.
    pub description: Option<String>,
    /// When it was made.
    pub modified: f64,
    /// Its labels.
    pub labels: BTreeSet<String>,
}

impl Parameter {
    /// The version that is read.
    pub fn latest(&self) -> &Version {
        self.versions.last().expect("a parameter has a version from its creation on")
    }

    /// The version that a selector, `:3` or `:label`, is for.
    pub fn selected(&self, selector: &str) -> Option<&Version> {
        let is_meant = |version: &&Version| match selector.parse::<u64>() {
            Ok(number) => version.number == number,
            Err(_) => version.labels.contains(selector),
        };
        if selector.is_empty() { Some(self.latest()) } else { self.versions.iter().find(is_meant) }
    }

    /// Adds a version; the oldest goes where there are too many, unless it has a label.
    pub fn add(&mut self, version: Version) -> Result<(), Refused> {
        if self.versions.len() == KEPT {
            if !self.versions[0].labels.is_empty() {
                let message = "You attempted to create a new version, but the oldest version has a label.";
                return Err(Refused::new("ParameterMaxVersionLimitExceeded", message));
            }
            self.versions.remove(0);
        }
        self.versions.push(version);
        Ok(())
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        arn("ssm", &format!("parameter/{}", self.name.trim_start_matches('/')))
    }

    /// What a listing says of it.
    pub fn described(&self) -> Value {
        let mut said = self.latest().described();
        (said["Name"], said["ARN"]) = (json!(self.name), json!(self.arn()));
        said
    }

    /// One of its versions with what it holds.
    pub fn told(&self, version: &Version, selector: &str) -> Value {
        let mut said = json!({
            "Name": self.name, "Type": version.kind, "Value": version.value, "Version": version.number,
            "LastModifiedDate": version.modified, "ARN": self.arn(), "DataType": "text",
        });
        if !selector.is_empty() {
            said["Selector"] = json!(format!(":{selector}"));
        }
        said
    }

    /// One of its versions as the history has it.
    pub fn remembered(&self, version: &Version) -> Value {
        let mut said = version.described();
        (said["Name"], said["Value"]) = (json!(self.name), json!(version.value));
        said["Labels"] = json!(version.labels);
        said
    }
}

impl Version {
    fn described(&self) -> Value {
        let mut said = json!({
            "Type": self.kind, "Version": self.number, "LastModifiedDate": self.modified, "Tier": self.tier,
            "LastModifiedUser": arn("iam", "user/ferry"), "Policies": [], "DataType": "text",
        });
        for (member, value) in [("KeyId", &self.key), ("Description", &self.description)] {
            if let Some(value) = value {
                said[member] = json!(value);
            }
        }
        said
    }
}
