//! A request to Amazon Managed Prometheus into one with AWS's Signature Version 4 on it.
//!
//! What is signed is what the built-in provider's round tripper signs (`prometheus/common/sigv4` 0.1.0 over
//! aws-sdk-go 1.55.8, service `aps`): method, path, query, the body's SHA-256, and of the headers `host`, `content-type`,
//! `x-amz-date` and `x-amz-security-token`. There is no `x-amz-content-sha256`: only S3 and Glacier want it. The
//! template's own headers are put on afterwards and are not signed, as there: a proxy may change them, and one named
//! `Authorization` wins over the signature.
//!
//! Two differences. Where `region` is left to the environment, that round tripper signs for the region "" and AWS refuses
//! it; here the caller passes the region that [`super::aws::CredentialChain::region`] found. And there an
//! `idempotency-key` is signed that is never sent (client_golang sets it to no value); here it is neither.
//!
//! Not here: where the credentials come from ([`super::aws`]), and the policy's word on which hosts may be signed for.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::{Position, Url};

/// The service name in the signature's scope (`sigv4.go`, `RoundTrip`).
const SERVICE: &str = "aps";

/// `authentication.sigv4`: who signs, and for which region.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct SigV4 {
    /// The region of the workspace; without it the environment's or the profile's.
    pub region: Option<String>,
    /// The profile of the shared AWS files whose credentials sign; it goes before credentials in the environment.
    pub profile: Option<String>,
    /// The role to assume with the credentials found; its credentials then sign.
    pub role_arn: Option<String>,
}

impl SigV4 {
    /// Whether nothing is set: such a block signs nothing (`prometheus.go`, `NewPrometheusAPI`).
    pub fn is_empty(&self) -> bool {
        [&self.region, &self.profile, &self.role_arn]
            .into_iter()
            .all(|value| value.as_deref().unwrap_or("").is_empty())
    }

    /// Whether the built-in provider would sign requests to `address`: it looks for one word anywhere in it
    /// (`prometheus.go`, `NewPrometheusAPI`), so endpoints with names of their own are never signed for.
    pub fn applies_to(&self, address: &str) -> bool {
        address.contains("aps-workspaces") && !self.is_empty()
    }
}

/// Whether `host` is AWS's own, in the public or the Chinese partition: elsewhere the surroundings' credentials sign only
/// where the operator's policy names the host.
pub fn is_aws_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    [".amazonaws.com", ".amazonaws.com.cn"]
        .iter()
        .any(|suffix| host.len() > suffix.len() && host.ends_with(suffix))
}

/// Why a request could not be signed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A part of the request has no canonical form.
    #[error("sign for AWS")]
    Request(#[source] Arc<aws_sigv4::http_request::SigningError>),
    /// Credentials or region hold what no header can carry.
    #[error(
        "sign for AWS: the credentials or the region hold a character that no header can carry"
    )]
    Header,
}

impl From<aws_sigv4::http_request::SigningError> for SigningError {
    fn from(cause: aws_sigv4::http_request::SigningError) -> SigningError {
        SigningError::Request(Arc::new(cause))
    }
}

/// Signs one request to Prometheus: sets `Authorization`, `X-Amz-Date` and, for temporary credentials,
/// `X-Amz-Security-Token` in `headers`.
///
/// `headers` must already hold the `Content-Type` to be sent; no other of them is signed.
pub fn sign(
    method: &Method,
    url: &Url,
    headers: &mut HeaderMap,
    body: &[u8],
    credentials: &Credentials,
    region: &str,
    time: SystemTime,
) -> Result<(), SigningError> {
    let scope = Scope {
        credentials,
        service: SERVICE,
        region,
        time,
    };
    scope.sign(method, url, headers, body)
}

/// What a signature holds for: whose, at which service, where, when.
pub(super) struct Scope<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    /// Sent in whole seconds; AWS refuses a signature that is 5 minutes off.
    pub(super) time: SystemTime,
}

