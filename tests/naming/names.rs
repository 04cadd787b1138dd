//! Names to keys and back, the scope of a job, and what Airflow makes of ids.

use std::collections::HashMap;

use proptest::prelude::*;
use secretferry::model::{ConnectionDialect, Kind, Reader, Reason, RemoteKey, SecretName};
use secretferry::naming::{
    Charset, Filter, Folding, LookupPattern, LookupPatterns, Mount, Place, Remark, Rule, Teams, decode, encode,
    lookups, remarks,
};

use super::{
    bare_connections, connection, metastore, parameter_store, prefixes, secrets_manager, vault, vault_with_teams,
    vault_without_mount,
};

/// The spelling, or the refusal in words.
fn spelled(rule: &Rule, name: &SecretName) -> String {
    match encode(rule, name) {
        Ok(key) => key.to_string(),
        Err(error) => format!("refused: {error}"),
    }
}

fn check(rule: &Rule, name: &SecretName, expected: &str) {
    assert_eq!(spelled(rule, name), expected, "{name:?}");
}

/// Secrets Manager of an Airflow that asks it for `prod_…` alone.
fn only_production() -> Rule {
    let patterns = LookupPatterns { connections: LookupPattern::parse("prod_").ok(), ..LookupPatterns::default() };
    Rule { patterns, ..secrets_manager() }
}

/// The name a key is read as, with its place; `-` for a foreign key.
fn read(rule: &Rule, key: &str) -> String {
    decode(rule, &RemoteKey::new(key))
        .map_or_else(|| "-".to_owned(), |decoded| format!("{} at {}", decoded.name, decoded.place))
}

#[test]
fn ordinary_names_are_spelled_as_airflow_looks_for_them() {
    check(&vault(), &connection("db"), "connections/db");
    check(&vault(), &SecretName::new(Kind::Variable, "a b%#?é"), "variables/a b%#?é");
    check(&vault(), &SecretName::new(Kind::Config, "sql/alchemy"), "config/sql/alchemy");
    check(&vault(), &connection(r"a\b"), r"connections/a\b");
    check(&bare_connections(), &connection("db"), "db");
    check(&vault_without_mount(), &connection("other/c1"), "other/connections/c1");
    check(&vault_without_mount(), &connection("other/a/b"), "other/connections/a/b");
    check(&Rule { connections: prefixes(&["new", "old"]), ..vault() }, &connection("db"), "new/db");
    check(&secrets_manager(), &connection("a/b+c=d@e.f-g_h"), "airflow/connections/a/b+c=d@e.f-g_h");
    check(&Rule { separator: "-".into(), ..secrets_manager() }, &connection("db"), "airflow/connections-db");
    check(&Rule { separator: "".into(), ..secrets_manager() }, &connection("db"), "airflow/connectionsdb");
    check(&parameter_store(), &connection("a/b.c-d_e"), "/airflow/connections/a/b.c-d_e");
    let deep = ["l"; 13].join("/");
    check(&parameter_store(), &connection(&deep), &format!("/airflow/connections/{deep}"));
    check(&parameter_store(), &connection("aws/x"), "/airflow/connections/aws/x");
    let bare = Rule { connections: Place::prefix(""), ..parameter_store() };
    check(&bare, &connection("db"), "/db");
    check(&bare, &connection("a/b"), "/a/b");
    check(&Rule { teams: Teams::Dashes, ..bare }, &connection("db").of_team("red"), "/red--db");
}

#[test]
fn teams_are_spelled_as_the_store_does() {
    let team = connection("db").of_team("red");
    check(&vault_with_teams(), &team, "connections/red/db");
    check(&vault_with_teams(), &connection("a/b").of_team("red"), "connections/red/a/b");
    check(
        &Rule { mount: Mount::FirstSegment, ..vault_with_teams() },
        &connection("m/db").of_team("red"),
        "m/connections/red/db",
    );
    check(&metastore(), &team, "connections@red/db");
    check(&metastore(), &connection("a@b"), "connections/a@b");
    check(&vault_with_teams(), &SecretName::new(Kind::Config, "core/key"), "config/core/key");
    let dashes = Rule { teams: Teams::Dashes, ..secrets_manager() };
    check(&dashes, &team, "airflow/connections/red--db");
    check(&dashes, &connection("r-d"), "airflow/connections/r-d");
}

