//! Stores in memory in the shapes of real ones.

use std::time::Duration;

use secretferry::model::{
    Action, Aliases, Compare, ConnectionDialect, Deletes, Dialect, Family, MarkCharset, MarkRule, Quota, Revisions,
    Tariff, TextDialect,
};
use secretferry::naming::Teams;
use secretferry::provider::memory::MemoryShape;

/// Versions a call a key, compare-and-set, entries that are maps, deletes that can be taken back.
pub fn vault() -> MemoryShape {
    let mut shape = MemoryShape::default();
    shape.capabilities.revisions = Revisions::Stat;
    shape.capabilities.read_batch = 1;
    shape.dialect = Dialect { connection: ConnectionDialect::VaultMap, text: TextDialect::ValueKey };
    shape
}

/// As Vault, of entries that are texts.
pub fn vault_source() -> MemoryShape {
    MemoryShape { dialect: MemoryShape::default().dialect, ..vault() }
}

/// Versions in the listing, which lags; only creates are guarded.
pub fn aws() -> MemoryShape {
    let mut shape = MemoryShape::default();
    shape.capabilities.compare = Compare::Create;
    shape.capabilities.listing_lag = Duration::from_secs(300);
    shape.capabilities.tariff = Tariff {
        calls: &[
            (Action::Create, Family::Write, 1),
            (Action::Update, Family::Stat, 1),
            (Action::Update, Family::Write, 1),
            (Action::Delete, Family::Stat, 1),
            (Action::Delete, Family::Delete, 1),
        ],
        quotas: [(Family::Read, 100.0), (Family::Write, 50.0), (Family::Delete, 50.0)]
            .map(|(family, pace)| Quota::of(&[family], pace))
            .to_vec(),
    };
    shape.capabilities.marks = Some(MarkRule { max_value: 256, charset: MarkCharset::AwsTag });
    shape.capabilities.read_batch = 20;
    shape.capabilities.max_value = Some(65_536);
    shape.capabilities.empty_values = false;
    let connection = ConnectionDialect::SecretsManager(Aliases::default());
    shape.dialect = Dialect { connection, text: TextDialect::Verbatim };
    shape
}

/// No versions, no marks, deletes that are final.
pub fn files() -> MemoryShape {
    let mut shape = MemoryShape::default();
    shape.capabilities.revisions = Revisions::None;
    shape.capabilities.deletes = Deletes::Final;
    shape.capabilities.history = false;
    shape.capabilities.marks = None;
    shape.capabilities.read_batch = 1000;
    shape.dialect = Dialect { connection: ConnectionDialect::FileObject, text: TextDialect::JsonValue };
    shape
}

/// As files, without any guard on writes, and of entries that are maps: KV v1.
pub fn versionless() -> MemoryShape {
    let mut shape = files();
    shape.capabilities.compare = Compare::None;
    shape.capabilities.read_batch = 1;
    shape.dialect = vault().dialect;
    shape
}

/// A source of rows, with teams, read many at a time.
pub fn metastore() -> MemoryShape {
    let mut shape = MemoryShape::default();
    shape.capabilities.read_batch = 500;
    shape.rule.teams = Teams::Beside;
    shape
}

/// The targets every test of the way of a write is told to.
pub fn targets() -> [(&'static str, MemoryShape); 5] {
    [
        ("everything", MemoryShape::default()),
        ("vault", vault()),
        ("aws", aws()),
        ("files", files()),
        ("versionless", versionless()),
    ]
}
