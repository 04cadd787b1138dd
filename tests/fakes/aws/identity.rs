//! STS, and who asks: credentials that expired, that nobody knows, and roles that may be assumed.

use percent_encoding::percent_decode_str;

use super::super::http::{Reply, Request};
use super::ask::Refused;
use super::{ACCOUNT, REGION};

/// The role that may be assumed.
pub const ROLE: &str = "arn:aws:iam::111122223333:role/ferry";

/// A role that may be assumed by whoever knows [`EXTERNAL_ID`].
pub const CAUTIOUS_ROLE: &str = "arn:aws:iam::111122223333:role/cautious";
/// What the cautious role wants to hear.
pub const EXTERNAL_ID: &str = "ferry-1";

/// Refuses requests that are not signed, for another region, or by credentials that are of no use.
pub fn checked(request: &Request) -> Result<(), Refused> {
    if matches!(action(request).as_str(), "AssumeRoleWithWebIdentity") {
        return Ok(()); // the one that nobody signs
    }
    let signature = request.header("authorization");
    let scope = signature.strip_prefix("AWS4-HMAC-SHA256 Credential=").unwrap_or_default();
    let parts: Vec<&str> = scope.split(',').next().unwrap_or_default().split('/').collect();
    let [key, _, region, service, "aws4_request"] = parts[..] else {
        return Err(Refused::new("MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    match (key, request.header("x-amz-target").is_empty()) {
        ("EXPIRED", false) => {
            Err(Refused::new("ExpiredTokenException", "The security token included in the request is expired"))
        }
        ("EXPIRED", true) => Err(Refused::new("ExpiredToken", "The security token included in the request is expired")),
        ("UNKNOWN", false) => {
            Err(Refused::new("UnrecognizedClientException", "The security token included in the request is invalid."))
        }
        ("UNKNOWN", true) => {
            Err(Refused::new("InvalidClientTokenId", "The security token included in the request is invalid."))
        }
        _ if region != REGION => Err(Refused::new(
            "SignatureDoesNotMatch",
            format!("Credential should be scoped to a valid region, not {region}"),
        )),
        _ if !["secretsmanager", "ssm", "sts"].contains(&service) => {
            Err(Refused::new("SignatureDoesNotMatch", "another service"))
        }
        _ => Ok(()),
    }
}

/// The action of a request in the query protocol.
pub fn action(request: &Request) -> String {
    member(request, "Action")
}

fn member(request: &Request, name: &str) -> String {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let found = body.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    let value = found.map(|(_, value)| value.replace('+', " ")).unwrap_or_default();
    percent_decode_str(&value).decode_utf8_lossy().into_owned()
}

/// Answers for STS.
pub fn answer(request: &Request) -> Reply {
    let action = action(request);
    match action.as_str() {
        "GetCallerIdentity" => {
            let is_role = request.header("authorization").contains("Credential=ASIAFERRY/");
            let who = if is_role { "sts::111122223333:assumed-role/ferry/s" } else { "iam::111122223333:user/ferry" };
            said(&action, &format!("<Arn>arn:aws:{who}</Arn><UserId>AIDAFERRY</UserId><Account>{ACCOUNT}</Account>"))
        }
        "AssumeRole" | "AssumeRoleWithWebIdentity" if is_trusted(request) => {
            let session = member(request, "RoleSessionName");
            said(
                &action,
                &format!(
                    "<Credentials><AccessKeyId>ASIAFERRY</AccessKeyId><SecretAccessKey>assumed</SecretAccessKey>\
                     <SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
                     <AssumedRoleUser><AssumedRoleId>AROAFERRY:{session}</AssumedRoleId>\
                     <Arn>arn:aws:sts::{ACCOUNT}:assumed-role/ferry/{session}</Arn></AssumedRoleUser>"
                ),
            )
        }
        _ => {
            let role = member(request, "RoleArn");
            let user = format!("arn:aws:iam::{ACCOUNT}:user/ferry");
            let message = format!("User: {user} is not authorized to perform: sts:{action} on resource: {role}");
            refused(&Refused { status: 403, code: "AccessDenied", message })
        }
    }
}

fn is_trusted(request: &Request) -> bool {
    match member(request, "RoleArn").as_str() {
        ROLE => true,
        CAUTIOUS_ROLE => member(request, "ExternalId") == EXTERNAL_ID,
        _ => false,
    }
}

fn said(action: &str, result: &str) -> Reply {
    xml(
        200,
        format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
}

/// A refusal as STS spells it.
pub fn refused(refused: &Refused) -> Reply {
    let Refused { status, code, message } = refused;
    xml(
        *status,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    )
}

fn xml(status: u16, text: String) -> Reply {
    Reply { status, headers: vec![("content-type", "text/xml".to_owned())], body: text.into_bytes() }
}
