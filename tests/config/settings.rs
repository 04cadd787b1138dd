//! Every fault of a table at once, none of them twice, none with a secret.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use secretferry::reference::Reference;
use secretferry::settings::{DurationText, Percent, SettingsFault, known_keys, nearest, read_table, references};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sample {
    address: String,
    token: Reference,
    #[serde(default)]
    mode: Mode,
    wait: Option<DurationText>,
    share: Option<Percent>,
    port: Option<u16>,
    inner: Option<Inner>,
    #[serde(default)]
    items: Vec<Inner>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    free: BTreeMap<String, Inner>,
    auth: Option<Auth>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    #[default]
    Never,
    Owned,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Inner {
    first_name: String,
    second: i64,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
enum Auth {
    Approle { role_id: String },
}

fn told(text: &str) -> Vec<String> {
    let faults = read_table::<Sample>(text.parse().unwrap()).map(drop).unwrap_err();
    let line = |fault: &SettingsFault| match &fault.hint {
        None => format!("{}: {}", fault.path, fault.problem),
        Some(hint) => format!("{}: {} | {hint}", fault.path, fault.problem),
    };
    faults.iter().map(line).collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(told(text), expected, "for:\n{text}");
}

const SOUND: &str = "address = 'a'\ntoken = { env = 'T' }\n";

#[test]
fn reads_a_sound_table() {
    let text = format!(
        "{SOUND}mode = 'owned'\nwait = '15m'\nshare = '20%'\nport = 8200\nfree.'a b' = {{ first-name = 'x', second = 1 }}\n\
         auth = {{ method = 'approle', role-id = 'r' }}\nnames = ['a', 'b']"
    );
    let sample: Sample = read_table(text.parse().unwrap()).unwrap();
    assert_eq!((sample.address.as_str(), sample.mode), ("a", Mode::Owned));
    assert_eq!(sample.token, Reference::Env("T".into()));
    assert_eq!(sample.wait, Some(DurationText(Duration::from_secs(900))));
    assert_eq!(sample.share, Some(Percent(20.0)));
    assert_eq!((sample.port, sample.names.len()), (Some(8200), 2));
    assert_eq!(sample.free["a b"].second, 1);
    let Some(Auth::Approle { role_id }) = sample.auth else { unreachable!("the table has it") };
    assert_eq!(role_id, "r");
    let lists: Sample =
        read_table(format!("{SOUND}items = [{{ first-name = 'x', second = 2 }}]").parse().unwrap()).unwrap();
    assert_eq!((lists.items[0].first_name.as_str(), lists.items[0].second), ("x", 2));
    assert!(lists.inner.is_none());
}

#[test]
fn names_each_fault() {
    let with = |text: &str| format!("{SOUND}{text}");
    check("address = 3\ntoken = { env = 'T' }", &["address: expected a string, found integer 3"]);
    check(&with("port = 70000"), &["port: expected a whole number, 0 or more, found integer 70000"]);
    check(&with("port = -1"), &["port: expected a whole number, 0 or more, found integer -1"]);
    check(&with("inner = ['x', 1]"), &["inner: expected a table, found a list"]);
    check(&with("inner = 2020-01-01"), &["inner: expected a table, found a date"]);
    check(&with("names = ['a', true]"), &["names[1]: expected a string, found true"]);
    check(
        &with("items = [{ first-name = 'x', second = 2 }, { first-name = 'x' }]"),
        &["items[1].second: this key is required"],
    );
    check(
        &with("free.'a b' = { first-name = 'x', second = 1.5 }"),
        &["free.\"a b\".second: expected a whole number, found number 1.5"],
    );
    check(
        &with("wait = '15 minutes'"),
        &["wait: expected a duration such as \"30s\", \"15m\", \"24h\" or \"400d\", found another text"],
    );
    check(&with("share = 120"), &["share: expected a percentage between \"0%\" and \"100%\", found 120"]);
    check(
        &with("mode = 'ownd'"),
        &["mode: expected one of \"never\", \"owned\", found another word | did you mean \"owned\"?"],
    );
    check(
        &with("inner = { first-name = 'x', second = 1, secnd = 2 }"),
        &["inner.secnd: unknown key | did you mean \"second\"?"],
    );
    check(
        &with("inner = { first-name = 'x', second = 1, zzz = 2 }"),
        &["inner.zzz: unknown key | known here: first-name, second"],
    );
    check(
        &with("auth = { method = 'approle', role-id = 'r', rol = 1 }"),
        &["auth.rol: unknown key | known here: role-id"],
    );
}

#[test]
fn names_all_faults_at_once_and_none_that_only_follows() {
    check("", &["address: this key is required", "token: this key is required"]);
    check(
        "adress = 'a'\ntoken = 12\nwait = 'soon'\nitems = [{ first-name = 1 }, 7, { second = 'x' }]\nmode = []\n",
        &[
            "items[0].first-name: expected a string, found integer 1",
            "items[0].second: this key is required",
            "items[1]: expected a table, found integer 7",
            "items[2].second: expected a whole number, found a text",
            "items[2].first-name: this key is required",
            "mode: expected a word, found a list",
            "token: expected a reference: { env = \"NAME\" } or { file = \"path\" }, found an integer",
            "wait: expected a duration such as \"30s\", \"15m\", \"24h\" or \"400d\", found another text",
            "address: this key is required",
            "adress: unknown key | did you mean \"address\"?",
        ],
    );
}

#[test]
fn repeats_no_text_that_may_be_a_secret() {
    for text in [
        "address = 'a'\ntoken = 'CANARY'",
        "address = 'a'\ntoken = ['CANARY']",
        "address = 'a'\ntoken = 4711",
        "address = 'a'\ntoken = 4711.5",
        "address = 'a'\ntoken = { value = 'CANARY' }",
        "address = 'a'\ntoken = { value = 4711 }",
        "address = 'a'\ntoken = { env = 'T' }\nport = 'CANARY'",
        "address = 'a'\ntoken = { env = 'T' }\ntokn = 'CANARY'",
        "address = 'a'\ntoken = { env = 'T' }\ninner = 'CANARY'",
        "address = 'a'\ntoken = { env = 'T' }\nmode = 'CANARY'",
        "address = 'a'\ntoken = { env = 'T' }\nauth = { method = 'approle', role-id = 'r', x = 'CANARY' }",
    ] {
        let told = told(text).join("\n");
        assert!(!told.contains("CANARY") && !told.contains("4711"), "{told}");
    }
    assert!(told("address = 4711").join("\n").contains("4711"), "numbers elsewhere are shown");
}

#[test]
fn lists_the_keys_the_structs_know() {
    let keys = known_keys::<Sample>(format!("{SOUND}inner = {{ first-name = 'x', second = 1 }}").parse().unwrap());
    assert!(keys.contains("wait") && keys.contains("inner.second"));
    assert!(!keys.contains("second"));
}

#[test]
fn lists_the_references() {
    let found = references::<Sample>(format!("{SOUND}names = ['a']").parse().unwrap());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].path.as_str(), found[0].table["env"].as_str()), ("token", Some("T")));
}

#[test]
fn finds_the_nearest_word() {
    assert_eq!(nearest("adress", ["address", "mount"]), Some("address"));
    assert_eq!(nearest("MOUNT", ["address", "mount"]), Some("mount"));
    assert_eq!(nearest("kv", ["address", "mount"]), None);
}

#[test]
fn parses_units() {
    let parsed = |text: &str| DurationText::parse(text).map(|duration| duration.0.as_millis());
    assert_eq!(parsed("200ms"), Some(200));
    assert_eq!(parsed("30s"), Some(30_000));
    assert_eq!(parsed("24h"), Some(86_400_000));
    assert_eq!(parsed("400d"), Some(34_560_000_000));
    for bad in ["", "s", "30", "-1s", "1.5h", "30 s", "30S", "99999999999999999999s", "18446744073709551615d"] {
        assert_eq!(parsed(bad), None, "{bad}");
    }
    assert_eq!(Percent::parse("20%"), Some(Percent(20.0)));
    assert_eq!(Percent::parse("101%"), None);
    assert_eq!(Percent::parse("NaN%"), None);
}
