//! One vault of its own for each test, opened as a job would open it.

use std::sync::{Arc, Mutex};

use secretferry::model::{
    Event, Finding, Kind, Listed, Mark, MarkedName, MasterKey, Observer, Purpose, RemoteKey, Revision, Scope,
    SecretName,
};
use secretferry::provider::azure_key_vault::KeyVaultSettings;
use secretferry::provider::layer::fitted;
use secretferry::provider::{
    Content, Entry, Expect, Opening, Quotas, RequestToken, Result, Role, Store, StoreSettings as _,
};
use secretferry::settings::read_table;
use tempfile::TempDir;

use crate::fakes::azure::{CLIENT_ID, CLIENT_SECRET, TENANT, Vault};

/// Writes down what is found.
#[derive(Default)]
pub struct Diary(Mutex<Vec<Finding>>);

impl Observer for Diary {
    fn observe(&self, event: &Event) {
        if let Event::Found(finding) = event {
            self.0.lock().unwrap().push(finding.clone());
        }
    }
}

/// A vault, and a store that is it.
pub struct Opened {
    /// The stand-in.
    pub vault: Vault,
    /// The store, in the layers of its role.
    pub store: Store,
    diary: Arc<Diary>,
    files: TempDir,
}

impl Opened {
    /// An empty vault as a target.
    pub async fn target() -> Self {
        Self::with(Vault::start(), Role::Target, "").await
    }

    /// A vault as it is; `more` is in its table.
    pub async fn with(vault: Vault, role: Role, more: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let secret = files.path().join("secret");
        std::fs::write(&secret, CLIENT_SECRET).unwrap();
        let table = format!("{}\n{more}", table(&vault, &format!("file = {secret:?}")));
        let settings: KeyVaultSettings = read_table(table.parse().unwrap()).unwrap();
        let diary = Arc::new(Diary::default());
        let observer: Arc<dyn Observer> = Arc::clone(&diary) as _;
        let revision_key = MasterKey::random().subkey(Purpose::Revision);
        let opening = Opening { name: "kv".into(), role, revision_key, observer, quotas: Quotas::default() };
        let store = fitted(settings.open(opening).await.unwrap(), role);
        Self { vault, store, diary, files }
    }

    /// The same vault in another role.
    pub async fn again(self, role: Role, more: &str) -> Self {
        drop((self.store, self.files));
        Self::with(self.vault, role, more).await
    }

    /// The codes of all that was found, in order.
    pub fn codes(&self) -> Vec<&'static str> {
        self.diary.0.lock().unwrap().iter().map(|finding| finding.code).collect()
    }

    /// Looks at one key.
    pub async fn stat(&self, key: &RemoteKey) -> Result<Option<Listed>> {
        self.store.stat(std::slice::from_ref(key)).await.remove(0)
    }

    /// The revision of a key that is there.
    pub async fn revision(&self, key: &RemoteKey) -> Revision {
        self.stat(key).await.unwrap().unwrap().revision.unwrap()
    }

    /// The text of a key, if it shows one.
    pub async fn text(&self, key: &RemoteKey) -> Option<String> {
        match self.store.read(std::slice::from_ref(key)).await.remove(0).unwrap()?.content {
            Content::Value(value) => Some(value.expose().to_owned()),
            Content::Nothing | Content::Quarantined(_) => None,
        }
    }

    /// Everything that is listed of variables.
    pub async fn list(&self) -> Vec<Listed> {
        self.store.list(&Scope { kinds: vec![Kind::Variable] }).await.unwrap()
    }

    /// Writes a text under a mark.
    pub async fn write(&self, key: &RemoteKey, text: &str, expect: &Expect) -> Result<Revision> {
        self.store.write(key, &entry(text), expect).await
    }

    /// The ids of a secret's versions, the oldest first.
    pub fn versions(&self, key: &RemoteKey) -> Vec<String> {
        self.vault.with(|azure| {
            let secret = azure.secrets.secret(key.as_str());
            secret.map(|secret| secret.versions.iter().map(|version| version.id.clone()).collect()).unwrap_or_default()
        })
    }
}

/// The table of a store in a vault; `secret` is the reference to the application's.
pub fn table(vault: &Vault, secret: &str) -> String {
    format!(
        "vault-url = {url:?}\nauthority-host = {url:?}\nverify-challenge = false\ntls = {{ ca = {:?} }}\n\
         auth = {{ method = \"client-secret\", tenant-id = {TENANT:?}, client-id = {CLIENT_ID:?}, \
         client-secret = {{ {secret} }} }}\npace = {{ all = 10000, create = 10000 }}",
        vault.certificate,
        url = vault.url,
    )
}

/// The key of a variable under Airflow's default prefix.
pub fn key(id: &str) -> RemoteKey {
    RemoteKey::new(format!("airflow-variables-{id}"))
}

/// The mark of a job.
pub fn mark() -> Mark {
    let name = MarkedName::Whole(SecretName::new(Kind::Variable, "x"));
    Mark { ledger: "ledger".to_owned(), job: "job".to_owned(), name }
}

/// A text to write, with a mark.
pub fn entry(text: &str) -> Entry {
    let token = RequestToken("token".to_owned());
    Entry { kind: Kind::Variable, value: text.into(), mark: Some(mark()), description: None, token }
}
