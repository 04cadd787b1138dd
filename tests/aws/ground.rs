//! What the other tests stand on: moto answers, counts, forgets, and goes with its test.

use serde_json::json;

use crate::moto::{self, Moto};

#[tokio::test]
async fn moto_answers_for_both_services_and_counts_what_it_was_asked() {
    let moto = Moto::start();
    moto.put_secret("airflow/connections/a", "one").await;
    moto.put_secret("airflow/connections/a", "two").await;
    moto.put_parameter("/airflow/variables/a", "three").await;
    let counts = moto.counts().await;
    let told = |operation: &str| counts.get(operation).copied();
    assert_eq!(told("secretsmanager.CreateSecret"), Some(2));
    assert_eq!(told("secretsmanager.PutSecretValue"), Some(1));
    assert_eq!(told("AmazonSSM.PutParameter"), Some(1));
    assert_eq!(counts.len(), 3);
    let secret = moto.must("secretsmanager.GetSecretValue", json!({"SecretId": "airflow/connections/a"})).await;
    assert_eq!(secret["SecretString"], "two");
    let body = json!({"Name": "/airflow/variables/a", "WithDecryption": true});
    assert_eq!(moto.must("AmazonSSM.GetParameter", body).await["Parameter"]["Value"], "three");

    moto.reset().await;
    assert_eq!(moto.must("secretsmanager.ListSecrets", json!({})).await["SecretList"], json!([]));
    assert_eq!(moto.must("AmazonSSM.DescribeParameters", json!({})).await["Parameters"], json!([]));
}

#[tokio::test]
async fn two_motos_are_two_accounts() {
    let (one, other) = (Moto::start(), Moto::start());
    one.put_secret("only/here", "x").await;
    let body = json!({"SecretId": "only/here"});
    assert_eq!(one.ask("secretsmanager.GetSecretValue", body.clone()).await.0, 200);
    assert_ne!(other.ask("secretsmanager.GetSecretValue", body).await.0, 200);
}

#[tokio::test]
async fn the_shared_moto_is_one_for_all() {
    let name = format!("{}/x", moto::unique("prefix"));
    moto::shared().await.put_secret(&name, "x").await;
    moto::shared().await.must("secretsmanager.DescribeSecret", json!({"SecretId": name})).await;
}
