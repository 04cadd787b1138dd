//! Where the real servers are, and stores opened over them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use secretferry::model::{Event, Finding, Kind, Listed, MasterKey, Observer, Purpose, RemoteKey, Scope, Severity};
use secretferry::provider::airflow_metastore::MetastoreSettings;
use secretferry::provider::{Content, Opening, Quotas, Result, Role, Store, StoreSettings as _};
use secretferry::reference::Reference;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

/// What `tests/servers/with.sh` tells.
pub fn told(name: &str) -> String {
    let variable = format!("SECRETFERRY_TEST_{name}");
    std::env::var(&variable).unwrap_or_else(|_| unreachable!("{variable} is not set: run `make test`"))
}

/// The superuser's URL with another database, user and password.
pub fn server_url(credentials: &str, database: &str) -> String {
    format!("postgresql://{credentials}@127.0.0.1:{}/{database}", server_port())
}

/// The port of the server.
pub fn server_port() -> u16 {
    let url = told("POSTGRES");
    let port = url.rsplit(':').next().and_then(|tail| tail.split('/').next());
    port.and_then(|port| port.parse().ok()).expect("the URL has a port")
}

/// Runs statements as the superuser.
pub async fn as_superuser(database: &str, statements: &str) {
    let mut connection = PgConnection::connect(&server_url("postgres:postgres", database)).await.expect("a server");
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.expect("good SQL");
    connection.close().await.expect("a server");
}

/// Hears of findings.
#[derive(Default)]
pub struct Findings(pub Mutex<Vec<Finding>>);

impl Observer for Findings {
    fn observe(&self, event: &Event) {
        if let Event::Found(finding) = event {
            self.0.lock().expect("nobody panics with it").push(finding.clone());
        }
    }
}

/// A store and the folder of its secrets.
pub struct Ground {
    folder: TempDir,
    key: MasterKey,
    pub findings: Arc<Findings>,
    pub settings: MetastoreSettings,
}

impl Ground {
    /// A store at `url`, with a list of Fernet keys.
    pub fn new(url: &str, keys: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let reference = |name: &str| Some(Reference::File(folder.path().join(name)));
        let settings =
            MetastoreSettings { url: reference("url"), fernet_key: reference("keys"), ..MetastoreSettings::default() };
        let ground = Self { folder, key: MasterKey::random(), findings: Arc::default(), settings };
        ground.put("url", url);
        ground.put("keys", keys);
        ground
    }

    pub fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder is ours");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn open(&self) -> Store {
        let opening = Opening {
            name: "airflow".to_owned(),
            role: Role::Source,
            revision_key: self.key.subkey(Purpose::Revision),
            observer: self.findings.clone(),
            quotas: Quotas::default(),
        };
        self.settings.open(opening).await.expect("the URL is good")
    }

    pub async fn list(&self) -> Result<Vec<Listed>> {
        self.open().await.list(&Scope { kinds: Kind::ALL.to_vec() }).await
    }

    /// The findings that stop a job.
    pub async fn errors(&self) -> Vec<Finding> {
        let mut findings = self.open().await.check(Role::Source, &Kind::ALL).await;
        findings.retain(|finding| finding.severity == Severity::Error);
        findings
    }
}

/// The keys of a listing.
pub fn names(listed: &[Listed]) -> Vec<&str> {
    listed.iter().map(|listed| listed.key.as_str()).collect()
}

/// What a store holds under a key, or why not.
pub async fn shown(store: &Store, key: &str) -> String {
    let answer = store.read(&[RemoteKey::new(key)]).await.remove(0).expect("an answer");
    match answer.map(|record| record.content) {
        None => "absent".to_owned(),
        Some(Content::Value(value)) => value.expose().to_owned(),
        Some(Content::Nothing) => "nothing".to_owned(),
        Some(Content::Quarantined(why)) => format!("{why:?}"),
    }
}
