//! An undo on Secrets Manager, held against what Airflow's own request gives.

use secretferry::model::RemoteKey;
use secretferry::provider::{Expect, Role, Store};
use serde_json::json;

use crate::moto::Moto;
use crate::secrets_manager::open;

#[tokio::test]
async fn an_undo_is_what_airflow_reads_even_where_the_label_is_not_followed() {
    let moto = Moto::without_label();
    let name = "here/variables/back";
    moto.put_secret(name, "earlier").await;
    let (store, _diary, _files) = open(&moto.address, "here", Role::Target, "").await;
    let revision =
        async |store: &Store| store.stat(&[RemoteKey::new(name)]).await.remove(0).unwrap().unwrap().revision.unwrap();
    let earlier = revision(&store).await;
    moto.put_secret(name, "later").await;
    let later = revision(&store).await;
    let restored = store.restore(&RemoteKey::new(name), &earlier, &Expect::At(later)).await.unwrap();
    let read = moto.must("secretsmanager.GetSecretValue", json!({"SecretId": name})).await;
    assert_eq!((&read["SecretString"], &read["VersionId"]), (&json!("earlier"), &json!(restored.as_str())));
    assert_eq!(revision(&store).await, restored);
}
