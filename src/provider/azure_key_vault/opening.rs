//! Opens a vault: session, client, and what the store can do.

use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::checked::check;
use super::client::Client;
use super::entry::{LARGEST, MARKS};
use super::looks::Looks;
use super::session::Session;
use super::settings::KeyVaultSettings;
use super::{BATCH, KIND, KeyVaultProvider};
use crate::model::{Action, Capabilities, Compare, Deletes, Family, Listing, Revisions, Tariff};
use crate::provider::{Opening, Result, Role, Store, StoreInfo, StoreSettings as _};

/// Nothing is documented of a listing that lags. Of a source a name that one listing misses would be deleted in the target: it
/// is asked for by itself, whenever that would be. In a target every change is preceded by a look anyway.
const LAG: Duration = Duration::from_secs(60);
/// What each change takes at the least, the looks before it included: of a name that is not there two, whether it is live and
/// whether it is deleted. A delete and a recovery are waited for, by one look each at least.
const CALLS: &[(Action, Family, u32)] = &[
    (Action::Create, Family::Stat, 2),
    (Action::Create, Family::Write, 1),
    (Action::Update, Family::Stat, 1),
    (Action::Update, Family::Write, 1),
    (Action::Restore, Family::Stat, 3),
    (Action::Restore, Family::Write, 2),
    (Action::Adopt, Family::Stat, 1),
    (Action::Adopt, Family::Write, 1),
    (Action::Delete, Family::Stat, 2),
    (Action::Delete, Family::Delete, 1),
];

/// Opens what `settings` describe.
pub(super) async fn open(settings: &KeyVaultSettings, opening: Opening) -> Result<Store> {
    let checked = check(settings).map_err(|faults| opening.refuse(&faults))?;
    let session = Session::open(&checked.access, &opening).await?;
    let info = StoreInfo {
        name: opening.name.clone(),
        kind: KIND,
        location: checked.access.vault.origin().ascii_serialization(),
        identity: settings.identity(),
    };
    Ok(Arc::new(KeyVaultProvider {
        capabilities: capabilities(&checked.access, opening.role, settings.listing()),
        rule: checked.rule,
        role: opening.role,
        observer: opening.observer,
        content_type: settings.content_type.clone(),
        looks: Looks::default(),
        client: Client::new(&session),
        session,
        info,
    }))
}

fn capabilities(access: &Access, role: Role, listing: Listing) -> Capabilities {
    Capabilities {
        write: true,
        revisions: Revisions::Listing,
        compare: Compare::None,
        deletes: Deletes::Recoverable,
        history: true,
        marks: Some(MARKS),
        read_batch: BATCH,
        width: usize::from(access.bounds.width),
        max_value: Some(LARGEST),
        empty_values: true,
        double_braces: true,
        listing_lag: if role == Role::Source { LAG } else { Duration::ZERO },
        listing,
        tariff: Tariff { calls: CALLS, quotas: access.bounds.quotas.clone() },
    }
}
