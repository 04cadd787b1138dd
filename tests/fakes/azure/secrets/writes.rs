//! Setting and updating, and the limits of both.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::refusal::Refused;
use super::super::secret::{Secret, Version};
use super::{Answer, Secrets, no_such};

/// The size of a value: 25k bytes, <https://learn.microsoft.com/azure/key-vault/secrets/about-secrets>.
const LARGEST: usize = 25 * 1024;
/// The length of a content type, same page.
const LONGEST_TYPE: usize = 255;
/// Tags, and the letters of their names and of their values,
/// <https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#secret-tags>.
const MOST_TAGS: usize = 15;
const LONGEST_TAG: usize = 256;

/// What a request may change; what it does not name stays.
#[derive(Default)]
struct Changes {
    value: Option<String>,
    content_type: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    enabled: Option<bool>,
    not_before: Option<u64>,
    expires: Option<u64>,
}

impl Secrets {
    /// Set Secret: a new secret, or a new version of one. Nothing of the version before is kept but the name:
    /// <https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret/set-secret>.
    pub(super) fn set(&mut self, name: &str, body: &[u8]) -> Answer {
        let changes = Changes::read(body, &["value", "contentType", "attributes", "tags"])?;
        let value = changes.value.clone().ok_or_else(|| Refused::bad("The parameter value is missing."))?;
        let (now, place) = (self.now() as u64, self.place.clone());
        let mut version = Version::new(&value, now);
        changes.apply(&mut version);
        let secret = match self.writable(name, "set")? {
            Some(_) => self.secret(name).expect("it was found just now"),
            None => self.secrets.entry(name.to_ascii_lowercase()).or_insert_with(|| Secret::new(name)),
        };
        secret.versions.push(version);
        Ok(secret.told(secret.latest(), &place))
    }

    /// Update Secret: all but the value; what is not named is left unchanged, tags are replaced as a whole:
    /// <https://learn.microsoft.com/rest/api/keyvault/secrets/update-secret/update-secret>.
    pub(super) fn update(&mut self, name: &str, version: Option<&str>, body: &[u8]) -> Answer {
        let changes = Changes::read(body, &["contentType", "attributes", "tags"])?;
        let (now, place) = (self.now() as u64, self.place.clone());
        let secret = self.writable(name, "update")?.ok_or_else(|| no_such(name, version))?;
        let id = version.map_or_else(|| secret.latest().id.clone(), str::to_owned);
        let found = secret.versions.iter_mut().find(|version| version.id == id);
        let found = found.ok_or_else(|| no_such(name, version))?;
        changes.apply(found);
        found.updated = now;
        let found = found.clone();
        Ok(secret.described(&found, &place))
    }
}

impl Changes {
    fn read(body: &[u8], members: &[&str]) -> Result<Self, Refused> {
        let body: Value = serde_json::from_slice(body).map_err(|_| Refused::bad("The request body is not JSON."))?;
        let body = body.as_object().ok_or_else(|| Refused::bad("The request body is not an object."))?;
        only(body, members)?;
        let content_type = text(body, "contentType")?;
        if content_type.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TYPE) {
            return Err(Refused::bad(format!("The content type is longer than {LONGEST_TYPE} characters.")));
        }
        let value = text(body, "value")?;
        if value.as_ref().is_some_and(|value| value.len() > LARGEST) {
            return Err(Refused::bad(format!("The value is larger than {LARGEST} bytes.")));
        }
        let mut changes = Self { value, content_type, tags: tags(body.get("tags"))?, ..Self::default() };
        match body.get("attributes") {
            None | Some(Value::Null) => {}
            Some(Value::Object(attributes)) => changes.attributes(attributes)?,
            Some(_) => return Err(Refused::bad("The attributes are not an object.")),
        }
        Ok(changes)
    }

    /// Those that are not read-only.
    fn attributes(&mut self, attributes: &Map<String, Value>) -> Result<(), Refused> {
        only(attributes, &["enabled", "nbf", "exp"])?;
        self.enabled = match attributes.get("enabled") {
            None | Some(Value::Null) => None,
            Some(given) => Some(given.as_bool().ok_or_else(|| Refused::bad("enabled is not a boolean."))?),
        };
        let date = |member: &str| match attributes.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(given) => given.as_u64().map(Some).ok_or_else(|| Refused::bad(format!("{member} is not an IntDate."))),
        };
        (self.not_before, self.expires) = (date("nbf")?, date("exp")?);
        Ok(())
    }

    fn apply(self, version: &mut Version) {
        if let Some(enabled) = self.enabled {
            version.enabled = enabled;
        }
        if let Some(tags) = self.tags {
            version.tags = tags;
        }
        version.content_type = self.content_type.or(version.content_type.take());
        version.not_before = self.not_before.or(version.not_before);
        version.expires = self.expires.or(version.expires);
    }
}

fn only(object: &Map<String, Value>, members: &[&str]) -> Result<(), Refused> {
    match object.keys().find(|key| !members.contains(&key.as_str())) {
        Some(other) => Err(Refused::bad(format!("Property  has invalid value: there is no member {other}."))),
        None => Ok(()),
    }
}

fn text(object: &Map<String, Value>, member: &str) -> Result<Option<String>, Refused> {
    match object.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refused::bad(format!("{member} is not a string."))),
    }
}

/// Tags; one without a value is refused, <https://github.com/hashicorp/terraform-provider-azurerm/issues/7609>.
fn tags(given: Option<&Value>) -> Result<Option<BTreeMap<String, String>>, Refused> {
    let Some(given) = given.filter(|given| !given.is_null()) else { return Ok(None) };
    let given = given.as_object().ok_or_else(|| Refused::bad("The tags are not an object."))?;
    if given.len() > MOST_TAGS {
        return Err(Refused::bad(format!("There are more than {MOST_TAGS} tags.")));
    }
    let mut tags = BTreeMap::new();
    for (name, value) in given {
        let value = value.as_str().ok_or_else(|| Refused::bad(format!("The tag {name} is not a string.")))?;
        let fits = |text: &str| (1..=LONGEST_TAG).contains(&text.chars().count());
        if !fits(name) || !fits(value) {
            return Err(Refused::bad(format!("The tag {name} is empty or longer than {LONGEST_TAG} characters.")));
        }
        tags.insert(name.clone(), value.to_owned());
    }
    Ok(Some(tags))
}
