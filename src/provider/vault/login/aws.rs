//! AWS IAM: a request to AWS that says who we are, signed by us, and sent by Vault.

use std::time::SystemTime;

use jiff::Timestamp;

use super::Counter;
use super::signature::{Keys, Scope, sign};
use crate::model::SecretValue;
use crate::provider::{Result, SecretPlace};

/// The request that AWS answers with the name of whoever signed it.
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// The region of the one endpoint that has none in its name.
const GLOBAL: &str = "us-east-1";

/// Who we are in AWS, and for which Vault we say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct AwsIam {
    /// The role of Vault; left out, the principal's name.
    pub role: Option<String>,
    /// The region of the STS endpoint.
    pub region: Option<String>,
    /// What the method's `iam_server_id_header_value` says, so that the request is good for this Vault only.
    pub server_id: Option<String>,
    /// The access key's id.
    pub access_key_id: SecretPlace,
    /// Its secret.
    pub secret_access_key: SecretPlace,
    /// The token of a temporary key.
    pub session_token: Option<SecretPlace>,
}

/// A signed request.
pub(super) struct Signed {
    /// The address of AWS.
    pub url: String,
    /// Its form.
    pub body: &'static str,
    /// Its headers, signature included.
    pub headers: Vec<(&'static str, SecretValue)>,
}

impl AwsIam {
    /// The host that Vault will ask.
    pub fn endpoint(&self) -> String {
        match self.region.as_deref() {
            None | Some(GLOBAL) => "sts.amazonaws.com".to_owned(),
            Some(region) if region.starts_with("cn-") => format!("sts.{region}.amazonaws.com.cn"),
            Some(region) => format!("sts.{region}.amazonaws.com"),
        }
    }

    /// Signs the request with the keys as they are now.
    pub(super) fn signed(&self, counter: Counter<'_>) -> Result<Signed> {
        let keys = Keys { id: counter.secret(&self.access_key_id)?, secret: counter.secret(&self.secret_access_key)? };
        let session = self.session_token.as_ref().map(|place| counter.secret(place)).transpose()?;
        Ok(self.signed_at(&keys, session, now()))
    }

    fn signed_at(&self, keys: &Keys, session: Option<SecretValue>, now: Timestamp) -> Signed {
        let moment = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let host = self.endpoint();
        let mut headers = vec![
            ("Content-Type", SecretValue::from(CONTENT_TYPE)),
            ("Host", SecretValue::from(host.as_str())),
            ("X-Amz-Date", SecretValue::from(moment.as_str())),
        ];
        headers.extend(session.map(|token| ("X-Amz-Security-Token", token)));
        headers.extend(self.server_id.as_deref().map(|id| ("X-Vault-AWS-IAM-Server-ID", SecretValue::from(id))));
        let scope = Scope { moment: &moment, region: self.region.as_deref().unwrap_or(GLOBAL), service: "sts" };
        let signature = sign(&headers, BODY, scope, keys);
        headers.push(("Authorization", SecretValue::new(signature)));
        Signed { url: format!("https://{host}/"), body: BODY, headers }
    }
}

fn now() -> Timestamp {
    // A clock before 1970 would be a fault of the machine; AWS refuses the signature then.
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;
    use crate::reference::Reference;

    fn iam(region: Option<&str>, server_id: Option<&str>) -> AwsIam {
        let place = SecretPlace::Reference(Reference::Env("unused".to_owned()));
        AwsIam {
            role: None,
            region: region.map(str::to_owned),
            server_id: server_id.map(str::to_owned),
            access_key_id: place.clone(),
            secret_access_key: place,
            session_token: None,
        }
    }

    /// What botocore 1.44.5 signs.
    #[test]
    fn the_signature_is_the_one_of_awss_own_library() {
        let keys = Keys {
            id: SecretValue::from("AKIDEXAMPLE"),
            secret: SecretValue::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        };
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let rows = [
            (
                iam(None, None),
                None,
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=654c2f9b8e336b65ff3b2f7fc0c1c88d14f6f0efb2ec02ee24d0ea9a1cbd1a40",
            ),
            (
                iam(Some("eu-central-1"), Some("vault.example.com")),
                Some("the/session+token=="),
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-central-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-vault-aws-iam-server-id, \
                 Signature=b3c0c4da32bd6585c6d6614d1658c8cb4fbbf3fbc04fd960fbf6d0849091b16d",
            ),
        ];
        for (iam, session, expected) in rows {
            let signed = iam.signed_at(&keys, session.map(SecretValue::from), now);
            let (name, signature) = signed.headers.last().unwrap();
            assert_eq!((*name, signature.expose()), ("Authorization", expected));
        }
    }

    #[test]
    fn a_region_has_an_endpoint_of_its_own() {
        let rows = [
            (None, "sts.amazonaws.com"),
            (Some("us-east-1"), "sts.amazonaws.com"),
            (Some("eu-west-1"), "sts.eu-west-1.amazonaws.com"),
            (Some("cn-north-1"), "sts.cn-north-1.amazonaws.com.cn"),
        ];
        for (region, expected) in rows {
            assert_eq!(iam(region, None).endpoint(), expected);
        }
    }
}