#[test]
fn what_a_store_cannot_hold_is_refused_with_a_remedy() {
    let rows: &[(Rule, SecretName, &str)] = &[
        (vault(), connection(""), "a connection has an empty id"),
        (metastore(), SecretName::new(Kind::Config, "x"), "configs switched off"),
        (vault(), connection("db").of_team("red"), "for the team alone"),
        (metastore(), connection("db").of_team("a/b"), "would be read as connection b/db (team a)"),
        (vault_without_mount(), connection("db"), "Airflow never finds it"),
        (vault_with_teams(), connection("a/b"), "does not look up an id with `/`"),
        (vault_with_teams(), SecretName::new(Kind::Config, "x").of_team("red"), "for the team alone"),
        (Rule { connections: Place::prefix(""), ..vault_with_teams() }, connection("db").of_team("red"), "segment"),
        (vault(), connection("../x"), "segment"),
        (vault(), connection("a/./b"), "segment"),
        (vault(), connection("a//b"), "segment"),
        (vault(), connection("a/"), "segment"),
        (vault(), connection("a\u{1b}[31m"), "a\\u{1b}[31m\": it holds a control character"),
        (vault(), connection("a\nb"), "control character"),
        (Rule { max_length: Some(14), ..vault() }, connection("abc"), "would have 15 bytes, the store takes 14"),
        (secrets_manager(), connection("my db"), "takes ASCII letters, digits and /_+=.@- in a name, not ' '"),
        (secrets_manager(), connection("ü"), "not 'ü'"),
        (secrets_manager(), connection(&"x".repeat(493)), "would have 513 bytes, the store takes 512"),
        (
            parameter_store(),
            connection("a@b"),
            "Parameter Store takes ASCII letters, digits and _.-/ in a name, not '@'",
        ),
        (parameter_store(), connection("a//b"), "an empty level"),
        (parameter_store(), connection("a/"), "an empty level"),
        (parameter_store(), connection(&["l"; 14].join("/")), "would have 16 levels, Parameter Store takes 15"),
        (Rule { connections: Place::prefix(""), ..parameter_store() }, connection("AWSx"), "begin with `aws`"),
        (Rule { connections: Place::prefix(""), ..parameter_store() }, connection("/db"), "an empty level"),
        (
            Rule { connections: Place::prefix(""), ..parameter_store() },
            connection("airflow/variables/x"),
            "would be read as variable x",
        ),
        (Rule { connections: Place::prefix("/ssm"), ..parameter_store() }, connection("x"), "begin with `ssm`"),
        (Rule { teams: Teams::Dashes, ..secrets_manager() }, connection("a--b"), "does not look up an id with `--`"),
        (
            Rule { teams: Teams::Dashes, ..secrets_manager() },
            SecretName::new(Kind::Config, "a--b"),
            "does not look up an id with `--`",
        ),
        (
            Rule { teams: Teams::Dashes, ..secrets_manager() },
            SecretName::new(Kind::Config, "x").of_team("red"),
            "for the team alone",
        ),
        // Verified with provider 9.39: without a prefix it asks for nobody's key alone.
        (
            Rule { teams: Teams::Dashes, connections: Place::prefix(""), ..secrets_manager() },
            connection("db").of_team("red"),
            "for the team alone",
        ),
        (only_production(), connection("dev_db"), "the lookup pattern `prod_` does not match"),
        (bare_connections(), connection("variables/x"), "would be read as variable x"),
        (
            Rule { variables: Place::prefix("connections"), ..vault() },
            SecretName::new(Kind::Variable, "x"),
            "read as connection x",
        ),
        (Rule { connections: prefixes(&["a", "a/b"]), ..vault() }, connection("b/x"), "would be read as connection x"),
        (
            Rule { charset: Charset::Any, ..bare_connections() },
            connection("variables/"),
            "would be read as no name at all",
        ),
    ];
    for (rule, name, expected) in rows {
        let answer = spelled(rule, name);
        assert!(answer.starts_with("refused: ") && answer.contains(expected), "{name:?}: {answer}");
    }
}

