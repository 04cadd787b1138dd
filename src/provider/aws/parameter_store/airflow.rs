//! What Airflow's `SystemsManagerParameterStoreBackend` must be told to read what lies here.

use super::DIALECT;
use super::opening::SSM;
use super::settings::ParameterStoreSettings;
use crate::provider::aws::airflow::{Reader, tell};
use crate::provider::{AirflowBackend, Opening, StoreSettings as _};

const CLASS: &str = "airflow.providers.amazon.aws.secrets.systems_manager.SystemsManagerParameterStoreBackend";

/// What Airflow must be told; `None` for settings with faults.
pub(super) async fn backend(settings: &ParameterStoreSettings, opening: &Opening) -> Option<AirflowBackend> {
    let access = settings.checked().ok()?;
    let rule = settings.rule();
    let mut backend = AirflowBackend::new(CLASS, DIALECT);
    let reader = Reader {
        service: SSM,
        arn: ("ssm", "parameter/"),
        action: "ssm:GetParameter",
        rule: &rule,
        kms_key: settings.kms_key_id.as_deref(),
    };
    tell(&mut backend, reader, &access, opening).await;
    Some(backend)
}
