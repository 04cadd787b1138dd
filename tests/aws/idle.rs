//! Ten thousand secrets of which none has changed: the listing's pages are all that AWS is asked for.

use std::collections::BTreeMap;

use serde_json::json;

use crate::fakes::aws::Aws;
use crate::ferry::Ferry;
use crate::shop;

const MANY: usize = 10_000;

/// Carries ten thousand variables from a file, twice; gives what the second run asked for.
fn asked_when_idle(kind: &str, prefix: &str) -> BTreeMap<String, u64> {
    let fake = Aws::start();
    let source = "kind = 'local-files'\nvariables-file = 'variables.json'";
    let stores = [("source", source), ("target", &shop::table(kind, &fake.address, prefix))];
    let ferry = Ferry::new(&stores, &[("job", "source", "target")], "kinds = ['variables']").with_key("any");
    let variables: BTreeMap<String, String> =
        (0..MANY).map(|number| (format!("key_{number:05}"), format!("value {number}"))).collect();
    std::fs::write(ferry.path("variables.json"), json!(variables).to_string()).unwrap();
    let first = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(first["counts"]["created"], MANY, "{:#}", first["counts"]);
    let written: u64 = shop::asked(&fake).values().sum();
    assert!(written >= MANY as u64, "the fake counts: {written}");
    let second = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(second["counts"]["kept"], MANY, "{:#}", second["counts"]);
    shop::asked(&fake)
}

#[test]
fn secrets_manager_is_asked_for_a_hundred_pages() {
    let asked = asked_when_idle("aws-secrets-manager", "airflow");
    assert_eq!(asked, [("secretsmanager.ListSecrets".to_owned(), 100)].into());
}

#[test]
fn parameter_store_is_asked_for_its_pages() {
    let asked = asked_when_idle("aws-parameter-store", "/airflow");
    assert_eq!(asked, [("AmazonSSM.DescribeParameters".to_owned(), 200)].into());
}
