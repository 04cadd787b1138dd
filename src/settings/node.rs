//! A value of a table as serde reads it: knows where it stands, which keys its struct knows, and what to step around.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use toml::{Table, Value};

use super::fault::{Fault, UNKNOWN_KEY, is_reference};
use super::path::TablePath;
use super::{RawReference, SettingsFault, suggestion};

/// Values of many shapes that stand in for a required key that is missing or refused, so that the faults behind it show too.
static STAND_INS: LazyLock<[Value; 6]> = LazyLock::new(|| {
    let reference = Table::from_iter([("env".to_owned(), Value::from("X"))]);
    [
        Value::from("1s"),
        Value::Table(reference),
        Value::from(1),
        Value::from(true),
        Value::Array(Vec::new()),
        Value::Table(Table::new()),
    ]
});

/// What the readings of one table have learned so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    skipped: BTreeSet<TablePath>,
    stand_ins: BTreeMap<TablePath, usize>,
    unknown: RefCell<BTreeMap<TablePath, String>>,
    known: RefCell<BTreeSet<TablePath>>,
    references: RefCell<BTreeMap<TablePath, Table>>,
}

impl Reading {
    /// Turns a fault into news for a person; `None` if it only follows from what we know or did.
    pub(super) fn judge(&self, fault: &Fault) -> Option<SettingsFault> {
        let path = fault.path();
        let follows = self.skipped.iter().any(|skipped| skipped.is_within(&path));
        (!follows && !self.is_stand_in(&path)).then(|| fault.told())
    }

    /// Arranges that the next reading does not meet this fault again; `false` if there is no way round it.
    pub(super) fn step_around(&mut self, fault: &Fault) -> bool {
        let path = fault.path();
        if let Some(above) = self.stand_ins.keys().find(|above| path.is_within(above)).cloned() {
            return self.try_next_stand_in(&above);
        }
        if fault.is_missing_key() {
            self.stand_ins.insert(path.clone(), 0);
        }
        self.skip(path)
    }

    // Gives up on the struct around it when no shape fits.
    fn try_next_stand_in(&mut self, path: &TablePath) -> bool {
        let next = self.stand_ins[path] + 1;
        if next < STAND_INS.len() {
            self.stand_ins.insert(path.clone(), next);
            return true;
        }
        self.stand_ins.remove(path);
        path.parent().is_some_and(|parent| self.skip(parent))
    }

    /// The faults of keys that no struct knows.
    pub(super) fn unknown_keys(&self) -> Vec<SettingsFault> {
        let told = |(path, hint): (&TablePath, &String)| {
            SettingsFault::new(path.to_string(), UNKNOWN_KEY).with_hint(hint.clone())
        };
        self.unknown.borrow().iter().map(told).collect()
    }

    /// Every key that a struct asked for.
    pub(super) fn known_keys(&self) -> BTreeSet<String> {
        self.known.borrow().iter().map(ToString::to_string).collect()
    }

    /// Every table that was read as a reference.
    pub(super) fn references(&self) -> Vec<RawReference> {
        let told = |(path, table): (&TablePath, &Table)| RawReference { path: path.to_string(), table: table.clone() };
        self.references.borrow().iter().map(told).collect()
    }

    fn refer(&self, path: &TablePath, table: &Table) {
        self.references.borrow_mut().insert(path.clone(), table.clone());
    }

    // The whole table cannot be skipped.
    fn skip(&mut self, path: TablePath) -> bool {
        let can = path.parent().is_some();
        self.skipped.insert(path);
        can
    }

    fn is_stand_in(&self, path: &TablePath) -> bool {
        self.stand_ins.keys().any(|above| path.is_within(above))
    }

    fn learn(&self, path: &TablePath, table: &Table, fields: &[&str]) {
        if self.is_stand_in(path) {
            return;
        }
        self.known.borrow_mut().extend(fields.iter().map(|field| path.key(field)));
        for key in table.keys().filter(|key| !fields.contains(&key.as_str())) {
            let hint = suggestion(key, fields.iter().copied());
            self.unknown.borrow_mut().insert(path.key(key), hint);
        }
    }
}