impl Scope<'_> {
    /// Sets the signature's headers for a request of these parts.
    pub(super) fn sign(
        &self,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
        body: &[u8],
    ) -> Result<(), SigningError> {
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(|value| (CONTENT_TYPE.as_str(), value));
        // Neither the userinfo nor the fragment is in a request, so they are not in its signature.
        let target = format!(
            "{}://{}{}",
            url.scheme(),
            &url[Position::BeforeHost..Position::AfterPort],
            &url[Position::BeforePath..Position::AfterQuery],
        );
        let request = SignableRequest::new(
            method.as_str(),
            target,
            content_type.into_iter(),
            SignableBody::Bytes(body),
        )?;
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .expect("all five parts of the parameters are set above")
            .into();
        let (instructions, _) = aws_sigv4::http_request::sign(request, &params)?.into_parts();
        for (name, value) in instructions.headers() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| SigningError::Header)?;
            let mut value = HeaderValue::from_str(value).map_err(|_| SigningError::Header)?;
            value.set_sensitive(name == AUTHORIZATION || name == "x-amz-security-token");
            headers.insert(name, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;
    use std::time::Duration;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const FORM: &str = "application/x-www-form-urlencoded";

    #[derive(Clone, Copy)]
    struct Case {
        name: &'static str,
        service: &'static str,
        region: &'static str,
        seconds: u64,
        method: &'static str,
        url: &'static str,
        content_type: Option<&'static str>,
        body: &'static str,
        token: Option<&'static str>,
        signed: &'static str,
        signature: &'static str,
    }

    /// AWS's signing test suite (awslabs/aws-c-auth, `tests/aws-signing-test-suite/v4`, `header-signed-request.txt` of the
    /// vector named); then what aws-sdk-go 1.55.8's `v4.NewSigner(…).Sign` sets for the built-in provider's requests.
    fn cases() -> Vec<Case> {
        let vector = Case {
            name: "get-vanilla",
            service: "service",
            region: "us-east-1",
            seconds: 1_440_938_160, // 2015-08-30T12:36:00Z
            method: "GET",
            url: "https://example.amazonaws.com/",
            content_type: None,
            body: "",
            token: None,
            signed: "host;x-amz-date",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        };
        let query = Case {
            name: "aws-sdk-go: query",
            service: "aps",
            region: "eu-west-1",
            seconds: 1_772_600_767, // 2026-03-04T05:06:07Z
            method: "POST",
            url: "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-0a1b2c3d/api/v1/query",
            content_type: Some(FORM),
            body: "query=sum%28rate%28x%5B5m%5D%29%29&time=1772600767.89",
            token: None,
            signed: "content-type;host;x-amz-date",
            signature: "1448cd5566666d8702401debb2fd80988a88aff72555dd086b271376167f1435",
        };
        vec![
            Case {
                name: "get-vanilla-with-session-token",
                token: Some("6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"),
                signed: "host;x-amz-date;x-amz-security-token",
                signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
                ..vector
            },
            Case {
                name: "get-vanilla-query-order-encoded",
                url: "https://example.amazonaws.com/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
                signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
                ..vector
            },
            vector,
            Case {
                name: "aws-sdk-go: query with a session token",
                token: Some("IQoJ/token+with=signs"),
                signed: "content-type;host;x-amz-date;x-amz-security-token",
                signature: "7e19bbb3f562ea1f8969c01c3daa592988a27655a9d235a273bd3529fcfbd3c9",
                ..query
            },
            Case {
                name: "aws-sdk-go: the GET fallback",
                method: "GET",
                url: "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-0a1b2c3d/api/v1/query?query=sum%28rate%28x%5B5m%5D%29%29+%2F+2&time=1772600767.89",
                content_type: None,
                body: "",
                signed: "host;x-amz-date",
                signature: "4539ba0854036544f82c745580bb051aa30bf919eba2a572d1985c473c6aee40",
                ..query
            },
            Case {
                name: "aws-sdk-go: a port, and a path of all kinds of characters",
                region: "cn-north-1",
                url: "https://user:password@aps-workspaces.cn-north-1.amazonaws.com.cn:8443/a%20b/%C3%A9~-_.!*'()/api/v1/query#part",
                body: "query=1",
                signature: "4d11cf44bc11e4707848b9555263d04f881727c72cbaf1273fbd37ed5d939c7e",
                ..query
            },
            Case {
                name: "aws-sdk-go: STS",
                service: "sts",
                url: "https://sts.eu-west-1.amazonaws.com/",
                body: "Action=AssumeRole&Version=2011-06-15",
                signature: "93f5f50c509656b42df53763b51a9064bc0828e8ca6deaa2d88f9ab34886be0a",
                ..query
            },
            query,
        ]
    }

    #[test]
    fn signs_as_aws_and_the_peer_do() {
        for case in cases() {
            let credentials = Credentials::new(
                "AKIDEXAMPLE",
                SECRET,
                case.token.map(Into::into),
                None,
                "test",
            );
            let time = SystemTime::UNIX_EPOCH + Duration::from_millis(case.seconds * 1000 + 890);
            let scope = Scope {
                credentials: &credentials,
                service: case.service,
                region: case.region,
                time,
            };
            let mut headers = HeaderMap::new();
            headers.insert("user-agent", HeaderValue::from_static("x"));
            headers.insert("x-scope-orgid", HeaderValue::from_static("not signed"));
            if let Some(value) = case.content_type {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            }
            let url = Url::parse(case.url).unwrap();
            let method = case.method.parse().unwrap();
            scope
                .sign(&method, &url, &mut headers, case.body.as_bytes())
                .unwrap();
            let day = &headers["x-amz-date"].to_str().unwrap()[..8];
            assert_eq!(
                headers[AUTHORIZATION],
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{day}/{}/{}/aws4_request, SignedHeaders={}, Signature={}",
                    case.region, case.service, case.signed, case.signature
                ),
                "{}",
                case.name
            );
            let token = headers.get("x-amz-security-token");
            assert_eq!(
                token.map(|value| value.to_str().unwrap()),
                case.token,
                "{}",
                case.name
            );
            assert!(!format!("{headers:?}").contains(case.signature));
        }
    }

    #[test]
    fn the_service_is_aps() {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test");
        let url = Url::parse("https://aps-workspaces.eu-west-1.amazonaws.com/").unwrap();
        let mut headers = HeaderMap::new();
        sign(
            &Method::POST,
            &url,
            &mut headers,
            b"",
            &credentials,
            "eu-west-1",
            SystemTime::UNIX_EPOCH,
        )
        .unwrap();
        let authorization = headers[AUTHORIZATION].to_str().unwrap();
        assert!(
            authorization.contains("/19700101/eu-west-1/aps/aws4_request"),
            "{authorization}"
        );
    }

    #[test]
    fn what_no_header_can_carry_is_refused_without_a_word_of_it() {
        let credentials = Credentials::new("AKID\nEXAMPLE", SECRET, None, None, "test");
        let url = Url::parse("https://aps-workspaces.eu-west-1.amazonaws.com/").unwrap();
        let error = sign(
            &Method::POST,
            &url,
            &mut HeaderMap::new(),
            b"",
            &credentials,
            "eu-west-1",
            SystemTime::UNIX_EPOCH,
        )
        .unwrap_err();
        let text = crate::text::chain::chain(&error);
        assert!(!text.contains("AKID"), "{text}");
    }

    #[test]
    fn which_addresses_and_hosts() {
        let some = |text: &str| Some(text.to_owned());
        let block = SigV4 {
            region: some("eu-west-1"),
            ..SigV4::default()
        };
        let blank = SigV4 {
            region: some(""),
            profile: None,
            role_arn: some(""),
        };
        for (block, address, applies) in [
            (
                &block,
                "https://aps-workspaces.eu-west-1.amazonaws.com/",
                true,
            ),
            (&block, "https://vpce-1.example/aps-workspaces", true),
            (&block, "https://vpce-1.example/", false),
            (
                &blank,
                "https://aps-workspaces.eu-west-1.amazonaws.com/",
                false,
            ),
        ] {
            assert_eq!(block.applies_to(address), applies, "{address}");
        }
        for (host, aws) in [
            ("aps-workspaces.eu-west-1.amazonaws.com", true),
            ("APS-workspaces.cn-north-1.AmazonAWS.com.cn", true),
            ("amazonaws.com", false),
            (".amazonaws.com", false),
            ("notamazonaws.com", false),
            ("amazonaws.com.example", false),
        ] {
            assert_eq!(is_aws_host(host), aws, "{host}");
        }
    }
}
