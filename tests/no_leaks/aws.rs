//! AWS, on its strict stand-in: both stores as source and as target, on good days and bad, the SDK's own logs included.

use std::io::Write;
use std::sync::{Arc, Mutex};

use secretferry::model::{Blind, Family, Kind, MasterKey, Purpose, RemoteKey, Scope};
use secretferry::provider::registry::{KINDS as ALL_KINDS, StoreKind};
use secretferry::provider::{Content, Entry, Expect, Opening, Quotas, RequestToken, Role};
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use crate::fakes::aws::{Aws, REGION, Trouble};
use crate::fakes::fault::Fault;
use crate::fakes::http::{Reply, Request};
use crate::fakes::quota::Quota;
use crate::fakes::server::{Fake, Service};
use crate::ground::Ground;

const KINDS: [&str; 2] = ["aws-secrets-manager", "aws-parameter-store"];

/// A store's table, below a prefix; its credentials are in files.
fn table(name: &str, kind: &str, address: &str, prefix: &str) -> String {
    let slash = if kind == KINDS[0] { "" } else { "/" };
    format!(
        "[stores.{name}]\nkind = \"{kind}\"\nregion = {REGION:?}\nendpoint-url = {address:?}\ntimeout = \"1s\"\n\
         auth = {{ method = \"static\", access-key-id = {{ file = \"key.id\" }}, secret-access-key = {{ file = \"key\" }}, \
         session-token = {{ file = \"session\" }} }}\n\
         pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}\n\
         connections-prefix = \"{slash}{prefix}/c\"\nvariables-prefix = \"{slash}{prefix}/v\"\nconfig-prefix = false\n"
    )
}

/// Files full of canaries, to be carried into a store of this kind, and on into another of the same.
fn files_to(kind: &str, address: &str) -> Ground {
    let mut ground = Ground::new();
    let mut hatch = |name: &str| ground.aviary.hatch(name);
    let connection = json!({
        "conn_type": "http", "host": hatch("host"), "login": hatch("login"), "password": hatch("password"),
        "description": hatch("description"), "extra": json!({"leaf": hatch("extra leaf")}).to_string(),
    });
    let variables: serde_json::Map<_, _> =
        (0..12).map(|number| (format!("v{number:02}"), Value::from(hatch(&format!("variable {number}"))))).collect();
    ground.put("connections.json", &json!({"c": connection}).to_string());
    ground.put("variables.json", &Value::Object(variables).to_string());
    let ledger_key = ground.aviary.hatch_key("ledger key");
    ground.put("ledger.key", &ledger_key);
    for (file, name) in [("key", "secret access key"), ("session", "session token")] {
        let secret = ground.aviary.hatch_plain(name);
        ground.put(file, &secret);
    }
    ground.put("key.id", "AKIAFERRY");
    let config = format!(
        "[ledger]\nurl = \"sqlite://ledger.db\"\nkey = {{ file = \"ledger.key\" }}\n\n[stores.files]\nkind = \"local-files\"\n\
         connections-file = \"connections.json\"\nvariables-file = \"variables.json\"\n\n{}\n{}\n\
         [jobs.there]\nsource = \"files\"\ntarget = \"to\"\n\n[jobs.on]\nsource = \"to\"\ntarget = \"next\"\n",
        table("to", kind, address, "to"),
        table("next", kind, address, "next"),
    );
    ground.put("secretferry.toml", &config);
    ground
}

#[tokio::test]
async fn carried_there_and_on() {
    for kind in KINDS {
        let fake = Aws::start();
        let mut ground = files_to(kind, &fake.address);
        for job in ["there", "on"] {
            let applied = ground.run(&["apply", job, "--yes", "-vvv", "--json"]).await.with_code(0);
            assert_eq!(applied.json()["counts"]["created"], 13, "the control: {applied:?}");
            for talk in [&["-vvv"][..], &["-vvv", "--json"], &[]] {
                for command in [&["plan", job][..], &["apply", job, "--yes"], &["verify", job]] {
                    ground.run(&[command, talk].concat()).await.with_code(0);
                }
            }
        }
        for command in [
            &["check", "-vvv"][..],
            &["check", "--json"],
            &["show", "c"],
            &["show", "v00", "--json"],
            &["airflow-env", "to"],
        ] {
            ground.run(command).await;
        }
        ground.search_files();
    }
}

#[tokio::test]
async fn every_trouble() {
    for kind in KINDS {
        let fake = Aws::start();
        let mut ground = files_to(kind, &fake.address);
        ground.run(&["apply", "there", "--yes", "--json", "-vvv"]).await.with_code(0);
        for fault in Fault::WITHOUT_EFFECT.into_iter().chain(Fault::OF_UNKNOWN_EFFECT) {
            let changed = ground.aviary.hatch(&format!("before {fault:?}"));
            ground.put("variables.json", &json!({"v00": changed, "v01": changed}).to_string());
            for family in [Family::List, Family::Read, Family::Write] {
                fake.fail(family, fault);
            }
            ground.run(&["apply", "there", "--yes", "--json", "-vvv"]).await;
            assert!(fake.faults_waiting() < 21, "the control: some of them came");
        }
        fake.calm();
        ground.run(&["apply", "on", "--yes", "-vvv"]).await.with_code(0);
        ground.run(&["show", "v00"]).await;
        for (number, trouble) in [Trouble::Denied, Trouble::Undecryptable].into_iter().enumerate() {
            fake.with(|aws| {
                aws.secrets.trouble(&format!("to/v/v0{number}"), trouble);
                aws.parameters.trouble(&format!("/to/v/v0{number}"), trouble);
            });
        }
        for command in [&["verify", "on", "--json", "-vvv"][..], &["verify", "there", "-vvv"]] {
            assert_ne!(ground.run(command).await.code, Some(0), "the control: {command:?} meets trouble");
        }
        for key in ["EXPIRED", "UNKNOWN"] {
            ground.put("key.id", key);
            for command in [&["apply", "there", "--yes", "--json", "-vvv"][..], &["check", "-vvv"], &["plan", "on"]] {
                assert_ne!(ground.run(command).await.code, Some(0), "the control: {key}");
            }
        }
        ground.search_files();
    }
}

