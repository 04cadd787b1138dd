//! The values Python's `json` makes.

use std::fmt;

use super::{Integer, Text};

/// A Python value as `json.loads` gives it.
///
/// Its `Debug` shows the type only.
#[derive(Clone, Default)]
pub enum Value {
    /// `None`.
    #[default]
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of any size.
    Integer(Integer),
    /// A `float`, infinities and NaN included.
    Float(f64),
    /// A `str`.
    Text(Text),
    /// A `list`.
    List(Vec<Value>),
    /// A `dict`.
    Object(Object),
}

impl Value {
    /// `bool(value)`.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Integer(value) => !value.is_zero(),
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Object(object) => !object.is_empty(),
        }
    }

    /// `value is None`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text; `None` if it is no `str`.
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The members; `None` if it is no `dict`.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Text::from(text))
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Integer::from(number))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "None",
            Self::Bool(_) => "bool(redacted)",
            Self::Integer(_) => "int(redacted)",
            Self::Float(_) => "float(redacted)",
            Self::Text(_) => "str(redacted)",
            Self::List(_) => "list(redacted)",
            Self::Object(_) => "dict(redacted)",
        })
    }
}

/// A `dict` with text keys, in Python's order: a key stands where it was first set.
#[derive(Clone, Default)]
pub struct Object(Vec<(Text, Value)>);

impl Object {
    /// Takes members as a JSON text lists them: of equal keys the last value wins, at the place of the first.
    pub fn from_members(mut members: Vec<(Text, Value)>) -> Self {
        let mut by_key: Vec<usize> = (0..members.len()).collect();
        // The sort is stable, so each group of equal keys is in the order of the text.
        by_key.sort_by(|a, b| members[*a].0.cmp(&members[*b].0));
        let mut dropped = vec![false; members.len()];
        let groups: Vec<Vec<usize>> = by_key
            .chunk_by(|a, b| members[*a].0 == members[*b].0)
            .filter(|group| group.len() > 1)
            .map(<[usize]>::to_vec)
            .collect();
        for group in groups {
            let last = group[group.len() - 1];
            members[group[0]].1 = std::mem::take(&mut members[last].1);
            for index in &group[1..] {
                dropped[*index] = true;
            }
        }
        let mut dropped = dropped.into_iter();
        members.retain(|_| !dropped.next().unwrap_or(false));
        Self(members)
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| *name == *key).map(|(_, value)| value)
    }

    /// Sets `key`, in its old place if it has one.
    pub fn set(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(name, _)| *name == *key) {
            Some((_, old)) => *old = value,
            None => self.0.push((Text::from(key), value)),
        }
    }

    /// `dict.pop(key, None)`: takes the value out, `None` becoming [`Value::Null`].
    pub fn take(&mut self, key: &str) -> Value {
        match self.0.iter().position(|(name, _)| *name == *key) {
            Some(index) => self.0.remove(index).1,
            None => Value::Null,
        }
    }

    /// Tells whether `key` is set.
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The members, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &Value)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Tells whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Text, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(members: I) -> Self {
        Self::from_members(members.into_iter().collect())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dict(redacted)")
    }
}
