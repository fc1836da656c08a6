//! An EC2 instance's metadata service, version 2, into the credentials of the role attached to it.
//!
//! Three steps (aws-sdk-go 1.55.8, `ec2metadata` and `ec2rolecreds`): a session token, the role's name, its credentials.
//! Version 1, which answers without a token, is not asked: what can be tricked into a GET gets nothing from version 2.

use std::time::Duration;

use aws_credential_types::Credentials;
use http::{HeaderValue, StatusCode};
use reqwest::{Client, RequestBuilder};

use super::environment::AwsEnvironment;
use super::exchange::{self, Answer, ExchangeError, Patience};
use super::resolve::CredentialError;

const ENDPOINT: &str = "http://169.254.169.254";
const ENDPOINT_6: &str = "http://[fd00:ec2::254]";
const TOKEN: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// It answers at once, or is not there at all: an answer lost on its way to a container (hop limit 1) never comes.
const PATIENCE: Patience = Patience {
    tries: 2,
    each: Duration::from_secs(1),
};

/// Whether the environment forbids asking it.
pub(super) fn is_disabled(environment: &AwsEnvironment) -> bool {
    let word = environment.ec2_metadata_disabled.as_deref();
    word.is_some_and(|word| word.eq_ignore_ascii_case("true"))
}

/// Asks the service.
pub(super) async fn credentials(
    environment: &AwsEnvironment,
    client: &Client,
) -> Result<Credentials, CredentialError> {
    let mode = environment.ec2_metadata_service_endpoint_mode.as_deref();
    let endpoint = match (&environment.ec2_metadata_service_endpoint, mode) {
        (Some(endpoint), _) => endpoint.trim_end_matches('/'),
        (None, Some(mode)) if mode.eq_ignore_ascii_case("ipv6") => ENDPOINT_6,
        (None, _) => ENDPOINT,
    };
    let failed = |path| move |source| CredentialError::Instance { path, source };
    let token = token(client, endpoint).await.map_err(failed(TOKEN))?;
    let role = role(client, endpoint, &token)
        .await
        .map_err(failed(ROLES))?;
    let answer = get(client, format!("{endpoint}{ROLES}{role}"), &token).await;
    answer
        .and_then(|answer| exchange::credentials(&answer, "instance"))
        .map_err(failed(ROLES))
}

async fn token(client: &Client, endpoint: &str) -> Result<HeaderValue, ExchangeError> {
    // Each fetch of credentials takes a new one; it need not live longer.
    let request = client
        .put(format!("{endpoint}{TOKEN}"))
        .header("x-aws-ec2-metadata-token-ttl-seconds", "60");
    let answer = success(request).await?;
    let mut token = HeaderValue::from_bytes(answer.body.trim_ascii())
        .map_err(|_| ExchangeError::Unsendable("the session token"))?;
    token.set_sensitive(true);
    Ok(token)
}

async fn role(
    client: &Client,
    endpoint: &str,
    token: &HeaderValue,
) -> Result<String, ExchangeError> {
    let answer = get(client, format!("{endpoint}{ROLES}"), token).await?;
    if answer.status != StatusCode::OK {
        return Err(exchange::refused(answer.status, None, None));
    }
    let expected = "a role's name";
    let role = answer.text(expected)?.lines().next().unwrap_or("").trim();
    // IAM's characters of a role's name; with others the next request would be another one.
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if role.is_empty() || role.starts_with('.') || !role.chars().all(fits) {
        return Err(ExchangeError::Malformed(expected));
    }
    Ok(role.to_owned())
}

async fn get(client: &Client, url: String, token: &HeaderValue) -> Result<Answer, ExchangeError> {
    let request = client
        .get(url)
        .header("x-aws-ec2-metadata-token", token.clone());
    exchange::send(request, PATIENCE).await
}

async fn success(request: RequestBuilder) -> Result<Answer, ExchangeError> {
    let answer = exchange::send(request, PATIENCE).await?;
    match answer.status {
        StatusCode::OK => Ok(answer),
        status => Err(exchange::refused(status, None, None)),
    }
}
