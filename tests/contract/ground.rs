//! What the suite stands on: an empty store, and somebody beside us who can change the place behind its back.

use std::collections::BTreeMap;

use async_trait::async_trait;
use secretferry::model::{
    Capabilities, ConnectionDialect, Family, Kind, Listed, Mark, MarkedName, Reader, RemoteKey, Revision, Revisions,
    Scope, SecretName, SecretValue, State, TextDialect, has_double_braces,
};
use secretferry::naming::Folding;
use secretferry::provider::layer::fitted;
use secretferry::provider::{Content, Entry, Expect, Record, RequestToken, Result, Role, Store};

use crate::fakes::fault::Fault;

/// Where stores of one kind come from.
#[async_trait]
pub trait Ground: Send + Sync {
    /// What is tested, for the report.
    fn name(&self) -> String;

    /// Makes an empty store that nobody else uses.
    async fn empty(&self) -> Site;
}

/// What somebody beside us can do. `None` means that nobody can here; the cases that need it are then skipped.
#[async_trait]
pub trait World: Send + Sync {
    /// Refuses us the value of a key from now on.
    async fn deny(&self, _key: &RemoteKey) -> Option<()> {
        None
    }

    /// Adds a tag (metadata) of somebody else's.
    async fn tag(&self, _key: &RemoteKey, _name: &str, _value: &str) -> Option<()> {
        None
    }

    /// The tags of a key.
    async fn tags(&self, _key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        None
    }

    /// Puts a key into a state.
    async fn set_state(&self, _key: &RemoteKey, _state: State) -> Option<()> {
        None
    }

    /// Lets the next call of a family fail without effect.
    async fn fail_next(&self, _family: Family) -> Option<()> {
        None
    }

    /// Lets the answer to the next call of a family get lost after it took effect.
    async fn lose_next(&self, _family: Family) -> Option<()> {
        None
    }

    /// Lets the next request of a family go wrong in this way, once.
    async fn cause(&self, _family: Family, _fault: Fault) -> Option<()> {
        None
    }

    /// Makes the value of a key impossible to decrypt, for everybody.
    async fn seal(&self, _key: &RemoteKey) -> Option<()> {
        None
    }

    /// Lets listings show what there is now, whatever happens from now on.
    async fn lag(&self) -> Option<()> {
        None
    }
}

/// A world in which nobody else is.
#[cfg(any(feature = "environment", feature = "local-files", feature = "real-servers"))]
pub struct Alone;

#[cfg(any(feature = "environment", feature = "local-files", feature = "real-servers"))]
impl World for Alone {}

/// One empty store, as a job would use it as its target.
pub struct Site {
    /// The store, in the layers of a target.
    pub store: Store,
    /// Who else is there.
    pub world: Box<dyn World>,
    /// What must live as long as the store: a temporary folder, say.
    _keep: Option<Box<dyn Send + Sync>>,
}

impl Site {
    /// Wraps a freshly opened store.
    pub fn new(store: Store, world: impl World + 'static) -> Self {
        Self::without_layers(fitted(store, Role::Target), world)
    }

    /// Takes a store as it is.
    pub fn without_layers(store: Store, world: impl World + 'static) -> Self {
        Self { store, world: Box::new(world), _keep: None }
    }

    /// Keeps something as long as the site.
    #[cfg(any(feature = "environment", feature = "local-files", feature = "real-servers"))]
    pub fn keeping(mut self, thing: impl Send + Sync + 'static) -> Self {
        self._keep = Some(Box::new(thing));
        self
    }

    /// What the store can do.
    pub fn can(&self) -> &Capabilities {
        self.store.capabilities()
    }

    /// The key of a variable.
    pub fn key(&self, id: &str) -> RemoteKey {
        self.key_of(Kind::Variable, id)
    }

    /// The key of a name of any kind.
    pub fn key_of(&self, kind: Kind, id: &str) -> RemoteKey {
        let rule = self.store.rule();
        let prefix = rule.place(kind).prefixes().first().map_or("", String::as_str);
        // An underscore is what a name spelled by rule may lose; letters keep their case, so that twins meet.
        let id = if rule.folding == Folding::KeyVault { rule.spell(id) } else { id.into() };
        RemoteKey::new(format!("{}{id}", rule.head(prefix)))
    }

