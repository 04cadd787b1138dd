//! Bad configs and the exact words they are refused with.

use std::path::Path;

use secretferry::config::{Config, parse, parse_with};
use secretferry::model::{Kind, SecretName};
use secretferry::settings::TablePath;

use super::stub::KINDS;

pub const SOUND: &str = "\
[stores.a]
kind = 'rows'
url = { file = 'url.txt' }
[stores.b]
kind = 'chest'
address = 'https://b'
token = { env = 'SECRETFERRY_TEST_UNSET' }
folder = 'data'
";

pub fn read(text: &str) -> Result<Config, String> {
    parse_with(KINDS, Path::new("etc/secretferry.toml"), text)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

pub fn check(text: &str, expected: &str) {
    let told = read(text).unwrap_err().replace("etc/secretferry.toml: ", "");
    assert_eq!(told, expected, "for:\n{text}");
}

fn check_job(job: &str, expected: &str) {
    check(&format!("{SOUND}[jobs.j]\nsource = 'a'\ntarget = 'b'\n{job}"), expected);
}

#[test]
fn takes_a_sound_config() {
    let config = read(&format!("\u{feff}{SOUND}[jobs.j]\nsource = 'a'\ntargets = ['b']\n")).unwrap();
    assert_eq!(config.stores.keys().collect::<Vec<_>>(), ["a", "b"]);
    let job = config.job(None).unwrap();
    assert_eq!((job.name.as_str(), job.source.as_str(), job.targets[0].as_str()), ("j", "a", "b"));
    assert_eq!(job.policy, secretferry::planner::Policy::default());
    assert_eq!(job.readers, secretferry::model::Reader::ALL);
    assert!(config.stores["b"].identity().contains("etc/data"), "relative to the file");
    assert_eq!(config.digest.len(), 64);
    assert_eq!(config.ledger, secretferry::ledger::LedgerSettings::default());
}

#[test]
fn names_what_lies_behind_no_reference() {
    let unset = "{ env = 'SECRETFERRY_TEST_UNSET' }";
    let config = read(&format!("[ledger]\nkey = {unset}\nurl = {unset}\n{SOUND}")).unwrap();
    let missing: Vec<_> =
        config.missing_references().iter().map(|missing| format!("{}: {}", missing.path, missing.problem)).collect();
    assert_eq!(missing[0], "ledger.key: the environment variable SECRETFERRY_TEST_UNSET is not set");
    assert_eq!(missing[1], "ledger.url: the environment variable SECRETFERRY_TEST_UNSET is not set");
    assert!(missing[2].starts_with("stores.a.url: the file etc/url.txt cannot be read"), "{}", missing[2]);
    assert_eq!(missing[3], "stores.b.token: the environment variable SECRETFERRY_TEST_UNSET is not set");
    assert_eq!(missing.len(), 4);
}

#[test]
fn names_the_file() {
    let error = read("[job.x]").unwrap_err();
    assert_eq!(error, "etc/secretferry.toml: job: unknown key\n  did you mean \"jobs\"?");
}

#[test]
fn names_line_and_column_of_a_syntax_error_but_not_the_line() {
    check("a = 1\nb == 2", "line 2, column 4: extra `=`, expected nothing");
    for text in ["[stores.a]\ntoken = CANARY", "token = 'CANARY", "token = \"CANARY\\q\"", "x = { y = CANARY"] {
        let told = read(text).unwrap_err();
        assert!(told.contains("line ") && !told.contains("CANARY"), "{told}");
    }
    check("[stores.a]\n[stores.a]", "line 2, column 9: duplicate key");
}

#[test]
fn gives_all_faults_at_once_in_the_order_of_the_file() {
    check(
        "[jobs.j]\nsource = 'aa'\ntarget = 'x'\nkind = []\n[jobs.j.policy]\nmax-shrink = '200%'\n\
         [stores.b]\nkind = 'chest'\naddress = 3\ntoken = 'CANARY'\nverfy = true\n[daemon]\nlistn = 'x'\n[stores.a]\nkind = 'row'\n\
         [ledger]\nkeep = 3\nkey = 'CANARY'\n",
        "jobs.j.source: no store is called \"aa\"
  did you mean \"a\"?
jobs.j.target: no store is called \"x\"
  did you mean \"a\"?
jobs.j.kind: unknown key
  did you mean \"kinds\"?
jobs.j.policy.max-shrink: expected a percentage between \"0%\" and \"100%\", found another text
stores.b.address: expected a string, found integer 3
stores.b.token: a secret must not stand in the config as text; expected a reference: { env = \"NAME\" } or { file = \"path\" }
stores.b.verfy: unknown key
  did you mean \"verify\"?
daemon.listn: unknown key
  did you mean \"listen\"?
stores.a.kind: no kind of store is called \"row\"
  did you mean \"rows\"?
ledger.keep: expected a duration such as \"30s\", \"15m\", \"24h\" or \"400d\", found integer 3
ledger.key: a secret must not stand in the config as text; expected a reference: { env = \"NAME\" } or { file = \"path\" }",
    );
}

#[test]
fn refuses_stores_it_cannot_use() {
    check("[stores.x]", "stores.x.kind: this key is required\n  one of: rows, chest, azure-key-vault, vault");
    check("[stores.x]\nkind = 'azure-key-vault'", "stores.x.kind: the kind \"azure-key-vault\" is not built yet");
    check(
        "[stores.x]\nkind = 'vault'",
        "stores.x.kind: this program was built without the kind \"vault\"\n  build it with the feature vault",
    );
    check("[stores.x]\nkind = 'sftp'", "stores.x.kind: no kind of store is called \"sftp\"\n  known here: rows, chest");
    check("[stores.x]\nkind = 'chest'\naddress = 'http://x'", "stores.x.address: plain http\n  write https://");
    check("[stores]\nx = 1", "stores.x: expected a table");
    check("stores = 1", "stores: expected a table");
    check(
        "[stores.'a b']\nkind = 'chest'\naddress = 'https://x'",
        "stores.\"a b\": a name may hold letters, digits, `-`, `_` and `.` only",
    );
}

#[test]
fn refuses_jobs_that_cannot_work() {
    check_job("kinds = ['configs']", "jobs.j.kinds: a (rows) holds no configs");
    check_job("include = ['[']", "jobs.j.include[0]: \"[\" is no glob: unclosed character class; missing ']'");
    check_job("kinds = []\nreaders = []", "jobs.j.kinds: expected at least one\njobs.j.readers: expected at least one");
    check_job(
        "readers = ['airflow-4']",
        "jobs.j.readers[0]: expected one of \"airflow-2\", \"airflow-3\", \"airflow-3-worker\", found another word\n  \
         did you mean \"airflow-2\"?",
    );
    check(&format!("{SOUND}[jobs.j]\nsource = 'a'\ntargets = []"), "jobs.j.targets: expected at least one");
    check(&format!("{SOUND}[jobs.j]\nsource = 'a'\ntargets = ['b', 'b']"), "jobs.j.targets[1]: b is there twice");
    check(
        &format!("{SOUND}[jobs.j]\nsource = 'b'\ntargets = ['a', 'b']"),
        "jobs.j.targets[0]: a is of the kind rows: a source only\njobs.j.targets[1]: this is the source too",
    );
    check_job("targets = ['b']", "jobs.j.targets: target is given too; write one of the two");
    check(
        &format!("{SOUND}[jobs.j]\nsource = 'b'\ntarget = 'a'"),
        "jobs.j.target: a is of the kind rows: a source only",
    );
    check(&format!("{SOUND}[jobs.j]\nsource = 'b'\ntarget = 'b'"), "jobs.j.target: this is the source too");
    check(&format!("{SOUND}[jobs.j]\nsource = 'b'"), "jobs.j.target: this key is required");
    check(
        &format!("{SOUND}[jobs.a]\nsource = 'a'\ntarget = 'b'"),
        "jobs.a: a store has this name too\n  give the job another name",
    );
    check(
        &format!(
            "{SOUND}[stores.c]\nkind = 'chest'\naddress = 'https://b'\nfolder = 'data'\ntoken = {{ env = 'X' }}\n[jobs.j]\nsource = 'b'\ntarget = 'c'"
        ),
        "jobs.j.target: b and c are the same place",
    );
    check_job("policy.absent-for = 0", "jobs.j.policy.absent-for: expected a whole number, 1 or more, found integer 0");
    check_job("policy.max-deletes = 3", "jobs.j.policy.max-deletes: expected a table, found integer 3");
    check_job(
        "policy = { drift = 'revert', deletes = 'own' }",
        "jobs.j.policy.drift: expected one of \"block\", \"keep\", \"restore\", found another word\n\
         jobs.j.policy.deletes: expected one of \"never\", \"owned\", found another word",
    );
}

#[test]
fn refuses_names_that_cannot_be_given() {
    check_job("template = 'x'", "jobs.j.template: {id} is missing, so all keys would get one name");
    check_job(
        "template = '{id}-{team}'",
        "jobs.j.template: the placeholder {team} means nothing; there are {id} and {kind} (connection, variable or config)",
    );
    check_job(
        "template = 'x{id}'\nadd-prefix = 'y'",
        "jobs.j.template: add-prefix is given too; write one of the two\n  a template can begin with it: \"y{id}\"",
    );
    check_job(
        "rename = { a = 'x', b = 'x', 'variables/c' = 'y', 'connections/d' = 'y' }",
        "jobs.j.rename.b: \"a\" and \"b\" would both become \"x\"\n  give one of them another name",
    );
    check_job(
        "rename = { 'configs/a' = 'x', '' = 'y', z = '', b = 'connections/b' }",
        "jobs.j.rename.\"configs/a\": the job carries no configs\n  add them to its kinds, or drop the entry\n\
         jobs.j.rename.\"\": an id is empty\n  write it as { \"old\" = \"new\" }\n\
         jobs.j.rename.z: an id is empty\n  write it as { \"old\" = \"new\" }\n\
         jobs.j.rename.b: \"connections/b\" names a kind; a key keeps its kind\n  write the new id alone",
    );
    let job = "rename = { a = 'x' }\nstrip-prefix = 'db_'\nadd-prefix = 'prod-'";
    let config = read(&format!("{SOUND}[jobs.j]\nsource = 'a'\ntarget = 'b'\n{job}")).unwrap();
    let named = |id| config.jobs["j"].mapping.target(&SecretName::new(Kind::Variable, id)).id;
    assert_eq!([named("a"), named("db_b"), named("c")], ["x", "prod-b", "prod-c"]);
}

#[test]
fn refuses_a_new_name_that_the_target_cannot_hold() {
    let stores = "[stores.a]\nkind = 'local-files'\nvariables-file = 'v.json'\n\
                  [stores.b]\nkind = 'vault'\naddress = 'https://b'\nauth = { method = 'token', token = { env = 'T' } }\n";
    let job =
        "[jobs.j]\nsource = 'a'\ntarget = 'b'\nkinds = ['variables']\nrename = { a = 'x/../y', 'variables/b' = 'x/y' }";
    let errors = parse(Path::new("f"), &format!("{stores}{job}")).unwrap_err();
    let told = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let expected = "f: jobs.j.rename.a: variable x/../y: `variables/x/../y` has an empty, `.` or `..` segment, \
                    which HTTP clients drop; rename it";
    assert_eq!(told, expected);
}

#[test]
fn refuses_overrides_that_set_nothing_or_hold_a_secret() {
    let reference = "expected a reference: { env = \"NAME\" } or { file = \"path\" }";
    let literal = format!("a secret must not stand in the config as text; {reference}");
    check_job(
        "override = { 'db_*' = { password = 'CANARY' } }",
        &format!("jobs.j.override.\"db_*\".password: {literal}"),
    );
    check_job("override = { x = { value = 'CANARY' } }", &format!("jobs.j.override.x.value: {literal}"));
    check_job(
        "override = { x = { extra = { Api_Token = 'CANARY', deep = { secret = ['CANARY'] }, sslmode = 'require', \
         private_key = { env = 'KEY' } } } }",
        &format!("jobs.j.override.x.extra.Api_Token: {literal}\njobs.j.override.x.extra.deep: {literal}"),
    );
    check_job(
        "override = { 'x' = { hsot = 'a' }, '[' = { host = 'a' }, 'configs/y' = { host = 'a' } }",
        "jobs.j.override.x.hsot: unknown key\n  did you mean \"host\"?",
    );
    check_job(
        "override = { '[' = { host = 'a' }, 'configs/y' = { value = { env = 'X' } }, 'variables/z' = { host = 'a' }, \
         'connections/z' = { value = { env = 'X' } }, both = { host = 'a', value = { env = 'X' } }, none = {}, \
         port = { port = '1' } }",
        "jobs.j.override.port.port: expected a whole number, found a text",
    );
    check_job(
        "override = { '[' = { host = 'a' }, 'configs/y' = { value = { env = 'X' } }, 'variables/z' = { host = 'a' }, \
         'connections/z' = { value = { env = 'X' } }, both = { host = 'a', value = { env = 'X' } }, none = {}, \
         host = { host = 1, extra = { when = inf } } }",
        "jobs.j.override.\"[\": `[` is no glob: unclosed character class; missing ']'\n\
         jobs.j.override.\"configs/y\": the job carries no configs\n  add them to its kinds, or drop the entry\n\
         jobs.j.override.\"variables/z\": variables and configs have a value, not fields\n  \
         write { value = { env = \"NAME\" } }\n\
         jobs.j.override.\"connections/z\": a connection has fields, not a value\n  write { host = \"…\" } or another field\n\
         jobs.j.override.both: a secret has fields or a value, not both\n  write two entries\n\
         jobs.j.override.none: it sets nothing\n  write { host = \"…\" }, or drop the entry\n\
         jobs.j.override.host.host: expected a text, or a reference: { env = \"NAME\" } or { file = \"path\" }\n\
         jobs.j.override.host.extra.when: JSON knows no such value",
    );
}

#[test]
fn overrides_read_their_secrets_when_a_job_begins() {
    let text = "override = { 'db_*' = { host = 'h', password = { env = 'SECRETFERRY_TEST_UNSET' }, \
                extra = { timeout = 30, key = { file = 'k' } } } }";
    let config = read(&format!("{SOUND}[jobs.j]\nsource = 'a'\ntarget = 'b'\n{text}")).unwrap();
    let job = TablePath::default().key("jobs").key("j");
    let errors = config.jobs["j"].overrides.resolved(&job).unwrap_err();
    let told: Vec<_> = errors.iter().map(|(path, error)| format!("{path}: {error}")).collect();
    assert_eq!(
        told[0],
        "jobs.j.override.\"db_*\".password: the environment variable SECRETFERRY_TEST_UNSET is not set"
    );
    assert!(told[1].starts_with("jobs.j.override.\"db_*\".extra.key: the file etc/k cannot be read"), "{told:?}");
    let missing: Vec<_> = config.missing_references().into_iter().filter(|missing| missing.is_of_job("j")).collect();
    assert_eq!(missing.iter().map(|missing| &missing.path).collect::<Vec<_>>(), [&errors[0].0, &errors[1].0]);
}

#[test]
fn refuses_ledgers_it_cannot_open() {
    let reference = "{ env = \"NAME\" } or { file = \"path\" }";
    check(
        "[ledger]\nurl = 'postgres://u:CANARY@h/d'\nkey = { env = 'KEY' }",
        &format!("ledger.url: a password must not stand in the config as text; let {reference} hold the whole URL"),
    );
    check(
        "[ledger]\nurl = 'postgres://u@h/d'",
        &format!("ledger.key: a ledger on PostgreSQL needs one that all who share it are given: {reference}"),
    );
    check(
        "[ledger]\nurl = { env = 'URL', file = 'CANARY' }",
        &format!("ledger.url: expected a reference, {reference}, or a URL without a password"),
    );
    check("[ledger]\nurl = 'mysql://h/d'", "ledger.url: expected sqlite://path or postgres://user@host/database");
    check("[ledger]\ntls = { cs = 'ca.pem' }", "ledger.tls.cs: unknown key\n  did you mean \"ca\"?");
}

#[test]
fn refuses_two_jobs_on_one_key() {
    let two = |rest: &str| {
        format!("{SOUND}[jobs.j]\nsource = 'a'\ntarget = 'b'\n[jobs.k]\nsource = 'a'\ntarget = 'b'\n{rest}")
    };
    let told = read(&two("include = ['db_*']")).unwrap_err();
    assert!(told.starts_with("etc/secretferry.toml: jobs.k: jobs j (to b) and k (to b) may both write `db_"), "{told}");
    let apart = two("kinds = ['configs']").replacen(
        "source = 'a'\ntarget = 'b'\nkinds",
        "source = 'b'\ntarget = 'c'\nkinds",
        1,
    );
    assert!(read(&format!("{apart}\n[stores.c]\nkind = 'chest'\naddress = 'https://c'")).unwrap().warnings.is_empty());
}

#[test]
fn finds_a_job_by_name_or_because_it_is_the_only_one() {
    let config = read(&format!(
        "{SOUND}[jobs.one]\nsource = 'a'\ntarget = 'b'\nkinds = ['connections']\n\
             [jobs.two]\nsource = 'a'\ntarget = 'b'\nkinds = ['variables']"
    ))
    .unwrap();
    assert_eq!(config.job(Some("one")).unwrap().name, "one");
    assert_eq!(
        config.job(Some("on")).unwrap_err().to_string(),
        "etc/secretferry.toml: jobs: no job is called \"on\"\n  did you mean \"one\"?"
    );
    assert_eq!(
        config.job(None).unwrap_err().to_string(),
        "etc/secretferry.toml: jobs: the config has 2 jobs; name one\n  one of: one, two"
    );
    assert!(read(SOUND).unwrap().job(None).is_err());
}

#[test]
fn a_receiver_of_notices_is_refused_with_words() {
    let with = |table: &str| format!("{SOUND}[notify.n]\n{table}");
    check(&with("url = { env = 'U' }"), "notify.n.kind: this key is required\n  one of: slack, json, command");
    check(&with("kind = 'slak'"), "notify.n.kind: expected a word known here\n  did you mean \"slack\"?");
    check(
        &with("kind = 'slack'\nurl = 'https://hooks.example.com/CANARY'"),
        "notify.n.url: a secret must not stand in the config as text; expected a reference: { env = \"NAME\" } or { file = \"path\" }",
    );
    check(
        &with("kind = 'json'\nurl = { env = 'U' }\non = ['blocked', 'drft']\njobs = ['a[']\ntimeout = '0s'"),
        "notify.n.on[1]: expected one of \"run-failed\", \"blocked\", \"quarantined\", \"guard\", \"drift\", \"token-expires\", \"recovered\", found another word\n  did you mean \"drift\"?",
    );
    check(
        &with("kind = 'json'\nurl = { env = 'U' }\njobs = ['a[']\ntimeout = '0s'"),
        "notify.n.jobs[0]: unclosed character class; missing ']'\n  write a glob such as \"prod-*\"\n\
         notify.n.timeout: expected more than nothing and at most \"5m\"\n  write \"10s\"",
    );
    check(
        &with("kind = 'command'\ncommand = ['tell', 'x']"),
        "notify.n.command: the first of these is no absolute path\n  write the program's whole path first, such as \
         [\"/usr/local/bin/tell\", \"--loud\"]; no shell is involved",
    );
    check(
        &with("kind = 'command'\ncommand = []"),
        "notify.n.command: the first of these is no absolute path\n  write the program's whole path first, such as \
         [\"/usr/local/bin/tell\", \"--loud\"]; no shell is involved",
    );
}
