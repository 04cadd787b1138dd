//! The `override` table of a job: what is set in secrets on their way, secrets by reference.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use crate::engine::{Override, Overrides, Setting};
use crate::model::python::{Text, Value as Json, dumps};
use crate::model::{Field, Kind, SecretValue};
use crate::naming::Pattern;
use crate::reference::{Reference, ReferenceError};
use crate::settings::{SettingsFault, TablePath};

/// One override as it is written: the fields of a connection, or the value of a variable or config.
#[derive(Debug, Deserialize)]
pub(super) struct OverrideTable {
    conn_type: Option<Value>,
    description: Option<Value>,
    host: Option<Value>,
    login: Option<Value>,
    password: Option<Reference>,
    schema: Option<Value>,
    port: Option<i64>,
    #[serde(default)]
    extra: Table,
    value: Option<Reference>,
}

/// Every override of a job, checked; what they refer to is read when the job begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OverrideSettings(Vec<Given>);

/// What is set in whatever a pattern names.
#[derive(Debug, Clone, PartialEq)]
struct Given {
    pattern: Pattern,
    port: Option<i64>,
    texts: Vec<(Slot, Place)>,
}

/// Where a text goes.
#[derive(Debug, Clone, PartialEq)]
enum Slot {
    Field(Field),
    Extra(String),
    Value,
}

/// Where a text is.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    /// Here; of a member of extra it is the JSON.
    Here(String),
    /// Elsewhere, as a text.
    Referred(Reference),
}

impl OverrideSettings {
    /// Checks the tables; every fault of them is added to `faults`.
    pub(super) fn read(
        tables: &BTreeMap<String, OverrideTable>,
        kinds: &[Kind],
        faults: &mut Vec<SettingsFault>,
    ) -> Self {
        let read = |(text, table): (&String, &OverrideTable)| {
            let path = TablePath::default().key("override").key(text);
            match Pattern::parse(text) {
                Ok(pattern) => {
                    faults.extend(table.misplaced(&pattern, kinds, &path));
                    let texts = table.texts(&path, faults);
                    Some(Given { pattern, port: table.port, texts })
                }
                Err(error) => {
                    faults.push(SettingsFault::new(path.to_string(), error.to_string()));
                    None
                }
            }
        };
        Self(tables.iter().filter_map(read).collect())
    }

