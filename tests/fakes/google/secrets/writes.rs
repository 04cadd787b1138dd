//! What changes secrets: creates, updates, deletes, and what becomes of versions.

use serde_json::{Map, Value, json};

use super::super::asked::Asked;
use super::super::message::{self, ADDITION, CHANGE, SECRET, decoded, duration};
use super::super::refused::Refused;
use super::super::secret::{Secret, State, Version, micros};
use super::{Answer, Secrets, rules};

/// What an update may name; what it may not is immutable or said by the service alone.
const MUTABLE: [&str; 9] = [
    "labels",
    "topics",
    "expireTime",
    "ttl",
    "rotation",
    "versionAliases",
    "annotations",
    "versionDestroyTtl",
    "customerManagedEncryption",
];

impl Secrets {
    pub(super) fn create(&mut self, asked: &Asked, body: &[u8]) -> Answer {
        let mut fields = message::read(body, SECRET)?;
        let id = asked.parameter("secretId");
        if id.is_empty() {
            return Err(Refused::invalid("The [secret_id] field is required."));
        }
        rules::id(id)?;
        // What only the service says is not taken from anybody: https://google.aip.dev/203.
        fields.retain(|name, _| !["name", "createTime", "etag"].contains(&name.as_str()));
        let now = self.now();
        rules::secret(&fields, now)?;
        rules::replication(&fields, asked.location.as_deref())?;
        if let Some(location) = asked.location.as_deref().filter(|location| !rules::LOCATIONS.contains(location)) {
            return Err(Refused::invalid(format!("Location [{location}] is not supported.")));
        }
        if !rules::texts(&fields, "versionAliases").is_empty() {
            return Err(Refused::invalid("Version aliases must name versions that there are."));
        }
        let key = format!("{}secrets/{id}", asked.parent());
        if let Some(there) = self.secrets.get(&key) {
            let message = format!("Secret [{}] already exists.", there.name());
            return Err(Refused::new("ALREADY_EXISTS", message));
        }
        self.expire(&mut fields)?;
        self.make(key.clone(), fields);
        Ok(self.secrets[&key].told())
    }

    /// Makes a secret without a version.
    pub(super) fn make(&mut self, key: String, fields: Map<String, Value>) {
        let (created, etag) = (self.now(), self.etag());
        self.serial += 1;
        let secret = Secret { key: key.clone(), serial: self.serial, created, fields, etag, versions: Vec::new() };
        self.secrets.insert(key, secret);
    }

    /// A time to live is told as the time it ends at.
    fn expire(&mut self, fields: &mut Map<String, Value>) -> Result<(), Refused> {
        if let Some(ttl) = fields.remove("ttl") {
            let ttl = duration(ttl.as_str().unwrap_or_default(), "ttl")?;
            fields.insert("expireTime".to_owned(), json!(micros(self.now() + ttl)));
        }
        Ok(())
    }

    pub(super) fn update(&mut self, asked: &Asked, body: &[u8]) -> Answer {
        let mut given = message::read(body, SECRET)?;
        let secret = self.found(asked)?.clone();
        let mask = mask(asked.parameter("updateMask"))?;
        same(given.get("etag").and_then(Value::as_str), &secret.etag)?;
        given.retain(|name, _| mask.contains(&name.as_str()));
        let mut fields = secret.fields.clone();
        for name in &mask {
            // What the mask names and the message has not is cleared. The two ways of expiring are one field.
            fields.remove(if *name == "ttl" { "expireTime" } else { *name });
        }
        fields.extend(given);
        let now = self.now();
        rules::secret(&fields, now)?;
        let is_there = |number: &str| number.parse().is_ok_and(|number| secret.version(number).is_some());
        if rules::texts(&fields, "versionAliases").iter().any(|(_, number)| !is_there(number)) {
            return Err(Refused::invalid("Version aliases must name versions that there are."));
        }
        self.expire(&mut fields)?;
        let etag = self.etag();
        let stored = self.secrets.get_mut(&secret.key).expect("it was found just now");
        (stored.fields, stored.etag) = (fields, etag);
        Ok(stored.told())
    }

    pub(super) fn delete(&mut self, asked: &Asked) -> Answer {
        let secret = self.found(asked)?;
        same(Some(asked.parameter("etag")), &secret.etag)?;
        // At once and for good: https://cloud.google.com/secret-manager/docs/delete-secret.
        self.secrets.remove(&asked.key());
        Ok(json!({}))
    }

