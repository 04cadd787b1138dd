//! The secrets of a project: every method that a store of ours may ask for. What changes them is in [`writes`].

mod writes;

use std::collections::BTreeMap;
use std::ops::RangeTo;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::filter::Filter;
use super::refused::Refused;
use super::secret::{Secret, State, Version, labels};
use super::{Trouble, rules};

type Answer = Result<Value, Refused>;

/// The size of a page whose size is left to the server; small, so that nobody relies on one page.
const PAGE: usize = 250;
/// "If the number is greater than 25000, it is capped at 25000."
const LARGEST_PAGE: usize = 25_000;

/// The secrets of a project, global and regional.
#[derive(Debug, Default)]
pub struct Secrets {
    secrets: BTreeMap<String, Secret>,
    /// What listings, `latest` and aliases show while they lag.
    frozen: Option<BTreeMap<String, Secret>>,
    troubles: BTreeMap<String, Trouble>,
    serial: u64,
    /// How far ahead of the machine's the service's clock is.
    ahead: SignedDuration,
    clock: Timestamp,
    /// How many are on one page at most, if not Google's 25 000: a page may be shorter than asked for
    /// (<https://google.aip.dev/158>).
    pub most_on_page: Option<usize>,
}

impl Secrets {
    /// Puts a text behind the service's back as the newest version of a global secret, new or not.
    pub fn put(&mut self, id: &str, text: &str) {
        self.put_bytes(id, text.as_bytes());
    }

    /// Puts bytes behind the service's back.
    pub fn put_bytes(&mut self, id: &str, payload: &[u8]) {
        self.put_empty(id);
        let key = format!("secrets/{id}");
        self.add(&key, payload.to_vec(), None).unwrap();
    }

    /// Puts a secret without a version behind the service's back, unless there is one.
    pub fn put_empty(&mut self, id: &str) {
        let key = format!("secrets/{id}");
        if !self.secrets.contains_key(&key) {
            let automatic = json!({"automatic": {}});
            self.make(key, Map::from_iter([("replication".to_owned(), automatic)]));
        }
    }

    /// Changes what has become of the newest version behind the service's back.
    pub fn set_state(&mut self, id: &str, state: State) {
        let etag = self.etag();
        let newest = self.secret_mut(id).and_then(|secret| secret.versions.last_mut()).unwrap();
        (newest.state, newest.etag) = (state, etag);
    }

    /// A global secret.
    pub fn secret(&self, id: &str) -> Option<&Secret> {
        self.secrets.get(&format!("secrets/{id}"))
    }

    /// A global secret, to change it behind the service's back.
    pub fn secret_mut(&mut self, id: &str) -> Option<&mut Secret> {
        self.secrets.get_mut(&format!("secrets/{id}"))
    }

    /// Takes a global secret away behind the service's back.
    pub fn remove(&mut self, id: &str) {
        self.secrets.remove(&format!("secrets/{id}"));
    }

    /// The text that `latest` reads, if it can be read.
    pub fn text(&self, id: &str) -> Option<&str> {
        let newest = self.secret(id)?.latest().filter(|version| version.state == State::Enabled)?;
        std::str::from_utf8(&newest.payload).ok()
    }

    /// Every secret, by its name within the project.
    pub fn all(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values()
    }

    /// Makes trouble with a secret's payload from now on.
    pub fn trouble(&mut self, id: &str, trouble: Trouble) {
        self.troubles.insert(format!("secrets/{id}"), trouble);
    }

    /// Lets listings, `latest` and aliases show what there is now until [`catch_up`](Self::catch_up). A version by its
    /// number and a secret by its name are there at once:
    /// <https://cloud.google.com/secret-manager/docs/resource-consistency>.
    pub fn lag(&mut self) {
        self.frozen = Some(self.secrets.clone());
    }

    /// Lets listings, `latest` and aliases show what there is.
    pub fn catch_up(&mut self) {
        self.frozen = None;
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: SignedDuration) {
        self.ahead += time;
    }