    /// Every reference to a secret, by its dotted key; `job` is the job's.
    pub(super) fn references(&self, job: &TablePath) -> Vec<(String, Reference)> {
        let of = |given: &Given| {
            let referred = |(slot, place): &(Slot, Place)| match place {
                Place::Here(_) => None,
                Place::Referred(reference) => Some((slot.path(job, given), reference.clone())),
            };
            given.texts.iter().filter_map(referred).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Takes relative files from `folder`.
    pub(super) fn relative_to(&mut self, folder: &Path) {
        for (_, place) in self.0.iter_mut().flat_map(|given| &mut given.texts) {
            if let Place::Referred(reference) = place {
                *reference = reference.clone().relative_to(folder);
            }
        }
    }

    /// Reads what is referred to; or says of every dotted key why it gives nothing. `job` is the job's.
    pub fn resolved(&self, job: &TablePath) -> Result<Overrides, Vec<(String, ReferenceError)>> {
        let mut faults = Vec::new();
        let mut resolve = |given: &Given| {
            let mut sets: Vec<_> = given.port.map(Setting::Port).into_iter().collect();
            for (slot, place) in &given.texts {
                match slot.set(place) {
                    Ok(set) => sets.push(set),
                    Err(error) => faults.push((slot.path(job, given), error)),
                }
            }
            Override { pattern: given.pattern.clone(), sets }
        };
        let overrides = self.0.iter().map(&mut resolve).collect();
        if faults.is_empty() { Ok(Overrides::new(overrides)) } else { Err(faults) }
    }
}

impl Slot {
    fn path(&self, job: &TablePath, given: &Given) -> String {
        let path = job.key("override").key(&given.pattern.to_string());
        let path = match self {
            Self::Field(field) => path.key(field.as_str()),
            Self::Extra(member) => path.key(Field::Extra.as_str()).key(member),
            Self::Value => path.key("value"),
        };
        path.to_string()
    }

    fn set(&self, place: &Place) -> Result<Setting, ReferenceError> {
        let text = match place {
            Place::Here(text) => SecretValue::from(text.as_str()),
            Place::Referred(reference) => reference.resolve()?,
        };
        Ok(match (self, place) {
            (Self::Field(field), _) => Setting::Field(*field, text),
            (Self::Extra(member), Place::Here(_)) => Setting::Extra(member.clone(), text),
            (Self::Extra(member), Place::Referred(_)) => Setting::Extra(member.clone(), quoted(&text)),
            (Self::Value, _) => Setting::Value(text),
        })
    }
}

fn quoted(text: &SecretValue) -> SecretValue {
    dumps(&Json::Text(Text::from(text))).to_secret().expect("JSON is ASCII")
}

impl OverrideTable {
    /// Fields for what has a value, a value for what has fields, and kinds that the job does not carry.
    fn misplaced(&self, pattern: &Pattern, kinds: &[Kind], path: &TablePath) -> Option<SettingsFault> {
        let fault = |problem: String, hint: &str| Some(SettingsFault::new(path.to_string(), problem).with_hint(hint));
        let fields = [&self.conn_type, &self.description, &self.host, &self.login, &self.schema];
        let has_fields = fields.iter().any(|field| field.is_some())
            || self.password.is_some()
            || self.port.is_some()
            || !self.extra.is_empty();
        if let Some(kind) = pattern.kind().filter(|kind| !kinds.contains(kind)) {
            return fault(format!("the job carries no {}", kind.plural()), "add them to its kinds, or drop the entry");
        }
        match (has_fields, self.value.is_some(), pattern.kind()) {
            (false, false, _) => fault("it sets nothing".to_owned(), "write { host = \"…\" }, or drop the entry"),
            (true, true, _) => fault("a secret has fields or a value, not both".to_owned(), "write two entries"),
            (_, true, Some(Kind::Connection)) => {
                fault("a connection has fields, not a value".to_owned(), "write { host = \"…\" } or another field")
            }
            (true, _, Some(Kind::Variable | Kind::Config)) => fault(
                "variables and configs have a value, not fields".to_owned(),
                "write { value = { env = \"NAME\" } }",
            ),
            _ => None,
        }
    }

    fn texts(&self, path: &TablePath, faults: &mut Vec<SettingsFault>) -> Vec<(Slot, Place)> {
        let fields = [
            (Field::ConnType, &self.conn_type),
            (Field::Description, &self.description),
            (Field::Host, &self.host),
            (Field::Login, &self.login),
            (Field::Schema, &self.schema),
        ];
        let mut texts = Vec::new();
        for (field, value) in fields.into_iter().filter_map(|(field, value)| Some((field, value.as_ref()?))) {
            match (value, reference(value)) {
                (Value::String(text), _) => texts.push((Slot::Field(field), Place::Here(text.clone()))),
                (_, Some(reference)) => texts.push((Slot::Field(field), Place::Referred(reference))),
                _ => faults.push(SettingsFault::new(path.key(field.as_str()).to_string(), EXPECTED)),
            }
        }
        let secrets = [(Slot::Field(Field::Password), &self.password), (Slot::Value, &self.value)];
        let secrets = secrets.into_iter().filter_map(|(slot, place)| Some((slot, Place::Referred(place.clone()?))));
        texts.extend(secrets);
        for (member, value) in &self.extra {
            match extra(member, value) {
                Ok(place) => texts.push((Slot::Extra(member.clone()), place)),
                Err(problem) => {
                    let path = path.key(Field::Extra.as_str()).key(member);
                    faults.push(SettingsFault::new(path.to_string(), problem));
                }
            }
        }
        texts
    }
}

const EXPECTED: &str = "expected a text, or a reference: { env = \"NAME\" } or { file = \"path\" }";
const LITERAL: &str = "a secret must not stand in the config as text; expected a reference: { env = \"NAME\" } or \
                       { file = \"path\" }";

/// Words in the name of a member of extra whose value is a secret: those by which Airflow masks.
const SECRET_WORDS: [&str; 12] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "secret",
    "service_account",
    "token",
];

fn reference(value: &Value) -> Option<Reference> {
    Reference::deserialize(value.clone()).ok().filter(|_| value.is_table())
}

/// A member of extra: a reference, or any value without a secret in it.
fn extra(member: &str, value: &Value) -> Result<Place, &'static str> {
    if let Some(reference) = reference(value) {
        return Ok(Place::Referred(reference));
    }
    if holds_secret(member, value) {
        return Err(LITERAL);
    }
    if !is_json(value) {
        return Err("JSON knows no such value");
    }
    serde_json::to_string(value).map(Place::Here).map_err(|_| "it cannot be written as JSON")
}

fn holds_secret(name: &str, value: &Value) -> bool {
    let name = name.to_lowercase();
    match value {
        Value::Table(members) => {
            members.iter().any(|(inner, value)| holds_secret(inner, value) || holds_secret(&name, value))
        }
        Value::Array(items) => items.iter().any(|item| holds_secret(&name, item)),
        Value::String(text) => !text.is_empty() && SECRET_WORDS.iter().any(|word| name.contains(word)),
        _ => false,
    }
}

fn is_json(value: &Value) -> bool {
    match value {
        Value::Datetime(_) => false,
        Value::Float(number) => number.is_finite(),
        Value::Array(items) => items.iter().all(is_json),
        Value::Table(members) => members.values().all(is_json),
        Value::String(_) | Value::Integer(_) | Value::Boolean(_) => true,
    }
}
