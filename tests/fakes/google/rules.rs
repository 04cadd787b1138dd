//! What a secret may be called and may carry: the comments on `Secret` in `google/cloud/secretmanager/v1/resources.proto`.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::{Map, Value};

use super::message::{duration, time};
use super::refused::Refused;

/// The locations there are, of all that Google has.
pub const LOCATIONS: [&str; 4] = ["europe-west1", "europe-west6", "us-central1", "us-east1"];

/// The largest payload: "Must be no larger than 64KiB".
pub const LARGEST: usize = 65_536;

static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$").unwrap());
static VALUE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$").unwrap());
static NOTE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$").unwrap());
static ALIAS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[A-Za-z][A-Za-z0-9_-]{0,62}$").unwrap());
static KMS_KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^projects/[^/]+/locations/([^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+$").unwrap());

/// "A string with a maximum length of 255 characters", of letters, numerals, hyphens and underscores.
pub fn id(id: &str) -> Result<(), Refused> {
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if (1..=255).contains(&id.len()) && id.chars().all(is_legal) {
        return Ok(());
    }
    Err(Refused::invalid("The provided Secret ID does not match the expected format [[a-zA-Z_0-9]+]"))
}

/// A number, `latest`, or what may be an alias.
pub fn version(name: &str) -> Result<(), Refused> {
    let is_number = name.parse::<u64>().is_ok_and(|number| number > 0 && number.to_string() == name);
    if is_number || ALIAS.is_match(name) {
        return Ok(());
    }
    Err(Refused::invalid(format!(
        "The provided Secret Version ID [{name}] does not match the expected format [[1-9][0-9]*|latest]"
    )))
}

/// Refuses a secret that Google does not take: its labels, its annotations, its times and its aliases.
pub fn secret(fields: &Map<String, Value>, now: Timestamp) -> Result<(), Refused> {
    labels(fields)?;
    annotations(fields)?;
    aliases(fields)?;
    times(fields, now)?;
    if fields.get("topics").and_then(Value::as_array).is_some_and(|topics| topics.len() > 10) {
        return Err(Refused::invalid("A Secret can have at most 10 topics."));
    }
    if fields.contains_key("rotation") && !fields.contains_key("topics") {
        return Err(Refused::invalid("Rotation requires topics."));
    }
    Ok(())
}

fn labels(fields: &Map<String, Value>) -> Result<(), Refused> {
    let labels = texts(fields, "labels");
    if labels.len() > 64 {
        return Err(Refused::invalid("No more than 64 labels can be assigned to a given resource."));
    }
    for (key, value) in labels {
        if !KEY.is_match(key) || key.len() > 128 {
            return Err(Refused::invalid(format!("Label key [{key}] is invalid.")));
        }
        if !VALUE.is_match(value) || value.len() > 128 {
            return Err(Refused::invalid(format!("The value of label [{key}] is invalid.")));
        }
    }
    Ok(())
}

fn annotations(fields: &Map<String, Value>) -> Result<(), Refused> {
    let annotations = texts(fields, "annotations");
    if let Some((key, _)) = annotations.iter().find(|(key, _)| !NOTE.is_match(key)) {
        return Err(Refused::invalid(format!("Annotation key [{key}] is invalid.")));
    }
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    // "The total size of annotation keys and values must be less than 16KiB."
    if size >= 16 * 1024 {
        return Err(Refused::invalid("The total size of annotations must be less than 16KiB."));
    }
    Ok(())
}

fn aliases(fields: &Map<String, Value>) -> Result<(), Refused> {
    let aliases = texts(fields, "versionAliases");
    if aliases.len() > 50 {
        return Err(Refused::invalid("No more than 50 aliases can be assigned to a given secret."));
    }
    match aliases.iter().find(|(alias, _)| !ALIAS.is_match(alias) || ["latest", "NEW"].contains(alias)) {
        Some((alias, _)) => Err(Refused::invalid(format!("Version alias [{alias}] is invalid."))),
        None => Ok(()),
    }
}

fn times(fields: &Map<String, Value>, now: Timestamp) -> Result<(), Refused> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    if text("ttl").is_some() && text("expireTime").is_some() {
        return Err(Refused::invalid("oneof field 'expiration' is already set."));
    }
    if let Some(ttl) = text("ttl")
        && duration(ttl, "ttl")? <= SignedDuration::ZERO
    {
        return Err(Refused::invalid("The TTL must be positive."));
    }
    if let Some(expiry) = text("expireTime")
        && time(expiry, "expireTime")? <= now
    {
        return Err(Refused::invalid("The expire time must be in the future."));
    }
    // https://cloud.google.com/secret-manager/docs/delay-destroy-secret-version: between 1 day and 1 000 days.
    if let Some(delay) = text("versionDestroyTtl") {
        let days = duration(delay, "versionDestroyTtl")?.as_hours() / 24;
        if !(1..=1000).contains(&days) {
            return Err(Refused::invalid("The version destroy TTL must be between 1 and 1000 days."));
        }
    }
    Ok(())
}

/// The texts of a map.
pub fn texts<'a>(fields: &'a Map<String, Value>, name: &str) -> Vec<(&'a str, &'a str)> {
    let map = fields.get(name).and_then(Value::as_object);
    let pairs = map.into_iter().flatten();
    pairs.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default())).collect()
}

