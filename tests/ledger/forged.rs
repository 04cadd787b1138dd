//! What only the file itself allows or refuses.

use secretferry::ledger::Break;

use crate::chain::seven_rows;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_no_row_of_ours() {
    let world = seven_rows().await;
    world.unlock().await;
    world.sql("UPDATE audit SET name = CAST(x'ff' AS TEXT) WHERE sequence = 5").await;
    let proof = world.open().await.audit_verify().await.unwrap();
    assert_eq!(proof.broken, Some(Break::Changed(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_changes_of_the_log() {
    let world = seven_rows().await;
    let mut raw = world.raw().await;
    for change in ["UPDATE audit SET result = 'kept'", "DELETE FROM audit"] {
        let refused = sqlx::raw_sql(change).execute(&mut raw).await.unwrap_err();
        assert!(refused.to_string().contains("audit rows are never"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rows_under_another_key_prove_nothing() {
    let (world, other) = (seven_rows().await, seven_rows().await);
    world.unlock().await;
    let mut raw = world.raw().await;
    sqlx::query("ATTACH $1 AS other")
        .bind(other.file("secretferry.db").to_str().unwrap())
        .execute(&mut raw)
        .await
        .unwrap();
    let swap = "DELETE FROM audit; INSERT INTO audit SELECT * FROM other.audit;";
    sqlx::raw_sql(swap).execute(&mut raw).await.unwrap();
    assert_eq!(world.open().await.audit_verify().await.unwrap().broken, Some(Break::Changed(1)));
}
