//! Where in the file each key stands, so that faults come in the order a person reads them.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::settings::TablePath;

/// The offset of every key of a file, by its dotted path.
#[derive(Debug, Default)]
pub(super) struct Positions(BTreeMap<String, usize>);

impl Positions {
    /// Looks through a file; one that does not parse has no positions.
    pub(super) fn of(text: &str) -> Self {
        let mut positions = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            positions.add_table(&TablePath::default(), table.get_ref());
        }
        positions
    }

    /// The offset of a key; of what it would stand in, where it is missing.
    pub(super) fn find(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(offset) = self.0.get(path) {
                return *offset;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 0,
            }
        }
    }

    fn add_table(&mut self, above: &TablePath, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = above.key(key.get_ref());
            // Tables that are spread over a file begin where their first key does.
            self.0.insert(path.to_string(), key.span().start);
            self.add_value(&path, value);
        }
    }

    fn add_value(&mut self, path: &TablePath, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.add_table(path, table),
            DeValue::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    let path = path.index(index);
                    self.0.insert(path.to_string(), value.span().start);
                    self.add_value(&path, value);
                }
            }
            _ => {}
        }
    }
}
