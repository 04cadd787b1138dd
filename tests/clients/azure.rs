//! Key Vault's stand-in, judged by `azure-keyvault-secrets` and `azure-identity`.

use secretferry::model::Family;

use crate::fakes::azure::{CLIENT_ID, CLIENT_SECRET, EXPIRED_SECRET, IDENTITY_HEADER, TENANT, Vault};
use crate::fakes::fault::{Aim, Fault};
use crate::run;

/// Spoils a stand-in.
type Plant = fn(&Vault);

fn judge(vault: &Vault) -> Result<String, String> {
    let told = [
        ("VAULT_URL", vault.url.as_str()),
        ("VAULT_CA", vault.certificate.to_str().unwrap()),
        ("TENANT", TENANT),
        ("CLIENT_ID", CLIENT_ID),
        ("CLIENT_SECRET", CLIENT_SECRET),
        ("EXPIRED_SECRET", EXPIRED_SECRET),
        ("IDENTITY_ENDPOINT", &vault.identity_endpoint),
        ("IDENTITY_HEADER", IDENTITY_HEADER),
    ];
    run("azure_client.py", &told)
}

#[test]
fn microsofts_clients_find_what_microsoft_documents() {
    let said = judge(&Vault::start()).unwrap_or_else(|failed| panic!("{failed}"));
    assert_eq!(said.lines().count(), 7, "{said}");
}

/// The script must be able to fail: whatever is planted, it finds.
#[test]
fn microsofts_clients_find_what_is_planted() {
    let plants: [(&str, Plant); 4] = [
        ("a vault of another retention", |vault| vault.with(|azure| azure.secrets.place.days = 7)),
        ("listings that lag", |vault| vault.with(|azure| azure.secrets.lag())),
        ("a bin that is never reached", |vault| vault.with(|azure| azure.secrets.deletion = 1e9)),
        ("a write that is lost", |vault| vault.fail_often(Aim::Family(Family::Write), 1, Fault::Lost)),
    ];
    for (what, plant) in plants {
        let vault = Vault::start();
        plant(&vault);
        assert!(judge(&vault).is_err(), "nobody found {what}");
    }
}
