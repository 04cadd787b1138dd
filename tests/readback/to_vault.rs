//! Metastores carried to Vault, in every form, and read back.

use crate::airflow::READERS;
use crate::journey::Journey;
use crate::metastore::metastore;
use crate::target::{Mounted, Target};

#[tokio::test]
async fn fields_from_airflow_3_by_a_role_that_may_read_two_tables() {
    let metastore = metastore("3.3.2-postgresql");
    let poor = metastore.as_poor_role().await;
    let target = Target::Vault(Mounted::new("secret", 2).await);
    Journey::begin(&poor, target, metastore.rows(), "fields", &READERS).complete().await;
}
