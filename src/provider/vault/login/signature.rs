//! AWS Signature Version 4 of a POST to the root of a host; pure.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::model::{SecretValue, hex};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// An access key.
pub(super) struct Keys {
    /// Its id.
    pub id: SecretValue,
    /// Its secret.
    pub secret: SecretValue,
}

/// When and where a signature holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The moment, as `20260102T030405Z`.
    pub moment: &'a str,
    /// The region.
    pub region: &'a str,
    /// The service.
    pub service: &'a str,
}

impl Scope<'_> {
    fn day(&self) -> &str {
        self.moment.split('T').next().unwrap_or_default()
    }

    fn spelled(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.day(), self.region, self.service)
    }
}

/// Signs a request: the text of its `Authorization` header.
pub(super) fn sign(headers: &[(&'static str, SecretValue)], body: &str, scope: Scope<'_>, keys: &Keys) -> String {
    let mut sorted: Vec<_> = headers.iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    let names: Vec<_> = sorted.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let mut request = Zeroizing::new("POST\n/\n\n".to_owned());
    for (name, value) in &sorted {
        request.push_str(&format!("{name}:{}\n", value.expose().trim()));
    }
    request.push_str(&format!("\n{names}\n{}", hex(&Sha256::digest(body.as_bytes()))));
    let digest = hex(&Sha256::digest(request.as_bytes()));
    let to_sign = format!("{ALGORITHM}\n{}\n{}\n{digest}", scope.moment, scope.spelled());
    let signature = hex(&*keyed(&*signing_key(scope, &keys.secret), &to_sign));
    let credential = format!("{}/{}", keys.id.expose(), scope.spelled());
    format!("{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}")
}

fn signing_key(scope: Scope<'_>, secret: &SecretValue) -> Zeroizing<[u8; 32]> {
    let first = Zeroizing::new(format!("AWS4{}", secret.expose()));
    let mut key = keyed(first.as_bytes(), scope.day());
    for part in [scope.region, scope.service, "aws4_request"] {
        key = keyed(&*key, part);
    }
    key
}

fn keyed(key: &[u8], text: &str) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}
