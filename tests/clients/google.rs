//! Secret Manager's stand-in, judged by `google-cloud-secret-manager` over REST.

use secretferry::model::Family;

use crate::fakes::fault::{Aim, Fault};
use crate::fakes::google::identity::TOKEN;
use crate::fakes::google::{NUMBER, PROJECT, SecretManager, keys};
use crate::fakes::server::Fake;
use crate::run;

/// Plants something that the script must find.
type Plant = fn(&Fake<SecretManager>);

fn judge(fake: &Fake<SecretManager>) -> Result<String, String> {
    let key = keys::key_file(&fake.address);
    let told = [
        ("ENDPOINT", fake.address.as_str()),
        ("PROJECT", PROJECT),
        ("NUMBER", NUMBER),
        ("TOKEN", TOKEN),
        ("KEY", key.as_str()),
    ];
    run("google_client.py", &told)
}

#[test]
fn googles_client_finds_what_google_documents() {
    let said = judge(&SecretManager::start()).unwrap_or_else(|failed| panic!("{failed}"));
    assert_eq!(said.lines().count(), 10, "{said}");
}

/// The script must be able to fail: whatever is planted, it finds.
#[test]
fn googles_client_finds_what_is_planted() {
    let plant: [(&str, Plant); 4] = [
        ("a secret that is there already", |fake| fake.with(|google| google.secrets.put("life", "x"))),
        ("listings that lag", |fake| fake.with(|google| google.secrets.lag())),
        ("a right that nobody has", |fake| {
            fake.with(|google| google.denied.insert("secretmanager.versions.destroy".to_owned()));
        }),
        ("a write that is lost", |fake| fake.fail_often(Aim::Family(Family::Write), 1, Fault::Lost)),
    ];
    for (what, plant) in plant {
        let fake = SecretManager::start();
        plant(&fake);
        assert!(judge(&fake).is_err(), "nobody found {what}");
    }
}
