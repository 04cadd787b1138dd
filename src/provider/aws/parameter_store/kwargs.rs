//! The `backend_kwargs` of Airflow's `SystemsManagerParameterStoreBackend`: what they say of a store, where its own keys do not.

use std::path::Path;

use super::settings::ParameterStoreSettings;
use crate::provider::Filling;
use crate::provider::aws::kwargs::{Fields, HasOwnLogin, end, place};

/// Fills in what `backend-kwargs` say and the store's own keys do not.
pub(super) fn complete(settings: &mut ParameterStoreSettings, folder: &Path) {
    let Some(given) = settings.backend_kwargs.clone() else { return };
    let mut filling = match Filling::begin(&given, folder) {
        Ok(filling) => filling,
        Err(refused) => {
            settings.kwargs = refused;
            return;
        }
    };
    let fields = Fields {
        region: &mut settings.region,
        endpoint_url: &mut settings.endpoint_url,
        tls: &mut settings.tls,
        prefixes: [&mut settings.connections_prefix, &mut settings.variables_prefix, &mut settings.config_prefix],
        patterns: [
            &mut settings.connections_lookup_pattern,
            &mut settings.variables_lookup_pattern,
            &mut settings.config_lookup_pattern,
        ],
    };
    place(&mut filling, fields);
    let has_own = if settings.auth.is_some() { HasOwnLogin::Yes } else { HasOwnLogin::No };
    settings.kwargs = end(filling, has_own);
}
