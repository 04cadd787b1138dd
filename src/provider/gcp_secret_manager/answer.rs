//! What Secret Manager answers, in our own types: a page, a secret, a version, a value. Values leave the SDK's types here.

use std::collections::BTreeMap;

use google_cloud_secretmanager_v1::model::{
    AccessSecretVersionResponse, ListSecretVersionsResponse, ListSecretsResponse, Secret, SecretVersion,
    secret_version::State as Given,
};
use jiff::Timestamp;

use crate::model::{Listed, Manager, Mark, RemoteKey, Revision, SecretValue, State};
use crate::provider::Role;

/// A version's number; a secret's first is 1, and each newer one is greater.
pub(super) type Number = u64;

/// One page of a listing.
pub(super) struct Page<T> {
    /// What it lists; `None` for one that has no name to speak of, which makes a listing useless.
    pub items: Vec<Option<T>>,
    /// What asks for the next page.
    pub next: Option<String>,
}

/// A secret without its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its name.
    pub name: String,
    /// Its annotations, ours and those of others.
    pub annotations: BTreeMap<String, String>,
    /// What a change of it must name, so that it does not undo somebody else's.
    pub etag: String,
    /// Whether it is rotated.
    pub rotated: bool,
    /// Whether it will be deleted by itself some day.
    pub expires: bool,
    /// The versions that others know by a name of their own.
    pub aliased: Vec<Number>,
    /// When it was made; of its versions it tells nothing.
    pub made: Option<Timestamp>,
}

/// A version without its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// Its number.
    pub number: Number,
    /// What became of it.
    pub state: VersionState,
    /// When it was made.
    pub made: Option<Timestamp>,
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VersionState {
    /// It can be read.
    Enabled,
    /// It is switched off.
    Disabled,
    /// Its value is gone for good.
    Destroyed,
}

