//! What the tests write with: a store opened from its table, an observer that keeps a diary, and short forms.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use secretferry::model::{
    Event, Family, Finding, Kind, Listed, Mark, MarkedName, MasterKey, Observer, Purpose, RemoteKey, Revision, Scope,
    SecretName, SecretValue, TokenLife,
};
use secretferry::provider::vault::VaultSettings;
use secretferry::provider::{
    Content, Entry, Error, Expect, Opening, Quotas, Record, RequestToken, Role, Store, StoreSettings as _,
};
use secretferry::settings::read_table;

use crate::server::Vault;

/// An opened store and all that was heard of it.
pub struct Shop {
    pub store: Store,
    pub diary: Arc<Diary>,
    _files: tempfile::TempDir,
}

/// Keeps every event.
#[derive(Default)]
pub struct Diary(Mutex<Vec<Event>>);

impl Observer for Diary {
    fn observe(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Diary {
    /// The families of the requests so far, and forgets them.
    pub fn calls(&self) -> Vec<Family> {
        let events = std::mem::take(&mut *self.0.lock().unwrap());
        let family = |event: &Event| match event {
            Event::Called { family, .. } => Some(*family),
            _ => None,
        };
        events.iter().filter_map(family).collect()
    }

    /// How long the token lives, as it was last told.
    pub fn token(&self) -> Option<TokenLife> {
        self.0.lock().unwrap().iter().rev().find_map(|event| match event {
            Event::TokenLife { life, .. } => Some(*life),
            _ => None,
        })
    }

    /// How often we waited.
    pub fn waits(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|event| matches!(event, Event::Waiting { .. })).count()
    }

    /// The findings so far.
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |event: &Event| match event {
            Event::Found(finding) => Some(finding.clone()),
            _ => None,
        };
        self.0.lock().unwrap().iter().filter_map(finding).collect()
    }
}

/// Opens a store as root. `table` adds to address and token, which it may also set itself.
pub async fn root(server: &Vault, table: &str) -> Shop {
    opened(&server.address, &server.token, table).await.unwrap()
}

/// Opens a store with a token.
pub async fn opened(address: &str, token: &str, table: &str) -> Result<Shop, Error> {
    let files = tempfile::tempdir().unwrap();
    let file = write_file(&files, "token", token);
    let auth = match table.contains("auth =") {
        true => String::new(),
        false => format!("auth = {{ method = \"token\", token = {{ file = {file:?} }} }}\n"),
    };
    let table = format!("address = {address:?}\n{auth}{table}");
    open_with(&table, files).await
}

/// Opens a store from the whole of its table.
pub async fn open_with(table: &str, files: tempfile::TempDir) -> Result<Shop, Error> {
    open_settings(&settings(table), files).await
}

/// Opens a store from its settings, which must be sound.
pub async fn open_settings(settings: &VaultSettings, files: tempfile::TempDir) -> Result<Shop, Error> {
    assert_eq!(settings.faults(), []);
    let diary = Arc::<Diary>::default();
    let opening = Opening {
        name: "vault".to_owned(),
        role: Role::Target,
        revision_key: MasterKey::random().subkey(Purpose::Revision),
        observer: Arc::clone(&diary) as Arc<dyn Observer>,
        quotas: Quotas::default(),
    };
    let store = settings.open(opening).await?;
    Ok(Shop { store, diary, _files: files })
}

/// Reads a table that must be sound.
pub fn settings(table: &str) -> VaultSettings {
    read_table(table.parse().unwrap()).unwrap()
}

/// Writes a file beside the config.
pub fn write_file(files: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let file = files.path().join(name);
    std::fs::write(&file, text).unwrap();
    file
}

impl Shop {
    /// The opened store's error; there must be one.
    pub async fn read(&self, key: &str) -> Result<Option<Record>, Error> {
        self.store.read(&[RemoteKey::new(key)]).await.pop().unwrap()
    }

    pub async fn stat(&self, key: &str) -> Result<Option<Listed>, Error> {
        self.store.stat(&[RemoteKey::new(key)]).await.pop().unwrap()
    }

    /// The text a key holds.
    pub async fn text(&self, key: &str) -> Option<String> {
        match self.read(key).await.unwrap()?.content {
            Content::Value(value) => Some(value.expose().to_owned()),
            _ => None,
        }
    }

    pub async fn write(&self, key: &str, text: &str, expect: &Expect) -> Result<Revision, Error> {
        self.store.write(&RemoteKey::new(key), &entry(text, None), expect).await
    }

    pub async fn write_marked(&self, key: &str, text: &str, expect: &Expect) -> Result<Revision, Error> {
        self.store.write(&RemoteKey::new(key), &entry(text, Some(mark("one"))), expect).await
    }

    /// Everything there is, as text.
    pub async fn list(&self) -> Result<Vec<String>, Error> {
        let listed = self.store.list(&Scope { kinds: Kind::ALL.to_vec() }).await?;
        Ok(listed.into_iter().map(|listed| listed.key.as_str().to_owned()).collect())
    }
}

/// An entry of a map.
pub fn entry(text: &str, mark: Option<Mark>) -> Entry {
    let token = RequestToken("00000000-0000-0000-0000-000000000000".to_owned());
    Entry { kind: Kind::Variable, value: SecretValue::from(text), mark, description: None, token }
}

/// A mark of a job.
pub fn mark(job: &str) -> Mark {
    let name = MarkedName::Whole(SecretName::new(Kind::Variable, "x"));
    Mark { ledger: "11111111-2222-3333-4444-555555555555".to_owned(), job: job.to_owned(), name }
}
