//! What Rust itself would print of a value, in a log line or a failed assertion: nothing.

use std::path::Path;
use std::sync::Arc;

use secretferry::engine::{Carriage, FormChoice, Job, Masked, Overrides, Stores, lens, preview};
use secretferry::model::{
    Blind, Canonical, Connection, ConnectionDialect, Dialect, ErrorKind, Field, Form, Kind, Listed, MasterKey, Names,
    Purpose, Reader, RemoteKey, Scope, Secret, SecretName, SecretValue, TextDialect, judge,
};
use secretferry::naming::{Filter, Mapping};
use secretferry::planner::Policy;
use secretferry::provider::memory::MemoryProvider;
use secretferry::provider::{Content, Entry, Error, Expect, Opening, Quotas, Record, RequestToken, Role, Store};

use crate::canary::Aviary;
use crate::ground::Ground;
use crate::metastore::{FERNET_KEY, Metastore};
use crate::vault::shared;

const VAULT: Dialect = Dialect { connection: ConnectionDialect::VaultMap, text: TextDialect::ValueKey };
const COLUMNS: Dialect = Dialect { connection: ConnectionDialect::Columns, text: TextDialect::Verbatim };

fn shows_nothing(aviary: &Aviary, what: &str, shown: &str) {
    assert!(!shown.is_empty(), "the control: {what} is printed");
    let leaks = aviary.seen_in(shown.as_bytes());
    assert!(leaks.is_empty(), "{what} shows {leaks:?}: {shown}");
}

/// Both ways in which Rust prints it.
macro_rules! printed {
    ($value:expr) => {{
        let value = $value;
        format!("{value:?}\n{value:#?}")
    }};
}

#[test]
fn types_that_hold_a_value() {
    let mut aviary = Aviary::new();
    let text = aviary.hatch("value");
    let value = SecretValue::from(text.as_str());
    let key = RemoteKey::new("variables/v");
    let listed = Listed::live(key.clone());
    let content = Content::Value(value.clone());
    let token = RequestToken("step".to_owned());
    let entry =
        Entry { kind: Kind::Variable, value: value.clone(), mark: None, description: Some(value.clone()), token };
    let master = aviary.hatch_key("master key");
    let master = MasterKey::parse(&master).unwrap();
    let error = Error::new(ErrorKind::Invalid, "write", "store", "HTTP 400").about(&key);
    for (what, shown) in [
        ("SecretValue", printed!(&value)),
        ("Record", printed!(Record { listed, content: content.clone() })),
        ("Content", printed!(content)),
        ("Entry", printed!(entry)),
        ("Expect", printed!(Expect::Holding(value.clone()))),
        ("Secret", printed!(Secret::Text(value.clone()))),
        ("Canonical", printed!(Canonical::of(&Secret::Text(value)))),
        ("Error", printed!(error)),
        ("Subkey", printed!(master.subkey(Purpose::Fingerprint))),
        ("MasterKey", printed!(master)),
    ] {
        shows_nothing(&aviary, what, &shown);
    }
}

#[test]
fn a_connection_on_its_whole_way() {
    let mut aviary = Aviary::new();
    let mut hatch = |name: &str| Some(SecretValue::new(aviary.hatch(name)));
    let (host, login, password) = (hatch("host"), hatch("login"), hatch("password"));
    let leaf = hatch("extra leaf").unwrap();
    let extra = serde_json::json!({ "leaf": leaf.expose() }).to_string();
    let connection = Connection {
        conn_type: Some(SecretValue::from("http")),
        host,
        login,
        password,
        extra: Some(SecretValue::new(extra)),
        ..Connection::default()
    };
    let name = SecretName::new(Kind::Connection, "c");
    let columns = serde_json::json!({
        "conn_type": "http",
        "password": connection.text(Field::Password).unwrap().expose(),
        "extra": connection.text(Field::Extra).unwrap().expose(),
    });
    let stored = SecretValue::new(columns.to_string());
    let seen = COLUMNS.see(Reader::Airflow3, &name, &stored).unwrap();
    assert!(seen.is_some(), "the control: a reader sees it");
    let carriage = Carriage {
        source: COLUMNS,
        target: VAULT,
        form: FormChoice::Only(Form::Fields),
        overrides: Overrides::default(),
        overridden: None,
        readers: Reader::ALL.to_vec(),
        max_value: None,
        empty_values: true,
        double_braces: true,
    };
    let listed = Listed::live(RemoteKey::new("connections/c"));
    let record = Record { listed, content: Content::Value(stored) };
    let ready = carriage.prepare(Names::new(&name, None), Some(&record), Masked::IsPoison);
    let secret = Secret::Connection(connection.clone());
    let judgement = judge(&name, &secret, &VAULT, Form::Fields, &Reader::ALL);
    assert!(judgement.fits(), "the control: it is carried");
    for (what, shown) in [
        ("Value", printed!(connection.value(Field::Password))),
        ("Object", printed!(connection.to_object())),
        ("Connection", printed!(connection)),
        ("Canonical", printed!(Canonical::of(&secret))),
        ("Secret", printed!(secret)),
        ("Seen", printed!(seen)),
        ("Judgement", printed!(judgement)),
        ("Reduced", printed!(ready)),
    ] {
        shows_nothing(&aviary, what, &shown);
    }
}