/// What a version holds.
#[derive(Debug)]
pub(super) struct Held {
    /// The version's number.
    pub number: Number,
    /// Its text; `None` where it is none.
    pub text: Option<SecretValue>,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flaw(pub &'static str);

impl Seen {
    /// Whose it is by our mark.
    pub fn mark(&self) -> Option<Mark> {
        Mark::find(self.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }

    /// The key as a listing shows it, which tells nothing of versions: what others keep is told apart only where it could
    /// be written. It was changed at this time or, where it has newer versions, later.
    pub fn listed(&self, role: Role) -> Listed {
        let rotated = self.rotated && role == Role::Target;
        let state = if rotated { State::Managed(Manager::Rotation) } else { State::Live };
        Listed { state, mark: self.mark(), changed: self.made, ..Listed::live(RemoteKey::new(&self.name)) }
    }
}

impl Version {
    /// The number as a revision.
    pub fn revision(self) -> Revision {
        revision(self.number)
    }
}

impl VersionState {
    /// What becomes of a key whose newest version is so.
    pub const fn of_key(self) -> State {
        match self {
            Self::Enabled => State::Live,
            Self::Disabled => State::Disabled,
            Self::Destroyed => State::Destroyed,
        }
    }
}

/// A number as a revision.
pub(super) fn revision(number: Number) -> Revision {
    Revision::new(number.to_string())
}

/// The number that a revision of ours says.
pub(super) fn number(revision: &Revision) -> Option<Number> {
    revision.as_str().parse().ok()
}

impl From<ListSecretsResponse> for Page<Seen> {
    fn from(answer: ListSecretsResponse) -> Self {
        let items = answer.secrets.into_iter().map(|secret| seen(secret).ok()).collect();
        Self { items, next: Some(answer.next_page_token).filter(|token| !token.is_empty()) }
    }
}

impl From<ListSecretVersionsResponse> for Page<Version> {
    fn from(answer: ListSecretVersionsResponse) -> Self {
        let items = answer.versions.into_iter().map(|given| version(given).ok()).collect();
        Self { items, next: Some(answer.next_page_token).filter(|token| !token.is_empty()) }
    }
}

/// Takes a secret over.
pub(super) fn seen(secret: Secret) -> Result<Seen, Flaw> {
    Ok(Seen {
        name: last_of(&secret.name, "secrets").ok_or(Flaw("it names no secret"))?.to_owned(),
        annotations: secret.annotations.into_iter().collect(),
        etag: secret.etag,
        rotated: secret.rotation.is_some(),
        expires: secret.expiration.is_some(),
        aliased: secret.version_aliases.values().filter_map(|number| Number::try_from(*number).ok()).collect(),
        made: secret.create_time.and_then(|time| moment(time.seconds(), time.nanos())),
    })
}

/// Takes a version over.
pub(super) fn version(version: SecretVersion) -> Result<Version, Flaw> {
    let state = match version.state {
        Given::Enabled => VersionState::Enabled,
        Given::Disabled => VersionState::Disabled,
        Given::Destroyed => VersionState::Destroyed,
        _ => return Err(Flaw("it says of no version what became of it")),
    };
    let made = version.create_time.and_then(|time| moment(time.seconds(), time.nanos()));
    Ok(Version { number: number_of(&version.name)?, state, made })
}

fn moment(seconds: i64, nanoseconds: i32) -> Option<Timestamp> {
    Timestamp::new(seconds, nanoseconds).ok()
}

/// Takes a value over, provided that it arrived as it was kept.
pub(super) fn held(answer: AccessSecretVersionResponse) -> Result<Held, Flaw> {
    let number = number_of(&answer.name)?;
    let payload = answer.payload.ok_or(Flaw("it holds no value"))?;
    // The API calls the checksum optional: one that is there must be right, and one that is not says nothing of the value.
    if payload.data_crc32c.is_some_and(|given| given != checksum(&payload.data)) {
        return Err(Flaw("the value's checksum (CRC32C) is not that of the value: it was changed on the way"));
    }
    Ok(Held { number, text: String::from_utf8(payload.data.into()).ok().map(SecretValue::new) })
}

/// The checksum of a value, as Google spells it.
pub(super) fn checksum(value: &[u8]) -> i64 {
    crc32c::crc32c(value).into()
}

fn number_of(name: &str) -> Result<Number, Flaw> {
    let number = last_of(name, "versions").and_then(|text| text.parse().ok());
    number.filter(|number| *number > 0).ok_or(Flaw("it names no version"))
}

/// The last segment of a resource's name, which follows that of its collection.
fn last_of<'a>(name: &'a str, collection: &str) -> Option<&'a str> {
    let (rest, last) = name.rsplit_once('/')?;
    let (_, own) = rest.rsplit_once('/')?;
    (own == collection && !last.is_empty()).then_some(last)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use google_cloud_secretmanager_v1::model::SecretPayload;

    use super::*;

    fn answer(name: &str, data: &'static [u8], checksum: Option<i64>) -> AccessSecretVersionResponse {
        let payload = SecretPayload::new().set_data(data).set_or_clear_data_crc32c(checksum);
        AccessSecretVersionResponse::new().set_name(name).set_payload(payload)
    }

    #[test]
    fn a_value_is_taken_only_as_it_was_kept() {
        const NAME: &str = "projects/p/secrets/s/versions/7";
        const CHECK: &[u8] = b"123456789";
        // The check value of CRC-32C.
        assert_eq!(checksum(CHECK), 0xE306_9283);
        let whole = held(answer(NAME, CHECK, Some(0xE306_9283))).unwrap();
        assert_eq!((whole.number, whole.text.unwrap().expose()), (7, "123456789"));
        for wrong in [0xE306_9284, 0] {
            assert!(held(answer(NAME, CHECK, Some(wrong))).is_err(), "{wrong:?}");
        }
        assert!(held(answer(NAME, CHECK, None)).is_ok(), "none was given");
        assert!(held(AccessSecretVersionResponse::new().set_name(NAME)).is_err());
        let bytes = held(answer(NAME, &[0xff, 0xfe], Some(checksum(&[0xff, 0xfe])))).unwrap();
        assert!(bytes.text.is_none());
    }

    #[test]
    fn a_version_is_the_number_at_the_end_of_its_name() {
        let rows = [
            ("projects/p/secrets/s/versions/12", Some(12)),
            ("projects/p/locations/l/secrets/s/versions/3", Some(3)),
            ("projects/p/secrets/s/versions/latest", None),
            ("projects/p/secrets/s/versions/0", None),
            ("projects/p/secrets/12", None),
            ("12", None),
            ("", None),
        ];
        for (name, expected) in rows {
            assert_eq!(number_of(name).ok(), expected, "{name}");
        }
    }
}
