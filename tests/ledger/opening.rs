//! Opening: what is made, with which rights, and what is refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use secretferry::ledger::{Holder, Ledger, LedgerError, LedgerSettings, LedgerUrl};
use secretferry::model::{MasterKey, MasterKeyError};
use secretferry::reference::{Reference, ReferenceError};

use crate::words::{VAULT, begin, holder};
use crate::world::World;

fn keyed(file: &str) -> LedgerSettings {
    LedgerSettings { key: Some(Reference::File(file.into())), ..LedgerSettings::default() }
}

fn parse(toml: &str) -> LedgerSettings {
    toml::from_str(toml).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_beside_it_is_for_its_owner_alone() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (_lease, _run) = begin(&ledger).await;
    let mut found = Vec::new();
    for entry in fs::read_dir(world.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        found.push(entry.file_name().into_string().unwrap());
    }
    for expected in ["secretferry.db", "secretferry.db-wal", "secretferry.db-shm", "secretferry.db.key"] {
        assert!(found.iter().any(|name| name == expected), "{expected} is not among {found:?}");
    }
    assert_eq!(found.iter().filter(|name| name.ends_with(".lock")).count(), 1, "{found:?}");
    assert_eq!(found.len(), 5, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_same_ledger_when_opened_again() {
    let world = World::new().await;
    let settings = LedgerSettings::default();
    assert!(Ledger::open_existing(&settings, world.folder.path()).await.unwrap().is_none());
    assert_eq!(fs::read_dir(world.folder.path()).unwrap().count(), 0, "looking makes nothing");
    let first = world.open().await;
    let again = Ledger::open_existing(&settings, world.folder.path()).await.unwrap().unwrap();
    assert_eq!(first.id(), again.id());
    assert_eq!(first.key().encode(), again.key().encode());
    assert!(!format!("{first:?}").contains(first.key().encode().as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_that_open_a_new_one_at_once_open_the_same() {
    let world = World::new().await;
    let ledgers = futures::future::join_all((0..8).map(|_| world.open())).await;
    for ledger in &ledgers {
        assert_eq!(ledger.id(), ledgers[0].id());
        assert_eq!(ledger.key().encode(), ledgers[0].key().encode());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_left_empty_by_a_crash_becomes_the_ledger() {
    let world = World::new().await;
    fs::write(world.file("secretferry.db"), "").unwrap();
    begin(&world.open().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_refused() {
    let world = World::new().await;
    let folder = world.folder.path();
    for file in ["mine", "other"] {
        fs::write(world.file(file), MasterKey::random().encode().as_bytes()).unwrap();
    }
    let id = Ledger::open(&keyed("mine"), folder).await.unwrap().id().to_owned();
    assert!(!world.file("secretferry.db.key").exists());
    assert_eq!(Ledger::open(&keyed("mine"), folder).await.unwrap().id(), id);
    let refused = Ledger::open(&keyed("other"), folder).await.unwrap_err();
    let LedgerError::WrongKey { expected, found } = &refused else { unreachable!("{refused}") };
    assert_ne!(expected, found);
    assert!(refused.remedy().is_some());

    // Without the configured key there is none beside it, and none is made up.
    let missing = Ledger::open(&LedgerSettings::default(), folder).await.unwrap_err();
    assert_eq!(missing, LedgerError::KeyMissing(world.file("secretferry.db.key").display().to_string()));
    assert!(!world.file("secretferry.db.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_refused_without_being_shown() {
    let world = World::new().await;
    fs::write(world.file("short"), "hunter2hunter2").unwrap();
    let refused = Ledger::open(&keyed("short"), world.folder.path()).await.unwrap_err();
    assert!(matches!(refused, LedgerError::NotAKey { cause: MasterKeyError, .. }), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    let absent = Ledger::open(&keyed("absent"), world.folder.path()).await.unwrap_err();
    assert!(matches!(absent, LedgerError::Key(ReferenceError::File { .. })), "{absent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_others_may_read_is_refused() {
    let world = World::new().await;
    drop(world.open().await);
    let key = world.file("secretferry.db.key");
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    let refused = Ledger::open(&LedgerSettings::default(), world.folder.path()).await.unwrap_err();
    assert_eq!(refused, LedgerError::KeyExposed(key.display().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_ledger_is_left_as_it_was() {
    let world = World::new().await;
    let file = world.file("secretferry.db");
    for make in [Make::Text, Make::Database] {
        make.at(&world).await;
        let before = fs::read(&file).unwrap();
        let refused = Ledger::open(&LedgerSettings::default(), world.folder.path()).await.unwrap_err();
        assert_eq!(refused, LedgerError::NotALedger);
        assert_eq!(fs::read(&file).unwrap(), before);
        assert!(!world.file("secretferry.db.key").exists());
        fs::remove_file(&file).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_may_lie_elsewhere() {
    let world = World::new().await;
    let settings = parse("url = { file = 'url' }");
    let missing = Ledger::open(&settings, world.folder.path()).await.unwrap_err();
    assert!(matches!(missing, LedgerError::Url(ReferenceError::File { .. })), "{missing}");
    fs::write(world.file("url"), "sqlite://elsewhere.db\n").unwrap();
    Ledger::open(&settings, world.folder.path()).await.unwrap();
    assert!(world.file("elsewhere.db.key").exists());
    fs::write(world.file("url"), "postgres://u:hunter2@127.0.0.1:1/d").unwrap();
    let keyless = Ledger::open(&settings, world.folder.path()).await.unwrap_err();
    assert!(!format!("{keyless} {keyless:?}").contains("hunter2"), "{keyless}");
}

enum Make {
    Text,
    Database,
}

impl Make {
    async fn at(&self, world: &World) {
        fs::write(world.file("secretferry.db"), "").unwrap();
        match self {
            Self::Text => fs::write(world.file("secretferry.db"), "notes, ".repeat(200)).unwrap(),
            Self::Database => world.sql("CREATE TABLE dag (dag_id TEXT)").await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_in_a_file_has_one_daemon_at_a_time() {
    let world = World::new().await;
    let (here, there) = (world.open().await, world.open().await);
    let daemon = Holder { job: "daemon".to_owned(), ..holder() };
    let claim = here.claim_daemon(&daemon).await.unwrap().unwrap();
    let refused = there.claim_daemon(&daemon).await.unwrap_err();
    let said = refused.to_string();
    let expected = "the ledger has a daemon already: job daemon in process 42 on scheduler-0 since 20";
    assert!(said.starts_with(expected) && refused.remedy().is_some(), "{said}");
    begin(&there).await;
    claim.release().await.unwrap();
    assert!(there.claim_daemon(&daemon).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_an_earlier_program_is_brought_up_to_date_with_its_runs() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    drop((lease, ledger));
    let earlier = "DROP TABLE daemons; DROP TABLE standings; DROP TABLE controls; DROP TABLE migrations;
         DROP INDEX runs_of_job; ALTER TABLE leases DROP COLUMN grace; ALTER TABLE runs DROP COLUMN instant;
         PRAGMA user_version = 2";
    world.sql(earlier).await;
    let seen = world.open().await.overview().await.unwrap();
    assert_eq!(seen.runs.values().map(|run| run.id.clone()).collect::<Vec<_>>(), [run]);
    assert!(seen.standings.is_empty(), "no daemon has brought a run to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_a_later_program_is_refused() {
    let world = World::new().await;
    drop(world.open().await);
    world.sql("PRAGMA user_version = 4; INSERT INTO migrations VALUES (4, '9.9.9')").await;
    let refused = Ledger::open(&LedgerSettings::default(), world.folder.path()).await.unwrap_err();
    assert_eq!(refused, LedgerError::Newer { found: 4, known: 3, by: "secretferry 9.9.9".to_owned() });
    assert!(refused.to_string().contains("made by secretferry 9.9.9; this program, secretferry 0."), "{refused}");
    world.sql("DROP TABLE migrations").await;
    let refused = Ledger::open(&LedgerSettings::default(), world.folder.path()).await.unwrap_err();
    assert!(refused.to_string().contains("made by a newer version;"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_not_there_is_named() {
    let world = World::new().await;
    let settings = parse("url = 'sqlite://absent/ledger.db'");
    let refused = Ledger::open(&settings, world.folder.path()).await.unwrap_err();
    let LedgerError::Permission { file, .. } = &refused else { unreachable!("{refused}") };
    assert!(file.ends_with("absent/ledger.db"), "{file}");
    assert!(Ledger::open_existing(&settings, world.folder.path()).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absolute_path_is_taken_as_it_is() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let url = format!("sqlite://{}", elsewhere.file("far.db").display());
    let settings = LedgerSettings { url: LedgerUrl::Text(url), ..LedgerSettings::default() };
    let ledger = Ledger::open(&settings, world.folder.path()).await.unwrap();
    ledger.lease(VAULT, &holder()).await.unwrap();
    assert!(elsewhere.file("far.db.key").exists());
}

#[test]
fn settings_are_checked_without_opening_anything() {
    for (toml, expected) in [
        ("", None),
        ("url = 'sqlite://here.db'\nkey = { env = 'SECRETFERRY_KEY' }", None),
        ("url = { env = 'SECRETFERRY_LEDGER' }", None),
        ("url = 'postgres://user@db/ledger'\nkey = { env = 'SECRETFERRY_KEY' }", None),
        ("url = 'postgres://user@db/ledger'", Some("key")),
        ("url = 'postgres://user:hunter2@db/ledger'\nkey = { env = 'SECRETFERRY_KEY' }", Some("url")),
        ("url = 'postgresql+psycopg2://user@db/ledger'\nkey = { env = 'SECRETFERRY_KEY' }", Some("url")),
        ("url = 'mysql://user:hunter2@db/ledger'", Some("url")),
        ("url = 'sqlite://'", Some("url")),
        ("url = 'sqlite://ledger.db?mode=memory'", Some("url")),
        ("keep = '30d'", None),
    ] {
        let settings = parse(toml);
        let faults = settings.faults();
        assert!(!format!("{settings:?} {faults:?}").contains("hunter2"));
        let settings: Vec<_> = faults
            .iter()
            .map(|fault| match fault {
                LedgerError::Setting { setting, .. } => *setting,
                other => unreachable!("{other}"),
            })
            .collect();
        assert_eq!(settings, expected.into_iter().collect::<Vec<_>>(), "{toml}");
    }
}
