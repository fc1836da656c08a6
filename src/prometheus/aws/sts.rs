//! A role into temporary credentials, by AWS's Security Token Service.
//!
//! Requests and answers are those of the STS API Reference (version 2011-06-15): a form out, XML in. It is always the
//! region's own endpoint that is asked, as today's SDKs do; aws-sdk-go 1 asks the global one for the oldest regions.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Client;
use url::Url;
use url::form_urlencoded::Serializer;

use super::exchange::{self, ExchangeError, Patience};
use super::profile::Role;
use super::resolve::CredentialError;
use crate::prometheus::sigv4::Scope;

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// What CloudTrail shows where no name is set.
const SESSION_NAME: &str = "promql-guard";
/// Seconds, AWS's least, as the peer (`stscreds.DefaultDuration`).
const DURATION: u32 = 900;

const PATIENCE: Patience = Patience {
    tries: 2,
    each: Duration::from_secs(4),
};

/// One region's STS.
pub(super) struct Sts<'a> {
    pub(super) client: &'a Client,
    /// In place of the region's endpoint.
    pub(super) endpoint: Option<&'a str>,
    pub(super) region: &'a str,
}

impl Sts<'_> {
    /// `AssumeRole`, signed with `credentials`.
    pub(super) async fn assume_role(
        &self,
        role: &Role,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<Credentials, CredentialError> {
        let action = "AssumeRole";
        let duration = role.duration.unwrap_or(DURATION).to_string();
        let duration = ("DurationSeconds", duration.as_str());
        let form = match &role.external_id {
            Some(id) => form(action, role, &[duration, ("ExternalId", id)]),
            None => form(action, role, &[duration]),
        };
        self.ask(action, role, form, Some((credentials, now))).await
    }

    /// `AssumeRoleWithWebIdentity`; the token says who asks, so nothing is signed.
    pub(super) async fn assume_role_with_web_identity(
        &self,
        role: &Role,
        token: &str,
    ) -> Result<Credentials, CredentialError> {
        let action = "AssumeRoleWithWebIdentity";
        let form = form(action, role, &[("WebIdentityToken", token.trim_end())]);
        self.ask(action, role, form, None).await
    }

    async fn ask(
        &self,
        action: &'static str,
        role: &Role,
        form: String,
        signer: Option<(&Credentials, SystemTime)>,
    ) -> Result<Credentials, CredentialError> {
        let url = endpoint(self.endpoint, self.region).ok_or(CredentialError::StsEndpoint)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        if let Some((credentials, time)) = signer {
            let scope = Scope {
                credentials,
                service: "sts",
                region: self.region,
                time,
            };
            scope
                .sign(&Method::POST, &url, &mut headers, form.as_bytes())
                .map_err(|source| CredentialError::Sign(source.into()))?;
        }
        let request = self.client.post(url).headers(headers).body(form);
        let answer = exchange::send(request, PATIENCE)
            .await
            .and_then(|answer| read(answer.status, answer.text(EXPECTED)?));
        answer.map_err(|source| CredentialError::Sts {
            action,
            role: role.arn.clone(),
            source,
        })
    }
}

fn endpoint(set: Option<&str>, region: &str) -> Option<Url> {
    let url = match set {
        Some(set) => Url::parse(set),
        None if region.starts_with("cn-") => {
            Url::parse(&format!("https://sts.{region}.amazonaws.com.cn/"))
        }
        None => Url::parse(&format!("https://sts.{region}.amazonaws.com/")),
    };
    url.ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
}

fn form(action: &str, role: &Role, further: &[(&str, &str)]) -> String {
    let session_name = role.session_name.as_deref().unwrap_or(SESSION_NAME);
    Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", &role.arn)
        .append_pair("RoleSessionName", session_name)
        .extend_pairs(further)
        .finish()
}

const EXPECTED: &str =
    "XML with `AccessKeyId`, `SecretAccessKey`, `SessionToken` and a time as `Expiration`";

fn read(status: StatusCode, xml: &str) -> Result<Credentials, ExchangeError> {
    if status != StatusCode::OK {
        let error = element(xml, "Error").unwrap_or_default();
        let code = element(error, "Code").map(unescaped);
        let message = element(error, "Message").map(unescaped);
        return Err(exchange::refused(
            status,
            code.as_deref(),
            message.as_deref(),
        ));
    }
    let whole = || {
        let credentials = element(xml, "Credentials")?;
        let text = |name| element(credentials, name).map(|text| unescaped(text.trim()));
        Some(Credentials::new(
            text("AccessKeyId").filter(|id| !id.is_empty())?,
            text("SecretAccessKey").filter(|key| !key.is_empty())?,
            Some(text("SessionToken")?),
            Some(exchange::instant(&text("Expiration")?)?),
            "sts",
        ))
    };
    whole().ok_or(ExchangeError::Malformed(EXPECTED))
}

/// What stands between `<name>` and `</name>`, the first of them. STS writes neither prefixes nor attributes on these.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once(&format!("</{name}>"))?;
    Some(content)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;

    const ANSWER: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/demo/x</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>S/3+c=</SecretAccessKey>
      <SessionToken>
       T&amp;lt;/+=
      </SessionToken>
      <Expiration>2026-03-04T05:06:07Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
</AssumeRoleResponse>"#;

    fn fails(status: u16, xml: &str) -> String {
        let status = StatusCode::from_u16(status).unwrap();
        read(status, xml).unwrap_err().to_string()
    }

    #[test]
    fn an_answer() {
        let found = read(StatusCode::OK, ANSWER).unwrap();
        assert_eq!(found.access_key_id(), "ASIAEXAMPLE");
        assert_eq!(found.secret_access_key(), "S/3+c=");
        assert_eq!(found.session_token(), Some("T&lt;/+="));
        assert!(found.expiry().is_some());
    }

    #[test]
    fn every_shorter_answer_is_refused() {
        let whole = ANSWER.find("</Credentials>").unwrap();
        for end in 0..whole {
            assert!(read(StatusCode::OK, &ANSWER[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn refusals_tell_the_code() {
        for (status, xml, told) in [
            (
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: &quot;x&quot; may\nnot</Message></Error></ErrorResponse>",
                "refused with HTTP status 403 (AccessDenied: User: \"x\" may not)",
            ),
            (
                403,
                "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>x-amz-security-token:S3CRET</Message></Error></ErrorResponse>",
                "refused with HTTP status 403 (SignatureDoesNotMatch)",
            ),
            (
                403,
                "<Code>AccessDenied</Code>",
                "refused with HTTP status 403",
            ),
            (502, "<html>", "refused with HTTP status 502"),
        ] {
            assert_eq!(fails(status, xml), told);
        }
        assert!(fails(200, "<html>").starts_with("expected XML with"));
    }

    #[test]
    fn endpoints() {
        for (region, set, url) in [
            (
                "eu-west-1",
                None,
                Some("https://sts.eu-west-1.amazonaws.com/"),
            ),
            (
                "cn-north-1",
                None,
                Some("https://sts.cn-north-1.amazonaws.com.cn/"),
            ),
            (
                "eu-west-1",
                Some("https://vpce-1.example"),
                Some("https://vpce-1.example/"),
            ),
            ("eu-west-1", Some("vpce-1.example"), None),
            ("eu-west-1", Some("file:///x"), None),
        ] {
            let found = endpoint(set, region).map(String::from);
            assert_eq!(found.as_deref(), url, "{region} {set:?}");
        }
    }
}
