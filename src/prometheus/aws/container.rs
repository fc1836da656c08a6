//! The credentials endpoint of a container (ECS, EKS Pod Identity, Greengrass) into credentials.
//!
//! Rules: aws-sdk-go 1.55.8, `defaults/defaults.go`: the full URI goes before the relative one; over plain http only
//! loopback addresses and those of the ECS and EKS agents are asked, so that the token goes nowhere else. One difference:
//! of host names only `localhost` counts as loopback, where that SDK resolves any name first.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use aws_credential_types::Credentials;
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION};
use reqwest::Client;
use url::{Host, Url};

use super::environment::AwsEnvironment;
use super::exchange::{self, ExchangeError, Patience};
use super::files;
use super::resolve::CredentialError;

const ECS: &str = "http://169.254.170.2";
const ECS_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);
const EKS_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 23);
const EKS_ADDRESS_6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23);

const PATIENCE: Patience = Patience {
    tries: 2,
    each: Duration::from_secs(2),
};

/// The endpoint that the environment names, if it names one.
pub(super) fn endpoint(environment: &AwsEnvironment) -> Option<Result<Url, CredentialError>> {
    let (variable, text) = match (
        &environment.container_credentials_full_uri,
        &environment.container_credentials_relative_uri,
    ) {
        (Some(full), _) => ("AWS_CONTAINER_CREDENTIALS_FULL_URI", full.clone()),
        (None, Some(relative)) => (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            format!("{ECS}{relative}"),
        ),
        (None, None) => return None,
    };
    let url = Url::parse(&text).ok().filter(is_allowed);
    Some(url.ok_or(CredentialError::ContainerEndpoint(variable)))
}

fn is_allowed(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(ip))) => {
            ip.is_loopback() || ip == ECS_ADDRESS || ip == EKS_ADDRESS
        }
        ("http", Some(Host::Ipv6(ip))) => ip.is_loopback() || ip == EKS_ADDRESS_6,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        _ => false,
    }
}

/// Asks the endpoint `url`.
pub(super) async fn credentials(
    environment: &AwsEnvironment,
    client: &Client,
    url: Url,
) -> Result<Credentials, CredentialError> {
    let mut request = client.get(url).header(ACCEPT, "application/json");
    if let Some(token) = token(environment).await? {
        request = request.header(AUTHORIZATION, token);
    }
    let answer = exchange::send(request, PATIENCE)
        .await
        .and_then(|answer| exchange::credentials(&answer, "container"));
    answer.map_err(CredentialError::Container)
}

/// The token in the file, which is rotated, before the one in the variable.
async fn token(environment: &AwsEnvironment) -> Result<Option<HeaderValue>, CredentialError> {
    let text = match (
        &environment.container_authorization_token_file,
        &environment.container_authorization_token,
    ) {
        (Some(path), _) => files::text(PathBuf::from(path)).await?,
        (None, Some(token)) => token.clone(),
        (None, None) => return Ok(None),
    };
    let mut value = HeaderValue::from_str(text.trim_end()).map_err(|_| {
        CredentialError::Container(ExchangeError::Unsendable("the authorization token"))
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_endpoints_are_asked() {
        for (full, relative, asked) in [
            (None, None, None),
            (None, Some("/v2/x"), Some(Some("http://169.254.170.2/v2/x"))),
            (None, Some("@example.com/"), Some(None)),
            (None, Some(".example.com/"), Some(None)),
            (
                Some("http://169.254.170.23/v1/credentials"),
                Some("/v2/x"),
                Some(Some("http://169.254.170.23/v1/credentials")),
            ),
            (
                Some("http://[fd00:ec2::23]/v1/credentials"),
                None,
                Some(Some("http://[fd00:ec2::23]/v1/credentials")),
            ),
            (
                Some("http://127.1:80/"),
                None,
                Some(Some("http://127.0.0.1/")),
            ),
            (
                Some("http://localhost:8080/x"),
                None,
                Some(Some("http://localhost:8080/x")),
            ),
            (
                Some("https://example.com/x"),
                None,
                Some(Some("https://example.com/x")),
            ),
            (Some("http://169.254.169.254/"), None, Some(None)),
            (Some("http://example.com/"), None, Some(None)),
            (Some("http://localhost.example.com/"), None, Some(None)),
            (Some("file:///x"), None, Some(None)),
            (Some("x"), None, Some(None)),
        ] {
            let environment = AwsEnvironment {
                container_credentials_full_uri: full.map(Into::into),
                container_credentials_relative_uri: relative.map(Into::into),
                ..AwsEnvironment::default()
            };
            let found = endpoint(&environment).map(|url| url.ok().map(String::from));
            assert_eq!(
                found,
                asked.map(|url| url.map(str::to_owned)),
                "{full:?} {relative:?}"
            );
        }
    }
}
