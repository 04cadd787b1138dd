//! One table of `[stores]`: its kind first, the rest by the rules of that kind.

use std::path::Path;

use toml::{Table, Value};

use crate::provider::registry::{KIND, StoreKind};
use crate::provider::{Role, StoreSettings};
use crate::settings::{RawReference, SettingsFault};

/// One store, checked as far as its own table goes.
#[derive(Debug)]
pub(super) struct StoreTable {
    pub(super) settings: Box<dyn StoreSettings>,
    pub(super) roles: &'static [Role],
}

impl StoreTable {
    /// Reads a store's table; every fault of it at once.
    pub(super) fn read(kinds: &[StoreKind], mut table: Table, folder: &Path) -> Result<Self, Vec<SettingsFault>> {
        let kind = take_kind(kinds, &mut table).map_err(|fault| vec![fault])?;
        let mut settings = kind.read(table)?;
        settings.relative_to(folder);
        let faults = settings.faults();
        if faults.is_empty() { Ok(Self { settings, roles: kind.roles }) } else { Err(faults) }
    }

    /// Lists where a sound table refers to secrets.
    pub(super) fn references(kinds: &[StoreKind], mut table: Table) -> Vec<RawReference> {
        take_kind(kinds, &mut table).map(|kind| kind.references(table)).unwrap_or_default()
    }
}

fn take_kind<'a>(kinds: &'a [StoreKind], table: &mut Table) -> Result<&'a StoreKind, SettingsFault> {
    match table.remove(KIND) {
        Some(Value::String(word)) => StoreKind::find(kinds, &word),
        Some(_) => Err(SettingsFault::new(KIND, "expected a string")),
        None => {
            let words: Vec<_> = kinds.iter().map(|kind| kind.word).collect();
            let fault = SettingsFault::new(KIND, "this key is required");
            Err(fault.with_hint(format!("one of: {}", words.join(", "))))
        }
    }
}