/// Refuses a replication policy that does not fit: one is needed by a global secret and forbidden to a regional one
/// (<https://cloud.google.com/secret-manager/docs/choosing-replication>), replicas are in different locations that there
/// are, and a KMS key is where its replica is, in `global` for the automatic policy.
pub fn replication(fields: &Map<String, Value>, location: Option<&str>) -> Result<(), Refused> {
    let own = fields.get("customerManagedEncryption");
    let Some(replication) = fields.get("replication").and_then(Value::as_object) else {
        return match location {
            None => Err(Refused::invalid("The [replication] field is required.")),
            Some(location) => encryption(own, location),
        };
    };
    if location.is_some() {
        return Err(Refused::invalid("The [replication] field must not be set for a regional secret."));
    }
    if own.is_some() {
        return Err(Refused::invalid("[customer_managed_encryption] is for regional secrets alone."));
    }
    match (replication.get("automatic"), replication.get("userManaged")) {
        (Some(automatic), None) => encryption(automatic.get("customerManagedEncryption"), "global"),
        (None, Some(managed)) => replicas(managed.get("replicas").and_then(Value::as_array)),
        _ => Err(Refused::invalid("The [replication] field needs one policy.")),
    }
}

fn replicas(replicas: Option<&Vec<Value>>) -> Result<(), Refused> {
    let replicas = replicas.map_or(&[][..], Vec::as_slice);
    let mut seen = Vec::new();
    for replica in replicas {
        let location = replica["location"].as_str().unwrap_or_default();
        if !LOCATIONS.contains(&location) || seen.contains(&location) {
            return Err(Refused::invalid(format!("Replica location [{location}] is unknown or given twice.")));
        }
        encryption(replica.get("customerManagedEncryption"), location)?;
        seen.push(location);
    }
    if seen.is_empty() { Err(Refused::invalid("The list of replicas cannot be empty.")) } else { Ok(()) }
}

fn encryption(encryption: Option<&Value>, location: &str) -> Result<(), Refused> {
    let Some(encryption) = encryption else { return Ok(()) };
    let key = encryption["kmsKeyName"].as_str().unwrap_or_default();
    match KMS_KEY.captures(key).map(|found| found[1].to_owned()) {
        Some(found) if found == location => Ok(()),
        Some(_) => Err(Refused::invalid(format!("The KMS key must be in the location [{location}]."))),
        None => {
            Err(Refused::invalid("The KMS key name has not the form projects/*/locations/*/keyRings/*/cryptoKeys/*."))
        }
    }
}
