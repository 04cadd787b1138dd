//! Who Entra ID takes us for, as the claims of our token tell it. They are looked at, not verified: that is the vault's part.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Somebody that Entra ID knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Principal {
    /// The tenant's id.
    pub tenant: Option<String>,
    /// The id that permissions and roles are given to.
    pub object: Option<String>,
    /// The application's client id.
    pub application: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    tid: Option<String>,
    oid: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
}

impl Principal {
    /// Reads a token; one that is no JWT tells nothing.
    pub fn of(token: &str) -> Self {
        let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims = claims.and_then(|json| serde_json::from_slice::<Claims>(&json).ok());
        let Some(Claims { tid, oid, appid, azp }) = claims else { return Self::default() };
        let plain = |text: Option<String>| text.filter(|text| is_id(text));
        Self { tenant: plain(tid), object: plain(oid), application: plain(appid.or(azp)) }
    }
}

// Whatever else stands there is nothing to print.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = || "unknown";
        let who = match &self.application {
            Some(application) => format!("the application {application}, object"),
            None => "the object".to_owned(),
        };
        let object = self.object.as_deref().unwrap_or_else(unknown);
        write!(f, "{who} {object}, tenant {}", self.tenant.as_deref().unwrap_or_else(unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn tells_ids_and_nothing_else() {
        let principal = Principal::of(&token(r#"{"tid":"t-1","oid":"o-2","appid":"a-3","upn":"somebody@example"}"#));
        assert_eq!(principal.to_string(), "the application a-3, object o-2, tenant t-1");
        let person = Principal::of(&token(r#"{"tid":"t-1","oid":"<b>"}"#));
        assert_eq!(person.to_string(), "the object unknown, tenant t-1");
        for text in ["", "opaque", "a.b.c", "a.bm8ganNvbg.c"] {
            assert_eq!(Principal::of(text), Principal::default(), "{text}");
        }
    }
}
