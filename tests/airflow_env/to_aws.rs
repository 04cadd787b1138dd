//! Both of AWS's stores on moto, read by Airflows with exactly what is printed, and found again from it by `init`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::airflow::{all_see_but, none_sees, told};
use crate::moto::{self, Moto};
use crate::program::Program;

const KEYS: &str =
    "auth = { method = 'static', access-key-id = { env = 'ID' }, secret-access-key = { env = 'SECRET' } }";
/// What moto takes for credentials: anything.
const FILLED: [(&str, &str); 2] = [("access key of Airflow", "AKIAAIRFLOW"), ("its secret", "airflow")];
/// No name of AWS's has a blank.
const LEFT_OUT: &str = "js on";

/// The source carried to a store of `kind`; `table` goes on where it is.
fn carried(moto: &Moto, kind: &str, table: &str) -> Program {
    let place = format!("kind = '{kind}'\nregion = '{}'\nendpoint-url = '{}'", moto::REGION, moto.address);
    let mut program = Program::new(&format!("{place}\n{table}"), &format!("exclude = ['{LEFT_OUT}']"));
    for (name, value) in [("ID", "AKIAFERRY"), ("SECRET", "ferry")] {
        program.environment.insert(name.to_owned(), value.to_owned());
    }
    program.run(&["apply", "--yes"], 0);
    program
}

fn all_see(environment: &BTreeMap<String, String>) {
    all_see_but(&json!({"environment": environment}), &[LEFT_OUT]);
}

/// Which actions the printed policy grants on which resources.
fn granted(policy: &str) -> Vec<(String, String)> {
    let policy = serde_json::Deserializer::from_str(policy).into_iter::<Value>().next().unwrap().unwrap();
    let texts = |value: &Value| match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
        value => vec![value.as_str().unwrap().to_owned()],
    };
    let mut granted = Vec::new();
    for statement in policy["Statement"].as_array().unwrap() {
        for action in texts(&statement["Action"]) {
            let resources: Vec<String> = texts(&statement["Resource"]);
            granted.extend(resources.into_iter().map(|resource| (action.clone(), resource)));
        }
    }
    granted
}

#[tokio::test]
async fn secrets_manager_at_airflows_own_prefixes_and_at_others() {
    let moto = Moto::start();
    let program = carried(&moto, "aws-secrets-manager", KEYS);
    let environment = program.variables(&FILLED);
    all_see(&environment);
    let printed = program.report(&["airflow-env", "target"], 0);
    assert_eq!(printed["packages"][0]["requirement"], "apache-airflow-providers-amazon>=9.0.0");
    let arn = |kind: &str| format!("arn:aws:secretsmanager:eu-central-1:123456789012:secret:airflow/{kind}/*");
    let expected = ["config", "connections", "variables"];
    let expected = expected.map(|kind| ("secretsmanager:GetSecretValue".to_owned(), arn(kind)));
    assert_eq!(granted(printed["policy"].as_str().unwrap()), expected, "to read, and nothing else");

    let more = "connections-prefix = '/air.c'\nvariables-prefix = ''\nconfig-prefix = false\nsep = '-'\n\
                extra-conn-words = { login = ['nick'] }";
    let program = carried(&moto, "aws-secrets-manager", &format!("{KEYS}\n{more}"));
    all_see(&program.variables(&FILLED));
    let cfg = program.cfg(&FILLED);
    assert!(cfg.contains("\"sep\":\"-\"") && cfg.contains("\"config_prefix\":null"), "{cfg}");

    // The control: what is not there is not seen.
    moto.reset().await;
    none_sees(&json!({"environment": environment}));
}