#[tokio::test]
async fn stores_plans_and_what_is_beside_them() {
    let mut aviary = Aviary::new();
    let (source, target) = (MemoryProvider::new("from"), MemoryProvider::new("to"));
    source.put("variables/v", &aviary.hatch("source"));
    target.put("variables/v", &aviary.hatch("target"));
    let job = Job {
        name: "ferry".to_owned(),
        source: "from".to_owned(),
        target: "to".to_owned(),
        filter: Filter::new(&[Kind::Variable], &["*".to_owned()], &[]).unwrap(),
        mapping: Mapping::default(),
        overrides: Overrides::default(),
        form: None,
        readers: Reader::ALL.to_vec(),
        depth: None,
        deep_compare_every: std::time::Duration::MAX,
        policy: Policy::default(),
        accept: Vec::new(),
        allow_masked: Vec::new(),
        shown: Vec::new(),
    };
    let stores = Stores { source: source as Store, target: target as Store };
    let found = preview(&job, &stores, None, &Blind).await.unwrap();
    assert_eq!(found.plan.steps.len(), 1, "the control: the values were read");
    shows_nothing(&aviary, "Stores", &printed!(&stores));
    shows_nothing(&aviary, "Lens", &printed!(lens(&job, &stores, None)));
    shows_nothing(&aviary, "Preview", &printed!(found));
}

#[tokio::test]
async fn settings_and_opened_stores() {
    let vault = shared().await;
    let mut ground = Ground::new();
    let mount = vault.mount(2).await;
    let token = vault.token_with(&crate::vault::all_of(&mount), serde_json::Value::Null).await;
    ground.aviary.watch("token", token.as_bytes());
    ground.put("token", &token);
    ground.aviary.watch("Fernet key", FERNET_KEY.as_bytes());
    ground.put("fernet.key", FERNET_KEY);
    let metastore = Metastore::make(ground.folder()).await;
    ground.put("metastore.url", &metastore.url());
    let text = ground.aviary.hatch("value");
    metastore.set_variable("v", &text).await;
    ground.put("variables.json", &serde_json::json!({ "v": text }).to_string());
    let config = format!(
        "[stores.files]\nkind = \"local-files\"\nvariables-file = \"variables.json\"\n\
         [stores.metastore]\nkind = \"airflow-metastore\"\nurl = {{ file = \"metastore.url\" }}\n\
         fernet-key = {{ file = \"fernet.key\" }}\n[stores.vault]\nkind = \"vault\"\naddress = {:?}\nmount = {mount:?}\n\
         auth = {{ method = \"token\", token = {{ file = \"token\" }} }}\n",
        vault.address
    );
    let file = ground.folder().join("secretferry.toml");
    let config = secretferry::config::parse(&file, &config).unwrap();
    shows_nothing(&ground.aviary, "LedgerSettings", &printed!(&config.ledger));
    for (name, settings) in &config.stores {
        let opening = Opening {
            name: name.clone(),
            role: Role::Source,
            revision_key: MasterKey::random().subkey(Purpose::Revision),
            observer: Arc::new(Blind),
            quotas: Quotas::default(),
        };
        let store = settings.open(opening).await.unwrap();
        let listed = store.list(&Scope { kinds: vec![Kind::Variable] }).await.unwrap();
        assert_eq!(listed.len(), usize::from(name != "vault"), "{name}");
        let keys: Vec<_> = listed.into_iter().map(|listed| listed.key).collect();
        let read = store.read(&keys).await;
        shows_nothing(&ground.aviary, name, &printed!((settings, store, read)));
    }
}

/// A type that derives `Debug` and holds a bare wiped buffer would print it.
#[test]
fn no_type_derives_its_way_into_a_buffer() {
    let mut faults = Vec::new();
    let mut looked_at = 0;
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut |path, text| {
        looked_at += 1;
        faults.extend(bare_buffers(text).into_iter().map(|name| format!("{}: {name}", path.display())));
    });
    assert!(looked_at > 100 && faults.is_empty(), "{looked_at} files, {faults:?}");
    let planted = "#[derive(Clone, Debug)]\npub struct Leaky {\n    key: Zeroizing<Vec<u8>>,\n}\n";
    assert_eq!(bare_buffers(planted), ["pub struct Leaky {"], "the control");
    assert_eq!(
        bare_buffers("#[derive(Debug)]\npub struct Bare(Zeroizing<String>);\n"),
        ["pub struct Bare(Zeroizing<String>);"]
    );
    assert!(bare_buffers(&planted.replace(", Debug", "")).is_empty());
}

/// The heads of all structs and enums in `text` that derive `Debug` and have a field of `Zeroizing`.
fn bare_buffers(text: &str) -> Vec<&str> {
    let derived = text.split("#[derive(").skip(1).filter(|part| part.split(")]").next().unwrap().contains("Debug"));
    let is_head = |line: &&str| line.contains("struct ") || line.contains("enum ");
    derived
        .filter_map(|part| {
            let head = part.lines().find(is_head)?;
            let end = if head.ends_with(';') { head } else { "\n}" };
            let body = part.split(end).next().unwrap();
            (body.contains("Zeroizing<") || head.contains("Zeroizing<")).then_some(head)
        })
        .collect()
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}
