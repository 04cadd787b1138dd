//! Names in Azure Key Vault, which folds them, and in Google Secret Manager, which does not.

use secretferry::model::{Kind, RemoteKey, SecretName};
use secretferry::naming::{
    Charset, Folding, JobNames, Mapping, Overlap, Place, Rule, Teams, candidates, decode, encode, prefix_overlaps,
    static_conflicts,
};

use super::{connection, vault};

fn key_vault() -> Rule {
    Rule {
        connections: Place::prefix("airflow-connections"),
        variables: Place::prefix("airflow-variables"),
        configs: Place::prefix("airflow-config"),
        separator: "-".into(),
        charset: Charset::KeyVault,
        folding: Folding::KeyVault,
        max_length: Some(127),
        ..vault()
    }
}

fn secret_manager() -> Rule {
    Rule { charset: Charset::SecretManager, folding: Folding::None, max_length: Some(255), ..key_vault() }
}

/// A key vault whose kinds all lie at its root, as in Airflow's own guide.
fn bare() -> Rule {
    let root = || Place::prefix("");
    Rule { connections: root(), variables: root(), configs: Place::Off, ..key_vault() }
}

fn variable(id: &str) -> SecretName {
    SecretName::new(Kind::Variable, id)
}

fn spelled(rule: &Rule, name: &SecretName) -> String {
    encode(rule, name).map_or_else(|error| format!("refused: {error}"), |key| key.to_string())
}

fn read(rule: &Rule, key: &str) -> Option<String> {
    decode(rule, &RemoteKey::new(key)).map(|decoded| decoded.name.to_string())
}

#[test]
fn a_key_vault_is_asked_with_the_separator_for_every_underscore() {
    let rule = key_vault();
    assert_eq!(spelled(&rule, &connection("my_DB")), "airflow-connections-my-DB");
    let rows = [("--", "airflow-connections--a--b"), ("", "airflow-connectionsab")];
    for (separator, expected) in rows {
        let rule = Rule { separator: separator.into(), ..key_vault() };
        assert_eq!(spelled(&rule, &connection("a_b")), expected);
    }
    assert_eq!(spelled(&bare(), &connection("a_b")), "a-b");
    let longest = "x".repeat(107);
    assert_eq!(spelled(&rule, &connection(&longest)), format!("airflow-connections-{longest}"));
    assert!(spelled(&rule, &connection(&format!("{longest}x"))).contains("128 bytes, the store takes 127"));
    for id in ["a.b", "a/b", "a:b", "a b", "é", "../deletedsecrets", "x:destroy"] {
        assert!(spelled(&rule, &connection(id)).contains("Key Vault takes ASCII letters, digits and -"), "{id}");
    }
    let underscore = Rule { separator: "_".into(), ..key_vault() };
    assert!(spelled(&underscore, &connection("a")).contains("not '_'"), "nothing is readable");
}

#[test]
fn twins_have_one_key_in_a_key_vault() {
    let rule = key_vault();
    let folded = |id| encode(&rule, &connection(id)).map(|key| rule.folded(&key));
    for twin in ["my-db", "MY_DB"] {
        assert_eq!(folded(twin), folded("my_db"));
    }
    assert_ne!(folded("mydb"), folded("my_db"));
    let glued = Rule { separator: "".into(), ..key_vault() };
    assert_eq!(encode(&glued, &connection("my_db")), encode(&glued, &connection("mydb")));
}

#[test]
fn a_key_vault_shows_names_in_any_letters() {
    let rule = key_vault();
    assert_eq!(read(&rule, "Airflow-Connections-My-DB").as_deref(), Some("connection My-DB"));
    assert_eq!(read(&rule, "airflow-connections"), None);
    assert_eq!(read(&rule, "other-my-db"), None);
}

#[test]
fn kinds_that_share_a_prefix_are_both_possible() {
    let found = candidates(&bare(), &RemoteKey::new("db"));
    let names: Vec<_> = found.into_iter().map(|decoded| decoded.name).collect();
    assert_eq!(names, [connection("db"), variable("db")]);
    assert_eq!(spelled(&bare(), &variable("db")), "db");
    let kinds = [Kind::Connection, Kind::Variable];
    let overlap =
        |rule: &Rule| prefix_overlaps(rule, &kinds).into_iter().map(|(_, overlap)| overlap).collect::<Vec<_>>();
    assert_eq!(overlap(&bare()), [Overlap::Shared(String::new())]);
    let twins = Rule { connections: Place::prefix("AF"), variables: Place::prefix("af"), ..key_vault() };
    assert_eq!(overlap(&twins), [Overlap::Shared("af".to_owned())], "letters of either case are the same");
    let google = Rule { charset: Charset::SecretManager, folding: Folding::None, ..bare() };
    assert_eq!(overlap(&google), [Overlap::Equal(String::new())]);
    assert_eq!(candidates(&key_vault(), &RemoteKey::new("airflow-variables-db")).len(), 1);
}

#[test]
fn google_keeps_letters_and_underscores_and_the_separator_of_an_empty_prefix() {
    let rule = secret_manager();
    assert_eq!(spelled(&rule, &connection("my_DB-1")), "airflow-connections-my_DB-1");
    let root = Rule { connections: Place::prefix(""), ..secret_manager() };
    assert_eq!(spelled(&root, &connection("db")), "-db");
    assert_eq!(read(&root, "-db").as_deref(), Some("connection db"));
    assert_eq!(read(&root, "db"), None);
    for id in ["a.b", "a/b", "x:access", "a b", "é", "..", "a%2Fb"] {
        assert!(spelled(&rule, &connection(id)).contains("takes ASCII letters, digits, - and _"), "{id}");
    }
}

#[test]
fn teams_stand_before_two_dashes() {
    let team = connection("db_1").of_team("red_one");
    let vault = Rule { teams: Teams::Dashes, ..key_vault() };
    assert_eq!(spelled(&vault, &team), "airflow-connections-red-one--db-1");
    assert!(spelled(&vault, &connection("a__b")).starts_with("refused"), "it reads as a team's");
    let google = Rule { teams: Teams::Dashes, ..secret_manager() };
    assert_eq!(spelled(&google, &team), "airflow-connections-red_one--db_1");
    assert_eq!(spelled(&google, &connection("a__b")), "airflow-connections-a__b");
    assert!(spelled(&google, &variable("a--b")).starts_with("refused"));
    let config = SecretName::new(Kind::Config, "a--b");
    assert_eq!(spelled(&google, &config), "airflow-config-a--b", "configs are nobody's");
    assert!(spelled(&vault, &config).starts_with("refused"));
}

#[test]
fn two_jobs_whose_ids_are_twins_in_a_key_vault_are_found_before_any_call() {
    let (rule, mapping, none) = (key_vault(), Mapping::default(), []);
    let texts = ["my_db", "MY-DB", "mydb"].map(|id| [id.to_owned()]);
    let job = |job: &'static str, include| JobNames {
        job,
        store: "vault",
        identity: "one vault",
        rule: &rule,
        kinds: &[Kind::Connection],
        include,
        exclude: &none,
        mapping: &mapping,
    };
    let found = |one: usize, other: usize| static_conflicts(&[job("a", &texts[one]), job("b", &texts[other])]).len();
    assert_eq!((found(0, 1), found(0, 2), found(1, 2)), (1, 0, 0));
}
