//! The messages that are sent, member by member and by their types, as the JSON form of protocol buffers has them:
//! <https://protobuf.dev/programming-guides/json/> and the messages of `google/cloud/secretmanager/v1`.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::asked::snake;
use super::refused::Refused;

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text, times and durations included.
    Text,
    /// A whole number, as a number or as text.
    Number,
    /// Bytes in base64, of either alphabet, padded or not.
    Bytes,
    /// Texts by their keys.
    Texts,
    /// Whole numbers by their keys.
    Numbers,
    /// Texts in a row.
    List,
    /// Another message.
    Message(Members),
    /// Other messages in a row.
    Messages(Members),
}

/// The members of a message.
pub type Members = &'static [(&'static str, Kind)];

const ENCRYPTION: Members = &[("kmsKeyName", Kind::Text)];
const REPLICA: Members = &[("location", Kind::Text), ("customerManagedEncryption", Kind::Message(ENCRYPTION))];
const REPLICATION: Members = &[
    ("automatic", Kind::Message(&[("customerManagedEncryption", Kind::Message(ENCRYPTION))])),
    ("userManaged", Kind::Message(&[("replicas", Kind::Messages(REPLICA))])),
];
const ROTATION: Members = &[("nextRotationTime", Kind::Text), ("rotationPeriod", Kind::Text)];

/// A secret.
pub const SECRET: Members = &[
    ("name", Kind::Text),
    ("replication", Kind::Message(REPLICATION)),
    ("createTime", Kind::Text),
    ("labels", Kind::Texts),
    ("topics", Kind::Messages(&[("name", Kind::Text)])),
    ("expireTime", Kind::Text),
    ("ttl", Kind::Text),
    ("etag", Kind::Text),
    ("rotation", Kind::Message(ROTATION)),
    ("versionAliases", Kind::Numbers),
    ("annotations", Kind::Texts),
    ("versionDestroyTtl", Kind::Text),
    ("customerManagedEncryption", Kind::Message(ENCRYPTION)),
];

/// What a version is added by. Its parent is in the address; the field in the body is one of the message's all the same.
pub const ADDITION: Members =
    &[("parent", Kind::Text), ("payload", Kind::Message(&[("data", Kind::Bytes), ("dataCrc32c", Kind::Number)]))];

/// What a version is disabled, enabled or destroyed by.
pub const CHANGE: Members = &[("name", Kind::Text), ("etag", Kind::Text)];

/// What permissions are tested by.
pub const TEST: Members = &[("resource", Kind::Text), ("permissions", Kind::List)];

/// Reads a body: names in one form, nothing that the message does not have, and every member of its type.
pub fn read(body: &[u8], members: Members) -> Result<Map<String, Value>, Refused> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| {
        Refused::invalid("Invalid JSON payload received. Unexpected token.\n<what came is not repeated here>")
    })?;
    message(&value, members, "")
}

fn message(value: &Value, members: Members, within: &str) -> Result<Map<String, Value>, Refused> {
    let object = value.as_object().ok_or_else(|| Refused::mistyped(within, "a message"))?;
    let mut read = Map::new();
    for (name, value) in object {
        let member = members.iter().find(|(own, _)| own == name || snake(own) == *name);
        let (own, kind) = member.ok_or_else(|| Refused::unknown_member(name, within))?;
        // A null is as good as nothing.
        if value.is_null() {
            continue;
        }
        let place = if within.is_empty() { (*own).to_owned() } else { format!("{within}.{own}") };
        read.insert((*own).to_owned(), member_of(value, *kind, &place)?);
    }
    Ok(read)
}

fn member_of(value: &Value, kind: Kind, place: &str) -> Result<Value, Refused> {
    let each = |read: &dyn Fn(&Value) -> Result<Value, Refused>| -> Result<Value, Refused> {
        let object = value.as_object().ok_or_else(|| Refused::mistyped(place, "a map"))?;
        let pairs = object.iter().map(|(key, value)| Ok((key.clone(), read(value)?)));
        pairs.collect::<Result<Map<_, _>, Refused>>().map(Value::Object)
    };
    let row = |read: &dyn Fn(&Value) -> Result<Value, Refused>| -> Result<Value, Refused> {
        let items = value.as_array().ok_or_else(|| Refused::mistyped(place, "a list"))?;
        items.iter().map(read).collect::<Result<Vec<_>, Refused>>().map(Value::Array)
    };
    match kind {
        Kind::Text => text(value, place),
        Kind::Number => number(value, place),
        Kind::Bytes => bytes(value, place),
        Kind::Texts => each(&|value| text(value, place)),
        Kind::Numbers => each(&|value| number(value, place)),
        Kind::List => row(&|value| text(value, place)),
        Kind::Message(members) => message(value, members, place).map(Value::Object),
        Kind::Messages(members) => row(&|value| message(value, members, place).map(Value::Object)),
    }
}

fn text(value: &Value, place: &str) -> Result<Value, Refused> {
    value.as_str().map(|text| json!(text)).ok_or_else(|| Refused::mistyped(place, "TYPE_STRING"))
}

/// A number of 64 bits may come as text, and is given as text.
fn number(value: &Value, place: &str) -> Result<Value, Refused> {
    let parsed = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    parsed.map(|number| json!(number.to_string())).ok_or_else(|| Refused::mistyped(place, "TYPE_INT64"))
}

fn bytes(value: &Value, place: &str) -> Result<Value, Refused> {
    let mistyped = || Refused::mistyped(place, "TYPE_BYTES), Base64 decoding failed (the data is not repeated here");
    let text = value.as_str().ok_or_else(mistyped)?.replace('-', "+").replace('_', "/");
    lenient().decode(&text).map(|_| json!(text)).map_err(|_| mistyped())
}

/// The bytes of a member that was read.
pub fn decoded(text: &str) -> Vec<u8> {
    lenient().decode(text).unwrap()
}

fn lenient() -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&base64::alphabet::STANDARD, config)
}

/// A duration such as `86400s`.
pub fn duration(text: &str, place: &str) -> Result<SignedDuration, Refused> {
    let seconds = text.strip_suffix('s').and_then(|number| number.parse::<f64>().ok());
    let duration = seconds.and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| Refused::mistyped(place, "type.googleapis.com/google.protobuf.Duration"))
}

/// A time such as `2026-01-01T00:00:00Z`.
pub fn time(text: &str, place: &str) -> Result<Timestamp, Refused> {
    text.parse().map_err(|_| Refused::mistyped(place, "type.googleapis.com/google.protobuf.Timestamp"))
}
