//! The config's file changes under a daemon: as editors, Kubernetes and people in a hurry change it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use secretferry::config::{Config, load};
use secretferry::daemon::reload::{Reload, Watch};
use tokio::time::timeout;

const SOUND: &str = "\
[ledger]
url = 'sqlite://one.db'
[stores.a]
kind = 'local-files'
variables-file = 'a.json'
[stores.b]
kind = 'local-files'
variables-file = 'b.json'
[jobs.j]
source = 'a'
target = 'b'
kinds = ['variables']
";

const EVERY: Duration = Duration::from_millis(20);

fn written(file: &Path, text: &str) -> Config {
    fs::write(file, text).unwrap();
    load(Some(file)).unwrap()
}

fn told(reload: &Reload) -> String {
    match reload {
        Reload::Accepted { changes, .. } => changes.join("; "),
        Reload::Unchanged => "unchanged".to_owned(),
        Reload::Refused(errors) => errors.iter().map(|error| error.sentence() + "; ").collect(),
    }
}

async fn next(watch: &mut Watch, old: &Config) -> Reload {
    timeout(Duration::from_secs(5), watch.changed(old)).await.unwrap_or_else(|_| panic!("nothing was seen"))
}

async fn is_quiet(watch: &mut Watch, old: &Config) -> bool {
    timeout(EVERY * 8, watch.changed(old)).await.is_err()
}

/// Tells how `new` differs from the sound config.
fn changes(new: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = [SOUND, new].map(|text| written(&folder.path().join("c.toml"), text));
    old.changes_to(&new)
}

#[test]
fn what_changed_is_told_by_name_and_never_by_what_stands_there() {
    assert_eq!(changes(SOUND), Vec::<String>::new());
    assert_eq!(changes(&format!("# a word\n{SOUND}")), Vec::<String>::new());
    assert_eq!(changes(&SOUND.replace("'b.json'", "'CANARY.json'")), ["stores.b.variables-file changed"]);
    assert_eq!(changes(&format!("{SOUND}include = ['CANARY']\n")), ["jobs.j.include added"]);
    let moved = SOUND.replace("[jobs.j]", "[jobs.\"k\"]");
    assert_eq!(changes(&moved), ["jobs.j removed", "jobs.k added"], "a table comes and goes as a whole");
    let secret = format!("{SOUND}[notify.n]\nkind = 'slack'\nurl = {{ env = 'PATH' }}\n");
    assert_eq!(changes(&secret), ["notify added"]);
    assert_eq!(changes(&SOUND.replace("one.db", "two.db")), ["ledger.url changed, from the next start on"]);
    assert_eq!(changes(&format!("{SOUND}[daemon]\nlisten = '127.0.0.1:1'\ngrace = '1s'\n")), ["daemon added"]);
}

#[tokio::test]
async fn a_good_config_is_taken_and_what_only_a_start_looks_at_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let old = written(&file, SOUND);
    let mut watch = Watch::begin_every(&old, EVERY);
    assert!(is_quiet(&mut watch, &old).await);
    let text = SOUND.replace("one.db", "two.db") + "exclude = ['x']\n[daemon]\nlisten = '127.0.0.1:1'\ngrace = '1s'\n";
    fs::write(&file, &text).unwrap();
    let Reload::Accepted { config, changes } = next(&mut watch, &old).await else { panic!("it is sound") };
    assert_eq!(changes, ["daemon added", "jobs.j.exclude added", "ledger.url changed, from the next start on"]);
    assert_eq!((config.ledger.clone(), config.daemon.listen), (old.ledger.clone(), old.daemon.listen));
    assert_eq!(config.daemon.grace, Duration::from_secs(1));
    assert!(is_quiet(&mut watch, &config).await, "it is told once");
    // What waits for the next start is named again as long as it waits.
    fs::write(&file, text.replace("'x'", "'y'")).unwrap();
    let again = told(&next(&mut watch, &config).await);
    assert!(again.contains("jobs.j.exclude changed") && again.contains("ledger.url changed, from the next"), "{again}");
}

#[tokio::test]
async fn a_bad_config_is_refused_with_all_its_faults_and_may_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let old = written(&file, SOUND);
    let mut watch = Watch::begin_every(&old, EVERY);
    fs::write(&file, SOUND.replace("'b'\n", "'c'\n").replace("kinds", "kindz")).unwrap();
    let refused = told(&next(&mut watch, &old).await);
    assert!(refused.contains("no store is called \"c\"") && refused.contains("kindz: unknown key"), "{refused}");
    assert!(is_quiet(&mut watch, &old).await, "it is told once");
    fs::write(&file, SOUND).unwrap();
    assert_eq!(told(&next(&mut watch, &old).await), "unchanged");
    fs::remove_file(&file).unwrap();
    let gone = told(&next(&mut watch, &old).await);
    assert!(gone.contains("cannot be read"), "{gone}");
    fs::write(&file, SOUND).unwrap();
    assert_eq!(told(&next(&mut watch, &old).await), "unchanged");
    let missing = format!("{SOUND}[daemon]\ntoken = {{ env = 'SECRETFERRY_TEST_UNSET' }}\n");
    fs::write(&file, missing).unwrap();
    let refused = told(&next(&mut watch, &old).await);
    assert!(refused.contains("daemon.token: the environment variable SECRETFERRY_TEST_UNSET is not set"), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_renamed_or_swapped_by_a_link_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // As Kubernetes mounts a ConfigMap: c.toml -> data/c.toml, data -> v1, and the link `data` is swapped.
    for (name, text) in [("v1", SOUND.to_owned()), ("v2", format!("{SOUND}include = ['x']\n"))] {
        fs::create_dir(path(name)).unwrap();
        fs::write(path(name).join("c.toml"), text).unwrap();
    }
    symlink("v1", path("data")).unwrap();
    symlink("data/c.toml", path("c.toml")).unwrap();
    let old = load(Some(&path("c.toml"))).unwrap();
    let mut watch = Watch::begin_every(&old, EVERY);
    symlink("v2", path("data.new")).unwrap();
    fs::rename(path("data.new"), path("data")).unwrap();
    assert_eq!(told(&next(&mut watch, &old).await), "jobs.j.include added");
    // As an editor writes: another file, moved over it.
    fs::write(path("c.toml~"), format!("{SOUND}exclude = ['x']\n")).unwrap();
    fs::rename(path("c.toml~"), path("c.toml")).unwrap();
    assert_eq!(told(&next(&mut watch, &old).await), "jobs.j.exclude added");
}

#[tokio::test]
async fn who_asks_is_answered_at_once_and_what_changed_before_the_watch_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let old = written(&file, SOUND);
    fs::write(&file, format!("{SOUND}include = ['x']\n")).unwrap();
    let mut watch = Watch::begin_every(&old, Duration::from_secs(3600));
    assert_eq!(told(&watch.reload(&old).await), "jobs.j.include added");
    fs::write(&file, SOUND).unwrap();
    assert_eq!(told(&watch.reload(&old).await), "unchanged");
    fs::write(&file, format!("{SOUND}include = ['y']\n")).unwrap();
    let mut watch = Watch::begin_every(&old, EVERY);
    assert_eq!(told(&next(&mut watch, &old).await), "jobs.j.include added");
}
