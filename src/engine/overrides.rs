//! What a job sets in secrets on their way, whatever the source says.

use crate::model::python::{Object, Text, Value, dumps, loads};
use crate::model::{Connection, Field, Kind, Secret, SecretName, SecretValue, Subkey, hex};
use crate::naming::Pattern;

/// Every override of a job, with the secrets it refers to; the default sets nothing.
#[derive(Debug, Clone, Default)]
pub struct Overrides(Vec<Override>);

/// What is set in every secret that a pattern names.
#[derive(Debug, Clone)]
pub struct Override {
    /// The names it is about, as the source has them.
    pub pattern: Pattern,
    /// What is set.
    pub sets: Vec<Setting>,
}

/// One thing that is set.
#[derive(Debug, Clone)]
pub enum Setting {
    /// A field of a connection, neither its port nor its extra.
    Field(Field, SecretValue),
    /// The port of a connection.
    Port(i64),
    /// A member of a connection's extra, as JSON; the other members stay.
    Extra(String, SecretValue),
    /// The text of a variable or config.
    Value(SecretValue),
}

impl Setting {
    /// What is set, as reports name it: `host`, `extra.sslmode`, `value`.
    pub fn path(&self) -> String {
        match self {
            Self::Field(field, _) => field.as_str().to_owned(),
            Self::Port(_) => Field::Port.as_str().to_owned(),
            Self::Extra(member, _) => format!("{}.{member}", Field::Extra),
            Self::Value(_) => "value".to_owned(),
        }
    }

    /// Tells whether secrets of a kind have it.
    pub fn is_of(&self, kind: Kind) -> bool {
        matches!(self, Self::Value(_)) != (kind == Kind::Connection)
    }

    fn digested(&self) -> String {
        match self {
            Self::Field(_, text) | Self::Extra(_, text) | Self::Value(text) => text.expose().to_owned(),
            Self::Port(port) => port.to_string(),
        }
    }
}

impl Overrides {
    /// Takes the overrides of a job.
    pub fn new(overrides: Vec<Override>) -> Self {
        Self(overrides)
    }

    /// The patterns that match none of `names`.
    pub fn unused<'a>(&'a self, names: &[&SecretName]) -> Vec<&'a Pattern> {
        let is_used = |own: &&Override| !names.iter().any(|name| own.is_about(name));
        self.0.iter().filter(is_used).map(|own| &own.pattern).collect()
    }

    /// A keyed digest of all that is set, secrets included; `None` where nothing is.
    pub fn digest(&self, key: &Subkey) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let told = self.0.iter().flat_map(|own| {
            let sets = own.sets.iter().flat_map(|set| [set.path(), set.digested()]);
            [own.pattern.to_string(), own.sets.len().to_string()].into_iter().chain(sets)
        });
        let told: Vec<_> = told.map(zeroize::Zeroizing::new).collect();
        let parts: Vec<&[u8]> =
            [b"overrides".as_slice()].into_iter().chain(told.iter().map(|text| text.as_bytes())).collect();
        Some(hex(&key.digest(&parts)))
    }

    /// Sets what is to be set in a secret, and names it; or says why that cannot be done.
    ///
    /// An override that names the very id goes before globs. Two of equal rank that set the same are refused.
    pub fn apply(&self, name: &SecretName, secret: &mut Secret) -> Result<Vec<String>, String> {
        let mut told = Vec::new();
        for (path, set) in self.chosen(name)? {
            match (secret as &mut Secret, set) {
                (Secret::Connection(connection), set) => put(connection, set)?,
                (Secret::Text(text), Setting::Value(new)) => *text = new.clone(),
                (Secret::Text(_), _) => continue,
            }
            told.push(path);
        }
        Ok(told)
    }

    fn chosen(&self, name: &SecretName) -> Result<Vec<(String, &Setting)>, String> {
        let about = |own: &&Override| own.is_about(name);
        let (exact, globs): (Vec<_>, Vec<_>) =
            self.0.iter().filter(about).partition(|own| own.pattern.literal().is_some());
        let mut chosen: Vec<(String, &Setting, &Pattern, bool)> = Vec::new();
        for (own, is_exact) in exact.into_iter().map(|own| (own, true)).chain(globs.into_iter().map(|own| (own, false)))
        {
            for set in own.sets.iter().filter(|set| set.is_of(name.kind)) {
                let path = set.path();
                match chosen.iter().find(|(known, ..)| *known == path) {
                    None => chosen.push((path, set, &own.pattern, is_exact)),
                    Some((_, _, _, first)) if *first != is_exact => {}
                    Some((_, _, first, _)) => {
                        return Err(format!(
                            "the overrides `{first}` and `{}` both set {path}; narrow one, or name the id itself",
                            own.pattern
                        ));
                    }
                }
            }
        }
        Ok(chosen.into_iter().map(|(path, set, ..)| (path, set)).collect())
    }
}

impl Override {
    /// Tells whether it sets something in the secret of a name.
    fn is_about(&self, name: &SecretName) -> bool {
        self.pattern.is(name) && self.sets.iter().any(|set| set.is_of(name.kind))
    }
}

fn put(connection: &mut Connection, set: &Setting) -> Result<(), String> {
    match set {
        Setting::Field(field, text) => {
            if let Some(place) = connection.text_mut(*field) {
                *place = Some(text.clone());
            }
        }
        Setting::Port(port) => connection.port = Some(*port),
        Setting::Extra(member, json) => connection.extra = Some(joined(connection.extra.as_ref(), member, json)?),
        Setting::Value(_) => {}
    }
    Ok(())
}

fn joined(extra: Option<&SecretValue>, member: &str, json: &SecretValue) -> Result<SecretValue, String> {
    let mut members = match extra.filter(|extra| !extra.is_empty()).map(|extra| loads(&Text::from(extra))) {
        None => Object::default(),
        Some(Ok(Value::Object(members))) => members,
        Some(_) => {
            return Err(format!("extra.{member} cannot be overridden: the source's extra is no JSON object"));
        }
    };
    let value = loads(&Text::from(json)).map_err(|_| format!("extra.{member}: the override is no JSON"))?;
    members.set(member, value);
    dumps(&Value::Object(members)).to_secret().ok_or_else(|| format!("extra.{member}: it is no text"))
}