#[test]
fn a_refusal_says_under_which_reason_a_plan_blocks_it() {
    let reason = |name: &SecretName| encode(&vault(), name).map_err(|error| (error.name().clone(), error.reason()));
    let team = connection("db").of_team("red");
    assert_eq!(reason(&team), Err((team.clone(), Reason::TeamUnsupported)));
    assert_eq!(reason(&connection("..")), Err((connection(".."), Reason::IllegalName)));
    let unreachable = encode(&only_production(), &connection("dev")).map_err(|error| error.reason());
    assert_eq!(unreachable, Err(Reason::Unreachable));
}

#[test]
fn keys_are_read_from_every_prefix_and_foreign_ones_from_none() {
    let listed = Rule { connections: prefixes(&["new", "old", "old/er"]), ..vault() };
    assert_eq!(read(&listed, "new/db"), "connection db at 0");
    assert_eq!(read(&listed, "old/db"), "connection db at 1");
    assert_eq!(read(&listed, "old/er/db"), "connection db at 2");
    assert_eq!(read(&listed, "older/db"), "-");
    assert_eq!(read(&vault(), "connections"), "-");
    assert_eq!(read(&vault(), "connections/"), "-");
    assert_eq!(read(&bare_connections(), "connections/x"), "connection connections/x at 0");
    assert_eq!(read(&bare_connections(), "variables/x"), "variable x at 0");
    assert_eq!(read(&vault_with_teams(), "connections/red/db"), "connection db (team red) at 0");
    assert_eq!(read(&Rule { connections: Place::prefix(""), ..vault_with_teams() }, "red/db"), "-");
    assert_eq!(read(&vault_without_mount(), "connections/db"), "-");
    assert_eq!(read(&metastore(), "connections@red/db"), "connection db (team red) at 0");
    assert_eq!(read(&metastore(), "configs/x"), "-");
}

#[test]
fn airflow_looks_under_every_prefix_in_order() {
    let rule = Rule { connections: prefixes(&["new", "old"]), ..vault() };
    let keys = lookups(&rule, &connection("db")).map(|keys| keys.iter().map(RemoteKey::to_string).collect::<Vec<_>>());
    assert_eq!(keys, Ok(vec!["new/db".to_owned(), "old/db".to_owned()]));
    assert!(lookups(&metastore(), &SecretName::new(Kind::Config, "x")).is_err());
}

#[test]
fn ids_that_some_part_of_airflow_does_not_take_are_remarked() {
    let seen = |store, id: &str| remarks(&connection(id), &store, &Reader::ALL);
    let all = |id: &str| seen(ConnectionDialect::VaultMap, id);
    assert_eq!(all("my.db-1"), []);
    assert_eq!(all("a:b"), [Remark::NotManageable]);
    assert_eq!(all("a/b"), [Remark::NoWorkerFallback, Remark::NotManageable]);
    assert_eq!(all("é"), [Remark::IdBecomesNull(Reader::Airflow2)]);
    assert_eq!(all("a..b"), [Remark::NotManageable]);
    assert_eq!(all(&"x".repeat(201)), [Remark::NotManageable]);
    // A worker's class checks nothing; from local files a worker too gets the server's.
    let null = Reader::ALL.map(Remark::IdBecomesNull);
    assert_eq!(all("a b"), [null[0], null[1], Remark::NotManageable]);
    assert_eq!(all(&"x".repeat(251)), [null[0], null[1], Remark::NotManageable]);
    assert_eq!(seen(ConnectionDialect::FileObject, "a b")[..3], null);
    let vault = ConnectionDialect::VaultMap;
    assert_eq!(remarks(&connection("a/b"), &vault, &[Reader::Airflow2]), [Remark::NotManageable]);
    assert_eq!(remarks(&SecretName::new(Kind::Variable, "a b/é"), &vault, &Reader::ALL), []);
    assert!(Remark::IdBecomesNull(Reader::Airflow2).explained().starts_with("airflow-2 "));
}