/// One value, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: TablePath,
    reading: &'a Reading,
}

impl<'a> Node<'a> {
    /// The whole table.
    pub(super) fn root(value: &'a Value, reading: &'a Reading) -> Self {
        Self { value, path: TablePath::default(), reading }
    }

    fn entries(&self, table: &'a Table, fields: Option<&[&str]>) -> Entries<'a> {
        let wanted = |key: &str| fields.is_none_or(|fields| fields.contains(&key));
        let nodes = table.iter().filter(|(key, _)| wanted(key)).map(|(key, value)| (key.clone(), value));
        let stood_in = self.reading.stand_ins.iter().filter(|(path, _)| path.parent().as_ref() == Some(&self.path));
        let stood_in: Vec<_> =
            stood_in.filter_map(|(path, number)| Some((path.last_key()?.to_owned(), &STAND_INS[*number]))).collect();
        let kept = nodes.filter(|(key, _)| !self.reading.skipped.contains(&self.path.key(key)));
        let named = |(key, value): (String, &'a Value)| (key.clone(), self.below(self.path.key(&key), value));
        let nodes: Vec<_> = kept.chain(stood_in).map(named).collect();
        Entries { entries: nodes.into_iter(), value: None }
    }

    fn items(&self, values: &'a [Value]) -> Items<'a> {
        let nodes = values.iter().enumerate().map(|(index, value)| self.below(self.path.index(index), value));
        let kept: Vec<_> = nodes.filter(|node| !self.reading.skipped.contains(&node.path)).collect();
        Items(kept.into_iter())
    }

    fn below(&self, path: TablePath, value: &'a Value) -> Self {
        Self { value, path, reading: self.reading }
    }

    fn visit<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::String(text) => visitor.visit_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(flag) => visitor.visit_bool(*flag),
            Value::Datetime(_) => Err(de::Error::invalid_type(Unexpected::Other("a date"), &visitor)),
            Value::Array(values) => visitor.visit_seq(self.items(values)),
            Value::Table(table) => visitor.visit_map(self.entries(table, None)),
        }
    }
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let expected = (&visitor as &dyn Expected).to_string();
        let outcome = self.visit(visitor);
        if let (true, Value::Table(table)) = (is_reference(&expected), self.value) {
            self.reading.refer(&self.path, table);
            // What stands in a table that should be a reference may be the secret: only the table is spoken of.
            return outcome.map_err(|_| Fault::expected(&expected).at(&self.path));
        }
        outcome.map_err(|fault| fault.at(&self.path))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let path = self.path.clone();
        visitor.visit_some(self).map_err(|fault| fault.at(&path))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        let path = self.path.clone();
        visitor.visit_newtype_struct(self).map_err(|fault| fault.at(&path))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let outcome = match self.value {
            Value::Table(table) => {
                self.reading.learn(&self.path, table, fields);
                visitor.visit_map(self.entries(table, Some(fields)))
            }
            // Derived structs would take a list in the order of their fields.
            Value::Array(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.visit(visitor),
        };
        outcome.map_err(|fault| fault.at(&self.path))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let outcome = match self.value {
            Value::String(text) => {
                let word: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(word)
            }
            Value::Table(table) => visitor.visit_enum(MapAccessDeserializer::new(self.entries(table, None))),
            _ => self.visit(visitor),
        };
        outcome.map_err(|fault| fault.at(&self.path))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

struct Entries<'a> {
    entries: std::vec::IntoIter<(String, Node<'a>)>,
    value: Option<Node<'a>>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, node)) = self.entries.next() else { return Ok(None) };
        let path = node.path.clone();
        self.value = Some(node);
        seed.deserialize(key.into_deserializer()).map(Some).map_err(|fault: Fault| fault.at(&path))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.value.take().expect("serde asks for a key before its value"))
    }
}

struct Items<'a>(std::vec::IntoIter<Node<'a>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.0.next().map(|node| seed.deserialize(node)).transpose()
    }
}
