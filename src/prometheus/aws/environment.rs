//! The AWS variables of a process's environment into plain values.

use std::fmt;

/// What the process was given by its surroundings; read elsewhere, as nothing here touches the environment.
///
/// Each field is the variable of its name with `AWS_` before it, `home` apart; one that is empty counts as unset.
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is AWS's own variable of that name")]
pub struct AwsEnvironment {
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    pub region: Option<String>,
    pub default_region: Option<String>,
    pub profile: Option<String>,
    pub default_profile: Option<String>,
    pub shared_credentials_file: Option<String>,
    pub config_file: Option<String>,
    /// `HOME`: the shared files are in its `.aws` unless their own variables say otherwise.
    pub home: Option<String>,
    pub web_identity_token_file: Option<String>,
    pub role_arn: Option<String>,
    pub role_session_name: Option<String>,
    pub container_credentials_full_uri: Option<String>,
    pub container_credentials_relative_uri: Option<String>,
    pub container_authorization_token: Option<String>,
    pub container_authorization_token_file: Option<String>,
    pub ec2_metadata_disabled: Option<String>,
    pub ec2_metadata_service_endpoint: Option<String>,
    pub ec2_metadata_service_endpoint_mode: Option<String>,
    /// Where STS is asked in place of `sts.<region>.amazonaws.com`: private endpoints, other partitions, FIPS.
    pub endpoint_url_sts: Option<String>,
}

impl AwsEnvironment {
    /// Takes each variable from `lookup`, which is told its full name.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
        // The second names are what aws-sdk-go still reads (`session/env_config.go`).
        let first = |names: [&str; 2]| names.into_iter().find_map(set);
        AwsEnvironment {
            access_key_id: first(["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]),
            secret_access_key: first(["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]),
            session_token: set("AWS_SESSION_TOKEN"),
            region: set("AWS_REGION"),
            default_region: set("AWS_DEFAULT_REGION"),
            profile: set("AWS_PROFILE"),
            default_profile: set("AWS_DEFAULT_PROFILE"),
            shared_credentials_file: set("AWS_SHARED_CREDENTIALS_FILE"),
            config_file: set("AWS_CONFIG_FILE"),
            home: set("HOME"),
            web_identity_token_file: set("AWS_WEB_IDENTITY_TOKEN_FILE"),
            role_arn: set("AWS_ROLE_ARN"),
            role_session_name: set("AWS_ROLE_SESSION_NAME"),
            container_credentials_full_uri: set("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            container_credentials_relative_uri: set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            container_authorization_token: set("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
            container_authorization_token_file: set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            ec2_metadata_disabled: set("AWS_EC2_METADATA_DISABLED"),
            ec2_metadata_service_endpoint: set("AWS_EC2_METADATA_SERVICE_ENDPOINT"),
            ec2_metadata_service_endpoint_mode: set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
            endpoint_url_sts: set("AWS_ENDPOINT_URL_STS"),
        }
    }

    /// Both keys, or nothing: half a pair is ignored (`session/env_config.go`, `HasKeys`).
    pub(super) fn keys(&self) -> Option<Keys> {
        Some(Keys {
            access_key_id: self.access_key_id.clone()?,
            secret_access_key: self.secret_access_key.clone()?,
            session_token: self.session_token.clone(),
        })
    }

    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref().or(self.default_region.as_deref())
    }

    /// The profile asked for, if any is.
    pub(super) fn profile(&self) -> Option<&str> {
        self.profile.as_deref().or(self.default_profile.as_deref())
    }
}

/// Nothing of it is shown: half of the fields are secrets or lead to some.
impl fmt::Debug for AwsEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsEnvironment").finish_non_exhaustive()
    }
}

/// Keys as they are written down, in the environment or in a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;

    #[test]
    fn each_variable_reaches_a_field_and_none_is_shown() {
        let environment = AwsEnvironment::from_lookup(|name| Some(format!("<{name}>")));
        assert_eq!(
            environment.keys(),
            Some(Keys {
                access_key_id: "<AWS_ACCESS_KEY_ID>".into(),
                secret_access_key: "<AWS_SECRET_ACCESS_KEY>".into(),
                session_token: Some("<AWS_SESSION_TOKEN>".into()),
            })
        );
        assert_eq!(environment.home.as_deref(), Some("<HOME>"));
        assert_eq!(environment.region(), Some("<AWS_REGION>"));
        assert_eq!(format!("{environment:?}"), "AwsEnvironment { .. }");
        assert_eq!(format!("{:?}", environment.keys().unwrap()), "Keys { .. }");
    }

    #[test]
    fn empty_is_unset_and_second_names_count() {
        let environment = AwsEnvironment::from_lookup(|name| match name {
            "AWS_ACCESS_KEY_ID" | "AWS_REGION" => Some(String::new()),
            "AWS_ACCESS_KEY" => Some("id".into()),
            "AWS_DEFAULT_REGION" => Some("eu-west-1".into()),
            _ => None,
        });
        assert_eq!(environment.access_key_id.as_deref(), Some("id"));
        assert_eq!(environment.keys(), None);
        assert_eq!(environment.region(), Some("eu-west-1"));
    }
}