#[test]
fn a_filter_sees_ids_as_texts_without_segments() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let filter = Filter::new(&[Kind::Connection], &texts(&["*"]), &texts(&["*_default", "x/?"])).expect("good globs");
    let seen = |id: &str| filter.matches(&connection(id));
    assert!(seen("db") && seen("a/b/c") && seen("a\nb") && seen("é") && seen("x/yz"));
    assert!(!seen("aws_default") && !seen("a/b_default") && !seen("x/y"));
    assert!(!filter.matches(&SecretName::new(Kind::Variable, "db")));
    let none = Filter::new(&Kind::ALL, &[], &[]).expect("no globs");
    assert!(!none.matches(&connection("db")));

    let errors = Filter::new(&Kind::ALL, &texts(&["ok", "[a"]), &texts(&["{b"])).expect_err("bad globs");
    assert_eq!(errors.iter().map(|error| error.pattern.as_str()).collect::<Vec<_>>(), ["[a", "{b"]);
    assert!(errors[0].to_string().starts_with("`[a` is no glob: unclosed character class"), "{}", errors[0]);
}

/// Ids out of the pieces that stores trip over.
fn nasty_text() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "b",
        "x",
        "/",
        "//",
        ".",
        "..",
        "@",
        "-",
        "_",
        "%2e",
        "\\",
        " ",
        "\n",
        "\u{0}",
        "\u{7f}",
        "é",
        "ß",
        "\u{202e}",
        "connections",
        "variables",
        "config",
        "connections/",
        "variables/",
        "team",
        "#",
        "?",
        "*",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..6).prop_map(|pieces| pieces.concat())
}

fn any_name() -> impl Strategy<Value = SecretName> {
    let kind = proptest::sample::select(Kind::ALL.to_vec());
    (kind, proptest::option::weighted(0.4, nasty_text()), nasty_text()).prop_map(|(kind, team, id)| SecretName {
        kind,
        team,
        id,
    })
}

fn any_place() -> impl Strategy<Value = Place> {
    let prefix = proptest::sample::select(vec![
        "",
        "connections",
        "variables",
        "a",
        "a/b",
        "connections@team",
        "é",
        "connections/team",
    ]);
    prop_oneof![
        1 => Just(Place::Off),
        8 => proptest::collection::vec(prefix.prop_map(str::to_owned), 1..4).prop_map(Place::Prefixes),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    (
        (any_place(), any_place(), any_place()),
        proptest::sample::select(vec!["/", "-", "--", "_", ""]),
        proptest::sample::select(vec![
            Charset::Any,
            Charset::Path,
            Charset::AwsSecret,
            Charset::AwsParameter,
            Charset::SecretManager,
        ]),
        proptest::option::weighted(0.2, 1_usize..30),
        proptest::sample::select(vec![Teams::Unsupported, Teams::Beside, Teams::Folder, Teams::Dashes]),
        proptest::sample::select(vec![Mount::Fixed, Mount::FirstSegment]),
    )
        .prop_map(|((connections, variables, configs), separator, charset, max_length, teams, mount)| Rule {
            connections,
            variables,
            configs,
            separator: separator.into(),
            charset,
            folding: Folding::None,
            max_length,
            teams,
            mount,
            patterns: LookupPatterns::default(),
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_is_decoded_or_refused(rule in any_rule(), name in any_name()) {
        if let Ok(key) = encode(&rule, &name) {
            prop_assert_eq!(decode(&rule, &key).map(|decoded| decoded.name), Some(name.clone()));
            prop_assert_eq!(lookups(&rule, &name).map(|keys| keys[0].clone()).ok(), Some(key.clone()));
            prop_assert!(rule.max_length.is_none_or(|limit| key.as_str().len() <= limit));
            if rule.charset == Charset::Path {
                prop_assert!(key.as_str().split('/').all(|segment| !matches!(segment, "" | "." | "..")));
            }
        }
    }

    #[test]
    fn what_is_decoded_at_the_first_prefix_is_encoded_the_same(rule in any_rule(), text in nasty_text()) {
        let key = RemoteKey::new(text);
        if let Some(decoded) = decode(&rule, &key) && decoded.place == 0 && let Ok(own) = encode(&rule, &decoded.name) {
            prop_assert_eq!(own, key);
        }
    }

    #[test]
    fn two_names_never_share_a_key(rule in any_rule(), names in proptest::collection::hash_set(any_name(), 2..40)) {
        let mut owners: HashMap<RemoteKey, SecretName> = HashMap::new();
        for name in names {
            if let Ok(key) = encode(&rule, &name) && let Some(other) = owners.insert(key.clone(), name.clone()) {
                prop_assert!(false, "{} and {} share {}", name, other, key);
            }
        }
    }
}
