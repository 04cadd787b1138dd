//! What Key Vault says of a secret by refusing: that there is none, that it is off, deleted, or in between.

use azure_core::error::ErrorKind as Refused;
use azure_core::http::StatusCode;
use serde_json::Value;

/// What a refusal says of the secret that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// There is no such secret, or no such version.
    Missing,
    /// It cannot be read as it is switched off.
    Disabled,
    /// The name belongs to a softly deleted secret.
    Deleted,
    /// It is being deleted or recovered just now.
    Passing,
    /// The name is taken, by what is not said.
    Taken,
}

impl Said {
    /// What an error of the SDK's says; `None` where it is a fault and nothing is learnt of the secret.
    ///
    /// Codes: <https://learn.microsoft.com/azure/key-vault/general/rest-error-codes> and the recordings of Microsoft's SDKs.
    pub fn of(error: &azure_core::Error) -> Option<Self> {
        let Refused::HttpResponse { status, raw_response, .. } = error.kind() else { return None };
        // A proxy's or a gateway's page is no word of the vault's.
        let body: Value = serde_json::from_slice(raw_response.as_ref()?.body().as_ref()).ok()?;
        let body = body.get("error").filter(|inside| inside.is_object()).unwrap_or(&body).as_object()?;
        let code = body.get("code").and_then(Value::as_str).unwrap_or_default();
        let inner = body.get("innererror").and_then(|inner| inner.get("code")?.as_str()).unwrap_or_default();
        match status {
            StatusCode::NotFound if code == "VaultNotFound" => None,
            StatusCode::NotFound => Some(Self::Missing),
            StatusCode::Forbidden if inner == "SecretDisabled" => Some(Self::Disabled),
            StatusCode::Conflict => Some(match inner {
                "ObjectIsDeletedButRecoverable" => Self::Deleted,
                "ObjectIsBeingDeleted" | "ObjectIsBeingRecovered" => Self::Passing,
                _ => Self::Taken,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use azure_core::http::RawResponse;
    use azure_core::http::headers::Headers;

    use super::*;

    fn said(status: u16, body: &str) -> Option<Said> {
        let status = StatusCode::from(status);
        let raw_response = Some(Box::new(RawResponse::from_bytes(status, Headers::new(), body.to_owned())));
        Said::of(&Refused::HttpResponse { status, error_code: None, raw_response }.into_error())
    }

    #[test]
    fn a_refusal_is_a_word_of_the_vaults_own_or_none() {
        let conflict = |inner: &str| {
            format!(r#"{{"error": {{"code": "Conflict", "message": "m", "innererror": {{"code": "{inner}"}}}}}}"#)
        };
        let rows = [
            (404, r#"{"error": {"code": "SecretNotFound", "message": "m"}}"#.to_owned(), Some(Said::Missing)),
            (404, r#"{"code": "NotFound", "innererror": "none"}"#.to_owned(), Some(Said::Missing)),
            (404, r#"{"error": {"code": "VaultNotFound", "message": "m"}}"#.to_owned(), None),
            (404, "<html>no such page</html>".to_owned(), None),
            (404, String::new(), None),
            (
                403,
                r#"{"error": {"code": "Forbidden", "innererror": {"code": "SecretDisabled"}}}"#.to_owned(),
                Some(Said::Disabled),
            ),
            (403, r#"{"error": {"code": "Forbidden", "innererror": {"code": "ForbiddenByRbac"}}}"#.to_owned(), None),
            (409, conflict("ObjectIsDeletedButRecoverable"), Some(Said::Deleted)),
            (409, conflict("ObjectIsBeingDeleted"), Some(Said::Passing)),
            (409, conflict("ObjectIsBeingRecovered"), Some(Said::Passing)),
            (409, r#"{"error": {"code": "Conflict"}}"#.to_owned(), Some(Said::Taken)),
            (500, r#"{"error": {"code": "InternalError"}}"#.to_owned(), None),
        ];
        for (status, body, expected) in rows {
            assert_eq!(said(status, &body), expected, "{status} {body}");
        }
    }
}