    /// A variable's text as this store spells it.
    pub fn text(&self, plain: &str) -> SecretValue {
        let quoted = serde_json::Value::from(plain);
        match self.store.dialect().text {
            TextDialect::Verbatim | TextDialect::FileLine | TextDialect::Variable | TextDialect::VariableLine => {
                plain.into()
            }
            TextDialect::ValueKey => SecretValue::new(serde_json::json!({ "value": quoted }).to_string()),
            TextDialect::JsonValue | TextDialect::ExportValue => SecretValue::new(quoted.to_string()),
        }
    }

    /// Tells whether this store's spelling has a way to say a variable's text.
    pub fn carries(&self, plain: &str) -> bool {
        let name = SecretName::new(Kind::Variable, "x");
        if has_double_braces(plain) && !self.can().double_braces {
            return false;
        }
        self.store.dialect().see(Reader::Airflow3, &name, &self.text(plain)).is_ok()
    }

    /// A connection's text as this store spells it.
    pub fn connection_text(&self) -> SecretValue {
        match self.store.dialect().connection {
            ConnectionDialect::FileUri => "http://example.org".into(),
            _ => r#"{"conn_type": "http", "host": "example.org"}"#.into(),
        }
    }

    /// An entry for a variable.
    pub fn entry(&self, plain: &str) -> Entry {
        entry(Kind::Variable, self.text(plain))
    }

    /// Writes a variable whatever is there.
    pub async fn put(&self, key: &RemoteKey, plain: &str) -> Result<Revision> {
        self.store.write(key, &self.entry(plain), &Expect::Anything).await
    }

    /// Reads one key.
    pub async fn read(&self, key: &RemoteKey) -> Result<Option<Record>> {
        self.store.read(std::slice::from_ref(key)).await.pop().unwrap()
    }

    /// Looks at one key.
    pub async fn stat(&self, key: &RemoteKey) -> Result<Option<Listed>> {
        self.store.stat(std::slice::from_ref(key)).await.pop().unwrap()
    }

    /// Lists every kind.
    pub async fn list(&self) -> Result<Vec<Listed>> {
        self.store.list(&Scope { kinds: Kind::ALL.to_vec() }).await
    }

    /// Tells whether a key holds a variable's text: the same bytes, or for maps the same map.
    pub async fn holds(&self, key: &RemoteKey, plain: &str) -> Result<bool> {
        let Some(Record { content: Content::Value(found), .. }) = self.read(key).await? else { return Ok(false) };
        let expected = self.text(plain);
        if expected == plain.into() {
            return Ok(found == expected);
        }
        let parsed = |text: &SecretValue| serde_json::from_str::<serde_json::Value>(text.expose()).unwrap();
        Ok(parsed(&found) == parsed(&expected))
    }

    /// The strongest expectation this store has for a key that is as it is now.
    pub async fn as_it_is(&self, key: &RemoteKey) -> Result<Expect> {
        let Some(record) = self.read(key).await? else { return Ok(Expect::Absent) };
        if self.can().revisions != Revisions::None {
            let revision = self.stat(key).await?.and_then(|listed| listed.revision);
            return Ok(revision.map_or(Expect::Anything, Expect::At));
        }
        match record.content {
            Content::Value(value) => Ok(Expect::Holding(value)),
            Content::Nothing | Content::Quarantined(_) => Ok(Expect::Anything),
        }
    }
}

/// An entry without a mark.
pub fn entry(kind: Kind, value: SecretValue) -> Entry {
    let token = RequestToken(uuid::Uuid::new_v4().to_string());
    Entry { kind, value, mark: None, description: None, token }
}

/// A mark of ours for a variable.
pub fn mark(id: &str) -> Mark {
    let name = MarkedName::Whole(SecretName::new(Kind::Variable, id));
    Mark { ledger: "11111111-2222-3333-4444-555555555555".into(), job: "contract".into(), name }
}