#[tokio::test]
async fn parameter_store_at_airflows_own_prefixes_and_at_others() {
    let moto = Moto::start();
    let program = carried(&moto, "aws-parameter-store", KEYS);
    let environment = program.variables(&FILLED);
    all_see(&environment);
    let policy = program.report(&["airflow-env", "target"], 0)["policy"].as_str().unwrap().to_owned();
    let arn = |kind: &str| format!("arn:aws:ssm:eu-central-1:123456789012:parameter/airflow/{kind}/*");
    let expected = ["config", "connections", "variables"].map(|kind| ("ssm:GetParameter".to_owned(), arn(kind)));
    assert_eq!(granted(&policy), expected, "to read, and nothing else");
    let more = "connections-prefix = 'air/c'\nvariables-prefix = ''\nconfig-prefix = false\nkms-key-id = 'alias/air'";
    let program = carried(&moto, "aws-parameter-store", &format!("{KEYS}\n{more}"));
    all_see(&program.variables(&FILLED));
    let policy = program.report(&["airflow-env", "target"], 0)["policy"].as_str().unwrap().to_owned();
    assert!(granted(&policy).iter().any(|(action, _)| action == "kms:Decrypt"), "{policy}");
    moto.reset().await;
    none_sees(&json!({"environment": environment}));
}

#[tokio::test]
async fn a_role_of_airflows_own_with_an_external_id() {
    let moto = Moto::start();
    let auth = "auth = { method = 'static', access-key-id = { env = 'ID' }, secret-access-key = { env = 'SECRET' }, \
                role-arn = 'arn:aws:iam::123456789012:role/ferry', external-id = 'ferry-1' }";
    let program = carried(&moto, "aws-secrets-manager", auth);
    let role =
        [("role of Airflow", "arn:aws:iam::123456789012:role/airflow"), ("external id of that role", "airflow-1")];
    let placeholders = [("ARN of whoever Airflow logs in as first", "x")];
    let filled: Vec<_> = FILLED.into_iter().chain(role).chain(placeholders).collect();
    let mut environment = program.variables(&filled);
    // Airflow asks the real STS for roles, wherever the store is.
    environment.insert("AWS_ENDPOINT_URL_STS".to_owned(), moto.address.clone());
    all_see(&environment);
    let policy = program.report(&["airflow-env", "target"], 0)["policy"].as_str().unwrap().to_owned();
    assert!(policy.contains("sts:AssumeRole") && policy.contains("sts:ExternalId"), "{policy}");
    assert!(!policy.contains("ferry-1"), "Airflow's role has an external id of its own: {policy}");
    let asked = moto.counts().await;
    assert!(asked["sts.AssumeRole"] > 2, "we and every Airflow became somebody else: {asked:?}");
}

#[tokio::test]
async fn a_config_made_of_airflows_own_settings_works() {
    let moto = Moto::start();
    for kind in ["aws-secrets-manager", "aws-parameter-store"] {
        let more = "connections-prefix = '/air/c'\nvariables-prefix = '/air/v'\nconfig-prefix = false";
        let program = carried(&moto, kind, &format!("{KEYS}\n{more}"));
        let metastores = std::fs::read_to_string(format!("{}/metastores.json", told("METASTORES"))).unwrap();
        let metastores: Value = serde_json::from_str(&metastores).unwrap();
        let is_wanted = |one: &&Value| one["name"] == "2.11.2-sqlite";
        let metastore = metastores["metastores"].as_array().unwrap().iter().find(is_wanted).unwrap();
        let (url, key) = (metastore["url"].as_str().unwrap(), metastore["fernet_keys"][0].as_str().unwrap());
        let mut program = program;
        program.environment = program.variables(&FILLED);
        program.environment.insert("AIRFLOW__CORE__FERNET_KEY".to_owned(), key.to_owned());
        program.environment.insert("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN".to_owned(), url.to_owned());
        program.run(&["init", "--from-airflow", "--output", "made.toml"], 0);
        let made = std::fs::read_to_string(program.path("made.toml")).unwrap();
        assert!(made.contains(&format!("kind = \"{kind}\"")) && !made.contains(key), "{made}");
        let found = program.report(&["check", "--config", "made.toml"], 0);
        let stops = |finding: &Value| finding["severity"] == "error";
        assert!(!found["findings"].as_array().unwrap().iter().any(stops), "{found:#}");
        let planned = program.report(&["plan", "--config", "made.toml"], 3);
        assert!(planned.to_string().contains("/air/c/"), "the prefix is the arguments': {planned:#}");
    }
}