/// Whoever stands in AWS's place and repeats, as an error, all that it was sent.
struct Echo(&'static str, u16);

impl Service for Echo {
    fn operation(&self, request: &Request) -> String {
        request.header("x-amz-target").to_owned()
    }

    fn family(&self, _operation: &str) -> Family {
        Family::Read
    }

    fn quotas(&self, _operation: &str, _request: &Request) -> Vec<Quota> {
        Vec::new()
    }

    fn answer(&mut self, request: &Request) -> Reply {
        let message = format!("{} {:?}", String::from_utf8_lossy(&request.body), request.headers);
        let body = match self.1 {
            // A listing goes well, so that something is written.
            _ if request.header("x-amz-target").contains("List") => json!({"SecretList": []}),
            _ if request.header("x-amz-target").contains("DescribeParameters") => json!({"Parameters": []}),
            200 => {
                json!({"Name": message, "ARN": message, "VersionId": message, "Version": message, "SecretString": 5})
            }
            _ => json!({"__type": self.0, "message": message, "Message": message}),
        };
        let is_listing = body.get("__type").is_none();
        Reply {
            status: if is_listing { 200 } else { self.1 },
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        }
    }

    fn refusal(&self, _operation: &str, _fault: Fault) -> Reply {
        Reply { status: 500, headers: Vec::new(), body: Vec::new() }
    }

    fn circular(&self, _request: &Request, _reply: &Reply) -> Option<Reply> {
        None
    }
}

#[tokio::test]
async fn a_server_that_echoes() {
    let errors = [
        ("ValidationException", 400),
        ("InvalidParameterException", 400),
        ("AccessDeniedException", 400),
        ("EncryptionFailure", 400),
        ("SomethingNobodyKnows", 418),
        ("", 200),
    ];
    for kind in KINDS {
        for (code, status) in errors {
            let fake = Fake::start(Echo(code, status));
            let mut ground = files_to(kind, &fake.address);
            let applied = ground.run(&["apply", "there", "--yes", "--json", "-vvv"]).await;
            assert_ne!(applied.code, Some(0), "the control: {kind} {code}");
            for command in [&["check", "-vvv"][..], &["show", "c"], &["verify", "there"], &["history", "--json"]] {
                ground.run(command).await;
            }
            ground.search_files();
        }
    }
}

/// What a log holds.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The program caps what libraries log; this is what they would, and it is of no use to a thief either.
#[tokio::test]
async fn the_sdks_own_logs_at_their_most_talkative() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for kind in KINDS {
        let fake = Aws::start();
        let mut ground = files_to(kind, &fake.address);
        let [text, again] = ["text", "text again"].map(|name| ground.aviary.hatch(name));
        let text_of = |name: &str| format!("{{ file = {:?} }}", ground.folder().join(name));
        let lines = table("to", kind, &fake.address, "to");
        let lines = lines.lines().filter(|line| !line.starts_with('[') && !line.starts_with("kind"));
        let lines = lines.collect::<Vec<_>>().join("\n");
        let lines = ["key.id", "key", "session"]
            .into_iter()
            .fold(lines, |lines, name| lines.replace(&format!("{{ file = {name:?} }}"), &text_of(name)));
        let settings = StoreKind::find(ALL_KINDS, kind).unwrap().read(lines.parse().unwrap()).unwrap();
        let revision_key = MasterKey::random().subkey(Purpose::Revision);
        let opening = Opening {
            name: "to".into(),
            role: Role::Target,
            revision_key,
            observer: Arc::new(Blind),
            quotas: Quotas::default(),
        };
        let store = settings.open(opening).await.unwrap();
        let key = RemoteKey::new(if kind == KINDS[0] { "to/v/x" } else { "/to/v/x" });
        let entry = |value: &str| Entry {
            kind: Kind::Variable,
            value: value.into(),
            mark: None,
            description: None,
            token: RequestToken(uuid::Uuid::new_v4().to_string()),
        };
        let written = store.write(&key, &entry(&text), &Expect::Absent).await.unwrap();
        store.write(&key, &entry(&again), &Expect::At(written)).await.unwrap();
        let record = store.read(std::slice::from_ref(&key)).await.remove(0).unwrap().unwrap();
        assert!(matches!(record.content, Content::Value(value) if value == again.as_str().into()));
        store.list(&Scope { kinds: Kind::ALL.to_vec() }).await.unwrap();
        store.check(Role::Target, &Kind::ALL).await;
        for fault in [Fault::Broken, Fault::Torn, Fault::Silent] {
            fake.fail(Family::Write, fault);
            let _ = store.write(&key, &entry(&text), &Expect::Anything).await;
        }
        let said = log.0.lock().unwrap().clone();
        assert!(String::from_utf8_lossy(&said).contains("aws_smithy"), "the control: the SDK was heard");
        let leaks = ground.aviary.seen_in(&said);
        assert!(leaks.is_empty(), "{kind}: the SDK's log shows {leaks:?}");
    }
}