    /// Answers for a method.
    pub fn answer(&mut self, asked: &Asked, body: &[u8]) -> Answer {
        self.age();
        match asked.method {
            "ListSecrets" => self.list(asked),
            "CreateSecret" => self.create(asked, body),
            "GetSecret" => Ok(self.found(asked)?.told()),
            "UpdateSecret" => self.update(asked, body),
            "DeleteSecret" => self.delete(asked),
            "AddSecretVersion" => self.add_version(asked, body),
            "ListSecretVersions" => self.versions(asked),
            "GetSecretVersion" => {
                let (secret, version) = self.version(asked)?;
                Ok(secret.told_of(version, asked.wants_numbers()))
            }
            "AccessSecretVersion" => self.access(asked),
            "DisableSecretVersion" => self.turn(asked, body, State::Disabled),
            "EnableSecretVersion" => self.turn(asked, body, State::Enabled),
            "DestroySecretVersion" => self.turn(asked, body, State::Destroyed),
            // "Returns empty policy if the secret exists and does not have a policy set."
            "GetIamPolicy" => self.found(asked).map(|_| json!({"etag": "ACAB"})),
            other => Err(Refused::new("UNIMPLEMENTED", format!("this stand-in has no {other}"))),
        }
    }

    fn list(&self, asked: &Asked) -> Answer {
        if let Some(location) = asked.location.as_deref().filter(|location| !rules::LOCATIONS.contains(location)) {
            return Err(Refused::invalid(format!("Location [{location}] is not supported.")));
        }
        let parent = format!("{}secrets/", asked.parent());
        let filter = Filter::read(asked.parameter("filter"))?;
        let all = self.frozen.as_ref().unwrap_or(&self.secrets);
        let mut secrets: Vec<&Secret> = all.values().filter(|secret| secret.key.starts_with(&parent)).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.serial));
        let count = secrets.len();
        secrets.retain(|secret| filter.admits(&secret.key, &labels(secret), ""));
        let (shown, token) = self.page(asked, &parent, &secrets, |secret| secret.serial)?;
        let told = shown.iter().map(|secret| secret.told()).collect();
        Ok(listing("secrets", told, token, (asked.parameter("filter").is_empty()).then_some(count)))
    }

    fn versions(&self, asked: &Asked) -> Answer {
        self.found(asked)?;
        let secret = self.frozen_secret(asked)?;
        let filter = Filter::read(asked.parameter("filter"))?;
        let is_meant = |version: &&Version| filter.admits(&version.number.to_string(), &[], version.state.name());
        let versions: Vec<&Version> = secret.versions.iter().rev().filter(is_meant).collect();
        let (shown, token) = self.page(asked, &secret.key, &versions, |version| version.number)?;
        let told = shown.iter().map(|version| secret.told_of(version, asked.wants_numbers())).collect();
        let count = (asked.parameter("filter").is_empty()).then_some(secret.versions.len());
        Ok(listing("versions", told, token, count))
    }

    fn access(&self, asked: &Asked) -> Answer {
        let (secret, version) = self.version(asked)?;
        let name = secret.version_name(version.number);
        if version.state != State::Enabled {
            let state = version.state.name();
            return Err(Refused::precondition(format!("Secret Version [{name}] is in {state} state.")));
        }
        match self.troubles.get(&secret.key) {
            Some(Trouble::Denied) => return Err(Refused::not_allowed("secretmanager.versions.access", &name)),
            // https://cloud.google.com/secret-manager/docs/cmek: without its key a version cannot be read.
            Some(Trouble::Undecryptable) => {
                return Err(Refused::precondition("The Cloud KMS key of the secret version is not enabled."));
            }
            None => {}
        }
        let data = STANDARD.encode(&version.payload);
        Ok(json!({"name": name, "payload": {"data": data, "dataCrc32c": version.checksum.to_string()}}))
    }

    fn found(&self, asked: &Asked) -> Result<&Secret, Refused> {
        rules::id(&asked.secret)?;
        let missing = || Refused::missing(format!("Secret [{}] not found.", named(asked)));
        self.secrets.get(&asked.key()).ok_or_else(missing)
    }

    fn frozen_secret(&self, asked: &Asked) -> Result<&Secret, Refused> {
        let missing = || Refused::missing(format!("Secret [{}] not found or has no versions.", named(asked)));
        self.frozen.as_ref().unwrap_or(&self.secrets).get(&asked.key()).ok_or_else(missing)
    }

    /// The version that is asked for: by number as it is, by another name as far as that is known.
    fn version(&self, asked: &Asked) -> Result<(&Secret, &Version), Refused> {
        rules::version(&asked.version)?;
        let secret = self.found(asked)?;
        let called_by = if asked.version.parse::<u64>().is_ok() { secret } else { self.frozen_secret(asked)? };
        let missing = || match asked.version.as_str() {
            "latest" => Refused::missing(format!("Secret [{}] not found or has no versions.", secret.name())),
            other => Refused::missing(format!("Secret Version [{}] not found.", secret.version_name(other))),
        };
        let number = called_by.number(&asked.version).ok_or_else(missing)?;
        Ok((secret, secret.version(number).ok_or_else(missing)?))
    }

    /// One page of what is sorted by falling numbers, and the token of the page that follows.
    fn page<'a, T>(
        &self,
        asked: &Asked,
        parent: &str,
        items: &'a [&'a T],
        number: impl Fn(&T) -> u64,
    ) -> Result<(&'a [&'a T], Option<String>), Refused> {
        let size = match asked.parameter("pageSize") {
            "" | "0" => PAGE,
            given => given.parse().map_err(|_| Refused::invalid("The page size must be a number and not negative."))?,
        };
        let below: RangeTo<u64> = match asked.parameter("pageToken") {
            "" => ..u64::MAX,
            token => {
                ..read_token(token, parent, asked.parameter("filter"))
                    .ok_or_else(|| Refused::invalid("The page token is not valid for this request."))?
            }
        };
        let start = items.partition_point(|item| !below.contains(&number(item)));
        let end = items.len().min(start + size.min(self.most_on_page.unwrap_or(LARGEST_PAGE)));
        let token = (end < items.len()).then(|| {
            let text = format!("{}\n{parent}\n{}", number(items[end - 1]), asked.parameter("filter"));
            URL_SAFE_NO_PAD.encode(text)
        });
        Ok((&items[start..end], token))
    }

    /// The time; no two things are made at one.
    fn now(&mut self) -> Timestamp {
        let now = Timestamp::now() + self.ahead;
        self.clock = now.max(self.clock + SignedDuration::from_micros(1));
        self.clock
    }

    /// An etag that nothing else has.
    fn etag(&mut self) -> String {
        format!("\"{:x}\"", self.now().as_microsecond())
    }
}

/// The secret as it was asked for, by the project's number.
fn named(asked: &Asked) -> String {
    format!("projects/{}/{}", super::NUMBER, asked.key())
}

/// The number that a token of the same listing stands for.
fn read_token(token: &str, parent: &str, filter: &str) -> Option<u64> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.splitn(3, '\n');
    let number = parts.next()?.parse().ok()?;
    (parts.next()? == parent && parts.next()? == filter).then_some(number)
}

/// A listing; "The total number of Secrets but 0 when the filter field is set", and what is 0 is left out.
fn listing(name: &str, items: Vec<Value>, token: Option<String>, count: Option<usize>) -> Value {
    let mut listing = json!({});
    if !items.is_empty() {
        listing[name] = json!(items);
    }
    if let Some(token) = token {
        listing["nextPageToken"] = json!(token);
    }
    if let Some(count) = count.filter(|count| *count > 0) {
        listing["totalSize"] = json!(count);
    }
    listing
}
