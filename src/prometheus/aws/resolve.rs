//! The surroundings and a `sigv4` block into first credentials, by the order in which AWS's SDKs look for them.
//!
//! The order is aws-sdk-go's (1.55.8, `session/credentials.go`, `resolveCredentials`): a profile that the block names; keys
//! in the environment; a web identity; the environment's or the default profile; the container's endpoint, and where
//! there is none the instance's metadata service.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use reqwest::Client;

use super::environment::{AwsEnvironment, Keys};
use super::exchange::ExchangeError;
use super::files::{self, FileError};
use super::profile::{Plan, ProfileError, Profiles, Role, Source, WebIdentity};
use super::sts::Sts;
use super::{container, instance};
use crate::prometheus::sigv4::{SigV4, SigningError};
use crate::text::chain::{bounded, one_line};

/// Why there are no credentials, or no region, to sign with. It holds no key and no token.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The shared files or a profile in them.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A token's file.
    #[error("AWS token file")]
    TokenFile(#[from] FileError),
    /// No region anywhere.
    #[error(
        "AWS region: found none; set `authentication.sigv4.region`, or AWS_REGION for the controller"
    )]
    NoRegion,
    /// Not a region's name; as it becomes part of a host's name, nothing else will do.
    #[error("AWS region: expected the like of `eu-west-1`, found `{0}`")]
    Region(String),
    /// AWS_WEB_IDENTITY_TOKEN_FILE without AWS_ROLE_ARN.
    #[error("AWS web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not")]
    NoWebIdentityRole,
    /// A profile's `credential_source = Environment`, and no keys there.
    #[error("AWS credentials: the profile takes them from the environment, which has none")]
    NoEnvironmentKeys,
    /// A profile's `credential_source = EcsContainer` outside of a container that has an endpoint.
    #[error(
        "AWS credentials: the profile takes them from the container's endpoint, and the environment names none"
    )]
    NoContainer,
    /// The variable's address is none that may be asked for credentials.
    #[error(
        "AWS container credentials: {0}: expected https, or http to a loopback, ECS or EKS agent's address"
    )]
    ContainerEndpoint(&'static str),
    /// The container's endpoint.
    #[error("AWS container credentials")]
    Container(#[source] ExchangeError),
    /// The instance's metadata service.
    #[error("AWS instance metadata `{path}`")]
    Instance {
        /// What was asked.
        path: &'static str,
        /// What came of it.
        source: ExchangeError,
    },
    /// AWS_ENDPOINT_URL_STS is no address.
    #[error("AWS STS: AWS_ENDPOINT_URL_STS: expected an http or https URL")]
    StsEndpoint,
    /// STS gave no credentials for a role.
    #[error("AWS STS {action} of role `{}`", bounded(&one_line(.role), 256))]
    Sts {
        /// What was asked.
        action: &'static str,
        /// For which role.
        role: String,
        /// What came of it.
        source: ExchangeError,
    },
    /// The request to STS could not be signed.
    #[error("AWS STS")]
    Sign(#[source] Arc<SigningError>),
    /// Nothing is set up, and the machine has none either.
    #[error("AWS credentials: found none in environment, web identity, profile and container")]
    NoneFound {
        /// The last one asked; nothing where it is disabled.
        source: Option<Box<CredentialError>>,
    },
}

/// What credentials can be fetched from.
pub(super) struct Surroundings {
    pub(super) environment: AwsEnvironment,
    /// For addresses of the machine itself: no proxy, no redirects.
    pub(super) metadata: Client,
    /// For STS: no redirects.
    pub(super) https: Client,
}

impl Surroundings {
    /// The credentials before the block's own role.
    pub(super) async fn first(
        &self,
        sigv4: &SigV4,
        now: SystemTime,
    ) -> Result<Credentials, CredentialError> {
        let Plan { source, roles } = self.plan(sigv4).await?;
        let mut credentials = self.source(source, sigv4).await?;
        for role in roles {
            credentials = self.assume(&role, &credentials, sigv4, now).await?;
        }
        Ok(credentials)
    }

    /// Credentials of `role`, assumed with `credentials`.
    pub(super) async fn assume(
        &self,
        role: &Role,
        credentials: &Credentials,
        sigv4: &SigV4,
        now: SystemTime,
    ) -> Result<Credentials, CredentialError> {
        let region = self.region(sigv4).await?;
        self.sts(&region).assume_role(role, credentials, now).await
    }

    /// The block's region, else the environment's, else the profile's.
    pub(super) async fn region(&self, sigv4: &SigV4) -> Result<String, CredentialError> {
        let region = match sigv4.region.as_deref().or(self.environment.region()) {
            Some(region) => region.to_owned(),
            None => {
                let profiles = Profiles::load(&self.environment).await?;
                let name = sigv4.profile.as_deref().or(self.environment.profile());
                profiles.region(name).ok_or(CredentialError::NoRegion)?
            }
        };
        if is_region(&region) {
            Ok(region)
        } else {
            Err(CredentialError::Region(bounded(&one_line(&region), 64)))
        }
    }

    async fn plan(&self, sigv4: &SigV4) -> Result<Plan, CredentialError> {
        let environment = &self.environment;
        let direct = |source| Plan {
            source,
            roles: Vec::new(),
        };
        if sigv4.profile.is_none() {
            if let Some(keys) = environment.keys() {
                return Ok(direct(Source::Keys(keys)));
            }
            if let Some(file) = &environment.web_identity_token_file {
                let arn = environment.role_arn.clone();
                return Ok(direct(Source::WebIdentity(WebIdentity {
                    token_file: file.into(),
                    role: Role {
                        arn: arn.ok_or(CredentialError::NoWebIdentityRole)?,
                        session_name: environment.role_session_name.clone(),
                        ..Role::default()
                    },
                })));
            }
        }
        let profiles = Profiles::load(environment).await?;
        let name = sigv4.profile.as_deref().or(environment.profile());
        Ok(profiles.plan(name)?)
    }

    async fn source(&self, source: Source, sigv4: &SigV4) -> Result<Credentials, CredentialError> {
        let environment = &self.environment;
        match source {
            Source::Keys(keys) => Ok(written(keys)),
            Source::Environment => {
                let keys = environment.keys();
                keys.map(written).ok_or(CredentialError::NoEnvironmentKeys)
            }
            Source::WebIdentity(WebIdentity { token_file, role }) => {
                let region = self.region(sigv4).await?;
                let token = files::text(token_file).await?;
                let sts = self.sts(&region);
                sts.assume_role_with_web_identity(&role, &token).await
            }
            Source::Container => {
                let found = self.container().await?;
                found.ok_or(CredentialError::NoContainer)
            }
            Source::Instance => instance::credentials(environment, &self.metadata).await,
            Source::Machine => match self.container().await? {
                Some(credentials) => Ok(credentials),
                None if instance::is_disabled(environment) => {
                    Err(CredentialError::NoneFound { source: None })
                }
                None => instance::credentials(environment, &self.metadata)
                    .await
                    .map_err(|error| CredentialError::NoneFound {
                        source: Some(Box::new(error)),
                    }),
            },
        }
    }

    async fn container(&self) -> Result<Option<Credentials>, CredentialError> {
        let Some(url) = container::endpoint(&self.environment) else {
            return Ok(None);
        };
        let url = url?;
        let client = match url.scheme() {
            "https" => &self.https,
            _ => &self.metadata,
        };
        let credentials = container::credentials(&self.environment, client, url).await?;
        Ok(Some(credentials))
    }

    fn sts<'a>(&'a self, region: &'a str) -> Sts<'a> {
        Sts {
            client: &self.https,
            endpoint: self.environment.endpoint_url_sts.as_deref(),
            region,
        }
    }
}

fn written(keys: Keys) -> Credentials {
    let (id, key) = (keys.access_key_id, keys.secret_access_key);
    Credentials::new(id, key, keys.session_token, None, "written")
}

/// `eu-west-1`, `us-gov-east-1`: words of letters, then a number. Names under amazonaws.com that AWS gives to its users
/// (buckets, load balancers) are none of that form, so no token is sent to one.
fn is_region(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let number = parts.next().unwrap_or("");
    let mut words = 0;
    let letters = parts.all(|word| {
        words += 1;
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 32 && letters && words >= 2 && digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for (text, is) in [
            ("eu-west-1", true),
            ("us-gov-east-1", true),
            ("ap-southeast-11", true),
            ("", false),
            ("s3", false),
            ("eu-west", false),
            ("west-1", false),
            ("s3-eu-west-1", false),
            ("eu-west-1.example.com/", false),
            ("eu--west-1", false),
            ("-eu-west-1", false),
            ("EU-west-1", false),
            ("eu-west-1\n", false),
            ("aaaaaaaaaaaaaaa-aaaaaaaaaaaaaaaa-1", false),
        ] {
            assert_eq!(is_region(text), is, "{text:?}");
        }
    }
}