    pub(super) fn add_version(&mut self, asked: &Asked, body: &[u8]) -> Answer {
        let body = message::read(body, ADDITION)?;
        rules::id(&asked.secret)?;
        let payload = body.get("payload").and_then(|payload| payload["data"].as_str()).unwrap_or_default();
        // An empty payload is none: https://github.com/hashicorp/terraform-provider-google/issues/10475.
        if payload.is_empty() {
            return Err(Refused::invalid("Field [payload] is required."));
        }
        let payload = decoded(payload);
        if payload.len() > rules::LARGEST {
            return Err(Refused::invalid("The payload is larger than the maximum of 65536 bytes."));
        }
        let checksum = body["payload"]["dataCrc32c"].as_str().map(str::to_owned);
        // "will verify the integrity of the received data on AddSecretVersion calls using the crc32c checksum"
        if checksum.as_ref().is_some_and(|given| *given != crc32c::crc32c(&payload).to_string()) {
            return Err(Refused::invalid("The payload does not match its CRC32C checksum."));
        }
        self.found(asked)?;
        let key = asked.key();
        let number = self.add(&key, payload, checksum)?;
        let secret = &self.secrets[&key];
        Ok(secret.told_of(secret.version(number).expect("it was just added"), asked.wants_numbers()))
    }

    /// Adds a version; the secret's own etag stays as it is: <https://cloud.google.com/secret-manager/docs/etags>.
    pub(super) fn add(&mut self, key: &str, payload: Vec<u8>, checksum: Option<String>) -> Result<u64, Refused> {
        let (created, etag) = (self.now(), self.etag());
        let secret = self.secrets.get_mut(key).ok_or_else(|| Refused::missing("no such secret"))?;
        let number = secret.versions.len() as u64 + 1;
        secret.versions.push(Version {
            number,
            state: State::Enabled,
            checksum: crc32c::crc32c(&payload),
            payload,
            is_checked: checksum.is_some(),
            created,
            destroyed: None,
            scheduled: None,
            etag,
        });
        Ok(number)
    }

    /// Disables, enables or destroys a version. "Even when an update doesn't change a resource's state, it still updates
    /// the resource ETag", and a version "may not leave" the state `DESTROYED`.
    pub(super) fn turn(&mut self, asked: &Asked, body: &[u8], state: State) -> Answer {
        let body = message::read(body, CHANGE)?;
        // "Access by alias is only be supported on GetSecretVersion and AccessSecretVersion."
        if asked.version.parse::<u64>().is_err() {
            return Err(Refused::invalid("The version must be given by its number."));
        }
        let (secret, version) = self.version(asked)?;
        same(body.get("etag").and_then(Value::as_str), &version.etag)?;
        if version.state == State::Destroyed {
            let name = secret.version_name(version.number);
            return Err(Refused::precondition(format!("Secret Version [{name}] is in DESTROYED state.")));
        }
        let (number, delay) = (version.number, secret.delay().filter(|_| state == State::Destroyed));
        let (now, etag) = (self.now(), self.etag());
        let secret = self.secrets.get_mut(&asked.key()).expect("it was found just now");
        let version = secret.versions.iter_mut().find(|version| version.number == number).expect("and so was this");
        version.etag = etag;
        match delay {
            // https://cloud.google.com/secret-manager/docs/delay-destroy-secret-version: disabled until then.
            Some(delay) => (version.state, version.scheduled) = (State::Disabled, Some(now + delay)),
            None if state == State::Destroyed => version.destroy(now),
            None => (version.state, version.scheduled) = (state, None),
        }
        let secret = &self.secrets[&asked.key()];
        Ok(secret.told_of(secret.version(number).expect("it is still there"), asked.wants_numbers()))
    }

    /// Lets happen what the passing of time lets happen: secrets expire, and versions are destroyed at their time.
    pub(super) fn age(&mut self) {
        let now = self.now();
        self.secrets.retain(|_, secret| secret.expiry().is_none_or(|expiry| expiry > now));
        for version in self.secrets.values_mut().flat_map(|secret| &mut secret.versions) {
            if version.scheduled.is_some_and(|scheduled| scheduled <= now) {
                version.destroy(now);
            }
        }
    }
}

impl Version {
    /// Takes away what it holds.
    fn destroy(&mut self, now: jiff::Timestamp) {
        (self.state, self.destroyed, self.scheduled) = (State::Destroyed, Some(now), None);
        self.payload = Vec::new();
    }
}

/// The fields that a mask names, in the names of this form.
fn mask(text: &str) -> Result<Vec<&'static str>, Refused> {
    if text.is_empty() {
        return Err(Refused::invalid("The [update_mask] field is required."));
    }
    let known = |name: &str| MUTABLE.into_iter().find(|own| *own == name || super::super::asked::snake(own) == name);
    text.split(',')
        .map(|name| known(name).ok_or_else(|| Refused::invalid(format!("The field [{name}] cannot be updated."))))
        .collect()
}

/// "If an ETag is provided and matches the current resource ETag, the request succeeds; otherwise, it fails with a
/// FAILED_PRECONDITION error and an HTTP status code 400."
fn same(given: Option<&str>, etag: &str) -> Result<(), Refused> {
    match given {
        Some(given) if !given.is_empty() && given != etag => Err(Refused::precondition(
            "The provided etag is out of date. Please read the resource again before changing it.",
        )),
        _ => Ok(()),
    }
}
