//! Opens a Parameter Store: the way to AWS, and what the settings say the store can do.

use std::sync::Arc;
use std::time::Duration;

use super::client::{BATCH, Client};
use super::settings::ParameterStoreSettings;
use super::{KIND, MARKS, ParameterStoreProvider};
use crate::model::{Action, Capabilities, Compare, Deletes, Family, Revisions, Tariff};
use crate::provider::aws::session::{Service, Session};
use crate::provider::turns::Turns;
use crate::provider::{Opening, Result, Store, StoreInfo, StoreSettings as _};

/// The service, as the SDK's settings name it.
pub(super) const SSM: Service = Service("SSM");
/// How long AWS may take until a listing shows a write: it promises nothing, so as long as Secrets Manager says.
const LAG: Duration = Duration::from_secs(5 * 60);

/// The calls of a change, with the look before it and the one that learns when the new version was made.
const CALLS: &[(Action, Family, u32)] = &[
    (Action::Create, Family::Write, 1),
    (Action::Create, Family::Read, 1),
    (Action::Update, Family::Read, 2),
    (Action::Update, Family::Stat, 3),
    (Action::Update, Family::Write, 1),
    (Action::Adopt, Family::Read, 2),
    (Action::Adopt, Family::Stat, 2),
    (Action::Adopt, Family::Write, 1),
    (Action::Delete, Family::Read, 1),
    (Action::Delete, Family::Stat, 1),
    (Action::Delete, Family::Delete, 1),
];

/// Opens what `settings` describe.
pub(super) async fn open(settings: &ParameterStoreSettings, opening: Opening) -> Result<Store> {
    let access = settings.checked().map_err(|faults| opening.refuse(&faults))?;
    let session = Session::open(&access, SSM, &opening).await?;
    let info = StoreInfo {
        name: opening.name.clone(),
        kind: KIND,
        location: location(&session, settings),
        identity: settings.identity(),
    };
    let tier = settings.tier.unwrap_or_default();
    let capabilities = Capabilities {
        write: true,
        revisions: Revisions::Listing,
        compare: Compare::Create,
        deletes: Deletes::Total,
        history: true,
        marks: Some(MARKS),
        read_batch: BATCH,
        width: usize::from(access.bounds.width),
        max_value: Some(tier.largest()),
        empty_values: false,
        double_braces: false,
        listing_lag: LAG,
        listing: settings.listing(),
        tariff: Tariff { calls: CALLS, quotas: access.bounds.quotas.clone() },
    };
    Ok(Arc::new(ParameterStoreProvider {
        info,
        capabilities,
        rule: settings.rule(),
        role: opening.role,
        client: Client::new(&session),
        session,
        tier,
        kms_key_id: settings.kms_key_id.clone(),
        turns: Turns::new(),
    }))
}

fn location(session: &Session, settings: &ParameterStoreSettings) -> String {
    let rule = settings.rule();
    let prefixes = [&rule.connections, &rule.variables, &rule.configs].map(|place| place.prefixes().first());
    let prefix = prefixes.into_iter().flatten().next().map_or("/", String::as_str);
    let place = session.endpoint.as_deref().unwrap_or("Parameter Store");
    format!("{place} {} {prefix}", session.region)
}
